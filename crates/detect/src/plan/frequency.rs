//! How common a piece of a text is: in the texts that are sought, and in what every log is full of.

use std::sync::LazyLock;

use super::grams::{gram, spread};
use super::witness::COMMONPLACE;

/// How much a piece of what every log is full of counts, in texts that hold it.
const COMMONPLACE_WEIGHT: u32 = 8;

/// Counts of pieces by hash. Those that share a place look more common than they are, which only
/// makes others preferred.
#[derive(Debug)]
pub(super) struct Common {
    counts: Vec<u32>,
    shift: u32,
}

impl Common {
    fn of<'t>(texts: impl Iterator<Item = &'t [u8]> + Clone, size: usize) -> Self {
        let pieces: usize = texts.clone().map(|text| text.len().saturating_sub(size - 1)).sum();
        let bits = (2 * pieces).next_power_of_two().ilog2().max(1);
        let mut common = Self { counts: vec![0; 1 << bits], shift: u32::BITS - bits };
        for piece in texts.flat_map(|text| text.windows(size)) {
            let place = common.place(gram(piece));
            common.counts[place] += 1;
        }
        common
    }

    fn place(&self, piece: u32) -> usize {
        (spread(piece) >> self.shift) as usize
    }

    fn count(&self, piece: u32) -> u32 {
        self.counts[self.place(piece)]
    }
}

/// Weighs the pieces of one size of some texts.
#[derive(Debug)]
pub(super) struct Weights {
    sought: Common,
    everywhere: &'static Common,
}

impl Weights {
    /// Counts the pieces of the texts.
    pub(super) fn new<'t>(texts: impl Iterator<Item = &'t [u8]> + Clone, size: usize) -> Self {
        static BY_SIZE: [LazyLock<Common>; 2] =
            [LazyLock::new(|| commonplace(3)), LazyLock::new(|| commonplace(4))];
        let everywhere = &BY_SIZE[usize::from(size > 3)];
        Self { sought: Common::of(texts, size), everywhere }
    }

    /// Returns how common a piece is.
    pub(super) fn of(&self, piece: &[u8]) -> u32 {
        let piece = gram(piece);
        self.sought.count(piece) + COMMONPLACE_WEIGHT * self.everywhere.count(piece)
    }
}

fn commonplace(size: usize) -> Common {
    Common::of(std::iter::once(COMMONPLACE.as_bytes()), size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_texts_hold_weighs_more() {
        let texts: [&[u8]; 3] = [b"\\zqzqz", b"zqzqxx", b"windows"];
        for size in [3, 4] {
            let weights = Weights::new(texts.iter().copied(), size);
            assert!(weights.of(&b"zqzq"[..size]) > weights.of(&b"qxxx"[..size]), "{size}");
            assert!(weights.of(&b"wind"[..size]) > weights.of(&b"zqzq"[..size]), "{size}");
        }
    }
}
