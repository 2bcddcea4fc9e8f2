//! What correlations will count, kept until every file is read and then told in the order of time.
//!
//! Little of it is held in memory. When that is full it is sorted and written to a file without a
//! name, and the sorted runs are merged at the end: a hunt takes the same memory however much there
//! is to count.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use khien_detect::Sighting;

/// Bytes held in memory before they are written out.
const HELD_BYTES_MAX: usize = 4 << 20;
/// Runs on disk, each about as large; what is seen beyond is left out and counted.
const RUNS_MAX: usize = 1_024;
/// Bytes read ahead of each run.
const AHEAD_BYTES: u64 = 8 << 10;

/// Sightings in the order in which files were read.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    /// Records: their length, the number of the file, the sighting.
    packed: Vec<u8>,
    held: Vec<Held>,
    spill: Option<File>,
    runs: Vec<Run>,
    left_out: u64,
}

/// Where a sighting stands in the order of time, and where its record begins. Those of one event
/// keep the order in which they came.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    at: Option<i64>,
    file: usize,
    event: usize,
    start: usize,
}

/// A sorted run.
#[derive(Debug)]
struct Run {
    /// What lies on disk still.
    from: u64,
    to: u64,
    ahead: Vec<u8>,
    taken: usize,
}

/// Where the first of a run stands in the order: time, file, event, run.
type Front = (Option<i64>, usize, usize, usize);

/// Sightings in the order of time, each with the number of its file.
#[derive(Debug)]
pub(super) struct InOrder {
    spill: Option<File>,
    runs: Vec<Run>,
    /// The first of each run.
    fronts: Vec<Option<Sighting>>,
    order: BinaryHeap<Reverse<Front>>,
}

impl Sightings {
    /// Adds a sighting, whose event is told by its number in the file.
    pub(super) fn add(&mut self, file: usize, sighting: &Sighting) -> io::Result<()> {
        if self.runs.len() >= RUNS_MAX {
            self.left_out += 1;
            return Ok(());
        }
        let start = self.packed.len();
        self.packed.extend_from_slice(&[0; size_of::<u32>()]);
        self.packed.extend_from_slice(&(file as u64).to_le_bytes());
        sighting.pack(&mut self.packed);
        let bytes = self.packed.len() - start - size_of::<u32>();
        let bytes = u32::try_from(bytes).map_err(io::Error::other)?;
        self.packed[start..start + size_of::<u32>()].copy_from_slice(&bytes.to_le_bytes());
        let (at, event) = (sighting.at, sighting.event);
        self.held.push(Held { at, file, event, start });
        if self.packed.len() + self.held.len() * size_of::<Held>() >= HELD_BYTES_MAX {
            self.write_out()?;
        }
        Ok(())
    }

    /// Returns how many there was no room for.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    fn write_out(&mut self) -> io::Result<()> {
        let sorted = self.sorted();
        let mut spill = match self.spill.take() {
            Some(spill) => spill,
            None => tempfile::tempfile()?,
        };
        spill.write_all(&sorted)?;
        let from = self.runs.last().map_or(0, |run| run.to);
        let to = from + sorted.len() as u64;
        self.runs.push(Run { from, to, ahead: Vec::new(), taken: 0 });
        self.spill = Some(spill);
        Ok(())
    }

    /// Takes out what is held, in the order of time.
    fn sorted(&mut self) -> Vec<u8> {
        self.held.sort_unstable();
        let mut sorted = Vec::with_capacity(self.packed.len());
        for held in self.held.drain(..) {
            let (bytes, record) = record(&self.packed[held.start..]).unwrap_or_default();
            sorted.extend_from_slice(&bytes.to_le_bytes());
            sorted.extend_from_slice(record);
        }
        self.packed.clear();
        sorted
    }

    /// Returns all of them in the order of time.
    pub(super) fn in_order(mut self) -> io::Result<InOrder> {
        let last = self.sorted();
        let Self { spill, mut runs, .. } = self;
        runs.push(Run { from: 0, to: 0, ahead: last, taken: 0 });
        let fronts = vec![None; runs.len()];
        let mut all = InOrder { spill, runs, fronts, order: BinaryHeap::new() };
        for run in 0..all.runs.len() {
            all.advance(run)?;
        }
        Ok(all)
    }
}

/// Returns the record that bytes begin with, behind its length; nothing where it is not whole.
fn record(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = u32::from_le_bytes(*length);
    Some((length, rest.get(..usize::try_from(length).ok()?)?))
}

impl Run {
    /// Returns the next of the run.
    fn next(&mut self, spill: Option<&mut File>) -> io::Result<Option<(usize, Sighting)>> {
        self.read_ahead(spill)?;
        let left = &self.ahead[self.taken..];
        if left.is_empty() {
            return Ok(None);
        }
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let (length, record) = record(left).ok_or_else(cut)?;
        let (file, packed) = record.split_first_chunk().ok_or_else(cut)?;
        let file = usize::try_from(u64::from_le_bytes(*file)).map_err(io::Error::other)?;
        let sighting = Sighting::unpack(packed).map_err(io::Error::other)?;
        self.taken += size_of_val(&length) + record.len();
        Ok(Some((file, sighting)))
    }

    /// Reads on until a whole record is there, or nothing is left.
    fn read_ahead(&mut self, spill: Option<&mut File>) -> io::Result<()> {
        let Some(spill) = spill else { return Ok(()) };
        while self.from < self.to && record(&self.ahead[self.taken..]).is_none() {
            self.ahead.drain(..self.taken);
            self.taken = 0;
            spill.seek(SeekFrom::Start(self.from))?;
            let wanted = AHEAD_BYTES.min(self.to - self.from);
            let read = io::Read::take(&mut *spill, wanted).read_to_end(&mut self.ahead)? as u64;
            if read < wanted {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.from += read;
        }
        Ok(())
    }
}

impl InOrder {
    fn advance(&mut self, run: usize) -> io::Result<()> {
        let next = self.runs[run].next(self.spill.as_mut())?;
        self.fronts[run] = next.map(|(file, sighting)| {
            self.order.push(Reverse((sighting.at, file, sighting.event, run)));
            sighting
        });
        Ok(())
    }
}

impl Iterator for InOrder {
    type Item = io::Result<(usize, Sighting)>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((_, file, _, run)) = self.order.pop()?;
        let sighting = self.fronts[run].take()?;
        Some(self.advance(run).map(|()| (file, sighting)))
    }
}

#[cfg(test)]
mod tests {
    use khien_detect::{Engine, Rules};
    use khien_event::{Batch, Context, Format, parse};

    use super::*;

    const YAML: &str = "title: A\nid: a\nlogsource: {product: windows}\n\
                        detection: {k: {EventID: 1}, condition: k}\n---\ntitle: C\nid: c\n\
                        correlation: {type: event_count, rules: [a], group-by: [Computer], timespan: 1h, condition: {gte: 9}}\n";

    /// Returns something seen.
    fn seen() -> Sighting {
        let (rules, refused) = Rules::from_texts([("t.yml", YAML)]);
        assert!(refused.is_empty(), "{refused:?}");
        let (mut scanner, _) = Engine::new(rules).split();
        let line = br#"{"Channel":"Security","EventID":1,"Computer":"pc-1"}"#;
        let mut batch = Batch::new();
        parse(Format::Json, line, &Context::received(0), &mut batch);
        scanner.scan(&batch).sightings.remove(0)
    }

    #[test]
    fn they_come_in_the_order_of_time_from_memory_and_from_disk() {
        for (count, runs) in [(0, 0), (1, 0), (1_000, 0), (150_000, 2)] {
            let (mut sightings, mut expected) = (Sightings::default(), Vec::new());
            let mut one = seen();
            for number in 0..count {
                let file = number / 50_000;
                // In no order, some at once, some without a time.
                let at = (number as i64).wrapping_mul(7_919) % 10_007;
                one.at = (at > 9).then_some(at);
                one.event = number;
                sightings.add(file, &one).unwrap();
                expected.push((one.at, file, number));
            }
            assert!(sightings.runs.len() >= runs, "{}", sightings.runs.len());
            expected.sort_unstable();
            let told = sightings.in_order().unwrap().map(|next| {
                let (file, one) = next.unwrap();
                (one.at, file, one.event)
            });
            assert!(told.eq(expected), "{count}");
        }
    }

    #[test]
    fn beyond_the_runs_they_are_left_out_and_counted() {
        let run = || Run { from: 0, to: 0, ahead: Vec::new(), taken: 0 };
        let runs = (0..RUNS_MAX).map(|_| run()).collect();
        let mut sightings = Sightings { runs, ..Sightings::default() };
        sightings.add(0, &seen()).unwrap();
        assert_eq!((sightings.left_out(), sightings.in_order().unwrap().count()), (1, 0));
    }
}
