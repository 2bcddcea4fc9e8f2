//! Settles the invented province in an empty folder, the way a real one comes in.

use anyhow::{Context as _, Result, bail};
use khien_domain::access::Role;
use khien_domain::id::PersonId;
use khien_domain::unit::Tree;
use khien_hub::access::{self, first, login, people};
use khien_hub::app::App;
use khien_hub::intake::source::{self, Door, NewSource};
use khien_hub::sheet::Problems;
use khien_hub::web::i18n::Lang;
use khien_hub::web::view::View;
use khien_hub::{asset, unit};
use khien_store::Write;

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
    let administrator = open_account(app, &slip.code, 0).await?;
    let actor = format!("person:{administrator}");
    let view = View { lang, ..View::default() };
    import_units(app, &view, &actor).await?;
    import_people(app, &view).await?;
    import_contacts(app, &view, &actor).await?;
    import_systems(app, &view, &actor).await?;
    add_sources(app, &actor).await
}

/// Sets the password with a slip's code. Each officer sits at an address of their own, as the
/// bound on tries asks.
async fn open_account(app: &App, code: &str, number: usize) -> Result<PersonId> {
    let view = View { address: format!("demo {number}"), ..View::default() };
    Ok(login::activate(app, &view, code, PASSWORD.to_owned()).await?)
}

async fn begin(app: &App) -> Result<(Write, Tree)> {
    let mut write = app.db.write().await?;
    let tree = unit::store::tree(&mut write).await?;
    Ok((write, tree))
}

async fn import_units(app: &App, view: &View, actor: &str) -> Result<()> {
    let (mut write, tree) = begin(app).await?;
    let plan = unit::import::plan(UNITS, &tree, app.now(), || app.new_id());
    let plan = plan.map_err(|problems| refused(view, "units.csv", &problems))?;
    unit::import_units(app, &mut write, actor, &plan.deeds).await?;
    app.commit(write).await?;
    Ok(())
}

/// Makes the accounts and opens each with the slip that its officer would get on paper.
async fn import_people(app: &App, view: &View) -> Result<()> {
    let administrator = people::acting(app, Some(first::LOGIN)).await?;
    let (mut write, tree) = begin(app).await?;
    let held = people::store::every(&mut write).await?;
    let standing = people::store::standing(&mut write).await?;
    let new_id = || app.new_id();
    let plan = people::import::plan(PEOPLE, &tree, &held, &standing, app.now(), new_id);
    let plan = plan.map_err(|problems| refused(view, "people.csv", &problems))?;
    let slips = people::import_people(app, &mut write, &administrator, &plan.deeds).await?;
    app.commit(write).await?;
    for (number, slip) in slips.iter().enumerate() {
        open_account(app, &slip.code, number + 1).await?;
    }
    Ok(())
}

async fn import_contacts(app: &App, view: &View, actor: &str) -> Result<()> {
    let (mut write, tree) = begin(app).await?;
    let held = unit::store::every_contact(&mut write).await?;
    let plan = unit::contacts::plan(CONTACTS, &tree, &held, app.now(), || app.new_id());
    let plan = plan.map_err(|problems| refused(view, "contacts.csv", &problems))?;
    unit::import_contacts(app, &mut write, actor, &plan.deeds).await?;
    app.commit(write).await?;
    Ok(())
}

async fn import_systems(app: &App, view: &View, actor: &str) -> Result<()> {
    let (mut write, tree) = begin(app).await?;
    let held = asset::store::live(&mut write).await?;
    let plan = asset::import::plan(SYSTEMS, &tree, &held, || app.new_id());
    let plan = plan.map_err(|problems| refused(view, "systems.csv", &problems))?;
    asset::import_assets(app, &mut write, actor, &plan.deeds).await?;
    app.commit(write).await?;
    Ok(())
}

/// Returns the first thing that is wrong with a sheet; ours are tested to have none.
fn refused(view: &View, sheet: &str, problems: &Problems) -> anyhow::Error {
    let first = problems.0.first().map(|problem| problem.sentence(view)).unwrap_or_default();
    anyhow::anyhow!("{sheet}: {first}")
}

async fn add_sources(app: &App, actor: &str) -> Result<Kept> {
    let (mut write, tree) = begin(app).await?;
    let unit = tree.by_code(PROVINCE_CODE).context("the sheets have a province")?.id;
    let networks = source::networks(SYSLOG_NETWORKS)
        .map_err(|refusal| anyhow::anyhow!("a constant network was refused: {refusal}"))?;
    let http = NewSource { name: HTTP_SOURCE.to_owned(), unit, door: Door::Http };
    let syslog = NewSource { name: SYSLOG_SOURCE.to_owned(), unit, door: Door::Syslog(networks) };
    let added = source::add(app, &mut write, actor.to_owned(), &http).await?;
    source::add(app, &mut write, actor.to_owned(), &syslog).await?;
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
