//! The encrypted file format of evidence: XChaCha20-Poly1305 in segments, as in the STREAM
//! construction.
//!
//! ```text
//! "KHIENBLB" | version 1 | nonce prefix (19 bytes) | segment ... | last segment
//! ```
//! A segment is 64 KiB of plaintext and its 16-byte tag; the last one may be shorter, or empty.
//! The nonce is prefix, segment number and a last-segment flag, so that segments cannot be
//! swapped, repeated or cut off unnoticed.

use std::io::{BufRead, Error, ErrorKind, Read, Result, Write};

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

/// The key of one file.
pub(crate) type Key = [u8; 32];

/// Plaintext bytes per segment.
pub(crate) const SEGMENT_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
const PREFIX_BYTES: usize = 19;
const MAGIC: &[u8; 9] = b"KHIENBLB\x01";

/// Numbers the segments of one file and enciphers them.
struct Segments {
    cipher: XChaCha20Poly1305,
    prefix: [u8; PREFIX_BYTES],
    number: u32,
}

impl Segments {
    fn new(key: &Key, prefix: [u8; PREFIX_BYTES]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(key.into()), prefix, number: 0 }
    }

    fn nonce(&mut self, last: bool) -> Result<XNonce> {
        let mut nonce = [0; 24];
        nonce[..PREFIX_BYTES].copy_from_slice(&self.prefix);
        nonce[PREFIX_BYTES..23].copy_from_slice(&self.number.to_be_bytes());
        nonce[23] = u8::from(last);
        self.number = self.number.checked_add(1).ok_or_else(too_long)?;
        Ok(nonce.into())
    }

    fn encrypt(&mut self, segment: &mut Vec<u8>, last: bool) -> Result<()> {
        let nonce = self.nonce(last)?;
        self.cipher.encrypt_in_place(&nonce, MAGIC, segment).map_err(|_| too_long())
    }

    fn decrypt(&mut self, segment: &mut Vec<u8>, last: bool) -> Result<()> {
        let nonce = self.nonce(last)?;
        self.cipher.decrypt_in_place(&nonce, MAGIC, segment).map_err(|_| damaged())
    }
}

/// Enciphers what is written to it.
pub(crate) struct Sealer<W> {
    out: W,
    segments: Segments,
    /// Plaintext of the segment being filled; a full one waits, because it may be the last.
    buffer: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    pub(crate) fn new(mut out: W, key: &Key, prefix: [u8; PREFIX_BYTES]) -> Result<Self> {
        out.write_all(MAGIC)?;
        out.write_all(&prefix)?;
        let buffer = Vec::with_capacity(SEGMENT_BYTES + TAG_BYTES);
        Ok(Self { out, segments: Segments::new(key, prefix), buffer })
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            if self.buffer.len() == SEGMENT_BYTES {
                self.put(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(SEGMENT_BYTES - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Writes the last segment and returns what lies beneath.
    pub(crate) fn finish(mut self) -> Result<W> {
        self.put(true)?;
        Ok(self.out)
    }

    fn put(&mut self, last: bool) -> Result<()> {
        self.segments.encrypt(&mut self.buffer, last)?;
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// Returns the random part of a new file's nonces.
pub(crate) fn new_prefix() -> std::result::Result<[u8; PREFIX_BYTES], getrandom::Error> {
    let mut prefix = [0; PREFIX_BYTES];
    getrandom::fill(&mut prefix)?;
    Ok(prefix)
}

/// Deciphers a file segment by segment.
pub(crate) struct Opener<R> {
    from: R,
    segments: Segments,
    ended: bool,
}

impl<R: BufRead> Opener<R> {
    pub(crate) fn new(mut from: R, key: &Key) -> Result<Self> {
        let mut magic = [0; MAGIC.len()];
        let mut prefix = [0; PREFIX_BYTES];
        from.read_exact(&mut magic).and_then(|()| from.read_exact(&mut prefix)).map_err(cut)?;
        if magic != *MAGIC {
            return Err(damaged());
        }
        Ok(Self { from, segments: Segments::new(key, prefix), ended: false })
    }

    /// Returns the next segment's plaintext, or nothing after the last; `InvalidData` if the file
    /// is not what was written.
    pub(crate) fn next_segment(&mut self) -> Result<Option<Vec<u8>>> {
        if self.ended {
            return Ok(None);
        }
        let mut segment = Vec::with_capacity(SEGMENT_BYTES + TAG_BYTES);
        let full = (SEGMENT_BYTES + TAG_BYTES) as u64;
        (&mut self.from).take(full).read_to_end(&mut segment)?;
        // Nothing behind it: it must have been sealed as the last, or the tail is cut.
        self.ended = self.from.fill_buf()?.is_empty();
        self.segments.decrypt(&mut segment, self.ended)?;
        Ok(Some(segment))
    }
}

fn cut(error: Error) -> Error {
    if error.kind() == ErrorKind::UnexpectedEof { damaged() } else { error }
}

fn damaged() -> Error {
    Error::new(ErrorKind::InvalidData, "not what was sealed")
}

fn too_long() -> Error {
    Error::new(ErrorKind::FileTooLarge, "more segments than the format has numbers for")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: Key = [3; 32];
    const HEADER_BYTES: usize = MAGIC.len() + PREFIX_BYTES;

    fn seal(plain: &[u8], chunk: usize) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), &KEY, [5; PREFIX_BYTES]).unwrap();
        for bytes in plain.chunks(chunk.max(1)) {
            sealer.write(bytes).unwrap();
        }
        sealer.finish().unwrap()
    }

    fn open(sealed: &[u8]) -> Result<Vec<u8>> {
        let mut opener = Opener::new(sealed, &KEY)?;
        let mut plain = Vec::new();
        while let Some(segment) = opener.next_segment()? {
            plain.extend(segment);
        }
        Ok(plain)
    }

    fn plain(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn lengths_around_a_segment_come_back() {
        for len in [0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 3 * SEGMENT_BYTES] {
            let sealed = seal(&plain(len), 10_007);
            let segments = len.div_ceil(SEGMENT_BYTES).max(1);
            assert_eq!(sealed.len(), HEADER_BYTES + len + segments * TAG_BYTES);
            assert_eq!(open(&sealed).unwrap(), plain(len));
        }
    }

    #[test]
    fn every_cut_is_caught() {
        let sealed = seal(&plain(2 * SEGMENT_BYTES + 9), 65_536);
        let full = SEGMENT_BYTES + TAG_BYTES;
        for len in [
            0,
            5,
            HEADER_BYTES,
            HEADER_BYTES + 7,
            HEADER_BYTES + full,
            HEADER_BYTES + 2 * full,
            sealed.len() - 1,
        ] {
            assert_eq!(open(&sealed[..len]).unwrap_err().kind(), ErrorKind::InvalidData, "{len}");
        }
    }

    #[test]
    fn swapped_repeated_and_added_segments_are_caught() {
        let sealed = seal(&plain(3 * SEGMENT_BYTES), 65_536);
        let full = SEGMENT_BYTES + TAG_BYTES;
        let (header, body) = sealed.split_at(HEADER_BYTES);
        let part = |i: usize| &body[i * full..(i + 1) * full];
        let forged = [
            [header, part(1), part(0), part(2)].concat(),
            [header, part(0), part(0), part(2)].concat(),
            [header, part(0), part(1), part(2), part(2)].concat(),
            [&sealed[..], b"x"].concat(),
        ];
        for sealed in forged {
            assert!(open(&sealed).is_err());
        }
    }

    #[test]
    fn another_key_opens_nothing() {
        let sealed = seal(b"bytes", 5);
        assert!(Opener::new(&sealed[..], &[4; 32]).unwrap().next_segment().is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_is_sealed_opens(len in 0..200_000_usize, chunk in 1..100_000_usize) {
            prop_assert_eq!(open(&seal(&plain(len), chunk)).unwrap(), plain(len));
        }

        #[test]
        fn a_flipped_bit_is_caught(len in 0..150_000_usize, at in any::<prop::sample::Index>()) {
            let mut sealed = seal(&plain(len), 65_536);
            let at = at.index(sealed.len());
            sealed[at] ^= 0x10;
            prop_assert!(open(&sealed).is_err());
        }
    }
}
