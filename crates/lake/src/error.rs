//! Why the log said no.

use std::{io, path::PathBuf, sync::Arc};

use crate::{Offset, frame::MAX_BATCH_BYTES};

/// A refusal of the intake log. Only [`LakeError::Poisoned`] is final.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The options contradict the contract.
    #[error("intake log options: {0}")]
    Options(&'static str),
    /// Another process holds the folder.
    #[error("intake log {} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The folder was written by a newer program.
    #[error("{} was written by a newer version of this program (log version {version})", path.display())]
    Newer {
        /// The segment that says so.
        path: PathBuf,
        /// The version it names.
        version: u32,
    },
    /// A frame names a decoder that this program does not have.
    #[error("frame at {at} needs decoder {name:?}, which this version does not have")]
    Decoder {
        /// Where the frame lies.
        at: Offset,
        /// The decoder's stored name.
        name: String,
    },
    /// A reader asked to start after the end of the log: the log or the stored offset is not
    /// the one that belongs here.
    #[error("offset {at} lies after the end of the log, {end}")]
    AheadOfLog {
        /// What was asked for.
        at: Offset,
        /// Where the log ends.
        end: Offset,
    },
    /// The batch is larger than a frame may be.
    #[error(
        "batch of {bytes} bytes is larger than the log takes ({MAX_BATCH_BYTES} bytes or one segment)"
    )]
    TooLarge {
        /// Size of the batch as received.
        bytes: usize,
    },
    /// Epoch or sequence cannot be stored.
    #[error("epoch must be below {max} and sequence at most {max}", max = i64::MAX)]
    KeyRange,
    /// The source has used more epochs than the log remembers.
    #[error("source has too many epochs in the kept log (limit {0})")]
    TooManyEpochs(usize),
    /// The sender skips so many sequences that the log cannot remember the holes.
    #[error("epoch has too many holes in its sequence (limit {0}); start a new epoch")]
    TooManyHoles(usize),
    /// The byte budget is used up: slow down and send again later.
    #[error("intake log is full ({used} of {budget} bytes)")]
    Full {
        /// Bytes on disk.
        used: u64,
        /// The budget.
        budget: u64,
    },
    /// The disk has no room for the next segment: nothing was written, send again later.
    #[error("no room on the disk for the intake log")]
    DiskFull,
    /// A write or sync failed; the log accepts nothing more until it is opened again.
    #[error("intake log stopped after a failed write: {0}")]
    Poisoned(Arc<str>),
    /// The log was closed while the call waited.
    #[error("intake log is closed")]
    Closed,
    /// The file system refused.
    #[error("intake log: {doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl LakeError {
    /// Returns a closure that names what was being done when `io::Error` struck.
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}
