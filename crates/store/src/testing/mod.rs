//! Databases for tests, on both engines. Behind the feature `testing`, for the tests of the crates
//! above as well.

mod postgres;

use tempfile::TempDir;

pub use postgres::Postgres;

use crate::Db;

/// An empty database and the folder it lies in, if it lies in one.
pub struct Bench {
    /// The database, to be migrated by the test.
    pub db: Db,
    _folder: Option<TempDir>,
}

/// Returns an empty database on each engine that this machine has.
pub async fn engines() -> Vec<Bench> {
    let (folder, db) = lite().await;
    let mut benches = vec![Bench { db, _folder: Some(folder) }];
    if let Some(server) = Postgres::start() {
        benches.push(Bench { db: server.fresh().await, _folder: None });
    }
    benches
}

/// Returns an empty SQLite database in a folder of its own, to be migrated by the test.
pub async fn lite() -> (TempDir, Db) {
    let folder = tempfile::tempdir().expect("a test needs a temporary folder");
    let path = folder.path().join("state.db");
    let db = Db::open_lite(&path).await.expect("an empty folder takes a database");
    (folder, db)
}
