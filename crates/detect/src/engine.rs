//! Events in, hits out.
//!
//! The work is split in two: a [`Scanner`] matches rules and remembers nothing, so that several can
//! run side by side; a [`Correlator`] counts and must see events in one order. An [`Engine`] is one
//! of each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use khien_event::names::OwnWords;
use khien_event::{Batch, Event, NameId, Value};

use crate::correlate::correlator::{Correlator, Settled};
use crate::correlate::counting::{Counters, Usage};
use crate::correlate::save::BadState;
use crate::correlate::sighting::{Feed, Sighting};
use crate::fields::{FieldMap, Fields};
use crate::load::Rules;
use crate::plan::{self, Explained, Plan, QuestionAt, Questions, Scratch, Serving, Source, Tree};
use crate::sigma::fold::fold;
use crate::sigma::route::{self, Origin, Routed};
use crate::sigma::rule::RuleInfo;
use crate::unmapped::Unmapped;

/// Plans made for one event id each. Real sources have a few hundred; beyond, events whose id is
/// new share the plan of their source.
const PLANS_MAX: usize = 512;
/// Bytes of the plans made for one event id each; beyond, the same. SigmaHQ's rules stay below: most
/// of them name a category or serve one source. Rules that serve all that a machine writes are in
/// every plan, and could fill any memory with them.
const PLANS_BYTES_MAX: usize = 64 << 20;

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

/// A rule of the set, beside its questions.
#[derive(Debug)]
struct Held {
    info: Arc<RuleInfo>,
    asks: Tree<QuestionAt>,
    /// Whether a hit is told by itself.
    speaks: bool,
    /// The correlations that count it.
    feeds: Vec<Feed>,
}

/// What all scanners of a rule set share.
#[derive(Debug)]
struct RuleSet {
    rules: Vec<Held>,
    questions: Questions,
    fields: Fields,
    plans: Mutex<Plans>,
}

/// The plans that scanners needed so far.
#[derive(Debug, Default)]
struct Plans {
    by_key: HashMap<PlanKey, Arc<Plan>>,
    /// What those for one event id each take.
    bytes: usize,
}

/// What a plan depends on, besides the event id.
type SourceKey = (Origin, OwnWords);

/// What a plan depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct PlanKey {
    source: SourceKey,
    event_id: Option<Box<str>>,
}

/// Where a scanner keeps the plans of one source.
#[derive(Clone, Debug, Default)]
struct Places {
    by_event_id: HashMap<Box<str>, usize, RandomState>,
    /// For events without an event id, or with several.
    other: Option<usize>,
}

/// Matches rules against events. A clone shares the rules and their plans, and has buffers of its
/// own.
#[derive(Clone, Debug)]
pub struct Scanner {
    set: Arc<RuleSet>,
    /// The plans met so far, and where to find them.
    plans: Vec<Arc<Plan>>,
    known: HashMap<SourceKey, Places, RandomState>,
    fields: FieldMap,
    scratch: Scratch,
    /// (plan, event) of the batch under way.
    order: Vec<(usize, usize)>,
    unmapped: Unmapped,
}

/// A scanner and a correlator: for whoever sees events in one order.
#[derive(Debug)]
pub struct Engine {
    scanner: Scanner,
    correlator: Correlator,
    /// What the caller calls the next batch.
    place: u64,
}

impl Engine {
    /// Returns an engine for these rules.
    pub fn new(mut rules: Rules) -> Self {
        let correlator = Correlator::new(std::mem::take(&mut rules.correlations));
        Self::of(rules, correlator)
    }

    /// Returns an engine for these rules whose correlations remember what [`Self::state`] told, as
    /// far as they are the same.
    ///
    /// # Errors
    /// When the bytes are damaged or of another version: then begin with [`Self::new`].
    pub fn with_state(mut rules: Rules, state: &[u8]) -> Result<Self, BadState> {
        let correlator = Correlator::restore(std::mem::take(&mut rules.correlations), state)?;
        Ok(Self::of(rules, correlator))
    }

    fn of(rules: Rules, correlator: Correlator) -> Self {
        let scanner = Scanner::new(Arc::new(RuleSet::new(rules)));
        Self { scanner, correlator, place: 0 }
    }

    /// Returns what the correlations remember, to outlive a reload of the rules or a restart.
    pub fn state(&self) -> Vec<u8> {
        self.correlator.save()
    }

    /// Returns the hits of a batch, in the order of events, then of rules.
    pub fn batch(&mut self, batch: &Batch) -> Vec<Hit> {
        let Found { mut hits, sightings } = self.scanner.scan(batch);
        for sighting in &sightings {
            let completed = self.correlator.count(self.place, sighting).into_iter();
            hits.extend(completed.map(|(rule, _)| Hit { event: sighting.event, rule }));
        }
        hits.sort_by_key(|hit| hit.event);
        hits
    }

    /// Names the place of the next batch, in whatever way the caller finds it again.
    pub fn name(&mut self, place: u64) {
        self.place = place;
    }

    /// Tells when the next batch came, µs UTC. Whoever reads live events must tell it.
    pub fn arrived(&mut self, at: i64) {
        self.correlator.arrived(at);
    }

    /// Returns the hits of correlations that were only known once their time was over. They are of
    /// events of earlier batches; whoever does not ask never learns of them.
    pub fn settled(&mut self) -> Vec<Settled> {
        self.correlator.settled()
    }

    /// Judges what is under way, because nothing more will come; returns the hits, as
    /// [`Self::settled`] does.
    pub fn finish(&mut self) -> Vec<Settled> {
        self.correlator.finish();
        self.correlator.settled()
    }

    /// Returns what the bounds of the correlations have cost so far.
    pub fn counters(&self) -> Counters {
        self.correlator.counters()
    }

    /// Returns what each correlation keeps and what its bounds have cost.
    pub fn usage(&self) -> impl Iterator<Item = Usage> {
        self.correlator.usage()
    }

    /// Returns each rule with how many events it was tried on: what matching it costs.
    pub fn tries(&self) -> impl Iterator<Item = (&Arc<RuleInfo>, u64)> {
        self.scanner.tries()
    }

    /// Returns the sources of events that no rule for a category or service sees.
    pub fn unmapped(&self) -> &Unmapped {
        self.scanner.unmapped()
    }

    /// Takes the engine apart, to scan on several threads and count in one place.
    pub fn split(self) -> (Scanner, Correlator) {
        (self.scanner, self.correlator)
    }
}

impl RuleSet {
    fn new(mut rules: Rules) -> Self {
        let mut questions = Questions::default();
        let held = |(rule, feeds): (crate::sigma::rule::Rule, Vec<Feed>)| Held {
            asks: questions.condition(&rule.condition, &rule.searches),
            info: rule.info,
            speaks: rule.speaks,
            feeds,
        };
        let held = rules.rules.into_iter().zip(rules.feeds).map(held).collect();
        questions.close();
        rules.fields.intern_aliases();
        Self { rules: held, questions, fields: rules.fields, plans: Mutex::default() }
    }

    /// Returns the plan, made by whichever scanner needs it first.
    fn plan(&self, key: &PlanKey) -> Arc<Plan> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.by_key.get(key) {
            return plan.clone();
        }
        if key.event_id.is_none() || plans.has_room() {
            return plans.keep(key, self.compile(key));
        }
        let shared = PlanKey { event_id: None, ..key.clone() };
        match plans.by_key.get(&shared) {
            Some(plan) => plan.clone(),
            None => plans.keep(&shared, self.compile(&shared)),
        }
    }

    fn compile(&self, key: &PlanKey) -> Plan {
        let serving = self.rules.iter().enumerate().filter(|(_, rule)| {
            (rule.speaks || !rule.feeds.is_empty()) && key.source.0.serves(&rule.info.source)
        });
        let serving = serving.map(|(number, rule)| {
            let generic = rule.info.source.category.is_some();
            Serving { number, asks: &rule.asks, generic }
        });
        let source = Source { aliases: key.source.1.pairs(), event_id: key.event_id.as_deref() };
        Plan::new(serving, source, &self.questions, &self.fields)
    }
}

impl Plans {
    /// Whether another event id may have a plan of its own.
    fn has_room(&self) -> bool {
        self.by_key.len() < PLANS_MAX && self.bytes < PLANS_BYTES_MAX
    }

    fn keep(&mut self, key: &PlanKey, plan: Plan) -> Arc<Plan> {
        if key.event_id.is_some() {
            self.bytes += plan.bytes();
        }
        let plan = Arc::new(plan);
        self.by_key.insert(key.clone(), plan.clone());
        plan
    }
}

impl Scanner {
    fn new(set: Arc<RuleSet>) -> Self {
        Self {
            set,
            plans: Vec::new(),
            known: HashMap::default(),
            fields: FieldMap::default(),
            scratch: Scratch::default(),
            order: Vec::new(),
            unmapped: Unmapped::default(),
        }
    }

    /// Returns each rule with how many events it was tried on: what matching it costs.
    pub fn tries(&self) -> impl Iterator<Item = (&Arc<RuleInfo>, u64)> {
        let tried = |(number, rule)| (rule, self.scratch.tries(number));
        self.set.rules.iter().map(|rule| &rule.info).enumerate().map(tried)
    }

    /// Returns how a rule is asked; none when no rule has this id. A correlation asks nothing itself.
    pub fn explain(&self, rule: &str) -> Option<Explained> {
        let RuleSet { rules, questions, fields, .. } = &*self.set;
        let held = rules.iter().find(|held| held.info.id == rule)?;
        let generic = held.info.source.category.is_some();
        Some(plan::explain(&held.asks, generic, questions, fields))
    }

    /// Returns the sources of events that no rule for a category or service sees.
    pub fn unmapped(&self) -> &Unmapped {
        &self.unmapped
    }

    /// Takes the sources of such events out, with what was counted of them since the last time.
    pub fn take_unmapped(&mut self) -> Unmapped {
        std::mem::take(&mut self.unmapped)
    }

    /// Matches every event of the batch.
    pub fn scan(&mut self, batch: &Batch) -> Found {
        if self.plans.len() >= PLANS_MAX {
            self.known.clear();
            self.plans.clear();
        }
        let mut found = Found::default();
        let mut order = std::mem::take(&mut self.order);
        order.extend(
            batch.iter().enumerate().map(|(position, event)| (self.plan_of(event), position)),
        );
        // Events of one plan after the other: its tables stay in the cache.
        order.sort_unstable();
        for (plan, position) in order.drain(..) {
            self.scan_event(plan, position, batch, &mut found);
        }
        self.order = order;
        found.hits.sort_by_key(|hit| hit.event);
        found.sightings.sort_by_key(|sighting| sighting.event);
        found
    }

    fn scan_event(&mut self, plan: usize, position: usize, batch: &Batch, found: &mut Found) {
        let plan = &self.plans[plan];
        if plan.is_empty() {
            return;
        }
        let event = batch.event(position);
        let set = &self.set;
        let first_sighting = found.sightings.len();
        let fields = self.fields.of(batch, &set.fields);
        self.scratch.try_event(plan, event, fields, &set.questions, &mut |number| {
            let rule = &set.rules[number];
            if rule.speaks {
                found.hits.push(Hit { event: position, rule: rule.info.clone() });
            }
            for feed in &rule.feeds {
                let text = |field| first_text(event, set.fields.name(field), rule);
                feed.see(position, event.t_event(), &text, &mut found.sightings, first_sighting);
            }
        });
    }

    fn plan_of(&mut self, event: Event<'_>) -> usize {
        let Routed { origin, channel, event_id } = route::route(event);
        if origin.is_unmapped() {
            self.unmapped.count(event);
        }
        let source = (origin, OwnWords::of(channel, event_id));
        let event_id = single_event_id(event);
        let places = self.known.entry(source).or_default();
        let place = event_id.map_or(places.other, |id| places.by_event_id.get(id).copied());
        place.unwrap_or_else(|| self.meet(source, event_id))
    }

    /// Takes the plan of events that are new here.
    fn meet(&mut self, source: SourceKey, event_id: Option<&str>) -> usize {
        let key = PlanKey { source, event_id: event_id.map(Into::into) };
        let place = self.plans.len();
        self.plans.push(self.set.plan(&key));
        let places = self.known.entry(source).or_default();
        match key.event_id {
            Some(id) => {
                places.by_event_id.insert(id, place);
            }
            None => places.other = Some(place),
        }
        place
    }
}

/// Returns the event id, if the event has exactly one.
fn single_event_id(event: Event<'_>) -> Option<&str> {
    let mut ids = (0..).zip(event.names()).filter(|(_, name)| *name == NameId::EVENT_ID);
    let (place, _) = ids.next()?;
    event.value(place).as_text().filter(|_| ids.next().is_none())
}

/// Returns the first value of a field, folded; nothing where it is missing or null.
fn first_text(event: Event<'_>, field: &str, rule: &Held) -> String {
    fold(value_of(event, field, rule).and_then(Value::as_text).unwrap_or_default())
}

/// Returns the first value of a field as a rule names it: for a generic rule, the source's own word
/// goes first.
fn value_of<'e>(event: Event<'e>, field: &str, rule: &Held) -> Option<Value<'e>> {
    let Routed { channel, event_id, .. } = route::route(event);
    let aliases = OwnWords::of(channel, event_id).pairs().iter();
    let generic = rule.info.source.category.is_some();
    let native = aliases.filter(|_| generic).find(|(word, _)| *word == field);
    native.and_then(|(_, native)| event.first(native)).or_else(|| event.first(field))
}

#[cfg(test)]
mod tests {
    use khien_event::{Context, Format};

    use super::*;

    fn scanner() -> Scanner {
        let rule = |id: &str, detection: &str| {
            let text = format!(
                "title: {id}\nid: {id}\nlogsource: {{product: windows}}\ndetection: {detection}\n"
            );
            (format!("{id}.yml"), text)
        };
        let (rules, refused) = Rules::from_texts([
            rule("seven", "{s: {EventID: 7, Image|contains: evil}, condition: s}"),
            rule("others", "{s: {Image|contains: evil}, f: {EventID: 7}, condition: s and not f}"),
        ]);
        assert!(refused.is_empty(), "{refused:?}");
        Engine::new(rules).split().0
    }

    fn hits(scanner: &mut Scanner) -> Vec<(usize, String)> {
        let event =
            |id: u32| format!("{{\"Channel\":\"Security\",\"EventID\":{id},\"Image\":\"evil\"}}\n");
        let log: String = (1..20).map(event).collect();
        let mut batch = Batch::new();
        let context = Context::received(0);
        assert!(khien_event::parse(Format::Json, log.as_bytes(), &context, &mut batch).is_empty());
        let found = scanner.scan(&batch).hits.into_iter();
        found.map(|hit| (hit.event, hit.rule.id.clone())).collect()
    }

    #[test]
    fn beyond_the_bytes_of_plans_event_ids_share_one_and_hit_the_same() {
        let mut roomy = scanner();
        let expected = hits(&mut roomy);
        assert_eq!(expected.iter().filter(|(_, rule)| rule == "seven").count(), 1);
        assert_eq!(expected.len(), 19);
        let plans = roomy.set.plans.lock().unwrap();
        assert!(plans.by_key.len() == 19 && plans.bytes > 19 * "evil".len());
        drop(plans);

        let mut full = scanner();
        full.set.plans.lock().unwrap().bytes = PLANS_BYTES_MAX;
        assert_eq!(hits(&mut full), expected);
        assert_eq!(full.set.plans.lock().unwrap().by_key.len(), 1);
    }
}
