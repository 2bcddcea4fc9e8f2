//! `khien rules explain` as its callers see it.

#![cfg(test)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};

const RULES: &str = "title: Shell\nid: shell\nname: shell\nauthor: An Author\nlevel: high\n\
                     logsource: {product: windows, category: process_creation}\n\
                     detection: {s: {Image|endswith: '\\mimikatz.exe', CommandLine|re: 'x[0-9]+payload'}, condition: s}\n\
                     ---\ntitle: Often\nid: often\nlevel: critical\n\
                     correlation: {type: event_count, rules: [shell], group-by: [Computer], timespan: 5m, condition: {gte: 4}}\n\
                     ---\ntitle: Bad\nid: bad\nlogsource: {product: windows}\n\
                     detection: {s: {a|nosuch: 1}, condition: s}\n";

struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let room = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(room.path("rules")).unwrap();
        fs::write(room.path("rules/three.yml"), RULES).unwrap();
        let event = |id: u32, image: &str, line: &str| {
            format!(
                "{{\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"EventID\":{id},\"Image\":\"C:\\\\{image}\",\"CommandLine\":\"{line}\"}}\n"
            )
        };
        let log = [
            event(1, "mimikatz.exe", "x7payload"),
            event(1, "mimikatz.exe", "none"),
            event(1, "calc.exe", "none"),
            event(3, "mimikatz.exe", "x7payload"),
        ];
        fs::write(room.path("log.json"), log.concat()).unwrap();
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn explain(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        command.current_dir(self.folder.path()).args(["rules", "explain"]).args(args);
        command.env("LC_ALL", "C").output().unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.explain(&[args, &["--format", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }
}

#[test]
fn a_rule_is_told_with_its_plan_and_its_cost() {
    let room = Room::new();
    let told = room.json(&["shell", "--rules", "rules", "--sample", "log.json"]);
    let rule = &told["rules"][0];
    assert_eq!(
        (&rule["id"], &rule["author"], &rule["log_source"]["category"]),
        (&"shell".into(), &"An Author".into(), &"process_creation".into())
    );
    assert_eq!(rule["witnesses"].as_array().unwrap().len(), 1);
    let steps = rule["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    let last = steps.last().unwrap();
    assert_eq!(
        (&last["question"], &last["yes"], &last["no"]),
        (&"CommandLine|re 'x[0-9]+payload'".into(), &"hit".into(), &"miss".into())
    );
    let sample = &rule["sample"];
    assert_eq!(
        (&sample["events"], &sample["events_of_log_source"], &sample["hits"]),
        (&4.into(), &3.into(), &1.into())
    );
    assert!(sample["tries"].as_u64() < Some(3), "{sample}");
    assert_eq!(sample["log_sources"]["Microsoft-Windows-Sysmon/Operational 1"], 3);
    assert!(sample["cpu_ns_per_event"].is_number());

    let people = room.explain(&["shell", "--rules", "rules", "--sample", "log.json"]);
    assert_eq!(people.status.code(), Some(0));
    let people = String::from_utf8(people.stdout).unwrap();
    for words in
        ["Shell [Cao]", "An Author", "Khi xét thì hỏi lần lượt", "(đắt)", "TRÚNG", "4 sự kiện"]
    {
        assert!(people.contains(words), "{words}: {people}");
    }
}

#[test]
fn a_correlation_names_what_it_counts_and_a_refused_rule_its_reason() {
    let room = Room::new();
    let told = room.json(&["often", "--rules", "rules"]);
    assert_eq!(
        (&told["rules"][0]["counts"][0], &told["rules"][0]["steps"]),
        (&"shell".into(), &Value::Null)
    );
    let refused = room.explain(&["bad", "--rules", "rules"]);
    assert_eq!(refused.status.code(), Some(1));
    let words = String::from_utf8(refused.stdout).unwrap();
    assert!(words.contains("Bad") && words.contains("unknown modifier 'nosuch'"), "{words}");
}

#[test]
fn a_file_tells_all_that_is_in_it() {
    let room = Room::new();
    let told = room.json(&["rules/three.yml", "--sample", "log.json"]);
    assert_eq!(
        (told["rules"].as_array().unwrap().len(), told["refused"].as_array().unwrap().len()),
        (2, 1)
    );
    // A correlation by itself lacks what it counts; beside it, it is found.
    let often = fs::read_to_string(room.path("rules/three.yml")).unwrap();
    let often = often.split("---").find(|text| text.contains("correlation")).unwrap();
    fs::write(room.path("often.yml"), often).unwrap();
    let alone = room.explain(&["often.yml"]);
    assert_eq!(alone.status.code(), Some(1));
    let told = room.json(&["often.yml", "--rules", "rules"]);
    assert_eq!((&told["rules"][0]["id"], &told["refused"]), (&"often".into(), &json!([])));
    let told = room.json(&["rules/three.yml", "--rules", "rules"]);
    assert_eq!(
        (told["rules"].as_array().unwrap().len(), told["refused"].as_array().unwrap().len()),
        (2, 1)
    );
    assert_eq!(room.explain(&["nobody"]).status.code(), Some(2));
    assert_eq!(room.explain(&["shell", "--rules", "nowhere"]).status.code(), Some(2));
}

/// With a search of the whole plan at every step, this test would not end.
#[test]
fn a_rule_of_half_a_million_steps_is_told() {
    const SELECTIONS: usize = 1_900;
    const TIMES: usize = 300;
    let room = Room::new();
    let selections: String =
        (0..SELECTIONS).map(|n| format!("  s{n}: {{CommandLine|contains: 'x{n}'}}\n")).collect();
    let condition = vec!["all of s*"; TIMES].join(" or ");
    let rule = format!(
        "title: Many\nid: many\nlevel: high\nlogsource: {{product: windows, category: process_creation}}\n\
         detection:\n{selections}  condition: {condition}\n"
    );
    fs::write(room.path("many.yml"), rule).unwrap();
    let told = room.explain(&["many.yml", "--lang", "en"]);
    let words = String::from_utf8(told.stdout).unwrap();
    let rest = SELECTIONS * TIMES - 40;
    assert!(words.contains(&format!("and {rest} more")), "{}", words.lines().last().unwrap());
}

#[test]
fn every_rule_of_the_pack_can_be_explained() {
    let room = Room::new();
    let list = Command::new(env!("CARGO_BIN_EXE_khien"))
        .args(["rules", "list", "--format", "json"])
        .output()
        .unwrap();
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    for rule in list["rules"].as_array().unwrap().iter().step_by(7) {
        let id = rule["id"].as_str().unwrap();
        let told = room.json(&[id]);
        let told = &told["rules"][0];
        let has_steps = told["steps"].as_array().is_some_and(|steps| !steps.is_empty());
        let counts = !told["counts"].as_array().unwrap().is_empty();
        assert!(has_steps != counts, "{id}: {told}");
    }
}
