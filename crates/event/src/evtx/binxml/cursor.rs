//! Bounds-checked reading at chunk offsets.

use super::Flaw;

/// A position in a chunk. Offsets stay the chunk's own, because names and templates are told by
/// them; nothing at or past the end of `bytes` is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'c> {
    bytes: &'c [u8],
    at: usize,
}

impl<'c> Cursor<'c> {
    /// Starts at `at`, which may lie outside: then the first read fails.
    pub(crate) fn new(bytes: &'c [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'c [u8], Flaw> {
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.get(..len));
        self.at += len;
        taken.ok_or(Flaw::Cut)
    }

    pub(crate) fn skip(&mut self, len: usize) -> Result<(), Flaw> {
        self.take(len).map(|_| ())
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Flaw> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Flaw> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Flaw> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Flaw> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads a length or an offset.
    pub(crate) fn size(&mut self) -> Result<usize, Flaw> {
        self.u32().map(|size| size as usize)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let read = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk());
        self.at += N;
        read.copied().ok_or(Flaw::Cut)
    }
}
