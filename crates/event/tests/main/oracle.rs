//! The decoder against another one: every record of the sample corpus is read by the `evtx` crate
//! too, told as JSON, and read back by the JSON decoder. Both events must be the same, value by
//! value, kind by kind, in the same order.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use evtx::{EvtxParser, ParserSettings};
use khien_event::{Batch, Context, Event, Format, PROBLEMS_MAX, Value, parse};
use proptest::prelude::*;

use crate::corpus::{corpus, files};

/// One event, as far as both decoders can tell it.
type Told = (Option<i64>, Vec<(String, String)>);

fn told(event: Event<'_>) -> Told {
    let field = |(name, value): (&str, Value<'_>)| (name.to_owned(), format!("{value:?}"));
    (event.t_event(), event.fields().map(field).collect())
}

fn ours(path: &Path) -> Vec<Told> {
    let mut batch = Batch::new();
    let bytes = std::fs::read(path).unwrap();
    let problems = parse(Format::Evtx, &bytes, &Context::received(0), &mut batch);
    problems.iter().for_each(|problem| eprintln!("{}: {problem}", path.display()));
    batch.iter().map(told).collect()
}

fn theirs(path: &Path) -> Vec<Told> {
    let settings = ParserSettings::default().num_threads(1);
    let mut parser = EvtxParser::from_path(path).unwrap().with_configuration(settings);
    let mut batch = Batch::new();
    for record in parser.records_json() {
        let Ok(record) = record else { continue };
        let context = Context::received(0);
        let problems = parse(Format::Json, record.data.as_bytes(), &context, &mut batch);
        assert_eq!(problems, [], "{}", path.display());
    }
    batch.iter().map(told).collect()
}

/// Compares all records of the files and returns how many events and fields were alike.
fn compare(paths: &[PathBuf]) -> (usize, usize) {
    let (mut events, mut fields, mut differ) = (0, 0, 0);
    for path in paths {
        let (ours, theirs) = (ours(path), theirs(path));
        assert_eq!(ours.len(), theirs.len(), "{}", path.display());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            if ours != theirs {
                differ += 1;
                eprintln!("{}:\n ours   {ours:?}\n theirs {theirs:?}", path.display());
            }
            fields += ours.1.len();
        }
        events += ours.len();
    }
    assert_eq!(differ, 0);
    (events, fields)
}

/// Two made-up files: one whose records hold their elements themselves, one with templates that
/// use every type, arrays, names of all kinds and what may stand beside an instance.
#[test]
fn made_up_events_are_what_another_decoder_makes_of_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/evtx/testdata");
    compare(&["three_records.in", "templates.in"].map(|name| folder.join(name)));
}

#[test]
fn real_events_are_what_another_decoder_makes_of_them() {
    let mut paths: Vec<PathBuf> = Vec::new();
    for part in ["evtx", "sigma/regression_data"] {
        let Some(folder) = corpus(part) else { return };
        files(&folder, "evtx", &mut paths);
    }
    let (events, fields) = compare(&paths);
    eprintln!("{events} events and {fields} fields alike");
}

/// Where the records of a chunk begin, and the size of a chunk with the file's header.
const RECORDS_AT: usize = 4096 + 512;
const FIRST_CHUNK_END: usize = 4096 + 64 * 1024;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A damaged chunk costs what it costs, never the process, and never a bound.
    #[test]
    fn damaged_chunks_of_real_files_are_read(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let Some(chunks) = &*CHUNKS else { return Ok(()) };
        let mut bytes = which.get(chunks).clone();
        for (at, byte) in damage {
            let used = RECORDS_AT..bytes.len();
            bytes[RECORDS_AT + at.index(used.len())] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut batch = Batch::new();
        let problems = parse(Format::Evtx, &bytes, &Context::received(0), &mut batch);
        prop_assert!(problems.len() <= PROBLEMS_MAX + 1);
        for event in batch.iter() {
            prop_assert!(event.fields().count() <= 4096);
        }
    }
}

/// The first chunk of every tenth file, up to where its records end.
static CHUNKS: LazyLock<Option<Vec<Vec<u8>>>> = LazyLock::new(|| {
    let mut paths = Vec::new();
    files(&corpus("evtx")?, "evtx", &mut paths);
    let chunk = |path: &PathBuf| {
        let mut bytes = std::fs::read(path).unwrap();
        bytes.truncate(FIRST_CHUNK_END);
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        bytes.truncate(used.max(RECORDS_AT) + 1);
        bytes
    };
    Some(paths.iter().step_by(10).map(chunk).collect())
});
