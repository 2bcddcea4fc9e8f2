//! One file per subcommand.

mod completions;
mod config;
mod demo;
mod doctor;
mod folder;
mod hunt;
mod import;
mod journal;
mod place;
mod rules;
mod serve;
mod slips;
mod user;

use anyhow::{Context, Result};
use clap::Subcommand;
use khien_hub::web::i18n::Lang;
use tokio::runtime::Runtime;

use crate::Exit;

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show an invented province with log lines arriving live
    Demo(demo::Args),
    /// Run the hub of a province
    Serve(serve::Args),
    /// Look for signs of attack in log files
    Hunt(hunt::Args),
    /// Look at detection rules: what loads, what is refused and why
    Rules(rules::Args),
    /// Take units, people, systems or contacts from a spreadsheet
    Import(import::Args),
    /// Make, list, reset and close accounts
    User(user::Args),
    /// Check the record
    Journal(journal::Args),
    /// Look a hub over and tell what to do; exits with 1 when something is wrong
    Doctor(doctor::Args),
    /// Look at the configuration
    Config(config::Args),
    /// Write the completions for a shell
    Completions(completions::Args),
}

impl Command {
    /// Runs the subcommand.
    pub(crate) fn run(self, lang: Lang) -> Result<Exit> {
        match self {
            Self::Demo(args) => demo::run(&args, lang),
            Self::Serve(args) => serve::run(args, lang),
            Self::Hunt(args) => hunt::run(args, lang),
            Self::Rules(args) => rules::run(args, lang),
            Self::Import(args) => import::run(args, lang),
            Self::User(args) => user::run(args, lang),
            Self::Journal(args) => journal::run(args, lang),
            Self::Doctor(args) => doctor::run(args, lang),
            Self::Config(args) => config::run(args, lang),
            Self::Completions(args) => Ok(completions::run(&args)),
        }
    }
}

/// Returns the async runtime of a command that talks to a database or a network.
fn runtime() -> Result<Runtime> {
    Runtime::new().context("starting the async runtime")
}
