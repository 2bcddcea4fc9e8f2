//! The file header, and what it promises: how many chunks stand behind it.
//!
//! A log that was cut or wiped at a chunk's boundary has nothing in it that is broken; only that
//! count tells. A log that was copied while in use may hold more chunks than its header knows, and
//! blank space preallocated behind the last one; neither is a fault.

use std::ops::Range;

use super::binxml::{Cursor, Flaw};
use super::chunk::{CHUNK_BYTES, CHUNK_MAGIC};
use crate::problem::{ProblemKind, Problems};

pub(super) const FILE_HEADER_BYTES: usize = 4096;
const FILE_MAGIC: &[u8] = b"ElfFile\0";

const COUNT_AT: usize = 42;
/// The checksum covers what stands before the flags.
const FLAGS_AT: usize = 120;
/// In use when it was written or copied: the checksum need not be right.
const DIRTY: u32 = 1;
const NO_CHECKSUM: u32 = 4;

/// A walk over the places for chunks behind a file header.
#[derive(Debug)]
pub(super) struct Slots {
    promised: u64,
    /// Of those, how many may be blank at the end: that of a log in use may not be written yet.
    pending: u64,
    passed: u64,
    /// How many places in a row are blank up to here.
    blank: u64,
}

impl Slots {
    /// Reads the file header; `None` when nothing can follow it. A damaged header is no reason to
    /// give up the chunks; a file that is something else is.
    pub(super) fn after(header: &[u8], problems: &mut Problems) -> Option<Self> {
        if !header.starts_with(FILE_MAGIC) {
            problems.add(Some(0), ProblemKind::Malformed, "not a windows event log file");
            return None;
        }
        if header.len() < FILE_HEADER_BYTES {
            let at = Some(header.len() as u64);
            problems.add(at, ProblemKind::Truncated, "file ends in its header");
            return None;
        }
        let promised = promised(header).ok().flatten().unwrap_or_else(|| {
            let detail = "file header not as its checksum says; missing chunks cannot be told";
            problems.add(Some(0), ProblemKind::Corrupt, detail);
            0
        });
        Some(Self { promised, pending: u64::from(is_dirty(header)), passed: 0, blank: 0 })
    }

    /// Returns the offset in the file of the next place.
    pub(super) fn offset(&self) -> u64 {
        offset(self.passed)
    }

    /// Passes a place and returns whether anything was ever written there. Only the last may be
    /// shorter than a chunk.
    pub(super) fn pass(&mut self, bytes: &[u8], problems: &mut Problems) -> bool {
        let is_written = !is_blank(bytes);
        if is_written {
            // Chunks are used one after the other: with one behind it, a blank place is a hole.
            self.tell_blank(self.passed, problems);
            self.blank = 0;
        } else if !bytes.is_empty() {
            self.blank += 1;
        }
        self.passed += u64::from(!bytes.is_empty());
        is_written
    }

    /// Tells what is missing at the end of the file.
    pub(super) fn finish(self, problems: &mut Problems) {
        self.tell_blank(self.promised.saturating_sub(self.pending).min(self.passed), problems);
        if self.passed < self.promised {
            let detail =
                format!("{} of {} chunks that the header counts", self.passed, self.promised);
            problems.add(Some(self.offset()), ProblemKind::Truncated, detail);
        }
    }

    /// Tells of the blank places up to here that lie before `end`.
    fn tell_blank(&self, end: u64, problems: &mut Problems) {
        let Range { start, end } = self.passed - self.blank..end;
        if start < end {
            let detail = format!("blank space where chunks should be: {}", end - start);
            problems.add(Some(offset(start)), ProblemKind::Corrupt, detail);
        }
    }
}

fn offset(slot: u64) -> u64 {
    FILE_HEADER_BYTES as u64 + slot * CHUNK_BYTES as u64
}

/// Returns whether the log was in use when it was written or copied.
fn is_dirty(header: &[u8]) -> bool {
    Cursor::new(header, FLAGS_AT).u32().is_ok_and(|flags| flags & DIRTY != 0)
}

/// Returns how many chunks the header counts, or nothing if it is not what was written.
fn promised(header: &[u8]) -> Result<Option<u64>, Flaw> {
    let mut cursor = Cursor::new(header, FLAGS_AT);
    let (flags, sum) = (cursor.u32()?, cursor.u32()?);
    if flags & (DIRTY | NO_CHECKSUM) == 0 && crc32fast::hash(&header[..FLAGS_AT]) != sum {
        return Ok(None);
    }
    let mut cursor = Cursor::new(header, FILE_MAGIC.len());
    let (first, last) = (cursor.u64()?, cursor.u64()?);
    let count = Cursor::new(header, COUNT_AT).u16()?;
    // The count has 16 bits, and a log of more than 4 GiB has more chunks. Where it has gone round
    // and the oldest chunk is not yet written over, their numbers tell how many.
    let span = last.checked_sub(first).and_then(|more| more.checked_add(1));
    let span = span.filter(|span| span % (1 << u16::BITS) == u64::from(count));
    Ok(Some(span.unwrap_or(count.into())))
}

/// Returns whether nothing was ever written here.
fn is_blank(bytes: &[u8]) -> bool {
    if bytes.starts_with(CHUNK_MAGIC) {
        return false;
    }
    // Block by block, because a search for one byte looks at one at a time.
    let (blocks, rest) = bytes.as_chunks::<4096>();
    let is_zero = |bytes: &[u8]| bytes.iter().fold(0, |all, byte| all | byte) == 0;
    blocks.iter().all(|block| is_zero(block)) && is_zero(rest)
}
