//! `khien journal`: the record, checked by whoever holds the folder or an export.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use khien_hub::journal::verdict::sentences;
use khien_hub::web::i18n::{Arg, Lang};
use khien_store::head::SignedHead;
use khien_store::journal::{self, Verdict};

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
    writeln!(out, "{}", sentences(lang, &verdict).join("\n"))?;
    match verdict {
        Verdict::Sound(extent) => {
            // Short enough to be compared over the telephone.
            let hash: String = extent.hash.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(out, "{} {hash}", lang.t("journal-hash"))?;
            Ok(Exit::Nothing)
        }
        Verdict::Broken(_) => Ok(Exit::Findings),
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
