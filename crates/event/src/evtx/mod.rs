//! Windows event log files, chunk by chunk.
//!
//! A file is a header of 4 KiB and chunks of 64 KiB, each readable on its own; a damaged chunk or
//! record costs only itself. [`slots`] knows how many chunks there should be, [`chunk`] finds the
//! records, [`binxml`] writes their fields. Memory stays flat however big the file is.

mod binxml;
mod chunk;
mod slots;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::problem::{Problem, ProblemKind, Problems};
use crate::{Batch, Format};
use binxml::{Budget, Fields, Flaw, Instances};
use chunk::{CHUNK_BYTES, CHUNK_HEADER_BYTES, CHUNK_MAGIC, Chunk, Record};
use slots::{FILE_HEADER_BYTES, Slots};

/// Events handed over at a time, give or take the last chunk's.
const BATCH_EVENTS: usize = 1024;
/// What the chunks of one batch may have cost, give or take the last: few events can be long.
const BATCH_COST: usize = 4 * 1024 * 1024;

/// Reads a file of any size and hands over events in batches, each with the problems met since
/// the last. Fails only when the file cannot be opened or read.
pub fn read_file(path: &Path, each: &mut dyn FnMut(&mut Batch, &[Problem])) -> io::Result<()> {
    Reader::new().read_file(path, each)
}

/// Reads a stream as [`read_file`] reads a file.
pub fn read(source: impl Read, each: &mut dyn FnMut(&mut Batch, &[Problem])) -> io::Result<()> {
    Reader::new().read(source, each)
}

/// Reads one file after the other. What it learned from one, names and templates, serves the next.
#[derive(Debug)]
pub struct Reader {
    decoder: Decoder,
    batch: Batch,
    bytes: Vec<u8>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// Returns a reader that has read nothing yet.
    pub fn new() -> Self {
        Self {
            decoder: Decoder::new(),
            batch: Batch::new(),
            bytes: Vec::with_capacity(CHUNK_BYTES),
        }
    }

    /// Reads a file as [`read_file`] does.
    pub fn read_file(
        &mut self,
        path: &Path,
        each: &mut dyn FnMut(&mut Batch, &[Problem]),
    ) -> io::Result<()> {
        self.read(File::open(path)?, each)
    }

    /// Reads a stream as [`read_file`] reads a file.
    pub fn read(
        &mut self,
        mut source: impl Read,
        each: &mut dyn FnMut(&mut Batch, &[Problem]),
    ) -> io::Result<()> {
        let Self { decoder, batch, bytes } = self;
        batch.clear();
        let mut problems = Problems::default();
        take(&mut source, FILE_HEADER_BYTES, bytes)?;
        if let Some(mut slots) = Slots::after(bytes, &mut problems) {
            let mut cost = 0;
            loop {
                take(&mut source, CHUNK_BYTES, bytes)?;
                cost += decoder.slot(bytes, &mut slots, batch, &mut problems);
                if bytes.len() < CHUNK_BYTES {
                    break;
                }
                if batch.len() >= BATCH_EVENTS || cost >= BATCH_COST {
                    each(batch, &std::mem::take(&mut problems).into_list());
                    batch.clear();
                    cost = 0;
                }
            }
            slots.finish(&mut problems);
        }
        let problems = problems.into_list();
        if !batch.is_empty() || !problems.is_empty() {
            each(batch, &problems);
        }
        Ok(())
    }
}

/// Reads a whole file in memory.
pub(crate) fn parse(bytes: &[u8], batch: &mut Batch, problems: &mut Problems) {
    let header = &bytes[..bytes.len().min(FILE_HEADER_BYTES)];
    let Some(mut slots) = Slots::after(header, problems) else { return };
    let mut decoder = Decoder::new();
    for bytes in bytes[header.len()..].chunks(CHUNK_BYTES) {
        decoder.slot(bytes, &mut slots, batch, problems);
    }
    slots.finish(problems);
}

fn take(source: &mut impl Read, len: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.clear();
    source.take(len as u64).read_to_end(bytes)?;
    Ok(())
}

/// What is used over and over from record to record.
#[derive(Debug)]
struct Decoder {
    instances: Instances,
    fields: Fields,
}

impl Decoder {
    fn new() -> Self {
        Self { instances: Instances::new(), fields: Fields::default() }
    }

    /// Reads what stands in the next place for a chunk and returns what it cost.
    fn slot(
        &mut self,
        bytes: &[u8],
        slots: &mut Slots,
        batch: &mut Batch,
        problems: &mut Problems,
    ) -> usize {
        let offset = slots.offset();
        if slots.pass(bytes, problems) { self.chunk(bytes, offset, batch, problems) } else { 0 }
    }

    fn chunk(
        &mut self,
        bytes: &[u8],
        offset: u64,
        batch: &mut Batch,
        problems: &mut Problems,
    ) -> usize {
        let Some(chunk) = check_chunk(bytes, offset, problems) else { return 0 };
        self.instances.begin_chunk(batch.names());
        let mut budget = Budget::of_a_chunk();
        for record in chunk.records() {
            let (at, written) = match record {
                Ok(record) => (record.at, self.record(bytes, record, &mut budget, batch)),
                Err((at, flaw)) => (at, Err(flaw)),
            };
            if let Err(flaw) = written {
                let detail = match record {
                    Ok(record) => format!("record {} left out: {flaw}", record.id),
                    Err(_) => flaw.to_string(),
                };
                problems.add(Some(offset + at as u64), flaw.kind(), detail);
            }
        }
        budget.spent()
    }

    fn record(
        &mut self,
        chunk: &[u8],
        record: Record,
        budget: &mut Budget,
        batch: &mut Batch,
    ) -> Result<(), Flaw> {
        let outermost = self.instances.read(chunk, record.xml, batch.names_mut(), budget)?;
        let mut event = batch.start(Format::Evtx);
        self.fields.write(chunk, &self.instances, outermost, &mut event, budget)?;
        if let Some(us) = record.written_us {
            event.at_if_missing(us);
        }
        event.finish();
        Ok(())
    }
}

/// Returns the chunk if its records can be looked for.
fn check_chunk<'c>(bytes: &'c [u8], offset: u64, problems: &mut Problems) -> Option<Chunk<'c>> {
    if !bytes.starts_with(CHUNK_MAGIC) {
        problems.add(Some(offset), ProblemKind::Corrupt, "no chunk where one should begin");
        return None;
    }
    let chunk = Chunk::new(bytes).ok().filter(|_| bytes.len() >= CHUNK_HEADER_BYTES);
    if bytes.len() < CHUNK_BYTES {
        // The records before the cut are whole.
        let detail = format!("chunk of {} of {CHUNK_BYTES} bytes", bytes.len());
        problems.add(Some(offset + bytes.len() as u64), ProblemKind::Truncated, detail);
    } else if let Some(part) = chunk.and_then(|chunk| chunk.changed()) {
        let detail = format!(
            "a chunk's {part} not as its checksum says: changed, damaged or copied while in use"
        );
        problems.add(Some(offset), ProblemKind::Corrupt, detail);
    }
    chunk
}
