//! `khien rules`: what a folder of rules is worth to this program, and how rules come here.

mod difference;
mod explain;
mod gather;
mod import;
mod install;
pub(super) mod lists;
mod pinned;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use comfy_table::{Table, presets};
use khien_detect::{Level, Refused, Rules};
use khien_hub::web::i18n::{Arg, Lang};
use serde_json::json;

pub(super) use lists::Lists;
pub(super) use pinned::Pinned;

use super::hunt::record::clip;
use crate::Exit;
use crate::talk::say;

/// Characters of what a rule, its file or its refusal says of itself, in a table.
const CELL_CHARS_MAX: usize = 1_000;

/// The command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    ask: Ask,
}

#[derive(Debug, Subcommand)]
enum Ask {
    /// Tell which rules are refused, and why; exits with 1 when there are any
    Check(Which),
    /// List the rules that load
    List(Which),
    /// Tell what a rule asks, in which order, and what it costs on logs of yours; exits with 1 when
    /// it is refused
    Explain(explain::Args),
    /// Bring in a release of rules from folders or zip archives, in one step and with a way back
    Import(import::Args),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Folders or files of Sigma rules [default: the rules that travel inside this program]
    #[arg(value_name = "DIR")]
    folders: Vec<PathBuf>,
    #[command(flatten)]
    lists: Lists,
    /// How to write the answer
    #[arg(long, value_enum, default_value_t = Form::Table)]
    format: Form,
}

impl Which {
    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.folders.iter().chain(&self.lists.values)
    }
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Table,
    /// One object with a version
    Json,
}

/// Runs the command.
pub(crate) fn run(args: Args, lang: Lang) -> Result<Exit> {
    let which = match &args.ask {
        Ask::Check(which) | Ask::List(which) => which,
        Ask::Explain(args) => return explain::run(args, lang),
        Ask::Import(args) => return import::run(args, lang),
    };
    if let Some(absent) = which.paths().find(|path| !path.exists()) {
        say(&lang.ta("cli-rules-absent", &[("path", Arg::Text(&absent.display().to_string()))]));
        return Ok(Exit::Usage);
    }
    let (rules, refused) = which.lists.load(&which.folders)?;
    let checked = matches!(args.ask, Ask::Check(_));
    let text = match (checked, which.format) {
        (true, Form::Table) => check_table(&rules, &refused, lang),
        (true, Form::Json) => check_json(&rules, &refused).to_string(),
        (false, Form::Table) => list_table(&rules, lang),
        (false, Form::Json) => list_json(&rules).to_string(),
    };
    writeln!(std::io::stdout(), "{text}")?;
    for folder in &which.folders {
        if let Some(pinned) = Pinned::of(folder) {
            say(&format!("{}: {}", folder.display(), lang.ta(pinned.key(), &pinned.args())));
        }
    }
    Ok(if checked && !refused.is_empty() { Exit::Findings } else { Exit::Nothing })
}

/// Returns a stranger's text for a terminal, which shall show it and not obey it.
fn cell(text: &str) -> String {
    clip(text, CELL_CHARS_MAX)
}

fn table(lang: Lang, columns: &[&str]) -> Table {
    let mut table = Table::new();
    let header = columns.iter().map(|column| lang.t(&format!("cli-rules-{column}")));
    table.load_style(presets::NOTHING).set_header(header);
    table
}

fn check_table(rules: &Rules, refused: &[Refused], lang: Lang) -> String {
    let count = |number: usize| Arg::Number(i64::try_from(number).unwrap_or(i64::MAX));
    let counts = [("loaded", count(rules.len())), ("refused", count(refused.len()))];
    let total = lang.ta("cli-rules-total", &counts);
    let total = [Some(total), lists::unused(rules, lang)].into_iter().flatten();
    let total = total.collect::<Vec<_>>().join("\n");
    if refused.is_empty() {
        return total;
    }
    let mut table = table(lang, &["id", "rule", "file", "reason"]);
    for one in refused {
        table.add_row([
            cell(one.id.as_deref().unwrap_or("-")),
            cell(one.title.as_deref().unwrap_or("-")),
            cell(&one.path.display().to_string()),
            cell(&one.reason.to_string()),
        ]);
    }
    format!("{table}\n\n{total}")
}

fn check_json(rules: &Rules, refused: &[Refused]) -> serde_json::Value {
    let refused: Vec<_> = refused
        .iter()
        .map(|one| {
            json!({
                "path": one.path.to_string_lossy(),
                "id": one.id,
                "title": one.title,
                "reason": one.reason.to_string(),
            })
        })
        .collect();
    let by_level: serde_json::Map<_, _> = Level::ALL
        .into_iter()
        .map(|level| {
            let count = rules.infos().filter(|info| info.level == level).count();
            (level.name().to_owned(), count.into())
        })
        .collect();
    json!({
        "version": 1,
        "loaded": rules.len(),
        "loaded_by_level": by_level,
        "refused": refused,
        "values_unused": rules.lists_unused(),
    })
}

fn list_table(rules: &Rules, lang: Lang) -> String {
    let mut table = table(lang, &["level", "rule", "source", "id"]);
    for info in rules.infos() {
        let source = info.source.to_string();
        let source = if source.is_empty() { lang.t("cli-rules-correlation") } else { source };
        let level = lang.t(&format!("level-{}", info.level.name()));
        let title = info.title_vi.as_deref().filter(|_| lang == Lang::Vi).unwrap_or(&info.title);
        table.add_row([level, cell(title), cell(&source), cell(&info.id)]);
    }
    table.to_string()
}

fn list_json(rules: &Rules) -> serde_json::Value {
    let rules: Vec<_> = rules
        .infos()
        .map(|info| {
            json!({
                "id": info.id,
                "title": info.title,
                "title_vi": info.title_vi,
                "author": info.author,
                "link": info.link,
                "level": info.level.name(),
                "family": info.family,
                "tags": info.tags,
                "log_source": {
                    "product": info.source.product,
                    "category": info.source.category,
                    "service": info.source.service,
                },
                "file": info.file,
            })
        })
        .collect();
    json!({ "version": 1, "rules": rules })
}
