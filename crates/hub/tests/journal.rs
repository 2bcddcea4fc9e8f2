//! The record as an auditor reads it.

use khien_hub::journal::{heads, job, store};
use khien_store::head::SignedHead;
use khien_store::journal::{self, Order};

use crate::harness::{Engine, TestApp};

#[tokio::test]
async fn an_auditor_reads_who_did_what_but_no_words() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let officer = app.as_("so.y").await;
        let form = officer.get("/report").await.ok();
        let (key, unit, detected) =
            (form.input("form_key"), form.input("unit"), form.input("detected"));
        let filled = [
            ("form_key", key.as_str()),
            ("unit", &unit),
            ("detected", &detected),
            ("text", "Máy của bà Hoa kêu lạ"),
            ("asset", "unknown"),
        ];
        officer.upload("/report", &filled, &[]).await.is(303);

        let auditor = app.as_("kiem.toan").await;
        let list = auditor.get("/journal").await.ok();
        let list = list.sees("Tiếp nhận tín hiệu").sees("TH-2026-0001").sees("Cán bộ so.y");
        list.sees_not("bà Hoa");
        let found = auditor.get("/journal?subject=th-2026-0001&actor=so.y").await.ok();
        let found = found.sees("Tiếp nhận tín hiệu").sees_not(">Đăng nhập<");
        let text = found.text();
        let at = text.find("/journal/line/").unwrap();
        let line: String = text[at..].chars().take_while(|c| *c != '"').collect();
        auditor.get(&line).await.ok().sees("TH-2026-0001").sees("high").sees_not("bà Hoa");
        auditor.get("/journal?from=2020-01-01&to=2020-01-02").await.ok().sees("Không có dòng nào");
        auditor.get("/journal/line/999999").await.is(404);
        let page = auditor.get("/journal").await.ok();
        page.sees("Tín hiệu · TH-2026-0001").sees_not("signal:").sees_not("person:");
    }
}

#[tokio::test]
async fn only_the_auditor_reads_the_record() {
    let app = TestApp::new().await;
    for login in ["truc.ban", "dieu.phoi", "lanh.dao", "quan.tri", "so.y", "van.thu"] {
        let other = app.as_(login).await;
        other.get("/journal").await.is(403);
        other.post("/journal/verify", &[]).await.is(403);
    }
}

#[tokio::test]
async fn the_head_is_signed_once_a_day_and_confirms_the_record() {
    let app = TestApp::new().await;
    let auditor = app.as_("kiem.toan").await;
    auditor.get("/journal/head.json").await.is(404);
    job::sign_head(&app).await.unwrap();
    let head = auditor.get("/journal/head.json").await.ok();
    assert!(head.header("content-disposition").contains("khien-head-"));
    let head: SignedHead = serde_json::from_slice(&head.body).unwrap();
    assert!(head.is_genuine());
    let file = app.data().join("heads").join(format!("head-{:09}.json", head.seq));
    let kept: SignedHead = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(kept, head);

    std::fs::remove_file(&file).unwrap();
    job::sign_head(&app).await.unwrap();
    assert!(file.exists(), "a file that could not be written is written in a later round");
    std::fs::write(&file, "the head of a chain that is gone").unwrap();
    job::sign_head(&app).await.unwrap();
    assert_eq!(heads::newest(app.data()).unwrap().unwrap().1, head);
    assert_eq!(last(&app).await, head, "one head a day is enough");
    app.wait(24 * 3600);
    job::sign_head(&app).await.unwrap();
    assert!(last(&app).await.seq > head.seq);

    let auditor = app.as_("kiem.toan").await;
    let order = Order {
        at: app.now(),
        actor: "person:a".to_owned(),
        approver: "person:b".to_owned(),
        reason: "a court's order".to_owned(),
    };
    let mut write = app.db.write().await.unwrap();
    journal::destroy_body(&mut write, 1, order).await.unwrap();
    write.commit().await.unwrap();
    let line = format!("Dòng nhật ký · {}", head.seq);
    let page = auditor.get("/journal").await.ok();
    page.sees(&line).sees("Dòng nhật ký · 1<").sees_not("entry:").sees_not("entry/");
    let verdict = auditor.post("/journal/verify", &[]).await.ok();
    verdict.sees("Nhật ký nguyên vẹn").sees("Khớp với đầu chuỗi đã ký");
}

#[tokio::test]
async fn a_stop_signs_what_was_written_since_the_last_head() {
    let app = TestApp::new().await;
    job::sign_at_stop(&app).await.unwrap();
    let head = last(&app).await;
    assert_eq!(heads::newest(app.data()).unwrap().unwrap().1, head);
    job::sign_at_stop(&app).await.unwrap();
    assert_eq!(last(&app).await, head, "nothing was done in between");
    app.telephoned("XA-A").await;
    job::sign_at_stop(&app).await.unwrap();
    let later = last(&app).await;
    assert!(later.seq > head.seq + 1);
    assert_eq!(heads::newest(app.data()).unwrap().unwrap().1, later);
}

async fn last(app: &TestApp) -> SignedHead {
    let mut conn = app.db.read().await.unwrap();
    store::last_deposit(&mut conn).await.unwrap().unwrap()
}
