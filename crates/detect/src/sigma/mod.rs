//! The Sigma language, version 2.1: reading rules, and what each of their words means.

pub(crate) mod budget;
pub(crate) mod condition;
pub(crate) mod filter;
pub(crate) mod fold;
pub(crate) mod matcher;
pub(crate) mod meaning;
pub(crate) mod modifier;
pub(crate) mod number;
pub(crate) mod parse;
pub(crate) mod pattern;
pub(crate) mod placeholder;
pub(crate) mod reason;
pub(crate) mod regular;
pub(crate) mod required;
pub(crate) mod route;
pub(crate) mod rule;
pub(crate) mod spelling;
pub(crate) mod yaml;
