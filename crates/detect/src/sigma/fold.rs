//! One spelling for all cases of a text: Sigma compares without regard to case.
//!
//! Simple case folding, character by character, so that `?` keeps counting characters. Non-ASCII
//! text is brought to NFC first: macOS writes Vietnamese file names decomposed, rules are typed
//! composed. `cased` and `re` see the text as it is.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Returns whether folding only writes the ASCII letters of a text in lower case: so it is with
/// ASCII, and with the signs of Latin-1 (`©`, `®`, `°`), of which Windows writes two into most of its
/// programs' names.
pub(crate) fn is_plain(text: &str) -> bool {
    // The signs are two bytes, of which the first is C2; of them, the micro sign has an upper case.
    const LETTERS: u8 = 0xC3;
    const MICRO: u8 = 0xB5;
    let plain =
        |bytes: &[u8]| bytes.iter().fold(true, |all, b| all & (*b < LETTERS) & (*b != MICRO));
    text.is_ascii() || text.as_bytes().chunks(64).all(plain)
}

/// Appends the folded text.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    if is_plain(text) {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
    } else if is_nfc_quick(text.chars()) == IsNormalized::Yes {
        out.extend(text.chars().map(fold_char));
    } else {
        out.extend(text.nfc().map(fold_char));
    }
}

/// Returns the folded text.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// Folds through upper case, which joins the letters with several lower forms (`ς`, `σ`; `ſ`, `s`).
/// A mapping to more than one character (`ß` to `SS`) is no simple folding: the character stays.
fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    // Turkish dotless i is a letter of its own outside Turkish rules.
    if c == 'ı' {
        return c;
    }
    let upper = single(c.to_uppercase()).unwrap_or(c);
    single(upper.to_lowercase()).unwrap_or(upper)
}

fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next()?;
    mapped.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::{fold, fold_char, is_plain};

    #[test]
    fn cases_and_normal_forms_meet() {
        for (a, b) in [
            ("POWERSHELL.EXE", "powershell.exe"),
            ("TÀI LIỆU MẬT.DOCX", "tài liệu mật.docx"),
            ("ta\u{300}i lie\u{323}\u{302}u", "tài liệu"),
            ("ĐẢNG ỦY", "đảng ủy"),
            ("ΟΔΟΣ", "οδος"),
            ("\u{212A}", "k"),
            ("ẞ", "ß"),
        ] {
            assert_eq!(fold(a), fold(b), "{a}");
        }
        assert_ne!(fold("ı"), fold("i"));
        assert_ne!(fold("đ"), fold("d"));
    }

    #[test]
    fn plain_is_what_folding_leaves_but_for_ascii_letters() {
        for c in '\0'..='\u{FFFF}' {
            let text = format!("a{c}A");
            let by_letter: String = text.nfc().map(fold_char).collect();
            if is_plain(&text) {
                assert_eq!(text.to_ascii_lowercase(), by_letter, "{c:?}");
            }
            assert_eq!(fold(&text), by_letter, "{c:?}");
        }
        assert!(is_plain("Microsoft® Windows® © 2026") && is_plain(""));
        assert!(!is_plain("µ") && !is_plain("é") && !is_plain("\u{212A}"));
    }

    #[test]
    fn the_number_of_characters_stays() {
        assert_eq!(fold("İSTANBUL ß").chars().count(), "İSTANBUL ß".chars().count());
    }
}
