//! The pages of the rules: what they cost, suppressing them, and trying one.

use khien_detect::Rules;
use khien_domain::access::{Depth, Grant, Role};
use khien_domain::time::{DAY, SECOND};
use khien_hub::detection::{Folders, Runner};
use khien_hub::web::encode_query;
use khien_store::on;
use uuid::Uuid;

use crate::harness::doors::{Open, Sender, catch_up, count, shadow_copies_deleted};
use crate::harness::{Client, Engine, TestApp, insert_grant};

const SIGNALS: &str = "SELECT COUNT(*) FROM signal";
const HITS: &str = "SELECT COUNT(*) FROM hit";
const HELD_BACK: &str = "SELECT CAST(COALESCE(SUM(hits), 0) AS BIGINT) FROM suppression";
const MORNING: &str = "2026-03-10T01:59:00Z";
const RULE: &str = "00000000-0000-4000-8000-000000000007";

fn deleted() -> String {
    format!(
        "title: Xóa bản sao\nid: {RULE}\nlogsource: {{category: process_creation, product: windows}}\n\
         detection: {{a: {{CommandLine|contains: 'Delete Shadows'}}, condition: a}}\nlevel: high\n"
    )
}

async fn runner(app: &TestApp) -> Runner {
    let (rules, refused) = Rules::from_texts([("deleted.yml", deleted())]);
    assert!(refused.is_empty(), "{refused:?}");
    Runner::open(app, rules).await.unwrap()
}

async fn suppress(who: &Client, unit: &str, host: &str, days: &str) -> axum::http::StatusCode {
    let reason = ("reason", "Phần mềm sao lưu của Sở, đã kiểm tra");
    let form = [("rule", RULE), ("unit", unit), ("host", host), reason, ("days", days)];
    who.post("/rules/suppress", &form).await.status
}

async fn add_asset(app: &TestApp, unit: &str, key: &str) {
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
}

#[tokio::test]
async fn a_suppressed_rule_raises_nothing_there_is_counted_and_comes_back_by_itself() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let doors = Open::doors(&app).await;
        let (one, other) = (Sender::of(&app, "XA-A").await, Sender::of(&app, "XA-B").await);
        let mut runner = runner(&app).await;
        let lead = app.as_("dieu.phoi").await;
        assert_eq!(suppress(&lead, "XA-A", "", "3").await, 303);
        // More than the rows that an hour stores: those beyond are held back, too.
        let line = format!("{}\n", shadow_copies_deleted("PC-1", MORNING));
        one.post("json", line.repeat(250)).await.ok();
        other.post("json", line.clone()).await.ok();
        catch_up(&mut runner).await;
        assert_eq!((count(&app, HITS).await, count(&app, SIGNALS).await), (201, 1));
        assert_eq!(count(&app, HELD_BACK).await, 250);
        let page = lead.get("/rules").await.ok();
        page.sees("Luật đang tạm ngừng báo").sees("Phần mềm sao lưu").sees("250");
        let lines = "SELECT COUNT(*) FROM entry WHERE action = 'rules.suppress'";
        assert_eq!(count(&app, lines).await, 1);

        app.wait(3 * DAY / SECOND);
        one.post("json", line.clone()).await.ok();
        catch_up(&mut runner).await;
        assert_eq!(count(&app, SIGNALS).await, 2, "the term is over");
        let lead = app.as_("dieu.phoi").await;
        lead.get("/rules").await.ok().sees_not("Phần mềm sao lưu");
        lead.get(&format!("/rules/rule?id={RULE}")).await.ok().sees("Phần mềm sao lưu");
        doors.close().await;
    }
}

#[tokio::test]
async fn a_rule_is_suppressed_on_one_machine_or_everywhere_until_it_is_lifted() {
    let app = TestApp::new().await;
    let doors = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let mut runner = runner(&app).await;
    add_asset(&app, "XA-A", "pc-1").await;
    let lead = app.as_("dieu.phoi").await;
    assert_eq!(suppress(&lead, "XA-A", "PC-1", "7").await, 303);
    let lines = ["PC-1", "PC-2"].map(|host| shadow_copies_deleted(host, MORNING)).join("\n");
    sender.post("json", lines).await.ok();
    catch_up(&mut runner).await;
    assert_eq!((count(&app, SIGNALS).await, count(&app, HELD_BACK).await), (1, 1));

    assert_eq!(suppress(&lead, "", "", "7").await, 303);
    sender.post("json", shadow_copies_deleted("PC-3", MORNING)).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(count(&app, SIGNALS).await, 1);
    let page = lead.get(&format!("/rules/rule?id={RULE}")).await.ok();
    let page = page.sees("Toàn tỉnh").sees("pc-1");
    let page = page.text();
    let (_, rest) = page.split_once("/rules/suppressions/").unwrap();
    let lift = format!("/rules/suppressions/{}/lift", &rest[..36]);
    lead.post(&lift, &[]).await.is(303);
    lead.post(&lift, &[]).await.is(409).sees("đã hết hạn hoặc đã được bỏ");
    sender.post("json", shadow_copies_deleted("PC-4", MORNING)).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(count(&app, SIGNALS).await, 2);
    doors.close().await;
}

#[tokio::test]
async fn who_may_not_answer_for_it_suppresses_nothing() {
    let app = TestApp::new().await;
    let lead = app.as_("dieu.phoi").await;
    for (unit, host, days) in [
        ("XA-A", "", "0"),
        ("XA-A", "", "91"),
        ("KHONG-CO", "", "7"),
        ("XA-A", "PC-9", "7"),
        ("", "PC-9", "7"),
    ] {
        assert_eq!(suppress(&lead, unit, host, days).await, 422, "{unit} {host} {days}");
    }
    for login in ["truc.ban", "xa.a", "quan.tri"] {
        assert_eq!(suppress(&app.as_(login).await, "XA-A", "", "7").await, 403, "{login}");
    }
    assert_eq!(count(&app, "SELECT COUNT(*) FROM suppression").await, 0);
    assert_eq!(suppress(&lead, "XA-A", "", "7").await, 303);
    // Where it is switched off learns only who reads what that unit owns.
    let page = format!("/rules/rule?id={RULE}");
    app.as_("truc.ban").await.get(&page).await.ok().sees("Phần mềm sao lưu");
    app.as_("quan.tri").await.get(&page).await.ok().sees_not("Phần mềm sao lưu");
}

/// Makes the head of commune XA-A an analyst there.
async fn tunes_at_xa_a(app: &TestApp, subtree: bool) {
    let (person, unit) = (app.world.person("truong.xa.a"), app.world.unit("XA-A"));
    let role = Role::Analyst;
    let grant = Grant { person, role, unit, subtree, ceiling: Depth::Evidence };
    let mut write = app.db.write().await.unwrap();
    insert_grant(&mut write, app.now(), &grant, "active").await;
    app.record(&mut write, "grant.activate", format!("person:{person}"));
    app.commit(write).await.unwrap();
}

#[tokio::test]
async fn an_analyst_of_one_unit_suppresses_there_and_learns_nothing_of_others() {
    let app = TestApp::new().await;
    add_asset(&app, "XA-B", "pc-b").await;
    let lead = app.as_("dieu.phoi").await;
    assert_eq!(suppress(&lead, "XA-B", "", "7").await, 303);
    tunes_at_xa_a(&app, true).await;
    let own = app.as_("truong.xa.a").await;
    for (unit, host) in [("", ""), ("XA-B", ""), ("XA-B", "PC-B"), ("XA-B", "PC-9")] {
        assert_eq!(suppress(&own, unit, host, "7").await, 403, "{unit} {host}");
    }
    assert_eq!(suppress(&own, "XA-A", "", "7").await, 303);
    let page = lead.get(&format!("/rules/rule?id={RULE}")).await.ok();
    let page = page.text();
    let lifts: Vec<_> =
        page.split("/rules/suppressions/").skip(1).map(|rest| &rest[..36]).collect();
    let mut lifted = 0;
    for id in lifts {
        let answer = own.post(&format!("/rules/suppressions/{id}/lift"), &[]).await;
        lifted += usize::from(answer.status == 303);
    }
    assert_eq!(lifted, 1, "its own, not the neighbour's");
}

#[tokio::test]
async fn the_page_tells_hits_cost_and_sources_that_no_rule_reads() {
    let app = TestApp::new().await;
    let doors = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let (_folders, rules) = Folders::load(&app).await.unwrap();
    let mut runner = Runner::open(&app, rules).await.unwrap();
    let nobody = r#"{"source":"máy chấm công","x":1}"#;
    let line = shadow_copies_deleted("PC-1", MORNING);
    sender.post("json", format!("{line}\n{nobody}\n{nobody}\n{nobody}")).await.ok();
    catch_up(&mut runner).await;
    let duty = app.as_("truc.ban").await;
    let page = duty.get("/rules").await.ok();
    let page = page.sees("Nguồn chưa có luật nào đọc").sees("json máy chấm công");
    // Tried on one event of four.
    page.sees("250.0").sees_not("/rules/try");

    let listed = duty.json("/api/v1/rules?limit=200").await;
    let items = listed["items"].as_array().unwrap();
    assert_eq!(listed["total"].as_u64(), Some(app.rules().rules.len() as u64));
    let fired: Vec<_> = items.iter().filter(|item| item["hits_total"] == 1).collect();
    assert!(!fired.is_empty() && fired.iter().all(|item| item["state"] == "on"), "{fired:?}");
    assert!(items.iter().any(|item| item["tries_per_thousand"] == 250.0));
    let (mut seen, mut after) = (0, String::new());
    loop {
        let page = duty.json(&format!("/api/v1/rules?limit=7&after={after}")).await;
        seen += page["items"].as_array().unwrap().len() as u64;
        match page["next"].as_str() {
            Some(next) => after = encode_query(next),
            None => break,
        }
    }
    assert_eq!(listed["total"].as_u64(), Some(seen), "each stands on one page");
    assert_eq!(duty.json("/api/v1/rules?state=refused").await["total"], 0);
    assert_eq!(duty.json("/api/v1/rules?q=khong-co-luat-nao").await["total"], 0);

    let id = fired[0]["id"].as_str().unwrap();
    let metrics = duty.get("/metrics").await.ok().text();
    let line =
        |name: &str| metrics.lines().find(|line| line.starts_with(name) && line.contains(id));
    assert!(line("khien_rule_hits_total{").unwrap().ends_with("} 1"), "{metrics}");
    assert!(line("khien_rule_tries_total{").is_some(), "{metrics}");
    assert!(metrics.contains("\nkhien_detection_events_total 4\n"), "{metrics}");
    assert!(metrics.contains("\nkhien_detection_unmapped_events_total 3\n"), "{metrics}");
    doors.close().await;
}

#[tokio::test]
async fn a_rule_is_tried_on_the_last_day_of_what_the_reader_may_see() {
    let app = TestApp::new().await;
    let doors = Open::doors(&app).await;
    let (one, other) = (Sender::of(&app, "XA-A").await, Sender::of(&app, "XA-B").await);
    one.post("json", shadow_copies_deleted("PC-OLD", MORNING)).await.ok();
    app.wait(DAY / SECOND + 60);
    let lines =
        ["PC-1", "PC-1", "PC-2"].map(|host| shadow_copies_deleted(host, MORNING)).join("\n");
    one.post("json", lines).await.ok();
    other.post("json", shadow_copies_deleted("PC-3", MORNING)).await.ok();
    let lead = app.as_("dieu.phoi").await;
    lead.get("/rules/try").await.ok();
    let page = lead.post("/rules/try", &[("rule", &deleted())]).await.ok();
    page.sees("4 lần trúng trong 4 sự kiện").sees("PC-2").sees("PC-3").sees_not("PC-OLD");
    assert_eq!((count(&app, HITS).await, count(&app, SIGNALS).await), (0, 0), "it leaves nothing");

    let broken = deleted().replace("contains", "sometimes");
    lead.post("/rules/try", &[("rule", &broken)]).await.is(422).sees("sometimes");
    let tried = "SELECT COUNT(*) FROM entry WHERE action = 'rules.try'";
    assert_eq!(count(&app, tried).await, 2, "who reads the raw log is noted");
    // A rule that matches everything would read the log of others.
    tunes_at_xa_a(&app, false).await;
    for login in ["truc.ban", "truong.xa.a"] {
        app.as_(login).await.post("/rules/try", &[("rule", &deleted())]).await.is(403);
    }
    doors.close().await;
}
