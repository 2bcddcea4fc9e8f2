//! Databases for tests, on both engines. Behind the feature `testing`, for the tests of the crates
//! above as well.

mod postgres;

use tempfile::TempDir;

pub use postgres::Postgres;

use crate::Db;

/// Returns an empty SQLite database in a folder of its own, to be migrated by the test.
pub async fn lite() -> (TempDir, Db) {
    let folder = tempfile::tempdir().expect("a test needs a temporary folder");
    let path = folder.path().join("state.db");
    let db = Db::open_lite(&path).await.expect("an empty folder takes a database");
    (folder, db)
}
