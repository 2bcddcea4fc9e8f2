//! Networks: nested or disjoint, never crossing, so that one binary search and a short climb from
//! the narrowest to the widest finds every network around an address.

use super::note::Meta;

/// No wider network lies around this one.
const NONE: u32 = u32::MAX;
/// One bit for every beginning of 16 bits.
const REGION_WORDS: usize = (1 << 16) / 64;

#[derive(Clone, Copy, Debug)]
struct Row<A> {
    first: A,
    last: A,
    meta: Meta,
    /// The next wider network around this one.
    around: u32,
}

/// Networks of one family, `A` being its addresses as numbers.
#[derive(Clone, Debug)]
pub(crate) struct Nets<A> {
    rows: Vec<Row<A>>,
    /// Regions (by the address's first 16 bits) that some network touches.
    regions: Vec<u64>,
}

impl<A> Default for Nets<A> {
    fn default() -> Self {
        Self { rows: Vec::new(), regions: Vec::new() }
    }
}

impl<A: Copy + Ord> Nets<A> {
    /// Adds the network from `first` to `last`.
    pub(crate) fn push(&mut self, first: A, last: A, meta: Meta) {
        self.rows.push(Row { first, last, meta, around: NONE });
    }

    /// Sorts the rows, drops those that say what an earlier one says, and returns how many.
    /// `region` gives the first 16 bits of an address.
    pub(crate) fn seal(
        &mut self,
        same: impl Fn(Meta, Meta) -> bool,
        region: impl Fn(A) -> u16,
    ) -> u64 {
        self.rows.sort_unstable_by(|a, b| {
            a.first.cmp(&b.first).then(b.last.cmp(&a.last)).then(b.meta.cmp(&a.meta))
        });
        let before = self.rows.len();
        self.rows.dedup_by(|later, earlier| {
            (later.first, later.last) == (earlier.first, earlier.last)
                && same(later.meta, earlier.meta)
        });
        self.rows.shrink_to_fit();
        self.nest();
        self.regions = if self.rows.is_empty() { Vec::new() } else { vec![0; REGION_WORDS] };
        for row in &self.rows {
            for region in region(row.first)..=region(row.last) {
                self.regions[usize::from(region >> 6)] |= 1 << (region & 63);
            }
        }
        (before - self.rows.len()) as u64
    }

    /// Links every network to the next wider one, which comes before it.
    fn nest(&mut self) {
        let mut open: Vec<u32> = Vec::new();
        for at in 0..self.rows.len() {
            let first = self.rows[at].first;
            while open.last().is_some_and(|wider| self.rows[*wider as usize].last < first) {
                open.pop();
            }
            self.rows[at].around = open.last().copied().unwrap_or(NONE);
            open.push(u32::try_from(at).unwrap_or(NONE));
        }
    }

    /// Returns false when no network lies near the address, whose first 16 bits are `region`.
    #[inline]
    pub(crate) fn may_contain(&self, region: u64) -> bool {
        let word = self.regions.get((region >> 6) as usize);
        word.is_some_and(|word| word & (1 << (region & 63)) != 0)
    }

    /// Returns the rows of the networks around an address, narrowest first.
    pub(crate) fn around(&self, address: A) -> impl Iterator<Item = usize> {
        let after = self.rows.partition_point(|row| row.first <= address);
        let mut next = after.checked_sub(1);
        std::iter::from_fn(move || {
            let at = next?;
            let around = self.rows[at].around;
            next = (around != NONE).then_some(around as usize);
            Some(at)
        })
        .filter(move |at| self.rows[*at].last >= address)
    }

    /// Returns the first and last address of a row.
    pub(crate) fn bounds(&self, row: usize) -> (A, A) {
        (self.rows[row].first, self.rows[row].last)
    }

    /// Returns what is known about a row.
    pub(crate) fn meta(&self, row: usize) -> Meta {
        self.rows[row].meta
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the bytes it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row<A>>() + self.regions.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(list: &[(u32, u32)]) -> Nets<u32> {
        let mut nets = Nets::default();
        for (note, (first, last)) in (0..).zip(list) {
            nets.push(*first, *last, Meta::new(note, 0));
        }
        nets.seal(|_, _| false, |address| (address >> 16) as u16);
        nets
    }

    #[test]
    fn the_narrowest_comes_first() {
        let nets = nets(&[(0, 0xFFFF), (0x100, 0x1FF), (0x100, 0x10F), (0x200, 0x2FF)]);
        let around = |address| -> Vec<u32> {
            nets.around(address).map(|row| nets.meta(row).note()).collect()
        };
        assert_eq!(around(0x105), [2, 1, 0]);
        assert_eq!(around(0x150), [1, 0]);
        assert_eq!(around(0x200), [3, 0]);
        assert_eq!(around(0x300), [0]);
        assert!(around(0x1_0000).is_empty());
        assert!(nets.may_contain(0) && !nets.may_contain(1));
        assert!(Nets::<u128>::default().around(7).next().is_none());
        assert!(!Nets::<u128>::default().may_contain(0));
    }
}
