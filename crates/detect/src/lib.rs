//! Event in, hit out: the Sigma engine, and indicators of compromise.
//!
//! [`Loader`] (or [`Rules::load`], [`Rules::from_texts`]) reads Sigma 2.1 rules and correlations of
//! every type; whatever it cannot honour exactly comes back as [`Refused`], by name and with the
//! reason, and is never matched approximately. [`Engine`] takes batches of events and answers with
//! [`Hit`]s. A rule sees only the events of the log source that it asks for.
//!
//! [`Indicators`] holds indicators of compromise by the million, read from feeds as they come;
//! [`IocScanner`] looks for them in the same batches and answers with [`IocHit`]s.
//!
//! The crate has no clock and no state beyond the windows of its correlations. Rules may come from
//! strangers: their size, depth, number and what they compile into are bounded.
//!
//! It does not decode logs (that is `event`), keep hits or raise signals (that is the hub).

mod attack;
mod correlate;
mod engine;
mod fields;
mod ioc;
mod load;
mod pack;
mod plan;
mod sigma;
mod unmapped;

pub use attack::Tactic;
pub use correlate::LATENESS_US;
pub use correlate::completed::Completed;
pub use correlate::correlator::{Correlator, STATE_BYTES_MAX, Settled};
pub use correlate::counting::{Counters, GROUPS_MAX, RULE_BYTES_MAX, Usage};
pub use correlate::link::CORRELATIONS_MAX;
pub use correlate::save::BadState;
pub use correlate::sighting::Sighting;
pub use engine::{Engine, Found, Hit, Scanner};
pub use ioc::{
    INDICATORS_MAX, Indicator, Indicators, IocBuilder, IocCounters, IocFormat, IocHit, IocKind,
    IocReason, IocRefused, IocReport, IocScanner, IocSource, NAMED_MAX, Tlp,
};
pub use load::{FILE_BYTES_MAX, Loader, RULES_MAX, Refused, Rules};
pub use plan::{Explained, ExplainedStep, Next};
pub use sigma::filter::Filtered;
pub use sigma::placeholder::Placeholders;
pub use sigma::reason::Reason;
pub use sigma::route::Origin;
pub use sigma::rule::{Level, LogSource, RuleInfo, UnknownLevel};
pub use unmapped::Unmapped;
