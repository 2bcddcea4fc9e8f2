//! Sessions: an opaque 256-bit token held by the browser or the API client, its hash held here.

use khien_domain::access::Person;
use khien_domain::id::PersonId;
use khien_store::{Unjournaled, Write};
use sha2::{Digest as _, Sha256};

use super::store::{self, SessionRow};
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::View;

/// A session's last use is written down at most this often.
const SEEN_STEP_US: i64 = 60_000_000;
/// Marks our tokens, so that a leaked one is recognised by scanners.
const TOKEN_PREFIX: &str = "khien_";
/// The longest user-agent text kept.
const AGENT_CHARS_MAX: usize = 200;

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A browser.
    Web,
    /// An API client.
    Api,
}

/// Returns a new random token with the hash under which it is stored.
///
/// # Errors
/// When the machine gives no random bytes.
pub fn new_token() -> Result<(String, Vec<u8>), Fault> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("random bytes: {e}"))?;
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let token = format!("{TOKEN_PREFIX}{hex}");
    let hash = hash(&token);
    Ok((token, hash))
}

/// Returns the hash under which a token is stored.
pub fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Opens a session in the transaction that found its person entitled to one, and returns its
/// token; the token is nowhere else.
///
/// # Errors
/// When the store fails.
pub async fn open(
    app: &App,
    mut write: Write,
    person: PersonId,
    kind: Kind,
    view: &View,
) -> Result<String, Fault> {
    let (token, token_hash) = new_token()?;
    let now = app.now();
    let lifetime_us = i64::from(app.config.access.session_hours) * 3_600_000_000;
    let row = SessionRow {
        token_hash,
        person: person.uuid(),
        kind: if kind == Kind::Web { "web" } else { "api" }.to_owned(),
        address: view.address.clone(),
        agent: view.agent.chars().take(AGENT_CHARS_MAX).collect(),
        created_at: now,
        seen_at: now,
        expires_at: now + lifetime_us,
    };
    store::insert_session(&mut write, &row).await?;
    write.record(khien_store::NewEntry {
        at: now,
        actor: format!("person:{person}"),
        action: "session.open",
        subject: format!("person:{person}"),
        body: serde_json::json!({ "kind": row.kind, "address": row.address }),
    });
    app.commit(write).await?;
    Ok(token)
}

/// Returns the person of a live session with the session's hash; `None` when it ended.
///
/// # Errors
/// When the store fails.
pub async fn resume(app: &App, token: &str) -> Result<Option<(Person, Vec<u8>)>, Fault> {
    if !token.starts_with(TOKEN_PREFIX) {
        return Ok(None);
    }
    let (now, hash) = (app.now(), hash(token));
    let (session, person) = {
        let mut conn = app.db.read().await?;
        let Some(session) = store::find_session(&mut conn, &hash).await? else { return Ok(None) };
        let person = store::person(&mut conn, PersonId::new(session.person)).await?;
        (session, person)
    };
    if has_ended(app, &session, now) {
        return Ok(None);
    }
    if now - session.seen_at >= SEEN_STEP_US {
        // A disk too full to note it must not keep an officer from reading.
        if let Err(fault) = touch(app, &hash, now).await {
            tracing::warn!(%fault, "the use of a session was not noted");
        }
    }
    Ok(person.map(|person| (person, hash)))
}

async fn touch(app: &App, hash: &[u8], now: i64) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    store::touch_session(&mut write, hash, now).await?;
    app.commit_unjournaled(write, Unjournaled::Session).await
}

/// Returns whether a session still stands, without using it: a page that is only left open must
/// not keep its officer signed in.
///
/// # Errors
/// When the store fails.
pub async fn stands(app: &App, hash: &[u8]) -> Result<bool, Fault> {
    let mut conn = app.db.read().await?;
    let Some(session) = store::find_session(&mut conn, hash).await? else { return Ok(false) };
    let person = store::person(&mut conn, PersonId::new(session.person)).await?;
    Ok(person.is_some() && !has_ended(app, &session, app.now()))
}

fn has_ended(app: &App, session: &SessionRow, now: i64) -> bool {
    let idle_us = i64::from(app.config.access.idle_minutes) * 60_000_000;
    now >= session.expires_at || now - session.seen_at >= idle_us
}

/// Ends one session.
///
/// # Errors
/// When the store fails.
pub async fn close(app: &App, hash: &[u8]) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    store::delete_session(&mut write, hash).await?;
    app.commit_unjournaled(write, Unjournaled::Session).await
}

/// Job: forgets sessions that have ended.
///
/// # Errors
/// When the store fails.
pub async fn expire(app: &App) -> anyhow::Result<()> {
    let idle_us = i64::from(app.config.access.idle_minutes) * 60_000_000;
    let now = app.now();
    let mut write = app.db.write().await?;
    store::delete_ended_sessions(&mut write, now, now - idle_us).await?;
    write.commit_unjournaled(Unjournaled::Session).await?;
    Ok(())
}
