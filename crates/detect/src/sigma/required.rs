//! The texts of which one must occur in whatever a regular expression matches.
//!
//! They are found anywhere in the expression, not only at its ends: `\bnet1?\s+user\b` cannot match
//! without `user`. A letter in both cases counts as the letter, because witnesses are blind to case.

use regex_syntax::hir::{Class, Hir, HirKind};

/// More texts than this for one expression foretell little.
const TEXTS_MAX: usize = 32;

/// Returns lower-case ASCII texts of which one occurs in every match; none if that cannot be told.
/// They are those of plain values (see [`super::fold::is_plain`]): in others, joining normal forms
/// may hide them.
pub(crate) fn texts(regex: &Hir) -> Vec<String> {
    of(regex).filter(|texts| is_useful(texts)).unwrap_or_default()
}

fn is_useful(texts: &[String]) -> bool {
    texts.len() <= TEXTS_MAX && texts.iter().all(|text| !text.is_empty())
}

fn of(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Concat(parts) => of_concat(parts),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(of(part)?);
            }
            Some(all)
        }
        HirKind::Repetition(repetition) if repetition.min > 0 => of(&repetition.sub),
        HirKind::Capture(capture) => of(&capture.sub),
        _ => plain(hir).map(|text| vec![text]),
    }
}

/// Runs of plain characters grow together; of those and of what the other parts require, the one
/// with the longest shortest text is best.
fn of_concat(parts: &[Hir]) -> Option<Vec<String>> {
    let mut candidates: Vec<Vec<String>> = Vec::new();
    let mut run = String::new();
    for part in parts {
        match plain(part) {
            Some(text) => run.push_str(&text),
            None => {
                candidates.push(vec![std::mem::take(&mut run)]);
                candidates.extend(of(part));
            }
        }
    }
    candidates.push(vec![run]);
    let shortest = |texts: &Vec<String>| texts.iter().map(String::len).min().unwrap_or(0);
    candidates.into_iter().filter(|texts| texts.len() <= TEXTS_MAX).max_by_key(shortest)
}

/// Returns the text of an expression that matches nothing else, but for the case of letters.
fn plain(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            text.is_ascii().then(|| text.to_ascii_lowercase())
        }
        HirKind::Class(Class::Unicode(class)) => {
            let mut letter = None;
            for range in class.ranges() {
                // The long s and the Kelvin sign are cases of letters too; a value that holds one
                // is not plain and tried anyway.
                for c in (range.start()..=range.end()).take(3).filter(char::is_ascii) {
                    if *letter.get_or_insert(c.to_ascii_lowercase()) != c.to_ascii_lowercase() {
                        return None;
                    }
                }
            }
            let cases = class.ranges().iter().map(|range| range.len()).sum::<usize>();
            letter.filter(|letter| letter.is_ascii_alphabetic() && cases <= 3).map(String::from)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use regex_syntax::ParserBuilder;

    use super::texts;

    #[test]
    fn texts_are_found_inside() {
        for (regex, insensitive, expected) in [
            (r"\bnet1?\s+user\b", false, vec!["user"]),
            (r"(?i)powershell.*-enc", false, vec!["powershell"]),
            ("cmd", true, vec!["cmd"]),
            ("(abc|xyz)+", false, vec!["abc", "xyz"]),
            ("[a-z]{8}", false, vec![]),
            ("a?b*", false, vec![]),
            ("ab|.", false, vec![]),
            (r"x(?:evil\.exe)?y", false, vec!["y"]),
            (r"(?:foo|ba)\d", false, vec!["foo", "ba"]),
        ] {
            let hir = ParserBuilder::new().case_insensitive(insensitive).build().parse(regex);
            assert_eq!(texts(&hir.unwrap()), expected, "{regex}");
        }
    }
}
