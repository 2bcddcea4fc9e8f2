//! What a hunt cost, as the kernel counts it.

use serde::Serialize;

/// The clock ticks that `/proc` counts CPU time in: 100 a second on every Linux that we build for.
const TICKS_PER_SECOND: f64 = 100.0;

/// The object of `--stats`. What this system does not tell is null.
#[derive(Debug, Serialize)]
pub(super) struct Stats {
    pub(super) events: u64,
    pub(super) events_unmapped: u64,
    pub(super) bytes_in: u64,
    pub(super) hits: u64,
    pub(super) rules_loaded: usize,
    pub(super) rules_refused: usize,
    pub(super) seconds_total: f64,
    pub(super) seconds_load: f64,
    /// User and system, from the first byte read to the last hit written.
    pub(super) cpu_seconds: Option<f64>,
    pub(super) events_per_second: Option<f64>,
    pub(super) threads: usize,
    pub(super) peak_rss_bytes: Option<u64>,
    pub(super) indicators_loaded: usize,
    pub(super) indicators_refused: u64,
}

/// Returns the CPU seconds, user and system, that this process has used.
pub(super) fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name, in brackets, may hold anything; fields are counted after it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

/// Returns the most memory that this process has held.
pub(super) fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
