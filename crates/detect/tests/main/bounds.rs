//! What correlations keep: how much, what is cut, and what outlives a reload.

use khien_detect::{BadState, Engine, RULE_BYTES_MAX, Rules, STATE_BYTES_MAX};
use khien_event::{Batch, Format, Value};

use crate::harness::engine;

const SECOND_US: i64 = 1_000_000;

const BASE: &str = "title: A\nid: a\nlogsource: {product: linux, service: sshd}\ndetection:\n  k: [one]\n  condition: k\n---\n\
                    title: B\nid: b\nlogsource: {product: linux, service: sshd}\ndetection:\n  k: [two]\n  condition: k\n";

fn yaml(correlation: &str) -> String {
    format!("{BASE}---\ntitle: X\nid: x\ncorrelation: {correlation}\n")
}

/// Adds an event: what it says, when, by whom and with which value.
fn add(batch: &mut Batch, message: &str, at: i64, who: &str, value: &str) {
    let mut event = batch.start(Format::Auth);
    event.text("program", "sshd");
    event.set("message", Value::Text(message));
    event.text("who", who);
    event.text("value", value);
    event.at(at);
    event.finish();
}

fn hits(engine: &mut Engine, message: &str, at: i64, who: &str, value: &str) -> usize {
    let mut batch = Batch::new();
    add(&mut batch, message, at, who, value);
    engine.batch(&batch).len()
}

#[test]
fn a_hundred_thousand_groups_stay_within_the_quota() {
    const GROUPS: usize = 100_000;
    let correlation =
        "{type: event_count, rules: [a], group-by: [who], timespan: 1h, condition: {gte: 5}}";
    let mut engine = engine(&yaml(correlation));
    let mut fired = 0;
    for round in 0..5 {
        let mut batch = Batch::new();
        for group in 0..GROUPS {
            let who = format!("10.{}.{}.{}", group >> 16, (group >> 8) & 255, group & 255);
            add(&mut batch, "one", (round * 60 + group as i64 % 60) * SECOND_US, &who, "");
        }
        fired += engine.batch(&batch).len();
    }
    let usage = engine.usage().next().unwrap();
    assert_eq!((usage.groups, fired), (GROUPS, GROUPS));
    assert!(usage.bytes < RULE_BYTES_MAX, "{} bytes", usage.bytes);
    assert_eq!(engine.counters(), khien_detect::Counters::default());
}

#[test]
fn beyond_the_quota_groups_are_given_up_and_counted() {
    let correlations = ["p", "q"].map(|id| {
        format!(
            "title: {id}\nid: {id}\ncorrelation: {{type: event_count, rules: [a], group-by: [who], timespan: 1h, condition: {{gte: 2}}}}\n"
        )
    });
    let mut engine = engine(&format!("{BASE}---\n{}", correlations.join("---\n")));
    let long = "g".repeat(240);
    for round in 0..90 {
        let mut batch = Batch::new();
        for group in 0..1_000 {
            add(&mut batch, "one", 0, &format!("{long}{round}.{group}"), "");
        }
        engine.batch(&batch);
        let bytes: usize = engine.usage().map(|usage| usage.bytes).sum();
        assert!(bytes <= STATE_BYTES_MAX, "{bytes}");
    }
    assert!(engine.counters().evicted_groups > 1_000);
    assert!(engine.usage().all(|usage| usage.bytes <= RULE_BYTES_MAX && usage.groups > 1_000));
}

#[test]
fn whatever_is_counted_stays_within_the_quotas() {
    let kinds = [
        "type: event_count, condition: {gte: 90}",
        "type: event_count, condition: {lt: 2}",
        "type: value_count, condition: {field: value, gte: 90}",
        "type: value_sum, condition: {field: value, gte: 1000000}",
        "type: value_percentile, condition: {field: value, gte: 9000, percentile: 90}",
        "type: temporal",
        "type: temporal_ordered",
    ];
    let mut yaml = BASE.to_owned();
    for (number, kind) in kinds.iter().enumerate() {
        yaml += &format!(
            "---\ntitle: c\nid: c{number}\ncorrelation: {{{kind}, rules: [a, b], group-by: [who], timespan: 1h}}\n\
             ---\ntitle: d\nid: d{number}\ncorrelation: {{type: event_count, rules: [c{number}], group-by: [who], timespan: 1h, condition: {{gte: 2}}}}\n"
        );
    }
    let mut engine = engine(&yaml);
    let long = "g".repeat(200);
    for round in 0..60_i64 {
        let mut batch = Batch::new();
        for n in 0..1_000_i64 {
            // Many groups of few sightings, then few of many.
            let group = if round < 40 { round * 1_000 + n } else { n % 20 };
            let at = (round * 1_000 + n) * 20_000;
            add(&mut batch, "one", at, &format!("{long}{group}"), &(n * 7).to_string());
        }
        engine.batch(&batch);
        let usage: Vec<_> = engine.usage().collect();
        assert!(usage.iter().all(|one| one.bytes <= RULE_BYTES_MAX));
        assert!(usage.iter().map(|one| one.bytes).sum::<usize>() <= STATE_BYTES_MAX);
    }
    assert!(engine.counters().evicted_groups > 10_000, "{:?}", engine.counters());
}

#[test]
fn a_flood_is_counted_in_bounded_memory() {
    for (kind, condition, least, most) in [
        // A bucket that lies partly in the window is left out: never too early.
        ("event_count", "gte: 5000", 5_000, 5_200),
        ("value_count", "field: value, gte: 5000", 4_500, 5_500),
        ("value_sum", "field: value, gte: 12502500", 5_000, 5_200),
    ] {
        let correlation = format!(
            "{{type: {kind}, rules: [a], group-by: [who], timespan: 6h, condition: {{{condition}}}}}"
        );
        let mut engine = engine(&yaml(&correlation));
        let first = (1..=20_000_i64)
            .find(|n| hits(&mut engine, "one", n * SECOND_US, "w", &n.to_string()) > 0);
        let first = first.unwrap_or_default();
        assert!((least..=most).contains(&first), "{kind}: {first}");
        assert_eq!(engine.counters().approximate, 1);
        assert!(engine.usage().all(|usage| usage.bytes < 128 << 10));
        // It goes on from its saved state.
        let (rules, _) = Rules::from_texts([("t.yml", yaml(&correlation))]);
        let state = engine.state();
        assert_eq!(Engine::with_state(rules, &state).unwrap().state(), state, "{kind}");
    }
}

#[test]
fn averages_and_percentiles_of_a_flood_are_near() {
    for (kind, condition, holds) in [
        ("value_avg", "gt: 4990, lt: 5010", true),
        ("value_percentile", "percentile: 90, gt: 8900, lt: 9100", true),
        ("value_percentile", "percentile: 90, gt: 9100", false),
    ] {
        let correlation = format!(
            "{{type: {kind}, rules: [a], group-by: [who], timespan: 6h, condition: {{field: value, {condition}}}}}"
        );
        let mut engine = engine(&yaml(&correlation));
        for n in 1..=9_999_i64 {
            // In no order.
            let value = (n * 7_919) % 10_000;
            assert_eq!(hits(&mut engine, "one", n * SECOND_US, "w", &value.to_string()), 0);
        }
        let (rules, _) = Rules::from_texts([("t.yml", yaml(&correlation))]);
        let mut engine = Engine::with_state(rules, &engine.state()).unwrap();
        assert_eq!(engine.finish().len(), usize::from(holds), "{kind} {condition}");
    }
}

#[test]
fn a_flood_hides_no_order() {
    for kind in ["temporal", "temporal_ordered"] {
        let correlation =
            format!("{{type: {kind}, rules: [a, b], group-by: [who], timespan: 10m}}");
        let mut engine = engine(&yaml(&correlation));
        for n in 0..5_000_i64 {
            assert_eq!(hits(&mut engine, "one", n * 100_000, "w", ""), 0);
        }
        let (rules, _) = Rules::from_texts([("t.yml", yaml(&correlation))]);
        let mut engine = Engine::with_state(rules, &engine.state()).unwrap();
        // A success ten minutes after the last of them, and one a moment later than that.
        let last = 4_999 * 100_000;
        assert_eq!(hits(&mut engine, "two", last + 600 * SECOND_US, "w", ""), 1, "{kind}");
        assert_eq!(hits(&mut engine, "two", last + 1_300 * SECOND_US, "w", ""), 0, "{kind}");
    }
}

#[test]
fn an_unchanged_rule_keeps_its_windows_and_a_changed_one_begins_anew() {
    let old =
        yaml("{type: event_count, rules: [a], group-by: [who], timespan: 1h, condition: {gte: 3}}");
    let title = old.replace("title: X", "title: Other\nlevel: high");
    let member = old.replace("k: [one]", "k: [one, three]");
    let more = format!(
        "title: Y\nid: 0\ncorrelation: {{type: event_count, rules: [b], timespan: 1m, condition: {{gte: 2}}}}\n---\n{old}"
    );
    for (new, goes_on) in [
        (old.clone(), true),
        (title, true),
        (more, true),
        (member, false),
        (old.replace("gte: 3", "gte: 2"), false),
        (old.replace("1h", "2h"), false),
        (old.replace("[who]", "[program]"), false),
        (old.replace("id: x", "id: z"), false),
        (BASE.to_owned(), false),
    ] {
        let mut before = engine(&old);
        assert_eq!(hits(&mut before, "one", 0, "w", "") + hits(&mut before, "one", 1, "w", ""), 0);
        let (rules, refused) = Rules::from_texts([("t.yml", &new)]);
        assert!(refused.is_empty(), "{refused:?}");
        let mut after = Engine::with_state(rules, &before.state()).unwrap();
        let groups: usize = after.usage().map(|usage| usage.groups).sum();
        assert_eq!(groups, usize::from(goes_on), "{new}");
        if goes_on {
            assert_eq!(hits(&mut after, "one", 2, "w", ""), 1, "{new}");
        }
    }
}

#[test]
fn only_what_was_saved_is_restored() {
    let text = yaml("{type: event_count, rules: [a], timespan: 1h, condition: {gte: 3}}");
    let mut saved = engine(&text);
    hits(&mut saved, "one", 0, "w", "");
    let state = saved.state();
    let restore = |bytes: &[u8]| {
        let (rules, _) = Rules::from_texts([("t.yml", &text)]);
        Engine::with_state(rules, bytes).err()
    };
    assert_eq!(restore(&state), None);
    assert_eq!(restore(b"something else"), Some(BadState::Foreign));
    for end in 4..state.len() {
        assert!(restore(&state[..end]).is_some(), "{end}");
    }
    for position in 0..state.len() {
        let mut changed = state.clone();
        changed[position] ^= 1;
        assert!(restore(&changed).is_some(), "{position}");
    }
}

#[test]
fn an_event_from_the_future_counts_when_it_comes() {
    let correlation =
        "{type: event_count, rules: [a], group-by: [who], timespan: 1h, condition: {gte: 3}}";
    let mut engine = engine(&yaml(correlation));
    engine.arrived(1_000 * SECOND_US);
    assert_eq!(hits(&mut engine, "one", 1_000 * SECOND_US, "w", ""), 0);
    assert_eq!(hits(&mut engine, "one", i64::MAX, "other", ""), 0);
    assert_eq!(hits(&mut engine, "one", 900_000 * SECOND_US, "w", ""), 0);
    engine.arrived(1_100 * SECOND_US);
    assert_eq!(hits(&mut engine, "one", 1_100 * SECOND_US, "w", ""), 1);
    assert_eq!(engine.counters().ahead, 2);
    // A machine whose clock is behind has windows of its own.
    for second in 0..2 {
        assert_eq!(hits(&mut engine, "one", second * SECOND_US, "behind", ""), 0);
    }
    engine.arrived(1_400 * SECOND_US);
    assert_eq!(hits(&mut engine, "one", 2 * SECOND_US, "behind", ""), 1);
    // Nothing overflows at the ends of time.
    for at in [i64::MIN, i64::MIN + 1, i64::MAX, 0, i64::MIN] {
        engine.arrived(at);
        hits(&mut engine, "one", at, "edge", "");
    }
}
