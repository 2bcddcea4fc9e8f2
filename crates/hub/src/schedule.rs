//! Every job that runs by itself. Each round holds a lease row, so that a second node is never a
//! surprise: one of them works, the other waits.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use khien_store::{Unjournaled, lease};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::{access, intake, journal, unit, wiring};

/// How much longer than its pause a job holds its lease: a node that died is replaced after this.
const LEASE_PAUSES: u32 = 3;
/// The shortest lease.
const LEASE_SECONDS_MIN: u64 = 15;

type Round<'a> = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send + 'a>>;

/// One job.
struct Job {
    name: &'static str,
    pause: Duration,
    run: for<'a> fn(&'a App) -> Round<'a>,
}

const JOBS: &[Job] = &[
    Job {
        name: "outbox.dispatch",
        pause: Duration::from_secs(1),
        run: |app| Box::pin(async move { wiring::dispatch(app).await.map(|_| ()) }),
    },
    Job {
        name: "session.expire",
        pause: Duration::from_secs(300),
        run: |app| Box::pin(access::session::expire(app)),
    },
    Job {
        name: "journal.sign_head",
        pause: Duration::from_secs(60),
        run: |app| Box::pin(journal::job::sign_head(app)),
    },
    Job {
        name: "intake.expire",
        pause: Duration::from_secs(600),
        run: |app| Box::pin(intake::job::expire(app)),
    },
    Job {
        name: "unit.scope",
        pause: Duration::from_secs(300),
        run: |app| Box::pin(unit::job::keep_scope(app)),
    },
];

/// Starts every job; they end when `stop` is cancelled.
pub fn start(app: &App, tasks: &TaskTracker, stop: &CancellationToken) {
    let holder = app.new_id().to_string();
    for job in JOBS {
        tasks.spawn(keep_running(app.clone(), job, holder.clone(), stop.clone()));
    }
}

async fn keep_running(app: App, job: &'static Job, holder: String, stop: CancellationToken) {
    loop {
        if let Err(error) = one_round(&app, job, &holder).await {
            tracing::error!(job = job.name, error = format!("{error:#}"), "a job failed");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(job.pause) => {}
        }
    }
}

async fn one_round(app: &App, job: &Job, holder: &str) -> anyhow::Result<()> {
    let hold = (job.pause * LEASE_PAUSES).max(Duration::from_secs(LEASE_SECONDS_MIN));
    let until = app.now() + hold.as_micros() as i64;
    let mut write = app.db.write().await?;
    let held = lease::take(&mut write, job.name, holder, app.now(), until).await?;
    write.commit_unjournaled(Unjournaled::Lease).await?;
    if held { (job.run)(app).await } else { Ok(()) }
}
