//! A stream of JSON with bounds on its nesting and on each of its texts.
//!
//! The JSON reader keeps one text at a time and one byte per level that it skips; with the bounds
//! held here, before it, a hostile file costs no memory.

use std::io::{Error, ErrorKind, Read, Result};

/// Levels of nesting.
const DEPTH_MAX: usize = 64;
/// Bytes of one text. MISP events carry whole samples as texts.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// Passes bytes on until a bound is broken.
#[derive(Debug)]
pub(super) struct Guard<R> {
    feed: R,
    depth: usize,
    in_text: bool,
    escaped: bool,
    text_bytes: usize,
}

impl<R> Guard<R> {
    pub(super) fn new(feed: R) -> Self {
        Self { feed, depth: 0, in_text: false, escaped: false, text_bytes: 0 }
    }

    fn watch(&mut self, bytes: &[u8]) -> Result<()> {
        for byte in bytes {
            if self.in_text {
                self.text_bytes += 1;
                self.in_text = self.escaped || *byte != b'"';
                self.escaped = !self.escaped && *byte == b'\\';
                continue;
            }
            match byte {
                b'"' => {
                    if self.text_bytes > TEXT_BYTES_MAX {
                        break;
                    }
                    (self.in_text, self.text_bytes) = (true, 0);
                }
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => continue,
            }
            if self.depth > DEPTH_MAX {
                let why = format!("nested deeper than {DEPTH_MAX}");
                return Err(Error::new(ErrorKind::InvalidData, why));
            }
        }
        if self.text_bytes > TEXT_BYTES_MAX {
            let why = format!("a text of more than {TEXT_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::InvalidData, why));
        }
        Ok(())
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let read = self.feed.read(out)?;
        self.watch(&out[..read])?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(bytes: &[u8]) -> bool {
        let mut out = Vec::new();
        Guard::new(bytes).read_to_end(&mut out).is_ok()
    }

    #[test]
    fn bounds_are_held() {
        let nested = |levels: usize| ["[".repeat(levels), "]".repeat(levels)].concat();
        assert!(passes(nested(DEPTH_MAX).as_bytes()));
        assert!(!passes(nested(DEPTH_MAX + 1).as_bytes()));
        assert!(passes(nested(2).repeat(1_000).as_bytes()));
        assert!(passes(format!("\"{}\\\"{}\"", "[".repeat(100), "[".repeat(100)).as_bytes()));
        let mut long = vec![b'x'; TEXT_BYTES_MAX + 2];
        long[0] = b'"';
        assert!(!passes(&long));
    }
}
