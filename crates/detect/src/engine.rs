//! Events in, hits out.
//!
//! The work is split in two: a [`Scanner`] matches rules and remembers nothing, so that several can
//! run side by side; a [`Correlator`] counts and must see events in one order. An [`Engine`] is one
//! of each.

use std::collections::HashMap;
use std::sync::Arc;

use khien_event::{Batch, Event};

use crate::load::Rules;
use crate::sigma::correlate::{self, Correlator, Counters, Linked, Sighting};
use crate::sigma::matcher;
use crate::sigma::route::{self, Origin};
use crate::sigma::rule::{Rule, RuleInfo};
use crate::view::{FieldId, Layout, View};

/// A rule that fired on an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Position of the event in its batch.
    pub event: usize,
    /// The rule; for a correlation, the event is the one that completed the count.
    pub rule: Arc<RuleInfo>,
}

/// What a scanner found in a batch, in the order of events and of rules.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Rules that speak by themselves.
    pub hits: Vec<Hit>,
    /// What correlations count.
    pub sightings: Vec<Sighting>,
}

/// What all scanners of a rule set share.
#[derive(Debug)]
struct RuleSet {
    rules: Vec<Rule>,
    /// By rule: the correlations that count it, with the fields of the group.
    counted_by: Vec<Vec<(usize, Vec<FieldId>)>>,
}

/// A rule in the plan of an origin.
#[derive(Clone, Copy, Debug)]
struct Planned {
    rule: usize,
    /// Its field names are those of a category, for which the source may have its own words.
    generic: bool,
}

/// Matches rules against events. A clone shares the rules and has buffers of its own.
#[derive(Clone, Debug)]
pub struct Scanner {
    set: Arc<RuleSet>,
    /// The rules that each origin is asked about, worked out when it is first seen. Origins come
    /// from the fixed tables of `route`, so their number is bounded.
    plans: HashMap<Origin, Arc<[Planned]>>,
    layout: Layout,
}

/// A scanner and a correlator: for whoever sees events in one order.
#[derive(Debug)]
pub struct Engine {
    scanner: Scanner,
    correlator: Correlator,
}

impl Engine {
    /// Returns an engine for these rules.
    pub fn new(rules: Rules) -> Self {
        let correlator = Correlator::new(&rules.correlations);
        let mut counted_by = vec![Vec::new(); rules.rules.len()];
        for (number, Linked { members, .. }) in rules.correlations.iter().enumerate() {
            for (rule, fields) in members {
                counted_by[*rule].push((number, fields.clone()));
            }
        }
        let set = Arc::new(RuleSet { rules: rules.rules, counted_by });
        let layout = Layout::new(rules.fields);
        Self { scanner: Scanner { set, plans: HashMap::new(), layout }, correlator }
    }

    /// Returns the hits of a batch, in the order of events, then of rules.
    pub fn batch(&mut self, batch: &Batch) -> Vec<Hit> {
        let Found { mut hits, sightings } = self.scanner.scan(batch);
        for sighting in &sightings {
            if let Some(rule) = self.correlator.count(sighting) {
                hits.push(Hit { event: sighting.event, rule });
            }
        }
        hits.sort_by_key(|hit| hit.event);
        hits
    }

    /// Returns what the bounds of the correlations have cost so far.
    pub fn counters(&self) -> Counters {
        self.correlator.counters()
    }

    /// Takes the engine apart, to scan on several threads and count in one place.
    pub fn split(self) -> (Scanner, Correlator) {
        (self.scanner, self.correlator)
    }
}

impl Scanner {
    /// Matches every event of the batch.
    pub fn scan(&mut self, batch: &Batch) -> Found {
        let mut found = Found::default();
        for (position, event) in batch.iter().enumerate() {
            self.scan_event(position, event, &mut found);
        }
        found
    }

    fn scan_event(&mut self, position: usize, event: Event<'_>, found: &mut Found) {
        let routed = route::route(event);
        let plan = self.plan(routed.origin);
        if plan.is_empty() {
            return;
        }
        let view = self.layout.lay(event, routed.channel, routed.event_id);
        let first_sighting = found.sightings.len();
        for planned in plan.iter() {
            let rule = &self.set.rules[planned.rule];
            let generic = planned.generic;
            if !matcher::condition_holds(&rule.condition, &rule.searches, &view, generic) {
                continue;
            }
            if rule.speaks {
                found.hits.push(Hit { event: position, rule: rule.info.clone() });
            }
            for (correlation, fields) in &self.set.counted_by[planned.rule] {
                // An event is one event, however many of the rules it matches.
                let known = &found.sightings[first_sighting..];
                if known.iter().any(|sighting| sighting.correlation == *correlation) {
                    continue;
                }
                found.sightings.push(Sighting {
                    event: position,
                    at: event.t_event(),
                    correlation: *correlation,
                    group: group(&view, fields, generic),
                });
            }
        }
    }

    fn plan(&mut self, origin: Origin) -> Arc<[Planned]> {
        let set = &self.set;
        let plan = self.plans.entry(origin).or_insert_with(|| {
            let served = set.rules.iter().enumerate().filter(|(number, rule)| {
                let counted = !set.counted_by[*number].is_empty();
                origin.serves(&rule.info.source) && (rule.speaks || counted)
            });
            let planned = |(rule, generic)| Planned { rule, generic };
            served
                .map(|(number, rule)| planned((number, rule.info.source.category.is_some())))
                .collect()
        });
        plan.clone()
    }
}

/// A field that the event lacks is a value of its own, as in SQL: events without it form a group.
fn group(view: &View<'_>, fields: &[FieldId], generic: bool) -> Box<str> {
    correlate::group_key(
        fields
            .iter()
            .map(|field| view.values(*field, generic).next().map_or("", |seen| seen.folded)),
    )
}
