//! The statutory clocks of an incident: dated data in `clocks.json`, counted from the detection.
//!
//! Source: the 2017 pack is Circular 20/2017 (notice within five days); the 2026 pack is Decree
//! 331/2026 art. 31.2.d (first notice of a serious incident within 24 h, cause, scope and remedy
//! within 72 h). "At once" is no clock: it has no moment at which it runs out.

use std::sync::LazyLock;

use khien_domain::clock::{Clock, LawReport, Pack, Start, clocks, pack_at};
use khien_domain::incident::{Severity, State};

use super::store::{IncidentRow, Merged};
use crate::fault::Fault;
use crate::web::stored;

static PACKS: LazyLock<Vec<Pack>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("clocks.json")).expect("a test holds the packs to their form")
});

/// Returns the id of the pack in force at `at`; an incident keeps the pack it was opened under.
pub fn pack_id(at: i64) -> &'static str {
    pack_at(&PACKS, at).map_or("", |pack| pack.id.as_str())
}

/// What the clocks of an incident count: its own detection and reports, and those of the incidents
/// that were merged into it. Each of them brings the terms of its pack, the earliest detection
/// counts for all and the worst severity, so that no merge loses or moves a duty.
pub struct Basis {
    /// From when.
    pub start: Start,
    packs: Vec<&'static Pack>,
    made: Vec<LawReport>,
}

impl Basis {
    /// Returns what the clocks of an incident count.
    ///
    /// # Errors
    /// When the row holds what this program did not write.
    pub fn of(row: &IncidentRow) -> Result<Self, Fault> {
        let start = start(row.detected_at, row.opened_at, &row.severity)?;
        let packs = pack(&row.clock_pack).into_iter().collect();
        let mut basis = Self { start, packs, made: row.reports()? };
        for merged in row.merged()? {
            basis.take(merged)?;
        }
        Ok(basis)
    }

    fn take(&mut self, merged: Merged) -> Result<(), Fault> {
        self.start =
            self.start.joined(start(merged.detected_at, merged.opened_at, &merged.severity)?);
        self.packs.extend(pack(&merged.clock_pack));
        self.made.extend(merged.reports);
        Ok(())
    }

    /// The most urgent first; a term that two packs know is due when the earlier one says.
    fn clocks(&self) -> Vec<Clock> {
        let all = self.packs.iter().flat_map(|pack| clocks(pack, self.start, &self.made));
        let mut all: Vec<Clock> = all.collect();
        all.sort_by_key(|clock| clock.due);
        let mut met: Vec<String> = Vec::new();
        all.retain(|clock| {
            let is_new = !met.contains(&clock.code);
            met.extend(is_new.then(|| clock.code.clone()));
            is_new
        });
        all
    }
}

fn pack(id: &str) -> Option<&'static Pack> {
    PACKS.iter().find(|pack| pack.id == id)
}

fn start(detected_at: i64, opened_at: i64, severity: &str) -> Result<Start, Fault> {
    let severity: Severity = stored(severity)?;
    Ok(Start { detected_at, opened_at, serious: severity == Severity::Serious })
}

/// Returns the clocks of an incident, the most urgent first, those of a closed one included: what
/// the law wants is owed until it is made. One that was none, or is part of another, has none.
///
/// # Errors
/// When the row holds what this program did not write.
pub fn of(row: &IncidentRow) -> Result<Vec<Clock>, Fault> {
    let state: State = stored(&row.state)?;
    if matches!(state, State::Voided | State::Merged) {
        return Ok(Vec::new());
    }
    Ok(Basis::of(row)?.clocks())
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
