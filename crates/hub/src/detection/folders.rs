//! The folders of rules, their lists of values and the feeds of indicators, looked at while the hub
//! runs: what changes is loaded beside what is at work and swapped in between two rounds, without a
//! restart and without forgetting what was counted.
//!
//! A rule that cannot be honoured is left out by name, as at the start. A folder or feed that
//! cannot be read at all, a folder that holds no rule any more (a disk that is gone leaves its
//! mount point behind), or a file of values that cannot be taken (rules would fall silent for it)
//! changes nothing: what is at work stays, and a signal tells. Each change is a line of the
//! journal, because whoever takes a rule away blinds the province.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use khien_detect::{Loader, Placeholders, Reason, Refused, Rules};
use khien_store::NewEntry;
use serde_json::{Value, json};

use super::indicators::{Feeds, Told};
use super::raise::{self, ACTOR};
use super::{Loaded, Watched, save};
use crate::app::App;
use crate::config::Detection;

/// Files that are looked at; the loader takes no more rules than that.
const FILES_MAX: usize = khien_detect::RULES_MAX;
/// Nesting of folders that is followed, as the loader's.
const FOLDERS_DEEP_MAX: usize = 32;
/// Names that one journal line lists.
const NAMES_MAX: usize = 50;

/// Files with their size and the time of their last change.
pub(super) type Look = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// The configured folders and feeds, as they were when what is at work was loaded.
#[derive(Clone, Debug)]
pub struct Folders {
    paths: Vec<PathBuf>,
    /// The files of value lists.
    values: Vec<PathBuf>,
    /// The files as they were at the latest look.
    seen: Look,
    /// The files that the rules at work were loaded from.
    held: Look,
    rules: Rules,
    lists: Placeholders,
    refused: Vec<Refused>,
    feeds: Feeds,
}

/// What was loaded.
struct Set {
    rules: Rules,
    lists: Placeholders,
    /// A file of values that cannot be taken.
    values_lost: Option<PathBuf>,
    refused: Vec<Refused>,
    look: Look,
}

impl Folders {
    /// Loads the embedded pack and the configured folders and feeds.
    ///
    /// # Errors
    /// When the store fails. A rule or indicator that cannot be honoured is no error.
    pub async fn load(app: &App) -> anyhow::Result<(Self, Watched)> {
        let Detection { rules: paths, values, iocs } = app.config.detection.clone();
        let set = load(paths.clone(), values.clone()).await?;
        let feeds = tokio::task::spawn_blocking(move || Feeds::load(iocs)).await?;
        let Set { rules, lists, values_lost, refused, look: seen } = set;
        let held = seen.clone();
        let folders = Self { paths, values, seen, held, rules, lists, refused, feeds };
        folders.tell(app, "rules.load", &Look::new()).await?;
        if let Some(lost) = values_lost.as_deref().or_else(|| folders.lost(&folders.refused)) {
            tell_lost(app, lost).await?;
        }
        let watched = folders.at_work(app);
        Ok((folders, watched))
    }

    /// Returns whether there is anything to look at.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.values.is_empty() && self.feeds.is_empty()
    }

    /// Looks whether anything has changed; returns what to go on with if it has.
    ///
    /// # Errors
    /// When the store fails; the next look finds the same again.
    pub async fn look(&mut self, app: &App) -> anyhow::Result<Option<Watched>> {
        let (paths, feeds) = ([&self.paths[..], &self.values].concat(), self.feeds.clone());
        let looked = tokio::task::spawn_blocking(move || (look(&paths), feeds.look())).await?;
        let (seen, feeds) = looked;
        if seen == self.seen && feeds.is_none() {
            return Ok(None);
        }
        let mut next = self.clone();
        let mut changed = false;
        if seen != self.seen {
            changed |= next.take_rules(app).await?;
        }
        if let Some(feeds) = feeds {
            changed |= next.take_feeds(app, feeds).await?;
        }
        if changed {
            next.tell(app, "rules.reload", &self.files()).await?;
        }
        *self = next;
        Ok(changed.then(|| self.at_work(app)))
    }

    /// Loads the rules again; returns whether they are to be swapped in.
    async fn take_rules(&mut self, app: &App) -> anyhow::Result<bool> {
        let set = load(self.paths.clone(), self.values.clone()).await?;
        let Set { rules, lists, values_lost, refused, look } = set;
        self.seen = look;
        if let Some(lost) = values_lost.as_deref().or_else(|| self.lost(&refused)) {
            return tell_lost(app, lost).await.map(|()| false);
        }
        (self.rules, self.lists, self.refused) = (rules, lists, refused);
        self.held = self.seen.clone();
        Ok(true)
    }

    /// Takes the feeds as they are now; returns whether they are to be swapped in.
    async fn take_feeds(&mut self, app: &App, now: Feeds) -> anyhow::Result<bool> {
        if let Some(lost) = now.lost() {
            tell_lost(app, lost).await?;
            self.feeds.seen = now.seen;
            return Ok(false);
        }
        self.feeds = now;
        Ok(true)
    }

    /// Shows what is at work, and returns it.
    fn at_work(&self, app: &App) -> Watched {
        let infos = self.rules.infos().map(Arc::clone).collect();
        app.set_rules(Loaded {
            rules: infos,
            refused: self.refused.clone(),
            lists: self.lists.clone(),
            lists_unused: self.rules.lists_unused().to_vec(),
            feeds: self.feeds.told.clone(),
            at: app.now(),
            ..Loaded::default()
        });
        Watched { rules: self.rules.clone(), indicators: Arc::clone(&self.feeds.set) }
    }

    /// Returns the files of rules and of indicators.
    fn files(&self) -> Look {
        self.seen
            .iter()
            .chain(&self.feeds.seen)
            .map(|(path, state)| (path.clone(), *state))
            .collect()
    }

    /// Writes the journal's line: how many rules and indicators are at work, which files came, went
    /// or changed, and which rules were refused.
    async fn tell(&self, app: &App, action: &'static str, before: &Look) -> anyhow::Result<()> {
        let after = &self.files();
        let refused = self.refused.iter().map(|refused| &refused.path);
        let added = after.keys().filter(|path| !before.contains_key(*path));
        let removed = before.keys().filter(|path| !after.contains_key(*path));
        let changed =
            after.iter().filter(|(path, state)| before.get(*path).is_some_and(|b| b != *state));
        let Told { indicators, report } = &self.feeds.told;
        let body = json!({
            "rules": self.rules.len(), "refused": names(refused), "added": names(added),
            "removed": names(removed), "changed": names(changed.map(|(path, _)| path)),
            "indicators": indicators, "indicators_refused": report.refused(),
        });
        let mut write = app.db.write().await?;
        let subject = "rules:all".to_owned();
        write.record(NewEntry { at: app.now(), actor: ACTOR.to_owned(), action, subject, body });
        app.commit(write).await?;
        Ok(())
    }

    /// Returns a configured folder that cannot be read as a whole, or one whose files were at work and
    /// are all gone. What never gave a rule (a disk's `lost+found`) takes none away.
    fn lost<'a>(&'a self, refused: &'a [Refused]) -> Option<&'a Path> {
        let holds = |look: &Look, folder: &Path| {
            look.keys().any(|file| file.starts_with(folder) && is_yaml(file))
        };
        let emptied = |path: &Path| holds(&self.held, path) && !holds(&self.seen, path);
        let unread = |r: &&Refused| {
            is_unreadable(&r.reason) && (self.paths.contains(&r.path) || emptied(&r.path))
        };
        let lost = refused.iter().find(unread).map(|r| r.path.as_path());
        lost.or_else(|| self.paths.iter().map(PathBuf::as_path).find(|path| emptied(path)))
    }
}

/// As the loader chooses files.
fn is_yaml(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

fn is_unreadable(reason: &Reason) -> bool {
    matches!(reason, Reason::Unreadable(_))
}

async fn load(paths: Vec<PathBuf>, values: Vec<PathBuf>) -> anyhow::Result<Set> {
    let set = tokio::task::spawn_blocking(move || {
        // Looked at first: what changes while it is read is seen at the next look.
        let look = look(&[&paths[..], &values].concat());
        let mut loader = Loader::new();
        // A file of values may lie among the rules, where it is refused as a rule, too.
        let values_lost = values.into_iter().rfind(|path| !loader.values(path));
        let lists = loader.lists().clone();
        loader.pack();
        paths.iter().for_each(|path| loader.folder(path));
        let (rules, refused) = loader.finish();
        Set { rules, lists, values_lost, refused, look }
    });
    let set = set.await?;
    for refused in &set.refused {
        tracing::warn!(file = %refused.path.display(), reason = %refused.reason, "a rule was refused");
    }
    let unused = set.rules.lists_unused();
    if !unused.is_empty() {
        tracing::warn!(lists = unused.join(" "), "no rule asks for some lists of values");
    }
    Ok(set)
}

/// Tells that a folder or feed cannot be read, while what was loaded from it stays at work.
async fn tell_lost(app: &App, lost: &Path) -> anyhow::Result<()> {
    let mut write = app.db.write().await?;
    let told = raise::rules_lost(app, &mut write, &lost.display().to_string()).await?;
    Ok(save::commit(app, write, told.into_iter().collect()).await?)
}

/// Returns how many there are, and the first of them.
fn names<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Value {
    let names: Vec<String> = paths.map(|path| path.display().to_string()).collect();
    json!({ "count": names.len(), "first": names.iter().take(NAMES_MAX).collect::<Vec<_>>() })
}

/// What cannot be read is left out here; loading tells of it.
pub(super) fn look(paths: &[PathBuf]) -> Look {
    let mut look = Look::new();
    paths.iter().for_each(|path| walk(path, 0, &mut look));
    look
}

fn walk(path: &Path, depth: usize, look: &mut Look) {
    if look.len() >= FILES_MAX {
        return;
    }
    let meta = if depth == 0 { path.metadata() } else { path.symlink_metadata() };
    let Ok(meta) = meta else { return };
    if !meta.is_dir() {
        look.insert(path.to_owned(), (meta.len(), meta.modified().ok()));
        return;
    }
    if depth > FOLDERS_DEEP_MAX {
        return;
    }
    let Ok(entries) = fs::read_dir(path) else { return };
    entries.flatten().for_each(|entry| walk(&entry.path(), depth + 1, look));
}
