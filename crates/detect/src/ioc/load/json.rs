//! JSON feeds as a stream: STIX bundles and TAXII envelopes, MISP events and what its server
//! answers, one after another or in a list. Nothing is held but the object at hand.

use std::io::{BufReader, Read};

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::guard::Guard;
use super::misp;
use super::stix::{self, Markings};
use crate::ioc::builder::IocBuilder;
use crate::ioc::report::{IocFormat, IocReason};

const BUFFER_BYTES: usize = 256 * 1024;

/// Reads all values of a stream. What lies before a fault counts.
pub(super) fn read(feed: impl Read, builder: &mut IocBuilder) {
    let feed = BufReader::with_capacity(BUFFER_BYTES, Guard::new(feed));
    let mut json = serde_json::Deserializer::from_reader(feed);
    let mut state = State { builder, markings: Markings::default(), place: 0 };
    let outcome = loop {
        let outcome = (Feed { state: &mut state }).deserialize(&mut json);
        if outcome.is_err() || json.end().is_ok() {
            break outcome;
        }
    };
    let State { builder, markings, .. } = state;
    match outcome {
        Ok(()) => markings.settle(builder),
        Err(error) => builder.refuse_file(IocReason::Unreadable(format!("json: {error}"))),
    }
}

/// What is known while a feed is read.
pub(super) struct State<'b> {
    pub(super) builder: &'b mut IocBuilder,
    pub(super) markings: Markings,
    /// Number of the last object or attribute.
    pub(super) place: u64,
}

/// A value of which nothing is known yet: an envelope, or an object of STIX itself.
pub(super) struct Feed<'s, 'b> {
    pub(super) state: &'s mut State<'b>,
}

impl<'de> DeserializeSeed<'de> for Feed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Feed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a stix bundle or misp events")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let state = self.state;
        let mut object = stix::Object::default();
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "objects" => {
                    state.builder.format(IocFormat::Stix);
                    map.next_value_seed(Feed { state })?;
                }
                "response" => map.next_value_seed(Feed { state })?,
                "Event" => map.next_value_seed(misp::Event { state })?,
                "Attribute" => {
                    let group = state.builder.file_group();
                    map.next_value_seed(misp::Attributes { state, group })?;
                }
                _ => {
                    if !object.read(&key, &mut map)? {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
        }
        state.place += 1;
        object.take(state);
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        while list.next_element_seed(Feed { state: self.state })?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}
