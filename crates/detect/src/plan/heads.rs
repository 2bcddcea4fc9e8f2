//! A list that is looked up by the first bits of hashes: two reads lead to the few that have them.

/// A list in the order of its hashes.
#[derive(Debug)]
pub(super) struct ByHead<T> {
    list: Vec<T>,
    /// By the first bits of a hash: where those begin in the list.
    starts: Vec<u32>,
    shift: u32,
}

impl<T> ByHead<T> {
    /// Takes what is to be found by a hash, whose first bits must be its best.
    pub(super) fn new(mut list: Vec<T>, hash: impl Fn(&T) -> u32) -> Self {
        list.sort_by_key(&hash);
        let bits = list.len().next_power_of_two().ilog2().max(1);
        let shift = u32::BITS - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for (at, item) in (0..).zip(&list) {
            starts.resize((hash(item) >> shift) as usize + 1, at);
        }
        // The texts of all rules are bounded far below 4 G.
        starts.resize((1 << bits) + 1, u32::try_from(list.len()).unwrap_or(u32::MAX));
        Self { list, starts, shift }
    }

    /// Returns those whose hash may be this one, and a few others with them.
    pub(super) fn alike(&self, hash: u32) -> &[T] {
        let head = (hash >> self.shift) as usize;
        &self.list[self.starts[head] as usize..self.starts[head + 1] as usize]
    }

    /// Returns whether the list is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_the_list_is_found_by_its_hash() {
        let hash = |number: &u32| number.wrapping_mul(0x9E37_79B1);
        for count in [0, 1, 2, 3, 7, 64, 1000] {
            let list = ByHead::new((0..count).collect(), hash);
            assert_eq!(list.is_empty(), count == 0);
            for number in 0..count {
                assert!(list.alike(hash(&number)).contains(&number), "{number} of {count}");
            }
            assert!(!list.alike(hash(&count)).contains(&count));
            assert!(list.alike(u32::MAX).len() + list.alike(0).len() <= count as usize);
        }
    }
}
