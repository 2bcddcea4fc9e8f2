//! The condition: `selection and not 1 of filter_*`, read into a tree over search numbers.
//!
//! `or` binds least, then `and`, then `not`, then `1/any/all of`. `them` leaves out the searches
//! whose name begins with `_`; a pattern does not. A pattern that names no search is refused: the
//! author meant something that is not there.

use super::reason::Reason;

/// Nesting of brackets and `not`.
const DEPTH_MAX: usize = 64;
/// Words of one condition.
const WORDS_MAX: usize = 2_000;

/// A condition over the searches of a rule, by their position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expr {
    Search(usize),
    Not(Box<Expr>),
    All(Vec<Expr>),
    Any(Vec<Expr>),
}

/// Reads a condition against the names of a rule's searches.
pub(crate) fn parse(text: &str, names: &[&str]) -> Result<Expr, Reason> {
    let words = words(text)?;
    let mut parser = Parser { words: &words, at: 0, names, depth: 0 };
    let expr = parser.any()?;
    match parser.peek() {
        None => Ok(expr),
        Some(word) => Err(refuse(format!("unexpected '{word}'"))),
    }
}

fn refuse(why: impl Into<String>) -> Reason {
    Reason::Condition(why.into())
}

fn words(text: &str) -> Result<Vec<&str>, Reason> {
    if text.contains('|') {
        return Err(refuse("aggregation after '|' is obsolete, write a correlation"));
    }
    let mut words = Vec::new();
    for chunk in text.split_whitespace() {
        let mut rest = chunk;
        while let Some(at) = rest.find(['(', ')']) {
            words.extend((at > 0).then(|| &rest[..at]));
            words.push(&rest[at..=at]);
            rest = &rest[at + 1..];
        }
        words.extend((!rest.is_empty()).then_some(rest));
        if words.len() > WORDS_MAX {
            return Err(refuse(format!("more than {WORDS_MAX} words")));
        }
    }
    Ok(words)
}

struct Parser<'a> {
    words: &'a [&'a str],
    at: usize,
    names: &'a [&'a str],
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    /// Takes the next word if it is this keyword. A search of that very name goes first.
    fn keyword(&mut self, keyword: &str) -> bool {
        let found = self
            .peek()
            .is_some_and(|word| word.eq_ignore_ascii_case(keyword) && !self.names.contains(&word));
        self.at += usize::from(found);
        found
    }

    fn any(&mut self) -> Result<Expr, Reason> {
        let mut terms = vec![self.all()?];
        while self.keyword("or") {
            terms.push(self.all()?);
        }
        Ok(joined(terms, Expr::Any))
    }

    fn all(&mut self) -> Result<Expr, Reason> {
        let mut terms = vec![self.term()?];
        while self.keyword("and") {
            terms.push(self.term()?);
        }
        Ok(joined(terms, Expr::All))
    }

    fn term(&mut self) -> Result<Expr, Reason> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(refuse(format!("nested deeper than {DEPTH_MAX}")));
        }
        let expr = self.term_inside();
        self.depth -= 1;
        expr
    }

    fn term_inside(&mut self) -> Result<Expr, Reason> {
        if self.keyword("not") {
            return Ok(Expr::Not(Box::new(self.term()?)));
        }
        if self.keyword("(") {
            let inner = self.any()?;
            return if self.keyword(")") { Ok(inner) } else { Err(refuse("')' is missing")) };
        }
        let word = self.peek().ok_or_else(|| refuse("ends too early"))?;
        self.at += 1;
        if let Some(position) = self.names.iter().position(|name| *name == word) {
            return Ok(Expr::Search(position));
        }
        if self.keyword("of") {
            return self.quantified(word);
        }
        Err(refuse(format!("unknown search '{word}'")))
    }

    fn quantified(&mut self, quantifier: &str) -> Result<Expr, Reason> {
        let pattern = self.peek().ok_or_else(|| refuse("ends after 'of'"))?;
        self.at += 1;
        let wanted = |name: &str| match pattern {
            "them" => !name.starts_with('_'),
            pattern => star_match(pattern, name),
        };
        let found: Vec<Expr> = (0..self.names.len())
            .filter(|&position| wanted(self.names[position]))
            .map(Expr::Search)
            .collect();
        if found.is_empty() {
            return Err(refuse(format!("no search is named '{pattern}'")));
        }
        match quantifier.to_ascii_lowercase().as_str() {
            "1" | "any" => Ok(joined(found, Expr::Any)),
            "all" => Ok(joined(found, Expr::All)),
            other => Err(refuse(format!("'{other} of' is not in the language, only 1, any, all"))),
        }
    }
}

fn joined(mut terms: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    if terms.len() == 1 { terms.remove(0) } else { join(terms) }
}

/// Matches a search name against a pattern whose only wildcard is `*`.
fn star_match(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = tail.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 5] = ["selection", "sel_a", "sel_b", "filter", "_hidden"];

    fn show(expr: &Expr) -> String {
        let list = |terms: &[Expr], join: &str| {
            let terms: Vec<String> = terms.iter().map(show).collect();
            format!("({})", terms.join(join))
        };
        match expr {
            Expr::Search(at) => NAMES[*at].to_owned(),
            Expr::Not(inner) => format!("!{}", show(inner)),
            Expr::All(terms) => list(terms, " & "),
            Expr::Any(terms) => list(terms, " | "),
        }
    }

    #[test]
    fn conditions_bind_as_specified() {
        for (text, shape) in [
            ("selection", "selection"),
            ("selection and not filter", "(selection & !filter)"),
            ("sel_a or sel_b and filter", "(sel_a | (sel_b & filter))"),
            ("(sel_a or sel_b) and filter", "((sel_a | sel_b) & filter)"),
            ("not not sel_a", "!!sel_a"),
            ("1 of sel_*", "(sel_a | sel_b)"),
            ("any of sel_* and not 1 of filter*", "((sel_a | sel_b) & !filter)"),
            ("all of them", "(selection & sel_a & sel_b & filter)"),
            ("1 of *", "(selection | sel_a | sel_b | filter | _hidden)"),
            ("1 of *_a", "sel_a"),
            ("1 of s*l*_*", "(sel_a | sel_b)"),
            ("SELECTION_ OR", ""),
            ("selection AND NOT filter", "(selection & !filter)"),
            ("(selection)and(filter)", "(selection & filter)"),
            ("all of selection", "selection"),
        ] {
            match parse(text, &NAMES) {
                Ok(expr) => assert_eq!(show(&expr), shape, "{text}"),
                Err(_) => assert_eq!(shape, "", "{text}"),
            }
        }
    }

    #[test]
    fn what_is_not_in_the_language_is_refused() {
        for text in [
            "",
            "selection and",
            "selection filter",
            "(selection",
            "selection)",
            "nobody",
            "2 of sel_*",
            "1 of nobody*",
            "1 of",
            "selection | count() > 5",
            "and",
        ] {
            assert!(matches!(parse(text, &NAMES), Err(Reason::Condition(_))), "{text}");
        }
        assert!(parse(&"(".repeat(10_000), &NAMES).is_err());
        assert!(parse(&"not ".repeat(1_000), &NAMES).is_err());
    }

    #[test]
    fn a_search_may_be_named_like_a_keyword() {
        assert_eq!(parse("all and of", &["all", "of"]).unwrap(), {
            Expr::All(vec![Expr::Search(0), Expr::Search(1)])
        });
    }

    proptest! {
        #[test]
        fn the_parser_never_panics(text in "(selection|sel_a|and|or|not|\\(|\\)|1|of|all|them|[*_a-zé| ]){0,40}") {
            let _ = parse(&text, &NAMES);
            let _ = star_match(&text, "sel_a");
        }
    }
}
