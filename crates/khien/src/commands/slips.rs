//! Where the codes of activation slips come out: the terminal, or a file to be printed.
//!
//! A code exists nowhere else, so that its way out must be open before the slip is issued: a file
//! that cannot be made stops the command while nothing has been changed.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use khien_hub::access::people::{PrintedSlip, paper};
use khien_hub::app::App;
use khien_hub::unit;
use khien_hub::web::i18n::Arg;
use khien_hub::web::view::View;

use crate::talk::say;

/// A way out for slips.
pub(super) struct SlipDesk(Option<SlipFile>);

impl SlipDesk {
    /// Opens the way: into the file, when one is named, or to stdout.
    pub(super) fn ready(path: Option<&Path>) -> Result<Self> {
        Ok(Self(path.map(SlipFile::create).transpose()?))
    }

    /// Hands out what was issued; without any slip a file does not stay.
    pub(super) async fn hand_out(
        self,
        app: &App,
        view: &View,
        slips: &[PrintedSlip],
    ) -> Result<()> {
        if slips.is_empty() {
            return Ok(());
        }
        let Some(file) = self.0 else {
            say(&view.t("import-slips-here"));
            write!(std::io::stdout(), "{}", paper::text(view, slips))?;
            return Ok(());
        };
        let tree = {
            let mut conn = app.db.read().await?;
            unit::store::tree(&mut conn).await?
        };
        let name = file.path.display().to_string();
        file.keep(&paper::file(view, &tree, &app.config.address(), slips))?;
        let args = [("count", Arg::Number(slips.len() as i64)), ("file", Arg::Text(&name))];
        say(&view.lang.ta("import-slips-written", &args));
        Ok(())
    }
}

/// A file of slips. Dropped before anything was written, it is removed again.
struct SlipFile {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl SlipFile {
    /// Slips open accounts, so that the file is never readable by others, not even for a moment;
    /// one that is there already is not written over.
    fn create(path: &Path) -> Result<Self> {
        let mut options = fs::OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(path);
        let file = made.with_context(|| format!("making {}", path.display()))?;
        Ok(Self { path: path.to_owned(), file, kept: false })
    }

    fn keep(mut self, text: &str) -> Result<()> {
        // From here on it may hold codes: what could be written of them stays.
        self.kept = true;
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        written.with_context(|| format!("writing {}", self.path.display()))
    }
}

impl Drop for SlipFile {
    fn drop(&mut self) {
        if !self.kept {
            // An empty file that stays is only untidy.
            let _removed = fs::remove_file(&self.path);
        }
    }
}
