//! Alerts of anti-virus consoles in the two words that SigmaHQ's rules ask for: `Signature`, the
//! name of what was found, and `Filename`, the path of the file.
//!
//! CEF and LEEF leave both to the maker, and every maker has words of its own.

use std::borrow::Cow;

use crate::batch::Writer;

/// What makers call the finding, surest first, in lower case without blanks and marks.
const SIGNATURES: &[&str] = &[
    "threatname",
    "virusname",
    "malwarename",
    "detectionname",
    "signaturename",
    "threat",
    "virus",
    "malware",
];

/// What makers call the file.
const FILES: &[&str] = &[
    "filepath",
    "objecturi",
    "objectname",
    "fullpath",
    "infectedfile",
    "filename",
    "fname",
    "file",
];

/// Adds the two fields where the event tells them in other words.
pub(crate) fn write(event: &mut Writer<'_>) {
    for (field, words) in [("Signature", SIGNATURES), ("Filename", FILES)] {
        if !event.has(field)
            && let Some(text) = told(words, event)
        {
            event.text(field, &path(&text));
        }
    }
}

/// Rules know `C:\Users`, some consoles write `file:///C:/Users`.
fn path(text: &str) -> Cow<'_, str> {
    match text.strip_prefix("file:///") {
        Some(path) if path.as_bytes().get(1) == Some(&b':') => Cow::Owned(path.replace('/', "\\")),
        _ => Cow::Borrowed(text),
    }
}

fn told(words: &[&str], event: &Writer<'_>) -> Option<String> {
    words.iter().find_map(|word| {
        let mut fields = event.fields().filter(|(name, _)| is_word(name, word));
        let text = fields.find_map(|(_, value)| value.as_text().filter(|text| !text.is_empty()))?;
        Some(text.to_owned())
    })
}

/// `Threat Name`, `threat_name` and `threatName` are one word.
fn is_word(name: &str, word: &str) -> bool {
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric);
    letters.map(|byte| byte.to_ascii_lowercase()).eq(word.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, Format, Value};

    fn words(fields: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let mut batch = Batch::new();
        let mut event = batch.start(Format::Cef);
        fields.iter().for_each(|(field, text)| event.text(field, text));
        write(&mut event);
        event.finish();
        let text = |field| batch.event(0).first(field).and_then(Value::as_text).map(str::to_owned);
        (text("Signature"), text("Filename"))
    }

    #[test]
    fn makers_words_become_sigmas() {
        let both =
            |signature: &str, file: &str| (Some(signature.to_owned()), Some(file.to_owned()));
        for (fields, expected) in [
            (&[("Threat Name", "Mimikatz"), ("filePath", "C:\\a")][..], both("Mimikatz", "C:\\a")),
            (&[("virus", "x"), ("threat_name", "y"), ("fname", "b")], both("y", "b")),
            (&[("Signature", "own"), ("threat", "other"), ("Filename", "f")], both("own", "f")),
            (
                &[("virus", "x"), ("objectUri", "file:///C:/Temp/a b.exe")],
                both("x", "C:\\Temp\\a b.exe"),
            ),
            (&[("virus", "x"), ("file", "file:///opt/a")], both("x", "file:///opt/a")),
            (&[("virus", ""), ("msg", "x")], (None, None)),
        ] {
            assert_eq!(words(fields), expected);
        }
    }
}
