//! The log-in itself, the same for the page and the API.

use khien_domain::access::{check_password, login_name};
use khien_domain::id::PersonId;
use khien_domain::refusal::{Code, Refusal};
use khien_store::NewEntry;

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
    app.throttle.count(login, &view.address)?;
    let login = login_name(login).map_err(|_| Fault::WrongLogin)?;
    let found = {
        let mut conn = app.db.read().await?;
        store::by_login(&mut conn, &login).await?
    };
    let (person, hash) = found.map_or((None, None), |(id, hash)| (Some(id), hash));
    let fits = app.hasher.fits(password, hash).await?;
    let Some(person) = person.filter(|_| fits) else {
        tracing::info!(address = view.address, "a log-in failed");
        return Err(Fault::WrongLogin);
    };
    session::open(app, person, kind, view).await
}

/// Sets the first password, or a new one after a call-back, with the code of a printed slip.
///
/// # Errors
/// [`Fault::Invalid`] when the code is no living slip or the password is too weak.
pub async fn activate(
    app: &App,
    view: &View,
    code: &str,
    password: String,
) -> Result<PersonId, Fault> {
    app.throttle.count("activate", &view.address)?;
    let code_hash = session::hash(&slip_code(code));
    let now = app.now();
    let slip = {
        let mut conn = app.db.read().await?;
        store::slip(&mut conn, &code_hash).await?
    };
    let slip = slip.filter(|s| now < s.expires_at);
    let slip = slip.ok_or_else(|| Fault::Invalid(Refusal::new(Code::SlipExpired)))?;
    let person = PersonId::new(slip.person);
    set_password(app, person, password, "person.activate").await?;
    Ok(person)
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
    let hash = {
        let mut conn = app.db.read().await?;
        store::password(&mut conn, person).await?
    };
    if !app.hasher.fits(old, hash).await? {
        return Err(Fault::WrongLogin);
    }
    set_password(app, person, new, "person.password").await
}

async fn set_password(
    app: &App,
    person: PersonId,
    password: String,
    action: &'static str,
) -> Result<(), Fault> {
    let login = {
        let mut conn = app.db.read().await?;
        store::person(&mut conn, person).await?.ok_or(Fault::NotFound)?.login
    };
    check_password(&password, &login, false).map_err(Fault::Invalid)?;
    let hash = app.hasher.hash(password).await?;
    let mut write = app.db.write().await?;
    store::set_password(&mut write, person, &hash).await?;
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
