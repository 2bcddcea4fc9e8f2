//! A bounded JSON tree that keeps what a map would lose: the order of members and duplicate keys.
//!
//! The bounds hold while reading, so a bomb is refused before it is built.

use std::borrow::Cow;

use super::flaw::{Flaw, Wrong};
use super::scan::Scanner;
use crate::buffer::Buffer;

/// The deepest nesting read; real events need about six.
pub const DEPTH_MAX: usize = 24;

/// The most values in one event, containers counted; the widest real ones hold a few hundred.
pub const NODES_MAX: usize = 4096;

/// The longest member name. Names are repeated in the path of every leaf below them, so a long
/// one would multiply.
pub const NAME_BYTES_MAX: usize = 256;

/// One JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    /// In shortest decimal digits.
    Number(String),
    Text(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// Returns the first member of that name, if this is an object that has one.
    pub(crate) fn get(&self, name: &str) -> Option<&Node<'a>> {
        match self {
            Node::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, v)| v),
            _ => None,
        }
    }
}

/// Reads the value at the front of the text and returns it with the bytes that it took.
pub(super) fn first(text: &str) -> Result<(Node<'_>, usize), Flaw> {
    let mut reader = Reader { scan: Scanner::new(text), nodes_left: NODES_MAX };
    match reader.value(0) {
        Ok(node) => Ok((node, reader.scan.passed())),
        Err(wrong) => Err(reader.scan.flaw(wrong)),
    }
}

struct Reader<'t> {
    scan: Scanner<'t>,
    nodes_left: usize,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: usize) -> Result<Node<'t>, Wrong> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or(Wrong::Nodes)?;
        match self.scan.peek()? {
            b'"' => {
                self.scan.pass_quote();
                self.scan.string().map(Node::Text)
            }
            b'{' => self.members(deeper(depth)?),
            b'[' => self.items(deeper(depth)?),
            b'n' => self.scan.word("null").map(|()| Node::Null),
            b't' => self.scan.word("true").map(|()| Node::Bool(true)),
            b'f' => self.scan.word("false").map(|()| Node::Bool(false)),
            b'-' | b'0'..=b'9' => {
                let mut digits = Buffer::default();
                self.scan.number_into(&mut digits)?;
                Ok(Node::Number(digits.text(0).to_owned()))
            }
            _ => Err(Wrong::Value),
        }
    }

    fn members(&mut self, depth: usize) -> Result<Node<'t>, Wrong> {
        let mut members = Vec::new();
        let mut has_member = self.scan.first_member()?;
        while has_member {
            let name = self.scan.name()?;
            self.scan.colon()?;
            members.push((name, self.value(depth)?));
            has_member = self.scan.next_member()?;
        }
        Ok(Node::Object(members))
    }

    fn items(&mut self, depth: usize) -> Result<Node<'t>, Wrong> {
        let mut items = Vec::new();
        let mut has_item = self.scan.first_item()?;
        while has_item {
            items.push(self.value(depth)?);
            has_item = self.scan.next_item()?;
        }
        Ok(Node::Array(items))
    }
}

/// Returns the depth of what a container at this depth holds.
pub(super) fn deeper(depth: usize) -> Result<usize, Wrong> {
    if depth < DEPTH_MAX { Ok(depth + 1) } else { Err(Wrong::Depth) }
}
