//! Tests of grants, the table of roles and passwords.

use super::*;
use crate::fact::Fact;
use crate::id::GrantId;
use crate::unit::{Unit, UnitKind};
use uuid::Uuid;

fn unit(n: u128) -> UnitId {
    UnitId::new(Uuid::from_u128(n))
}

fn person(n: u128) -> PersonId {
    PersonId::new(Uuid::from_u128(n))
}

fn grant(role: Role, on: u128, subtree: bool) -> Grant {
    Grant { person: person(1), role, unit: unit(on), subtree, ceiling: role.depth_max() }
}

fn with(grants: Vec<Grant>) -> Person {
    Person { id: person(1), login: "an".into(), name: "An".into(), unit: unit(1), grants }
}

/// 1 province over 2 and 3; 3 dissolved at 100 in favour of 2.
fn tree() -> Tree {
    let node = |n: u128, parent: Option<u128>| Unit {
        id: unit(n),
        code: format!("U{n}"),
        name: format!("Đơn vị {n}"),
        kind: UnitKind::CommuneCommittee,
        parent: parent.map(unit),
        valid_from: 0,
        valid_to: (n == 3).then_some(100),
        successor: (n == 3).then(|| unit(2)),
    };
    Tree::build(vec![node(1, None), node(2, Some(1)), node(3, Some(1))]).unwrap()
}

/// The table of roles as an auditor would tick it: D duty officer, A analyst, C coordinator,
/// P approver, K clerk, U unit officer, H unit head, E desk, L leader, J auditor, S administrator.
const TICKS: &[(Action, &str)] = &[
    (Action::KeepWatch, "DACP----L--"),
    (Action::VerifySignal, "DAC--------"),
    (Action::DismissSignal, "DAC--------"),
    (Action::ReturnSignal, "DAC--------"),
    (Action::FileReport, "DAC-KUHE---"),
    (Action::EnterReportOnBehalf, "DAC-K------"),
    (Action::LeadIncident, "DAC--------"),
    (Action::GiveVerdict, "-AC--------"),
    (Action::CloseIncident, "--C--------"),
    (Action::AddParty, "DAC--------"),
    (Action::Propose, "DAC--------"),
    (Action::Approve, "---P-------"),
    (Action::GiveTask, "DAC--------"),
    (Action::AnswerTask, "-----UHE---"),
    (Action::AnswerOnBehalf, "DAC-K------"),
    (Action::JudgeTask, "-AC--------"),
    (Action::AddEvidence, "DAC-KUHE---"),
    (Action::ReadUnits, "DACPKUHELJS"),
    (Action::AdministerUnits, "----------S"),
    (Action::AdministerPeople, "----------S"),
    (Action::ApproveGrant, "---P------S"),
    (Action::EditAssets, "-AC--UH---S"),
    (Action::AdministerSources, "----------S"),
    (Action::ReadRules, "DACP-----JS"),
    (Action::TuneRules, "-AC--------"),
    (Action::ReadJournal, "---------J-"),
];

#[test]
fn every_role_may_what_the_table_ticks() {
    let listed: Vec<_> = TICKS.iter().map(|row| row.0).collect();
    assert_eq!(listed, Action::ALL);
    for (action, ticks) in TICKS {
        for (role, tick) in Role::ALL.iter().zip(ticks.chars()) {
            assert_eq!(role.may(*action), tick != '-', "{role} {action}");
        }
    }
}

#[test]
fn administrator_and_auditor_read_no_matter_and_touch_none() {
    for role in [Role::Administrator, Role::Auditor] {
        assert!(!role.reads_matters());
        assert_eq!(role.depth_max(), Depth::None);
        for action in
            [Action::VerifySignal, Action::LeadIncident, Action::JudgeTask, Action::AddEvidence]
        {
            assert!(!role.may(action));
        }
    }
}

#[test]
fn one_grant_must_both_allow_and_reach() {
    let tree = tree();
    let officer = with(vec![grant(Role::UnitOfficer, 2, false), grant(Role::Auditor, 1, true)]);
    assert_eq!(may(&officer, Action::FileReport, unit(2), &tree, 0), Ok(()));
    let elsewhere = may(&officer, Action::FileReport, unit(1), &tree, 0).unwrap_err();
    assert!(elsewhere.is(Code::UnitNotYours), "the auditor's reach lends the officer nothing");
    let no_role = may(&officer, Action::VerifySignal, unit(2), &tree, 0).unwrap_err();
    assert!(no_role.is(Code::RoleMayNot));
    assert!(officer.may_somewhere(Action::ReadJournal) && !officer.may_somewhere(Action::Approve));
}

#[test]
fn a_grant_reaches_its_unit_its_subtree_and_what_was_inherited() {
    let tree = tree();
    let cases = [
        (1, true, 3, 0, true),
        (1, false, 3, 0, false),
        (1, false, 1, 0, true),
        (2, false, 3, 99, false),
        (2, false, 3, 100, true),
        (3, false, 3, 99, true),
        (3, false, 3, 100, false),
    ];
    for (on, subtree, over, at, reaches) in cases {
        let held = grant(Role::UnitOfficer, on, subtree);
        assert_eq!(held.reaches(unit(over), &tree, at), reaches, "{on} {subtree} {over} {at}");
    }
}

#[test]
fn a_ceiling_is_never_deeper_than_its_role() {
    let deep = Grant { ceiling: Depth::Evidence, ..grant(Role::Leader, 1, true) };
    assert_eq!(deep.depth(), Depth::Work);
    assert!(deep.checked().unwrap_err().is(Code::CeilingTooDeep));
    assert!(grant(Role::Analyst, 1, true).checked().is_ok());
}

#[test]
fn depths_survive_their_rank() {
    for &depth in Depth::ALL {
        assert_eq!(Depth::from_rank(depth.rank()), depth);
    }
    assert_eq!(Depth::from_rank(9), Depth::None);
    assert!(
        Depth::None < Depth::Card && Depth::Card < Depth::Work && Depth::Work < Depth::Evidence
    );
}

fn proposed(role: Role, others: usize) -> (Proposal, Vec<Fact>) {
    propose(GrantId::new(Uuid::from_u128(7)), grant(role, 1, true), person(8), others).unwrap()
}

#[test]
fn a_reading_or_approving_role_waits_for_a_second_person() {
    for &role in Role::ALL {
        let (proposal, facts) = proposed(role, 1);
        let waits = proposal.case.state == GrantState::Proposed;
        assert_eq!(waits, grant_needs_second(role), "{role}");
        assert!(!proposal.bootstrapped);
        let kind = if waits { "grant_proposed" } else { "grant_activated" };
        assert_eq!(facts.iter().map(Fact::kind).collect::<Vec<_>>(), [kind]);
    }
}

#[test]
fn an_empty_province_starts_loudly_on_one_word() {
    let (reading, _) = proposed(Role::Coordinator, 0);
    assert_eq!((reading.case.state, reading.bootstrapped), (GrantState::Active, true));
    let (silent, _) = proposed(Role::Auditor, 0);
    assert!(!silent.bootstrapped, "a role that reads nothing needs no exception");
}

#[test]
fn nobody_makes_their_own_second_person() {
    for role in Action::ApproveGrant.roles() {
        let (proposal, _) = proposed(*role, 1);
        assert_eq!(proposal.case.state, GrantState::Proposed, "{role}");
    }
}

#[test]
fn every_move_of_a_grant() {
    use GrantState::*;
    let deeds =
        [GrantDeed::Approve(person(9)), GrantDeed::Refuse(person(9)), GrantDeed::End(person(9))];
    let table = [
        (Proposed, [Some(Active), Some(Refused), None]),
        (Active, [None, None, Some(Ended)]),
        (Refused, [None, None, None]),
        (Ended, [None, None, None]),
    ];
    for (state, row) in table {
        for (deed, expected) in deeds.into_iter().zip(row) {
            let case = GrantCase { state, ..proposed(Role::Analyst, 1).0.case };
            match case.step(deed) {
                Ok((after, facts)) => {
                    assert_eq!((Some(after.state), facts.len()), (expected, 1));
                }
                Err(refusal) => {
                    assert_eq!(expected, None);
                    assert!(refusal.is(Code::GrantDecided));
                }
            }
        }
    }
}

#[test]
fn nobody_approves_their_own_proposal_or_their_own_grant() {
    let case = proposed(Role::Analyst, 1).0.case;
    for by in [case.proposer, case.grant.person] {
        assert!(case.step(GrantDeed::Approve(by)).unwrap_err().is(Code::FourEyes));
    }
    assert!(case.step(GrantDeed::Refuse(case.proposer)).is_ok(), "the proposer may take it back");
}

#[test]
fn passwords_are_long_and_not_obvious() {
    let cases = [
        ("bảy con trâu già", false, None),
        ("tám con trâu", true, None),
        ("tám con trâu", false, Some(Code::PasswordShort)),
        ("trâu", true, Some(Code::PasswordShort)),
        ("mật khẩu 123456", false, Some(Code::PasswordCommon)),
        ("Matkhau@1234567", false, Some(Code::PasswordCommon)),
        ("passwordpassword", false, Some(Code::PasswordCommon)),
        ("aaaaaaaaaaaaaaaa", false, Some(Code::PasswordCommon)),
        ("QuantriVien!2026", false, Some(Code::PasswordCommon)),
        ("nguyen.an con trâu", false, Some(Code::PasswordIsLogin)),
        ("NGUYEN.AN con trâu", false, Some(Code::PasswordIsLogin)),
    ];
    for (password, totp, expected) in cases {
        let outcome = check_password(password, "nguyen.an", totp);
        assert_eq!(outcome.err().map(|r| r.code), expected.map(Code::code), "{password}");
    }
    let endless = "dài ".repeat(100);
    assert!(check_password(&endless, "an", false).unwrap_err().is(Code::PasswordLong));
}

#[test]
fn login_names_are_lower_case_and_plain() {
    assert_eq!(login_name(" Nguyen.An ").unwrap(), "nguyen.an");
    for typed in ["", "an", "nguyễn.an", "a b c", &"a".repeat(65)] {
        assert!(login_name(typed).is_err(), "{typed}");
    }
}
