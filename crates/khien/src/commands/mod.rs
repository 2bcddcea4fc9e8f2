//! One file per subcommand.

mod hunt;
mod rules;

use anyhow::Result;
use clap::Subcommand;

use crate::Exit;

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look for signs of attack in log files
    Hunt(hunt::Args),
    /// Look at detection rules: what loads, what is refused and why
    Rules(rules::Args),
}

impl Command {
    /// Runs the subcommand.
    pub(crate) fn run(self) -> Result<Exit> {
        match self {
            Self::Hunt(args) => hunt::run(args),
            Self::Rules(args) => rules::run(args),
        }
    }
}
