//! Opening the state database and beginning its transactions.
//!
//! Both engines have the same shape: several reading connections that the engine itself keeps
//! read-only, and one writing connection per process. SQLite needs that (a deferred transaction
//! that upgrades is refused at once, whatever the busy timeout); PostgreSQL gets it too, with an
//! advisory lock between nodes, so that code that looks before it writes is right on both.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, PgPool, SqlitePool};

use crate::{Conn, Migrations, Read, StoreError, Write, durable, migrate};

/// Reading connections per process.
const READERS_MAX: u32 = 8;
/// How long a writer waits for its turn before it gives up with an error.
const TURN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long SQLite waits for another process (a backup, `khien journal verify`) to let go.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// The advisory lock under which every PostgreSQL write runs: "khien", 1.
const WRITER_LOCK: i64 = 0x6b68_6965_6e00_0001;

/// The state database.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file in the data folder.
    Lite(Lite),
    /// A server.
    Pg(Pg),
}

/// SQLite's connections. Private, because [`Db::write`] is the only way to write.
#[derive(Clone, Debug)]
pub struct Lite {
    read: SqlitePool,
    write: SqlitePool,
}

/// PostgreSQL's connections. Private, because [`Db::write`] is the only way to write.
#[derive(Clone, Debug)]
pub struct Pg {
    read: PgPool,
    write: PgPool,
}

impl Db {
    /// Opens (or makes) the SQLite database at `path`.
    pub async fn open_lite(path: &Path) -> Result<Self, StoreError> {
        // SQLite gives its WAL the mode of the file.
        durable::private_file(path)?;
        let base = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let writing =
            base.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        // The writer comes first: it makes the WAL, which a reader may not.
        let write = lite_pool(1).connect_with(writing).await?;
        let reading = base.read_only(true).pragma("query_only", "ON");
        let read = lite_pool(READERS_MAX).connect_with(reading).await?;
        Ok(Self::Lite(Lite { read, write }))
    }

    /// Opens the PostgreSQL database at `url`.
    pub async fn open_pg(url: &str) -> Result<Self, StoreError> {
        let turn_ms = TURN_TIMEOUT.as_millis().to_string();
        let base = PgConnectOptions::from_str(url)?.application_name("khien").options([
            ("lock_timeout", &turn_ms),
            ("idle_in_transaction_session_timeout", &turn_ms),
        ]);
        let reading = base.clone().options([("default_transaction_read_only", "on")]);
        let write = pg_pool(1).connect_with(base).await?;
        let read = pg_pool(READERS_MAX).connect_with(reading).await?;
        Ok(Self::Pg(Pg { read, write }))
    }

    /// Brings the schema up to date; refuses a database that is newer or was made differently.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), StoreError> {
        migrate::run(self, migrations).await
    }

    /// Returns how many migrations the database has yet to take, without taking any; refuses like
    /// [`Db::migrate`].
    pub async fn migrations_waiting(&self, migrations: &Migrations) -> Result<usize, StoreError> {
        migrate::waiting(self, migrations).await
    }

    /// Begins a read-only view in which every query sees the same moment.
    pub async fn read(&self) -> Result<Read, StoreError> {
        let conn = match self {
            Self::Lite(lite) => Conn::Lite(lite.read.begin().await?),
            Self::Pg(pg) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Conn::Pg(pg.read.begin_with(begin).await?)
            }
        };
        Ok(Read::new(conn))
    }

    /// Begins a write. Waits for the writer before it; dropping the result undoes everything.
    pub async fn write(&self) -> Result<Write, StoreError> {
        Ok(Write::new(self.begin_write().await?))
    }

    /// Closes every connection, so that the database's files may be copied or moved.
    pub async fn close(&self) {
        match self {
            Self::Lite(lite) => {
                lite.read.close().await;
                lite.write.close().await;
            }
            Self::Pg(pg) => {
                pg.read.close().await;
                pg.write.close().await;
            }
        }
    }

    pub(crate) async fn begin_write(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Lite(lite) => Ok(Conn::Lite(lite.write.begin_with("BEGIN IMMEDIATE").await?)),
            Self::Pg(pg) => {
                let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
                let mut tx = pg.write.begin_with(begin).await?;
                sqlx::query("SELECT pg_advisory_xact_lock($1)")
                    .bind(WRITER_LOCK)
                    .execute(&mut *tx)
                    .await?;
                Ok(Conn::Pg(tx))
            }
        }
    }
}

/// A file's connections cost nothing while idle; closing the last one would drop the WAL that
/// readers need.
fn lite_pool(max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(max)
        .acquire_timeout(TURN_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        // A full disk makes SQLite roll back by itself; the driver still counts the transaction,
        // and would refuse to begin another on that connection for ever.
        .before_acquire(|conn, _| Box::pin(async move { Ok(!conn.is_in_transaction()) }))
}

fn pg_pool(max: u32) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(max).acquire_timeout(TURN_TIMEOUT)
}
