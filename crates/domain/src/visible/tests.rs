//! The rule clause by clause, then on random worlds against an oracle written from the sentences
//! of the design, grant by grant and party by party, without a scope.

use super::*;
use crate::access::{Grant, Role};
use crate::unit::{Unit, UnitKind};
use proptest::prelude::*;
use uuid::Uuid;

fn unit(n: u128) -> UnitId {
    UnitId::new(Uuid::from_u128(n))
}

fn person(n: u128) -> PersonId {
    PersonId::new(Uuid::from_u128(n))
}

fn grant(role: Role, on: u128, subtree: bool, ceiling: Depth) -> Grant {
    Grant { person: person(1), role, unit: unit(on), subtree, ceiling }
}

/// 1 province; 2 police, 3 and 4 communes under it; 5 a telecom apart.
fn tree() -> Tree {
    let node = |n: u128, parent: Option<u128>| Unit {
        id: unit(n),
        code: format!("U{n}"),
        name: format!("Đơn vị {n}"),
        kind: UnitKind::Department,
        parent: parent.map(unit),
        valid_from: 0,
        valid_to: None,
        successor: None,
    };
    let nodes =
        vec![node(1, None), node(2, Some(1)), node(3, Some(1)), node(4, Some(1)), node(5, None)];
    Tree::build(nodes).unwrap()
}

fn scope(grants: Vec<Grant>) -> Scope {
    let person =
        Person { id: person(1), login: "an".into(), name: "An".into(), unit: unit(1), grants };
    Scope::of(&person, &tree(), 0)
}

fn officer_of(n: u128) -> Scope {
    scope(vec![grant(Role::UnitOfficer, n, false, Depth::Evidence)])
}

/// Led by the police (2); 3 responds, 4 was informed.
fn matter() -> MatterView {
    MatterView {
        parties: vec![
            Party::new(unit(2), PartyRole::Lead),
            Party::new(unit(3), PartyRole::Responder),
            Party::new(unit(4), PartyRole::Informed),
        ],
        strict: false,
        named: vec![],
    }
}

#[test]
fn a_matter_is_read_through_its_parties() {
    let matter = matter();
    for (n, depth) in
        [(2, Depth::Evidence), (3, Depth::Evidence), (4, Depth::Card), (5, Depth::None)]
    {
        assert_eq!(visible(&officer_of(n), Subject::Matter(&matter)), depth, "unit {n}");
        assert_eq!(visible(&officer_of(n), Subject::MatterEvidence(&matter)), depth);
    }
}

#[test]
fn the_ceiling_and_the_role_cap_the_party() {
    let matter = matter();
    let cases = [
        (Role::Analyst, Depth::Work, Depth::Work),
        (Role::Analyst, Depth::None, Depth::None),
        (Role::Leader, Depth::Evidence, Depth::Work),
        (Role::Administrator, Depth::Evidence, Depth::None),
        (Role::Auditor, Depth::Evidence, Depth::None),
    ];
    for (role, ceiling, depth) in cases {
        let reader = scope(vec![grant(role, 1, true, ceiling)]);
        assert_eq!(visible(&reader, Subject::Matter(&matter)), depth, "{role} {ceiling}");
    }
}

#[test]
fn the_deepest_pair_of_party_and_grant_counts() {
    let grants = vec![
        grant(Role::Leader, 1, true, Depth::Card),
        grant(Role::UnitOfficer, 3, false, Depth::Work),
    ];
    assert_eq!(visible(&scope(grants), Subject::Matter(&matter())), Depth::Work);
}

#[test]
fn a_strict_matter_shows_itself_to_named_persons_only() {
    let hidden = MatterView { strict: true, ..matter() };
    let named = MatterView { named: vec![person(1)], ..hidden.clone() };
    let reader = officer_of(2);
    for (matter, depth) in [(&hidden, Depth::None), (&named, Depth::Evidence)] {
        let task = TaskView { unit: unit(2), matter, named_parties: vec![] };
        let signal = SignalView { unit: unit(2), matter: Some(matter) };
        let subjects = [
            Subject::Matter(matter),
            Subject::MatterEvidence(matter),
            Subject::Task(&task),
            Subject::TaskEvidence(&task),
            Subject::Signal(&signal),
            Subject::SignalEvidence(&signal),
        ];
        for subject in subjects {
            assert_eq!(visible(&reader, subject), depth, "{subject:?}");
        }
        assert_eq!(visible_parties(&reader, matter).is_empty(), depth == Depth::None);
    }
    let stranger = officer_of(5);
    assert_eq!(
        visible(&stranger, Subject::Matter(&named)),
        Depth::None,
        "a name alone is no party"
    );
}

#[test]
fn a_task_is_read_by_its_unit_the_lead_and_parties_named_on_it() {
    let matter = matter();
    let task = TaskView { unit: unit(3), matter: &matter, named_parties: vec![] };
    for (n, depth) in
        [(3, Depth::Evidence), (2, Depth::Evidence), (4, Depth::None), (5, Depth::None)]
    {
        assert_eq!(visible(&officer_of(n), Subject::Task(&task)), depth, "unit {n}");
    }
    let told = TaskView { named_parties: vec![unit(4), unit(5)], ..task };
    assert_eq!(visible(&officer_of(4), Subject::Task(&told)), Depth::Card, "as deep as its party");
    assert_eq!(visible(&officer_of(5), Subject::Task(&told)), Depth::None, "no party, no reading");
}

#[test]
fn parties_learn_of_each_other_only_from_the_lead() {
    let matter = matter();
    let seen =
        |n| visible_parties(&officer_of(n), &matter).iter().map(|p| p.unit).collect::<Vec<_>>();
    assert_eq!(seen(2), [unit(2), unit(3), unit(4)]);
    assert_eq!(seen(3), [unit(3)]);
    assert_eq!(seen(4), [unit(4)]);
    assert_eq!(seen(5), []);
}

#[test]
fn joining_a_matter_does_not_tell_its_parties_who_reported() {
    let matter = matter();
    let alone = SignalView { unit: unit(3), matter: None };
    let joined = SignalView { unit: unit(3), matter: Some(&matter) };
    for (n, before, after) in [
        (3, Depth::Evidence, Depth::Evidence),
        (2, Depth::None, Depth::Evidence),
        (4, Depth::None, Depth::None),
    ] {
        assert_eq!(visible(&officer_of(n), Subject::Signal(&alone)), before, "unit {n}");
        assert_eq!(visible(&officer_of(n), Subject::Signal(&joined)), after, "unit {n}");
    }
}

#[test]
fn outside_a_matter_the_owning_unit_decides() {
    for subject in [Subject::Asset(unit(3)), Subject::Event(unit(3))] {
        assert_eq!(visible(&officer_of(3), subject), Depth::Evidence);
        assert_eq!(visible(&officer_of(4), subject), Depth::None);
        let soc = scope(vec![grant(Role::Analyst, 1, true, Depth::Evidence)]);
        assert_eq!(visible(&soc, subject), Depth::Evidence);
        let sysadmin = scope(vec![grant(Role::Administrator, 1, true, Depth::Evidence)]);
        assert_eq!(visible(&sysadmin, subject), Depth::None);
    }
}

#[test]
fn a_matter_becomes_its_view() {
    let whole = Matter {
        id: crate::id::MatterId::new(Uuid::from_u128(1)),
        number: "SC-2026-1".parse().unwrap(),
        title: "Vụ".into(),
        marking: crate::marking::Marking::Red,
        strict: true,
        parties: matter().parties,
        named: vec![person(1)],
    };
    assert_eq!(
        MatterView::from(&whole),
        MatterView { strict: true, named: vec![person(1)], ..matter() }
    );
}

#[derive(Debug, Clone)]
struct World {
    units: Vec<Unit>,
    person: Person,
    matter: MatterView,
    owner: UnitId,
    named_parties: Vec<UnitId>,
}

const UNITS: usize = 7;

fn any_unit() -> impl Strategy<Value = UnitId> {
    (1..=UNITS as u128).prop_map(unit)
}

fn units() -> impl Strategy<Value = Vec<Unit>> {
    let row = (0usize..100, 0usize..100, 0i64..4, any::<[bool; 3]>());
    prop::collection::vec(row, UNITS).prop_map(|rows| {
        let below = |pick: usize, n: usize| (n > 0).then(|| unit(1 + (pick % n.max(1)) as u128));
        type Row = (usize, usize, i64, [bool; 3]);
        let build = |(n, (parent, heir, end, [rooted, dies, inherits])): (usize, Row)| Unit {
            id: unit(n as u128 + 1),
            code: format!("U{n}"),
            name: format!("Đơn vị {n}"),
            kind: UnitKind::Department,
            parent: below(parent, n).filter(|_| !rooted),
            valid_from: 0,
            valid_to: dies.then_some(end + 1),
            successor: below(heir, n).filter(|_| dies && inherits),
        };
        rows.into_iter().enumerate().map(build).collect()
    })
}

fn worlds() -> impl Strategy<Value = World> {
    let depth = || prop::sample::select(Depth::ALL);
    let grants = prop::collection::vec(
        (prop::sample::select(Role::ALL), any_unit(), any::<bool>(), depth()),
        0..4,
    );
    let parties =
        prop::collection::vec((any_unit(), prop::sample::select(PartyRole::ALL), depth()), 0..5);
    let rest = (any::<[bool; 2]>(), any_unit(), prop::collection::vec(any_unit(), 0..3));
    (units(), grants, parties, rest).prop_map(|(units, grants, parties, rest)| {
        let ([strict, is_named], owner, named_parties) = rest;
        let held = |(role, unit, subtree, ceiling)| Grant {
            person: person(1),
            role,
            unit,
            subtree,
            ceiling,
        };
        let parties = parties.into_iter().map(|(unit, role, depth)| Party { unit, role, depth });
        World {
            units,
            person: Person {
                id: person(1),
                login: "an".into(),
                name: "An".into(),
                unit: unit(1),
                grants: grants.into_iter().map(held).collect(),
            },
            matter: MatterView {
                parties: parties.collect(),
                strict,
                named: if is_named { vec![person(2), person(1)] } else { vec![person(2)] },
            },
            owner,
            named_parties,
        }
    })
}

/// The rule again, from the sentences of the design.
struct Oracle<'a> {
    world: &'a World,
    at: Micros,
}

impl Oracle<'_> {
    fn unit(&self, id: UnitId) -> &Unit {
        self.world.units.iter().find(|unit| unit.id == id).unwrap()
    }

    /// Whether a grant on `from` reaches `to`, walking upwards step by step.
    fn climbs(&self, to: UnitId, from: UnitId, subtree: bool) -> bool {
        if to == from {
            return true;
        }
        let below = self.unit(to);
        if subtree && below.parent.is_some_and(|up| self.climbs(up, from, true)) {
            return true;
        }
        let gone = below.valid_to.is_some_and(|end| self.at >= end);
        gone && below.successor.is_some_and(|heir| self.climbs(heir, from, subtree))
    }

    /// One grant over one unit: how deep, before any party is asked.
    fn depth_of(&self, grant: &Grant, over: UnitId) -> Depth {
        let holder = self.unit(grant.unit);
        let alive = holder.valid_to.is_none_or(|end| self.at < end);
        if !alive || !self.climbs(over, grant.unit, grant.subtree) {
            return Depth::None;
        }
        match grant.role {
            Role::Administrator | Role::Auditor => Depth::None,
            Role::Leader | Role::Clerk if grant.ceiling == Depth::Evidence => Depth::Work,
            _ => grant.ceiling,
        }
    }

    fn owns(&self, over: UnitId) -> Depth {
        let grants = &self.world.person.grants;
        grants.iter().map(|grant| self.depth_of(grant, over)).fold(Depth::None, Ord::max)
    }

    fn invited(&self) -> bool {
        !self.world.matter.strict || self.world.matter.named.contains(&self.world.person.id)
    }

    /// The deepest over pairs of a party that `counts` and a grant.
    fn through(&self, counts: impl Fn(&Party) -> bool) -> Depth {
        let mut deepest = Depth::None;
        for party in self.world.matter.parties.iter().filter(|party| counts(party)) {
            for grant in &self.world.person.grants {
                let granted = self.depth_of(grant, party.unit);
                deepest = deepest.max(if granted < party.depth { granted } else { party.depth });
            }
        }
        deepest
    }

    fn matter(&self) -> Depth {
        if self.invited() { self.through(|_| true) } else { Depth::None }
    }

    fn signal(&self) -> Depth {
        let led = self.through(|party| party.role == PartyRole::Lead);
        if self.invited() { led.max(self.owns(self.world.owner)) } else { Depth::None }
    }

    fn task(&self) -> Depth {
        let told = self.through(|party| self.world.named_parties.contains(&party.unit));
        if self.invited() { told.max(self.signal()) } else { Depth::None }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12_000))]

    #[test]
    fn the_rule_agrees_with_the_oracle(world in worlds(), at in 0i64..6) {
        let tree = Tree::build(world.units.clone()).unwrap();
        let scope = Scope::of(&world.person, &tree, at);
        let oracle = Oracle { world: &world, at };
        let (matter, unit) = (&world.matter, world.owner);
        let task = TaskView { unit, matter, named_parties: world.named_parties.clone() };
        let alone = SignalView { unit, matter: None };
        let joined = SignalView { unit, matter: Some(matter) };

        prop_assert_eq!(visible(&scope, Subject::Matter(matter)), oracle.matter());
        prop_assert_eq!(visible(&scope, Subject::MatterEvidence(matter)), oracle.matter());
        prop_assert_eq!(visible(&scope, Subject::Task(&task)), oracle.task());
        prop_assert_eq!(visible(&scope, Subject::TaskEvidence(&task)), oracle.task());
        prop_assert_eq!(visible(&scope, Subject::Signal(&joined)), oracle.signal());
        prop_assert_eq!(visible(&scope, Subject::SignalEvidence(&joined)), oracle.signal());
        prop_assert_eq!(visible(&scope, Subject::Signal(&alone)), oracle.owns(unit));
        prop_assert_eq!(visible(&scope, Subject::Asset(unit)), oracle.owns(unit));
        prop_assert_eq!(visible(&scope, Subject::Event(unit)), oracle.owns(unit));

        let leads = oracle.through(|party| party.role == PartyRole::Lead) > Depth::None;
        let expected: Vec<&Party> = matter.parties.iter()
            .filter(|_| oracle.matter() > Depth::None)
            .filter(|party| leads || oracle.owns(party.unit) > Depth::None)
            .collect();
        prop_assert_eq!(visible_parties(&scope, matter), expected);
    }
}
