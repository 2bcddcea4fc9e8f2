//! The one job, end to end over HTTP: a report by telephone becomes a signal, an incident, a task,
//! an answer with proof, a verdict and a closing; the journal confirms the whole story, and
//! nothing is doubled when a nervous finger presses twice or the process dies in between.

use khien_domain::id::{SignalId, UnitId};
use khien_domain::signal::{Kind, Level};
use khien_hub::signal::store::NewSignal;
use khien_hub::{signal, wiring};
use khien_store::journal::{self, Verdict};
use uuid::Uuid;

use crate::harness::doors::count;
use crate::harness::{Client, Engine, TestApp};

#[tokio::test]
async fn a_telephoned_report_is_worked_to_its_closing() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let signal = app.telephoned("XA-A").await;
        let incident = app.verified(&signal).await;
        let task = app.task_of(&incident).await;
        unit_answers(&app, &task).await;
        lead_closes(&app, &incident, &task).await;
        the_journal_confirms(&app).await;
        assert_eq!(count(&app, "SELECT COUNT(*) FROM fact WHERE done_at IS NULL").await, 0);

        let app = app.restarted().await;
        let lead = app.as_("dieu.phoi").await;
        let page = lead.get(&format!("/incidents/{incident}")).await.ok();
        page.sees("SC-2026-0001").sees("Đã đóng");
        the_journal_confirms(&app).await;
    }
}

/// The unit's officer finds the task in the inbox, answers it, and sees no more than it should.
async fn unit_answers(app: &TestApp, task: &str) {
    let officer = app.as_("xa.a").await;
    officer.get("/inbox").await.ok().sees("NV-2026-0001").sees("Nhiệm vụ mới giao cho đơn vị");
    let path = format!("/tasks/{task}");
    officer.get(&path).await.ok().sees("Ngắt máy khỏi mạng");
    officer.post(&format!("{path}/receive"), &[]).await.leads_to(&path);
    app.answered(&officer, task).await;
    officer.get(&path).await.ok().sees("màn hình.png");
    app.as_("xa.b").await.get(&path).await.is(404);
    officer.post(&format!("{path}/accept"), &[]).await.is(403);
}

async fn lead_closes(app: &TestApp, incident: &str, task: &str) {
    let lead = app.as_("dieu.phoi").await;
    let path = format!("/incidents/{incident}");
    for deed in ["contain", "recover", "resolve"] {
        lead.post(&format!("{path}/{deed}"), &[]).await.leads_to(&path);
    }
    // A task is open and nobody has judged whether anything leaked.
    lead.post(&format!("{path}/close"), &[]).await.is(409);
    let file = proof_of(&lead, task).await;
    let proof = lead.get(&format!("/evidence/{file}")).await.ok();
    assert_eq!(proof.body, b"\x89PNG made of bytes");
    lead.post(&format!("/tasks/{task}/accept"), &[]).await.leads_to(&format!("/tasks/{task}"));
    lead.post(&format!("{path}/close"), &[]).await.is(409);
    let verdict = [("leak", "no_sign"), ("reason", "Máy không chứa tài liệu mật")];
    lead.post(&format!("{path}/verdict"), &verdict).await.leads_to(&path);
    lead.post(&format!("{path}/close"), &[]).await.is(409);
    app.law_reported(&lead, incident).await;
    lead.post(&format!("{path}/close"), &[]).await.leads_to(&path);
    lead.get(&path).await.ok().sees("Đã đóng");
}

async fn proof_of(reader: &Client, task: &str) -> String {
    let page = reader.get(&format!("/tasks/{task}")).await.ok().text();
    let (_, rest) = page.split_once("/evidence/").unwrap();
    rest[..36].to_owned()
}

async fn the_journal_confirms(app: &TestApp) {
    let auditor = app.as_("kiem.toan").await;
    auditor.post("/journal/verify", &[]).await.ok();
    let mut conn = app.db.read().await.unwrap();
    let verdict = journal::verify(&mut conn, None).await.unwrap();
    assert!(matches!(verdict, Verdict::Sound(_)), "{verdict:?}");
}

#[tokio::test]
async fn what_is_pressed_twice_is_done_once() {
    let app = TestApp::new().await;
    let desk = app.as_("truc.ban").await;
    let key = Uuid::now_v7().to_string();
    let form = app.report_form(&key, "2026-03-10T08:30", "XA-A");
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let first = desk.post("/report/on-behalf", &form).await.is(303).location().to_owned();
    desk.post("/report/on-behalf", &form).await.leads_to(&first);
    assert_eq!(count(&app, "SELECT COUNT(*) FROM signal").await, 1);

    let signal = &first["/signals/".len()..];
    let incident = app.verified(signal).await;
    let again =
        [("into", "open"), ("title", "Lần hai"), ("category", "other"), ("severity", "low")];
    let path = format!("/incidents/{incident}");
    desk.post(&format!("{first}/verify"), &again).await.leads_to(&path);
    assert_eq!(count(&app, "SELECT COUNT(*) FROM matter").await, 1);
    assert_eq!(count(&app, "SELECT COUNT(*) FROM task").await, 1);

    let task = app.task_of(&incident).await;
    let officer = app.as_("xa.a").await;
    app.answered(&officer, &task).await;
    let files: &[(&str, &str, &[u8])] = &[("files", "lần hai.png", b"again")];
    officer.upload(&format!("/tasks/{task}/submit"), &[], files).await.is(409);
    assert_eq!(count(&app, "SELECT COUNT(*) FROM evidence").await, 1);
    let lead = app.as_("dieu.phoi").await;
    lead.post(&format!("/tasks/{task}/accept"), &[]).await.is(303);
    lead.post(&format!("/tasks/{task}/accept"), &[]).await.is(409);
    the_journal_confirms(&app).await;
}

/// The process dies after the commit and before any reaction: the next one takes it up, once.
#[tokio::test]
async fn a_reaction_that_death_prevented_runs_once() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let mut write = app.db.write().await.unwrap();
        let new = alert(app.world.unit("XA-A"), app.now());
        signal::receive(&app, &mut write, &new, "test".to_owned()).await.unwrap();
        let committed = write.commit().await.unwrap();
        const TOLD: &str = "SELECT COUNT(*) FROM message";
        assert_eq!(count(&app, TOLD).await, 0);

        let app = app.restarted().await;
        wiring::dispatch(&app).await.unwrap();
        let told = count(&app, TOLD).await;
        // Duty officer, analyst and coordinator may verify it.
        assert_eq!(told, 3);
        wiring::attempt(&app, &committed.facts).await;
        wiring::dispatch(&app).await.unwrap();
        assert_eq!(count(&app, TOLD).await, told);
        assert_eq!(count(&app, "SELECT COUNT(*) FROM fact WHERE done_at IS NULL").await, 0);
    }
}

/// Two dispatchers at once, as on two nodes whose lease has just changed hands.
#[tokio::test]
async fn two_dispatchers_run_a_reaction_once() {
    let app = TestApp::new().await;
    let mut write = app.db.write().await.unwrap();
    for _ in 0..5 {
        let new = alert(app.world.unit("XA-B"), app.now());
        signal::receive(&app, &mut write, &new, "test".to_owned()).await.unwrap();
    }
    write.commit().await.unwrap();
    let (one, other) = tokio::join!(wiring::dispatch(&app), wiring::dispatch(&app));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(count(&app, "SELECT COUNT(*) FROM message").await, 15);
}

fn alert(unit: UnitId, at: i64) -> NewSignal {
    NewSignal {
        id: SignalId::new(Uuid::now_v7()),
        kind: Kind::Alert,
        level: Level::High,
        unit,
        asset: None,
        source: None,
        title: "Nhiều lần đăng nhập sai".to_owned(),
        body: serde_json::json!({}),
        live_key: None,
        seen_count: 1,
        waits: true,
        happened_at: None,
        detected_at: at,
        received_at: at,
        last_seen_at: at,
        reporter: None,
        entered_by: None,
        form_key: None,
    }
}

#[tokio::test]
async fn an_answer_that_the_desk_enters_for_a_unit_says_so() {
    let app = TestApp::new().await;
    let task = app.task_of(&app.verified(&app.telephoned("XA-A").await).await).await;
    let desk = app.as_("truc.ban").await;
    app.answered(&desk, &task).await;
    let page = desk.get(&format!("/tasks/{task}")).await.ok();
    page.sees("Nhập thay đơn vị").sees("Cán bộ truc.ban");
}
