//! Values of a fixed width (hashes, addresses) as sorted rows: no pointers, no table beside them.

use std::ops::Range;

use super::bloom::Bloom;
use super::mix;
use super::note::Meta;

/// Rows that one step of the index leads to, on average.
const ROWS_PER_STEP: usize = 16;

/// Where rows with a given beginning lie, for rows sorted by a 32-bit key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    /// Bits of the key that choose a step.
    bits: u32,
    starts: Vec<u32>,
}

impl Steps {
    /// Returns the steps over keys in rising order.
    pub(crate) fn over(keys: impl ExactSizeIterator<Item = u32>) -> Self {
        let rows = keys.len();
        if rows == 0 {
            return Self::default();
        }
        let bits = (rows / ROWS_PER_STEP).max(2).ilog2();
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for (row, key) in (0u32..).zip(keys) {
            while starts.len() <= (key >> (32 - bits)) as usize {
                starts.push(row);
            }
        }
        starts.resize((1 << bits) + 1, u32::try_from(rows).unwrap_or(u32::MAX));
        Self { bits, starts }
    }

    /// Returns the rows among which those with this key lie.
    pub(crate) fn rows(&self, key: u32) -> Range<usize> {
        if self.starts.is_empty() {
            return 0..0;
        }
        let step = (key >> (32 - self.bits)) as usize;
        self.starts[step] as usize..self.starts[step + 1] as usize
    }

    /// Returns the bytes it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.starts.capacity() * size_of::<u32>()
    }
}

/// A value and what is known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row<const W: usize> {
    pub(crate) value: [u8; W],
    pub(crate) meta: Meta,
}

/// Values of one kind. Rows are pushed, then sealed, then asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digests<const W: usize> {
    rows: Vec<Row<W>>,
    steps: Steps,
    bloom: Bloom,
}

impl<const W: usize> Digests<W> {
    /// Adds a value.
    pub(crate) fn push(&mut self, value: [u8; W], meta: Meta) {
        self.rows.push(Row { value, meta });
    }

    /// Sorts the rows, drops those that say what an earlier one says, and returns how many.
    pub(crate) fn seal(&mut self, same: impl Fn(Meta, Meta) -> bool) -> u64 {
        // Values nearly always differ in their first eight bytes.
        self.rows
            .sort_unstable_by(|a, b| head(&a.value).cmp(&head(&b.value)).then_with(|| a.cmp(b)));
        let before = self.rows.len();
        self.rows.dedup_by(|later, earlier| {
            later.value == earlier.value && same(later.meta, earlier.meta)
        });
        self.rows.shrink_to_fit();
        self.steps = Steps::over(self.rows.iter().map(|row| key(&row.value)));
        self.bloom = Bloom::for_keys(self.rows.len());
        for row in &self.rows {
            self.bloom.insert(mix::spread(head(&row.value)));
        }
        (before - self.rows.len()) as u64
    }

    /// Returns false when no value begins with these bytes: the first eight, or all when the value
    /// is shorter, as [`head`] reads them.
    #[inline]
    pub(crate) fn may_contain(&self, head: u64) -> bool {
        self.bloom.may_contain(mix::spread(head))
    }

    /// Returns the rows of a value.
    pub(crate) fn find(&self, value: &[u8; W]) -> Range<usize> {
        let near = self.steps.rows(key(value));
        let rows = &self.rows[near.clone()];
        let first = rows.partition_point(|row| row.value < *value);
        let count = rows[first..].partition_point(|row| row.value == *value);
        near.start + first..near.start + first + count
    }

    /// Returns the row.
    pub(crate) fn row(&self, row: usize) -> &Row<W> {
        &self.rows[row]
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the bytes it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        let rows = self.rows.capacity() * size_of::<Row<W>>();
        rows + self.steps.size_bytes() + self.bloom.size_bytes()
    }
}

/// Returns the first eight bytes as a number; a shorter value counts as if zeros came before it.
#[inline]
pub(crate) fn head(value: &[u8]) -> u64 {
    if let Some(first) = value.first_chunk() {
        return u64::from_be_bytes(*first);
    }
    value.iter().fold(0, |head, byte| (head << 8) | u64::from(*byte))
}

fn key(value: &[u8]) -> u32 {
    value.iter().take(4).fold(0, |key, byte| (key << 8) | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(note: u32) -> Meta {
        Meta::new(note, 0)
    }

    #[test]
    fn values_are_found_among_their_neighbours() {
        for count in [0u32, 1, 2, 31, 32, 33, 5_000] {
            let mut digests = Digests::<4>::default();
            // Odd numbers of a narrow region and of the whole range.
            for n in 0..count {
                digests.push((2 * n + 1).to_be_bytes(), meta(1));
                digests.push((n.wrapping_mul(0x9E37_79B9) | 1).to_be_bytes(), meta(2));
            }
            digests.seal(|_, _| false);
            assert_eq!(digests.len(), 2 * count as usize);
            for n in 0..count {
                for value in [2 * n + 1, n.wrapping_mul(0x9E37_79B9) | 1].map(u32::to_be_bytes) {
                    assert!(digests.may_contain(head(&value)));
                    let found = digests.find(&value);
                    assert!(!found.is_empty());
                    assert!(found.clone().all(|row| digests.row(row).value == value));
                }
                assert!(digests.find(&(2 * n).to_be_bytes()).is_empty());
            }
        }
    }

    #[test]
    fn the_same_said_twice_stays_once() {
        let mut digests = Digests::<16>::default();
        for note in [3, 1, 1, 2] {
            digests.push([7; 16], meta(note));
        }
        assert_eq!(digests.seal(|a, b| a == b), 1);
        let notes: Vec<u32> =
            digests.find(&[7; 16]).map(|row| digests.row(row).meta.note()).collect();
        assert_eq!(notes, [1, 2, 3]);
    }
}
