//! A place in the log: one number that only grows.

use std::fmt;

const WITHIN_BITS: u32 = 32;

/// A place in the log: segment number and byte within it, in one integer that grows along the
/// log and fits an `i64` column. `Offset::START` is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(u64);

impl Offset {
    /// Before the first frame of any log.
    pub const START: Self = Self(0);

    pub(crate) const fn new(segment: u32, within: u32) -> Self {
        Self((segment as u64) << WITHIN_BITS | within as u64)
    }

    /// Returns the integer to store.
    pub const fn to_i64(self) -> i64 {
        self.0.cast_signed()
    }

    /// Returns the offset that was stored as `value`; a negative number means the start.
    pub const fn from_i64(value: i64) -> Self {
        if value < 0 { Self::START } else { Self(value.cast_unsigned()) }
    }

    pub(crate) const fn segment(self) -> u32 {
        (self.0 >> WITHIN_BITS) as u32
    }

    pub(crate) const fn within(self) -> u32 {
        (self.0 & u32::MAX as u64) as u32
    }

    pub(crate) const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment(), self.within())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_along_the_log_and_survives_a_column() {
        let places = [(0, 0), (1, 0), (1, 32), (1, u32::MAX), (2, 0), (i32::MAX as u32, u32::MAX)];
        let offsets = places.map(|(segment, within)| Offset::new(segment, within));
        assert!(offsets.is_sorted());
        for (offset, (segment, within)) in offsets.into_iter().zip(places) {
            assert_eq!(Offset::from_i64(offset.to_i64()), offset);
            assert_eq!((offset.segment(), offset.within()), (segment, within));
        }
        assert_eq!(Offset::from_i64(-1), Offset::START);
    }
}
