//! The schema: twins are equal, newer and changed ones are refused, every statement is taken.

use std::os::unix::fs::PermissionsExt;

use super::{MIGRATIONS, engines};
use crate::{
    Class, Db, Migration, Migrations, STORE_MIGRATION, StoreError, catalogue, describe_all,
    own_statements, testing,
};

const NEXT: Migration =
    Migration { version: 2, name: "next", sql: "CREATE TABLE next (name TEXT NOT NULL)" };
const NEWER: Migrations =
    Migrations { lite: &[STORE_MIGRATION.lite, NEXT], pg: &[STORE_MIGRATION.pg, NEXT] };

#[tokio::test]
async fn both_engines_have_the_same_schema() {
    let benches = engines().await;
    let schemas = catalogues(&benches).await;
    assert!(schemas[0].iter().any(|c| c.table == "entry" && c.class == Class::Bytes));
    for schema in &schemas {
        assert_eq!(schema, &schemas[0]);
    }
}

async fn catalogues(benches: &[testing::Bench]) -> Vec<Vec<crate::Column>> {
    let mut schemas = Vec::new();
    for bench in benches {
        schemas.push(catalogue(&bench.db).await.unwrap());
    }
    schemas
}

#[tokio::test]
async fn every_statement_is_taken_and_a_wrong_one_is_named() {
    for bench in engines().await {
        describe_all(&bench.db, &own_statements()).await.unwrap();
        let wrong = [("a::GOOD", "SELECT seq FROM entry"), ("a::BAD", "SELECT nothing FROM entry")];
        let refused = describe_all(&bench.db, &wrong).await.unwrap_err();
        assert_eq!(refused.len(), 1);
        assert!(refused[0].starts_with("a::BAD: "), "{refused:?}");
    }
}

#[tokio::test]
async fn migrating_again_changes_nothing_and_later_steps_follow() {
    for bench in engines().await {
        bench.db.migrate(&MIGRATIONS).await.unwrap();
        bench.db.migrate(&NEWER).await.unwrap();
        bench.db.migrate(&NEWER).await.unwrap();
        assert!(catalogue(&bench.db).await.unwrap().iter().any(|c| c.table == "next"));
    }
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    for bench in engines().await {
        bench.db.migrate(&NEWER).await.unwrap();
        let refused = bench.db.migrate(&MIGRATIONS).await.unwrap_err();
        assert!(matches!(refused, StoreError::NewerSchema { found: 2, known: 1 }), "{refused}");
    }
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    const CHANGED: Migration = Migration { sql: "SELECT 1", ..STORE_MIGRATION.lite };
    const LIST: Migrations = Migrations { lite: &[CHANGED], pg: &[CHANGED] };
    for bench in engines().await {
        let refused = bench.db.migrate(&LIST).await.unwrap_err();
        assert!(matches!(refused, StoreError::ChangedMigration { version: 1 }), "{refused}");
    }
}

#[tokio::test]
async fn a_migration_that_fails_half_way_leaves_nothing() {
    const BROKEN: Migration = Migration {
        version: 2,
        name: "broken",
        sql: "CREATE TABLE half (name TEXT NOT NULL); CREATE TABLE entry (name TEXT NOT NULL)",
    };
    const LIST: Migrations =
        Migrations { lite: &[STORE_MIGRATION.lite, BROKEN], pg: &[STORE_MIGRATION.pg, BROKEN] };
    for bench in engines().await {
        assert!(bench.db.migrate(&LIST).await.is_err());
        assert!(catalogue(&bench.db).await.unwrap().iter().all(|c| c.table != "half"));
        bench.db.migrate(&NEWER).await.unwrap();
    }
}

#[tokio::test]
async fn unordered_migrations_are_refused() {
    const LIST: Migrations = Migrations { lite: &[NEXT, NEXT], pg: &[NEXT, NEXT] };
    let (_folder, db) = testing::lite().await;
    let refused = db.migrate(&LIST).await.unwrap_err();
    assert!(matches!(refused, StoreError::UnorderedMigration { version: 2, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_may_migrate_at_once() {
    let Some(server) = testing::Postgres::start() else { return };
    let url = server.fresh_url().await;
    let (a, b) = (Db::open_pg(&url).await.unwrap(), Db::open_pg(&url).await.unwrap());
    let (first, second) = tokio::join!(a.migrate(&NEWER), b.migrate(&NEWER));
    first.unwrap();
    second.unwrap();
}

#[tokio::test]
async fn only_its_owner_reads_the_database_file() {
    let (folder, db) = testing::lite().await;
    db.migrate(&MIGRATIONS).await.unwrap();
    for file in ["state.db", "state.db-wal"] {
        let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}
