//! The walls of the house, held where the plan puts them: which crate may know which, which slice
//! may call which, what the rules of the domain may reach, and where SQL stands.
//!
//! A failing line names the file. When the plan itself changes, ARCHITECTURE.md and the tables
//! below change in the same commit.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The only edges between crates.
const EDGES: &[(&str, &[&str])] = &[
    ("detect", &["event"]),
    ("domain", &[]),
    ("event", &[]),
    ("hub", &["detect", "domain", "event", "lake", "store"]),
    ("khien", &["detect", "domain", "event", "hub", "lake", "store"]),
    ("lake", &["event"]),
    ("store", &[]),
];

/// What the rules of the domain may lean on: nothing that knows a clock, a file or a network.
const DOMAIN_MAY: &[&str] = &["serde", "thiserror", "unicode-normalization", "uuid"];

/// The slices of the hub, lowest first: each calls downward only.
const SLICES: &[&str] = &[
    "unit",
    "access",
    "inbox",
    "journal",
    "asset",
    "evidence",
    "signal",
    "task",
    "incident",
    "report",
    "intake",
    "detection",
    "import",
    "board",
];

/// Folders of the hub that are no slice: the frame around them all.
const FRAME: &[&str] = &["lang", "migrations", "web"];

/// Crates whose every public item has a doc line.
const DOCUMENTED: &[&str] = &["domain"];

const LINES_MAX: usize = 600;
/// Names that say nothing of what is inside.
const NAMELESS: &[&str] = &["utils", "util", "helpers", "common", "misc", "types"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the files below a folder whose names end so; what is built or fetched is no part of
/// the house.
fn files(below: &Path, endings: &[&str]) -> Vec<PathBuf> {
    const NOT_OURS: [&str; 4] = ["target", "node_modules", "dist", ".git"];
    let mut found = Vec::new();
    let mut folders = vec![below.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !NOT_OURS.contains(&name.as_str()) {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Returns the folders directly below one.
fn folders(below: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(below).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// Returns the dependencies that a crate names, those of its tests and build script included or
/// not.
fn dependencies(krate: &str, tests_too: bool) -> BTreeSet<String> {
    let manifest = read(&root().join("crates").join(krate).join("Cargo.toml"));
    let mut names = BTreeSet::new();
    let mut listening = false;
    for line in manifest.lines() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            listening = section == "dependencies"
                || section.ends_with(".dependencies")
                || (tests_too && section.ends_with("-dependencies"));
        } else if listening && let Some((name, _)) = line.split_once(['.', ' ', '=']) {
            names.insert(name.to_owned());
        }
    }
    names
}

#[test]
fn crates_know_only_what_the_plan_allows() {
    let plan: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let crates = folders(&root().join("crates"));
    assert_eq!(crates, plan.keys().map(|name| (*name).to_owned()).collect());
    for (krate, allowed) in plan {
        let known = dependencies(krate, true);
        let known = known.iter().filter_map(|name| name.strip_prefix("khien-"));
        let wrong: Vec<_> = known.filter(|name| !allowed.contains(name)).collect();
        assert!(wrong.is_empty(), "{krate} may not depend on {wrong:?}");
    }
}

#[test]
fn the_domain_reaches_no_clock_file_or_network() {
    let used = dependencies("domain", false);
    let wrong: Vec<_> = used.iter().filter(|name| !DOMAIN_MAY.contains(&name.as_str())).collect();
    assert!(wrong.is_empty(), "domain may not depend on {wrong:?}");
    let lints = read(&root().join("crates/domain/clippy.toml"));
    for ban in ["SystemTime::now", "Instant::now", "File::open"] {
        assert!(lints.contains(ban), "crates/domain/clippy.toml no longer forbids {ban}");
    }
}

/// Returns a file without comment lines and without its module of tests.
fn code(path: &Path) -> String {
    let text = read(path);
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the slices that a text names by `crate::slice` or inside `use crate::{..}`.
fn slices_named(code: &str) -> BTreeSet<&str> {
    let mut named = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        let group = after.strip_prefix('{').map(|group| group.split(';').next().unwrap_or(group));
        let parts: Vec<&str> = match group {
            Some(group) => group.split([',', '{', '}']).collect(),
            None => vec![after],
        };
        for part in parts {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let part = part.trim_start();
            let end = part.find(|c| !word(c)).unwrap_or(part.len());
            named.extend(SLICES.iter().find(|slice| **slice == &part[..end]));
        }
    }
    named
}

#[test]
fn slices_call_downward_only() {
    let hub = root().join("crates/hub/src");
    let rank = |slice: &str| SLICES.iter().position(|name| *name == slice);
    for folder in folders(&hub) {
        let known = rank(&folder).is_some() || FRAME.contains(&folder.as_str());
        assert!(known, "hub/src/{folder} has no place in the order of slices");
        let Some(own) = rank(&folder) else { continue };
        for file in files(&hub.join(&folder), &[".rs"]) {
            let code = code(&file);
            let upward: Vec<_> =
                slices_named(&code).into_iter().filter(|other| rank(other) > Some(own)).collect();
            assert!(upward.is_empty(), "{} calls upward: {upward:?}", file.display());
        }
    }
}

/// Returns the first argument of every call of `sqlx::query*`.
fn queries(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for name in ["sqlx::query", "sqlx::raw_sql"] {
        for after in code.split(name).skip(1) {
            let Some((before, argument)) = after.split_once('(') else { continue };
            if before.chars().all(|c| c.is_ascii_alphanumeric() || "_:<>, ".contains(c)) {
                found.push(argument.trim_start());
            }
        }
    }
    found
}

#[test]
fn sql_stands_in_the_inventory_only() {
    for file in files(&root().join("crates/hub/src"), &[".rs"]) {
        for argument in queries(&code(&file)) {
            let named = argument.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            let built = argument.starts_with("format!") || argument.starts_with("concat!");
            assert!(
                named && !built,
                "{}: a text outside `statements!` is held by no test: {}",
                file.display(),
                argument.lines().next().unwrap_or_default()
            );
        }
    }
}

#[test]
fn files_have_a_size_a_name_and_a_first_sentence() {
    for file in files(&root(), &[".rs", ".js", ".mjs", ".css"]) {
        let lines = read(&file).lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", file.display());
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!NAMELESS.contains(&stem.as_str()), "{} has no name", file.display());
    }
    for file in files(&root().join("crates"), &[".rs"]) {
        let first = read(&file);
        assert!(first.starts_with("//!"), "{} does not say what it is for", file.display());
    }
}

#[test]
fn libraries_forbid_unsafe_and_document_what_they_offer() {
    let workspace = read(&root().join("Cargo.toml"));
    assert!(workspace.contains("unsafe_code = \"forbid\""));
    for krate in folders(&root().join("crates")) {
        let manifest = read(&root().join("crates").join(&krate).join("Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{krate} has lints of its own");
    }
    for krate in DOCUMENTED {
        let lib = read(&root().join("crates").join(krate).join("src/lib.rs"));
        assert!(lib.contains("#![warn(missing_docs)]"), "{krate} may be undocumented");
    }
}

/// Dependencies of tests switch this on, too, for every crate that is built beside them: without it
/// the binary that ships would write the fields of an event in another order than the tested one.
#[test]
fn the_binary_that_ships_writes_fields_in_the_order_of_the_one_that_is_tested() {
    let workspace = read(&root().join("Cargo.toml"));
    let json = workspace.lines().find(|line| line.starts_with("serde_json = ")).unwrap();
    assert!(json.contains("\"preserve_order\""), "{json}");
    for krate in folders(&root().join("crates")) {
        let manifest = read(&root().join("crates").join(&krate).join("Cargo.toml"));
        let own = manifest
            .lines()
            .find(|line| line.starts_with("serde_json") && !line.contains("workspace"));
        assert_eq!(own, None, "{krate}");
    }
}

/// The paths that a page names in backquotes, as it writes them: under `crates/`.
fn named_paths(page: &str) -> Vec<String> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted.filter(|word| word.contains('/') && !word.contains(' ')).map(str::to_owned).collect()
}

#[test]
fn the_requirements_and_invariants_name_tests_that_exist() {
    for page in ["docs/letters.md", "docs/invariants.md"] {
        let paths = named_paths(&read(&root().join(page)));
        assert!(paths.len() > 10, "{page} names no tests");
        for path in paths.iter().filter(|path| path.as_str() != "crates/") {
            assert!(root().join("crates").join(path).exists(), "{page} names {path}");
        }
    }
}

#[test]
fn nothing_names_the_machine_it_was_written_on() {
    // Written in two parts, so that this file does not find itself.
    let paths = [["/wo", "rk/"].concat(), [".lib", "rary"].concat(), ["/ro", "ot/"].concat()];
    let endings =
        [".rs", ".toml", ".md", ".yml", ".js", ".mjs", ".json", ".ftl", "Makefile", "run"];
    for file in files(&root(), &endings) {
        let text = read(&file);
        for path in &paths {
            assert!(!text.contains(path.as_str()), "{} names {path}", file.display());
        }
    }
    let lock = read(&root().join("Cargo.lock"));
    let elsewhere = lock.lines().find(|line| {
        line.starts_with("source = ") && !line.contains("github.com/rust-lang/crates.io-index")
    });
    assert_eq!(elsewhere, None, "every crate comes from crates.io");
    let lock = read(&root().join("web/package-lock.json"));
    assert!(!lock.contains("\"resolved\""), "package-lock.json names a registry");
}
