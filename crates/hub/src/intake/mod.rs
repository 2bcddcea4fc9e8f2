//! The doors for events: syslog over UDP and TCP, and `POST /ingest/v1/events`.
//!
//! Letter S1 asks that logs of every unit reach the province in real time and are kept. Whatever a
//! door takes is written to the intake log ([`khien_lake`]) as received before anybody is told;
//! decoding and rules come after it ([`crate::detection`]). A source is what may knock: it has a
//! token (HTTP) or its networks (syslog), and belongs to a unit.
//!
//! Back-pressure is in bytes per source: a TCP sender is slowed down, an HTTP sender is told to
//! come again, and what cannot be slowed (UDP) is counted and shown. Doors do not decode.

mod body;
mod door;
pub mod job;
mod lane;
pub mod page;
mod seats;
mod senders;
pub mod source;
pub mod store;
mod syslog;
mod tally;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use khien_domain::access::Action;
use khien_lake::{Frame, IntakeLog, LakeError, Offset, Options, Quarantined, Reader, Receipt};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::fault::Fault;
use crate::router::{Route, Sample};
use crate::web::guard::Audience;

pub use tally::Tally;

/// The name under which the place of a reader in this log is stored.
pub const LOG: &str = "events";
/// The folder of the log in the data folder.
const FOLDER: &str = "intake";
/// Length of one segment of the log.
const SEGMENT_BYTES: u32 = 16 << 20;
/// Posts that are unpacked and stored at the same time; each may hold its plain body twice.
const UNPACKED_MAX: usize = 2;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    let administer = Audience::May(Action::AdministerSources);
    vec![
        Route::post("/ingest/v1/events", Audience::Source, Sample::None, door::events)
            .body_limit(body::PACKED_BYTES_MAX),
        Route::get("/sources", administer, Sample::None, page::list),
        Route::get("/sources/new", administer, Sample::None, page::form),
        Route::post("/sources/new", administer, Sample::None, page::create),
        Route::post("/sources/{id}/disable", administer, Sample::Source, page::disable),
    ]
}

/// The open doors of a hub and the log behind them.
#[derive(Debug)]
pub struct Intake {
    log: IntakeLog,
    quarantined: Vec<Quarantined>,
    senders: senders::Senders,
    tally: Tally,
    lanes: lane::Lanes,
    seats: seats::Seats,
    unpacking: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
    failure: OnceLock<String>,
}

/// Where the syslog doors listen; a port of 0 in the configuration is a free one here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doors {
    /// UDP.
    pub udp: Option<SocketAddr>,
    /// TCP.
    pub tcp: Option<SocketAddr>,
}

/// Opens the log and the doors. `stop` ends everything that was started on `tasks`; the log stops
/// the hub by the same token when its disk fails (see [`Intake::failure`]).
///
/// # Errors
/// When the log cannot be opened or a port cannot be bound.
pub async fn open(
    app: &App,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<Doors> {
    let folder = app.data().join(FOLDER);
    let options = options(app);
    let opened = tokio::task::spawn_blocking(move || IntakeLog::open(folder, options)).await?;
    let (log, recovered) = opened.context("opening the intake log")?;
    if let Some(torn) = recovered.torn_tail {
        tracing::warn!(at = %torn.at, bytes = torn.bytes, "an unacknowledged write was cut off");
    }
    let intake = Intake {
        log,
        quarantined: recovered.quarantined,
        senders: senders::Senders::default(),
        tally: Tally::default(),
        lanes: lane::Lanes::default(),
        seats: seats::Seats::default(),
        unpacking: Arc::new(Semaphore::new(UNPACKED_MAX)),
        tasks: tasks.clone(),
        stop: stop.clone(),
        failure: OnceLock::new(),
    };
    let intake = app.set_intake(Arc::new(intake))?;
    intake.senders.reload(app).await.context("reading the sources")?;
    let doors = syslog::open(app, &intake).await?;
    tasks.spawn(tally::keep(app.clone(), Arc::clone(&intake), doors.udp));
    Ok(doors)
}

fn options(app: &App) -> Options {
    let day = Duration::from_secs(24 * 3600);
    Options {
        segment_bytes: SEGMENT_BYTES,
        keep: day * app.config.intake.keep_days.max(1),
        budget_bytes: (app.config.intake.budget_mib << 20).max(2 * u64::from(SEGMENT_BYTES)),
    }
}

impl Intake {
    /// Stores a frame; returns once it is durable.
    ///
    /// # Errors
    /// What the log says. When it says that it stopped for good, the hub is told to stop too.
    pub async fn append(&self, frame: Frame) -> Result<Receipt, LakeError> {
        let stored = self.log.append(frame).await;
        if let Err(error @ LakeError::Poisoned(_)) = &stored {
            self.fail(error);
        }
        stored
    }

    /// Returns a reader of the log from `offset` on.
    ///
    /// # Errors
    /// When `offset` lies after the end of the log.
    pub fn reader_from(&self, offset: Offset) -> Result<Reader, LakeError> {
        self.log.reader_from(offset)
    }

    /// Returns the segments that were found damaged when the log was opened.
    pub fn quarantined(&self) -> &[Quarantined] {
        &self.quarantined
    }

    /// Returns the counts of the doors.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Returns why the log stopped the hub; `serve` exits with this as its error.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Stops the hub: nothing that arrives from now on could be kept.
    fn fail(&self, error: &LakeError) {
        tracing::error!(%error, "the intake log stopped; the hub stops with it");
        self.failure.get_or_init(|| error.to_string());
        self.stop.cancel();
    }
}

/// Makes the doors of this process heed changed sources now.
///
/// # Errors
/// When the store fails.
pub async fn refresh(app: &App) -> Result<(), Fault> {
    match app.intake() {
        Some(intake) => intake.senders.reload(app).await,
        None => Ok(()),
    }
}
