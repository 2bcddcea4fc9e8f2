//! What a JSON path means: a native field, or another collector's name for one.

use std::borrow::Cow;

use super::flaw::Wrong;
use super::mark::Mark;
use super::scan::Scanner;
use super::shapes;
use super::stream::{NAMES_MAX, PATH_BYTES_MAX};
use crate::batch::Writer;
use crate::interned::NameId;
use crate::{names, windows};

/// Paths whose meaning is kept when a batch is cleared.
const PATHS_KEPT_MAX: usize = 8_192;

/// The meaning of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The field of this number.
    Native(NameId),
    /// The field of this number, its text escaped once more than JSON asks.
    Escaped(NameId),
    /// What this other path means.
    Wrapped(NameId),
    /// Itself, but the field of this number, whose name has no blanks, in a Windows event.
    Blanks(NameId),
    /// A name of ECS or another collector, with the native field that it tells, if any.
    Foreign(Option<Told>),
}

/// A native field under another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) native: NameId,
    /// Of two in one event, the lower is surer.
    pub(super) rank: usize,
}

/// A path that came after another one last time.
#[derive(Clone, Copy, Debug)]
struct Follower {
    path: NameId,
    /// The path of the object that the member's name stood in.
    parent: Option<NameId>,
    /// Where that name begins in the path.
    name_start: usize,
    mark: Mark,
    is_native: bool,
}

/// The paths met so far, and which one followed which.
#[derive(Debug, Default)]
pub(super) struct Paths {
    /// By the number of the path in the batch's names; a gap is no path.
    meanings: Vec<Option<Meaning>>,
    /// By the number of the path before and one more; at 0, what opened an event. Events of several
    /// kinds take turns, but within a kind, and often beyond, one field follows another. Only names
    /// that are written without escapes.
    followers: Vec<Option<Follower>>,
    /// Where in `followers` the next path is to be found.
    latest: usize,
    all_native: bool,
    has_wrapped: bool,
    /// Keeps its buffer from one path to the next.
    path: String,
}

impl Paths {
    /// Begins an event.
    pub(super) fn begin(&mut self) {
        self.latest = 0;
        self.all_native = true;
    }

    /// Returns whether every path of the event so far is the native name itself.
    pub(super) fn all_native(&self) -> bool {
        self.all_native
    }

    /// Reads the member name that is next, in the object at `parent`, and returns the number of its
    /// path.
    #[inline]
    pub(super) fn name(
        &mut self,
        parent: Option<NameId>,
        scan: &mut Scanner<'_>,
        event: &mut Writer<'_>,
    ) -> Result<NameId, Wrong> {
        let follower = match self.followers.get(self.latest) {
            Some(Some(follower)) if follower.is_next(parent, scan, event) => *follower,
            _ => self.look_up(parent, scan, event)?,
        };
        self.latest = follower.path.index() + 1;
        self.all_native &= follower.is_native;
        Ok(follower.path)
    }

    /// Returns the meaning of a path that [`Paths::name`] has numbered.
    pub(super) fn meaning(&self, path: NameId) -> Option<Meaning> {
        self.meanings.get(path.index()).copied().flatten()
    }

    /// Returns whether any path met so far is a wrapped one.
    pub(super) fn has_wrapped(&self) -> bool {
        self.has_wrapped
    }

    /// Returns whether there are more paths than are worth keeping.
    pub(super) fn is_overgrown(&self) -> bool {
        self.meanings.len() > PATHS_KEPT_MAX
    }

    #[inline(never)]
    fn look_up(
        &mut self,
        parent: Option<NameId>,
        scan: &mut Scanner<'_>,
        event: &mut Writer<'_>,
    ) -> Result<Follower, Wrong> {
        let name = scan.name()?;
        self.path.clear();
        if let Some(parent) = parent {
            self.path.push_str(event.names().text(parent));
        }
        if !self.path.is_empty() {
            self.path.push('.');
        }
        let name_start = self.path.len();
        self.path.push_str(&name);
        let path = number(&self.path, event)?;
        let is_native = self.learn(path, event) == Meaning::Native(path);
        let mark = Mark::of(&name);
        let follower = Follower { path, parent, name_start, mark, is_native };
        if let Cow::Borrowed(_) = name {
            put(&mut self.followers, self.latest, follower);
        }
        Ok(follower)
    }

    /// Returns the meaning of the path in the buffer, which has this number.
    fn learn(&mut self, path: NameId, event: &mut Writer<'_>) -> Meaning {
        if let Some(meaning) = self.meaning(path) {
            return meaning;
        }
        let told = meaning(&self.path, path, event);
        put(&mut self.meanings, path.index(), told);
        if let (Meaning::Wrapped(inner), Some(path)) = (told, shapes::unwrapped(&self.path)) {
            self.has_wrapped = true;
            let told = meaning(path, inner, event);
            put(&mut self.meanings, inner.index(), told);
        }
        told
    }
}

impl Follower {
    /// Passes the next name if this is its path.
    #[inline]
    fn is_next(&self, parent: Option<NameId>, scan: &mut Scanner<'_>, event: &Writer<'_>) -> bool {
        self.parent == parent
            && scan.pass_name(&self.mark, || &event.names().text(self.path)[self.name_start..])
    }
}

fn put<T: Clone>(list: &mut Vec<Option<T>>, at: usize, item: T) {
    if list.len() <= at {
        list.resize(at + 1, None);
    }
    list[at] = Some(item);
}

fn number(path: &str, event: &mut Writer<'_>) -> Result<NameId, Wrong> {
    if path.len() > PATH_BYTES_MAX {
        return Err(Wrong::PathBytes);
    }
    match event.names().get(path) {
        Some(id) => Ok(id),
        None if event.names().len() >= NAMES_MAX => Err(Wrong::Names),
        None => Ok(event.name(path)),
    }
}

/// A path is native without dots, or where a collector has it.
fn meaning(path: &str, id: NameId, event: &mut Writer<'_>) -> Meaning {
    if let Some(meaning) = shapes::meaning(path, event) {
        return meaning;
    }
    match names::ranked_native_of(path) {
        None if path.contains(' ') && !path.contains('.') => {
            Meaning::Blanks(event.name(&windows::field_name(path)))
        }
        None if !path.contains('.') => Meaning::Native(id),
        told => Meaning::Foreign(told.map(|(name, rank)| Told { native: event.name(name), rank })),
    }
}
