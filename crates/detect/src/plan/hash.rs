//! A hash that is blind to the case of ASCII letters, so that values need no folded copy.
//!
//! It also confuses a few other characters (`@` and backquote); whoever finds something by it
//! compares the texts afterwards. Only rules choose what is stored, so that values cannot make
//! buckets long.

use std::collections::HashMap;

use foldhash::fast::FixedState;

const BLIND: u64 = 0x2020_2020_2020_2020;
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Places of literals by the hash of their texts.
#[derive(Clone, Debug, Default)]
pub(super) struct ByHash {
    places: HashMap<u64, Vec<u32>, FixedState>,
}

impl ByHash {
    pub(super) fn insert(&mut self, text: &[u8], place: u32) {
        self.places.entry(blind_hash(text)).or_default().push(place);
    }

    pub(super) fn get(&self, text: &[u8]) -> &[u32] {
        self.places.get(&blind_hash(text)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

fn blind_hash(text: &[u8]) -> u64 {
    let (chunks, rest) = text.as_chunks::<8>();
    let mut hash = (text.len() as u64).wrapping_mul(MIX);
    for chunk in chunks {
        hash = mixed(hash, u64::from_le_bytes(*chunk));
    }
    let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    mixed(hash, last)
}

fn mixed(hash: u64, word: u64) -> u64 {
    let product = (hash ^ (word | BLIND)).wrapping_mul(MIX);
    product ^ (product >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_count_and_length_does() {
        assert_eq!(blind_hash(b"\\PowerShell.EXE"), blind_hash(b"\\powershell.exe"));
        assert_ne!(blind_hash(b"a"), blind_hash(b"a "));
        assert_ne!(blind_hash(b"cmd.exe"), blind_hash(b"cmd.exf"));
    }
}
