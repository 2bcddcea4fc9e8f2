//! Every reaction runs once; a failed one comes back later; a lease has one holder.

use uuid::Uuid;

use super::{engines, entry, fact};
use crate::{Db, Unjournaled, lease, outbox};

const SECOND_US: i64 = 1_000_000;

async fn announce(db: &Db, numbers: &[u128]) {
    let mut w = db.write().await.unwrap();
    w.record(entry(1));
    for &number in numbers {
        w.announce(fact(number));
    }
    w.commit().await.unwrap();
}

async fn pending(db: &Db, now: i64) -> Vec<Uuid> {
    let mut read = db.read().await.unwrap();
    let facts = outbox::pending(&mut read, now, 10).await.unwrap();
    facts.into_iter().map(|fact| fact.id).collect()
}

#[tokio::test]
async fn facts_wait_in_order_until_they_are_finished() {
    for bench in engines().await {
        announce(&bench.db, &[3, 1, 2]).await;
        assert_eq!(pending(&bench.db, 5).await, [1, 2, 3].map(Uuid::from_u128));
        let mut w = bench.db.write().await.unwrap();
        outbox::finish(&mut w, Uuid::from_u128(2), 6).await.unwrap();
        w.commit_unjournaled(Unjournaled::Reaction).await.unwrap();
        assert_eq!(pending(&bench.db, 5).await, [1, 3].map(Uuid::from_u128));

        let mut read = bench.db.read().await.unwrap();
        let found = outbox::find(&mut read, Uuid::from_u128(2)).await.unwrap().unwrap();
        assert_eq!((found.kind.as_str(), found.body), ("test.happened", fact(2).body));
    }
}

#[tokio::test]
async fn a_reaction_is_claimed_once_and_only_if_it_commits() {
    let id = Uuid::from_u128(1);
    for bench in engines().await {
        announce(&bench.db, &[1]).await;
        let mut crashed = bench.db.write().await.unwrap();
        assert!(outbox::claim(&mut crashed, id, "notify", 1).await.unwrap());
        drop(crashed);
        for first in [true, false] {
            let mut w = bench.db.write().await.unwrap();
            assert_eq!(outbox::claim(&mut w, id, "notify", 2).await.unwrap(), first);
            assert_eq!(outbox::claim(&mut w, id, "count", 2).await.unwrap(), first);
            w.commit_unjournaled(Unjournaled::Reaction).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_failed_fact_comes_back_after_a_wait_that_doubles() {
    let id = Uuid::from_u128(1);
    for bench in engines().await {
        announce(&bench.db, &[1]).await;
        let mut now = 5;
        for wait in [1, 2, 4] {
            let mut w = bench.db.write().await.unwrap();
            outbox::fail(&mut w, id, now, &"lỗi ".repeat(1_000)).await.unwrap();
            w.commit_unjournaled(Unjournaled::Reaction).await.unwrap();
            now += wait * SECOND_US;
            assert!(pending(&bench.db, now - 1).await.is_empty());
            assert_eq!(pending(&bench.db, now).await, [id]);
        }
        let mut read = bench.db.read().await.unwrap();
        let found = outbox::find(&mut read, id).await.unwrap().unwrap();
        assert_eq!(found.attempts, 3);
        assert_eq!(found.last_error.unwrap().chars().count(), 500);
    }
}

#[tokio::test]
async fn a_lease_has_one_holder_until_it_runs_out() {
    for bench in engines().await {
        let mut w = bench.db.write().await.unwrap();
        assert!(lease::take(&mut w, "job", "a", 0, 10).await.unwrap());
        assert!(!lease::take(&mut w, "job", "b", 9, 19).await.unwrap());
        assert!(lease::take(&mut w, "job", "a", 5, 12).await.unwrap());
        assert!(lease::renew(&mut w, "job", "a", 11, 20).await.unwrap());
        assert!(!lease::renew(&mut w, "job", "b", 11, 30).await.unwrap());
        assert!(!lease::renew(&mut w, "job", "a", 20, 30).await.unwrap(), "it ran out");
        assert!(lease::take(&mut w, "job", "b", 20, 30).await.unwrap());
        lease::release(&mut w, "job", "a").await.unwrap();
        assert!(!lease::take(&mut w, "job", "a", 21, 31).await.unwrap(), "not a's to release");
        lease::release(&mut w, "job", "b").await.unwrap();
        assert!(lease::take(&mut w, "job", "a", 21, 31).await.unwrap());
        w.commit_unjournaled(Unjournaled::Lease).await.unwrap();
    }
}
