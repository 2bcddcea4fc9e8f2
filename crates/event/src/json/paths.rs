//! What a JSON path means: a native field, or another collector's name for one.

use crate::batch::Writer;
use crate::interned::NameId;
use crate::{names, windows};

/// Where Winlogbeat keeps the fields under their native names.
const NATIVE_PREFIXES: &[&str] = &["winlog.event_data.", "winlog.user_data."];
/// Paths whose meaning is kept when a batch is cleared.
const PATHS_KEPT_MAX: usize = 8_192;

/// The meaning of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The field of this number.
    Native(NameId),
    /// Itself, but the field of this number, whose name has no blanks, in a Windows event.
    Blanks(NameId),
    /// A name of ECS or another collector, with the native field that it tells, if any.
    Foreign(Option<NameId>),
}

/// The paths met so far, and which followed which.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    /// By the number of the path in the batch's names; a gap is no path.
    meanings: Vec<Option<Meaning>>,
    /// By the number of a path, plus one; first for the beginning of an event: the path that came
    /// next the last time.
    followers: Vec<Option<NameId>>,
    /// Place in `followers` of the latest path.
    latest: usize,
    plain: bool,
}

impl Paths {
    /// Begins an event.
    pub(super) fn begin(&mut self) {
        self.latest = 0;
        self.plain = true;
    }

    /// Returns whether every path of the event so far is the native name itself.
    pub(super) fn all_plain(&self) -> bool {
        self.plain
    }

    /// Returns the number of a path.
    pub(super) fn name(&mut self, path: &str, event: &mut Writer<'_>) -> NameId {
        let guess = self.followers.get(self.latest).copied().flatten();
        let guess = guess.filter(|id| event.names().text(*id) == path);
        let id = guess.unwrap_or_else(|| self.look_up(path, event));
        self.latest = id.index() + 1;
        self.plain &= self.meaning(id) == Some(Meaning::Native(id));
        id
    }

    /// Returns the meaning of a path that [`Paths::name`] has numbered.
    pub(super) fn meaning(&self, path: NameId) -> Option<Meaning> {
        self.meanings.get(path.index()).copied().flatten()
    }

    /// Returns whether there are more paths than are worth keeping.
    pub(crate) fn is_overgrown(&self) -> bool {
        self.meanings.len() > PATHS_KEPT_MAX
    }

    fn look_up(&mut self, path: &str, event: &mut Writer<'_>) -> NameId {
        let id = event.name(path);
        if self.followers.len() <= self.latest {
            self.followers.resize(self.latest + 1, None);
        }
        self.followers[self.latest] = Some(id);
        if self.meanings.len() <= id.index() {
            self.meanings.resize(id.index() + 1, None);
        }
        if self.meanings[id.index()].is_none() {
            self.meanings[id.index()] = Some(meaning(path, id, event));
        }
        id
    }
}

/// A path is native without dots, or below a native prefix.
fn meaning(path: &str, id: NameId, event: &mut Writer<'_>) -> Meaning {
    if let Some(name) = NATIVE_PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix)) {
        return Meaning::Native(event.name(&windows::field_name(name)));
    }
    match names::native_of(path) {
        None if path.contains(' ') && !path.contains('.') => {
            Meaning::Blanks(event.name(&windows::field_name(path)))
        }
        None if !path.contains('.') => Meaning::Native(id),
        native => Meaning::Foreign(native.map(|name| event.name(name))),
    }
}
