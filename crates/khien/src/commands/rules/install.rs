//! Puts gathered rules where they are used: written beside, brought to the disk, then swapped in one
//! step, so that whoever reads the folder sees the old rules or the new ones and never a part. What
//! was there stays beside, hidden, for `--rollback`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::fs::{CWD, RenameFlags, renameat_with, syncfs};
use rustix::io::Errno;

use super::gather::Gathered;
use super::pinned::{NAME, Pin};

/// The folder of the rules in use, and what lies beside it.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) folder: PathBuf,
    /// Where the next rules are written.
    staging: PathBuf,
    /// Where the rules before these lie. Hidden, so that loading the folder above passes it over.
    previous: PathBuf,
    parent: PathBuf,
    /// Held as long as this is: two imports must not write the same. None for who only looks.
    _lock: Option<File>,
}

impl Seat {
    /// Takes the folder for an import.
    ///
    /// # Errors
    /// When it has no name, what lies beside it cannot be written, or another import is under way.
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let seat = Self::look(folder)?;
        let parent = &seat.parent;
        fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        let lock = File::create(seat.staging.with_extension("lock"))
            .with_context(|| format!("writing into {}", parent.display()))?;
        if lock.try_lock().is_err() {
            bail!("another import into {} is under way", seat.folder.display());
        }
        Ok(Self { _lock: Some(lock), ..seat })
    }

    /// Looks at the folder, and leaves nothing behind.
    ///
    /// # Errors
    /// When it has no name.
    pub(super) fn look(folder: &Path) -> Result<Self> {
        let folder = if folder.exists() { fs::canonicalize(folder)? } else { folder.to_owned() };
        let name = folder.file_name().context("the folder of the rules needs a name")?;
        let name = name.to_string_lossy().into_owned();
        let parent = match folder.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let beside = |what: &str| parent.join(format!(".{name}.{what}"));
        let (staging, previous) = (beside("new"), beside("previous"));
        Ok(Self { staging, previous, parent, folder, _lock: None })
    }

    /// Returns what is installed now; nothing where the folder is not there or empty.
    ///
    /// # Errors
    /// When somebody else's files lie there.
    pub(super) fn installed(&self) -> Result<Option<(Pin, Gathered)>> {
        let Some(pin) = self.pin()? else { return Ok(None) };
        Ok(Some((pin, Gathered::folder(&self.folder)?)))
    }

    /// Returns what the folder is noted to hold; nothing where it is not there or empty.
    fn pin(&self) -> Result<Option<Pin>> {
        let pin = Pin::of(&self.folder)?;
        if pin.is_none() {
            let is_free = !self.folder.exists() || fs::read_dir(&self.folder)?.next().is_none();
            ensure!(
                is_free,
                "{} holds files that no import has put there ({NAME} is missing); choose another \
                 folder with --into",
                self.folder.display()
            );
        }
        Ok(pin)
    }

    /// Writes the rules with their pin and swaps them in.
    pub(super) fn put(&self, gathered: &Gathered, pin: &Pin) -> Result<()> {
        remove(&self.staging)?;
        self.write(gathered, pin).with_context(|| format!("writing {}", self.staging.display()))?;
        if !self.folder.exists() {
            fs::rename(&self.staging, &self.folder)?;
        } else {
            exchange(&self.staging, &self.folder)?;
            // What was in use lies in the place of the new rules now.
            remove(&self.previous)?;
            fs::rename(&self.staging, &self.previous)?;
        }
        Ok(File::open(&self.parent)?.sync_all()?)
    }

    /// Whether there are rules to go back to. What lay there may have been an empty folder.
    pub(super) fn has_previous(&self) -> bool {
        Pin::of(&self.previous).is_ok_and(|pin| pin.is_some())
    }

    /// Swaps the rules in use for those before them; done twice, all is as it was.
    pub(super) fn roll_back(&self) -> Result<Pin> {
        let Some(pin) = Pin::of(&self.previous)? else {
            bail!("there are no rules before those in {}", self.folder.display());
        };
        // What has been done to the rules in use must not keep anybody from the way back.
        self.pin()?;
        exchange(&self.previous, &self.folder)?;
        File::open(&self.parent)?.sync_all()?;
        Ok(pin)
    }

    fn write(&self, gathered: &Gathered, pin: &Pin) -> Result<()> {
        fs::create_dir(&self.staging)?;
        for (path, bytes) in &gathered.files {
            let path = self.staging.join(path);
            fs::create_dir_all(path.parent().unwrap_or(&self.staging))?;
            fs::write(path, bytes)?;
        }
        fs::write(self.staging.join(NAME), serde_json::to_string_pretty(pin)? + "\n")?;
        // Thousands of small files: brought to the disk at once, not one by one.
        Ok(syncfs(File::open(&self.staging)?)?)
    }
}

/// Makes two folders change places in one step; where the file system cannot, in three, of which the
/// shortest moment has no folder.
fn exchange(one: &Path, other: &Path) -> Result<()> {
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let aside = one.with_extension("aside");
            remove(&aside)?;
            fs::rename(other, &aside)?;
            fs::rename(one, other)?;
            Ok(fs::rename(&aside, one)?)
        }
        Err(error) => Err(error).with_context(|| format!("swapping {}", other.display())),
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
