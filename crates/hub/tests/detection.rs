//! From events at the doors to signals that wait for a person.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::task::Poll;

use khien_detect::Rules;
use khien_hub::app::Nudge;
use khien_hub::detection::Runner;
use khien_store::on;
use serde_json::Value;
use uuid::Uuid;

use crate::harness::doors::{Open, Sender, catch_up, count, detection, shadow_copies_deleted};
use crate::harness::{Engine, TestApp};

const HITS: &str = "SELECT COUNT(*) FROM hit";
const SIGNALS: &str = "SELECT COUNT(*) FROM signal";
const SEEN: &str = "SELECT CAST(COALESCE(SUM(seen_count), 0) AS BIGINT) FROM signal";
const TALLY: &str = "SELECT CAST(COALESCE(SUM(hits), 0) AS BIGINT) FROM rule_tally";
const MORNING: &str = "2026-03-10T01:59:00Z";

/// Returns a file of the pack's samples that must fire, with the name of its decoder.
fn fire_samples() -> Vec<(String, Vec<u8>)> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let folders = std::fs::read_dir(rules).unwrap().map(|entry| entry.unwrap().path());
    let samples = folders.map(|folder| folder.join("samples")).filter(|path| path.is_dir());
    let files = samples.flat_map(|folder| std::fs::read_dir(folder).unwrap());
    files
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".fire."))
        .map(|path| {
            let format = path.extension().unwrap().to_str().unwrap().to_owned();
            (format, std::fs::read(path).unwrap())
        })
        .collect()
}

async fn bodies(app: &TestApp) -> Vec<Value> {
    let mut conn = app.db.read().await.unwrap();
    let bodies: Vec<String> = on!(conn, c =>
        sqlx::query_scalar("SELECT body FROM signal ORDER BY created_at, id").fetch_all(&mut **c).await)
    .unwrap();
    bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
}

#[tokio::test]
async fn every_story_raises_its_own_waiting_signal() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let open = Open::doors(&app).await;
        let sender = Sender::of(&app, "TINH").await;
        for (format, lines) in fire_samples() {
            sender.post(&format, lines).await.ok();
        }
        let mut runner = detection(&app).await;
        catch_up(&mut runner).await;
        let bodies = bodies(&app).await;
        let families: BTreeSet<&str> =
            bodies.iter().map(|body| body["family"].as_str().unwrap()).collect();
        for story in [
            "default-password",
            "document-theft",
            "malware-not-removed",
            "password-guessing",
            "ransomware",
            "web-takeover",
        ] {
            assert!(families.contains(story), "{story} is not in {families:?}");
        }
        assert!(bodies.iter().all(|body| body["rule_author"].is_string()));
        assert_eq!(count(&app, "SELECT COUNT(*) FROM signal WHERE NOT waits").await, 0);
        // Each has its journal line and has told the duty officer.
        let lines = "SELECT COUNT(*) FROM entry WHERE action = 'signal.receive'";
        assert_eq!(count(&app, lines).await, bodies.len() as i64);
        app.as_("truc.ban").await.get("/signals").await.ok().sees("Dò mật khẩu");
        app.as_("xa.b").await.get("/signals").await.ok().sees_not("Dò mật khẩu");
        open.close().await;
    }
}

/// Polls a future so many times and drops it: what a crash does to it.
async fn break_off(work: impl Future, polls: usize) {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        match work.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending if left == 0 => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
}

#[tokio::test]
async fn a_crash_at_any_moment_neither_loses_nor_doubles() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let lines: Vec<String> =
        (0..5).map(|n| shadow_copies_deleted(&format!("PC-{n}"), MORNING)).collect();
    sender.post("json", lines.join("\n")).await.ok();
    for polls in 1..40 {
        let mut runner = detection(&app).await;
        break_off(runner.round(), polls).await;
    }
    let mut runner = detection(&app).await;
    catch_up(&mut runner).await;
    assert_eq!((count(&app, HITS).await, count(&app, SIGNALS).await), (5, 5));
    assert_eq!((count(&app, SEEN).await, count(&app, TALLY).await), (5, 5));
    open.close().await;
}

#[tokio::test]
async fn a_log_that_is_read_again_doubles_no_hit_and_no_signal() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    sender.post("json", shadow_copies_deleted("PC-1", MORNING)).await.ok();
    catch_up(&mut detection(&app).await).await;
    let mut write = app.db.write().await.unwrap();
    on!(write, c => sqlx::query("DELETE FROM intake_offset").execute(&mut **c).await.map(drop))
        .unwrap();
    app.record(&mut write, "test.rewind", "source:none".to_owned());
    app.commit(write).await.unwrap();
    catch_up(&mut detection(&app).await).await;
    assert_eq!((count(&app, HITS).await, count(&app, SIGNALS).await), (1, 1));
    assert_eq!(count(&app, SEEN).await, 1);
    open.close().await;
}

#[tokio::test]
async fn a_count_goes_on_after_a_restart() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "TINH").await;
    let guess = |n: i64| {
        format!(
            "Mar 10 09:00:{n:02} gw sshd[1]: Failed password for root from 203.0.113.9 port 4{n:04} ssh2\n"
        )
    };
    sender.post("auth", (0..5).map(guess).collect::<String>()).await.ok();
    catch_up(&mut detection(&app).await).await;
    assert_eq!(count(&app, SIGNALS).await, 0);
    sender.post("auth", (5..8).map(guess).collect::<String>()).await.ok();
    catch_up(&mut detection(&app).await).await;
    assert_eq!(count(&app, SIGNALS).await, 1);
    assert_eq!(count(&app, TALLY).await, 1, "what only warms up is not counted again");
    open.close().await;
}

#[tokio::test]
async fn a_flood_is_one_signal_with_its_count_and_a_bounded_number_of_rows() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let line = format!("{}\n", shadow_copies_deleted("PC-1", MORNING));
    sender.post("json", line.repeat(5_000)).await.ok();
    catch_up(&mut detection(&app).await).await;
    assert_eq!(count(&app, HITS).await, 200);
    assert_eq!(count(&app, SIGNALS).await, 1);
    assert_eq!((count(&app, SEEN).await, count(&app, TALLY).await), (5_000, 5_000));
    open.close().await;
}

async fn add_asset(app: &TestApp, unit: &str, key: &'static str) -> Uuid {
    let id = Uuid::now_v7();
    let mut write = app.db.write().await.unwrap();
    on!(write, c => sqlx::query(
        "INSERT INTO asset (id, unit, kind, name, search_key, created_at)
         VALUES ($1, $2, 'device', $3, $3, $4)")
        .bind(id).bind(app.world.unit(unit).uuid()).bind(key).bind(app.now())
        .execute(&mut **c).await.map(drop))
    .unwrap();
    on!(write, c => sqlx::query("INSERT INTO asset_key (key, unit, asset) VALUES ($1, $2, $3)")
        .bind(key).bind(app.world.unit(unit).uuid()).bind(id).execute(&mut **c).await.map(drop))
    .unwrap();
    app.record(&mut write, "asset.add", format!("asset:{id}"));
    app.commit(write).await.unwrap();
    id
}

#[tokio::test]
async fn a_private_address_of_two_communes_is_no_ones_from_above() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let open = Open::doors(&app).await;
        add_asset(&app, "XA-A", "pc-01").await;
        add_asset(&app, "XA-B", "pc-01").await;
        let line = shadow_copies_deleted("PC-01", MORNING);
        Sender::of(&app, "XA-A").await.post("json", line.clone()).await.ok();
        catch_up(&mut detection(&app).await).await;
        let known = "SELECT COUNT(*) FROM signal WHERE asset IS NOT NULL";
        assert_eq!((count(&app, SIGNALS).await, count(&app, known).await), (1, 1));

        Sender::of(&app, "TINH").await.post("json", line).await.ok();
        catch_up(&mut detection(&app).await).await;
        assert_eq!((count(&app, SIGNALS).await, count(&app, known).await), (2, 1));
        open.close().await;
    }
}

#[tokio::test]
async fn a_source_speaks_for_its_own_units_only() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    add_asset(&app, "XA-B", "pc-xa-b").await;
    let line = shadow_copies_deleted("PC-XA-B.tinh.local", MORNING);
    let of_unit = "SELECT COUNT(*) FROM signal s JOIN unit u ON u.id = s.unit
                   WHERE u.code = 'XA-B' AND s.asset IS NOT NULL";

    // The token of another commune: its events stay with that commune.
    Sender::of(&app, "XA-A").await.post("json", line.clone()).await.ok();
    catch_up(&mut detection(&app).await).await;
    assert_eq!((count(&app, SIGNALS).await, count(&app, of_unit).await), (1, 0));
    app.as_("xa.b").await.get("/signals").await.ok().sees_not("TH-2026");
    app.as_("xa.a").await.get("/signals").await.ok().sees("TH-2026");

    // The province's collector speaks for all of them.
    Sender::of(&app, "TINH").await.post("json", line).await.ok();
    catch_up(&mut detection(&app).await).await;
    assert_eq!((count(&app, SIGNALS).await, count(&app, of_unit).await), (2, 1));
    app.as_("xa.b").await.get("/signals").await.ok().sees("TH-2026-0002");
    open.close().await;
}

#[tokio::test]
async fn a_clock_two_hours_off_is_kept_and_told() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    sender.post("json", shadow_copies_deleted("PC-1", "2026-03-10T04:00:00Z")).await.ok();
    catch_up(&mut detection(&app).await).await;
    let ahead = "SELECT happened_at - received_at FROM signal";
    assert_eq!(count(&app, ahead).await, 2 * 3_600_000_000);
    assert_eq!(count(&app, "SELECT received_at FROM signal").await, app.now());
    open.close().await;
    assert_eq!(count(&app, "SELECT skew FROM source").await, 2 * 3_600_000_000);
    app.as_("quan.tri").await.get("/sources").await.ok().sees("giờ nhanh 2 giờ");
}

#[tokio::test]
async fn a_story_ends_after_a_quiet_day() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let mut runner = detection(&app).await;
    for (pause_hours, signals) in [(0, 1), (23, 1), (23, 1), (25, 2)] {
        app.wait(pause_hours * 3600);
        sender.post("json", shadow_copies_deleted("PC-1", MORNING)).await.ok();
        catch_up(&mut runner).await;
        assert_eq!(count(&app, SIGNALS).await, signals, "after {pause_hours} h");
    }
    open.close().await;
}

#[tokio::test]
async fn a_restart_finds_the_log_and_the_place_in_it() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    sender.post("json", shadow_copies_deleted("PC-1", MORNING)).await.ok();
    open.close().await;
    // A client holds the router, and with it the hub that is to end.
    drop(sender);
    let app = app.restarted().await;
    let open = Open::doors(&app).await;
    catch_up(&mut detection(&app).await).await;
    assert_eq!(count(&app, HITS).await, 1);
    open.close().await;
}

/// Flips a bit in the first frame of the intake log's only segment.
fn damage_the_log(app: &TestApp) {
    const WITHIN_FIRST_PAYLOAD: usize = 32 + 88 + 8;
    let segments = std::fs::read_dir(app.data().join("intake")).unwrap();
    let segment = segments
        .map(|entry| entry.unwrap().path())
        .find(|path| path.metadata().unwrap().len() > WITHIN_FIRST_PAYLOAD as u64)
        .unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[WITHIN_FIRST_PAYLOAD] ^= 1;
    std::fs::write(segment, bytes).unwrap();
}

#[tokio::test]
async fn a_damaged_log_is_told_and_the_rest_of_it_is_read() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    for host in ["PC-1", "PC-2", "PC-3"] {
        sender.post("json", shadow_copies_deleted(host, MORNING)).await.ok();
    }
    open.close().await;
    drop(sender);
    damage_the_log(&app);
    let app = app.restarted().await;
    let open = Open::doors(&app).await;
    catch_up(&mut detection(&app).await).await;
    assert_eq!(count(&app, HITS).await, 2, "the good frames are read");
    let told = bodies(&app).await;
    let damage = told.iter().filter(|body| body["family"] == "khien.intake.damage").count();
    assert_eq!(damage, 1, "{told:?}");
    app.as_("truc.ban").await.get("/signals").await.ok().sees("Nhật ký tiếp nhận có đoạn hỏng");
    open.close().await;
}

#[tokio::test]
async fn control_characters_of_a_sender_reach_no_column() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let open = Open::doors(&app).await;
        let sender = Sender::of(&app, "XA-A").await;
        sender.post("json", shadow_copies_deleted("PC\0-\u{1b}[1m\n7", MORNING)).await.ok();
        catch_up(&mut detection(&app).await).await;
        assert_eq!((count(&app, HITS).await, count(&app, SIGNALS).await), (1, 1));
        assert_eq!(bodies(&app).await[0]["host"], "PC - [1m 7");
        open.close().await;
    }
}

#[tokio::test]
async fn what_the_store_refuses_is_told_and_holds_nothing_up() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let mut write = app.db.write().await.unwrap();
    on!(write, c => sqlx::query(
        "CREATE TRIGGER refusal BEFORE INSERT ON hit WHEN NEW.host = 'PC-2'
         BEGIN SELECT RAISE(ABORT, 'refused'); END").execute(&mut **c).await.map(drop))
    .unwrap();
    app.record(&mut write, "test.refusal", "source:none".to_owned());
    app.commit(write).await.unwrap();
    let lines = ["PC-1", "PC-2", "PC-3"].map(|host| shadow_copies_deleted(host, MORNING));
    sender.post("json", lines.join("\n")).await.ok();
    catch_up(&mut detection(&app).await).await;
    assert_eq!(count(&app, HITS).await, 2);
    assert_eq!(count(&app, TALLY).await, 3);
    let told = bodies(&app).await;
    let refused = |body: &&Value| body["family"] == "khien.detection.refused";
    let refused: Vec<&Value> = told.iter().filter(refused).collect();
    assert_eq!((told.len(), refused.len()), (3, 1), "{told:?}");
    assert!(refused[0]["summary"].as_str().unwrap().starts_with("1 × "));

    sender.post("json", shadow_copies_deleted("PC-4", MORNING)).await.ok();
    catch_up(&mut detection(&app).await).await;
    assert_eq!(count(&app, HITS).await, 3, "the log is read on");
    open.close().await;
}

/// Returns detection with two rules of one family: a tool is seen, and it deletes.
async fn two_levels(app: &TestApp) -> Runner {
    let rule = |n: u8, level: &str, line: &str| {
        format!(
            "title: Rule {n}\nid: 00000000-0000-4000-8000-00000000000{n}\n\
             logsource: {{category: process_creation, product: windows}}\n\
             detection: {{a: {{CommandLine|contains: '{line}'}}, condition: a}}\n\
             level: {level}\ncustom: {{khien: {{family: shadow}}}}\n"
        )
    };
    let texts = [
        ("high.yml", rule(1, "high", "vssadmin")),
        ("critical.yml", rule(2, "critical", "Delete")),
    ];
    let (rules, refused) = Rules::from_texts(texts);
    assert!(refused.is_empty(), "{refused:?}");
    Runner::open(app, rules).await.unwrap()
}

#[tokio::test]
async fn a_live_alert_becomes_louder_with_its_hits() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let mut runner = two_levels(&app).await;
    let loud = shadow_copies_deleted("PC-1", MORNING);
    let soft = loud.replace("Delete", "List");
    sender.post("json", soft.clone()).await.ok();
    catch_up(&mut runner).await;
    let critical = "SELECT COUNT(*) FROM signal WHERE level = 'critical'";
    assert_eq!((count(&app, SIGNALS).await, count(&app, critical).await), (1, 0));

    let mut nudges = app.listen();
    sender.post("json", loud).await.ok();
    catch_up(&mut runner).await;
    assert_eq!((count(&app, SIGNALS).await, count(&app, critical).await), (1, 1));
    assert!(matches!(nudges.try_recv(), Ok(Nudge::Signal(_))), "live pages look");
    sender.post("json", soft).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(count(&app, critical).await, 1, "it never becomes quieter");
    let lines = "SELECT COUNT(*) FROM entry WHERE action = 'signal.raise'";
    assert_eq!(count(&app, lines).await, 1);
    app.as_("kiem.toan")
        .await
        .get("/journal")
        .await
        .ok()
        .sees("Nâng mức tín hiệu")
        .sees("hệ thống");
    open.close().await;
}

#[tokio::test]
async fn a_reopened_alert_takes_its_story_up_unless_a_newer_one_has_it() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let mut runner = detection(&app).await;
    let line = shadow_copies_deleted("PC-1", MORNING);
    sender.post("json", line.clone()).await.ok();
    catch_up(&mut runner).await;
    let first = signal_ids(&app).await[0];
    let duty = app.as_("truc.ban").await;
    let dismiss = format!("/signals/{first}/dismiss");
    let reopen = format!("/signals/{first}/reopen");
    duty.post(&dismiss, &[("reason", "test")]).await.is(303);
    assert_eq!(count(&app, HELD).await, 0);
    duty.post(&reopen, &[("reason", "nhầm")]).await.is(303);
    sender.post("json", line.clone()).await.ok();
    catch_up(&mut runner).await;
    assert_eq!((count(&app, SIGNALS).await, count(&app, SEEN).await), (1, 2));

    duty.post(&dismiss, &[("reason", "test")]).await.is(303);
    sender.post("json", line).await.ok();
    catch_up(&mut runner).await;
    duty.post(&reopen, &[("reason", "nhầm")]).await.is(303);
    assert_eq!((count(&app, SIGNALS).await, count(&app, HELD).await), (2, 1));

    // Both tell one story: the second is joined to the incident that the first has opened.
    let verification =
        [("into", "open"), ("title", "Mã hoá"), ("category", "encryption"), ("severity", "high")];
    let mut places = Vec::new();
    for id in signal_ids(&app).await {
        let verified = duty.post(&format!("/signals/{id}/verify"), &verification).await.is(303);
        places.push(verified.location().to_owned());
    }
    assert_eq!(places[0], places[1]);
    open.close().await;
}

const HELD: &str = "SELECT COUNT(*) FROM signal WHERE live_key IS NOT NULL";

async fn signal_ids(app: &TestApp) -> Vec<Uuid> {
    let mut conn = app.db.read().await.unwrap();
    on!(conn, c => sqlx::query_scalar("SELECT id FROM signal ORDER BY created_at, number")
        .fetch_all(&mut **c).await)
    .unwrap()
}

#[tokio::test]
async fn rules_are_listed_with_their_counts_and_the_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "title: Luật lạ\nid: 0\nlogsource: {product: windows}\n\
               detection: {a: {Image|sometimes: x}, condition: a}\n";
    std::fs::write(folder.path().join("la.yml"), bad).unwrap();
    let rules = vec![folder.path().to_owned()];
    let app = TestApp::with(Engine::Lite, |config| config.detection.rules = rules).await.unwrap();
    let open = Open::doors(&app).await;
    let (tasks, stop) = (tokio_util::task::TaskTracker::new(), open.stop.clone());
    khien_hub::detection::start(&app, &tasks, &stop).await.unwrap();
    let duty = app.as_("truc.ban").await;
    duty.get("/rules")
        .await
        .ok()
        .sees("Dò mật khẩu")
        .sees("Luật lạ")
        .sees("la.yml")
        .sees("sometimes");
    duty.get("/rules?q=do+mat+khau").await.ok().sees("Dò mật khẩu").sees_not("Xóa bản sao");
    app.as_("xa.a").await.get("/rules").await.is(403);
    open.close().await;
    tasks.close();
    tasks.wait().await;
}
