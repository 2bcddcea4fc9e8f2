//! One quick look at a long text: does it hold any of a few words at all?
//!
//! What is looked for in the place of a word is the piece of it that has the fewest spellings, so
//! that the text need not be folded first.

use std::collections::BTreeSet;

use aho_corasick::packed::Searcher;

use super::frequency::Weights;
use super::grams::TRIGRAM;

/// Searches for a few words at once, far quicker than looking for each where most texts hold none.
#[derive(Debug)]
pub(super) struct Gate(Searcher);

impl Gate {
    /// Returns the gate of these folded words; nothing for too many or too short ones, or on a
    /// processor that cannot.
    pub(super) fn new<'t>(words: impl Iterator<Item = &'t str> + Clone) -> Option<Self> {
        let words = words.map(str::as_bytes);
        let common = Weights::new(words.clone(), TRIGRAM);
        let mut spellings = BTreeSet::new();
        for word in words {
            let piece =
                word.windows(TRIGRAM).min_by_key(|piece| (letters(piece), common.of(piece)))?;
            spell(piece, &mut spellings);
        }
        Searcher::new(&spellings).map(Self)
    }

    /// Returns whether the text, plain in any case or folded, may hold one of the words.
    pub(super) fn lets_through(&self, text: &str) -> bool {
        self.0.find(text.as_bytes()).is_some()
    }
}

fn letters(piece: &[u8]) -> usize {
    piece.iter().filter(|byte| byte.is_ascii_alphabetic()).count()
}

/// Adds the piece in all its cases.
fn spell(piece: &[u8], spellings: &mut BTreeSet<Vec<u8>>) {
    for upper in 0..1 << piece.len() {
        let case = |(at, byte): (usize, &u8)| match upper >> at & 1 {
            0 => *byte,
            _ => byte.to_ascii_uppercase(),
        };
        spellings.insert(piece.iter().enumerate().map(case).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_word_in_any_case_is_let_through() {
        let Some(gate) = Gate::new(["sekurlsa::", "eo.oe.kiwi"].into_iter()) else { return };
        assert!(gate.lets_through("cmd /c mimikatz sekurlsa::logonpasswords"));
        assert!(gate.lets_through("CMD /C MIMIKATZ SEKURLSA::LOGONPASSWORDS"));
        assert!(gate.lets_through("eo.oe.kiwi") && gate.lets_through("Eo.Oe.kiwI"));
        assert!(!gate.lets_through("kiwi") && !gate.lets_through(""));
    }

    #[test]
    fn words_that_are_too_many_or_too_short_have_no_gate() {
        let many: Vec<String> = (0..100).map(|number| format!("{number:03}")).collect();
        assert!(Gate::new(many.iter().map(|word| &**word)).is_none());
        assert!(Gate::new(["sekurlsa::", "ab"].into_iter()).is_none());
    }
}
