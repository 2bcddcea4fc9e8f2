//! The first page of everybody: the board, a unit's own page, the doors of those who read no
//! matter; and the live link.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use khien_domain::id::{SignalId, UnitId};
use khien_domain::signal::{Kind as Signal, Level};
use khien_hub::access::session::{self, Kind};
use khien_hub::router::router;
use khien_hub::signal;
use khien_hub::signal::store::NewSignal;
use khien_hub::web::view::View;
use tokio::time::timeout;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::harness::{Client, Engine, TestApp};

/// Files a report of the signed-in officer; returns the number of the signal.
async fn report(officer: &Client, sign: &str) -> String {
    let form = officer.get("/report").await.ok();
    let (key, unit, detected) =
        (form.input("form_key"), form.input("unit"), form.input("detected"));
    let filled = [
        ("form_key", key.as_str()),
        ("unit", &unit),
        ("detected", &detected),
        ("sign", sign),
        ("asset", "unknown"),
    ];
    let sent = officer.upload("/report", &filled, &[]).await.is(303);
    let page = officer.get(sent.location()).await.ok().text();
    let at = page.find("TH-").unwrap();
    page[at..at + "TH-2026-0001".len()].to_owned()
}

#[tokio::test]
async fn everybody_begins_on_a_page_of_their_own() {
    let app = TestApp::new().await;
    for login in ["truc.ban", "phan.tich", "dieu.phoi", "phe.duyet", "lanh.dao"] {
        app.as_(login).await.get("/").await.ok().sees("data-board=\"/board/rows");
    }
    for login in ["so.y", "truong.xa.a", "vien.thong", "van.thu"] {
        let page = app.as_(login).await.get("/").await.ok();
        page.sees("report-button").sees_not("data-board");
    }
    app.as_("kiem.toan")
        .await
        .get("/")
        .await
        .ok()
        .sees("href=\"/journal\"")
        .sees_not("report-button");
    app.as_("quan.tri").await.get("/").await.ok().sees("href=\"/people\"").sees_not("/journal");
    app.stranger().get("/").await.leads_to("/login");
}

#[tokio::test]
async fn the_queue_is_in_the_order_of_the_time_left() {
    let app = TestApp::new().await;
    let slow = report(&app.as_("so.y").await, "service_down").await;
    app.wait(60);
    let urgent = report(&app.as_("xa.b").await, "files_locked").await;
    let duty = app.as_("truc.ban").await;
    let page = duty.get("/").await.ok().text();
    let place = |number: &str| page.find(number).unwrap_or_else(|| panic!("{number} is missing"));
    assert!(place(&urgent) < place(&slow), "a critical signal is due earlier");

    let rows = duty.get("/board/rows?level=critical").await.ok().sees(&urgent).sees_not(&slow);
    assert!(rows.text().starts_with("<tr"), "bare rows only");
    duty.get("/board/rows?kind=incident").await.ok().sees_not("<tr");
    duty.get("/?q=binh+yen").await.ok().sees(&urgent).sees_not(&slow);
    let unit = app.world.unit("SOY");
    duty.get(&format!("/?unit={unit}")).await.ok().sees(&slow).sees_not(&urgent);
    assert!(page.contains("tile tile-critical"), "the map shows the worst unit");
    app.as_("so.y").await.get("/board/rows").await.is(403);
}

/// The script takes rows in by reading the page again, part by part.
#[tokio::test]
async fn what_the_script_reads_again_tells_of_the_same_rows() {
    let app = TestApp::new().await;
    let duty = app.as_("truc.ban").await;
    let parts = ["board-shift", "board-list", "board-province"];
    let mut empty = duty.get("/").await.ok();
    empty = empty.sees("Không còn việc nào chờ").sees("Tất cả: 0").sees("nay: 0");
    empty = empty.sees_not("href=\"/?unit=");
    report(&app.as_("so.y").await, "files_locked").await;
    let mut full = duty.get("/").await.ok();
    full = full.sees_not("Không còn việc nào chờ").sees("Tất cả: 1").sees("nay: 1");
    full = full.sees("class=\"tile tile-critical\" href=\"/?unit=");
    for part in parts {
        let part = format!("id=\"{part}\" data-again");
        (empty, full) = (empty.sees(&part), full.sees(&part));
    }
}

fn alert(unit: UnitId, level: Level, title: &str, at: i64) -> NewSignal {
    NewSignal {
        id: SignalId::new(Uuid::now_v7()),
        kind: Signal::Alert,
        level,
        unit,
        asset: None,
        source: None,
        title: title.to_owned(),
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
async fn a_flood_hides_nothing_critical_and_is_counted() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let mut write = app.db.write().await.unwrap();
        let (flooded, quiet) = (app.world.unit("XA-A"), app.world.unit("SOY"));
        for n in 0..230 {
            let new = alert(flooded, Level::High, &format!("Dò mật khẩu {n}"), app.now() + n);
            signal::receive(&app, &mut write, &new, "test".to_owned()).await.unwrap();
        }
        for (unit, level, title) in
            [(flooded, Level::Critical, "Xóa bản sao"), (quiet, Level::High, "Web shell")]
        {
            let new = alert(unit, level, title, app.now() + 1_000);
            signal::receive(&app, &mut write, &new, "test".to_owned()).await.unwrap();
        }
        write.commit().await.unwrap();
        let duty = app.as_("truc.ban").await;
        let page = duty.get("/").await.ok().sees("Xóa bản sao").sees("232").sees("còn 32 tín hiệu");
        page.sees_not("Web shell");
        duty.get("/?q=web+shell").await.ok().sees("Web shell").sees_not("Dò mật khẩu");
        duty.get(&format!("/?unit={quiet}")).await.ok().sees("Web shell").sees_not("Dò mật khẩu");
        let rows = duty.get("/board/rows?level=critical").await.ok();
        rows.sees("Xóa bản sao").sees_not("Dò mật khẩu");
        for odd in ["level=%00", "unit=%00", "q=%00", "kind=%00", "unit=x"] {
            duty.get(&format!("/board/rows?{odd}")).await.ok();
        }
    }
}

#[tokio::test]
async fn a_unit_finds_its_own_reports_only() {
    let app = TestApp::new().await;
    let own = report(&app.as_("so.y").await, "service_down").await;
    app.as_("so.y").await.get("/").await.ok().sees(&own).sees("Chờ xác minh");
    app.as_("xa.b").await.get("/").await.ok().sees_not(&own);
}

/// An open stream, read event by event.
struct Live(Body);

impl Live {
    async fn open(app: &TestApp, login: &str) -> Self {
        let person = app.world.person(login);
        let view = View { address: "127.0.0.1".to_owned(), ..View::default() };
        let write = app.db.write().await.unwrap();
        let token = session::open(&app.app, write, person, Kind::Web, &view).await.unwrap();
        let request = Request::get("/stream")
            .header(header::COOKIE, format!("khien={token}"))
            .body(Body::empty())
            .unwrap();
        let reply = router(app.app.clone()).oneshot(request).await.unwrap();
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()[header::CONTENT_TYPE], "text/event-stream");
        let mut live = Self(reply.into_body());
        assert!(live.next().await.unwrap().starts_with("event: beat"));
        live
    }

    /// Returns the next event; nothing when the stream has ended.
    async fn next(&mut self) -> Option<String> {
        let frame = timeout(Duration::from_secs(60), self.0.frame()).await.expect("an event")?;
        Some(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
    }

    /// Returns whether nothing comes for a while.
    async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(300), self.0.frame()).await.is_err()
    }
}

#[tokio::test]
async fn the_live_link_tells_only_of_what_its_reader_may_see() {
    let app = TestApp::new().await;
    let mut duty = Live::open(&app, "truc.ban").await;
    let mut other = Live::open(&app, "xa.b").await;
    report(&app.as_("so.y").await, "service_down").await;
    let mut told = String::new();
    while !(told.contains("event: queue") && told.contains("event: inbox")) {
        told.push_str(&duty.next().await.unwrap());
    }
    assert!(told.contains("event: inbox\ndata: 1"), "{told}");
    assert!(!told.contains("TH-2026"), "an event carries no content: {told}");
    assert!(other.is_silent().await, "another unit's officer is told nothing");
}

#[tokio::test]
async fn who_is_not_signed_in_is_told_so_in_a_status() {
    let app = TestApp::new().await;
    app.stranger().get("/stream").await.is(401);
}

#[tokio::test]
async fn the_live_link_ends_with_its_session() {
    let app = TestApp::new().await;
    let mut duty = Live::open(&app, "truc.ban").await;
    app.wait(i64::from(app.config.access.idle_minutes) * 60);
    report(&app.as_("so.y").await, "service_down").await;
    assert_eq!(duty.next().await, None, "an ended session learns of nothing");
}
