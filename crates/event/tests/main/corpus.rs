//! The sample corpus beside the project: every EVTX file is read, and the SigmaHQ regression cases
//! give the same fields from EVTX as from the JSON beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use khien_event::{Batch, Context, Event, Format, evtx, parse};

/// Returns the folder, or says loudly that the test does not run.
pub(crate) fn corpus(part: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus").join(part);
    if !folder.is_dir() {
        eprintln!("SKIPPED: no sample corpus at {}", folder.display());
        return None;
    }
    Some(folder)
}

pub(crate) fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension)) {
            found.push(path);
        }
    }
    found.sort();
}

#[test]
fn every_evtx_file_is_read() {
    let Some(folder) = corpus("evtx") else { return };
    let mut paths = Vec::new();
    files(&folder, "evtx", &mut paths);
    let (mut events, mut fields, mut problems) = (0, 0, 0);
    for path in &paths {
        let mut seen = 0;
        evtx::read_file(path, &mut |batch, told| {
            seen += batch.len();
            for event in batch.iter() {
                assert!(event.first("EventID").is_some(), "{}", path.display());
                assert!(event.t_event().is_some(), "{}", path.display());
                fields += event.fields().count();
            }
            problems += told.len();
            told.iter().for_each(|problem| eprintln!("{}: {problem}", path.display()));
        })
        .unwrap();
        assert!(seen > 0, "{} gave no event", path.display());
        events += seen;
    }
    eprintln!("{} files, {events} events, {fields} fields, {problems} problems", paths.len());
}

type Fields = BTreeMap<String, Vec<String>>;

fn fields(event: Event<'_>) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in event.fields() {
        // The JSON was made by an older reader that wrote GUIDs bare and times to the
        // microsecond, and trimmed text.
        let text = value.as_text().unwrap_or_default().trim();
        let text = match name {
            "TimeCreated" => event.t_event().map(|us| us.to_string()).unwrap_or_default(),
            _ if text.len() == 38 && text.starts_with('{') => text[1..37].to_uppercase(),
            _ => text.to_owned(),
        };
        fields.entry(name.to_owned()).or_default().push(text);
    }
    fields
}

#[test]
fn regression_cases_read_alike_from_evtx_and_json() {
    let Some(folder) = corpus("sigma/regression_data") else { return };
    let mut paths = Vec::new();
    files(&folder, "evtx", &mut paths);
    let (mut compared, mut alone) = (0, 0);
    for path in paths {
        let json = path.with_extension("json");
        let Ok(bytes) = std::fs::read(&json) else {
            alone += 1;
            continue;
        };
        let mut from_json = Batch::new();
        let problems = parse(Format::Json, &bytes, &Context::received(0), &mut from_json);
        assert_eq!(problems, [], "{}", json.display());
        let mut from_evtx = Batch::new();
        let bytes = std::fs::read(&path).unwrap();
        let problems = parse(Format::Evtx, &bytes, &Context::received(0), &mut from_evtx);
        assert_eq!(problems, [], "{}", path.display());
        let known: Vec<Fields> = from_evtx.iter().map(fields).collect();
        for event in from_json.iter() {
            let wanted = fields(event);
            let id = &wanted["EventRecordID"];
            let twin = known.iter().find(|fields| &fields["EventRecordID"] == id);
            assert_eq!(twin, Some(&wanted), "{}", json.display());
            compared += 1;
        }
    }
    eprintln!("{compared} events alike, {alone} files without json");
}
