//! Hits of what several events make together: counted over all files in the order of time, then
//! written from the files, which are read once more for them.
//!
//! How many there are is bounded; their texts wait on disk until it is their turn.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use khien_detect::{Completed, Correlator, Counters, Level, RuleInfo, Settled};
use tempfile::SpooledTempFile;

use super::scan::{What, Written};
use super::sightings::Sightings;

/// Hits of correlations that one hunt tells.
const HITS_MAX: usize = 100_000;
/// Bytes of texts that wait in memory; beyond, all of them wait on disk.
const TEXT_BYTES_MAX: usize = 2 << 20;

/// An event that completes a count.
#[derive(Debug)]
pub(super) struct Complete {
    /// When, µs UTC.
    pub(super) at: i64,
    pub(super) file: usize,
    /// The number of the event in the file.
    pub(super) number: usize,
    pub(super) rule: Arc<RuleInfo>,
    pub(super) completed: Completed,
}

/// All of them, in the order of time.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) hits: Vec<Complete>,
    /// Those beyond the bound.
    pub(super) left_out: u64,
    /// What the bounds of the correlations have cost.
    pub(super) counters: Counters,
}

impl Counted {
    /// Counts what was seen.
    pub(super) fn of(
        sightings: Sightings,
        mut correlator: Correlator,
        min_level: Level,
    ) -> Result<Self> {
        let mut counted = Self::default();
        let sightings = sightings.in_order().context("reading back what is to be counted")?;
        for next in sightings {
            let (file, sighting) = next.context("reading back what is to be counted")?;
            // The place of a batch is its file, so that what settles later tells its event.
            for (rule, completed) in correlator.count(file as u64, &sighting) {
                let (at, number) = (sighting.at.unwrap_or_default(), sighting.event);
                counted.keep(Complete { at, file, number, rule, completed }, min_level);
            }
            counted.settle(&mut correlator, min_level);
        }
        correlator.finish();
        counted.settle(&mut correlator, min_level);
        counted.counters = correlator.counters();
        drop(correlator);
        // What settles is of events that came before.
        counted.hits.sort_by_key(|hit| (hit.at, hit.file, hit.number));
        Ok(counted)
    }

    fn settle(&mut self, correlator: &mut Correlator, min_level: Level) {
        for hit in correlator.settled() {
            let Ok(file) = usize::try_from(hit.place) else { continue };
            let Settled { at, event: number, rule, completed, .. } = hit;
            self.keep(Complete { at, file, number, rule, completed }, min_level);
        }
    }

    fn keep(&mut self, hit: Complete, min_level: Level) {
        if hit.rule.level < min_level {
            return;
        }
        if self.hits.len() < HITS_MAX {
            self.hits.push(hit);
        } else {
            self.left_out += 1;
        }
    }

    /// Returns the places of the hits, in the order of the files and of their events.
    pub(super) fn by_file(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.hits.len()).collect();
        places.sort_by_key(|place| (self.hits[*place].file, self.hits[*place].number));
        places
    }
}

/// The texts of hits, written in one order and read in another.
#[derive(Debug)]
pub(super) struct Texts {
    file: SpooledTempFile,
    bytes: u64,
    /// By place of the hit.
    spans: Vec<Option<Span>>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: u64,
    host_bytes: u32,
    text_bytes: u32,
}

impl Texts {
    /// Returns room for those of so many hits.
    pub(super) fn of(hits: usize) -> Self {
        let file = tempfile::spooled_tempfile(TEXT_BYTES_MAX);
        Self { file, bytes: 0, spans: vec![None; hits] }
    }

    /// Keeps a hit.
    pub(super) fn keep(&mut self, place: usize, hit: &Written) -> io::Result<()> {
        let length = |bytes: usize| u32::try_from(bytes).map_err(io::Error::other);
        let (host_bytes, text_bytes) = (length(hit.host.len())?, length(hit.text.len())?);
        self.file.write_all(hit.host.as_bytes())?;
        self.file.write_all(&hit.text)?;
        self.spans[place] = Some(Span { start: self.bytes, host_bytes, text_bytes });
        self.bytes += u64::from(host_bytes) + u64::from(text_bytes);
        Ok(())
    }

    /// Returns a hit as it was written; nothing where its event could not be read again.
    pub(super) fn hit(&mut self, place: usize, complete: &Complete) -> io::Result<Option<Written>> {
        let Some(span) = self.spans.get(place).copied().flatten() else { return Ok(None) };
        self.file.seek(SeekFrom::Start(span.start))?;
        let mut read = |bytes: u32| {
            let mut read = vec![0; bytes as usize];
            self.file.read_exact(&mut read).map(|()| read)
        };
        let host = String::from_utf8(read(span.host_bytes)?).map_err(io::Error::other)?;
        let text = read(span.text_bytes)?;
        let what = What::Rule(Arc::clone(&complete.rule));
        Ok(Some(Written { what, at: Some(complete.at), host: host.into(), tlp: None, text }))
    }
}
