//! The engine of this house under the clock.

use std::path::PathBuf;

use khien_detect::{Engine, Rules};
use khien_event::{Batch, Context, Event, Format, evtx, parse};

use crate::clock::timed;
use crate::table::Round;

/// Bytes of lines decoded at a time, as `khien hunt` does.
const CHUNK_BYTES: usize = 256 << 10;

pub(crate) fn load(folders: &[PathBuf]) -> (f64, Rules) {
    timed(|| Rules::load(folders).0)
}

pub(crate) fn engine(rules: Rules) -> Engine {
    Engine::new(rules)
}

pub(crate) fn parse_and_match(engine: &mut Engine, lines: &[String]) -> Round {
    let chunks = chunks(lines);
    let mut batch = Batch::new();
    let (seconds, hits) = timed(|| {
        let mut hits = 0;
        for chunk in &chunks {
            batch.clear();
            parse(Format::Json, chunk.as_bytes(), &Context::received(0), &mut batch);
            hits += engine.batch(&batch).len();
        }
        hits
    });
    Round { events: lines.len(), seconds, hits }
}

pub(crate) fn match_only(engine: &mut Engine, lines: &[String]) -> Round {
    let batches = decoded(lines);
    let (seconds, hits) =
        timed(|| batches.iter().map(|batch| engine.batch(batch).len()).sum::<usize>());
    Round { events: lines.len(), seconds, hits }
}

/// Returns what `read` makes of each event.
pub(crate) fn read<T>(lines: &[String], mut read: impl FnMut(Event<'_>) -> T) -> Vec<T> {
    decoded(lines)
        .iter()
        .flat_map(|batch| batch.iter().map(&mut read).collect::<Vec<_>>())
        .collect()
}

fn decoded(lines: &[String]) -> Vec<Batch> {
    let decode = |chunk: &String| {
        let mut batch = Batch::new();
        parse(Format::Json, chunk.as_bytes(), &Context::received(0), &mut batch);
        batch
    };
    chunks(lines).iter().map(decode).collect()
}

pub(crate) fn decode_lines(lines: &[String]) -> Round {
    let chunks = chunks(lines);
    let mut batch = Batch::new();
    let (seconds, ()) = timed(|| {
        for chunk in &chunks {
            batch.clear();
            parse(Format::Json, chunk.as_bytes(), &Context::received(0), &mut batch);
        }
    });
    Round { events: lines.len(), seconds, hits: 0 }
}

/// One reader reads all files, as that of `khien hunt` does.
pub(crate) fn from_files(engine: &mut Engine, files: &[PathBuf]) -> Round {
    let (mut events, mut hits) = (0, 0);
    let (seconds, ()) = timed(|| {
        let mut reader = evtx::Reader::new();
        for file in files {
            let read = reader.read_file(file, &mut |batch, _| {
                events += batch.len();
                hits += engine.batch(batch).len();
            });
            read.expect("the corpus can be read");
        }
    });
    Round { events, seconds, hits }
}

pub(crate) fn decode_files(files: &[PathBuf]) -> Round {
    let mut events = 0;
    let (seconds, ()) = timed(|| {
        let mut reader = evtx::Reader::new();
        for file in files {
            let read = reader.read_file(file, &mut |batch, _| events += batch.len());
            read.expect("the corpus can be read");
        }
    });
    Round { events, seconds, hits: 0 }
}

fn chunks(lines: &[String]) -> Vec<String> {
    let mut chunks = vec![String::new()];
    for line in lines {
        if chunks.last().is_some_and(|chunk| chunk.len() + line.len() > CHUNK_BYTES) {
            chunks.push(String::new());
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.push_str(line);
            chunk.push('\n');
        }
    }
    chunks
}
