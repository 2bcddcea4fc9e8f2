//! One frame: a fixed header, then the zstd batch, padded to eight bytes.
//!
//! ```text
//!  0 magic "KHFR"    4 version u8   5 flags u8 (bit 0: keyed)   6 zero u16
//!  8 payload length u32            12 raw length u32
//! 16 payload CRC32C u32            20 committed u32
//! 24 source [16]    40 epoch u64   48 sequence u64    56 received i64 µs
//! 64 decoder name, zero padded [16]                   80 header CRC32C u32   84 zero u32
//! ```
//!
//! Integers are little endian. The header's CRC also covers segment number and offset, so a frame
//! that lies where it was not written is no frame. `committed` is the offset up to which the
//! segment was durable when the frame was written: it tells damage among acknowledged frames
//! from a torn group of which only some pages reached the disk.

use khien_event::Format;

use crate::{LakeError, Offset};

/// Identity of a source, as the registry of sources gave it.
pub type SourceId = [u8; 16];

/// Largest batch, as received, that one frame takes.
pub const MAX_BATCH_BYTES: usize = 16 << 20;

/// The epoch of frames that came without a key; their sequence is their place in the log.
pub const UNKEYED_EPOCH: u64 = i64::MAX as u64;

pub(crate) const HEADER_BYTES: usize = 88;
pub(crate) const ALIGN: usize = 8;
const MAGIC: [u8; 4] = *b"KHFR";
const VERSION: u8 = 1;
const KEYED: u8 = 1;
const CRC_AT: usize = 80;
const DECODER_BYTES: usize = 16;
const ZSTD_LEVEL: i32 = 1;

/// What a door hands over.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Who sent it.
    pub source: SourceId,
    /// How a repetition is known.
    pub key: Key,
    /// When it arrived, µs UTC.
    pub received_us: i64,
    /// What will read it.
    pub decoder: Format,
    /// The bytes as received.
    pub raw: Vec<u8>,
}

/// How a repetition of a frame is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The sender numbers its frames: a repetition is stored once.
    Keyed {
        /// One life of the sender's counter; below [`UNKEYED_EPOCH`].
        epoch: u64,
        /// The frame's number in that life; at most `i64::MAX`.
        sequence: u64,
    },
    /// The sender numbers nothing: a repetition is a second frame.
    Unkeyed,
}

/// A header as it lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) keyed: bool,
    pub(crate) payload_bytes: u32,
    pub(crate) raw_bytes: u32,
    pub(crate) payload_crc: u32,
    pub(crate) committed: u32,
    pub(crate) source: SourceId,
    pub(crate) epoch: u64,
    pub(crate) sequence: u64,
    pub(crate) received_us: i64,
    pub(crate) decoder: [u8; DECODER_BYTES],
}

impl Header {
    /// Returns the bytes of this header for the place `at`, and nowhere else.
    pub(crate) fn encode(&self, at: Offset) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        let mut put =
            |from: usize, bytes: &[u8]| out[from..from + bytes.len()].copy_from_slice(bytes);
        put(0, &MAGIC);
        put(4, &[VERSION, u8::from(self.keyed) * KEYED]);
        put(8, &self.payload_bytes.to_le_bytes());
        put(12, &self.raw_bytes.to_le_bytes());
        put(16, &self.payload_crc.to_le_bytes());
        put(20, &self.committed.to_le_bytes());
        put(24, &self.source);
        put(40, &self.epoch.to_le_bytes());
        put(48, &self.sequence.to_le_bytes());
        put(56, &self.received_us.to_le_bytes());
        put(64, &self.decoder);
        let crc = header_crc(&out, at);
        out[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Returns the header that `bytes` begins with, if one was written at `at`.
    pub(crate) fn decode(bytes: &[u8], at: Offset) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        if bytes[..4] != MAGIC || u32_at(bytes, CRC_AT) != header_crc(bytes, at) {
            return None;
        }
        let header = Self {
            keyed: bytes[5] & KEYED != 0,
            payload_bytes: u32_at(bytes, 8),
            raw_bytes: u32_at(bytes, 12),
            payload_crc: u32_at(bytes, 16),
            committed: u32_at(bytes, 20),
            source: array_at(bytes, 24),
            epoch: u64::from_le_bytes(array_at(bytes, 40)),
            sequence: u64::from_le_bytes(array_at(bytes, 48)),
            received_us: i64::from_le_bytes(array_at(bytes, 56)),
            decoder: array_at(bytes, 64),
        };
        (bytes[4] == VERSION && header.raw_bytes as usize <= MAX_BATCH_BYTES).then_some(header)
    }

    /// Returns the length of the whole frame: header, payload and padding.
    pub(crate) fn frame_bytes(&self) -> u64 {
        frame_bytes(self.payload_bytes as usize)
    }

    /// Returns whether `payload` is the one this header was written for.
    pub(crate) fn owns(&self, payload: &[u8]) -> bool {
        payload.len() == self.payload_bytes as usize && crc32c::crc32c(payload) == self.payload_crc
    }

    /// Returns the decoder's name as stored.
    pub(crate) fn decoder_name(&self) -> String {
        let name = self.decoder.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(name).into_owned()
    }
}

/// Returns the length of a frame around a payload of `payload_bytes`.
pub(crate) const fn frame_bytes(payload_bytes: usize) -> u64 {
    (HEADER_BYTES + payload_bytes).next_multiple_of(ALIGN) as u64
}

/// Returns the stored form of a decoder's name.
pub(crate) fn stored_name(decoder: Format) -> [u8; DECODER_BYTES] {
    let mut out = [0; DECODER_BYTES];
    let name = decoder.name().as_bytes();
    out[..name.len()].copy_from_slice(name);
    out
}

/// Returns `raw` compressed.
pub(crate) fn pack(raw: &[u8]) -> Result<Vec<u8>, LakeError> {
    zstd::bulk::compress(raw, ZSTD_LEVEL).map_err(LakeError::io("compressing a batch"))
}

/// Returns the batch inside `payload`, or nothing if it is not what `header` says.
pub(crate) fn unpack(header: &Header, payload: &[u8]) -> Option<Vec<u8>> {
    let raw = zstd::bulk::decompress(payload, header.raw_bytes as usize).ok()?;
    (raw.len() == header.raw_bytes as usize).then_some(raw)
}

/// Returns where the first header in `bytes` lies, given that `bytes` begins at `from`.
///
/// Only headers are looked at, never payloads, so the cost is one pass whatever the bytes hold.
pub(crate) fn next_header(bytes: &[u8], from: Offset) -> Option<u32> {
    let first = (from.within() as usize).next_multiple_of(ALIGN) - from.within() as usize;
    (first..bytes.len()).step_by(ALIGN).find_map(|skip| {
        let within = from.within() + u32::try_from(skip).ok()?;
        let at = Offset::new(from.segment(), within);
        Header::decode(&bytes[skip..], at).map(|_| within)
    })
}

fn header_crc(bytes: &[u8; HEADER_BYTES], at: Offset) -> u32 {
    let seed = crc32c::crc32c(&at.as_u64().to_le_bytes());
    // The padding after the CRC is covered too: a flipped bit anywhere in a header shows.
    let covered = crc32c::crc32c_append(seed, &bytes[..CRC_AT]);
    crc32c::crc32c_append(covered, &bytes[CRC_AT + 4..])
}

fn u32_at(bytes: &[u8; HEADER_BYTES], from: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, from))
}

fn array_at<const N: usize>(bytes: &[u8; HEADER_BYTES], from: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[from..from + N]);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_header() -> impl Strategy<Value = Header> {
        let numbers = (any::<u32>(), 0..=MAX_BATCH_BYTES as u32, any::<u32>(), any::<u32>());
        (any::<bool>(), numbers, any::<SourceId>(), any::<(u64, u64, i64)>()).prop_map(
            |(keyed, (payload_bytes, raw_bytes, payload_crc, committed), source, rest)| Header {
                keyed,
                payload_bytes,
                raw_bytes,
                payload_crc,
                committed,
                source,
                epoch: rest.0,
                sequence: rest.1,
                received_us: rest.2,
                decoder: stored_name(Format::Json),
            },
        )
    }

    proptest! {
        #[test]
        fn decode_returns_what_encode_was_given(header in any_header(), place in any::<(u32, u32)>()) {
            let at = Offset::new(place.0, place.1);
            prop_assert_eq!(Header::decode(&header.encode(at), at), Some(header));
        }

        #[test]
        fn a_flipped_bit_or_another_place_is_no_header(header in any_header(), bit in 0..HEADER_BYTES * 8) {
            let at = Offset::new(1, 32);
            let mut bytes = header.encode(at);
            prop_assert_eq!(Header::decode(&bytes, Offset::new(1, 40)), None);
            prop_assert_eq!(Header::decode(&bytes, Offset::new(2, 32)), None);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Header::decode(&bytes, at), None);
        }

        #[test]
        fn unpack_returns_what_pack_was_given(raw in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let payload = pack(&raw).unwrap();
            let mut header = Header { raw_bytes: raw.len() as u32, ..sample() };
            prop_assert_eq!(unpack(&header, &payload), Some(raw));
            header.raw_bytes += 1;
            prop_assert_eq!(unpack(&header, &payload), None);
        }
    }

    fn sample() -> Header {
        Header {
            keyed: true,
            payload_bytes: 3,
            raw_bytes: 9,
            payload_crc: crc32c::crc32c(b"abc"),
            committed: 32,
            source: [7; 16],
            epoch: 1,
            sequence: 2,
            received_us: 3,
            decoder: stored_name(Format::Json),
        }
    }

    #[test]
    fn a_payload_is_owned_only_whole_and_unchanged() {
        assert!(sample().owns(b"abc"));
        assert!(!sample().owns(b"abd"));
        assert!(!sample().owns(b"ab"));
    }

    #[test]
    fn the_next_header_is_found_behind_rubbish() {
        let mut bytes = b"KHFR KHFR rubbish".repeat(3);
        bytes.resize(64, 0);
        let from = Offset::new(4, 40);
        assert_eq!(next_header(&bytes, from), None);
        bytes.extend(sample().encode(Offset::new(4, 104)));
        assert_eq!(next_header(&bytes, from), Some(104));
    }

    #[test]
    fn every_decoder_name_fits_and_reads_back() {
        for format in Format::ALL {
            let header = Header { decoder: stored_name(format), ..sample() };
            assert_eq!(header.decoder_name(), format.name());
        }
    }
}
