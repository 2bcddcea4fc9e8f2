//! What the rules that count remember, kept in the store beside the place in the log.
//!
//! It is written now and then, in the transaction that moves the place, and tells up to where it
//! has seen the log. A restart takes it up there and counts the little that lies between it and
//! the place again, without keeping those hits a second time: the same log gives the same hits,
//! whether or not a restart lies in between.

use khien_detect::{Engine, Rules};
use khien_lake::Offset;
use khien_store::{Conn, Write, on, statements};

use crate::fault::Fault;
use crate::intake::LOG;

/// Memory beyond this is not written: a restart then counts again from the last one that was.
/// The engine bounds what it keeps; written out it is no larger.
const BYTES_MAX: usize = khien_detect::STATE_BYTES_MAX + (16 << 20);

statements! {
    LOAD = "SELECT position, bytes FROM detection_memory WHERE log = $1",
    SAVE = "INSERT INTO detection_memory (log, position, bytes) VALUES ($1, $2, $3)
            ON CONFLICT (log) DO UPDATE SET position = excluded.position, bytes = excluded.bytes",
}

/// What was remembered at a place in the log.
#[derive(Debug)]
pub(super) struct Memory {
    /// Up to where the log had been seen.
    pub(super) at: Offset,
    /// What [`Engine::state`] told.
    pub(super) bytes: Vec<u8>,
}

impl Memory {
    /// Returns the memory of an engine that has seen the log up to `at`; nothing when it is too
    /// large to be written.
    pub(super) fn of(engine: &Engine, at: Offset) -> Option<Self> {
        let bytes = engine.state();
        if bytes.len() > BYTES_MAX {
            tracing::warn!(
                bytes = bytes.len(),
                "the memory of counting rules is too large to save"
            );
            return None;
        }
        Some(Self { at, bytes })
    }
}

/// Returns an engine that remembers, or one that begins anew where it cannot.
pub(super) fn engine(rules: Rules, memory: Option<&[u8]>) -> Engine {
    let Some(bytes) = memory else { return Engine::new(rules) };
    Engine::with_state(rules.clone(), bytes).unwrap_or_else(|bad| {
        tracing::warn!(%bad, "rules that count begin anew");
        Engine::new(rules)
    })
}

/// Returns what was remembered last.
pub(super) async fn load(conn: &mut Conn) -> Result<Option<Memory>, Fault> {
    let row: Option<(i64, Vec<u8>)> =
        on!(conn, c => sqlx::query_as(LOAD).bind(LOG).fetch_optional(&mut **c).await)?;
    Ok(row.map(|(at, bytes)| Memory { at: Offset::from_i64(at), bytes }))
}

/// Saves it, in the transaction that moves the place in the log to where it was taken.
pub(super) async fn save(write: &mut Write, memory: &Memory) -> Result<(), Fault> {
    on!(write, c => sqlx::query(SAVE)
        .bind(LOG)
        .bind(memory.at.to_i64())
        .bind(&memory.bytes)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}
