//! The handle of a log: open, append, read from, expire.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::{Semaphore, oneshot};

use crate::{
    Frame, Key, LakeError, MAX_BATCH_BYTES, Offset, Reader, Recovered, UNKEYED_EPOCH,
    commit::{Active, Request, Writer, fits_a_segment},
    frame::{self, HEADER_BYTES, Header},
    recover::recover,
    segment,
    shared::{Segments, Shared},
};

const SHORTEST_KEEP: Duration = Duration::from_secs(24 * 60 * 60);
const SEGMENT_BYTES_MIN: u32 = 64 << 10;
/// A segment is read whole when the log is opened.
const SEGMENT_BYTES_MAX: u32 = 256 << 20;
/// Memory that frames waiting for their commit may take; further appends wait their turn.
const WAITING_BYTES_MAX: u32 = 32 << 20;
/// Above this, a batch is compressed off the async threads.
const COMPRESS_INLINE_BYTES: usize = 128 << 10;
const LOCK_FILE: &str = "lock";

/// How a log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Length of a segment file, 64 KiB to 256 MiB.
    pub segment_bytes: u32,
    /// How long frames stay readable after they were received; at least a day.
    pub keep: Duration,
    /// What the segments may take on disk; room for two at least.
    pub budget_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 16 << 20, keep: 2 * SHORTEST_KEEP, budget_bytes: 8 << 30 }
    }
}

impl Options {
    fn check(&self) -> Result<(), LakeError> {
        if !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&self.segment_bytes) {
            return Err(LakeError::Options("a segment has 64 KiB to 256 MiB"));
        }
        if self.keep < SHORTEST_KEEP {
            return Err(LakeError::Options("frames are kept for a day at least"));
        }
        if self.budget_bytes < 2 * u64::from(self.segment_bytes) {
            return Err(LakeError::Options("the budget holds two segments at least"));
        }
        Ok(())
    }
}

/// Proof that a frame is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The frame's epoch: the sender's, or [`UNKEYED_EPOCH`].
    pub epoch: u64,
    /// The frame's sequence: the sender's, or its place in the log.
    pub sequence: u64,
    /// The frame was in the log before; nothing was written.
    pub duplicate: bool,
    /// A reader that has reached this offset has passed the frame.
    pub end: Offset,
}

/// What [`IntakeLog::expire`] deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Number of segments.
    pub segments: u64,
    /// Their bytes on disk.
    pub bytes: u64,
}

/// What the log takes on disk, and what it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes on disk.
    pub used_bytes: u64,
    /// The budget.
    pub budget_bytes: u64,
}

/// An open log. One process holds a folder at a time; dropping the handle commits what waits.
#[derive(Debug)]
pub struct IntakeLog {
    shared: Arc<Shared>,
    /// Both are there until `drop` takes them.
    queue: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
    room: Arc<Semaphore>,
    lock: Option<File>,
}

impl IntakeLog {
    /// Opens the log in `folder`, making it if needed, and says what was found there.
    ///
    /// Reads every kept segment once: call it where blocking is allowed.
    pub fn open(
        folder: impl AsRef<Path>,
        options: Options,
    ) -> Result<(Self, Recovered), LakeError> {
        options.check()?;
        let folder = folder.as_ref();
        let lock = lock_folder(folder)?;
        let (shared, active, recovered) = recover(folder, options)?;
        Ok((Self::start(shared, active, Some(lock))?, recovered))
    }

    pub(crate) fn start(
        shared: Shared,
        active: Active,
        lock: Option<File>,
    ) -> Result<Self, LakeError> {
        let shared = Arc::new(shared);
        let (queue, requests) = mpsc::channel();
        let writer = Writer::new(Arc::clone(&shared), active);
        let writer = thread::Builder::new()
            .name("intake-log".into())
            .spawn(move || writer.run(&requests))
            .map_err(LakeError::io("starting the writer thread"))?;
        let room = Arc::new(Semaphore::new(WAITING_BYTES_MAX as usize));
        Ok(Self { shared, queue: Some(queue), writer: Some(writer), room, lock })
    }

    /// Stores a frame; returns only after `fdatasync` returned for it.
    ///
    /// Dropping the future does not take the frame back: it may be committed all the same.
    pub async fn append(&self, frame: Frame) -> Result<Receipt, LakeError> {
        check_frame(&frame)?;
        let bytes = frame.raw.len() + HEADER_BYTES;
        // A frame is smaller than all the room there is, so the wait ends.
        let permits = u32::try_from(bytes).map_err(|_| LakeError::TooLarge { bytes })?;
        let room = Arc::clone(&self.room).acquire_many_owned(permits).await;
        let room = room.map_err(|_| LakeError::Closed)?;
        if let Some(stopped) = self.shared.stopped() {
            return Err(stopped);
        }
        let (header, payload, key) = pack(frame).await?;
        if !fits_a_segment(payload.len(), self.shared.options.segment_bytes) {
            return Err(LakeError::TooLarge { bytes });
        }
        let (reply, answer) = oneshot::channel();
        let request = Request { key, header, payload, reply, room };
        let queue = self.queue.as_ref().ok_or(LakeError::Closed)?;
        // The writer drops queue and replies only after it has said why it stopped.
        queue.send(request).map_err(|_| self.why_stopped())?;
        answer.await.map_err(|_| self.why_stopped())?
    }

    /// Returns a reader of the committed frames from `offset` on.
    pub fn reader_from(&self, offset: Offset) -> Result<Reader, LakeError> {
        Reader::new(Arc::clone(&self.shared), offset)
    }

    /// Returns where the committed part of the log ends.
    pub fn end(&self) -> Offset {
        self.shared.tail.borrow().end
    }

    /// Returns what the log takes on disk.
    pub fn usage(&self) -> Usage {
        let budget_bytes = self.shared.options.budget_bytes;
        Usage { used_bytes: self.shared.used_bytes(), budget_bytes }
    }

    /// Deletes the segments that lie wholly before `consumed` and are older than
    /// [`Options::keep`]. Quarantined segments stay.
    pub fn expire(&self, now_us: i64, consumed: Offset) -> Result<Expired, LakeError> {
        let mut expired = Expired::default();
        let mut segments = self.shared.segments();
        for number in self.expirable(&segments, now_us, consumed) {
            let Some(segment) = segments.get(&number) else { continue };
            match fs::remove_file(&segment.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(LakeError::io("deleting an expired segment")(error));
                }
                // Gone already: a person was faster.
                _ => {}
            }
            expired.segments += 1;
            expired.bytes += segment.file_bytes;
            segments.remove(&number);
        }
        if expired.segments > 0 {
            // No dead lock: nobody asks for the segments while holding the marks.
            self.shared.marks().keep_segments(|number| segments.contains_key(&number));
            segment::sync_folder(&self.shared.folder)
                .map_err(LakeError::io("syncing the folder"))?;
        }
        Ok(expired)
    }

    /// Returns the segments that may go: oldest first and without a hole, because the header of
    /// the next segment knows where a kept one ends.
    fn expirable(&self, segments: &Segments, now_us: i64, consumed: Offset) -> Vec<u32> {
        let keep_us = i64::try_from(self.shared.options.keep.as_micros()).unwrap_or(i64::MAX);
        let active = segments.last_key_value().map(|(number, _)| *number);
        segments
            .iter()
            .filter(|(_, segment)| !segment.quarantined)
            .take_while(|(number, segment)| {
                Some(**number) != active
                    && consumed >= Offset::new(**number, segment.end)
                    && segment.newest_us.saturating_add(keep_us) <= now_us
            })
            .map(|(number, _)| *number)
            .collect()
    }

    fn why_stopped(&self) -> LakeError {
        self.shared.stopped().unwrap_or(LakeError::Closed)
    }
}

impl Drop for IntakeLog {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has committed nothing more; its waiters saw `Closed`.
            let _ = writer.join();
        }
        if let Some(lock) = &self.lock {
            // Said outright: a child process being started may for a moment hold a copy of the
            // descriptor, and closing ours would then leave the folder locked. Should it fail,
            // closing does it.
            let _ = lock.unlock();
        }
    }
}

fn check_frame(frame: &Frame) -> Result<(), LakeError> {
    if frame.raw.len() > MAX_BATCH_BYTES {
        return Err(LakeError::TooLarge { bytes: frame.raw.len() });
    }
    match frame.key {
        Key::Keyed { epoch, sequence } if epoch >= UNKEYED_EPOCH || sequence > i64::MAX as u64 => {
            Err(LakeError::KeyRange)
        }
        _ => Ok(()),
    }
}

/// Compresses the batch: here if it is small, on a blocking thread if it would hold up others.
async fn pack(frame: Frame) -> Result<(Header, Vec<u8>, Key), LakeError> {
    let Frame { source, key, received_us, decoder, raw } = frame;
    let raw_bytes = raw.len() as u32;
    let payload = if raw.len() <= COMPRESS_INLINE_BYTES {
        frame::pack(&raw)?
    } else {
        let packing = tokio::task::spawn_blocking(move || frame::pack(&raw));
        packing.await.map_err(|_| LakeError::Closed)??
    };
    let header = Header {
        keyed: key != Key::Unkeyed,
        payload_bytes: payload.len() as u32,
        raw_bytes,
        payload_crc: crc32c::crc32c(&payload),
        committed: 0,
        source,
        epoch: 0,
        sequence: 0,
        received_us,
        decoder: frame::stored_name(decoder),
    };
    Ok((header, payload, key))
}

/// Takes the folder for this process; the kernel gives it back however the process ends.
fn lock_folder(folder: &Path) -> Result<File, LakeError> {
    let lock = || -> io::Result<Option<File>> {
        fs::create_dir_all(folder)?;
        let file = File::create(folder.join(LOCK_FILE))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    };
    let locked = lock().map_err(LakeError::io("locking the folder"))?;
    locked.ok_or_else(|| LakeError::InUse(folder.to_owned()))
}
