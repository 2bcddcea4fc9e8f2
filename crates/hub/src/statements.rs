//! Every SQL text of the hub, so that one test holds each against both engines.

use crate::{
    access, asset, board, detection, evidence, inbox, incident, intake, journal, number, report,
    signal, task, unit,
};

/// Returns every statement with its full name; a test fails when a module is missing here.
pub fn statements() -> Vec<(&'static str, &'static str)> {
    [
        access::first::ALL,
        access::people::store::ALL,
        access::store::ALL,
        access::visible::ALL,
        asset::store::ALL,
        board::store::ALL,
        detection::memory::ALL,
        detection::rehearsal::ALL,
        detection::store::ALL,
        detection::suppress::ALL,
        evidence::store::ALL,
        inbox::store::ALL,
        incident::store::ALL,
        intake::store::ALL,
        journal::store::ALL,
        number::ALL,
        report::store::ALL,
        signal::store::ALL,
        task::store::ALL,
        unit::store::ALL,
    ]
    .concat()
}
