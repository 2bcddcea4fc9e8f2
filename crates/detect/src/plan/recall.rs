//! What a value said the last time: programs, users and paths come back all day long.
//!
//! A value is kept once it was met a second time, so that command lines with random ends push
//! nothing out. It counts as the same only if its whole text is, in the same field of the same plan;
//! the hash only leads to its place, and is seeded so that nobody can aim at one.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::Slot;
use super::literal::Answer;

/// Values that are kept.
const VALUES_MAX: usize = 1 << 13;
/// Places for the marks of values that were met once.
const MARKS: usize = 1 << 14;
/// Shorter values are looked at as quickly; longer ones seldom come back.
const BYTES: std::ops::RangeInclusive<usize> = 8..=512;

/// The memory of one scanner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recall {
    kept: Vec<Option<Kept>>,
    marks: Vec<u32>,
    hasher: RandomState,
    counts: Recalled,
    off: bool,
}

/// How often values were looked for in the memory, and found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recalled {
    /// Values that could have been remembered.
    pub asked: u64,
    /// Values that were.
    pub found: u64,
}

#[derive(Clone, Debug)]
struct Kept {
    place: Place,
    text: Box<str>,
    answers: Box<[Answer]>,
}

/// A field of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The number that only this plan has.
    pub(super) plan: u64,
    pub(super) slot: Slot,
}

/// What is remembered of a value.
pub(super) enum Memory<'m> {
    /// All that looking at it would find.
    Answers(&'m [Answer]),
    /// Nothing, and it is not worth keeping yet.
    Nothing,
    /// Nothing; what looking at it finds is to be kept here.
    Keep(u64),
}

impl Recall {
    /// Returns what is remembered of a value.
    pub(super) fn of(&mut self, place: Place, text: &str) -> Memory<'_> {
        if self.off || !BYTES.contains(&text.len()) {
            return Memory::Nothing;
        }
        if self.kept.is_empty() {
            self.kept.resize(VALUES_MAX, None);
            self.marks.resize(MARKS, 0);
        }
        self.counts.asked += 1;
        let hash = self.hasher.hash_one((place, text));
        let at = hash as usize % VALUES_MAX;
        let is_it = |kept: &Kept| kept.place == place && *kept.text == *text;
        if self.kept[at].as_ref().is_some_and(is_it) {
            self.counts.found += 1;
            return self.kept[at].as_ref().map_or(Memory::Nothing, |k| Memory::Answers(&k.answers));
        }
        let mark = (hash >> 32) as u32 | 1;
        let before = std::mem::replace(&mut self.marks[hash as usize % MARKS], mark);
        if before == mark { Memory::Keep(hash) } else { Memory::Nothing }
    }

    /// Keeps what looking at a value found, under the number that [`Memory::Keep`] gave.
    pub(super) fn keep(&mut self, hash: u64, place: Place, text: &str, answers: &[Answer]) {
        let kept = Kept { place, text: text.into(), answers: answers.into() };
        self.kept[hash as usize % VALUES_MAX] = Some(kept);
    }

    /// Remembers nothing from now on, or begins to.
    pub(crate) fn switch(&mut self, on: bool) {
        *self = Self { off: !on, ..Self::default() };
    }

    /// Returns how well it served.
    pub(crate) fn counts(&self) -> Recalled {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::literal::{Says, Worth};

    const TEXT: &str = r"C:\Windows\explorer.exe";

    fn place(plan: u64, slot: Slot) -> Place {
        Place { plan, slot }
    }

    #[test]
    fn a_value_is_kept_when_it_comes_back_and_only_for_its_field() {
        let mut recall = Recall::default();
        let answer = Answer { ask: 7, says: Says::Yes, worth: Worth(0, 1) };
        assert!(matches!(recall.of(place(1, 2), TEXT), Memory::Nothing));
        let Memory::Keep(hash) = recall.of(place(1, 2), TEXT) else { panic!("met twice") };
        recall.keep(hash, place(1, 2), TEXT, &[answer]);
        let Memory::Answers(answers) = recall.of(place(1, 2), TEXT) else { panic!("kept") };
        assert_eq!(answers, [answer]);
        for (place, text) in
            [(place(1, 3), TEXT), (place(2, 2), TEXT), (place(1, 2), r"C:\Windows\Explorer.exe")]
        {
            assert!(matches!(recall.of(place, text), Memory::Nothing), "{place:?} {text}");
        }
        assert_eq!(recall.counts(), Recalled { asked: 6, found: 1 });
        recall.switch(false);
        for _ in 0..3 {
            assert!(matches!(recall.of(place(1, 2), TEXT), Memory::Nothing));
        }
    }
}
