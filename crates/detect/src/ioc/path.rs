//! File names and paths: one spelling, and the walk from the file to the root.
//!
//! The spelling is folded like any text of a rule, with `/` between the parts. A name matches in
//! whatever folder; `temp/x.exe` matches at the end of a path; a path from the root matches as a
//! whole, and one from the root without a drive matches on every drive.

use super::mix;
use super::report::IocReason;
use crate::sigma::fold::fold_into;

/// Bytes of a path that is looked at; a longer one is no file.
pub(crate) const BYTES_MAX: usize = 1_024;
/// Parts of a path, of an indicator and of the walk over an event's.
pub(crate) const PARTS_MAX: usize = 24;
/// A shorter name would match by chance.
const NAME_CHARS_MIN: usize = 4;

/// Appends the one spelling of an indicator's file name or path.
///
/// # Errors
/// When it is none, holds a wildcard or a variable, or would match by chance.
pub(crate) fn normalise(text: &str, out: &mut String) -> Result<(), IocReason> {
    let text = text.trim_matches(['"', '\'', ' ']);
    if text.contains(['*', '?', '%', '<', '>', '|', '"']) {
        return Err(IocReason::Malformed("a file name without wildcards and variables"));
    }
    let start = out.len();
    spell(text, out);
    let spelt = &out[start..];
    let name = spelt.rsplit('/').next().unwrap_or_default();
    let reason = if name.is_empty() || spelt.len() > BYTES_MAX || name.contains(char::is_control) {
        IocReason::Malformed("a file name")
    } else if spelt.split('/').count() > PARTS_MAX {
        IocReason::Malformed("a path of bounded depth")
    } else if name == spelt && name.chars().count() < NAME_CHARS_MIN {
        IocReason::TooBroad
    } else {
        return Ok(());
    };
    out.truncate(start);
    Err(reason)
}

/// Appends the spelling of a path.
pub(crate) fn spell(text: &str, out: &mut String) {
    let start = out.len();
    fold_into(text, out);
    if out[start..].contains('\\') {
        let slashes = out[start..].replace('\\', "/");
        out.truncate(start);
        out.push_str(&slashes);
    }
}

/// Returns the hash of every tail of a path, the file's name first, with where it begins. ASCII
/// case does not count, nor which slash. A drive in front gives one more: the path without it.
#[inline]
pub(crate) fn tails(path: &str, deepest: usize) -> impl Iterator<Item = (u64, usize)> {
    let bytes = path.as_bytes();
    let mut end = bytes.len() + 1;
    let mut hash = mix::START;
    let mut without_drive = None;
    std::iter::from_fn(move || {
        if let Some(found) = without_drive.take() {
            return Some(found);
        }
        let head = bytes.get(..end.checked_sub(1)?)?;
        let start = memchr::memrchr2(b'/', b'\\', head).map_or(0, |slash| slash + 1);
        let part = &head[start..];
        if start == 0 && end <= bytes.len() && matches!(part, [_, b':']) {
            without_drive = Some((mix::chain(hash, mix::folded(b"")), end - 1));
        }
        hash = mix::chain(hash, mix::folded(part));
        end = start;
        Some((hash, start))
    })
    .take(deepest)
}

/// Returns the hash under which an indicator's path is kept.
pub(crate) fn hash(spelt: &str) -> u64 {
    let parts = spelt.rsplit('/');
    parts.fold(mix::START, |hash, part| mix::chain(hash, mix::folded(part.as_bytes())))
}

/// Returns how many steps the walk needs to come to this path.
pub(crate) fn depth(spelt: &str) -> usize {
    // A path without its drive comes one step after the one with it.
    spelt.split('/').count() + usize::from(spelt.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Result<String, IocReason> {
        let mut out = String::new();
        normalise(text, &mut out).map(|()| out)
    }

    #[test]
    fn paths_get_one_spelling() {
        for (text, expected) in [
            ("C:\\Windows\\Temp\\X.exe", "c:/windows/temp/x.exe"),
            ("\"x.EXE\"", "x.exe"),
            ("/tmp/.X11/x", "/tmp/.x11/x"),
            ("TÀI LIỆU.docx", "tài liệu.docx"),
            ("ta\u{300}i.docx", "tài.docx"),
        ] {
            assert_eq!(normal(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "/", "C:\\", "%TEMP%\\x.exe", "*.exe", "a\u{7}b.exe"] {
            assert!(matches!(normal(text), Err(IocReason::Malformed(_))), "{text}");
        }
        assert_eq!(normal("a.c"), Err(IocReason::TooBroad));
    }

    #[test]
    fn tails_go_from_the_file_to_the_root() {
        let found = |path: &str| -> Vec<String> {
            tails(path, 9).map(|(_, start)| path[start..].to_owned()).collect()
        };
        assert_eq!(
            found("C:\\Temp\\x.exe"),
            ["x.exe", "Temp\\x.exe", "C:\\Temp\\x.exe", "\\Temp\\x.exe"]
        );
        assert_eq!(found("/tmp/x"), ["x", "tmp/x", "/tmp/x"]);
        assert_eq!(found("x.exe"), ["x.exe"]);
        assert_eq!(found("c:"), ["c:"]);
        let walk: Vec<u64> = tails("C:\\Temp\\x.exe", 9).map(|(hash, _)| hash).collect();
        assert_eq!(walk, ["x.exe", "temp/x.exe", "c:/temp/x.exe", "/temp/x.exe"].map(hash));
        assert_eq!(depth("/temp/x.exe"), 4);
    }
}
