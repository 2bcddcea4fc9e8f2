//! `khien import`: takes what an office has in its spreadsheets into a data folder.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use khien_hub::import::{self, Kind, Outcome};
use khien_hub::sheet::BYTES_MAX;
use khien_hub::web::i18n::{Arg, Lang};
use khien_hub::web::view::View;

use super::folder;
use super::place::Place;
use super::slips::SlipDesk;
use crate::Exit;
use crate::talk::say;

/// The command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What the file lists
    #[arg(value_parser = ["units", "people", "systems", "contacts"])]
    kind: String,
    /// The file, saved as CSV (UTF-8) from a spreadsheet
    file: PathBuf,
    /// Only tell what would be added and changed
    #[arg(long)]
    dry_run: bool,
    /// Write the activation slips into this file, ready to be printed, instead of to stdout
    #[arg(long, value_name = "FILE.html")]
    slips: Option<PathBuf>,
    /// Act as this account [default: the administrator who was there first]
    #[arg(long = "as", value_name = "LOGIN")]
    acting: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// Runs the command.
pub(crate) fn run(args: Args, lang: Lang) -> Result<Exit> {
    let kind: Kind = args.kind.parse().context("clap admits no other kind")?;
    let bytes = read_bounded(&args.file)?;
    let view = View { lang, ..View::default() };
    folder::with_app(&args.place, &view, async |app| {
        let Some(caller) = folder::acting(app, &view, args.acting.as_deref()).await? else {
            return Ok(Exit::Usage);
        };
        // A trial issues none, and a file that it made would only stand in the way of the deed.
        let slips_file = args.slips.as_deref().filter(|_| !args.dry_run);
        let desk = SlipDesk::ready(slips_file)?;
        let outcome = import::import(app, &caller, kind, &bytes, args.dry_run).await;
        match outcome {
            Err(fault) => {
                say(&fault.sentence(&view));
                Ok(Exit::Failure)
            }
            Ok(Outcome::Faulty(problems)) => {
                let count = Arg::Number(problems.0.len() as i64);
                let mut out = std::io::stdout().lock();
                for problem in &problems.0 {
                    writeln!(out, "{}", problem.sentence(&view))?;
                }
                say(&lang.ta("import-faults", &[("count", count)]));
                Ok(Exit::Findings)
            }
            Ok(Outcome::Sound { summary, slips }) => {
                let mut out = std::io::stdout().lock();
                for line in import::lines(&view, &summary) {
                    writeln!(out, "{line}")?;
                }
                drop(out);
                say(&lang.t(if args.dry_run { "import-dry" } else { "import-done" }));
                desk.hand_out(app, &view, &slips).await?;
                Ok(Exit::Nothing)
            }
        }
    })
}

/// Reads a file, but no more than one byte over the bound, by which it is refused.
fn read_bounded(path: &Path) -> Result<Vec<u8>> {
    let doing = || format!("reading {}", path.display());
    let mut bytes = Vec::new();
    let file = fs::File::open(path).with_context(doing)?;
    file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes).with_context(doing)?;
    Ok(bytes)
}
