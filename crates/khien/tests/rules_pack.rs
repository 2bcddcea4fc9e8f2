//! The rule pack (`rules/`) against its own samples and against the demo's replay.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use khien_detect::{Engine, Hit, Level, Refused, Rules};
use khien_event::{Batch, Context, Format, parse};

#[path = "../src/demo/mod.rs"]
mod demo;

use demo::{Door, Line};

const START_US: i64 = 1_795_140_000_000_000;
/// What the six stories raise.
const FAMILIES: [&str; 6] = [
    "default-password",
    "document-theft",
    "malware-not-removed",
    "password-guessing",
    "ransomware",
    "web-takeover",
];

fn pack_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

fn load() -> (Rules, Vec<Refused>) {
    Rules::load(&[pack_dir()])
}

fn engine() -> Engine {
    Engine::new(load().0)
}

/// Returns every rule file of the pack.
fn rule_files() -> Vec<PathBuf> {
    let areas = fs::read_dir(pack_dir()).unwrap().map(|entry| entry.unwrap().path());
    let files = areas.filter(|area| area.is_dir()).flat_map(|area| fs::read_dir(area).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    let mut rules: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "yml")).collect();
    rules.sort();
    rules
}

/// Returns the decoder and bytes of the rule's `fire` or `quiet` sample.
fn sample(rule: &Path, which: &str) -> (Format, Vec<u8>) {
    let stem = rule.file_stem().unwrap().to_str().unwrap();
    let begins = format!("{stem}.{which}.");
    let folder = rule.parent().unwrap().join("samples");
    let found = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).find(|path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|n| n.starts_with(&begins))
    });
    let path = found.unwrap_or_else(|| panic!("{begins}* is missing in {}", folder.display()));
    let extension = path.extension().unwrap().to_str().unwrap();
    (extension.parse().unwrap(), fs::read(&path).unwrap())
}

fn decode(format: Format, bytes: &[u8], received_us: i64, batch: &mut Batch) {
    let problems = parse(format, bytes, &Context::received(received_us), batch);
    assert!(problems.is_empty(), "{problems:?}");
}

fn hits_of_sample(rule: &Path, which: &str) -> (usize, Vec<Hit>) {
    let (format, bytes) = sample(rule, which);
    let mut batch = Batch::new();
    decode(format, &bytes, START_US, &mut batch);
    let mut hits = engine().batch(&batch);
    let name = rule.file_name().unwrap().to_str().unwrap();
    hits.retain(|hit| hit.rule.file.ends_with(name));
    (batch.len(), hits)
}

fn hits_of_replay(lines: impl Iterator<Item = Line>) -> Vec<Hit> {
    let mut engine = engine();
    let mut hits = Vec::new();
    let mut batch = Batch::new();
    for line in lines {
        let format = match line.door {
            Door::SyslogTcp | Door::SyslogUdp => Format::Syslog,
            Door::Http { format, .. } => format.parse().unwrap(),
        };
        let received_us = START_US + i64::try_from(line.after_ms).unwrap() * 1_000;
        batch.clear();
        decode(format, &line.bytes, received_us, &mut batch);
        assert_eq!(batch.len(), 1, "{}", String::from_utf8_lossy(&line.bytes));
        hits.extend(engine.batch(&batch));
    }
    hits
}

#[test]
fn every_rule_loads_from_the_folder_and_from_the_binary() {
    for (rules, refused) in [load(), Rules::pack()] {
        assert!(refused.is_empty(), "{refused:?}");
        assert!(rules.len() >= rule_files().len());
    }
    let ids = |rules: &Rules| rules.infos().map(|info| info.id.clone()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&load().0), ids(&Rules::pack().0));
}

#[test]
fn each_rule_fires_on_its_sample() {
    for rule in rule_files() {
        let (lines, hits) = hits_of_sample(&rule, "fire");
        // A correlation needs all its lines for one hit; any other rule fires on each line.
        let wanted =
            if fs::read_to_string(&rule).unwrap().contains("\ncorrelation:") { 1 } else { lines };
        assert_eq!(hits.len(), wanted, "{}", rule.display());
    }
}

#[test]
fn no_rule_fires_on_its_near_misses() {
    for rule in rule_files() {
        let (lines, hits) = hits_of_sample(&rule, "quiet");
        assert!(lines > 0, "{}", rule.display());
        assert!(hits.is_empty(), "{}: {hits:?}", rule.display());
    }
}

#[test]
fn benign_traffic_is_silent() {
    for seed in [1, 2] {
        let half_hour = demo::benign(seed, START_US).take_while(|line| line.after_ms < 1_800_000);
        let hits = hits_of_replay(half_hour);
        let told: BTreeSet<&str> = hits.iter().map(|hit| hit.rule.title.as_str()).collect();
        assert!(told.is_empty(), "{told:?}");
    }
}

#[test]
fn within_a_minute_each_story_raises_its_family() {
    for seed in [1, 2, 3] {
        let minute = demo::replay(seed, START_US).take_while(|line| line.after_ms < 60_000);
        let hits = hits_of_replay(minute);
        let waiting = hits.iter().filter(|hit| hit.rule.level >= Level::High);
        let families: BTreeSet<&str> = waiting.map(|hit| hit.rule.family.as_str()).collect();
        assert_eq!(families, BTreeSet::from(FAMILIES));
    }
}

#[test]
fn the_configured_networks_are_the_same_in_both_rules() {
    let networks = |name: &str| {
        let text = fs::read_to_string(pack_dir().join("mail").join(name)).unwrap();
        let (_, after) = text.split_once("    configured_networks:\n").unwrap();
        let (list, _) = after.split_once("    condition:").unwrap();
        list.to_owned()
    };
    assert_eq!(
        networks("login_from_outside_networks.yml"),
        networks("bulk_download_from_outside.yml")
    );
}
