//! Where a JSON document of any size may be parted: behind its outermost objects, so that nobody
//! needs to hold the whole of it.

use memchr::{memchr3, memchr3_iter};

/// Follows a document piece by piece. What is no JSON leads it astray for a while, but never past
/// the text that it was given; a line's end ends any string, as JSON has none that goes on behind it.
#[derive(Debug, Default)]
pub struct Seams {
    /// Objects that are open.
    depth: usize,
    in_string: bool,
    /// The next byte stands for itself.
    escaped: bool,
}

/// A place behind an object.
#[derive(Clone, Copy, Debug)]
struct Seam {
    /// Objects that are open there.
    depth: usize,
    at: usize,
}

impl Seams {
    /// Goes on over the next bytes, and returns the last place among them that lies behind an
    /// outermost object.
    pub fn pass(&mut self, bytes: &[u8]) -> Option<usize> {
        self.outermost(bytes).filter(|seam| seam.depth == 0).map(|seam| seam.at)
    }

    /// Returns the last place in the beginning of a document behind an object that lies in as few
    /// others as any that ends there: where to part a document whose outermost object is too long.
    pub fn inner(bytes: &[u8]) -> Option<usize> {
        Self::default().outermost(bytes).map(|seam| seam.at)
    }

    fn outermost(&mut self, bytes: &[u8]) -> Option<Seam> {
        let mut seam = None;
        let mut at = 0;
        while at < bytes.len() {
            if self.in_string {
                at = self.pass_string(bytes, at);
            } else {
                at = self.pass_until_string(bytes, at, &mut seam);
            }
        }
        seam
    }

    fn pass_until_string(&mut self, bytes: &[u8], from: usize, seam: &mut Option<Seam>) -> usize {
        for at in memchr3_iter(b'{', b'}', b'"', &bytes[from..]) {
            let behind = from + at + 1;
            match bytes[behind - 1] {
                b'{' => self.depth += 1,
                b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    if seam.is_none_or(|seam| self.depth <= seam.depth) {
                        *seam = Some(Seam { depth: self.depth, at: behind });
                    }
                }
                _ => {
                    self.in_string = true;
                    return behind;
                }
            }
        }
        bytes.len()
    }

    fn pass_string(&mut self, bytes: &[u8], from: usize) -> usize {
        let escaped = std::mem::take(&mut self.escaped) && bytes[from] != b'\n';
        let from = from + usize::from(escaped);
        let rest = bytes.get(from..).unwrap_or_default();
        let Some(at) = memchr3(b'"', b'\\', b'\n', rest) else { return bytes.len() };
        self.escaped = rest[at] == b'\\';
        self.in_string = self.escaped;
        from + at + 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Batch, Context, Format, ProblemKind, Stream};

    /// Returns every place behind an outermost object, found byte by byte.
    fn seams(text: &str) -> Vec<usize> {
        let mut seams = Seams::default();
        let found = |(at, byte): (usize, &u8)| seams.pass(&[*byte]).map(|_| at + 1);
        text.as_bytes().iter().enumerate().filter_map(found).collect()
    }

    #[test]
    fn seams_lie_behind_outermost_objects() {
        for (text, expected) in [
            ("", vec![]),
            ("[{},{\"a\":{}}]", vec![3, 12]),
            ("[\n {\"}\": \"{\\\"\"},\n {\"a\":\"\\\\\"} ]", vec![15, 28]),
            ("{\"a\":[{},{}]} {}", vec![13, 16]),
            ("{\"it ends nowhere\n{}\n}{}", vec![22, 24]),
            ("{\"\\\n{}\n}{}", vec![8, 10]),
            ("}}{}", vec![1, 2, 4]),
        ] {
            assert_eq!(seams(text), expected, "{text}");
            for cut in 0..=text.len() {
                let mut both = Seams::default();
                let (before, behind) = text.as_bytes().split_at(cut);
                let first = both.pass(before);
                let last = both.pass(behind).map(|at| cut + at).or(first);
                assert_eq!(last, expected.last().copied(), "{text} cut at {cut}");
            }
        }
    }

    /// Returns the events of a text read as one piece, or parted at the last seam of each chunk, and
    /// what was open at its end.
    fn events(text: &str, chunk: Option<usize>) -> (Vec<String>, Vec<ProblemKind>) {
        let mut stream = Stream::new(Format::Json, Context::received(0));
        let mut batch = Batch::new();
        let (mut seams, mut held) = (Seams::default(), Vec::new());
        for bytes in text.as_bytes().chunks(chunk.unwrap_or(text.len())) {
            let known = held.len();
            held.extend_from_slice(bytes);
            if let Some(seam) = seams.pass(bytes) {
                assert!(stream.read(&held[..known + seam], &mut batch).is_empty(), "{text}");
                held.drain(..known + seam);
            }
        }
        assert!(stream.read(&held, &mut batch).is_empty(), "{text}");
        let open = stream.finish(&mut batch).iter().map(|problem| problem.kind).collect();
        (batch.iter().map(|event| event.to_json().to_string()).collect(), open)
    }

    proptest! {
        #[test]
        fn a_parted_document_has_the_events_of_the_whole(
            values in prop::collection::vec((".{0,6}", "[]{}\"\\\\\n,a]{0,6}"), 1..6),
            shape in 0..3,
            chunk in 1..40_usize,
        ) {
            let object = |(name, text): &(String, String)| {
                serde_json::json!({ name: text, "inner": { "list": [{ name: 1 }, text] } })
            };
            let objects: Vec<_> = values.iter().map(object).collect();
            let text = match shape {
                0 => serde_json::to_string(&objects),
                1 => serde_json::to_string_pretty(&objects),
                _ => objects.iter().map(serde_json::to_string_pretty).collect(),
            };
            let text = text.expect("valid");
            let whole = events(&text, None);
            prop_assert_eq!((whole.0.len(), &whole.1), (objects.len(), &vec![]));
            prop_assert_eq!(events(&text, Some(chunk)), whole.clone());
            if shape < 2 {
                let (cut, _) = text.rsplit_once(']').expect("an array");
                let (cut, blank) = (cut.trim_end(), &cut[cut.trim_end().len()..]);
                let truncated = (whole.0, vec![ProblemKind::Truncated]);
                for behind in ["", ",", blank, ",\n"] {
                    let cut = format!("{cut}{behind}");
                    prop_assert_eq!(&events(&cut, None), &truncated);
                    prop_assert_eq!(&events(&cut, Some(chunk)), &truncated);
                }
            }
        }
    }
}
