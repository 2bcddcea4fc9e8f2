//! Follows the intake log: scan, save, go on. What was scanned is kept until it is saved, because
//! the counting rules have seen it.

use std::sync::Arc;

use anyhow::Context as _;
use khien_detect::IocScanner;
use khien_lake::{LakeError, Offset, Reader};
use tokio_util::sync::CancellationToken;

use super::memory::{self, Memory};
use super::scan::{Scan, Scanner};
use super::{Watched, raise, save};
use crate::app::App;
use crate::intake::{self, Intake};

/// What the counting rules remember is saved at most this often: a restart reads so much of the
/// log again.
const MEMORY_EVERY_US: i64 = 60_000_000;
/// A place in the log that nothing was found before is saved at most this often: reading it again
/// finds nothing again.
const QUIET_SAVE_US: i64 = 1_000_000;

/// What the engine tells of its work is copied for the pages this often.
const MEASURE_EVERY_US: i64 = 10_000_000;

/// One reader of the intake log with its rules.
pub struct Runner {
    app: App,
    intake: Arc<Intake>,
    /// Absent only while it works, and for good when it panicked.
    scanner: Option<Scanner>,
    pending: Option<Scan>,
    saved_at: i64,
    remembered_at: i64,
    measured_at: i64,
}

impl Runner {
    /// Returns a runner that goes on where the store says, after telling of damaged segments.
    ///
    /// # Errors
    /// When the doors are not open, or the store or the log cannot be read.
    pub async fn open(app: &App, watched: impl Into<Watched>) -> anyhow::Result<Self> {
        let intake = Arc::clone(app.intake().context("the doors for events are not open")?);
        let (place, remembered) = {
            let mut conn = app.db.read().await?;
            (intake::store::place(&mut conn, intake::LOG).await?, memory::load(&mut conn).await?)
        };
        let (reader, saved, remembered) = reader(&intake, Offset::from_i64(place), remembered)?;
        let Watched { rules, indicators } = watched.into();
        let engine = memory::engine(rules, remembered.as_ref().map(|memory| &memory.bytes[..]));
        let eyes = (engine, IocScanner::new(indicators));
        let scanner = Some(Scanner::new(Arc::clone(&intake), reader, eyes, saved));
        tell_quarantined(app, &intake).await?;
        let app = app.clone();
        let (saved_at, remembered_at, measured_at) = (0, 0, 0);
        Ok(Self { app, intake, scanner, pending: None, saved_at, remembered_at, measured_at })
    }

    /// Does one round; returns whether there was anything to do.
    ///
    /// # Errors
    /// When the log or the store fails; the next round tries the same again.
    pub async fn round(&mut self) -> anyhow::Result<bool> {
        if self.pending.is_none() {
            self.pending = self.scan().await?;
        }
        let Some(scan) = &self.pending else { return Ok(false) };
        if !scan.is_quiet() || self.app.now() - self.saved_at >= QUIET_SAVE_US {
            save::save(&self.app, scan).await?;
            self.saved_at = self.app.now();
        }
        if let Some(scan) = self.pending.take() {
            self.pass(&scan);
        }
        if self.app.now() - self.measured_at >= MEASURE_EVERY_US {
            let measured = self.work(|scanner| scanner.measured()).await?;
            self.app.rules().measure(measured);
            self.measured_at = self.app.now();
        }
        Ok(true)
    }

    /// Waits until there may be something to do.
    pub async fn wait(&mut self, stop: &CancellationToken) {
        let Some(scanner) = &mut self.scanner else { return };
        tokio::select! {
            () = stop.cancelled() => {}
            waited = scanner.wait() => {
                if waited.is_err() {
                    // The log has stopped and stops the hub; nothing more will come.
                    stop.cancelled().await;
                }
            }
        }
    }

    /// Goes on with other rules and indicators; what those rules count that are the same is not
    /// forgotten.
    ///
    /// # Errors
    /// When the engine broke off: everything is to be begun anew.
    pub async fn swap(&mut self, watched: impl Into<Watched>) -> anyhow::Result<()> {
        let watched = watched.into();
        self.work(move |scanner| scanner.swap(watched)).await?;
        // Saved with the next round, so that a restart meets the memory of these rules.
        (self.remembered_at, self.measured_at) = (0, 0);
        Ok(())
    }

    /// Returns whether a failed round can be tried again, rather than everything begun anew.
    pub fn can_go_on(&self) -> bool {
        self.scanner.is_some()
    }

    async fn scan(&mut self) -> anyhow::Result<Option<Scan>> {
        let remember = self.app.now() - self.remembered_at >= MEMORY_EVERY_US;
        let scan = self.work(move |scanner| scanner.scan(remember)).await?;
        let scan = scan.context("scanning the intake log")?;
        // Only once there was something to remember: no place is saved before the first memory.
        if remember && scan.is_some() {
            self.remembered_at = self.app.now();
        }
        Ok(scan)
    }

    /// Lets the scanner work where it may block.
    async fn work<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&mut Scanner) -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let mut scanner = self.scanner.take().context("detection broke off in its last round")?;
        let worked = tokio::task::spawn_blocking(move || {
            let done = job(&mut scanner);
            (scanner, done)
        });
        let (scanner, done) = worked.await.context("reading the intake log")?;
        self.scanner = Some(scanner);
        Ok(done)
    }

    fn pass(&mut self, scan: &Scan) {
        for (source, decoded) in &scan.decoded {
            self.intake.tally().decoded(*source, decoded.unreadable, decoded.skew);
        }
    }
}

/// Returns the reader at the place up to where is remembered what was counted, where saving
/// begins, and that memory.
fn reader(
    intake: &Intake,
    saved: Offset,
    remembered: Option<Memory>,
) -> anyhow::Result<(Reader, Offset, Option<Memory>)> {
    // Asked with the later offset: a log that was replaced shows there.
    match intake.reader_from(saved) {
        Ok(_) => {
            let from = remembered.as_ref().map_or(saved, |memory| memory.at.min(saved));
            Ok((intake.reader_from(from)?, saved, remembered))
        }
        Err(error @ LakeError::AheadOfLog { .. }) => {
            tracing::error!(%error, "the intake log is another one; it is read from its start");
            Ok((intake.reader_from(Offset::START)?, Offset::START, None))
        }
        Err(error) => Err(error.into()),
    }
}

async fn tell_quarantined(app: &App, intake: &Intake) -> anyhow::Result<()> {
    if intake.quarantined().is_empty() {
        return Ok(());
    }
    let mut write = app.db.write().await?;
    let mut told = save::Told::new();
    for segment in intake.quarantined() {
        let name = segment.path.file_name().unwrap_or_default().to_string_lossy();
        let bytes = segment.damaged.iter().map(|damage| i64::from(damage.bytes)).sum();
        told.extend(raise::damage(app, &mut write, &name, bytes).await?);
    }
    Ok(save::commit(app, write, told).await?)
}
