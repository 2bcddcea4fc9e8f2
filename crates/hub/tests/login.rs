//! Entering and leaving the house: log-in, session, language, and the frame around every answer.

use khien_hub::access::login::{self, slip_code};
use khien_hub::access::session::{self, Kind};
use khien_hub::access::store::{self, SlipRow};
use khien_hub::web::view::View;
use serde_json::json;

use crate::harness::{Engine, TestApp, password};

#[tokio::test]
async fn the_right_password_opens_and_a_wrong_one_tells_nothing() {
    for engine in Engine::BOTH {
        let Some(app) = TestApp::on(engine).await else { continue };
        let door = app.stranger();
        let right = password("truc.ban");
        let form = [("login", "Truc.Ban"), ("password", right.as_str()), ("next", "/signals")];
        let opened = door.post("/login", &form).await.leads_to("/signals");
        let duty = door.signed_in(&opened);
        duty.get("/account").await.ok().sees("Cán bộ truc.ban");

        let wrong = door.post("/login", &[("login", "truc.ban"), ("password", "x")]).await;
        let nobody = door.post("/login", &[("login", "khong.ai"), ("password", "x")]).await;
        let sentence = "Tên đăng nhập hoặc mật khẩu không đúng";
        let (wrong, nobody) = (wrong.is(401).sees(sentence), nobody.is(401).sees(sentence));
        let words = |page: String, login| page.replace(login, "");
        assert_eq!(words(wrong.text(), "truc.ban"), words(nobody.text(), "khong.ai"));
    }
}

#[tokio::test]
async fn guessing_is_slowed_even_with_the_right_password() {
    let app = TestApp::new().await;
    let door = app.stranger();
    let mut guesses = 0;
    loop {
        let reply = door.post("/login", &[("login", "xa.b"), ("password", "x")]).await;
        if reply.status == 429 {
            assert!(reply.header("retry-after").parse::<u64>().unwrap() <= 31);
            break;
        }
        reply.is(401);
        guesses += 1;
        assert!(guesses < 100, "nobody slows the guessing");
    }
    let right = password("xa.b");
    door.post("/login", &[("login", "xa.b"), ("password", &right)]).await.is(429);
    let neighbour = password("xa.a");
    door.post("/login", &[("login", "xa.a"), ("password", &neighbour)]).await.leads_to("/");
}

#[tokio::test]
async fn a_machine_signs_in_and_is_told_in_json() {
    let app = TestApp::new().await;
    let door = app.stranger();
    let wanted = json!({ "login": "truc.ban", "password": password("truc.ban") });
    let token = door.post_json("/api/v1/login", &wanted).await.ok().json()["token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let signals = door.with("authorization", &bearer).json("/api/v1/signals").await;
    assert_eq!(signals, json!({ "items": [], "total": 0, "next": null }));

    let wrong = json!({ "login": "truc.ban", "password": "x" });
    let told = door.post_json("/api/v1/login", &wrong).await.is(401);
    assert_eq!(told.header("content-type"), "application/problem+json");
    assert_eq!(told.json()["code"], "wrong_login");
    door.get("/api/v1/signals").await.is(401);
}

#[tokio::test]
async fn who_leaves_is_out_and_who_knocks_is_led_to_the_door_and_back() {
    let app = TestApp::new().await;
    let duty = app.as_("truc.ban").await;
    duty.get("/account").await.ok();
    duty.post("/logout", &[]).await.leads_to("/login");
    duty.get("/account").await.leads_to("/login?next=/account");
    let led = duty.get("/signals?q=mã").await;
    assert!(led.location().starts_with("/login?next=/signals%3Fq%3D"), "{}", led.location());

    let right = password("truc.ban");
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
        let form = [("login", "truc.ban"), ("password", right.as_str()), ("next", next)];
        app.stranger().post("/login", &form).await.leads_to("/");
    }
}

#[tokio::test]
async fn a_form_from_another_site_changes_nothing() {
    let app = TestApp::new().await;
    let duty = app.as_("truc.ban").await;
    let elsewhere = duty.with("sec-fetch-site", "cross-site");
    elsewhere.post("/logout", &[]).await.is(403).sees("trang khác");
    let origin = duty.with("origin", "https://evil.example").with("host", "khien.example");
    origin.post("/logout", &[]).await.is(403);
    duty.with("sec-fetch-site", "same-origin").get("/account").await.ok();
}

#[tokio::test]
async fn a_session_ends_by_idleness_and_by_age() {
    let app = TestApp::new().await;
    let idle = i64::from(app.config.access.idle_minutes) * 60;
    let duty = app.as_("truc.ban").await;
    app.wait(idle - 1);
    duty.get("/account").await.ok();
    app.wait(idle - 1);
    duty.get("/account").await.ok();
    app.wait(idle);
    duty.get("/account").await.is(303);

    let busy = app.as_("truc.ban").await;
    let hours = i64::from(app.config.access.session_hours);
    for _ in 0..hours * 2 - 1 {
        app.wait(1800);
        busy.get("/account").await.ok();
    }
    app.wait(1800);
    busy.get("/account").await.is(303);
}

#[tokio::test]
async fn every_answer_wears_the_strict_headers() {
    let app = TestApp::new().await;
    let duty = app.as_("truc.ban").await;
    let none = duty.get("/signals/01900000-0000-7000-8000-000000000000").await.is(404);
    for reply in [app.stranger().get("/login").await.ok(), duty.get("/account").await.ok(), none] {
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("referrer-policy"), "same-origin");
        let page = reply.text();
        assert!(!page.contains("style=") && !page.contains("onclick="), "{page}");
    }
    let css = app.stranger().get("/assets/app.css").await.ok();
    assert!(css.header("content-type").starts_with("text/css"));
}

#[tokio::test]
async fn the_language_is_chosen_and_kept() {
    let app = TestApp::new().await;
    let door = app.stranger();
    door.get("/login").await.ok().sees("Đăng nhập").sees("lang=\"vi\"");
    door.with("accept-language", "en-GB").get("/login").await.ok().sees("lang=\"en\"");
    let chosen = door.post("/preferences", &[("lang", "en"), ("back", "/login")]).await;
    let chosen = chosen.leads_to("/login");
    let cookie = chosen.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(cookie, "khien_lang=en");
    door.with("cookie", &cookie).get("/login").await.ok().sees("lang=\"en\"").sees_not("Mật khẩu");
    door.post("/preferences", &[("lang", "vi"), ("back", "//evil.example")]).await.leads_to("/");
}

#[tokio::test]
async fn a_slip_opens_its_account_once_and_in_time() {
    let app = TestApp::new().await;
    let old = app.as_("so.y").await;
    issue_slip(&app, "so.y", "ABCD-EFGH-2345").await;
    let long = "một câu rất dễ nhớ 9";
    let door = app.stranger();
    let short = door.post("/activate", &[("code", "ABCD-EFGH-2345"), ("password", "ngắn")]).await;
    short.is(422).sees("input-code");
    let form = [("code", "abcd efgh 2345"), ("password", long)];
    door.post("/activate", &form).await.leads_to("/login?activated=so.y");
    let page = door.get("/login?activated=so.y").await.ok();
    page.sees("Mời đăng nhập").sees("value=\"so.y\"");
    old.get("/account").await.is(303);
    door.post("/activate", &form).await.is(422);
    door.post("/login", &[("login", "so.y"), ("password", long)]).await.leads_to("/");

    issue_slip(&app, "xa.b", "WXYZ-WXYZ-2345").await;
    app.wait(15 * 24 * 3600);
    let late = [("code", "WXYZ-WXYZ-2345"), ("password", long)];
    door.post("/activate", &late).await.is(422);
}

/// Prints a slip without the page of the people slice.
async fn issue_slip(app: &TestApp, login: &str, code: &str) {
    let now = app.now();
    let days = i64::from(app.config.access.slip_days);
    let person = app.world.person(login);
    let expires_at = now + days * 24 * 3600 * 1_000_000;
    let slip = SlipRow { person: person.uuid(), issued_at: now, expires_at };
    let mut write = app.db.write().await.unwrap();
    store::save_slip(&mut write, &slip, &session::hash(&slip_code(code)), None).await.unwrap();
    app.record(&mut write, "slip.test", format!("person:{person}"));
    app.commit(write).await.unwrap();
}

#[tokio::test]
async fn one_slip_sets_one_password_however_often_it_is_used_at_once() {
    let app = TestApp::new().await;
    issue_slip(&app, "so.y", "ABCD-EFGH-2345").await;
    let view = View::default();
    let password = |text: &str| format!("{text} bên dòng sông xanh");
    let set = |text: &str| login::activate(&app, &view, "ABCD-EFGH-2345", password(text));
    let (one, other) = tokio::join!(set("một"), set("hai"));
    assert_eq!([&one, &other].iter().filter(|done| done.is_ok()).count(), 1, "{one:?} {other:?}");
    let wins = password(if one.is_ok() { "một" } else { "hai" });
    let door = app.stranger();
    door.post("/login", &[("login", "so.y"), ("password", &wins)]).await.leads_to("/");
}

#[tokio::test]
async fn a_session_opened_with_the_old_password_does_not_outlive_its_change() {
    let app = TestApp::new().await;
    let (view, old) = (View::default(), password("so.y"));
    let person = app.world.person("so.y");
    let new = "một câu rất dễ nhớ 9".to_owned();
    let (opened, changed) = tokio::join!(
        login::sign_in(&app, &view, "so.y", old.clone(), Kind::Web),
        login::change(&app, person, &view, old.clone(), new),
    );
    changed.unwrap();
    if let Ok(token) = opened {
        assert!(session::resume(&app, &token).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn who_sends_a_form_after_the_session_ended_comes_back_to_its_page() {
    let app = TestApp::new().await;
    let door = app.stranger().with("host", "khien.example");
    let form = [("old", "x"), ("password", "x")];
    door.post("/account/password", &form).await.leads_to("/login");
    let own = door.with("referer", "https://khien.example/account?tab=2");
    let led = own.post("/account/password", &form).await;
    led.leads_to("/login?next=/account%3Ftab%3D2");
    let elsewhere = door.with("referer", "https://evil.example/account");
    elsewhere.post("/account/password", &form).await.leads_to("/login");
}

#[tokio::test]
async fn a_store_that_fails_is_told_in_words_before_anybody_is_known() {
    let app = TestApp::new().await;
    let duty = app.as_("truc.ban").await;
    app.db.close().await;
    duty.get("/account").await.is(500).sees("<html");
    let told = duty.get("/api/v1/signals").await.is(500);
    assert_eq!(told.header("content-type"), "application/problem+json");
    assert_eq!(told.json()["code"], "broken");
}
