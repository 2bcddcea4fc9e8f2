//! Which version of a rule collection a folder holds: a small file beside the rules says it, with the
//! hash by which anybody sees whether the rules are still those that were imported.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use khien_hub::web::i18n::Arg;
use serde::{Deserialize, Serialize};

use super::super::hunt::record::clip;
use super::gather::Gathered;
use crate::talk::say;

/// The file; no rule file, so that loading rules passes it over.
pub(super) const NAME: &str = "khien-rules.json";
/// Bytes of that file.
const BYTES_MAX: u64 = 1 << 20;
/// Characters of a version, a hash and a time.
pub(super) const TEXT_CHARS_MAX: usize = 100;

/// What was imported. The names are fixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pin {
    /// Of this file's form.
    pub(super) version: u32,
    /// As whoever imported it calls it.
    pub(super) rules_version: String,
    /// Over sorted paths and bytes of all files.
    pub(super) sha256: String,
    /// The names of the folders and archives it came from.
    pub(super) sources: Vec<String>,
    /// RFC 3339, at +07:00.
    pub(super) imported_at: String,
    pub(super) files: usize,
    pub(super) loaded: usize,
    pub(super) refused: usize,
    /// Files that say under which terms the rules may be used.
    pub(super) licences: Vec<String>,
    /// The program that imported it.
    pub(super) imported_by: String,
}

/// The form that this program writes.
pub(super) const VERSION: u32 = 1;

impl Pin {
    /// Returns what was imported into a folder; nothing where that is no such folder.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub(super) fn of(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(NAME);
        let Ok(meta) = path.metadata() else { return Ok(None) };
        let pin = if meta.is_file() { Self::read(&path) } else { Err(anyhow!("no file")) };
        pin.map(Some).with_context(|| format!("reading {}", path.display()))
    }

    /// Reads what is known to be a file: a pipe might never end.
    fn read(path: &Path) -> Result<Self> {
        let mut text = String::new();
        fs::File::open(path)?.take(BYTES_MAX).read_to_string(&mut text)?;
        let mut pin: Self = serde_json::from_str(&text)?;
        // Carried over with the rules, it may be a stranger's; these are told at terminals.
        for text in [&mut pin.rules_version, &mut pin.sha256, &mut pin.imported_at] {
            *text = clip(text, TEXT_CHARS_MAX);
        }
        Ok(pin)
    }

    /// Returns what people are told of it, after looking whether the folder still holds it.
    fn state(self, folder: &Path) -> Pinned {
        let is_intact = Gathered::folder(folder).is_ok_and(|now| now.sha256() == self.sha256);
        let (version, sha256) = (self.rules_version, self.sha256);
        Pinned { version, sha256, imported_at: self.imported_at, is_intact }
    }
}

/// What a folder of rules is known to hold.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Pinned {
    version: String,
    pub(in crate::commands) sha256: String,
    imported_at: String,
    /// Nobody has changed the rules since.
    is_intact: bool,
}

impl Pinned {
    /// Looks at a folder of rules; nothing where no import has put them there. What cannot be read
    /// is a remark, as neither the rules nor their hits hang on it.
    pub(in crate::commands) fn of(folder: &Path) -> Option<Self> {
        match Pin::of(folder) {
            Ok(pin) => pin.map(|pin| pin.state(folder)),
            Err(error) => {
                say(&format!("{error:#}"));
                None
            }
        }
    }

    /// Returns the key of the sentence that tells it.
    pub(in crate::commands) fn key(&self) -> &'static str {
        if self.is_intact { "install-pinned" } else { "install-pinned-changed" }
    }

    /// Returns what that sentence needs.
    pub(in crate::commands) fn args(&self) -> [(&'static str, Arg<'_>); 2] {
        [("version", Arg::Text(&self.version)), ("at", Arg::Text(&self.imported_at))]
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_pipe_is_no_pin_and_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Pin::of(folder.path()).unwrap().is_none());
        assert!(Command::new("mkfifo").arg(folder.path().join(NAME)).status().unwrap().success());
        assert!(Pin::of(folder.path()).is_err());
    }
}
