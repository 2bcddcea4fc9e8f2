//! The state engine: SQLite or PostgreSQL behind one door. It knows no noun.
//!
//! What it promises the slices above it:
//! - rows, journal entries and facts commit in **one** transaction, and there is no other way to
//!   write ([`Write`]);
//! - one writer at a time on both engines, so that "look, then change" is right on both;
//! - the journal is a hash chain over salted bodies ([`journal`]), its head is signed ([`head`]);
//! - every fact is kept until each of its reactions has run once ([`outbox`]);
//! - evidence files lie encrypted, each under its own key ([`blob`]).
//!
//! What it deliberately does not do: read the clock for its callers, make ids, or know what an
//! incident is. Times (microseconds UTC) and ids are arguments.

pub mod blob;
mod catalogue;
mod conn;
mod db;
mod durable;
mod error;
pub mod head;
pub mod journal;
pub mod lease;
mod migrate;
pub mod outbox;
mod seal;
mod statements;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod write;

pub use catalogue::{Class, Column, catalogue};
pub use conn::{Conn, Read};
pub use db::{Db, Lite, Pg};
pub use error::StoreError;
pub use migrate::{Migration, Migrations, STORE_MIGRATION, Twin};
pub use statements::{describe_all, own_statements};
pub use write::{Committed, NewEntry, NewFact, RECORDS_MAX, Unjournaled, Write};
