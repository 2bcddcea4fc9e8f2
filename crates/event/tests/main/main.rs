//! Goldens, the sample corpus, and hostile bytes.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]
#![expect(clippy::print_stderr, reason = "a skipped test says so, the corpus test prints totals")]

mod corpus;
mod evtx_slots;
mod goldens;
mod hostile;
mod hostile_evtx;
mod json_shapes;
mod oracle;
