//! One quick look at a long text: does it hold any of a few words at all?

use aho_corasick::packed::Searcher;

/// Searches for a few words at once, far quicker than looking for each where most texts hold none.
#[derive(Clone, Debug)]
pub(super) struct Gate(Searcher);

impl Gate {
    /// Returns the gate of these folded words; nothing for too many of them, or on a processor
    /// that cannot.
    pub(super) fn new<'t>(words: impl Iterator<Item = &'t str>) -> Option<Self> {
        Searcher::new(words).map(Self)
    }

    /// Returns whether the text, plain ASCII in any case, holds one of the words; `buffer` is empty
    /// before and after.
    pub(super) fn lets_through(&self, text: &str, buffer: &mut String) -> bool {
        buffer.push_str(text);
        buffer.make_ascii_lowercase();
        let found = self.0.find(buffer.as_bytes()).is_some();
        buffer.clear();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_word_in_any_case_is_let_through() {
        let Some(gate) = Gate::new(["sekurlsa::", "eo.oe.kiwi"].into_iter()) else { return };
        let mut buffer = String::new();
        let mut through = |text: &str| gate.lets_through(text, &mut buffer);
        assert!(through("cmd /c mimikatz SEKURLSA::logonpasswords"));
        assert!(through("Eo.oE.kiwi") && !through("kiwi") && !through(""));
    }
}
