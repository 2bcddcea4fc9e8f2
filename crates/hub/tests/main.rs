//! The one test binary of the hub: each slice has a module, all share the harness.

#![cfg(test)]

mod access;
mod bad_input;
mod board;
mod counting;
mod detection;
mod evidence;
mod harness;
mod incident;
mod indicators;
mod intake;
mod journal;
mod login;
mod main_job;
mod registry;
mod report;
mod rule_folders;
mod rules;
mod schema;
mod visible;
mod words;
