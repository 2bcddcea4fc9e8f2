//! Whatever a person reads has words in both languages.

use std::collections::BTreeSet;

use khien_domain::fact::Fact;
use khien_domain::{access, incident, matter, signal, task, unit};
use khien_hub::inbox;
use khien_hub::web::i18n::Lang;
use serde_json::{Value, json};

use crate::harness::source;

const ID: &str = "01900000-0000-7000-8000-000000000001";

fn has_words(key: &str) -> bool {
    [Lang::Vi, Lang::En].iter().all(|lang| lang.t(key) != key)
}

#[test]
fn every_key_in_the_source_has_words() {
    let mut keys = BTreeSet::new();
    for (path, text) in source::files("rs") {
        for call in [".t(\"", ".ta(\""] {
            for rest in text.split(call).skip(1) {
                let key = rest.split('"').next().unwrap().to_owned();
                keys.insert((key, path.display().to_string()));
            }
        }
    }
    assert!(keys.len() > 50, "the search finds too little: {}", keys.len());
    let silent: Vec<_> =
        keys.iter().filter(|(key, _)| key != "no-such-key" && !has_words(key)).collect();
    assert!(silent.is_empty(), "no words for {silent:?}");
}

#[test]
fn no_key_stands_in_two_files() {
    let mut seen = BTreeSet::new();
    for (path, text) in source::files("ftl") {
        let language = path.iter().nth(1).unwrap().to_owned();
        for line in text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())) {
            let Some((key, _)) = line.split_once(" =") else { continue };
            assert!(seen.insert((language.clone(), key.to_owned())), "{}: {key}", path.display());
        }
    }
}

#[test]
fn every_code_has_words() {
    let mut keys = Vec::new();
    let mut all = |prefix: &str, codes: Vec<&str>| {
        keys.extend(codes.iter().map(|code| format!("{prefix}-{code}")));
    };
    all("role", access::Role::ALL.iter().map(|c| c.code()).collect());
    all("level", signal::Level::ALL.iter().map(|c| c.code()).collect());
    all("signal-state", signal::State::ALL.iter().map(|c| c.code()).collect());
    all("signal-kind", signal::Kind::ALL.iter().map(|c| c.code()).collect());
    all("incident-state", incident::State::ALL.iter().map(|c| c.code()).collect());
    all("category", incident::Category::ALL.iter().map(|c| c.code()).collect());
    all("level", incident::Severity::ALL.iter().map(|c| c.code()).collect());
    all("leak", incident::LeakVerdict::ALL.iter().map(|c| c.code()).collect());
    all("task-state", task::State::ALL.iter().map(|c| c.code()).collect());
    all("answer", task::AnswerKind::ALL.iter().map(|c| c.code()).collect());
    all("party", matter::PartyRole::ALL.iter().map(|c| c.code()).collect());
    all("unit-kind", unit::UnitKind::ALL.iter().map(|c| c.code()).collect());
    all("contact-purpose", unit::ContactPurpose::ALL.iter().map(|c| c.code()).collect());
    all("sign", signal::Sign::ALL.iter().map(|c| c.code()).collect());
    all("dismiss", signal::DismissReason::ALL.iter().map(|c| c.code()).collect());
    let first_tasks = incident::Category::ALL.iter().map(|c| c.code()).chain(["web-shell"]);
    for first in first_tasks {
        keys.extend([format!("first-task-{first}"), format!("first-task-{first}-details")]);
    }
    let silent: Vec<_> = keys.iter().filter(|key| !has_words(key)).collect();
    assert!(silent.is_empty(), "no words for {silent:?}");
}

/// A fact of every kind: each takes what it needs of these fields.
fn facts() -> Vec<Fact> {
    let fact = |kind: &&str| {
        let body: Value = json!({
            "kind": kind, "signal": ID, "unit": ID, "matter": ID, "task": ID, "evidence": ID,
            "grant": ID, "suppression": ID, "person": ID, "by": ID, "into": ID, "successor": null, "seq": 1,
            "state": incident::State::ALL[0], "verdict": incident::LeakVerdict::ALL[0],
        });
        serde_json::from_value(body).unwrap_or_else(|e| panic!("{kind}: {e}"))
    };
    Fact::KINDS.iter().map(fact).collect()
}

#[test]
fn every_message_has_words() {
    for fact in facts().iter().filter(|fact| inbox::tells_somebody(fact)) {
        let key = format!("inbox-{}", fact.kind());
        assert!(has_words(&key), "no words for {key}");
    }
}

/// The journal's actions: `noun.verb` literals of the slices.
fn actions() -> BTreeSet<String> {
    const NOUNS: [&str; 14] = [
        "unit", "person", "asset", "source", "signal", "report", "incident", "task", "evidence",
        "grant", "journal", "session", "slip", "rules",
    ];
    let named = |text: &str| {
        let Some((noun, verb)) = text.split_once('.') else { return false };
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        NOUNS.contains(&noun) && !verb.is_empty() && verb.chars().all(plain)
    };
    let mut found = BTreeSet::new();
    for (path, text) in source::files("rs") {
        // Names of jobs and of reactions look alike.
        if !["schedule.rs", "wiring.rs"].iter().any(|other| path.ends_with(other)) {
            found.extend(text.split('"').filter(|part| named(part)).map(str::to_owned));
        }
    }
    found
}

/// What the journal's lines are about: the nouns of the subjects that slices write.
#[test]
fn every_subject_of_the_journal_has_words() {
    const WRITTEN: [&str; 4] =
        ["subject: format!(\"", "subject = format!(\"", "subject: \"", "subject = \""];
    let mut nouns = BTreeSet::new();
    for (_, text) in source::files("rs") {
        for rest in WRITTEN.iter().flat_map(|written| text.split(written).skip(1)) {
            nouns.insert(rest.split([':', '"']).next().unwrap().to_owned());
        }
    }
    assert!(nouns.len() > 10, "the search finds too little: {nouns:?}");
    let silent: Vec<_> =
        nouns.iter().filter(|noun| !has_words(&format!("subject-{noun}"))).collect();
    assert!(silent.is_empty(), "no words for {silent:?}");
}

#[test]
fn every_journal_line_has_words() {
    let actions = actions();
    assert!(actions.len() > 30, "the search finds too little: {actions:?}");
    let key = |action: &String| format!("entry-{}", action.replace('.', "-"));
    let silent: Vec<String> = actions.iter().map(key).filter(|key| !has_words(key)).collect();
    assert!(silent.is_empty(), "no words for {silent:#?}");
}
