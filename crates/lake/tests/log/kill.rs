//! `kill -9` while a child process appends: nothing acknowledged is lost, nothing is doubled.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use khien_lake::IntakeLog;

use crate::{keyed, noise, read_all, small};

const FOLDER: &str = "KHIEN_LAKE_TEST_FOLDER";
const EPOCH: &str = "KHIEN_LAKE_TEST_EPOCH";
const ROUNDS: u64 = 20;
const TASKS: u64 = 8;

/// The child: appends for ever, with the sequences of each task apart, and prints every one that
/// was acknowledged. A parent starts it through [`start`]; by itself it does nothing.
#[test]
fn child_appends_until_it_is_killed() {
    let (Ok(folder), Ok(epoch)) = (std::env::var(FOLDER), std::env::var(EPOCH)) else { return };
    let epoch: u64 = epoch.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let (log, _) = IntakeLog::open(folder, small()).unwrap();
        let log = Arc::new(log);
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..TASKS {
            let log = Arc::clone(&log);
            tasks.spawn(async move {
                for sequence in (task..).step_by(TASKS as usize) {
                    let frame = keyed(epoch, sequence, noise(300, sequence));
                    log.append(frame).await.unwrap();
                    writeln!(std::io::stdout(), "acked {sequence}").unwrap();
                }
            });
        }
        tasks.join_next().await;
    });
}

fn start(folder: &Path, epoch: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child_appends_until_it_is_killed", "--nocapture"])
        .env(FOLDER, folder)
        .env(EPOCH, epoch.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the child after it has acknowledged `enough` frames; returns all it acknowledged.
fn kill_after(mut child: Child, enough: usize) -> Vec<u64> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acked = Vec::new();
    let sequence = |line: &str| line.split_once("acked ")?.1.parse::<u64>().ok();
    while acked.len() < enough {
        let line = lines.next().expect("the child appends until it is killed").unwrap();
        acked.extend(sequence(&line));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it still had in the pipe was acknowledged too; its last line may be cut.
    let mut rest: Vec<_> = lines.map_while(Result::ok).collect();
    rest.pop();
    acked.extend(rest.iter().filter_map(|line| sequence(line)));
    acked
}

#[tokio::test]
async fn twenty_kills_lose_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut acked = Vec::new();
    for epoch in 0..ROUNDS {
        let child = start(folder.path(), epoch);
        let round = kill_after(child, 20 + 7 * epoch as usize);
        acked.extend(round.into_iter().map(|sequence| (epoch, sequence)));
    }

    let (log, recovered) = IntakeLog::open(folder.path(), small()).unwrap();
    assert!(recovered.quarantined.is_empty());
    // A sender that never saw its answer sends again.
    for (epoch, sequence) in acked.iter().rev().take(50) {
        let again = keyed(*epoch, *sequence, noise(300, *sequence));
        assert!(log.append(again).await.unwrap().duplicate);
    }
    let mut stored = HashMap::new();
    for frame in read_all(&log) {
        assert_eq!(frame.raw, noise(300, frame.sequence));
        *stored.entry((frame.epoch, frame.sequence)).or_insert(0) += 1;
    }
    let lost: Vec<_> = acked.iter().filter(|key| !stored.contains_key(key)).collect();
    let doubled: Vec<_> = stored.iter().filter(|(_, count)| **count > 1).collect();
    assert!(lost.is_empty() && doubled.is_empty(), "lost {lost:?}, doubled {doubled:?}");
}
