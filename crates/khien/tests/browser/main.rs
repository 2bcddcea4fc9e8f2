//! The whole main job in a real browser, in Vietnamese, as wide as a phone and as a desk: a unit
//! reports, the desk verifies, the unit answers with proof, the coordinator judges and closes.
//! Every page on the way is without accessibility faults, without a sideways scroll and without a
//! complaint of its scripts.

#![cfg(test)]

mod browser;
mod demo;
mod walk;

use std::time::Duration;

use browser::{Browser, Scripts};
use demo::Demo;

/// Longer than both walks take on a slow machine; a page that hangs ends here.
const PATIENCE: Duration = Duration::from_secs(240);

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
        walk::report_without_scripts(&bare, &province).await;
    });
    let outcome = tokio::time::timeout(PATIENCE, walked).await;
    browser.quit().await;
    plain.quit().await;
    demo.stop().await;
    outcome.expect("the walk takes too long").unwrap();
}
