//! An input's events, in batches, whatever its format; memory does not grow with it.

use std::io::{self, Read};

use khien_event::{Batch, Context, Format, Problem, ProblemKind, Stream, evtx};

use super::input::Source;
use super::unpack::unpack;

/// Bytes of lines decoded at a time; the events made of them, and what is found in them, take many
/// times as much.
const CHUNK_BYTES: usize = 256 << 10;
/// Bytes of one JSON document that is not one object per line.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// Takes a batch, with the problems met since the last.
pub(in crate::commands) type Each<'a> = dyn FnMut(&Batch, &[Problem]) + 'a;

/// Reads one input after the other. What it learned from one, names and templates, serves the next.
#[derive(Debug, Default)]
pub(in crate::commands) struct Reader {
    evtx: evtx::Reader,
    batch: Batch,
}

impl Reader {
    /// Reads an input from beginning to end. Fails only when it cannot be opened or read.
    pub(in crate::commands) fn read(
        &mut self,
        source: &Source,
        each: &mut Each<'_>,
    ) -> io::Result<()> {
        let ended_by = unpack(&source.packed, &mut |plain| match source.format {
            Format::Evtx => self.evtx.read(plain, &mut |batch, problems| each(batch, problems)),
            _ => text(source, plain, &mut self.batch, each),
        })?;
        if let Some(problem) = ended_by {
            each(&Batch::new(), &[problem]);
        }
        Ok(())
    }
}

fn text(
    source: &Source,
    plain: &mut dyn Read,
    batch: &mut Batch,
    each: &mut Each<'_>,
) -> io::Result<()> {
    let mut head = Vec::new();
    plain.take(CHUNK_BYTES as u64).read_to_end(&mut head)?;
    let mut whole = head.as_slice().chain(plain);
    let mut stream = Stream::new(source.format, Context::received(source.changed_us));
    let mut decode = |bytes: &[u8]| {
        batch.clear();
        let problems = stream.read(bytes, batch);
        each(batch, &problems);
    };
    let is_json = matches!(source.format, Format::Json | Format::Eve);
    if is_json && !one_object_per_line(&head) {
        let mut document = Vec::new();
        whole.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut document)?;
        if document.len() as u64 > DOCUMENT_BYTES_MAX {
            let detail = format!("one document of more than {DOCUMENT_BYTES_MAX} bytes, left out");
            let problem = Problem { at: None, kind: ProblemKind::OverLimit, detail };
            each(&Batch::new(), &[problem]);
            return Ok(());
        }
        decode(&document);
    } else {
        lines(&mut whole, &mut decode)?;
    }
    batch.clear();
    stream.finish(batch);
    if !batch.is_empty() {
        each(batch, &[]);
    }
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
fn one_object_per_line(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n');
    let line = lines.find(|line| !line.trim_ascii().is_empty()).unwrap_or_default().trim_ascii();
    let goes_on = head.len() == CHUNK_BYTES && lines.next().is_none();
    line.starts_with(b"{") && (line.ends_with(b"}") || goes_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_document_is_told_from_long_lines() {
        let filled = |begins: &str| {
            let mut head = begins.as_bytes().to_vec();
            head.resize(CHUNK_BYTES, b' ');
            head
        };
        assert!(one_object_per_line(b"\n{\"a\":1}\n{"));
        assert!(one_object_per_line(&filled("{\"a\":1, ")));
        assert!(!one_object_per_line(&filled("{\n  \"a\":1, ")));
        assert!(!one_object_per_line(b"[{\"a\":1}]"));
    }
}
