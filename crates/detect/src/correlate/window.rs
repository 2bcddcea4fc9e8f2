//! What a correlation asks of a stretch of time, and the answer.

use super::chain::{self, Chains};
use super::criterion::{Criterion, Measured};
use super::distinct;
use super::folded::{Bucket, Folded, Tally};
use super::quantile;
use super::rule::Kind;
use super::samples::{Sample, Samples};

/// What a correlation asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Window {
    pub(crate) kind: Kind,
    pub(crate) criterion: Criterion,
    pub(crate) span_us: i64,
    /// How late a sighting may come, µs: later than an event may, where those that it counts are
    /// judged late themselves.
    pub(crate) delay_us: i64,
    /// Rules that it names.
    pub(crate) members: usize,
    /// How many of them must be seen, for the temporal types.
    pub(crate) least: usize,
    /// Judged when the time is over: more events could still undo it.
    ///
    /// "At least ten" is true from the tenth event on. "Fewer than ten" and "on average above 500"
    /// are true of the first event alone and mean nothing then. These look at time frames: one
    /// begins with the first event that lies in no earlier one.
    pub(crate) framed: bool,
}

impl Window {
    /// Returns what a correlation of this type and condition asks.
    pub(crate) fn new(
        kind: Kind,
        criterion: Criterion,
        span_us: i64,
        delay_us: i64,
        members: usize,
    ) -> Self {
        let undoable = matches!(kind, Kind::ValueAvg | Kind::ValuePercentile(_));
        let framed = undoable || !criterion.is_floor();
        let least = criterion.least_count(members).unwrap_or(members);
        Self { kind, criterion, span_us, delay_us, members, least, framed }
    }

    /// Returns how late the hits of this correlation may come, µs.
    pub(crate) fn delay_of_hits_us(&self) -> i64 {
        if self.framed { 2 * (self.span_us + self.delay_us) } else { self.delay_us }
    }

    /// Returns how far behind the newest a sighting still matters, µs.
    pub(crate) fn reach_us(&self) -> i64 {
        self.span_us + self.delay_us
    }

    /// Returns what the sightings from `from` to `to`, both included, amount to, if the criterion
    /// holds for it.
    pub(crate) fn met(&self, samples: &Samples, from: i64, to: i64) -> Option<Measured> {
        // Counting values is dear, and mostly there are too few.
        if self.kind == Kind::ValueCount && samples.folded.is_none() {
            let most = Measured::count(samples.recent.len() as u64);
            if !self.criterion.holds(most) {
                return None;
            }
        }
        let recent = within(&samples.recent, from, to, |sample| sample.at, |sample| sample.at);
        match samples.folded.as_deref() {
            None => self.measured(&[], recent),
            Some(Folded::Buckets(buckets)) => {
                let buckets = within(buckets, from, to, |bucket| bucket.from, |bucket| bucket.to);
                self.measured(buckets, recent)
            }
            Some(Folded::Last(last)) => {
                let seen = last.iter().enumerate().filter(|(_, at)| (from..=to).contains(at));
                let folded = seen.fold(0, |rules, (rule, _)| rules | 1 << rule);
                Some(seen_together(folded, recent))
            }
            Some(Folded::Rows(rows, newest)) => {
                let rows = (*newest <= to).then(|| rows.clone());
                Some(self.row(rows, from, recent))
            }
        }
        .filter(|measured| self.criterion.holds(*measured))
    }

    /// Returns what sightings amount to; nothing where there is none.
    pub(crate) fn measured(&self, buckets: &[Bucket], recent: &[Sample]) -> Option<Measured> {
        if buckets.is_empty() && recent.is_empty() {
            return None;
        }
        let tallies = buckets.iter().map(|bucket| &bucket.tally);
        Some(match self.kind {
            Kind::EventCount => Measured::count(self.count(buckets, recent)),
            Kind::ValueSum => Measured { value: sum(buckets, recent), over: 1 },
            Kind::ValueAvg => {
                let over = i128::from(self.count(buckets, recent));
                Measured { value: sum(buckets, recent), over }
            }
            Kind::ValueCount => {
                let sets = tallies.filter_map(|tally| match tally {
                    Tally::Distinct(set) => Some(set),
                    _ => None,
                });
                let loose = recent.iter().map(|sample| sample.load);
                Measured::count(distinct::union(sets, loose))
            }
            Kind::ValuePercentile(which) => {
                let sketches = tallies.filter_map(|tally| match tally {
                    Tally::Quantiles(sketch) => Some(sketch),
                    _ => None,
                });
                let loose = recent.iter().map(Sample::number);
                Measured::number(quantile::percentile(which, sketches, loose)?)
            }
            Kind::Temporal => seen_together(rules(buckets).fold(0, |all, one| all | one), recent),
            Kind::TemporalOrdered if self.framed => {
                let hits = rules(buckets).chain(recent.iter().map(Sample::rules));
                Measured::count(u64::from(chain::longest(hits)))
            }
            Kind::TemporalOrdered => self.row(None, i64::MIN, recent),
        })
    }

    fn count(&self, buckets: &[Bucket], recent: &[Sample]) -> u64 {
        let folded = buckets.iter().map(|bucket| bucket.count);
        let recent = recent.iter().map(|sample| sample.count(self.kind));
        folded.chain(recent).fold(0, u64::saturating_add)
    }

    /// Tells a long enough row as the count that was asked for, any other as none.
    fn row(&self, rows: Option<Chains>, from: i64, recent: &[Sample]) -> Measured {
        let mut rows = rows.unwrap_or_else(|| Chains::new(self.members, self.least));
        recent.iter().for_each(|sample| rows.add(sample.at, sample.rules()));
        Measured::count(if rows.hold(from) { self.least as u64 } else { 0 })
    }
}

/// Returns the part of a row in order of time that lies wholly within a window.
fn within<T>(
    row: &[T],
    from: i64,
    to: i64,
    begins: impl Fn(&T) -> i64,
    ends: impl Fn(&T) -> i64,
) -> &[T] {
    let first = row.partition_point(|one| begins(one) < from);
    let end = row.partition_point(|one| ends(one) <= to);
    row.get(first..end).unwrap_or_default()
}

fn rules(buckets: &[Bucket]) -> impl Iterator<Item = u32> {
    buckets.iter().map(|bucket| match bucket.tally {
        Tally::Rules(rules) => rules,
        _ => 0,
    })
}

fn seen_together(folded: u32, recent: &[Sample]) -> Measured {
    let rules = recent.iter().fold(folded, |rules, sample| rules | sample.rules());
    Measured::count(u64::from(rules.count_ones()))
}

fn sum(buckets: &[Bucket], recent: &[Sample]) -> i128 {
    let folded = buckets.iter().map(|bucket| match bucket.tally {
        Tally::Sum(sum) => sum,
        _ => 0,
    });
    folded.chain(recent.iter().map(Sample::millionths)).fold(0, i128::saturating_add)
}
