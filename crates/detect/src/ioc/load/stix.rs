//! Objects of STIX 2: indicators and the markings that they carry.

use std::collections::HashMap;

use serde::de::MapAccess;

use super::date;
use super::json::State;
use super::loose::Loose;
use super::pattern;
use crate::ioc::builder::{Entry, IocBuilder};
use crate::ioc::note::Said;
use crate::ioc::report::{IocFormat, IocReason};
use crate::ioc::tlp::Tlp;

/// Marking definitions of one feed that are remembered.
const MARKINGS_MAX: usize = 1_000;

/// Sets of markings of one feed that may be awaited.
const AWAITED_MAX: usize = 1_000;

/// The markings that a feed defines itself. They may stand behind what they mark.
#[derive(Debug, Default)]
pub(super) struct Markings {
    known: HashMap<String, Tlp>,
    /// Sets of markings that were not defined yet, with the group of the indicators that bear them.
    awaited: HashMap<Vec<String>, u32>,
}

impl Markings {
    fn of(&self, id: &str) -> Option<Tlp> {
        Tlp::published(id).or_else(|| self.known.get(id).copied())
    }

    /// Returns the strictest marking known among these, and the group for an indicator with them.
    fn mark<'i>(
        &mut self,
        ids: impl Iterator<Item = &'i str>,
        builder: &mut IocBuilder,
    ) -> (Option<Tlp>, u32) {
        let (mut tlp, mut unknown) = (None, Vec::new());
        for id in ids {
            match self.of(id) {
                Some(known) => tlp = tlp.max(Some(known)),
                None => unknown.push(id.to_owned()),
            }
        }
        let file = builder.file_group();
        if unknown.is_empty() {
            return (tlp, file);
        }
        if let Some(group) = self.awaited.get(&unknown) {
            return (tlp, *group);
        }
        if self.awaited.len() >= AWAITED_MAX {
            // Nobody will know what these mean.
            return (Some(Tlp::Red), file);
        }
        let group = builder.taker().group_within(file);
        self.awaited.insert(unknown, group);
        (tlp, group)
    }

    /// Marks what waited for a definition, now that the whole feed was read. What is not defined
    /// by then is no marking of this protocol, but a statement of rights.
    pub(super) fn settle(&self, builder: &mut IocBuilder) {
        let file = builder.file_group();
        for (ids, group) in &self.awaited {
            let tlp = ids.iter().filter_map(|id| self.of(id)).max();
            if *group != file {
                builder.taker().describe(*group, "", "", tlp);
            } else if let Some(tlp) = tlp {
                builder.taker().mark(file, tlp);
            }
        }
    }
}

/// The members of an object that concern us, as they come.
#[derive(Debug, Default)]
pub(super) struct Object {
    kind: Loose,
    id: Loose,
    name: Loose,
    description: Loose,
    pattern: Loose,
    pattern_type: Loose,
    valid_until: Loose,
    revoked: Loose,
    markings: Loose,
    /// Those of parts of the object, which hold for the indicator as a whole here.
    granular_markings: Loose,
    references: Loose,
    definition: Loose,
}

impl Object {
    /// Reads the value of a member. Returns false, and reads nothing, when it does not concern us.
    pub(super) fn read<'de, M: MapAccess<'de>>(
        &mut self,
        key: &str,
        map: &mut M,
    ) -> Result<bool, M::Error> {
        let member = match key {
            "type" => &mut self.kind,
            "id" => &mut self.id,
            "name" => &mut self.name,
            "description" => &mut self.description,
            "pattern" => &mut self.pattern,
            "pattern_type" => &mut self.pattern_type,
            "valid_until" => &mut self.valid_until,
            "revoked" => &mut self.revoked,
            "object_marking_refs" => &mut self.markings,
            "granular_markings" => &mut self.granular_markings,
            "external_references" => &mut self.references,
            "definition" => &mut self.definition,
            _ => return Ok(false),
        };
        *member = map.next_value()?;
        Ok(true)
    }

    /// Takes the indicators of the object, if it is one.
    pub(super) fn take(&self, state: &mut State<'_>) {
        match self.kind.text() {
            "bundle" => state.builder.format(IocFormat::Stix),
            "marking-definition" => self.take_marking(state),
            "indicator" => {
                state.builder.format(IocFormat::Stix);
                self.take_indicator(state);
            }
            _ => {}
        }
    }

    /// TLP 2.0 markings tell their level in an extension, but always also in their name.
    fn take_marking(&self, state: &mut State<'_>) {
        let told = [self.definition.text(), self.name.text()];
        let tlp = told.into_iter().find_map(Tlp::read);
        if let Some(tlp) = tlp.filter(|_| state.markings.known.len() < MARKINGS_MAX) {
            state.markings.known.insert(self.id.text().to_owned(), tlp);
        }
    }

    fn take_indicator(&self, state: &mut State<'_>) {
        let (id, place) = (self.id.text(), state.place);
        if self.revoked.is_true() {
            state.builder.source().withdrawn += 1;
            return;
        }
        let pattern = self.pattern.text();
        let mut refuse = |reason| state.builder.source().refuse(place, id, pattern, reason);
        if !matches!(self.pattern_type.text(), "" | "stix") {
            return refuse(IocReason::Unsupported(self.pattern_type.text().to_owned()));
        }
        let until = match self.valid_until.text() {
            "" => Default::default(),
            text => match date::until(text) {
                Some(until) => until,
                None => return refuse(IocReason::Malformed("a time of expiry")),
            },
        };
        let listed = match pattern::read(pattern) {
            Ok(listed) => listed,
            Err(why) => return refuse(IocReason::Pattern(why)),
        };
        for side in listed.left_out {
            refuse(IocReason::Pattern(format!("{side} is not looked for")));
        }
        let about = match (self.name.text(), self.description.text()) {
            (name, "") => name.to_owned(),
            ("", description) => description.to_owned(),
            (name, description) => format!("{name}: {description}"),
        };
        let link = self.references.texts().find(|text| text.starts_with("http")).unwrap_or("");
        let markings = self.markings.texts().chain(self.granular_markings.texts());
        let (tlp, group) = state.markings.mark(markings, state.builder);
        let said = Said { about: &about, link, until, tlp };
        for (hint, value) in &listed.values {
            state.builder.entry(group, &Entry { value, hint: *hint, id, place, said });
        }
    }
}
