//! Finds the values in a buffer: NDJSON, concatenated or pretty-printed objects, or one array.
//!
//! After a value that cannot be read, reading goes on at the next line. An attempt never looks
//! farther than [`EVENT_BYTES_MAX`], and the depth bound keeps broken lines from being read over
//! and over.

use std::borrow::Cow;

use super::flaw::{Flaw, Wrong};
use crate::problem::{ProblemKind, Problems};

/// The longest single event in bytes.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// How the values of an input stand beside each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing but blanks was seen so far.
    #[default]
    Unknown,
    /// One behind the other.
    Row,
    /// In one array.
    Array(End),
}

/// Where the end of an array is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// To come.
    Owed,
    /// Perhaps within what could not be read and was told: it is not told once more.
    Hidden,
    /// Passed, or what looks like it behind such a thing.
    Seen,
}

impl Shape {
    /// Tells an array that the end of the input cut off behind one of its values.
    pub(crate) fn finish(self, problems: &mut Problems) {
        if self == Self::Array(End::Owed) {
            problems.add(None, ProblemKind::Truncated, "json array is cut off, its `]` is missing");
        }
    }
}

/// Reads one value from the front of a text.
pub(crate) type ReadOne<'r> = dyn FnMut(&str) -> Result<(usize, bool), Flaw> + 'r;

/// Walks over a piece of an input and hands out its values.
pub(crate) struct Values<'t> {
    text: &'t str,
    at: usize,
    /// The line, from 1, at `counted`.
    line: u64,
    counted: usize,
    in_array: bool,
    shape: &'t mut Shape,
}

impl<'t> Values<'t> {
    pub(crate) fn new(text: &'t str, shape: &'t mut Shape) -> Self {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut at = 0;
        if *shape == Shape::Unknown {
            at = text.find(|c: char| !c.is_ascii_whitespace()).unwrap_or(text.len());
            *shape = match text.as_bytes().get(at) {
                None => Shape::Unknown,
                Some(b'[') => Shape::Array(End::Owed),
                Some(_) => Shape::Row,
            };
            at += usize::from(*shape == Shape::Array(End::Owed));
        }
        let in_array = matches!(shape, Shape::Array(_));
        Self { text, at, line: 1, counted: 0, in_array, shape }
    }

    /// Hands every value's text, cut at [`EVENT_BYTES_MAX`], to `read`, which returns how many bytes
    /// the value took and whether it is an object. What is not readable goes to `problems`.
    ///
    /// Behind the beginning of one that is too long, what is no object is a part of it and not told.
    pub(crate) fn each(&mut self, problems: &mut Problems, read: &mut ReadOne<'_>) {
        let mut within_long = false;
        loop {
            self.skip_separators();
            if self.at >= self.text.len() {
                return;
            }
            let rest = &self.text[self.at..];
            let window = &rest[..floor_char(rest, EVENT_BYTES_MAX)];
            match read(window) {
                Ok((used, object)) => {
                    if !object && !within_long {
                        let line = self.line();
                        problems.add(Some(line), ProblemKind::Malformed, "not a json object");
                    }
                    within_long &= !object;
                    self.at += used;
                }
                Err(flaw) => {
                    let is_cut = window.len() < rest.len();
                    let (kind, detail) = flaw.explain(window, is_cut);
                    if !within_long {
                        problems.add(Some(self.line()), kind, detail);
                    }
                    within_long |= is_cut && flaw.wrong == Wrong::Ends;
                    let skipped = self.skip_line();
                    if kind == ProblemKind::Truncated || skipped.contains(']') {
                        self.end_may_be_passed();
                    }
                }
            }
        }
    }

    fn skip_separators(&mut self) {
        let is_separator =
            |byte: u8| byte.is_ascii_whitespace() || (self.in_array && matches!(byte, b',' | b']'));
        let rest = &self.text.as_bytes()[self.at..];
        let skipped = rest.iter().position(|b| !is_separator(*b)).unwrap_or(rest.len());
        self.at += skipped;
        if self.in_array && rest[..skipped].contains(&b']') {
            *self.shape = Shape::Array(End::Seen);
        }
    }

    fn end_may_be_passed(&mut self) {
        if *self.shape == Shape::Array(End::Owed) {
            *self.shape = Shape::Array(End::Hidden);
        }
    }

    /// Returns what is passed over.
    fn skip_line(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let skipped = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
        self.at += skipped;
        &rest[..skipped]
    }

    /// Returns the line of this place, from 1. Lines are counted when somebody asks.
    fn line(&mut self) -> u64 {
        let passed = &self.text.as_bytes()[self.counted..self.at];
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.counted = self.at;
        self.line
    }
}

fn floor_char(text: &str, at_most: usize) -> usize {
    if text.len() <= at_most {
        return text.len();
    }
    (0..=at_most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Replaces what is no UTF-8 and tells every line where it did.
pub(crate) fn lossy<'b>(bytes: &'b [u8], problems: &mut Problems) -> Cow<'b, str> {
    // By far the quickest way to know, and nearly always the answer.
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut line = 1;
    let mut told = 0;
    for chunk in bytes.utf8_chunks() {
        line += memchr::memchr_iter(b'\n', chunk.valid().as_bytes()).count() as u64;
        if !chunk.invalid().is_empty() && told != line {
            told = line;
            let detail = "bytes that are no utf-8 were replaced";
            problems.add(Some(line), ProblemKind::InvalidUtf8, detail);
        }
    }
    String::from_utf8_lossy(bytes)
}
