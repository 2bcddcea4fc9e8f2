//! Base64 and UTF-16, bit by bit.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Returns the digits of six bits each that these bytes make; the last is filled up with zeros.
fn digits(bytes: &[u8]) -> String {
    let bits: Vec<u8> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let digit = |six: &[u8]| {
        let value = (0..6).fold(0, |sum, bit| sum * 2 + six.get(bit).copied().unwrap_or(0));
        char::from(ALPHABET[usize::from(value)])
    };
    bits.chunks(6).map(digit).collect()
}

/// `base64`: "The value is encoded with Base64."
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut encoded = digits(bytes);
    while !encoded.len().is_multiple_of(4) {
        encoded.push('=');
    }
    encoded
}

/// `base64offset`: "three variants for shifts by zero to two bytes", of which the digits count that
/// hold nothing but bits of the value.
pub(crate) fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    let shifted = |shift: usize| {
        let all = digits(&[vec![0; shift], bytes.to_vec()].concat());
        let (first, end) = ((shift * 8).div_ceil(6), (shift + bytes.len()) * 8 / 6);
        all.get(first..end).unwrap_or_default().to_owned()
    };
    (0..3).map(shifted).collect()
}

/// `utf16le`, `utf16be`: two bytes for each unit, the low or the high one first; `utf16` puts a byte
/// order mark before the former; `wide` is `utf16le`.
pub(crate) fn utf16(text: &str, modifier: &str) -> Vec<u8> {
    let marked = if modifier == "utf16" { format!("\u{feff}{text}") } else { text.to_owned() };
    let bytes = |unit: u16| match modifier {
        "utf16be" => [(unit >> 8) as u8, unit as u8],
        _ => [unit as u8, (unit >> 8) as u8],
    };
    marked.encode_utf16().flat_map(bytes).collect()
}
