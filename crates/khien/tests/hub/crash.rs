//! A demo is killed in the middle of its replay and started again: nothing is lost, nothing is
//! doubled, and the record is unbroken.

use std::collections::BTreeSet;

use crate::process::{Demo, run, text};
use serde_json::Value;

/// The stories of the replay, each of which raises its own signal.
const STORIES: usize = 6;

fn keys(signals: &[Value], key: fn(&Value) -> String) -> BTreeSet<String> {
    signals.iter().map(key).collect()
}

fn number(signal: &Value) -> String {
    signal["number"].to_string()
}

/// What would tell the same story twice.
fn story(signal: &Value) -> String {
    format!("{} · {}", signal["title"], signal["unit"])
}

#[tokio::test]
async fn a_killed_replay_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("province");
    let demo = Demo::start(&data, &[]).await;
    let duty = demo.sign_in("duty_officer").await;
    let before = demo.signals(&duty, 2).await;
    demo.kill().await;

    let verified = run(&["journal", "verify", "--data", data.to_str().unwrap()]).await;
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stdout));

    let demo = Demo::start(&data, &[]).await;
    let after = demo.signals(&duty, STORIES).await;
    let (numbers, stories) = (keys(&after, number), keys(&after, story));
    assert!(numbers.is_superset(&keys(&before, number)), "a signal was lost");
    assert_eq!(stories.len(), after.len(), "a story was told twice: {after:?}");
    assert_eq!(after.len(), STORIES, "{stories:?}");

    let units = demo.get("/api/v1/units?limit=1", &duty).await;
    let rows = include_str!("../../../../examples/demo-province/units.csv").lines().count() - 1;
    assert_eq!(units["total"], rows, "the province was imported twice");

    assert!(demo.terminate().await, "SIGTERM ends it in order");
    let verified = run(&["journal", "verify", "--data", data.to_str().unwrap()]).await;
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stdout));
}
