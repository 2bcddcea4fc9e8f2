//! One stream of binary XML to a flat list of tokens in which every element knows its end.

use super::cursor::Cursor;
use super::value::{self, BINARY_XML, STRING};
use super::{DEPTH_MAX, Flaw};

/// The dependency of an element that depends on nothing.
const NO_DEPENDENCY: u16 = 0xFFFF;

/// Next-string offset and hash, before the length of a name.
pub(crate) const NAME_HEAD_BYTES: usize = 6;
/// Offset of the next definition and GUID, before the size of a template definition.
const DEFINITION_HEAD_BYTES: usize = 20;
/// Size and type of one value of a template instance.
const DESCRIPTOR_BYTES: usize = 4;

/// Which rules a stream follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A template's definition: elements tell what they depend on, values have places.
    Template,
    /// What stands in a record: whole elements, and instances of templates.
    Record,
}

/// Bytes of the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A piece of XML. Names are told by their offset in the chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token {
    /// An element. Its attributes, then its content, stand before index `end`.
    Element { name: u32, depends_on: Option<u16>, end: usize },
    /// An attribute of the element before it. Its value follows.
    Attribute { name: u32 },
    /// The attributes are over.
    Content,
    /// A value of the template instance goes here.
    Slot(u16),
    /// A value that stands in the stream itself.
    Constant { kind: u8, place: Place },
    /// `&#..;`
    Character(u16),
    /// `&name;`
    Entity { name: u32 },
}

/// A place of a template where the offset of a name stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mention {
    pub(crate) at: usize,
    pub(crate) name: u32,
    /// What the name is means nothing.
    pub(crate) idle: bool,
}

/// The tokens of one stream; the buffers are used over and over.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) list: Vec<Token>,
    /// The names of a template, in the order of their places.
    pub(crate) mentions: Vec<Mention>,
    /// Streams within the stream, which stand in the list as the slots from 0. Only a stream
    /// without slots of its own has them.
    pub(crate) fragments: Vec<Place>,
    /// Indices of the elements that are not closed yet.
    open: Vec<usize>,
    in_start: bool,
}

impl Tokens {
    /// Reads the stream at `place` of `chunk`.
    pub(crate) fn read(&mut self, chunk: &[u8], place: Place, kind: Kind) -> Result<(), Flaw> {
        self.list.clear();
        self.mentions.clear();
        self.fragments.clear();
        self.open.clear();
        self.in_start = false;
        let bytes = chunk.get(..place.end).ok_or(Flaw::Cut)?;
        let mut cursor = Cursor::new(bytes, place.start);
        while !cursor.is_at_end() && self.step(&mut cursor, kind)? {}
        if self.in_start || !self.open.is_empty() {
            return Err(Flaw::Nesting);
        }
        Ok(())
    }

    /// Reads one token. Returns false at the end of the stream.
    fn step(&mut self, cursor: &mut Cursor<'_>, kind: Kind) -> Result<bool, Flaw> {
        let token = cursor.u8()?;
        match token {
            0x00 => return Ok(false),
            0x01 | 0x41 => self.open(cursor, kind, token == 0x41)?,
            0x02 => self.begin_content()?,
            0x03 => {
                self.begin_content()?;
                self.close()?;
            }
            0x04 => self.close()?,
            0x05 | 0x45 => self.constant(cursor, kind)?,
            0x06 | 0x46 => {
                let name = self.name(cursor, kind, false)?;
                if !self.in_start {
                    return Err(Flaw::Nesting);
                }
                self.list.push(Token::Attribute { name });
            }
            0x07 | 0x47 => {
                let place = units(cursor)?;
                self.list.push(Token::Constant { kind: STRING, place });
            }
            0x08 | 0x48 => self.list.push(Token::Character(cursor.u16()?)),
            0x09 | 0x49 => {
                let name = self.name(cursor, kind, false)?;
                self.list.push(Token::Entity { name });
            }
            // Processing instructions are no data.
            0x0a => drop(self.name(cursor, kind, true)?),
            0x0b => drop(units(cursor)?),
            0x0c if kind == Kind::Record => self.instance(cursor)?,
            0x0d | 0x0e if kind == Kind::Template => {
                let slot = cursor.u16()?;
                cursor.u8()?;
                self.list.push(Token::Slot(slot));
            }
            // Version and flags of a fragment.
            0x0f => cursor.skip(3)?,
            token => return Err(Flaw::Token(token)),
        }
        Ok(true)
    }

    fn open(&mut self, cursor: &mut Cursor<'_>, kind: Kind, attributes: bool) -> Result<(), Flaw> {
        if self.in_start {
            return Err(Flaw::Nesting);
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(Flaw::TooDeep);
        }
        let depends_on = match kind {
            Kind::Template => Some(cursor.u16()?).filter(|slot| *slot != NO_DEPENDENCY),
            Kind::Record => None,
        };
        let _size = cursor.u32()?;
        let name = self.name(cursor, kind, false)?;
        if attributes {
            let _size = cursor.u32()?;
        }
        self.open.push(self.list.len());
        self.list.push(Token::Element { name, depends_on, end: 0 });
        self.in_start = true;
        Ok(())
    }

    /// Reads where a name stands. Where it is used first, it stands right there.
    fn name(&mut self, cursor: &mut Cursor<'_>, kind: Kind, idle: bool) -> Result<u32, Flaw> {
        let at = cursor.at();
        let name = cursor.u32()?;
        if cursor.at() == name as usize {
            cursor.skip(NAME_HEAD_BYTES)?;
            let len = usize::from(cursor.u16()?);
            // And its NUL.
            cursor.skip(len * 2 + 2)?;
        }
        if kind == Kind::Template {
            self.mentions.push(Mention { at, name, idle });
        }
        Ok(name)
    }

    fn begin_content(&mut self) -> Result<(), Flaw> {
        if !self.in_start {
            return Err(Flaw::Nesting);
        }
        self.in_start = false;
        self.list.push(Token::Content);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Flaw> {
        let past = self.list.len();
        let opened = self.open.pop().filter(|_| !self.in_start).ok_or(Flaw::Nesting)?;
        if let Some(Token::Element { end, .. }) = self.list.get_mut(opened) {
            *end = past;
        }
        Ok(())
    }

    fn constant(&mut self, cursor: &mut Cursor<'_>, kind: Kind) -> Result<(), Flaw> {
        let value_type = cursor.u8()?;
        if value_type == BINARY_XML && kind == Kind::Record {
            let len = usize::from(cursor.u16()?);
            let start = cursor.at();
            cursor.skip(len)?;
            return self.fragment(Place { start, end: start + len });
        }
        let place = match value::fixed_bytes(value_type) {
            Some(len) => {
                let start = cursor.at();
                cursor.skip(len)?;
                Place { start, end: start + len }
            }
            None if value_type == STRING => units(cursor)?,
            None => return Err(Flaw::ValueType(value_type)),
        };
        self.list.push(Token::Constant { kind: value_type, place });
        Ok(())
    }

    /// Steps over an instance of a template, whose token is read already.
    fn instance(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Flaw> {
        let start = cursor.at() - 1;
        let head = InstanceHead::read(cursor)?;
        let mut values_bytes = 0;
        for _ in 0..head.values {
            values_bytes += usize::from(cursor.u16()?);
            cursor.u16()?;
        }
        cursor.skip(values_bytes)?;
        self.fragment(Place { start, end: cursor.at() })
    }

    fn fragment(&mut self, place: Place) -> Result<(), Flaw> {
        // Elements are no value of an attribute.
        if self.in_start {
            return Err(Flaw::Nesting);
        }
        let slot = u16::try_from(self.fragments.len()).map_err(|_| Flaw::TooManyValues)?;
        self.fragments.push(place);
        self.list.push(Token::Slot(slot));
        Ok(())
    }
}

/// What an instance of a template begins with, after its token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceHead {
    /// Offset of the template's definition in the chunk.
    pub(crate) definition: usize,
    /// How many descriptors follow, and after them as many values.
    pub(crate) values: usize,
}

impl InstanceHead {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Flaw> {
        let _version = cursor.u8()?;
        let _template_id = cursor.u32()?;
        let definition = cursor.size()?;
        // The first instance in a chunk carries the definition with it.
        if definition == cursor.at() {
            let body = definition_body(cursor)?;
            cursor.skip(body.end - body.start)?;
        }
        let values = cursor.size()?;
        Ok(Self { definition, values })
    }

    /// Returns how many bytes the descriptors have.
    pub(crate) fn descriptor_bytes(self) -> Result<usize, Flaw> {
        self.values.checked_mul(DESCRIPTOR_BYTES).ok_or(Flaw::Cut)
    }
}

/// Reads the head of a template's definition; its body follows and may be longer than the chunk.
pub(crate) fn definition_body(cursor: &mut Cursor<'_>) -> Result<Place, Flaw> {
    cursor.skip(DEFINITION_HEAD_BYTES)?;
    let size = cursor.size()?;
    let start = cursor.at();
    Ok(Place { start, end: start.saturating_add(size) })
}

/// Returns the UTF-16 bytes of the name at an offset.
pub(crate) fn name_at(chunk: &[u8], offset: u32) -> Result<&[u8], Flaw> {
    let mut cursor = Cursor::new(chunk, offset as usize);
    cursor.skip(NAME_HEAD_BYTES)?;
    let len = usize::from(cursor.u16()?);
    if len > super::NAME_MAX {
        return Err(Flaw::LongName);
    }
    cursor.take(len * 2)
}

/// Reads a length and as many UTF-16 units.
fn units(cursor: &mut Cursor<'_>) -> Result<Place, Flaw> {
    let len = usize::from(cursor.u16()?) * 2;
    let start = cursor.at();
    cursor.skip(len)?;
    Ok(Place { start, end: start + len })
}
