//! One quick look at a long text: does it hold any of a few words at all?

use aho_corasick::packed::Searcher;

/// Searches for a few words at once, far quicker than looking for each where most texts hold none.
#[derive(Debug)]
pub(super) struct Gate(Searcher);

impl Gate {
    /// Returns the gate of these folded words; nothing for too many of them, or on a processor
    /// that cannot.
    pub(super) fn new<'t>(words: impl Iterator<Item = &'t str>) -> Option<Self> {
        Searcher::new(words).map(Self)
    }

    /// Returns whether the folded text holds one of the words.
    pub(super) fn lets_through(&self, text: &str) -> bool {
        self.0.find(text.as_bytes()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_word_is_let_through() {
        let Some(gate) = Gate::new(["sekurlsa::", "eo.oe.kiwi"].into_iter()) else { return };
        assert!(gate.lets_through("cmd /c mimikatz sekurlsa::logonpasswords"));
        assert!(gate.lets_through("eo.oe.kiwi"));
        assert!(!gate.lets_through("kiwi") && !gate.lets_through(""));
    }
}
