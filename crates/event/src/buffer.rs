//! The text of an event, or of a program for one, while it is written.
//!
//! Nearly all pieces of it are short. Each is written as a block of a fixed size, of which only the
//! first bytes count, because that is one store where a copy of just those bytes is a call.

/// The shortest length to grow to.
const BYTES_MIN: usize = 256;

/// Text being written, which is UTF-8 when nobody writes half a character.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// The text, and behind it what blocks left there.
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Forgets what stands from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Returns the text from `start` on.
    pub(crate) fn text(&self, start: usize) -> &str {
        std::str::from_utf8(&self.bytes[start..self.len])
            .expect("only whole characters are appended")
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.fill(bytes.len());
    }

    /// Appends the first `used` bytes of a block; all of it, if it has no more.
    #[inline]
    pub(crate) fn push_block<const N: usize>(&mut self, block: [u8; N], used: usize) {
        if let Some(room) = self.room(N).first_chunk_mut() {
            *room = block;
        }
        self.fill(used.min(N));
    }

    pub(crate) fn push_char(&mut self, character: char) {
        let mut block = [0; 4];
        let used = character.encode_utf8(&mut block).len();
        self.push_block(block, used);
    }

    /// Returns at least so many bytes behind the text, to be written to.
    #[inline]
    pub(crate) fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.bytes.len() - self.len < bytes {
            self.grow(self.len + bytes);
        }
        &mut self.bytes[self.len..]
    }

    /// Makes so many bytes behind the text, which were written to, a part of it.
    #[inline]
    pub(crate) fn fill(&mut self, bytes: usize) {
        self.len = self.bytes.len().min(self.len + bytes);
    }

    #[cold]
    fn grow(&mut self, end: usize) {
        self.bytes.resize(end.max(2 * self.bytes.len()).max(BYTES_MIN), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_counts_of_a_block_is_text() {
        let mut buffer = Buffer::default();
        buffer.push_block(*b"abcd", 2);
        buffer.push(b"ef");
        buffer.push_char('\u{111}');
        buffer.push_block(*b"xyz", 9);
        assert_eq!((buffer.text(0), buffer.len()), ("abef\u{111}xyz", 9));
        buffer.truncate(20);
        buffer.truncate(4);
        assert_eq!((buffer.text(2), buffer.bytes()), ("ef", &b"abef"[..]));
        let long = "long ".repeat(1000);
        buffer.push(long.as_bytes());
        assert_eq!(buffer.text(4), long);
        buffer.clear();
        assert_eq!(buffer.text(0), "");
    }
}
