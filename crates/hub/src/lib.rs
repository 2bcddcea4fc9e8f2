//! The server: one folder per capability, and around them the few files that every capability meets.
//!
//! - [`app`]: what a running hub holds; [`config`]: what an operator may set.
//! - [`router`]: every route is a row; the axum router, the OpenAPI and the access tests come from it.
//! - [`wiring`]: every fact and what it sets off; [`schedule`]: every job that runs by itself.
//! - [`web`]: layout, sessions, languages, assets.
//!
//! A slice has `mod` (what it does), `store` (its SQL), `page` (HTML), `api` (JSON), `job`.
//! Slices call downward only: unit < access < inbox < journal < asset < evidence < signal < task <
//! incident, and above them the rooms that join several: report, intake, detection, import, board.
//! Upward news travels as a [`khien_domain::fact::Fact`].

pub mod access;
pub mod app;
pub mod asset;
pub mod board;
pub mod clock;
pub mod config;
pub mod detection;
pub mod evidence;
pub mod fault;
pub mod folder;
pub mod health;
pub mod home;
pub mod import;
pub mod inbox;
pub mod incident;
pub mod intake;
pub mod journal;
pub mod listen;
pub mod migrations;
pub mod number;
pub mod openapi;
pub mod report;
pub mod router;
pub mod schedule;
pub mod serve;
pub mod sheet;
pub mod signal;
pub mod statements;
pub mod task;
pub mod unit;
pub mod web;
pub mod wiring;
