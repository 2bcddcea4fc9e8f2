//! "Surely not here": a blocked Bloom filter, one cache line per question.
//!
//! About ten bits a key; one in a hundred strangers passes and is told apart by the exact table
//! behind it.

/// Bits per key, before rounding up to whole blocks.
const BITS_PER_KEY: usize = 10;
/// 64-bit words of a block, which is a cache line.
const WORDS: usize = 8;
/// Bits that a key sets within its block.
const BITS_SET: usize = 5;

#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
struct Block([u64; WORDS]);

/// A set that may say yes to a stranger and never says no to a member.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bloom {
    blocks: Vec<Block>,
}

impl Bloom {
    /// Returns an empty filter for so many keys.
    pub(crate) fn for_keys(keys: usize) -> Self {
        let blocks = (keys * BITS_PER_KEY).div_ceil(WORDS * 64);
        Self { blocks: vec![Block::default(); blocks] }
    }

    /// Adds a key. The filter must have been made for at least one.
    pub(crate) fn insert(&mut self, hash: u64) {
        let at = self.block(hash);
        for (word, bit) in places(hash) {
            self.blocks[at].0[word] |= bit;
        }
    }

    /// Returns false when the key is surely not in the set.
    #[inline]
    pub(crate) fn may_contain(&self, hash: u64) -> bool {
        if self.blocks.is_empty() {
            return false;
        }
        let block = &self.blocks[self.block(hash)].0;
        // All bits at once: one branch, nearly always the same way, so that the processor goes on
        // to the next question while this line is still on its way from memory.
        places(hash).fold(0, |missing, (word, bit)| missing | (bit & !block[word])) == 0
    }

    /// Returns the bytes it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<Block>()
    }

    /// The upper half of the hash chooses the block, the lower 45 bits the bits within it.
    #[inline]
    fn block(&self, hash: u64) -> usize {
        (((hash >> 32) * self.blocks.len() as u64) >> 32) as usize
    }
}

#[inline]
fn places(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    // Block and bits must not speak of the same part of the hash.
    let bits = hash.wrapping_mul(0x9FB2_1C65_1E98_DF25) >> (64 - 9 * BITS_SET);
    (0..BITS_SET).map(move |nth| {
        let place = (bits >> (9 * nth)) & 0x1FF;
        ((place >> 6) as usize % WORDS, 1 << (place & 63))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ioc::mix::spread;

    #[test]
    fn members_always_pass_and_strangers_rarely() {
        let keys = 100_000;
        let mut bloom = Bloom::for_keys(keys);
        (0..keys as u64).for_each(|key| bloom.insert(spread(key)));
        assert!((0..keys as u64).all(|key| bloom.may_contain(spread(key))));
        let strangers =
            (keys as u64..2 * keys as u64).filter(|key| bloom.may_contain(spread(*key)));
        let share = strangers.count() as f64 / keys as f64;
        assert!(share < 0.02, "{share}");
        assert!(!Bloom::default().may_contain(1));
    }
}
