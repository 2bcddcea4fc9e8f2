//! The corpus as flat JSON, over and over with other names and numbers.
//!
//! A repeated corpus would flatter whatever remembers values. From the second pass on every event
//! has a host, users, GUIDs and process ids of its own and command lines with a random end.

use std::path::{Path, PathBuf};

use khien_detect::Origin;
use khien_event::evtx;
use serde_json::{Map, Value};

pub(crate) struct Corpus {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) lines: Vec<String>,
    /// Beside `lines`.
    categories: Vec<&'static str>,
    pub(crate) distinct: usize,
}

impl Corpus {
    pub(crate) fn read(folder: &Path, passes: usize, seed: u64) -> Self {
        let files = files(folder);
        let mut events: Vec<(&'static str, Map<String, Value>)> = Vec::new();
        for file in &files {
            let read = evtx::read_file(file, &mut |batch, _| {
                for event in batch.iter() {
                    let Value::Object(mut fields) = event.to_json() else { continue };
                    let category = name_source(Origin::of(event), &mut fields);
                    events.push((category, fields));
                }
            });
            read.expect("the corpus can be read");
        }
        let mut random = Random(seed);
        let mut corpus =
            Self { files, lines: Vec::new(), categories: Vec::new(), distinct: events.len() };
        for pass in 0..passes {
            for (category, fields) in &events {
                let mut fields = fields.clone();
                if pass > 0 {
                    disguise(&mut fields, &mut random);
                }
                corpus.lines.push(Value::Object(fields).to_string());
                corpus.categories.push(category);
            }
        }
        corpus
    }

    pub(crate) fn of_category(&self, wanted: &str) -> Vec<String> {
        let of_it = self.lines.iter().zip(&self.categories).filter(|(_, is)| **is == wanted);
        of_it.map(|(line, _)| line.clone()).collect()
    }

    pub(crate) fn bytes_per_event(&self) -> f64 {
        let bytes: usize = self.lines.iter().map(String::len).sum();
        bytes as f64 / self.lines.len() as f64
    }
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> =
        folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "evtx") {
            found.push(entry);
        }
    }
    found
}

/// The peer reads the log source from fields, of which it takes one category. Returns it.
pub(crate) fn name_source(origin: Origin, fields: &mut Map<String, Value>) -> &'static str {
    let category = origin.categories.first().copied().unwrap_or_default();
    let parts = [
        ("product", origin.product.unwrap_or_default()),
        ("category", category),
        ("service", origin.services.first().copied().unwrap_or_default()),
    ];
    for (key, name) in parts.into_iter().filter(|(_, name)| !name.is_empty()) {
        fields.insert(key.to_owned(), name.into());
    }
    category
}

fn disguise(fields: &mut Map<String, Value>, random: &mut Random) {
    for (name, value) in fields.iter_mut() {
        let Value::String(text) = value else {
            if name.ends_with("ProcessId") || name == "ProcessID" {
                *value = (random.next() % 60_000).into();
            }
            continue;
        };
        match name.as_str() {
            "Computer" | "WorkstationName" => {
                *text = format!("PC-{:06x}", random.next() & 0xff_ffff)
            }
            name if name.ends_with("UserName") || name == "User" => {
                *text = format!("{text}{:03x}", random.next() & 0xfff);
            }
            name if name.ends_with("Guid") => {
                *text = format!("{{{:016x}-{:016x}}}", random.next(), random.next());
            }
            name if name.ends_with("ProcessId") => {
                *text = format!("0x{:x}", random.next() & 0xffff)
            }
            name if name.ends_with("CommandLine") => {
                text.push_str(&format!(" {:010x}", random.next() & 0xff_ffff_ffff));
            }
            _ => {}
        }
    }
}

/// Splitmix: the same numbers every time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[(self.next() % of.len() as u64) as usize]
    }
}
