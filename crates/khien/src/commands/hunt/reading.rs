//! An input's events, in batches, whatever its format; memory does not grow with it.

use std::io::{self, Read};

use khien_event::json::{EVENT_BYTES_MAX, Seams};
use khien_event::{Batch, Context, Format, Problem, Stream, evtx};

use super::input::Source;
use super::progress::BytesRead;
use super::unpack::unpack;

/// Bytes of lines decoded at a time; the events made of them, and what is found in them, take many
/// times as much.
const CHUNK_BYTES: usize = 256 << 10;
/// Bytes of one character.
const CHAR_BYTES_MAX: usize = 4;

/// Takes a batch, with the problems met since the last.
pub(in crate::commands) type Each<'a> = dyn FnMut(&Batch, &[Problem]) + 'a;

/// Reads one input after the other. What it learned from one, names and templates, serves the next.
#[derive(Debug, Default)]
pub(in crate::commands) struct Reader {
    evtx: evtx::Reader,
    batch: Batch,
    read: BytesRead,
}

impl Reader {
    /// Returns a reader that counts the bytes that it reads.
    pub(super) fn counting(read: BytesRead) -> Self {
        Self { read, ..Self::default() }
    }

    /// Reads an input from beginning to end. Fails only when it cannot be opened or read.
    pub(in crate::commands) fn read(
        &mut self,
        source: &Source,
        each: &mut Each<'_>,
    ) -> io::Result<()> {
        let ended_by = unpack(&source.packed, &self.read, &mut |plain| match source.format {
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
    match is_json {
        true if one_object_per_line(&head) => lines(&mut whole, Long::LeftOut, &mut decode)?,
        true => document(&mut whole, &mut decode)?,
        false => lines(&mut whole, Long::Cut, &mut decode)?,
    }
    batch.clear();
    let problems = stream.finish(batch);
    if !batch.is_empty() || !problems.is_empty() {
        each(batch, &problems);
    }
    Ok(())
}

/// What becomes of a line that is longer than any event may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Long {
    /// Its pieces are decoded by themselves.
    Cut,
    /// Its beginning goes to the decoder, which tells that it is too long; the rest is no event.
    LeftOut,
}

/// Hands over whole lines, as many as fit into a chunk. Only a line that is longer makes the chunk
/// grow.
fn lines(reader: &mut impl Read, long: Long, decode: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let line_bytes_max = match long {
        Long::Cut => EVENT_BYTES_MAX,
        Long::LeftOut => EVENT_BYTES_MAX + CHAR_BYTES_MAX + 1,
    };
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    let mut bound = CHUNK_BYTES;
    loop {
        let room = bound.saturating_sub(chunk.len()) as u64;
        reader.by_ref().take(room).read_to_end(&mut chunk)?;
        if chunk.len() < bound {
            decode(&chunk);
            return Ok(());
        }
        let end = chunk.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        if end.is_none() && bound < line_bytes_max {
            bound = line_bytes_max.min(bound + CHUNK_BYTES);
            continue;
        }
        let end = end.unwrap_or_else(|| boundary(&chunk));
        decode(&chunk[..end]);
        let is_cut = !chunk[..end].ends_with(b"\n");
        // What is left came with the last growth, so that it is less than a chunk.
        chunk.drain(..end);
        if is_cut && long == Long::LeftOut {
            pass_line(reader, &mut chunk)?;
        }
        bound = CHUNK_BYTES;
    }
}

/// Returns the last place in the text that lies between two characters.
fn boundary(text: &[u8]) -> usize {
    let inside = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
    let behind = text.iter().rev().take(CHAR_BYTES_MAX).take_while(inside).count() + 1;
    text.len().saturating_sub(behind)
}

/// Drops what is left of a line; what came behind it stays in the chunk.
fn pass_line(reader: &mut impl Read, chunk: &mut Vec<u8>) -> io::Result<()> {
    loop {
        if let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            chunk.drain(..end);
            return Ok(());
        }
        chunk.clear();
        if reader.by_ref().take(CHUNK_BYTES as u64).read_to_end(chunk)? == 0 {
            return Ok(());
        }
    }
}

/// Drops what is left of an object that is too long, up to what may begin another one: a brace at the
/// beginning of a line, or behind another object and a comma. The decoder, which counts lines, is
/// shown their ends.
fn pass_object(
    reader: &mut impl Read,
    held: &mut Vec<u8>,
    decode: &mut dyn FnMut(&[u8]),
) -> io::Result<()> {
    let (mut may_begin, mut behind_object) = (false, false);
    loop {
        let mut begins = None;
        for (at, byte) in held.iter().enumerate() {
            if may_begin && *byte == b'{' {
                begins = Some(at);
                break;
            }
            may_begin = match byte {
                b'\n' => true,
                b',' => may_begin || behind_object,
                byte => may_begin && byte.is_ascii_whitespace(),
            };
            behind_object = *byte == b'}' || (behind_object && byte.is_ascii_whitespace());
        }
        let passed = held.drain(..begins.unwrap_or(held.len()));
        let ends: Vec<u8> = passed.filter(|byte| *byte == b'\n').collect();
        decode(&ends);
        if begins.is_some() || reader.by_ref().take(CHUNK_BYTES as u64).read_to_end(held)? == 0 {
            return Ok(());
        }
    }
}

/// Hands over whole objects, as many as end in what was read at a time. Where no outermost one ends
/// within the length of an event, it is parted behind one within; the decoder finds those, too. Where
/// none ends within either, it is left out, as the decoder tells.
fn document(reader: &mut impl Read, decode: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut seams = Seams::default();
    let mut held = Vec::new();
    loop {
        let known = held.len();
        if reader.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut held)? == 0 {
            decode(&held);
            return Ok(());
        }
        let seam = seams.pass(&held[known..]).map(|seam| known + seam);
        if seam.is_none() && held.len() <= EVENT_BYTES_MAX {
            continue;
        }
        let inner = if seam.is_none() { Seams::inner(&held) } else { None };
        let end = seam.or(inner).unwrap_or_else(|| boundary(&held));
        decode(&held[..end]);
        held.drain(..end);
        if seam.or(inner).is_none() {
            pass_object(reader, &mut held, decode)?;
        }
        if seam.is_none() {
            seams = Seams::default();
            seams.pass(&held);
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
    use std::io::Write as _;

    use sha2::{Digest as _, Sha256};

    use super::super::input::Inputs;
    use super::*;

    #[test]
    fn a_line_is_whole_until_it_is_longer_than_any_event() {
        let line = |length: usize| [vec![b'x'; length - 1], b"\n".to_vec()].concat();
        let pieces = |text: &[u8]| {
            let mut pieces = Vec::new();
            let mut take = |piece: &[u8]| pieces.push(piece.to_vec());
            lines(&mut &text[..], Long::Cut, &mut take).expect("readable");
            pieces.retain(|piece| !piece.is_empty());
            assert_eq!(pieces.concat(), text);
            pieces
        };
        for length in [CHUNK_BYTES + 1, 3 * CHUNK_BYTES, EVENT_BYTES_MAX] {
            let text = [line(9), line(length), line(9), line(CHUNK_BYTES)].concat();
            for piece in pieces(&text) {
                assert!(piece.ends_with(b"\n") && piece.len() <= EVENT_BYTES_MAX, "{length}");
            }
        }
        let short = pieces(&line(1000).repeat(5000));
        assert!(short.iter().all(|piece| piece.len() <= CHUNK_BYTES));
        assert_eq!(pieces(&line(EVENT_BYTES_MAX + 9))[0].len(), EVENT_BYTES_MAX - 1);
        assert!(
            pieces("đ".repeat(EVENT_BYTES_MAX).as_bytes())
                .iter()
                .all(|piece| str::from_utf8(piece).is_ok())
        );
    }

    /// Returns the numbers of the events, and the problems.
    fn read(name: &str, text: &str) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let source = &Inputs::find(&[path]).sources[0];
        let (mut events, mut told) = (Vec::new(), Vec::new());
        let mut each = |batch: &Batch, problems: &[Problem]| {
            let numbers =
                batch.iter().map(|event| event.first("n").map(|n| n.to_json().to_string()));
            events.extend(numbers.map(Option::unwrap_or_default));
            let line = |problem: &Problem| problem.at.unwrap_or_default();
            told.extend(problems.iter().map(|problem| format!("{} {problem}", line(problem))));
        };
        Reader::default().read(source, &mut each).unwrap();
        (events, told)
    }

    #[test]
    fn an_object_that_is_too_long_is_called_so_and_costs_no_other() {
        let numbers = (0..700_000).map(|n| format!("{n},")).collect::<String>();
        let text = "đ ".repeat(2 << 20);
        let (long, many) = ("longer than 1048576 bytes", "more than 4096 values");
        for (object, why) in
            [(format!("{{\"a\": \"{text}\"}}"), long), (format!("{{\"a\":[{numbers}0]}}"), many)]
        {
            let (events, told) =
                read("a.json", &format!("{{\"n\":1}}\n{object}\n{{\"n\":2}}\nx\n"));
            assert_eq!((events.len(), told.len()), (2, 2), "{events:?} {told:?}");
            assert!(told[0].starts_with("2 ") && told[0].contains(why), "{told:?}");
            assert!(told[1].starts_with("4 "), "{told:?}");
            let (events, told) = read("a.json", &object);
            assert_eq!((events.len(), told.len()), (0, 1), "{told:?}");
            assert!(told[0].contains(why), "{told:?}");
        }
        let array = |object: &str| {
            let text = format!("[\n{{\n\"n\": 1\n}},\n{object},\n{{\n\"n\": 2\n}}, x\n]\n");
            let (events, told) = read("a.json", &text);
            assert_eq!(events, ["1", "2"]);
            told
        };
        for comma in [",", " , ", ",\n", "\n,"] {
            let array = format!("[{{\"n\":1}}{comma}{{\"a\":\"{text}\"}}{comma}{{\"n\":2}}]");
            let (events, told) = read("a.json", &array);
            assert_eq!(events, ["1", "2"], "{comma:?} {told:?}");
        }
        let told = array(&format!("{{\n\"a\": \"{text}\"\n}}"));
        assert!(told[0].starts_with("5 ") && told[0].contains(long), "{told:?}");
        assert!(told.len() == 2 && told[1].starts_with("10 "), "{told:?}");
        let lines = numbers.replace(',', ",\n");
        let told = array(&format!("{{\n\"a\": [{lines}0]\n}}"));
        assert!(told[0].starts_with("5 ") && told[0].contains(many), "{:?}", told[0]);
        assert!(told.last().unwrap().starts_with("700010 "), "{:?}", told.last());
    }

    #[test]
    fn the_bytes_of_one_file_are_counted_as_they_are_read() {
        // Text that does not pack well: what is packed is read in several steps, too.
        let line = |number: u64| {
            let hashed = Sha256::digest(number.to_le_bytes());
            format!("{{\"a\":\"{}\"}}\n", hex::encode(hashed))
        };
        let text: String = (0..20_000).map(line).collect();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        for (name, bytes) in
            [("a.json", text.into_bytes()), ("a.json.gz", encoder.finish().unwrap())]
        {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes).unwrap();
            let source = &Inputs::find(&[path]).sources[0];
            let (read, mut seen) = (BytesRead::default(), Vec::new());
            let mut reader = Reader::counting(read.clone());
            reader.read(source, &mut |_, _| seen.push(read.total())).unwrap();
            assert!(seen.is_sorted() && seen.len() > 4, "{name}: {seen:?}");
            seen.dedup();
            assert!(seen.len() > 4 && seen[0] < source.bytes() / 2, "{name}: {seen:?}");
            assert_eq!(read.total(), bytes.len() as u64, "{name}");
        }
    }

    #[test]
    fn a_document_is_parted_behind_its_objects_and_held_in_part_only() {
        let pieces = |text: &str| {
            let mut pieces = Vec::new();
            let mut piece = |piece: &[u8]| pieces.push(String::from_utf8(piece.to_vec()));
            document(&mut text.as_bytes(), &mut piece).expect("readable");
            let pieces: Vec<String> =
                pieces.into_iter().map(|piece| piece.expect("text")).collect();
            assert_eq!(pieces.concat(), text);
            let longest = pieces.iter().map(String::len).max().unwrap_or_default();
            assert!(longest <= EVENT_BYTES_MAX + CHUNK_BYTES, "{longest}");
            pieces
        };
        let object =
            format!("{{\n  \"a\": \"}}{{\", \"b\": {{\"c\": \"{}\"}}\n}}", "x".repeat(3000));
        let sound = pieces(&format!("[\n{}\n]\n", vec![object.as_str(); 500].join(",\n")));
        let (last, whole) = sound.split_last().expect("pieces");
        assert!(whole.len() > 4 && whole.iter().all(|piece| piece.ends_with("}\n}")));
        assert!(last.ends_with("]\n"));
        // An object that is never closed holds up those behind it, but no more than fit.
        let broken = pieces(&format!("{{\"a\":\n{}", format!("{object}\n").repeat(1000)));
        let (_, whole) = broken.split_last().expect("pieces");
        assert!(whole.len() > 1 && whole.iter().all(|piece| piece.ends_with("}\n}")));
        let mut taken = 0;
        let endless = "{\"a\":\n".repeat(400_000);
        document(&mut endless.as_bytes(), &mut |piece| taken += piece.len()).expect("readable");
        assert!(taken < endless.len());
    }

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
