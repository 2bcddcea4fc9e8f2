//! Seats for posts: each holds a body in memory, so that there are few, and no source takes them
//! all.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use khien_domain::id::SourceId;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Posts whose bodies are read at the same time.
const POSTS_MAX: usize = 32;
/// Posts of one source among them.
const POSTS_OF_SOURCE_MAX: usize = 4;

/// The seats of a hub.
#[derive(Debug)]
pub(super) struct Seats {
    all: Semaphore,
    held: Mutex<HashMap<SourceId, usize>>,
}

/// A seat, free again when dropped.
#[derive(Debug)]
pub(super) struct Seat<'a> {
    seats: &'a Seats,
    source: SourceId,
    _one: SemaphorePermit<'a>,
}

impl Default for Seats {
    fn default() -> Self {
        Self { all: Semaphore::new(POSTS_MAX), held: Mutex::default() }
    }
}

impl Seats {
    /// Returns a seat for a post of that source; nothing when it, or all together, hold too many.
    pub(super) fn take(&self, source: SourceId) -> Option<Seat<'_>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let own = held.get(&source).copied().unwrap_or_default();
        if own >= POSTS_OF_SOURCE_MAX {
            return None;
        }
        let one = self.all.try_acquire().ok()?;
        held.insert(source, own + 1);
        Some(Seat { seats: self, source, _one: one })
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut held = self.seats.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = held.get_mut(&self.source) {
            *own -= 1;
            if *own == 0 {
                held.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_source_leaves_seats_for_the_others() {
        let source = |n: usize| SourceId::new(Uuid::from_u128(n as u128));
        let seats = Seats::default();
        let take = |n| seats.take(source(n));
        let greedy: Vec<_> = (0..100).filter_map(|_| take(0)).collect();
        assert_eq!(greedy.len(), POSTS_OF_SOURCE_MAX);
        let others: Vec<_> = (1..100).filter_map(take).collect();
        assert_eq!(others.len(), POSTS_MAX - POSTS_OF_SOURCE_MAX);
        drop(greedy);
        assert!(take(0).is_some());
        drop(others);
        assert!(seats.held.lock().unwrap().is_empty(), "who holds none is forgotten");
    }
}
