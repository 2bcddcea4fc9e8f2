//! Standard input or a pipe, kept on disk as it comes: the head is looked at before it is read, and
//! correlations come back for their events.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A stream that can be read again from its beginning, by one reader at a time.
#[derive(Debug)]
pub(in crate::commands) struct Spool {
    state: Mutex<State>,
}

struct State {
    rest: Box<dyn Read + Send>,
    /// What came so far; deleted when the program ends, however it does.
    file: File,
    bytes: u64,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// Reads a spool from its beginning.
pub(super) struct FromStart {
    spool: Arc<Spool>,
    at: u64,
}

impl Spool {
    /// Returns the spool of a stream of which nothing has been read.
    pub(super) fn new(rest: Box<dyn Read + Send>) -> io::Result<Arc<Self>> {
        let state = State { rest, file: tempfile::tempfile()?, bytes: 0 };
        Ok(Arc::new(Self { state: Mutex::new(state) }))
    }

    /// Returns a reader at the beginning.
    pub(super) fn read_again(self: &Arc<Self>) -> FromStart {
        FromStart { spool: Arc::clone(self), at: 0 }
    }

    /// Returns how much has come so far.
    pub(super) fn bytes(&self) -> u64 {
        self.state().bytes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.spool.state();
        let bytes = if self.at < state.bytes {
            state.file.seek(SeekFrom::Start(self.at))?;
            state.file.read(buffer)?
        } else {
            let bytes = state.rest.read(buffer)?;
            state.file.seek(SeekFrom::End(0))?;
            state.file.write_all(&buffer[..bytes])?;
            state.bytes += bytes as u64;
            bytes
        };
        self.at += bytes as u64;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_again_and_then_on() {
        let spool = Spool::new(Box::new(io::Cursor::new(b"one two three".to_vec()))).unwrap();
        let read = |bytes: u64| {
            let mut text = String::new();
            spool.read_again().take(bytes).read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(read(3), "one");
        assert_eq!(spool.bytes(), 3);
        assert_eq!(read(7), "one two");
        assert_eq!(read(100), "one two three");
        assert_eq!(read(100), "one two three");
        assert_eq!(spool.bytes(), 13);
    }
}
