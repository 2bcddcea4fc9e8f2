//! `event_count` correlations: many hits of some rules, within a time span, for one group.
//!
//! Windows run on event time. An event may come late by [`LATENESS_US`] and is sorted in; a later
//! one is counted and left out. A group speaks at most once per time span, so that a flood is one
//! hit every five minutes and not one per event. Groups and time stamps are bounded; what a bound
//! costs is counted.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::number::Number;
use super::reason::Reason;
use super::rule::RuleInfo;
use super::yaml::Node;
use crate::fields::FieldId;

/// Groups kept per correlation; beyond, the one whose last event is the oldest is given up.
pub const GROUPS_MAX: usize = 10_000;
/// How late an event may come, µs.
pub const LATENESS_US: i64 = 5 * 60 * 1_000_000;
/// Time stamps kept per correlation, over all groups.
const STAMPS_MAX: usize = 1_000_000;
/// The highest count that a condition may name.
const COUNT_MAX: usize = 10_000;
/// Stamps kept per group beyond what the condition needs, for events that come late.
const LATE_STAMPS: usize = 64;
/// The longest time span, days.
const SPAN_DAYS_MAX: i64 = 31;
/// Parts a group's key and must not occur in a value.
const KEY_SEPARATOR: char = '\u{1f}';

/// A correlation as its document tells it, its references still by name.
#[derive(Clone, Debug)]
pub(crate) struct Correlation {
    pub(crate) info: Arc<RuleInfo>,
    pub(crate) name: Option<String>,
    pub(crate) refers_to: Vec<String>,
    pub(crate) group_by: Vec<String>,
    /// (alias, rule, field): what an entry of `group_by` is called in a rule's events.
    pub(crate) aliases: Vec<(String, String, String)>,
    pub(crate) window: Window,
}

/// How many hits in how much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    span_us: i64,
    least: usize,
    most: Option<usize>,
}

/// A correlation bound to the loaded rules.
#[derive(Clone, Debug)]
pub(crate) struct Linked {
    pub(crate) info: Arc<RuleInfo>,
    pub(crate) window: Window,
    /// (rule, the fields that make its group).
    pub(crate) members: Vec<(usize, Vec<FieldId>)>,
}

fn refuse(why: impl Into<String>) -> Reason {
    Reason::Correlation(why.into())
}

/// Reads the `correlation` section.
pub(crate) fn read(
    section: &Node,
    info: Arc<RuleInfo>,
    name: Option<String>,
) -> Result<Correlation, Reason> {
    let Node::Map(entries) = section else {
        return Err(Reason::malformed("correlation", "a map"));
    };
    let kind = section.get("type").and_then(Node::as_text).unwrap_or_default();
    if kind != "event_count" {
        return Err(Reason::Unsupported(format!("correlation type '{kind}'")));
    }
    let known = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
    if let Some((key, _)) = entries.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        return Err(refuse(format!("unknown key '{key}'")));
    }
    let refers_to = names(section, "rules");
    if refers_to.is_empty() {
        return Err(refuse("'rules' names no rule"));
    }
    let window = Window::read(section)?;
    let aliases = aliases(section)?;
    let group_by = names(section, "group-by");
    Ok(Correlation { info, name, refers_to, group_by, aliases, window })
}

/// Returns the rules that a correlation refers to.
pub(crate) fn names(section: &Node, key: &str) -> Vec<String> {
    match section.get(key) {
        Some(Node::List(items)) => {
            items.iter().filter_map(Node::as_text).map(str::to_owned).collect()
        }
        Some(single) => single.as_text().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Returns whether the rules that it refers to shall speak by themselves too.
pub(crate) fn generates(section: &Node) -> bool {
    matches!(section.get("generate"), Some(Node::Bool(true)))
}

fn aliases(section: &Node) -> Result<Vec<(String, String, String)>, Reason> {
    let mut found = Vec::new();
    let Some(section) = section.get("aliases") else { return Ok(found) };
    let Node::Map(aliases) = section else { return Err(Reason::malformed("aliases", "a map")) };
    for (alias, rules) in aliases {
        let Node::Map(rules) = rules else {
            return Err(Reason::malformed(alias.as_str(), "a map of rule to field"));
        };
        for (rule, field) in rules {
            let field = field.as_text().ok_or_else(|| refuse("an alias names no field"))?;
            found.push((alias.clone(), rule.clone(), field.to_owned()));
        }
    }
    Ok(found)
}

impl Window {
    fn read(section: &Node) -> Result<Self, Reason> {
        let span = section.get("timespan").and_then(Node::as_text);
        let span_us = timespan_us(span.ok_or(Reason::Missing("timespan"))?)?;
        let Some(Node::Map(criteria)) = section.get("condition") else {
            return Err(Reason::malformed("condition", "a map such as {gte: 10}"));
        };
        let (mut least, mut most) = (None, None);
        for (criterion, value) in criteria {
            let number = match value {
                Node::Number(text) => Number::of_rule(text),
                _ => None,
            };
            let Some(Number::Int(number)) = number else {
                return Err(refuse(format!("'{criterion}' needs a whole number")));
            };
            let count = usize::try_from(number)
                .ok()
                .filter(|count| (1..=COUNT_MAX).contains(count))
                .ok_or_else(|| refuse(format!("a count must lie between 1 and {COUNT_MAX}")))?;
            match criterion.as_str() {
                "gte" => least = Some(count),
                "gt" => least = Some(count + 1),
                "lte" => most = Some(count),
                "lt" => most = Some(count - 1),
                "eq" => (least, most) = (Some(count), Some(count)),
                other => return Err(refuse(format!("unknown criterion '{other}'"))),
            }
        }
        // "Fewer than" is only known when the time is over, and nobody tells the engine the time.
        let least = least
            .ok_or_else(|| Reason::Unsupported("a correlation without a lower count".to_owned()))?;
        if most.is_some_and(|most| most < least) {
            return Err(refuse("no count fulfils the condition"));
        }
        Ok(Self { span_us, least, most })
    }

    fn holds(&self, count: usize) -> bool {
        count >= self.least && self.most.is_none_or(|most| count <= most)
    }

    fn stamps_max(&self) -> usize {
        self.most.map_or(self.least, |most| most + 1) + LATE_STAMPS
    }
}

fn timespan_us(text: &str) -> Result<i64, Reason> {
    let wrong = || refuse(format!("timespan '{text}' is not a number with s, m, h or d"));
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    let span_s = i64::from(number) * seconds;
    if span_s == 0 || span_s > SPAN_DAYS_MAX * 86_400 {
        return Err(refuse(format!("timespan must lie between 1s and {SPAN_DAYS_MAX}d")));
    }
    Ok(span_s * 1_000_000)
}

/// Joins the values of a group into its key.
pub(crate) fn group_key<'v>(values: impl Iterator<Item = &'v str>) -> Box<str> {
    let mut key = String::new();
    for value in values {
        key.extend(value.chars().filter(|c| *c != KEY_SEPARATOR));
        key.push(KEY_SEPARATOR);
    }
    key.into()
}

/// One hit of a rule that a correlation counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Position of the event in its batch.
    pub event: usize,
    /// When the event happened, µs UTC.
    pub at: Option<i64>,
    pub(crate) correlation: usize,
    pub(crate) group: Box<str>,
}

/// What the bounds have cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Groups given up to make room while they could still have fired.
    pub evicted_groups: u64,
    /// Events that came too late to be counted.
    pub late: u64,
    /// Events without a time, which no window can count.
    pub untimed: u64,
}

/// The counting half of the engine: the only one with a memory.
#[derive(Debug)]
pub struct Correlator {
    countings: Vec<Counting>,
    counters: Counters,
}

#[derive(Debug)]
struct Counting {
    info: Arc<RuleInfo>,
    window: Window,
    groups: HashMap<Box<str>, Group>,
    /// Groups by (newest event, serial): the first is the next to be given up.
    by_age: BTreeMap<(i64, u64), Box<str>>,
    serial: u64,
    stamps: usize,
}

#[derive(Debug)]
struct Group {
    age: (i64, u64),
    /// In order of time.
    stamps: VecDeque<i64>,
    fired_at: Option<i64>,
}

impl Correlator {
    pub(crate) fn new(correlations: &[Linked]) -> Self {
        let counting = |linked: &Linked| Counting {
            info: linked.info.clone(),
            window: linked.window,
            groups: HashMap::new(),
            by_age: BTreeMap::new(),
            serial: 0,
            stamps: 0,
        };
        let countings = correlations.iter().map(counting).collect();
        Self { countings, counters: Counters::default() }
    }

    /// Counts a sighting; returns the correlation when it completes one.
    pub fn count(&mut self, sighting: &Sighting) -> Option<Arc<RuleInfo>> {
        let Some(at) = sighting.at else {
            self.counters.untimed += 1;
            return None;
        };
        let counting = self.countings.get_mut(sighting.correlation)?;
        let fires = counting.count(&sighting.group, at, &mut self.counters);
        fires.then(|| counting.info.clone())
    }

    /// Returns what the bounds have cost so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }
}

impl Counting {
    fn count(&mut self, key: &str, at: i64, counters: &mut Counters) -> bool {
        let keep_us = self.window.span_us + LATENESS_US;
        self.serial += 1;
        let mut group = match self.groups.remove(key) {
            Some(group) => {
                self.by_age.remove(&group.age);
                self.stamps -= group.stamps.len();
                group
            }
            None => Group { age: (at, 0), stamps: VecDeque::new(), fired_at: None },
        };
        let newest = group.age.0.max(at);
        let fires = if at < newest.saturating_sub(keep_us) {
            counters.late += 1;
            false
        } else {
            group.add(at, newest.saturating_sub(keep_us), &self.window)
        };
        group.age = (newest, self.serial);
        self.stamps += group.stamps.len();
        self.by_age.insert(group.age, key.into());
        self.groups.insert(key.into(), group);
        self.make_room(newest.saturating_sub(keep_us), counters);
        fires
    }

    /// Gives up the groups that are over, and beyond the bounds the oldest of the others.
    fn make_room(&mut self, over_before: i64, counters: &mut Counters) {
        while let Some((&(newest, serial), _)) = self.by_age.first_key_value() {
            let full = self.groups.len() > GROUPS_MAX || self.stamps > STAMPS_MAX;
            let over = newest < over_before;
            // The group just counted stays, whatever its age.
            if serial == self.serial || !(full || over) {
                return;
            }
            counters.evicted_groups += u64::from(!over);
            if let Some((_, key)) = self.by_age.pop_first()
                && let Some(group) = self.groups.remove(&key)
            {
                self.stamps -= group.stamps.len();
            }
        }
    }
}

impl Group {
    /// Sorts a stamp in and returns whether the group fires.
    fn add(&mut self, at: i64, keep_from: i64, window: &Window) -> bool {
        let position = self.stamps.partition_point(|stamp| *stamp <= at);
        self.stamps.insert(position, at);
        let holds = self.holds_around(position, at, window);
        while self.stamps.front().is_some_and(|stamp| *stamp < keep_from)
            || self.stamps.len() > window.stamps_max()
        {
            self.stamps.pop_front();
        }
        let quiet = self
            .fired_at
            .is_some_and(|fired| (at.saturating_sub(fired)).saturating_abs() <= window.span_us);
        if !holds || quiet {
            return false;
        }
        self.fired_at = Some(at);
        true
    }

    /// Looks at every window that the new stamp lies in: usually the one that it ends.
    fn holds_around(&self, position: usize, at: i64, window: &Window) -> bool {
        let ends = self
            .stamps
            .range(position..)
            .take_while(|end| end.saturating_sub(at) <= window.span_us);
        ends.enumerate().any(|(step, end)| {
            let first =
                self.stamps.partition_point(|stamp| *stamp < end.saturating_sub(window.span_us));
            window.holds(position + step + 1 - first)
        })
    }
}
