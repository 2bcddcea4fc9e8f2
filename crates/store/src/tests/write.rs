//! Invariant 1: rows, entries and facts commit together or not at all; nothing else can write.

use serde_json::json;

use super::{engines, entry, fact, fill};
use crate::journal::{self, Filter, Verdict};
use crate::write::BODY_BYTES_MAX;
use crate::{Db, NewEntry, RECORDS_MAX, StoreError, Unjournaled, lease, on, outbox, testing};

async fn counts(db: &Db) -> (usize, i64) {
    let mut read = db.read().await.unwrap();
    let entries = journal::list(&mut read, &Filter::default(), 100).await.unwrap().len();
    (entries, outbox::waiting(&mut read).await.unwrap())
}

#[tokio::test]
async fn a_write_commits_rows_entries_and_facts_together() {
    for bench in engines().await {
        let mut w = bench.db.write().await.unwrap();
        assert!(lease::take(&mut w, "job", "a", 0, 10).await.unwrap());
        w.record(entry(1));
        w.record(entry(2));
        w.announce(fact(7));
        let done = w.commit().await.unwrap();
        assert_eq!((done.last_seq, done.facts), (Some(2), vec![fact(7).id]));
        assert_eq!(counts(&bench.db).await, (2, 1));
    }
}

#[tokio::test]
async fn a_write_that_is_dropped_never_happened() {
    for bench in engines().await {
        let mut w = bench.db.write().await.unwrap();
        assert!(lease::take(&mut w, "job", "a", 0, 10).await.unwrap());
        w.record(entry(1));
        w.announce(fact(7));
        drop(w);
        assert_eq!(counts(&bench.db).await, (0, 0));
        let mut w = bench.db.write().await.unwrap();
        assert!(lease::take(&mut w, "job", "b", 0, 10).await.unwrap(), "a's lease was undone");
    }
}

#[tokio::test]
async fn a_write_that_fails_at_commit_leaves_nothing() {
    for bench in engines().await {
        fill(&bench.db, 1).await;
        let mut w = bench.db.write().await.unwrap();
        w.record(entry(2));
        w.announce(fact(7));
        w.announce(fact(7));
        assert!(w.commit().await.unwrap_err().is_unique_violation());
        assert_eq!(counts(&bench.db).await, (1, 0));
    }
}

#[tokio::test]
async fn a_write_that_nobody_recorded_is_refused() {
    for bench in engines().await {
        let mut w = bench.db.write().await.unwrap();
        w.announce(fact(7));
        assert!(matches!(w.commit().await, Err(StoreError::NothingRecorded)));
        assert_eq!(counts(&bench.db).await, (0, 0));
    }
}

#[tokio::test]
async fn an_unjournaled_write_carries_nothing_unless_a_reaction_does() {
    let (_folder, db) = testing::lite().await;
    db.migrate(&super::MIGRATIONS).await.unwrap();
    for why in [
        Unjournaled::Session,
        Unjournaled::SeenCount,
        Unjournaled::Lease,
        Unjournaled::Hits,
        Unjournaled::Delivery,
    ] {
        let mut w = db.write().await.unwrap();
        w.record(entry(1));
        let refused = w.commit_unjournaled(why).await;
        assert!(matches!(refused, Err(StoreError::MustNotRecord(said)) if said == why));
        let w = db.write().await.unwrap();
        assert_eq!(w.commit_unjournaled(why).await.unwrap().last_seq, None);
    }
    let mut w = db.write().await.unwrap();
    w.record(entry(1));
    w.announce(fact(7));
    let done = w.commit_unjournaled(Unjournaled::Reaction).await.unwrap();
    assert_eq!((done.last_seq, done.facts.len()), (Some(1), 1));
}

#[tokio::test]
async fn bodies_and_records_have_bounds() {
    let (_folder, db) = testing::lite().await;
    db.migrate(&super::MIGRATIONS).await.unwrap();
    let mut w = db.write().await.unwrap();
    w.record(NewEntry { body: json!("x".repeat(BODY_BYTES_MAX)), ..entry(1) });
    assert!(matches!(w.commit().await, Err(StoreError::BodyTooLarge { .. })));
    let mut w = db.write().await.unwrap();
    for number in 0..=RECORDS_MAX {
        w.record(entry(number as i64));
    }
    assert!(matches!(w.commit().await, Err(StoreError::TooManyRecords { .. })));
    assert_eq!(counts(&db).await, (0, 0));
}

#[tokio::test]
async fn a_reading_connection_cannot_write() {
    const SLIP: &str = "INSERT INTO lease (name, holder, until) VALUES ('a', 'b', 1)";
    for bench in engines().await {
        let mut read = bench.db.read().await.unwrap();
        let slipped = on!(read, c => sqlx::query(SLIP).execute(&mut **c).await.map(drop));
        assert!(slipped.is_err(), "{:?}", bench.db);
    }
}

#[tokio::test]
async fn a_read_sees_one_moment() {
    for bench in engines().await {
        fill(&bench.db, 1).await;
        let mut read = bench.db.read().await.unwrap();
        assert_eq!(journal::head(&mut read).await.unwrap().unwrap().seq, 1);
        fill(&bench.db, 1).await;
        assert_eq!(journal::head(&mut read).await.unwrap().unwrap().seq, 1);
        let mut later = bench.db.read().await.unwrap();
        assert_eq!(journal::head(&mut later).await.unwrap().unwrap().seq, 2);
    }
}

/// Fifty writers on two nodes, each looking before it writes.
async fn fifty_writers(nodes: [Db; 2]) {
    const WRITERS: i64 = 50;
    let mut tasks = Vec::new();
    for number in 0..WRITERS {
        let db = nodes[(number % 2) as usize].clone();
        tasks.push(tokio::spawn(async move {
            let mut w = db.write().await.unwrap();
            let seen = journal::head(&mut w).await.unwrap().map_or(0, |head| head.seq);
            w.record(entry(number));
            assert_eq!(w.commit().await.unwrap().last_seq, Some(seen + 1));
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let mut read = nodes[0].read().await.unwrap();
    let Verdict::Sound(extent) = journal::verify(&mut read, None).await.unwrap() else {
        panic!("the chain broke");
    };
    assert_eq!(extent.lines, WRITERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_parallel_writers_leave_the_chain_whole() {
    let (folder, db) = testing::lite().await;
    db.migrate(&super::MIGRATIONS).await.unwrap();
    let other = Db::open_lite(&folder.path().join("state.db")).await.unwrap();
    fifty_writers([db, other]).await;

    let Some(server) = testing::Postgres::start() else { return };
    let url = server.fresh_url().await;
    let nodes = [Db::open_pg(&url).await.unwrap(), Db::open_pg(&url).await.unwrap()];
    nodes[0].migrate(&super::MIGRATIONS).await.unwrap();
    fifty_writers(nodes).await;
}

/// SQLite rolls back by itself when it is full; the one writing connection must not be lost.
#[tokio::test]
async fn a_full_database_is_named_and_takes_writes_again() {
    let (_folder, db) = testing::lite().await;
    db.migrate(&super::MIGRATIONS).await.unwrap();
    let mut w = db.write().await.unwrap();
    on!(w, c => sqlx::query("PRAGMA max_page_count = 1").execute(&mut **c).await.map(drop))
        .unwrap();
    w.record(entry(1));
    w.commit().await.unwrap();
    let mut refused = None;
    for number in 2..200 {
        let mut w = db.write().await.unwrap();
        let body = json!({ "text": "x".repeat(8_000) });
        w.record(NewEntry { body, ..entry(number) });
        if let Err(error) = w.commit().await {
            refused = Some(error);
            break;
        }
    }
    assert!(matches!(refused, Some(StoreError::DiskFull)), "{refused:?}");
    // The new connection knows nothing of the bound that the test has set.
    let mut w = db.write().await.unwrap();
    w.record(entry(200));
    w.commit().await.unwrap();
}
