//! The one place that asks the machine for the time; everything else is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Where the hub's time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that a test holds in its hand: µs since 1970, UTC.
    Held(Arc<AtomicI64>),
}

impl Clock {
    /// Returns a clock that stands at `at` until it is moved.
    pub fn held(at: i64) -> Self {
        Self::Held(Arc::new(AtomicI64::new(at)))
    }

    /// Returns the time in µs since 1970, UTC.
    pub fn now(&self) -> i64 {
        match self {
            Self::System => jiff::Timestamp::now().as_microsecond(),
            Self::Held(at) => at.load(Ordering::Relaxed),
        }
    }

    /// Moves a held clock forward by `by_us`; the machine's clock cannot be moved.
    pub fn advance(&self, by_us: i64) {
        if let Self::Held(at) = self {
            at.fetch_add(by_us, Ordering::Relaxed);
        }
    }
}
