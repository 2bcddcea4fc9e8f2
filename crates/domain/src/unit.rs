//! Units: the dated tree of the province, and how a dissolved unit lives on in its successor.
//!
//! Letters of 2023 address districts that no longer exist; authority has moved between
//! departments; telephone numbers changed between two letters. So units and contacts have dates,
//! nothing is deleted, and whoever covers the successor covers what it succeeded.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::coded::coded;
use crate::fact::Fact;
use crate::id::UnitId;
use crate::refusal::{Code, Refusal};
use crate::text;
use crate::time::Micros;

/// Units one tree takes; a province has about 150, the bound only stops nonsense.
pub const UNITS_MAX: usize = 20_000;
/// Characters in a unit's code.
pub const UNIT_CODE_CHARS_MAX: usize = 32;

coded! {
    /// What sort of unit it is, which decides whom a letter addresses.
    UnitKind {
        /// The province's People's Committee, root of the tree.
        Province = "province",
        /// A department (sở, ban, ngành).
        Department = "department",
        /// A Party body of the province.
        PartyBody = "party_body",
        /// The Party committee of a commune or ward.
        CommuneParty = "commune_party",
        /// The People's Committee of a commune or ward.
        CommuneCommittee = "commune_committee",
        /// The provincial military command and its units.
        Military = "military",
        /// A central agency in the province.
        CentralAgency = "central_agency",
        /// The provincial integration data centre.
        DataCentre = "data_centre",
        /// The provincial police.
        Police = "police",
        /// A telecom or Internet provider.
        Telecom = "telecom",
        /// A commercial bank.
        Bank = "bank",
        /// A supplier of security services.
        Supplier = "supplier",
        /// A national centre (NCSC, VNCERT/CC).
        NationalCentre = "national_centre",
    }
}

coded! {
    /// What a contact is to be called for.
    ContactPurpose {
        /// An incident, at any hour.
        Incident = "incident",
        /// The head of the unit.
        Head = "head",
        /// Letters and their answers.
        Letters = "letters",
        /// Technical questions.
        Technical = "technical",
        /// Complaints and orders to block.
        Complaint = "complaint",
    }
}

/// A node of the province tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// The short code that people type, in capitals.
    pub code: String,
    /// Its official name.
    pub name: String,
    /// What sort of unit it is.
    pub kind: UnitKind,
    /// The unit it belongs to; none for a root.
    pub parent: Option<UnitId>,
    /// When it began.
    pub valid_from: Micros,
    /// When it was dissolved, if it was.
    pub valid_to: Option<Micros>,
    /// Who inherits its scope and open tasks from `valid_to` on.
    pub successor: Option<UnitId>,
}

impl Unit {
    /// Returns whether the unit exists at `at`.
    pub fn exists(&self, at: Micros) -> bool {
        valid(self.valid_from, self.valid_to, at)
    }

    /// Returns whether the unit has been dissolved at `at`.
    pub fn dissolved(&self, at: Micros) -> bool {
        self.valid_to.is_some_and(|end| end <= at)
    }

    /// Returns the unit with code and name in their stored form, or why they are malformed.
    pub fn checked(mut self) -> Result<Self, Refusal> {
        self.code = unit_code(&self.code)?;
        self.name = text::line("name", &self.name, text::NAME_CHARS_MAX)?;
        check_dates(self.valid_from, self.valid_to)?;
        Ok(self)
    }
}

/// A way to reach a unit, for a purpose, while it is valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The unit that is reached.
    pub unit: UnitId,
    /// The person or desk that answers.
    pub name: String,
    /// A telephone number in its stored form (see [`phone`]).
    pub phone: Option<String>,
    /// A mail address.
    pub email: Option<String>,
    /// What to call it for.
    pub purpose: ContactPurpose,
    /// From when it is valid.
    pub valid_from: Micros,
    /// Until when, if it has ended.
    pub valid_to: Option<Micros>,
}

impl Contact {
    /// Returns whether the contact is valid at `at`.
    pub fn valid(&self, at: Micros) -> bool {
        valid(self.valid_from, self.valid_to, at)
    }

    /// Returns the contact in its stored form; it must be reachable by telephone or mail.
    pub fn checked(mut self) -> Result<Self, Refusal> {
        self.name = text::line("name", &self.name, text::NAME_CHARS_MAX)?;
        self.phone = self.phone.as_deref().map(phone).transpose()?;
        self.email = self.email.as_deref().map(email).transpose()?;
        if self.phone.is_none() && self.email.is_none() {
            return Err(Refusal::new(Code::ContactUnreachable).arg("name", &self.name));
        }
        check_dates(self.valid_from, self.valid_to)?;
        Ok(self)
    }
}

fn valid(from: Micros, to: Option<Micros>, at: Micros) -> bool {
    from <= at && to.is_none_or(|end| at < end)
}

/// Refuses an end that is not after its beginning.
pub fn check_dates(from: Micros, to: Option<Micros>) -> Result<(), Refusal> {
    if to.is_some_and(|end| end <= from) {
        return Err(Refusal::new(Code::UnitDatesCrossed));
    }
    Ok(())
}

/// Returns a unit's code in capitals: letters, digits, `.`, `-` and `_`, two characters or more.
pub fn unit_code(typed: &str) -> Result<String, Refusal> {
    let code = typed.trim().to_ascii_uppercase();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let ends_plain = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = code.as_bytes();
    if !(2..=UNIT_CODE_CHARS_MAX).contains(&bytes.len())
        || !bytes.iter().all(|&b| allowed(b))
        || !ends_plain(bytes.first())
        || !ends_plain(bytes.last())
    {
        return Err(Refusal::new(Code::UnitCodeMalformed).arg("code", excerpt(typed)));
    }
    Ok(code)
}

/// Returns a Vietnamese telephone number as its digits with the leading 0.
///
/// Takes `0…`, `+84…`, `84…` and `0084…` with the spaces, dots, dashes and brackets people write:
/// mobiles (03, 05, 07, 08, 09), landlines (02), the police and military network (069), service
/// numbers (1800, 1900) and three- or four-digit short numbers.
pub fn phone(typed: &str) -> Result<String, Refusal> {
    let malformed = || Refusal::new(Code::PhoneMalformed).arg("phone", excerpt(typed));
    let mut digits = String::new();
    for (place, c) in typed.trim().chars().enumerate() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if place == 0 => digits.push_str("00"),
            ' ' | '\u{a0}' | '.' | '-' | '–' | '(' | ')' => {}
            _ => return Err(malformed()),
        }
        if digits.len() > 16 {
            return Err(malformed());
        }
    }
    let national = match digits.strip_prefix("0084") {
        Some(rest) => format!("0{}", rest.strip_prefix('0').unwrap_or(rest)),
        None if digits.starts_with("84") && digits.len() >= 11 => format!("0{}", &digits[2..]),
        None => digits,
    };
    let length = national.len();
    let dialled = match national.as_bytes() {
        [b'0', b'2', ..] => length == 11,
        [b'0', b'6', b'9', ..] => (8..=10).contains(&length),
        [b'0', b'3' | b'5' | b'7' | b'8' | b'9', ..] => length == 10,
        [b'1', b'8' | b'9', b'0', b'0', ..] => (8..=10).contains(&length),
        [b'1'..=b'9', ..] => (3..=4).contains(&length),
        _ => false,
    };
    if dialled { Ok(national) } else { Err(malformed()) }
}

/// Returns a mail address in lower case, checked as far as a form can check it.
pub fn email(typed: &str) -> Result<String, Refusal> {
    let address = typed.trim().to_ascii_lowercase();
    let sound = address.len() <= 254
        && address.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._%+-".contains(&b))
                && host.contains('.')
                && host.split('.').all(|label| {
                    !label.is_empty()
                        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                })
        });
    if sound {
        Ok(address)
    } else {
        Err(Refusal::new(Code::EmailMalformed).arg("email", excerpt(typed)))
    }
}

/// What was typed, short enough to be repeated in a refusal.
fn excerpt(typed: &str) -> String {
    typed.trim().chars().take(40).collect()
}

/// The units of the province and who covers whom. Pure: build it anew when a unit changes.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    units: BTreeMap<UnitId, Unit>,
    children: BTreeMap<UnitId, Vec<UnitId>>,
    predecessors: BTreeMap<UnitId, Vec<UnitId>>,
}

impl Tree {
    /// Returns the tree of these units, refusing unknown parents or successors and circles.
    ///
    /// Parents and successors together must run in no circle: a district's own commune cannot
    /// succeed the district before it has been moved under the province.
    pub fn build(units: Vec<Unit>) -> Result<Self, Refusal> {
        if units.len() > UNITS_MAX {
            return Err(Refusal::new(Code::TooManyUnits).arg("max", UNITS_MAX));
        }
        let mut tree = Self::default();
        let mut codes = BTreeSet::new();
        for unit in units {
            if !codes.insert(unit.code.clone()) {
                return Err(Refusal::new(Code::UnitCodeTwice).arg("code", unit.code));
            }
            if let Some(parent) = unit.parent {
                tree.children.entry(parent).or_default().push(unit.id);
            }
            if let Some(successor) = unit.successor {
                tree.predecessors.entry(successor).or_default().push(unit.id);
            }
            if let Some(twin) = tree.units.insert(unit.id, unit) {
                return Err(Refusal::new(Code::UnitIdTwice).arg("code", twin.code));
            }
        }
        tree.check_links()?;
        tree.check_circles()?;
        Ok(tree)
    }

    fn check_links(&self) -> Result<(), Refusal> {
        for unit in self.units.values() {
            for link in [unit.parent, unit.successor].into_iter().flatten() {
                if !self.units.contains_key(&link) {
                    return Err(Refusal::new(Code::UnitUnknown).arg("code", &unit.code));
                }
            }
        }
        Ok(())
    }

    /// Takes away units that nothing below waits for, until none is left; what stays is a circle.
    fn check_circles(&self) -> Result<(), Refusal> {
        let below =
            |id| Self::listed(&self.children, id).chain(Self::listed(&self.predecessors, id));
        let mut waiting: BTreeMap<UnitId, usize> =
            self.units.keys().map(|&id| (id, below(id).count())).collect();
        let mut free: Vec<UnitId> =
            waiting.iter().filter(|&(_, &count)| count == 0).map(|(&id, _)| id).collect();
        while let Some(id) = free.pop() {
            waiting.remove(&id);
            let unit = &self.units[&id];
            for above in [unit.parent, unit.successor].into_iter().flatten() {
                if let Some(count) = waiting.get_mut(&above) {
                    *count -= 1;
                    if *count == 0 {
                        free.push(above);
                    }
                }
            }
        }
        let Some(&first) = waiting.keys().next() else { return Ok(()) };
        // What waits may also stand above a circle; downwards the walk ends in one.
        let (mut at, mut walked) = (first, BTreeSet::new());
        while walked.insert(at) {
            at = below(at).find(|id| waiting.contains_key(id)).unwrap_or(at);
        }
        Err(Refusal::new(Code::UnitCircle).arg("code", &self.units[&at].code))
    }

    fn listed(lists: &BTreeMap<UnitId, Vec<UnitId>>, id: UnitId) -> impl Iterator<Item = UnitId> {
        lists.get(&id).map(Vec::as_slice).unwrap_or_default().iter().copied()
    }

    /// Returns the unit with this id.
    pub fn get(&self, id: UnitId) -> Option<&Unit> {
        self.units.get(&id)
    }

    /// Returns the unit with this code, in any letter case.
    pub fn by_code(&self, code: &str) -> Option<&Unit> {
        let code = code.trim();
        self.units.values().find(|unit| unit.code.eq_ignore_ascii_case(code))
    }

    /// Returns every unit, in order of id.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.units.values()
    }

    /// Returns the province at `at`; in a tree without one, a unit that stands under no other.
    pub fn head(&self, at: Micros) -> Option<&Unit> {
        let mut tops = self.units.values().filter(|unit| unit.parent.is_none());
        let is_province = |unit: &&Unit| unit.kind == UnitKind::Province && unit.exists(at);
        tops.clone().find(is_province).or_else(|| tops.next())
    }

    /// Returns whether `above` covers `unit` at `at`.
    ///
    /// It does if it exists then and is the unit, stands above it in the tree, or covers the
    /// successor of the unit or of one that stood above it. A dissolved unit covers nothing, not
    /// even itself: its rights have passed on.
    pub fn covers(&self, above: UnitId, unit: UnitId, at: Micros) -> bool {
        self.get(above).is_some_and(|unit| unit.exists(at))
            && self.upwards(unit, at).contains(&above)
    }

    /// Returns the units above `unit` at `at`: parents, and successors of whatever is dissolved.
    pub fn ancestors(&self, unit: UnitId, at: Micros) -> BTreeSet<UnitId> {
        let mut above = self.upwards(unit, at);
        above.remove(&unit);
        above
    }

    fn upwards(&self, unit: UnitId, at: Micros) -> BTreeSet<UnitId> {
        reach(unit, |id| {
            let unit = self.units.get(&id);
            let parent = unit.and_then(|unit| unit.parent);
            let heir = unit.filter(|unit| unit.dissolved(at)).and_then(|unit| unit.successor);
            parent.into_iter().chain(heir)
        })
    }

    /// Returns everything that `unit` covers at `at`, itself included, if it exists then.
    pub fn descendants(&self, unit: UnitId, at: Micros) -> BTreeSet<UnitId> {
        if !self.get(unit).is_some_and(|unit| unit.exists(at)) {
            return BTreeSet::new();
        }
        reach(unit, |id| Self::listed(&self.children, id).chain(self.inherited(id, at)))
    }

    /// Returns the unit and the dissolved ones it has inherited at `at`, without their sub-units.
    ///
    /// This is what a grant without the subtree covers.
    pub fn with_inherited(&self, unit: UnitId, at: Micros) -> BTreeSet<UnitId> {
        if !self.get(unit).is_some_and(|unit| unit.exists(at)) {
            return BTreeSet::new();
        }
        reach(unit, |id| self.inherited(id, at))
    }

    fn inherited(&self, heir: UnitId, at: Micros) -> impl Iterator<Item = UnitId> {
        Self::listed(&self.predecessors, heir)
            .filter(move |id| self.units.get(id).is_some_and(|unit| unit.dissolved(at)))
    }

    /// Returns `unit` dissolved at `at` in favour of `successor`, with the fact to publish.
    ///
    /// A merger is several units dissolved into one successor. Sub-units need not move first:
    /// the successor covers them until they do.
    pub fn dissolve(
        &self,
        unit: UnitId,
        successor: Option<UnitId>,
        at: Micros,
    ) -> Result<(Unit, Vec<Fact>), Refusal> {
        let unknown = || Refusal::new(Code::UnitUnknown).arg("code", unit);
        let mut ended = self.get(unit).ok_or_else(unknown)?.clone();
        if ended.valid_to.is_some() {
            return Err(Refusal::new(Code::UnitDissolved).arg("code", ended.code));
        }
        check_dates(ended.valid_from, Some(at))?;
        if let Some(heir) = successor {
            let there = heir != unit && self.get(heir).is_some_and(|heir| heir.exists(at));
            if !there {
                return Err(Refusal::new(Code::SuccessorNotThere).arg("code", ended.code));
            }
            if self.everything_below(unit).contains(&heir) {
                return Err(Refusal::new(Code::UnitCircle).arg("code", ended.code));
            }
        }
        ended.valid_to = Some(at);
        ended.successor = successor;
        Ok((ended, vec![Fact::UnitDissolved { unit, successor }]))
    }

    /// Everything reachable downwards at any time, which a successor must not be part of.
    fn everything_below(&self, unit: UnitId) -> BTreeSet<UnitId> {
        reach(unit, |id| {
            Self::listed(&self.children, id).chain(Self::listed(&self.predecessors, id))
        })
    }
}

/// Returns `start` and everything reachable from it, each once.
fn reach<I: IntoIterator<Item = UnitId>>(
    start: UnitId,
    next: impl Fn(UnitId) -> I,
) -> BTreeSet<UnitId> {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        for neighbour in next(id) {
            if seen.insert(neighbour) {
                open.push(neighbour);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests;
