//! A text that must occur in a value, and where.

use memchr::memchr2_iter;

use super::AskAt;
use super::witness::COMMONPLACE;
use crate::sigma::pattern::Place;

/// How often a byte stands in what healthy machines write.
const COMMON: [u16; 256] = {
    let (text, mut counts, mut at) = (COMMONPLACE.as_bytes(), [0; 256], 0);
    while at < text.len() {
        counts[text[at] as usize] += 1;
        at += 1;
    }
    counts
};

/// A folded text at a place.
#[derive(Debug)]
pub(super) struct Literal {
    pub(super) text: Box<str>,
    pub(super) place: Place,
    /// Where its rarest byte stands.
    anchor: usize,
}

/// What the occurrence of a text says about a question: both in one number, as the most common texts
/// speak to dozens of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Said(u32);

impl Said {
    /// Questions are bounded far below a quarter of 4 G.
    pub(super) fn new(ask: AskAt, says: Says) -> Self {
        Self(ask << 2 | says as u32)
    }

    /// Returns the question.
    pub(super) fn ask(self) -> AskAt {
        self.0 >> 2
    }

    /// Returns the number of the answer, see [`Says`].
    pub(super) fn says(self) -> u32 {
        self.0 & 3
    }

    /// Returns the same said about another question.
    pub(super) fn about(self, ask: AskAt) -> Self {
        Self(ask << 2 | self.says())
    }
}

/// What the occurrence of a text answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Yes, if the field of the value is the one that counts.
    Yes = 1,
    /// Yes, if the event lacks the field that would count before this one.
    YesOtherwise = 2,
    /// Nothing yet, but the question is open now.
    Hint = 3,
}

impl Literal {
    /// Returns a literal, the text of which is folded.
    pub(super) fn new(text: &str, place: Place) -> Self {
        let common = |(_, byte): &(usize, u8)| COMMON[usize::from(*byte)];
        let anchor = text.bytes().enumerate().min_by_key(common);
        Self { text: text.into(), place, anchor: anchor.map_or(0, |(at, _)| at) }
    }

    /// Returns whether the text stands at `start` of the value, and may stand there. The value is
    /// plain in any case, or folded.
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
                let Some(rare) = self.text.as_bytes().get(self.anchor) else { return true };
                let within = &value[self.anchor..=last + self.anchor];
                let mut starts = memchr2_iter(*rare, rare.to_ascii_uppercase(), within);
                starts.any(|start| self.stands_at(start, value))
            }
        }
    }
}
