//! What was seen: the event envelope and one decoder per log format.
//!
//! Bytes go in through [`parse`] (or, for inputs of any size, piece by piece through a [`Stream`],
//! an EVTX file through [`evtx::read_file`]) and come out as events in a [`Batch`], beside a bounded list of [`Problem`]s. Fields carry the names
//! that Sigma rules use, so that detection, lake and search speak one language; [`names`] holds
//! the only table between those names, the envelope columns and ECS.
//!
//! The crate is pure: time and zone come in as [`Context`], and apart from reading the EVTX file
//! it is told to read it touches no file, clock or network. It does not match rules, store events,
//! or decide which unit or asset an event belongs to. Every decoder takes hostile input: it never
//! panics, it bounds what it keeps, and what it cannot read becomes a [`Problem`].

mod access;
mod antivirus;
mod auditd;
mod auth;
mod batch;
mod buffer;
mod carrier;
mod cef;
mod eve;
pub mod evtx;
mod format;
mod iis;
mod interned;
pub mod json;
mod leef;
pub mod names;
mod problem;
mod stream;
pub mod syslog;
mod text;
mod time;
mod windows;

pub use batch::{Batch, Event, Value, Writer};
pub use format::{Format, UnknownFormat};
pub use interned::{NameId, Names};
pub use names::Column;
pub use problem::{PROBLEMS_MAX, Problem, ProblemKind};
pub use stream::Stream;
pub use text::LINE_BYTES_MAX;

/// What a decoder cannot learn from the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// When the bytes arrived, µs UTC: gives an RFC 3164 time its year.
    pub received_us: i64,
    /// Offset from UTC of a time written without one, seconds east.
    pub zone_offset_s: i32,
}

impl Context {
    /// Vietnam's offset, +07:00 all year.
    pub const VIETNAM_OFFSET_S: i32 = 7 * 3600;

    /// Returns the context of bytes that arrived at `received_us` from machines on Vietnam's time.
    pub const fn received(received_us: i64) -> Self {
        Self { received_us, zone_offset_s: Self::VIETNAM_OFFSET_S }
    }
}

/// Reads the whole buffer as `format`, appends its events to `batch` and returns what could not be
/// read as it stood. Never panics, whatever the bytes.
pub fn parse(format: Format, bytes: &[u8], context: &Context, batch: &mut Batch) -> Vec<Problem> {
    Stream::new(format, *context).whole(bytes, batch)
}
