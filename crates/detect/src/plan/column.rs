//! The witnesses of one field, and which of them a value holds.
//!
//! Each witness is filed where finding it costs least: a whole value and the last part of a path by
//! their hash, a file hash behind its `=`, other texts by four of their bytes.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use memchr::{memchr_iter, memrchr};

use super::RuleAt;
use super::grams::{self, Sought};
use super::hash::ByHash;
use super::literal::{Answer, Literal};
use crate::sigma::number::Number;
use crate::sigma::pattern::Place;

/// Bytes behind the `=` by which a file hash is filed.
const DIGEST_HEAD: usize = 16;
/// Shortest digest, MD5 in hexadecimal.
const DIGEST_MIN: usize = 32;

/// What is looked for in the values of one field.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    literals: Vec<Literal>,
    by_text: HashMap<(Box<str>, Place), u32, FixedState>,
    whole: ByHash,
    after_backslash: ByHash,
    after_slash: ByHash,
    digests: ByHash,
    sought: Sought,
    /// Too short for anything better; there are few.
    tiny: Vec<u32>,
    /// As short, and only in values that are not plain ASCII: letters that look like Latin ones.
    tiny_foreign: Vec<u32>,
    numbers: HashMap<i128, Vec<Answer>, FixedState>,
    /// Rules worth asking wherever the field is there.
    pub(super) present: Vec<RuleAt>,
    /// Rules worth asking wherever the value is not plain ASCII.
    pub(super) foreign: Vec<RuleAt>,
}

/// What a value said.
pub(super) trait Findings {
    /// A question is answered, or worth asking.
    fn answer(&mut self, answer: Answer);
}

impl Column {
    /// Adds a text whose occurrence answers a question.
    pub(super) fn add_text(&mut self, text: &str, place: Place, answer: Answer) {
        let next = u32::try_from(self.literals.len()).unwrap_or(u32::MAX);
        let at = *self.by_text.entry((text.into(), place)).or_insert(next);
        if at == next {
            self.literals.push(Literal { text: text.into(), place, asks: Vec::new() });
        }
        let asks = &mut self.literals[at as usize].asks;
        if !asks.contains(&answer) {
            asks.push(answer);
        }
    }

    /// Adds a number which makes a question worth asking.
    pub(super) fn add_number(&mut self, number: i128, answer: Answer) {
        self.numbers.entry(number).or_default().push(answer);
    }

    /// Files what was added. Only afterwards anything is found.
    pub(super) fn close(&mut self) {
        self.by_text = HashMap::default();
        let mut fit = Vec::new();
        for (at, literal) in (0..).zip(&self.literals) {
            let text = literal.text.as_bytes();
            match literal.place {
                Place::Whole => self.whole.insert(text, at),
                Place::End if is_last_part(text, b'\\') => self.after_backslash.insert(text, at),
                Place::End if is_last_part(text, b'/') => self.after_slash.insert(text, at),
                Place::Anywhere if let Some(head) = digest_head(text) => {
                    self.digests.insert(head, at);
                }
                _ if grams::is_fit(&literal.text) => fit.push(at),
                _ if literal.text.is_ascii() => self.tiny.push(at),
                _ => self.tiny_foreign.push(at),
            }
        }
        self.sought = Sought::new(&self.literals, &fit);
    }

    /// Returns whether finding the text costs next to nothing beside what is looked for anyway.
    pub(super) fn finds_easily(text: &str, place: Place) -> bool {
        let text = text.as_bytes();
        match place {
            Place::Whole => true,
            Place::End if is_last_part(text, b'\\') || is_last_part(text, b'/') => true,
            _ => grams::is_long(text),
        }
    }

    /// Returns whether several values can be looked at as one text without missing anything.
    pub(super) fn joins(&self) -> bool {
        self.present.is_empty()
            && self.numbers.is_empty()
            && self.literals.iter().all(is_found_in_joined)
    }

    /// Looks at one value: plain ASCII in any case, or else folded.
    pub(super) fn look(&self, value: &str, ascii: bool, findings: &mut impl Findings) {
        let bytes = value.as_bytes();
        let mut found = |at: u32| {
            self.literals[at as usize].asks.iter().for_each(|answer| findings.answer(*answer));
        };
        let mut check = |places: &[u32]| {
            for at in places {
                if self.literals[*at as usize].occurs_in(bytes) {
                    found(*at);
                }
            }
        };
        if !self.whole.is_empty() {
            check(self.whole.get(bytes));
        }
        for (filed, separator) in [(&self.after_backslash, b'\\'), (&self.after_slash, b'/')] {
            if !filed.is_empty()
                && let Some(at) = memrchr(separator, bytes)
            {
                check(filed.get(&bytes[at..]));
            }
        }
        if !self.digests.is_empty() {
            for at in memchr_iter(b'=', bytes) {
                if let Some(head) = bytes.get(at + 1..at + 1 + DIGEST_HEAD) {
                    check(self.digests.get(head));
                }
            }
        }
        check(&self.tiny);
        if !ascii {
            check(&self.tiny_foreign);
        }
        self.sought.seek(bytes, &self.literals, &mut found);
        if !self.numbers.is_empty()
            && let Some(Number::Int(number)) = Number::of_event(value)
            && let Some(answers) = self.numbers.get(&number)
        {
            answers.iter().for_each(|answer| findings.answer(*answer));
        }
    }
}

/// What is bound to an end of a value, or to a boolean, which has no text, is not.
fn is_found_in_joined(literal: &Literal) -> bool {
    let boolean = ["true", "false"].iter().any(|word| word.contains(&*literal.text));
    literal.place == Place::Anywhere && !boolean
}

/// `\name.exe`: a separator and no other.
fn is_last_part(text: &[u8], separator: u8) -> bool {
    text.first() == Some(&separator) && memrchr(separator, text) == Some(0)
}

/// `sha256=0123…`: the first digits of a digest behind its name.
fn digest_head(text: &[u8]) -> Option<&[u8]> {
    let at = memrchr(b'=', text)?;
    let digest = &text[at + 1..];
    let whole = digest.len() >= DIGEST_MIN && digest.iter().all(u8::is_ascii_hexdigit);
    whole.then(|| &digest[..DIGEST_HEAD])
}
