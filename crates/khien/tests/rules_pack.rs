//! The rule pack (`rules/`) against its own samples and against the demo's replay.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

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

/// Read once: the samples need an engine each, and their number grows with the pack.
static RULES: LazyLock<Rules> = LazyLock::new(|| load().0);

fn engine() -> Engine {
    Engine::new(RULES.clone())
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

/// Returns the decoder and bytes of the rule's `fire` or `quiet` samples, one or more.
fn samples(rule: &Path, which: &str) -> Vec<(Format, Vec<u8>)> {
    let begins = format!("{}.{which}.", rule.file_stem().unwrap().to_str().unwrap());
    let folder = rule.parent().unwrap().join("samples");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> = files
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&begins))
        .map(|path| {
            let extension = path.extension().unwrap().to_str().unwrap();
            (extension.parse().unwrap(), fs::read(&path).unwrap())
        })
        .collect();
    assert!(!found.is_empty(), "{begins}* is missing in {}", folder.display());
    found
}

fn decode(format: Format, bytes: &[u8], received_us: i64, batch: &mut Batch) {
    let problems = parse(format, bytes, &Context::received(received_us), batch);
    assert!(problems.is_empty(), "{problems:?}");
}

/// What one sample gave: its lines, the hits of its own rule, and the files of other rules.
struct Outcome {
    lines: usize,
    own: usize,
    others: BTreeSet<String>,
}

fn outcomes(rule: &Path, which: &str) -> Vec<Outcome> {
    let name = rule.file_name().unwrap();
    let file = |hit: &Hit| Path::new(&hit.rule.file).file_name().unwrap().to_owned();
    let read = |(format, bytes): (Format, Vec<u8>)| {
        let mut batch = Batch::new();
        decode(format, &bytes, START_US, &mut batch);
        let (own, others): (Vec<Hit>, Vec<Hit>) =
            engine().batch(&batch).into_iter().partition(|hit| file(hit) == name);
        let others = others.iter().map(|hit| file(hit).to_string_lossy().into_owned()).collect();
        Outcome { lines: batch.len(), own: own.len(), others }
    };
    samples(rule, which).into_iter().map(read).collect()
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
fn each_rule_fires_on_its_samples_and_no_other_does() {
    for rule in rule_files() {
        let counts = fs::read_to_string(&rule).unwrap().contains("\ncorrelation:");
        for outcome in outcomes(&rule, "fire") {
            // A correlation needs all its lines for one hit; any other rule fires on each line.
            let wanted = if counts { 1 } else { outcome.lines };
            assert_eq!(outcome.own, wanted, "{}", rule.display());
            assert!(outcome.others.is_empty(), "{}: {:?}", rule.display(), outcome.others);
        }
    }
}

#[test]
fn no_rule_fires_on_its_near_misses() {
    for rule in rule_files() {
        for outcome in outcomes(&rule, "quiet") {
            assert!(outcome.lines > 0, "{}", rule.display());
            assert_eq!(outcome.own, 0, "{}", rule.display());
        }
    }
}

#[test]
fn benign_traffic_is_silent() {
    let mut lines = 0;
    let mut noise: BTreeMap<String, usize> = BTreeMap::new();
    for seed in [1, 2] {
        let half_hour = demo::benign(seed, START_US).take_while(|line| line.after_ms < 1_800_000);
        for hit in hits_of_replay(half_hour.inspect(|_| lines += 1)) {
            *noise.entry(hit.rule.title.clone()).or_default() += 1;
        }
    }
    let per_million: Vec<String> =
        noise.iter().map(|(rule, hits)| format!("{rule}: {}", hits * 1_000_000 / lines)).collect();
    assert!(noise.is_empty(), "hits per million of {lines} lines: {per_million:#?}");
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

/// A province replaces these lists by its own: it must find the same one everywhere.
#[test]
fn lists_that_a_province_replaces_are_the_same_in_every_rule() {
    for search in ["configured_networks", "secret_machine"] {
        let values = |text: &str| {
            let (_, after) = text.split_once(&format!("    {search}:\n"))?;
            let lines = after.lines().skip(1).map(str::trim);
            Some(lines.take_while(|line| line.starts_with("- ")).map(str::to_owned).collect())
        };
        let texts = rule_files().into_iter().map(|rule| fs::read_to_string(rule).unwrap());
        let lists: Vec<Vec<String>> = texts.filter_map(|text| values(&text)).collect();
        assert!(lists.len() > 1, "{search}");
        assert!(lists.iter().all(|list| !list.is_empty() && *list == lists[0]), "{search}");
    }
}

#[test]
fn the_readme_lists_every_rule_with_its_family_and_level() {
    let readme = fs::read_to_string(pack_dir().join("README.md")).unwrap();
    for rule in rule_files() {
        let file = rule.file_name().unwrap().to_str().unwrap();
        let area = rule.parent().unwrap().file_name().unwrap().to_str().unwrap();
        // What a correlation counts stands before it; the last document is what speaks.
        let told = RULES.infos().filter(|info| info.file.ends_with(&format!("/{file}"))).last();
        let told = told.unwrap();
        let stem = file.trim_end_matches(".yml");
        let row = format!("| `{area}/{stem}` | `{}` | {} |", told.family, told.level);
        assert!(readme.contains(&row), "missing in rules/README.md: {row}");
        assert!(told.title_vi.is_some() && told.advice_vi.is_some(), "{stem} tells nothing");
    }
}
