//! One lane per syslog source: lines are gathered into frames, and a full lane slows its source
//! alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use khien_domain::id::SourceId;
use khien_event::Format;
use khien_lake::{Frame, Key, LakeError};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};

use super::Intake;
use crate::app::App;

/// A frame is closed at this size…
const FRAME_BYTES: usize = 1 << 20;
/// …or this long after its first line.
const FRAME_WAIT: Duration = Duration::from_millis(200);
/// What one source may have waiting for its commit.
pub(super) const LANE_BYTES_MAX: u32 = 8 << 20;
/// How long to wait before a frame that a full log refused is tried again.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// Lines of one source, each ended by a newline, and the room that they take.
struct Chunk {
    lines: Vec<u8>,
    room: OwnedSemaphorePermit,
}

/// The way of one source into the log.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    queue: UnboundedSender<Chunk>,
    room: Arc<Semaphore>,
}

/// The lanes that are open; one is opened when its source first sends.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<HashMap<SourceId, Lane>>);

impl Lanes {
    /// Returns the lane of a source.
    pub(super) fn of(&self, app: &App, intake: &Arc<Intake>, source: SourceId) -> Lane {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || Lane::open(app.clone(), Arc::clone(intake), source);
        lanes.entry(source).or_insert_with(open).clone()
    }
}

impl Lane {
    fn open(app: App, intake: Arc<Intake>, source: SourceId) -> Self {
        let (queue, chunks) = mpsc::unbounded_channel();
        // The queue itself has no bound: the room has, in bytes.
        let room = Arc::new(Semaphore::new(LANE_BYTES_MAX as usize));
        let tasks = intake.tasks.clone();
        tasks.spawn(run(app, intake, source, chunks));
        Self { queue, room }
    }

    /// Hands lines over; waits until there is room.
    pub(super) async fn put(&self, lines: Vec<u8>) {
        let bytes = (lines.len() as u32).min(LANE_BYTES_MAX);
        // Neither the semaphore nor the queue is ever closed before the hub stops.
        if let Ok(room) = Arc::clone(&self.room).acquire_many_owned(bytes).await {
            let _ = self.queue.send(Chunk { lines, room });
        }
    }

    /// Hands lines over if there is room now; returns whether there was.
    pub(super) fn try_put(&self, lines: Vec<u8>) -> bool {
        let bytes = (lines.len() as u32).min(LANE_BYTES_MAX);
        match Arc::clone(&self.room).try_acquire_many_owned(bytes) {
            Ok(room) => self.queue.send(Chunk { lines, room }).is_ok(),
            Err(_) => false,
        }
    }
}

async fn run(
    app: App,
    intake: Arc<Intake>,
    source: SourceId,
    mut chunks: UnboundedReceiver<Chunk>,
) {
    while let Some(first) = next(&mut chunks, &intake).await {
        let received_us = app.now();
        let gathered = gather(first, &mut chunks, &intake).await;
        store(&intake, source, received_us, &gathered.lines).await;
    }
}

/// Returns the next chunk; once the hub stops, what was taken already and then nothing.
async fn next(chunks: &mut UnboundedReceiver<Chunk>, intake: &Intake) -> Option<Chunk> {
    tokio::select! {
        biased;
        chunk = chunks.recv() => chunk,
        () = intake.stop.cancelled() => None,
    }
}

/// Adds what comes until the frame is large or old enough.
async fn gather(mut frame: Chunk, chunks: &mut UnboundedReceiver<Chunk>, intake: &Intake) -> Chunk {
    let deadline = Instant::now() + FRAME_WAIT;
    while frame.lines.len() < FRAME_BYTES {
        let Ok(Some(more)) = timeout_at(deadline, next(chunks, intake)).await else { break };
        frame.lines.extend_from_slice(&more.lines);
        frame.room.merge(more.room);
    }
    frame
}

/// Stores a frame; a full log is asked again until it takes it, which slows the source down.
async fn store(intake: &Intake, source: SourceId, received_us: i64, lines: &[u8]) {
    loop {
        let frame = Frame {
            source: *source.uuid().as_bytes(),
            key: Key::Unkeyed,
            received_us,
            decoder: Format::Syslog,
            raw: lines.to_vec(),
        };
        let lost = match intake.append(frame).await {
            Ok(_) => false,
            Err(LakeError::Full { .. } | LakeError::DiskFull) => {
                tracing::warn!(source = %source, "the intake log is full; syslog waits");
                tokio::select! {
                    () = sleep(FULL_PAUSE) => continue,
                    () = intake.stop.cancelled() => true,
                }
            }
            Err(error) => {
                tracing::error!(source = %source, %error, "a syslog frame was not stored");
                true
            }
        };
        let count = lines.iter().filter(|byte| **byte == b'\n').count() as i64;
        return intake.tally.frame(source, received_us, count, lost);
    }
}
