//! Windows event log files, chunk by chunk.
//!
//! A file is a header of 4 KiB and chunks of 64 KiB, each readable on its own; a damaged chunk or
//! record costs only itself. The `evtx` crate reads a chunk, its JSON is flattened into Sigma names
//! by `crate::windows`. Memory stays flat however big the file is.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use ::evtx::{EvtxChunkData, EvtxRecord, ParserSettings};

use crate::json::read::single;
use crate::problem::{Problem, ProblemKind, Problems};
use crate::{Batch, Format, windows};

const FILE_HEADER_BYTES: usize = 4096;
const FILE_MAGIC: &[u8] = b"ElfFile\0";
const CHUNK_BYTES: usize = 64 * 1024;
const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";
/// Below this a chunk has no complete header.
const CHUNK_HEADER_BYTES: usize = 512;

/// Events handed over at a time, give or take the last chunk's.
const BATCH_EVENTS: usize = 1024;

static SETTINGS: LazyLock<Arc<ParserSettings>> =
    LazyLock::new(|| Arc::new(ParserSettings::default()));

/// Reads a file of any size and hands over events in batches, each with the problems met since
/// the last. Fails only when the file cannot be opened or read.
pub fn read_file(path: &Path, each: &mut dyn FnMut(&mut Batch, &[Problem])) -> io::Result<()> {
    read(File::open(path)?, each)
}

/// Reads a stream as [`read_file`] reads a file.
pub fn read(mut source: impl Read, each: &mut dyn FnMut(&mut Batch, &[Problem])) -> io::Result<()> {
    let mut batch = Batch::new();
    let mut problems = Problems::default();
    let header = take(&mut source, FILE_HEADER_BYTES)?;
    if check_header(&header, &mut problems) {
        for number in 0.. {
            let chunk = take(&mut source, CHUNK_BYTES)?;
            let last = chunk.len() < CHUNK_BYTES;
            let offset = (FILE_HEADER_BYTES + number * CHUNK_BYTES) as u64;
            read_chunk(chunk, offset, &mut batch, &mut problems);
            if last {
                break;
            }
            if batch.len() >= BATCH_EVENTS {
                each(&mut batch, &std::mem::take(&mut problems).into_list());
                batch.clear();
            }
        }
    }
    let problems = problems.into_list();
    if !batch.is_empty() || !problems.is_empty() {
        each(&mut batch, &problems);
    }
    Ok(())
}

/// Reads a whole file in memory.
pub(crate) fn parse(bytes: &[u8], batch: &mut Batch, problems: &mut Problems) {
    let header = &bytes[..bytes.len().min(FILE_HEADER_BYTES)];
    if !check_header(header, problems) {
        return;
    }
    let chunks = bytes[header.len()..].chunks(CHUNK_BYTES);
    for (offset, chunk) in (FILE_HEADER_BYTES as u64..).step_by(CHUNK_BYTES).zip(chunks) {
        read_chunk(chunk.to_vec(), offset, batch, problems);
    }
}

fn take(source: &mut impl Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut taken = Vec::with_capacity(bytes);
    source.take(bytes as u64).read_to_end(&mut taken)?;
    Ok(taken)
}

/// Returns true when chunks may follow. A damaged header is no reason to give up the chunks; a
/// file that is something else is.
fn check_header(header: &[u8], problems: &mut Problems) -> bool {
    if !header.starts_with(FILE_MAGIC) {
        problems.add(Some(0), ProblemKind::Malformed, "not a windows event log file");
        return false;
    }
    if header.len() < FILE_HEADER_BYTES {
        problems.add(Some(header.len() as u64), ProblemKind::Truncated, "file ends in its header");
        return false;
    }
    true
}

fn read_chunk(mut chunk: Vec<u8>, offset: u64, batch: &mut Batch, problems: &mut Problems) {
    // Preallocated space past the last chunk in use.
    if chunk.iter().all(|byte| *byte == 0) {
        return;
    }
    if !chunk.starts_with(CHUNK_MAGIC) {
        problems.add(Some(offset), ProblemKind::Corrupt, "no chunk where one should begin");
        return;
    }
    if chunk.len() < CHUNK_BYTES {
        let detail = format!("chunk of {} of {CHUNK_BYTES} bytes", chunk.len());
        problems.add(Some(offset + chunk.len() as u64), ProblemKind::Truncated, detail);
        if chunk.len() < CHUNK_HEADER_BYTES {
            return;
        }
        // The records before the cut are whole.
        chunk.resize(CHUNK_BYTES, 0);
    }
    if let Err(error) = read_records(chunk, offset, batch, problems) {
        problems.add(Some(offset), ProblemKind::Corrupt, chain(&error));
    }
}

fn read_records(
    chunk: Vec<u8>,
    offset: u64,
    batch: &mut Batch,
    problems: &mut Problems,
) -> Result<(), ::evtx::err::ChunkError> {
    let mut data = EvtxChunkData::new(chunk, false)?;
    let mut chunk = data.parse(Arc::clone(&SETTINGS))?;
    for record in chunk.iter() {
        let read = match record {
            Ok(record) => write_record(record, batch),
            Err(error) => Err((ProblemKind::Corrupt, chain(&error))),
        };
        if let Err((kind, detail)) = read {
            problems.add(Some(offset), kind, detail);
        }
    }
    Ok(())
}

fn write_record(record: EvtxRecord<'_>, batch: &mut Batch) -> Result<(), (ProblemKind, String)> {
    let written_us = record.timestamp.as_microsecond();
    let id = record.event_record_id;
    let json = record.into_json().map_err(|error| (ProblemKind::Corrupt, chain(&error)))?.data;
    let root = single(&json)
        .map_err(|error| (ProblemKind::OverLimit, format!("record {id} left out: {error}")))?;
    let Some(record) = windows::record(&root) else {
        return Err((ProblemKind::Corrupt, format!("record {id} has no system part")));
    };
    let mut event = batch.start(Format::Evtx);
    windows::write(record, &mut event);
    event.at_if_missing(written_us);
    event.finish();
    Ok(())
}

/// The crate's outer message says where, its causes say what.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        told = format!("{told}: {inner}");
        cause = inner.source();
    }
    told
}
