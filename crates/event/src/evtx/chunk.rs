//! One chunk: its header, and a walk over its records that goes on behind a damaged one.

use super::binxml::{Cursor, Flaw, Place, filetime_us};

/// The size of a full chunk.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;
/// Below this a chunk has no complete header.
pub(super) const CHUNK_HEADER_BYTES: usize = 512;
pub(super) const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";

/// The header's checksum covers it without its own flags and checksum, which stand between.
const SUMMED: [std::ops::Range<usize>; 2] = [0..FLAGS_AT, 128..CHUNK_HEADER_BYTES];
const FLAGS_AT: usize = 120;
/// The chunk has no checksums. (The flag 1, called dirty, is set in nearly all chunks, right sums
/// or not, and tells nothing.)
const NO_CHECKSUM: u32 = 4;

const RECORD_MAGIC: [u8; 4] = *b"**\0\0";
const RECORD_HEADER_BYTES: usize = 24;
/// After the binary XML stands a copy of the record's size.
const SIZE_COPY_BYTES: usize = 4;

/// A chunk whose header could be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk<'c> {
    bytes: &'c [u8],
    first_id: u64,
    last_id: u64,
    last_record: usize,
    /// Where records end.
    end: usize,
    records_sum: u32,
}

/// A record of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// Its offset in the chunk.
    pub(super) at: usize,
    pub(super) id: u64,
    /// When it was written, µs UTC.
    pub(super) written_us: Option<i64>,
    pub(super) xml: Place,
}

impl<'c> Chunk<'c> {
    /// Reads the header.
    pub(super) fn new(bytes: &'c [u8]) -> Result<Self, Flaw> {
        // First and last number of a record in the file come before.
        let mut cursor = Cursor::new(bytes, CHUNK_MAGIC.len() + 16);
        let first_id = cursor.u64()?;
        let last_id = cursor.u64()?;
        let _header_size = cursor.u32()?;
        let last_record = cursor.size()?;
        let end = cursor.size()?.min(bytes.len());
        let records_sum = cursor.u32()?;
        Ok(Self { bytes, first_id, last_id, last_record, end, records_sum })
    }

    /// Returns which part is not what was written, if the chunk has checksums.
    pub(super) fn changed(&self) -> Option<&'static str> {
        let mut cursor = Cursor::new(self.bytes, FLAGS_AT);
        let (flags, sum) = (cursor.u32().ok()?, cursor.u32().ok()?);
        if flags & NO_CHECKSUM != 0 {
            None
        } else if self.header_sum() != sum {
            Some("header is")
        } else if self.records_sum() != self.records_sum {
            Some("records are")
        } else {
            None
        }
    }

    fn header_sum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for range in SUMMED {
            hasher.update(self.bytes.get(range).unwrap_or_default());
        }
        hasher.finalize()
    }

    fn records_sum(&self) -> u32 {
        crc32fast::hash(self.bytes.get(CHUNK_HEADER_BYTES..self.end).unwrap_or_default())
    }

    /// Walks over the records; what is none is told with its offset.
    pub(super) fn records(self) -> Records<'c> {
        Records { chunk: self, at: Some(CHUNK_HEADER_BYTES) }
    }

    /// Reads the record at an offset and returns it with the offset behind it.
    fn record(&self, at: usize) -> Result<(Record, usize), Flaw> {
        let mut cursor = Cursor::new(self.bytes, at);
        if cursor.take(RECORD_MAGIC.len())? != RECORD_MAGIC {
            return Err(Flaw::NoRecord);
        }
        let size = cursor.size()?;
        let id = cursor.u64()?;
        let written_us = filetime_us(cursor.u64()?);
        let end = at.saturating_add(size);
        if size < RECORD_HEADER_BYTES + SIZE_COPY_BYTES || end > self.bytes.len() {
            return Err(Flaw::Cut);
        }
        let xml = Place { start: at + RECORD_HEADER_BYTES, end: end - SIZE_COPY_BYTES };
        Ok((Record { at, id, written_us, xml }, end))
    }

    /// Returns the offset of the next record behind a damage. It must end in a copy of its size
    /// and be one of those that the header counts: an older pass over the chunk leaves others.
    fn next_record(&self, from: usize) -> Option<usize> {
        let search_end = self.end.min(self.last_record.saturating_add(RECORD_MAGIC.len()));
        let mut from = from;
        while let Some(at) = find_magic(self.bytes.get(..search_end)?, from) {
            if let Ok((record, end)) = self.record(at)
                && end <= self.end
                && (self.first_id..=self.last_id).contains(&record.id)
                && self.bytes.get(at + 4..at + 8) == self.bytes.get(end - SIZE_COPY_BYTES..end)
            {
                return Some(at);
            }
            from = at + 1;
        }
        None
    }

    fn is_blank(&self, at: usize) -> bool {
        let magic = self.bytes.get(at..).unwrap_or_default();
        magic.iter().take(RECORD_MAGIC.len()).all(|byte| *byte == 0)
    }
}

fn find_magic(bytes: &[u8], from: usize) -> Option<usize> {
    let found = bytes.get(from..)?.windows(RECORD_MAGIC.len()).position(|w| w == RECORD_MAGIC)?;
    Some(from + found)
}

/// The walk over a chunk.
pub(super) struct Records<'c> {
    chunk: Chunk<'c>,
    at: Option<usize>,
}

impl Iterator for Records<'_> {
    type Item = Result<Record, (usize, Flaw)>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at.filter(|at| *at < self.chunk.end)?;
        match self.chunk.record(at) {
            Ok((record, end)) => {
                self.at = (record.id != self.chunk.last_id).then_some(end);
                Some(Ok(record))
            }
            Err(flaw) => {
                self.at = self.chunk.next_record(at + 1);
                // Nothing where a record should begin is where the free space really begins.
                let is_end = self.at.is_none() && self.chunk.is_blank(at);
                (!is_end).then_some(Err((at, flaw)))
            }
        }
    }
}
