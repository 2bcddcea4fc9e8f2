//! Follows the intake log: scan, save, go on. What was scanned is kept until it is saved, because
//! the counting rules have seen it.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::Context as _;
use khien_detect::{Engine, Rules};
use khien_lake::{LakeError, Offset, Reader};
use tokio_util::sync::CancellationToken;

use super::scan::{Scan, Scanner};
use super::{raise, save};
use crate::app::App;
use crate::intake::store::Place;
use crate::intake::{self, Intake};

/// How far back a restart reads again, so that rules that count see their window; longer windows
/// begin anew.
const WARM_US: i64 = 15 * 60_000_000;
/// How fine the place to warm up from is remembered.
const MARK_STEP_US: i64 = 60_000_000;
/// A place in the log that nothing was found before is saved at most this often: reading it again
/// finds nothing again.
const QUIET_SAVE_US: i64 = 1_000_000;

/// One reader of the intake log with its rules.
pub struct Runner {
    app: App,
    intake: Arc<Intake>,
    /// Absent only while it works, and for good when it panicked.
    scanner: Option<Scanner>,
    pending: Option<Scan>,
    saved_at: i64,
    /// Places in the log with the time they were passed, oldest first.
    marks: VecDeque<(i64, Offset)>,
}

impl Runner {
    /// Returns a runner that goes on where the store says, after telling of damaged segments.
    ///
    /// # Errors
    /// When the doors are not open, or the store or the log cannot be read.
    pub async fn open(app: &App, rules: Rules) -> anyhow::Result<Self> {
        let intake = Arc::clone(app.intake().context("the doors for events are not open")?);
        let place = {
            let mut conn = app.db.read().await?;
            intake::store::place(&mut conn, intake::LOG).await?
        };
        let (reader, saved) = reader(&intake, place)?;
        let marks = VecDeque::from([(app.now(), reader.offset())]);
        let scanner = Scanner::new(reader, Engine::new(rules), saved);
        tell_quarantined(app, &intake).await?;
        let (app, scanner) = (app.clone(), Some(scanner));
        Ok(Self { app, intake, scanner, pending: None, saved_at: 0, marks })
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
            let place = Place { position: scan.next.to_i64(), warm: self.warm().to_i64() };
            save::save(&self.app, scan, place).await?;
            self.saved_at = self.app.now();
        }
        if let Some(scan) = self.pending.take() {
            self.pass(&scan);
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

    /// Returns whether a failed round can be tried again, rather than everything begun anew.
    pub fn can_go_on(&self) -> bool {
        self.scanner.is_some()
    }

    async fn scan(&mut self) -> anyhow::Result<Option<Scan>> {
        let mut scanner = self.scanner.take().context("detection broke off in its last round")?;
        let scanned = tokio::task::spawn_blocking(move || {
            let scan = scanner.scan();
            (scanner, scan)
        });
        let (scanner, scan) = scanned.await.context("scanning the intake log")?;
        self.scanner = Some(scanner);
        Ok(scan?)
    }

    fn pass(&mut self, scan: &Scan) {
        for (source, decoded) in &scan.decoded {
            self.intake.tally().decoded(*source, decoded.unreadable, decoded.skew);
        }
        let now = self.app.now();
        if self.marks.back().is_none_or(|(at, _)| now - at >= MARK_STEP_US) {
            self.marks.push_back((now, scan.next));
        }
        while self.marks.get(1).is_some_and(|(at, _)| now - at >= WARM_US) {
            self.marks.pop_front();
        }
    }

    fn warm(&self) -> Offset {
        self.marks.front().map_or(Offset::START, |(_, offset)| *offset)
    }
}

/// Returns the reader at the place to warm up from, and where saving begins.
fn reader(intake: &Intake, place: Place) -> anyhow::Result<(Reader, Offset)> {
    let saved = Offset::from_i64(place.position);
    // Asked with the later offset: a log that was replaced shows there.
    match intake.reader_from(saved) {
        Ok(_) => {
            let warm = Offset::from_i64(place.warm).min(saved);
            Ok((intake.reader_from(warm)?, saved))
        }
        Err(error @ LakeError::AheadOfLog { .. }) => {
            tracing::error!(%error, "the intake log is another one; it is read from its start");
            Ok((intake.reader_from(Offset::START)?, Offset::START))
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
