//! Units, assets and accounts: what their pages do, and what a sheet does to them.

use khien_domain::access::{Depth, Grant, Role};
use khien_domain::asset::host_key;
use khien_hub::access::people::{self, PrintedSlip};
use khien_hub::import::{self, Kind, Outcome};
use khien_hub::sheet::Summary;
use khien_hub::web::view::View;
use khien_hub::{asset, unit};

use crate::harness::{Engine, TestApp, insert_grant};

/// A spreadsheet of 150 units as it is exported here.
fn units_of_a_province() -> String {
    let mut file = "\u{feff}Mã đơn vị;Tên đơn vị;Loại;Mã đơn vị cấp trên;Từ ngày\r\n".to_owned();
    for n in 1..=150 {
        file.push_str(&format!("MOI{n};UBND xã mới số {n};UBND xã, phường;TINH;01/01/2026\r\n"));
    }
    file
}

async fn import(app: &TestApp, kind: Kind, file: &str) -> (Summary, Vec<PrintedSlip>) {
    let caller = people::acting(app, Some("quan.tri")).await.unwrap();
    match import::import(app, &caller, kind, file.as_bytes(), false).await.unwrap() {
        Outcome::Sound { summary, slips } => (summary, slips),
        Outcome::Faulty(problems) => panic!("{problems:?}"),
    }
}

#[tokio::test]
async fn a_sheet_of_150_units_is_taken_once_on_both_engines() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let (first, _) = import(&app, Kind::Units, &units_of_a_province()).await;
        assert_eq!(first.changes.len(), 150);
        let (again, _) = import(&app, Kind::Units, &units_of_a_province()).await;
        assert_eq!((again.changes.len(), again.same), (0, 150));
        let clerk = app.as_("van.thu").await;
        clerk.get("/units?q=xa+moi+so+77").await.ok().sees("UBND xã mới số 77");
        let page = clerk.json("/api/v1/units?limit=5").await;
        assert_eq!((page["items"].as_array().unwrap().len(), &page["total"]), (5, &158.into()));
    }
}

#[tokio::test]
async fn a_trial_and_a_faulty_sheet_write_nothing() {
    let app = TestApp::new().await;
    let caller = people::acting(&app, None).await.unwrap();
    let sound = units_of_a_province();
    let faulty = format!("{sound}MOI7;trùng mã;UBND xã;TINH;01/01/2026\r\n");
    for (file, trial) in [(&sound, true), (&faulty, false)] {
        let bytes = file.as_bytes();
        let outcome = import::import(&app, &caller, Kind::Units, bytes, trial).await.unwrap();
        assert_eq!(matches!(outcome, Outcome::Faulty(_)), !trial);
        let mut conn = app.db.read().await.unwrap();
        assert_eq!(unit::store::tree(&mut conn).await.unwrap().units().count(), 8);
    }
}

#[tokio::test]
async fn a_dissolved_commune_passes_its_rights_to_its_successor() {
    let app = TestApp::new().await;
    let dissolved = format!("/units/{}", app.world.unit("XA-B"));
    let admin = app.as_("quan.tri").await;
    let file = "unit,name,kind,host\nXA-B,Máy kế toán,máy trạm,XAB-PC01.local\n";
    import(&app, Kind::Systems, file).await;
    let heir = app.as_("xa.a").await;
    heir.get("/assets-register").await.ok().sees_not("Máy kế toán");
    let form = [("day", "2026-03-10"), ("successor", "XA-A")];
    admin.post(&format!("{dissolved}/dissolve"), &form).await.leads_to(&dissolved);
    heir.get("/assets-register").await.ok().sees("Máy kế toán");
    app.as_("xa.b").await.get("/assets-register").await.ok().sees_not("Máy kế toán");
    admin.post(&format!("{dissolved}/dissolve"), &form).await.is(409);
}

#[tokio::test]
async fn a_unit_is_added_changed_and_called() {
    let app = TestApp::new().await;
    let admin = app.as_("quan.tri").await;
    let form = [
        ("code", "xa-moi"),
        ("name", "UBND xã Mới"),
        ("kind", "commune_committee"),
        ("parent", "TINH"),
        ("valid_from", "2026-01-01"),
    ];
    let added = admin.post("/units/new", &form).await.is(303);
    let page = added.location().to_owned();
    admin.post("/units/new", &form).await.is(422).sees("Mã đơn vị này đã có");
    let contact = [("purpose", "incident"), ("name", "Trực ban"), ("phone", "+84 912 345 678")];
    for _ in 0..2 {
        admin.post(&format!("{page}/contacts"), &contact).await.leads_to(&page);
    }
    let seen = app.as_("xa.a").await.get(&page).await.ok().sees("tel:0912345678");
    assert_eq!(seen.text().matches("tel:0912345678").count(), 1, "a form sent twice adds one");
    app.as_("xa.a").await.post(&format!("{page}/contacts"), &contact).await.is(403);
}

#[tokio::test]
async fn an_event_finds_its_machine_until_it_is_retired() {
    let app = TestApp::new().await;
    let officer = app.as_("xa.a").await;
    let form = [
        ("unit", "XA-A"),
        ("sort", "device"),
        ("name", "Máy văn thư"),
        ("hosts", "XAA-PC01.xaa.local\n10.9.0.7"),
    ];
    let page = officer.post("/assets-register/new", &form).await.is(303).location().to_owned();
    officer.post("/assets-register/new", &form).await.leads_to(&page);
    let taken = [("unit", "XA-A"), ("sort", "device"), ("name", "Máy khác"), ("hosts", "xaa-pc01")];
    officer.post("/assets-register/new", &taken).await.is(422).sees("xaa-pc01");
    let key = host_key("XAA-PC01");
    let owner = || async {
        let mut conn = app.db.read().await.unwrap();
        let unit = app.world.unit("TINH");
        asset::store::by_host(&mut conn, &key, unit).await.unwrap().map(|found| found.1)
    };
    assert_eq!(owner().await, Some(app.world.unit("XA-A")));
    app.as_("xa.b").await.get(&page).await.is(404);
    app.as_("quan.tri").await.get(&page).await.is(404);
    officer.post(&format!("{page}/retire"), &[]).await.leads_to(&page);
    assert_eq!(owner().await, None);
}

#[tokio::test]
async fn a_right_to_read_needs_a_second_person() {
    let app = TestApp::new().await;
    let admin = app.as_("quan.tri").await;
    let person = format!("/people/{}", app.world.person("xa.b"));
    let unit = app.world.unit("SOY").to_string();
    let form = [("role", "unit_officer"), ("unit", unit.as_str())];
    admin.post(&format!("{person}/grants"), &form).await.leads_to(&person);
    admin.get(&person).await.ok().sees("Chờ duyệt");
    let pending = app.as_("phe.duyet").await.get("/grants").await.ok();
    let page = pending.text();
    let (_, rest) = page.split_once("/grants/").expect("the approver sees it");
    let approve = format!("/grants/{}/approve", &rest[..36]);
    admin.post(&approve, &[]).await.is(409).sees("người thứ hai");
    app.as_("xa.b").await.post(&approve, &[]).await.is(403);
    app.as_("phe.duyet").await.post(&approve, &[]).await.leads_to("/grants");
    admin.get(&person).await.ok().sees("Đang có hiệu lực");
}

#[tokio::test]
async fn an_administrator_does_not_make_a_second_person() {
    let app = TestApp::new().await;
    let admin = app.as_("quan.tri").await;
    let unit = app.world.unit("TINH").to_string();
    let puppet = format!("/people/{}", app.world.person("kiem.toan"));
    let form = [("role", "administrator"), ("unit", unit.as_str()), ("subtree", "yes")];
    admin.post(&format!("{puppet}/grants"), &form).await.leads_to(&puppet);
    admin.get(&puppet).await.ok().sees("Chờ duyệt");

    let approver = format!("/people/{}", app.world.person("phe.duyet"));
    admin.post(&format!("{approver}/disable"), &[]).await.leads_to(&approver);
    let officer = format!("/people/{}", app.world.person("xa.b"));
    let form = [("role", "coordinator"), ("unit", unit.as_str()), ("subtree", "yes")];
    admin.post(&format!("{officer}/grants"), &form).await.leads_to(&officer);
    admin.get(&officer).await.ok().sees("Chờ duyệt");
}

#[tokio::test]
async fn a_reset_is_for_who_administers_all_of_it_and_never_silent() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let local = Grant {
            person: app.world.person("kiem.toan"),
            role: Role::Administrator,
            unit: app.world.unit("PA05"),
            subtree: true,
            ceiling: Depth::None,
        };
        let mut write = app.db.write().await.unwrap();
        insert_grant(&mut write, app.now(), &local, "active").await;
        app.record(&mut write, "grant.test", "person:test".to_owned());
        app.commit(write).await.unwrap();
        let reset = format!("/people/{}/slip", app.world.person("dieu.phoi"));
        let called = [("called_back", "yes")];
        app.as_("kiem.toan").await.post(&reset, &called).await.is(403);
        app.as_("quan.tri").await.post(&reset, &called).await.ok().sees("slip-code");
        for told in ["dieu.phoi", "phe.duyet"] {
            let inbox = app.as_(told).await.get("/inbox").await.ok();
            inbox.sees("được cấp lại").sees("dieu.phoi");
        }
        app.as_("truc.ban").await.get("/inbox").await.ok().sees_not("được cấp lại");
    }
}

#[tokio::test]
async fn a_slip_is_shown_once_used_once_and_reset_only_by_call_back() {
    let app = TestApp::new().await;
    let file = "login,name,unit,role,phone\ncan.bo.moi,Cán bộ Mới,XA-A,unit_officer,0912345678\n";
    let (_, slips) = import(&app, Kind::People, file).await;
    let [slip] = slips.as_slice() else { panic!("one slip for one new officer") };
    let (again, none) = import(&app, Kind::People, file).await;
    assert_eq!((again.changes.len(), none.len()), (0, 0));
    let door = app.stranger();
    let form = [("code", slip.code.as_str()), ("password", "bốn mùa hoa nở bên sông")];
    door.post("/activate", &form).await.leads_to("/login?activated=can.bo.moi");
    door.post("/activate", &form).await.is(422);
    let admin = app.as_("quan.tri").await;
    let reset = format!("/people/{}/slip", slip.account.id);
    admin.post(&reset, &[]).await.is(409).sees("gọi lại");
    let page = admin.post(&reset, &[("called_back", "yes")]).await.ok().sees("slip-code");
    assert!(!page.text().contains(&slip.code));
}

#[tokio::test]
async fn a_closed_account_is_out_at_once_and_nobody_closes_their_own() {
    let app = TestApp::new().await;
    let admin = app.as_("quan.tri").await;
    let officer = app.as_("xa.b").await;
    let person = format!("/people/{}", app.world.person("xa.b"));
    admin.post(&format!("{person}/disable"), &[]).await.leads_to(&person);
    officer.get("/account").await.leads_to("/login?next=/account");
    admin.post(&format!("{person}/enable"), &[]).await.leads_to(&person);
    let own = format!("/people/{}/disable", app.world.person("quan.tri"));
    admin.post(&own, &[]).await.is(409);
}

#[tokio::test]
async fn in_an_empty_province_the_first_sheet_needs_no_second_person() {
    let (app, _folder) = crate::harness::open(Engine::Lite, |_| ()).await.unwrap();
    khien_hub::access::first::first_administrator(&app).await.unwrap().unwrap();
    let caller = people::acting(&app, None).await.unwrap();
    let units = "code,name,kind\nHUE,Tỉnh Thử,Tỉnh\n";
    let sheets = [
        (Kind::Units, units.to_owned()),
        (Kind::People, "login,name,unit,role\ntruc.a,Trực A,HUE,duty_officer\n".to_owned()),
    ];
    for (kind, file) in sheets {
        let done = import::import(&app, &caller, kind, file.as_bytes(), false).await.unwrap();
        assert!(matches!(done, Outcome::Sound { .. }), "{}", kind.code());
    }
    let acting = people::acting(&app, Some("truc.a")).await.unwrap();
    assert_eq!(acting.person.grants[0].role, Role::DutyOfficer);
    let mut conn = app.db.read().await.unwrap();
    let tree = unit::store::tree(&mut conn).await.unwrap();
    assert_eq!(tree.units().map(|u| u.code.as_str()).collect::<Vec<_>>(), ["HUE"]);
}

#[tokio::test]
async fn a_unit_ends_on_its_day_without_anybody_pressing_a_button() {
    let app = TestApp::new().await;
    let file = "code,name,kind,valid_to,successor\nXA-B,UBND xã Bình Yên,UBND xã,10/03/2026,XA-A\n";
    import(&app, Kind::Units, file).await;
    import(&app, Kind::Systems, "unit,name,kind\nXA-B,Máy cũ,máy trạm\n").await;
    let heir = app.as_("xa.a").await;
    heir.get("/assets-register").await.ok().sees_not("Máy cũ");
    app.wait(24 * 3600);
    unit::job::keep_scope(&app).await.unwrap();
    let heir_later = app.as_("xa.a").await;
    heir_later.get("/assets-register").await.ok().sees("Máy cũ");
}

#[tokio::test]
async fn every_fault_of_a_sheet_is_told_in_the_readers_language() {
    let app = TestApp::new().await;
    let caller = people::acting(&app, None).await.unwrap();
    let file = "Mã đơn vị,Tên,Loại,Cấp độ\nXA-A,Cổng,cổng TTĐT,9\nKHONG,Máy,camera,\n";
    let outcome = import::import(&app, &caller, Kind::Systems, file.as_bytes(), false).await;
    let Ok(Outcome::Faulty(problems)) = outcome else { panic!("the sheet has faults") };
    let view = View::default();
    let sentences: Vec<String> = problems.0.iter().map(|p| p.sentence(&view)).collect();
    let expected = [
        "Dòng 2, cột “Cấp độ”: Cấp độ phải từ 1 đến 5.",
        "Dòng 3, cột “Mã đơn vị”: Không có đơn vị mang mã “KHONG”.",
    ];
    assert_eq!(sentences, expected);
}
