//! Event in, hit out: the Sigma engine.
//!
//! [`Loader`] (or [`Rules::load`], [`Rules::from_texts`]) reads Sigma 2.1 rules and `event_count`
//! correlations; whatever it cannot honour exactly comes back as [`Refused`], by name and with the
//! reason, and is never matched approximately. [`Engine`] takes batches of events and answers with
//! [`Hit`]s. A rule sees only the events of the log source that it asks for.
//!
//! The crate has no clock and no state beyond the windows of its correlations. Rules may come from
//! strangers: their size, depth, number and regular expressions are bounded.
//!
//! It does not decode logs (that is `event`), keep hits or raise signals (that is the hub).

mod engine;
mod fields;
mod load;
mod pack;
mod plan;
mod sigma;
mod unmapped;

pub use engine::{Engine, Found, Hit, Scanner};
pub use load::{FILE_BYTES_MAX, Loader, RULES_MAX, Refused, Rules};
pub use sigma::correlate::{Correlator, Counters, GROUPS_MAX, LATENESS_US, Sighting};
pub use sigma::reason::Reason;
pub use sigma::rule::{Level, LogSource, RuleInfo, UnknownLevel};
pub use unmapped::Unmapped;
