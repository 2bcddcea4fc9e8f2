//! One correlation: its groups, and the bounds that they are kept within.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use super::ALLOCATION_BYTES;
use super::group::{Answer, Group, Verdict};
use super::link::Linked;
use super::rule::Kind;
use super::samples::{Origin, Sample};
use super::sighting::Seen;
use crate::sigma::rule::RuleInfo;

/// Groups kept per correlation.
pub const GROUPS_MAX: usize = 120_000;
/// Bytes that the groups of one correlation may take.
pub const RULE_BYTES_MAX: usize = 36 << 20;
/// Places of a table for so many that are taken, at worst: tables double once they are full to 7/8.
const SLOTS: (usize, usize) = (16, 7);
/// What a group takes beside its sightings and its key: itself, its key's counters, its places in
/// the table and in the order of expiry (which doubles, too), and what the allocator adds.
const GROUP_BYTES: usize = size_of::<Group>()
    + 2 * size_of::<usize>()
    + (size_of::<(Arc<str>, Box<Group>)>() + 1) * SLOTS.0 / SLOTS.1
    + 2 * size_of::<Expiry>()
    + 2 * ALLOCATION_BYTES;
/// A table with more than so many places for each group is made smaller.
const SLACK: usize = 8;

/// When a group is over, the earliest first.
type Expiry = Reverse<(i64, Arc<str>)>;

/// What the bounds have cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Groups given up to make room while they could still have fired.
    pub evicted_groups: u64,
    /// Sightings that a group gave up to make room.
    pub cut: u64,
    /// Events that came too late to be counted.
    pub late: u64,
    /// Events without a time, which no window can count.
    pub untimed: u64,
    /// Events that claim a later time than they came at; they count as of then.
    pub ahead: u64,
    /// Events without the value that the condition asks for, or with one that is no number.
    pub without_value: u64,
    /// Hits that were told from folded sightings: their count is a lower bound or an estimate.
    pub approximate: u64,
    /// Hits of time frames that nobody fetched in time.
    pub unclaimed: u64,
}

impl Counters {
    /// Adds those of another.
    pub(crate) fn add(&mut self, other: &Self) {
        self.evicted_groups += other.evicted_groups;
        self.cut += other.cut;
        self.late += other.late;
        self.untimed += other.untimed;
        self.ahead += other.ahead;
        self.without_value += other.without_value;
        self.approximate += other.approximate;
        self.unclaimed += other.unclaimed;
    }
}

/// What one correlation keeps, and what its bounds have cost.
#[derive(Clone, Debug)]
pub struct Usage {
    /// The correlation.
    pub rule: Arc<RuleInfo>,
    /// Its groups.
    pub groups: usize,
    /// Bytes that they take, reckoned.
    pub bytes: usize,
    /// What was cut, of this correlation alone.
    pub counters: Counters,
}

/// The memory of a correlation.
#[derive(Debug)]
pub(crate) struct Counting {
    pub(crate) linked: Linked,
    pub(crate) groups: HashMap<Arc<str>, Box<Group>>,
    /// When groups are over. A time may be out of date, and is then too early, never too late.
    expiry: BinaryHeap<Expiry>,
    pub(crate) bytes: usize,
    pub(crate) counters: Counters,
}

/// The verdicts of a correlation, each with the key of its group.
pub(crate) type Verdicts = Vec<(Arc<str>, Verdict)>;

/// A sighting on its way into a correlation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'s> {
    pub(crate) seen: &'s Seen,
    pub(crate) at: i64,
    pub(crate) place: u64,
    pub(crate) event: usize,
    /// The correlator's clock.
    pub(crate) clock: i64,
    /// A correlation above asks whether the condition holds, even while the group is silent.
    pub(crate) always: bool,
}

impl Counting {
    /// Returns the empty memory of a correlation.
    pub(crate) fn new(linked: Linked) -> Self {
        Self {
            linked,
            groups: HashMap::new(),
            expiry: BinaryHeap::new(),
            bytes: 0,
            counters: Counters::default(),
        }
    }

    /// Counts a sighting.
    pub(crate) fn count(&mut self, arrival: Arrival<'_>, verdicts: &mut Verdicts) -> Answer {
        let window = &self.linked.window;
        let seen = arrival.seen;
        let load = match window.kind {
            Kind::EventCount => Some(1),
            Kind::Temporal | Kind::TemporalOrdered => Some(u64::from(seen.members)),
            _ => seen.value,
        };
        let Some(load) = load else {
            self.counters.without_value += 1;
            return Answer::Nothing;
        };
        if !self.groups.contains_key(&*seen.group) {
            self.put(seen.group.as_ref().into(), Group::new(arrival.at, arrival.clock));
        }
        let window = &self.linked.window;
        let Some(group) = self.groups.get_mut(&*seen.group) else { return Answer::Nothing };
        let before = group.samples.bytes();
        group.touched = arrival.clock;
        let origin = window.framed.then(|| Origin {
            place: arrival.place,
            event: arrival.event,
            above: seen.above.clone(),
        });
        let sample = Sample { at: arrival.at, load };
        let answer = group.add(sample, origin, window, arrival.always, &mut self.counters.cut);
        self.counters.late += u64::from(answer == Answer::Late);
        let approximate = group.is_approximate();
        if window.framed {
            let judged = group.judge(window, false).into_iter();
            verdicts.extend(judged.map(|verdict| (seen.group.as_ref().into(), verdict)));
        }
        let hits = verdicts.len() + usize::from(matches!(answer, Answer::Fires(_)));
        self.counters.approximate += if approximate { hits as u64 } else { 0 };
        self.bytes = (self.bytes + group.samples.bytes()).saturating_sub(before);
        answer
    }

    /// Adds a group.
    pub(crate) fn put(&mut self, key: Arc<str>, group: Group) {
        self.bytes += weight(&key, &group);
        self.expiry.push(Reverse((self.end(&group), Arc::clone(&key))));
        self.groups.insert(key, Box::new(group));
    }

    /// Returns the time after which nothing can be added to a group, by the correlator's clock.
    fn end(&self, group: &Group) -> i64 {
        group.touched.saturating_add(self.linked.window.reach_us())
    }

    /// Takes out the group that is over first, if it is over before `before`.
    fn pop(&mut self, before: i64) -> Option<(Arc<str>, Group)> {
        while let Some(Reverse((end, key))) = self.expiry.peek() {
            if *end >= before {
                return None;
            }
            let now = self.groups.get(key).map(|group| self.end(group));
            let (end, key) = (*end, Arc::clone(key));
            self.expiry.pop();
            match now {
                Some(now) if now > end => self.expiry.push(Reverse((now, key))),
                _ => {
                    if let Some(group) = self.groups.remove(&key) {
                        self.bytes = self.bytes.saturating_sub(weight(&key, &group));
                        self.shrink();
                        return Some((key, *group));
                    }
                }
            }
        }
        None
    }

    /// Gives back the room of groups that are gone, which no count of bytes would tell of.
    fn shrink(&mut self) {
        if self.groups.capacity() / SLACK > self.groups.len() {
            self.groups.shrink_to(self.groups.len() * 2);
            self.expiry.shrink_to(self.groups.len() * 2);
        }
    }

    /// Lets go of the groups that are over and judges their last time frames.
    pub(crate) fn expire(&mut self, clock: i64, verdicts: &mut Verdicts) {
        while let Some((key, mut group)) = self.pop(clock) {
            if self.linked.window.framed {
                let approximate = group.is_approximate();
                let told = group.judge(&self.linked.window, true);
                self.counters.approximate += if approximate { told.len() as u64 } else { 0 };
                verdicts.extend(told.into_iter().map(|verdict| (Arc::clone(&key), verdict)));
            }
        }
    }

    /// Returns whether it keeps more than one correlation may.
    pub(crate) fn is_over_quota(&self) -> bool {
        self.bytes > RULE_BYTES_MAX || self.groups.len() > GROUPS_MAX
    }

    /// Gives up the group that would have been over first; returns whether there was one.
    pub(crate) fn evict(&mut self) -> bool {
        let evicted = self.pop(i64::MAX).is_some();
        self.counters.evicted_groups += u64::from(evicted);
        evicted
    }

    /// Returns what it keeps.
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            rule: Arc::clone(&self.linked.info),
            groups: self.groups.len(),
            bytes: self.bytes,
            counters: self.counters,
        }
    }
}

fn weight(key: &str, group: &Group) -> usize {
    GROUP_BYTES + key.len() + group.samples.bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_groups_that_are_gone_is_given_back() {
        let yaml = "title: A\nid: a\nlogsource: {product: linux}\n\
                    detection: {k: [one], condition: k}\n---\ntitle: C\nid: c\n\
                    correlation: {type: event_count, rules: [a], timespan: 1h, condition: {gte: 9}}\n";
        let (rules, refused) = crate::Rules::from_texts([("t.yml", yaml)]);
        assert!(refused.is_empty(), "{refused:?}");
        let mut counting = Counting::new(rules.correlations[0].clone());
        for number in 0..10_000 {
            counting.put(number.to_string().into(), Group::new(0, 0));
        }
        counting.expire(i64::MAX, &mut Vec::new());
        assert_eq!((counting.groups.len(), counting.bytes), (0, 0));
        assert!(counting.groups.capacity() < 100 && counting.expiry.capacity() < 100);
    }
}
