//! One JSON object straight into the arena: every leaf under its dotted path, no tree in between.
//!
//! Paths are interned like any field name. Sources repeat themselves, so the path that followed
//! last time is tried before the name is even read.

use super::Kept;
use super::flaw::{Flaw, Wrong};
use super::paths::Paths;
use super::scan::Scanner;
use super::tree::{NODES_MAX, deeper};
use crate::batch::{Span, Tag, Value, Writer};
use crate::buffer::Buffer;
use crate::interned::NameId;

/// The longest dotted path. Each is kept once per table, whatever the input repeats.
pub(super) const PATH_BYTES_MAX: usize = 1024;
/// Distinct names that JSON may give one batch.
pub(super) const NAMES_MAX: usize = 65_536;

/// What stood at the front of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// An object of so many bytes, whose leaves are written now.
    Object(usize),
    /// An object that may be a Windows record, whose names are not paths. What was written of it
    /// is of no use.
    MaybeRecord,
    /// Another value, of which nothing was read.
    Other,
}

/// Reads an object from the front of the text. `records`: stop at what may be a Windows record.
pub(super) fn read(
    text: &str,
    records: bool,
    kept: &mut Kept,
    event: &mut Writer<'_>,
) -> Result<Read, Flaw> {
    let Kept { paths, text: values } = kept;
    paths.begin();
    values.clear();
    let scan = Scanner::new(text);
    let mut reader = Reader { scan, event, text: values, paths, nodes_left: NODES_MAX, records };
    match reader.root() {
        Ok(true) => {
            reader.event.put_text(reader.text.text(0));
            Ok(Read::Object(reader.scan.passed()))
        }
        Ok(false) => Ok(Read::Other),
        Err(Stop::MaybeRecord) => Ok(Read::MaybeRecord),
        Err(Stop::Wrong(wrong)) => Err(reader.scan.flaw(wrong)),
    }
}

struct Reader<'r, 'b, 't> {
    scan: Scanner<'t>,
    event: &'r mut Writer<'b>,
    /// Of all values, end to end.
    text: &'r mut Buffer,
    paths: &'r mut Paths,
    nodes_left: usize,
    records: bool,
}

/// Why reading goes no further.
enum Stop {
    Wrong(Wrong),
    MaybeRecord,
}

impl From<Wrong> for Stop {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

impl Reader<'_, '_, '_> {
    /// Returns whether there was an object.
    fn root(&mut self) -> Result<bool, Stop> {
        self.count()?;
        if self.scan.peek()? != b'{' {
            return Ok(false);
        }
        self.members(None, 0)?;
        Ok(true)
    }

    /// Reads the object at the path; the root has none.
    fn members(&mut self, path: Option<NameId>, depth: usize) -> Result<(), Stop> {
        let depth = deeper(depth)?;
        let mut has_member = self.scan.first_member()?;
        while has_member {
            let name = self.paths.name(path, &mut self.scan, self.event)?;
            self.scan.colon()?;
            if self.records && path.is_none() && matches!(name, NameId::EVENT | NameId::SYSTEM) {
                self.no_record()?;
            }
            self.value(name, depth)?;
            has_member = self.scan.next_member()?;
        }
        Ok(())
    }

    /// Stops before an object.
    fn no_record(&mut self) -> Result<(), Stop> {
        if self.scan.peek()? == b'{' { Err(Stop::MaybeRecord) } else { Ok(()) }
    }

    /// Within the loops that call it: only what is nested costs a call.
    #[inline(always)]
    fn value(&mut self, name: NameId, depth: usize) -> Result<(), Stop> {
        self.count()?;
        match self.scan.peek()? {
            b'"' => self.text(name)?,
            b'-' | b'0'..=b'9' => self.number(name)?,
            b'{' => self.members(Some(name), depth)?,
            b'[' => self.items(name, depth)?,
            _ => self.word(name)?,
        }
        Ok(())
    }

    fn items(&mut self, name: NameId, depth: usize) -> Result<(), Stop> {
        let depth = deeper(depth)?;
        let mut has_item = self.scan.first_item()?;
        while has_item {
            self.value(name, depth)?;
            has_item = self.scan.next_item()?;
        }
        Ok(())
    }

    #[inline(always)]
    fn text(&mut self, name: NameId) -> Result<(), Wrong> {
        self.scan.pass_quote();
        let start = self.text.len();
        self.scan.string_into(self.text)?;
        self.put(name, Tag::Text, start);
        Ok(())
    }

    fn number(&mut self, name: NameId) -> Result<(), Wrong> {
        let start = self.text.len();
        self.scan.number_into(self.text)?;
        self.put(name, Tag::Number, start);
        Ok(())
    }

    /// Appends the value whose text begins here.
    #[inline(always)]
    fn put(&mut self, name: NameId, tag: Tag, start: usize) {
        self.event.put_part(name, tag, Span { start, end: self.text.len() });
    }

    fn word(&mut self, name: NameId) -> Result<(), Wrong> {
        let (word, value) = match self.scan.peek()? {
            b'n' => ("null", Value::Null),
            b't' => ("true", Value::Bool(true)),
            b'f' => ("false", Value::Bool(false)),
            _ => return Err(Wrong::Value),
        };
        self.scan.word(word)?;
        self.event.put(name, value);
        Ok(())
    }

    fn count(&mut self) -> Result<(), Wrong> {
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or(Wrong::Nodes)?;
        Ok(())
    }
}
