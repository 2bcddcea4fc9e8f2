//! `khien journal`: the record, checked by whoever holds the folder or an export.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Subcommand;
use khien_hub::journal::heads;
use khien_hub::journal::verdict::sentences;
use khien_hub::web::i18n::{Arg, Lang};
use khien_store::head::SignedHead;
use khien_store::journal::{self, Verdict};

use super::place::{self, Place};
use crate::Exit;
use crate::talk::say;

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
    /// [default: the newest in the folder]
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: Args, lang: Lang) -> Result<Exit> {
    let Ask::Verify(verify) = args.ask;
    let given = verify.head.as_deref().map(heads::read).transpose()?;
    let mut head_unread = false;
    let (verdict, note) = match &verify.file {
        Some(file) => (journal::verify_file(file, given.as_ref())?, None),
        None => match verify.place.load() {
            Ok(config) => {
                let (head, note) = match given {
                    Some(head) => (Some(head), None),
                    // Without it the chain can still be looked at.
                    None => newest_head(&config.data, lang).unwrap_or_else(|error| {
                        head_unread = true;
                        let why = format!("{error:#}");
                        say(&lang.ta("cli-journal-head-broken", &[("why", Arg::Text(&why))]));
                        (None, None)
                    }),
                };
                let checked = verify_folder(&config, head.as_ref(), lang);
                (super::runtime()?.block_on(checked)?, note)
            }
            Err(error) => {
                say(&place::config_refused(lang, &error));
                return Ok(Exit::Usage);
            }
        },
    };
    let mut out = std::io::stdout();
    let said = sentences(lang, &verdict).into_iter().chain(note);
    writeln!(out, "{}", said.collect::<Vec<_>>().join("\n"))?;
    match verdict {
        Verdict::Sound(extent) => {
            // Short enough to be compared over the telephone.
            let hash: String = extent.hash.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(out, "{} {hash}", lang.t("journal-hash"))?;
            Ok(if head_unread { Exit::Partial } else { Exit::Nothing })
        }
        Verdict::Broken(_) => Ok(Exit::Findings),
    }
}

/// Returns the newest signed head that lies in the data folder, and the sentence that says which
/// one it is or that there is none.
///
/// # Errors
/// When it cannot be read.
pub(super) fn newest_head(data: &Path, lang: Lang) -> Result<(Option<SignedHead>, Option<String>)> {
    let said =
        |key: &str, path: &Path| lang.ta(key, &[("path", Arg::Text(&path.display().to_string()))]);
    Ok(match heads::newest(data)? {
        Some((path, head)) => (Some(head), Some(said("cli-journal-head", &path))),
        None => (None, Some(said("cli-journal-head-none", &data.join(heads::FOLDER)))),
    })
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
