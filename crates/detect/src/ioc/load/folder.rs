//! The feeds below a folder, in a fixed order.

use std::io;
use std::path::{Path, PathBuf};

use crate::load::sorted_entries;

/// Nesting of folders of feeds.
const FOLDERS_DEEP_MAX: usize = 8;
/// Beside the events of a MISP feed lie their list and the hashes of their values, which are no
/// indicators.
const MISP_LIST: &str = "manifest.json";
const MISP_HASHES: &str = "hashes.csv";

/// Returns the files below a folder, by name, or the one file that the path names. Hidden ones are
/// passed over.
///
/// # Errors
/// When the path or a folder below it cannot be read, or lies too deep.
pub(crate) fn feeds(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut feeds = Vec::new();
    walk(path, 0, &mut feeds)?;
    Ok(feeds)
}

fn walk(path: &Path, depth: usize, feeds: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth > FOLDERS_DEEP_MAX {
        return Err(io::Error::other(format!("folders nested deeper than {FOLDERS_DEEP_MAX}")));
    }
    // A link is followed where the user names it, never below: it may lead back.
    let kind = if depth == 0 { path.metadata() } else { path.symlink_metadata() }?;
    if !kind.is_dir() {
        if depth == 0 || kind.is_file() {
            feeds.push(path.to_owned());
        }
        return Ok(());
    }
    let mut entries = sorted_entries(path)?;
    let is = |entry: &Path, name: &str| entry.file_name().is_some_and(|own| own == name);
    if entries.iter().any(|entry| is(entry, MISP_LIST)) {
        entries.retain(|entry| !is(entry, MISP_LIST) && !is(entry, MISP_HASHES));
    }
    entries.iter().try_for_each(|entry| walk(entry, depth + 1, feeds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_come_by_name_and_those_of_misp_without_their_lists() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("misp")).unwrap();
        for name in ["b.csv", "a.txt", ".hidden", "hashes.csv", "misp/manifest.json"] {
            std::fs::write(at(name), "x").unwrap();
        }
        for name in ["misp/hashes.csv", "misp/e1.json"] {
            std::fs::write(at(name), "x").unwrap();
        }
        let expected = ["a.txt", "b.csv", "hashes.csv", "misp/e1.json"].map(at);
        assert_eq!(feeds(folder.path()).unwrap(), expected);
        assert_eq!(feeds(&at("misp/manifest.json")).unwrap(), [at("misp/manifest.json")]);
        assert!(feeds(&at("none")).is_err());
        std::fs::create_dir_all(at("a/b/c/d/e/f/g/h/i")).unwrap();
        assert!(feeds(folder.path()).is_err());
    }
}
