//! The fields of a record: `key=value` in plain, quoted or braced form, and the values that the
//! kernel writes in hex because a user chose them.

use std::borrow::Cow;

/// Stands between what the kernel wrote and what auditd's enriched format adds; rsyslog writes the
/// control character as `#035`.
const ENRICHED_MARKS: [&str; 2] = ["\u{1d}", "#035"];

/// How a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it stands; a user's text is then in hex.
    Plain,
    /// Between quotes or braces.
    Enclosed,
}

/// A field as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair<'l> {
    pub(super) key: &'l str,
    pub(super) value: &'l str,
    pub(super) form: Form,
}

/// Walks over the fields. Words without `=` (`avc:  denied`) are passed over.
pub(super) fn pairs(body: &str) -> impl Iterator<Item = Pair<'_>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        loop {
            rest = past_gap(rest);
            if rest.is_empty() {
                return None;
            }
            let word_end = rest.find(is_gap).unwrap_or(rest.len());
            let Some(equals) = rest[..word_end].find('=') else {
                rest = &rest[word_end..];
                continue;
            };
            let key = &rest[..equals];
            let (value, form, after) = value(&rest[equals + 1..]);
            rest = after;
            if !key.is_empty() {
                return Some(Pair { key, value, form });
            }
        }
    })
}

fn is_gap(c: char) -> bool {
    c == ' ' || c == '\t' || c == '\u{1d}'
}

fn past_gap(text: &str) -> &str {
    let mut rest = text;
    loop {
        let next = rest.trim_start_matches(is_gap);
        let next = ENRICHED_MARKS.iter().find_map(|mark| next.strip_prefix(mark)).unwrap_or(next);
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

/// Splits a value off. One that is never closed runs to the end.
fn value(text: &str) -> (&str, Form, &str) {
    let Some(inner) = text.strip_prefix(['"', '\'', '{']) else { return plain(text) };
    let end = match text.as_bytes()[0] {
        b'"' => inner.find('"'),
        b'{' => inner.find('}'),
        // A program's whole message, in which a user's name may hold this quote.
        _ => {
            let mark = ENRICHED_MARKS.iter().find_map(|mark| inner.find(mark));
            inner[..mark.unwrap_or(inner.len())].rfind('\'')
        }
    };
    match end {
        Some(end) => (&inner[..end], Form::Enclosed, &inner[end + 1..]),
        None => (inner, Form::Enclosed, ""),
    }
}

fn plain(text: &str) -> (&str, Form, &str) {
    let end = text.find(is_gap).unwrap_or(text.len());
    let end = text[..end].find(ENRICHED_MARKS[1]).unwrap_or(end);
    (&text[..end], Form::Plain, &text[end..])
}

/// Returns the bytes behind hex as the kernel writes it: upper case, two digits a byte.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// Returns the text of a field whose content a user chose.
pub(super) fn users_text<'l>(pair: &Pair<'l>) -> Cow<'l, str> {
    match (pair.form, unhex(pair.value)) {
        (Form::Plain, Some(bytes)) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        _ => Cow::Borrowed(pair.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Vec<(&str, &str)> {
        pairs(body).map(|pair| (pair.key, pair.value)).collect()
    }

    #[test]
    fn every_form_of_value() {
        assert_eq!(
            read(
                "a=1 b=\"x y\" msg='op=login acct=\"an\"' s={ fam=inet } e= avc:  denied  { read } z=(null)"
            ),
            [
                ("a", "1"),
                ("b", "x y"),
                ("msg", "op=login acct=\"an\""),
                ("s", " fam=inet "),
                ("e", ""),
                ("z", "(null)")
            ]
        );
        assert_eq!(
            read("key=(null)\u{1d}ARCH=x86_64 UID=\"root\""),
            [("key", "(null)"), ("ARCH", "x86_64"), ("UID", "root")]
        );
        assert_eq!(
            read("key=\"k\"#035ARCH=x86_64 n=1#035UID=\"r\""),
            [("key", "k"), ("ARCH", "x86_64"), ("n", "1"), ("UID", "r")]
        );
        assert_eq!(
            read("msg='acct=\"o'x\" res=failed'\u{1d}AUID=\"y'\""),
            [("msg", "acct=\"o'x\" res=failed"), ("AUID", "y'")]
        );
        assert_eq!(read("a=\"never closed b=2"), [("a", "never closed b=2")]);
        assert_eq!(read("=x =\"y\" ="), []);
        assert_eq!(read(""), []);
    }

    #[test]
    fn hex_is_even_and_upper_case() {
        assert_eq!(unhex("2F746D70"), Some(b"/tmp".to_vec()));
        for text in ["", "2F7", "2f", "(null)", "đđ"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}
