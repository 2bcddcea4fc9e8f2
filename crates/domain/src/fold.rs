//! Folding of Vietnamese for search: "Đông Thọ" is found by "dong tho".
//!
//! SQLite's own `remove_diacritics` does not fold đ, which is a letter and not a mark, so both
//! sides of every search go through here.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Returns the text in lower case, without tone and vowel marks, with đ as d.
pub fn fold(text: &str) -> String {
    text.nfc()
        .nfd()
        .filter(|&c| !is_combining_mark(c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'đ' { 'd' } else { c })
        // Lower case of a few letters (İ) brings a new mark with it.
        .filter(|&c| !is_combining_mark(c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_and_case_do_not_matter() {
        let cases = [
            ("Đông Thọ", "dong tho"),
            ("QUYẾT ĐỊNH", "quyet dinh"),
            ("Sự cố", "su co"),
            ("Thừa Thiên Huế", "thua thien hue"),
            ("đường dây nóng", "duong day nong"),
            ("SC-2026-0001", "sc-2026-0001"),
            ("", ""),
        ];
        for (text, folded) in cases {
            assert_eq!(fold(text), folded);
        }
    }

    #[test]
    fn both_spellings_of_unicode_meet() {
        let composed = "Huế";
        let decomposed: String = composed.nfd().collect();
        assert_ne!(composed, decomposed);
        assert_eq!(fold(composed), fold(&decomposed));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
