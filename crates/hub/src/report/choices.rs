//! For which units a person may report.

use khien_domain::access::{Action, Person};
use khien_domain::id::UnitId;
use khien_domain::unit::{Tree, Unit};

/// Returns the units of today for which the person may do `action`, the own one first, then by
/// name.
pub(super) fn units<'a>(
    person: &Person,
    action: Action,
    tree: &'a Tree,
    now: i64,
) -> Vec<&'a Unit> {
    let mut ids: Vec<UnitId> = Vec::new();
    for grant in person.grants.iter().filter(|grant| grant.role.may(action)) {
        if grant.subtree {
            ids.extend(tree.descendants(grant.unit, now));
        } else {
            ids.push(grant.unit);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let mut units: Vec<&Unit> =
        ids.into_iter().filter_map(|id| tree.get(id)).filter(|unit| unit.exists(now)).collect();
    units.sort_by(|a, b| (a.id != person.unit, &a.name).cmp(&(b.id != person.unit, &b.name)));
    units
}

/// Returns the unit among `units` that was asked for by id, otherwise the first.
pub(super) fn chosen<'a>(units: &[&'a Unit], asked: &str) -> Option<&'a Unit> {
    let by_id = asked.parse::<UnitId>().ok();
    units.iter().find(|unit| Some(unit.id) == by_id).or_else(|| units.first()).copied()
}

#[cfg(test)]
mod tests {
    use khien_domain::access::{Depth, Grant, Role};
    use khien_domain::id::PersonId;
    use khien_domain::unit::UnitKind;
    use uuid::Uuid;

    use super::*;

    fn unit(id: u128, name: &str, parent: Option<u128>) -> Unit {
        Unit {
            id: UnitId::new(Uuid::from_u128(id)),
            code: format!("U{id}"),
            name: name.into(),
            kind: UnitKind::Department,
            parent: parent.map(|p| UnitId::new(Uuid::from_u128(p))),
            valid_from: 0,
            valid_to: None,
            successor: None,
        }
    }

    fn person(role: Role, unit: u128, subtree: bool) -> Person {
        let (id, unit) = (PersonId::new(Uuid::from_u128(9)), UnitId::new(Uuid::from_u128(unit)));
        let grant = Grant { person: id, role, unit, subtree, ceiling: Depth::Evidence };
        Person { id, login: "an".into(), name: "An".into(), unit, grants: vec![grant] }
    }

    #[test]
    fn a_person_reports_where_the_grants_reach() {
        let units_of = |role, unit_id, subtree| {
            let all =
                vec![unit(1, "Tỉnh", None), unit(2, "Xã B", Some(1)), unit(3, "Xã A", Some(1))];
            let tree = Tree::build(all).unwrap();
            let person = person(role, unit_id, subtree);
            units(&person, Action::FileReport, &tree, 5)
                .iter()
                .map(|unit| unit.name.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(units_of(Role::UnitOfficer, 2, false), ["Xã B"]);
        assert_eq!(units_of(Role::DutyOfficer, 1, true), ["Tỉnh", "Xã A", "Xã B"]);
        assert!(units_of(Role::Auditor, 1, true).is_empty());
    }

    #[test]
    fn an_unknown_choice_is_the_first() {
        let (a, b) = (unit(2, "Xã B", None), unit(3, "Xã A", None));
        let all = [&a, &b];
        assert_eq!(chosen(&all, &b.id.to_string()).unwrap().id, b.id);
        assert_eq!(chosen(&all, "nonsense").unwrap().id, a.id);
        assert!(chosen(&[], "").is_none());
    }
}
