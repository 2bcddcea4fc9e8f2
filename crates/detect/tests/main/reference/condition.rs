//! "Operator precedence (least to most binding): or, and, not, x of search-identifier, ( )".

use super::text;

/// Returns whether a condition holds, given whether each search does.
pub(crate) fn holds(condition: &str, found: &[(&str, bool)]) -> bool {
    let spaced = condition.replace('(', " ( ").replace(')', " ) ");
    let mut words = Words { left: spaced.split_whitespace().collect(), found };
    let holds = words.or();
    assert!(words.left.is_empty(), "{condition}");
    holds
}

struct Words<'a> {
    left: Vec<&'a str>,
    found: &'a [(&'a str, bool)],
}

impl<'a> Words<'a> {
    fn next(&mut self) -> &'a str {
        self.left.remove(0)
    }

    fn is_next(&mut self, word: &str) -> bool {
        let is = self.left.first().is_some_and(|next| next.to_lowercase() == word);
        if is {
            self.next();
        }
        is
    }

    fn or(&mut self) -> bool {
        let mut holds = self.and();
        while self.is_next("or") {
            holds |= self.and();
        }
        holds
    }

    fn and(&mut self) -> bool {
        let mut holds = self.not();
        while self.is_next("and") {
            holds &= self.not();
        }
        holds
    }

    fn not(&mut self) -> bool {
        if self.is_next("not") { !self.not() } else { self.single() }
    }

    fn single(&mut self) -> bool {
        if self.is_next("(") {
            let holds = self.or();
            assert!(self.is_next(")"));
            return holds;
        }
        let word = self.next();
        if self.is_next("of") {
            let pattern = self.next();
            return self.some_or_all(word, pattern);
        }
        self.found.iter().find(|(name, _)| *name == word).unwrap().1
    }

    /// `them` are "all defined search identifiers not starting with an underscore"; patterns have
    /// "* wildcards (any number of characters) at arbitrary positions".
    fn some_or_all(&self, quantifier: &str, pattern: &str) -> bool {
        let meant = |name: &str| match pattern {
            "them" => !name.starts_with('_'),
            pattern => text::is_named(pattern, name),
        };
        let mut meant = self.found.iter().filter(|(name, _)| meant(name));
        match quantifier.to_lowercase().as_str() {
            "all" => meant.all(|(_, holds)| *holds),
            _ => meant.any(|(_, holds)| *holds),
        }
    }
}
