//! SigmaHQ's rules against real logs. The corpus lies beside the project and is never part of it;
//! where it is absent these tests say so and pass.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use khien_detect::{Engine, Level, Loader, Placeholders, Reason, Rules};
use khien_event::evtx;

/// Where our count differs from both engines of the table, with the ruling.
const RULED: [(&str, usize, &str); 5] = [
    (
        "d21374ff-f574-44a7-9998-4a8c8bf33d7d",
        3,
        "4688 has a LogonId: the specification maps it to SubjectLogonId, so its null filter is out",
    ),
    (
        "3037d961-21e9-4732-b27a-637bcc7bf539",
        69,
        "the rule lists S-1-16-12288, which is how 4688 writes IntegrityLevel (MandatoryLabel)",
    ),
    ("00bb5bd5-1379-4fcf-a965-a5b6f7478064", 3, "service firewall-as is that channel (thor)"),
    ("6d444368-6da1-43fe-b2fc-44202430480e", 3, "service dns-server is the channel DNS Server"),
    ("3ce8e9a4-bc61-4c9b-8e69-d7e2492a8781", 6, "service openssh is OpenSSH/Operational (thor)"),
];

/// Returns the corpus folder, or says loudly that it is not there.
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no corpus at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// Loads the rules of some folders.
pub(crate) fn load(corpus: &Path, folders: &[&str]) -> (Rules, Vec<khien_detect::Refused>) {
    let folders: Vec<PathBuf> =
        folders.iter().map(|folder| corpus.join("sigma").join(folder)).collect();
    Rules::load(&folders)
}

/// Adds the hits per rule of one EVTX file.
fn count(engine: &mut Engine, file: &Path, hits: &mut BTreeMap<String, usize>) {
    evtx::read_file(file, &mut |batch, _problems| {
        for hit in engine.batch(batch) {
            *hits.entry(hit.rule.id.clone()).or_default() += 1;
        }
    })
    .unwrap();
}

/// Finds the event logs below a folder, in order.
pub(crate) fn evtx_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            evtx_files(&entry, files);
        } else if entry.extension().is_some_and(|ext| ext == "evtx") {
            files.push(entry);
        }
    }
}

#[test]
fn every_rule_loads_or_is_refused_for_its_placeholder() {
    let Some(corpus) = corpus() else { return };
    let (rules, refused) = load(
        &corpus,
        &["rules", "rules-compliance", "rules-emerging-threats", "rules-threat-hunting"],
    );
    for refused in &refused {
        println!("refused {:?} {}: {}", refused.id, refused.path.display(), refused.reason);
    }
    println!("{} loaded, {} refused", rules.len(), refused.len());
    let placeholders =
        |refused: &khien_detect::Refused| matches!(refused.reason, Reason::Placeholder { .. });
    assert!(refused.iter().all(placeholders));
    assert!(rules.len() > 3_500, "{} loaded", rules.len());
    assert!(rules.infos().any(|info| info.level == Level::Critical));

    let (rules, refused) = load(&corpus, &["rules-placeholder"]);
    println!("placeholder rules: {} loaded, {} refused", rules.len(), refused.len());
    assert!(!refused.is_empty() && refused.iter().all(placeholders));
}

#[test]
fn every_rule_with_placeholders_loads_once_its_lists_are_given() {
    let Some(corpus) = corpus() else { return };
    let folders = ["rules", "rules-placeholder"].map(|folder| corpus.join("sigma").join(folder));
    let (mut lists, mut enabled) = (Placeholders::default(), 0);
    loop {
        let mut loader = Loader::new();
        loader.placeholders(lists.clone());
        folders.iter().for_each(|folder| loader.folder(folder));
        let (rules, refused) = loader.finish();
        if refused.is_empty() {
            assert!(rules.lists_unused().is_empty());
            break;
        }
        enabled = enabled.max(refused.len());
        // A refusal names one list; a rule may want several.
        for refused in refused {
            let Reason::Placeholder { name, .. } = refused.reason else { panic!("{refused:?}") };
            lists.add(&name, ["192.0.2.1".to_owned()]).unwrap();
        }
    }
    println!("lists enable {enabled} rules");
    assert!(enabled >= 20, "{enabled}");
}

#[test]
fn every_regression_case_fires() {
    let Some(corpus) = corpus() else { return };
    let manifest = std::fs::read(corpus.join("regression-manifest.json")).unwrap();
    let cases: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let (rules, _) = load(&corpus, &["rules", "rules-emerging-threats", "rules-threat-hunting"]);
    let mut engine = Engine::new(rules);
    let mut failed = Vec::new();
    let cases = cases.as_array().unwrap();
    for case in cases {
        let mut hits = BTreeMap::new();
        count(&mut engine, &corpus.join("sigma").join(case["file"].as_str().unwrap()), &mut hits);
        let wanted = case["match_count"].as_u64().unwrap_or(1) as usize;
        for id in case["rule_ids"].as_array().unwrap() {
            let got = hits.get(id.as_str().unwrap()).copied().unwrap_or(0);
            if got < wanted {
                failed.push(format!("{} {id}: {got} of {wanted}", case["case"]));
            }
        }
    }
    assert_eq!(cases.len(), 120);
    assert!(failed.is_empty(), "{} of 120 failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn the_corpus_fires_what_two_other_engines_found() {
    let Some(corpus) = corpus() else { return };
    let table = std::fs::read_to_string(corpus.join("two-engine-counts.tsv")).unwrap();
    let (rules, _) = load(&corpus, &["rules/windows"]);
    let titles: HashMap<String, String> =
        rules.infos().map(|info| (info.id.clone(), info.title.clone())).collect();
    let mut engine = Engine::new(rules);
    let (mut files, mut hits) = (Vec::new(), BTreeMap::new());
    evtx_files(&corpus.join("evtx"), &mut files);
    files.iter().for_each(|file| count(&mut engine, file, &mut hits));

    let (mut fired, mut unruled) = (0, Vec::new());
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let ours = hits.remove(columns[0]).unwrap_or(0);
        let theirs: Vec<usize> = columns[1..].iter().map(|n| n.parse().unwrap()).collect();
        fired += usize::from(ours > 0);
        if !theirs.contains(&ours) {
            unruled.push((columns[0].to_owned(), ours));
        }
    }
    unruled.extend(hits);
    unruled
        .retain(|(id, ours)| !RULED.iter().any(|(ruled, count, _)| ruled == id && count == ours));
    for (id, ours) in &unruled {
        println!("unruled difference: {id} {}: ours {ours}", titles[id]);
    }
    println!("{fired} of 293 rules fire");
    assert!(fired >= 280, "{fired} fired");
    assert!(unruled.is_empty(), "{unruled:?}");
}
