//! Incidents over HTTP beside the one job: how they end, who learns what of them, and what stays
//! as it was once they are over.

use khien_domain::time::HOUR;
use khien_hub::web::time::rfc3339;

use crate::harness::{Client, TestApp};

const REASON: (&str, &str) = ("reason", "đã kiểm tra nhật ký máy chủ");

async fn opened(app: &TestApp, unit: &str) -> String {
    app.verified(&app.telephoned(unit).await).await
}

/// Answers, accepts, judges and closes; returns the task.
async fn closed(app: &TestApp, lead: &Client, incident: &str) -> String {
    let path = format!("/incidents/{incident}");
    let task = app.task_of(incident).await;
    app.answered(&app.as_("xa.a").await, &task).await;
    lead.post(&format!("/tasks/{task}/accept"), &[]).await.is(303);
    for deed in ["contain", "recover", "resolve"] {
        lead.post(&format!("{path}/{deed}"), &[]).await.is(303);
    }
    lead.post(&format!("{path}/verdict"), &[("leak", "no_sign"), REASON]).await.is(303);
    lead.post(&format!("{path}/close"), &[]).await.leads_to(&path);
    task
}

#[tokio::test]
async fn nothing_ends_while_a_task_is_owed_or_merges_into_what_is_over() {
    let app = TestApp::new().await;
    let (one, other) = (opened(&app, "XA-A").await, opened(&app, "XA-B").await);
    let lead = app.as_("dieu.phoi").await;
    let path = format!("/incidents/{one}");
    let merge = [("into", "SC-2026-0002"), REASON];
    lead.post(&format!("{path}/void"), &[REASON]).await.is(409).sees("Còn nhiệm vụ chưa xong");
    lead.post(&format!("{path}/merge"), &merge).await.is(409).sees("Còn nhiệm vụ chưa xong");
    for incident in [&one, &other] {
        let task = app.task_of(incident).await;
        lead.post(&format!("/tasks/{task}/withdraw"), &[REASON]).await.is(303);
    }
    lead.post(&format!("/incidents/{other}/void"), &[REASON]).await.is(303);
    lead.post(&format!("{path}/merge"), &merge).await.is(409).sees("không gộp vào được");
    lead.post(&format!("{path}/void"), &[REASON]).await.leads_to(&path);
}

#[tokio::test]
async fn a_task_of_a_closed_incident_stays_as_it_was() {
    let app = TestApp::new().await;
    let lead = app.as_("dieu.phoi").await;
    let incident = opened(&app, "XA-A").await;
    let task = closed(&app, &lead, &incident).await;
    let path = format!("/tasks/{task}");
    lead.get(&path).await.ok().sees_not("/disprove");
    lead.post(&format!("{path}/disprove"), &[REASON]).await.is(409);
    lead.post(&format!("/incidents/{incident}/reopen"), &[REASON]).await.is(303);
    lead.get(&path).await.ok().sees("/disprove");
    lead.post(&format!("{path}/disprove"), &[REASON]).await.leads_to(&path);
}

#[tokio::test]
async fn who_is_only_told_sees_the_card() {
    let app = TestApp::new().await;
    let lead = app.as_("dieu.phoi").await;
    let path = format!("/incidents/{}", opened(&app, "XA-A").await);
    lead.post(&format!("{path}/parties"), &[("unit", "SOY"), ("role", "informed")]).await.is(303);
    lead.post(&format!("{path}/verdict"), &[("leak", "leaked"), REASON]).await.is(303);
    let told = app.as_("so.y").await.get(&path).await.ok().sees("SC-2026-0001");
    let hidden = [REASON.1, "UBND xã An Bình", "Phòng An ninh mạng", "Thời điểm phát hiện"];
    for secret in hidden {
        lead.get(&path).await.ok().sees(secret);
    }
    hidden.into_iter().fold(told, |page, secret| page.sees_not(secret));
}

#[tokio::test]
async fn who_may_not_judge_reads_who_may() {
    let app = TestApp::new().await;
    let path = format!("/incidents/{}", opened(&app, "XA-A").await);
    let who = "Kết luận do cán bộ phân tích hoặc điều phối ghi.";
    app.as_("truc.ban").await.get(&path).await.ok().sees(who);
    app.as_("dieu.phoi").await.get(&path).await.ok().sees_not(who);
}

#[tokio::test]
async fn a_task_sent_again_makes_its_unit_a_party() {
    let app = TestApp::new().await;
    let incident = opened(&app, "XA-A").await;
    let path = format!("/tasks/{}", app.task_of(&incident).await);
    let (lead, heir) = (app.as_("dieu.phoi").await, app.as_("xa.b").await);
    app.as_("xa.a").await.post(&format!("{path}/return"), &[REASON]).await.is(303);
    let gone = app.world.unit("SOY");
    let day = [("day", "2026-03-10"), ("successor", "")];
    app.as_("quan.tri").await.post(&format!("/units/{gone}/dissolve"), &day).await.is(303);
    let resend = format!("{path}/resend");
    lead.post(&resend, &[("unit", "SOY")]).await.is(422).sees("đã giải thể");
    lead.post(&resend, &[("unit", "KHONG-CO")]).await.is(422);
    heir.get(&format!("/incidents/{incident}")).await.is(404);
    lead.post(&resend, &[("unit", "XA-B")]).await.leads_to(&path);
    heir.get(&path).await.ok();
    heir.get(&format!("/incidents/{incident}")).await.ok().sees("UBND xã Bình Yên");
}

#[tokio::test]
async fn a_number_is_shown_only_with_what_it_names() {
    let app = TestApp::new().await;
    let incident = opened(&app, "XA-A").await;
    let signal = app.telephoned("XA-B").await;
    let (desk, unit) = (app.as_("truc.ban").await, app.as_("xa.b").await);
    let path = format!("/signals/{signal}");
    let joined = format!("/incidents/{incident}");
    desk.post(&format!("{path}/verify"), &[("into", &incident)]).await.leads_to(&joined);
    desk.get(&path).await.ok().sees("SC-2026-0001");
    unit.get(&joined).await.is(404);
    unit.get(&path).await.ok().sees_not("SC-2026-0001").sees_not(&incident);
    assert!(unit.json("/api/v1/signals").await["items"][0]["matter"].is_null());
}

#[tokio::test]
async fn closing_is_no_main_button_before_the_verdict() {
    let app = TestApp::new().await;
    let lead = app.as_("dieu.phoi").await;
    let path = format!("/incidents/{}", opened(&app, "XA-A").await);
    for deed in ["contain", "recover", "resolve"] {
        lead.post(&format!("{path}/{deed}"), &[]).await.is(303);
    }
    let button = |class: &str| format!("{path}/close\"><button class=\"{class}\">");
    lead.get(&path).await.ok().sees(&button("button"));
    lead.post(&format!("{path}/verdict"), &[("leak", "unclear"), REASON]).await.is(303);
    lead.get(&path).await.ok().sees(&button("button"));
    lead.post(&format!("{path}/verdict"), &[("leak", "no_sign"), REASON]).await.is(303);
    lead.get(&path).await.ok().sees(&button("button button-main"));
}

#[tokio::test]
async fn a_critical_report_is_offered_as_serious_and_its_task_is_due_in_hours() {
    let app = TestApp::new().await;
    let signal = app.telephoned("XA-A").await;
    let (desk, path) = (app.as_("truc.ban").await, format!("/signals/{signal}/verify"));
    desk.get(&path).await.ok().sees("value=\"serious\" selected");
    let serious = [
        ("into", "open"),
        ("title", "Mã hóa tệp"),
        ("category", "encryption"),
        ("severity", "serious"),
        ("task", "yes"),
        ("task_title", "Rút dây mạng ngay"),
    ];
    desk.post(&path, &serious).await.is(303);
    let task = &app.as_("dieu.phoi").await.json("/api/v1/tasks").await["items"][0];
    assert_eq!(task["due"], rfc3339(app.now() + 4 * HOUR));
}
