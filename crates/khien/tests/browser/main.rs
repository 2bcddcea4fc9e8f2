//! The whole main job in a real browser, in Vietnamese, as wide as a phone and as a desk: a unit
//! reports, the desk verifies, the unit answers with proof, the coordinator judges and closes; and
//! what comes to an open board.
//! Every page on the way is without accessibility faults, without a sideways scroll and without a
//! complaint of its scripts.

#![cfg(test)]

mod browser;
mod demo;
mod walk;

use std::path::Path;
use std::time::Duration;

use browser::{Browser, Scripts};
use demo::Demo;
use tokio::process::Command;

/// Longer than both walks take on a slow machine; a page that hangs ends here.
const PATIENCE: Duration = Duration::from_secs(240);

/// A report is opened from a disk: there is no server behind it.
#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_a_hunt_holds_on_a_phone_and_on_a_desk() {
    let Some(browser) = Browser::start(Scripts::Run).await else { return };
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.html");
    let hunt = Command::new(env!("CARGO_BIN_EXE_khien"))
        .args(["hunt", "-o"])
        .args([&report, &samples])
        .env("LC_ALL", "C")
        .output()
        .await
        .unwrap();
    assert_eq!(hunt.status.code(), Some(1), "{}", String::from_utf8_lossy(&hunt.stderr));
    let page = browser.clone();
    let looked = tokio::spawn(async move {
        for width in [360, 1280] {
            page.widen(width).await;
            page.open(&format!("file://{}", report.display())).await;
            page.check("hunt-report", width).await;
            page.press("details.rule summary").await;
            page.check("hunt-report-open", width).await;
        }
    });
    let outcome = tokio::time::timeout(PATIENCE, looked).await;
    browser.quit().await;
    outcome.expect("the report takes too long").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_is_walked_on_a_phone_and_on_a_desk() {
    let Some(browser) = Browser::start(Scripts::Run).await else { return };
    let plain = Browser::start(Scripts::Blocked).await.unwrap();
    let demo = Demo::start().await;
    let (page, bare, province) = (browser.clone(), plain.clone(), demo.access());
    let walked = tokio::spawn(async move {
        for width in [360, 1280] {
            walk::main_job(&page, &province, width).await;
        }
        walk::live_board(&page, &bare, &province, 1280).await;
    });
    let outcome = tokio::time::timeout(PATIENCE, walked).await;
    browser.quit().await;
    plain.quit().await;
    demo.stop().await;
    outcome.expect("the walk takes too long").unwrap();
}
