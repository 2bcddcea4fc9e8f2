//! Correlations of every type: what fires, when, and what a bound costs.

use khien_detect::{Engine, GROUPS_MAX, LATENESS_US, Reason, Rules};
use khien_event::{Batch, Format, Value};

use crate::harness::engine;

const SECOND_US: i64 = 1_000_000;

const BASE: &str = "title: Failed\nid: base\nname: failed\nlogsource: {product: linux, service: sshd}\n\
                    detection:\n  k: [Failed]\n  condition: k\n";

fn counted(correlation: &str) -> String {
    format!("{BASE}---\ntitle: Many\nid: many\nlevel: high\ncorrelation: {correlation}\n")
}

fn usual() -> Engine {
    engine(&counted(
        "{type: event_count, rules: [failed], group-by: [src_ip], timespan: 1m, condition: {gte: 3}}",
    ))
}

fn failed(at: Option<i64>, ip: &str) -> Batch {
    let mut batch = Batch::new();
    let mut event = batch.start(Format::Auth);
    event.text("program", "sshd");
    event.set("message", Value::Text("Failed password"));
    event.text("src_ip", ip);
    if let Some(at) = at {
        event.at(at);
    }
    event.finish();
    batch
}

/// Returns at which seconds the correlation fires, one event per given second.
fn fired(engine: &mut Engine, seconds: &[i64]) -> Vec<i64> {
    let mut fired = Vec::new();
    for second in seconds {
        let hits = engine.batch(&failed(Some(second * SECOND_US), "192.0.2.1"));
        assert!(hits.iter().all(|hit| hit.rule.id == "many"), "parts are silent");
        fired.extend(hits.iter().map(|_| *second));
    }
    fired
}

#[test]
fn enough_events_in_the_span_fire_once_per_span() {
    for (seconds, expected) in [
        (vec![0, 10, 20], vec![20]),
        (vec![0, 40, 80], vec![]),
        (vec![0, 30, 60], vec![60]),
        (vec![0, 30, 61], vec![]),
        (vec![0, 1, 2, 3, 4, 5, 59], vec![2]),
        (vec![0, 1, 2, 3, 4, 63, 64, 65], vec![2, 63]),
        // Out of order: the late one completes a window.
        (vec![0, 50, 20], vec![20]),
        (vec![100, 40, 0, 70], vec![70]),
        (vec![5, 5, 5], vec![5]),
    ] {
        assert_eq!(fired(&mut usual(), &seconds), expected, "{seconds:?}");
    }
}

#[test]
fn groups_are_apart_and_fold_case() {
    let mut engine = usual();
    for ip in ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"] {
        assert!(engine.batch(&failed(Some(0), ip)).is_empty());
    }
    assert_eq!(engine.batch(&failed(Some(0), "192.0.2.1")).len(), 1);
    for ip in ["fe80::a", "FE80::A"] {
        assert!(engine.batch(&failed(Some(0), ip)).is_empty());
    }
    assert_eq!(engine.batch(&failed(Some(0), "Fe80::a")).len(), 1);
}

#[test]
fn bounds_are_counted() {
    let mut engine = usual();
    engine.batch(&failed(None, "192.0.2.1"));
    engine.batch(&failed(Some(LATENESS_US + 120 * SECOND_US), "192.0.2.1"));
    engine.batch(&failed(Some(0), "192.0.2.1"));
    assert_eq!((engine.counters().untimed, engine.counters().late), (1, 1));

    // Of one time, so that none is over.
    let mut engine = usual();
    for number in 0..GROUPS_MAX + 10 {
        engine.batch(&failed(Some(0), &format!("g{number}")));
    }
    let evicted = engine.counters().evicted_groups;
    assert!(evicted >= 10, "{evicted}");
    // Groups that are over make room at no cost.
    engine.batch(&failed(Some(3_600 * SECOND_US), "later"));
    assert_eq!(engine.counters().evicted_groups, evicted);
}

#[test]
fn generate_lets_the_parts_speak() {
    let yaml = counted(
        "{type: event_count, rules: [failed], group-by: [src_ip], timespan: 1m, condition: {gte: 2}, generate: true}",
    );
    let mut engine = engine(&yaml);
    assert_eq!(engine.batch(&failed(Some(0), "a")).len(), 1);
    let hits = engine.batch(&failed(Some(1), "a"));
    let ids: Vec<_> = hits.iter().map(|hit| hit.rule.id.as_str()).collect();
    assert_eq!(ids, ["base", "many"]);
}

#[test]
fn conditions_and_spans() {
    for (condition, span, seconds, expected) in [
        ("{gt: 2}", "60s", vec![0, 1, 2], vec![2]),
        ("{gte: 2}", "1d", vec![0, 80_000], vec![80_000]),
    ] {
        let yaml = counted(&format!(
            "{{type: event_count, rules: failed, group-by: [src_ip], timespan: {span}, condition: {condition}}}"
        ));
        assert_eq!(fired(&mut engine(&yaml), &seconds), expected, "{condition} {span}");
    }
}

#[test]
fn aliases_name_the_group_of_each_rule() {
    let other = BASE.replace("id: base", "id: base2").replace("name: failed", "name: other");
    let yaml = format!(
        "{other}---\n{}",
        counted(
            "{type: event_count, rules: [failed, other], group-by: [ip], timespan: 1m, condition: {gte: 2}, \
             aliases: {ip: {failed: src_ip, other: src_ip}}}"
        )
    );
    let mut engine = engine(&yaml);
    // Both rules match the one event, which is still one event.
    assert!(engine.batch(&failed(Some(0), "a")).is_empty());
    assert!(engine.batch(&failed(Some(0), "b")).is_empty());
    assert_eq!(engine.batch(&failed(Some(0), "a")).len(), 1);
}

#[test]
fn what_is_not_supported_is_refused_and_its_parts_stay_silent() {
    for kind in ["value_median", "temporal_extended", "nonsense"] {
        let yaml = counted(&format!(
            "{{type: {kind}, rules: [failed], group-by: [src_ip], timespan: 1m, condition: {{gte: 3}}}}"
        ));
        let (rules, refused) = Rules::from_texts([("t.yml", &yaml)]);
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].title.as_deref(), Some("Many"));
        assert!(matches!(&refused[0].reason, Reason::Unsupported(what) if what.contains(kind)));
        assert!(Engine::new(rules).batch(&failed(Some(0), "a")).is_empty());
    }
    for (key, value) in [
        ("rules", "[nobody]"),
        ("rules", "[]"),
        ("timespan", "5 minutes"),
        ("timespan", "0s"),
        ("timespan", "99d"),
        ("condition", "{lt: 1}"),
        ("condition", "{gte: 0}"),
        ("condition", "{gte: 5, field: f}"),
        ("condition", "{gte: 5, percentile: 50}"),
        ("rules", "[failed, base]"),
        ("condition", "{gte: many}"),
        ("condition", "{gte: 5, lt: 3}"),
        ("condition", "{about: 5}"),
        ("nonsense", "1"),
    ] {
        let keys = [
            ("type", "event_count"),
            ("rules", "[failed]"),
            ("group-by", "[src_ip]"),
            ("timespan", "1m"),
            ("condition", "{gte: 3}"),
        ];
        let mut keys: Vec<_> = keys.into_iter().filter(|(known, _)| *known != key).collect();
        keys.push((key, value));
        let keys: Vec<_> = keys.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let yaml = counted(&format!("{{{}}}", keys.join(", ")));
        let (_, refused) = Rules::from_texts([("t.yml", &yaml)]);
        assert_eq!(refused.len(), 1, "{key}: {value}");
    }
}

#[test]
fn correlations_count_correlations() {
    let outer = "title: Waves\nid: waves\ncorrelation: {type: event_count, rules: [many], \
                 group-by: [host], timespan: 1h, condition: {gte: 2}}\n";
    let yaml = format!(
        "{outer}---\n{}",
        counted(
            "{type: event_count, rules: [failed], group-by: [src_ip], timespan: 1m, condition: {gte: 2}}",
        )
    );
    let mut engine = engine(&yaml);
    let mut ids = Vec::new();
    for (second, ip) in [(0, "a"), (1, "a"), (2, "b"), (3, "b")] {
        let hits = engine.batch(&failed(Some(second * SECOND_US), ip));
        ids.extend(hits.iter().map(|hit| (second, hit.rule.id.clone())));
    }
    // The inner one is a part and silent; the outer one groups by its own field.
    assert_eq!(ids, [(3, "waves".to_owned())]);
}

#[test]
fn circles_are_refused_with_all_that_stand_on_them() {
    let one = |id: &str, of: &str| {
        format!(
            "title: {id}\nid: {id}\ncorrelation: {{type: event_count, rules: [{of}], timespan: 1m, condition: {{gte: 2}}}}\n"
        )
    };
    let yaml = [one("a", "b"), one("b", "a"), one("c", "b"), one("d", "d")].join("---\n");
    let (rules, refused) = Rules::from_texts([("t.yml", &yaml)]);
    assert!(rules.is_empty());
    assert_eq!(refused.len(), 4);
    for one in &refused {
        assert!(matches!(&one.reason, Reason::Correlation(why) if why.contains("circle")));
    }
}
