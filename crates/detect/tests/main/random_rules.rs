//! Random rules on random events that nearly match: the engine finds what the reference finds.
//!
//! Several rules and several events at a time, because the engine shares the answers of one rule
//! with the others, and the buffers of one event with the next.

mod rule;

use std::collections::{BTreeMap, BTreeSet};

use khien_detect::{Engine, Loader, Placeholders};
use khien_event::names::OwnWords;
use khien_event::{Batch, Format, Value};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use self::rule::{FIELDS, Hint, NUMBERS, PIECES, Search, rule, text};
use crate::reference::{self, Cell, Event, Lists};

/// What an event holds under a field.
#[derive(Clone, Debug)]
enum Made {
    /// What some entry of some rule asks for, changed in some way, under its field or under that
    /// which the source has for it.
    Near {
        hint: Index,
        change: Change,
        own_word: bool,
    },
    Other(&'static str, Cell),
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Encoded,
    None,
    Upper,
    Lower,
    Before(&'static str),
    Behind(&'static str),
    Around,
    WithoutFirst,
    WithoutLast,
    OtherDash,
    Decomposed,
}

impl Change {
    fn of(self, hint: &Hint) -> String {
        use unicode_normalization::UnicodeNormalization as _;
        let text = hint.text.as_str();
        match self {
            Self::Encoded => hint.encoded.clone(),
            Self::None => text.to_owned(),
            Self::Upper => text.to_uppercase(),
            Self::Lower => text.to_lowercase(),
            Self::Before(other) => format!("{other}{}", hint.encoded),
            Self::Behind(other) => format!("{}{other}", hint.encoded),
            Self::Around => format!("x {} y", hint.encoded),
            Self::WithoutFirst => text.chars().skip(1).collect(),
            Self::WithoutLast => {
                text.chars().take(text.chars().count().saturating_sub(1)).collect()
            }
            Self::OtherDash => text.replace('-', "\u{2013}").replace('/', "-"),
            Self::Decomposed => text.nfd().collect(),
        }
    }
}

fn made() -> impl Strategy<Value = Made> {
    let piece = || select(&PIECES[..]);
    let change = prop_oneof![
        6 => Just(Change::Encoded),
        2 => select(vec![Change::Upper, Change::Lower, Change::Around, Change::Decomposed]),
        1 => piece().prop_map(Change::Before),
        1 => piece().prop_map(Change::Behind),
        1 => select(vec![Change::None, Change::WithoutFirst, Change::WithoutLast]),
        1 => Just(Change::OtherDash),
    ];
    let other = prop_oneof![
        2 => text().prop_map(Cell::Text),
        2 => select(&NUMBERS[..]).prop_map(|digits| Cell::Number(digits.to_owned())),
        1 => Just(Cell::Null),
        1 => Just(Cell::Text(String::new())),
        1 => any::<bool>().prop_map(Cell::Bool),
        1 => select(vec!["srv7", "SRV", "xsrv1.vn", "%servers%"]).prop_map(|text| Cell::Text(text.to_owned())),
    ];
    prop_oneof![
        3 => (any::<Index>(), change, any::<bool>())
            .prop_map(|(hint, change, own_word)| Made::Near { hint, change, own_word }),
        1 => (select(&FIELDS[..]), other).prop_map(|(field, cell)| Made::Other(field, cell)),
    ]
}

fn event() -> impl Strategy<Value = Vec<Made>> {
    let id = prop_oneof![
        4 => Just(Cell::Number("4688".to_owned())),
        1 => Just(Cell::Text("4688".to_owned())),
        1 => Just(Cell::Number("5".to_owned())),
    ];
    let id = id.prop_map(|id| Made::Other("EventID", id));
    (prop::option::weighted(0.9, id), prop::collection::vec(made(), 0..8))
        .prop_map(|(id, fields)| id.into_iter().chain(fields).collect())
}

/// Returns the event as it is, a value after the other, and its log source first.
fn drawn(event: &[Made], hints: &[Hint]) -> Vec<(&'static str, Cell)> {
    let cell = |made: &Made| match made {
        Made::Other(field, cell) => (*field, cell.clone()),
        Made::Near { .. } if hints.is_empty() => ("f", Cell::Null),
        Made::Near { hint, change, own_word } => {
            let hint: &Hint = hint.get(hints);
            let own = OwnWords::of("Security", "4688").pairs().iter().filter(|_| *own_word);
            let own = own.filter(|(word, _)| *word == hint.field).map(|(_, native)| *native).next();
            (own.unwrap_or(hint.field), Cell::Text(change.of(hint)))
        }
    };
    let channel = ("Channel", Cell::Text("Security".to_owned()));
    std::iter::once(channel).chain(event.iter().map(cell)).collect()
}

fn batch(events: &[Vec<(&'static str, Cell)>]) -> Batch {
    let mut batch = Batch::new();
    for event in events {
        let mut writer = batch.start(Format::Evtx);
        for (field, cell) in event {
            writer.set(
                field,
                match cell {
                    Cell::Null => Value::Null,
                    Cell::Bool(value) => Value::Bool(*value),
                    Cell::Number(digits) => Value::Number(digits),
                    Cell::Text(text) => Value::Text(text),
                },
            );
        }
        writer.finish();
    }
    batch
}

/// Returns what a rule sees of an event; none when it is of another log source.
fn seen(event: &[(&'static str, Cell)], generic: bool) -> Option<Event> {
    let mut fields: BTreeMap<String, Vec<Cell>> = BTreeMap::new();
    for (field, cell) in event {
        fields.entry((*field).to_owned()).or_default().push(cell.clone());
    }
    let message = event.iter().map(|(_, cell)| cell.clone()).collect();
    let id = fields.get("EventID").and_then(|ids| ids[0].text()).unwrap_or_default().to_owned();
    if generic {
        // "Image: NewProcessName": a rule's field is what the source has under its own word for it.
        let own = fields.clone();
        for (word, native) in OwnWords::of("Security", &id).pairs() {
            if let Some(cells) = own.get(*native) {
                fields.insert((*word).to_owned(), cells.clone());
            }
        }
    }
    (!generic || id == "4688").then_some(Event { fields, message })
}

fn lists() -> Lists {
    Lists::from([("Servers".to_owned(), vec!["srv*".to_owned(), "10".to_owned()])])
}

fn engine(rules: &[String]) -> Engine {
    let mut loader = Loader::new();
    let mut placeholders = Placeholders::default();
    for (name, values) in lists() {
        placeholders.add(&name, values).unwrap();
    }
    loader.placeholders(placeholders);
    rules.iter().for_each(|rule| loader.text("t.yml", rule));
    let (loaded, refused) = loader.finish();
    assert!(refused.is_empty(), "{refused:?} in {}", rules.join("---\n"));
    Engine::new(loaded)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_engine_finds_what_the_reference_finds(
        rules in prop::collection::vec(rule(), 1..6),
        events in prop::collection::vec(event(), 1..8),
    ) {
        let searches = rules.iter().flat_map(|rule| &rule.searches);
        let hints: Vec<Hint> = searches.flat_map(Search::hints).collect();
        let texts: Vec<String> = rules.iter().enumerate().map(|(id, rule)| rule.yaml(id)).collect();
        let events: Vec<_> = events.iter().map(|event| drawn(event, &hints)).collect();

        let mut found = BTreeSet::new();
        let mut engine = engine(&texts);
        // Two batches: the buffers of the first must not speak in the second.
        let half = events.len() / 2;
        for (first, part) in [(0, &events[..half]), (half, &events[half..])] {
            let hits = engine.batch(&batch(part));
            found.extend(hits.iter().map(|hit| (first + hit.event, hit.rule.id.clone())));
        }
        let lists = lists();
        let mut expected = BTreeSet::new();
        for (place, event) in events.iter().enumerate() {
            for (id, rule) in rules.iter().enumerate() {
                let seen = seen(event, rule.generic);
                if seen.is_some_and(|seen| reference::matches(&texts[id], &seen, &lists)) {
                    expected.insert((place, format!("r{id}")));
                }
            }
        }
        prop_assert_eq!(found, expected, "{}\n{:?}", texts.join("---\n"), events);
    }
}
