//! STIX patterns, as far as they are lists of indicators: comparisons joined by `OR`.
//!
//! Each side of an `OR` is enough by itself, so that a side outside the subset (an SSDEEP hash, a
//! registry key) is left out and told while the others count. `AND`, `FOLLOWEDBY`, `NOT` and the
//! qualifiers ask for more than one sighting can show: with one of them, the pattern is refused as
//! a whole.

use crate::ioc::hint::{Hint, squash};

/// Bytes of a pattern.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Comparisons of one pattern.
const COMPARISONS_MAX: usize = 20_000;
/// Sides left out that are named.
const LEFT_OUT_MAX: usize = 8;

/// What a pattern comes down to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    /// Kind and value of each indicator.
    pub(super) values: Vec<(Hint, String)>,
    /// Sides that are no indicators.
    pub(super) left_out: Vec<String>,
}

/// Reads a pattern.
///
/// # Errors
/// With the reason, when it is no pattern or asks for more than one sighting.
pub(super) fn read(pattern: &str) -> Result<Listed, String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(format!("longer than {PATTERN_BYTES_MAX} bytes"));
    }
    let mut words = Words { rest: pattern };
    let mut listed = Listed::default();
    // One bracket per level; all operators are OR, so that grouping changes nothing.
    let mut open: Vec<Word<'_>> = Vec::new();
    let mut expects_side = true;
    while let Some(word) = words.next()? {
        match word {
            Word::Sign(sign @ ("[" | "(")) if expects_side => {
                let nested = open.iter().any(|outer| matches!(outer, Word::Sign("[")));
                if (sign == "[" && nested) || open.len() > LEFT_OUT_MAX {
                    return Err("brackets within brackets".to_owned());
                }
                open.push(word);
            }
            Word::Sign(sign @ ("]" | ")")) if !expects_side => {
                let opened = if sign == "]" { "[" } else { "(" };
                if open.pop() != Some(Word::Sign(opened)) {
                    return Err(format!("'{sign}' without '{opened}'"));
                }
            }
            Word::Plain("OR") if !expects_side => expects_side = true,
            Word::Plain(path) if expects_side && open.contains(&Word::Sign("[")) => {
                comparison(path, &mut words, &mut listed)?;
                expects_side = false;
            }
            word => return Err(format!("{word} is not supported here")),
        }
    }
    if expects_side || !open.is_empty() {
        return Err("it ends in the middle".to_owned());
    }
    Ok(listed)
}

fn comparison(path: &str, words: &mut Words<'_>, listed: &mut Listed) -> Result<(), String> {
    let ended = || "it ends in the middle".to_owned();
    let operator = words.next()?.ok_or_else(ended)?;
    let mut values = Vec::new();
    match words.next()?.ok_or_else(ended)? {
        Word::Text(text) => values.push(text),
        Word::Sign("(") => loop {
            match words.next()?.ok_or_else(ended)? {
                Word::Text(text) => values.push(text),
                Word::Sign(")") => break,
                Word::Sign(",") | Word::Plain(_) => {}
                word => return Err(format!("{word} in a list")),
            }
            if values.len() > COMPARISONS_MAX {
                return Err(format!("more than {COMPARISONS_MAX} values"));
            }
        },
        Word::Plain(_) => {}
        word => return Err(format!("{word} in place of a value")),
    }
    let hint = kind(path).filter(|hint| match operator {
        Word::Sign("=") | Word::Plain("IN") => true,
        Word::Plain("ISSUBSET") => *hint == Hint::Ip,
        _ => false,
    });
    match hint {
        Some(hint) => listed.values.extend(values.into_iter().map(|value| (hint, value))),
        None if listed.left_out.len() < LEFT_OUT_MAX => {
            listed.left_out.push(format!("{path} {operator}"));
        }
        None => {}
    }
    if listed.values.len() > COMPARISONS_MAX {
        return Err(format!("more than {COMPARISONS_MAX} values"));
    }
    Ok(())
}

/// Returns what kind of indicator an object path leads to.
fn kind(path: &str) -> Option<Hint> {
    match path {
        "ipv4-addr:value" | "ipv6-addr:value" => Some(Hint::Ip),
        "network-traffic:dst_ref.value" | "network-traffic:src_ref.value" => Some(Hint::Ip),
        "domain-name:value" => Some(Hint::Domain),
        "url:value" => Some(Hint::Url),
        "email-addr:value" | "email-message:from_ref.value" | "email-message:sender_ref.value" => {
            Some(Hint::Email)
        }
        "file:name" => Some(Hint::File),
        "file:extensions.'windows-pebinary-ext'.imphash" => Some(Hint::Imphash),
        _ => {
            let name = path
                .strip_prefix("file:hashes.")
                .or_else(|| path.strip_prefix("artifact:hashes."))?;
            Hint::of_word(&squash(name)).filter(|hint| hint.is_hash() && *hint != Hint::Hash)
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word<'p> {
    /// A bracket, comma or operator.
    Sign(&'p str),
    /// A path, a word of the language, or a number.
    Plain(&'p str),
    /// A text, without quotes and escapes.
    Text(String),
}

impl std::fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sign(text) | Self::Plain(text) => f.write_str(text),
            Self::Text(_) => f.write_str("a text"),
        }
    }
}

struct Words<'p> {
    rest: &'p str,
}

impl<'p> Words<'p> {
    fn next(&mut self) -> Result<Option<Word<'p>>, String> {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let signs = ["!=", "<=", ">=", "[", "]", "(", ")", ",", "=", "<", ">"];
        if let Some(sign) = signs.into_iter().find(|sign| self.rest.starts_with(sign)) {
            self.rest = &self.rest[sign.len()..];
            return Ok(Some(Word::Sign(sign)));
        }
        if first == '\'' {
            return self.text().map(Some);
        }
        let end = self.plain_end();
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(Some(Word::Plain(word)))
    }

    /// A path may hold quoted parts: `file:hashes.'SHA-256'`.
    fn plain_end(&self) -> usize {
        let mut in_quotes = false;
        let ends = |c: char| c.is_whitespace() || "[](),=<>!".contains(c);
        for (at, c) in self.rest.char_indices() {
            if c == '\'' {
                in_quotes = !in_quotes;
            } else if !in_quotes && ends(c) {
                // A sign that no word begins with would stand still here.
                return at.max(c.len_utf8());
            }
        }
        self.rest.len()
    }

    fn text(&mut self) -> Result<Word<'p>, String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(Word::Text(text));
                }
                '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
                c => text.push(c),
            }
        }
        Err("a text without an end".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(pattern: &str) -> Vec<(Hint, String)> {
        let listed = read(pattern).unwrap();
        assert!(listed.left_out.is_empty(), "{:?}", listed.left_out);
        listed.values
    }

    #[test]
    fn lists_are_read() {
        let one = |hint, value: &str| vec![(hint, value.to_owned())];
        for (pattern, expected) in [
            ("[file:hashes.'SHA-256' = 'ab']", one(Hint::Sha256, "ab")),
            ("[file:hashes.MD5='ab']", one(Hint::Md5, "ab")),
            ("[ file:hashes.\"SHA-1\" = 'ab' ]", one(Hint::Sha1, "ab")),
            ("[ipv4-addr:value = '203.0.113.9']", one(Hint::Ip, "203.0.113.9")),
            ("[ipv4-addr:value ISSUBSET '203.0.113.0/24']", one(Hint::Ip, "203.0.113.0/24")),
            ("[domain-name:value = 'evil.example']", one(Hint::Domain, "evil.example")),
            (
                "[url:value = 'http://evil.example/?a=[1]']",
                one(Hint::Url, "http://evil.example/?a=[1]"),
            ),
            ("[email-addr:value = 'o\\'an@evil.example']", one(Hint::Email, "o'an@evil.example")),
            ("[file:name = 'a\\\\b.exe']", one(Hint::File, "a\\b.exe")),
            ("[file:extensions.'windows-pebinary-ext'.imphash = 'ab']", one(Hint::Imphash, "ab")),
        ] {
            assert_eq!(values(pattern), expected, "{pattern}");
        }
        let many = "([domain-name:value = 'a.example' OR ipv6-addr:value IN ('::1', '::2')]) OR \
                    [url:value = 'x']";
        assert_eq!(values(many).len(), 4);
    }

    #[test]
    fn sides_that_are_no_indicator_are_left_out() {
        let listed = read(
            "[file:hashes.MD5 = 'ab' OR file:hashes.SSDEEP = 'x' OR file:size = 5 \
             OR domain-name:value LIKE '%.example']",
        );
        let listed = listed.unwrap();
        assert_eq!(listed.values.len(), 1);
        assert_eq!(
            listed.left_out,
            ["file:hashes.SSDEEP =", "file:size =", "domain-name:value LIKE"]
        );
    }

    #[test]
    fn what_asks_for_more_is_refused() {
        for pattern in [
            "",
            "[]",
            "[domain-name:value = 'a' AND ipv4-addr:value = 'b']",
            "[domain-name:value = 'a'] AND [ipv4-addr:value = 'b']",
            "[domain-name:value = 'a'] FOLLOWEDBY [ipv4-addr:value = 'b']",
            "[domain-name:value = 'a'] REPEATS 5 TIMES",
            "[domain-name:value NOT = 'a']",
            "[domain-name:value = 'a'",
            "domain-name:value = 'a'",
            "[domain-name:value = 'a]",
            "[domain-name:value = 'a')",
            "[[domain-name:value = 'a']]",
            "[domain-name:value 'a']",
            "! ! !",
        ] {
            assert!(read(pattern).is_err(), "{pattern}: {:?}", read(pattern));
        }
    }

    proptest! {
        #[test]
        fn no_pattern_makes_the_reader_panic(
            text in "(\\[|\\]|\\(|\\)|=|!|'|\\\\| |OR |AND |IN |file:hashes.MD5|'a'|é|,){0,40}",
        ) {
            let _ = read(&text);
            let _ = read(&format!("[url:value = 'a' OR {text}]"));
        }
    }
}
