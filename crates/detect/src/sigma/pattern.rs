//! Text with wildcards: how Sigma's backslashes are read, and how a pattern is matched.

use std::hash::{Hash, Hasher};

use memchr::memmem::Finder;

use super::fold::fold;

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text as it stands.
    Literal(String),
    /// `*`: any number of characters, none too.
    Any,
    /// `?`: exactly one character.
    One,
}

/// A rule's text value, its escapes read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template(pub(crate) Vec<Piece>);

impl Template {
    /// Reads a value by the specification's escaping: a backslash escapes `*`, `?` and itself, and
    /// is itself before anything else.
    pub(crate) fn read(value: &str) -> Self {
        let mut template = Self::default();
        let mut chars = value.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '*' => template.0.push(Piece::Any),
                '?' => template.0.push(Piece::One),
                '\\' => {
                    let escaped = chars.next_if(|next| matches!(next, '*' | '?' | '\\'));
                    template.push_char(escaped.unwrap_or('\\'));
                }
                c => template.push_char(c),
            }
        }
        template
    }

    /// Returns the template of a text without wildcards.
    pub(crate) fn literal(text: &str) -> Self {
        if text.is_empty() { Self::default() } else { Self(vec![Piece::Literal(text.to_owned())]) }
    }

    /// Returns the bytes it takes to write it.
    pub(crate) fn bytes(&self) -> usize {
        let of = |piece: &Piece| if let Piece::Literal(text) = piece { text.len() } else { 1 };
        self.0.iter().map(of).sum()
    }

    /// Returns the text if there is no wildcard.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    fn push_char(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Piece::Literal(text)) => text.push(c),
            _ => self.0.push(Piece::Literal(c.to_string())),
        }
    }
}

/// Where a template has to lie in the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Whole,
    Start,
    End,
    Anywhere,
}

/// A compiled pattern. Without regard to case it is matched against folded values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pattern {
    Equals(Box<str>),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Contains(Box<Needle>),
    Anything,
    InOrder(Box<InOrder>),
    Glob(Box<[Token]>),
}

/// Texts in this order, with anything between them: what wildcards mostly are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct InOrder {
    /// Where the value begins; may be empty, as the end may.
    start: Box<str>,
    middle: Box<[Needle]>,
    end: Box<str>,
}

impl InOrder {
    /// Returns nothing for pieces with a `?`.
    fn new(pieces: &[Piece]) -> Option<Self> {
        let mut texts: Vec<String> = vec![String::new()];
        for piece in pieces {
            match (piece, texts.last_mut()) {
                (Piece::Literal(text), Some(last)) => last.push_str(text),
                (Piece::Any, _) => texts.push(String::new()),
                (Piece::One, _) | (_, None) => return None,
            }
        }
        let end = texts.pop()?.into();
        let mut texts = texts.into_iter();
        let start = texts.next()?.into();
        Some(Self { start, middle: texts.map(|text| Needle::new(&text)).collect(), end })
    }

    /// Returns the texts in their order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let middle = self.middle.iter().map(|needle| &*needle.text);
        std::iter::once(&*self.start).chain(middle).chain([&*self.end])
    }

    /// The first place of each text leaves most room for the next.
    fn matches(&self, value: &str) -> bool {
        let between = value.strip_prefix(&*self.start);
        let Some(between) = between.and_then(|rest| rest.strip_suffix(&*self.end)) else {
            return false;
        };
        let mut rest = between.as_bytes();
        self.middle.iter().all(|needle| match needle.finder.find(rest) {
            Some(at) => {
                rest = &rest[at + needle.text.len()..];
                true
            }
            None => false,
        })
    }
}

/// A text with what finding it quickly needs.
#[derive(Clone, Debug)]
pub(crate) struct Needle {
    pub(crate) text: Box<str>,
    finder: Finder<'static>,
}

impl Needle {
    fn new(text: &str) -> Self {
        Self { text: text.into(), finder: Finder::new(text).into_owned() }
    }
}

impl PartialEq for Needle {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Needle {}

impl Hash for Needle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// One step of a pattern with inner wildcards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    Char(char),
    Any,
    One,
}

impl Pattern {
    /// Compiles a template; `cased` keeps its spelling.
    pub(crate) fn new(template: &Template, place: Place, cased: bool) -> Self {
        let mut pieces: Vec<Piece> = Vec::with_capacity(template.0.len() + 2);
        if matches!(place, Place::End | Place::Anywhere) {
            pieces.push(Piece::Any);
        }
        pieces.extend(template.0.iter().map(|piece| match piece {
            Piece::Literal(text) if !cased => Piece::Literal(fold(text)),
            piece => piece.clone(),
        }));
        if matches!(place, Place::Start | Place::Anywhere) {
            pieces.push(Piece::Any);
        }
        pieces.dedup_by(|a, b| *a == Piece::Any && *b == Piece::Any);
        match pieces.as_slice() {
            [] => Self::Equals("".into()),
            [Piece::Any] => Self::Anything,
            [Piece::Literal(text)] => Self::Equals(text.as_str().into()),
            [Piece::Literal(text), Piece::Any] => Self::StartsWith(text.as_str().into()),
            [Piece::Any, Piece::Literal(text)] => Self::EndsWith(text.as_str().into()),
            [Piece::Any, Piece::Literal(text), Piece::Any] => {
                Self::Contains(Box::new(Needle::new(text)))
            }
            pieces => match InOrder::new(pieces) {
                Some(texts) => Self::InOrder(Box::new(texts)),
                None => Self::Glob(tokens(pieces)),
            },
        }
    }

    /// Returns whether the value (folded, unless the pattern is cased) matches.
    pub(crate) fn matches(&self, value: &str) -> bool {
        match self {
            Self::Equals(text) => value == &**text,
            Self::StartsWith(text) => value.starts_with(&**text),
            Self::EndsWith(text) => value.ends_with(&**text),
            Self::Contains(needle) => needle.finder.find(value.as_bytes()).is_some(),
            Self::Anything => true,
            Self::InOrder(texts) => texts.matches(value),
            Self::Glob(tokens) => glob(tokens, value),
        }
    }

    /// Returns how long a match takes, roughly, beside that of the others.
    pub(crate) fn effort(&self) -> u32 {
        match self {
            Self::Anything => 1,
            Self::Equals(_) | Self::StartsWith(_) | Self::EndsWith(_) => 2,
            Self::Contains(_) => 10,
            Self::InOrder(texts) => {
                10 * (1 + u32::try_from(texts.middle.len()).unwrap_or(u32::MAX / 20))
            }
            Self::Glob(tokens) => 20 + u32::try_from(tokens.len()).unwrap_or(u32::MAX - 20),
        }
    }
}

fn tokens(pieces: &[Piece]) -> Box<[Token]> {
    let mut tokens = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => tokens.extend(text.chars().map(Token::Char)),
            Piece::Any => tokens.push(Token::Any),
            Piece::One => tokens.push(Token::One),
        }
    }
    tokens.into()
}

/// Matches greedily and, on a mismatch, only ever moves the latest `*` on by one character: the
/// earlier ones need no second try. At worst pattern × value steps, never exponential.
fn glob(tokens: &[Token], value: &str) -> bool {
    let (mut at, mut rest) = (0, value.chars());
    let mut retry = None;
    loop {
        if tokens.get(at) == Some(&Token::Any) {
            at += 1;
            retry = Some((at, rest.clone()));
            continue;
        }
        let next = rest.next();
        let step = match (tokens.get(at), next) {
            (None, None) => return true,
            (Some(Token::One), Some(_)) => true,
            (Some(Token::Char(wanted)), Some(c)) => *wanted == c,
            _ => false,
        };
        if step {
            at += 1;
            continue;
        }
        // The value has ended before the pattern: a later start would only be shorter.
        if next.is_none() {
            return false;
        }
        let Some((back, from)) = retry.as_mut() else { return false };
        from.next();
        at = *back;
        rest = from.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(pattern: &str, value: &str) -> bool {
        Pattern::new(&Template::read(pattern), Place::Whole, false).matches(&fold(value))
    }

    #[test]
    fn escapes_follow_the_specification() {
        let lit = |text: &str| Piece::Literal(text.to_owned());
        for (written, pieces) in [
            (r"a\b", vec![lit(r"a\b")]),
            (r"a\\b", vec![lit(r"a\b")]),
            (r"a\*b", vec![lit("a*b")]),
            (r"a\?b", vec![lit("a?b")]),
            (r"a\\*b", vec![lit(r"a\"), Piece::Any, lit("b")]),
            (r"a\\\*b", vec![lit(r"a\*b")]),
            (r"a\\\b", vec![lit(r"a\\b")]),
            (r"a\\\\b", vec![lit(r"a\\b")]),
            (r"\Temp\", vec![lit(r"\Temp\")]),
            (r"\\*\\IPC$", vec![lit(r"\"), Piece::Any, lit(r"\IPC$")]),
            ("?x*", vec![Piece::One, lit("x"), Piece::Any]),
            ("", vec![]),
        ] {
            assert_eq!(Template::read(written).0, pieces, "{written}");
        }
    }

    #[test]
    fn wildcards_match() {
        for (pattern, value, expected) in [
            ("prog?.exe", "PROGA.EXE", true),
            ("prog?.exe", "prog.exe", false),
            ("a*b*c", "a__b__b__c", true),
            ("a*b*c", "a__c__b", false),
            ("*a*b", "xaxbxb", true),
            ("*ab", "aab", true),
            ("a*", "A", true),
            ("*", "", true),
            ("?", "ệ", true),
            ("", "", true),
            ("", "x", false),
            (r"C:\*\x.exe", r"c:*\x.exe", true),
            (r"C:\*\x.exe", r"c:\y\x.exe", false),
            (r"C:\\*\\x.exe", r"c:\y\x.exe", true),
            ("a**b", "ab", true),
            ("*??", "a", false),
            ("*??", "abc", true),
            ("ab*ba", "aba", false),
            ("ab*ba", "abba", true),
            ("a*bc*bc*d", "abcd", false),
            ("a*bc*bc*d", "axbcxbcxd", true),
            ("*b*a", "ab", false),
        ] {
            assert_eq!(whole(pattern, value), expected, "{pattern} on {value}");
        }
    }

    #[test]
    fn places_and_case() {
        let template = Template::read("Ab*c");
        for (place, cased, value, expected) in [
            (Place::Start, false, "abxcz", true),
            (Place::Start, false, "zabxc", false),
            (Place::End, false, "zabxc", true),
            (Place::Anywhere, false, "zabxcz", true),
            (Place::Anywhere, true, "zAbxcz", true),
            (Place::Anywhere, true, "zabxcz", false),
        ] {
            let got = Pattern::new(&template, place, cased).matches(value);
            assert_eq!(got, expected, "{place:?} {cased} {value}");
        }
    }

    #[test]
    fn a_hostile_glob_stays_fast() {
        let pattern = Pattern::new(&Template::read(&"*a".repeat(50)), Place::Anywhere, false);
        assert!(!pattern.matches(&"ab".repeat(40).repeat(10).replace('a', "c")));
        assert!(pattern.matches(&"a".repeat(5000)));
        let pattern = Pattern::new(&Template::read(&"*?a".repeat(50)), Place::Anywhere, false);
        assert!(!pattern.matches(&"ab".repeat(40).repeat(10).replace('a', "c")));
        assert!(pattern.matches(&"a".repeat(5000)));
    }
}
