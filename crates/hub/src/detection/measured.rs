//! What the engine tells of its work: the cost of each rule, sources that no rule reads, and the
//! memory of rules that count and what their bounds have cost. Copied now and then for the pages; it
//! begins anew with the rules.

use std::collections::HashMap;

use khien_detect::{Counters, Engine};

/// Unmapped sources that are told by name, those with the most events first.
const UNMAPPED_MAX: usize = 50;

/// The work of one rule set.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Events that were looked at.
    pub events: u64,
    /// By rule: on how many of them it was tried.
    tries: HashMap<String, u64>,
    /// By rule that counts: groups, and the bytes that they take.
    groups: HashMap<String, (usize, usize)>,
    /// What the bounds of all rules that count have cost.
    pub counters: Counters,
    /// By rule that counts, where they have cost any: what is its own.
    cut: HashMap<String, Counters>,
    /// Sources that no rule for a category or service reads, with their events.
    pub unmapped: Vec<(String, u64)>,
    /// Events of such sources beyond those named.
    pub unmapped_others: u64,
}

impl Measured {
    /// Returns what an engine tells that has looked at so many events.
    pub(super) fn of(engine: &Engine, events: u64) -> Self {
        let tried = engine.tries().filter(|(_, tries)| *tries > 0);
        let unmapped = engine.unmapped();
        let mut named: Vec<(String, u64)> =
            unmapped.by_name().map(|(name, count)| (name.to_owned(), count)).collect();
        named.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
        named.truncate(UNMAPPED_MAX);
        let told: u64 = named.iter().map(|(_, count)| count).sum();
        let none = Counters::default();
        let cut = engine.usage().filter(|one| one.counters != none);
        Self {
            events,
            counters: engine.counters(),
            cut: cut.map(|one| (one.rule.id.clone(), one.counters)).collect(),
            tries: tried.map(|(rule, tries)| (rule.id.clone(), tries)).collect(),
            groups: engine
                .usage()
                .map(|one| (one.rule.id.clone(), (one.groups, one.bytes)))
                .collect(),
            unmapped_others: unmapped.total() - told,
            unmapped: named,
        }
    }

    /// Returns on how many events a rule was tried.
    pub fn tries(&self, rule: &str) -> u64 {
        self.tries.get(rule).copied().unwrap_or_default()
    }

    /// Returns on how many of a thousand events a rule was tried; nothing before the first event.
    pub fn tries_per_thousand(&self, rule: &str) -> Option<f64> {
        let tries = self.tries.get(rule).copied().unwrap_or_default();
        (self.events > 0).then(|| tries as f64 * 1000.0 / self.events as f64)
    }

    /// Returns what the bounds of a rule that counts have cost it by itself.
    pub fn counters(&self, rule: &str) -> Counters {
        self.cut.get(rule).copied().unwrap_or_default()
    }

    /// Returns the groups of a rule that counts, and the bytes that they take.
    pub fn groups(&self, rule: &str) -> Option<(usize, usize)> {
        self.groups.get(rule).copied()
    }
}
