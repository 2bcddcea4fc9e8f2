//! The rule folders, looked at while the hub runs: what changes is loaded beside the rules at work
//! and swapped in between two rounds, without a restart and without forgetting what was counted.
//!
//! A rule that cannot be honoured is left out by name, as at the start. A folder that cannot be
//! read at all (a disk that is gone) changes nothing: the rules at work stay, and a signal tells.
//! Each change is a line of the journal, because whoever takes a rule away blinds the province.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use khien_detect::{Loader, Reason, Refused, Rules};
use khien_store::NewEntry;
use serde_json::{Value, json};

use super::raise::{self, ACTOR};
use super::{Loaded, save};
use crate::app::App;

/// Files that are looked at; the loader takes no more rules than that.
const FILES_MAX: usize = khien_detect::RULES_MAX;
/// Nesting of folders that is followed, as the loader's.
const FOLDERS_DEEP_MAX: usize = 32;
/// Names that one journal line lists.
const NAMES_MAX: usize = 50;

/// Files with their size and the time of their last change.
type Look = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// The configured folders, as they were when the rules at work were loaded.
#[derive(Debug)]
pub struct Folders {
    paths: Vec<PathBuf>,
    seen: Look,
}

/// What was loaded.
struct Set {
    rules: Rules,
    refused: Vec<Refused>,
    look: Look,
}

impl Folders {
    /// Loads the embedded pack and the configured folders.
    ///
    /// # Errors
    /// When the store fails. A rule that cannot be honoured is no error.
    pub async fn load(app: &App) -> anyhow::Result<(Self, Rules)> {
        let paths = app.config.detection.rules.clone();
        let set = load(paths.clone()).await?;
        let folders = Self { paths, seen: set.look };
        tell(app, "rules.load", &set.rules, &set.refused, &Look::new(), &Look::new()).await?;
        app.set_rules(loaded(app, &set.rules, set.refused));
        Ok((folders, set.rules))
    }

    /// Returns whether there is any folder to look at.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Looks whether anything has changed; returns the rules to go on with if it has.
    ///
    /// # Errors
    /// When the store fails; the next look finds the same again.
    pub async fn look(&mut self, app: &App) -> anyhow::Result<Option<Rules>> {
        let paths = self.paths.clone();
        let now = tokio::task::spawn_blocking(move || look(&paths)).await?;
        if now == self.seen {
            return Ok(None);
        }
        let set = load(self.paths.clone()).await?;
        if let Some(lost) = self.lost(&set.refused) {
            let mut write = app.db.write().await?;
            let told = raise::rules_lost(app, &mut write, &lost.display().to_string()).await?;
            save::commit(app, write, told.into_iter().collect()).await?;
            self.seen = set.look;
            return Ok(None);
        }
        tell(app, "rules.reload", &set.rules, &set.refused, &self.seen, &set.look).await?;
        app.set_rules(loaded(app, &set.rules, set.refused));
        self.seen = set.look;
        Ok(Some(set.rules))
    }

    /// Returns a configured folder that could not be read as a whole.
    fn lost(&self, refused: &[Refused]) -> Option<&Path> {
        let unread =
            |path: &PathBuf| refused.iter().any(|r| r.path == *path && is_unreadable(&r.reason));
        self.paths.iter().find(|path| unread(path)).map(PathBuf::as_path)
    }
}

fn is_unreadable(reason: &Reason) -> bool {
    matches!(reason, Reason::Unreadable(_))
}

fn loaded(app: &App, rules: &Rules, refused: Vec<Refused>) -> Loaded {
    Loaded::new(rules.infos().map(Arc::clone).collect(), refused, app.now())
}

async fn load(paths: Vec<PathBuf>) -> anyhow::Result<Set> {
    let set = tokio::task::spawn_blocking(move || {
        // Looked at first: what changes while it is read is seen at the next look.
        let look = look(&paths);
        let mut loader = Loader::new();
        loader.pack();
        paths.iter().for_each(|path| loader.folder(path));
        let (rules, refused) = loader.finish();
        Set { rules, refused, look }
    });
    let set = set.await?;
    for refused in &set.refused {
        tracing::warn!(file = %refused.path.display(), reason = %refused.reason, "a rule was refused");
    }
    Ok(set)
}

/// Writes the journal's line: how many rules are at work, which files came, went or changed, and
/// which were refused.
async fn tell(
    app: &App,
    action: &'static str,
    rules: &Rules,
    refused: &[Refused],
    before: &Look,
    after: &Look,
) -> anyhow::Result<()> {
    let refused_paths = refused.iter().map(|refused| &refused.path);
    let added = after.keys().filter(|path| !before.contains_key(*path));
    let removed = before.keys().filter(|path| !after.contains_key(*path));
    let changed =
        after.iter().filter(|(path, state)| before.get(*path).is_some_and(|b| b != *state));
    let body = json!({
        "rules": rules.len(), "refused": names(refused_paths), "added": names(added),
        "removed": names(removed), "changed": names(changed.map(|(path, _)| path)),
    });
    let mut write = app.db.write().await?;
    let subject = "rules:all".to_owned();
    write.record(NewEntry { at: app.now(), actor: ACTOR.to_owned(), action, subject, body });
    app.commit(write).await?;
    Ok(())
}

/// Returns how many there are, and the first of them.
fn names<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Value {
    let names: Vec<String> = paths.map(|path| path.display().to_string()).collect();
    json!({ "count": names.len(), "first": names.iter().take(NAMES_MAX).collect::<Vec<_>>() })
}

/// What cannot be read is left out here; loading tells of it.
fn look(paths: &[PathBuf]) -> Look {
    let mut look = Look::new();
    paths.iter().for_each(|path| walk(path, 0, &mut look));
    look
}

fn walk(path: &Path, depth: usize, look: &mut Look) {
    if depth > FOLDERS_DEEP_MAX || look.len() >= FILES_MAX {
        return;
    }
    let meta = if depth == 0 { path.metadata() } else { path.symlink_metadata() };
    let Ok(meta) = meta else { return };
    if !meta.is_dir() {
        look.insert(path.to_owned(), (meta.len(), meta.modified().ok()));
        return;
    }
    let Ok(entries) = fs::read_dir(path) else { return };
    entries.flatten().for_each(|entry| walk(&entry.path(), depth + 1, look));
}
