//! Files through scanners on several threads, their results back in the order of the files.
//!
//! Each worker takes the next file and sends its results, part by part, through that file's own
//! channel; the caller empties the channels one after the other. So the output is the same at any
//! number of threads, and a worker that is ahead waits once its channel is full.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use khien_detect::{Found, Level, RuleInfo, Scanner, Sighting};
use khien_event::{Batch, Problem, ProblemKind};

use super::input::Source;
use super::period::Period;
use super::{Form, reading, record};

/// Parts of a file that may wait to be written.
const PARTS_WAITING_MAX: usize = 16;

/// What to look for, and how to write it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    pub(super) form: Form,
    pub(super) min_level: Level,
    pub(super) period: Period,
}

/// A hit, written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) rule: Arc<RuleInfo>,
    pub(super) text: Vec<u8>,
}

/// The results of one batch.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) hits: Vec<Written>,
    /// What correlations count, with the event's number in its file.
    pub(super) sightings: Vec<(u64, Sighting)>,
    pub(super) events: u64,
    pub(super) problems: Vec<Problem>,
}

/// Scans every file and hands the parts over, in order, with the number of their file.
pub(super) fn scan(
    sources: &[Source],
    scanner: &Scanner,
    threads: usize,
    search: Search,
    take: &mut dyn FnMut(usize, Part) -> Result<()>,
) -> Result<()> {
    let (senders, receivers): (Vec<_>, Vec<_>) = sources.iter().map(|_| channel()).unzip();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(sources.len()) {
            let mut scanner = scanner.clone();
            let (next, senders) = (&next, &senders);
            scope.spawn(move || {
                while let Some(file) = claim(next, sources.len()) {
                    // Dropping the sender at the end of the file ends its channel.
                    let sender =
                        senders[file].lock().unwrap_or_else(PoisonError::into_inner).take();
                    let Some(sender) = sender else { continue };
                    if scan_file(&sources[file], &mut scanner, search, &sender).is_err() {
                        return;
                    }
                }
            });
        }
        // Leaving early drops the receivers, which stops the workers at their next part.
        for (file, receiver) in receivers.into_iter().enumerate() {
            for part in receiver {
                take(file, part)?;
            }
        }
        Ok(())
    })
}

fn channel() -> (Mutex<Option<SyncSender<Part>>>, Receiver<Part>) {
    let (sender, receiver) = sync_channel(PARTS_WAITING_MAX);
    (Mutex::new(Some(sender)), receiver)
}

fn claim(next: &AtomicUsize, files: usize) -> Option<usize> {
    let file = next.fetch_add(1, Ordering::Relaxed);
    (file < files).then_some(file)
}

/// The receiving end is gone: nobody wants the rest.
struct Unwanted;

fn scan_file(
    source: &Source,
    scanner: &mut Scanner,
    search: Search,
    sender: &SyncSender<Part>,
) -> Result<(), Unwanted> {
    let mut first = 0;
    let mut unwanted = false;
    let name = source.path.to_string_lossy();
    let read = reading::read(source, &mut |batch, problems| {
        if unwanted {
            return;
        }
        let mut part = scan_batch(batch, &name, first, scanner, search);
        part.problems.extend_from_slice(problems);
        first += part.events;
        unwanted = sender.send(part).is_err();
    });
    if let Err(error) = read {
        let problem =
            Problem { at: None, kind: ProblemKind::Unreadable, detail: error.to_string() };
        let part = Part { problems: vec![problem], ..Part::default() };
        unwanted |= sender.send(part).is_err();
    }
    if unwanted { Err(Unwanted) } else { Ok(()) }
}

fn scan_batch(
    batch: &Batch,
    source: &str,
    first: u64,
    scanner: &mut Scanner,
    search: Search,
) -> Part {
    let Found { hits, sightings } = scanner.scan(batch);
    let mut part = Part { events: batch.len() as u64, ..Part::default() };
    for hit in hits {
        let event = batch.event(hit.event);
        if hit.rule.level < search.min_level || !search.period.holds(event.t_event()) {
            continue;
        }
        match record::render(search.form, &hit.rule, event, source) {
            Ok(text) => part.hits.push(Written { rule: hit.rule, text }),
            Err(error) => part.problems.push(unwritable(&error)),
        }
    }
    let counted = sightings.into_iter().filter(|sighting| search.period.holds(sighting.at));
    part.sightings = counted.map(|sighting| (first + sighting.event as u64, sighting)).collect();
    part
}

/// Reads a file once more and writes the given events: (number in the file, rule).
pub(super) fn revisit(
    source: &Source,
    wanted: &[(u64, Arc<RuleInfo>)],
    form: Form,
) -> (Vec<(u64, Written)>, Vec<Problem>) {
    let (mut written, mut problems) = (Vec::new(), Vec::new());
    let name = source.path.to_string_lossy();
    let mut first = 0;
    let read = reading::read(source, &mut |batch, _known| {
        let end = first + batch.len() as u64;
        for (number, rule) in wanted.iter().filter(|(number, _)| (first..end).contains(number)) {
            let event = batch.event(usize::try_from(number - first).unwrap_or_default());
            match record::render(form, rule, event, &name) {
                Ok(text) => written.push((*number, Written { rule: rule.clone(), text })),
                Err(error) => problems.push(unwritable(&error)),
            }
        }
        first = end;
    });
    if let Err(error) = read {
        let detail = error.to_string();
        problems.push(Problem { at: None, kind: ProblemKind::Unreadable, detail });
    }
    (written, problems)
}

fn unwritable(error: &anyhow::Error) -> Problem {
    Problem { at: None, kind: ProblemKind::Malformed, detail: format!("a hit: {error}") }
}
