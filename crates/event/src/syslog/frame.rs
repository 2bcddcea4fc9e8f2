//! Splits a TCP byte stream into messages: octet counting (RFC 6587 §3.4.1) or newlines, told
//! apart message by message as real senders mix them.
//!
//! A message is handed over as one line: a newline inside becomes `#012`, as rsyslog writes it, so
//! that messages can be kept one per line. However long a message is, no more than
//! [`MESSAGE_BYTES_MAX`] of it is ever held.

use std::borrow::Cow;

use crate::problem::{Problem, ProblemKind};

/// The longest message kept; the rest of a longer one is cut away and counted.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// The longest octet count taken for one. Ten digits are beyond any real message.
const COUNT_DIGITS_MAX: usize = 9;

/// Returns the message as one line, newlines inside it written as `#012`. A UDP datagram is a
/// message of its own and needs only this.
pub fn one_line(message: &[u8]) -> Cow<'_, [u8]> {
    let message = message.trim_ascii_end();
    if !message.contains(&b'\n') {
        return Cow::Borrowed(message);
    }
    let parts: Vec<&[u8]> = message.split(|byte| *byte == b'\n').collect();
    Cow::Owned(parts.join(b"#012".as_slice()))
}

/// The splitter of one connection.
#[derive(Debug, Default)]
pub struct Framer {
    /// The message so far, or the digits that may become its count.
    held: Vec<u8>,
    state: State,
    /// Whether something of the current message was cut away.
    overflowed: bool,
    cut: u64,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// At the start of a message, perhaps within an octet count.
    #[default]
    Start,
    /// After `count` and its space; `<` makes it octet counting.
    Counted { length: usize },
    /// Within a message of which `left` octets are to come.
    Octets { left: usize },
    /// Within a message that ends at a newline.
    Line,
}

impl Framer {
    /// Returns a splitter at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the stream and hands over every message they complete.
    pub fn push(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        while let Some(&first) = bytes.first() {
            let used = match self.state {
                State::Start => self.start(first),
                State::Counted { length } => self.counted(first, length),
                State::Octets { left } => self.octets(bytes, left, each),
                State::Line => self.line(bytes, each),
            };
            bytes = &bytes[used..];
        }
    }

    /// Ends the stream and hands over what is left of a message without its end.
    pub fn finish(mut self, each: &mut dyn FnMut(&[u8])) -> Option<Problem> {
        self.emit(each);
        self.take_problem()
    }

    /// Returns what was cut since the last call.
    pub fn take_problem(&mut self) -> Option<Problem> {
        let cut = std::mem::take(&mut self.cut);
        (cut > 0).then(|| Problem {
            at: None,
            kind: ProblemKind::OverLimit,
            detail: format!("{cut} messages longer than {MESSAGE_BYTES_MAX} bytes were cut"),
        })
    }

    fn start(&mut self, byte: u8) -> usize {
        match byte {
            b'0'..=b'9'
                if self.held.len() < COUNT_DIGITS_MAX && (byte, self.held.len()) != (b'0', 0) =>
            {
                self.held.push(byte);
                1
            }
            b' ' if !self.held.is_empty() => {
                self.state = State::Counted { length: self.count() };
                1
            }
            // Senders that count octets and end lines too.
            b'\n' | b'\r' | 0 if self.held.is_empty() => 1,
            _ => {
                self.state = State::Line;
                0
            }
        }
    }

    fn count(&self) -> usize {
        self.held.iter().fold(0, |count, digit| count * 10 + usize::from(digit - b'0'))
    }

    fn counted(&mut self, byte: u8, length: usize) -> usize {
        if byte == b'<' {
            self.held.clear();
            self.state = State::Octets { left: length };
        } else {
            self.held.push(b' ');
            self.state = State::Line;
        }
        0
    }

    fn octets(&mut self, bytes: &[u8], left: usize, each: &mut dyn FnMut(&[u8])) -> usize {
        let used = left.min(bytes.len());
        self.hold(&bytes[..used]);
        self.state = State::Octets { left: left - used };
        if used == left {
            self.emit(each);
        }
        used
    }

    fn line(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> usize {
        match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                self.hold(&bytes[..end]);
                self.emit(each);
                end + 1
            }
            None => {
                self.hold(bytes);
                bytes.len()
            }
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = MESSAGE_BYTES_MAX - self.held.len();
        self.held.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.overflowed |= bytes.len() > room;
    }

    fn emit(&mut self, each: &mut dyn FnMut(&[u8])) {
        self.cut += u64::from(self.overflowed);
        let message = one_line(&self.held);
        if !message.is_empty() {
            each(&message);
        }
        self.held.clear();
        self.overflowed = false;
        self.state = State::Start;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(chunks: &[&[u8]]) -> (Vec<String>, Option<Problem>) {
        let mut framer = Framer::new();
        let mut seen = Vec::new();
        let mut each = |message: &[u8]| seen.push(String::from_utf8_lossy(message).into_owned());
        for chunk in chunks {
            framer.push(chunk, &mut each);
        }
        let problem = framer.finish(&mut each);
        (seen, problem)
    }

    #[test]
    fn both_framings_mixed() {
        let stream = b"<13>one\r\n8 <13>two\n11 <13>th\nree\n2025-10-11 text\n12 angry men\n7 <1";
        let expected =
            ["<13>one", "<13>two", "<13>th#012ree", "2025-10-11 text", "12 angry men", "<1"];
        let (seen, problem) = split(&[stream]);
        assert_eq!(seen, expected);
        assert_eq!(problem, None);
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(split(&bytes).0, expected);
    }

    #[test]
    fn a_ten_megabyte_line_is_cut_and_told_and_not_held() {
        let mut framer = Framer::new();
        let mut sizes = Vec::new();
        let block = vec![b'x'; 64 * 1024];
        for _ in 0..160 {
            framer.push(&block, &mut |message| sizes.push(message.len()));
            assert!(framer.held.capacity() <= 2 * MESSAGE_BYTES_MAX);
        }
        framer.push(b"\n<13>next\n", &mut |message| sizes.push(message.len()));
        assert_eq!(sizes, [MESSAGE_BYTES_MAX, 8]);
        let problem = framer.take_problem().unwrap();
        assert_eq!(problem.kind, ProblemKind::OverLimit);
        assert_eq!(framer.take_problem(), None);
    }

    #[test]
    fn an_endless_octet_count_is_cut_too() {
        let (seen, problem) = split(&[b"99999999 <13>", &vec![b'y'; 3 * MESSAGE_BYTES_MAX]]);
        assert_eq!(seen[0].len(), MESSAGE_BYTES_MAX);
        assert!(problem.is_some());
    }

    proptest! {
        #[test]
        fn chunk_borders_change_nothing(
            messages in prop::collection::vec("<[0-9]{1,3}>[ -~]{0,40}[!-~]", 0..8),
            counted in prop::collection::vec(any::<bool>(), 8),
            size in 1usize..16,
        ) {
            let mut stream = String::new();
            for (message, counted) in messages.iter().zip(counted) {
                match counted {
                    true => stream += &format!("{} {message}", message.len()),
                    false => stream += &format!("{message}\n"),
                }
            }
            let chunks: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
            prop_assert_eq!(split(&chunks).0, messages);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            split(&[&bytes]);
        }
    }
}
