//! The log-in itself, the same for the page and the API.

use khien_domain::access::{check_password, login_name};
use khien_domain::id::PersonId;
use khien_domain::refusal::{Code, Refusal};
use khien_store::{Conn, NewEntry, Write};

use super::session::{self, Kind};
use super::store;
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::View;

/// Checks log-in and password and opens a session; returns its token.
///
/// # Errors
/// [`Fault::WrongLogin`] whichever half is wrong, [`Fault::TooMany`] after too many tries.
pub async fn sign_in(
    app: &App,
    view: &View,
    login: &str,
    password: String,
    kind: Kind,
) -> Result<String, Fault> {
    let login = login_name(login);
    // What cannot be a log-in name counts as one name, so that nothing long is remembered.
    app.throttle.count(login.as_deref().unwrap_or_default(), &view.address)?;
    let login = login.map_err(|_| Fault::WrongLogin)?;
    let found = {
        let mut conn = app.db.read().await?;
        store::by_login(&mut conn, &login).await?
    };
    let (person, hash) = found.map_or((None, None), |(id, hash)| (Some(id), hash));
    let fits = app.hasher.fits(password, hash.clone()).await?;
    let Some(person) = person.filter(|_| fits) else {
        tracing::info!(address = view.address, "a log-in failed");
        return Err(Fault::WrongLogin);
    };
    let mut write = app.db.write().await?;
    demand_hash(&mut write, person, hash).await?;
    session::open(app, write, person, kind, view).await
}

/// Sets the first password, or a new one after a call-back, with the code of a printed slip;
/// returns the log-in name that it belongs to.
///
/// # Errors
/// [`Fault::Invalid`] when the code is no living slip or the password is too weak.
pub async fn activate(
    app: &App,
    view: &View,
    code: &str,
    password: String,
) -> Result<String, Fault> {
    app.throttle.count("activate", &view.address)?;
    let code_hash = session::hash(&slip_code(code));
    let person = {
        let mut conn = app.db.read().await?;
        living_slip(&mut conn, &code_hash, app.now()).await?
    };
    let login = login_of(app, person).await?;
    let hash = new_hash(app, &login, password).await?;
    let mut write = app.db.write().await?;
    living_slip(&mut write, &code_hash, app.now()).await?;
    set_password(app, write, person, &hash, "person.activate").await?;
    Ok(login)
}

/// Changes the own password; the old one must be known.
///
/// # Errors
/// [`Fault::WrongLogin`] when it is not, [`Fault::Invalid`] when the new one is too weak.
pub async fn change(
    app: &App,
    person: PersonId,
    view: &View,
    old: String,
    new: String,
) -> Result<(), Fault> {
    app.throttle.count(&person.to_string(), &view.address)?;
    let old_hash = {
        let mut conn = app.db.read().await?;
        store::password(&mut conn, person).await?
    };
    if !app.hasher.fits(old, old_hash.clone()).await? {
        return Err(Fault::WrongLogin);
    }
    let hash = new_hash(app, &login_of(app, person).await?, new).await?;
    let mut write = app.db.write().await?;
    demand_hash(&mut write, person, old_hash).await?;
    set_password(app, write, person, &hash, "person.password").await
}

/// Returns whom a slip lets in, if it is good now. Asked twice: before the slow hashing, and in
/// the transaction that uses it, because a slip may be used, replaced or voided in between.
async fn living_slip(conn: &mut Conn, code_hash: &[u8], now: i64) -> Result<PersonId, Fault> {
    let slip = store::slip(conn, code_hash).await?.filter(|slip| now < slip.expires_at);
    let slip = slip.ok_or_else(|| Fault::Invalid(Refusal::new(Code::SlipExpired)))?;
    Ok(PersonId::new(slip.person))
}

/// Refuses if the password that was checked is the account's no more: it was reset, or the
/// account closed, while the hash was being checked.
async fn demand_hash(
    write: &mut Write,
    person: PersonId,
    checked: Option<String>,
) -> Result<(), Fault> {
    let standing = store::password(write, person).await?;
    if standing == checked { Ok(()) } else { Err(Fault::WrongLogin) }
}

async fn login_of(app: &App, person: PersonId) -> Result<String, Fault> {
    let mut conn = app.db.read().await?;
    Ok(store::person(&mut conn, person).await?.ok_or(Fault::NotFound)?.login)
}

async fn new_hash(app: &App, login: &str, password: String) -> Result<String, Fault> {
    check_password(&password, login, false).map_err(Fault::Invalid)?;
    Ok(app.hasher.hash(password).await?)
}

async fn set_password(
    app: &App,
    mut write: Write,
    person: PersonId,
    hash: &str,
    action: &'static str,
) -> Result<(), Fault> {
    store::set_password(&mut write, person, hash).await?;
    write.record(NewEntry {
        at: app.now(),
        actor: format!("person:{person}"),
        action,
        subject: format!("person:{person}"),
        body: serde_json::json!({}),
    });
    app.commit(write).await?;
    Ok(())
}

/// Returns a slip's code as stored, however its owner typed it: capitals, no blanks, no dashes.
pub fn slip_code(typed: &str) -> String {
    typed.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect()
}
