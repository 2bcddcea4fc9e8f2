//! The hash chain as pure data: what a line is and how it is hashed.
//!
//! The encoding is versioned by its domain string and every field is length-prefixed, so that no
//! two different lines have the same bytes.

use sha2::{Digest, Sha256};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// What the first line has as the hash of the line before it.
pub(crate) const GENESIS: Hash = [0; 32];
/// The action of the line that excuses a destroyed body.
pub(crate) const DESTROYED: &str = "journal.body_destroyed";
/// The action of the line that excuses a sealed body in an export.
pub(crate) const SEALED: &str = "journal.body_sealed";

const DOMAIN: &[u8] = b"khien.journal.entry.v1";

/// A journal line as it stands in the database or in an export, with its body if it is there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) body_hash: Vec<u8>,
    pub(crate) prev: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    /// Salt and JSON text.
    pub(crate) body: Option<(Vec<u8>, String)>,
}

/// Returns the subject of a line that seals or destroys the body of line `seq`.
pub(crate) fn line_subject(seq: i64) -> String {
    format!("entry/{seq}")
}

pub(crate) fn body_hash(salt: &[u8], body: &str) -> Hash {
    Sha256::new().chain_update(salt).chain_update(body.as_bytes()).finalize().into()
}

/// Returns the line's hash as it would be if the line stood at `seq`.
pub(crate) fn entry_hash(line: &Line, seq: i64) -> Hash {
    let mut hasher = Sha256::new();
    for field in [
        DOMAIN,
        &line.prev,
        &seq.to_be_bytes(),
        &line.at.to_be_bytes(),
        line.actor.as_bytes(),
        line.action.as_bytes(),
        line.subject.as_bytes(),
        &line.body_hash,
    ] {
        // A field's length fits u64 on every machine that Rust runs on.
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}
