//! Joins the records of an event. They share machine, time and serial, but between them stand the
//! records of other events, and over the network they come in any order.
//!
//! An event is whole when its `EOE` record says so; files do not hold that record, so an event is
//! also taken for whole when its machine is [`OPEN_US`] ahead, when [`EVENTS_OPEN_MAX`] younger ones are
//! open, and at the end of the input.

use std::collections::VecDeque;

use super::record::Record;
use super::write::{self, Programs};
use crate::batch::Batch;
use crate::carrier::Carrier;
use crate::problem::{ProblemKind, Problems};

/// Events that wait for records at the same time.
const EVENTS_OPEN_MAX: usize = 128;
/// How far its machine's clock runs on before an event is taken for whole, as in auditd's own reader.
const OPEN_US: i64 = 2_000_000;
/// The text of all records of one event; an `execve` with the longest command line has more.
const EVENT_BYTES_MAX: usize = 256 * 1024;

/// An event whose records are being gathered.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) host: Option<Box<str>>,
    pub(super) at_us: i64,
    pub(super) serial: u64,
    /// Kind and body of each record, end to end in `text`.
    pub(super) records: Vec<(usize, usize, usize)>,
    pub(super) text: String,
    /// Records were left out beyond [`EVENT_BYTES_MAX`].
    cut: bool,
}

/// Gathers records into events.
#[derive(Debug, Default)]
pub(crate) struct Joiner {
    /// In the order of their first records.
    open: VecDeque<Open>,
    programs: Programs,
}

impl Open {
    fn new(record: &Record<'_>, host: Option<&str>) -> Self {
        Self {
            host: host.map(Into::into),
            at_us: record.at_us,
            serial: record.serial,
            records: Vec::new(),
            text: String::new(),
            cut: false,
        }
    }

    /// Returns the records, kind and body, in the order in which they came.
    pub(super) fn records(&self) -> impl Iterator<Item = (&str, &str)> {
        let part = |from, to| &self.text[from..to];
        self.records.iter().map(move |(start, mid, end)| (part(*start, *mid), part(*mid, *end)))
    }

    fn is(&self, record: &Record<'_>, host: Option<&str>) -> bool {
        self.serial == record.serial && self.at_us == record.at_us && self.host.as_deref() == host
    }

    /// Returns false, once, when there is no room left.
    fn add(&mut self, record: &Record<'_>) -> bool {
        if self.text.len() + record.kind.len() + record.body.len() > EVENT_BYTES_MAX {
            return std::mem::replace(&mut self.cut, true);
        }
        let start = self.text.len();
        self.text.push_str(record.kind);
        let mid = self.text.len();
        self.text.push_str(record.body);
        self.records.push((start, mid, self.text.len()));
        true
    }
}

impl Joiner {
    /// Takes a record, and writes the events that are whole now.
    pub(super) fn add(
        &mut self,
        record: &Record<'_>,
        carrier: Carrier<'_>,
        line: u64,
        batch: &mut Batch,
        problems: &mut Problems,
    ) {
        let host = record.node.or(carrier.host);
        let known = self.open.iter().rposition(|open| open.is(record, host));
        if record.kind == "EOE" {
            if let Some(whole) = known.and_then(|at| self.open.remove(at)) {
                write::event(&whole, &mut self.programs, batch);
            }
            return;
        }
        let at = known.unwrap_or_else(|| {
            self.close_before(record.at_us, host, batch);
            self.open.push_back(Open::new(record, host));
            self.open.len() - 1
        });
        if !self.open[at].add(record) {
            let detail = format!("audit event longer than {EVENT_BYTES_MAX} bytes cut");
            problems.add(Some(line), ProblemKind::OverLimit, detail);
        }
        // A program's message is an event of one record: nothing more will come.
        if known.is_none()
            && record.body.contains("msg='")
            && let Some(whole) = self.open.pop_back()
        {
            write::event(&whole, &mut self.programs, batch);
        }
    }

    /// Writes the events that the start of a new one shows to be whole.
    fn close_before(&mut self, at_us: i64, host: Option<&str>, batch: &mut Batch) {
        // The oldest of the same machine decides: machines' clocks differ.
        let oldest = self.open.iter().position(|open| open.host.as_deref() == host);
        let is_old = |open: &Open| open.at_us.saturating_add(OPEN_US) < at_us;
        if oldest.is_some_and(|at| is_old(&self.open[at])) {
            let (programs, open) = (&mut self.programs, &mut self.open);
            open.retain(|open| {
                let whole = open.host.as_deref() == host && is_old(open);
                if whole {
                    write::event(open, programs, batch);
                }
                !whole
            });
        }
        if self.open.len() >= EVENTS_OPEN_MAX
            && let Some(oldest) = self.open.pop_front()
        {
            write::event(&oldest, &mut self.programs, batch);
        }
    }

    /// Writes what is open: no more records will come.
    pub(crate) fn finish(&mut self, batch: &mut Batch) {
        for open in self.open.drain(..) {
            write::event(&open, &mut self.programs, batch);
        }
    }
}
