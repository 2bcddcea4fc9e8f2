//! Detection: the intake log is read after its commit, rules are matched and indicators looked
//! for, and what they find becomes hits and signals.
//!
//! Letter S1 asks for round-the-clock watch with verified warnings. Hits of level high and above
//! join one signal per story (family, asset or source + host) that waits for a person; lower ones
//! stay hits. Hits, signals and the place in the log commit together, so that a crash neither
//! loses nor doubles one. Detection opens no incident: *xác minh* is a person's deed.

pub mod api;
mod bounds;
pub mod folders;
pub mod indicators;
mod limit;
pub mod measured;
pub mod memory;
pub mod metrics;
pub mod page;
mod raise;
pub mod rehearsal;
pub mod rule;
mod runner;
mod salvage;
mod save;
mod scan;
pub mod store;
pub mod suppress;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use khien_detect::{Indicators, Placeholders, Refused, RuleInfo, Rules};
use khien_domain::access::Action;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::openapi::named;
use crate::router::{Doc, Route, Sample};
use crate::web::guard::Audience;

use measured::Measured;

pub use folders::Folders;
pub use runner::Runner;

/// Pause after a round that failed; what it found is kept and tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// How often the rule folders are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    let (read, tune) = (Audience::May(Action::ReadRules), Audience::May(Action::TuneRules));
    vec![
        Route::get("/api/v1/rules", read, Sample::None, api::list).doc(Doc {
            summary: "Rules with their hits, cost and state",
            answer: Some(named::<api::RuleList>),
            body: None,
        }),
        Route::get("/metrics", read, Sample::None, metrics::serve),
        Route::get("/rules", read, Sample::None, page::list),
        Route::get("/rules/rule", read, Sample::None, rule::show),
        Route::post("/rules/suppress", tune, Sample::None, rule::suppress),
        Route::post("/rules/suppressions/{id}/lift", tune, Sample::Suppression, rule::lift),
        Route::get("/rules/try", tune, Sample::None, rehearsal::form),
        Route::post("/rules/try", tune, Sample::None, rehearsal::run),
    ]
}

/// What is matched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Rules and correlations.
    pub rules: Rules,
    /// Indicators of compromise.
    pub indicators: Arc<Indicators>,
}

impl From<Rules> for Watched {
    /// Rules alone.
    fn from(rules: Rules) -> Self {
        Self { rules, indicators: Arc::new(Indicators::builder().finish().0) }
    }
}

/// What people are told about the rules and indicators of this hub.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The rules and correlations that are matched.
    pub rules: Vec<Arc<RuleInfo>>,
    /// What was left out, and why.
    pub refused: Vec<Refused>,
    /// The lists of values that placeholders stand for.
    pub lists: Placeholders,
    /// The names of those that no rule asks for.
    pub lists_unused: Vec<String>,
    /// The feeds of indicators.
    pub feeds: indicators::Told,
    /// When they were loaded, µs UTC.
    pub at: i64,
    measured: Mutex<Arc<Measured>>,
}

impl Loaded {
    /// Returns what matching them costs, as of a few seconds ago.
    pub fn measured(&self) -> Arc<Measured> {
        Arc::clone(&self.measured.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn measure(&self, measured: Measured) {
        *self.measured.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(measured);
    }
}

/// Loads the embedded pack and the configured folders and feeds, follows the intake log until
/// `stop`, and takes up their changes. The doors must be open (see [`crate::intake::open`]).
///
/// # Errors
/// When the store or the log cannot be read. A rule that cannot be honoured is no error: it is
/// left out and named on the page of the rules.
pub async fn start(app: &App, tasks: &TaskTracker, stop: &CancellationToken) -> anyhow::Result<()> {
    let (folders, watched) = Folders::load(app).await?;
    let runner = Runner::open(app, watched.clone()).await.context("starting detection")?;
    let (swap, swaps) = mpsc::channel(1);
    if !folders.is_empty() {
        tasks.spawn(watch(app.clone(), folders, swap, stop.clone()));
    }
    let (app, runner) = (app.clone(), Some(runner));
    tasks.spawn(Follower { app, watched, runner, swaps }.run(stop.clone()));
    Ok(())
}

/// Looks at the rule folders until `stop`, and hands over what changed.
async fn watch(
    app: App,
    mut folders: Folders,
    swap: mpsc::Sender<Watched>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        match folders.look(&app).await {
            Ok(None) => {}
            Ok(Some(watched)) => {
                // Whoever follows the log ends only with the hub.
                let _ended = swap.send(watched).await;
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the rule folders are looked at again"
                );
            }
        }
    }
}

/// Follows the log with the rules and indicators at work.
struct Follower {
    app: App,
    watched: Watched,
    runner: Option<Runner>,
    swaps: mpsc::Receiver<Watched>,
}

impl Follower {
    /// A fault of the machine is waited out, nothing is skipped.
    async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.turn(&stop).await {
                tracing::error!(error = format!("{error:#}"), "detection will try again");
                self.runner = self.runner.filter(Runner::can_go_on);
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(RETRY_PAUSE) => {}
                }
            }
        }
    }

    /// One round; waits when there is nothing to do.
    async fn turn(&mut self, stop: &CancellationToken) -> anyhow::Result<()> {
        if let Ok(watched) = self.swaps.try_recv() {
            self.swap(watched).await?;
        }
        let Some(runner) = &mut self.runner else {
            self.runner = Some(Runner::open(&self.app, self.watched.clone()).await?);
            return Ok(());
        };
        if runner.round().await? {
            return Ok(());
        }
        tokio::select! {
            () = runner.wait(stop) => Ok(()),
            Some(watched) = self.swaps.recv() => self.swap(watched).await,
        }
    }

    async fn swap(&mut self, watched: Watched) -> anyhow::Result<()> {
        self.watched = watched.clone();
        match &mut self.runner {
            Some(runner) => runner.swap(watched).await,
            None => Ok(()),
        }
    }
}
