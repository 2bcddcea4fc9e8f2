//! Statutory clocks: what the law wants by when, counted from the detection.
//!
//! The terms are data, because they change with each decree: a dated pack that the hub reads from
//! a file. Hours run through nights and holidays. A clock starts at *detected* and no edit moves
//! it; a mistyped time is corrected by two persons with a reason, and both values stay. Only the
//! report that a term asks for stops its clock, neither the closing of the incident nor time.

mod report;

use serde::{Deserialize, Deserializer, de};

use crate::access::four_eyes;
use crate::coded::coded;
use crate::fact::Fact;
use crate::id::{MatterId, PersonId};
use crate::refusal::{Code, Refusal};
use crate::signal::check_detected_at;
use crate::text;
use crate::time::{HOUR, Micros, province_day};

pub use report::LawReport;

/// Terms of one pack.
pub const TERMS_MAX: usize = 64;
/// Hours of one term: a year.
pub const TERM_HOURS_MAX: u32 = 366 * 24;

coded! {
    /// From when a term counts.
    From {
        /// From the detection.
        Detected = "detected",
        /// From the opening of the incident.
        Opened = "opened",
    }
}

coded! {
    /// Which incidents a term binds.
    Applies {
        /// All of them.
        All = "all",
        /// Serious ones.
        Serious = "serious",
    }
}

/// One duty with its term.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Its code; the text is `clock-<code>`.
    pub code: String,
    /// The term in hours; 0 is "at once".
    pub hours: u32,
    /// From when it counts.
    pub from: From,
    /// Which incidents it binds.
    pub applies: Applies,
}

/// The terms of one legal text, in force from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Its id, kept with every incident that opened under it.
    pub id: String,
    /// The day on which it comes into force, written `YYYY-MM-DD`.
    #[serde(deserialize_with = "day")]
    pub valid_from: Micros,
    /// Its terms.
    pub terms: Vec<Term>,
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Micros, D::Error> {
    let text = String::deserialize(deserializer)?;
    province_day(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no day YYYY-MM-DD")))
}

impl Pack {
    /// Returns the pack, or why it cannot be honoured: a malformed or doubled term.
    pub fn checked(self) -> Result<Self, Refusal> {
        let malformed = |term: &str| Refusal::new(Code::PackMalformed).arg("term", term);
        if self.id.trim().is_empty() || self.terms.len() > TERMS_MAX {
            return Err(malformed(""));
        }
        for (place, term) in self.terms.iter().enumerate() {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            let twice = self.terms[..place].iter().any(|earlier| earlier.code == term.code);
            if term.code.is_empty()
                || !term.code.bytes().all(plain)
                || term.hours > TERM_HOURS_MAX
                || twice
            {
                return Err(malformed(&term.code));
            }
        }
        Ok(self)
    }
}

/// Returns the pack in force at `at`: the latest that has begun.
pub fn pack_at(packs: &[Pack], at: Micros) -> Option<&Pack> {
    packs.iter().filter(|pack| pack.valid_from <= at).max_by_key(|pack| pack.valid_from)
}

/// When an incident was detected and opened, and how bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// When it was detected, as corrected.
    pub detected_at: Micros,
    /// When it was opened.
    pub opened_at: Micros,
    /// Whether it is serious in the sense of the law.
    pub serious: bool,
}

impl Start {
    /// Returns from what the clocks of two incidents count that turn out to be one.
    pub fn joined(self, other: Self) -> Self {
        Self {
            detected_at: self.detected_at.min(other.detected_at),
            opened_at: self.opened_at.min(other.opened_at),
            serious: self.serious || other.serious,
        }
    }
}

/// A running or stopped clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// The code of its term.
    pub code: String,
    /// When the duty is due.
    pub due: Micros,
    /// When it was first fulfilled, if it was.
    pub met_at: Option<Micros>,
}

impl Clock {
    /// Returns whether the duty is not fulfilled yet.
    pub const fn is_owed(&self) -> bool {
        self.met_at.is_none()
    }

    /// Returns by how much the duty was, or is by now, late; 0 while it is in time.
    pub fn late_by(&self, now: Micros) -> Micros {
        self.met_at.unwrap_or(now).saturating_sub(self.due).max(0)
    }
}

/// Returns the clocks of an incident under a pack, the most urgent first.
pub fn clocks(pack: &Pack, start: Start, made: &[LawReport]) -> Vec<Clock> {
    let binds = |term: &&Term| term.applies == Applies::All || start.serious;
    let mut clocks: Vec<Clock> = pack
        .terms
        .iter()
        .filter(binds)
        .map(|term| Clock {
            code: term.code.clone(),
            due: due(term, start),
            met_at: made.iter().filter(|r| r.term == term.code).map(|r| r.made_at).min(),
        })
        .collect();
    clocks.sort_by_key(|clock| clock.due);
    clocks
}

fn due(term: &Term, start: Start) -> Micros {
    let from = match term.from {
        From::Detected => start.detected_at,
        From::Opened => start.opened_at,
    };
    from.saturating_add(i64::from(term.hours) * HOUR)
}

coded! {
    /// Where the correction of a time of detection stands.
    CorrectionState {
        /// Waits for a second person.
        Proposed = "proposed",
        /// In force.
        Approved = "approved",
        /// Refused.
        Refused = "refused",
    }
}

/// The correction of a mistyped time of detection; both values stay on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The incident.
    pub matter: MatterId,
    /// The time as it was typed.
    pub old: Micros,
    /// The time as it should be.
    pub new: Micros,
    /// How the mistake came about.
    pub reason: String,
    /// Who noticed.
    pub proposer: PersonId,
    /// Where it stands.
    pub state: CorrectionState,
}

/// What a second person can say to a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorrectionDeed {
    /// Agreed.
    Approve(PersonId),
    /// Not agreed; the proposer may take it back this way too.
    Refuse(PersonId),
}

impl Correction {
    /// Returns a proposed correction with its fact.
    pub fn propose(
        matter: MatterId,
        old: Micros,
        new: Micros,
        reason: &str,
        proposer: PersonId,
        now: Micros,
    ) -> Result<(Self, Vec<Fact>), Refusal> {
        let new = check_detected_at(new, now)?;
        if new == old {
            return Err(Refusal::new(Code::CorrectionSame));
        }
        let reason = text::reason(reason)?;
        let state = CorrectionState::Proposed;
        let correction = Self { matter, old, new, reason, proposer, state };
        Ok((correction, vec![Fact::CorrectionProposed { matter, by: proposer }]))
    }

    /// Returns the correction after the deed with its facts, or why the deed is refused.
    pub fn step(&self, deed: CorrectionDeed) -> Result<(Self, Vec<Fact>), Refusal> {
        if self.state != CorrectionState::Proposed {
            return Err(Refusal::new(Code::CorrectionDecided).arg("state", self.state));
        }
        let matter = self.matter;
        let (state, fact) = match deed {
            CorrectionDeed::Approve(by) => {
                four_eyes(self.proposer, by)?;
                (CorrectionState::Approved, Fact::DetectionCorrected { matter })
            }
            CorrectionDeed::Refuse(by) => {
                (CorrectionState::Refused, Fact::CorrectionRefused { matter, by })
            }
        };
        Ok((Self { state, ..self.clone() }, vec![fact]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY, MINUTE};
    use proptest::prelude::*;
    use uuid::Uuid;

    const NOW: Micros = 20_000 * DAY;

    /// The 2026 pack as mission.md §2 gives it: at once, 24 h if serious, 72 h for all.
    const PACK: &str = r#"{
        "id": "2026",
        "valid_from": "2026-08-19",
        "terms": [
            {"code": "full_report", "hours": 72, "from": "detected", "applies": "all"},
            {"code": "first_notice", "hours": 24, "from": "detected", "applies": "serious"},
            {"code": "at_once", "hours": 0, "from": "opened", "applies": "serious"}
        ]
    }"#;

    fn pack() -> Pack {
        serde_json::from_str::<Pack>(PACK).unwrap().checked().unwrap()
    }

    fn person(n: u128) -> PersonId {
        PersonId::new(Uuid::from_u128(n))
    }

    fn made(term: &str, made_at: Micros) -> LawReport {
        let (number, by_name) = ("1/BC".into(), "A".into());
        LawReport { term: term.into(), number, made_at, by: person(1), by_name, recorded_at: NOW }
    }

    #[test]
    fn clocks_count_from_the_detection_through_nights_and_holidays() {
        let start = Start { detected_at: NOW, opened_at: NOW + HOUR, serious: true };
        let clocks = clocks(&pack(), start, &[made("first_notice", NOW + 25 * HOUR)]);
        let rows: Vec<_> = clocks
            .iter()
            .map(|c| (c.code.as_str(), c.due - NOW, c.late_by(NOW + 30 * HOUR)))
            .collect();
        assert_eq!(
            rows,
            [
                ("at_once", HOUR, 29 * HOUR),
                ("first_notice", 24 * HOUR, HOUR),
                ("full_report", 72 * HOUR, 0),
            ]
        );
        assert_eq!(clocks.iter().map(Clock::is_owed).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn an_ordinary_incident_has_only_the_clocks_of_all() {
        let start = Start { detected_at: NOW, opened_at: NOW, serious: false };
        let met = [made("full_report", NOW + 9), made("full_report", NOW + 5)];
        let clocks = clocks(&pack(), start, &met);
        assert_eq!(clocks.len(), 1);
        assert_eq!(clocks[0].met_at, Some(NOW + 5), "the first time counts");
    }

    #[test]
    fn the_latest_pack_that_has_begun_is_in_force() {
        let older = Pack { id: "2017".into(), valid_from: 0, terms: vec![] };
        let packs = [pack(), older];
        let begins = packs[0].valid_from;
        assert_eq!(pack_at(&packs, begins).unwrap().id, "2026");
        assert_eq!(pack_at(&packs, begins - 1).unwrap().id, "2017");
        assert_eq!(pack_at(&packs, -1), None);
    }

    #[test]
    fn a_pack_that_cannot_be_honoured_is_refused() {
        for broken in [
            PACK.replace("2026-08-19", "19/08/2026"),
            PACK.replace("\"hours\"", "\"days\""),
            PACK.replace("\"detected\"", "\"told\""),
        ] {
            assert!(serde_json::from_str::<Pack>(&broken).is_err(), "{broken}");
        }
        for broken in [
            PACK.replace("first_notice", "full_report"),
            PACK.replace("at_once", "At once"),
            PACK.replace("72", "9000"),
            PACK.replace("\"2026\"", "\" \""),
        ] {
            let read = serde_json::from_str::<Pack>(&broken).unwrap();
            assert!(read.checked().unwrap_err().is(Code::PackMalformed), "{broken}");
        }
    }

    fn correction() -> Correction {
        let matter = MatterId::new(Uuid::from_u128(1));
        let old = NOW - DAY;
        Correction::propose(matter, old, NOW - 2 * DAY + 1, "gõ nhầm ngày", person(1), NOW)
            .unwrap()
            .0
    }

    #[test]
    fn a_correction_keeps_both_values_and_needs_two_persons() {
        let proposed = correction();
        assert_eq!((proposed.old, proposed.new), (NOW - DAY, NOW - 2 * DAY), "cut to the minute");
        let own = proposed.step(CorrectionDeed::Approve(person(1)));
        assert!(own.unwrap_err().is(Code::FourEyes));
        let (approved, facts) = proposed.step(CorrectionDeed::Approve(person(2))).unwrap();
        assert_eq!((approved.old, approved.new), (proposed.old, proposed.new));
        assert_eq!(facts, [Fact::DetectionCorrected { matter: proposed.matter }]);
        let (refused, _) = proposed.step(CorrectionDeed::Refuse(person(1))).unwrap();
        for decided in [approved, refused] {
            for deed in [CorrectionDeed::Approve(person(2)), CorrectionDeed::Refuse(person(2))] {
                assert!(decided.step(deed).unwrap_err().is(Code::CorrectionDecided));
            }
        }
    }

    #[test]
    fn a_correction_must_change_something_possible_for_a_reason() {
        let propose = |new, reason| {
            let matter = MatterId::new(Uuid::from_u128(1));
            Correction::propose(matter, NOW - DAY, new, reason, person(1), NOW).unwrap_err()
        };
        assert!(propose(NOW - DAY, "nhầm").is(Code::CorrectionSame));
        assert!(propose(NOW + 6 * MINUTE, "nhầm").is(Code::DetectedInFuture));
        assert!(propose(NOW - HOUR, " ").is(Code::ReasonMissing));
    }

    proptest! {
        #[test]
        fn clocks_never_overflow(detected_at: i64, opened_at: i64, serious: bool) {
            for clock in clocks(&pack(), Start { detected_at, opened_at, serious }, &[]) {
                prop_assert!(clock.due >= detected_at.min(opened_at));
            }
        }
    }
}
