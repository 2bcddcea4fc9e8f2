//! The witnesses of one field, and which of them a value holds.
//!
//! Each witness is filed where finding it costs least: a whole value and the last part of a path by
//! their hash, a file hash behind its `=`, other texts by four of their bytes.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use memchr::{memchr_iter, memrchr};

use super::RuleAt;
use super::gate::Gate;
use super::grams::{self, Sought};
use super::group::Groups;
use super::hash::ByHash;
use super::literal::{Answer, Literal};
use crate::sigma::number::Number;
use crate::sigma::pattern::Place;

/// Bytes behind the `=` by which a file hash is filed.
const DIGEST_HEAD: usize = 16;
/// Shortest digest, MD5 in hexadecimal.
const DIGEST_MIN: usize = 32;

/// So few of the shortest texts are quicker looked for one by one.
const FEW: usize = 8;

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
    /// What only a value that is not plain ASCII can hold: a few rules list every emoji there is.
    foreign_sought: Sought,
    foreign_tiny: Vec<u32>,
    /// Of the texts that are sought for the sake of a rule: the length from which on further ones
    /// cost next to nothing.
    easy_from: Option<usize>,
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

impl Findings for Vec<Answer> {
    fn answer(&mut self, answer: Answer) {
        self.push(answer);
    }
}

impl Column {
    /// Adds a text whose occurrence answers a question.
    pub(super) fn add_text(&mut self, text: &str, place: Place, answer: Answer) {
        let next = u32::try_from(self.literals.len()).unwrap_or(u32::MAX);
        let at = *self.by_text.entry((text.into(), place)).or_insert(next);
        if at == next {
            self.literals.push(Literal::new(text, place));
        }
        let asks = &mut self.literals[at as usize].asks;
        if !asks.contains(&answer) {
            asks.push(answer);
        }
    }

    /// Returns whether finding the text costs next to nothing beside what is looked for anyway.
    pub(super) fn finds_easily(&self, text: &str, place: Place) -> bool {
        match filing(text, place) {
            Filing::Sought => text.len() >= self.easy_from.unwrap_or(grams::LONG),
            Filing::Tiny => false,
            _ => true,
        }
    }

    /// Adds a number which makes a question worth asking.
    pub(super) fn add_number(&mut self, number: i128, answer: Answer) {
        self.numbers.entry(number).or_default().push(answer);
    }

    /// Takes note of the length from which on further texts are found easily.
    pub(super) fn settle(&mut self) {
        let sought = self.literals.iter().filter(|l| filing(&l.text, l.place) == Filing::Sought);
        let lengths = sought.map(|literal| literal.text.len()).filter(|len| *len > grams::TRIGRAM);
        self.easy_from = lengths.chain([grams::LONG]).min();
    }

    /// Tells those who ask for several texts together instead of for each.
    pub(super) fn regroup(&mut self, groups: &Groups<'_>) {
        for literal in &mut self.literals {
            literal.asks = literal.asks.iter().flat_map(|asks| groups.answers(*asks)).collect();
        }
    }

    /// Returns what a text that can be taken as a whole must hold for anything to be found in it.
    pub(super) fn gate(&self) -> Option<Gate> {
        Gate::new(self.literals.iter().map(|literal| &*literal.text))
    }

    /// Files what was added. Only afterwards anything is found.
    pub(super) fn close(&mut self) {
        self.by_text = HashMap::default();
        let (mut sought, mut foreign) = (Vec::new(), Vec::new());
        for (at, literal) in (0..).zip(&self.literals) {
            let text = literal.text.as_bytes();
            match filing(&literal.text, literal.place) {
                Filing::Whole => self.whole.insert(text, at),
                Filing::AfterBackslash => self.after_backslash.insert(text, at),
                Filing::AfterSlash => self.after_slash.insert(text, at),
                Filing::Digest => self.digests.insert(digest_head(text).unwrap_or(text), at),
                Filing::Sought => sought.push(at),
                Filing::Tiny => self.tiny.push(at),
                Filing::ForeignSought => foreign.push(at),
                Filing::ForeignTiny => self.foreign_tiny.push(at),
            }
        }
        let (shortest, longer): (Vec<u32>, Vec<u32>) = sought
            .into_iter()
            .partition(|at| self.literals[*at as usize].text.len() == grams::TRIGRAM);
        let (few, many) =
            if shortest.len() <= FEW { (shortest, Vec::new()) } else { (Vec::new(), shortest) };
        self.tiny.extend(few);
        self.sought = Sought::new(&self.literals, &[longer, many].concat());
        self.foreign_sought = Sought::new(&self.literals, &foreign);
    }

    /// Returns whether looking at a value takes long enough to remember what it said.
    pub(super) fn is_slow(&self) -> bool {
        !self.sought.is_empty()
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
            check(&self.foreign_tiny);
            self.foreign_sought.seek(bytes, &self.literals, &mut found);
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

/// Where a text is filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filing {
    Whole,
    AfterBackslash,
    AfterSlash,
    Digest,
    Sought,
    Tiny,
    ForeignSought,
    ForeignTiny,
}

fn filing(text: &str, place: Place) -> Filing {
    let bytes = text.as_bytes();
    match place {
        Place::Whole => Filing::Whole,
        Place::End if is_last_part(bytes, b'\\') => Filing::AfterBackslash,
        Place::End if is_last_part(bytes, b'/') => Filing::AfterSlash,
        Place::Anywhere if digest_head(bytes).is_some() => Filing::Digest,
        _ => match (text.is_ascii(), grams::is_fit(text)) {
            (true, true) => Filing::Sought,
            (true, false) => Filing::Tiny,
            (false, true) => Filing::ForeignSought,
            (false, false) => Filing::ForeignTiny,
        },
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
