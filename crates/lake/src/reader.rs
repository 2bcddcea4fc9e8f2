//! Reading the committed frames in order, across segments and around damage.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    sync::Arc,
};

use khien_event::Format;

use crate::{
    LakeError, Offset, SourceId,
    frame::{self, HEADER_BYTES, Header},
    segment::FIRST_FRAME,
    shared::Shared,
};

/// Behind damage, the next frame is searched for in windows of this size.
const SEARCH_BYTES: u32 = 64 << 10;

/// A frame as it was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it lies.
    pub at: Offset,
    /// Who sent it.
    pub source: SourceId,
    /// With source and sequence, the frame's identity.
    pub epoch: u64,
    /// With source and epoch, the frame's identity.
    pub sequence: u64,
    /// When it arrived, µs UTC.
    pub received_us: i64,
    /// What will read it.
    pub decoder: Format,
    /// The bytes as received.
    pub raw: Vec<u8>,
}

/// A stretch of the log that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins.
    pub from: Offset,
    /// How many bytes it has.
    pub bytes: u32,
}

/// What [`Reader::next_batch`] found. Nothing of anything: the reader has caught up.
#[derive(Debug, Default)]
pub struct ReadBatch {
    /// The frames, in the order of the log.
    pub frames: Vec<Stored>,
    /// What lay between them and could not be read.
    pub damaged: Vec<Damage>,
    /// Where to go on: store it with what was made of the frames.
    pub next: Offset,
}

/// Follows the committed part of a log. Reading blocks on the disk; waiting does not.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    at: Offset,
    open: Option<(u32, File)>,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, at: Offset) -> Result<Self, LakeError> {
        let end = shared.tail.borrow().end;
        if at > end {
            return Err(LakeError::AheadOfLog { at, end });
        }
        let mut reader = Self { shared, at, open: None };
        // Steps over segment headers now, so that `wait` never mistakes one for a frame.
        reader.enter_segment()?;
        Ok(reader)
    }

    /// Returns where the next frame will be looked for.
    pub fn offset(&self) -> Offset {
        self.at
    }

    /// Returns the next committed frames: at least one if there is one, and no further frame
    /// once their raw bytes have reached `max_bytes`.
    pub fn next_batch(&mut self, max_bytes: usize) -> Result<ReadBatch, LakeError> {
        let mut batch = ReadBatch::default();
        let mut bytes = 0;
        while let Some(end) = self.enter_segment()? {
            match self.read_frame(end)? {
                Ok(stored) => {
                    bytes += stored.raw.len() + HEADER_BYTES;
                    batch.frames.push(stored);
                }
                Err(damage) => batch.damaged.push(damage),
            }
            if bytes >= max_bytes {
                break;
            }
        }
        batch.next = self.at;
        Ok(batch)
    }

    /// Waits until a frame is committed after this reader's offset.
    ///
    /// When the log has stopped, what it committed before can still be read; only then is the
    /// reason returned.
    pub async fn wait(&mut self) -> Result<(), LakeError> {
        let mut tail = self.shared.tail.subscribe();
        let more = tail.wait_for(|tail| tail.end > self.at || tail.stopped.is_some()).await;
        let more = more.map_err(|_| LakeError::Closed)?;
        match &more.stopped {
            Some(stopped) if more.end <= self.at => Err(stopped.error()),
            _ => Ok(()),
        }
    }

    /// Moves to the segment that holds the next frame and returns where its committed part ends,
    /// or nothing when there is no further frame.
    fn enter_segment(&mut self) -> Result<Option<u32>, LakeError> {
        loop {
            let found = self
                .shared
                .segments()
                .range(self.at.segment()..)
                .next()
                .map(|(number, segment)| (*number, segment.end, segment.path.clone()));
            let Some((number, end, path)) = found else { return Ok(None) };
            self.at = self.at.max(Offset::new(number, FIRST_FRAME));
            if self.at.within() < end {
                if self.open.as_ref().is_none_or(|(open, _)| *open != number) {
                    let file =
                        File::open(path).map_err(LakeError::io("opening a segment to read"))?;
                    self.open = Some((number, file));
                }
                return Ok(Some(end));
            }
            let Some(next) = self.shared.segments().range(number + 1..).next().map(|(n, _)| *n)
            else {
                return Ok(None);
            };
            self.at = Offset::new(next, FIRST_FRAME);
        }
    }

    /// Reads the frame at the reader's offset and moves behind it, or behind the damage there.
    fn read_frame(&mut self, end: u32) -> Result<Result<Stored, Damage>, LakeError> {
        let at = self.at;
        let Some(header) = self.read(at.within(), HEADER_BYTES as u32, end)? else {
            return Ok(Err(self.skip_to(end)));
        };
        let Some(header) = Header::decode(&header, at) else {
            let next = self.next_header(end)?;
            return Ok(Err(self.skip_to(next)));
        };
        let behind =
            u32::try_from(u64::from(at.within()) + header.frame_bytes()).unwrap_or(end).min(end);
        let payload = self.read(at.within() + HEADER_BYTES as u32, header.payload_bytes, end)?;
        let payload = payload.filter(|payload| header.owns(payload));
        let Some(raw) = payload.and_then(|payload| frame::unpack(&header, &payload)) else {
            return Ok(Err(self.skip_to(behind)));
        };
        let name = header.decoder_name();
        let decoder = name.parse().map_err(|_| LakeError::Decoder { at, name })?;
        self.at = Offset::new(at.segment(), behind);
        let Header { source, epoch, sequence, received_us, .. } = header;
        Ok(Ok(Stored { at, source, epoch, sequence, received_us, decoder, raw }))
    }

    /// Returns where the first frame behind the reader's offset begins, or `end`.
    fn next_header(&self, end: u32) -> Result<u32, LakeError> {
        let mut from = self.at.within() + 1;
        while from < end {
            // A header that begins in this window may end in the next.
            let bytes = (SEARCH_BYTES + HEADER_BYTES as u32).min(end - from);
            let window = self.read(from, bytes, end)?.unwrap_or_default();
            let found = frame::next_header(&window, Offset::new(self.at.segment(), from));
            if let Some(found) = found {
                return Ok(found);
            }
            from = from.saturating_add(SEARCH_BYTES);
        }
        Ok(end)
    }

    fn skip_to(&mut self, within: u32) -> Damage {
        let from = self.at;
        self.at = Offset::new(from.segment(), within);
        Damage { from, bytes: within - from.within() }
    }

    /// Returns `bytes` at `within`, or nothing if they reach behind `end` or behind the file.
    fn read(&self, within: u32, bytes: u32, end: u32) -> Result<Option<Vec<u8>>, LakeError> {
        let Some((_, file)) = &self.open else { return Ok(None) };
        if bytes > end.saturating_sub(within) {
            return Ok(None);
        }
        let mut out = vec![0; bytes as usize];
        match file.read_exact_at(&mut out, u64::from(within)) {
            Ok(()) => Ok(Some(out)),
            Err(error) if is_damage(&error) => Ok(None),
            Err(error) => Err(LakeError::io("reading a segment")(error)),
        }
    }
}

/// A file that ends too early is damage to report, not a reason to stop reading the others.
fn is_damage(error: &io::Error) -> bool {
    error.kind() == ErrorKind::UnexpectedEof
}
