//! Opening a log: what is there, where it ends, and what of it is damaged.
//!
//! The last segment may end in a group that was written but never synced, hence never
//! acknowledged; any page of it may be missing. Such a torn tail is overwritten with zeros. The
//! `committed` field of the frames tells it from damage: what lies before the highest `committed`
//! was durable once, and a bad frame there is a loss to report.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::{
    Damage, LakeError, Offset, Options,
    commit::Active,
    frame::{self, HEADER_BYTES, Header},
    marks::Marks,
    segment::{self, FIRST_FRAME, Found},
    shared::{Segment, Shared},
};

/// What [`crate::IntakeLog::open`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Readable frames.
    pub frames: u64,
    /// An unacknowledged write that was cut off.
    pub torn_tail: Option<TornTail>,
    /// Damaged segments, also those quarantined at an earlier opening that are still there.
    pub quarantined: Vec<Quarantined>,
}

/// A write that never finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// Where the log ends now.
    pub at: Offset,
    /// How many bytes of the write were found behind.
    pub bytes: u32,
}

/// A damaged segment; its good frames stay readable, and it stays until a person removes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The renamed file.
    pub path: PathBuf,
    /// What cannot be read.
    pub damaged: Vec<Damage>,
}

/// Reads the folder and makes the log ready to grow.
pub(crate) fn recover(
    folder: &Path,
    options: Options,
) -> Result<(Shared, Active, Recovered), LakeError> {
    let found = segment::list(folder).map_err(LakeError::io("listing the segments"))?;
    let ends = known_ends(&found)?;
    let mut recovery = Recovery { options, ..Recovery::default() };
    for (at, segment) in found.iter().enumerate() {
        let is_last = at + 1 == found.len();
        recovery.take(segment, ends.get(&segment.number).copied(), is_last)?;
    }
    let active = match recovery.active.take() {
        Some(active) => active,
        None => recovery.start_segment(folder)?,
    };
    let shared = Shared::new(folder.to_owned(), options, recovery.segments, recovery.marks);
    Ok((shared, active, recovery.report))
}

/// Returns where each segment ended, as the header of the one after it remembers.
fn known_ends(found: &[Found]) -> Result<BTreeMap<u32, u32>, LakeError> {
    let mut ends = BTreeMap::new();
    for Found { number, path, .. } in found {
        let mut bytes = [0; FIRST_FRAME as usize];
        let file = fs::File::open(path).map_err(LakeError::io("opening a segment"))?;
        match file.read_exact_at(&mut bytes, 0) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                return Err(LakeError::io("reading a segment")(error));
            }
            _ => {}
        }
        let Some(header) = segment::Header::decode(&bytes, *number) else { continue };
        if header.version > segment::VERSION {
            return Err(LakeError::Newer { path: path.clone(), version: header.version });
        }
        ends.insert(number.saturating_sub(1), header.previous_end);
    }
    Ok(ends)
}

#[derive(Default)]
struct Recovery {
    options: Options,
    segments: BTreeMap<u32, Segment>,
    marks: Marks,
    active: Option<Active>,
    report: Recovered,
}

impl Recovery {
    fn take(
        &mut self,
        found: &Found,
        known_end: Option<u32>,
        is_last: bool,
    ) -> Result<(), LakeError> {
        let bytes = fs::read(&found.path).map_err(LakeError::io("reading a segment"))?;
        let mut survey = match known_end {
            Some(end) => Survey::of_sealed(&bytes, found.number, end),
            None => Survey::of_open(&bytes, found.number),
        };
        if segment::Header::decode(&bytes, found.number).is_none() {
            survey.damage(0, FIRST_FRAME);
        }
        let grows = is_last && !found.quarantined;
        let shortest = if grows { self.options.segment_bytes } else { 0 };
        let mut segment = Segment {
            path: found.path.clone(),
            end: survey.end,
            file_bytes: u64::from(len(&bytes).max(shortest)),
            newest_us: i64::MIN,
            quarantined: found.quarantined,
        };
        self.learn(&bytes, found.number, &mut segment);
        if grows {
            self.settle(&bytes, found.number, &segment, &survey)?;
        }
        if !found.quarantined && !survey.damaged.is_empty() {
            segment.path =
                segment::quarantine(&found.path).map_err(LakeError::io("quarantining"))?;
            segment.quarantined = true;
            self.active = None;
        }
        if segment.quarantined {
            let quarantined = Quarantined { path: segment.path.clone(), damaged: survey.damaged };
            self.report.quarantined.push(quarantined);
        }
        self.segments.insert(found.number, segment);
        Ok(())
    }

    /// Counts the frames of a segment and remembers their keys.
    fn learn(&mut self, bytes: &[u8], number: u32, segment: &mut Segment) {
        walk(bytes, number, segment.end, |found| {
            let Step::Frame(header) = found else { return };
            self.report.frames += 1;
            segment.newest_us = segment.newest_us.max(header.received_us);
            if header.keyed {
                self.marks.insert(header.source, header.epoch, header.sequence, number);
            }
        });
    }

    /// Makes the last segment's frames durable and everything behind them zero.
    ///
    /// The frames after the last known sync are written again, not just synced: the process
    /// before this one may have died of a failed sync, and the kernel may then hold pages that
    /// look clean and never reached the disk.
    fn settle(
        &mut self,
        bytes: &[u8],
        number: u32,
        segment: &Segment,
        survey: &Survey,
    ) -> Result<(), LakeError> {
        let capacity = u32::try_from(segment.file_bytes)
            .map_err(|_| LakeError::Options("a segment file is larger than any segment"))?;
        let (from, end) = (survey.durable.min(survey.end), survey.end);
        let settled =
            OpenOptions::new().read(true).write(true).open(&segment.path).and_then(|file| {
                file.write_all_at(&bytes[from as usize..end as usize], u64::from(from))?;
                segment::write_zeros(&file, end, capacity)?;
                file.sync_all()?;
                Ok(file)
            });
        let file = settled.map_err(LakeError::io("settling the last segment"))?;
        if survey.written > end {
            let at = Offset::new(number, end);
            self.report.torn_tail = Some(TornTail { at, bytes: survey.written - end });
        }
        self.active = Some(Active { number, file, capacity, committed: end });
        Ok(())
    }

    fn start_segment(&mut self, folder: &Path) -> Result<Active, LakeError> {
        let last = self.segments.last_key_value();
        let (number, previous_end) = last.map_or((1, 0), |(number, last)| (number + 1, last.end));
        let capacity = self.options.segment_bytes;
        let file = segment::create(folder, number, previous_end, capacity)
            .map_err(LakeError::io("making a segment"))?;
        self.segments.insert(number, Segment::empty(folder, number, capacity));
        Ok(Active { number, file, capacity, committed: FIRST_FRAME })
    }
}

/// Where a segment ends and what of it is bad.
struct Survey {
    number: u32,
    end: u32,
    /// Known to have been synced up to here.
    durable: u32,
    /// The last byte that is not zero lies before here.
    written: u32,
    damaged: Vec<Damage>,
}

impl Survey {
    /// Surveys a segment that another one follows: all of it up to `end` was committed.
    fn of_sealed(bytes: &[u8], number: u32, end: u32) -> Self {
        let readable = end.min(len(bytes));
        let mut survey =
            Self { number, end: readable, durable: end, written: end, damaged: Vec::new() };
        walk(bytes, number, readable, |found| {
            if let Step::Bad(from, to, _) = found {
                survey.damage(from, to);
            }
        });
        survey.damage(readable, end);
        survey
    }

    /// Surveys a segment that was written last: its end is where its good frames end.
    fn of_open(bytes: &[u8], number: u32) -> Self {
        let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u32 + 1);
        let mut durable = FIRST_FRAME;
        let mut bad = Vec::new();
        let behind = walk(bytes, number, written, |found| match found {
            Step::Frame(header) => durable = durable.max(header.committed),
            Step::Bad(from, to, header) => {
                durable = header.map_or(durable, |header| durable.max(header.committed));
                bad.push((from, to));
            }
        });
        let torn = bad.iter().map(|(from, _)| *from).find(|from| *from >= durable);
        let end = torn.unwrap_or(behind).min(len(bytes).max(FIRST_FRAME));
        let mut survey = Self { number, end, durable, written, damaged: Vec::new() };
        for (from, to) in bad.into_iter().filter(|(from, _)| *from < durable) {
            survey.damage(from, to);
        }
        survey
    }

    fn damage(&mut self, from: u32, to: u32) {
        if from < to {
            let from = Offset::new(self.number, from);
            self.damaged.push(Damage { from, bytes: to - from.within() });
        }
    }
}

enum Step<'a> {
    Frame(&'a Header),
    /// From, to, and the header if that at least is good.
    Bad(u32, u32, Option<&'a Header>),
}

/// Visits every frame that begins before `end` and every stretch between that is none. Returns
/// where the last of them ends.
fn walk(bytes: &[u8], number: u32, end: u32, mut visit: impl FnMut(Step<'_>)) -> u32 {
    let mut at = FIRST_FRAME;
    while at < end {
        let here = &bytes[at as usize..];
        let Some(header) = Header::decode(here, Offset::new(number, at)) else {
            let after = Offset::new(number, at + 1);
            let rest = &bytes[after.within() as usize..(end.min(len(bytes))) as usize];
            let behind = frame::next_header(rest, after).unwrap_or(end);
            visit(Step::Bad(at, behind, None));
            at = behind;
            continue;
        };
        let frame = usize::try_from(header.frame_bytes()).ok().and_then(|bytes| here.get(..bytes));
        let payload = HEADER_BYTES..HEADER_BYTES + header.payload_bytes as usize;
        let whole = frame.is_some_and(|frame| header.owns(&frame[payload]));
        let behind = at + frame.unwrap_or(here).len() as u32;
        visit(if whole { Step::Frame(&header) } else { Step::Bad(at, behind, Some(&header)) });
        at = behind;
    }
    at
}

/// A segment file is read whole and is never longer than a `u32` says.
fn len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
