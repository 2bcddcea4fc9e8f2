//! 64-bit hashes of texts, a part at a time, without regard to ASCII case where asked.
//!
//! The hash has no secret: whoever chooses values so that they collide gains a look into sorted
//! rows instead of none, and that look is bounded by the logarithm of their number.

const K: u64 = 0x9E37_79B9_7F4A_7C15;
const L: u64 = 0xD6E8_FEB8_6659_FD93;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Where a chain of parts begins.
pub(crate) const START: u64 = 0x243F_6A88_85A3_08D3;

/// Multiplies to 128 bits and folds the halves: every bit of the product depends on many.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    let low = product as u64;
    low ^ (product >> 64) as u64
}

/// Spreads a number over all bits.
pub(crate) fn spread(number: u64) -> u64 {
    fold(number ^ K, L)
}

/// Returns the hash of a chain so far with one more part.
pub(crate) fn chain(so_far: u64, part: u64) -> u64 {
    fold(so_far ^ part, K)
}

/// Returns the hash of a part, byte for byte.
pub(crate) fn exact(bytes: &[u8]) -> u64 {
    part(bytes, |word| word)
}

/// Returns the hash of a part; `A` to `Z` count as `a` to `z`.
pub(crate) fn folded(bytes: &[u8]) -> u64 {
    part(bytes, lower)
}

fn part(bytes: &[u8], each: impl Fn(u64) -> u64) -> u64 {
    let mut hash = fold(bytes.len() as u64 ^ L, K);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = fold(hash ^ each(u64::from_le_bytes(*word)), L);
    }
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte));
        hash = fold(hash ^ each(word), L);
    }
    hash
}

/// Lowers eight ASCII letters at once; other bytes stay.
fn lower(word: u64) -> u64 {
    let low_bits = word & !HIGH;
    let from_a = low_bits + (0x80 - u64::from(b'A')) * ONES;
    let after_z = low_bits + (0x7F - u64::from(b'Z')) * ONES;
    let upper = !word & (from_a ^ after_z) & HIGH;
    word | (upper >> 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_dropped_for_ascii_letters_only() {
        let all: Vec<u8> = (0..=255).collect();
        for chunk in all.chunks(8) {
            let word = u64::from_le_bytes(chunk.try_into().unwrap());
            let expected: Vec<u8> = chunk.iter().map(u8::to_ascii_lowercase).collect();
            assert_eq!(lower(word).to_le_bytes().to_vec(), expected);
        }
        assert_eq!(folded(b"Evil.EXAMPLE"), folded(b"evil.example"));
        assert_ne!(exact(b"Evil"), exact(b"evil"));
        assert_eq!(exact(b"evil"), folded(b"EVIL"));
    }

    #[test]
    fn length_and_order_count() {
        let hashes: Vec<u64> =
            ["", "\0", "\0\0", "a", "ab", "ba", "abcdefgh", "abcdefgh\0", "abcdefghi"]
                .map(|text| exact(text.as_bytes()))
                .to_vec();
        for (i, one) in hashes.iter().enumerate() {
            assert!(!hashes[i + 1..].contains(one), "{i}");
        }
        assert_ne!(chain(chain(START, 1), 2), chain(chain(START, 2), 1));
    }
}
