//! Event lake, first room: the intake log.
//!
//! A batch of bytes that a door has taken in is written here before anybody is told that it
//! arrived. The contract, in exact terms:
//!
//! 1. [`IntakeLog::append`] returns a [`Receipt`] only after `fdatasync` returned for the frame.
//!    Frames of many tasks share one commit: at 1 MiB or after 2 ms, whichever comes first.
//! 2. A failed write or `fdatasync` poisons the log: every waiting and every later append is
//!    refused with [`LakeError::Poisoned`] and nothing is retried, because after a failed sync
//!    the kernel may have dropped the very pages a retry would call clean. The process should
//!    stop acknowledging and exit.
//! 3. A full disk, or a full byte budget, met while the next segment is made refuses the frames
//!    that needed it and nothing else: the log goes on when there is room again. Frames are never
//!    deleted to make room.
//! 4. A keyed frame (source, epoch, sequence) is stored once for as long as a segment that holds
//!    a frame of its (source, epoch) is kept; sent again, it is acknowledged as a duplicate.
//!    Sequences may arrive in any order. An unkeyed frame is stored at least once.
//! 5. [`Reader`] sees committed frames only, in the order of the log, and says where it could not
//!    read; the reader's [`Offset`] is the caller's to store, in the same transaction as what the
//!    caller made of the frames.
//! 6. [`IntakeLog::open`] ends the log before a torn tail (a write that was never acknowledged)
//!    and says so. A bad frame among committed ones is damage: its segment is quarantined under
//!    another name, its good frames stay readable, and it is reported. It is never cut silently.
//! 7. [`IntakeLog::expire`] deletes a segment only when it is consumed *and* older than
//!    [`Options::keep`]. A quarantined segment waits for a person.
//!
//! There is no global state: a hub opens one log for bulk events and a second, small one for
//! signals, heartbeats and reports, so that a flood in one cannot delay the other.

mod commit;
mod error;
mod frame;
mod log;
mod marks;
mod offset;
mod reader;
mod recover;
mod segment;
mod shared;

pub use error::LakeError;
pub use frame::{Frame, Key, MAX_BATCH_BYTES, SourceId, UNKEYED_EPOCH};
pub use log::{Expired, IntakeLog, Options, Receipt, Usage};
pub use offset::Offset;
pub use reader::{Damage, ReadBatch, Reader, Stored};
pub use recover::{Quarantined, Recovered, TornTail};
