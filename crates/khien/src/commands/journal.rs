//! `khien journal`: the record, checked by whoever holds the folder or an export.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use khien_hub::web::i18n::{Arg, Lang};
use khien_store::head::SignedHead;
use khien_store::journal::{self, Extent, Flaw, FlawKind, Verdict};

use super::place::{self, Place};
use crate::Exit;
use crate::talk::say;

/// A signed head is a few hundred bytes of JSON.
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// The command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    ask: Ask,
}

#[derive(Debug, Subcommand)]
enum Ask {
    /// Check that no line was edited, dropped, swapped or re-ordered; exits with 1 when one was
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
    #[command(flatten)]
    place: Place,
    /// Check an exported journal, without any database
    #[arg(long, value_name = "EXPORT", conflicts_with_all = ["data", "config"])]
    file: Option<PathBuf>,
    /// A signed head that was deposited elsewhere: shows a cut tail and a re-written chain
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: Args, lang: Lang) -> Result<Exit> {
    let Ask::Verify(verify) = args.ask;
    let head = verify.head.as_deref().map(read_head).transpose()?;
    let verdict = match &verify.file {
        Some(file) => journal::verify_file(file, head.as_ref())?,
        None => match verify.place.load() {
            Ok(config) => {
                super::runtime()?.block_on(verify_folder(&config, head.as_ref(), lang))?
            }
            Err(error) => {
                say(&place::config_refused(lang, &error));
                return Ok(Exit::Usage);
            }
        },
    };
    let mut out = std::io::stdout();
    match verdict {
        Verdict::Sound(extent) => {
            writeln!(out, "{}", sound(lang, &extent))?;
            Ok(Exit::Nothing)
        }
        Verdict::Broken(flaw) => {
            writeln!(out, "{}", broken(lang, &flaw))?;
            Ok(Exit::Findings)
        }
    }
}

fn read_head(path: &Path) -> Result<SignedHead> {
    let doing = || format!("reading the signed head {}", path.display());
    if fs::metadata(path).with_context(doing)?.len() > HEAD_BYTES_MAX {
        bail!("{} is no signed head", path.display());
    }
    let text = fs::read_to_string(path).with_context(doing)?;
    serde_json::from_str(&text).with_context(doing)
}

async fn verify_folder(
    config: &khien_hub::config::Config,
    head: Option<&SignedHead>,
    lang: Lang,
) -> Result<Verdict> {
    let Some(db) = place::open_existing(config).await? else {
        let folder = config.data.display().to_string();
        bail!(lang.ta("cli-folder-empty", &[("path", Arg::Text(&folder))]));
    };
    let mut read = db.read().await?;
    Ok(journal::verify(&mut read, head).await?)
}

/// Returns the good news, with the hash that can be compared over the telephone.
pub(super) fn sound(lang: Lang, extent: &Extent) -> String {
    let hash: String = extent.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let absent = i64::try_from(extent.bodies_absent).unwrap_or(i64::MAX);
    let mut text = lang.ta(
        "cli-journal-sound",
        &[
            ("lines", Arg::Number(extent.lines)),
            ("hash", Arg::Text(&hash)),
            ("absent", Arg::Number(absent)),
        ],
    );
    if let Some(line) = extent.confirmed {
        text.push('\n');
        text.push_str(&lang.ta("cli-journal-confirmed", &[("line", Arg::Number(line))]));
    }
    text
}

/// Returns the first bad line and what is wrong with it.
pub(super) fn broken(lang: Lang, flaw: &Flaw) -> String {
    let (key, other) = match flaw.kind {
        FlawKind::Edited => ("edited", None),
        FlawKind::Dropped { last } => ("dropped", Some(last)),
        FlawKind::Swapped { with } => ("swapped", Some(with)),
        FlawKind::Reordered { was } => ("reordered", Some(was)),
        FlawKind::Replaced { next } => ("replaced", Some(next)),
        FlawKind::BodyAltered => ("body-altered", None),
        FlawKind::BodyMissing => ("body-missing", None),
        FlawKind::TailCut { deposited } => ("tail-cut", Some(deposited)),
        FlawKind::Rehashed => ("rehashed", None),
        FlawKind::HeadForged => ("head-forged", None),
        FlawKind::Unreadable => ("unreadable", None),
    };
    let what = match other {
        Some(line) => lang.ta(&format!("cli-flaw-{key}"), &[("line", Arg::Number(line))]),
        None => lang.t(&format!("cli-flaw-{key}")),
    };
    let line = ("line", Arg::Number(flaw.seq));
    lang.ta("cli-journal-broken", &[line, ("what", Arg::Text(&what))])
}
