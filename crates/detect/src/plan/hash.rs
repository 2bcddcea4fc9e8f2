//! A hash that is blind to the case of ASCII letters, so that values need no folded copy.
//!
//! It also confuses a few other characters (`@` and backquote); whoever finds something by it
//! compares the texts afterwards. Only rules choose what is stored, so that values cannot make
//! buckets long.

use super::heads::ByHead;

const BLIND: u64 = 0x2020_2020_2020_2020;
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Places of literals by the hash of their texts.
#[derive(Debug)]
pub(super) struct ByHash(ByHead<(u64, u32)>);

impl ByHash {
    /// Files places under their texts.
    pub(super) fn new<'t>(texts: impl Iterator<Item = (&'t [u8], u32)>) -> Self {
        let hashed = texts.map(|(text, place)| (blind_hash(text), place)).collect();
        Self(ByHead::new(hashed, |(hash, _)| head(*hash)))
    }

    /// Returns the places whose text may be this one.
    pub(super) fn get(&self, text: &[u8]) -> impl Iterator<Item = u32> {
        let wanted = blind_hash(text);
        let alike = self.0.alike(head(wanted)).iter();
        alike.filter(move |(hash, _)| *hash == wanted).map(|(_, place)| *place)
    }

    /// Returns whether nothing is filed.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn head(hash: u64) -> u32 {
    (hash >> 32) as u32
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
