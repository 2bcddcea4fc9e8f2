//! What rules may cost in bytes: each by itself, and all of a set together.
//!
//! A rule of a few kilobytes may become megabytes, and a folder may hold thousands of such rules;
//! whoever wrote them must not decide how much memory and time loading them takes.

use super::reason::Reason;

/// What a test costs in its rule, beside its text.
const TEST_BYTES: usize = 256;
/// What it costs in the questions and plans of the set, which ask it once for all its copies.
const QUESTION_BYTES: usize = 768;
/// How often each of the two holds the text: as it is, as it is looked for, and both again in what
/// whoever hunts keeps of the rules and in the plans.
const TEXTS: usize = 4;
/// What all tests of a rule may cost.
const RULE_BYTES_MAX: usize = 64 << 20;
/// What the tests of all rules of a set may cost: twice as much as SigmaHQ's and ours together.
const SET_BYTES_MAX: usize = 512 << 20;

/// What is left for the rules that still come.
#[derive(Debug)]
pub(crate) struct Budget {
    left_bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left_bytes: SET_BYTES_MAX }
    }
}

impl Budget {
    /// Refuses a rule of a full set before anything is made of it.
    pub(crate) fn has_room(&self) -> Result<(), Reason> {
        if self.left_bytes == 0 { Err(Reason::SetTooCostly(SET_BYTES_MAX)) } else { Ok(()) }
    }
}

/// What one rule has cost so far.
#[derive(Debug)]
pub(crate) struct Spending<'b> {
    set: &'b mut Budget,
    bytes: usize,
    shared_bytes: usize,
}

impl<'b> Spending<'b> {
    /// Begins a rule.
    pub(crate) const fn new(set: &'b mut Budget) -> Self {
        Self { set, bytes: 0, shared_bytes: 0 }
    }

    /// Counts a test with a text of so many bytes.
    pub(crate) fn test(&mut self, text_bytes: usize) -> Result<(), Reason> {
        self.shared(QUESTION_BYTES + TEXTS * text_bytes)?;
        self.count(TEST_BYTES + TEXTS * text_bytes)
    }

    /// Counts bytes that copies of the rule's tests have in common.
    pub(crate) fn shared(&mut self, bytes: usize) -> Result<(), Reason> {
        self.shared_bytes += bytes;
        self.count(bytes)
    }

    /// Returns what a copy of the rule's tests costs.
    pub(crate) const fn copy_bytes(&self) -> usize {
        self.bytes - self.shared_bytes
    }

    /// What a refused rule has cost is not given back: compiling it took its time, and a folder
    /// full of such rules must end too. For the same reason, a set that is full stays full.
    fn count(&mut self, bytes: usize) -> Result<(), Reason> {
        self.bytes += bytes;
        let left = self.set.left_bytes.checked_sub(bytes);
        self.set.left_bytes = left.unwrap_or_default();
        if self.bytes > RULE_BYTES_MAX {
            return Err(Reason::TooCostly(RULE_BYTES_MAX));
        }
        left.map(|_| ()).ok_or(Reason::SetTooCostly(SET_BYTES_MAX))
    }
}
