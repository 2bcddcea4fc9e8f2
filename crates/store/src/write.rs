//! The only way to change state: rows, journal entries and facts in one transaction.

use std::ops::{Deref, DerefMut};

use serde_json::Value;
use uuid::Uuid;

use crate::{Conn, StoreError, journal, outbox};

/// Most entries, and most facts, that one write may carry: an import of every unit, person and
/// system of a province fits.
pub const RECORDS_MAX: usize = 20_000;

/// A journal line to be written with the change that it tells of.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntry {
    /// When, in microseconds UTC.
    pub at: i64,
    /// Who did it, as the slices name a person, a job or a source.
    pub actor: String,
    /// What was done, as a code.
    pub action: &'static str,
    /// To what it was done, as the slices name a row.
    pub subject: String,
    /// The details; salted, so that they can be destroyed later without breaking the chain.
    pub body: Value,
}

/// Something that happened, for the reactions of other slices.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFact {
    /// Its id, time-ordered (UUIDv7): facts are handed out in this order.
    pub id: Uuid,
    /// When, in microseconds UTC.
    pub at: i64,
    /// What happened, as a code.
    pub kind: &'static str,
    /// The details.
    pub body: Value,
}

/// The only reasons for which a change may go without a journal entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unjournaled {
    /// A session was opened, used or closed; the log-in itself is journaled where it matters.
    Session,
    /// A signal was seen once more.
    SeenCount,
    /// A reaction ran. The dispatcher cannot know whether it changed anything, so that this is
    /// the one reason whose entries and facts, if there are any, are written as by `commit`.
    Reaction,
    /// A lease was taken, renewed or released.
    Lease,
    /// Rule hits were stored; a person's work begins with the signal.
    Hits,
    /// A message or an outbox row was tried.
    Delivery,
}

/// What a commit left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The facts announced, for the dispatcher to try before the response leaves.
    pub facts: Vec<Uuid>,
    /// The last journal line written, if any was.
    pub last_seq: Option<i64>,
}

/// A write in progress. Dropped, it never happened.
#[derive(Debug)]
pub struct Write {
    conn: Conn,
    entries: Vec<NewEntry>,
    facts: Vec<NewFact>,
}

impl Write {
    pub(crate) fn new(conn: Conn) -> Self {
        Self { conn, entries: Vec::new(), facts: Vec::new() }
    }

    /// Adds a journal line, written at commit in the order of these calls.
    pub fn record(&mut self, entry: NewEntry) {
        self.entries.push(entry);
    }

    /// Adds a fact to the outbox.
    pub fn announce(&mut self, fact: NewFact) {
        self.facts.push(fact);
    }

    /// Appends the entries to the chain and the facts to the outbox, and commits everything.
    /// A change that nobody recorded is refused.
    pub async fn commit(self) -> Result<Committed, StoreError> {
        if self.entries.is_empty() {
            return Err(StoreError::NothingRecorded);
        }
        self.finish().await
    }

    /// Commits a change that needs no journal line, for one of the few reasons there are.
    pub async fn commit_unjournaled(self, why: Unjournaled) -> Result<Committed, StoreError> {
        let silent = self.entries.is_empty() && self.facts.is_empty();
        if !silent && why != Unjournaled::Reaction {
            return Err(StoreError::MustNotRecord(why));
        }
        self.finish().await
    }

    async fn finish(mut self) -> Result<Committed, StoreError> {
        let count = self.entries.len().max(self.facts.len());
        if count > RECORDS_MAX {
            return Err(StoreError::TooManyRecords { count, max: RECORDS_MAX });
        }
        let last_seq = journal::append(&mut self.conn, &self.entries).await?;
        outbox::append(&mut self.conn, &self.facts).await?;
        self.conn.commit().await?;
        Ok(Committed { facts: self.facts.iter().map(|fact| fact.id).collect(), last_seq })
    }
}

impl Deref for Write {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// The largest entry or fact body, as JSON. Files go to the blob store, not here.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;

/// Writes `body` as JSON text, within its bound.
pub(crate) fn body_text(action: &'static str, body: &Value) -> Result<String, StoreError> {
    let text = serde_json::to_string(body)?;
    if text.len() > BODY_BYTES_MAX {
        let (size_bytes, max_bytes) = (text.len(), BODY_BYTES_MAX);
        return Err(StoreError::BodyTooLarge { action, size_bytes, max_bytes });
    }
    Ok(text)
}
