//! What the scanner hands to the correlator: that an event is one of those that a correlation
//! counts, and everything about it that the count will ever need.
//!
//! A sighting outlives its event. So it carries the group, the value and the time, and for every
//! correlation that counts this correlation in turn, the same again: should it be completed by this
//! event, the event stands for it there.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::ALLOCATION_BYTES;
use crate::fields::FieldId;
use crate::sigma::number::Number;

/// Parts a group's key and must not occur in a value.
const KEY_SEPARATOR: char = '\u{1f}';
/// Bytes of a group's key; a longer one is told by its hash.
const KEY_BYTES_MAX: usize = 256;

/// One event that a correlation counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Position of the event in its batch.
    pub event: usize,
    /// When the event happened, µs UTC.
    pub at: Option<i64>,
    pub(crate) seen: Seen,
}

/// What one correlation learns of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) correlation: u32,
    /// The rules of a temporal correlation that the event fulfils, as bits.
    pub(crate) members: u32,
    pub(crate) group: Box<str>,
    /// The value of the condition's field: the bits of a number, or the hash of a text.
    pub(crate) value: Option<u64>,
    /// For the correlations that count this one.
    pub(crate) above: Box<[Seen]>,
}

/// How the hits of a rule (or of a correlation) reach a correlation.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    pub(crate) correlation: u32,
    /// The rule's bit; none where rules are not told apart.
    pub(crate) member: u32,
    /// The fields that make the group, by their names in the rule's events.
    pub(crate) group: Box<[FieldId]>,
    /// The fields of the condition, likewise.
    pub(crate) value: Box<[FieldId]>,
    pub(crate) numeric: bool,
    pub(crate) above: Box<[Feed]>,
}

impl Seen {
    /// Returns the bytes it takes, itself included.
    pub(crate) fn bytes(&self) -> usize {
        let boxes = usize::from(!self.group.is_empty()) + usize::from(!self.above.is_empty());
        let above: usize = self.above.iter().map(Self::bytes).sum();
        size_of::<Self>() + self.group.len() + boxes * ALLOCATION_BYTES + above
    }
}

impl Feed {
    /// Returns whether a sighting comes to this correlation, directly or through others.
    pub(crate) fn reaches(&self, correlation: usize) -> bool {
        self.correlation as usize == correlation
            || self.above.iter().any(|feed| feed.reaches(correlation))
    }

    /// Adds what the correlation learns of an event to the event's sightings, which are those from
    /// `first` on. `text` returns a field's first value, folded, and nothing for a field that is
    /// missing, null or empty.
    ///
    /// An event is one event to a group, however many of the rules it matches.
    pub(crate) fn see(
        &self,
        event: usize,
        at: Option<i64>,
        text: &dyn Fn(FieldId) -> String,
        sightings: &mut Vec<Sighting>,
        first: usize,
    ) {
        let seen = self.seen(text);
        let known = sightings[first..].iter_mut().find(|sighting| {
            sighting.seen.correlation == seen.correlation && sighting.seen.group == seen.group
        });
        match known {
            Some(known) => known.seen.members |= seen.members,
            None => sightings.push(Sighting { event, at, seen }),
        }
    }

    fn seen(&self, text: &dyn Fn(FieldId) -> String) -> Seen {
        Seen {
            correlation: self.correlation,
            members: self.member,
            group: group_key(self.group.iter().map(|field| text(*field))),
            value: self.value(text),
            above: self.above.iter().map(|feed| feed.seen(text)).collect(),
        }
    }

    /// Several fields are one value, and only where all of them are there.
    fn value(&self, text: &dyn Fn(FieldId) -> String) -> Option<u64> {
        let first = text(*self.value.first()?);
        if self.numeric {
            return Number::of_event(&first).map(|number| number.as_float().to_bits());
        }
        let mut hash = Sha256::new();
        for field in &self.value {
            let value = text(*field);
            if value.is_empty() {
                return None;
            }
            hash.update((value.len() as u64).to_le_bytes());
            hash.update(&value);
        }
        hash.finalize().first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
    }
}

/// Joins the values of a group into its key. A field that the event lacks is a value of its own, as
/// in SQL: events without it form a group.
fn group_key(values: impl Iterator<Item = String>) -> Box<str> {
    let mut key = String::new();
    for value in values {
        key.extend(value.chars().filter(|c| *c != KEY_SEPARATOR));
        key.push(KEY_SEPARATOR);
    }
    if key.len() > KEY_BYTES_MAX {
        let hash = Sha256::digest(&key);
        key.clear();
        for byte in hash {
            // Writing to a string cannot fail.
            let _ = write!(key, "{byte:02x}");
        }
    }
    key.into()
}

/// Returns the values that a key was made of, of so many fields; nothing for one told by its hash.
pub(crate) fn values_of_key(key: &str, fields: usize) -> Option<impl Iterator<Item = &str>> {
    let values = key.split_terminator(KEY_SEPARATOR);
    (key.matches(KEY_SEPARATOR).count() == fields).then_some(values)
}
