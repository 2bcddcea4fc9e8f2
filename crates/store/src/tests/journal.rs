//! Invariant 2 where the journal lies: whoever changes a line behind the program's back is named.

use sqlx::AssertSqlSafe;

use super::{engines, entry, fill};
use crate::head::{JournalKey, SignedHead};
use crate::journal::chain::entry_hash;
use crate::journal::verify::read_page;
use crate::journal::{self, Body, Filter, Flaw, FlawKind, Order, Verdict};
use crate::{Conn, Db, StoreError, on};

const LINES: i64 = 12;

async fn sql(conn: &mut Conn, text: &str) -> Result<(), sqlx::Error> {
    // The tests' own statements.
    on!(conn, c => sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut **c).await.map(drop))
}

/// Begins a transaction of someone who has the database's own rights and means harm.
async fn intruder(db: &Db) -> Conn {
    let mut conn = db.begin_write().await.unwrap();
    let disarm = match &conn {
        Conn::Lite(_) => {
            "DROP TRIGGER entry_appends; DROP TRIGGER entry_keeps_lines;
             DROP TRIGGER entry_keeps_rows; DROP TRIGGER entry_body_keeps_text;
             PRAGMA defer_foreign_keys = ON"
        }
        Conn::Pg(_) => "SET LOCAL session_replication_role = replica",
    };
    sql(&mut conn, disarm).await.unwrap();
    conn
}

async fn verify(db: &Db, head: Option<&SignedHead>) -> Verdict {
    let mut read = db.read().await.unwrap();
    journal::verify(&mut read, head).await.unwrap()
}

async fn signed_head(db: &Db) -> SignedHead {
    let keys = tempfile::tempdir().unwrap();
    let mut read = db.read().await.unwrap();
    let head = journal::head(&mut read).await.unwrap().unwrap();
    JournalKey::open(keys.path()).unwrap().sign(head, 99)
}

fn broken(seq: i64, kind: FlawKind) -> Verdict {
    Verdict::Broken(Flaw { seq, kind })
}

/// Recomputes the chain from line `from` on, as somebody who knows the format would.
async fn rehash(conn: &mut Conn, from: i64, to: i64) {
    let lines: Vec<_> =
        read_page(conn, 0).await.unwrap().into_iter().map(|row| row.into_line()).collect();
    let mut prev = None;
    for mut line in lines.into_iter().filter(|line| (from..=to).contains(&line.seq)) {
        line.prev = prev.unwrap_or(line.prev);
        let hash = entry_hash(&line, line.seq).to_vec();
        on!(conn, c => sqlx::query("UPDATE entry SET prev = $2, hash = $3 WHERE seq = $1")
            .bind(line.seq)
            .bind(&line.prev)
            .bind(&hash)
            .execute(&mut **c)
            .await
            .map(drop))
        .unwrap();
        prev = Some(hash);
    }
}

#[tokio::test]
async fn every_forgery_is_named_at_its_first_line() {
    let cases = [
        ("UPDATE entry SET actor = 'nobody' WHERE seq = 5", broken(5, FlawKind::Edited)),
        ("UPDATE entry SET at = at + 1 WHERE seq = 12", broken(12, FlawKind::Edited)),
        (
            "DELETE FROM entry_body WHERE seq IN (5, 6); DELETE FROM entry WHERE seq IN (5, 6)",
            broken(5, FlawKind::Dropped { last: 6 }),
        ),
        (
            "UPDATE entry SET seq = -1 WHERE seq = 4; UPDATE entry SET seq = 4 WHERE seq = 7;
             UPDATE entry SET seq = 7 WHERE seq = -1",
            broken(4, FlawKind::Swapped { with: 7 }),
        ),
        (
            "UPDATE entry SET seq = -1 WHERE seq = 4; UPDATE entry SET seq = 4 WHERE seq = 5;
             UPDATE entry SET seq = 5 WHERE seq = 6; UPDATE entry SET seq = 6 WHERE seq = -1",
            broken(4, FlawKind::Reordered { was: 5 }),
        ),
        (
            "UPDATE entry_body SET body = '{\"số\":6}' WHERE seq = 5",
            broken(5, FlawKind::BodyAltered),
        ),
        ("DELETE FROM entry_body WHERE seq = 5", broken(5, FlawKind::BodyMissing)),
    ];
    for (forgery, expected) in cases {
        for bench in engines().await {
            fill(&bench.db, LINES).await;
            assert!(matches!(verify(&bench.db, None).await, Verdict::Sound(_)));
            let mut conn = intruder(&bench.db).await;
            sql(&mut conn, forgery).await.unwrap();
            conn.commit().await.unwrap();
            assert_eq!(verify(&bench.db, None).await, expected, "{forgery}");
        }
    }
}

#[tokio::test]
async fn a_single_rehashed_line_does_not_fit_the_next() {
    for bench in engines().await {
        fill(&bench.db, LINES).await;
        let mut conn = intruder(&bench.db).await;
        sql(&mut conn, "UPDATE entry SET actor = 'nobody' WHERE seq = 5").await.unwrap();
        rehash(&mut conn, 5, 5).await;
        conn.commit().await.unwrap();
        assert_eq!(verify(&bench.db, None).await, broken(5, FlawKind::Replaced { next: 6 }));
    }
}

#[tokio::test]
async fn a_deposited_head_shows_a_cut_tail() {
    for bench in engines().await {
        fill(&bench.db, LINES).await;
        let head = signed_head(&bench.db).await;
        let Verdict::Sound(extent) = verify(&bench.db, Some(&head)).await else { panic!() };
        assert_eq!((extent.lines, extent.confirmed), (LINES, Some(LINES)));

        let mut conn = intruder(&bench.db).await;
        let cut = "DELETE FROM entry_body WHERE seq > 9; DELETE FROM entry WHERE seq > 9";
        sql(&mut conn, cut).await.unwrap();
        conn.commit().await.unwrap();
        assert!(matches!(verify(&bench.db, None).await, Verdict::Sound(e) if e.lines == 9));
        let expected = broken(10, FlawKind::TailCut { deposited: LINES });
        assert_eq!(verify(&bench.db, Some(&head)).await, expected);
    }
}

#[tokio::test]
async fn a_deposited_head_shows_a_chain_rehashed_from_an_edit_on() {
    for bench in engines().await {
        fill(&bench.db, LINES).await;
        let head = signed_head(&bench.db).await;
        let mut conn = intruder(&bench.db).await;
        sql(&mut conn, "UPDATE entry SET actor = 'nobody' WHERE seq = 5").await.unwrap();
        rehash(&mut conn, 5, LINES).await;
        conn.commit().await.unwrap();
        assert!(matches!(verify(&bench.db, None).await, Verdict::Sound(_)));
        assert_eq!(verify(&bench.db, Some(&head)).await, broken(LINES, FlawKind::Rehashed));
    }
}

#[tokio::test]
async fn a_forged_head_is_no_witness() {
    for bench in engines().await {
        fill(&bench.db, 3).await;
        let forged = SignedHead { at: 100, ..signed_head(&bench.db).await };
        assert_eq!(verify(&bench.db, Some(&forged)).await, broken(3, FlawKind::HeadForged));
    }
}

#[tokio::test]
async fn lines_are_neither_changed_nor_removed_nor_replaced() {
    for bench in engines().await {
        fill(&bench.db, 3).await;
        let mut attempts = vec![
            "UPDATE entry SET actor = 'nobody' WHERE seq = 2",
            "DELETE FROM entry WHERE seq = 3",
            "UPDATE entry_body SET body = '{}' WHERE seq = 2",
        ];
        match bench.db {
            Db::Lite(_) => attempts.push(
                "INSERT OR REPLACE INTO entry SELECT seq, at, 'nobody', action, subject,
                 body_hash, prev, hash FROM entry WHERE seq = 2",
            ),
            Db::Pg(_) => attempts.push("TRUNCATE entry CASCADE"),
        }
        for attempt in attempts {
            let mut conn = bench.db.begin_write().await.unwrap();
            let refused = sql(&mut conn, attempt).await.unwrap_err().to_string();
            assert!(refused.contains("append-only") || refused.contains("rewritten"), "{refused}");
        }
    }
}

fn order() -> Order {
    let [actor, approver, reason] = ["person/1", "person/2", "lộ dữ liệu"].map(str::to_owned);
    Order { at: 77, actor, approver, reason }
}

#[tokio::test]
async fn bodies_are_sealed_and_destroyed_and_the_chain_still_verifies() {
    for bench in engines().await {
        fill(&bench.db, LINES).await;
        let mut w = bench.db.write().await.unwrap();
        journal::seal_body(&mut w, 3, order()).await.unwrap();
        journal::destroy_body(&mut w, 5, order()).await.unwrap();
        let again = journal::destroy_body(&mut w, 5, order()).await;
        assert!(matches!(again, Err(StoreError::NoBody(5))));
        assert_eq!(w.commit().await.unwrap().last_seq, Some(LINES + 2));

        let Verdict::Sound(extent) = verify(&bench.db, None).await else { panic!() };
        assert_eq!((extent.lines, extent.bodies_absent), (LINES + 2, 1));
        let mut read = bench.db.read().await.unwrap();
        let filter = Filter { after: Some(0), ..Filter::default() };
        let lines = journal::list(&mut read, &filter, 100).await.unwrap();
        assert_eq!(lines[2].body, Body::Sealed);
        assert_eq!(lines[3].body, Body::Open(entry(4).body));
        assert_eq!(lines[4].body, Body::Destroyed);
        assert_eq!(lines[13].subject, "entry/5");
    }
}

#[tokio::test]
async fn lists_are_narrowed_by_subject_and_actor_and_walked_both_ways() {
    for bench in engines().await {
        fill(&bench.db, LINES).await;
        let mut read = bench.db.read().await.unwrap();
        let text = |text: &str| Some(text.to_owned());
        let cases = [
            (Filter::default(), 3, vec![12, 11, 10]),
            (Filter { before: Some(10), ..Filter::default() }, 2, vec![9, 8]),
            (Filter { after: Some(10), ..Filter::default() }, 5, vec![11, 12]),
            (Filter { subject: text("thing/1"), ..Filter::default() }, 9, vec![9, 5, 1]),
            (
                Filter { actor: text("person/2"), after: Some(4), ..Filter::default() },
                2,
                vec![5, 8],
            ),
            (Filter { actor: text("person/2"), ..Filter::default() }, 2, vec![11, 8]),
            (
                Filter { subject: text("thing/1"), actor: text("person/2"), ..Filter::default() },
                9,
                vec![5],
            ),
            (Filter { subject: text("thing/1"), after: Some(1), ..Filter::default() }, 1, vec![5]),
        ];
        for (filter, limit, expected) in cases {
            let lines = journal::list(&mut read, &filter, limit).await.unwrap();
            let numbers: Vec<i64> = lines.iter().map(|line| line.seq).collect();
            assert_eq!(numbers, expected, "{filter:?}");
        }
    }
}

#[tokio::test]
async fn an_export_verifies_alone_and_an_altered_one_does_not() {
    for bench in engines().await {
        fill(&bench.db, LINES).await;
        let mut w = bench.db.write().await.unwrap();
        journal::seal_body(&mut w, 3, order()).await.unwrap();
        journal::destroy_body(&mut w, 5, order()).await.unwrap();
        w.commit().await.unwrap();
        let head = signed_head(&bench.db).await;
        let mut text = Vec::new();
        let mut read = bench.db.read().await.unwrap();
        assert_eq!(journal::export(&mut read, &mut text).await.unwrap(), 14);
        let text = String::from_utf8(text).unwrap();
        let rows: Vec<&str> = text.lines().collect();

        let sound = verify_text(&rows, &head);
        assert!(matches!(&sound, Verdict::Sound(e) if e.bodies_absent == 2), "{sound:?}");
        let edited = rows[2].replace("person/2", "person/9");
        let mut swapped = rows.clone();
        swapped.swap(4, 7);
        let mut dropped = rows.clone();
        dropped.remove(6);
        let mut garbled = rows.clone();
        garbled[8] = "{";
        let cases = [
            ([&rows[..2], &[edited.as_str()], &rows[3..]].concat(), 2, FlawKind::Edited),
            (swapped, 4, FlawKind::Reordered { was: 7 }),
            (dropped, 6, FlawKind::Dropped { last: 6 }),
            (garbled, 8, FlawKind::Unreadable),
            (rows[..11].to_vec(), 11, FlawKind::TailCut { deposited: 14 }),
        ];
        for (rows, seq, kind) in cases {
            assert_eq!(verify_text(&rows, &head), broken(seq, kind));
        }
    }
}

fn verify_text(rows: &[&str], head: &SignedHead) -> Verdict {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), rows.join("\n")).unwrap();
    journal::verify_file(file.path(), Some(head)).unwrap()
}

#[test]
fn a_file_that_is_no_export_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"format\":\"other\",\"version\":1,\"lines\":1}\n").unwrap();
    let refused = journal::verify_file(file.path(), None).unwrap_err().to_string();
    assert!(refused.ends_with("not a journal export of version 1"), "{refused}");
}
