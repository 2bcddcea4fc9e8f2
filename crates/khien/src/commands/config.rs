//! `khien config`: what is set, and where.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use khien_hub::config::{Config, Origin, Setting};
use khien_hub::web::i18n::Lang;

use super::place::config_refused;
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
    /// Show every setting
    Show(Show),
}

#[derive(Debug, clap::Args)]
struct Show {
    /// Configuration file (khien.toml)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Tell where each value was set
    #[arg(long)]
    origin: bool,
}

/// Runs the command.
pub(crate) fn run(args: Args, lang: Lang) -> Result<Exit> {
    let Ask::Show(show) = args.ask;
    let settings = match Config::settings(show.config.as_deref()) {
        Ok(settings) => settings,
        Err(error) => {
            say(&config_refused(lang, &error));
            return Ok(Exit::Usage);
        }
    };
    let mut out = std::io::stdout().lock();
    for setting in &settings {
        write!(out, "{} = {}", setting.key, shown(setting))?;
        if show.origin {
            write!(out, "  # {}", origin(lang, &setting.origin))?;
        }
        writeln!(out)?;
    }
    Ok(Exit::Nothing)
}

/// A database address may hold a password: what stands before the host stays hidden.
fn shown(setting: &Setting) -> String {
    let secret = setting.key == "database.url";
    match setting.value.split_once("://").zip(setting.value.rsplit_once('@')) {
        Some(((scheme, _), (_, host))) if secret => format!("{scheme}://***@{host}"),
        _ => setting.value.clone(),
    }
}

fn origin(lang: Lang, origin: &Origin) -> String {
    match origin {
        Origin::Default => lang.t("cli-origin-default"),
        Origin::File(file) => file.display().to_string(),
        Origin::Environment => lang.t("cli-origin-environment"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_in_a_database_address_is_hidden() {
        let setting = |value: &str| Setting {
            key: "database.url".to_owned(),
            value: value.to_owned(),
            origin: Origin::Environment,
        };
        let hidden = shown(&setting("\"postgres://khien:bi@mat@db/khien\""));
        assert_eq!(hidden, "\"postgres://***@db/khien\"");
        assert_eq!(shown(&setting("null")), "null");
    }
}
