//! One connection inside a transaction, on either engine, and the macro that serves both.

use std::ops::{Deref, DerefMut};

use sqlx::{Postgres, Sqlite, Transaction};

/// An open transaction on one of the two engines. Query functions take `&mut Conn`, so that the
/// same function serves [`Read`] and [`crate::Write`].
#[derive(Debug)]
pub enum Conn {
    /// SQLite.
    Lite(Transaction<'static, Sqlite>),
    /// PostgreSQL.
    Pg(Transaction<'static, Postgres>),
}

impl Conn {
    /// Returns itself. [`on!`](crate::on) calls it so that method lookup walks through whatever
    /// derefs to a `Conn`.
    #[doc(hidden)]
    pub fn as_conn(&mut self) -> &mut Self {
        self
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Lite(tx) => tx.commit().await,
            Self::Pg(tx) => tx.commit().await,
        }
    }
}

/// A consistent, read-only view of the state: every query in it sees the same moment.
#[derive(Debug)]
pub struct Read {
    conn: Conn,
}

impl Read {
    pub(crate) fn new(conn: Conn) -> Self {
        Self { conn }
    }
}

impl Deref for Read {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Read {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// Pastes one query expression into an arm for each engine; the compiler infers the driver.
///
/// ```text
/// let rows: Vec<Row> = on!(conn, c =>
///     sqlx::query_as(FIND).bind(id).fetch_all(&mut **c).await)?;
/// ```
#[macro_export]
macro_rules! on {
    ($conn:expr, $c:ident => $query:expr) => {
        match $conn.as_conn() {
            $crate::Conn::Lite($c) => $query,
            $crate::Conn::Pg($c) => $query,
        }
    };
}
