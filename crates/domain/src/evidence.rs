//! Evidence: files kept as proof, and who touched them.
//!
//! The bytes lie in the blob store under a key of their own; here are only the rules on names and
//! sizes and the kinds of custody entry. Whether a file carries a secrecy mark is not decided
//! here: marked files are refused before they reach this rule.

use crate::coded::coded;
use crate::refusal::{Code, Refusal};

/// Bytes in one file.
pub const EVIDENCE_BYTES_MAX: u64 = 50 * 1024 * 1024;
/// Files that one task, signal or matter may hold.
pub const EVIDENCE_FILES_MAX: usize = 200;
/// Characters in a file's name.
pub const FILE_NAME_CHARS_MAX: usize = 120;

coded! {
    /// What was done with a piece of evidence; each is a journal entry.
    Custody {
        /// It was added, and its hash taken.
        Collected = "collected",
        /// Somebody opened it.
        Read = "read",
        /// It left the house in an export.
        Exported = "exported",
        /// Its hash was taken again and agreed.
        Verified = "verified",
        /// Its hash did not agree, so it is served no more.
        Mismatched = "mismatched",
        /// Its key was destroyed under four eyes.
        Destroyed = "destroyed",
    }
}

/// Returns whether one more file of this size fits beside `files_there` others.
pub fn check_size(size_bytes: u64, files_there: usize) -> Result<(), Refusal> {
    if size_bytes == 0 {
        return Err(Refusal::new(Code::FileEmpty));
    }
    if size_bytes > EVIDENCE_BYTES_MAX {
        return Err(Refusal::new(Code::FileTooLarge).arg("max_mib", EVIDENCE_BYTES_MAX >> 20));
    }
    if files_there >= EVIDENCE_FILES_MAX {
        return Err(Refusal::new(Code::TooManyFiles).arg("max", EVIDENCE_FILES_MAX));
    }
    Ok(())
}

/// Returns the name under which a file is kept: the last part of what the browser sent, without
/// what a file system or a reader could be fooled by.
///
/// Signs that turn the direction of writing are dropped: they make `exe.pdf` out of `fdp.exe`.
pub fn file_name(sent: &str) -> Result<String, Refusal> {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|&c| !c.is_control() && !turns_direction(c))
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect();
    let clean = clean.trim_matches(is_padding);
    if clean.is_empty() {
        return Err(Refusal::new(Code::FileNameMalformed));
    }
    Ok(shortened(clean))
}

/// Dots and blanks at the ends: hidden files, and endings that some systems drop silently.
fn is_padding(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Cuts a long name before its extension, which tells the reader what the file is.
fn shortened(name: &str) -> String {
    let chars = name.chars().count();
    if chars <= FILE_NAME_CHARS_MAX {
        return name.to_owned();
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let extension = if extension.chars().count() <= 10 { extension } else { "" };
    let kept = FILE_NAME_CHARS_MAX - extension.chars().count() - 1;
    let stem: String = name.chars().take(kept).collect();
    format!("{}.{extension}", stem.trim_end_matches(is_padding)).trim_matches(is_padding).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_keep_their_words_and_lose_their_traps() {
        let cases = [
            ("ảnh chụp màn hình.png", "ảnh chụp màn hình.png"),
            ("C:\\Users\\an\\nhật ký.evtx", "nhật ký.evtx"),
            ("../../etc/passwd", "passwd"),
            (" .bashrc ", "bashrc"),
            ("!. .", "!"),
            ("a:b?.txt", "a_b_.txt"),
            ("bao\u{202e}fdp.exe", "baofdp.exe"),
            ("dòng\r\nhai.txt", "dònghai.txt"),
        ];
        for (sent, kept) in cases {
            assert_eq!(file_name(sent).unwrap(), kept, "{sent}");
        }
        for sent in ["", "/", "..", " . ", "\u{202e}", "a/"] {
            assert!(file_name(sent).unwrap_err().is(Code::FileNameMalformed), "{sent}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let kept = file_name(&format!("{}.pdf", "đ".repeat(300))).unwrap();
        assert_eq!(kept.chars().count(), FILE_NAME_CHARS_MAX);
        assert!(kept.ends_with("đ.pdf"));
    }

    #[test]
    fn sizes_have_bounds() {
        assert!(check_size(0, 0).unwrap_err().is(Code::FileEmpty));
        assert!(check_size(EVIDENCE_BYTES_MAX, EVIDENCE_FILES_MAX - 1).is_ok());
        assert!(check_size(EVIDENCE_BYTES_MAX + 1, 0).unwrap_err().is(Code::FileTooLarge));
        assert!(check_size(1, EVIDENCE_FILES_MAX).unwrap_err().is(Code::TooManyFiles));
    }

    proptest! {
        #[test]
        fn a_kept_name_is_plain_and_stays_itself(sent in any::<String>()) {
            if let Ok(kept) = file_name(&sent) {
                prop_assert!(!kept.is_empty() && kept.chars().count() <= FILE_NAME_CHARS_MAX);
                prop_assert!(!kept.contains(['/', '\\']) && !kept.chars().any(char::is_control));
                prop_assert_eq!(file_name(&kept).unwrap(), kept);
            }
        }
    }
}
