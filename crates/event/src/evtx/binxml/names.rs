//! Names of elements and attributes: which of them mean something, and which number each has in
//! the batch.

use super::{Flaw, text, token};
use crate::buffer::Buffer;
use crate::interned::{NameId, Names};

/// What a name means to the shape of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Event,
    System,
    EventData,
    UserData,
    Data,
    Name,
    TimeCreated,
    SystemTime,
    /// A namespace, which says nothing.
    Xmlns,
    Other,
}

impl Word {
    fn of(name: &str) -> Self {
        match name {
            "Event" => Self::Event,
            "System" => Self::System,
            "EventData" => Self::EventData,
            "UserData" => Self::UserData,
            "Data" => Self::Data,
            "Name" => Self::Name,
            "TimeCreated" => Self::TimeCreated,
            "SystemTime" => Self::SystemTime,
            name if name.starts_with("xmlns") => Self::Xmlns,
            _ => Self::Other,
        }
    }
}

/// A name that stands in the chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    pub(crate) id: NameId,
    pub(crate) word: Word,
}

/// Places in the table from offsets to names.
const PLACES: usize = 256;

/// How long all names of one template may be together, each counted as often as it is asked for;
/// the widest real ones have some ten thousand. Names may overlap, so that a chunk could hold far
/// more than its size. Names that are known count as much as new ones: what becomes of an event
/// must not depend on what was read before it.
const NAMED_BYTES_MAX: usize = 256 * 1024;

/// What stood where in this chunk: templates ask for the same few names over and over.
#[derive(Debug)]
pub(crate) struct Places {
    names: Vec<Option<(u32, Name)>>,
    scratch: Buffer,
}

impl Places {
    pub(crate) fn new() -> Self {
        Self { names: vec![None; PLACES], scratch: Buffer::default() }
    }

    pub(crate) fn begin_chunk(&mut self) {
        self.names.fill(None);
    }
}

/// The names of a chunk and those of the batch.
#[derive(Debug)]
pub(crate) struct Naming<'a> {
    pub(crate) places: &'a mut Places,
    pub(crate) names: &'a mut Names,
    /// How long all names together are that were asked for.
    pub(crate) bytes: usize,
}

impl Naming<'_> {
    /// Returns the name that stands at an offset of the chunk.
    pub(crate) fn at(&mut self, chunk: &[u8], offset: u32) -> Result<Name, Flaw> {
        let place = (offset as usize >> 1) % PLACES;
        if let Some((_, name)) = self.places.names[place].filter(|(known, _)| *known == offset) {
            self.count(self.names.text(name.id).len())?;
            return Ok(name);
        }
        let mut scratch = std::mem::take(&mut self.places.scratch);
        scratch.clear();
        text::utf16(token::name_at(chunk, offset)?, &mut scratch);
        let text = scratch.text(0);
        let name = Name { id: self.intern(text)?, word: Word::of(text) };
        self.places.scratch = scratch;
        self.places.names[place] = Some((offset, name));
        Ok(name)
    }

    pub(crate) fn intern(&mut self, name: &str) -> Result<NameId, Flaw> {
        self.count(name.len())?;
        Ok(self.names.intern(name))
    }

    fn count(&mut self, bytes: usize) -> Result<(), Flaw> {
        self.bytes += bytes;
        if self.bytes > NAMED_BYTES_MAX { Err(Flaw::Bomb) } else { Ok(()) }
    }

    /// Returns what the attribute of an element is called.
    pub(crate) fn joined(&mut self, element: NameId, attribute: NameId) -> Result<NameId, Flaw> {
        let name = format!("{}_{}", self.names.text(element), self.names.text(attribute));
        self.intern(&name)
    }

    /// Returns the name of the `number`th element of a name in a row: the first has no suffix.
    pub(crate) fn numbered(&mut self, name: NameId, number: usize) -> Result<NameId, Flaw> {
        match number {
            0 => Ok(name),
            number => self.intern(&format!("{}_{number}", self.names.text(name))),
        }
    }
}
