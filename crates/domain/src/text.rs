//! Text that a person typed: trimmed, bounded, without control characters.
//!
//! Checked once where it enters; a stored text is trusted from then on. Lengths are counted in
//! characters, since a Vietnamese letter takes up to three bytes.

use crate::refusal::{Code, Refusal};

/// Characters in a name or title.
pub const NAME_CHARS_MAX: usize = 200;
/// Characters in a reason.
pub const REASON_CHARS_MAX: usize = 2_000;
/// Characters in a description, an answer or technical facts.
pub const BODY_CHARS_MAX: usize = 20_000;

/// Returns the trimmed one-line text, refusing an empty or overlong one.
pub fn line(field: &'static str, text: &str, chars_max: usize) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::new(Code::TextMissing).arg("field", field));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::new(Code::TextControl).arg("field", field));
    }
    bounded(field, text, chars_max)
}

/// Returns the trimmed text of several lines, refusing an empty or overlong one.
pub fn body(field: &'static str, text: &str) -> Result<String, Refusal> {
    optional_body(field, text)?.ok_or_else(|| Refusal::new(Code::TextMissing).arg("field", field))
}

/// Returns the trimmed text of several lines, or nothing if it is blank.
pub fn optional_body(field: &'static str, text: &str) -> Result<Option<String>, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Refusal::new(Code::TextControl).arg("field", field));
    }
    bounded(field, text, BODY_CHARS_MAX).map(Some)
}

/// Returns the trimmed reason of a step, which must not be empty.
pub fn reason(text: &str) -> Result<String, Refusal> {
    match optional_body("reason", text)? {
        None => Err(Refusal::new(Code::ReasonMissing)),
        Some(text) => bounded("reason", &text, REASON_CHARS_MAX),
    }
}

fn bounded(field: &'static str, text: &str, chars_max: usize) -> Result<String, Refusal> {
    if text.chars().count() > chars_max {
        return Err(Refusal::new(Code::TextLong).arg("field", field).arg("max", chars_max));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_bounded() {
        assert_eq!(line("name", "  Sở Y tế ", 10).unwrap(), "Sở Y tế");
        assert!(line("name", " \t ", 10).unwrap_err().is(Code::TextMissing));
        assert!(line("name", "a\nb", 10).unwrap_err().is(Code::TextControl));
        assert!(line("name", "định định đ", 10).unwrap_err().is(Code::TextLong));
        assert!(line("name", "định định", 9).is_ok());
    }

    #[test]
    fn a_body_keeps_its_lines_and_may_be_absent() {
        assert_eq!(optional_body("note", " \r\n ").unwrap(), None);
        assert_eq!(body("note", "một\r\nhai ").unwrap(), "một\r\nhai");
        assert!(body("note", "a\0b").unwrap_err().is(Code::TextControl));
        assert!(body("note", "").unwrap_err().is(Code::TextMissing));
        assert!(body("note", &"x".repeat(BODY_CHARS_MAX + 1)).unwrap_err().is(Code::TextLong));
    }

    #[test]
    fn a_reason_must_be_written() {
        assert!(reason("  ").unwrap_err().is(Code::ReasonMissing));
        assert_eq!(reason(" vì trùng ").unwrap(), "vì trùng");
    }
}
