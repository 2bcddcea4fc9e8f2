//! What `khien hunt` says of all hits together: the summary, and the report as a page.

#![cfg(test)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

const SHELL: &str = "title: Shell <b>bold</b>\nid: shell\nauthor: An Author\nreferences: ['https://example.test/r']\n\
                     level: high\ntags: [attack.execution, attack.t1059.003]\n\
                     logsource: {product: windows, category: process_creation}\n\
                     detection: {s: {Image|endswith: '\\cmd.exe'}, condition: s}\n\
                     custom: {khien: {title_vi: Chạy dòng lệnh}}\n";
const DUMP: &str = "title: Dump\nid: dump\nlevel: critical\ntags: [attack.credential-access, attack.t1003]\n\
                    references: ['javascript:alert(1)']\n\
                    logsource: {product: windows, category: process_creation}\n\
                    detection: {s: {Image|endswith: '\\dump.exe'}, condition: s}\n";
const REFUSED: &str = "title: Refused one\nid: bad\nlogsource: {product: windows}\n\
                       detection: {s: {a|nosuch: 1}, condition: s}\n";

struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let room = Self { folder: tempfile::tempdir().unwrap() };
        for (name, text) in [("shell", SHELL), ("dump", DUMP), ("bad", REFUSED)] {
            room.write(&format!("rules/{name}.yml"), text);
        }
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn hunt(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        command.current_dir(self.folder.path()).arg("hunt").args(args);
        command.args(["--rules", "rules"]).env("LC_ALL", "C").output().unwrap()
    }
}

/// A process that began `second` seconds after eight in the morning in Vietnam.
fn created(second: u32, host: &str, image: &str) -> String {
    let (minute, second) = (second / 60 % 60, second % 60);
    format!(
        r#"{{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Computer":"{host}","@timestamp":"2026-11-20T01:{minute:02}:{second:02}Z","Image":"C:\\{image}","CommandLine":"<script>alert('{host}')</script> \u202e"}}"#
    ) + "\n"
}

fn three(room: &Room) {
    room.write(
        "logs/a.json",
        created(1, "PC-01", "cmd.exe")
            + &created(61, "PC-02", "cmd.exe")
            + &created(9, "PC-01", "x"),
    );
    room.write("logs/b.json", created(30, "PC-01", "dump.exe"));
    room.write("logs/cut.evtx", b"ElfFile\0 and no more");
}

#[test]
fn the_summary_counts_by_rule_host_and_tactic() {
    let room = Room::new();
    three(&room);
    let json: Value =
        serde_json::from_slice(&room.hunt(&["logs", "--format", "json"]).stdout).unwrap();
    assert_eq!((&json["version"], json["hits"].as_array().unwrap().len()), (&1.into(), 3));
    let summary = &json["summary"];
    assert_eq!((&summary["hits"], &summary["hits_by_level"]["high"]), (&3.into(), &2.into()));
    let rules = summary["rules"].as_array().unwrap();
    assert_eq!((&rules[0]["rule_id"], &rules[1]["rule_id"]), (&"dump".into(), &"shell".into()));
    assert_eq!((&rules[1]["hits"], &rules[1]["hosts"]), (&2.into(), &2.into()));
    assert_eq!(rules[1]["first"], "2026-11-20T01:00:01.000000Z");
    assert_eq!(rules[1]["last"], "2026-11-20T01:01:01.000000Z");
    assert_eq!(
        (&rules[1]["rule_author"], &rules[1]["techniques"][0]),
        (&"An Author".into(), &"T1059.003".into())
    );
    let hosts = summary["hosts"].as_array().unwrap();
    assert_eq!(
        (&hosts[0]["computer"], &hosts[0]["hits"], &hosts[0]["rules"]),
        (&"PC-01".into(), &2.into(), &2.into())
    );
    let tactics: Vec<_> =
        summary["tactics"].as_array().unwrap().iter().map(|one| &one["tactic"]).collect();
    assert_eq!(tactics, ["execution", "credential-access"]);
    assert_eq!(summary["techniques"].as_array().unwrap().len(), 2);
}

#[test]
fn people_are_told_the_summary_where_the_form_has_no_room_for_it() {
    let room = Room::new();
    three(&room);
    for (form, told_on_stdout) in [("table", true), ("jsonl", false), ("csv", false)] {
        let output = room.hunt(&["logs", "--format", form, "--stats"]);
        let (data, talk) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        for words in ["Chạy dòng lệnh", "Đánh cắp tài khoản", "số lần trúng"] {
            assert_eq!(data.contains(words), told_on_stdout, "{form}: {data}");
            assert_eq!(talk.contains(words), !told_on_stdout, "{form}: {talk}");
        }
        let stats: Value = serde_json::from_str(talk.lines().last().unwrap()).unwrap();
        assert_eq!(stats["hits"], 3, "{form}");
    }
    let english = room.hunt(&["logs", "--lang", "en"]).stdout;
    assert!(String::from_utf8(english).unwrap().contains("Credential Access"));
}

#[test]
fn people_are_told_that_nothing_was_found() {
    let room = Room::new();
    room.write("quiet.json", created(1, "PC-01", "calc.exe"));
    for form in ["table", "jsonl", "csv"] {
        let output = room.hunt(&["quiet.json", "--format", form]);
        let talk = String::from_utf8(output.stderr).unwrap();
        assert!(talk.contains("Đã đọc 1 sự kiện, không phát hiện gì."), "{form}: {talk}");
    }
    // What was left out is not said to be absent.
    room.write("hit.json", created(1, "PC-01", "cmd.exe"));
    for narrowed in [["--min-level", "critical"], ["--from", "2030-01-01"], ["--to", "2020-01-01"]]
    {
        let output = room.hunt(&[&["hit.json"][..], &narrowed].concat());
        let talk = String::from_utf8(output.stderr).unwrap();
        assert!(talk.contains("trong mức và khoảng thời gian đã chọn"), "{narrowed:?}: {talk}");
    }
}

#[test]
fn machines_without_a_time_take_no_room_in_the_picture() {
    let room = Room::new();
    let timed = |n: u32| created(n, &format!("PC-{n:02}"), "cmd.exe");
    let untimed = |n: u32| timed(n).replace("@timestamp", "note");
    let log: String = (0..10).map(untimed).chain((10..30).map(timed)).collect();
    room.write("log.json", log);
    room.hunt(&["log.json", "-o", "r.html"]);
    let page = room.read("r.html");
    assert!(page.contains("Vẽ 15 máy có dấu hiệu nặng nhất trong số 20 máy"));
    let (_, lanes) = page.split_once("svg class=\"lanes wide\"").expect("a picture");
    let (lanes, _) = lanes.split_once("</svg>").unwrap();
    assert_eq!(lanes.matches("<g>").count(), 15);
}

#[test]
fn a_report_needs_nothing_but_itself() {
    let room = Room::new();
    three(&room);
    let output = room.hunt(&["logs", "-o", "report.html"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("Đã ghi báo cáo vào report.html"));
    let page = room.read("report.html");
    assert!(page.contains("default-src 'none'; style-src 'sha256-"), "no policy");
    assert!(page.contains("<svg") && page.contains("20/11/2026 08:00:01"));
    // Both languages, the authors and links of rules, what was refused and what could not be read.
    for words in [
        "Báo cáo rà soát dấu hiệu tấn công",
        "Threat hunt report",
        "Chạy dòng lệnh",
        "An Author",
        "https://example.test/r",
        "Refused one",
        "cut.evtx",
        "PC-02",
        "T1059.003",
    ] {
        assert!(page.contains(words), "{words}");
    }
    // What attackers and feeds wrote stays text, and nothing is fetched.
    assert!(page.contains("&lt;script&gt;") && page.contains("Shell &lt;b&gt;bold"));
    for hostile in [
        "<script",
        "<b>bold",
        "\u{202e}",
        "javascript:",
        "src=",
        "<link",
        "<img",
        "url(",
        "hunt-",
        " style=",
    ] {
        assert!(!page.contains(hostile), "{hostile}");
    }
    let asked = room.hunt(&["logs", "--format", "html", "--lang", "en"]);
    assert!(
        String::from_utf8(asked.stdout).unwrap().starts_with("<!DOCTYPE html><html lang=\"en\">")
    );
    let table = room.hunt(&["logs", "--format", "table", "-o", "told.html"]);
    let talk = String::from_utf8(table.stderr).unwrap();
    assert!(talk.contains("1 luật bị từ chối; xem lý do bằng"), "{talk}");
    assert_eq!(table.status.code(), Some(1));
    let told = room.read("told.html");
    assert!(
        told.starts_with("giờ (+07:00)")
            && told.contains("Cao            PC-02                     Chạy dòng lệnh"),
        "{told}"
    );
}

#[test]
fn a_report_without_hits_says_so() {
    let room = Room::new();
    room.write("quiet.json", created(1, "PC-01", "calc.exe"));
    assert_eq!(room.hunt(&["quiet.json", "-o", "r.html"]).status.code(), Some(0));
    let page = room.read("r.html");
    assert!(page.contains("Không tìm thấy dấu hiệu nào") && !page.contains("<svg"));
}

#[test]
fn a_report_does_not_grow_with_the_hits() {
    let room = Room::new();
    let log = |hits: u32, hosts: u32| -> String {
        (0..hits).map(|n| created(n, &format!("PC-{:06}", n % hosts), "cmd.exe")).collect()
    };
    room.write("few.json", log(2_000, 500));
    room.write("many.json", log(60_000, 20_000));
    let size = |name: &str| {
        room.hunt(&[name, "-o", "r.html"]);
        room.read("r.html").len()
    };
    let (few, many) = (size("few.json"), size("many.json"));
    assert!(many < few * 2, "{few} bytes became {many}");
    let page = room.read("r.html");
    assert!(page.contains("≥10000") && page.contains("không được đếm riêng"), "the cut is told");
    assert!(page.contains("Vẽ 15 máy có dấu hiệu nặng nhất"), "machines not drawn are told");
}

#[test]
fn a_report_is_the_same_at_any_number_of_threads() {
    let room = Room::new();
    for file in 0..8 {
        let log: String =
            (0..300).map(|n| created(n * 7 + file, &format!("PC-{}", n % 9), "cmd.exe")).collect();
        room.write(&format!("logs/{file}.json"), log);
    }
    let page = |threads: &str| {
        room.hunt(&["logs", "-o", "r.html", "--threads", threads]);
        let page = room.read("r.html");
        // When it was made and how long that took is all that differs.
        let (before, after) = page.split_once("class=\"made\"").unwrap();
        let (_, after) = after.split_once("</header>").unwrap();
        let (after, _) = after.split_once("Thời gian chạy").unwrap();
        format!("{before}{after}")
    };
    assert!(page("1") == page("5"), "another report on five threads");
}
