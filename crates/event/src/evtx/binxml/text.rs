//! UTF-16 and ANSI bytes to UTF-8, appended to a buffer that is used over and over.

use crate::buffer::Buffer;

/// What Windows-1252 has where ISO 8859-1 has control characters, from 0x80. Windows does not
/// record which ANSI code page a log was written with; this is the one most tools assume.
const ANSI_80: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// Units narrowed at a time.
const BLOCK_UNITS: usize = 16;

/// Appends little-endian UTF-16 up to its first NUL; a lone surrogate becomes U+FFFD.
pub(crate) fn utf16(bytes: &[u8], out: &mut Buffer) {
    let units = bytes.as_chunks().0;
    // Nearly all text is ASCII: narrow all of it blindly, then look whether that was right. What
    // whole blocks leave over is the end of a block that overlaps the one before it.
    let room = &mut out.room(units.len())[..units.len()];
    let whole = units.len() - units.len() % BLOCK_UNITS;
    let mut seen = narrow(&units[..whole], &mut room[..whole]);
    if whole < units.len() {
        let last = units.len().saturating_sub(BLOCK_UNITS);
        seen |= narrow(&units[last..], &mut room[last..]);
    }
    if seen < 0x80 {
        out.fill(units.len());
    } else {
        utf16_other(units, out);
    }
}

/// Drops the upper half of every unit. Returns 0x80 or more if one is no ASCII character, or NUL.
fn narrow(units: &[[u8; 2]], out: &mut [u8]) -> u16 {
    let mut seen = 0;
    for (unit, out) in units.iter().zip(out) {
        let unit = u16::from_le_bytes(*unit);
        seen |= unit | unit.wrapping_sub(1);
        *out = unit as u8;
    }
    seen
}

/// Appends text that is not all ASCII, or ends before its last unit.
fn utf16_other(units: &[[u8; 2]], out: &mut Buffer) {
    let first = |units: &[[u8; 2]], is_it: fn(u16) -> bool| {
        let found = units.iter().position(|unit| is_it(u16::from_le_bytes(*unit)));
        found.unwrap_or(units.len())
    };
    let mut rest = &units[..first(units, |unit| unit == 0)];
    while !rest.is_empty() {
        // Long stretches of it are ASCII all the same. No character stands across their ends.
        let (plain, other) = rest.split_at(first(rest, |unit| unit >= 0x80));
        let (other, behind) = other.split_at(first(other, |unit| unit < 0x80));
        narrow(plain, out.room(plain.len()));
        out.fill(plain.len());
        let other = other.iter().map(|unit| u16::from_le_bytes(*unit));
        for read in char::decode_utf16(other) {
            out.push_char(read.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        rest = behind;
    }
}

/// Appends text of the ANSI code page without its NULs.
pub(crate) fn ansi(bytes: &[u8], out: &mut Buffer) {
    for byte in bytes.iter().copied().filter(|byte| *byte != 0) {
        match byte {
            0x80..=0x9F => out.push_char(ANSI_80[usize::from(byte - 0x80)]),
            _ => out.push_char(char::from(byte)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_units(units: &[u16]) -> String {
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let mut out = Buffer::default();
        out.push(b"before ");
        utf16(&bytes, &mut out);
        out.text(0).to_owned()
    }

    #[test]
    fn utf16_ends_at_its_nul_and_replaces_lone_surrogates() {
        let viet: Vec<u16> = "Nguyễn 😀".encode_utf16().collect();
        assert_eq!(from_units(&viet), "before Nguyễn 😀");
        for (units, expected) in [
            (&[][..], "before "),
            (&[0x61, 0x62], "before ab"),
            (&[0x61, 0], "before a"),
            (&[0x61, 0, 0x62, 0], "before a"),
            (&[0x1EC5, 0, 0x62], "before ễ"),
            (&[0xD800, 0x61], "before \u{FFFD}a"),
            (&[0xDC00], "before \u{FFFD}"),
        ] {
            assert_eq!(from_units(units), expected);
        }
    }

    #[test]
    fn text_of_every_length_is_read_whole() {
        let units: Vec<u16> = (b'a'..=b'z').cycle().take(70).map(u16::from).collect();
        for len in 0..units.len() {
            let read = format!("before {}", String::from_utf16(&units[..len]).unwrap());
            assert_eq!(from_units(&units[..len]), read);
            // What is special about a unit counts wherever it stands.
            for special in [0, 0x80, 0xFF, 0x100, 0x7F] {
                let mut units = units[..=len].to_vec();
                units[len / 2] = special;
                let text = String::from_utf16(&units).unwrap();
                let text = text.split('\0').next().unwrap();
                assert_eq!(from_units(&units), format!("before {text}"));
            }
        }
    }

    #[test]
    fn an_odd_byte_at_the_end_is_no_character() {
        let mut out = Buffer::default();
        utf16(b"a\0b", &mut out);
        assert_eq!(out.text(0), "a");
    }

    #[test]
    fn ansi_is_windows_1252() {
        let mut out = Buffer::default();
        ansi(b"caf\xE9 \x80\0\x9Fx", &mut out);
        assert_eq!(out.text(0), "café €Ÿx");
    }
}
