//! The intake log through its public door: one module per promise.

#![expect(clippy::unwrap_used, reason = "a test says what broke by panicking")]

mod append;
mod crash;
mod keep;
mod kill;

use khien_event::Format;
use khien_lake::{Frame, IntakeLog, Key, Offset, Options, Reader, SourceId, Stored};

const SOURCE: SourceId = [7; 16];
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Small segments, so that a test sees many.
fn small() -> Options {
    Options { segment_bytes: 64 << 10, budget_bytes: 64 << 20, ..Options::default() }
}

fn keyed(epoch: u64, sequence: u64, raw: impl Into<Vec<u8>>) -> Frame {
    let key = Key::Keyed { epoch, sequence };
    Frame { source: SOURCE, key, received_us: 1_000, decoder: Format::Json, raw: raw.into() }
}

/// Bytes that do not compress, so that segments fill as fast as a test expects.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..bytes).map(|_| next()).collect()
}

fn read_rest(reader: &mut Reader) -> Vec<Stored> {
    let mut all = Vec::new();
    loop {
        let batch = reader.next_batch(10_000).unwrap();
        assert_eq!(batch.damaged, []);
        if batch.frames.is_empty() {
            return all;
        }
        all.extend(batch.frames);
    }
}

fn read_all(log: &IntakeLog) -> Vec<Stored> {
    read_rest(&mut log.reader_from(Offset::START).unwrap())
}

fn sequences(frames: &[Stored]) -> Vec<u64> {
    frames.iter().map(|frame| frame.sequence).collect()
}
