//! Sigma 2.1 as slowly as can be, straight from the specification: every rule is read anew for every
//! event, and every question is answered by its definition. The engine must find the same.
//!
//! It shares nothing with the engine: another YAML reader, other readers of modifiers, texts,
//! numbers, dates and conditions, and events that are maps. It takes rules for right; what must be
//! refused is tested elsewhere. Where the specification is silent, it says what we decided.

mod condition;
mod date;
mod encoding;
mod number;
mod text;
mod value;

use std::collections::BTreeMap;

use yaml_rust2::{Yaml, YamlLoader};

pub(crate) use value::Lists;

/// One value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
}

impl Cell {
    /// "All values are treated as case-insensitive strings"; null is a type of its own.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Number(text) | Self::Text(text) => Some(text),
        }
    }
}

/// What a rule sees of an event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The values of every field that is there, by the rule's word for it.
    pub(crate) fields: BTreeMap<String, Vec<Cell>>,
    /// Every value, for keywords.
    pub(crate) message: Vec<Cell>,
}

/// Returns whether an event is one that the rule describes.
pub(crate) fn matches(rule: &str, event: &Event, lists: &Lists) -> bool {
    let documents = YamlLoader::load_from_str(rule).unwrap();
    let detection = documents[0]["detection"].as_hash().unwrap();
    let searches: Vec<(&str, &Yaml)> = detection
        .iter()
        .map(|(name, node)| (name.as_str().unwrap(), node))
        .filter(|(name, _)| *name != "condition")
        .collect();
    let found: Vec<(&str, bool)> =
        searches.iter().map(|(name, node)| (*name, search(node, event, lists))).collect();
    // "The condition can be a list … logically linked with OR."
    let conditions = detection.get(&Yaml::String("condition".to_owned())).unwrap();
    value::listed(conditions).iter().any(|one| condition::holds(one.as_str().unwrap(), &found))
}

/// "All elements of a map are joined with a logical AND"; what stands in a list is linked with OR;
/// a text by itself is "applied to the full log message".
fn search(node: &Yaml, event: &Event, lists: &Lists) -> bool {
    match node {
        Yaml::Hash(entries) => entries
            .iter()
            .all(|(key, value)| value::entry(key.as_str().unwrap(), value, event, lists)),
        Yaml::Array(items) => items.iter().any(|item| search(item, event, lists)),
        keyword => value::entry("", keyword, event, lists),
    }
}
