//! The witnesses of one field, and which of them a value holds.
//!
//! Each witness is filed where finding it costs least: a whole value and the last part of a path by
//! their hash, a file hash behind its `=`, other texts by four of their bytes.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use memchr::{memchr_iter, memrchr};

use super::RuleAt;
use super::draft::DIGEST_HEAD;
use super::findings::Findings;
use super::grams::Sought;
use super::hash::ByHash;
use super::lists::Lists;
use super::literal::{Literal, Said};
use crate::sigma::number::Number;
use crate::sigma::pattern::Place;

/// What is looked for in the values of one field; made by [`super::draft::Draft::close`].
#[derive(Debug)]
pub(super) struct Column {
    pub(super) literals: Vec<Literal>,
    /// By literal: what its occurrence answers.
    pub(super) says: Lists<Said>,
    /// By literal: the rules that are worth trying then.
    pub(super) worth: Lists<RuleAt>,
    pub(super) whole: ByHash,
    pub(super) after_backslash: ByHash,
    pub(super) after_slash: ByHash,
    pub(super) digests: ByHash,
    pub(super) sought: Sought,
    /// Too short for anything better; there are few.
    pub(super) tiny: Vec<u32>,
    /// What only a value that is not plain can hold: a few rules list every emoji there is.
    pub(super) foreign_sought: Sought,
    pub(super) foreign_tiny: Vec<u32>,
    pub(super) numbers: HashMap<i128, Vec<RuleAt>, FixedState>,
    /// Rules worth trying wherever the field is there.
    pub(super) present: Vec<RuleAt>,
    /// Rules worth trying wherever the value is not plain.
    pub(super) foreign: Vec<RuleAt>,
}

impl Column {
    /// Returns whether several values can be looked at as one text without missing anything.
    pub(super) fn joins(&self) -> bool {
        self.present.is_empty()
            && self.numbers.is_empty()
            && self.literals.iter().all(is_found_in_joined)
    }

    /// Looks at one value: plain in any case, or else folded.
    pub(super) fn look(&self, value: &str, plain: bool, findings: &mut Findings<'_>) {
        let bytes = value.as_bytes();
        let mut occurs = |at: u32| findings.occurs(self.says.get(at), self.worth.get(at));
        let mut check = |at: u32| {
            if self.literals[at as usize].occurs_in(bytes) {
                occurs(at);
            }
        };
        if !self.whole.is_empty() {
            self.whole.get(bytes).for_each(&mut check);
        }
        for (filed, separator) in [(&self.after_backslash, b'\\'), (&self.after_slash, b'/')] {
            if !filed.is_empty()
                && let Some(at) = memrchr(separator, bytes)
            {
                filed.get(&bytes[at..]).for_each(&mut check);
            }
        }
        if !self.digests.is_empty() {
            for at in memchr_iter(b'=', bytes) {
                if let Some(head) = bytes.get(at + 1..at + 1 + DIGEST_HEAD) {
                    self.digests.get(head).for_each(&mut check);
                }
            }
        }
        self.tiny.iter().copied().for_each(&mut check);
        if !plain {
            self.foreign_tiny.iter().copied().for_each(&mut check);
            self.foreign_sought.seek(bytes, &self.literals, &mut occurs);
        }
        self.sought.seek(bytes, &self.literals, &mut occurs);
        if !self.numbers.is_empty()
            && let Some(Number::Int(number)) = Number::of_event(value)
            && let Some(rules) = self.numbers.get(&number)
        {
            findings.worth(rules);
        }
    }
}

/// What is bound to an end of a value, or to a boolean, which has no text, is not.
fn is_found_in_joined(literal: &Literal) -> bool {
    let boolean = ["true", "false"].iter().any(|word| word.contains(&*literal.text));
    literal.place == Place::Anywhere && !boolean
}
