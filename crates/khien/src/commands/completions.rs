//! `khien completions`: what a shell needs to finish the words of a command line.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{Cli, Exit};

/// The command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell to write for
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Exit {
    clap_complete::generate(args.shell, &mut Cli::command(), "khien", &mut std::io::stdout());
    Exit::Nothing
}
