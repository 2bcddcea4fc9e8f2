//! `khien hunt --iocs` as its callers see it: hits beside those of rules, in every form, each with
//! where its indicator comes from.

#![cfg(test)]

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

const RULE: &str = "title: Shell\nid: shell\nauthor: A\nreferences: [http://r]\nlevel: high\n\
                    logsource: {product: windows, category: process_creation}\n\
                    detection: {s: {Image|endswith: '\\cmd.exe'}, condition: s}\n";
const MD5: &str = "0123456789abcdef0123456789abcdef";

/// A table, a list, a STIX bundle and a MISP event.
const FEEDS: [(&str, &str); 4] = [
    (
        "feeds/a.csv",
        "value,description,valid_until,tlp,reference,id\n\
         evil.test,Emotet C2,2026-12-31T00:00:00Z,TLP:RED,=cmd|x,77\n\
         old.test,x,2026-01-01,,,\n\
         what is this,,,,,\n",
    ),
    ("feeds/b.txt", "# TLP:AMBER\n203.0.113.0/24 \u{1b}[31mBotnet\ngov.vn\n"),
    (
        "feeds/c.json",
        r#"{"type":"bundle","objects":[{"type":"indicator","id":"indicator--1","name":"Tool",
            "pattern":"[file:hashes.MD5 = '0123456789abcdef0123456789abcdef']",
            "object_marking_refs":["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]}]}"#,
    ),
    (
        "feeds/d.json",
        r#"{"Event":{"info":"Chiến dịch A","Tag":[{"name":"tlp:green"}],"Attribute":[
            {"type":"url","value":"http://files.test/kit","to_ids":true,"uuid":"u1"}]}}"#,
    ),
];

struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let room = Self { folder: tempfile::tempdir().unwrap() };
        room.write("rules/shell.yml", RULE);
        FEEDS.iter().for_each(|(name, text)| room.write(name, text));
        room
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn hunt(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        command.current_dir(self.folder.path()).arg("hunt").args(args);
        command.args(["--rules", "rules"]).env("LC_ALL", "C").output().unwrap()
    }
}

fn event(second: u32, members: &str) -> String {
    format!(
        r#"{{"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"PC-01","@timestamp":"2026-11-20T01:00:{second:02}Z",{members}}}"#
    ) + "\n"
}

/// Four events, each with one indicator; the first fires the rule, too.
fn log() -> String {
    [
        event(1, &format!(r#""EventID":1,"Image":"C:\\cmd.exe","Hashes":"MD5={MD5},SHA1=00""#)),
        event(2, r#""EventID":22,"QueryName":"www.evil.test""#),
        event(3, r#""EventID":3,"DestinationIp":"203.0.113.7""#),
        event(4, r#""EventID":1,"Image":"C:\\a.exe","CommandLine":"curl http://files.test/kit/x""#),
        event(5, r#""EventID":22,"QueryName":"old.test""#),
        event(6, r#""EventID":22,"QueryName":"portal.gov.vn""#),
    ]
    .concat()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn talk(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn hits_of_indicators_tell_where_they_come_from() {
    let room = Room::new();
    room.write("a.json", &log());
    let output = room.hunt(&["a.json", "--iocs", "feeds", "--format", "jsonl"]);
    assert_eq!(output.status.code(), Some(1), "{}", talk(&output));
    let hits = lines(&output);
    let ids: Vec<&str> = hits.iter().map(|hit| hit["rule_id"].as_str().unwrap()).collect();
    let md5 = format!("ioc:md5:{MD5}");
    let web = "ioc:url:files.test/kit";
    assert_eq!(ids, ["shell", &md5, "ioc:domain:evil.test", "ioc:range:203.0.113.0/24", web]);
    assert!(hits[0].get("indicator").is_none());
    assert!(hits[1..].iter().all(|hit| hit["level"] == "high" && hit["source"] == "a.json"));
    assert_eq!(
        hits[2]["indicator"],
        json!({
            "type": "domain", "value": "evil.test", "field": "QueryName", "feed": "feeds/a.csv",
            "id": "77", "line": null, "context": null, "about": "Emotet C2", "tlp": "TLP:RED",
            "valid_until": "2026-12-31T00:00:00Z", "more": 0,
        })
    );
    assert_eq!(
        (&hits[2]["rule_link"], &hits[2]["event"]["EventID"]),
        (&json!("=cmd|x"), &json!(22))
    );
    let told = |hit: &Value, key: &str| hit["indicator"][key].clone();
    assert_eq!(
        (told(&hits[1], "tlp"), told(&hits[1], "id")),
        ("TLP:RED".into(), "indicator--1".into())
    );
    assert_eq!((told(&hits[3], "tlp"), told(&hits[3], "line")), ("TLP:AMBER".into(), 2.into()));
    assert_eq!(told(&hits[4], "context"), "Chiến dịch A");
    assert_eq!((told(&hits[4], "tlp"), told(&hits[4], "id")), ("TLP:GREEN".into(), "u1".into()));
}

#[test]
fn every_form_keeps_the_marking() {
    let room = Room::new();
    room.write("a.json", &log());
    let hunt = |format: &str| {
        let output = room.hunt(&["a.json", "--iocs", "feeds", "--format", format]);
        String::from_utf8(output.stdout).unwrap()
    };
    let document: Value = serde_json::from_str(&hunt("json")).unwrap();
    assert_eq!(document["hits"][2]["indicator"]["tlp"], "TLP:RED");

    let csv = hunt("csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let head = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let cell = |row: usize, name: &str| {
        rows[row].get(head.iter().position(|column| column == name).unwrap()).unwrap().to_owned()
    };
    assert_eq!((rows.len(), head.len(), head.get(11)), (5, 25, Some("event")));
    assert_eq!((cell(0, "rule_id"), cell(0, "indicator_tlp")), ("shell".into(), String::new()));
    assert_eq!(
        (cell(2, "indicator_value"), cell(2, "indicator_tlp")),
        ("evil.test".into(), "TLP:RED".into())
    );
    // No spreadsheet takes what a feed says for a formula.
    assert_eq!(cell(2, "rule_link"), "'=cmd|x");
    let plain = room.hunt(&["a.json", "--format", "csv"]).stdout;
    assert!(
        String::from_utf8(plain)
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .ends_with(",event,tags,correlation")
    );

    let table = hunt("table");
    for part in [
        "[tên miền evil.test; feeds/a.csv 77; TLP:RED; Emotet C2; đến 2026-12-31T00:00:00Z]",
        "[dải địa chỉ IP 203.0.113.0/24; feeds/b.txt dòng 2; TLP:AMBER;  [31mBotnet]",
        "[địa chỉ web files.test/kit; feeds/d.json u1; TLP:GREEN",
        "Trùng chỉ dấu tấn công: tên miền evil.test",
    ] {
        assert!(table.contains(part), "{part} in {table}");
    }
    // In the summary all indicators of a kind are one line.
    let counted = table.lines().rfind(|line| line.contains("Trùng chỉ dấu tấn công: mã băm MD5"));
    assert!(counted.is_some_and(|line| line.trim_start().starts_with("1 ")), "{table}");

    // A report as a whole is as strict as the strictest indicator in it.
    let page = hunt("html");
    assert!(
        page.contains("class=\"marking\">TLP:RED") && page.contains("feeds/c.json indicator--1")
    );
    assert!(!table.contains('\u{1b}'));
}

#[test]
fn what_is_left_out_is_counted_and_named_on_stderr() {
    let room = Room::new();
    room.write("a.json", &log());
    let output = room.hunt(&["a.json", "--iocs", "feeds", "--stats"]);
    let talk = talk(&output);
    for part in [
        "feeds/a.csv: 1 entries are refused\n  line 4: 'what is this': not an indicator",
        "feeds/b.txt: 1 entries name what everybody uses: gov.vn",
        "Chỉ dấu đã phát hiện nhưng không báo: 1 lần chỉ dấu đã hết hạn, 0 lần",
    ] {
        assert!(talk.contains(part), "{part} in {talk}");
    }
    let stats: Value = serde_json::from_str(talk.lines().last().unwrap()).unwrap();
    assert_eq!((&stats["indicators_loaded"], &stats["indicators_refused"]), (&5.into(), &1.into()));
    assert_eq!((&stats["hits"], &stats["rules_loaded"]), (&5.into(), &1.into()));
}

#[test]
fn a_list_without_an_indicator_is_named_and_changes_no_exit_code() {
    let room = Room::new();
    room.write("dns.json", &event(2, r#""EventID":22,"QueryName":"evil.test""#));
    room.write("empty.txt", "");
    room.write("head.csv", "type,value,description\n");
    room.write("bundle.json", r#"{"type":"bundle","id":"bundle--1","objects":[]}"#);
    room.write("comments/a.txt", "# nothing today\n");
    for (list, named) in [
        ("empty.txt", "empty.txt"),
        ("head.csv", "head.csv"),
        ("bundle.json", "bundle.json"),
        ("comments", "comments/a.txt"),
    ] {
        let alone = room.hunt(&["dns.json", "--strict", "--iocs", list]);
        let told = format!("{named}: không có chỉ dấu nào dùng được");
        assert!(talk(&alone).contains(&told), "{}", talk(&alone));
        assert_eq!(alone.status.code(), Some(0), "{list}");
        let english = ["dns.json", "--strict", "--lang", "en", "--iocs", "feeds/a.csv", list];
        let beside = room.hunt(&english);
        let told = format!("{named}: no indicator could be taken from it");
        assert_eq!(talk(&beside).matches("no indicator could be taken").count(), 1);
        assert!(talk(&beside).contains(&told), "{}", talk(&beside));
        assert_eq!(beside.status.code(), Some(1), "{list}");
    }
    assert!(!talk(&room.hunt(&["dns.json", "--iocs", "feeds"])).contains("không có chỉ dấu"));
}

#[test]
fn the_same_bytes_at_any_number_of_threads() {
    let room = Room::new();
    for file in 0..9 {
        room.write(&format!("logs/{file}.json"), &log().repeat(40 + file));
    }
    for format in ["jsonl", "json", "csv", "table"] {
        let outputs = ["1", "2", "5"].map(|threads| {
            let args = ["logs", "--format", format, "--threads", threads, "--iocs", "feeds"];
            let output = room.hunt(&args);
            (talk(&output), output.stdout)
        });
        assert!(outputs[0].1.len() > 10_000);
        assert!(outputs.iter().all(|output| *output == outputs[0]), "{format}");
    }
}

#[test]
fn options_and_exit_codes_hold_for_indicators_too() {
    let room = Room::new();
    room.write("dns.json", &event(2, r#""EventID":22,"QueryName":"evil.test""#));
    room.write("feeds/none.txt", "# nothing today\n");
    room.write("bad.txt", "no indicator\n");
    for (args, expected) in [
        (vec!["--iocs", "feeds"], 1),
        (vec!["--iocs", "feeds/b.txt"], 0),
        (vec!["--iocs", "feeds/b.txt", "feeds/a.csv"], 1),
        (vec!["--iocs", "feeds/none.txt"], 0),
        (vec!["--iocs", "bad.txt"], 4),
        (vec!["--iocs", "nowhere.csv"], 2),
        (vec!["--iocs", "feeds", "--min-level", "critical"], 0),
        (vec!["--iocs", "feeds", "--fail-on", "critical"], 0),
        (vec!["--iocs", "feeds", "--to", "2026-11-20T08:00:02"], 0),
        (vec!["--iocs", "feeds", "--from", "2026-11-20T08:00:02"], 1),
    ] {
        let output = room.hunt(&[vec!["dns.json"], args.clone()].concat());
        assert_eq!(output.status.code(), Some(expected), "{args:?}: {}", talk(&output));
    }
}
