//! Indicators of compromise: hashes, addresses, domains, web and mail addresses and files, by the
//! million, looked for in every event.
//!
//! A warning that reaches a province names some hundred of them, and somebody has to look for each
//! in a year of logs. [`Indicators`] holds them packed; [`IocScanner`] finds them
//! at nearly no cost where there is nothing to find. Feeds are read as they come (tables, lists,
//! STIX 2.1, MISP); what cannot be honoured exactly is refused, counted and named. They are no
//! rules: a Sigma rule with a million values would be no rule, and these have an expiry, a marking
//! and a source each.
//!
//! A hit is exact: the whole value is compared, never a fingerprint of it. It says which feed named
//! the indicator, not that something happened: that is for a person to verify.

mod address;
mod allow;
mod bloom;
mod builder;
mod digest;
mod domain;
mod hint;
mod hit;
mod ids;
mod kind;
mod load;
mod look;
mod mix;
mod net;
mod note;
mod path;
mod probe;
mod question;
mod report;
mod scan;
mod set;
mod text;
mod tlp;
mod url;
mod value;

pub use builder::{INDICATORS_MAX, IocBuilder};
pub use hit::IocHit;
pub use kind::IocKind;
pub use probe::IocCounters;
pub use report::{IocFormat, IocReason, IocRefused, IocReport, IocSource, NAMED_MAX};
pub use scan::IocScanner;
pub use set::{Indicator, Indicators};
pub use tlp::Tlp;
