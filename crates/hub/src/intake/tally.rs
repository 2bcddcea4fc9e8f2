//! What the doors counted: per source until it is written to its row, and for strangers.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use khien_domain::id::SourceId;
use khien_store::Unjournaled;

use super::{Intake, store};
use crate::app::App;
use crate::fault::Fault;

/// How often counts are written and sources read anew.
const ROUND: Duration = Duration::from_secs(2);
/// Addresses of unknown senders that are told apart; the rest is counted together.
const STRANGERS_MAX: usize = 200;

/// What has changed about one source since it was written last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Events taken.
    pub(super) accepted: i64,
    /// Events refused at the door or by the decoder.
    pub(super) rejected: i64,
    /// Messages cut at the bound.
    pub(super) cut: i64,
    /// Messages that came faster than they could be kept.
    pub(super) lost: i64,
    /// When it was last heard of.
    pub(super) seen_at: Option<i64>,
    /// Its clock minus ours, µs.
    pub(super) skew: Option<i64>,
}

/// An address that sends without being a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stranger {
    /// Who; `None` for all that are not told apart.
    pub(super) address: Option<IpAddr>,
    /// How many connections or datagrams.
    pub(super) count: u64,
    /// When last.
    pub(super) seen_at: i64,
}

/// The counts of this process.
#[derive(Debug, Default)]
pub struct Tally {
    sources: Mutex<HashMap<SourceId, Counts>>,
    strangers: Mutex<HashMap<Option<IpAddr>, (u64, i64)>>,
    udp_dropped: AtomicU64,
}

impl Tally {
    /// Counts events that came through a door.
    pub fn taken(&self, source: SourceId, at: i64, accepted: i64, rejected: i64) {
        self.change(source, |counts| {
            counts.accepted += accepted;
            counts.rejected += rejected;
            counts.seen_at = counts.seen_at.max(Some(at));
        });
    }

    /// Counts what a decoder made of a frame: events that nobody could read, and the clock.
    pub fn decoded(&self, source: SourceId, unreadable: i64, skew: Option<i64>) {
        self.change(source, |counts| {
            counts.rejected += unreadable;
            counts.skew = skew.or(counts.skew);
        });
    }

    pub(super) fn frame(&self, source: SourceId, at: i64, lines: i64, lost: bool) {
        if lost { self.lost(source, lines) } else { self.taken(source, at, lines, 0) }
    }

    pub(super) fn cut(&self, source: SourceId) {
        self.change(source, |counts| counts.cut += 1);
    }

    pub(super) fn lost(&self, source: SourceId, messages: i64) {
        self.change(source, |counts| counts.lost += messages);
    }

    pub(super) fn stranger(&self, address: IpAddr, at: i64) {
        let mut strangers = lock(&self.strangers);
        let known = strangers.contains_key(&Some(address)) || strangers.len() < STRANGERS_MAX;
        let entry = strangers.entry(known.then_some(address)).or_default();
        *entry = (entry.0 + 1, at);
    }

    /// Returns the unknown senders, most recent first.
    pub(super) fn strangers(&self) -> Vec<Stranger> {
        let strangers = lock(&self.strangers);
        let mut list: Vec<_> = strangers
            .iter()
            .map(|(&address, &(count, seen_at))| Stranger { address, count, seen_at })
            .collect();
        list.sort_by_key(|stranger| std::cmp::Reverse(stranger.seen_at));
        list
    }

    /// Returns the datagrams that the kernel dropped because nobody read them in time.
    pub(super) fn udp_dropped(&self) -> u64 {
        self.udp_dropped.load(Ordering::Relaxed)
    }

    fn change(&self, source: SourceId, change: impl FnOnce(&mut Counts)) {
        change(lock(&self.sources).entry(source).or_default());
    }

    /// Writes what was counted to the rows of the sources; keeps it for the next time on failure.
    pub(super) async fn write(&self, app: &App) -> Result<(), Fault> {
        let counted = std::mem::take(&mut *lock(&self.sources));
        if counted.is_empty() {
            return Ok(());
        }
        let written = write_all(app, &counted).await;
        if written.is_err() {
            counted.into_iter().for_each(|(source, counts)| self.put_back(source, counts));
        }
        written
    }

    fn put_back(&self, source: SourceId, old: Counts) {
        self.change(source, |counts| {
            counts.accepted += old.accepted;
            counts.rejected += old.rejected;
            counts.cut += old.cut;
            counts.lost += old.lost;
            counts.seen_at = counts.seen_at.max(old.seen_at);
            counts.skew = counts.skew.or(old.skew);
        });
    }
}

async fn write_all(app: &App, counted: &HashMap<SourceId, Counts>) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    for (source, counts) in counted {
        store::count(&mut write, *source, counts).await?;
    }
    app.commit_unjournaled(write, Unjournaled::SeenCount).await
}

fn lock<T>(counts: &Mutex<T>) -> MutexGuard<'_, T> {
    // Counting cannot panic half-way, so that what a poisoned lock guards is whole.
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes counts and reads sources anew until the hub stops, and once more then.
pub(super) async fn keep(app: App, intake: Arc<Intake>, udp: Option<SocketAddr>) {
    loop {
        let stopped = tokio::select! {
            () = intake.stop.cancelled() => true,
            () = tokio::time::sleep(ROUND) => false,
        };
        if let Some(dropped) = udp.and_then(|udp| kernel_drops(udp.port())) {
            intake.tally.udp_dropped.store(dropped, Ordering::Relaxed);
        }
        if let Err(fault) = intake.tally.write(&app).await {
            tracing::warn!(%fault, "the counts of the sources wait to be written");
        }
        if stopped {
            return;
        }
        if let Err(fault) = intake.senders.reload(&app).await {
            tracing::warn!(%fault, "the sources could not be read anew");
        }
    }
}

/// Returns how many datagrams Linux dropped at the socket of this port; `None` elsewhere.
fn kernel_drops(port: u16) -> Option<u64> {
    let tables = ["/proc/net/udp", "/proc/net/udp6"];
    let texts = tables.iter().filter_map(|table| std::fs::read_to_string(table).ok());
    texts.filter_map(|text| drops_in(&text, port)).reduce(|a, b| a + b)
}

fn drops_in(table: &str, port: u16) -> Option<u64> {
    let ending = format!(":{port:04X}");
    let mut drops = None;
    for line in table.lines().skip(1) {
        let mut columns = line.split_ascii_whitespace();
        if columns.nth(1).is_some_and(|local| local.ends_with(&ending)) {
            drops = Some(drops.unwrap_or(0) + columns.next_back()?.parse::<u64>().ok()?);
        }
    }
    drops
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_tells_what_it_dropped() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
             51: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5 2 0 17\n\
             52: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 6 2 0 3\n";
        assert_eq!(drops_in(table, 514), Some(17));
        assert_eq!(drops_in(table, 515), None);
    }

    #[test]
    fn strangers_are_told_apart_up_to_a_bound() {
        let tally = Tally::default();
        for n in 0..STRANGERS_MAX as u32 + 50 {
            tally.stranger(IpAddr::from(n.to_be_bytes()), i64::from(n));
        }
        let strangers = tally.strangers();
        assert_eq!(strangers.len(), STRANGERS_MAX + 1);
        let rest = strangers.iter().find(|s| s.address.is_none()).expect("the rest");
        assert_eq!(rest.count, 50);
    }
}
