//! Numbers to digits, for hexadecimal numbers, GUIDs and times: as many digits in one step as a
//! register holds, because many values of an event are such.

use crate::buffer::Buffer;

/// Eight times the digit 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The two digits of every number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Returns the last two decimal digits.
pub(crate) fn two(value: u32) -> [u8; 2] {
    PAIRS[(value % 100) as usize]
}

/// Returns the last four decimal digits.
pub(crate) fn four(value: u32) -> [u8; 4] {
    let ([a, b], [c, d]) = (two(value / 100), two(value));
    [a, b, c, d]
}

/// Returns all hexadecimal digits, in lower case.
pub(crate) fn hex(value: u32) -> [u8; 8] {
    // Every digit in a byte of its own.
    let mut digits = u64::from(value);
    digits = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF;
    digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF;
    digits = (digits | digits << 4) & 0x0F0F_0F0F_0F0F_0F0F;
    // From ten on, six more reach the next sixteen.
    let is_letter = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    const TO_LETTER: u64 = (b'a' - b'0' - 10) as u64;
    (digits + ZEROS + is_letter * TO_LETTER).to_be_bytes()
}

/// Appends a hexadecimal number as Windows shows it.
pub(crate) fn hex_number(value: u64, out: &mut Buffer) {
    let digits = (64 - value.leading_zeros()).div_ceil(4).max(1);
    // The first digit goes to the front.
    let value = value << (64 - 4 * digits);
    out.push_block(*b"0x", 2);
    out.push_block(hex((value >> 32) as u32), digits as usize);
    if digits > 8 {
        out.push_block(hex(value as u32), digits as usize - 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_standard_library() {
        let mut value: u64 = 0;
        // Every length comes up: a number doubles in some 23 steps.
        while value < u64::MAX / 2 {
            let low = value as u32;
            assert_eq!(hex(low), *format!("{low:08x}").as_bytes());
            assert_eq!(four(low), *format!("{:04}", low % 10_000).as_bytes());
            assert_eq!(two(low), *format!("{:02}", low % 100).as_bytes());
            let mut out = Buffer::default();
            hex_number(value, &mut out);
            assert_eq!(out.text(0), format!("0x{value:x}"));
            value += (value >> 5) + 1;
        }
    }
}
