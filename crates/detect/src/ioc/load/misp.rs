//! MISP events: attributes that are meant for detection, within the event that tells about them.

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json::State;
use super::loose::Loose;
use crate::ioc::builder::Entry;
use crate::ioc::hint::Hint;
use crate::ioc::note::Said;
use crate::ioc::report::{IocFormat, IocReason};
use crate::ioc::tlp::Tlp;

/// An event; what it says about itself may come after its attributes.
pub(super) struct Event<'s, 'b> {
    pub(super) state: &'s mut State<'b>,
}

/// A list of attributes, of an event or of an object within one.
pub(super) struct Attributes<'s, 'b> {
    pub(super) state: &'s mut State<'b>,
    pub(super) group: u32,
}

/// Objects of an event: named groups of attributes.
struct Objects<'s, 'b> {
    state: &'s mut State<'b>,
    group: u32,
}

fn strictest(tags: &Loose) -> Option<Tlp> {
    tags.texts().filter_map(Tlp::of_tag).max()
}

impl<'de> DeserializeSeed<'de> for Event<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Event<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a misp event")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let state = self.state;
        state.builder.format(IocFormat::Misp);
        let file = state.builder.file_group();
        let group = state.builder.taker().group_within(file);
        let (mut info, mut tags) = (Loose::default(), Loose::default());
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "info" => info = map.next_value()?,
                "Tag" => tags = map.next_value()?,
                "Attribute" => map.next_value_seed(Attributes { state, group })?,
                "Object" => map.next_value_seed(Objects { state, group })?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let (taker, tlp) = (state.builder.taker(), strictest(&tags));
        if group != file {
            taker.describe(group, info.text(), "", tlp);
        } else if let Some(tlp) = tlp {
            // Beyond the bound on groups: rather all of the file too strict than this event lax.
            taker.mark(file, tlp);
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Objects<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of misp objects")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        let Self { state, group } = self;
        while list.next_element_seed(Objects { state, group })?.is_some() {}
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self { state, group } = self;
        while let Some(key) = map.next_key::<String>()? {
            if key == "Attribute" {
                map.next_value_seed(Attributes { state, group })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Attributes<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Attributes<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of misp attributes")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        let Self { state, group } = self;
        while list.next_element_seed(Attributes { state, group })?.is_some() {}
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        self.state.builder.format(IocFormat::Misp);
        let mut attribute = Attribute::default();
        while let Some(key) = map.next_key::<String>()? {
            let member = match &*key {
                "type" => &mut attribute.kind,
                "value" => &mut attribute.value,
                "to_ids" => &mut attribute.to_ids,
                "uuid" => &mut attribute.uuid,
                "comment" => &mut attribute.comment,
                "category" => &mut attribute.category,
                "deleted" => &mut attribute.deleted,
                "Tag" => &mut attribute.tags,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *member = map.next_value()?;
        }
        attribute.take(self.state, self.group);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Attribute {
    kind: Loose,
    value: Loose,
    to_ids: Loose,
    uuid: Loose,
    comment: Loose,
    category: Loose,
    deleted: Loose,
    tags: Loose,
}

impl Attribute {
    fn take(&self, state: &mut State<'_>, group: u32) {
        state.place += 1;
        if !self.to_ids.is_true() || self.deleted.is_true() {
            state.builder.source().withdrawn += 1;
            return;
        }
        let (id, value) = (self.uuid.text(), self.value.text());
        let Some(hint) = Hint::of_word(self.kind.text()) else {
            let reason = IocReason::Unsupported(self.kind.text().chars().take(40).collect());
            return state.builder.source().refuse(state.place, id, value, reason);
        };
        let about = match self.comment.text() {
            "" => self.category.text(),
            comment => comment,
        };
        let said = Said { about, tlp: strictest(&self.tags), ..Said::default() };
        state.builder.entry(group, &Entry { value, hint, id, place: state.place, said });
    }
}
