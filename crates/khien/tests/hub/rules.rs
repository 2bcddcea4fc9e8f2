//! Rules that are imported into the folder of a hub at work: they are taken up while it runs, and
//! taken away again.

use std::fs;
use std::path::Path;

use crate::process::{Demo, run, text};
use serde_json::{Value, json};

/// What the rules that come with the new release are called, and nothing else.
const FRESH: &str = "/api/v1/rules?q=fresh";

/// Writes a release: rules by id, each asking for one word.
fn release(folder: &Path, rules: &[(&str, &str)]) {
    let folder = folder.join("rules/windows");
    fs::create_dir_all(&folder).unwrap();
    for (id, word) in rules {
        let rule = format!(
            "title: Rule {id}\nid: {id}\nauthor: An Author\nlevel: high\n\
             logsource: {{product: windows}}\ndetection: {{s: {{Word: {word}}}, condition: s}}\n"
        );
        fs::write(folder.join(format!("{id}.yml")), rule).unwrap();
    }
}

async fn import(into: &Path, args: &[&str]) {
    let into = into.to_str().unwrap();
    let done = run(&[&["rules", "import", "--into", into], args].concat()).await;
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
}

/// An event of its own machine, so that no signal joins that of another.
fn event(word: &str) -> Value {
    json!({
        "Channel": "Security", "EventID": 4688, "Computer": format!("pc-{word}"), "Word": word,
    })
}

/// Returns whether a rule raised a signal, whose title names the machine behind it.
fn raised(signals: &[Value], rule: &str) -> bool {
    let title = format!("Rule {rule} · ");
    signals.iter().any(|signal| signal["title"].as_str().is_some_and(|all| all.starts_with(&title)))
}

#[tokio::test]
async fn an_import_is_taken_up_by_a_running_hub_and_a_rollback_takes_it_away() {
    let folder = tempfile::tempdir().unwrap();
    let (data, used) = (folder.path().join("province"), folder.path().join("used"));
    let [old, new] = ["r1", "r2"].map(|name| folder.path().join(name));
    let kept = [("kept-one", "one"), ("kept-three", "three")];
    release(&old, &kept);
    release(&new, &kept);
    release(&new, &[("fresh-two", "two"), ("fresh-three", "three")]);
    import(&used, &[old.to_str().unwrap()]).await;

    let demo = Demo::start(&data, &["--no-replay"]).await;
    let hub = demo.serve(&data, &[("KHIEN__DETECTION__RULES", used.to_str().unwrap())]).await;
    let demo = fs::read(data.join("demo.json")).unwrap();
    let source: Value = serde_json::from_slice(&demo).unwrap();
    let send = async |word: &str| {
        let token = source["source_token"].as_str().unwrap();
        let answer = hub.post("/ingest/v1/events", token, event(word)).await;
        assert_eq!(answer["accepted"], 1, "{answer}");
    };
    let duty = hub.sign_in("duty_officer").await;
    let signals = "/api/v1/signals?limit=100";

    send("one").await;
    hub.listed(signals, &duty, |all| raised(all, "kept-one")).await;
    assert_eq!(hub.get(FRESH, &duty).await["total"], 0);

    import(&used, &[new.to_str().unwrap()]).await;
    hub.listed(FRESH, &duty, |rules| rules.len() == 2).await;
    send("two").await;
    hub.listed(signals, &duty, |all| raised(all, "fresh-two")).await;

    import(&used, &["--rollback"]).await;
    hub.listed(FRESH, &duty, <[Value]>::is_empty).await;
    send("three").await;
    let all = hub.listed(signals, &duty, |all| raised(all, "kept-three")).await;
    assert!(!raised(&all, "fresh-three"), "a rule that was taken away still fires: {all:?}");
    assert!(hub.terminate().await, "SIGTERM ends it in order");
}
