//! A hub at work: its doors, its jobs and its listener, from the first to the last.
//!
//! Order of the start: leftovers of a crash are swept, the doors for events open, the jobs begin,
//! the word to stop is listened for, and only then does anybody get an answer. Order of the end:
//! nobody new is let in, what is under way gets [`DRAIN_MAX`], the end of the journal is signed,
//! then the state store closes.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::intake::Doors;
use crate::listen::NoListener;
use crate::{detection, evidence, intake, journal, router, schedule};

/// How long requests and jobs under way may go on once the hub was told to stop.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// How long the last signature may take.
const SIGN_MAX: Duration = Duration::from_secs(5);

/// A hub that answers.
pub struct Running {
    app: App,
    /// Where it listens for officers and machines.
    pub http: SocketAddr,
    /// Where it listens for syslog.
    pub doors: Doors,
    tasks: TaskTracker,
    server: JoinHandle<std::io::Result<()>>,
}

/// Starts everything; returns once the hub answers. From then on Ctrl-C and SIGTERM stop it in order:
/// whoever reads its address may tell it to stop at once. Before, they end the process, as a crash
/// would.
///
/// # Errors
/// When a door, a job or the listener cannot start, or the word to stop cannot be heard.
pub async fn start(app: &App) -> anyhow::Result<Running> {
    let blobs = app.blobs.clone();
    let swept = tokio::task::spawn_blocking(move || blobs.sweep()).await?;
    let swept = swept.context("sweeping unfinished evidence files")?;
    if swept > 0 {
        tracing::info!(files = swept, "unfinished evidence files were removed");
    }
    let orphans = evidence::orphans::count(app).await;
    let orphans = orphans.context("looking for evidence files that nothing names")?;
    if orphans > 0 {
        tracing::warn!(files = orphans, "evidence files that nothing names are kept");
    }
    let listener = listen(app).await?;
    let http = listener.local_addr()?;
    let tasks = TaskTracker::new();
    let doors = intake::open(app, &tasks, &app.stop).await?;
    detection::start(app, &tasks, &app.stop).await?;
    schedule::start(app, &tasks, &app.stop);
    stop_when_told(&app.stop).context("listening for the word to stop")?;
    let server = tokio::spawn(answer(app.clone(), listener));
    tracing::info!(address = %http, data = %app.data().display(), "the hub answers");
    Ok(Running { app: app.clone(), http, doors, tasks, server })
}

/// Listens where the hub shall answer. Whoever has long work before the start tries it first.
///
/// # Errors
/// When another program listens there, or nobody may.
pub async fn listen(app: &App) -> Result<TcpListener, NoListener> {
    let address = app.config.http.listen;
    TcpListener::bind(address).await.map_err(NoListener::at("http.listen", address))
}

async fn answer(app: App, listener: TcpListener) -> std::io::Result<()> {
    let stop = app.stop.clone();
    let service = router::router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await
}

impl Running {
    /// Returns the address to type into a browser.
    pub fn url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// Serves until Ctrl-C, SIGTERM or a failure that ends the hub, then stops in order.
    ///
    /// # Errors
    /// When the listener failed, or the intake log could keep nothing more.
    pub async fn until_stopped(self) -> anyhow::Result<()> {
        let Self { app, tasks, mut server, .. } = self;
        let early = tokio::select! {
            () = app.stop.cancelled() => None,
            ended = &mut server => Some(ended),
        };
        tracing::info!("the hub stops");
        app.stop.cancel();
        tasks.close();
        let drained = tokio::time::timeout(DRAIN_MAX, async {
            tasks.wait().await;
            match early {
                Some(ended) => ended,
                None => server.await,
            }
        });
        match drained.await {
            Ok(ended) => ended?.context("serving")?,
            Err(_) => tracing::warn!("requests under way were cut off"),
        }
        sign_the_end(&app).await;
        app.db.close().await;
        match app.intake().and_then(|intake| intake.failure()) {
            Some(failure) => anyhow::bail!("the hub stopped: {failure}"),
            None => Ok(()),
        }
    }
}

/// A signature that fails or takes too long does not keep the hub from stopping: the next day's
/// head covers the same lines.
async fn sign_the_end(app: &App) {
    let why = match tokio::time::timeout(SIGN_MAX, journal::job::sign_at_stop(app)).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => format!("{error:#}"),
        Err(late) => late.to_string(),
    };
    tracing::warn!(error = why, "the end of the journal was not signed");
}

/// Cancels `stop` once a person or the system asks the process to end. From now on that does not end
/// it by itself.
fn stop_when_told(stop: &CancellationToken) -> std::io::Result<()> {
    let told = told_to_stop()?;
    let stop = stop.clone();
    tokio::spawn(async move {
        told.await;
        stop.cancel();
    });
    Ok(())
}

/// Listens from the call on, not only once it is waited for.
#[cfg(unix)]
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Listens from the call on, not only once it is waited for.
#[cfg(windows)]
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
