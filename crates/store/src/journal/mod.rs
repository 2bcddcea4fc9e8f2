//! The journal: append-only lines, each carrying the hash of the one before.
//!
//! The letters ask for an unbroken record that an inspector can check alone. The chain runs over
//! hashes of salted bodies, so that a spilled secret can be destroyed later and every line still
//! verifies; the signed head ([`crate::head`]), deposited with another unit, shows a cut tail.
//! Lines are appended only by [`crate::Write::commit`], under the single writer.

pub(crate) mod chain;
pub(crate) mod check;
mod export;
pub(crate) mod verify;

use serde_json::{Value, json};
use sqlx::FromRow;

pub use chain::Hash;
pub use check::{Extent, Flaw, FlawKind, Verdict};
pub use export::{export, verify_file};
pub use verify::verify;

use crate::write::body_text;
use crate::{Conn, NewEntry, StoreError, Write, on};
use chain::{DESTROYED, GENESIS, Line, SEALED, body_hash, entry_hash, line_subject};

/// Most lines that one call of [`list`] returns.
pub const LIST_MAX: i64 = 1_000;

/// The columns of a line with its body, shared by every reading statement.
macro_rules! lines {
    ($rest:literal) => {
        concat!(
            "SELECT e.seq, e.at, e.actor, e.action, e.subject, e.body_hash, e.prev, e.hash,
             b.salt, b.body, b.sealed FROM entry e LEFT JOIN entry_body b ON b.seq = e.seq ",
            $rest
        )
    };
}

// A parameter that may be NULL is compared first: PostgreSQL takes its type from the first use.
crate::statements! {
    HEAD = "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1",
    APPEND = "INSERT INTO entry (seq, at, actor, action, subject, body_hash, prev, hash)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    APPEND_BODY = "INSERT INTO entry_body (seq, salt, body, sealed) VALUES ($1, $2, $3, $4)",
    SEAL_BODY = "UPDATE entry_body SET sealed = $2 WHERE seq = $1",
    DESTROY_BODY = "DELETE FROM entry_body WHERE seq = $1",
    PAGE = lines!("WHERE e.seq > $1 ORDER BY e.seq LIMIT $2"),
    ONWARD = lines!("WHERE e.seq > $1 AND e.seq < $2 ORDER BY e.seq LIMIT $3"),
    BACKWARD = lines!("WHERE e.seq > $1 AND e.seq < $2 ORDER BY e.seq DESC LIMIT $3"),
    SUBJECT_ONWARD = lines!("WHERE e.seq > $1 AND e.seq < $2 AND e.subject = $4
        AND (e.actor = $5 OR $5 IS NULL) ORDER BY e.seq LIMIT $3"),
    SUBJECT_BACKWARD = lines!("WHERE e.seq > $1 AND e.seq < $2 AND e.subject = $4
        AND (e.actor = $5 OR $5 IS NULL) ORDER BY e.seq DESC LIMIT $3"),
    ACTOR_ONWARD = lines!("WHERE e.seq > $1 AND e.seq < $2 AND e.actor = $4
        ORDER BY e.seq LIMIT $3"),
    ACTOR_BACKWARD = lines!("WHERE e.seq > $1 AND e.seq < $2 AND e.actor = $4
        ORDER BY e.seq DESC LIMIT $3"),
}

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last line's number.
    pub seq: i64,
    /// The last line's hash.
    pub hash: Hash,
}

/// A journal line as a reader sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number, counted from 1 without gaps.
    pub seq: i64,
    /// When, in microseconds UTC.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// What was done, as a code.
    pub action: String,
    /// To what it was done.
    pub subject: String,
    /// The details, if they may be read.
    pub body: Body,
    /// Its hash.
    pub hash: Vec<u8>,
}

/// The details of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Readable.
    Open(Value),
    /// Kept, but not shown.
    Sealed,
    /// Gone for good; its hash stays in the chain.
    Destroyed,
}

/// Which lines to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only lines about this subject.
    pub subject: Option<String>,
    /// Only lines by this actor.
    pub actor: Option<String>,
    /// Lines after this number, oldest first. Without it the newest come first.
    pub after: Option<i64>,
    /// Lines before this number.
    pub before: Option<i64>,
}

/// Who ordered that a body be sealed or destroyed, and why. Four eyes are the caller's rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// When, in microseconds UTC.
    pub at: i64,
    /// Who asked for it.
    pub actor: String,
    /// Who agreed.
    pub approver: String,
    /// Why; it stays readable, so that it must not repeat what is destroyed.
    pub reason: String,
}

#[derive(FromRow)]
pub(crate) struct Row {
    seq: i64,
    at: i64,
    actor: String,
    action: String,
    subject: String,
    body_hash: Vec<u8>,
    prev: Vec<u8>,
    hash: Vec<u8>,
    salt: Option<Vec<u8>>,
    body: Option<String>,
    sealed: Option<bool>,
}

impl Row {
    pub(crate) fn into_line(self) -> Line {
        let Self { seq, at, actor, action, subject, body_hash, prev, hash, .. } = self;
        let body = self.salt.zip(self.body);
        Line { seq, at, actor, action, subject, body_hash, prev, hash, body }
    }

    fn into_entry(self) -> Result<Entry, StoreError> {
        let body = match (self.body, self.sealed) {
            (None, _) => Body::Destroyed,
            (Some(_), Some(true)) => Body::Sealed,
            (Some(text), _) => Body::Open(serde_json::from_str(&text)?),
        };
        let Self { seq, at, actor, action, subject, hash, .. } = self;
        Ok(Entry { seq, at, actor, action, subject, body, hash })
    }
}

/// Returns the end of the chain, or nothing while the journal is empty.
pub async fn head(conn: &mut Conn) -> Result<Option<Head>, StoreError> {
    let last: Option<(i64, Vec<u8>)> =
        on!(conn, c => sqlx::query_as(HEAD).fetch_optional(&mut **c).await)?;
    // A hash of another length cannot be stored: the table's CHECK refuses it.
    Ok(last.map(|(seq, hash)| Head { seq, hash: hash.try_into().unwrap_or(GENESIS) }))
}

/// Appends entries to the chain; returns the last line's number. Only the writer calls it, so
/// that nobody else can take the same number.
pub(crate) async fn append(
    conn: &mut Conn,
    entries: &[NewEntry],
) -> Result<Option<i64>, StoreError> {
    if entries.is_empty() {
        return Ok(None);
    }
    let mut last = head(conn).await?.unwrap_or(Head { seq: 0, hash: GENESIS });
    for entry in entries {
        let line = next_line(last, entry)?;
        last = Head { seq: line.seq, hash: entry_hash(&line, line.seq) };
        insert(conn, &line, last.hash).await?;
    }
    Ok(Some(last.seq))
}

fn next_line(last: Head, entry: &NewEntry) -> Result<Line, StoreError> {
    let body = body_text(entry.action, &entry.body)?;
    let mut salt = vec![0; 32];
    getrandom::fill(&mut salt)?;
    Ok(Line {
        seq: last.seq + 1,
        at: entry.at,
        actor: entry.actor.clone(),
        action: entry.action.to_owned(),
        subject: entry.subject.clone(),
        body_hash: body_hash(&salt, &body).to_vec(),
        prev: last.hash.to_vec(),
        hash: Vec::new(),
        body: Some((salt, body)),
    })
}

async fn insert(conn: &mut Conn, line: &Line, hash: Hash) -> Result<(), StoreError> {
    on!(conn, c => sqlx::query(APPEND)
        .bind(line.seq)
        .bind(line.at)
        .bind(&line.actor)
        .bind(&line.action)
        .bind(&line.subject)
        .bind(&line.body_hash)
        .bind(&line.prev)
        .bind(&hash[..])
        .execute(&mut **c)
        .await
        .map(drop))?;
    let Some((salt, body)) = &line.body else { return Ok(()) };
    on!(conn, c => sqlx::query(APPEND_BODY)
        .bind(line.seq)
        .bind(salt)
        .bind(body)
        .bind(false)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Hides the body of a line from every reader; the chain stays as it is.
pub async fn seal_body(w: &mut Write, seq: i64, order: Order) -> Result<(), StoreError> {
    let rows = on!(w, c => sqlx::query(SEAL_BODY)
        .bind(seq)
        .bind(true)
        .execute(&mut **c)
        .await?
        .rows_affected());
    record_order(w, rows, seq, SEALED, order)
}

/// Destroys the body of a line for good; the chain still verifies, because the line recorded here
/// excuses the absence.
pub async fn destroy_body(w: &mut Write, seq: i64, order: Order) -> Result<(), StoreError> {
    let rows =
        on!(w, c => sqlx::query(DESTROY_BODY).bind(seq).execute(&mut **c).await?.rows_affected());
    record_order(w, rows, seq, DESTROYED, order)
}

fn record_order(
    w: &mut Write,
    rows: u64,
    seq: i64,
    action: &'static str,
    order: Order,
) -> Result<(), StoreError> {
    if rows == 0 {
        return Err(StoreError::NoBody(seq));
    }
    let Order { at, actor, approver, reason } = order;
    let body = json!({ "approver": approver, "reason": reason });
    w.record(NewEntry { at, actor, action, subject: line_subject(seq), body });
    Ok(())
}

/// Returns lines that match, at most [`LIST_MAX`].
pub async fn list(conn: &mut Conn, filter: &Filter, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let onward = filter.after.is_some();
    let after = filter.after.unwrap_or(0);
    let before = filter.before.unwrap_or(i64::MAX);
    let limit = limit.clamp(0, LIST_MAX);
    let (sql, key) = match (&filter.subject, &filter.actor, onward) {
        (Some(subject), _, true) => (SUBJECT_ONWARD, Some(subject)),
        (Some(subject), _, false) => (SUBJECT_BACKWARD, Some(subject)),
        (None, Some(actor), true) => (ACTOR_ONWARD, Some(actor)),
        (None, Some(actor), false) => (ACTOR_BACKWARD, Some(actor)),
        (None, None, true) => (ONWARD, None),
        (None, None, false) => (BACKWARD, None),
    };
    let rows: Vec<Row> = on!(conn, c => {
        let mut query = sqlx::query_as(sql).bind(after).bind(before).bind(limit);
        if let Some(key) = key {
            query = query.bind(key);
        }
        if filter.subject.is_some() {
            query = query.bind(&filter.actor);
        }
        query.fetch_all(&mut **c).await
    })?;
    rows.into_iter().map(Row::into_entry).collect()
}
