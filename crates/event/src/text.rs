//! Bytes to text: lossy, line by line, with every replaced line told.

use std::borrow::Cow;

use crate::problem::{ProblemKind, Problems};

/// The longest line a line format takes. The rest of a longer line is cut away and told.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Calls `each` with every line that is not blank and its number from 1.
pub(crate) fn each_line(
    bytes: &[u8],
    problems: &mut Problems,
    mut each: impl FnMut(u64, &str, &mut Problems),
) {
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let kept = cut(line, number, problems);
        each(number, &lossy(kept, number, problems), problems);
    }
}

/// Replaces what is no UTF-8 and tells the line.
pub(crate) fn lossy<'b>(bytes: &'b [u8], line: u64, problems: &mut Problems) -> Cow<'b, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    problems.add(Some(line), ProblemKind::InvalidUtf8, "bytes that are no utf-8 were replaced");
    String::from_utf8_lossy(bytes)
}

fn cut<'b>(line: &'b [u8], number: u64, problems: &mut Problems) -> &'b [u8] {
    if line.len() <= LINE_BYTES_MAX {
        return line;
    }
    let detail = format!("line of {} bytes cut at {LINE_BYTES_MAX}", line.len());
    problems.add(Some(number), ProblemKind::OverLimit, detail);
    let end = (LINE_BYTES_MAX - 3..=LINE_BYTES_MAX)
        .rev()
        .find(|end| !is_continuation(line[*end]))
        .unwrap_or(LINE_BYTES_MAX);
    &line[..end]
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> (Vec<(u64, String)>, Vec<crate::Problem>) {
        let mut problems = Problems::default();
        let mut seen = Vec::new();
        each_line(bytes, &mut problems, |n, line, _| seen.push((n, line.to_owned())));
        (seen, problems.into_list())
    }

    #[test]
    fn blank_lines_are_skipped_and_numbers_kept() {
        let (seen, problems) = lines(b"a\r\n\n \t\nb");
        assert_eq!(seen, [(1, "a".to_owned()), (4, "b".to_owned())]);
        assert!(problems.is_empty());
    }

    #[test]
    fn bad_bytes_are_replaced_and_told() {
        let (seen, problems) = lines(b"ok\na\xFFb\n");
        assert_eq!(seen[1].1, "a\u{FFFD}b");
        assert_eq!(problems[0].at, Some(2));
        assert_eq!(problems[0].kind, ProblemKind::InvalidUtf8);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let long = "đ".repeat(LINE_BYTES_MAX);
        let (seen, problems) = lines(format!("x{long}\nnext").as_bytes());
        assert_eq!(seen[0].1.len(), LINE_BYTES_MAX - 1);
        assert_eq!(seen[1].1, "next");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].kind, ProblemKind::OverLimit);
    }
}
