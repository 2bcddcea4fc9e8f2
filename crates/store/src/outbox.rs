//! The outbox: facts wait here until each of their reactions has run once.
//!
//! A fact is written with the change that caused it. A dispatcher that holds a lease hands each
//! fact to its reactions; every reaction claims its mark in the same transaction in which it
//! works, so that a crash, a second node or a repeat cannot run it twice.

use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::write::body_text;
use crate::{Conn, NewFact, StoreError, Write, on};

/// Most facts that one call of [`pending`] returns.
pub const PENDING_MAX: i64 = 500;
/// The wait after the first failure; it doubles with each further one.
const BACKOFF_FIRST_US: i64 = 1_000_000;
/// The longest wait between two attempts.
const BACKOFF_MAX_US: i64 = 10 * 60 * 1_000_000;
/// How much of an error's text is kept.
const ERROR_CHARS_MAX: usize = 500;

/// A fact as the outbox holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Its id.
    pub id: Uuid,
    /// When it happened, in microseconds UTC.
    pub at: i64,
    /// What happened, as a code.
    pub kind: String,
    /// The details.
    pub body: Value,
    /// How often its reactions failed.
    pub attempts: i64,
    /// What the last failure said.
    pub last_error: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    at: i64,
    kind: String,
    body: String,
    attempts: i64,
    last_error: Option<String>,
}

crate::statements! {
    INSERT = "INSERT INTO fact (id, at, kind, body, attempts, next_at)
              VALUES ($1, $2, $3, $4, 0, $2)",
    FIND = "SELECT id, at, kind, body, attempts, last_error FROM fact WHERE id = $1",
    PENDING = "SELECT id, at, kind, body, attempts, last_error FROM fact
               WHERE done_at IS NULL AND next_at <= $1 ORDER BY id LIMIT $2",
    CLAIM = "INSERT INTO reaction (fact, name, at) VALUES ($1, $2, $3)
             ON CONFLICT (fact, name) DO NOTHING",
    FINISH = "UPDATE fact SET done_at = $2 WHERE id = $1 AND done_at IS NULL",
    ATTEMPTS = "SELECT attempts FROM fact WHERE id = $1 AND done_at IS NULL",
    FAIL = "UPDATE fact SET attempts = $2, next_at = $3, last_error = $4 WHERE id = $1",
    WAITING = "SELECT COUNT(*) FROM fact WHERE done_at IS NULL",
}

pub(crate) async fn append(conn: &mut Conn, facts: &[NewFact]) -> Result<(), StoreError> {
    for fact in facts {
        let body = body_text(fact.kind, &fact.body)?;
        on!(conn, c => sqlx::query(INSERT)
            .bind(fact.id)
            .bind(fact.at)
            .bind(fact.kind)
            .bind(&body)
            .execute(&mut **c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Returns one fact, done or not.
pub async fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Fact>, StoreError> {
    let row: Option<Row> =
        on!(conn, c => sqlx::query_as(FIND).bind(id).fetch_optional(&mut **c).await)?;
    row.map(fact).transpose()
}

/// Returns facts that wait and whose next attempt is due, oldest first, at most [`PENDING_MAX`].
pub async fn pending(conn: &mut Conn, now: i64, limit: i64) -> Result<Vec<Fact>, StoreError> {
    let limit = limit.clamp(0, PENDING_MAX);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(PENDING)
        .bind(now)
        .bind(limit)
        .fetch_all(&mut **c)
        .await)?;
    rows.into_iter().map(fact).collect()
}

/// Returns how many facts still wait, for the health page.
pub async fn waiting(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(on!(conn, c => sqlx::query_scalar(WAITING).fetch_one(&mut **c).await)?)
}

/// Marks a reaction as run; returns false when it ran before, and then it must do nothing.
pub async fn claim(w: &mut Write, fact: Uuid, name: &str, at: i64) -> Result<bool, StoreError> {
    let rows = on!(w, c => sqlx::query(CLAIM)
        .bind(fact)
        .bind(name)
        .bind(at)
        .execute(&mut **c)
        .await?
        .rows_affected());
    Ok(rows == 1)
}

/// Marks a fact as done: every reaction has run.
pub async fn finish(w: &mut Write, fact: Uuid, at: i64) -> Result<(), StoreError> {
    on!(w, c => sqlx::query(FINISH).bind(fact).bind(at).execute(&mut **c).await.map(drop))?;
    Ok(())
}

/// Notes a failed attempt; the fact comes back after a wait that doubles each time.
pub async fn fail(w: &mut Write, fact: Uuid, now: i64, error: &str) -> Result<(), StoreError> {
    let attempts: Option<i64> =
        on!(w, c => sqlx::query_scalar(ATTEMPTS).bind(fact).fetch_optional(&mut **c).await)?;
    let Some(attempts) = attempts else { return Ok(()) };
    let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
    on!(w, c => sqlx::query(FAIL)
        .bind(fact)
        .bind(attempts + 1)
        .bind(now.saturating_add(backoff_us(attempts)))
        .bind(&error)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// The wait after `attempts` earlier failures.
fn backoff_us(attempts: i64) -> i64 {
    let doublings = attempts.clamp(0, 20);
    (BACKOFF_FIRST_US << doublings).min(BACKOFF_MAX_US)
}

fn fact(row: Row) -> Result<Fact, StoreError> {
    let Row { id, at, kind, body, attempts, last_error } = row;
    Ok(Fact { id, at, kind, body: serde_json::from_str(&body)?, attempts, last_error })
}
