//! What a decoder could not read. Broken input is data, not failure: a decoder hands over every
//! event it could read and, beside them, a bounded list of what it could not.

/// Problems kept one by one per call; the rest is only counted.
pub const PROBLEMS_MAX: usize = 100;

/// One thing that could not be read as it stood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct Problem {
    /// Byte offset in an EVTX file; line number from 1 in a text format.
    pub at: Option<u64>,
    /// What went wrong.
    pub kind: ProblemKind,
    /// What exactly, for the person who has to look at the source.
    pub detail: String,
}

/// The kinds of problem, as a caller would tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ProblemKind {
    /// Bytes that are no UTF-8 were replaced; the event is kept.
    #[error("invalid utf-8 replaced")]
    InvalidUtf8,
    /// The unit (line, record) does not follow its format; it is left out.
    #[error("malformed")]
    Malformed,
    /// The input ends in the middle of something; what came before is kept.
    #[error("truncated")]
    Truncated,
    /// A checksum or an inner structure is damaged; what cannot be read is left out.
    #[error("corrupt")]
    Corrupt,
    /// Longer, deeper or wider than the decoder allows; left out, or cut where the detail says so.
    #[error("over a limit")]
    OverLimit,
    /// The file could not be opened or read.
    #[error("unreadable")]
    Unreadable,
    /// Further problems that were counted and not listed.
    #[error("more problems")]
    More,
}

/// Collects problems up to [`PROBLEMS_MAX`] and counts the rest.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    listed: Vec<Problem>,
    unlisted: u64,
    /// Lines of the input before the piece at hand.
    lines_before: u64,
}

impl Problems {
    /// Returns an empty list for a piece that has so many lines before it.
    pub(crate) fn after(lines_before: u64) -> Self {
        Self { lines_before, ..Self::default() }
    }

    pub(crate) fn add(&mut self, at: Option<u64>, kind: ProblemKind, detail: impl Into<String>) {
        if self.listed.len() < PROBLEMS_MAX {
            let at = at.map(|at| at + self.lines_before);
            self.listed.push(Problem { at, kind, detail: detail.into() });
        } else {
            self.unlisted += 1;
        }
    }

    /// Hands over the list; a last entry tells how many were only counted.
    pub(crate) fn into_list(mut self) -> Vec<Problem> {
        if self.unlisted > 0 {
            let detail = format!("{} more problems not listed", self.unlisted);
            self.listed.push(Problem { at: None, kind: ProblemKind::More, detail });
        }
        self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_bounded_and_tells_the_rest() {
        let mut problems = Problems::default();
        for line in 0..250 {
            problems.add(Some(line), ProblemKind::Malformed, "no");
        }
        let list = problems.into_list();
        assert_eq!(list.len(), PROBLEMS_MAX + 1);
        assert_eq!(list[PROBLEMS_MAX].kind, ProblemKind::More);
        assert_eq!(list[PROBLEMS_MAX].detail, "150 more problems not listed");
    }
}
