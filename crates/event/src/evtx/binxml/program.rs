//! What is left of a template once it is compiled: a flat list of steps that write fields.

use super::NAME_COST;
use crate::batch::Tag;
use crate::interned::NameId;

/// What an element is a child of, which decides what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// Of nothing: the record itself.
    Record,
    /// Of `Event`.
    Member,
    /// Of `System`.
    System,
    /// Of `EventData`, whose `Data` carry names.
    Data,
    /// Of `UserData`: an element of the provider's choice, which names nothing.
    Wrapper,
    /// Of any other element.
    Tree,
}

/// What an element says that holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    Nothing,
    Null,
    /// Null, unless one of its attributes was written since the mark.
    NullUnlessMarked,
    /// A text of no length: data without a value are still data.
    Text,
}

/// A value of the template itself, as text in [`Program::texts`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constant {
    pub(crate) tag: Tag,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A part of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece {
    Slot(u16),
    Constant(Constant),
}

/// Pieces of [`Program::pieces`] that make one value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// The whole content of an element: one value, the items of one, or the elements in it.
    Content {
        field: NameId,
        slot: u16,
        empty: Empty,
    },
    /// One value, if there is any.
    Scalar {
        field: NameId,
        slot: u16,
    },
    Constant {
        field: NameId,
        constant: Constant,
    },
    /// Several pieces that make one text.
    Joined {
        field: NameId,
        pieces: Pieces,
        empty: Empty,
    },
    /// Data whose name is a value too.
    Named {
        name: Pieces,
        value: Pieces,
    },
    /// The elements in a value.
    Elements {
        slot: u16,
    },
    /// Skips steps unless there is a value.
    Unless {
        slot: u16,
        skip: u32,
    },
    /// An element with attributes begins.
    Mark,
    Empty {
        field: NameId,
        empty: Empty,
    },
    /// The time of the event.
    Time(Pieces),
}

/// A compiled template.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) ops: Vec<Op>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) texts: Vec<u8>,
    /// By slot: what elements in the value would be children of.
    pub(crate) nested: Vec<Option<Role>>,
    /// An `Event` with a `System` in it.
    pub(crate) has_system: bool,
    /// How long all names are that were asked for to make it.
    pub(crate) named_bytes: usize,
}

impl Program {
    /// Returns an empty program with room for what so many tokens usually make.
    pub(crate) fn for_tokens(tokens: usize) -> Self {
        Self {
            ops: Vec::with_capacity(tokens / 4),
            nested: Vec::with_capacity(tokens / 4),
            ..Self::default()
        }
    }

    /// Returns what the program costs a chunk once it is compiled.
    pub(crate) fn cost(&self) -> usize {
        self.bytes() + NAME_COST * self.named_bytes
    }

    /// Returns what the program takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.ops[..])
            + size_of_val(&self.pieces[..])
            + size_of_val(&self.nested[..])
            + self.texts.len()
    }

    pub(crate) fn text(&self, constant: Constant) -> &[u8] {
        &self.texts[constant.start as usize..constant.end as usize]
    }

    pub(crate) fn pieces(&self, pieces: Pieces) -> &[Piece] {
        &self.pieces[pieces.start as usize..pieces.end as usize]
    }
}
