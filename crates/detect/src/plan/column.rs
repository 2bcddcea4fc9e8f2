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

    /// Returns what the texts of the witnesses take.
    pub(super) fn text_bytes(&self) -> usize {
        self.literals.iter().map(|literal| literal.text.len()).sum()
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
        self.tiny.iter().copied().for_each(&mut check);
        if !plain {
            self.foreign_tiny.iter().copied().for_each(&mut check);
            self.foreign_sought.seek(bytes, &self.literals, &mut occurs);
        }
        self.sought.seek(bytes, &self.literals, &mut occurs);
        if !self.digests.is_empty() {
            self.seek_digests(bytes, &mut occurs);
        }
        if !self.numbers.is_empty() {
            self.weigh_number(value, findings);
        }
    }

    /// Compares each text at the one place where it can stand: whoever writes a log may repeat the
    /// head of a digest as often as a value has room for it.
    fn seek_digests(&self, value: &[u8], occurs: &mut dyn FnMut(u32)) {
        for mark in memchr_iter(b'=', value) {
            let Some(head) = value.get(mark + 1..mark + 1 + DIGEST_HEAD) else { return };
            for at in self.digests.get(head) {
                let literal = &self.literals[at as usize];
                let within = memrchr(b'=', literal.text.as_bytes());
                let start = within.and_then(|within| mark.checked_sub(within));
                if start.is_some_and(|start| literal.stands_at(start, value)) {
                    occurs(at);
                }
            }
        }
    }

    fn weigh_number(&self, value: &str, findings: &mut Findings<'_>) {
        match Number::of_event(value) {
            Some(Number::Int(number)) => {
                self.numbers.get(&number).into_iter().for_each(|rules| findings.worth(rules));
            }
            // It may equal a whole number, as `5.0` does; the trial decides, as logs have few.
            Some(Number::Float(_)) => {
                self.numbers.values().for_each(|rules| findings.worth(rules));
            }
            None => {}
        }
    }
}

/// What is bound to an end of a value, or to a boolean, which has no text, is not.
fn is_found_in_joined(literal: &Literal) -> bool {
    let boolean = ["true", "false"].iter().any(|word| word.contains(&*literal.text));
    literal.place == Place::Anywhere && !boolean
}

#[cfg(test)]
mod tests {
    use super::super::draft::Draft;
    use super::*;

    const PLACES: [Place; 4] = [Place::Whole, Place::Start, Place::End, Place::Anywhere];

    /// Returns the column of these texts, each at the place beside it.
    fn column(texts: &[(String, Place)]) -> Column {
        let mut draft = Draft::default();
        for (rule, (text, place)) in (0..).zip(texts) {
            draft.add_text(text, *place, None, &[rule]);
        }
        draft.close()
    }

    /// Returns which of the column's texts a plain value holds.
    fn found(column: &Column, rules: usize, value: &str) -> Vec<RuleAt> {
        let (mut tried, mut worth) = (vec![0; rules], Vec::new());
        let mut findings =
            Findings { stamp: 1, answers: &mut [], tried: &mut tried, worth: &mut worth };
        column.look(value, true, &mut findings);
        worth.sort_unstable();
        worth
    }

    /// Looks for each text without any art.
    fn expected(texts: &[(String, Place)], value: &str) -> Vec<RuleAt> {
        let value = value.to_ascii_lowercase();
        let stands = |text: &str, place: Place| match place {
            Place::Whole => value == text,
            Place::Start => value.starts_with(text),
            Place::End => value.ends_with(text),
            Place::Anywhere => value.contains(text),
        };
        let all = (0..).zip(texts);
        all.filter(|(_, (text, place))| stands(text, *place)).map(|(rule, _)| rule).collect()
    }

    /// Few different letters, so that texts share pieces; `@` and the backquote, which pieces confuse.
    fn made_text(number: usize, len: usize) -> String {
        let letter = |at: usize| b"ab@`"[(number + 1) * (at + number) * (at + 3) / 2 % 4] as char;
        (0..len).map(letter).collect()
    }

    #[test]
    fn whatever_stands_in_a_value_is_found_and_nothing_else() {
        const TEXTS: usize = 12;
        for shortest in [3, 4, 5, 6, 7, 20] {
            let texts = (0..TEXTS).map(|number| made_text(number, shortest + number / 4));
            let texts: Vec<String> = texts.collect();
            let placed = texts.iter().flat_map(|text| PLACES.map(|place| (text.clone(), place)));
            let placed: Vec<_> = placed.collect();
            let column = column(&placed);
            let mut hits = 0;
            for text in texts.iter().step_by(4) {
                for (len, start) in (0..=64).flat_map(|len| (0..=len).map(move |at| (len, at))) {
                    let whole = format!("{}{text}{}", "`".repeat(start), "b".repeat(len));
                    for value in [whole[..len].to_owned(), whole[..len].to_ascii_uppercase()] {
                        let found = found(&column, placed.len(), &value);
                        assert_eq!(found, expected(&placed, &value), "{value:?} {texts:?}");
                        hits += found.len();
                    }
                }
            }
            assert!(hits > 5_000, "{hits} of {shortest}");
        }
    }

    #[test]
    fn a_text_is_found_among_many_that_look_like_one() {
        for shortest in [3, 4, 6, 9] {
            let alike = (0..12).map(|number| made_text(number, shortest + number / 4));
            let mut placed: Vec<_> = alike.map(|text| (text, Place::Anywhere)).collect();
            // More windows that may hold something than are put down at a time.
            let many = placed.iter().map(|(text, _)| text.as_str()).collect::<String>().repeat(20);
            placed.push((format!("{}z", made_text(1, shortest - 1)), Place::Anywhere));
            let column = column(&placed);
            for start in 0..many.len() {
                let value = format!("{}{}{}", &many[..start], placed[12].0, &many[start..]);
                let found = found(&column, placed.len(), &value);
                assert_eq!(found, expected(&placed, &value), "{start} of {shortest}");
            }
        }
    }

    #[test]
    fn a_digest_is_found_behind_its_name_only() {
        const HEAD: &str = "0123456789abcdef";
        let digest = format!("{HEAD}{}", "7".repeat(16));
        let texts = [format!("md5={digest}"), format!("x=md5={digest}"), format!("={digest}")];
        let texts = texts.map(|text| (text, Place::Anywhere));
        let column = column(&texts);
        // As many as a value of 1 MiB has room for; none of them may lead to a search of all of it.
        let heads = format!("={HEAD}").repeat((1 << 20) / (HEAD.len() + 1));
        for value in [
            format!("MD5={}", digest.to_ascii_uppercase()),
            format!("SHA1=1,X=MD5={digest},IMPHASH=2"),
            format!("={digest}"),
            format!("5={digest}"),
            format!("md5={HEAD}"),
            format!("md5={}", &digest[1..]),
            format!("md5 {digest}"),
            heads.clone(),
            format!("{heads}md5={digest}"),
            format!("md5={digest}{heads}"),
        ] {
            let found = found(&column, texts.len(), &value);
            assert_eq!(found, expected(&texts, &value), "{}", &value[..value.len().min(80)]);
        }
    }
}
