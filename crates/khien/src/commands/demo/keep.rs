//! What a demo folder must remember from one run to the next, and the mark by which it is known
//! as one: the demo never settles in a folder that somebody else began.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

const FILE: &str = "demo.json";

/// What is remembered.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Kept {
    /// The token of the HTTP source; the hub itself keeps only its hash.
    pub(super) source_token: String,
}

/// Returns what an earlier run left; nothing in a folder without a demo.
pub(super) fn load(data: &Path) -> Result<Option<Kept>> {
    let path = data.join(FILE);
    let doing = || format!("reading {}", path.display());
    match fs::read(&path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text).with_context(doing)?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(doing),
    }
}

/// Remembers; the file appears whole or not at all, and only its owner reads it.
pub(super) fn save(data: &Path, kept: &Kept) -> Result<()> {
    let path = data.join(FILE);
    let part = data.join("demo.json.part");
    let doing = || format!("writing {}", path.display());
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&part)
        .with_context(doing)?;
    file.write_all(&serde_json::to_vec(kept)?).with_context(doing)?;
    file.sync_all().with_context(doing)?;
    fs::rename(&part, &path).with_context(doing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(load(data.path()).unwrap(), None);
        let kept = Kept { source_token: "t".to_owned() };
        save(data.path(), &kept).unwrap();
        assert_eq!(load(data.path()).unwrap(), Some(kept));
    }
}
