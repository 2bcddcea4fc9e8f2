//! A member of a JSON object whose type feeds do not agree on: `true`, `"1"`, a name, a list of
//! names, a list of objects with names. Whatever else stands there is passed over, not refused.

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Texts of one list that are kept: markings, tags, references.
const LIST_MAX: usize = 64;
/// Members by which an object in a list is told: MISP's tags, STIX's references and markings.
const NAMES: [&str; 5] = ["name", "url", "tlp", "tlp_2_0", "marking_ref"];

/// The texts of a member: one for a text, number or boolean, several for a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Loose(Vec<String>);

impl Loose {
    /// Returns the text, the first of several; empty when there is none.
    pub(super) fn text(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// Returns all texts.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns whether it says yes.
    pub(super) fn is_true(&self) -> bool {
        matches!(self.text(), "true" | "1")
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Loose;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose(vec![text.to_owned()]))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Loose, E> {
        Ok(Loose(vec![value.to_string()]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose(vec![number.to_string()]))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Loose, E> {
        Ok(Loose(vec![number.to_string()]))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Loose, E> {
        Ok(Loose(vec![number.to_string()]))
    }

    fn visit_unit<E: Error>(self) -> Result<Loose, E> {
        Ok(Loose::default())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Loose, M::Error> {
        let mut told = Loose::default();
        while let Some(key) = map.next_key::<String>()? {
            if NAMES.contains(&&*key) && told.0.is_empty() {
                told = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(told)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Loose, S::Error> {
        let mut texts = Vec::new();
        while texts.len() < LIST_MAX {
            match list.next_element::<Loose>()? {
                Some(inner) => texts.extend(inner.0),
                None => return Ok(Loose(texts)),
            }
        }
        texts.truncate(LIST_MAX);
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(texts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_taken_as_they_come() {
        let read = |json: &str| serde_json::from_str::<Loose>(json).unwrap().0;
        let none: [&str; 0] = [];
        assert_eq!(read("\"a\""), ["a"]);
        assert_eq!(read("true"), ["true"]);
        assert_eq!(read("17"), ["17"]);
        assert_eq!(read("[\"a\", 1, null, [\"b\"]]"), ["a", "1", "b"]);
        assert_eq!(read("[{\"id\": 1, \"name\": \"tlp:red\"}, {\"x\": {}}]"), ["tlp:red"]);
        assert_eq!(read("{\"x\": [1, {\"y\": 2}]}"), none);
        assert_eq!(read("null"), none);
        let many = format!("[{}0]", "1,".repeat(1_000));
        assert_eq!(read(&many).len(), LIST_MAX);
        assert!(serde_json::from_str::<Loose>("\"1\"").unwrap().is_true());
        assert!(!serde_json::from_str::<Loose>("false").unwrap().is_true());
    }
}
