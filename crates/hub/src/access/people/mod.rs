//! Administration of accounts: who is there, what each was granted, and how each gets in.
//!
//! Letter S3 wants accounts issued to named officers, owned and reviewed. A grant that reads
//! matters or approves grants needs a second person (design invariant 5); a forgotten password is
//! reset by calling the officer back on the registered number, never the number that rang, by
//! whoever administers all that the officer may, and everybody who watches over grants is told:
//! who prints a slip could as well use it, but not in silence. Nobody closes their own
//! account or ends their own grants, so that an administrator always remains. Nothing is deleted.

pub mod import;
pub mod page;
pub mod paper;
pub mod store;

use khien_domain::access::{
    Action, Grant, GrantCase, GrantDeed, GrantState, four_eyes, login_name, propose,
};
use khien_domain::fact::Fact;
use khien_domain::id::{GrantId, PersonId, UnitId};
use khien_domain::refusal::{Code, Refusal};
use khien_domain::{text, unit};
use khien_store::{NewEntry, Write};
use serde_json::{Value, json};

use self::store::Account;
use super::store::{SlipRow, save_slip};
use super::{demand, login, session, slip};
use crate::access;
use crate::app::App;
use crate::fault::Fault;
use crate::router::{Route, Sample};
use crate::web::guard::Audience::May;
use crate::web::view::Caller;

const DAY_US: i64 = 24 * 3600 * 1_000_000;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    let administer = May(Action::AdministerPeople);
    let approve = May(Action::ApproveGrant);
    vec![
        Route::get("/people", administer, Sample::None, page::list),
        Route::get("/people/new", administer, Sample::None, page::new),
        Route::post("/people/new", administer, Sample::None, page::add),
        Route::get("/people/{id}", administer, Sample::Person, page::show),
        Route::post("/people/{id}/grants", administer, Sample::Person, page::propose),
        Route::post("/people/{id}/disable", administer, Sample::Person, page::disable),
        Route::post("/people/{id}/enable", administer, Sample::Person, page::enable),
        Route::post("/people/{id}/slip", administer, Sample::Person, page::slip),
        Route::post("/grants/{id}/end", administer, Sample::Grant, page::end),
        Route::get("/grants", approve, Sample::None, page::pending),
        Route::post("/grants/{id}/approve", approve, Sample::Grant, page::approve),
        Route::post("/grants/{id}/refuse", approve, Sample::Grant, page::refuse),
    ]
}

/// Returns the account in its stored form, or why it is malformed.
///
/// # Errors
/// With the rule that it breaks.
pub fn checked(mut account: Account) -> Result<Account, Refusal> {
    account.login = login_name(&account.login)?;
    account.name = text::line("name", &account.name, text::NAME_CHARS_MAX)?;
    if !account.title.trim().is_empty() {
        account.title = text::line("title", &account.title, text::NAME_CHARS_MAX)?;
    }
    if !account.phone.trim().is_empty() {
        account.phone = unit::phone(&account.phone)?;
    }
    if !account.email.trim().is_empty() {
        account.email = unit::email(&account.email)?;
    }
    Ok(account)
}

/// Makes an account without any grant.
///
/// # Errors
/// When the caller does not administer the unit, or the log-in name is taken.
pub async fn add(app: &App, caller: &Caller, account: Account) -> Result<(), Fault> {
    let account = checked(account).map_err(Fault::Invalid)?;
    let mut write = app.db.write().await?;
    let unit = UnitId::new(account.unit);
    demand(app, &mut write, caller, Action::AdministerPeople, unit).await?;
    if store::by_login(&mut write, &account.login).await?.is_some() {
        return Err(Fault::Invalid(Refusal::new(Code::LoginTaken)));
    }
    save_new(app, &mut write, &caller.actor(), &account).await?;
    app.commit(write).await?;
    Ok(())
}

/// Proposes a grant; it comes into force at once unless its role needs a second person.
///
/// # Errors
/// When the caller administers not both the person and the unit, or the domain says no.
pub async fn propose_grant(app: &App, caller: &Caller, grant: Grant) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    administered(&mut write, caller, grant.person).await?;
    demand(app, &mut write, caller, Action::AdministerPeople, grant.unit).await?;
    let standing = store::cases_of(&mut write, grant.person).await?;
    let twin = |case: &GrantCase| {
        matches!(case.state, GrantState::Proposed | GrantState::Active)
            && same_right(&case.grant, &grant)
    };
    if standing.iter().any(twin) {
        return Ok(());
    }
    let others = store::other_approvers_ever(&mut write, caller.person.id).await?;
    begin_grant(app, &mut write, &caller.actor(), caller.person.id, grant, others).await?;
    app.commit(write).await?;
    Ok(())
}

/// Returns whether two grants give the same right, whatever their ceilings.
pub(crate) fn same_right(a: &Grant, b: &Grant) -> bool {
    (a.role, a.unit, a.subtree) == (b.role, b.unit, b.subtree)
}

/// Approves, refuses or ends a grant.
///
/// # Errors
/// When the caller may not decide over its unit, or is one of the two who may not.
pub async fn decide(
    app: &App,
    caller: &Caller,
    id: GrantId,
    deed: GrantDeed,
) -> Result<PersonId, Fault> {
    let mut write = app.db.write().await?;
    let case = store::find_case(&mut write, id).await?.ok_or(Fault::NotFound)?;
    let (right, action) = match deed {
        GrantDeed::Approve(_) => (Action::ApproveGrant, "grant.approve"),
        GrantDeed::Refuse(_) => (Action::ApproveGrant, "grant.refuse"),
        GrantDeed::End(by) => {
            four_eyes(case.grant.person, by)?;
            (Action::AdministerPeople, "grant.end")
        }
    };
    demand(app, &mut write, caller, right, case.grant.unit).await?;
    let (after, facts) = case.step(deed)?;
    store::decide(&mut write, &after, caller.person.id, app.now()).await?;
    let subject = format!("grant:{id}");
    let body = json!({ "before": case.state, "after": after.state, "grant": after.grant });
    write.record(NewEntry { at: app.now(), actor: caller.actor(), action, subject, body });
    app.tell(&mut write, facts);
    app.commit(write).await?;
    Ok(case.grant.person)
}

/// Closes an account, or opens it again.
///
/// # Errors
/// When the caller does not administer the person, or is the person.
pub async fn set_disabled(
    app: &App,
    caller: &Caller,
    person: PersonId,
    disabled: bool,
) -> Result<(), Fault> {
    four_eyes(person, caller.person.id)?;
    let mut write = app.db.write().await?;
    let account = administered(&mut write, caller, person).await?;
    if account.disabled_at.is_some() == disabled {
        return Ok(());
    }
    let action = if disabled { "person.disable" } else { "person.enable" };
    if disabled {
        store::disable(&mut write, person, app.now()).await?;
    } else {
        store::enable(&mut write, person).await?;
    }
    write.record(entry(app, &caller.actor(), action, person, json!({})));
    app.commit(write).await?;
    Ok(())
}

/// A slip as it is printed. The code is nowhere else: only its hash is kept.
#[derive(Clone, Debug)]
pub struct PrintedSlip {
    /// Whose it is.
    pub account: Account,
    /// What to type at `/activate`.
    pub code: String,
    /// Until when it is good, µs UTC.
    pub expires_at: i64,
}

/// Issues a slip to an officer: the first one, or a new one after calling the officer back.
///
/// # Errors
/// When the caller does not administer the person and every unit that the person has rights over,
/// or has not called back.
pub async fn issue_slip(
    app: &App,
    caller: &Caller,
    person: PersonId,
    called_back: bool,
) -> Result<PrintedSlip, Fault> {
    let mut write = app.db.write().await?;
    let account = administered(&mut write, caller, person).await?;
    if account.disabled_at.is_some() {
        return Err(Fault::NotFound);
    }
    if account.activated && !called_back {
        return Err(Fault::Refused(Refusal::new(Code::NotCalledBack)));
    }
    let owner = access::store::person(&mut write, person).await?.ok_or(Fault::NotFound)?;
    for grant in &owner.grants {
        demand(app, &mut write, caller, Action::AdministerPeople, grant.unit).await?;
    }
    if account.activated {
        app.tell(&mut write, [Fact::PasswordReset { person, unit: owner.unit }]);
    }
    let by = caller.person.id;
    let printed = write_slip(app, &mut write, &caller.actor(), by, account, called_back).await?;
    app.commit(write).await?;
    Ok(printed)
}

/// Returns the caller for whom the command line acts on a folder: the account with this log-in,
/// or the administrator who was there first.
///
/// # Errors
/// When there is no such account.
pub async fn acting(app: &App, login: Option<&str>) -> Result<Caller, Fault> {
    let mut conn = app.db.read().await?;
    let login = match login {
        Some(login) => login_name(login).map_err(Fault::Invalid)?,
        None => store::first_administrator(&mut conn).await?.ok_or(Fault::NotFound)?,
    };
    let account = store::by_login(&mut conn, &login).await?.ok_or(Fault::NotFound)?;
    let person = access::store::person(&mut conn, account.person()).await?;
    Ok(Caller { person: person.ok_or(Fault::NotFound)?, session: Vec::new() })
}

/// Carries out a plan of people within `write`; returns a slip for each new account.
///
/// # Errors
/// When the store fails, or a grant breaks a rule.
pub async fn import_people(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    deeds: &[import::Deed],
) -> Result<Vec<PrintedSlip>, Fault> {
    let (actor, by) = (caller.actor(), caller.person.id);
    // Counted before the first row, so that one import is treated alike from end to end.
    let others = store::other_approvers_ever(write, by).await?;
    let mut slips = Vec::new();
    for deed in deeds {
        match deed {
            import::Deed::Add(account) => {
                save_new(app, write, &actor, account).await?;
                slips.push(write_slip(app, write, &actor, by, account.clone(), false).await?);
            }
            import::Deed::Change(pair) => {
                store::update(write, &pair.1).await?;
                let body = json!({ "before": facts_of(&pair.0), "after": facts_of(&pair.1) });
                write.record(entry(app, &actor, "person.change", pair.1.person(), body));
            }
            import::Deed::Grant(grant) => {
                begin_grant(app, write, &actor, by, grant.clone(), others).await?;
            }
        }
    }
    Ok(slips)
}

async fn administered(
    write: &mut Write,
    caller: &Caller,
    person: PersonId,
) -> Result<Account, Fault> {
    store::find(write, caller.person.id, person).await?.ok_or(Fault::NotFound)
}

async fn save_new(
    app: &App,
    write: &mut Write,
    actor: &str,
    account: &Account,
) -> Result<(), Fault> {
    store::insert(write, account).await?;
    let body = json!({ "after": facts_of(account) });
    write.record(entry(app, actor, "person.create", account.person(), body));
    Ok(())
}

async fn begin_grant(
    app: &App,
    write: &mut Write,
    actor: &str,
    proposer: PersonId,
    grant: Grant,
    other_approvers_ever: usize,
) -> Result<(), Fault> {
    let id = GrantId::new(app.new_id());
    let (proposal, facts) =
        propose(id, grant, proposer, other_approvers_ever).map_err(Fault::Invalid)?;
    store::insert_case(write, &proposal.case, app.now()).await?;
    let body = json!({
        "grant": proposal.case.grant,
        "state": proposal.case.state,
        // In an empty province nobody could have been the second person; the journal says so.
        "without_second_person": proposal.bootstrapped,
    });
    let subject = format!("grant:{id}");
    let action = "grant.propose";
    write.record(NewEntry { at: app.now(), actor: actor.to_owned(), action, subject, body });
    app.tell(write, facts);
    Ok(())
}

async fn write_slip(
    app: &App,
    write: &mut Write,
    actor: &str,
    issued_by: PersonId,
    account: Account,
    called_back: bool,
) -> Result<PrintedSlip, Fault> {
    let code = slip::new_code()?;
    let now = app.now();
    let expires_at = now + i64::from(app.config.access.slip_days) * DAY_US;
    let row = SlipRow { person: account.id, issued_at: now, expires_at };
    save_slip(write, &row, &session::hash(&login::slip_code(&code)), Some(issued_by)).await?;
    let body = json!({ "expires_at": expires_at, "called_back": called_back });
    write.record(entry(app, actor, "slip.issue", account.person(), body));
    Ok(PrintedSlip { account, code, expires_at })
}

/// What the journal keeps of an account: never a password.
fn facts_of(account: &Account) -> Value {
    json!({
        "login": account.login,
        "name": account.name,
        "title": account.title,
        "phone": account.phone,
        "email": account.email,
        "unit": account.unit,
    })
}

fn entry(app: &App, actor: &str, action: &'static str, person: PersonId, body: Value) -> NewEntry {
    let subject = format!("person:{person}");
    NewEntry { at: app.now(), actor: actor.to_owned(), action, subject, body }
}
