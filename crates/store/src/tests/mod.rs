//! Tests that need a database; each runs on both engines.

mod forgery;
mod journal;
mod outbox;
mod schema;
mod write;

use serde_json::json;
use uuid::Uuid;

use crate::{Db, Migrations, NewEntry, NewFact, STORE_MIGRATION, testing};

pub(crate) const MIGRATIONS: Migrations =
    Migrations { lite: &[STORE_MIGRATION.lite], pg: &[STORE_MIGRATION.pg] };

/// Returns a migrated database on each engine.
async fn engines() -> Vec<testing::Bench> {
    let benches = testing::engines().await;
    for bench in &benches {
        bench.db.migrate(&MIGRATIONS).await.unwrap();
    }
    benches
}

fn entry(number: i64) -> NewEntry {
    NewEntry {
        at: 1_000_000 + number,
        actor: format!("person/{}", number % 3),
        action: "test.done",
        subject: format!("thing/{}", number % 4),
        body: json!({ "số": number }),
    }
}

fn fact(number: u128) -> NewFact {
    let id = Uuid::from_u128(number);
    NewFact { id, at: 5, kind: "test.happened", body: json!({ "number": "x" }) }
}

/// Writes `count` entries, three to a transaction.
async fn fill(db: &Db, count: i64) {
    let numbers: Vec<i64> = (1..=count).collect();
    for chunk in numbers.chunks(3) {
        let mut w = db.write().await.unwrap();
        for &number in chunk {
            w.record(entry(number));
        }
        w.commit().await.unwrap();
    }
}
