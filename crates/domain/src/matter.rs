//! Matters: what is worked, under which number, by which parties.

use serde::{Deserialize, Serialize};

use crate::access::Depth;
use crate::coded::coded;
use crate::fact::Fact;
use crate::id::{MatterId, PersonId, UnitId};
use crate::marking::Marking;
use crate::refusal::{Code, Refusal};

/// Parties of one matter; a letter to every unit of a province stays far below.
pub const PARTIES_MAX: usize = 2_000;

coded! {
    /// What sort of matter it is.
    MatterKind {
        /// Something happened (sự cố).
        Incident = "incident",
        /// Something could happen: a warning, a weakness (lỗ hổng).
        Exposure = "exposure",
        /// Somebody misuses a number, an address, a page (lạm dụng).
        Abuse = "abuse",
        /// A letter orders something (công văn).
        Directive = "directive",
        /// Heightened watch over a period (đợt cao điểm).
        Campaign = "campaign",
        /// Accounts or systems are gone through (rà soát).
        Review = "review",
    }
}

impl MatterKind {
    /// Returns the series that its numbers come from.
    pub const fn series(self) -> Series {
        match self {
            Self::Incident => Series::Incident,
            Self::Exposure => Series::Exposure,
            Self::Abuse => Series::Abuse,
            Self::Directive => Series::Directive,
            Self::Campaign => Series::Campaign,
            Self::Review => Series::Review,
        }
    }
}

coded! {
    /// A series of numbers, begun anew each year.
    Series {
        /// Incidents (sự cố).
        Incident = "SC",
        /// Exposures (lỗ hổng).
        Exposure = "LH",
        /// Abuse (lạm dụng).
        Abuse = "LD",
        /// Directives (công văn).
        Directive = "CV",
        /// Campaigns (đợt cao điểm, chiến dịch).
        Campaign = "CD",
        /// Reviews (rà soát).
        Review = "RS",
        /// Signals (tín hiệu).
        Signal = "TH",
        /// Tasks (nhiệm vụ).
        Task = "NV",
    }
}

/// The number of a matter, signal or task: its place in the year's series, `SC-2026-0001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    /// Which series.
    pub series: Series,
    /// The calendar year at +07:00 (see [`crate::time::province_year`]).
    pub year: i32,
    /// The place in the series, from 1.
    pub place: u32,
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:04}-{:04}", self.series, self.year, self.place)
    }
}

impl std::str::FromStr for Number {
    type Err = Refusal;

    /// Reads a number as people type it, in any letter case and with leading zeros left out.
    fn from_str(typed: &str) -> Result<Self, Refusal> {
        let malformed = || Refusal::new(Code::NumberMalformed);
        let digits = |part: &str| -> Result<u32, Refusal> {
            let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse().ok()).flatten().ok_or_else(malformed)
        };
        let mut parts = typed.trim().splitn(3, '-');
        let mut next = || parts.next().ok_or_else(malformed);
        let (series, year, place) = (next()?, next()?, next()?);
        let series = series.to_ascii_uppercase().parse().map_err(|_| malformed())?;
        let (year, place) = (digits(year)?, digits(place)?);
        if !(1000..=9999).contains(&year) || place == 0 {
            return Err(malformed());
        }
        Ok(Self { series, year: year as i32, place })
    }
}

coded! {
    /// What a unit is in a matter.
    PartyRole {
        /// Leads it (chủ trì).
        Lead = "lead",
        /// Does something about it (thực hiện).
        Responder = "responder",
        /// Is hit by it.
        Affected = "affected",
        /// Reported it.
        Reporter = "reporter",
        /// Is told of it (để biết).
        Informed = "informed",
    }
}

impl PartyRole {
    /// Returns how deep such a party reads unless the lead decides otherwise.
    pub const fn default_depth(self) -> Depth {
        match self {
            Self::Lead | Self::Responder => Depth::Evidence,
            Self::Affected | Self::Reporter => Depth::Work,
            Self::Informed => Depth::Card,
        }
    }
}

/// A unit in a matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The unit.
    pub unit: UnitId,
    /// What it is in the matter.
    pub role: PartyRole,
    /// How deep it reads.
    pub depth: Depth,
}

impl Party {
    /// Returns the party with its role's usual depth.
    pub const fn new(unit: UnitId, role: PartyRole) -> Self {
        Self { unit, role, depth: role.default_depth() }
    }
}

/// What is worked, with everybody who takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// Its id.
    pub id: MatterId,
    /// Its number.
    pub number: Number,
    /// What it is called.
    pub title: String,
    /// How far its content may be passed on.
    pub marking: Marking,
    /// Whether only named persons read it.
    pub strict: bool,
    /// Its parties, one of them the lead.
    pub parties: Vec<Party>,
    /// The persons named on it.
    pub named: Vec<PersonId>,
}

impl Matter {
    /// Returns the unit that leads.
    pub fn lead(&self) -> Option<UnitId> {
        self.parties.iter().find(|party| party.role == PartyRole::Lead).map(|party| party.unit)
    }

    /// Returns the matter with one more party, or why it cannot be one.
    pub fn add_party(&self, party: Party) -> Result<(Self, Vec<Fact>), Refusal> {
        if self.parties.iter().any(|there| there.unit == party.unit) {
            return Err(Refusal::new(Code::PartyTwice));
        }
        if party.role == PartyRole::Lead && self.lead().is_some() {
            return Err(Refusal::new(Code::LeadTwice));
        }
        if party.role == PartyRole::Lead && party.depth < Depth::Evidence {
            return Err(Refusal::new(Code::LeadTooShallow));
        }
        if self.parties.len() >= PARTIES_MAX {
            return Err(Refusal::new(Code::TooManyParties).arg("max", PARTIES_MAX));
        }
        let mut matter = self.clone();
        matter.parties.push(party);
        Ok((matter, vec![Fact::PartyAdded { matter: self.id, unit: party.unit }]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn unit(n: u128) -> UnitId {
        UnitId::new(Uuid::from_u128(n))
    }

    fn matter() -> Matter {
        Matter {
            id: MatterId::new(Uuid::from_u128(1)),
            number: Number { series: MatterKind::Incident.series(), year: 2026, place: 1 },
            title: "Trang chủ bị thay đổi".into(),
            marking: Marking::Amber,
            strict: false,
            parties: vec![Party::new(unit(1), PartyRole::Lead)],
            named: vec![],
        }
    }

    #[test]
    fn a_party_is_added_once_and_published() {
        let party = Party::new(unit(2), PartyRole::Affected);
        let (more, facts) = matter().add_party(party).unwrap();
        assert_eq!(more.parties.last(), Some(&party));
        assert_eq!(facts, [Fact::PartyAdded { matter: more.id, unit: unit(2) }]);
        assert!(more.add_party(party).unwrap_err().is(Code::PartyTwice));
    }

    #[test]
    fn there_is_one_lead_and_it_reads_everything() {
        let second = Party::new(unit(2), PartyRole::Lead);
        assert!(matter().add_party(second).unwrap_err().is(Code::LeadTwice));
        let headless = Matter { parties: vec![], ..matter() };
        let shallow = Party { depth: Depth::Work, ..second };
        assert!(headless.add_party(shallow).unwrap_err().is(Code::LeadTooShallow));
        assert_eq!(headless.add_party(second).unwrap().0.lead(), Some(unit(2)));
    }

    #[test]
    fn a_full_matter_takes_no_more() {
        let parties = (0..PARTIES_MAX as u128).map(|n| Party::new(unit(n), PartyRole::Informed));
        let full = Matter { parties: parties.collect(), ..matter() };
        let one_more = Party::new(unit(PARTIES_MAX as u128), PartyRole::Informed);
        assert!(full.add_party(one_more).unwrap_err().is(Code::TooManyParties));
    }

    #[test]
    fn numbers_read_as_people_type_them() {
        let number = matter().number;
        assert_eq!(number.to_string(), "SC-2026-0001");
        for typed in ["SC-2026-0001", " sc-2026-1 "] {
            assert_eq!(typed.parse::<Number>(), Ok(number));
        }
        let bad = [
            "",
            "SC",
            "SC-2026",
            "XX-2026-1",
            "SC-26-1",
            "SC-2026-0",
            "SC-2026--1",
            "SC-2026-99999999999",
            "SC-2026-+1",
        ];
        for typed in bad {
            assert!(typed.parse::<Number>().is_err(), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn a_number_survives_its_text(series in prop::sample::select(Series::ALL), year in 1000i32..=9999, place in 1u32..) {
            let number = Number { series, year, place };
            prop_assert_eq!(number.to_string().parse::<Number>(), Ok(number));
        }
    }
}
