//! SQL over the journal's lines and what their subjects are called. An auditor reads every line by
//! right, so that no visibility fragment stands here; what of a line is shown is decided in
//! [`super::shown`].

use khien_store::head::SignedHead;
use khien_store::{Conn, Write, on, statements};
use uuid::Uuid;

use crate::fault::Fault;

statements! {
    LIST = "SELECT seq, at, actor, action, subject FROM entry
            WHERE seq < $1 AND at >= $2 AND at < $3 AND ($4 = '' OR subject = $4)
              AND ($5 = '' OR actor = $5) AND ($6 = '' OR action = $6)
            ORDER BY seq DESC LIMIT $7",
    SIGNAL = "SELECT number FROM signal WHERE id = $1",
    MATTER = "SELECT number FROM matter WHERE id = $1",
    TASK = "SELECT number FROM task WHERE id = $1",
    UNIT = "SELECT name FROM unit WHERE id = $1",
    PERSON = "SELECT name FROM person WHERE id = $1",
    SOURCE = "SELECT name FROM source WHERE id = $1",
    ASSET = "SELECT name FROM asset WHERE id = $1",
    GRANT = "SELECT p.name FROM access_grant g JOIN person p ON p.id = g.person WHERE g.id = $1",
    EVIDENCE = "SELECT COALESCE(t.number, s.number, m.number, '') FROM evidence e
                LEFT JOIN task t ON t.id = e.task LEFT JOIN signal s ON s.id = e.signal
                LEFT JOIN matter m ON m.id = e.matter WHERE e.id = $1",
    BY_NUMBER = "SELECT 'signal' AS noun, id FROM signal WHERE number = $1
                 UNION ALL SELECT 'matter', id FROM matter WHERE number = $1
                 UNION ALL SELECT 'task', id FROM task WHERE number = $1",
    BY_LOGIN = "SELECT id FROM person WHERE login = $1",
    LAST_DEPOSIT = "SELECT head FROM journal_deposit ORDER BY seq DESC LIMIT 1",
    DEPOSIT = "INSERT INTO journal_deposit (seq, signed_at, head) VALUES ($1, $2, $3)",
}

/// A line without its body.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LineRow {
    /// Its number.
    pub seq: i64,
    /// When, µs UTC.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
}

/// Which lines to list; an empty text asks for all.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Only lines before this number.
    pub before: i64,
    /// Only lines from this moment on.
    pub from: i64,
    /// Only lines before this moment.
    pub to: i64,
    /// Only about this subject.
    pub subject: &'a str,
    /// Only by this actor.
    pub actor: &'a str,
    /// Only of this action.
    pub action: &'a str,
}

/// Returns lines, newest first.
pub async fn list(conn: &mut Conn, wanted: &Wanted<'_>, limit: i64) -> Result<Vec<LineRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(LIST)
        .bind(wanted.before)
        .bind(wanted.from)
        .bind(wanted.to)
        .bind(wanted.subject)
        .bind(wanted.actor)
        .bind(wanted.action)
        .bind(limit)
        .fetch_all(&mut **c)
        .await)?)
}

/// Returns what people call a subject or an actor `<noun>:<uuid>`: its number, or its name where
/// it has none; of evidence the number of what it belongs to, of a grant the name of whose it is.
/// Nothing for what has no row.
pub async fn called(conn: &mut Conn, subject: &str) -> Result<Option<String>, Fault> {
    let Some((noun, id)) = subject.split_once(':') else { return Ok(None) };
    let Ok(id) = id.parse::<Uuid>() else { return Ok(None) };
    let sql = match noun {
        "signal" => SIGNAL,
        "matter" => MATTER,
        "task" => TASK,
        "unit" => UNIT,
        "person" => PERSON,
        "source" => SOURCE,
        "asset" => ASSET,
        "grant" => GRANT,
        "evidence" => EVIDENCE,
        _ => return Ok(None),
    };
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(id).fetch_optional(&mut **c).await)?)
}

/// Returns the journal's name of what an auditor typed: a number, a log-in, or the name itself.
pub async fn subject_of(conn: &mut Conn, typed: &str) -> Result<String, Fault> {
    let typed = typed.trim();
    let found: Option<(String, Uuid)> = on!(conn, c => sqlx::query_as(BY_NUMBER)
        .bind(typed.to_uppercase())
        .fetch_optional(&mut **c)
        .await)?;
    match found {
        Some((noun, id)) => Ok(format!("{noun}:{id}")),
        None => actor_of(conn, typed).await,
    }
}

/// Returns the journal's name of an actor who was typed as a log-in, or the name itself.
pub async fn actor_of(conn: &mut Conn, typed: &str) -> Result<String, Fault> {
    let typed = typed.trim();
    let person: Option<Uuid> = on!(conn, c => sqlx::query_scalar(BY_LOGIN)
        .bind(typed.to_lowercase())
        .fetch_optional(&mut **c)
        .await)?;
    Ok(person.map_or_else(|| typed.to_owned(), |id| format!("person:{id}")))
}

/// Returns the last head that was signed.
pub async fn last_deposit(conn: &mut Conn) -> Result<Option<SignedHead>, Fault> {
    let text: Option<String> =
        on!(conn, c => sqlx::query_scalar(LAST_DEPOSIT).fetch_optional(&mut **c).await)?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose().map_err(anyhow::Error::from)?)
}

/// Keeps a signed head.
pub async fn deposit(write: &mut Write, head: &SignedHead) -> Result<(), Fault> {
    let text = serde_json::to_string(head).map_err(anyhow::Error::from)?;
    on!(write, c => sqlx::query(DEPOSIT)
        .bind(head.seq)
        .bind(head.at)
        .bind(text)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}
