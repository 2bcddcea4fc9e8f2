//! UTF-16 and ANSI bytes to UTF-8, appended to a buffer that is used over and over.

/// What Windows-1252 has where ISO 8859-1 has control characters, from 0x80. Windows does not
/// record which ANSI code page a log was written with; this is the one most tools assume.
const ANSI_80: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// Appends little-endian UTF-16 up to its first NUL; a lone surrogate becomes U+FFFD.
pub(crate) fn utf16(bytes: &[u8], out: &mut Vec<u8>) {
    let units = bytes.as_chunks::<2>().0;
    let start = out.len();
    // Nearly all text is ASCII: narrow all of it blindly, then look whether that was right.
    let (mut bits, mut has_nul) = (0, false);
    out.extend(units.iter().map(|unit| {
        let unit = u16::from_le_bytes(*unit);
        bits |= unit;
        has_nul |= unit == 0;
        unit as u8
    }));
    if bits >= 0x80 {
        out.truncate(start);
        utf16_wide(units, out);
    } else if has_nul {
        let length = out[start..].iter().position(|byte| *byte == 0);
        out.truncate(start + length.unwrap_or(0));
    }
}

fn utf16_wide(units: &[[u8; 2]], out: &mut Vec<u8>) {
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0);
    for read in char::decode_utf16(units) {
        push(read.unwrap_or(char::REPLACEMENT_CHARACTER), out);
    }
}

/// Appends text of the ANSI code page without its NULs.
pub(crate) fn ansi(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes.iter().copied().filter(|byte| *byte != 0) {
        match byte {
            0x80..=0x9F => push(ANSI_80[usize::from(byte - 0x80)], out),
            _ => push(char::from(byte), out),
        }
    }
}

/// Appends one character.
pub(crate) fn push(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Reads back what this file appended.
pub(crate) fn str(out: &[u8]) -> &str {
    std::str::from_utf8(out).expect("only whole characters are appended")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_units(units: &[u16]) -> String {
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let mut out = b"before ".to_vec();
        utf16(&bytes, &mut out);
        str(&out).to_owned()
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
    fn an_odd_byte_at_the_end_is_no_character() {
        let mut out = Vec::new();
        utf16(b"a\0b", &mut out);
        assert_eq!(str(&out), "a");
    }

    #[test]
    fn ansi_is_windows_1252() {
        let mut out = Vec::new();
        ansi(b"caf\xE9 \x80\0\x9Fx", &mut out);
        assert_eq!(str(&out), "café €Ÿx");
    }
}
