//! The other spellings of a text: Base64 at any position, any dash before a flag, placeholders.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The characters that Windows programs take for a dash.
const DASHES: [char; 5] = ['-', '/', '–', '—', '―'];

/// Returns what Base64 makes of the bytes at each of the three positions they can stand in, without
/// the characters that also hold bits of what precedes or follows.
pub(crate) fn base64_offsets(bytes: &[u8]) -> [String; 3] {
    [0, 1, 2].map(|shift| {
        let mut padded = vec![b' '; shift];
        padded.extend_from_slice(bytes);
        let encoded = STANDARD.encode(&padded);
        let start = [0, 2, 3][shift];
        let end = encoded.len() - [0, 3, 2][padded.len() % 3];
        encoded.get(start..end).unwrap_or_default().to_owned()
    })
}

/// Returns a text with every dash that opens a flag in all five ways; none when that makes more
/// than `variants_max`. A dash opens a flag when a word follows and none precedes.
pub(crate) fn dashes(text: &str, variants_max: usize) -> Option<Vec<String>> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut spellings = vec![String::new()];
    let mut previous = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let opens = !previous.is_some_and(word) && chars.peek().is_some_and(|next| word(*next));
        if DASHES.contains(&c) && opens {
            if spellings.len() * DASHES.len() > variants_max {
                return None;
            }
            spellings = spellings
                .iter()
                .flat_map(|head| DASHES.iter().map(move |dash| format!("{head}{dash}")))
                .collect();
        } else {
            spellings.iter_mut().for_each(|head| head.push(c));
        }
        previous = Some(c);
    }
    Some(spellings)
}

/// A part of an `expand` value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    /// Itself, with `\\%` read as a plain percent sign.
    Plain(String),
    /// The name in `%name%`.
    Placeholder(&'t str),
}

/// Returns whether a text can stand between percent signs. SigmaHQ has a `%DC-MACHINE-NAME%`; what
/// begins with a hyphen stands between two percent signs by chance: `5%-10%`.
pub(crate) fn is_placeholder(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && name.chars().all(is_in_name)
}

fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

/// Returns the parts of an `expand` value.
pub(crate) fn placeholders(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        rest = after;
        if let Some(before) = before.strip_suffix('\\') {
            plain.push_str(before);
            plain.push('%');
            continue;
        }
        plain.push_str(before);
        let name = &after[..after.find(|c| !is_in_name(c)).unwrap_or(after.len())];
        if is_placeholder(name) && after[name.len()..].starts_with('%') {
            parts.push(Part::Plain(std::mem::take(&mut plain)));
            parts.push(Part::Placeholder(name));
            rest = &after[name.len() + 1..];
        } else {
            plain.push('%');
        }
    }
    plain.push_str(rest);
    parts.push(Part::Plain(plain));
    parts.retain(|part| *part != Part::Plain(String::new()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_dash_is_spelt_five_ways() {
        assert_eq!(dashes("-a", 5).unwrap(), ["-a", "/a", "–a", "—a", "―a"]);
        assert_eq!(dashes(" -a /b", 25).unwrap().len(), 25);
        assert_eq!(dashes("a-b - x--", 5).unwrap(), ["a-b - x--"]);
        assert_eq!(dashes("--all", 5).unwrap()[1], "-/all");
        assert_eq!(dashes("-a -b", 24), None);
    }

    #[test]
    fn shifted_base64_is_as_published() {
        // The example of the Sigma documentation.
        let expected = ["Zm9vYm", "Zvb2Jhc", "mb29iYX"];
        let got = base64_offsets(b"foobar");
        assert!(got.iter().zip(expected).all(|(got, head)| got.starts_with(head)), "{got:?}");
    }

    #[test]
    fn placeholders_are_told_from_percent_signs() {
        for (text, expected) in [
            ("a%b%c", "a<b>c"),
            ("%a%%b%", "<a><b>"),
            ("%a", "%a"),
            ("%%", "%%"),
            ("50% of %", "50% of %"),
            ("%A-B%-%c%", "<A-B>-<c>"),
            ("5%-10%", "5%-10%"),
            ("\\%a%", "%a%"),
            ("\\%plain%name%", "%plain<name>"),
            ("", ""),
        ] {
            let shown = placeholders(text).into_iter().map(|part| match part {
                Part::Plain(plain) => plain,
                Part::Placeholder(name) => format!("<{name}>"),
            });
            assert_eq!(shown.collect::<String>(), expected, "{text}");
        }
    }
}
