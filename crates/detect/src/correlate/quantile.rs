//! Percentiles of many numbers: exactly by sorting while they are few, then from a sketch whose
//! answer is at most 1 % off (bins that grow by a constant factor, as in DDSketch).
//!
//! A percentile is the nearest rank: the smallest value that at least so many percent of all values
//! do not exceed.

/// How far off an answer may be.
const ACCURACY: f64 = 0.01;
/// What is nearer to zero than this counts as zero.
const SMALLEST: f64 = 1e-6;
/// Larger values share the last bin.
const LARGEST: f64 = 1e24;
/// Puts the bin of the smallest positive number above that of zero.
const BIN_OFFSET: f64 = 1_000.0;
/// No bin is further from that of zero.
pub(crate) const BIN_MAX: i32 = 4_000;
/// All of a percentile, in the unit of [`super::rule::Kind::ValuePercentile`].
const WHOLE: u64 = 100_000;

/// Numbers, by the bin that they fall into, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sketch(pub(crate) Vec<(i32, u32)>);

fn growth_ln() -> f64 {
    ((1.0 + ACCURACY) / (1.0 - ACCURACY)).ln()
}

fn bin(value: f64) -> i32 {
    let size = value.abs();
    if size < SMALLEST {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the largest value")]
    let bin = ((size.min(LARGEST).ln() / growth_ln()).ceil() + BIN_OFFSET) as i32;
    if value < 0.0 { -bin } else { bin }
}

fn middle(bin: i32) -> f64 {
    if bin == 0 {
        return 0.0;
    }
    let upper = ((f64::from(bin.abs()) - BIN_OFFSET) * growth_ln()).exp();
    (upper * (1.0 - ACCURACY)).copysign(f64::from(bin))
}

/// Returns the rank, from one, of a percentile among so many values.
fn rank(thousandths: u32, count: u64) -> u64 {
    (u64::from(thousandths).saturating_mul(count)).div_ceil(WHOLE).clamp(1, count.max(1))
}

impl Sketch {
    /// Adds a number.
    pub(crate) fn add(&mut self, value: f64) {
        self.add_bin(bin(value), 1);
    }

    fn add_bin(&mut self, bin: i32, count: u32) {
        match self.0.binary_search_by_key(&bin, |(bin, _)| *bin) {
            Ok(position) => self.0[position].1 = self.0[position].1.saturating_add(count),
            Err(position) => self.0.insert(position, (bin, count)),
        }
    }

    fn percentile(&self, thousandths: u32) -> Option<f64> {
        let count = self.0.iter().map(|(_, count)| u64::from(*count)).sum();
        let mut left = rank(thousandths, count);
        for (bin, count) in &self.0 {
            if left <= u64::from(*count) {
                return Some(middle(*bin));
            }
            left -= u64::from(*count);
        }
        None
    }

    /// Returns the bytes it takes beside itself.
    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(i32, u32)>()
    }
}

/// Returns the percentile of several sketches and of loose numbers together.
pub(crate) fn percentile<'s>(
    thousandths: u32,
    sketches: impl Iterator<Item = &'s Sketch>,
    loose: impl Iterator<Item = f64>,
) -> Option<f64> {
    let mut values: Vec<f64> = loose.collect();
    let mut sketches = sketches.peekable();
    if sketches.peek().is_none() {
        values.sort_unstable_by(f64::total_cmp);
        let position = usize::try_from(rank(thousandths, values.len() as u64) - 1).ok()?;
        return values.get(position).copied();
    }
    let mut all = Sketch::default();
    for (bin, count) in sketches.flat_map(|sketch| &sketch.0) {
        all.add_bin(*bin, *count);
    }
    values.iter().for_each(|value| all.add(*value));
    all.percentile(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rank_is_taken() {
        let values = [15.0, 20.0, 35.0, 40.0, 50.0];
        for (percent, expected) in
            [(0, 15.0), (5, 15.0), (30, 20.0), (40, 20.0), (50, 35.0), (100, 50.0)]
        {
            let got = percentile(percent * 1_000, std::iter::empty(), values.into_iter());
            assert_eq!(got, Some(expected), "{percent}");
        }
        assert_eq!(percentile(50_000, std::iter::empty(), std::iter::empty()), None);
    }

    #[test]
    fn a_sketch_is_near() {
        let mut sketch = Sketch::default();
        (-500..=500).for_each(|value| sketch.add(f64::from(value)));
        for (percent, exact) in [(5, -450.0), (25, -250.0), (50, 0.0), (75, 250.0), (99, 490.0)] {
            let got = sketch.percentile(percent * 1_000).unwrap();
            let off: f64 = got - exact;
            assert!(off.abs() <= 0.02 * f64::abs(exact) + 1e-9, "{percent}: {got}");
        }
        sketch.add(1e300);
        assert!(sketch.0.iter().all(|(bin, _)| bin.abs() <= BIN_MAX));
        sketch.add(-1e-300);
        assert!(sketch.percentile(100_000).unwrap() > 9e23);
    }
}
