//! `khien rules import`: a `SigmaHQ` release, or any folder of rules, brought in by hand.
//!
//! A province's hub has no way to the internet. Somebody fetches a release, carries it over, and must
//! be able to say later which rules were at work on which day: hence the pinned version, the shown
//! difference and the way back. Licence, authors and links stay with the rules.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use comfy_table::{Table, presets};
use khien_hub::web::i18n::{Arg, Lang};
use khien_hub::web::time;
use serde_json::{Value, json};

use super::super::hunt::record::clip;
use super::difference::{Difference, Named, Side, What};
use super::gather::Gathered;
use super::install::Seat;
use super::pinned::{self, Pin};
use super::{Form, cell};
use crate::Exit;
use crate::talk::say;

/// Rules of each sort that a terminal is shown; json tells them all.
const SHOWN_MAX: usize = 40;

/// The command line.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folders and zip archives of Sigma rules, such as a release of SigmaHQ
    #[arg(value_name = "DIR|ZIP", required_unless_present = "rollback")]
    sources: Vec<PathBuf>,
    /// The folder that the rules are used from, by `hunt --rules` or `[detection] rules`
    #[arg(long, value_name = "DIR", default_value = "sigma-rules")]
    into: PathBuf,
    /// What the rules are called from now on [default: the name of the first source]
    #[arg(long, value_name = "V")]
    version: Option<String>,
    /// Only tell what would change
    #[arg(long)]
    dry_run: bool,
    /// Go back to the rules before these; once more, and these are back
    #[arg(long, conflicts_with_all = ["sources", "version", "dry_run"])]
    rollback: bool,
    /// How to write what changes
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
}

/// Runs the command.
pub(super) fn run(args: &Args, lang: Lang) -> Result<Exit> {
    if let Some(absent) = args.sources.iter().find(|path| !path.exists()) {
        say(&lang.ta("install-absent", &[("path", Arg::Text(&absent.display().to_string()))]));
        return Ok(Exit::Usage);
    }
    let seat = if args.dry_run { Seat::look(&args.into) } else { Seat::take(&args.into) }?;
    if args.rollback {
        let pin = seat.roll_back()?;
        tell(lang, "install-rolled-back", &pin, &seat.folder);
        return Ok(Exit::Nothing);
    }
    let gathered = Gathered::read(&args.sources)?;
    let before = seat.installed()?;
    let old = before.as_ref().map(|(_, gathered)| Side::of(gathered)).unwrap_or_default();
    let new = Side::of(&gathered);
    let pin = pin(args, &gathered, &new);
    let difference = Difference::between(&old, &new);
    let from = before.as_ref().map(|(pin, _)| pin);
    // What lies there counts as well as what was noted: files may be gone or altered since.
    let is_same = before.as_ref().is_some_and(|(from, lies)| {
        from.sha256 == pin.sha256
            && from.rules_version == pin.rules_version
            && lies.sha256() == pin.sha256
    });
    let text = match args.format {
        Form::Table => table(&difference, lang),
        Form::Json => document(&difference, from, &pin, args.dry_run).to_string(),
    };
    writeln!(std::io::stdout(), "{text}")?;
    remarks(&gathered, lang);
    if args.dry_run {
        say(&lang.t("install-dry"));
    } else if is_same {
        tell(lang, "install-same", &pin, &seat.folder);
    } else {
        seat.put(&gathered, &pin)?;
        tell(lang, "install-done", &pin, &seat.folder);
        if seat.has_previous() {
            tell(lang, "install-way-back", &pin, &seat.folder);
        }
    }
    Ok(Exit::Nothing)
}

fn pin(args: &Args, gathered: &Gathered, side: &Side) -> Pin {
    let name = |path: &PathBuf| {
        let named = path.file_name().map(|name| name.to_string_lossy().into_owned());
        named.unwrap_or_else(|| path.display().to_string())
    };
    let sources: Vec<String> = args.sources.iter().map(name).collect();
    let first = sources.first().map(|name| name.trim_end_matches(".zip").to_owned());
    let version = args.version.clone().or(first).unwrap_or_default();
    Pin {
        version: pinned::VERSION,
        rules_version: clip(&version, pinned::TEXT_CHARS_MAX),
        sha256: gathered.sha256(),
        sources,
        imported_at: time::rfc3339(jiff::Timestamp::now().as_microsecond()),
        files: gathered.files.len(),
        loaded: side.loaded(),
        refused: side.refused(),
        licences: gathered.licences().map(str::to_owned).collect(),
        imported_by: format!("khien {}", env!("CARGO_PKG_VERSION")),
    }
}

fn tell(lang: Lang, key: &str, pin: &Pin, folder: &Path) {
    say(&lang.ta(
        key,
        &[
            ("version", Arg::Text(&pin.rules_version)),
            ("sha256", Arg::Text(&pin.sha256)),
            ("loaded", count(pin.loaded)),
            ("refused", count(pin.refused)),
            ("path", Arg::Text(&folder.display().to_string())),
        ],
    ));
}

fn remarks(gathered: &Gathered, lang: Lang) {
    for (folder, files) in &gathered.left_out {
        let folder = cell(folder);
        say(&lang
            .ta("install-left-out", &[("folder", Arg::Text(&folder)), ("files", count(*files))]));
    }
    if gathered.licences().next().is_none() {
        say(&lang.t("install-no-licence"));
    }
}

fn count(number: usize) -> Arg<'static> {
    Arg::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

fn table(difference: &Difference, lang: Lang) -> String {
    let Difference { added, removed, changed, newly_refused } = difference;
    let mut parts = Vec::new();
    for (key, list) in [
        ("install-added", added),
        ("install-removed", removed),
        ("install-changed", changed),
        ("install-refused", newly_refused),
    ] {
        if list.is_empty() {
            continue;
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        for one in list.iter().take(SHOWN_MAX) {
            let level = one.level.map(|level| level.name().to_owned()).unwrap_or_default();
            table.add_row([cell(&one.id), level, cell(&one.title), cell(&what(one, lang))]);
        }
        let head = lang.ta(key, &[("count", count(list.len()))]);
        let rest = list.len().saturating_sub(SHOWN_MAX);
        let rest = if rest == 0 {
            String::new()
        } else {
            "\n".to_owned() + &lang.ta("install-more", &[("count", count(rest))])
        };
        parts.push(format!("{head}\n{table}{rest}"));
    }
    if difference.is_empty() {
        parts.push(lang.t("install-no-difference"));
    }
    parts.join("\n\n")
}

fn what(one: &Named, lang: Lang) -> String {
    match &one.what {
        What::Added | What::Removed => String::new(),
        What::Meaning => lang.t("install-meaning"),
        What::Level(before) => lang.ta("install-level", &[("before", Arg::Text(before.name()))]),
        What::Words => lang.t("install-words"),
        What::Refused(reason) => reason.to_string(),
    }
}

/// Returns the difference for machines; its names are fixed.
fn document(difference: &Difference, from: Option<&Pin>, to: &Pin, dry_run: bool) -> Value {
    let list = |list: &[Named]| -> Vec<Value> {
        list.iter()
            .map(|one| {
                let (change, reason) = match &one.what {
                    What::Added | What::Removed => (None, None),
                    What::Meaning => (Some("detection"), None),
                    What::Level(_) => (Some("level"), None),
                    What::Words => (Some("words"), None),
                    What::Refused(reason) => (None, Some(reason.to_string())),
                };
                json!({ "id": one.id, "title": one.title, "level": one.level.map(|level| level.name()),
                        "change": change, "reason": reason })
            })
            .collect()
    };
    json!({
        "version": 1, "dry_run": dry_run, "from": from, "to": to,
        "added": list(&difference.added), "removed": list(&difference.removed),
        "changed": list(&difference.changed), "newly_refused": list(&difference.newly_refused),
    })
}
