//! The walk itself, step by step as people press.

use serde_json::json;
use thirtyfour::prelude::*;

use crate::browser::Browser;
use crate::demo::{Access, User};

/// The first thing that the house's own script does.
const SCRIPTS_RAN: &str = "return document.documentElement.classList.contains('js');";

/// How many signals the last of the week's bars tells of.
const TODAY: &str = "Number([...document.querySelectorAll('.chart .value')].at(-1).textContent)";
const BAR_WAITS: &str = "return !document.querySelector('[data-newbar]').hidden;";

/// A rule that finds what everybody does.
const RULE: &str = "title: Đăng nhập\nlogsource: {product: windows, service: security}\n\
    detection: {a: {EventID: 4624}, condition: a}";

async fn sign_in(page: &Browser, demo: &Access, user: &User) {
    page.driver.delete_all_cookies().await.unwrap();
    page.open(&format!("{}/login", demo.url)).await;
    page.write("#login", &user.login).await;
    page.write("#password", &user.password).await;
    page.follow("form.login button").await;
}

async fn here(page: &Browser) -> String {
    page.driver.current_url().await.unwrap().to_string()
}

/// From the report of a unit to the closing of its incident.
pub(crate) async fn main_job(page: &Browser, demo: &Access, width: u32) {
    page.widen(width).await;
    page.open(&format!("{}/login", demo.url)).await;
    page.check("login", width).await;
    report(page, demo, width).await;
    let incident = verify(page, demo, width).await;
    let task = answer(page, demo, width).await;
    accept(page, demo, width, &task).await;
    close(page, width, &incident).await;
    rules(page, demo, width).await;
}

async fn report(page: &Browser, demo: &Access, width: u32) {
    sign_in(page, demo, &demo.who("unit_officer")).await;
    page.check("unit-home", width).await;
    page.open(&format!("{}/report", demo.url)).await;
    let ran = page.driver.execute(SCRIPTS_RAN, vec![]).await.unwrap();
    assert_eq!(ran.json(), &json!(true), "this browser runs no scripts");
    page.check("report", width).await;
    page.press("input[value=page_changed] + .chip-body").await;
    page.follow("button.report-button").await;
    assert!(here(page).await.ends_with("/sent"), "{}", here(page).await);
    page.check("report-sent", width).await;
}

/// The duty officer finds the report on the board, by keyboard, and opens an incident.
async fn verify(page: &Browser, demo: &Access, width: u32) -> String {
    sign_in(page, demo, &demo.who("duty_officer")).await;
    page.check("board", width).await;
    let body = page.find("body").await;
    body.send_keys("j").await.unwrap();
    body.send_keys("k").await.unwrap();
    let row = page.driver.active_element().await.unwrap();
    assert!(row.attr("data-row").await.unwrap().is_some(), "j and k move along the rows");
    page.driver.execute("window.old = true;", vec![]).await.unwrap();
    row.send_keys(Key::Enter + "").await.unwrap();
    page.arrived("Enter on a row").await;
    assert!(here(page).await.contains("/signals/"), "{}", here(page).await);
    page.check("signal", width).await;
    page.follow("a[href$='/verify']").await;
    page.check("verify", width).await;
    page.follow("form[action$='/verify'] button.button-main").await;
    let incident = here(page).await;
    assert!(incident.contains("/incidents/"), "{incident}");
    page.check("incident", width).await;
    incident
}

/// The unit's officer answers the first task with a file.
async fn answer(page: &Browser, demo: &Access, width: u32) -> String {
    sign_in(page, demo, &demo.who("unit_officer")).await;
    page.open(&format!("{}/inbox", demo.url)).await;
    page.check("inbox", width).await;
    page.open(&format!("{}/tasks", demo.url)).await;
    page.check("tasks", width).await;
    page.follow("main a[href^='/tasks/']").await;
    let task = here(page).await;
    page.check("task", width).await;
    let proof = tempfile::Builder::new().suffix(".txt").tempfile().unwrap();
    std::fs::write(proof.path(), "Đã khôi phục trang chủ từ bản sao lưu").unwrap();
    page.write("#proof", "Đã khôi phục trang chủ").await;
    page.write("#files", &proof.path().display().to_string()).await;
    page.follow("form[action$='/submit'] button.button-main").await;
    assert!(page.text().await.contains("Đã khôi phục trang chủ"));
    page.check("task-answered", width).await;
    task
}

async fn accept(page: &Browser, demo: &Access, width: u32, task: &str) {
    sign_in(page, demo, &demo.who("coordinator")).await;
    page.check("board-coordinator", width).await;
    page.open(task).await;
    page.check("task-to-judge", width).await;
    page.follow("form[action$='/accept'] button").await;
    page.check("task-accepted", width).await;
}

async fn close(page: &Browser, width: u32, incident: &str) {
    page.open(incident).await;
    for deed in ["contain", "recover", "resolve"] {
        page.follow(&format!("form[action$='/{deed}'] button")).await;
    }
    page.press("input[name=leak][value=no_sign] + .chip-body").await;
    page.write("#verdict-reason", "Máy chủ không chứa dữ liệu nội bộ").await;
    page.follow("form[action$='/verdict'] button.button-main").await;
    page.press("#number-full_report").await;
    page.write("#number-full_report", "125/BC-PA05").await;
    page.follow("form:has(#number-full_report) button").await;
    assert!(page.text().await.contains("125/BC-PA05"), "{}", page.text().await);
    page.press("#why-close").await;
    page.write("#why-close", "Thông báo ban đầu đã nói qua đường dây nóng, văn thư gửi số sau")
        .await;
    page.check("incident-closing", width).await;
    page.follow("form[action$='/close'] button").await;
    assert!(page.text().await.contains("Đã đóng"), "{}", page.text().await);
    page.check("incident-closed", width).await;
}

/// The coordinator suppresses a rule on one unit and tries another on the last day.
async fn rules(page: &Browser, demo: &Access, width: u32) {
    page.open(&format!("{}/rules", demo.url)).await;
    page.check("rules", width).await;
    page.follow("main .table a[href^='/rules/rule']").await;
    page.press("#suppress-reason").await;
    page.write("#suppress-reason", "Phần mềm sao lưu của xã, đã kiểm tra").await;
    page.write("#suppress-unit", "UB-SUOIMAY").await;
    page.follow("form[action='/rules/suppress'] button").await;
    page.check("rule", width).await;
    page.follow("form[action$='/lift'] button").await;
    page.open(&format!("{}/rules/try", demo.url)).await;
    page.write("#try-rule", RULE).await;
    page.follow("form[action='/rules/try'] button").await;
    assert!(page.text().await.contains("lần trúng trong"), "{}", page.text().await);
    page.check("rule-tried", width).await;
}

/// A browser that runs no scripts still reports.
pub(crate) async fn report_without_scripts(page: &Browser, demo: &Access) {
    page.widen(360).await;
    sign_in(page, demo, &demo.who("unit_officer")).await;
    page.open(&format!("{}/report", demo.url)).await;
    let ran = page.driver.execute(SCRIPTS_RAN, vec![]).await.unwrap();
    assert_eq!(ran.json(), &json!(false), "this browser runs scripts");
    page.press("input[value=service_down] + .chip-body").await;
    page.follow("button.report-button").await;
    assert!(here(page).await.ends_with("/sent"), "{}", here(page).await);
}

/// What a unit reports comes to a board that stands open: at once where it is empty, behind the bar
/// where rows stand; then the whole board tells of it.
pub(crate) async fn live_board(page: &Browser, unit: &Browser, demo: &Access, width: u32) {
    page.widen(width).await;
    sign_in(page, demo, &demo.who("duty_officer")).await;
    let today = page.driver.execute(&format!("return {TODAY};"), vec![]).await.unwrap();
    let today = today.json().as_u64().unwrap();
    let tells = |rows: u64| board_tells(rows, today + rows);
    page.until(&tells(0), "the board begins empty").await;
    report_without_scripts(unit, demo).await;
    page.until(&tells(1), "an empty board takes a row in at once").await;
    report_without_scripts(unit, demo).await;
    page.until(BAR_WAITS, "where rows stand, the bar keeps the next one").await;
    page.until(&tells(1), "what is read stands as it stood").await;
    page.press("[data-newbar]").await;
    page.until(&tells(2), "the bar takes in what it kept").await;
    page.check("board-live", width).await;
}

/// Returns a script that asks whether list, count, map and bars tell of so many rows that wait and
/// so many signals of today.
fn board_tells(rows: u64, today: u64) -> String {
    let (empty, loud) = (rows == 0, rows > 0);
    format!(
        "const some = (css) => document.querySelector(css) !== null;
         return document.querySelectorAll('[data-row]').length === {rows}
           && document.querySelector('nav.pages').textContent.trim() === 'Tất cả: {rows}'
           && some('#board-list .blank') === {empty} && {TODAY} === {today}
           && some('.tilemap a:is(.tile-low, .tile-medium, .tile-high, .tile-critical)') === {loud};"
    )
}
