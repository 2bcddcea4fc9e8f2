//! Schema migrations: numbered, forward only, twins for the two engines.
//!
//! What the database has taken is written in it with a checksum, so that a changed migration and
//! a database of a newer program are refused before anything is touched.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::{Conn, Db, StoreError, on};

/// One step of the schema on one engine.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number; the next is greater.
    pub version: i64,
    /// Its name, the same on both engines.
    pub name: &'static str,
    /// Its statements.
    pub sql: &'static str,
}

/// Every step of the schema on both engines, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// For SQLite.
    pub lite: &'static [Migration],
    /// For PostgreSQL.
    pub pg: &'static [Migration],
}

/// One step on both engines.
#[derive(Clone, Copy, Debug)]
pub struct Twin {
    /// For SQLite.
    pub lite: Migration,
    /// For PostgreSQL.
    pub pg: Migration,
}

/// The store's own tables. The hub puts it first in its list.
pub const STORE_MIGRATION: Twin = Twin {
    lite: Migration {
        version: 1,
        name: "store",
        sql: include_str!("migrations/sqlite/0001_store.sql"),
    },
    pg: Migration {
        version: 1,
        name: "store",
        sql: include_str!("migrations/postgres/0001_store.sql"),
    },
};

/// A dialect exception: STRICT has no BIGINT, and PostgreSQL's INTEGER is too small.
const LEDGER_LITE: &str = "CREATE TABLE IF NOT EXISTS schema_version (
  version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL,
  applied_at INTEGER NOT NULL, checksum BLOB NOT NULL) STRICT";
const LEDGER_PG: &str = "CREATE TABLE IF NOT EXISTS schema_version (
  version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL,
  applied_at BIGINT NOT NULL, checksum BYTEA NOT NULL)";

crate::statements! {
    APPLIED = "SELECT version, checksum FROM schema_version ORDER BY version",
    APPLY = "INSERT INTO schema_version (version, name, applied_at, checksum)
             VALUES ($1, $2, $3, $4)",
}

pub(crate) async fn run(db: &Db, migrations: &Migrations) -> Result<(), StoreError> {
    let list = list(db, migrations);
    check_order(list)?;
    while step(db, list).await? {}
    Ok(())
}

/// Returns how many steps the database has yet to take; takes none.
pub(crate) async fn waiting(db: &Db, migrations: &Migrations) -> Result<usize, StoreError> {
    let list = list(db, migrations);
    let mut read = db.read().await?;
    let applied: Vec<(i64, Vec<u8>)> =
        on!(read, c => sqlx::query_as(APPLIED).fetch_all(&mut **c).await)?;
    check_applied(&applied, list)?;
    Ok(list.len() - applied.len())
}

fn list(db: &Db, migrations: &Migrations) -> &'static [Migration] {
    match db {
        Db::Lite(_) => migrations.lite,
        Db::Pg(_) => migrations.pg,
    }
}

fn check_order(list: &[Migration]) -> Result<(), StoreError> {
    for pair in list.windows(2) {
        if pair[1].version <= pair[0].version {
            let Migration { version, name, .. } = pair[1];
            return Err(StoreError::UnorderedMigration { version, name });
        }
    }
    Ok(())
}

/// Applies the next migration in its own transaction; returns whether there was one. What was
/// applied is read again each time, because another node may have been faster.
async fn step(db: &Db, list: &'static [Migration]) -> Result<bool, StoreError> {
    let mut conn = db.begin_write().await?;
    match &mut conn {
        Conn::Lite(c) => sqlx::query(LEDGER_LITE).execute(&mut **c).await.map(drop),
        Conn::Pg(c) => sqlx::query(LEDGER_PG).execute(&mut **c).await.map(drop),
    }?;
    let applied: Vec<(i64, Vec<u8>)> =
        on!(conn, c => sqlx::query_as(APPLIED).fetch_all(&mut **c).await)?;
    check_applied(&applied, list)?;
    let Some(next) = list.get(applied.len()) else { return Ok(false) };

    on!(conn, c => sqlx::raw_sql(next.sql).execute(&mut **c).await.map(drop))?;
    on!(conn, c => sqlx::query(APPLY)
        .bind(next.version)
        .bind(next.name)
        .bind(now())
        .bind(checksum(next))
        .execute(&mut **c)
        .await
        .map(drop))?;
    conn.commit().await?;
    Ok(true)
}

/// What the database has taken must be the beginning of the list, unchanged.
fn check_applied(applied: &[(i64, Vec<u8>)], list: &[Migration]) -> Result<(), StoreError> {
    let known = list.last().map_or(0, |m| m.version);
    let found = applied.last().map_or(0, |(version, _)| *version);
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (position, (version, sum)) in applied.iter().enumerate() {
        let same = list.get(position).is_some_and(|m| m.version == *version && checksum(m) == *sum);
        if !same {
            return Err(StoreError::ChangedMigration { version: *version });
        }
    }
    Ok(())
}

fn checksum(migration: &Migration) -> Vec<u8> {
    Sha256::digest(migration.sql.as_bytes()).to_vec()
}

/// The one look at the clock in this crate: when a migration ran decides nothing.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
