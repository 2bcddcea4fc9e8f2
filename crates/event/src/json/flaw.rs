//! Why a JSON text cannot be read: what is wrong with it, and where.

use super::read::EVENT_BYTES_MAX;
use super::stream::{NAMES_MAX, PATH_BYTES_MAX};
use super::tree::{DEPTH_MAX, NAME_BYTES_MAX, NODES_MAX};
use crate::problem::ProblemKind;

/// What is wrong. Where it is, the scanner that met it knows: it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("json ends in the middle of a value")]
    Ends,
    #[error("expected value")]
    Value,
    #[error("expected ident")]
    Word,
    #[error("invalid number")]
    Number,
    #[error("number out of range")]
    Range,
    #[error("control character (\\u0000-\\u001F) found while parsing a string")]
    Control,
    #[error("invalid escape")]
    Escape,
    #[error("key must be a string")]
    Name,
    #[error("expected `:`")]
    Colon,
    #[error("expected `,` or `}}`")]
    MemberEnd,
    #[error("expected `,` or `]`")]
    ItemEnd,
    #[error("trailing comma")]
    Comma,
    #[error("nested deeper than {DEPTH_MAX}")]
    Depth,
    #[error("more than {NODES_MAX} values")]
    Nodes,
    #[error("more than {NAMES_MAX} field names")]
    Names,
    #[error("member name longer than {NAME_BYTES_MAX} bytes")]
    NameBytes,
    #[error("path longer than {PATH_BYTES_MAX} bytes")]
    PathBytes,
}

/// What is wrong with a text, at which of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) wrong: Wrong,
    pub(crate) at: usize,
}

impl Flaw {
    /// Returns the problem to tell of the text that has the flaw. `is_cut`: there is more of the
    /// text than [`EVENT_BYTES_MAX`].
    pub(super) fn explain(self, text: &str, is_cut: bool) -> (ProblemKind, String) {
        let Self { wrong, at } = self;
        let (line, column) = place(&text.as_bytes()[..at.min(text.len())]);
        match wrong {
            Wrong::Ends if is_cut => {
                let detail = format!("event longer than {EVENT_BYTES_MAX} bytes left out");
                (ProblemKind::OverLimit, detail)
            }
            Wrong::Ends => (ProblemKind::Truncated, wrong.to_string()),
            Wrong::Depth | Wrong::Nodes | Wrong::Names | Wrong::NameBytes | Wrong::PathBytes => {
                let detail = format!("event left out: {wrong} at line {line} column {column}");
                (ProblemKind::OverLimit, detail)
            }
            _ => {
                let detail = format!("no json: {wrong} at line {line} column {column}");
                (ProblemKind::Malformed, detail)
            }
        }
    }
}

/// Returns the line and column, from 1, of the byte behind these.
fn place(before: &[u8]) -> (usize, usize) {
    let line = 1 + memchr::memchr_iter(b'\n', before).count();
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    (line, before.len() - line_start + 1)
}
