//! The body of a post: unpacked within bounds and cut into frames at line ends.

use std::borrow::Cow;
use std::io::Read;

use khien_event::{Format, json};

/// The largest body as sent.
pub(super) const PACKED_BYTES_MAX: usize = 16 << 20;
/// The largest body once unpacked.
pub(super) const PLAIN_BYTES_MAX: usize = 64 << 20;
/// A frame ends at the last line end within this; a longer line is a frame of its own.
const FRAME_BYTES: usize = 1 << 20;
/// The largest zstd window that is unpacked: 8 MiB, what level 19 uses.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Opens the line that names the columns of the lines below it.
const IIS_COLUMNS: &[u8] = b"#Fields:";

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    /// Returns the packing of a `Content-Encoding`.
    pub(super) fn of(encoding: &str) -> Option<Self> {
        match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Plain),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Why a body was not unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unpackable {
    #[error("the body is larger than the bound once unpacked")]
    TooLarge,
    #[error("the body is not what its encoding says")]
    Broken,
}

/// Returns the plain body; stops at the bound, whatever the body promises.
pub(super) fn unpack(packing: Packing, body: &[u8]) -> Result<Cow<'_, [u8]>, Unpackable> {
    match packing {
        Packing::Plain => Ok(Cow::Borrowed(body)),
        Packing::Gzip => bounded(flate2::read::MultiGzDecoder::new(body)),
        Packing::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::new(body).map_err(|_| Unpackable::Broken)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|_| Unpackable::Broken)?;
            bounded(decoder)
        }
    }
}

fn bounded<'a>(reader: impl Read) -> Result<Cow<'a, [u8]>, Unpackable> {
    let mut plain = Vec::new();
    let mut reader = reader.take(PLAIN_BYTES_MAX as u64 + 1);
    reader.read_to_end(&mut plain).map_err(|_| Unpackable::Broken)?;
    if plain.len() > PLAIN_BYTES_MAX { Err(Unpackable::TooLarge) } else { Ok(plain.into()) }
}

/// A body after the door's look at it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sorted {
    /// The lines to keep, each ended by a newline.
    pub(super) kept: Vec<u8>,
    /// How many.
    pub(super) accepted: i64,
    /// Lines that no decoder could take: too long, or no object where objects are due.
    pub(super) rejected: i64,
}

/// Sorts out the lines that cannot become events.
///
/// The look is a cheap one: decoding happens once, after the commit, and what it cannot read is
/// counted then.
pub(super) fn sort(format: Format, plain: &[u8]) -> Sorted {
    let mut sorted = Sorted { kept: Vec::with_capacity(plain.len() + 1), ..Sorted::default() };
    for line in plain.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if takes(format, line) {
            sorted.accepted += 1;
            sorted.kept.extend_from_slice(line);
            sorted.kept.push(b'\n');
        } else {
            sorted.rejected += 1;
        }
    }
    sorted
}

fn takes(format: Format, line: &[u8]) -> bool {
    match format {
        Format::Json | Format::Eve => {
            line.starts_with(b"{") && line.ends_with(b"}") && line.len() <= json::EVENT_BYTES_MAX
        }
        _ => line.len() <= FRAME_BYTES,
    }
}

/// Cuts lines into frames. Each can be read by itself: the columns of a web log of IIS, which stand
/// once before their lines, are repeated.
pub(super) fn frames(format: Format, lines: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let (mut rest, mut columns) = (lines, Vec::new());
    std::iter::from_fn(move || {
        let (frame, left) = rest.split_at(frame_end(rest)?);
        rest = left;
        let whole = [columns.as_slice(), frame].concat();
        if format == Format::Iis {
            let is_columns = |line: &&[u8]| line.starts_with(IIS_COLUMNS);
            let mut named = frame.split_inclusive(|byte| *byte == b'\n').rev();
            columns = named.find(is_columns).map_or(std::mem::take(&mut columns), <[u8]>::to_vec);
        }
        Some(whole)
    })
}

fn frame_end(lines: &[u8]) -> Option<usize> {
    if lines.is_empty() {
        return None;
    }
    if lines.len() <= FRAME_BYTES {
        return Some(lines.len());
    }
    let last = lines[..FRAME_BYTES].iter().rposition(|byte| *byte == b'\n');
    let end = last.or_else(|| lines.iter().position(|byte| *byte == b'\n'));
    Some(end.map_or(lines.len(), |at| at + 1))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory takes bytes");
        encoder.finish().expect("memory takes bytes")
    }

    #[test]
    fn packed_bodies_come_back_whole() {
        let plain = b"{\"a\":1}\n".repeat(1000);
        let zstd = zstd::encode_all(&plain[..], 3).expect("zstd");
        assert_eq!(unpack(Packing::Gzip, &gzip(&plain)).as_deref(), Ok(&plain[..]));
        assert_eq!(unpack(Packing::Zstd, &zstd).as_deref(), Ok(&plain[..]));
        assert_eq!(unpack(Packing::Plain, &plain).as_deref(), Ok(&plain[..]));
    }

    #[test]
    fn bombs_and_rubbish_are_refused() {
        let zeros = vec![0; PLAIN_BYTES_MAX + 1];
        let zstd = zstd::encode_all(&zeros[..], 1).expect("zstd");
        assert_eq!(unpack(Packing::Gzip, &gzip(&zeros)), Err(Unpackable::TooLarge));
        assert_eq!(unpack(Packing::Zstd, &zstd), Err(Unpackable::TooLarge));
        assert_eq!(unpack(Packing::Gzip, b"no gzip"), Err(Unpackable::Broken));
        assert_eq!(unpack(Packing::Zstd, b"no zstd"), Err(Unpackable::Broken));
        let whole = gzip(b"{\"a\":1}\n");
        assert_eq!(unpack(Packing::Gzip, &whole[..whole.len() - 4]), Err(Unpackable::Broken));
    }

    #[test]
    fn lines_that_cannot_be_events_are_counted_and_left_out() {
        let sorted = sort(Format::Json, b"{\"a\":1}\r\n\n[1]\nword\n  {\"b\":2}");
        assert_eq!(sorted.kept, b"{\"a\":1}\n{\"b\":2}\n");
        assert_eq!((sorted.accepted, sorted.rejected), (2, 2));
        let sorted = sort(Format::Syslog, b"<13>one\nanything");
        assert_eq!((sorted.accepted, sorted.rejected), (2, 0));
    }

    #[test]
    fn frames_end_at_line_ends_and_lose_nothing() {
        let line = [vec![b'x'; 400_000], vec![b'\n']].concat();
        let lines = line.repeat(7);
        let cut: Vec<_> = frames(Format::Syslog, &lines).collect();
        assert!(cut.iter().all(|frame| frame.len() <= FRAME_BYTES && frame.ends_with(b"\n")));
        assert_eq!(cut.concat(), lines);
        let long = [vec![b'x'; 3 << 20], b"\nshort\n".to_vec()].concat();
        let lengths: Vec<_> = frames(Format::Syslog, &long).map(|frame| frame.len()).collect();
        assert_eq!(lengths, [(3 << 20) + 1, 6]);
        assert_eq!(frames(Format::Syslog, b"").count(), 0);
    }

    #[test]
    fn columns_that_stand_once_are_in_every_frame() {
        let line = [vec![b'x'; 400_000], vec![b'\n']].concat();
        let log = [b"#Fields: a\n", &line.repeat(3)[..], b"#Fields: b\n", &line.repeat(3)].concat();
        let cut: Vec<_> = frames(Format::Iis, &log).collect();
        let opens = |frame: &Vec<u8>, with: &[u8]| frame.starts_with(with);
        assert_eq!(cut.len(), 3);
        assert!(cut[..2].iter().all(|frame| opens(frame, b"#Fields: a\nx")));
        assert!(cut[2..].iter().all(|frame| opens(frame, b"#Fields: b\nx")));
    }
}
