//! Suppressions: a rule that is known to be wrong in some place raises no signal there for a while.
//!
//! Whoever switches a rule off answers for it: with a name, a reason and a day on which it comes
//! back by itself. What it would have told is still counted and kept, and stands beside it, so that
//! a suppression that hides an attack can be seen to do so.

use crate::fact::Fact;
use crate::id::{AssetId, PersonId, SuppressionId, UnitId};
use crate::refusal::{Code, Refusal};
use crate::text;
use crate::time::{DAY, Micros};

/// The longest suppression, in days; one that is still needed then is renewed by a person.
pub const DAYS_MAX: u32 = 90;
/// Suppressions in force at once: each hit is held against all of them.
pub const IN_FORCE_MAX: usize = 500;
/// Characters of a rule's id.
const RULE_CHARS_MAX: usize = 200;

/// Where a rule is suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// In the whole province.
    Everywhere,
    /// On everything of one unit.
    Unit(UnitId),
    /// On one system or device, and the unit that owns it.
    Asset(AssetId, UnitId),
}

impl Scope {
    /// Returns the unit whose signals stay away; nothing where it is everybody's.
    pub const fn unit(self) -> Option<UnitId> {
        match self {
            Self::Everywhere => None,
            Self::Unit(unit) | Self::Asset(_, unit) => Some(unit),
        }
    }

    /// Returns the asset, if it is about one.
    pub const fn asset(self) -> Option<AssetId> {
        match self {
            Self::Everywhere | Self::Unit(_) => None,
            Self::Asset(asset, _) => Some(asset),
        }
    }
}

/// A rule that raises no signal in some place until a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Its id.
    pub id: SuppressionId,
    /// The id of the rule.
    pub rule: String,
    /// Where.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: PersonId,
    /// Since when.
    pub from: Micros,
    /// Until when.
    pub until: Micros,
    /// When it was taken back before its time.
    pub lifted_at: Option<Micros>,
}

impl Suppression {
    /// Returns a suppression of so many days with its fact.
    ///
    /// # Errors
    /// No rule, no reason, or a term outside 1 to [`DAYS_MAX`] days.
    pub fn begin(
        id: SuppressionId,
        rule: &str,
        scope: Scope,
        reason: &str,
        owner: PersonId,
        days: u32,
        now: Micros,
    ) -> Result<(Self, Vec<Fact>), Refusal> {
        let rule = text::line("rule", rule, RULE_CHARS_MAX)?;
        let reason = text::reason(reason)?;
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(Refusal::new(Code::SuppressionTerm).arg("max", DAYS_MAX));
        }
        let until = now.saturating_add(i64::from(days) * DAY);
        let begun = Self { id, rule, scope, reason, owner, from: now, until, lifted_at: None };
        Ok((begun, vec![Fact::RuleSuppressed { suppression: id, by: owner }]))
    }

    /// Returns it taken back by `by`, with its fact.
    ///
    /// # Errors
    /// When it is over already.
    pub fn lift(&self, by: PersonId, now: Micros) -> Result<(Self, Vec<Fact>), Refusal> {
        if !self.holds(now) {
            return Err(Refusal::new(Code::SuppressionOver));
        }
        let lifted = Self { lifted_at: Some(now), ..self.clone() };
        Ok((lifted, vec![Fact::RuleRestored { suppression: self.id, by }]))
    }

    /// Returns whether it is in force at `at`.
    pub fn holds(&self, at: Micros) -> bool {
        self.lifted_at.is_none() && at < self.until
    }

    /// Returns whether it takes in a hit of this rule on something of `unit`.
    pub fn covers(&self, rule: &str, unit: UnitId, asset: Option<AssetId>, at: Micros) -> bool {
        let here = match self.scope {
            Scope::Everywhere => true,
            Scope::Unit(own) => own == unit,
            Scope::Asset(own, _) => Some(own) == asset,
        };
        here && self.rule == rule && self.holds(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const NOW: Micros = 20_000 * DAY;

    fn unit(n: u128) -> UnitId {
        UnitId::new(Uuid::from_u128(n))
    }

    fn asset(n: u128) -> AssetId {
        AssetId::new(Uuid::from_u128(n))
    }

    fn begin(scope: Scope, reason: &str, days: u32) -> Result<Suppression, Refusal> {
        let (id, owner) =
            (SuppressionId::new(Uuid::from_u128(9)), PersonId::new(Uuid::from_u128(1)));
        Suppression::begin(id, "r-1", scope, reason, owner, days, NOW).map(|(begun, _)| begun)
    }

    #[test]
    fn a_suppression_has_a_reason_and_an_end() {
        let begin = |reason, days| begin(Scope::Everywhere, reason, days);
        assert!(begin(" ", 7).unwrap_err().is(Code::ReasonMissing));
        for days in [0, DAYS_MAX + 1] {
            assert!(begin("phần mềm sao lưu", days).unwrap_err().is(Code::SuppressionTerm));
        }
        let begun = begin("phần mềm sao lưu", 7).unwrap();
        assert!(begun.holds(NOW) && begun.holds(NOW + 7 * DAY - 1));
        assert!(!begun.holds(NOW + 7 * DAY), "it comes back by itself");
    }

    #[test]
    fn a_suppression_takes_in_its_rule_in_its_place_and_no_other() {
        let cases = [
            (Scope::Everywhere, [true, true, true]),
            (Scope::Unit(unit(1)), [true, true, false]),
            (Scope::Asset(asset(5), unit(1)), [true, false, false]),
        ];
        for (scope, expected) in cases {
            let begun = begin(scope, "báo nhầm", 7).unwrap();
            let covers = |unit, asset| begun.covers("r-1", unit, asset, NOW);
            let found =
                [covers(unit(1), Some(asset(5))), covers(unit(1), None), covers(unit(2), None)];
            assert_eq!(found, expected, "{scope:?}");
            assert!(!begun.covers("r-2", unit(1), Some(asset(5)), NOW));
        }
    }

    #[test]
    fn a_suppression_is_taken_back_once() {
        let by = PersonId::new(Uuid::from_u128(2));
        let begun = begin(Scope::Everywhere, "báo nhầm", 7).unwrap();
        let (lifted, facts) = begun.lift(by, NOW + 5).unwrap();
        assert_eq!(facts, [Fact::RuleRestored { suppression: begun.id, by }]);
        assert!(!lifted.holds(NOW + 5));
        assert!(lifted.lift(by, NOW + 6).unwrap_err().is(Code::SuppressionOver));
        assert!(begun.lift(by, NOW + 7 * DAY).unwrap_err().is(Code::SuppressionOver));
    }
}
