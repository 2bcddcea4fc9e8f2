//! A report by its unit, through the desk, and on paper.

use khien_domain::unit::{Contact, ContactPurpose};
use khien_hub::unit;
use khien_hub::web::time;
use uuid::Uuid;

use crate::harness::{Client, TestApp};

const KEY: &str = "01900000-0000-7000-8000-0000000000aa";

/// Fills the fields that every report needs; the page gives the key, the unit and the time.
async fn filled(page: &Client) -> Vec<(&'static str, String)> {
    let form = page.get("/report").await.ok();
    vec![
        ("form_key", form.input("form_key")),
        ("unit", form.input("unit")),
        ("detected", form.input("detected")),
        ("sign", "files_locked".to_owned()),
        ("asset", "unknown".to_owned()),
    ]
}

fn pairs<'a>(form: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    form.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

async fn register_duty_phone(app: &TestApp) {
    let contact = Contact {
        unit: app.world.unit("PA05"),
        name: "Trực ban".to_owned(),
        phone: Some("02333000111".to_owned()),
        email: None,
        purpose: ContactPurpose::Incident,
        valid_from: 0,
        valid_to: None,
    };
    let mut write = app.db.write().await.unwrap();
    unit::store::insert_contact(&mut write, Uuid::now_v7(), &contact).await.unwrap();
    app.record(&mut write, "unit.contact", format!("unit:{}", contact.unit));
    app.commit(write).await.unwrap();
}

#[tokio::test]
async fn a_report_is_filed_with_one_tap_and_stands_in_the_queue() {
    let app = TestApp::new().await;
    register_duty_phone(&app).await;
    let officer = app.as_("so.y").await;
    let form = filled(&officer).await;
    let sent = officer.upload("/report", &pairs(&form), &[]).await.is(303);
    let page = officer.get(sent.location()).await.ok();
    let page = page.sees("TH-2026-0001").sees("Rút dây mạng").sees("0233 3000 111");
    page.sees("data-draft-sent=\"report:");

    let waiting = app.as_("truc.ban").await.json("/api/v1/signals").await;
    assert_eq!(waiting["total"], 1);
    assert_eq!(waiting["items"][0]["level"], "critical");
    assert_eq!(waiting["items"][0]["kind"], "report");
    app.as_("xa.b").await.get(sent.location()).await.is(404);
}

#[tokio::test]
async fn a_picture_goes_along_and_stays_once() {
    let app = TestApp::new().await;
    let officer = app.as_("so.y").await;
    let form = filled(&officer).await;
    let picture: &[(&str, &str, &[u8])] = &[("files", "màn hình.png", b"\x89PNG made of bytes")];
    let sent = officer.upload("/report", &pairs(&form), picture).await.is(303);
    officer.upload("/report", &pairs(&form), picture).await.leads_to(sent.location());
    let page = sent.location().replace("/report/", "/signals/").replace("/sent", "");
    app.as_("truc.ban").await.get(&page).await.ok().sees("màn hình.png");
    let blobs = walk(&app.data().join("blobs"));
    assert_eq!(blobs, 1, "the second sending left no file behind");
}

fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_one_report() {
    let app = TestApp::new().await;
    let officer = app.as_("so.y").await;
    let form = filled(&officer).await;
    let first = officer.upload("/report", &pairs(&form), &[]).await.is(303);
    let again = officer.upload("/report", &pairs(&form), &[]).await.is(303);
    assert_eq!(first.location(), again.location());
    assert_eq!(officer.json("/api/v1/signals").await["total"], 1);
}

#[tokio::test]
async fn a_refused_form_comes_back_as_it_was_typed() {
    let app = TestApp::new().await;
    let officer = app.as_("so.y").await;
    let unit = app.world.unit("SOY").to_string();
    let tomorrow = time::field(app.now() + 24 * 3_600_000_000);
    let form = [
        ("form_key", KEY),
        ("unit", unit.as_str()),
        ("detected", tomorrow.as_str()),
        ("text", "   "),
        ("asset", "unknown"),
        ("technical", "10.0.0.7 <b>lạ</b>"),
    ];
    let back = officer.upload("/report", &form, &[]).await.is(422);
    let back = back.sees("tương lai").sees("ít nhất một dấu hiệu").sees("Còn 2 chỗ");
    assert_eq!(back.input("form_key"), KEY);
    assert_eq!(back.input("detected"), tomorrow);
    back.sees("10.0.0.7 &lt;b&gt;lạ&lt;/b&gt;");
    assert_eq!(officer.json("/api/v1/signals").await["total"], 0);
}

#[tokio::test]
async fn nobody_reports_for_a_unit_of_others() {
    let app = TestApp::new().await;
    let officer = app.as_("so.y").await;
    let mut form = filled(&officer).await;
    form[1].1 = app.world.unit("XA-B").to_string();
    officer.upload("/report", &pairs(&form), &[]).await.is(403);
    form[1].1 = Uuid::nil().to_string();
    officer.upload("/report", &pairs(&form), &[]).await.is(403);
    form[3].1 = "no_such_sign".to_owned();
    officer.upload("/report", &pairs(&form), &[]).await.is(422);
    for login in ["kiem.toan", "quan.tri", "lanh.dao"] {
        app.as_(login).await.get("/report").await.is(403);
    }
    officer.get("/report/on-behalf").await.is(403);
}

#[tokio::test]
async fn a_shared_officer_says_for_which_unit() {
    let app = TestApp::new().await;
    let officer = app.as_("xa.a").await;
    let page = officer.get("/report").await.ok().sees("UBND xã An Bình").sees("Đảng ủy xã An Bình");
    let party = app.world.unit("XA-A-DU").to_string();
    assert_ne!(page.input("form_key"), "");
    let chosen = officer.get(&format!("/report?unit={party}")).await.ok();
    chosen.sees(&format!("name=\"unit\" value=\"{party}\""));
}

#[tokio::test]
async fn the_desk_enters_what_a_unit_tells_by_telephone() {
    let app = TestApp::new().await;
    let desk = app.as_("truc.ban").await;
    let page = desk.get("/report/on-behalf").await.ok().sees("UBND xã Bình Yên");
    let (key, detected) = (page.input("form_key"), page.input("detected"));
    let unit = app.world.unit("XA-B").to_string();
    let mut form = vec![
        ("form_key", key.as_str()),
        ("detected", detected.as_str()),
        ("unit", unit.as_str()),
        ("text", "Không mở được tệp"),
        ("way", "telephone"),
        ("teller_name", "Lê Văn Hùng"),
    ];
    desk.post("/report/on-behalf", &form).await.is(422).sees("Số điện thoại không đúng dạng");
    form.push(("teller_phone", "0233 3000 222"));
    let sent = desk.post("/report/on-behalf", &form).await.is(303);
    assert!(sent.location().starts_with("/signals/"), "{}", sent.location());
    desk.get(sent.location()).await.ok().sees("Không mở được tệp").sees("Lê Văn Hùng");
    app.as_("xa.b").await.get(sent.location()).await.ok();
}

#[tokio::test]
async fn the_paper_form_is_for_everybody() {
    let app = TestApp::new().await;
    let paper = app.stranger().get("/report/paper").await.ok();
    paper.sees("Phiếu báo sự cố").sees("Không ghi nội dung bí mật nhà nước");
}
