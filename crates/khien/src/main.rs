//! The one binary. Each subcommand is a file under `commands`; data go to stdout, talk to stderr.

mod commands;
mod demo;
mod talk;

use std::process::ExitCode;

use clap::Parser;

/// Khiên: sees, coordinates and proves, for one province.
#[derive(Debug, Parser)]
#[command(name = "khien", version, arg_required_else_help = true)]
struct Cli {
    /// Language of what is said [default: Vietnamese, English where the terminal is set to it]
    #[arg(long, global = true, value_enum, value_name = "LANG")]
    lang: Option<talk::Tongue>,
    #[command(subcommand)]
    command: commands::Command,
}

/// What a command tells its caller. Clap itself exits with `Usage` on a wrong command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    /// Done; nothing found.
    Nothing = 0,
    /// Done; there are findings.
    Findings = 1,
    /// The command line asks for something that is not there.
    Usage = 2,
    /// Done in part: some input could not be read.
    Partial = 3,
    /// Not done.
    Failure = 4,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let exit = match cli.command.run(talk::lang(cli.lang)) {
        Ok(exit) => exit,
        // Whoever read our output has seen enough (`khien hunt .. | head`).
        Err(error) if is_closed_pipe(&error) => Exit::Failure,
        Err(error) => {
            talk::say(&format!("khien: {error:#}"));
            Exit::Failure
        }
    };
    ExitCode::from(exit as u8)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kinds = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    kinds.map(std::io::Error::kind).any(|kind| kind == std::io::ErrorKind::BrokenPipe)
}
