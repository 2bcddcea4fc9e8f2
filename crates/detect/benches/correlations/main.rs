//! `cargo bench -p khien-detect --bench correlations`: what correlations hold of a hundred thousand
//! live groups: as they reckon it themselves, and as the process grows by.
//!
//! Memory is a matter of the whole process, so each type has one of its own. Nothing is decided here;
//! the figures are kept in `docs/performance.md`.

#![expect(clippy::print_stdout, reason = "the table is what it is run for")]

use std::process::Command;
use std::time::Instant;

use khien_detect::{Engine, Rules};
use khien_event::{Batch, Format, Value};

const GROUPS: usize = 100_000;
/// Sightings of each group, a minute apart.
const ROUNDS: usize = 5;
/// Events handed over at once: what a batch takes is none of the correlations' memory.
const BATCH_EVENTS: usize = 1_000;
const MINUTE_US: i64 = 60_000_000;

/// Types, and what tells them apart.
const TYPES: [(&str, &str); 5] = [
    ("event_count", "condition: {gte: 9}"),
    ("value_count", "condition: {field: value, gte: 9}"),
    ("temporal", ""),
    ("temporal_ordered", ""),
    ("value_avg", "condition: {field: value, gte: 9}"),
];

fn main() {
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    if let Some(one) = TYPES.into_iter().find(|(kind, _)| Some(*kind) == wanted.as_deref()) {
        measure(one);
        return;
    }
    println!("{GROUPS} groups, {ROUNDS} sightings of each; given up: groups beyond the quota");
    println!(
        "type               kept    given up  reckoned MB  RSS MB  bytes a group  ns a sighting"
    );
    let own = std::env::current_exe().expect("this program is a file");
    for (kind, _) in TYPES {
        let ended = Command::new(&own).arg(kind).status().expect("it runs once more");
        assert!(ended.success(), "{kind}");
    }
}

fn measure((kind, condition): (&str, &str)) {
    let mut engine = engine(kind, condition);
    let mut batch = Batch::new();
    let (mut began_bytes, mut spent_s) = (0, 0.0);
    for round in 0..ROUNDS {
        for first in (0..GROUPS).step_by(BATCH_EVENTS) {
            batch.clear();
            for group in first..first + BATCH_EVENTS {
                add(&mut batch, group, i64::try_from(round).expect("small") * MINUTE_US);
            }
            if began_bytes == 0 {
                // Buffers and plans are there from the first batch on.
                engine.batch(&batch);
                began_bytes = rss_bytes();
            }
            let began = Instant::now();
            engine.batch(&batch);
            spent_s += began.elapsed().as_secs_f64();
        }
    }
    let usage = engine.usage().next().expect("one correlation");
    let grown_bytes = rss_bytes().saturating_sub(began_bytes);
    println!(
        "{kind:<17} {:>6} {:>11} {:>12.1} {:>7.1} {:>14.0} {:>14.0}",
        usage.groups,
        usage.counters.evicted_groups,
        usage.bytes as f64 / 1e6,
        grown_bytes as f64 / 1e6,
        grown_bytes as f64 / usage.groups.max(1) as f64,
        spent_s * 1e9 / (GROUPS * ROUNDS) as f64,
    );
}

fn engine(kind: &str, condition: &str) -> Engine {
    let base = |id: &str, word: &str| {
        format!(
            "title: {id}\nid: {id}\nlogsource: {{product: linux, service: sshd}}\n\
             detection: {{k: [{word}], condition: k}}\n---\n"
        )
    };
    let condition = if condition.is_empty() { String::new() } else { format!(", {condition}") };
    let correlation = format!(
        "title: C\nid: c\ncorrelation: {{type: {kind}, rules: [a, b], group-by: [who], timespan: 1h{condition}}}\n"
    );
    let yaml = base("a", "one") + &base("b", "two") + &correlation;
    let (rules, refused) = Rules::from_texts([("bench.yml", yaml)]);
    assert!(refused.is_empty(), "{refused:?}");
    Engine::new(rules)
}

fn add(batch: &mut Batch, group: usize, at: i64) {
    let mut event = batch.start(Format::Auth);
    event.text("program", "sshd");
    event.set("message", Value::Text("one"));
    event.text("who", &format!("10.{}.{}.{}", group >> 16, (group >> 8) & 255, group & 255));
    event.text("value", &(at / MINUTE_US).to_string());
    event.at(at);
    event.finish();
}

/// Returns the memory that this process holds; nothing where the system does not tell.
fn rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}
