//! Results on their way from the workers to the one who writes them, in the order of the files.
//!
//! Workers read ahead. What waits is bounded in bytes, however many files there are and however
//! slowly it is taken. So that nobody waits for ever, the file whose turn it is may always bring its
//! next part.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::scan::Part;

/// Bytes of parts that may wait, besides one part of the file whose turn it is.
const WAITING_BYTES_MAX: usize = 4 << 20;

/// The parts that wait.
#[derive(Debug)]
pub(super) struct Waiting {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    files: usize,
    /// The next file for a worker.
    next: usize,
    /// The file whose turn it is.
    turn: usize,
    ahead: BTreeMap<usize, File>,
    bytes: usize,
    workers: usize,
    /// Nobody takes any more.
    unwanted: bool,
}

#[derive(Debug, Default)]
struct File {
    /// Each with its size.
    parts: VecDeque<(usize, Part)>,
    ended: bool,
}

/// A worker's end. Dropped, it tells that the worker is gone.
#[derive(Debug)]
pub(super) struct Worker<'w>(&'w Waiting);

/// The taker's end. Dropped, it stops the workers at their next part.
#[derive(Debug)]
pub(super) struct Taker<'w>(&'w Waiting);

/// The taker is gone: nobody wants the rest.
#[derive(Debug)]
pub(super) struct Unwanted;

impl Waiting {
    /// Returns a place for the parts of so many files.
    pub(super) fn new(files: usize) -> Self {
        let state = State { files, ..State::default() };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Adds a worker.
    pub(super) fn worker(&self) -> Worker<'_> {
        self.state().workers += 1;
        Worker(self)
    }

    /// Returns the end for the one who takes, once all workers are added.
    pub(super) fn taker(&self) -> Taker<'_> {
        Taker(self)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'w>(&self, state: MutexGuard<'w, State>) -> MutexGuard<'w, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker<'_> {
    /// Returns the next file to read.
    pub(super) fn claim(&self) -> Option<usize> {
        let mut state = self.0.state();
        let file = state.next;
        if file >= state.files {
            return None;
        }
        state.next += 1;
        Some(file)
    }

    /// Brings the next part of a file, once there is room for it.
    pub(super) fn bring(&self, file: usize, part: Part) -> Result<(), Unwanted> {
        let bytes = part.bytes();
        let mut state = self.0.state();
        while !state.unwanted && !state.has_room(file, bytes) {
            state = self.0.wait(state);
        }
        if state.unwanted {
            return Err(Unwanted);
        }
        state.bytes += bytes;
        state.ahead.entry(file).or_default().parts.push_back((bytes, part));
        self.0.changed.notify_all();
        Ok(())
    }

    /// Tells that a file has no more parts.
    pub(super) fn end(&self, file: usize) {
        self.0.state().ahead.entry(file).or_default().ended = true;
        self.0.changed.notify_all();
    }
}

impl State {
    fn has_room(&self, file: usize, bytes: usize) -> bool {
        let none_waits = || self.ahead.get(&file).is_none_or(|file| file.parts.is_empty());
        self.bytes + bytes <= WAITING_BYTES_MAX || (file == self.turn && none_waits())
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        self.0.state().workers -= 1;
        self.0.changed.notify_all();
    }
}

impl Iterator for Taker<'_> {
    type Item = (usize, Part);

    fn next(&mut self) -> Option<(usize, Part)> {
        let mut state = self.0.state();
        while state.turn < state.files {
            let turn = state.turn;
            let file = state.ahead.entry(turn).or_default();
            if let Some((bytes, part)) = file.parts.pop_front() {
                state.bytes -= bytes;
                self.0.changed.notify_all();
                return Some((turn, part));
            }
            if file.ended {
                state.ahead.remove(&turn);
                state.turn += 1;
                self.0.changed.notify_all();
            } else if state.workers == 0 {
                // One of them panicked; that is told when the threads are joined.
                return None;
            } else {
                state = self.0.wait(state);
            }
        }
        None
    }
}

impl Drop for Taker<'_> {
    fn drop(&mut self) {
        self.0.state().unwanted = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: usize = 200;
    const PARTS: u64 = 7;

    fn part(number: u64) -> Part {
        // Told by the number of events; a hundredth of what may wait.
        let problem = khien_event::Problem {
            at: None,
            kind: khien_event::ProblemKind::More,
            detail: "x".repeat(WAITING_BYTES_MAX / 100),
        };
        Part { events: number, problems: vec![problem], ..Part::default() }
    }

    fn work(worker: &Worker<'_>) -> Result<(), Unwanted> {
        while let Some(file) = worker.claim() {
            for number in 0..PARTS {
                worker.bring(file, part(number))?;
            }
            worker.end(file);
        }
        Ok(())
    }

    #[test]
    fn parts_come_in_order_and_few_wait() {
        let waiting = Waiting::new(FILES);
        let mut taken = Vec::new();
        std::thread::scope(|scope| {
            for worker in [waiting.worker(), waiting.worker(), waiting.worker()] {
                scope.spawn(move || work(&worker));
            }
            for (file, part) in waiting.taker() {
                let bytes = waiting.state().bytes;
                assert!(bytes <= WAITING_BYTES_MAX + part.bytes(), "{bytes} bytes wait");
                taken.push((file, part.events));
            }
        });
        let all = (0..FILES).flat_map(|file| (0..PARTS).map(move |number| (file, number)));
        assert_eq!(taken, all.collect::<Vec<_>>());
    }

    #[test]
    fn workers_stop_when_nobody_takes() {
        let waiting = Waiting::new(FILES);
        std::thread::scope(|scope| {
            let worker = waiting.worker();
            let working = scope.spawn(move || work(&worker));
            assert_eq!(waiting.taker().next().map(|(file, _)| file), Some(0));
            assert!(working.join().unwrap().is_err());
        });
    }

    #[test]
    fn a_worker_that_is_gone_is_not_waited_for() {
        let waiting = Waiting::new(FILES);
        let worker = waiting.worker();
        assert_eq!(worker.claim(), Some(0));
        drop(worker);
        assert!(waiting.taker().next().is_none());
    }
}
