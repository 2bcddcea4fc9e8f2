//! An input too large to be held, piece by piece: what one piece begins, the next may end.
//!
//! The audit trail spreads an event over several lines, and web logs name their columns once.

use crate::batch::Batch;
use crate::problem::{Problem, Problems};
use crate::{Context, Format, access, auditd, auth, cef, evtx, iis, json, leef, syslog};

/// The decoder of one input.
#[derive(Debug)]
pub struct Stream {
    format: Format,
    context: Context,
    audit: auditd::Joiner,
    columns: iis::Columns,
    shape: json::Shape,
    lines: u64,
}

impl Stream {
    /// Returns a decoder at the start of an input.
    pub fn new(format: Format, context: Context) -> Self {
        Self {
            format,
            context,
            audit: auditd::Joiner::default(),
            columns: iis::Columns::default(),
            shape: json::Shape::default(),
            lines: 0,
        }
    }

    /// Reads the next piece, which ends where a line does, and appends to `batch` the events that
    /// are whole. Lines are counted over all pieces. Never panics, whatever the bytes.
    ///
    /// A JSON document that is not one object per line is parted at its [`json::Seams`]; a Windows
    /// event log is one piece.
    pub fn read(&mut self, bytes: &[u8], batch: &mut Batch) -> Vec<Problem> {
        let mut problems = Problems::after(self.lines);
        self.piece(bytes, batch, &mut problems);
        if self.format != Format::Evtx {
            self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        }
        problems.into_list()
    }

    /// Appends what waited for more: the input has ended. Returns what it left open.
    pub fn finish(self, batch: &mut Batch) -> Vec<Problem> {
        let mut problems = Problems::default();
        self.end(batch, &mut problems);
        problems.into_list()
    }

    /// Reads an input that is one piece.
    pub(crate) fn whole(mut self, bytes: &[u8], batch: &mut Batch) -> Vec<Problem> {
        let mut problems = Problems::default();
        self.piece(bytes, batch, &mut problems);
        self.end(batch, &mut problems);
        problems.into_list()
    }

    fn end(mut self, batch: &mut Batch, problems: &mut Problems) {
        self.audit.finish(batch);
        self.shape.finish(problems);
    }

    fn piece(&mut self, bytes: &[u8], batch: &mut Batch, problems: &mut Problems) {
        let context = &self.context;
        match self.format {
            Format::Evtx => evtx::parse(bytes, batch, problems),
            Format::Json | Format::Eve => {
                json::parse(bytes, context, &mut self.shape, batch, problems);
            }
            Format::Cef => cef::parse(bytes, context, batch, problems),
            Format::Leef => leef::parse(bytes, context, batch, problems),
            Format::Auditd => auditd::parse(bytes, context, &mut self.audit, batch, problems),
            Format::Auth => auth::parse(bytes, context, batch, problems),
            Format::Access => access::parse(bytes, batch, problems),
            Format::Iis => iis::parse(bytes, &mut self.columns, batch, problems),
            Format::Syslog => syslog::parse(bytes, context, &mut self.audit, batch, problems),
        }
    }
}
