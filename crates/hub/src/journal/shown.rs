//! What an auditor sees of a line's body: codes, never words that somebody wrote.

use serde_json::Value;

/// The keys of a body that hold a code or a number of a series.
const CODES: &[&str] =
    &["number", "kind", "level", "before", "after", "state", "role", "category", "severity"];
/// The longest code; whatever is longer was written by a person.
const CODE_CHARS_MAX: usize = 40;

/// Returns the codes of a body, in a fixed order: (key, code).
pub fn codes(body: &Value) -> Vec<(&'static str, String)> {
    let code = |key: &&'static str| {
        let value = body.get(*key)?.as_str()?;
        is_code(value).then(|| (*key, value.to_owned()))
    };
    CODES.iter().filter_map(code).collect()
}

/// Whether a value is a code of the program: no spaces, no letters that a sentence would need.
fn is_code(value: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    !value.is_empty() && value.len() <= CODE_CHARS_MAX && value.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_are_shown_and_words_are_not() {
        let body = json!({
            "number": "SC-2026-0001", "before": "open", "after": "closed",
            "reason": "may-chu", "title": "bi-mat", "kind": "Một câu ai đó viết",
            "level": 3, "state": { "name": "x" }, "role": "x".repeat(41),
        });
        let shown = codes(&body);
        assert_eq!(
            shown,
            [
                ("number", "SC-2026-0001".to_owned()),
                ("before", "open".to_owned()),
                ("after", "closed".to_owned()),
            ]
        );
    }
}
