//! Incidents over HTTP beside the one job: how they end, who learns what of them, and what stays
//! as it was once they are over.

use khien_domain::time::{DAY, HOUR, SECOND};
use khien_hub::web::time::{field, rfc3339};

use crate::harness::{Client, Engine, TestApp, id_in};

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
    app.law_reported(lead, incident).await;
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
async fn a_merge_keeps_the_clock_of_the_earliest_detection_until_it_is_taken_back() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let mut paths = Vec::new();
        for unit in ["XA-A", "XA-B", "SOY"] {
            let incident = opened(&app, unit).await;
            let lead = app.as_("dieu.phoi").await;
            let task = app.task_of(&incident).await;
            lead.post(&format!("/tasks/{task}/withdraw"), &[REASON]).await.is(303);
            paths.push(format!("/incidents/{incident}"));
            app.wait(2 * DAY / SECOND);
        }
        let [first, second, third] = [&paths[0], &paths[1], &paths[2]];
        let lead = app.as_("dieu.phoi").await;
        let merge = |path: &str| format!("{path}/merge");
        lead.get(third).await.ok().sees_not("clock-late");
        lead.post(&merge(first), &[("into", "SC-2026-0002"), REASON]).await.is(303);
        lead.get(first).await.ok().sees_not("clock-late");
        lead.post(&merge(second), &[("into", "SC-2026-0003"), REASON]).await.is(303);
        lead.get(third).await.ok().sees("clock-late").sees("Tính từ sự cố được phát hiện sớm nhất");
        lead.post(&format!("{second}/unmerge"), &[REASON]).await.is(303);
        lead.get(third).await.ok().sees_not("clock-late");
        lead.get(second).await.ok().sees("clock-late");

        let made = field(app.now() - 5 * DAY);
        let report = [("term", "notice"), ("number", "5/BC"), ("made", &*made)];
        lead.post(&format!("{second}/reports"), &report).await.is(303);
        lead.get(second).await.ok().sees("Đã báo cáo đúng hạn");
        lead.post(&merge(second), &[("into", "SC-2026-0003"), REASON]).await.is(303);
        lead.get(third)
            .await
            .ok()
            .sees("ghi trong hồ sơ sự cố đã gộp")
            .sees("Đã báo cáo đúng hạn")
            .sees_not("5/BC");
    }
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
async fn closing_is_offered_once_it_can_succeed_and_says_before_what_is_missing() {
    let app = TestApp::new().await;
    let lead = app.as_("dieu.phoi").await;
    let incident = opened(&app, "XA-A").await;
    app.law_reported(&lead, &incident).await;
    let path = format!("/incidents/{incident}");
    for deed in ["contain", "recover", "resolve"] {
        lead.post(&format!("{path}/{deed}"), &[]).await.is(303);
    }
    let close = format!("{path}/close");
    let (verdict, tasks) = ("Chưa đánh giá nguy cơ lộ, lọt", "Còn nhiệm vụ chưa xong");
    let page = lead.get(&path).await.ok().sees("Chưa đóng được sự cố vì:");
    page.sees(verdict).sees(tasks).sees_not(&close);
    app.as_("truc.ban").await.get(&path).await.ok().sees_not("Chưa đóng được sự cố");
    let withdraw = format!("/tasks/{}/withdraw", app.task_of(&incident).await);
    lead.post(&withdraw, &[REASON]).await.is(303);
    lead.get(&path).await.ok().sees(verdict).sees_not(tasks).sees_not(&close);
    let judge = format!("{path}/verdict");
    lead.post(&judge, &[("leak", "unclear"), REASON]).await.is(303);
    lead.get(&path).await.ok().sees("không phải là kết luận để đóng").sees_not(&close);
    lead.post(&judge, &[("leak", "leaked"), REASON]).await.is(303);
    lead.get(&path).await.ok().sees("Cần một người thứ hai").sees_not(&close);
    lead.post(&judge, &[("leak", "no_sign"), REASON]).await.is(303);
    let button = format!("{close}\"><button class=\"button button-main\">");
    lead.get(&path).await.ok().sees(&button).sees_not("Chưa đóng được sự cố");
}

#[tokio::test]
async fn what_was_merged_is_named_to_who_may_know_of_it() {
    let app = TestApp::new().await;
    let (one, other) = (opened(&app, "XA-A").await, opened(&app, "XA-B").await);
    let lead = app.as_("dieu.phoi").await;
    let (path, target) = (format!("/incidents/{one}"), format!("/incidents/{other}"));
    let form = format!("{path}/merge");
    lead.get(&path).await.ok().sees("Còn nhiệm vụ chưa xong").sees_not(&form);
    let withdraw = format!("/tasks/{}/withdraw", app.task_of(&one).await);
    lead.post(&withdraw, &[REASON]).await.is(303);
    lead.get(&path).await.ok().sees_not("Còn nhiệm vụ chưa xong").sees(&form);
    lead.get(&target).await.ok().sees_not("Đã gộp vào sự cố này");
    lead.post(&form, &[("into", "SC-2026-0002"), REASON]).await.is(303);
    let link = format!("<a href=\"{path}\">SC-2026-0001</a>");
    lead.get(&target).await.ok().sees("Đã gộp vào sự cố này").sees(&link);
    let unit = app.as_("xa.b").await.get(&target).await.ok();
    unit.sees_not("SC-2026-0001").sees_not("Đã gộp vào sự cố này").sees_not(&one);
}

#[tokio::test]
async fn every_finished_step_keeps_its_time_also_when_all_is_closed() {
    let app = TestApp::new().await;
    let lead = app.as_("dieu.phoi").await;
    let incident = opened(&app, "XA-A").await;
    let path = format!("/incidents/{incident}");
    let task = app.task_of(&incident).await;
    lead.post(&format!("/tasks/{task}/withdraw"), &[REASON]).await.is(303);
    for deed in ["contain", "recover", "resolve"] {
        app.wait(60);
        lead.post(&format!("{path}/{deed}"), &[]).await.is(303);
    }
    app.wait(60);
    lead.post(&format!("{path}/verdict"), &[("leak", "no_sign"), REASON]).await.is(303);
    app.law_reported(&lead, &incident).await;
    app.wait(60);
    lead.post(&format!("{path}/close"), &[]).await.leads_to(&path);
    let page = lead.get(&path).await.ok().text();
    let (_, steps) = page.split_once("<ol class=\"steps\"").unwrap();
    let (steps, _) = steps.split_once("</ol>").unwrap();
    let times = steps.split("<time ").skip(1).map(|time| time.split_once("</time>").unwrap().0);
    let times: Vec<&str> = times.collect();
    assert_eq!(times.len(), 5, "{steps}");
    assert!(times.is_sorted_by(|a, b| a < b), "{steps}");
}

/// Everything but the closing, with no statutory report made.
async fn ready_to_close(app: &TestApp, lead: &Client, incident: &str) {
    let path = format!("/incidents/{incident}");
    lead.post(&format!("/tasks/{}/withdraw", app.task_of(incident).await), &[REASON]).await.is(303);
    for deed in ["contain", "recover", "resolve"] {
        lead.post(&format!("{path}/{deed}"), &[]).await.is(303);
    }
    lead.post(&format!("{path}/verdict"), &[("leak", "no_sign"), REASON]).await.is(303);
}

#[tokio::test]
async fn who_closes_with_a_report_owed_says_why_and_the_clock_stays() {
    let app = TestApp::new().await;
    let lead = app.as_("dieu.phoi").await;
    let incident = opened(&app, "XA-A").await;
    let (path, close) = (format!("/incidents/{incident}"), format!("/incidents/{incident}/close"));
    ready_to_close(&app, &lead, &incident).await;
    app.wait(6 * DAY / SECOND);
    let lead = app.as_("dieu.phoi").await;
    lead.get(&path).await.ok().sees("Còn báo cáo chưa gửi theo quy định").sees("clock-late");
    lead.post(&close, &[("reason", "  ")]).await.is(409).sees("Còn 1 báo cáo theo luật chưa gửi");
    let why = ("reason", "Văn thư gửi sáng thứ hai");
    lead.post(&close, &[why]).await.leads_to(&path);
    let closed = lead.get(&path).await.ok();
    closed
        .sees("Đã đóng khi còn báo cáo chưa gửi")
        .sees(why.1)
        .sees("clock-late")
        .sees("chưa báo cáo");
    lead.get("/incidents?state=closed").await.ok().sees("clock-late");

    app.law_reported(&lead, &incident).await;
    let made = lead.get(&path).await.ok();
    made.sees("77/BC-CAT")
        .sees("Đã báo cáo, trễ")
        .sees("Đã đóng khi còn báo cáo")
        .sees_not("clock-late");
    lead.post(&format!("{path}/reopen"), &[REASON]).await.is(303);
    let open = lead.get(&path).await.ok();
    open.sees("77/BC-CAT").sees_not("Đã đóng khi còn báo cáo chưa gửi");
}

#[tokio::test]
async fn a_statutory_report_is_recorded_by_the_lead_as_it_was_made() {
    let app = TestApp::new().await;
    let lead = app.as_("dieu.phoi").await;
    let incident = opened(&app, "XA-A").await;
    let reports = format!("/incidents/{incident}/reports");
    let made = field(app.now());
    let tomorrow = field(app.now() + DAY);
    let form = |term, number, made| [("term", term), ("number", number), ("made", made)];
    app.as_("xa.a").await.post(&reports, &form("notice", "1", &made)).await.is(403);
    lead.post(&reports, &form("first_notice", "1", &made)).await.is(422);
    lead.post(&reports, &form("notice", " ", &made)).await.is(422);
    lead.post(&reports, &form("notice", "1", &tomorrow)).await.is(422);
    lead.post(&reports, &form("notice", "1", "hôm qua")).await.is(422);
    lead.post(&reports, &form("notice", "12/BC", &made)).await.is(303);
    let page = lead.get(&format!("/incidents/{incident}")).await.ok();
    page.sees("12/BC")
        .sees("Đã báo cáo đúng hạn")
        .sees("Cán bộ dieu.phoi")
        .sees_not("chưa báo cáo");
    app.law_reported(&lead, &incident).await;
    let page = lead.get(&format!("/incidents/{incident}")).await.ok();
    page.sees("77/BC-CAT").sees_not("12/BC");
}

#[tokio::test]
async fn the_first_task_follows_the_chosen_class() {
    let app = TestApp::new().await;
    let (desk, signal) = (app.as_("truc.ban").await, app.telephoned("XA-A").await);
    let path = format!("/signals/{signal}/verify");
    let page = desk.get(&path).await.ok();
    page.sees("value=\"encryption\" selected")
        .sees("Rút dây mạng ngay")
        .sees("Kiểm tra đường truyền");
    let form = [
        ("into", "open"),
        ("title", "Trang không vào được"),
        ("category", "dos"),
        ("severity", "high"),
        ("task", "yes"),
        ("task_title", ""),
        ("task_details", ""),
    ];
    let incident = id_in(desk.post(&path, &form).await.is(303).location());
    let task = format!("/tasks/{}", app.task_of(&incident).await);
    let page = app.as_("xa.a").await.get(&task).await.ok();
    let asked = page.sees("Kiểm tra đường truyền và máy chủ").sees("dịch vụ nào ngừng");
    asked.sees("cần ít nhất một trong hai").sees("Cần minh chứng: ghi rõ đã làm gì");
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
