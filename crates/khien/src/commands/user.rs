//! `khien user`: accounts of a data folder from the command line.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use khien_domain::id::UnitId;
use khien_hub::access;
use khien_hub::access::people::{self, store};
use khien_hub::app::App;
use khien_hub::fault::Fault;
use khien_hub::unit;
use khien_hub::web::i18n::{Arg, Lang};
use khien_hub::web::list::{ListQuery, PAGE_ROWS_MAX};
use khien_hub::web::view::{Caller, View};

use super::folder;
use super::place::Place;
use super::slips::SlipDesk;
use crate::Exit;
use crate::talk::say;

/// The command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    deed: Deed,
    /// Act as this account [default: the administrator who was there first]
    #[arg(long = "as", value_name = "LOGIN", global = true)]
    acting: Option<String>,
    /// Configuration file (khien.toml)
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Data folder; goes before what the configuration says
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Make an account and print its activation slip
    Add {
        /// The log-in name
        login: String,
        /// The officer's name
        #[arg(long)]
        name: String,
        /// Code of the unit where the officer works
        #[arg(long, value_name = "CODE")]
        unit: String,
        /// Telephone number on which the officer is called back
        #[arg(long, default_value = "")]
        phone: String,
        /// Write the slip into this file instead of to stdout
        #[arg(long, value_name = "FILE.html")]
        slips: Option<PathBuf>,
    },
    /// List accounts
    List {
        /// Words of name, log-in or position
        #[arg(default_value = "")]
        words: String,
    },
    /// Print a new slip, after calling the officer back on the registered number
    Reset {
        /// The log-in name
        login: String,
        /// The officer was called back on the registered number
        #[arg(long)]
        called_back: bool,
        /// Write the slip into this file instead of to stdout
        #[arg(long, value_name = "FILE.html")]
        slips: Option<PathBuf>,
    },
    /// Close an account; its sessions end at once
    Disable {
        /// The log-in name
        login: String,
    },
}

/// Runs the command.
pub(crate) fn run(args: Args, lang: Lang) -> Result<Exit> {
    let view = View { lang, ..View::default() };
    let place = Place { config: args.config, data: args.data };
    folder::with_app(&place, &view, async |app| {
        let Some(caller) = folder::acting(app, &view, args.acting.as_deref()).await? else {
            return Ok(Exit::Usage);
        };
        match act(app, &view, &caller, &args.deed).await? {
            Ok(()) => Ok(Exit::Nothing),
            Err(fault) => {
                say(&fault.sentence(&view));
                Ok(Exit::Failure)
            }
        }
    })
}

/// Does what is asked; a rule's "no" is told apart from a failure of the machine.
async fn act(app: &App, view: &View, caller: &Caller, deed: &Deed) -> Result<Result<(), Fault>> {
    match deed {
        Deed::Add { login, name, unit, phone, slips } => {
            let desk = SlipDesk::ready(slips.as_deref())?;
            let done = add(app, caller, login, name, unit, phone).await;
            give(app, view, done, desk).await
        }
        Deed::List { words } => list(app, view, caller, words).await,
        Deed::Reset { login, called_back, slips } => {
            let desk = SlipDesk::ready(slips.as_deref())?;
            let done = reset(app, view, caller, login, *called_back).await;
            give(app, view, done, desk).await
        }
        Deed::Disable { login } => Ok(disable(app, caller, login).await),
    }
}

async fn give(
    app: &App,
    view: &View,
    slip: Result<people::PrintedSlip, Fault>,
    desk: SlipDesk,
) -> Result<Result<(), Fault>> {
    match slip {
        Ok(slip) => desk.hand_out(app, view, &[slip]).await.map(Ok),
        Err(fault) => Ok(Err(fault)),
    }
}

async fn add(
    app: &App,
    caller: &Caller,
    login: &str,
    name: &str,
    unit: &str,
    phone: &str,
) -> Result<people::PrintedSlip, Fault> {
    let unit: UnitId = {
        let mut conn = app.db.read().await?;
        access::unit_by_code(&mut conn, unit, app.now()).await?
    };
    let account = store::Account {
        id: app.new_id(),
        login: login.to_owned(),
        name: name.to_owned(),
        title: String::new(),
        phone: phone.to_owned(),
        email: String::new(),
        unit: unit.uuid(),
        disabled_at: None,
        created_at: app.now(),
        activated: false,
    };
    let person = account.person();
    people::add(app, caller, account).await?;
    people::issue_slip(app, caller, person, false).await
}

async fn list(app: &App, view: &View, caller: &Caller, words: &str) -> Result<Result<(), Fault>> {
    let mut conn = app.db.read().await?;
    let tree = unit::store::tree(&mut conn).await?;
    let mut query =
        ListQuery { q: words.to_owned(), limit: Some(PAGE_ROWS_MAX), ..ListQuery::default() };
    let mut out = std::io::stdout().lock();
    loop {
        let page = match store::list(&mut conn, caller.person.id, &query).await {
            Ok(page) => page,
            Err(fault) => return Ok(Err(fault)),
        };
        for account in &page.items {
            let unit = tree.get(UnitId::new(account.unit)).map_or("", |unit| unit.code.as_str());
            let state = people::page::state(view, account);
            writeln!(out, "{}\t{}\t{unit}\t{state}", account.login, account.name)?;
        }
        match page.next {
            None => return Ok(Ok(())),
            next => query.after = next,
        }
    }
}

async fn reset(
    app: &App,
    view: &View,
    caller: &Caller,
    login: &str,
    called_back: bool,
) -> Result<people::PrintedSlip, Fault> {
    let account = account(app, login).await?;
    if account.activated && !called_back {
        say(&view.lang.ta("cli-user-call-back", &[("phone", Arg::Text(&account.phone))]));
    }
    people::issue_slip(app, caller, account.person(), called_back).await
}

async fn disable(app: &App, caller: &Caller, login: &str) -> Result<(), Fault> {
    let account = account(app, login).await?;
    people::set_disabled(app, caller, account.person(), true).await
}

async fn account(app: &App, login: &str) -> Result<store::Account, Fault> {
    let mut conn = app.db.read().await?;
    store::by_login(&mut conn, login).await?.ok_or(Fault::NotFound)
}
