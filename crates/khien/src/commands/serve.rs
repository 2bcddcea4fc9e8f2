//! `khien serve`: the hub of a real province.

use std::io::IsTerminal;

use anyhow::Result;
use khien_hub::access::first::{self, FirstSlip};
use khien_hub::app::App;
use khien_hub::clock::Clock;
use khien_hub::config::Config;
use khien_hub::web::i18n::{Arg, Lang};
use khien_hub::{folder, serve};
use tracing_subscriber::EnvFilter;

use super::place::{self, Place};
use crate::Exit;
use crate::talk::say;

/// The command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// Only tell whether the configuration is usable
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(crate) fn run(args: Args, lang: Lang) -> Result<Exit> {
    let config = args.place.load().and_then(|config| config.check().map(|()| config));
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            say(&place::config_refused(lang, &error));
            return Ok(Exit::Usage);
        }
    };
    if args.check {
        say(&lang.t("cli-config-fine"));
        return Ok(Exit::Nothing);
    }
    start_logging("info");
    place::outcome(lang, super::runtime()?.block_on(run_hub(config, lang)))
}

/// Structured lines on stderr; `RUST_LOG` chooses which, else those from `level` up.
pub(super) fn start_logging(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}

async fn run_hub(config: Config, lang: Lang) -> Result<()> {
    let _held = folder::hold(&config.data)?;
    let app = App::open(config, Clock::System).await?;
    let slip = first::first_administrator(&app).await?;
    // Its code is nowhere else, so that it is told even when the start then fails.
    if let Some(slip) = slip {
        print_slip(lang, &app.config.address(), &slip, app.config.access.slip_days);
    }
    let running = serve::start(&app).await?;
    say(&lang.ta("cli-serve-listens", &[("url", Arg::Text(&running.url()))]));
    running.until_stopped().await
}

/// The slip goes to the terminal only: the log may be kept, and read by others.
fn print_slip(lang: Lang, url: &str, slip: &FirstSlip, days: u32) {
    let url = format!("{url}/activate");
    let arguments = [
        ("login", Arg::Text(slip.login)),
        ("code", Arg::Text(&slip.code)),
        ("url", Arg::Text(&url)),
        ("days", Arg::Number(i64::from(days))),
    ];
    say(&lang.ta("cli-serve-first-slip", &arguments));
}
