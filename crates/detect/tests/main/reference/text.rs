//! Texts with wildcards, letter by letter.

use unicode_normalization::UnicodeNormalization as _;

/// A letter of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Letter {
    Same(char),
    /// `?`: "a single mandatory character".
    One,
    /// `*`: "an unbounded length wildcard".
    Any,
}

use Letter::{Any, One, Same};

/// Reads a value as rules write it. A backslash escapes a wildcard and itself, and is plain before
/// anything else.
pub(crate) fn read(written: &str) -> Vec<Letter> {
    let chars: Vec<char> = written.chars().collect();
    let (mut letters, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let escaped = (chars[at] == '\\').then(|| chars.get(at + 1)).flatten();
        let (letter, width) = match (chars[at], escaped) {
            (_, Some('*' | '?' | '\\')) => (Same(chars[at + 1]), 2),
            ('*', _) => (Any, 1),
            ('?', _) => (One, 1),
            (plain, _) => (Same(plain), 1),
        };
        letters.push(letter);
        at += width;
    }
    letters
}

/// Returns the text of a value without wildcards.
pub(crate) fn plain(letters: &[Letter]) -> String {
    let plain = |letter: &Letter| match letter {
        Same(c) => *c,
        One | Any => panic!("no plain text"),
    };
    letters.iter().map(plain).collect()
}

/// Returns whether a text is of this pattern, from its beginning to its end. Unless it is `cased`,
/// letters are compared without case and in their composed form (macOS decomposes names).
pub(crate) fn fits(pattern: &[Letter], text: &str, cased: bool) -> bool {
    if cased {
        return fits_here(pattern, &text.chars().collect::<Vec<_>>(), |a, b| a == b);
    }
    fits_here(&composed(pattern), &text.nfc().collect::<Vec<_>>(), same_letter)
}

fn fits_here(pattern: &[Letter], text: &[char], same: fn(char, char) -> bool) -> bool {
    match (pattern.first(), text.first()) {
        (None, first) => first.is_none(),
        (Some(Any), _) => {
            (0..=text.len()).any(|from| fits_here(&pattern[1..], &text[from..], same))
        }
        (Some(_), None) => false,
        (Some(One), Some(_)) => fits_here(&pattern[1..], &text[1..], same),
        (Some(Same(a)), Some(b)) => same(*a, *b) && fits_here(&pattern[1..], &text[1..], same),
    }
}

/// Composes what stands between wildcards.
fn composed(pattern: &[Letter]) -> Vec<Letter> {
    let runs = pattern.chunk_by(|a, b| matches!((a, b), (Same(_), Same(_))));
    let composed = runs.map(|run| match run {
        [Same(_), ..] => plain(run).nfc().map(Same).collect(),
        wildcard => wildcard.to_vec(),
    });
    composed.collect::<Vec<_>>().concat()
}

/// Two letters are the same when their small or their capital forms are. The Turkish dotless i,
/// whose capital is I, is a letter of its own.
pub(crate) fn same_letter(a: char, b: char) -> bool {
    let dotless = a == 'ı' || b == 'ı';
    a == b
        || a.to_lowercase().eq(b.to_lowercase())
        || !dotless && a.to_uppercase().eq(b.to_uppercase())
}

/// Returns whether a search is named so; only `*` is a wildcard there.
pub(crate) fn is_named(pattern: &str, name: &str) -> bool {
    let letter = |c| if c == '*' { Any } else { Same(c) };
    fits(&pattern.chars().map(letter).collect::<Vec<_>>(), name, true)
}

/// Writes each of the five dashes for each dash that opens a flag: one before a word that does not
/// stand inside a word.
pub(crate) fn dashes(letters: &[Letter]) -> Vec<Vec<Letter>> {
    const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];
    let word = |at: Option<usize>| match at.and_then(|at| letters.get(at)) {
        Some(Same(c)) => c.is_alphanumeric() || *c == '_',
        _ => false,
    };
    let mut all = vec![Vec::new()];
    for (at, letter) in letters.iter().enumerate() {
        let opens = !word(at.checked_sub(1)) && word(Some(at + 1));
        let spellings = match letter {
            Same(c) if DASHES.contains(c) && opens => DASHES.map(Same).to_vec(),
            letter => vec![*letter],
        };
        let longer = |begun: &Vec<Letter>| {
            let begun = begun.clone();
            let with = move |letter: &Letter| [begun.clone(), vec![*letter]].concat();
            spellings.iter().map(with).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}
