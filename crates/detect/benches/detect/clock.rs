//! CPU time of this thread and memory of this process, as Linux tells them.

use rustix::time::{ClockId, clock_gettime};

/// Returns the seconds that this thread has run. (`/proc/thread-self/schedstat` tells the same, but
/// on some machines in steps of 4 ms.)
fn cpu_seconds() -> f64 {
    let ran = clock_gettime(ClockId::ThreadCPUTime);
    ran.tv_sec as f64 + ran.tv_nsec as f64 / 1e9
}

/// Returns the seconds that a piece of work took, with its result.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = cpu_seconds();
    let result = work();
    (cpu_seconds() - before, result)
}

/// Returns the most memory that this process has held.
pub(crate) fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line
        .and_then(|line| line.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse().ok())
        .expect("a number of kB");
    format!("{:.1} MB", kib * 1024.0 / 1e6)
}
