//! Rules compiled for one log source: which fields are looked at, which few rules a value makes
//! worth asking, and how those are asked.
//!
//! A rule set is turned into [`Questions`] once: the tests of all rules, each different one kept
//! once. For every log source that turns up, a [`Plan`] takes the rules that serve it, works out
//! what the source already decides (an event id), and files every rule under its [`witness`]es: the
//! rarest texts of which one must occur, or the rule cannot hold. Matching an event is then one
//! pass over its values, looking for witnesses ([`column`], [`grams`]), and a full trial of the
//! rules whose witness was found ([`trial`]).

mod build;
mod column;
mod draft;
mod explain;
mod findings;
mod frequency;
mod gate;
mod grams;
mod group;
mod hash;
mod heads;
mod lists;
mod literal;
mod question;
mod steps;
mod trial;
mod witness;

pub(crate) use build::{Plan, Serving, Source};
pub(crate) use explain::explain;
pub use explain::{Explained, ExplainedStep, Next};
pub(crate) use question::{QuestionAt, Questions, Tree};
pub(crate) use trial::Scratch;

/// A rule of a plan, by its place there.
pub(crate) type RuleAt = u32;
/// A question of a plan, by its place there.
pub(crate) type AskAt = u32;
/// A field of a plan, by its place there.
pub(crate) type Slot = u16;
