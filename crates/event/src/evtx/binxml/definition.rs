//! The bytes that define a template, and whether other bytes define the same one.
//!
//! Chunks differ in where a definition stands, and in what depends on that: names are told by their
//! offsets, and a name stands in the definition only if the chunk did not have it before. Whatever
//! else a program is made of is compared.

use super::Flaw;
use super::cursor::Cursor;
use super::token::{self, Mention, NAME_HEAD_BYTES};

/// The offset of the next definition, which means nothing here.
const NEXT_BYTES: usize = 4;
/// GUID and size.
const KEY_BYTES: usize = 20;
/// The offset of a name.
const OFFSET_BYTES: usize = 4;

/// What definitions that may be the same have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; KEY_BYTES]);

impl Key {
    /// Returns the key of the definition at an offset of the chunk.
    pub(crate) fn at(chunk: &[u8], offset: usize) -> Option<Self> {
        chunk.get(offset..)?.get(NEXT_BYTES..)?.first_chunk().copied().map(Self)
    }
}

/// A definition that was read.
#[derive(Debug)]
pub(crate) struct Definition {
    /// From the GUID to the end.
    bytes: Box<[u8]>,
    /// Where names are mentioned, in order.
    names: Box<[Name]>,
    /// The names that stand elsewhere, end to end.
    texts: Box<[u8]>,
}

/// A name in a definition.
#[derive(Clone, Copy, Debug)]
struct Name {
    /// Where its offset stands in [`Definition::bytes`].
    at: u32,
    stands: Stands,
}

/// Where a name stands.
#[derive(Clone, Copy, Debug)]
enum Stands {
    /// Behind its offset.
    Here,
    /// Somewhere else in the chunk: a part of [`Definition::texts`].
    Elsewhere { start: u32, end: u32 },
    /// Somewhere else, and what it is means nothing.
    Idle,
}

impl Definition {
    /// Keeps the definition at an offset of the chunk, which ends at `end`.
    pub(crate) fn new(
        chunk: &[u8],
        offset: usize,
        end: usize,
        mentions: &[Mention],
    ) -> Result<Self, Flaw> {
        let first = offset + NEXT_BYTES;
        let bytes = chunk.get(first..end).ok_or(Flaw::Cut)?.into();
        let mut texts = Vec::new();
        let mut names = Vec::with_capacity(mentions.len());
        for Mention { at, name, idle } in mentions.iter().copied() {
            let stands = if name as usize == at + OFFSET_BYTES {
                Stands::Here
            } else if idle {
                Stands::Idle
            } else {
                let start = texts.len() as u32;
                texts.extend_from_slice(token::name_at(chunk, name)?);
                Stands::Elsewhere { start, end: texts.len() as u32 }
            };
            names.push(Name { at: (at - first) as u32, stands });
        }
        Ok(Self { bytes, names: names.into(), texts: texts.into() })
    }

    /// Returns whether a definition at an offset of this chunk is the same.
    pub(crate) fn is_at(&self, chunk: &[u8], offset: usize) -> bool {
        let first = offset + NEXT_BYTES;
        let Some(bytes) = chunk.get(first..).and_then(|rest| rest.get(..self.bytes.len())) else {
            return false;
        };
        // Where what was not compared yet begins.
        let mut from = 0;
        for Name { at, stands } in self.names.iter().copied() {
            let at = at as usize;
            if bytes[from..at] != self.bytes[from..at] {
                return false;
            }
            from = at + OFFSET_BYTES;
            let Ok(name) = Cursor::new(chunk, first + at).u32() else { return false };
            let is_here = name as usize == first + from;
            let is_same = match stands {
                Stands::Here => is_here,
                Stands::Idle => !is_here,
                Stands::Elsewhere { start, end } => {
                    let text = &self.texts[start as usize..end as usize];
                    !is_here && token::name_at(chunk, name) == Ok(text)
                }
            };
            if !is_same {
                return false;
            }
            if is_here {
                // Its length and text are compared with what follows.
                from += NAME_HEAD_BYTES;
            }
        }
        bytes[from..] == self.bytes[from..]
    }

    /// Returns what is kept of it.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len() + size_of_val(&self.names[..]) + self.texts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::{Kind, Tokens, definition_body};
    use super::*;

    /// What a definition is made of.
    #[derive(Clone, Copy)]
    struct Made {
        at: usize,
        /// What offsets of the next definition and the next name are.
        next: u8,
        here: &'static str,
        elsewhere: &'static str,
        slot: u8,
    }

    const KNOWN: Made = Made { at: 600, next: 1, here: "One", elsewhere: "Two", slot: 3 };

    impl Made {
        /// Returns a chunk and where the definition stands in it.
        fn chunk(self) -> (Vec<u8>, usize) {
            let mut chunk = vec![0; self.at];
            self.name(self.elsewhere, &mut chunk);
            let offset = chunk.len();
            chunk.extend([self.next; NEXT_BYTES]);
            chunk.extend([7; KEY_BYTES]);
            for elsewhere in [false, true] {
                chunk.extend(*b"\x01\xFF\xFF\0\0\0\0");
                let here = chunk.len() + OFFSET_BYTES;
                let name = if elsewhere { self.at } else { here };
                chunk.extend((name as u32).to_le_bytes());
                if !elsewhere {
                    self.name(self.here, &mut chunk);
                }
                chunk.push(0x02);
            }
            chunk.extend([0x0d, self.slot, 0, 1, 4, 4, 0]);
            let size = (chunk.len() - offset - NEXT_BYTES - KEY_BYTES) as u32;
            let size_at = offset + NEXT_BYTES + KEY_BYTES - 4;
            chunk[size_at..size_at + 4].copy_from_slice(&size.to_le_bytes());
            (chunk, offset)
        }

        fn name(self, name: &str, chunk: &mut Vec<u8>) {
            chunk.extend([self.next; NAME_HEAD_BYTES]);
            chunk.extend((name.len() as u16).to_le_bytes());
            chunk.extend(name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        }
    }

    #[test]
    fn a_definition_is_the_same_wherever_it_stands() {
        let (chunk, offset) = KNOWN.chunk();
        let body = definition_body(&mut Cursor::new(&chunk, offset)).unwrap();
        let mut tokens = Tokens::default();
        tokens.read(&chunk, body, Kind::Template).unwrap();
        assert_eq!(tokens.mentions.len(), 2);
        let known = Definition::new(&chunk, offset, body.end, &tokens.mentions).unwrap();
        for (made, same) in [
            (KNOWN, true),
            (Made { at: 512, ..KNOWN }, true),
            (Made { next: 9, ..KNOWN }, true),
            (Made { here: "Won", ..KNOWN }, false),
            (Made { elsewhere: "Tow", ..KNOWN }, false),
            (Made { elsewhere: "Twoo", ..KNOWN }, false),
            (Made { slot: 4, ..KNOWN }, false),
        ] {
            let (chunk, offset) = made.chunk();
            assert_eq!(Key::at(&chunk, offset), Key::at(&KNOWN.chunk().0, KNOWN.chunk().1));
            assert_eq!(known.is_at(&chunk, offset), same, "{}", made.here);
            // What is cut off is never the same, and never a panic.
            for end in 0..chunk.len() {
                assert!(!known.is_at(&chunk[..end], offset));
            }
        }
        // A name that stood elsewhere and now stands here moves everything behind it.
        let (mut chunk, offset) = KNOWN.chunk();
        let mention = tokens.mentions[1].at;
        chunk[mention..mention + 4].copy_from_slice(&(mention as u32 + 4).to_le_bytes());
        assert!(!known.is_at(&chunk, offset));
    }
}
