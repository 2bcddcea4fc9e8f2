//! One event, laid out for the questions of many rules: fields by number, values folded once.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use khien_event::{Event, Value, names};

use crate::sigma::fold::{fold, fold_into};

/// A field name that some rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FieldId(u32);

/// The field names that rules ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    ids: HashMap<Arc<str>, FieldId>,
    names: Vec<Arc<str>>,
}

impl Fields {
    /// Returns the number of a name, a new one if need be.
    pub(crate) fn intern(&mut self, name: &str) -> FieldId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let next = u32::try_from(self.names.len()).expect("rule texts are bounded far below 4 G");
        let name: Arc<str> = name.into();
        self.ids.insert(name.clone(), FieldId(next));
        self.names.push(name);
        FieldId(next)
    }

    fn get(&self, name: &str) -> Option<FieldId> {
        self.ids.get(name).copied()
    }
}

/// A value with its folded spelling (empty for null).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'v> {
    pub(crate) value: Value<'v>,
    pub(crate) folded: &'v str,
}

/// What an event's source calls the fields of generic rules: by field number, the native one.
type AliasTable = Arc<[Option<FieldId>]>;

/// (channel, event id) pairs whose alias table is kept; more only come from made-up events.
const ALIAS_TABLES_MAX: usize = 4_096;
/// Ends a chain of entries.
const END: u32 = u32::MAX;

/// Lays events out, one after the other, in the same buffers.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Those of the rules first, then the native names that aliases lead to.
    fields: Fields,
    /// By field number: (epoch, first entry). A stamp of an earlier epoch means: missing.
    first: Vec<(u32, u32)>,
    epoch: u32,
    entries: Vec<Entry>,
    folded: String,
    aliases: HashMap<String, HashMap<String, AliasTable>>,
    alias_tables: usize,
}

/// A value that some rule asks for.
#[derive(Clone, Copy, Debug)]
struct Entry {
    folded_start: usize,
    folded_end: usize,
    /// The next entry of the same field, or [`END`].
    next: u32,
}

/// One event, laid out.
pub(crate) struct View<'v> {
    layout: &'v Layout,
    event: Event<'v>,
    /// Beside `layout.entries`.
    values: Vec<Value<'v>>,
    aliases: AliasTable,
    /// Every value folded, for keywords; few rules ask.
    everything: OnceCell<Vec<(Value<'v>, String)>>,
}

impl Layout {
    /// Returns buffers for events, with these field numbers.
    pub(crate) fn new(fields: Fields) -> Self {
        Self {
            first: vec![(0, END); fields.names.len()],
            fields,
            epoch: 0,
            entries: Vec::new(),
            folded: String::new(),
            aliases: HashMap::new(),
            alias_tables: 0,
        }
    }

    /// Lays an event of this channel and event id out.
    pub(crate) fn lay<'v>(
        &'v mut self,
        event: Event<'v>,
        channel: &str,
        event_id: &str,
    ) -> View<'v> {
        let aliases = self.alias_table(channel, event_id);
        self.next_epoch();
        let mut values = Vec::new();
        for (name, value) in event.fields() {
            let Some(field) = self.fields.get(name) else { continue };
            self.append(field, value);
            values.push(value);
        }
        View { layout: self, event, values, aliases, everything: OnceCell::new() }
    }

    fn next_epoch(&mut self) {
        self.entries.clear();
        self.folded.clear();
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.first.fill((0, END));
            self.epoch = 1;
        }
    }

    fn append(&mut self, field: FieldId, value: Value<'_>) {
        let folded_start = self.folded.len();
        fold_into(value.as_text().unwrap_or_default(), &mut self.folded);
        let entry = Entry { folded_start, folded_end: self.folded.len(), next: END };
        let position = u32::try_from(self.entries.len()).unwrap_or(END);
        self.entries.push(entry);
        let (epoch, first) = self.first[field.0 as usize];
        if epoch != self.epoch {
            self.first[field.0 as usize] = (self.epoch, position);
            return;
        }
        let mut last = first as usize;
        while self.entries[last].next != END {
            last = self.entries[last].next as usize;
        }
        self.entries[last].next = position;
    }

    fn head(&self, field: FieldId) -> u32 {
        let (epoch, first) = self.first[field.0 as usize];
        if epoch == self.epoch { first } else { END }
    }

    fn alias_table(&mut self, channel: &str, event_id: &str) -> AliasTable {
        if let Some(table) = self.aliases.get(channel).and_then(|ids| ids.get(event_id)) {
            return table.clone();
        }
        if self.alias_tables >= ALIAS_TABLES_MAX {
            self.aliases.clear();
            self.alias_tables = 0;
        }
        self.alias_tables += 1;
        let native = |name: &Arc<str>| names::alias(channel, event_id, name);
        let natives: Vec<_> = self.fields.names.iter().map(native).collect();
        let table: AliasTable =
            natives.into_iter().map(|name| name.map(|name| self.fields.intern(name))).collect();
        self.first.resize(self.fields.names.len(), (0, END));
        let ids = self.aliases.entry(channel.to_owned()).or_default();
        ids.insert(event_id.to_owned(), table.clone());
        table
    }
}

impl<'v> View<'v> {
    /// Returns the values of a field. For a generic rule, the source's own word goes first.
    pub(crate) fn values(&self, field: FieldId, generic: bool) -> impl Iterator<Item = Seen<'_>> {
        let alias = self.aliases[field.0 as usize].filter(|_| generic);
        let aliased = alias.map_or(END, |alias| self.layout.head(alias));
        let mut at = if aliased == END { self.layout.head(field) } else { aliased };
        std::iter::from_fn(move || {
            let entry = self.layout.entries.get(at as usize)?;
            let value = self.values[at as usize];
            at = entry.next;
            let folded = &self.layout.folded[entry.folded_start..entry.folded_end];
            Some(Seen { value, folded })
        })
    }

    /// Returns every value of the event, whether a rule asks for its field or not.
    pub(crate) fn everything(&self) -> impl Iterator<Item = Seen<'_>> {
        let all = self.everything.get_or_init(|| {
            let folded = |value: Value<'v>| fold(value.as_text().unwrap_or_default());
            self.event.fields().map(|(_, value)| (value, folded(value))).collect()
        });
        all.iter().map(|(value, folded)| Seen { value: *value, folded })
    }
}
