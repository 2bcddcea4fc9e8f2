//! Detection: the intake log is read after its commit, rules are matched, and what they find
//! becomes hits and signals.
//!
//! Letter S1 asks for round-the-clock watch with verified warnings. Hits of level high and above
//! join one signal per story (family, asset or source + host) that waits for a person; lower ones
//! stay hits. Hits, signals and the place in the log commit together, so that a crash neither
//! loses nor doubles one. Detection opens no incident: *xác minh* is a person's deed.

mod limit;
pub mod memory;
pub mod page;
mod raise;
mod runner;
mod salvage;
mod save;
mod scan;
pub mod store;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use khien_detect::{Loader, Refused, RuleInfo, Rules};
use khien_domain::access::Action;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::router::{Route, Sample};
use crate::web::guard::Audience;

pub use runner::Runner;

/// Pause after a round that failed; what it found is kept and tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/rules", Audience::May(Action::ReadRules), Sample::None, page::list)]
}

/// What people are told about the rules of this hub.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The rules and correlations that are matched.
    pub rules: Vec<Arc<RuleInfo>>,
    /// What was left out, and why.
    pub refused: Vec<Refused>,
}

/// Loads the embedded pack and the configured folders, and follows the intake log until `stop`.
/// The doors must be open (see [`crate::intake::open`]).
///
/// # Errors
/// When detection was started before or the log cannot be read. A rule that cannot be honoured is
/// no error: it is left out and named on the page of the rules.
pub async fn start(app: &App, tasks: &TaskTracker, stop: &CancellationToken) -> anyhow::Result<()> {
    let folders = app.config.detection.rules.clone();
    let loading = tokio::task::spawn_blocking(move || {
        let mut loader = Loader::new();
        loader.pack();
        folders.iter().for_each(|folder| loader.folder(folder));
        loader.finish()
    });
    let (rules, refused) = loading.await?;
    for refused in &refused {
        tracing::warn!(file = %refused.path.display(), reason = %refused.reason, "a rule was refused");
    }
    app.set_rules(Loaded { rules: rules.infos().cloned().collect(), refused })?;
    let runner = Runner::open(app, rules.clone()).await.context("starting detection")?;
    tasks.spawn(follow(app.clone(), rules, runner, stop.clone()));
    Ok(())
}

/// Follows the log; a fault of the machine is waited out, nothing is skipped.
async fn follow(app: App, rules: Rules, first: Runner, stop: CancellationToken) {
    let mut runner = Some(first);
    while !stop.is_cancelled() {
        let worked = match &mut runner {
            Some(runner) => runner.round().await,
            None => reopen(&app, &rules, &mut runner).await,
        };
        match worked {
            Ok(true) => {}
            Ok(false) => {
                if let Some(runner) = &mut runner {
                    runner.wait(&stop).await;
                }
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "detection will try again");
                runner = runner.filter(Runner::can_go_on);
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(RETRY_PAUSE) => {}
                }
            }
        }
    }
}

async fn reopen(app: &App, rules: &Rules, runner: &mut Option<Runner>) -> anyhow::Result<bool> {
    *runner = Some(Runner::open(app, rules.clone()).await?);
    Ok(true)
}
