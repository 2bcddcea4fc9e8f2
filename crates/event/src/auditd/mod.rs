//! The Linux audit trail: `audit.log`, audispd's lines through syslog, and the kernel's own.
//!
//! One event is several records (`SYSCALL`, `EXECVE`, `CWD`, `PATH`, ..) with one serial. They
//! become one event whose `type` holds the types of all its records, so that rules which ask for
//! any of them see it. Fields keep their names; a program that starts, a connection and a made
//! file are told in Sysmon's names besides. Values that the kernel writes in hex are decoded,
//! paths lead from the root, a system call has its name under `SYSCALL`.
//!
//! A record that comes after its event was taken for whole becomes an event of its own.

mod address;
mod arguments;
mod join;
mod pairs;
mod record;
mod syscall;
mod sysmon;
mod write;

pub(crate) use join::Joiner;

use crate::batch::Batch;
use crate::carrier::Carrier;
use crate::problem::{ProblemKind, Problems};
use crate::syslog::header;
use crate::{Context, text};

/// Reads every line, with or without a syslog header before the record.
pub(crate) fn parse(
    bytes: &[u8],
    context: &Context,
    joiner: &mut Joiner,
    batch: &mut Batch,
    problems: &mut Problems,
) {
    text::each_line(bytes, problems, |number, line, problems| {
        // The files of auditd itself have no header to look for.
        if add(line, Carrier::default(), number, joiner, batch, problems) {
            return;
        }
        let header = header::read(line, context);
        if !add(header.message, header.carrier(), number, joiner, batch, problems) {
            problems.add(Some(number), ProblemKind::Malformed, "no audit record");
        }
    });
}

/// Takes one message. Returns false, and takes nothing, when it is no record.
pub(crate) fn add(
    message: &str,
    carrier: Carrier<'_>,
    line: u64,
    joiner: &mut Joiner,
    batch: &mut Batch,
    problems: &mut Problems,
) -> bool {
    let Some(record) = record::read(message) else { return false };
    joiner.add(&record, carrier, line, batch, problems);
    true
}
