//! From feeds of indicators to signals that wait for a person.

use std::sync::Arc;

use khien_detect::{Indicators, Rules};
use khien_hub::detection::{Folders, Runner, Watched};
use khien_store::on;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::doors::{Open, Sender, catch_up, count};
use crate::harness::{Engine, TestApp};

const HITS: &str = "SELECT COUNT(*) FROM hit";
const SIGNALS: &str = "SELECT COUNT(*) FROM signal";
const FEED: &[u8] = b"value,description,tlp,valid_until\n\
                      evil.test,Emotet C2,TLP:RED,2026-12-31\n\
                      old.test,x,,2026-01-01\n";

async fn watching(app: &TestApp, feed: &[u8]) -> Runner {
    let mut builder = Indicators::builder();
    builder.text("feeds/national.csv", feed);
    let indicators = Arc::new(builder.finish().0);
    let rules = Rules::pack().0;
    Runner::open(app, Watched { rules, indicators }).await.unwrap()
}

fn asked(host: &str, name: &str) -> String {
    json!({ "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 22, "Computer": host,
            "TimeCreated": "2026-03-10T01:59:00Z", "QueryName": name })
    .to_string()
}

async fn signals(app: &TestApp) -> Vec<(Uuid, Value)> {
    let mut conn = app.db.read().await.unwrap();
    let rows: Vec<(Uuid, String)> = on!(conn, c =>
        sqlx::query_as("SELECT id, body FROM signal ORDER BY created_at, id")
            .fetch_all(&mut **c)
            .await)
    .unwrap();
    rows.iter().map(|(id, body)| (*id, serde_json::from_str(body).unwrap())).collect()
}

#[tokio::test]
async fn an_indicator_on_a_machine_is_one_signal_with_its_marking() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let open = Open::doors(&app).await;
        let sender = Sender::of(&app, "XA-A").await;
        let lines = [
            asked("PC-1", "www.evil.test"),
            asked("PC-1", "evil.test"),
            asked("PC-2", "evil.test"),
            asked("PC-2", "old.test"),
            asked("PC-2", "good.test"),
        ];
        sender.post("json", lines.join("\n")).await.ok();
        catch_up(&mut watching(&app, FEED).await).await;
        // What a crash before the place was saved would read again.
        catch_up(&mut watching(&app, FEED).await).await;
        let signals = signals(&app).await;
        assert_eq!((signals.len(), count(&app, HITS).await), (2, 3));
        let seen = "SELECT CAST(MAX(seen_count) AS BIGINT) FROM signal";
        assert_eq!(count(&app, seen).await, 2);
        let tally = "SELECT CAST(SUM(hits) AS BIGINT) FROM rule_tally WHERE rule = 'ioc:domain'";
        assert_eq!(count(&app, tally).await, 3);
        let (id, body) = &signals[0];
        assert_eq!(
            (&body["family"], &body["rule_level"]),
            (&json!("ioc:domain:evil.test"), &json!("high"))
        );
        let indicator = &body["indicator"];
        assert_eq!((&indicator["tlp"], &indicator["line"]), (&json!("TLP:RED"), &json!(2)));
        let page = app.as_("truc.ban").await.get(&format!("/signals/{id}")).await.ok();
        page.sees("tên miền evil.test").sees("TLP:RED").sees("feeds/national.csv");
        app.as_("xa.b").await.get(&format!("/signals/{id}")).await.is(404);
        open.close().await;
    }
}

#[tokio::test]
async fn an_incident_is_marked_as_the_strictest_of_its_signals() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let incident = app.verified(&app.telephoned("XA-A").await).await;
    let desk = app.as_("truc.ban").await;
    let marking = async || desk.json("/api/v1/incidents").await["items"][0]["marking"].clone();
    assert_eq!(marking().await, "AMBER");
    let sender = Sender::of(&app, "XA-A").await;
    let lines = [asked("PC-1", "evil.test"), asked("PC-2", "evil.test")];
    sender.post("json", lines.join("\n")).await.ok();
    catch_up(&mut watching(&app, FEED).await).await;
    let told = signals(&app).await;
    let [joins, opens] = [&told[1], &told[2]].map(|(id, _)| id.to_string());
    desk.post(&format!("/signals/{joins}/verify"), &[("into", &incident)]).await.is(303);
    assert_eq!(marking().await, "RED");
    desk.get(&format!("/incidents/{incident}")).await.ok().sees("Nâng mức TLP của sự cố");
    app.verified(&opens).await;
    assert_eq!(marking().await, "RED", "the newer incident is listed first");
    open.close().await;
}

#[tokio::test]
async fn a_walk_through_a_feed_does_not_bury_the_duty_officer() {
    let app = TestApp::new().await;
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let names: Vec<String> = (0..150).map(|n| format!("n{n}.evil.test")).collect();
    let event = |name: &String| asked("PC-1", name).replace('}', r#","SourceIp":"203.0.113.9"}"#);
    let lines: Vec<String> = names.iter().map(event).collect();
    sender.post("json", lines.join("\n")).await.ok();
    let feed = names.join("\n") + "\n203.0.113.9\n";
    catch_up(&mut watching(&app, feed.as_bytes()).await).await;
    let told = signals(&app).await;
    let many: Vec<_> = told.iter().filter(|(_, body)| body["family"] == "ioc:many").collect();
    // 49 names and the address by themselves, all others in one more.
    assert_eq!((told.len(), many.len()), (51, 1));
    assert_eq!(count(&app, HITS).await, 300);
    let seen = "SELECT CAST(SUM(seen_count) AS BIGINT) FROM signal";
    assert_eq!(count(&app, seen).await, 300);
    open.close().await;
}

#[tokio::test]
async fn feeds_are_taken_up_while_the_hub_runs_and_told_on_the_page_of_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("a.txt");
    std::fs::write(&feed, "evil.test\nno indicator\ngov.vn\n").unwrap();
    let feeds = vec![feed.clone()];
    let app = TestApp::with(Engine::Lite, |config| config.detection.iocs = feeds).await.unwrap();
    let open = Open::doors(&app).await;
    let sender = Sender::of(&app, "XA-A").await;
    let (mut folders, watched) = Folders::load(&app).await.unwrap();
    let mut runner = Runner::open(&app, watched).await.unwrap();
    let duty = app.as_("truc.ban").await;
    let page = duty.get("/rules").await.ok();
    page.sees("Đang tìm 1 chỉ dấu tấn công").sees("a.txt").sees("an indicator that is looked for");
    assert!(folders.look(&app).await.unwrap().is_none(), "nothing has changed");

    std::fs::write(&feed, "evil.test\nother.test\n").unwrap();
    let watched = folders.look(&app).await.unwrap().expect("the feed has changed");
    runner.swap(watched).await.unwrap();
    sender.post("json", asked("PC-1", "other.test")).await.ok();
    catch_up(&mut runner).await;
    assert_eq!(count(&app, SIGNALS).await, 1);
    duty.get("/rules").await.ok().sees("Đang tìm 2 chỉ dấu tấn công");

    // A feed that is gone leaves its indicators at work, and is told once.
    std::fs::rename(&feed, folder.path().join("away.txt")).unwrap();
    assert!(folders.look(&app).await.unwrap().is_none());
    assert!(folders.look(&app).await.unwrap().is_none());
    assert_eq!(count(&app, SIGNALS).await, 2);
    duty.get("/rules").await.ok().sees("Đang tìm 2 chỉ dấu tấn công");
    let lines = "SELECT COUNT(*) FROM entry WHERE action LIKE 'rules.%'";
    assert_eq!(count(&app, lines).await, 2, "the start and the change");
    open.close().await;
}
