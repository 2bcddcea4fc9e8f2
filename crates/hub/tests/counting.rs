//! Rules that count, across crashes and restarts.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use khien_detect::Rules;
use khien_hub::detection::{Folders, Runner};
use khien_store::on;
use serde_json::Value;

use crate::harness::doors::{Open, Sender, catch_up, count, shadow_copies_deleted};
use crate::harness::{Engine, TestApp};

const SIGNALS: &str = "SELECT COUNT(*) FROM signal";
const MORNING: &str = "2026-03-10T01:59:00Z";

/// A rule that says nothing by itself, and one that counts it by host within six hours.
pub(crate) fn counting(condition: &str) -> String {
    format!(
        "title: Bản sao bị xóa\nid: 00000000-0000-4000-8000-000000000001\nname: deleted\n\
         logsource: {{category: process_creation, product: windows}}\n\
         detection: {{a: {{CommandLine|contains: 'vssadmin'}}, condition: a}}\n\
         ---\n\
         title: Nhiều bản sao bị xóa\nid: 00000000-0000-4000-8000-000000000002\n\
         correlation: {{type: event_count, rules: [deleted], group-by: [Computer], timespan: 6h,\n\
         \u{20} condition: {{{condition}}}}}\nlevel: high\n"
    )
}

fn rules(condition: &str) -> Rules {
    let (rules, refused) = Rules::from_texts([("counting.yml", counting(condition))]);
    assert!(refused.is_empty(), "{refused:?}");
    rules
}

async fn open(app: &TestApp, condition: &str) -> Runner {
    Runner::open(app, rules(condition)).await.unwrap()
}

#[tokio::test]
async fn a_count_of_hours_goes_on_after_a_restart_an_hour_later() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let doors = Open::doors(&app).await;
        let sender = Sender::of(&app, "XA-A").await;
        let line = shadow_copies_deleted("PC-1", MORNING);
        for hour in 0..3 {
            assert_eq!(count(&app, SIGNALS).await, 0, "hour {hour}");
            sender.post("json", line.clone()).await.ok();
            catch_up(&mut open(&app, "gte: 3").await).await;
            app.wait(3600);
        }
        assert_eq!(count(&app, SIGNALS).await, 1);
        doors.close().await;
    }
}

/// Polls a future so many times and drops it: what a crash does to it.
async fn break_off(work: impl Future, polls: usize) {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(move |cx| {
        left -= 1;
        match work.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending if left == 0 => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
}

/// As many events as rounds that broke off: one counted twice or lost would show.
#[tokio::test]
async fn a_crash_at_any_moment_neither_loses_nor_doubles_a_count() {
    const CRASHES: usize = 30;
    for (more, signals) in [(0, 1), (1, 0)] {
        let app = TestApp::new().await;
        let doors = Open::doors(&app).await;
        let sender = Sender::of(&app, "XA-A").await;
        let condition = format!("gte: {}", CRASHES + more);
        for polls in 1..=CRASHES {
            sender.post("json", shadow_copies_deleted("PC-1", MORNING)).await.ok();
            let mut runner = open(&app, &condition).await;
            break_off(runner.round(), polls).await;
            // Beyond the pause between two savings of what is remembered.
            app.wait(if polls % 3 == 0 { 61 } else { 1 });
        }
        catch_up(&mut open(&app, &condition).await).await;
        assert_eq!(count(&app, SIGNALS).await, signals, "{condition}");
        doors.close().await;
    }
}

#[tokio::test]
async fn a_count_that_the_end_of_its_time_decides_is_told_of_its_event() {
    let app = TestApp::new().await;
    let doors = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let mut runner = open(&app, "lte: 1").await;
    sender.post("json", shadow_copies_deleted("PC-1", MORNING)).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(count(&app, SIGNALS).await, 0, "a second event could still come");
    app.wait(8 * 3600);
    sender.post("json", shadow_copies_deleted("PC-2", "2026-03-10T10:00:00Z")).await.ok();
    catch_up(&mut open(&app, "lte: 1").await).await;
    assert_eq!(count(&app, SIGNALS).await, 1);
    let mut conn = app.db.read().await.unwrap();
    let body: String =
        on!(conn, c => sqlx::query_scalar("SELECT body FROM signal").fetch_one(&mut **c).await)
            .unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["host"], "PC-1");
    assert!(body["event"].to_string().contains("Delete Shadows"), "{body}");
    drop(conn);
    doors.close().await;
}

#[tokio::test]
async fn a_damaged_memory_is_no_reason_to_stop() {
    let app = TestApp::new().await;
    let doors = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let line = shadow_copies_deleted("PC-1", MORNING);
    sender.post("json", line.clone()).await.ok();
    catch_up(&mut open(&app, "gte: 2").await).await;
    let mut write = app.db.write().await.unwrap();
    on!(write, c => sqlx::query("UPDATE detection_memory SET bytes = $1")
        .bind(&b"not ours"[..]).execute(&mut **c).await.map(drop))
    .unwrap();
    app.record(&mut write, "test.damage", "source:none".to_owned());
    app.commit(write).await.unwrap();
    sender.post("json", format!("{line}\n{line}")).await.ok();
    catch_up(&mut open(&app, "gte: 2").await).await;
    assert_eq!(count(&app, SIGNALS).await, 1, "it counts anew");
    doors.close().await;
}

/// A short span, so that a few hundred events of different times are more than a group keeps.
const CUT: &str = "title: Gọi lệnh\nid: 00000000-0000-4000-8000-000000000005\nname: called\n\
    logsource: {category: process_creation, product: windows}\n\
    detection: {a: {CommandLine|contains: 'congcula'}, condition: a}\n\
    ---\n\
    title: Gọi lệnh dồn dập\nid: 00000000-0000-4000-8000-000000000006\n\
    correlation: {type: event_count, rules: [called], group-by: [Computer], timespan: 1s,\n\
    \u{20} condition: {gte: 100000}}\nlevel: high\n";

#[tokio::test]
async fn what_the_bounds_of_counting_cost_is_told_on_the_page_and_in_the_metrics() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cut.yml"), CUT).unwrap();
    let set = vec![folder.path().to_owned()];
    let app = TestApp::with(Engine::Lite, |config| config.detection.rules = set).await.unwrap();
    let doors = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let (_folders, watched) = Folders::load(&app).await.unwrap();
    let mut runner = Runner::open(&app, watched).await.unwrap();
    sender.post("json", shadow_copies_deleted("PC-1", MORNING)).await.ok();
    catch_up(&mut runner).await;
    let duty = app.as_("truc.ban").await;
    duty.get("/rules").await.ok().sees_not("báo thiếu");
    let metrics = duty.get("/metrics").await.ok().text();
    assert!(metrics.contains("\nkhien_correlation_sightings_cut_total 0\n"), "{metrics}");

    let called = |at: &str| {
        shadow_copies_deleted("PC-1", at).replace("vssadmin.exe  Delete Shadows", "congcula")
    };
    let tenth =
        |n: usize| format!("2026-03-10T01:{}:{:02}.{}00Z", 58 + n / 600, n / 10 % 60, n % 10);
    let mut lines: Vec<_> = (0..1_100).map(|n| called(&tenth(n))).collect();
    lines.push(called("2026-03-10T00:01:00Z"));
    lines.push(called("2026-03-10T05:00:00Z"));
    lines.push(called(MORNING).replace("TimeCreated", "Remark"));
    for lines in lines.chunks(250) {
        sender.post("json", lines.join("\n")).await.ok();
    }
    catch_up(&mut runner).await;
    // What is told is copied now and then.
    app.wait(20);
    sender.post("json", shadow_copies_deleted("PC-2", MORNING)).await.ok();
    catch_up(&mut runner).await;
    let metrics = duty.get("/metrics").await.ok().text();
    let value = |name: &str| -> u64 {
        let line = metrics.lines().find(|line| line.starts_with(name)).expect(name);
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let cut = value("khien_correlation_sightings_cut_total ");
    assert!(cut > 0, "{metrics}");
    assert_eq!(
        value("khien_rule_sightings_cut_total{rule=\"00000000-0000-4000-8000-000000000006\""),
        cut
    );
    for name in ["late", "untimed", "ahead"] {
        assert_eq!(value(&format!("khien_correlation_events_{name}_total ")), 1, "{metrics}");
    }
    let page = duty.get("/rules").await.ok();
    let page = page.sees("Luật tương quan có thể đã báo thiếu").sees("lần đếm cũ bị bỏ vì hết chỗ");
    let page = page.sees("1 sự kiện đến quá muộn").sees("1 sự kiện không ghi giờ");
    // What counts as of its arrival hides nothing.
    page.sees_not("tương lai").sees_not("lần trúng không giữ được");
    let page = duty.get("/rules/rule?id=00000000-0000-4000-8000-000000000006").await.ok();
    page.sees("Lần đếm cũ bị bỏ vì hết chỗ").sees(&cut.to_string());
    doors.close().await;
}
