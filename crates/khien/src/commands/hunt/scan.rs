//! Files through scanners on several threads, their results back in the order of the files.
//!
//! Each worker takes the next file and brings its results part by part; they are handed over in the
//! order of the files ([`Waiting`]). So the output is the same at any number of threads.

use std::sync::Arc;

use anyhow::Result;
use khien_detect::{
    Found, Hit, Indicator, IocCounters, IocHit, IocKind, IocScanner, Level, RuleInfo, Scanner,
    Sighting, Tlp, Unmapped,
};
use khien_event::{Batch, Column, Event, Problem, ProblemKind, Value};

use super::counted::Complete;
use super::input::Source;
use super::period::Period;
use super::progress::BytesRead;
use super::reading::Reader;
use super::record::{self, Cause, Provenance, Shape};
use super::tally::Span;
use super::waiting::{Unwanted, Waiting};

/// What a hit, a problem or a sighting takes besides its text, roughly.
const ITEM_BYTES: usize = 128;
/// Bytes of a part, beyond which the rest of a batch becomes another: many hits of one batch may be
/// many times as long as its lines.
const PART_BYTES: usize = 512 << 10;
/// Characters of a host's name that tell it apart from others.
const HOST_CHARS_MAX: usize = 100;

/// What to look for, and how to write it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    pub(super) shape: Shape,
    pub(super) min_level: Level,
    pub(super) period: Period,
}

/// What looks at events; each thread has its own.
#[derive(Clone, Debug)]
pub(super) struct Scanners {
    pub(super) rules: Scanner,
    pub(super) indicators: IocScanner,
}

/// What a hit is counted under.
#[derive(Clone, Debug)]
pub(super) enum What {
    Rule(Arc<RuleInfo>),
    Indicator(IocKind),
}

/// A hit, written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) what: What,
    /// When it happened, µs UTC, if the event tells.
    pub(super) at: Option<i64>,
    /// Where it happened; empty if the event does not tell.
    pub(super) host: Box<str>,
    /// Who may be told of it, if the feed says so.
    pub(super) tlp: Option<Tlp>,
    pub(super) text: Vec<u8>,
}

impl What {
    pub(super) fn level(&self) -> Level {
        match self {
            Self::Rule(rule) => rule.level,
            Self::Indicator(_) => Indicator::LEVEL,
        }
    }
}

impl Written {
    fn new(what: What, tlp: Option<Tlp>, event: Event<'_>, text: Vec<u8>) -> Self {
        let host = event.column(Column::Host).and_then(Value::as_text).unwrap_or_default();
        let host: String = host.chars().take(HOST_CHARS_MAX).collect();
        Self { what, at: event.t_event(), host: host.into(), tlp, text }
    }

    pub(super) fn level(&self) -> Level {
        self.what.level()
    }
}

/// The results of a batch, or of a piece of one.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) hits: Vec<Written>,
    /// What correlations count; events are told by their numbers in the file.
    pub(super) sightings: Vec<Sighting>,
    /// Indicators that were seen and are not told.
    pub(super) untold: IocCounters,
    pub(super) events: u64,
    /// Those of them that no rule reads.
    pub(super) unmapped: Unmapped,
    /// The times of the events.
    pub(super) span: Span,
    pub(super) problems: Vec<Problem>,
    /// What the texts of the hits take.
    pub(super) text_bytes: usize,
}

/// Takes a part to where it is written.
type Bring<'a> = dyn FnMut(Part) -> Result<(), Unwanted> + 'a;

/// Scans every file and hands the parts over, in order, with the number of their file.
pub(super) fn scan(
    sources: &[Source],
    scanners: &Scanners,
    threads: usize,
    search: Search,
    read: &BytesRead,
    take: &mut dyn FnMut(usize, Part) -> Result<()>,
) -> Result<()> {
    let waiting = Waiting::new(sources.len());
    std::thread::scope(|scope| {
        for _ in 0..threads.min(sources.len()) {
            let worker = waiting.worker();
            let (mut reader, mut scanners) = (Reader::counting(read.clone()), scanners.clone());
            scope.spawn(move || {
                while let Some(file) = worker.claim() {
                    let mut bring = |part| worker.bring(file, part);
                    let source = &sources[file];
                    if scan_file(source, &mut reader, &mut scanners, search, &mut bring).is_err() {
                        return;
                    }
                    worker.end(file);
                }
            });
        }
        // Leaving early drops the taker, which stops the workers at their next part.
        for (file, part) in waiting.taker() {
            take(file, part)?;
        }
        Ok(())
    })
}

fn scan_file(
    source: &Source,
    reader: &mut Reader,
    scanners: &mut Scanners,
    search: Search,
    bring: &mut Bring<'_>,
) -> Result<(), Unwanted> {
    let mut first = 0;
    let mut unwanted = false;
    let writer = Writer { source, name: &source.path.to_string_lossy(), search };
    let read = reader.read(source, &mut |batch, problems| {
        if unwanted {
            return;
        }
        unwanted = writer.scan(batch, first, problems, scanners, bring).is_err();
        first += batch.len();
    });
    if let Err(error) = read {
        let problem =
            Problem { at: None, kind: ProblemKind::Unreadable, detail: error.to_string() };
        let part = Part { problems: vec![problem], ..Part::default() };
        unwanted |= bring(part).is_err();
    }
    if unwanted { Err(Unwanted) } else { Ok(()) }
}

/// Scans the batches of one file and writes what is found in them.
struct Writer<'a> {
    source: &'a Source,
    name: &'a str,
    search: Search,
}

impl Writer<'_> {
    /// Brings what is found in a batch whose first event has this number in the file.
    fn scan(
        &self,
        batch: &Batch,
        first: usize,
        problems: &[Problem],
        scanners: &mut Scanners,
        bring: &mut Bring<'_>,
    ) -> Result<(), Unwanted> {
        let Found { hits, sightings } = scanners.rules.scan(batch);
        let mut seen = Vec::new();
        if Indicator::LEVEL >= self.search.min_level {
            scanners.indicators.scan(batch, self.source.changed_us, &mut seen);
        }
        let mut part = Part { events: batch.len() as u64, ..Part::default() };
        batch.iter().filter_map(Event::t_event).for_each(|at| part.span.add(at));
        part.untold = scanners.indicators.take_counters();
        // Summed up in the order of the files, so that the bound on names cuts the same ones at any
        // number of threads.
        part.unmapped = scanners.rules.take_unmapped();
        let mut seen = seen.iter().peekable();
        for hit in hits {
            while let Some(earlier) = seen.next_if(|seen| seen.event < hit.event) {
                self.indicator(batch, earlier, &scanners.indicators, &mut part);
                part.bring_if_full(bring)?;
            }
            self.rule(batch, hit, &mut part);
            part.bring_if_full(bring)?;
        }
        for rest in seen {
            self.indicator(batch, rest, &scanners.indicators, &mut part);
            part.bring_if_full(bring)?;
        }
        part.sightings = sightings;
        part.sightings.retain(|one| self.search.period.holds(one.at));
        part.sightings.iter_mut().for_each(|one| one.event += first);
        part.problems.extend_from_slice(problems);
        bring(part)
    }

    fn rule(&self, batch: &Batch, hit: Hit, part: &mut Part) {
        let event = batch.event(hit.event);
        let Search { shape, min_level, period } = self.search;
        if hit.rule.level >= min_level && period.holds(event.t_event()) {
            let text = record::render(shape, &hit.rule, Cause::Rule, event, self.name);
            part.keep(What::Rule(hit.rule), None, event, text);
        }
    }

    fn indicator(&self, batch: &Batch, hit: &IocHit, scanner: &IocScanner, part: &mut Part) {
        let event = batch.event(hit.event);
        if self.search.period.holds(event.t_event()) {
            let indicator = scanner.indicators().indicator(hit);
            let provenance = Provenance::new(hit, &indicator);
            let (shape, rule) = (self.search.shape, indicator.rule_info());
            let text =
                record::render(shape, &rule, Cause::Indicator(&provenance), event, self.name);
            part.keep(What::Indicator(indicator.kind), indicator.tlp, event, text);
        }
    }
}

impl Part {
    /// Returns roughly what it takes.
    pub(super) fn bytes(&self) -> usize {
        let problems: usize = self.problems.iter().map(|problem| problem.detail.len()).sum();
        let found = self.hits.len() + self.sightings.len() + self.problems.len();
        let items = 1 + found + self.unmapped.by_name().count();
        self.text_bytes + problems + items * ITEM_BYTES
    }

    fn keep(&mut self, what: What, tlp: Option<Tlp>, event: Event<'_>, text: Result<Vec<u8>>) {
        match text {
            Ok(text) => {
                self.text_bytes += text.capacity();
                self.hits.push(Written::new(what, tlp, event, text));
            }
            Err(error) => self.problems.push(unwritable(&error)),
        }
    }

    fn bring_if_full(&mut self, bring: &mut Bring<'_>) -> Result<(), Unwanted> {
        if self.bytes() < PART_BYTES { Ok(()) } else { bring(std::mem::take(self)) }
    }
}

/// Reads a file once more and writes the hits at these places among all, which are in the order of
/// the file. Returns what went wrong with them.
pub(super) fn revisit(
    source: &Source,
    all: &[Complete],
    places: &[usize],
    shape: Shape,
    keep: &mut dyn FnMut(usize, &Written),
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let name = source.path.to_string_lossy();
    let (mut first, mut wanted) = (0, places);
    let read = Reader::default().read(source, &mut |batch, _known| {
        let end = first + batch.len();
        let here = wanted.partition_point(|place| all[*place].number < end);
        let (now, later) = wanted.split_at(here);
        for place in now {
            let Complete { number, rule, completed, .. } = &all[*place];
            let event = batch.event(number - first);
            match record::render(shape, rule, Cause::Count(completed), event, &name) {
                Ok(text) => {
                    keep(*place, &Written::new(What::Rule(rule.clone()), None, event, text));
                }
                Err(error) => problems.push(unwritable(&error)),
            }
        }
        (first, wanted) = (end, later);
    });
    if let Err(error) = read {
        let detail = error.to_string();
        problems.push(Problem { at: None, kind: ProblemKind::Unreadable, detail });
    }
    problems
}

fn unwritable(error: &anyhow::Error) -> Problem {
    Problem { at: None, kind: ProblemKind::Malformed, detail: format!("a hit: {error}") }
}
