//! The files of signed heads, in the data folder, from where they are carried to another unit.
//!
//! Only a head that lies elsewhere proves anything against who holds this folder; the newest one
//! here still shows a tail that went missing by accident, or by a hand that forgot it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use khien_store::head::SignedHead;

/// The folder of signed heads, in the data folder.
pub const FOLDER: &str = "heads";
/// A signed head is a few hundred bytes of JSON.
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// Returns the file of the head at this line.
pub fn file(data: &Path, seq: i64) -> PathBuf {
    data.join(FOLDER).join(format!("head-{seq:09}.json"))
}

/// Returns the newest head that lies in the data folder, with its file.
///
/// # Errors
/// When the folder or that file cannot be read.
pub fn newest(data: &Path) -> anyhow::Result<Option<(PathBuf, SignedHead)>> {
    let folder = data.join(FOLDER);
    let doing = || format!("looking for signed heads in {}", folder.display());
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries.with_context(doing)?,
    };
    let mut newest: Option<i64> = None;
    for entry in entries {
        newest = newest.max(line_of(&entry.with_context(doing)?.path()));
    }
    let Some(seq) = newest else { return Ok(None) };
    let path = file(data, seq);
    let head = read(&path)?;
    Ok(Some((path, head)))
}

/// Returns the line that the name of a head's file tells; nothing for any other file.
fn line_of(path: &Path) -> Option<i64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("head-")?.strip_suffix(".json")?.parse().ok()
}

/// Reads a signed head.
///
/// # Errors
/// When the file cannot be read or is no signed head.
pub fn read(path: &Path) -> anyhow::Result<SignedHead> {
    let doing = || format!("reading the signed head {}", path.display());
    if fs::metadata(path).with_context(doing)?.len() > HEAD_BYTES_MAX {
        bail!("{} is no signed head", path.display());
    }
    let text = fs::read_to_string(path).with_context(doing)?;
    serde_json::from_str(&text).with_context(doing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use khien_store::head::JournalKey;
    use khien_store::journal::Head;

    #[test]
    fn the_newest_head_is_the_one_of_the_last_line() {
        let data = tempfile::tempdir().unwrap();
        assert!(newest(data.path()).unwrap().is_none());
        let key = JournalKey::open(&data.path().join("keys")).unwrap();
        fs::create_dir(data.path().join(FOLDER)).unwrap();
        fs::write(data.path().join(FOLDER).join("head.part"), "half").unwrap();
        assert!(newest(data.path()).unwrap().is_none());
        // The last one has outgrown the nine digits.
        for seq in [7, 1_000_000_000, 999_999_999] {
            let head = key.sign(Head { seq, hash: [1; 32] }, 5);
            let text = serde_json::to_string(&head).unwrap();
            fs::write(file(data.path(), seq), text).unwrap();
        }
        let (path, head) = newest(data.path()).unwrap().expect("three lie there");
        assert_eq!(head.seq, 1_000_000_000);
        assert_eq!(path, file(data.path(), 1_000_000_000));
    }
}
