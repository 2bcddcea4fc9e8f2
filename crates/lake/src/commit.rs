//! The writer thread: stages frames, writes and syncs them as one group, then tells everyone
//! who waited.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::{
    LakeError, Offset, Receipt, UNKEYED_EPOCH,
    frame::{self, ALIGN, Header, Key},
    segment::{self, FIRST_FRAME},
    shared::{Segment, Shared, Stopped},
};

const COMMIT_BYTES: usize = 1 << 20;
const COMMIT_AFTER: Duration = Duration::from_millis(2);

/// A frame on its way to the disk, already compressed by the task that brought it.
pub(crate) struct Request {
    pub(crate) key: Key,
    /// Everything but epoch, sequence and `committed`, which only the writer knows.
    pub(crate) header: Header,
    pub(crate) payload: Vec<u8>,
    pub(crate) reply: Reply,
    /// The request's share of the memory that waiting frames may take.
    pub(crate) room: OwnedSemaphorePermit,
}

pub(crate) type Reply = oneshot::Sender<Result<Receipt, LakeError>>;

/// The segment that is being written.
pub(crate) struct Active {
    pub(crate) number: u32,
    pub(crate) file: File,
    pub(crate) capacity: u32,
    /// Durable up to here.
    pub(crate) committed: u32,
}

pub(crate) struct Writer {
    shared: Arc<Shared>,
    active: Active,
    staged: Vec<u8>,
    staged_newest_us: i64,
    waiting: Vec<Waiter>,
}

struct Waiter {
    reply: Reply,
    epoch: u64,
    sequence: u64,
    duplicate: bool,
    _room: OwnedSemaphorePermit,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, active: Active) -> Self {
        Self { shared, active, staged: Vec::new(), staged_newest_us: i64::MIN, waiting: Vec::new() }
    }

    /// Commits groups until every sender is gone or a write fails.
    ///
    /// Whoever still waits then sees the reply dropped, and reads the reason in `Shared`.
    pub(crate) fn run(mut self, queue: &mpsc::Receiver<Request>) {
        let stopped = match self.commit_groups(queue) {
            Ok(()) => Stopped::Closed,
            Err(error) => Stopped::Poisoned(error.to_string().into()),
        };
        self.shared.stop(stopped);
    }

    fn commit_groups(&mut self, queue: &mpsc::Receiver<Request>) -> io::Result<()> {
        while let Ok(first) = queue.recv() {
            let deadline = Instant::now() + COMMIT_AFTER;
            self.stage(first)?;
            while self.staged.len() < COMMIT_BYTES {
                let left = deadline.saturating_duration_since(Instant::now());
                let Ok(next) = queue.recv_timeout(left) else { break };
                self.stage(next)?;
            }
            self.commit()?;
        }
        Ok(())
    }

    /// Puts a frame into the group, or refuses it. An error is one that poisons the log.
    fn stage(&mut self, request: Request) -> io::Result<()> {
        let source = request.header.source;
        if let Key::Keyed { epoch, sequence } = request.key {
            let marks = self.shared.marks();
            if marks.contains(&source, epoch, sequence) {
                // The first copy may still be in this group: its repetition waits with it.
                self.waiting.push(Waiter::new(request, epoch, sequence, true));
                return Ok(());
            }
            if let Err(refusal) = marks.check(&source, epoch, sequence) {
                request.refuse(refusal);
                return Ok(());
            }
        }
        if !self.fits(&request.header) {
            self.commit()?;
            if let Err(refusal) = self.rotate()? {
                request.refuse(refusal);
                return Ok(());
            }
        }
        self.add(request);
        Ok(())
    }

    fn fits(&self, header: &Header) -> bool {
        u64::from(self.end()) + header.frame_bytes() <= u64::from(self.active.capacity)
    }

    /// Returns where the next frame of the group will lie.
    fn end(&self) -> u32 {
        self.active.committed + self.staged.len() as u32
    }

    fn add(&mut self, request: Request) {
        let at = Offset::new(self.active.number, self.end());
        let (epoch, sequence) = match request.key {
            Key::Keyed { epoch, sequence } => (epoch, sequence),
            Key::Unkeyed => (UNKEYED_EPOCH, at.as_u64()),
        };
        let committed = self.active.committed;
        let header = Header { epoch, sequence, committed, ..request.header.clone() };
        self.staged.extend_from_slice(&header.encode(at));
        self.staged.extend_from_slice(&request.payload);
        self.staged.resize(self.staged.len().next_multiple_of(ALIGN), 0);
        self.staged_newest_us = self.staged_newest_us.max(header.received_us);
        if header.keyed {
            self.shared.marks().insert(header.source, epoch, sequence, at.segment());
        }
        self.waiting.push(Waiter::new(request, epoch, sequence, false));
    }

    /// Makes the group durable, then resolves everyone who waits for it.
    fn commit(&mut self) -> io::Result<()> {
        if !self.staged.is_empty() {
            self.active.file.write_all_at(&self.staged, u64::from(self.active.committed))?;
            self.active.file.sync_data()?;
            self.publish();
        }
        let end = self.shared.tail.borrow().end;
        for waiter in self.waiting.drain(..) {
            let Waiter { reply, epoch, sequence, duplicate, _room } = waiter;
            // A caller that went away has no use for the answer; its frame is committed.
            let _ = reply.send(Ok(Receipt { epoch, sequence, duplicate, end }));
        }
        Ok(())
    }

    fn publish(&mut self) {
        self.active.committed = self.end();
        if let Some(segment) = self.shared.segments().get_mut(&self.active.number) {
            segment.end = self.active.committed;
            segment.newest_us = segment.newest_us.max(self.staged_newest_us);
        }
        let end = Offset::new(self.active.number, self.active.committed);
        self.shared.tail.send_modify(|tail| tail.end = end);
        self.staged.clear();
        // One large batch must not keep its memory for ever.
        self.staged.shrink_to(2 * COMMIT_BYTES);
        self.staged_newest_us = i64::MIN;
    }

    /// Starts the next segment, or says why the frame that needs it has to wait.
    ///
    /// A disk without room is a refusal, not poison: no page of a committed frame is in doubt.
    fn rotate(&mut self) -> io::Result<Result<(), LakeError>> {
        let options = &self.shared.options;
        let (used, budget) = (self.shared.used_bytes(), options.budget_bytes);
        if used + u64::from(options.segment_bytes) > budget {
            return Ok(Err(LakeError::Full { used, budget }));
        }
        let number = self.active.number + 1;
        let folder = &self.shared.folder;
        match segment::create(folder, number, self.active.committed, options.segment_bytes) {
            Ok(file) => {
                let capacity = options.segment_bytes;
                self.shared.segments().insert(number, Segment::empty(folder, number, capacity));
                self.active = Active { number, file, capacity, committed: FIRST_FRAME };
                Ok(Ok(()))
            }
            Err(error) if is_out_of_room(&error) => Ok(Err(LakeError::DiskFull)),
            Err(error) => Err(error),
        }
    }
}

impl Segment {
    /// Returns the entry of a segment that was just made.
    pub(crate) fn empty(folder: &std::path::Path, number: u32, capacity: u32) -> Self {
        Self {
            path: segment::live_path(folder, number),
            end: FIRST_FRAME,
            file_bytes: u64::from(capacity),
            newest_us: i64::MIN,
            quarantined: false,
        }
    }
}

impl Waiter {
    fn new(request: Request, epoch: u64, sequence: u64, duplicate: bool) -> Self {
        Self { reply: request.reply, epoch, sequence, duplicate, _room: request.room }
    }
}

impl Request {
    fn refuse(self, refusal: LakeError) {
        // A caller that went away needs no refusal.
        let _ = self.reply.send(Err(refusal));
    }
}

/// Returns whether a segment of `capacity` bytes takes a payload of `payload_bytes`.
pub(crate) fn fits_a_segment(payload_bytes: usize, capacity: u32) -> bool {
    u64::from(FIRST_FRAME) + frame::frame_bytes(payload_bytes) <= u64::from(capacity)
}

fn is_out_of_room(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use khien_event::Format;

    use super::*;
    use crate::{Frame, IntakeLog, Options, recover::recover};

    fn frame(sequence: u64) -> Frame {
        Frame {
            source: [1; 16],
            key: Key::Keyed { epoch: 1, sequence },
            received_us: 1,
            decoder: Format::Json,
            raw: b"{}".to_vec(),
        }
    }

    /// A log whose active segment is `path`, which every open and rotation left sound.
    fn log_writing_to(folder: &std::path::Path, path: &str) -> IntakeLog {
        let options =
            Options { segment_bytes: 1 << 16, budget_bytes: 1 << 20, ..Options::default() };
        let (shared, mut active, _) = recover(folder, options).unwrap();
        active.file = OpenOptions::new().write(true).open(path).unwrap();
        IntakeLog::start(shared, active, None).unwrap()
    }

    #[tokio::test]
    async fn a_failed_write_poisons_the_log_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(log_writing_to(folder.path(), "/dev/full"));
        let mut reader = log.reader_from(Offset::START).unwrap();
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let log = Arc::clone(&log);
                tokio::spawn(async move { log.append(frame(n)).await })
            })
            .collect();
        for task in tasks {
            assert!(matches!(task.await.unwrap(), Err(LakeError::Poisoned(_))));
        }
        assert!(matches!(log.append(frame(99)).await, Err(LakeError::Poisoned(_))));
        assert!(matches!(reader.wait().await, Err(LakeError::Poisoned(_))));
        assert!(reader.next_batch(usize::MAX).unwrap().frames.is_empty());
    }

    #[tokio::test]
    async fn a_failed_sync_poisons_the_log_too() {
        let folder = tempfile::tempdir().unwrap();
        // Takes every write and cannot be synced.
        let log = log_writing_to(folder.path(), "/dev/null");
        assert!(matches!(log.append(frame(1)).await, Err(LakeError::Poisoned(_))));
        drop(log);

        let (log, recovered) = IntakeLog::open(folder.path(), Options::default()).unwrap();
        assert_eq!(recovered.frames, 0);
        assert!(!log.append(frame(1)).await.unwrap().duplicate);
    }
}
