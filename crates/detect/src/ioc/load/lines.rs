//! Lines of a stream, in bounded memory, without a copy.

use std::io::{ErrorKind, Read, Result};

use memchr::memchr;

/// Bytes of a line.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;
/// Bytes that are read at once; a longer line than this is not even held.
const BUFFER_BYTES: usize = 256 * 1024;

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'l> {
    /// Its bytes.
    Whole(&'l [u8]),
    /// It was longer than [`LINE_BYTES_MAX`] and is passed over.
    TooLong,
}

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    feed: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(feed: R) -> Self {
        let buffer = vec![0; BUFFER_BYTES];
        Self { feed, buffer, start: 0, end: 0, ended: false }
    }

    /// Returns the next line; none at the end.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>> {
        let mut looked_at = 0;
        let mut too_long = false;
        loop {
            let unseen = &self.buffer[self.start + looked_at..self.end];
            if let Some(at) = memchr(b'\n', unseen) {
                let (start, end) = (self.start, self.start + looked_at + at);
                self.start = end + 1;
                return Ok(Some(self.line(start, end, too_long)));
            }
            looked_at = self.end - self.start;
            if self.ended {
                let (start, end) = (self.start, self.end);
                self.start = end;
                let is_line = end > start || too_long;
                return Ok(is_line.then(|| self.line(start, end, too_long)));
            }
            if looked_at > LINE_BYTES_MAX {
                too_long = true;
                self.start = self.end;
                looked_at = 0;
            }
            self.fill()?;
        }
    }

    fn line(&self, start: usize, end: usize, too_long: bool) -> Line<'_> {
        let line = &self.buffer[start..end];
        if too_long || line.len() > LINE_BYTES_MAX {
            return Line::TooLong;
        }
        Line::Whole(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn fill(&mut self) -> Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        loop {
            match self.feed.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out at most so many bytes at once.
    struct Slow<'b>(&'b [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> Result<usize> {
            let bytes = self.1.min(self.0.len()).min(out.len());
            out[..bytes].copy_from_slice(&self.0[..bytes]);
            self.0 = &self.0[bytes..];
            Ok(bytes)
        }
    }

    fn all(bytes: &[u8], at_once: usize) -> Vec<Option<usize>> {
        let mut lines = Lines::new(Slow(bytes, at_once));
        let mut lengths = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            lengths.push(match line {
                Line::Whole(bytes) => Some(bytes.len()),
                Line::TooLong => None,
            });
        }
        lengths
    }

    #[test]
    fn lines_end_where_they_end() {
        for at_once in [1, 3, 1 << 20] {
            assert_eq!(all(b"a\r\n\nbcd", at_once), [Some(1), Some(0), Some(3)]);
            assert_eq!(all(b"", at_once), []);
            assert_eq!(all(b"\n", at_once), [Some(0)]);
        }
    }

    #[test]
    fn a_line_without_end_is_passed_over() {
        let mut bytes = vec![b'x'; 3 * BUFFER_BYTES];
        bytes.extend_from_slice(b"\nshort\n");
        bytes.extend(vec![b'y'; LINE_BYTES_MAX + 1]);
        for at_once in [1_000, 1 << 20] {
            assert_eq!(all(&bytes, at_once), [None, Some(5), None]);
        }
    }
}
