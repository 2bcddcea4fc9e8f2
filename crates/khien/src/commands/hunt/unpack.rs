//! The plain bytes of an input, wherever they lie and however they are packed.
//!
//! They are streamed: what is held does not grow with the input. A packed input that breaks, or that
//! promises more than its size can honestly hold, ends there; what came before is kept.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use flate2::Crc;
use khien_event::{Problem, ProblemKind};
use rawzip::{FileReader, ZipArchive, ZipArchiveEntryWayfinder, ZipVerification};

use super::progress::BytesRead;
use super::spool::Spool;

/// How many times its own size an input may unpack to. Logs reach about 50, deflate can 1,032.
const EXPANSION_MAX: u64 = 500;
/// What any input, and all members of an archive together, may unpack to besides.
pub(super) const EXPANSION_FREE_BYTES: u64 = 64 << 20;
/// The largest window of zstd that is held: 128 MiB, what the tool itself takes without being asked.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Where the bytes of an input lie.
#[derive(Clone, Debug)]
pub(in crate::commands) enum Place {
    File(PathBuf),
    /// Within a zip archive.
    Member(Arc<ZipArchive<FileReader>>, ZipArchiveEntryWayfinder),
    /// Standard input, a pipe.
    Stream(Arc<Spool>),
}

/// How they are packed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Packing {
    Plain,
    Gzip,
    Zstd,
    /// As members of zip archives are.
    Deflate,
}

/// Bytes to read.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Packed {
    pub(super) place: Place,
    pub(super) packing: Packing,
    /// Their size as they lie; unknown, and 0, for standard input.
    pub(super) bytes: u64,
    /// What they may unpack to beyond what their size allows.
    pub(super) free_bytes: u64,
}

/// Hands the plain bytes to `take`, and counts those that it reads for them as they lie. Returns what
/// ended them early, if something did.
pub(in crate::commands) fn unpack(
    packed: &Packed,
    read: &BytesRead,
    take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
) -> io::Result<Option<Problem>> {
    match &packed.place {
        Place::File(path) => unwrap(packed, read.counting(File::open(path)?), take),
        Place::Stream(spool) => unwrap(packed, read.counting(spool.read_again()), take),
        Place::Member(archive, entry) => {
            let member = archive.get_entry(*entry).map_err(io::Error::other)?;
            let expected = member.reader().claim_verifier();
            let raw = read.counting(member.reader());
            let plain: Box<dyn Read> = match packed.packing {
                Packing::Deflate => Box::new(flate2::read::DeflateDecoder::new(raw)),
                Packing::Zstd => Box::new(zstd_decoder(raw)?),
                Packing::Plain | Packing::Gzip => Box::new(raw),
            };
            let mut verified = Verified { plain, expected, sum: Crc::new(), bytes: 0 };
            bounded(packed, &mut verified, take)
        }
    }
}

fn unwrap(
    packed: &Packed,
    raw: impl Read,
    take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
) -> io::Result<Option<Problem>> {
    match packed.packing {
        Packing::Gzip => bounded(packed, &mut flate2::read::MultiGzDecoder::new(raw), take),
        Packing::Zstd => bounded(packed, &mut zstd_decoder(raw)?, take),
        Packing::Plain | Packing::Deflate => {
            let mut raw = raw;
            take(&mut raw).map(|()| None)
        }
    }
}

fn zstd_decoder<R: Read>(
    raw: R,
) -> io::Result<zstd::stream::read::Decoder<'static, io::BufReader<R>>> {
    let mut decoder = zstd::stream::read::Decoder::new(raw)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

fn bounded(
    packed: &Packed,
    plain: &mut dyn Read,
    take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
) -> io::Result<Option<Problem>> {
    let mut bounded = Bounded { packed, plain, bytes: 0, ended_by: None };
    take(&mut bounded)?;
    Ok(bounded.ended_by)
}

/// Compares size and checksum at the end. The archive's own reader does so too, but keeps the bytes
/// that it read last to itself when they do not fit.
struct Verified<'a> {
    plain: Box<dyn Read + 'a>,
    expected: ZipVerification,
    sum: Crc,
    bytes: u64,
}

impl Read for Verified<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.plain.read(buffer)?;
        self.sum.update(&buffer[..bytes]);
        self.bytes += bytes as u64;
        if bytes == 0 && !buffer.is_empty() {
            let found = ZipVerification { crc: self.sum.sum(), uncompressed_size: self.bytes };
            self.expected.valid(found).map_err(io::Error::other)?;
        }
        Ok(bytes)
    }
}

/// Ends where the bound is met or the packing breaks, and remembers why.
struct Bounded<'a> {
    packed: &'a Packed,
    plain: &'a mut dyn Read,
    bytes: u64,
    ended_by: Option<Problem>,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended_by.is_some() {
            return Ok(0);
        }
        match self.plain.read(buffer) {
            Ok(bytes) => {
                self.bytes += bytes as u64;
                if self.bytes <= self.allowed() {
                    return Ok(bytes);
                }
                let detail = format!(
                    "unpacks to more than {EXPANSION_MAX} times its size, the rest is left out"
                );
                self.end(ProblemKind::OverLimit, detail)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.end(ProblemKind::Truncated, "packed data end in the middle".to_owned())
            }
            Err(error) => self.end(ProblemKind::Corrupt, format!("packed data: {error}")),
        }
    }
}

impl Bounded<'_> {
    fn allowed(&self) -> u64 {
        let size = match &self.packed.place {
            Place::Stream(spool) => spool.bytes(),
            Place::File(_) | Place::Member(..) => self.packed.bytes,
        };
        size.saturating_mul(EXPANSION_MAX).saturating_add(self.packed.free_bytes)
    }

    fn end(&mut self, kind: ProblemKind, detail: String) -> io::Result<usize> {
        self.ended_by = Some(Problem { at: None, kind, detail });
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Returns how many bytes come out of the file, and why they ended.
    fn unpacked(packing: Packing, bytes: &[u8], free_bytes: u64) -> (u64, Option<ProblemKind>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let place = Place::File(file.path().to_owned());
        let packed = Packed { place, packing, bytes: bytes.len() as u64, free_bytes };
        let mut found = 0;
        let problem = unpack(&packed, &BytesRead::default(), &mut |plain| {
            found = io::copy(plain, &mut io::sink())?;
            Ok(())
        });
        (found, problem.unwrap().map(|problem| problem.kind))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn bytes_come_out_whole_or_end_with_a_reason() {
        let plain = b"{\"a\":1}\n".repeat(1000);
        let (gz, zst) = (gzip(&plain), zstd::encode_all(&plain[..], 3).unwrap());
        let twice = [gz.clone(), gz.clone()].concat();
        let mut damaged = gz.clone();
        let last = damaged.len() - 5;
        damaged[last] ^= 0xff;
        let all = plain.len() as u64;
        for (packing, bytes, expected) in [
            (Packing::Plain, &plain, (all, None)),
            (Packing::Gzip, &gz, (all, None)),
            (Packing::Gzip, &twice, (2 * all, None)),
            (Packing::Zstd, &zst, (all, None)),
            (Packing::Gzip, &gz[..gz.len() - 4].to_vec(), (all, Some(ProblemKind::Truncated))),
            (Packing::Gzip, &damaged, (all, Some(ProblemKind::Corrupt))),
            (Packing::Gzip, &plain, (0, Some(ProblemKind::Corrupt))),
        ] {
            assert_eq!(unpacked(packing, bytes, EXPANSION_FREE_BYTES), expected, "{packing:?}");
        }
    }

    #[test]
    fn bombs_end_at_the_bound() {
        let zeros = vec![0; 4 << 20];
        let bomb = zstd::encode_all(&zeros[..], 19).unwrap();
        let allowed = bomb.len() as u64 * EXPANSION_MAX + 1000;
        let (found, problem) = unpacked(Packing::Zstd, &bomb, 1000);
        assert!(0 < found && found <= allowed, "{found} of {allowed}");
        assert_eq!(problem, Some(ProblemKind::OverLimit));
        // The same is no bomb where more is free, as for a log preallocated with zeros.
        let all = (zeros.len() as u64, None);
        assert_eq!(unpacked(Packing::Zstd, &bomb, EXPANSION_FREE_BYTES), all);
    }
}
