//! The types of correlation, each in a table: what is seen, and what fires when.

use khien_detect::{Engine, Reason};

use crate::harness::{engine, events, refusal};

/// Three rules named by the letter that an event carries in `Kind`.
const RULES: &str = "title: A\nid: ra\nname: a\nlogsource: {product: windows}\ndetection: {k: {Kind: [a, ab]}, condition: k}\n\
                     ---\ntitle: B\nid: rb\nname: b\nlogsource: {product: windows}\ndetection: {k: {Kind: [b, ab]}, condition: k}\n\
                     ---\ntitle: C\nid: rc\nname: c\nlogsource: {product: windows}\ndetection: {k: {Kind: c}, condition: k}\n";

fn with(correlation: &str) -> Engine {
    engine(&format!("{RULES}---\ntitle: X\nid: x\ncorrelation: {correlation}\n"))
}

/// Returns an event: second, kind, host, value.
fn event(second: i64, kind: &str, host: &str, value: &str) -> String {
    let time = jiff::Timestamp::from_second(1_800_000_000 + second).unwrap();
    format!(
        r#"{{"Channel":"System","EventID":1,"UtcTime":"{time}","@timestamp":"{time}","Kind":"{kind}","Host":"{host}","Value":{value}}}"#
    )
}

/// Returns the seconds at which the correlation fires, or whose events it tells of later.
fn fired(engine: &mut Engine, seen: &[(i64, &str, &str, &str)]) -> Vec<i64> {
    let mut fired = Vec::new();
    for (place, (second, kind, host, value)) in (0_u64..).zip(seen) {
        engine.name(place);
        let hits = engine.batch(&events(&event(*second, kind, host, value)));
        assert!(hits.iter().all(|hit| hit.rule.id == "x"), "parts are silent");
        fired.extend(hits.iter().map(|_| *second));
        fired.extend(engine.settled().iter().map(|hit| seen[hit.place as usize].0));
    }
    fired.extend(engine.finish().iter().map(|hit| seen[hit.place as usize].0));
    fired
}

fn kinds<'k>(seen: &'k [(i64, &'k str)]) -> Vec<(i64, &'k str, &'k str, &'k str)> {
    seen.iter().map(|(second, kind)| (*second, *kind, "h", "1")).collect()
}

fn values<'v>(seen: &'v [(i64, &'v str)]) -> Vec<(i64, &'v str, &'v str, &'v str)> {
    seen.iter().map(|(second, value)| (*second, "a", "h", *value)).collect()
}

#[test]
fn temporal_asks_for_every_rule_in_any_order() {
    for (condition, seen, expected) in [
        ("", vec![(0, "a"), (10, "b"), (20, "c")], vec![20]),
        ("", vec![(0, "c"), (10, "a"), (20, "b")], vec![20]),
        ("", vec![(0, "a"), (10, "b"), (61, "c")], vec![]),
        ("", vec![(0, "a"), (10, "b"), (60, "c")], vec![60]),
        ("", vec![(0, "a"), (10, "a"), (20, "b")], vec![]),
        // One event may be of two rules.
        ("", vec![(0, "c"), (5, "ab")], vec![5]),
        // Late, and completing.
        ("", vec![(0, "a"), (20, "c"), (10, "b")], vec![10]),
        (", condition: {gte: 2}", vec![(0, "a"), (5, "a"), (10, "c")], vec![10]),
        (", condition: {gt: 1}", vec![(0, "a"), (5, "a"), (10, "c")], vec![10]),
        // Judged when the minute is over.
        (", condition: {eq: 2}", vec![(0, "a"), (10, "c"), (70, "a")], vec![10]),
        (", condition: {eq: 2}", vec![(0, "a"), (10, "c"), (20, "b")], vec![]),
    ] {
        let yaml = format!(
            "{{type: temporal, rules: [a, b, c], group-by: [Host], timespan: 1m{condition}}}"
        );
        assert_eq!(fired(&mut with(&yaml), &kinds(&seen)), expected, "{condition} {seen:?}");
    }
}

#[test]
fn temporal_keeps_groups_apart() {
    let mut engine = with("{type: temporal, rules: [a, b], group-by: [Host], timespan: 1m}");
    let seen = [(0, "a", "x", "1"), (1, "b", "y", "1"), (2, "b", "x", "1")];
    assert_eq!(fired(&mut engine, &seen), [2]);
}

#[test]
fn temporal_ordered_asks_for_the_order() {
    for (condition, seen, expected) in [
        ("", vec![(0, "a"), (10, "b"), (20, "c")], vec![20]),
        ("", vec![(0, "a"), (10, "c"), (20, "b")], vec![]),
        ("", vec![(0, "b"), (10, "a"), (20, "b"), (30, "c")], vec![30]),
        ("", vec![(0, "a"), (20, "c"), (10, "b")], vec![10]),
        ("", vec![(0, "a"), (10, "b"), (61, "c")], vec![]),
        // The row that began last counts.
        ("", vec![(0, "a"), (5, "a"), (10, "b"), (65, "c")], vec![65]),
        // Of the same second nobody knows the order.
        ("", vec![(5, "c"), (5, "b"), (5, "a")], vec![5]),
        (", condition: {gte: 2}", vec![(0, "a"), (10, "c")], vec![10]),
        (", condition: {gte: 2}", vec![(0, "c"), (10, "a")], vec![]),
        (", condition: {lt: 2}", vec![(0, "c"), (10, "a")], vec![10]),
    ] {
        let yaml = format!(
            "{{type: temporal_ordered, rules: [a, b, c], group-by: [Host], timespan: 1m{condition}}}"
        );
        assert_eq!(fired(&mut with(&yaml), &kinds(&seen)), expected, "{condition} {seen:?}");
    }
}

#[test]
fn value_count_counts_different_values() {
    for (condition, seen, expected) in [
        ("{field: Value, gte: 3}", vec![(0, "\"u\""), (1, "\"v\""), (2, "\"w\"")], vec![2]),
        ("{field: Value, gte: 3}", vec![(0, "\"u\""), (1, "\"v\""), (2, "\"U\"")], vec![]),
        ("{field: Value, gte: 2}", vec![(0, "\"u\""), (1, "null"), (2, "\"\"")], vec![]),
        ("{field: Value, gte: 2}", vec![(0, "1"), (61, "2"), (62, "3")], vec![62]),
        ("{field: [Value, Host], gte: 2}", vec![(0, "1"), (1, "2")], vec![1]),
        ("{field: [Value, Nothing], gte: 1}", vec![(0, "1"), (1, "2")], vec![]),
        ("{field: Value, lt: 3}", vec![(0, "1"), (1, "2"), (2, "2")], vec![2]),
        ("{field: Value, lt: 3}", vec![(0, "1"), (1, "2"), (2, "3")], vec![]),
    ] {
        let yaml = format!(
            "{{type: value_count, rules: [a], group-by: [Host], timespan: 1m, condition: {condition}}}"
        );
        assert_eq!(fired(&mut with(&yaml), &values(&seen)), expected, "{condition} {seen:?}");
    }
}

#[test]
fn sums_averages_and_percentiles() {
    for (kind, condition, seen, expected) in [
        ("value_sum", "gt: 10", vec![(0, "5"), (1, "5"), (2, "0.5")], vec![2]),
        ("value_sum", "gt: 10", vec![(0, "9"), (61, "9")], vec![]),
        ("value_sum", "gte: 10", vec![(0, "\"0x5\""), (1, "\"5\"")], vec![1]),
        ("value_sum", "gte: 5", vec![(0, "\"many\""), (1, "4")], vec![]),
        // The first minute is judged when it is over; the second begins with the third event.
        ("value_sum", "lt: 10", vec![(0, "4"), (30, "4"), (61, "40")], vec![30]),
        ("value_avg", "gt: 5", vec![(0, "9"), (30, "3"), (61, "5.1")], vec![30, 61]),
        ("value_avg", "gte: 6.000001", vec![(0, "9"), (30, "3")], vec![]),
        ("value_avg", "neq: 3", vec![(0, "3"), (30, "3"), (61, "4")], vec![61]),
        ("value_percentile", "percentile: 50, gte: 3", vec![(0, "1"), (1, "3"), (2, "9")], vec![2]),
        ("value_percentile", "percentile: 50, gt: 3", vec![(0, "1"), (1, "3"), (2, "9")], vec![]),
        (
            "value_percentile",
            "percentile: 99.9, gt: 8",
            vec![(0, "1"), (1, "3"), (2, "9")],
            vec![2],
        ),
    ] {
        let yaml = format!(
            "{{type: {kind}, rules: [a], group-by: [Host], timespan: 1m, condition: {{field: Value, {condition}}}}}"
        );
        let got = fired(&mut with(&yaml), &values(&seen));
        assert_eq!(got, expected, "{kind} {condition} {seen:?}");
    }
}

#[test]
fn counts_with_a_ceiling_are_judged_when_the_time_is_over() {
    for (condition, seen, expected) in [
        ("eq: 2", vec![(0, "1"), (1, "1")], vec![1]),
        ("eq: 2", vec![(0, "1"), (1, "1"), (2, "1")], vec![]),
        ("gte: 2, lt: 4", vec![(0, "1"), (1, "1"), (2, "1")], vec![2]),
        ("lte: 1", vec![(0, "1"), (100, "1"), (101, "1"), (200, "1")], vec![0, 200]),
        // Sorted in, the late one fills the frame.
        ("lte: 1", vec![(100, "1"), (50, "1")], vec![]),
    ] {
        let yaml = format!(
            "{{type: event_count, rules: [a], group-by: [Host], timespan: 1m, condition: {{{condition}}}}}"
        );
        assert_eq!(fired(&mut with(&yaml), &values(&seen)), expected, "{condition} {seen:?}");
    }
}

#[test]
fn a_frame_is_told_as_soon_as_nothing_can_be_added() {
    let mut engine =
        with("{type: event_count, rules: [a], group-by: [Host], timespan: 1m, condition: {lt: 2}}");
    for (second, host, told) in [(0, "quiet", 0), (350, "busy", 0), (375, "busy", 1)] {
        engine.batch(&events(&event(second, "a", host, "1")));
        assert_eq!(engine.settled().len(), told, "{second}");
    }
}

#[test]
fn the_example_of_the_specification_chains() {
    let chain = "title: Guessed\nid: guessed\nlevel: high\ncorrelation: {type: temporal_ordered, \
                 rules: [many_a, c], group-by: [Host], timespan: 10m}\n---\n\
                 title: Many\nid: many\nname: many_a\ncorrelation: {type: event_count, rules: [a], \
                 group-by: [Host], timespan: 10m, condition: {gte: 3}}\n";
    let yaml = format!("{RULES}---\n{chain}");
    for (seen, expected) in [
        (vec![(0, "a"), (1, "a"), (2, "a"), (3, "c")], vec!["guessed"]),
        (vec![(0, "c"), (1, "a"), (2, "a"), (3, "a")], vec![]),
        (vec![(0, "a"), (1, "a"), (3, "c")], vec![]),
        // The guessing goes on, silently; it is still what came before the success.
        (vec![(0, "a"), (1, "a"), (2, "a"), (500, "a"), (501, "a"), (700, "c")], vec!["guessed"]),
        (vec![(0, "a"), (300, "a"), (500, "a"), (501, "a"), (1_000, "c")], vec!["guessed"]),
    ] {
        let mut engine = engine(&yaml);
        let mut ids = Vec::new();
        for (second, kind) in &seen {
            let hits = engine.batch(&events(&event(*second, kind, "h", "1")));
            ids.extend(hits.iter().map(|hit| hit.rule.id.clone()));
        }
        assert_eq!(ids, expected, "{seen:?}");
    }
}

#[test]
fn a_judged_correlation_can_be_counted() {
    let chain = "title: Top\nid: top\ncorrelation: {type: temporal, rules: [quiet, c], \
                 group-by: [Host], timespan: 10m}\n---\n\
                 title: Quiet\nid: quiet\ncorrelation: {type: event_count, rules: [a], \
                 group-by: [Host], timespan: 1m, condition: {lt: 3}}\n";
    let mut engine = engine(&format!("{RULES}---\n{chain}"));
    let mut told = Vec::new();
    for (place, (second, kind)) in (0_u64..).zip([(0, "a"), (30, "a"), (40, "c"), (2_000, "c")]) {
        engine.name(place);
        assert!(engine.batch(&events(&event(second, kind, "h", "1"))).is_empty());
        told.extend(engine.settled().iter().map(|hit| (hit.rule.id.clone(), hit.place)));
    }
    assert_eq!(told, [("top".to_owned(), 1)]);
}

#[test]
fn what_completed_a_count_is_told() {
    let told = |correlation: &str, field: &str| {
        let engine = with(&format!(
            "{{type: {correlation}, rules: [a], group-by: [Host, Nowhere], timespan: 1m, \
             condition: {{field: Value, {field}}}}}"
        ));
        let (mut scanner, mut correlator) = engine.split();
        let log = [event(0, "a", "PC-1", "4"), event(1, "a", "pc-1", "7")].join("\n");
        let mut counts = Vec::new();
        for sighting in scanner.scan(&events(&log)).sightings {
            counts.extend(correlator.count(0, &sighting).into_iter().map(|(_, count)| count));
        }
        correlator.finish();
        counts.extend(correlator.settled().into_iter().map(|settled| settled.completed));
        counts.pop().map(|one| {
            let group = one.group().unwrap();
            assert_eq!(group, [("Host", "pc-1"), ("Nowhere", "")]);
            one.value()
        })
    };
    assert_eq!(told("value_count", "gte: 2"), Some(2.0));
    assert_eq!(told("value_sum", "gt: 10"), Some(11.0));
    // Judged when the minute is over.
    assert_eq!(told("value_avg", "gt: 1"), Some(5.5));
    assert_eq!(told("value_sum", "gt: 11"), None);
}

#[test]
fn aliases_reach_through_chains() {
    let chain = "title: Top\nid: top\ncorrelation: {type: temporal, rules: [inner, c], \
                 group-by: [who], timespan: 10m, aliases: {who: {c: Value}}}\n---\n\
                 title: Inner\nid: inner\ncorrelation: {type: event_count, rules: [a], \
                 group-by: [who], timespan: 1m, condition: {gte: 1}, aliases: {who: {a: Host}}}\n";
    let mut engine = engine(&format!("{RULES}---\n{chain}"));
    assert!(engine.batch(&events(&event(0, "a", "bob", "0"))).is_empty());
    assert!(engine.batch(&events(&event(1, "c", "bob", "\"eve\""))).is_empty());
    assert_eq!(engine.batch(&events(&event(2, "c", "eve", "\"bob\""))).len(), 1);
}

#[test]
fn what_a_type_needs_is_asked_for() {
    for correlation in [
        "{type: value_count, rules: [a], timespan: 1m, condition: {gte: 2}}",
        "{type: value_sum, rules: [a], timespan: 1m, condition: {gte: 2, field: [a, b]}}",
        "{type: value_avg, rules: [a], timespan: 1m}",
        "{type: value_percentile, rules: [a], timespan: 1m, condition: {field: Value, lte: 1}}",
        "{type: value_percentile, rules: [a], timespan: 1m, condition: {field: v, lte: 1, percentile: 101}}",
        "{type: temporal, rules: [a, b], timespan: 1m, condition: {gte: 3}}",
        "{type: temporal, rules: [a, b], timespan: 1m, condition: {field: x, gte: 2}}",
        "{type: event_count, rules: [a], timespan: 1m}",
    ] {
        let (_, refused) = khien_detect::Rules::from_texts([(
            "t.yml",
            format!("{RULES}---\ntitle: X\nid: x\ncorrelation: {correlation}\n"),
        )]);
        let named = refused.len() == 1 && refused[0].id.as_deref() == Some("x");
        assert!(named, "{correlation}: {refused:?}");
    }
    let twice = "title: X\nid: x\ncorrelation: {type: event_count, rules: [n], timespan: 1m, condition: {gte: 2}}\n";
    assert!(matches!(refusal(twice), Reason::Correlation(why) if why.contains("not loaded")));
}
