//! `khien hunt` as its callers see it: exit codes, forms, and the same bytes every time.

#![cfg(test)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const RULE: &str = "title: Shell\nid: shell\nauthor: A\nreferences: [http://r]\nlevel: high\n\
                    tags: [attack.execution, cve.2026-1, attack.t1059.003]\n\
                    logsource: {product: windows, category: process_creation}\n\
                    detection: {s: {Image|endswith: '\\cmd.exe'}, condition: s}\n";
const COUNT: &str = "title: Failed\nid: failed\nname: failed\nlevel: low\n\
                     logsource: {product: linux, service: sshd}\n\
                     detection: {k: ['Failed password'], condition: k}\n---\n\
                     title: Guessing\nid: guessing\nlevel: critical\n\
                     correlation: {type: event_count, rules: [failed], group-by: [src_ip], timespan: 5m, condition: {gte: 4}}\n";

struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let room = Self { folder: tempfile::tempdir().unwrap() };
        room.write("rules/shell.yml", RULE);
        room.write("rules/count.yml", COUNT);
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

    fn hunt(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        command.current_dir(self.folder.path()).arg("hunt").args(args);
        command.args(["--rules", "rules"]).env("LC_ALL", "C").output().unwrap()
    }
}

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// Returns a zip archive of these members, deflated where the name ends in `.json`.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut packed);
    for (name, bytes) in members {
        let deflate = name.ends_with(".json");
        let method = match deflate {
            true => rawzip::CompressionMethod::DEFLATE,
            false => rawzip::CompressionMethod::STORE,
        };
        let (mut entry, config) =
            archive.new_file(*name).compression_method(method).start().unwrap();
        let descriptor = if deflate {
            let encoder =
                flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast());
            let mut writer = config.wrap(encoder);
            writer.write_all(bytes).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(bytes).unwrap();
            writer.finish().unwrap().1
        };
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    packed
}

fn created(second: u32, image: &str) -> String {
    format!(
        r#"{{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"EventRecordID":{second},"Computer":"PC-01","@timestamp":"2026-11-20T01:00:{second:02}Z","Image":"C:\\{image}"}}"#
    ) + "\n"
}

fn refused(second: u32) -> String {
    format!(
        "Nov 20 08:00:{second:02} web01 sshd[7]: Failed password for root from 192.0.2.9 port 22 ssh2\n"
    )
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_hit_is_one_line_with_fixed_fields() {
    let room = Room::new();
    room.write("logs/a.json", created(1, "cmd.exe") + &created(2, "calc.exe"));
    let output = room.hunt(&["logs", "--format", "jsonl"]);
    assert_eq!(code(&output), 1);
    let hits = lines(&output);
    assert_eq!(hits.len(), 1);
    let fields: Vec<&String> = hits[0].as_object().unwrap().keys().collect();
    let mut fixed = vec![
        "rule_id",
        "rule_title",
        "rule_author",
        "rule_link",
        "level",
        "timestamp",
        "computer",
        "channel",
        "event_id",
        "record_id",
        "source",
        "event",
        "tags",
    ];
    fixed.sort_unstable();
    let mut fields: Vec<&str> = fields.into_iter().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, fixed);
    assert_eq!(hits[0]["rule_author"], "A");
    assert_eq!(hits[0]["rule_link"], "http://r");
    assert_eq!(hits[0]["timestamp"], "2026-11-20T01:00:01.000000Z");
    assert_eq!(hits[0]["event_id"], 1);
    assert_eq!(hits[0]["event"]["Image"], "C:\\cmd.exe");
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    let places = ["Channel", "EventID", "EventRecordID", "Computer", "@timestamp", "Image"]
        .map(|field| told.rfind(&format!("\"{field}\":")).unwrap());
    assert!(places.is_sorted(), "not in the order of the log: {told}");
    assert_eq!(hits[0]["tags"], serde_json::json!(["attack.execution", "attack.t1059.003"]));
    let csv = String::from_utf8(room.hunt(&["logs", "--format", "csv"]).stdout).unwrap();
    assert!(csv.lines().next().unwrap().ends_with(",event,tags,correlation"), "{csv}");
    assert!(csv.trim_end().ends_with(",attack.execution attack.t1059.003,"), "{csv}");
}

#[test]
fn exit_codes_tell_what_happened() {
    let room = Room::new();
    room.write("hit.json", created(1, "cmd.exe"));
    room.write("quiet.json", created(1, "calc.exe"));
    room.write("cut.evtx", b"ElfFile\0 and no more");
    for (args, expected) in [
        (vec!["quiet.json"], 0),
        (vec!["hit.json"], 1),
        (vec!["hit.json", "cut.evtx"], 1),
        (vec!["hit.json", "cut.evtx", "--strict"], 3),
        (vec!["quiet.json", "cut.evtx"], 3),
        (vec!["hit.json", "--min-level", "critical"], 0),
        (vec!["hit.json", "--fail-on", "critical"], 0),
        (vec!["hit.json", "--fail-on", "high"], 1),
        (vec!["hit.json", "--to", "2026-11-20T08:00:01"], 0),
        (vec!["hit.json", "--from", "2026-11-20T08:00:01"], 1),
        (vec!["hit.json", "--from", "2026-11-21", "--to", "2026-11-20"], 2),
        (vec!["hit.json", "--from", "2026-11-20", "--to", "2026-11-20"], 2),
        (vec!["nowhere"], 2),
        (vec!["hit.json", "--min-level", "grave"], 2),
        (vec![], 2),
    ] {
        let output = room.hunt(&args);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(code(&output), expected, "{args:?}: {talk}");
    }
    let backwards = room.hunt(&["hit.json", "--from", "2026-11-21", "--to", "2026-11-20"]);
    assert!(String::from_utf8(backwards.stderr).unwrap().contains("--from phải sớm hơn --to"));
    room.write("rules/shell.yml", "nonsense");
    room.write("rules/count.yml", "nonsense");
    assert_eq!(code(&room.hunt(&["hit.json"])), 4);
}

#[test]
fn correlations_count_over_files_in_the_order_of_time() {
    let room = Room::new();
    // The later file comes first by name.
    room.write("logs/auth.a", (3..5).map(refused).collect::<String>());
    room.write("logs/auth.b", (1..3).map(refused).collect::<String>());
    let output = room.hunt(&["logs", "--format", "jsonl"]);
    let hits = lines(&output);
    assert_eq!(hits.len(), 1, "{hits:?}");
    assert_eq!(hits[0]["rule_id"], "guessing");
    assert!(hits[0]["source"].as_str().unwrap().ends_with("auth.a"));
    assert!(hits[0]["timestamp"].as_str().unwrap().contains(":00:04"));
    let correlation = serde_json::json!({"group_by": {"src_ip": "192.0.2.9"}, "value": 4});
    assert_eq!(hits[0]["correlation"], correlation);
    let csv = String::from_utf8(room.hunt(&["logs", "--format", "csv"]).stdout).unwrap();
    let told = r#""{""group_by"":{""src_ip"":""192.0.2.9""},""value"":4}""#;
    assert!(csv.trim_end().ends_with(told), "{csv}");
}

#[test]
fn the_same_bytes_at_any_number_of_threads() {
    let room = Room::new();
    let shadow = RULE.replace("Shell", "Shadow").replace("id: shell", "id: shadow");
    room.write("rules/shadow.yml", shadow.replace("cmd.exe", "vssadmin.exe"));
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../event/src/evtx/testdata");
    let log = fs::read(samples.join("three_records.in")).unwrap();
    for file in 0..12 {
        let events = (0..50).map(|n| created(n, if n % 7 == file % 7 { "cmd.exe" } else { "x" }));
        room.write(&format!("logs/{file:02}.json"), events.collect::<String>());
        room.write(&format!("logs/{file:02}.evtx"), &log);
    }
    for format in ["jsonl", "json", "csv", "table"] {
        let outputs = ["1", "2", "7"]
            .map(|threads| room.hunt(&["logs", "--format", format, "--threads", threads]).stdout);
        let text = String::from_utf8_lossy(&outputs[0]);
        assert!(text.contains("Shell") && text.contains("Shadow"), "{format}: {text}");
        assert!(outputs.iter().all(|output| *output == outputs[0]), "{format}");
    }
}

#[test]
fn every_form_holds_the_hit() {
    let room = Room::new();
    room.write("a.json", created(1, "cmd.exe") + &created(2, "cmd.exe"));
    let json = room.hunt(&["a.json", "--format", "json", "-o", "out.json"]);
    assert!(json.stdout.is_empty());
    let document: Value =
        serde_json::from_slice(&fs::read(room.path("out.json")).unwrap()).unwrap();
    assert_eq!((&document["version"], document["hits"].as_array().unwrap().len()), (&1.into(), 2));
    assert!(!room.path("out.json.part").exists());
    let csv = String::from_utf8(room.hunt(&["a.json", "--format", "csv"]).stdout).unwrap();
    assert!(csv.starts_with("rule_id,rule_title,") && csv.lines().count() == 3, "{csv}");
    let table = String::from_utf8(room.hunt(&["a.json"]).stdout).unwrap();
    assert!(
        table.contains("  Cao  ") && table.contains("PC-01") && table.contains("Shell"),
        "{table}"
    );
    assert!(table.starts_with("giờ (+07:00)"), "{table}");
    let english = String::from_utf8(room.hunt(&["a.json", "--lang", "en"]).stdout).unwrap();
    assert!(english.contains("  High  ") && !english.contains("Cao"), "{english}");
    assert!(table.contains("2026-11-20T08:00:01") && !table.contains("T01:00:01"), "{table}");
}

#[test]
fn packed_logs_give_the_hits_of_plain_ones() {
    let room = Room::new();
    let log = |second| created(second, "cmd.exe");
    let inner = zip(&[("x.json", log(9).as_bytes())]);
    room.write("logs/a.json.gz", gzip(log(1)));
    room.write("logs/b.zst", zstd::encode_all(log(2).as_bytes(), 3).unwrap());
    room.write(
        "logs/c.zip",
        zip(&[
            ("deep/d.json", log(3).as_bytes()),
            ("e.log", log(4).as_bytes()),
            ("readme.txt", b"no log"),
            ("Th\u{1b0} m\u{1ee5}c.json", log(5).as_bytes()),
        ]),
    );
    let output = room.hunt(&["logs", "--format", "jsonl", "--strict"]);
    assert_eq!(code(&output), 1, "{}", String::from_utf8_lossy(&output.stderr));
    let sources: Vec<String> =
        lines(&output).iter().map(|hit| hit["source"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        sources,
        [
            "logs/a.json.gz",
            "logs/b.zst",
            "logs/c.zip!deep/d.json",
            "logs/c.zip!e.log",
            "logs/c.zip!Th\u{1b0} m\u{1ee5}c.json"
        ]
    );
    // An archive within another is named and not opened; what stands beside it is read.
    room.write("nested.zip", zip(&[("inner.zip", &inner), ("a.json", log(1).as_bytes())]));
    room.write("nested.gz", gzip(gzip(log(1))));
    for (name, hits) in [("nested.zip", 1), ("nested.gz", 0)] {
        let output = room.hunt(&[name, "--format", "jsonl", "--strict"]);
        assert_eq!((code(&output), lines(&output).len()), (3, hits), "{name}");
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(talk.contains("archive within an archive"), "{talk}");
    }
}

#[test]
fn what_breaks_off_in_a_packed_log_is_told_and_the_rest_kept() {
    let room = Room::new();
    let log: String = (0..2000).map(|n| created(n % 60, &format!("p{n}\\\\cmd.exe"))).collect();
    let whole = gzip(&log);
    room.write("cut.gz", &whole[..whole.len() / 2]);
    let mut damaged = zip(&[("a.log", log.as_bytes())]);
    // A letter within a name: only the checksum tells.
    let at = damaged.windows(5).position(|part| part == b"PC-01").unwrap();
    damaged[at] ^= 1;
    room.write("damaged.zip", damaged);
    let bomb = created(1, "cmd.exe") + &"\n".repeat(200 << 20);
    room.write("bomb.zst", zstd::encode_all(bomb.as_bytes(), 1).unwrap());
    room.write("rubbish.gz", b"\x1f\x8b\x08rubbish");
    room.write("rubbish.zip", b"PK\x03\x04rubbish");
    for (name, hits, why) in [
        ("cut.gz", 2..2000, "packed data end in the middle"),
        ("damaged.zip", 2000..2001, "packed data"),
        ("bomb.zst", 1..2, "unpacks to more than"),
        ("rubbish.gz", 0..1, "packed data"),
        ("rubbish.zip", 0..1, "rubbish.zip"),
    ] {
        let output = room.hunt(&[name, "--format", "jsonl", "--strict"]);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(code(&output), 3, "{name}: {talk}");
        assert!(hits.contains(&lines(&output).len()), "{name}: {}", lines(&output).len());
        assert!(talk.contains(why), "{name}: {talk}");
    }
}

#[test]
fn standard_input_is_read_packed_or_not_and_read_again_for_correlations() {
    let room = Room::new();
    let log: String = (1..6).map(refused).collect();
    for input in [log.clone().into_bytes(), gzip(&log)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        command.current_dir(room.folder.path()).args(["hunt", "-", "--format", "jsonl"]);
        command.args(["--rules", "rules"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&input).unwrap();
        let output = child.wait_with_output().unwrap();
        let hits = lines(&output);
        assert_eq!(hits.last().unwrap()["rule_id"], "guessing");
        assert_eq!(hits.last().unwrap()["source"], "-");
    }
}

#[test]
fn a_pipe_that_is_named_is_read_and_one_in_a_folder_is_not() {
    let room = Room::new();
    fs::create_dir(room.path("logs")).unwrap();
    for pipe in ["pipe", "logs/pipe"] {
        assert!(Command::new("mkfifo").arg(room.path(pipe)).status().unwrap().success());
    }
    let (pipe, log) = (room.path("pipe"), (1..6).map(refused).collect::<String>());
    let writer = std::thread::spawn(move || fs::write(pipe, log).unwrap());
    let output = room.hunt(&["pipe", "--format", "jsonl"]);
    writer.join().unwrap();
    let hits = lines(&output);
    assert_eq!(
        (&hits.last().unwrap()["rule_id"], &hits.last().unwrap()["source"]),
        (&"guessing".into(), &"pipe".into())
    );
    assert_eq!(code(&room.hunt(&["logs", "--strict"])), 0);
    let output = room.hunt(&["/dev/zero"]);
    assert_eq!(code(&output), 3);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(talk.contains("/dev/zero: is no log of a known format"), "{talk}");
}

#[test]
fn many_counted_hits_come_whole_and_in_the_order_of_time() {
    const HITS: usize = 3_000;
    let room = Room::new();
    // Each machine speaks for itself; the later half of them is in the file that is read first.
    room.write("rules/count.yml", COUNT.replace("gte: 4", "gte: 1"));
    let line = |n: usize| {
        let (minute, second) = (n / 60, n % 60);
        format!(
            "Nov 20 08:{minute:02}:{second:02} web01 sshd[7]: Failed password for {} from 10.0.{}.{} port 22 ssh2\n",
            "u".repeat(900),
            n / 200,
            n % 200
        )
    };
    room.write("logs/auth.a", (HITS / 2..HITS).map(line).collect::<String>());
    room.write("logs/auth.b", (0..HITS / 2).map(line).collect::<String>());
    let output = room.hunt(&["logs", "--format", "jsonl", "--strict", "--min-level", "high"]);
    assert_eq!(code(&output), 1, "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.len() > 4 << 20, "{} bytes fit into memory", output.stdout.len());
    let hits = lines(&output);
    let times: Vec<&str> = hits.iter().map(|hit| hit["timestamp"].as_str().unwrap()).collect();
    assert!(times.len() == HITS && times.is_sorted(), "{}", times.len());
    let halves = hits.split_at(HITS / 2);
    let from = |hit: &Value, file: &str| hit["source"].as_str().unwrap().ends_with(file);
    assert!(halves.0.iter().all(|hit| from(hit, "auth.b")));
    assert!(halves.1.iter().all(|hit| from(hit, "auth.a")));
}

#[test]
fn what_a_log_says_once_holds_however_long_it_is() {
    let room = Room::new();
    room.write(
        "rules/web.yml",
        "title: W\nid: web\nlogsource: {category: webserver}\n\
         detection: {s: {cs-uri-stem|endswith: cmd.aspx}, condition: s}\n",
    );
    room.write(
        "rules/exec.yml",
        "title: E\nid: exec\nlogsource: {product: linux, category: process_creation}\n\
         detection: {s: {Image|endswith: /nc, CommandLine|contains: ' -e '}, condition: s}\n",
    );
    let quiet = "2026-11-20 01:00:00 10.0.0.9 GET /trang-chu.aspx 200\n".repeat(60_000);
    let iis = "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n".to_owned()
        + &quiet
        + "2026-11-20 01:00:01 10.0.0.9 POST /up/cmd.aspx 200\n";
    room.write("u_ex.log", iis);
    let events = 20_000;
    let audit: String = (0..events)
        .map(|serial| {
            format!(
                "type=SYSCALL msg=audit(1763600000.{:03}:{serial}): arch=c000003e syscall=59 success=yes pid=7 exe=\"/usr/bin/nc\"\n\
                 type=EXECVE msg=audit(1763600000.{:03}:{serial}): argc=3 a0=\"nc\" a1=\"-e\" a2=\"sh\"\n",
                serial % 1000, serial % 1000
            )
        })
        .collect();
    room.write("audit.log", audit);
    let count = |output: &Output, rule: &str| {
        lines(output).iter().filter(|hit| hit["rule_id"] == rule).count()
    };
    let output = room.hunt(&["u_ex.log", "audit.log", "--format", "jsonl", "--strict"]);
    assert_eq!(code(&output), 1, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((count(&output, "web"), count(&output, "exec")), (1, events));
}

#[test]
fn a_long_event_is_read_whole() {
    let room = Room::new();
    let long = |second: u32, kib: usize| {
        let pad = format!("{{\"Pad\":\"{}\",", "x".repeat(kib << 10));
        created(second, "cmd.exe").replacen('{', &pad, 1)
    };
    room.write("logs/a.json", created(1, "cmd.exe") + &long(2, 300) + &long(3, 900));
    // One line is all there is, and its end does not show at its beginning.
    room.write("logs/b.json", long(4, 300));
    let output = room.hunt(&["logs", "--format", "jsonl", "--strict"]);
    assert_eq!(code(&output), 1, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(lines(&output).len(), 4);
}

#[test]
fn a_long_document_is_read_in_parts() {
    let room = Room::new();
    let pad = "x".repeat(2000);
    let event = |number: u32| {
        let line =
            created(number % 60, "cmd.exe").replacen('{', &format!("{{\n\"Pad\":\"{pad}\","), 1);
        line.trim_end().to_owned()
    };
    let events: Vec<String> = (0..1000).map(event).collect();
    room.write("array.json", format!("[\n{}\n]\n", events.join(",\n")));
    room.write("row.json", events.join("\n"));
    room.write("one-line.json", format!("[{}]", events.join(",").replace('\n', "")));
    for file in ["array.json", "row.json", "one-line.json"] {
        let output = room.hunt(&[file, "--format", "jsonl", "--strict"]);
        assert_eq!(code(&output), 1, "{file} {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(lines(&output).len(), 1000, "{file}");
    }
    // What is too long or broken loses no event but its own.
    room.write("wrapped.json", format!("{{\"Records\": [\n{}\n]}}\n", events.join(",\n")));
    let broken = events[0].trim_end_matches('}');
    room.write("broken.json", format!("[\n{broken},\n{}\n]\n", events.join(",\n")));
    for file in ["wrapped.json", "broken.json"] {
        assert_eq!(lines(&room.hunt(&[file, "--format", "jsonl"])).len(), 1000, "{file}");
    }
}

#[test]
fn what_correlations_could_not_count_is_told() {
    let room = Room::new();
    let count = |kind: &str| {
        format!(
            "title: C\nid: c\ncorrelation: {{type: {kind}, rules: [shell], group-by: [Computer], timespan: 5m"
        )
    };
    room.write("rules/c.yml", count("event_count") + ", condition: {gte: 2}}\n");
    let untimed = |line: &str| line.replace("\"@timestamp\"", "\"said\"");
    room.write("untimed.json", untimed(&created(1, "cmd.exe").repeat(5)));
    let output = room.hunt(&["untimed.json", "--format", "json", "--lang", "en"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["hits"], serde_json::json!([]));
    assert_eq!(document["summary"]["limits_met"], serde_json::json!({"untimed": 5}));
    let talk = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(talk.contains("5 times an event to be counted told no time"), "{talk}");
    assert_eq!(code(&output), 3, "nobody may take it for quiet");
    let page = String::from_utf8(room.hunt(&["untimed.json", "--format", "html"]).stdout).unwrap();
    assert!(page.contains("5 lần một sự kiện cần đếm không ghi thời gian"));
    // What is only said of the rule's own condition leaves the result whole.
    room.write("rules/c.yml", count("value_count") + ", condition: {field: User, gte: 2}}\n");
    room.write("timed.json", created(1, "cmd.exe").repeat(5));
    let output = room.hunt(&["timed.json", "--lang", "en"]);
    let talk = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(talk.contains("5 times an event lacked the value"), "{talk}");
    assert_eq!(code(&output), 0);
    fs::remove_file(room.path("rules/c.yml")).unwrap();
    let output = room.hunt(&["untimed.json"]);
    assert!(!String::from_utf8(output.stderr).unwrap().contains("tương quan"));
}

#[test]
fn sources_that_no_rule_reads_are_told_in_every_form() {
    let room = Room::new();
    let foreign: String =
        (0..25).map(|n| format!("{{\"source\":\"s{n:02}\"}}\n").repeat(1 + n / 24)).collect();
    room.write("logs/foreign.json", foreign + "{\"hello\":\"world\"}\n");
    room.write("logs/known.json", created(1, "calc.exe"));
    for form in ["table", "json", "jsonl", "csv", "html"] {
        let output = room.hunt(&["logs", "--format", form, "--stats", "--lang", "en"]);
        let talk = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(code(&output), 0, "{form}: {talk}");
        let lines: Vec<&str> = talk.lines().collect();
        let head = lines.iter().position(|line| line.starts_with("27 events")).unwrap();
        // Those with the most events first, then by name.
        assert_eq!(lines[head + 1].trim_start(), "2  json s24", "{form}");
        assert_eq!(lines[head + 2].trim_start(), "1  json", "{form}");
        assert_eq!(lines[head + 21], "… and 6 more sources with 6 events", "{form}");
        let stats: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        assert_eq!((&stats["events"], &stats["events_unmapped"]), (&28.into(), &27.into()));
    }
    let document: Value =
        serde_json::from_slice(&room.hunt(&["logs", "--format", "json"]).stdout).unwrap();
    let unmapped = &document["summary"]["unmapped"];
    assert_eq!(
        (&unmapped["events"], unmapped["sources"].as_array().unwrap().len()),
        (&27.into(), 26)
    );
    assert_eq!(unmapped["sources"][0], serde_json::json!({"source": "json s24", "events": 2}));
    let page = String::from_utf8(room.hunt(&["logs", "--format", "html"]).stdout).unwrap();
    for words in
        ["27 sự kiện không thuộc loại nhật ký", "json s24", "… và 6 nguồn khác với 6 sự kiện"]
    {
        assert!(page.contains(words), "{words}");
    }
    let quiet = room.hunt(&["logs/known.json"]);
    assert!(!String::from_utf8(quiet.stderr).unwrap().contains("không thuộc loại nhật ký"));
}

#[test]
fn stats_are_the_last_line_of_stderr() {
    let room = Room::new();
    room.write("a.json", created(1, "cmd.exe") + "broken\n");
    let output = room.hunt(&["a.json", "--stats"]);
    let talk = String::from_utf8(output.stderr).unwrap();
    let stats: Value = serde_json::from_str(talk.lines().last().unwrap()).unwrap();
    for key in [
        "events",
        "bytes_in",
        "hits",
        "rules_loaded",
        "rules_refused",
        "seconds_total",
        "seconds_load",
        "cpu_seconds",
        "events_per_second",
        "threads",
        "peak_rss_bytes",
    ] {
        assert!(stats.get(key).is_some(), "{key} in {stats}");
    }
    assert_eq!(
        (&stats["events"], &stats["hits"], &stats["rules_loaded"]),
        (&1.into(), &1.into(), &3.into())
    );
}

#[test]
fn without_rules_the_embedded_pack_hunts() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/account/samples");
    let run = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        command.args(["hunt", "--format", "jsonl"]).arg(samples.join(name)).output().unwrap()
    };
    let fire = run("ssh_password_guessing.fire.auth");
    assert_eq!(code(&fire), 1, "{}", String::from_utf8_lossy(&fire.stderr));
    assert_eq!(code(&run("ssh_password_guessing.quiet.auth")), 0);
}

#[test]
fn the_corpus_gives_the_same_bytes_twice_and_at_any_number_of_threads() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !corpus.is_dir() {
        eprintln!("SKIPPED: no corpus at {}", corpus.display());
        return;
    }
    let run = |threads: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
        command.arg("hunt").arg(corpus.join("evtx"));
        command.arg("--rules").arg(corpus.join("sigma/rules"));
        command.args(["--format", "jsonl", "--stats", "--threads", threads]).output().unwrap()
    };
    let output = run("1");
    assert_eq!(code(&output), 1);
    assert!(lines(&output).len() > 1_000);
    for threads in ["1", "2", "4"] {
        assert!(run(threads).stdout == output.stdout, "other bytes on {threads} threads");
    }
}
