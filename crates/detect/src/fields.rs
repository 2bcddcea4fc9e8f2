//! The field names that rules ask for, by number, and how the numbers of a batch lead to them.

use std::collections::HashMap;
use std::sync::Arc;

use khien_event::{Batch, NameId, names};

/// A field name that some rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FieldId(u32);

impl FieldId {
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

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

    /// Adds the words that sources have of their own for what generic rules ask.
    pub(crate) fn intern_aliases(&mut self) {
        names::alias_natives().for_each(|native| {
            self.intern(native);
        });
    }

    pub(crate) fn get(&self, name: &str) -> Option<FieldId> {
        self.ids.get(name).copied()
    }

    pub(crate) fn name(&self, field: FieldId) -> &str {
        &self.names[field.index()]
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

/// From the numbers of a batch's names to those of rules; worked out once per name.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldMap {
    serial: Option<u64>,
    by_name: Vec<Option<FieldId>>,
}

/// [`FieldMap`] for one batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldOf<'m>(&'m [Option<FieldId>]);

impl FieldMap {
    /// Brings the map up to the names of the batch.
    pub(crate) fn of<'m>(&'m mut self, batch: &Batch, fields: &Fields) -> FieldOf<'m> {
        let names = batch.names();
        if self.serial != Some(names.serial()) {
            self.serial = Some(names.serial());
            self.by_name.clear();
        }
        self.by_name.extend(names.from(self.by_name.len()).map(|name| fields.get(name)));
        FieldOf(&self.by_name)
    }
}

impl FieldOf<'_> {
    pub(crate) fn get(self, name: NameId) -> Option<FieldId> {
        self.0.get(name.index()).copied().flatten()
    }
}
