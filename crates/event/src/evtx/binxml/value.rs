//! Typed values to the text that Windows itself shows for them.

use super::digits::{hex, hex_number};
use super::{Flaw, text, time};
use crate::batch::Tag;
use crate::buffer::Buffer;

/// The value types that other files tell apart by name (MS-EVEN6 2.2.12).
pub(crate) const NULL: u8 = 0x00;
pub(crate) const STRING: u8 = 0x01;
pub(crate) const FILETIME: u8 = 0x11;
pub(crate) const BINARY_XML: u8 = 0x21;
/// Set beside a type: the value is an array of it.
pub(crate) const ARRAY: u8 = 0x80;

const ANSI_STRING: u8 = 0x02;
const SID: u8 = 0x13;
/// Revision, number of sub-authorities, and the authority.
const SID_HEAD_BYTES: usize = 8;

/// Appends the text of a value and returns what the value is; nothing if it is none. The items of an
/// array are joined by commas.
pub(crate) fn show(kind: u8, bytes: &[u8], out: &mut Buffer) -> Result<Option<Tag>, Flaw> {
    if kind == STRING {
        let start = out.len();
        text::utf16(bytes, out);
        return Ok((out.len() > start).then_some(Tag::Text));
    }
    // A value without bytes is none, whatever its type.
    if bytes.is_empty() {
        return Ok(None);
    }
    match kind {
        0x03 => return number(i8::from_le_bytes(head(bytes)?), out),
        0x04 => return number(u8::from_le_bytes(head(bytes)?), out),
        0x05 => return number(i16::from_le_bytes(head(bytes)?), out),
        0x06 => return number(u16::from_le_bytes(head(bytes)?), out),
        0x07 => return number(i32::from_le_bytes(head(bytes)?), out),
        0x08 => return number(u32::from_le_bytes(head(bytes)?), out),
        0x09 => return number(i64::from_le_bytes(head(bytes)?), out),
        0x0a => return number(u64::from_le_bytes(head(bytes)?), out),
        0x0b => out.push(format!("{:?}", f32::from_le_bytes(head(bytes)?)).as_bytes()),
        0x0c => out.push(format!("{:?}", f64::from_le_bytes(head(bytes)?)).as_bytes()),
        0x0d => return boolean(i32::from_le_bytes(head(bytes)?), out),
        0x0e => binary(bytes, out),
        0x0f => guid(&head(bytes)?, out),
        FILETIME => time::show(time::from_filetime(u64::from_le_bytes(head(bytes)?)), out),
        0x12 => time::show(time::from_systemtime(&head(bytes)?), out),
        SID => sid(bytes, out)?,
        0x14 => hex_number(u32::from_le_bytes(head(bytes)?).into(), out),
        0x15 => hex_number(u64::from_le_bytes(head(bytes)?), out),
        // A size or a handle is as wide as the machine that wrote it.
        0x10 | 0x20 if bytes.len() < 8 => hex_number(u32::from_le_bytes(head(bytes)?).into(), out),
        0x10 | 0x20 => hex_number(u64::from_le_bytes(head(bytes)?), out),
        // XML as text.
        0x23 => text::utf16(bytes, out),
        ANSI_STRING => {
            let start = out.len();
            text::ansi(bytes, out);
            return Ok((out.len() > start).then_some(Tag::Text));
        }
        NULL | BINARY_XML => return Ok(None),
        kind if kind & ARRAY != 0 => joined(kind & !ARRAY, bytes, out)?,
        kind => return Err(Flaw::ValueType(kind)),
    }
    Ok(Some(Tag::Text))
}

fn joined(kind: u8, bytes: &[u8], out: &mut Buffer) -> Result<(), Flaw> {
    for (i, item) in Items::new(kind, bytes)?.enumerate() {
        if i > 0 {
            out.push(b",");
        }
        show(kind, item, out)?;
    }
    Ok(())
}

/// Returns the bytes of one value of a type whose size is fixed.
pub(crate) fn fixed_bytes(kind: u8) -> Option<usize> {
    match kind {
        0x03 | 0x04 => Some(1),
        0x05 | 0x06 => Some(2),
        0x07 | 0x08 | 0x0b | 0x0d | 0x14 => Some(4),
        0x09 | 0x0a | 0x0c | FILETIME | 0x15 => Some(8),
        0x0f | 0x12 => Some(16),
        _ => None,
    }
}

/// The items of an array's bytes.
pub(crate) struct Items<'c> {
    kind: u8,
    rest: &'c [u8],
    done: bool,
}

impl<'c> Items<'c> {
    /// Fails for a type that Windows has no arrays of.
    pub(crate) fn new(kind: u8, bytes: &'c [u8]) -> Result<Self, Flaw> {
        let known = fixed_bytes(kind).is_some() || matches!(kind, STRING | ANSI_STRING | SID);
        if !known {
            return Err(Flaw::ValueType(kind | ARRAY));
        }
        Ok(Self { kind, rest: bytes, done: bytes.is_empty() })
    }

    /// Splits off the next item; returns its bytes and how many more belong to its end.
    fn item_bytes(&self) -> (usize, usize) {
        match self.kind {
            STRING => {
                let units = self.rest.as_chunks::<2>().0;
                match units.iter().position(|unit| *unit == [0, 0]) {
                    Some(units) => (units * 2, 2),
                    None => (self.rest.len(), 0),
                }
            }
            ANSI_STRING => match self.rest.iter().position(|byte| *byte == 0) {
                Some(bytes) => (bytes, 1),
                None => (self.rest.len(), 0),
            },
            SID => (sid_bytes(self.rest).min(self.rest.len()), 0),
            kind => (fixed_bytes(kind).unwrap_or(self.rest.len()).min(self.rest.len()), 0),
        }
    }
}

impl<'c> Iterator for Items<'c> {
    type Item = &'c [u8];

    fn next(&mut self) -> Option<&'c [u8]> {
        if self.done {
            return None;
        }
        let (len, end) = self.item_bytes();
        let item = &self.rest[..len];
        self.rest = &self.rest[len + end..];
        // A last item without its end still counts, what follows the last end does not.
        self.done = self.rest.is_empty();
        Some(item)
    }
}

fn head<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Flaw> {
    bytes.first_chunk().copied().ok_or(Flaw::Cut)
}

fn number(value: impl itoa::Integer, out: &mut Buffer) -> Result<Option<Tag>, Flaw> {
    out.push(itoa::Buffer::new().format(value).as_bytes());
    Ok(Some(Tag::Number))
}

/// Windows keeps bit masks in some booleans; they stay the numbers they are.
fn boolean(value: i32, out: &mut Buffer) -> Result<Option<Tag>, Flaw> {
    match value {
        0 => out.push(b"false"),
        1 => out.push(b"true"),
        mask => return number(mask, out),
    }
    Ok(Some(if value == 0 { Tag::False } else { Tag::True }))
}

fn guid(bytes: &[u8; 16], out: &mut Buffer) {
    // The first three parts are little-endian numbers.
    let [a0, a1, a2, a3, b0, b1, c0, c1, d0, d1, e0, e1, e2, e3, e4, e5] = *bytes;
    let parts = [[a3, a2, a1, a0], [b1, b0, c1, c0], [d0, d1, e0, e1], [e2, e3, e4, e5]];
    let [a, bc, de, f] = parts.map(|part| hex(u32::from_be_bytes(part)));
    let mut shown = *b"{00000000-0000-0000-0000-000000000000}";
    shown[1..9].copy_from_slice(&a);
    shown[10..14].copy_from_slice(&bc[..4]);
    shown[15..19].copy_from_slice(&bc[4..]);
    shown[20..24].copy_from_slice(&de[..4]);
    shown[25..29].copy_from_slice(&de[4..]);
    shown[29..37].copy_from_slice(&f);
    out.push_block(shown, shown.len());
}

fn binary(bytes: &[u8], out: &mut Buffer) {
    for byte in bytes {
        let [.., high, low] = hex(u32::from(*byte)).map(|digit| digit.to_ascii_uppercase());
        out.push_block([high, low], 2);
    }
}

fn sid_bytes(bytes: &[u8]) -> usize {
    SID_HEAD_BYTES + 4 * usize::from(bytes.get(1).copied().unwrap_or(0))
}

fn sid(bytes: &[u8], out: &mut Buffer) -> Result<(), Flaw> {
    let bytes = bytes.get(..sid_bytes(bytes)).ok_or(Flaw::Cut)?;
    let [revision, _, a, b, c, d, e, f]: [u8; SID_HEAD_BYTES] = head(bytes)?;
    let authority = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    out.push(b"S-");
    number(revision, out)?;
    out.push(b"-");
    number(authority, out)?;
    for part in bytes[SID_HEAD_BYTES..].as_chunks::<4>().0 {
        out.push(b"-");
        number(u32::from_le_bytes(*part), out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: u8, bytes: &[u8]) -> (Option<Tag>, String) {
        let mut out = Buffer::default();
        let tag = show(kind, bytes, &mut out).unwrap();
        (tag, out.text(0).to_owned())
    }

    #[test]
    fn every_type_shows_as_windows_shows_it() {
        let sid = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
        let guid = [0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe, 8, 9, 10, 11, 12, 13, 14, 15];
        let systemtime = [0xE9, 7, 10, 0, 6, 0, 25, 0, 13, 0, 46, 0, 40, 0, 7, 0];
        for (kind, bytes, text) in [
            (0x01, &b"h\0i\0\0\0"[..], "hi"),
            (0x02, b"caf\xE9\0", "café"),
            (0x0b, &1.5f32.to_le_bytes(), "1.5"),
            (0x0c, &1e300f64.to_le_bytes(), "1e300"),
            (0x0e, &[0, 0xFF, 0x1a], "00FF1A"),
            (0x0f, &guid, "{76543210-ba98-fedc-0809-0a0b0c0d0e0f}"),
            (0x10, &[0xFF, 0, 0, 0], "0xff"),
            (0x10, &[0, 0, 0, 0, 1, 0, 0, 0], "0x100000000"),
            (0x11, &133_000_000_000_000_001u64.to_le_bytes(), "2022-06-18T04:26:40.0000001Z"),
            (0x12, &systemtime, "2025-10-25T13:46:40.0070000Z"),
            (0x13, &sid, "S-1-5-32-544"),
            (0x14, &[0, 0, 0, 0], "0x0"),
            (0x15, &[0xEF, 0xCD, 0xAB, 0, 0, 0, 0, 0x80], "0x8000000000abcdef"),
            (0x20, &[5, 0, 0, 0, 0, 0, 0, 0], "0x5"),
            (0x23, b"<\0a\0/\0>\0", "<a/>"),
        ] {
            assert_eq!(shown(kind, bytes), (Some(Tag::Text), text.to_owned()), "type {kind:#x}");
        }
    }

    #[test]
    fn numbers_and_booleans_keep_their_kind() {
        for (kind, bytes, text) in [
            (0x03, &[0xFF][..], "-1"),
            (0x04, &[0xFF], "255"),
            (0x05, &[0, 0x80], "-32768"),
            (0x06, &[0xFF, 0xFF], "65535"),
            (0x07, &[0, 0, 0, 0x80], "-2147483648"),
            (0x08, &[0xFF; 4], "4294967295"),
            (0x09, &[0xFF; 8], "-1"),
            (0x0a, &[0xFF; 8], "18446744073709551615"),
            (0x0d, &[8, 0, 0, 0], "8"),
        ] {
            assert_eq!(shown(kind, bytes), (Some(Tag::Number), text.to_owned()), "type {kind:#x}");
        }
        assert_eq!(shown(0x0d, &[1, 0, 0, 0]), (Some(Tag::True), "true".to_owned()));
        assert_eq!(shown(0x0d, &[0; 4]), (Some(Tag::False), "false".to_owned()));
    }

    #[test]
    fn what_has_no_bytes_is_no_value() {
        for kind in [0x00, 0x01, 0x02, 0x08, 0x0e, 0x13, 0x21, 0x81, 0x88] {
            assert_eq!(shown(kind, &[]), (None, String::new()), "type {kind:#x}");
        }
        assert_eq!(shown(NULL, &[1, 2, 3]).0, None);
        assert_eq!(shown(STRING, &[0, 0]).0, None);
    }

    #[test]
    fn arrays_fall_apart_into_items() {
        assert_eq!(shown(0x81, b"a\0\0\0\0\0b\0"), (Some(Tag::Text), "a,,b".to_owned()));
        assert_eq!(shown(0x82, b"x\0y\0"), (Some(Tag::Text), "x,y".to_owned()));
        assert_eq!(shown(0x86, &[1, 0, 2, 0]), (Some(Tag::Text), "1,2".to_owned()));
        let two_sids = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 19, 0, 0, 0];
        assert_eq!(shown(0x93, &two_sids), (Some(Tag::Text), "S-1-5-18,S-1-5-19".to_owned()));
    }

    #[test]
    fn short_and_unknown_values_are_flaws() {
        for (kind, bytes) in
            [(0x08, &[1, 2][..]), (0x13, &[1, 9, 0, 0]), (0x8e, &[1]), (0x7f, &[1])]
        {
            assert!(show(kind, bytes, &mut Buffer::default()).is_err(), "type {kind:#x}");
        }
    }
}
