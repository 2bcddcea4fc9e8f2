//! A text that must occur in a value, and where.

use memchr::memchr2_iter;

use super::AskAt;
use crate::sigma::pattern::Place;

/// A folded text at a place, with the questions for which its occurrence counts.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    pub(super) text: Box<str>,
    pub(super) place: Place,
    pub(super) asks: Vec<Answer>,
}

/// What an occurrence says about a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) ask: AskAt,
    /// What the occurrence answers.
    pub(super) says: Says,
    /// The rules that are worth trying now.
    pub(super) worth: Worth,
}

/// A part of the plan's list of rules: its first, and behind its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Worth(pub(super) u32, pub(super) u32);

/// What the occurrence of a text answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing; it makes the question worth asking.
    Perhaps = 0,
    /// Yes, if the field of the value is the one that counts.
    Yes = 1,
    /// Yes, if the event lacks the field that would count before this one.
    YesOtherwise = 2,
}

impl Literal {
    /// Returns whether the text stands at `start` of the value, and may stand there. The value is
    /// plain ASCII in any case, or folded.
    pub(super) fn stands_at(&self, start: usize, value: &[u8]) -> bool {
        let end = start + self.text.len();
        let placed = match self.place {
            Place::Whole => start == 0 && end == value.len(),
            Place::Start => start == 0,
            Place::End => end == value.len(),
            Place::Anywhere => true,
        };
        placed
            && value
                .get(start..end)
                .is_some_and(|found| found.eq_ignore_ascii_case(self.text.as_bytes()))
    }

    /// Returns whether the text stands anywhere that it may.
    pub(super) fn occurs_in(&self, value: &[u8]) -> bool {
        let Some(last) = value.len().checked_sub(self.text.len()) else { return false };
        match self.place {
            Place::Whole | Place::Start => self.stands_at(0, value),
            Place::End => self.stands_at(last, value),
            Place::Anywhere => {
                let Some(first) = self.text.as_bytes().first() else { return true };
                let mut starts = memchr2_iter(*first, first.to_ascii_uppercase(), &value[..=last]);
                starts.any(|start| self.stands_at(start, value))
            }
        }
    }
}
