//! What is left of a group's older sightings once they are too many to be kept one by one.
//!
//! Counts and values go into buckets of time, as fine as a small part of the time span: a window is
//! told by the buckets that lie wholly in it, so that it is never told to hold more than it does.
//! Rules that shall be seen together, or in their order, need only their last hits, and nothing is
//! lost for what follows.

use super::chain::Chains;
use super::distinct::Distinct;
use super::quantile::Sketch;
use super::rule::Kind;
use super::samples::{Origin, Sample};
use super::window::Window;

/// Buckets of one time span.
const BUCKETS_PER_SPAN: i64 = 32;
/// Buckets of one group.
pub(crate) const BUCKETS_MAX: usize = 256;
/// Bytes that the buckets of one group may take.
const BUCKET_BYTES_MAX: usize = 160 << 10;

/// What a bucket knows beside the number of its sightings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tally {
    Count,
    /// Millionths.
    Sum(i128),
    Distinct(Distinct),
    Quantiles(Sketch),
    /// Bits of rules.
    Rules(u32),
}

/// Sightings of a short time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bucket {
    /// Time divided by the width.
    pub(crate) index: i64,
    /// The first and the last of its sightings, µs.
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) count: u64,
    pub(crate) tally: Tally,
    /// The event of the last, where it may have to be told.
    pub(crate) last: Option<Origin>,
}

/// Older sightings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Folded {
    /// In order of time.
    Buckets(Vec<Bucket>),
    /// By rule: when it was last seen.
    Last(Vec<i64>),
    /// The rows of rules, and the newest hit that is in them.
    Rows(Chains, i64),
}

impl Tally {
    /// Returns that of nothing seen.
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::EventCount => Self::Count,
            Kind::ValueSum | Kind::ValueAvg => Self::Sum(0),
            Kind::ValueCount => Self::Distinct(Distinct::Few(Vec::new())),
            Kind::ValuePercentile(_) => Self::Quantiles(Sketch::default()),
            Kind::Temporal | Kind::TemporalOrdered => Self::Rules(0),
        }
    }

    fn add(&mut self, sample: &Sample) {
        match self {
            Self::Count => {}
            Self::Sum(sum) => *sum = sum.saturating_add(sample.millionths()),
            Self::Distinct(set) => set.add(sample.load),
            Self::Quantiles(sketch) => sketch.add(sample.number()),
            Self::Rules(rules) => *rules |= sample.rules(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Count | Self::Sum(_) | Self::Rules(_) => 0,
            Self::Distinct(set) => set.bytes(),
            Self::Quantiles(sketch) => sketch.bytes(),
        }
    }
}

/// Returns the width of a bucket, µs.
fn width(window: &Window) -> i64 {
    (window.span_us / BUCKETS_PER_SPAN).max(1)
}

impl Folded {
    /// Returns the state of nothing folded.
    pub(crate) fn new(window: &Window) -> Self {
        match window.kind {
            Kind::Temporal if !window.framed => Self::Last(vec![i64::MIN; window.members]),
            Kind::TemporalOrdered if !window.framed => {
                Self::Rows(Chains::new(window.members, window.least), i64::MIN)
            }
            _ => Self::Buckets(Vec::new()),
        }
    }

    /// Adds a sighting; returns how many had to be given up for it.
    pub(crate) fn add(&mut self, sample: &Sample, origin: Option<Origin>, window: &Window) -> u64 {
        match self {
            Self::Last(last) => {
                for (rule, at) in last.iter_mut().enumerate() {
                    if sample.rules() & (1 << rule) != 0 {
                        *at = sample.at.max(*at);
                    }
                }
                0
            }
            Self::Rows(chains, newest) => {
                // One that comes late joins the newest: it stood in its place once.
                *newest = sample.at.max(*newest);
                chains.add(*newest, sample.rules());
                0
            }
            Self::Buckets(buckets) => {
                add_to_bucket(buckets, sample, origin, window);
                make_room(buckets)
            }
        }
    }

    /// Gives up what no window can hold any more; returns whether nothing is left.
    pub(crate) fn forget(&mut self, before: i64) -> bool {
        match self {
            Self::Last(last) => last.iter().all(|at| *at < before),
            Self::Rows(_, newest) => *newest < before,
            Self::Buckets(buckets) => {
                let over = buckets.partition_point(|bucket| bucket.to < before);
                buckets.drain(..over);
                buckets.is_empty()
            }
        }
    }

    /// Returns the bytes it takes, itself included.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Last(last) => last.capacity() * size_of::<i64>(),
                Self::Rows(chains, _) => chains.began.capacity() * size_of::<i64>(),
                Self::Buckets(buckets) => {
                    let inside: usize = buckets.iter().map(bytes).sum();
                    (buckets.capacity() - buckets.len()) * size_of::<Bucket>() + inside
                }
            }
    }
}

fn bytes(bucket: &Bucket) -> usize {
    size_of::<Bucket>() + bucket.tally.bytes() + bucket.last.as_ref().map_or(0, Origin::bytes)
}

fn add_to_bucket(
    buckets: &mut Vec<Bucket>,
    sample: &Sample,
    origin: Option<Origin>,
    window: &Window,
) {
    let index = sample.at.div_euclid(width(window));
    let position = match buckets.binary_search_by_key(&index, |bucket| bucket.index) {
        Ok(position) => position,
        Err(position) => {
            let (from, to) = (sample.at, sample.at);
            let tally = Tally::new(window.kind);
            buckets.insert(position, Bucket { index, from, to, count: 0, tally, last: None });
            position
        }
    };
    let bucket = &mut buckets[position];
    bucket.count = bucket.count.saturating_add(sample.count(window.kind));
    bucket.tally.add(sample);
    if sample.at >= bucket.to {
        bucket.last = origin;
    }
    bucket.from = bucket.from.min(sample.at);
    bucket.to = bucket.to.max(sample.at);
}

fn make_room(buckets: &mut Vec<Bucket>) -> u64 {
    let mut weight: usize = buckets.iter().map(bytes).sum();
    let (mut over, mut lost) = (0, 0_u64);
    while buckets.len() - over > BUCKETS_MAX || weight > BUCKET_BYTES_MAX {
        weight -= bytes(&buckets[over]);
        lost = lost.saturating_add(buckets[over].count);
        over += 1;
    }
    buckets.drain(..over);
    lost
}

#[cfg(test)]
mod tests {
    use super::super::criterion::Criterion;
    use super::*;

    #[test]
    fn a_bucket_reaches_from_its_first_to_its_last_in_whatever_order_they_come() {
        let window = Window::new(Kind::EventCount, Criterion::at_least(2), 3_200, 0, 1);
        let mut folded = Folded::new(&window);
        for at in [150, 199, 101, 260] {
            folded.add(&Sample { at, load: 1 }, None, &window);
        }
        let Folded::Buckets(buckets) = folded else { panic!("counts go into buckets") };
        let told: Vec<_> =
            buckets.iter().map(|bucket| (bucket.from, bucket.to, bucket.count)).collect();
        assert_eq!(told, [(101, 199, 3), (260, 260, 1)]);
    }
}
