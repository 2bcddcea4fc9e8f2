//! `khien hunt` on a JSON array that ends too early: what came is looked at, and the cut is told.

#![cfg(test)]

use std::fs::{self, File};
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const RULE: &str = "title: Shell\nid: shell\nlevel: high\n\
                    logsource: {product: windows, category: process_creation}\n\
                    detection: {s: {Image|endswith: '\\cmd.exe'}, condition: s}\n";
/// Told once of each array that is cut off.
const TOLD: &str = "truncated: json array is cut off, its `]` is missing";

fn created(number: usize) -> String {
    format!(
        "{{\n  \"Channel\": \"Microsoft-Windows-Sysmon/Operational\",\n  \"EventID\": 1,\n  \
         \"EventRecordID\": {number},\n  \"Image\": \"C:\\\\cmd.exe\"\n}}"
    )
}

/// Returns an array of so many objects, without its end.
fn open_array(events: usize, is_pretty: bool) -> String {
    let text = format!("[\n{},\n", (1..=events).map(created).collect::<Vec<_>>().join(",\n"));
    if is_pretty { text } else { text.replace("\n", "").replace("  ", "") }
}

/// Hunts in a file of that name, or in standard input.
fn hunt(name: &str, bytes: &[u8], options: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("shell.yml"), RULE).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_khien"));
    command.current_dir(folder.path()).args(["hunt", name, "--rules", "shell.yml"]);
    command.args(["--format", "jsonl"]).args(options).env("LC_ALL", "C");
    let file = folder.path().join(if name == "-" { "log" } else { name });
    fs::write(&file, bytes).unwrap();
    let stdin = if name == "-" { File::open(file).unwrap().into() } else { Stdio::null() };
    command.stdin(stdin).output().unwrap()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Returns the exit code, the number of hits and of arrays told to be cut off.
fn outcome(output: &Output) -> (Option<i32>, usize, usize) {
    let hits = output.stdout.iter().filter(|byte| **byte == b'\n').count();
    let talk = String::from_utf8(output.stderr.clone()).unwrap();
    (output.status.code(), hits, talk.matches(TOLD).count())
}

#[test]
fn an_array_without_its_end_is_told_and_hunted_up_to_the_cut() {
    // Few objects, and enough for several pieces.
    for (events, is_pretty) in [(2, true), (2, false), (4_000, true), (4_000, false)] {
        let open = open_array(events, is_pretty);
        let whole = open.trim_end().trim_end_matches(',').to_owned() + "\n]\n\n";
        for (name, bytes, closed) in [
            ("a.json", open.clone().into_bytes(), whole.clone().into_bytes()),
            ("-", open.clone().into_bytes(), whole.clone().into_bytes()),
            ("a.json.gz", gzip(&open), gzip(&whole)),
        ] {
            let place = format!("{name}, {events} events, pretty: {is_pretty}");
            let cut = hunt(name, &bytes, &["--strict"]);
            assert_eq!(outcome(&cut), (Some(3), events, 1), "{place}");
            let cut = hunt(name, &bytes, &[]);
            assert_eq!(outcome(&cut), (Some(1), events, 1), "{place}");
            let sound = hunt(name, &closed, &["--strict"]);
            assert_eq!(outcome(&sound), (Some(1), events, 0), "{place}");
            assert_eq!(sound.stdout, cut.stdout, "{place}");
        }
    }
}

#[test]
fn an_array_cut_where_a_piece_ends_is_told() {
    // As long as a piece of the reader, give or take a comma.
    const PIECE_BYTES: usize = 256 << 10;
    let open = open_array(1_000, true);
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(PIECE_BYTES - open.len() - 11));
    let open = open + &long;
    assert_eq!(open.len(), PIECE_BYTES);
    for (behind, code, told) in
        [("", 3, 1), (",", 3, 1), (",\n", 3, 1), ("]", 1, 0), ("\n]\n", 1, 0)]
    {
        let output = hunt("a.json", (open.clone() + behind).as_bytes(), &["--strict"]);
        assert_eq!(outcome(&output), (Some(code), 1_000, told), "{behind:?}");
    }
}
