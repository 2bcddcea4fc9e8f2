//! The sightings of a group in order of time: the newest one by one, older ones folded.

use super::folded::{Bucket, Folded};
use super::rule::Kind;
use super::sighting::Seen;
use super::window::Window;
use super::{ALLOCATION_BYTES, criterion};
use crate::sigma::number::Number;

/// Sightings that a group keeps one by one.
pub(crate) const EXACT_MAX: usize = 512;
/// How many are folded at once, the oldest.
const FOLD: usize = EXACT_MAX / 2;

/// A sighting: when, and what the type of the correlation asks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// µs.
    pub(crate) at: i64,
    /// How many events of that very time, the bits of a number, a hash, or bits of rules.
    pub(crate) load: u64,
}

/// Which event a sighting was, for a group that is judged when the event is long gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The caller's number for its batch.
    pub(crate) place: u64,
    /// Its position there.
    pub(crate) event: usize,
    /// What it is to the correlations that count this one.
    pub(crate) above: Box<[Seen]>,
}

/// The sightings of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Samples {
    pub(crate) recent: Vec<Sample>,
    /// Beside `recent`; empty where the event will not be asked for.
    pub(crate) origins: Vec<Origin>,
    pub(crate) folded: Option<Box<Folded>>,
}

/// Sightings that were taken out.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) recent: Vec<Sample>,
    /// When the newest was, and which event.
    pub(crate) last: Option<(i64, Origin)>,
}

impl Sample {
    /// Returns the number that it carries.
    pub(crate) fn number(&self) -> f64 {
        f64::from_bits(self.load)
    }

    /// Returns the number that it carries, in millionths.
    pub(crate) fn millionths(&self) -> i128 {
        criterion::millionths(Number::Float(self.number()))
    }

    /// Returns the bits of the rules that it fulfils.
    #[expect(clippy::cast_possible_truncation, reason = "made from 32 bits")]
    pub(crate) fn rules(&self) -> u32 {
        self.load as u32
    }

    /// Returns how many events it stands for.
    pub(crate) fn count(&self, kind: Kind) -> u64 {
        if kind == Kind::EventCount { self.load } else { 1 }
    }

    /// Takes another sighting of the same time in, where that loses nothing.
    fn absorb(&mut self, load: u64, kind: Kind) -> bool {
        match kind {
            Kind::EventCount => self.load = self.load.saturating_add(load),
            Kind::Temporal | Kind::TemporalOrdered => self.load |= load,
            Kind::ValueCount => return self.load == load,
            Kind::ValueSum | Kind::ValueAvg | Kind::ValuePercentile(_) => return false,
        }
        true
    }
}

impl Origin {
    /// Returns the bytes it takes beside itself.
    pub(crate) fn bytes(&self) -> usize {
        let above: usize = self.above.iter().map(Seen::bytes).sum();
        if self.above.is_empty() { 0 } else { ALLOCATION_BYTES + above }
    }
}

impl Samples {
    /// Sorts a sighting in; returns how many had to be given up for it.
    pub(crate) fn insert(
        &mut self,
        sample: Sample,
        origin: Option<Origin>,
        window: &Window,
    ) -> u64 {
        let position = self.recent.partition_point(|known| known.at <= sample.at);
        let oldest = position == 0 && !self.recent.is_empty();
        if let Some(folded) = self.folded.as_mut().filter(|_| oldest) {
            // It belongs among those that are folded, or between them and the oldest of the others.
            return folded.add(&sample, origin, window);
        }
        let same = self.recent[..position].iter().rposition(|known| known.at != sample.at);
        let same = same.map_or(0, |before| before + 1)..position;
        for known in same {
            if self.recent[known].absorb(sample.load, window.kind) {
                if let Some(origin) = origin {
                    self.origins[known] = origin;
                }
                return 0;
            }
        }
        make_room(&mut self.recent);
        self.recent.insert(position, sample);
        if let Some(origin) = origin {
            make_room(&mut self.origins);
            self.origins.insert(position, origin);
        }
        if self.recent.len() > EXACT_MAX { self.fold(window) } else { 0 }
    }

    fn fold(&mut self, window: &Window) -> u64 {
        let folded = self.folded.get_or_insert_with(|| Box::new(Folded::new(window)));
        let mut origins = self.origins.drain(..FOLD.min(self.origins.len()));
        let lost = self
            .recent
            .drain(..FOLD)
            .map(|sample| folded.add(&sample, origins.next(), window))
            .fold(0, u64::saturating_add);
        drop(origins);
        lost
    }

    /// Gives up what is older than any window can reach.
    pub(crate) fn forget(&mut self, before: i64) {
        let over = self.recent.partition_point(|sample| sample.at < before);
        self.recent.drain(..over);
        self.origins.drain(..over.min(self.origins.len()));
        if self.folded.as_mut().is_some_and(|folded| folded.forget(before)) {
            self.folded = None;
        }
    }

    /// Takes everything out up to a time; returns it with the newest time and its event.
    pub(crate) fn take(&mut self, to: i64) -> Taken {
        let end = self.recent.partition_point(|sample| sample.at <= to);
        let mut taken =
            Taken { buckets: Vec::new(), recent: self.recent.drain(..end).collect(), last: None };
        let mut last = self.origins.drain(..end.min(self.origins.len())).next_back();
        let mut newest = taken.recent.last().map(|sample| sample.at);
        if let Some(Folded::Buckets(buckets)) = self.folded.as_deref_mut() {
            let end = buckets.partition_point(|bucket| bucket.from <= to);
            taken.buckets = buckets.drain(..end).collect();
        }
        if let (None, Some(bucket)) = (newest, taken.buckets.last_mut()) {
            (newest, last) = (Some(bucket.to), bucket.last.take());
        }
        taken.last = newest.zip(last);
        taken
    }

    /// Returns the times after a given one up to another, at which a window can end.
    pub(crate) fn ends(&self, after: i64, to: i64) -> impl Iterator<Item = i64> {
        let buckets = match self.folded.as_deref() {
            Some(Folded::Buckets(buckets)) => buckets.as_slice(),
            _ => &[],
        };
        let folded = buckets.iter().map(|bucket| bucket.to);
        let recent = self.recent.iter().map(|sample| sample.at);
        folded.chain(recent).filter(move |at| *at > after && *at <= to)
    }

    /// Returns the time of the oldest.
    pub(crate) fn oldest(&self) -> Option<i64> {
        let folded = match self.folded.as_deref() {
            Some(Folded::Buckets(buckets)) => buckets.first().map(|bucket| bucket.from),
            _ => None,
        };
        let recent = self.recent.first().map(|sample| sample.at);
        folded.into_iter().chain(recent).min()
    }

    /// Returns the bytes it takes beside itself.
    pub(crate) fn bytes(&self) -> usize {
        let above: usize = self.origins.iter().map(Origin::bytes).sum();
        row_bytes(&self.recent)
            + row_bytes(&self.origins)
            + above
            + self.folded.as_ref().map_or(0, |folded| folded.bytes())
    }
}

/// Makes room for one more, and little besides: groups are many, and most hold few sightings.
fn make_room<T>(row: &mut Vec<T>) {
    if row.len() == row.capacity() {
        row.reserve_exact((row.len() / 2).max(1));
    }
}

fn row_bytes<T>(row: &Vec<T>) -> usize {
    match row.capacity() {
        0 => 0,
        room => room * size_of::<T>() + ALLOCATION_BYTES,
    }
}
