//! Correlations: what many events mean together.
//!
//! `rule` reads the section, `criterion` its condition, `link` binds the names to loaded rules and
//! refuses circles, `sighting` says what the scanner hands over. The memory is `correlator` (all of
//! it), `counting` (one correlation), `group`, `samples` (its newest sightings) and `folded` (its
//! older ones, with `distinct`, `quantile` and `chain`); `window` asks it,
//! `completed` tells of what it found,
//! and `save` carries it over a restart; `packed` carries sightings past what memory can hold.

mod chain;
pub(crate) mod completed;
pub(crate) mod correlator;
pub(crate) mod counting;
pub(crate) mod criterion;
mod distinct;
mod folded;
mod group;
pub(crate) mod link;
mod packed;
mod quantile;
pub(crate) mod rule;
mod samples;
pub(crate) mod save;
pub(crate) mod sighting;
mod window;

/// What the allocator adds to each piece of memory that is asked of it, bytes: its own head, and what
/// it rounds up.
const ALLOCATION_BYTES: usize = 16;
/// How late an event may come, µs: as seen from the newest event of its group.
pub const LATENESS_US: i64 = 5 * 60 * 1_000_000;
