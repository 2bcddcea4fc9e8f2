//! The corpus as lines of JSON, over and over with other hashes, names and addresses.

use std::path::{Path, PathBuf};

use khien_event::evtx;
use serde_json::{Map, Value};

use crate::feed;

/// Bytes of lines decoded at a time, as `khien hunt` does.
const CHUNK_BYTES: usize = 256 << 10;
/// Where the numbers begin that stand for strangers: no feed is that long.
const STRANGERS: u64 = 1 << 40;

/// Returns so many passes over the events of the files, in chunks of whole lines.
pub(crate) fn chunks(folder: &Path, passes: u64) -> Vec<String> {
    let mut events: Vec<Map<String, Value>> = Vec::new();
    for file in files(folder) {
        let read = evtx::read_file(&file, &mut |batch, _| {
            events.extend(batch.iter().filter_map(|event| match event.to_json() {
                Value::Object(fields) => Some(fields),
                _ => None,
            }));
        });
        read.expect("the corpus can be read");
    }
    let mut chunks = vec![String::new()];
    for (number, event) in (STRANGERS..).zip((0..passes).flat_map(|_| &events)) {
        let mut event = event.clone();
        event.iter_mut().for_each(|(name, value)| disguise(name, value, number));
        let line = Value::Object(event).to_string();
        if chunks.last().is_some_and(|chunk| chunk.len() + line.len() > CHUNK_BYTES) {
            chunks.push(String::new());
        }
        let chunk = chunks.last_mut().expect("there is always one");
        chunk.push_str(&line);
        chunk.push('\n');
    }
    chunks
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().expect("a folder");
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else if entry.extension().is_some_and(|ending| ending == "evtx") {
            found.push(entry);
        }
    }
    found
}

fn disguise(name: &str, value: &mut Value, number: u64) {
    let Value::String(text) = value else { return };
    match name {
        "Hashes" | "Hash" => *text = other_hashes(text, number),
        "QueryName" | "DestinationHostname" => *text = format!("www.{}", feed::domain(number)),
        "SourceIp" | "DestinationIp" | "IpAddress" | "SourceAddress" | "DestAddress" => {
            *text = feed::address(number);
        }
        _ => {}
    }
}

/// Keeps names and lengths.
fn other_hashes(text: &str, number: u64) -> String {
    let parts = text.split(',').map(|part| {
        let (name, digits) = part.split_once('=').unwrap_or(("MD5", part));
        format!("{name}={}", feed::hash(number, digits.len()).to_uppercase())
    });
    parts.collect::<Vec<_>>().join(",")
}
