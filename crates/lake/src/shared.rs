//! What the writer, the readers and the log's handle know together.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::watch;

use crate::{LakeError, Offset, log::Options, marks::Marks};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) options: Options,
    pub(crate) tail: watch::Sender<Tail>,
    segments: Mutex<Segments>,
    marks: Mutex<Marks>,
}

/// The kept segments by number; the last one is being written.
pub(crate) type Segments = BTreeMap<u32, Segment>;

/// One kept segment.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    /// Committed up to here.
    pub(crate) end: u32,
    /// Length of the file.
    pub(crate) file_bytes: u64,
    /// The latest receive time of its frames.
    pub(crate) newest_us: i64,
    pub(crate) quarantined: bool,
}

/// How far the log is committed, and whether it still grows.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    pub(crate) end: Offset,
    pub(crate) stopped: Option<Stopped>,
}

#[derive(Clone, Debug)]
pub(crate) enum Stopped {
    Closed,
    Poisoned(Arc<str>),
}

impl Stopped {
    pub(crate) fn error(&self) -> LakeError {
        match self {
            Self::Closed => LakeError::Closed,
            Self::Poisoned(reason) => LakeError::Poisoned(Arc::clone(reason)),
        }
    }
}

impl Shared {
    pub(crate) fn new(folder: PathBuf, options: Options, segments: Segments, marks: Marks) -> Self {
        let newest = segments.last_key_value().map(|(number, last)| Offset::new(*number, last.end));
        let tail = Tail { end: newest.unwrap_or(Offset::START), stopped: None };
        Self {
            folder,
            options,
            tail: watch::Sender::new(tail),
            segments: Mutex::new(segments),
            marks: Mutex::new(marks),
        }
    }

    pub(crate) fn segments(&self) -> MutexGuard<'_, Segments> {
        self.segments.lock().expect("nothing panics while it holds the segments")
    }

    pub(crate) fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().expect("nothing panics while it holds the marks")
    }

    /// Returns the bytes that the kept segments take on disk.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.segments().values().map(|segment| segment.file_bytes).sum()
    }

    pub(crate) fn stop(&self, why: Stopped) {
        self.tail.send_modify(|tail| {
            tail.stopped.get_or_insert(why);
        });
    }

    /// Returns why the log takes nothing more.
    pub(crate) fn stopped(&self) -> Option<LakeError> {
        self.tail.borrow().stopped.as_ref().map(Stopped::error)
    }
}
