//! `khien doctor`: looks a hub over, running or stopped, and says what to do about what it finds.
//! It changes nothing.

use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use khien_detect::Loader;
use khien_hub::config::Config;
use khien_hub::folder::{self, FolderError};
use khien_hub::journal::verdict::sentences;
use khien_hub::migrations;
use khien_hub::web::i18n::{Arg, Lang};
use khien_hub::web::time;
use khien_store::journal::{self, Filter, Verdict};
use khien_store::{Db, StoreError};

use super::journal::newest_head;
use super::place::{self, Place};
use crate::Exit;

/// Below this the disk is called nearly full: the intake log of a busy day still fits.
const FREE_BYTES_MIN: u64 = 2 << 30;
/// A clock before this (2026-01-01) was never set.
const CLOCK_MIN_US: i64 = 1_767_225_600_000_000;
/// Bytes of the key that signs the journal.
const JOURNAL_KEY_BYTES: u64 = 32;

/// The command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
}

/// How one look turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Good,
    /// Worth knowing.
    Note,
    /// Somebody has to do something.
    Bad,
}

/// What was found, and what to do.
struct Report {
    lang: Lang,
    lines: Vec<(Finding, String)>,
}

impl Report {
    fn add(&mut self, finding: Finding, key: &str, args: &[(&str, Arg<'_>)]) {
        self.lines.push((finding, self.lang.ta(&format!("cli-doctor-{key}"), args)));
    }

    fn fault(&mut self, key: &str, why: &dyn std::fmt::Display) {
        self.add(Finding::Bad, key, &[("why", Arg::Text(&why.to_string()))]);
    }
}

/// Runs the command.
pub(crate) fn run(args: Args, lang: Lang) -> Result<Exit> {
    let mut report = Report { lang, lines: Vec::new() };
    match args.place.load() {
        Err(error) => report.lines.push((Finding::Bad, place::config_refused(lang, &error))),
        Ok(config) => look_over(&config, &mut report)?,
    }
    let mut out = std::io::stdout().lock();
    for (finding, text) in &report.lines {
        let mark = match finding {
            Finding::Good => "✓",
            Finding::Note => "•",
            Finding::Bad => "✗",
        };
        writeln!(out, "{mark} {text}")?;
    }
    let bad = report.lines.iter().any(|(finding, _)| *finding == Finding::Bad);
    Ok(if bad { Exit::Findings } else { Exit::Nothing })
}

fn look_over(config: &Config, report: &mut Report) -> Result<()> {
    listener(config, report);
    rules(config, report);
    let folder = config.data.display().to_string();
    if !config.data.is_dir() {
        report.add(Finding::Note, "folder-absent", &[("path", Arg::Text(&folder))]);
        return Ok(());
    }
    modes(&config.data, report);
    disk(&config.data, report);
    running(&config.data, report);
    key(&config.data, report);
    super::runtime()?.block_on(state(config, report));
    Ok(())
}

fn listener(config: &Config, report: &mut Report) {
    match config.check() {
        Ok(()) => {
            let address = config.http.listen.to_string();
            report.add(Finding::Good, "listener", &[("address", Arg::Text(&address))]);
        }
        Err(error) => {
            let text = place::config_refused(report.lang, &error);
            report.lines.push((Finding::Bad, text));
        }
    }
}

fn rules(config: &Config, report: &mut Report) {
    let mut loader = Loader::new();
    for path in &config.detection.values {
        loader.values(path);
    }
    loader.pack();
    config.detection.rules.iter().for_each(|path| loader.folder(path));
    let (rules, refused) = loader.finish();
    let loaded = rules.len();
    let count = |number: usize| Arg::Number(i64::try_from(number).unwrap_or(i64::MAX));
    let args = [("loaded", count(loaded)), ("refused", count(refused.len()))];
    let key = if refused.is_empty() { "rules" } else { "rules-refused" };
    report.add(if refused.is_empty() { Finding::Good } else { Finding::Bad }, key, &args);
}

/// Nobody but the owner may look into the folder: it holds the keys of the evidence.
fn modes(data: &Path, report: &mut Report) {
    let open: Vec<String> = ["", "state.db", "keys", "keys/journal.key", "blobs", "intake"]
        .into_iter()
        .map(|name| data.join(name))
        .filter(|path| path.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0))
        .map(|path| path.display().to_string())
        .collect();
    if open.is_empty() {
        report.add(Finding::Good, "modes", &[]);
    } else {
        report.add(Finding::Bad, "modes-open", &[("paths", Arg::Text(&open.join(" ")))]);
    }
}

fn disk(data: &Path, report: &mut Report) {
    match rustix::fs::statvfs(data) {
        Err(error) => report.fault("disk-unknown", &error),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let free_mib = i64::try_from(free >> 20).unwrap_or(i64::MAX);
            let enough = free >= FREE_BYTES_MIN;
            let finding = if enough { Finding::Good } else { Finding::Bad };
            let key = if enough { "disk" } else { "disk-low" };
            report.add(finding, key, &[("mib", Arg::Number(free_mib))]);
        }
    }
}

fn running(data: &Path, report: &mut Report) {
    match folder::hold(data) {
        Ok(_held) => report.add(Finding::Note, "stopped", &[]),
        Err(FolderError::InUse(_)) => report.add(Finding::Good, "running", &[]),
        Err(error) => report.fault("folder-unwritable", &error),
    }
}

fn key(data: &Path, report: &mut Report) {
    match data.join("keys/journal.key").metadata() {
        Ok(meta) if meta.len() == JOURNAL_KEY_BYTES => report.add(Finding::Good, "key", &[]),
        Ok(_) => report.add(Finding::Bad, "key-bad", &[]),
        Err(_) => report.add(Finding::Note, "key-absent", &[]),
    }
}

async fn state(config: &Config, report: &mut Report) {
    let db = match place::open_existing(config).await {
        Ok(Some(db)) => db,
        Ok(None) => return report.add(Finding::Note, "state-absent", &[]),
        Err(error) => return report.fault("state-broken", &error),
    };
    match db.migrations_waiting(&migrations::ALL).await {
        Ok(0) => report.add(Finding::Good, "schema", &[]),
        Ok(_) => report.add(Finding::Note, "schema-older", &[]),
        Err(StoreError::NewerSchema { found, known }) => {
            let args = [("found", Arg::Number(found)), ("known", Arg::Number(known))];
            let text = report.lang.ta("cli-folder-newer", &args);
            return report.lines.push((Finding::Bad, text));
        }
        Err(error) => return report.fault("state-broken", &error),
    }
    if let Err(error) = record(&config.data, &db, report).await {
        report.fault("state-broken", &error);
    }
    db.close().await;
}

/// The journal, and whether the machine's clock has fallen behind it.
async fn record(data: &Path, db: &Db, report: &mut Report) -> Result<(), StoreError> {
    let (head, note) = newest_head(data, report.lang).unwrap_or_else(|error| {
        let why = format!("{error:#}");
        let text = report.lang.ta("cli-journal-head-broken", &[("why", Arg::Text(&why))]);
        report.lines.push((Finding::Bad, text));
        (None, None)
    });
    let mut read = db.read().await?;
    let verdict = journal::verify(&mut read, head.as_ref()).await?;
    let finding = if matches!(verdict, Verdict::Sound(_)) { Finding::Good } else { Finding::Bad };
    let said = sentences(report.lang, &verdict).into_iter().chain(note);
    report.lines.push((finding, said.collect::<Vec<_>>().join(" ")));
    let newest = journal::list(&mut read, &Filter::default(), 1).await?;
    let now = Timestamp::now().as_microsecond();
    let behind = newest.first().is_some_and(|entry| entry.at > now);
    let shown = time::second(now);
    let (finding, key) = if behind || now < CLOCK_MIN_US {
        (Finding::Bad, "clock-behind")
    } else {
        (Finding::Good, "clock")
    };
    report.add(finding, key, &[("now", Arg::Text(&shown))]);
    Ok(())
}
