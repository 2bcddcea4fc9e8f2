//! Every (event, rule) of the corpus against another engine, `rsigma-eval`.
//!
//! Equal totals prove little: two engines can find the same number of different things. So the sets
//! are compared, and every difference needs a ruling in `rulings.json`: who finds it, on how many
//! events, and the sentence that decides. A difference without a ruling fails the test, and so does
//! a ruling whose difference is gone.
//!
//! Logs of attacks seldom lack a field or hold null, an empty text or several values. So every
//! event is compared again in altered copies. And they make one rule in ten fire: so events are made
//! of the values of each rule, whatever its log source, and shown to many rules together.
//!
//! Both engines get the same fields and the same rules for every event, those that our router
//! gives it, so that only what rules mean is compared; see [`crate::peer`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use khien_detect::{Engine, Rules};
use khien_event::{Batch, Event, evtx};
use rsigma_eval::event::JsonEvent;
use rsigma_parser::{SigmaRule, parse_sigma_yaml};
use serde::Deserialize;

use crate::corpus::{corpus, evtx_files, load};
use crate::made;
use crate::peer::Peer;

const FOLDERS: [&str; 3] = ["rules", "rules-emerging-threats", "rules-threat-hunting"];

/// Who finds what the other does not.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum Finder {
    Us,
    Peer,
}

/// Events by (who alone finds them, rule).
type Differences = BTreeMap<(Finder, String), usize>;

/// Differences with one cause.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ruling {
    found_by: Finder,
    /// Rule id → events of the corpus.
    #[serde(default)]
    events: BTreeMap<String, usize>,
    /// Rule id → altered copies of events.
    #[serde(default)]
    altered: BTreeMap<String, usize>,
    /// Rule id → events made from rules.
    #[serde(default)]
    made: BTreeMap<String, usize>,
    ruling: String,
    decided_by: String,
}

/// What both found, and what one of them found alone.
#[derive(Default)]
struct Compared {
    events: usize,
    agreed: usize,
    /// Rules that both find somewhere.
    fired: BTreeSet<String>,
    differences: Differences,
    examples: BTreeMap<(Finder, String), String>,
}

impl Compared {
    fn batch(
        &mut self,
        file: &Path,
        batch: &Batch,
        engine: &mut Engine,
        peer: &mut dyn FnMut(Event<'_>) -> BTreeSet<String>,
    ) {
        let mut ours = vec![BTreeSet::new(); batch.len()];
        for hit in engine.batch(batch) {
            ours[hit.event].insert(hit.rule.id.clone());
        }
        for (event, ours) in batch.iter().zip(&ours) {
            let theirs = peer(event);
            self.events += 1;
            self.agreed += ours.intersection(&theirs).count();
            self.fired.extend(ours.intersection(&theirs).cloned());
            let record = event.first("EventRecordID").and_then(khien_event::Value::as_text);
            let place = format!("{} record {}", file.display(), record.unwrap_or("?"));
            ours.difference(&theirs).for_each(|id| self.differ(Finder::Us, id, &place));
            theirs.difference(ours).for_each(|id| self.differ(Finder::Peer, id, &place));
        }
    }

    fn differ(&mut self, finder: Finder, id: &str, place: &str) {
        let key = (finder, id.to_owned());
        *self.differences.entry(key.clone()).or_default() += 1;
        self.examples.entry(key).or_insert_with(|| place.to_owned());
    }
}

/// Says what an altered copy does to a field.
#[derive(Clone, Copy, Debug)]
enum Change {
    Remove,
    Null,
    Empty,
    UpperCase,
    /// A second value beside the first.
    Second,
    /// More text behind its end.
    Longer,
}

/// Splitmix: the same numbers every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Changes every fourth field, save those by which the log source is known.
    fn change(&mut self, field: &str) -> Option<Change> {
        use Change::{Empty, Longer, Null, Remove, Second, UpperCase};
        let names_source = ["Channel", "EventID", "Provider_Name"].contains(&field);
        let changes = [Remove, Null, Empty, UpperCase, Second, Longer];
        let choice = usize::try_from(self.next() % 24).unwrap();
        changes.get(choice).copied().filter(|_| !names_source)
    }
}

/// Returns a copy of the events in which some fields are other than they were.
fn altered(batch: &Batch, dice: &mut Dice) -> Batch {
    let mut copy = Batch::new();
    for event in batch.iter() {
        let mut writer = copy.start(event.format());
        for (field, value) in event.fields() {
            let text = value.as_text().unwrap_or_default();
            match dice.change(field) {
                None => writer.set(field, value),
                Some(Change::Remove) => {}
                Some(Change::Null) => writer.set(field, khien_event::Value::Null),
                Some(Change::Empty) => writer.text(field, ""),
                Some(Change::UpperCase) => writer.text(field, &text.to_uppercase()),
                Some(Change::Second) => {
                    writer.set(field, value);
                    writer.text(field, "x");
                }
                Some(Change::Longer) => writer.text(field, &format!("{text}x")),
            }
        }
        writer.finish();
    }
    copy
}

/// Compares all events of the corpus: as they are, or so many altered copies of each.
fn compare(corpus: &Path, copies: Option<usize>) -> Compared {
    let (rules, refused) = load(corpus, &FOLDERS);
    let folders = FOLDERS.map(|folder| corpus.join("sigma").join(folder));
    let mut peer = Peer::load(&folders, &rules);
    // What we refuse, by name, is not compared; all else has to be there on both sides.
    assert_eq!(peer.len(), rules.len());
    println!("{} rules, {} refused by us", rules.len(), refused.len());
    let mut engine = Engine::new(rules);
    let mut files: Vec<PathBuf> = Vec::new();
    evtx_files(&corpus.join("evtx"), &mut files);
    evtx_files(&corpus.join("sigma/regression_data"), &mut files);
    let (mut compared, mut dice) = (Compared::default(), Dice(1));
    let mut evaluate = |event: Event<'_>| peer.read(event).find().collect();
    for file in &files {
        evtx::read_file(file, &mut |batch, _| match copies {
            None => compared.batch(file, batch, &mut engine, &mut evaluate),
            Some(copies) => (0..copies).for_each(|_| {
                compared.batch(file, &altered(batch, &mut dice), &mut engine, &mut evaluate);
            }),
        })
        .unwrap();
    }
    println!("{} events, {} pairs found by both", compared.events, compared.agreed);
    compared
}

/// Returns what the rulings expect; a ruling without a reason is none.
fn ruled(pairs_of: fn(Ruling) -> BTreeMap<String, usize>) -> Differences {
    let rulings: Vec<Ruling> = serde_json::from_str(include_str!("rulings.json")).unwrap();
    let mut expected = Differences::new();
    for ruling in rulings {
        assert!(!ruling.ruling.is_empty() && !ruling.decided_by.is_empty(), "{ruling:?}");
        let finder = ruling.found_by;
        for (id, events) in pairs_of(ruling) {
            let twice = expected.insert((finder, id.clone()), events);
            assert_eq!(twice, None, "{id} is ruled twice");
        }
    }
    expected
}

/// Tells every difference that is not as it was ruled.
fn judge(compared: &Compared, expected: &Differences) {
    let keys: BTreeSet<_> = expected.keys().chain(compared.differences.keys()).collect();
    let mut unruled = 0;
    for key in keys {
        let (now, ruled) = (compared.differences.get(key), expected.get(key));
        if now != ruled {
            unruled += 1;
            let example = compared.examples.get(key);
            println!("{key:?}: events {now:?}, ruled {ruled:?}, as {example:?}");
        }
    }
    assert_eq!(unruled, 0, "differences without a ruling, or rulings without their difference");
}

#[test]
fn every_pair_of_event_and_rule_is_what_a_peer_finds_or_is_ruled() {
    let Some(corpus) = corpus() else { return };
    let compared = compare(&corpus, None);
    assert!(compared.agreed > 1_500, "{} agreed", compared.agreed);
    judge(&compared, &ruled(|ruling| ruling.events));
}

#[test]
fn altered_events_are_what_a_peer_finds_or_are_ruled() {
    let Some(corpus) = corpus() else { return };
    let compared = compare(&corpus, Some(4));
    assert!(compared.agreed > 5_000, "{} agreed", compared.agreed);
    judge(&compared, &ruled(|ruling| ruling.altered));
}

/// Makes events of rules and shows each to all of them.
fn compare_made(texts: &[String], compared: &mut Compared) {
    let (rules, _) = Rules::from_texts(texts.iter().map(|text| ("made", text)));
    let known: BTreeSet<String> = rules.infos().map(|info| info.id.clone()).collect();
    let read = texts.iter().flat_map(|text| parse_sigma_yaml(text).unwrap().rules);
    let ours = |rule: &SigmaRule| rule.id.as_ref().is_some_and(|id| known.contains(id));
    let read: Vec<SigmaRule> = read.filter(ours).collect();
    let mut peer = rsigma_eval::Engine::new();
    let failed = peer.add_rules(&read);
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(peer.rule_count(), rules.len());
    let mut engine = Engine::new(rules);
    let mut evaluate = |event: Event<'_>| {
        let hits = peer.evaluate(&JsonEvent::borrow(&event.to_json()));
        hits.into_iter().filter_map(|hit| hit.header.rule_id).collect()
    };
    for text in texts {
        let title = text.lines().next().unwrap_or_default();
        compared.batch(Path::new(title), &made::events(text), &mut engine, &mut evaluate);
    }
}

#[test]
fn events_made_from_every_rule_are_what_a_peer_finds_or_are_ruled() {
    // Every event id that some rule names makes the engine plan for all rules at hand.
    const RULES_AT_A_TIME: usize = 1_000;
    let Some(corpus) = corpus() else { return };
    let texts = made::rules(&corpus, &FOLDERS);
    let mut compared = Compared::default();
    texts.chunks(RULES_AT_A_TIME).for_each(|texts| compare_made(texts, &mut compared));
    let Compared { events, agreed, fired, .. } = &compared;
    println!("{events} events, {agreed} pairs found by both, of {} rules", fired.len());
    assert!(fired.len() > 3_500, "{} rules fire", fired.len());
    judge(&compared, &ruled(|ruling| ruling.made));
}
