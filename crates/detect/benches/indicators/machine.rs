//! CPU time of this thread and memory of this process, as Linux tells them.

/// Returns the nanoseconds that this thread has run.
pub(crate) fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    let ran = stat.split_whitespace().next().and_then(|field| field.parse().ok());
    ran.expect("the first field is a number")
}

/// Returns a figure of `/proc/self/status`, in MB (10⁶ bytes).
pub(crate) fn memory_mb(key: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let kib: f64 = line
        .and_then(|line| line.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse().ok())
        .expect("a number of kB");
    kib * 1024.0 / 1e6
}
