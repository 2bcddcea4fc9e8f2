//! One file into batches of events, in memory that does not grow with the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use khien_event::{Batch, Context, Format, Problem, ProblemKind, evtx, parse};

use super::input::Source;

/// Bytes of lines decoded at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// Bytes of one JSON document that is not one object per line.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// Takes a batch, with the problems met since the last.
pub(super) type Each<'a> = dyn FnMut(&Batch, &[Problem]) + 'a;

/// Reads the file from beginning to end. Fails only when it cannot be opened or read.
pub(super) fn read(source: &Source, each: &mut Each<'_>) -> io::Result<()> {
    if source.format == Format::Evtx {
        return evtx::read_file(&source.path, &mut |batch, problems| each(batch, problems));
    }
    let context = Context::received(source.changed_us);
    let mut reader = BufReader::with_capacity(CHUNK_BYTES, File::open(&source.path)?);
    let mut batch = Batch::new();
    let mut decode = |bytes: &[u8]| {
        batch.clear();
        let problems = parse(source.format, bytes, &context, &mut batch);
        each(&batch, &problems);
    };
    if source.format != Format::Json || one_object_per_line(&mut reader)? {
        return lines(&mut reader, &mut decode);
    }
    if source.bytes > DOCUMENT_BYTES_MAX {
        let detail = format!("one document of more than {DOCUMENT_BYTES_MAX} bytes, left out");
        let problem = Problem { at: None, kind: ProblemKind::OverLimit, detail };
        each(&Batch::new(), &[problem]);
        return Ok(());
    }
    let mut document = Vec::new();
    reader.take(DOCUMENT_BYTES_MAX).read_to_end(&mut document)?;
    decode(&document);
    Ok(())
}

/// Hands over whole lines, as many as fit into a chunk. A line longer than a chunk is cut; the
/// decoders take far shorter ones anyway.
fn lines(reader: &mut impl Read, decode: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    loop {
        let room = (CHUNK_BYTES - chunk.len()) as u64;
        let read = reader.by_ref().take(room).read_to_end(&mut chunk)?;
        if read == 0 && chunk.len() < CHUNK_BYTES {
            decode(&chunk);
            return Ok(());
        }
        if chunk.len() == CHUNK_BYTES {
            let end =
                chunk.iter().rposition(|byte| *byte == b'\n').map_or(chunk.len(), |at| at + 1);
            decode(&chunk[..end]);
            chunk.drain(..end);
        }
    }
}

/// Looks whether the first line holds an object of its own.
fn one_object_per_line(reader: &mut BufReader<File>) -> io::Result<bool> {
    let head = reader.fill_buf()?;
    let line = head.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let line = line.unwrap_or_default().trim_ascii();
    Ok(line.starts_with(b"{") && (line.ends_with(b"}") || head.len() == CHUNK_BYTES))
}
