//! Every `src/<format>/testdata/*.in` against the `.out` beside it: one JSON line per event, then
//! one `problem` line each. `KHIEN_BLESS=1` writes the `.out` files anew; read the diff.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use khien_event::{Batch, Context, Format, Problem, Stream, evtx, parse};

/// 1 November 2025, 10:00 in Vietnam.
const RECEIVED_US: i64 = 1_761_966_000_000_000;

fn render(batch: &Batch, problems: &[Problem]) -> String {
    let mut out = String::new();
    for event in batch.iter() {
        let at = event.t_event().map_or("-".to_owned(), |us| us.to_string());
        writeln!(out, "{} {at} {}", event.format(), event.to_json()).unwrap();
    }
    for problem in problems {
        let at = problem.at.map_or("-".to_owned(), |at| at.to_string());
        writeln!(out, "problem {at} {problem}").unwrap();
    }
    out
}

fn inputs(format: Format) -> Vec<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(format.name()).join("testdata");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "in"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no samples in {}", folder.display());
    files
}

#[test]
fn samples_read_as_recorded() {
    let bless = std::env::var_os("KHIEN_BLESS").is_some();
    for format in Format::ALL {
        for input in inputs(format) {
            let mut batch = Batch::new();
            let bytes = std::fs::read(&input).unwrap();
            let problems = parse(format, &bytes, &Context::received(RECEIVED_US), &mut batch);
            let found = render(&batch, &problems);
            let golden = input.with_extension("out");
            if bless {
                std::fs::write(&golden, &found).unwrap();
            }
            let expected = std::fs::read_to_string(&golden).unwrap_or_default();
            assert_eq!(found, expected, "{}", input.display());
        }
    }
}

#[test]
fn streamed_event_logs_read_like_whole_ones() {
    for input in inputs(Format::Evtx) {
        let bytes = std::fs::read(&input).unwrap();
        let mut whole = Batch::new();
        let problems = parse(Format::Evtx, &bytes, &Context::received(RECEIVED_US), &mut whole);
        let mut streamed = String::new();
        evtx::read(bytes.as_slice(), &mut |batch, told| streamed += &render(batch, told)).unwrap();
        assert_eq!(streamed, render(&whole, &problems), "{}", input.display());
    }
}

#[test]
fn pieces_read_like_the_whole() {
    let context = Context::received(RECEIVED_US);
    // A document may open with what is an array of its own as a piece; a file of chunks has no lines.
    let documents = [Format::Json, Format::Eve, Format::Evtx];
    for format in Format::ALL.into_iter().filter(|format| !documents.contains(format)) {
        for input in inputs(format) {
            let bytes = std::fs::read(&input).unwrap();
            let mut whole = Batch::new();
            let mut known = parse(format, &bytes, &context, &mut whole);
            let (mut stream, mut pieces) = (Stream::new(format, context), Batch::new());
            let lines = bytes.split_inclusive(|byte| *byte == b'\n');
            let mut problems: Vec<Problem> =
                lines.flat_map(|line| stream.read(line, &mut pieces)).collect();
            problems.extend(stream.finish(&mut pieces));
            known.sort_by_key(|problem| problem.at);
            problems.sort_by_key(|problem| problem.at);
            assert_eq!(render(&pieces, &problems), render(&whole, &known), "{}", input.display());
        }
    }
}
