//! What a rule means, as a hash: two rules with the same one match the same events. Titles, levels
//! and comments do not count, so that editing them loses no windows that are under way.

use sha2::{Digest as _, Sha256};

use super::yaml::Node;

/// The hash of what a rule or correlation means.
pub(crate) type Meaning = [u8; 32];

/// Gathers what belongs to a meaning. Every part is told apart from its neighbours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mind(Sha256);

impl Mind {
    /// Adds a text.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds a tree; the order of its keys counts.
    pub(crate) fn node(&mut self, node: &Node) -> &mut Self {
        match node {
            Node::Null => self.text("null"),
            Node::Bool(value) => self.text(if *value { "true" } else { "false" }),
            Node::Number(text) => self.text("number").text(text),
            Node::Text(text) => self.text("text").text(text),
            Node::List(items) => {
                self.text("list").bytes(&(items.len() as u64).to_le_bytes());
                items.iter().fold(self, |mind, item| mind.node(item))
            }
            Node::Map(entries) => {
                self.text("map").bytes(&(entries.len() as u64).to_le_bytes());
                entries.iter().fold(self, |mind, (key, item)| mind.text(key).node(item))
            }
        }
    }

    /// Returns the hash of all that was added.
    pub(crate) fn meaning(self) -> Meaning {
        self.0.finalize().into()
    }
}
