//! Tests of the dated tree, against hand-drawn provinces and a slow oracle.

use super::*;
use proptest::prelude::*;
use uuid::Uuid;

fn id(n: u128) -> UnitId {
    UnitId::new(Uuid::from_u128(n))
}

fn unit(n: u128, parent: Option<u128>) -> Unit {
    Unit {
        id: id(n),
        code: format!("U{n}0"),
        name: format!("Đơn vị {n}"),
        kind: UnitKind::Department,
        parent: parent.map(id),
        valid_from: 0,
        valid_to: None,
        successor: None,
    }
}

fn ended(n: u128, parent: Option<u128>, at: Micros, successor: Option<u128>) -> Unit {
    Unit { valid_to: Some(at), successor: successor.map(id), ..unit(n, parent) }
}

/// 1 province; 2 district, dissolved at 100 in favour of 4; 3 commune of 2; 4 commune; 5 police.
fn province() -> Tree {
    Tree::build(vec![
        unit(1, None),
        ended(2, Some(1), 100, Some(4)),
        unit(3, Some(2)),
        unit(4, Some(1)),
        unit(5, None),
    ])
    .unwrap()
}

#[test]
fn parents_cover_and_siblings_do_not() {
    let tree = province();
    for (above, below, covers) in
        [(1, 3, true), (2, 3, true), (3, 3, true), (3, 2, false), (5, 3, false), (4, 3, false)]
    {
        assert_eq!(tree.covers(id(above), id(below), 50), covers, "{above} over {below}");
    }
}

#[test]
fn the_successor_inherits_from_the_day_of_dissolution_on() {
    let tree = province();
    assert!(!tree.covers(id(4), id(2), 99));
    assert!(tree.covers(id(4), id(2), 100));
    assert!(tree.covers(id(4), id(3), 100), "what stood under the dissolved unit passes too");
    assert!(tree.covers(id(1), id(3), 100));
    assert!(!tree.covers(id(2), id(3), 100), "a dissolved unit covers nothing");
    assert!(!tree.covers(id(2), id(2), 100));
}

#[test]
fn a_grant_without_subtree_inherits_the_unit_alone() {
    let tree = province();
    assert_eq!(tree.with_inherited(id(4), 99), BTreeSet::from([id(4)]));
    assert_eq!(tree.with_inherited(id(4), 100), BTreeSet::from([id(2), id(4)]));
    assert_eq!(tree.descendants(id(4), 100), BTreeSet::from([id(2), id(3), id(4)]));
    assert_eq!(tree.with_inherited(id(2), 100), BTreeSet::new());
}

#[test]
fn a_unit_that_is_not_there_yet_covers_nothing() {
    let mut late = unit(1, None);
    late.valid_from = 10;
    let tree = Tree::build(vec![late, unit(2, Some(1))]).unwrap();
    assert!(!tree.covers(id(1), id(2), 9));
    assert!(tree.covers(id(1), id(2), 10));
    assert!(!tree.covers(id(9), id(2), 10), "an unknown unit covers nothing");
    assert!(!tree.covers(id(1), id(9), 10), "nobody covers an unknown unit");
}

#[test]
fn a_tree_that_is_none_is_refused() {
    let cases = [
        (vec![unit(1, Some(9))], Code::UnitUnknown),
        (vec![ended(1, None, 5, Some(9))], Code::UnitUnknown),
        (vec![unit(1, Some(1))], Code::UnitCircle),
        (vec![unit(1, Some(2)), unit(2, Some(1))], Code::UnitCircle),
        (vec![ended(1, None, 5, Some(2)), unit(2, Some(1))], Code::UnitCircle),
        (vec![unit(1, None), unit(1, None)], Code::UnitCodeTwice),
        (vec![unit(1, None), Unit { code: "B".into(), ..unit(1, None) }], Code::UnitIdTwice),
    ];
    for (units, code) in cases {
        let refusal = Tree::build(units).unwrap_err();
        assert!(refusal.is(code), "{refusal} instead of {code}");
    }
}

#[test]
fn dissolving_names_a_living_successor_outside_the_unit() {
    let tree = province();
    let (ended, facts) = tree.dissolve(id(3), Some(id(4)), 200).unwrap();
    assert_eq!((ended.valid_to, ended.successor), (Some(200), Some(id(4))));
    assert_eq!(facts, [Fact::UnitDissolved { unit: id(3), successor: Some(id(4)) }]);
    assert!(tree.dissolve(id(5), None, 200).is_ok(), "a supplier may leave without an heir");

    let refused = |unit, heir| tree.dissolve(id(unit), Some(id(heir)), 200).unwrap_err();
    assert!(refused(2, 4).is(Code::UnitDissolved));
    assert!(refused(3, 2).is(Code::SuccessorNotThere), "the heir itself is gone");
    assert!(refused(3, 3).is(Code::SuccessorNotThere));
    assert!(refused(1, 4).is(Code::UnitCircle), "the heir stands below");
    assert!(refused(9, 4).is(Code::UnitUnknown));
    assert!(tree.dissolve(id(3), None, 0).unwrap_err().is(Code::UnitDatesCrossed));
}

#[test]
fn units_are_found_by_code_in_any_case() {
    assert_eq!(province().by_code(" u30 ").unwrap().id, id(3));
    assert!(province().by_code("U3").is_none());
}

#[test]
fn codes_are_capitals_without_spaces() {
    for (typed, stored) in
        [("xa-dongtho", "XA-DONGTHO"), (" 000.00.00.H01 ", "000.00.00.H01"), ("S2", "S2")]
    {
        assert_eq!(unit_code(typed).unwrap(), stored);
    }
    for typed in ["", "A", "-AB", "AB-", "XÃ", "A B", "A/B", &"A".repeat(33)] {
        assert!(unit_code(typed).is_err(), "{typed}");
    }
}

#[test]
fn telephone_numbers_as_the_letters_write_them() {
    let good = [
        ("024.3640.4421", "02436404421"),
        ("0869.100.317", "0869100317"),
        ("+84 869 100 317", "0869100317"),
        ("+84 (0) 869 100 317", "0869100317"),
        ("84869100317", "0869100317"),
        ("0084-24-3640-4421", "02436404421"),
        ("069.4149.779", "0694149779"),
        ("0207.6251.788", "02076251788"),
        ("1900 1234", "19001234"),
        ("113", "113"),
        ("5656", "5656"),
    ];
    for (typed, stored) in good {
        assert_eq!(phone(typed).unwrap(), stored, "{typed}");
    }
    let bad = [
        "",
        "0",
        "12",
        "0123456789",
        "086910031",
        "08691003177",
        "+1 202 555 0100",
        "o869100317",
        "0869+100317",
        "0000000000000000000000",
    ];
    for typed in bad {
        assert!(phone(typed).is_err(), "{typed}");
    }
}

#[test]
fn mail_addresses_are_checked_as_far_as_a_form_can() {
    assert_eq!(email(" IR@vncert.vn ").unwrap(), "ir@vncert.vn");
    for typed in ["", "a", "a@", "@b.vn", "a@b", "a@b..vn", "a b@c.vn", "a@b@c.vn", "ạ@b.vn"] {
        assert!(email(typed).is_err(), "{typed}");
    }
}

#[test]
fn a_contact_must_be_reachable() {
    let contact = Contact {
        unit: id(1),
        name: " Trực ban ".into(),
        phone: Some("0869 100 317".into()),
        email: None,
        purpose: ContactPurpose::Incident,
        valid_from: 10,
        valid_to: Some(20),
    };
    let stored = contact.clone().checked().unwrap();
    assert_eq!((stored.name.as_str(), stored.phone.as_deref()), ("Trực ban", Some("0869100317")));
    assert!(stored.valid(10) && stored.valid(19) && !stored.valid(20) && !stored.valid(9));
    let silent = Contact { phone: None, ..contact };
    assert!(silent.checked().unwrap_err().is(Code::ContactUnreachable));
}

#[test]
fn a_unit_is_stored_clean() {
    let typed = Unit { code: "so-yte".into(), name: " Sở Y tế ".into(), ..unit(1, None) };
    let stored = typed.checked().unwrap();
    assert_eq!((stored.code.as_str(), stored.name.as_str()), ("SO-YTE", "Sở Y tế"));
    let crossed = Unit { valid_to: Some(0), ..unit(1, None) };
    assert!(crossed.checked().unwrap_err().is(Code::UnitDatesCrossed));
}

/// Random provinces without circles: every link points to a lower number.
fn worlds() -> impl Strategy<Value = Vec<Unit>> {
    let row =
        (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0i64..4, any::<[bool; 3]>());
    prop::collection::vec(row, 1..12).prop_map(|rows| {
        let pick = |index: prop::sample::Index, n: usize| 1 + index.index(n) as u128;
        rows.into_iter()
            .enumerate()
            .map(|(n, (parent, heir, end, [rooted, dies, inherits]))| Unit {
                parent: (n > 0 && !rooted).then(|| id(pick(parent, n))),
                valid_to: dies.then_some(end + 1),
                successor: (n > 0 && dies && inherits).then(|| id(pick(heir, n))),
                ..unit(n as u128 + 1, None)
            })
            .collect()
    })
}

/// The rule again, written as a recursion over single steps.
fn covers_slowly(units: &[Unit], above: &Unit, below: &Unit, at: Micros) -> bool {
    let find = |id: UnitId| units.iter().find(|unit| unit.id == id).unwrap();
    let by_identity = above.id == below.id;
    let by_parent = below.parent.is_some_and(|up| covers_slowly(units, above, find(up), at));
    let gone = below.valid_to.is_some_and(|end| end <= at);
    let by_heir =
        gone && below.successor.is_some_and(|up| covers_slowly(units, above, find(up), at));
    by_identity || by_parent || by_heir
}

proptest! {
    #[test]
    fn the_three_ways_to_ask_agree_with_the_oracle(units in worlds(), at in 0i64..6) {
        let tree = Tree::build(units.clone()).unwrap();
        for above in &units {
            let there = above.valid_from <= at && above.valid_to.is_none_or(|end| at < end);
            let below_it = tree.descendants(above.id, at);
            for below in &units {
                let expected = there && covers_slowly(&units, above, below, at);
                prop_assert_eq!(tree.covers(above.id, below.id, at), expected);
                prop_assert_eq!(below_it.contains(&below.id), expected);
                let counted = tree.ancestors(below.id, at).contains(&above.id);
                prop_assert_eq!(there && counted, expected && above.id != below.id);
            }
        }
    }

    #[test]
    fn no_telephone_number_breaks_the_reader(typed in "\\PC{0,40}") {
        if let Ok(stored) = phone(&typed) {
            prop_assert_eq!(phone(&stored).unwrap(), stored);
        }
    }
}
