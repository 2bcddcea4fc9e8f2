//! The counting half of the engine: the only one with a memory.
//!
//! Windows run on event time. An event may come late by [`LATENESS_US`](super::LATENESS_US), as
//! seen from the newest event of its group, and is sorted in; a later one is counted and left out.
//! So a machine whose clock is wrong spoils only its own groups. A group speaks at most once per
//! time span: a flood is one hit every five minutes and not one per event.
//!
//! Beside that runs one clock, which only says when a group is over and can be let go: the time of
//! arrival where the caller tells it, else the newest time of any event.
//!
//! Memory is bounded per group, per correlation and altogether. Beyond the last, the correlation
//! that takes the most gives up groups, those first that would have been over first.

use std::sync::Arc;

use super::LATENESS_US;
use super::completed::Completed;
use super::counting::{Arrival, Counters, Counting, Usage};
use super::group::{Answer, Verdict};
use super::link::Linked;
use super::save::{self, BadState};
use super::sighting::{Seen, Sighting};
use crate::sigma::rule::RuleInfo;

/// Bytes that the memory of all correlations may take, reckoned as what the process grows by. A hunt
/// with every rule holds this and less than 60 MB besides.
pub const STATE_BYTES_MAX: usize = 40 << 20;
/// How far the clock goes before groups that are over are looked for, µs.
const SWEEP_US: i64 = 10_000_000;
/// Hits of time frames that wait to be fetched.
const SETTLED_MAX: usize = 10_000;

/// A hit that was only known once the time was over, of an event that came before.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The correlation.
    pub rule: Arc<RuleInfo>,
    /// The place of the batch, as the caller named it.
    pub place: u64,
    /// Position of the event in that batch: the last one of the time frame.
    pub event: usize,
    /// When that event happened, µs UTC.
    pub at: i64,
    /// Of which group, and how many.
    pub completed: Completed,
}

/// The correlations that an event completes.
type Fired = Vec<(Arc<RuleInfo>, Completed)>;

/// The counting half of the engine: the only one with a memory.
#[derive(Debug)]
pub struct Correlator {
    pub(super) countings: Vec<Counting>,
    /// µs; the least there is before the first sighting.
    pub(super) clock: i64,
    /// The time of arrival, where the caller tells it, µs.
    arrived: Option<i64>,
    /// When groups that are over were last looked for, by the clock.
    pub(super) swept: i64,
    pub(super) bytes: usize,
    /// Those that belong to no single correlation.
    pub(super) counters: Counters,
    settled: Vec<Settled>,
}

/// Which event a hit is told of.
#[derive(Clone, Copy, Debug)]
struct Event {
    place: u64,
    event: usize,
    at: i64,
}

impl Correlator {
    pub(crate) fn new(correlations: Vec<Linked>) -> Self {
        Self {
            countings: correlations.into_iter().map(Counting::new).collect(),
            clock: i64::MIN,
            arrived: None,
            swept: i64::MIN,
            bytes: 0,
            counters: Counters::default(),
            settled: Vec::new(),
        }
    }

    /// Returns everything that is remembered, as bytes for [`Engine::with_state`]. Hits that wait in
    /// [`Self::settled`] are not among it: fetch them first.
    ///
    /// [`Engine::with_state`]: crate::Engine::with_state
    pub fn save(&self) -> Vec<u8> {
        save::save(self)
    }

    /// Returns the memory for these correlations, as far as the bytes know them.
    pub(crate) fn restore(correlations: Vec<Linked>, bytes: &[u8]) -> Result<Self, BadState> {
        save::restore(correlations, bytes)
    }

    /// Tells when the next sightings came, µs UTC. Whoever reads live events must tell it: else one
    /// event from the future would let go of everything.
    pub fn arrived(&mut self, at: i64) {
        self.arrived = Some(at);
        self.clock = self.clock.max(at);
        self.sweep();
    }

    /// Counts a sighting of the batch at `place`; returns the correlations that its event completes.
    pub fn count(&mut self, place: u64, sighting: &Sighting) -> Vec<(Arc<RuleInfo>, Completed)> {
        let mut completed = Vec::new();
        let Some(at) = sighting.at else {
            self.counters.untimed += 1;
            return completed;
        };
        let at = self.tick(at);
        let event = Event { place, event: sighting.event, at };
        self.count_seen(&sighting.seen, event, Some(&mut completed));
        completed
    }

    /// Returns the hits that became known since it was last asked. They are of events that came
    /// before, which the caller finds again by their place.
    pub fn settled(&mut self) -> Vec<Settled> {
        std::mem::take(&mut self.settled)
    }

    /// Judges every time frame, because nothing more will come.
    pub fn finish(&mut self) {
        for number in 0..self.countings.len() {
            if self.countings[number].linked.window.framed {
                self.expire(number, i64::MAX);
            }
        }
    }

    /// Returns what the bounds have cost so far.
    pub fn counters(&self) -> Counters {
        let mut all = self.counters;
        self.countings.iter().for_each(|counting| all.add(&counting.counters));
        all
    }

    /// Returns what each correlation keeps and what its bounds have cost.
    pub fn usage(&self) -> impl Iterator<Item = Usage> {
        self.countings.iter().map(Counting::usage)
    }

    /// Moves the clock; returns the time that an event counts at.
    fn tick(&mut self, at: i64) -> i64 {
        match self.arrived {
            Some(arrived) if at > arrived.saturating_add(LATENESS_US) => {
                self.counters.ahead += 1;
                arrived
            }
            Some(_) => at,
            None => {
                self.clock = self.clock.max(at);
                self.sweep();
                at
            }
        }
    }

    fn sweep(&mut self) {
        if self.clock.saturating_sub(SWEEP_US) >= self.swept {
            self.expire_all();
            self.swept = self.clock;
        }
    }

    /// Those that others count go first, because their verdicts reach upwards.
    fn expire_all(&mut self) {
        for number in 0..self.countings.len() {
            self.expire(number, self.clock);
        }
    }

    fn expire(&mut self, number: usize, clock: i64) {
        let mut verdicts = Vec::new();
        let counting = &mut self.countings[number];
        let before = counting.bytes;
        counting.expire(clock, &mut verdicts);
        self.bytes = (self.bytes + counting.bytes).saturating_sub(before);
        verdicts.iter().for_each(|(group, verdict)| self.settle(number, group, verdict));
    }

    /// Goes up through the correlations that count this one, which are few and bounded. Hits go to
    /// `completed` where the event is the one at hand.
    fn count_seen(&mut self, seen: &Seen, event: Event, mut completed: Option<&mut Fired>) {
        let number = seen.correlation as usize;
        let always = seen.above.iter().any(|above| self.is_temporal(above));
        let Some(counting) = self.countings.get_mut(number) else { return };
        let before = counting.bytes;
        let Event { place, event: position, at } = event;
        let arrival = Arrival { seen, at, place, event: position, clock: self.clock, always };
        let mut verdicts = Vec::new();
        let answer = counting.count(arrival, &mut verdicts);
        while counting.is_over_quota() && counting.evict() {}
        self.bytes = (self.bytes + counting.bytes).saturating_sub(before);
        if let Answer::Fires(measured) = answer
            && counting.linked.speaks
        {
            let rule = Arc::clone(&counting.linked.info);
            let told = Completed::new(&counting.linked.group_by, &seen.group, measured);
            match completed.as_deref_mut() {
                Some(completed) => completed.push((rule, told)),
                None => self.tell(Settled { rule, place, event: position, at, completed: told }),
            }
        }
        self.keep_quota();
        for above in &seen.above {
            let holds = answer == Answer::Holds && self.is_temporal(above);
            if holds || matches!(answer, Answer::Fires(_)) {
                self.count_seen(above, event, completed.as_deref_mut());
            }
        }
        verdicts.iter().for_each(|(group, verdict)| self.settle(number, group, verdict));
    }

    fn is_temporal(&self, seen: &Seen) -> bool {
        let counting = self.countings.get(seen.correlation as usize);
        counting.is_some_and(|counting| counting.linked.window.kind.is_temporal())
    }

    fn settle(&mut self, number: usize, group: &str, verdict: &Verdict) {
        let linked = &self.countings[number].linked;
        let (at, origin) = (verdict.at, &verdict.origin);
        let event = Event { place: origin.place, event: origin.event, at };
        if linked.speaks {
            let rule = Arc::clone(&linked.info);
            let completed = Completed::new(&linked.group_by, group, verdict.measured);
            self.tell(Settled { rule, place: event.place, event: event.event, at, completed });
        }
        origin.above.iter().for_each(|above| self.count_seen(above, event, None));
    }

    fn tell(&mut self, settled: Settled) {
        if self.settled.len() < SETTLED_MAX {
            self.settled.push(settled);
        } else {
            self.counters.unclaimed += 1;
        }
    }

    /// Gives up groups until all that is kept is within its bound.
    pub(super) fn keep_quota(&mut self) {
        while self.bytes > STATE_BYTES_MAX {
            let heaviest = self.countings.iter_mut().max_by_key(|counting| counting.bytes);
            let Some(heaviest) = heaviest else { return };
            let before = heaviest.bytes;
            if !heaviest.evict() {
                return;
            }
            self.bytes = (self.bytes + heaviest.bytes).saturating_sub(before);
        }
    }
}
