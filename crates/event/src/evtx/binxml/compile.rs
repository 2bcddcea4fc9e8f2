//! Tokens to a program: what every element, attribute and value is called as a field.
//!
//! The rules are those of `crate::windows` and of the JSON that it reads: an element's text goes
//! under its name, its attributes under `Element_Attribute`, a second element of one name beside
//! the first is `Element_1`; `Data` go under their `Name`, or all under `Data` when none has one.

use std::borrow::Cow;

use super::names::{Name, Naming, Word};
use super::program::{Constant, Empty, Op, Piece, Pieces, Program, Role};
use super::token::{Place, Token};
use super::value;
use super::{Flaw, text, token};
use crate::batch::Tag;
use crate::buffer::Buffer;
use crate::interned::NameId;
use crate::windows;

/// The most names beside each other; the widest real events have a few dozen.
const SIBLINGS_MAX: usize = 1024;

/// Compiles a stream whose elements have the given role. `texts` is used over and over.
pub(crate) fn compile(
    chunk: &[u8],
    tokens: &[Token],
    role: Role,
    naming: Naming<'_>,
    texts: &mut Buffer,
) -> Result<Program, Flaw> {
    texts.clear();
    let program = Program::for_tokens(tokens.len());
    let mut compiler = Compiler { chunk, tokens, naming, program, texts, time: None };
    compiler.siblings(role, 0, tokens.len(), true)?;
    let Compiler { naming, mut program, texts, .. } = compiler;
    program.texts = texts.bytes().into();
    program.named_bytes = naming.bytes;
    Ok(program)
}

struct Compiler<'a> {
    chunk: &'a [u8],
    tokens: &'a [Token],
    naming: Naming<'a>,
    program: Program,
    /// The program's texts so far.
    texts: &'a mut Buffer,
    /// The system's time, which is written after the system's other fields.
    time: Option<Pieces>,
}

/// An element of the token list: its attributes, then its content.
#[derive(Clone, Copy)]
struct Element {
    name: Name,
    attributes: usize,
    content: usize,
    end: usize,
}

/// What becomes of an element.
struct Plan {
    /// Where its text goes.
    field: Option<NameId>,
    attributes: bool,
    empty: Empty,
    children: Role,
}

/// What a `Data` element is called.
enum DataName {
    None,
    Known(NameId),
    /// By a value of the record.
    Told(Pieces),
}

impl Compiler<'_> {
    /// Compiles the elements and values between two indices.
    fn siblings(&mut self, role: Role, from: usize, to: usize, top: bool) -> Result<(), Flaw> {
        let named = matches!(role, Role::Data | Role::Wrapper) && self.has_named_data(from, to)?;
        let mut numbers = Numbers::default();
        let mut at = from;
        while at < to {
            match self.tokens[at] {
                Token::Element { depends_on, end, .. } => {
                    let first = self.program.ops.len();
                    // The root of a template has nothing to be left out of.
                    if let Some(slot) = depends_on.filter(|_| !top) {
                        self.program.ops.push(Op::Unless { slot, skip: 0 });
                    }
                    let element = self.element_at(at)?;
                    self.sibling(role, element, named, &mut numbers)?;
                    self.close_unless(first);
                    at = end;
                    continue;
                }
                Token::Slot(slot) => self.elements_of(slot, role),
                _ => {}
            }
            at += 1;
        }
        Ok(())
    }

    fn close_unless(&mut self, first: usize) {
        let steps = (self.program.ops.len() - first) as u32;
        if let Some(Op::Unless { skip, .. }) = self.program.ops.get_mut(first)
            && *skip == 0
        {
            *skip = steps;
        }
    }

    fn sibling(
        &mut self,
        role: Role,
        element: Element,
        named: bool,
        numbers: &mut Numbers,
    ) -> Result<(), Flaw> {
        if element.name.word == Word::Data && matches!(role, Role::Data | Role::Wrapper) {
            return self.data(element, named, numbers);
        }
        let number = numbers.element(element.name.id)?;
        let Some(plan) = self.plan(role, element.name, number)? else { return Ok(()) };
        if role == Role::System && element.name.word == Word::TimeCreated {
            self.time = self.attribute(element, Word::SystemTime)?.or(self.time);
        }
        self.element(element, &plan)?;
        if plan.children == Role::System {
            self.program.has_system = true;
            self.program.ops.extend(self.time.take().map(Op::Time));
        }
        Ok(())
    }

    fn plan(&mut self, role: Role, name: Name, number: usize) -> Result<Option<Plan>, Flaw> {
        let silent =
            |children| Plan { field: None, attributes: false, empty: Empty::Nothing, children };
        let first = number == 0;
        let is_container = matches!(name.word, Word::EventData | Word::UserData);
        let children = if is_container { Role::Data } else { Role::Tree };
        let field = Some(self.naming.numbered(name.id, number)?);
        Ok(Some(match (role, name.word) {
            (Role::Record, Word::Event) => silent(Role::Member),
            (Role::Record, _) => return Ok(None),
            (Role::Member, Word::System) if first => silent(Role::System),
            (Role::Member, Word::UserData) if first => silent(Role::Wrapper),
            (Role::Member, Word::EventData) if first => {
                let field = Some(self.naming.intern(windows::UNNAMED_DATA)?);
                Plan { field, attributes: false, empty: Empty::Null, children }
            }
            (Role::Wrapper, _) => Plan { field, attributes: false, empty: Empty::Null, children },
            // An empty system element (`Correlation`, `Security`) says nothing.
            (Role::System, _) => Plan { field, attributes: true, empty: Empty::Nothing, children },
            _ => Plan { field, attributes: true, empty: Empty::Null, children },
        }))
    }

    /// Compiles an element that is no `Data`.
    fn element(&mut self, element: Element, plan: &Plan) -> Result<(), Flaw> {
        let empty = match plan.empty {
            Empty::Null => self.null_beside_attributes(element, plan.attributes)?,
            empty => empty,
        };
        if empty == Empty::NullUnlessMarked {
            self.program.ops.push(Op::Mark);
        }
        if let Some(field) = plan.field.filter(|_| plan.attributes) {
            self.attributes(element, field)?;
        }
        self.content(element, plan.field, empty, plan.children)
    }

    /// An element is null when it has neither content nor an attribute with a value.
    fn null_beside_attributes(&mut self, element: Element, written: bool) -> Result<Empty, Flaw> {
        let mut empty = Empty::Null;
        let mut at = element.attributes;
        while let Some((_, next)) = self.attribute_at(at, element)? {
            for token in &self.tokens[at + 1..next] {
                match token {
                    Token::Slot(_) if written => empty = Empty::NullUnlessMarked,
                    _ => return Ok(Empty::Nothing),
                }
            }
            at = next;
        }
        Ok(empty)
    }

    fn attributes(&mut self, element: Element, field: NameId) -> Result<(), Flaw> {
        let mut at = element.attributes;
        while let Some((name, next)) = self.attribute_at(at, element)? {
            // The stamp is written under its own name; namespaces say nothing.
            if !matches!(name.word, Word::SystemTime | Word::Xmlns) {
                let field = self.naming.joined(field, name.id)?;
                let pieces = self.pieces(at + 1, next)?;
                self.value(field, pieces, Empty::Nothing);
            }
            at = next;
        }
        Ok(())
    }

    /// Compiles what stands between an element's tags.
    fn content(
        &mut self,
        element: Element,
        field: Option<NameId>,
        empty: Empty,
        children: Role,
    ) -> Result<(), Flaw> {
        let (from, to) = (element.content, element.end);
        if let Some(field) = field {
            let pieces = self.pieces(from, to)?;
            let is_element = |token: &Token| matches!(token, Token::Element { .. });
            let has_elements = self.tokens[from..to].iter().any(is_element);
            if let [Piece::Slot(slot)] = *self.program.pieces(pieces)
                && !has_elements
            {
                self.program.pieces.truncate(pieces.start as usize);
                self.program.ops.push(Op::Content { field, slot, empty });
                self.may_nest(slot, children);
                return Ok(());
            }
            self.value(field, pieces, if has_elements { Empty::Nothing } else { empty });
        }
        self.siblings(children, from, to, false)
    }

    /// Compiles one `Data` of a container.
    fn data(&mut self, element: Element, named: bool, numbers: &mut Numbers) -> Result<(), Flaw> {
        let field = match self.data_name(element)? {
            DataName::Known(name) => {
                let number = numbers.data(name)?;
                let name = self.naming.numbered(name, number)?;
                match windows::field_name(self.naming.names.text(name)) {
                    Cow::Borrowed(_) => name,
                    Cow::Owned(plain) => self.naming.intern(&plain)?,
                }
            }
            DataName::Told(name) => {
                let value = self.pieces(element.content, element.end)?;
                self.program.ops.push(Op::Named { name, value });
                return Ok(());
            }
            // Beside data with names, data without one are none.
            DataName::None if named => return Ok(()),
            DataName::None => self.naming.intern(windows::UNNAMED_DATA)?,
        };
        self.content(element, Some(field), Empty::Text, Role::Tree)
    }

    fn has_named_data(&mut self, from: usize, to: usize) -> Result<bool, Flaw> {
        let mut at = from;
        while at < to {
            if let Token::Element { end, .. } = self.tokens[at] {
                let element = self.element_at(at)?;
                if element.name.word == Word::Data
                    && matches!(self.data_name(element)?, DataName::Known(_))
                {
                    return Ok(true);
                }
                at = end;
            } else {
                at += 1;
            }
        }
        Ok(false)
    }

    fn data_name(&mut self, element: Element) -> Result<DataName, Flaw> {
        let texts = self.texts.len();
        let Some(name) = self.attribute(element, Word::Name)? else { return Ok(DataName::None) };
        if self.program.pieces(name).iter().any(|piece| matches!(piece, Piece::Slot(_))) {
            return Ok(DataName::Told(name));
        }
        let known = self.texts.text(texts);
        let known = if known.is_empty() {
            DataName::None
        } else {
            DataName::Known(self.naming.intern(known)?)
        };
        self.texts.truncate(texts);
        self.program.pieces.truncate(name.start as usize);
        Ok(known)
    }

    /// Returns the value of an attribute.
    fn attribute(&mut self, element: Element, wanted: Word) -> Result<Option<Pieces>, Flaw> {
        let mut at = element.attributes;
        while let Some((name, next)) = self.attribute_at(at, element)? {
            if name.word == wanted {
                return self.pieces(at + 1, next).map(Some);
            }
            at = next;
        }
        Ok(None)
    }

    /// Writes pieces as one value.
    fn value(&mut self, field: NameId, pieces: Pieces, empty: Empty) {
        let op = match *self.program.pieces(pieces) {
            [] => Op::Empty { field, empty },
            [Piece::Slot(slot)] if empty == Empty::Nothing => Op::Scalar { field, slot },
            [Piece::Constant(constant)] => Op::Constant { field, constant },
            _ => Op::Joined { field, pieces, empty },
        };
        if !matches!(op, Op::Joined { .. }) {
            self.program.pieces.truncate(pieces.start as usize);
        }
        if !matches!(op, Op::Empty { empty: Empty::Nothing, .. }) {
            self.program.ops.push(op);
        }
    }

    fn elements_of(&mut self, slot: u16, role: Role) {
        self.program.ops.push(Op::Elements { slot });
        self.may_nest(slot, role);
    }

    fn may_nest(&mut self, slot: u16, role: Role) {
        let slot = usize::from(slot);
        let nested = &mut self.program.nested;
        nested.resize(nested.len().max(slot + 1), None);
        nested[slot].get_or_insert(role);
    }

    fn element_at(&mut self, at: usize) -> Result<Element, Flaw> {
        let Token::Element { name, end, .. } = self.tokens[at] else {
            return Err(Flaw::Nesting);
        };
        let attributes = at + 1;
        let is_content = |token: &Token| matches!(token, Token::Content);
        let length = self.tokens[attributes..end].iter().position(is_content);
        let content = attributes + length.ok_or(Flaw::Nesting)?;
        let name = self.naming.at(self.chunk, name)?;
        Ok(Element { name, attributes, content, end })
    }

    /// Returns the name of the attribute at an index and the index past its value.
    fn attribute_at(&mut self, at: usize, element: Element) -> Result<Option<(Name, usize)>, Flaw> {
        let attributes = &self.tokens[..element.content];
        let Some(Token::Attribute { name }) = attributes.get(at).copied() else { return Ok(None) };
        let is_next = |token: &Token| matches!(token, Token::Attribute { .. });
        let length = attributes[at + 1..].iter().position(is_next);
        let next = length.map_or(element.content, |length| at + 1 + length);
        Ok(Some((self.naming.at(self.chunk, name)?, next)))
    }

    /// Returns the values between two indices, those inside elements left out.
    fn pieces(&mut self, from: usize, to: usize) -> Result<Pieces, Flaw> {
        let start = self.program.pieces.len() as u32;
        let mut at = from;
        while at < to {
            match self.tokens[at] {
                Token::Element { end, .. } => {
                    at = end;
                    continue;
                }
                Token::Slot(slot) => self.program.pieces.push(Piece::Slot(slot)),
                token => {
                    let constant = self.constant(token)?;
                    self.program.pieces.extend(constant.map(Piece::Constant));
                }
            }
            at += 1;
        }
        Ok(Pieces { start, end: self.program.pieces.len() as u32 })
    }

    /// Keeps a token's text, if it has any.
    fn constant(&mut self, token: Token) -> Result<Option<Constant>, Flaw> {
        let texts = &mut *self.texts;
        let start = texts.len() as u32;
        let tag = match token {
            Token::Constant { kind, place: Place { start, end } } => {
                value::show(kind, self.chunk.get(start..end).ok_or(Flaw::Cut)?, texts)?
            }
            Token::Character(unit) => {
                let known = char::from_u32(unit.into());
                texts.push_char(known.unwrap_or(char::REPLACEMENT_CHARACTER));
                Some(Tag::Text)
            }
            Token::Entity { name } => {
                entity(token::name_at(self.chunk, name)?, texts);
                Some(Tag::Text)
            }
            _ => None,
        };
        let end = texts.len() as u32;
        Ok(tag.map(|tag| Constant { tag, start, end }))
    }
}

/// Appends what an entity stands for; one that XML does not know stands for itself.
fn entity(name: &[u8], out: &mut Buffer) {
    let start = out.len();
    out.push(b"&");
    text::utf16(name, out);
    out.push(b";");
    let known = match out.text(start) {
        "&quot;" => '"',
        "&apos;" => '\'',
        "&amp;" => '&',
        "&lt;" => '<',
        "&gt;" => '>',
        _ => return,
    };
    out.truncate(start);
    out.push_char(known);
}

/// Numbers the elements of one name beside each other.
#[derive(Default)]
struct Numbers {
    elements: Vec<(NameId, usize)>,
    data: Vec<(NameId, usize)>,
    /// The data before, if it was data.
    last: Option<NameId>,
}

impl Numbers {
    fn element(&mut self, name: NameId) -> Result<usize, Flaw> {
        self.last = None;
        count(&mut self.elements, name, 1)
    }

    /// Data of one name in a row are one field.
    fn data(&mut self, name: NameId) -> Result<usize, Flaw> {
        let more = usize::from(self.last != Some(name));
        self.last = Some(name);
        count(&mut self.data, name, more)
    }
}

/// Counts a name and returns how often it was there before.
fn count(counts: &mut Vec<(NameId, usize)>, name: NameId, more: usize) -> Result<usize, Flaw> {
    if let Some((_, count)) = counts.iter_mut().find(|(known, _)| *known == name) {
        *count += more;
        return Ok(*count - 1);
    }
    if counts.len() >= SIBLINGS_MAX {
        return Err(Flaw::TooManyValues);
    }
    counts.push((name, 1));
    Ok(0)
}
