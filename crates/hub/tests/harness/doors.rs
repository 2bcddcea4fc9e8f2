//! A hub whose doors for events are open, and a sender before them.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use khien_detect::Rules;
use khien_domain::id::SourceId;
use khien_hub::detection::Runner;
use khien_hub::intake::source::{self, Door, NewSource};
use khien_hub::intake::{self, Doors};
use khien_store::on;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::TestApp;
use super::client::{Client, Reply};

/// Nothing on loopback takes so long; a test that hangs says where.
const PATIENCE: Duration = Duration::from_secs(60);

/// Open doors; close them before the hub is restarted.
pub(crate) struct Open {
    pub(crate) doors: Doors,
    tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl Open {
    /// Opens the doors of a hub.
    pub(crate) async fn doors(app: &TestApp) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let doors = intake::open(app, &tasks, &stop).await.unwrap();
        Self { doors, tasks, stop }
    }

    /// Closes the doors and waits until everything behind them has ended.
    pub(crate) async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// A source at the HTTP door.
pub(crate) struct Sender {
    pub(crate) id: SourceId,
    pub(crate) token: String,
    client: Client,
}

impl Sender {
    /// Adds a source of that unit.
    pub(crate) async fn of(app: &TestApp, unit: &str) -> Self {
        let added = add(app, &format!("máy của {unit}"), unit, Door::Http).await;
        let token = added.token.unwrap();
        let client = app.stranger().with("authorization", &format!("Bearer {token}"));
        Self { id: added.id, token, client }
    }

    /// Returns the same sender that also sends a header.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        Self { id: self.id, token: self.token.clone(), client: self.client.with(name, value) }
    }

    /// Posts lines for a decoder.
    pub(crate) async fn post(&self, format: &str, lines: impl Into<Body>) -> Reply {
        let path = format!("/ingest/v1/events?format={format}");
        self.client.send(Method::POST, &path, None, lines.into()).await
    }
}

/// Adds a source.
pub(crate) async fn add(app: &TestApp, name: &str, unit: &str, door: Door) -> source::Added {
    let new = NewSource { name: name.to_owned(), unit: app.world.unit(unit), door };
    let mut write = app.db.write().await.unwrap();
    let added = source::add(app, &mut write, "test".to_owned(), &new).await.unwrap();
    app.commit(write).await.unwrap();
    intake::refresh(app).await.unwrap();
    added
}

/// Returns detection with the embedded pack.
pub(crate) async fn detection(app: &TestApp) -> Runner {
    Runner::open(app, Rules::pack().0).await.unwrap()
}

/// Lets detection read to the end of the log.
pub(crate) async fn catch_up(runner: &mut Runner) {
    while runner.round().await.unwrap() {}
}

/// Lets detection read on until a count of the store reaches `wanted`.
pub(crate) async fn read_until(app: &TestApp, runner: &mut Runner, sql: &'static str, wanted: i64) {
    let never = CancellationToken::new();
    let reading = async {
        loop {
            catch_up(runner).await;
            if count(app, sql).await >= wanted {
                return;
            }
            runner.wait(&never).await;
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
}

/// Returns the number that a query of the test asks for.
pub(crate) async fn count(app: &TestApp, sql: &'static str) -> i64 {
    let mut conn = app.db.read().await.unwrap();
    on!(conn, c => sqlx::query_scalar(sql).fetch_one(&mut **c).await).unwrap()
}

/// Returns a line that the rule about deleted shadow copies fires on.
pub(crate) fn shadow_copies_deleted(host: &str, at: &str) -> String {
    serde_json::json!({
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "Computer": host,
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "TimeCreated": at,
        "Image": "C:\\Windows\\System32\\vssadmin.exe",
        "CommandLine": "vssadmin.exe  Delete Shadows /All /Quiet",
    })
    .to_string()
}
