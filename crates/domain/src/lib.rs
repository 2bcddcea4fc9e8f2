//! The nouns and rules of the house.
//!
//! One file per capability. Everything here is a pure function or plain data: times and ids are
//! arguments, nothing is read, written, waited for or drawn by lot, so every rule can be tested by
//! a table and held against an oracle. What is impure about a noun lives under the same name in
//! the hub.
//!
//! A state machine takes a deed and returns the noun after it with its [`fact::Fact`]s, or a
//! [`refusal::Refusal`]; it never changes anything in place, so a refused deed leaves no trace.

#![warn(missing_docs)]

pub mod access;
pub mod asset;
pub mod clock;
pub mod coded;
pub mod evidence;
pub mod fact;
pub mod fold;
pub mod id;
pub mod incident;
pub mod marking;
pub mod matter;
pub mod refusal;
pub mod signal;
pub mod suppression;
pub mod task;
pub mod text;
pub mod time;
pub mod unit;
pub mod visible;
