//! Settles the invented province in an empty folder, the way a real one comes in.

use anyhow::{Context as _, Result, bail};
use khien_domain::access::Role;
use khien_hub::access::{self, first, login, people};
use khien_hub::app::App;
use khien_hub::import::{self, Kind, Outcome};
use khien_hub::intake::source::{self, Door, NewSource};
use khien_hub::unit;
use khien_hub::web::i18n::Lang;
use khien_hub::web::view::{Caller, View};

use super::keep::Kept;

/// Everybody's password: it opens nothing but this demo.
pub(super) const PASSWORD: &str = "Khien-demo-2026!";

macro_rules! sheet {
    ($name:literal) => {
        include_bytes!(concat!("../../../../../examples/demo-province/", $name, ".csv"))
    };
}

const UNITS: &[u8] = sheet!("units");
const PEOPLE: &[u8] = sheet!("people");
const CONTACTS: &[u8] = sheet!("contacts");
const SYSTEMS: &[u8] = sheet!("systems");

/// The province in the sheets, whose unit owns the sources.
const PROVINCE_CODE: &str = "VL";
/// The sources of the replay.
const HTTP_SOURCE: &str = "Máy thu thập nhật ký Windows (demo)";
const SYSLOG_SOURCE: &str = "Thiết bị gửi syslog (demo)";
/// Where the replay sends syslog from.
const SYSLOG_NETWORKS: &str = "127.0.0.0/8";

/// One officer of each role, for the table of log-ins; every other officer has the same password.
const CAST: [(&str, Role); 11] = [
    ("truc.ban", Role::DutyOfficer),
    ("phan.tich", Role::Analyst),
    ("dieu.phoi", Role::Coordinator),
    ("phe.duyet", Role::Approver),
    ("van.thu", Role::Clerk),
    ("can.bo.suoimay", Role::UnitOfficer),
    ("thu.truong.suoimay", Role::UnitHead),
    ("nha.mang", Role::Desk),
    ("lanh.dao", Role::Leader),
    ("kiem.tra", Role::Auditor),
    ("quan.tri", Role::Administrator),
];

/// An officer beside the cast, as an example of how the others are called.
pub(super) const ANOTHER_OFFICER: &str = "can.bo.linhtrung";

/// A log-in to show.
pub(super) struct Account {
    pub(super) login: &'static str,
    pub(super) role: Role,
    pub(super) unit_code: String,
    pub(super) unit_name: String,
}

/// Imports the province, opens every account and adds the sources of the replay.
pub(super) async fn settle(app: &App, lang: Lang) -> Result<Kept> {
    let Some(slip) = first::first_administrator(app).await? else {
        bail!(lang.t("cli-demo-not-empty"));
    };
    open_account(app, &slip.code, 0).await?;
    let administrator = people::acting(app, Some(first::LOGIN)).await?;
    let view = View { lang, ..View::default() };
    for kind in Kind::ALL {
        take_sheet(app, &view, &administrator, *kind).await?;
    }
    add_sources(app, administrator.actor()).await
}

/// Imports a sheet and opens each account with the slip that its officer would get on paper.
async fn take_sheet(app: &App, view: &View, administrator: &Caller, kind: Kind) -> Result<()> {
    let sheet = match kind {
        Kind::Units => UNITS,
        Kind::People => PEOPLE,
        Kind::Contacts => CONTACTS,
        Kind::Systems => SYSTEMS,
    };
    match import::import(app, administrator, kind, sheet, false).await? {
        Outcome::Faulty(problems) => {
            let first = problems.0.first().map(|problem| problem.sentence(view));
            bail!("{}.csv: {}", kind.code(), first.unwrap_or_default());
        }
        Outcome::Sound { slips, .. } => {
            for (number, slip) in slips.iter().enumerate() {
                open_account(app, &slip.code, number + 1).await?;
            }
            Ok(())
        }
    }
}

/// Sets the password with a slip's code. Each officer sits at an address of their own, as the
/// bound on tries asks.
async fn open_account(app: &App, code: &str, number: usize) -> Result<()> {
    let view = View { address: format!("demo {number}"), ..View::default() };
    login::activate(app, &view, code, PASSWORD.to_owned()).await?;
    Ok(())
}

async fn add_sources(app: &App, actor: String) -> Result<Kept> {
    let mut write = app.db.write().await?;
    let tree = unit::store::tree(&mut write).await?;
    let unit = tree.by_code(PROVINCE_CODE).context("the sheets have a province")?.id;
    let networks = source::networks(SYSLOG_NETWORKS)
        .map_err(|refusal| anyhow::anyhow!("a constant network was refused: {refusal}"))?;
    let http = NewSource { name: HTTP_SOURCE.to_owned(), unit, door: Door::Http };
    let syslog = NewSource { name: SYSLOG_SOURCE.to_owned(), unit, door: Door::Syslog(networks) };
    let added = source::add(app, &mut write, actor.clone(), &http).await?;
    source::add(app, &mut write, actor, &syslog).await?;
    app.commit(write).await?;
    Ok(Kept { source_token: added.token.context("an HTTP source has a token")? })
}

/// Returns the log-ins to show, in the order of the roles.
pub(super) async fn accounts(app: &App) -> Result<Vec<Account>> {
    let mut conn = app.db.read().await?;
    let tree = unit::store::tree(&mut conn).await?;
    let mut accounts = Vec::with_capacity(CAST.len());
    for (login, role) in CAST {
        let found = access::store::by_login(&mut conn, login).await?;
        let (id, _) = found.with_context(|| format!("{login} is in the sheet of people"))?;
        let person = access::store::person(&mut conn, id).await?;
        let home = person.and_then(|person| tree.get(person.unit).cloned());
        let home = home.with_context(|| format!("{login} has a unit"))?;
        accounts.push(Account { login, role, unit_code: home.code, unit_name: home.name });
    }
    Ok(accounts)
}
