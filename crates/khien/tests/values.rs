//! Lists of values for rules with placeholders, as callers of `khien hunt` and `khien rules` give
//! them.

#![cfg(test)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const RULE: &str = "title: Log-on from elsewhere\nid: elsewhere\nlevel: high\n\
    logsource: {product: windows, service: security}\n\
    detection:\n  selection: {EventID: 4624}\n  \
      filter_main_workstations: {WorkstationName|expand: '%Admins_Workstations%'}\n  \
      condition: selection and not 1 of filter_main_*\n";
const EVENTS: &str = r#"{"Channel":"Security","EventID":4624,"Computer":"DC1","TimeCreated":"2026-03-10T01:00:00Z","WorkstationName":"ADM-7"}
{"Channel":"Security","EventID":4624,"Computer":"DC1","TimeCreated":"2026-03-10T01:00:01Z","WorkstationName":"GUEST"}
"#;
/// As pySigma's users have it.
const PIPELINE: &str = "name: Ours\npriority: 10\nvars:\n  Admins_Workstations: ADM-*\n\
    transformations:\n  - {id: expand, type: value_placeholders}\n";

fn khien(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
    command.current_dir(folder).args(["--lang", "en"]).args(args).output().unwrap()
}

fn room() -> tempfile::TempDir {
    let room = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(room.path().join(name), text).unwrap();
    write("rule.yml", RULE);
    write("events.jsonl", EVENTS);
    write("pipeline.yml", PIPELINE);
    write("guests.yml", "Admins_Workstations: [GUEST]\nAdmin_Workstation: [misspelt]\n");
    write("broken.yml", "Admins_Workstations: {ADM: 7}\n");
    room
}

#[test]
fn a_rule_with_a_placeholder_fires_only_with_its_list() {
    let room = room();
    let hunt = |values: &[&str]| {
        let args = ["hunt", "events.jsonl", "--format", "jsonl", "--rules", "rule.yml"];
        let args = args.iter().chain(values).copied().collect::<Vec<_>>();
        let output = khien(room.path(), &args);
        let said = String::from_utf8(output.stderr).unwrap();
        let hits = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), hits, said)
    };
    let (code, _, said) = hunt(&[]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("no rule could be loaded"), "{said}");

    let (code, hits, said) = hunt(&["--values", "pipeline.yml"]);
    assert_eq!((code, hits.matches("\"elsewhere\"").count()), (Some(1), 1), "{hits}{said}");
    assert!(hits.contains("GUEST") && !hits.contains("ADM-7"), "{hits}");
    assert!(!said.contains("no rule asks for"), "{said}");

    // A later list of the same name adds to the earlier one.
    let (code, hits, said) = hunt(&["--values", "pipeline.yml", "--values", "guests.yml"]);
    assert_eq!((code, hits.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("1 lists of values that no rule asks for: Admin_Workstation"), "{said}");
}

#[test]
fn a_file_of_lists_that_cannot_be_taken_ends_the_command() {
    let room = room();
    for command in [&["hunt", "events.jsonl"][..], &["rules", "check"], &["rules", "explain", "x"]]
    {
        let broken = khien(room.path(), &[command, &["--values", "broken.yml"]].concat());
        let said = String::from_utf8(broken.stderr).unwrap();
        assert_eq!(broken.status.code(), Some(4), "{said}");
        let why = "broken.yml: value lists: 'Admins_Workstations' must be a value or a list";
        assert!(said.contains(why), "{said}");
        let absent = khien(room.path(), &[command, &["--values", "absent.yml"]].concat());
        let said = String::from_utf8(absent.stderr).unwrap();
        assert!(absent.status.code() == Some(2) && said.contains("absent.yml"), "{said}");
    }
}

#[test]
fn the_commands_for_rules_take_lists() {
    let room = room();
    let check = ["rules", "check", "rule.yml", "--format", "json"];
    let json = |args: &[&str]| -> Value {
        serde_json::from_slice(&khien(room.path(), args).stdout).unwrap()
    };
    let without = json(&check);
    assert_eq!(without["loaded"], 0);
    assert!(without["refused"][0]["reason"].as_str().unwrap().contains("%Admins_Workstations%"));
    let with = json(&[&check[..], &["--values", "guests.yml"]].concat());
    assert_eq!(
        (&with["loaded"], &with["values_unused"][0]),
        (&1.into(), &"Admin_Workstation".into())
    );

    let table = khien(room.path(), &["rules", "check", "rule.yml", "--values", "guests.yml"]);
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("no rule asks for: Admin_Workstation"), "{table}");
    let list = khien(room.path(), &["rules", "list", "rule.yml", "--values", "pipeline.yml"]);
    assert!(String::from_utf8(list.stdout).unwrap().contains("Log-on from elsewhere"));
    let explain = khien(room.path(), &["rules", "explain", "rule.yml", "--values", "pipeline.yml"]);
    let text = String::from_utf8(explain.stdout).unwrap();
    assert!(explain.status.code() == Some(0) && text.to_lowercase().contains("adm-"), "{text}");
}
