//! Events made from the values of a rule, so that it fires or nearly does.
//!
//! The rule is given a log source of ours, because many of SigmaHQ's are of clouds and devices whose
//! events we do not read: here only what it asks of an event counts.

use std::path::Path;

use khien_event::{Batch, Format, Value};
use yaml_rust2::{Yaml, YamlLoader};

/// Events made of one rule: the first of the first of its values each, the second of the second.
const EVENTS: usize = 2;

/// Returns the text of each rule below the folders, all of one log source.
pub(crate) fn rules(corpus: &Path, folders: &[&str]) -> Vec<String> {
    let mut texts = Vec::new();
    for folder in folders {
        read(&corpus.join("sigma").join(folder), &mut texts);
    }
    texts
}

fn read(path: &Path, texts: &mut Vec<String>) {
    let mut entries: Vec<_> = path.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            read(&entry, texts);
        } else if entry.extension().is_some_and(|extension| extension == "yml") {
            texts.push(with_our_source(&std::fs::read_to_string(&entry).unwrap()));
        }
    }
}

/// Replaces the section that names the log source.
fn with_our_source(rule: &str) -> String {
    let (mut text, mut inside) = (String::new(), false);
    for line in rule.lines() {
        inside = inside && (line.starts_with([' ', '#']) || line.is_empty());
        if line.starts_with("logsource:") {
            inside = true;
            text.push_str("logsource: {product: windows, service: security}\n");
        }
        if !inside {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Returns events that hold what the rule's selections ask for, and nothing that its filters do.
pub(crate) fn events(rule: &str) -> Batch {
    let documents = YamlLoader::load_from_str(rule).unwrap();
    let detection = documents[0]["detection"].as_hash().unwrap();
    let mut batch = Batch::new();
    for number in 0..EVENTS {
        let mut fields = Vec::new();
        for (name, search) in detection {
            let name = name.as_str().unwrap();
            if name != "condition" && !name.starts_with("filter") {
                add(search, number, &mut fields);
            }
        }
        let mut event = batch.start(Format::Evtx);
        event.text("Channel", "Security");
        for (field, value) in &fields {
            match value {
                Made::Null => event.set(field, Value::Null),
                Made::Number(digits) => event.set(field, Value::Number(digits)),
                Made::Text(text) => event.text(field, text),
            }
        }
        event.finish();
    }
    batch
}

enum Made {
    Null,
    Number(String),
    Text(String),
}

fn add(search: &Yaml, number: usize, fields: &mut Vec<(String, Made)>) {
    match search {
        Yaml::Hash(entries) => {
            for (key, value) in entries {
                let (field, modifiers) =
                    key.as_str().unwrap().split_once('|').unwrap_or((key.as_str().unwrap(), ""));
                let field = if field.is_empty() { "message" } else { field };
                // Two searches that ask for one field give it two values.
                fields.push((field.to_owned(), made(value, modifiers, number)));
            }
        }
        Yaml::Array(items) if !items.is_empty() => {
            add(&items[number % items.len()], number, fields)
        }
        keyword => fields.push(("message".to_owned(), made(keyword, "contains", number))),
    }
}

fn made(value: &Yaml, modifiers: &str, number: usize) -> Made {
    let has = |modifier: &str| modifiers.split('|').any(|word| word == modifier);
    let text = match value {
        Yaml::Array(items) if has("all") => items.iter().map(filled).collect::<Vec<_>>().join(" "),
        Yaml::Array(items) => return made(&items[number % items.len()], modifiers, number),
        Yaml::Null => return Made::Null,
        Yaml::Integer(digits) if modifiers.is_empty() => return Made::Number(digits.to_string()),
        single => filled(single),
    };
    Made::Text(match () {
        () if has("contains") => format!("x{text}y"),
        () if has("startswith") => format!("{text}y"),
        () if has("endswith") => format!("x{text}"),
        () if has("cidr") => text.split('/').next().unwrap_or_default().to_owned(),
        () => text,
    })
}

/// Returns a text that the value matches.
fn filled(value: &Yaml) -> String {
    let text = match value {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        Yaml::Boolean(value) => value.to_string(),
        _ => String::new(),
    };
    let escaped = text.replace("\\\\", "\u{3}").replace("\\*", "\u{1}").replace("\\?", "\u{2}");
    let filled = escaped.replace('*', "z").replace('?', "q").replace('\u{3}', "\\");
    filled.replace('\u{1}', "*").replace('\u{2}', "?")
}
