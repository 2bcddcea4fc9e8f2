//! The statutory clocks of an incident: dated data in `clocks.json`, counted from the detection.
//!
//! Source: the 2017 pack is Circular 20/2017 (notice within five days); the 2026 pack is Decree
//! 331/2026 art. 31.2.d (first notice of a serious incident within 24 h, cause, scope and remedy
//! within 72 h). "At once" is no clock: it has no moment at which it runs out.

use std::sync::LazyLock;

use khien_domain::clock::{Clock, Pack, Start, clocks, pack_at};
use khien_domain::incident::{Severity, State};

use super::store::IncidentRow;
use crate::fault::Fault;
use crate::web::stored;

static PACKS: LazyLock<Vec<Pack>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("clocks.json")).expect("a test holds the packs to their form")
});

/// Returns the id of the pack in force at `at`; an incident keeps the pack it was opened under.
pub fn pack_id(at: i64) -> &'static str {
    pack_at(&PACKS, at).map_or("", |pack| pack.id.as_str())
}

/// Returns the clocks of an incident, the most urgent first, those of a closed one included: what
/// the law wants is owed until it is made. One that was none, or is part of another, has none.
///
/// # Errors
/// When the row holds a code that this program does not know.
pub fn of(row: &IncidentRow) -> Result<Vec<Clock>, Fault> {
    let state: State = stored(&row.state)?;
    let severity: Severity = stored(&row.severity)?;
    let Some(pack) = PACKS.iter().find(|pack| pack.id == row.clock_pack) else {
        return Ok(Vec::new());
    };
    if matches!(state, State::Voided | State::Merged) {
        return Ok(Vec::new());
    }
    let serious = severity == Severity::Serious;
    let start = Start { detected_at: row.detected_at, opened_at: row.opened_at, serious };
    Ok(clocks(pack, start, &row.reports()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packs_are_well_formed_and_dated() {
        for pack in PACKS.iter() {
            pack.clone().checked().expect("a pack of the house");
        }
        let at = |day: &str| crate::web::time::parse(day).expect("a day");
        assert_eq!(pack_id(at("18/08/2026")), "2017");
        assert_eq!(pack_id(at("19/08/2026")), "2026");
    }
}
