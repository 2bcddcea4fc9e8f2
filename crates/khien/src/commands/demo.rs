//! `khien demo`: an invented province on this machine, with log lines arriving through the real
//! doors while it runs.
//!
//! Nothing is put behind the hub's back: the province comes in through the import of a real one,
//! officers open their accounts with their activation slips, and every line is sent to a door.

mod keep;
mod province;
mod send;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use comfy_table::{Table, presets};
use khien_hub::app::App;
use khien_hub::clock::Clock;
use khien_hub::config::Config;
use khien_hub::web::i18n::{Arg, Lang};
use khien_hub::{folder, serve};
use serde_json::json;

use super::place;
use super::serve::start_logging;
use crate::Exit;
use crate::talk::say;
use province::Account;
use send::Doors;

/// The name at the top of every page.
const PROVINCE: &str = "Tỉnh Vân Lĩnh (dữ liệu giả định)";

/// The command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8800")]
    listen: SocketAddr,
    /// Keep the province in this folder and go on with it next time [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Send no log lines
    #[arg(long)]
    no_replay: bool,
    /// Tell address and log-ins as one line of JSON on stdout
    #[arg(long)]
    json: bool,
    /// The same seed tells the same story
    #[arg(long, value_name = "N", default_value_t = 2026)]
    seed: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Args, lang: Lang) -> Result<Exit> {
    let temporary = match &args.data {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("making a temporary folder")?),
    };
    let data = args.data.clone().or_else(|| temporary.as_ref().map(|dir| dir.path().join("data")));
    let config = configure(args, data.context("a folder was given or made")?);
    if let Err(error) = config.check() {
        say(&place::config_refused(lang, &error));
        return Ok(Exit::Usage);
    }
    start_logging("warn");
    place::outcome(lang, super::runtime()?.block_on(run_demo(args, config, lang)))
}

/// The syslog doors take whatever ports are free: only the replay knocks there.
fn configure(args: &Args, data: PathBuf) -> Config {
    let mut config = Config { data, ..Config::default() };
    config.http.listen = args.listen;
    config.http.province = PROVINCE.to_owned();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    config.syslog.tcp = Some(any_port);
    config.syslog.udp = Some(any_port);
    config
}

async fn run_demo(args: &Args, config: Config, lang: Lang) -> Result<()> {
    let _held = folder::hold(&config.data)?;
    let app = App::open(config, Clock::System).await?;
    let kept = match keep::load(app.data())? {
        Some(kept) => kept,
        None => {
            // A port that is taken is told at once, not when the province stands.
            drop(serve::listen(&app).await?);
            say(&lang.t("cli-demo-settles"));
            let kept = province::settle(&app, lang).await?;
            keep::save(app.data(), &kept)?;
            kept
        }
    };
    let running = serve::start(&app).await?;
    let accounts = province::accounts(&app).await?;
    tell(args, &app, &running.url(), &accounts, lang)?;
    if !args.no_replay {
        let doors = Doors {
            http: running.http,
            token: kept.source_token,
            tcp: running.doors.tcp.context("the demo opens a syslog door")?,
            udp: running.doors.udp.context("the demo opens a syslog door")?,
        };
        tokio::spawn(send::replay(app.clone(), doors, args.seed));
    }
    running.until_stopped().await
}

fn tell(args: &Args, app: &App, url: &str, accounts: &[Account], lang: Lang) -> Result<()> {
    if args.json {
        let users: Vec<_> = accounts.iter().map(user).collect();
        let line = json!({ "url": url, "data": app.data(), "users": users });
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}")?;
        out.flush()?;
        return Ok(());
    }
    let mut table = Table::new();
    let heading = ["login", "role", "unit"].map(|name| lang.t(&format!("cli-demo-{name}")));
    table.load_style(presets::NOTHING).set_header(heading);
    for account in accounts {
        let role = lang.t(&format!("role-{}", account.role.code()));
        table.add_row([account.login, &role, &account.unit_name]);
    }
    let arguments = [
        ("url", Arg::Text(url)),
        ("password", Arg::Text(province::PASSWORD)),
        ("other", Arg::Text(province::ANOTHER_OFFICER)),
        ("data", Arg::Text(&app.data().display().to_string())),
    ];
    say(&format!("{table}\n\n{}", lang.ta("cli-demo-listens", &arguments)));
    Ok(())
}

fn user(account: &Account) -> serde_json::Value {
    json!({
        "login": account.login,
        "password": province::PASSWORD,
        "totp_secret": null,
        "role": account.role.code(),
        "unit": account.unit_code,
    })
}
