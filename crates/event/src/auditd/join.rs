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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Context, Format, Value, parse};

    const KINDS: [&str; 4] = ["SYSCALL", "EXECVE", "CWD", "PATH"];

    fn line(serial: u64, kind: &str) -> String {
        format!("type={kind} msg=audit(1761966000.123:{serial}): k{kind}={serial}\n")
    }

    proptest! {
        #[test]
        fn records_find_their_event_in_any_order(
            (events, mut lines) in (1..20u64).prop_flat_map(|events| {
                let lines: Vec<_> =
                    (0..events).flat_map(|serial| KINDS.map(|kind| line(serial, kind))).collect();
                (Just(events), Just(lines).prop_shuffle())
            }),
            ends in any::<bool>(),
        ) {
            if ends {
                lines.extend((0..events).map(|serial| line(serial, "EOE")));
            }
            let mut batch = Batch::new();
            let problems = parse(Format::Auditd, lines.concat().as_bytes(), &Context::received(0), &mut batch);
            prop_assert_eq!(problems, []);
            prop_assert_eq!(batch.len() as u64, events);
            for event in batch.iter() {
                let mut kinds: Vec<_> = event.values("type").filter_map(Value::as_text).collect();
                kinds.sort_unstable_by_key(|kind| KINDS.iter().position(|known| known == kind));
                prop_assert_eq!(kinds, KINDS);
                let serial = event.first("serial").and_then(Value::as_text);
                prop_assert_eq!(event.first("kSYSCALL").and_then(Value::as_text), serial);
            }
        }
    }

    #[test]
    fn events_that_never_end_are_bounded_in_number_and_size() {
        let mut joiner = Joiner::default();
        let (mut batch, mut problems) = (Batch::new(), Problems::default());
        let body = "x".repeat(EVENT_BYTES_MAX / 4);
        for serial in 0..3 * EVENTS_OPEN_MAX as u64 {
            let record = Record { node: None, kind: "PATH", at_us: 0, serial, body: "item=0" };
            joiner.add(&record, Carrier::default(), 1, &mut batch, &mut problems);
            assert!(joiner.open.len() <= EVENTS_OPEN_MAX);
        }
        for _ in 0..50 {
            let record = Record { node: None, kind: "PATH", at_us: 0, serial: 9_999, body: &body };
            joiner.add(&record, Carrier::default(), 1, &mut batch, &mut problems);
        }
        assert!(joiner.open.iter().all(|open| open.text.len() <= EVENT_BYTES_MAX));
        joiner.finish(&mut batch);
        assert_eq!(batch.len(), 3 * EVENTS_OPEN_MAX + 1);
        // However many records are left out, they are told once.
        assert_eq!(problems.into_list().len(), 1);
    }

    #[test]
    fn machines_clocks_do_not_close_each_others_events() {
        let mut joiner = Joiner::default();
        let (mut batch, mut problems) = (Batch::new(), Problems::default());
        let mut add = |node, at_us, serial, batch: &mut Batch| {
            let record = Record { node: Some(node), kind: "CWD", at_us, serial, body: "" };
            joiner.add(&record, Carrier::default(), 1, batch, &mut problems);
        };
        add("slow", 0, 1, &mut batch);
        add("fast", 3600 * 1_000_000, 1, &mut batch);
        assert!(batch.is_empty());
        add("slow", OPEN_US, 2, &mut batch);
        assert!(batch.is_empty());
        add("slow", OPEN_US + 1, 3, &mut batch);
        assert_eq!(batch.len(), 1);
    }
}
