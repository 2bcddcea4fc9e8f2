//! `khien rules` as its callers see it.

#![cfg(test)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const GOOD: &str = "title: Good\nid: good\nlevel: high\nlogsource: {product: windows}\n\
                    detection: {s: {a: 1}, condition: s}\n";
const BAD: &str = "title: Bad\nid: bad\nlogsource: {product: windows}\n\
                   detection: {s: {a|nosuch: 1}, condition: s}\n";

fn rules(args: &[&str], folder: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
    command.args(["--lang", "en", "rules"]).args(args).args(folder).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_refused_rule_is_named_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.yml"), GOOD).unwrap();
    let clean = rules(&["check"], Some(folder.path()));
    assert_eq!(clean.status.code(), Some(0));

    fs::write(folder.path().join("bad.yml"), BAD).unwrap();
    let check = rules(&["check"], Some(folder.path()));
    let text = String::from_utf8(check.stdout).unwrap();
    assert_eq!(check.status.code(), Some(1));
    assert!(text.contains("Bad") && text.contains("unknown modifier 'nosuch' on 'a'"), "{text}");
    assert!(text.trim_end().ends_with("1 rule loads, 1 is refused"), "{text}");

    let document = json(&rules(&["check", "--format", "json"], Some(folder.path())));
    assert_eq!((&document["version"], &document["loaded"]), (&1.into(), &1.into()));
    assert_eq!(document["refused"][0]["id"], "bad");
}

#[test]
fn the_embedded_pack_is_listed() {
    let list = rules(&["list"], None);
    assert_eq!(list.status.code(), Some(0));
    let text = String::from_utf8(list.stdout).unwrap();
    assert!(text.contains("correlation") && text.contains("webserver"), "{text}");
    let document = json(&rules(&["list", "--format", "json"], None));
    let rules = document["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["title_vi"].is_string() && rule["level"] == "high"));
}

#[test]
fn the_tables_speak_the_readers_language() {
    let vietnamese = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        let output = command.args(["--lang", "vi", "rules"]).args(args).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let list = vietnamese(&["list"]);
    assert!(list.contains("Nguồn nhật ký") && list.contains("tương quan"), "{list}");
    assert!(list.contains("Cao") && !list.contains("high"), "{list}");
    assert!(vietnamese(&["check"]).contains("luật dùng được, 0 bị từ chối"));
    assert!(vietnamese(&["check", "/no/such/folder"]).contains("Không có /no/such/folder"));
}

#[test]
fn a_missing_folder_is_a_usage_error() {
    assert_eq!(rules(&["check"], Some(Path::new("/no/such/folder"))).status.code(), Some(2));
}
