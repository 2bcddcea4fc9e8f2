//! Every move of an incident, legal or not, and the road from anywhere to an end.

use super::*;
use crate::access::{Depth, Role};
use crate::unit::{Unit, UnitKind};
use proptest::prelude::*;
use uuid::Uuid;

fn unit_id(n: u128) -> UnitId {
    UnitId::new(Uuid::from_u128(n))
}

fn person(n: u128) -> PersonId {
    PersonId::new(Uuid::from_u128(n))
}

fn matter(n: u128) -> MatterId {
    MatterId::new(Uuid::from_u128(n))
}

fn verdict(leak: LeakVerdict) -> Verdict {
    Verdict { leak, reason: "đã kiểm tra nhật ký".into(), by: person(1), at: 5 }
}

fn incident(state: State) -> Incident {
    Incident {
        matter: matter(1),
        unit: unit_id(9),
        state,
        category: Category::Defacement,
        severity: Severity::High,
        verdict: Some(verdict(LeakVerdict::NoSign)),
        reports: Vec::new(),
        owing: None,
    }
}

fn report(term: &str, number: &str) -> LawReport {
    let (term, number, by_name) = (term.to_owned(), number.to_owned(), "A".to_owned());
    LawReport { term, number, made_at: 5, by: person(1), by_name, recorded_at: 6 }
}

fn close(by: u128, tasks_open: u32, reports_owed: u32, reason: &str) -> Deed {
    Deed::Close { by: person(by), tasks_open, reports_owed, reason: reason.into() }
}

fn merge(into: u128, into_state: State, reason: &str, tasks_open: u32) -> Deed {
    Deed::Merge { into: matter(into), into_state, reason: reason.into(), tasks_open }
}

fn deeds() -> Vec<Deed> {
    let reason = || "có lý do".to_owned();
    vec![
        Deed::Contain,
        Deed::Recover,
        Deed::Resolve,
        Deed::StepBack { reason: reason() },
        Deed::Judge(verdict(LeakVerdict::NoSign)),
        Deed::Report(report("full_report", "1/BC")),
        close(1, 0, 0, ""),
        Deed::Reopen { reason: reason() },
        Deed::Void { reason: reason(), tasks_open: 0 },
        merge(2, State::Open, &reason(), 0),
        Deed::Unmerge { reason: reason() },
    ]
}

/// The whole machine: state, deed, state after. What is not here is refused.
const MOVES: &[(State, &str, State)] = &[
    (State::Open, "contain", State::Contained),
    (State::Contained, "recover", State::Recovering),
    (State::Recovering, "resolve", State::Resolved),
    (State::Contained, "step_back", State::Open),
    (State::Recovering, "step_back", State::Contained),
    (State::Resolved, "step_back", State::Open),
    (State::Open, "judge", State::Open),
    (State::Contained, "judge", State::Contained),
    (State::Recovering, "judge", State::Recovering),
    (State::Resolved, "judge", State::Resolved),
    (State::Open, "report", State::Open),
    (State::Contained, "report", State::Contained),
    (State::Recovering, "report", State::Recovering),
    (State::Resolved, "report", State::Resolved),
    (State::Closed, "report", State::Closed),
    (State::Resolved, "close", State::Closed),
    (State::Closed, "reopen", State::Open),
    (State::Open, "void", State::Voided),
    (State::Open, "merge", State::Merged),
    (State::Merged, "unmerge", State::Open),
];

#[test]
fn every_move_is_in_the_table_or_refused() {
    for &state in State::ALL {
        for deed in deeds() {
            let expected = MOVES.iter().find(|row| row.0 == state && row.1 == deed.name());
            match (incident(state).step(&deed), expected) {
                (Ok((after, facts)), Some(row)) => {
                    assert_eq!(after.state, row.2, "{state} {}", row.1);
                    assert_eq!(facts.len(), 1);
                }
                (Err(refusal), None) => {
                    let args = vec![("state", state.to_string()), ("deed", deed.name().into())];
                    assert!(refusal.is(Code::IncidentStep), "{refusal}");
                    assert_eq!(refusal.args, args);
                }
                (outcome, _) => panic!("{state} {}: {outcome:?}", deed.name()),
            }
        }
    }
}

#[test]
fn an_end_is_reached_from_everywhere() {
    for &start in State::ALL {
        let mut reached = vec![start];
        let mut index = 0;
        while let Some(&state) = reached.get(index) {
            let next = MOVES.iter().filter(|row| row.0 == state).map(|row| row.2);
            reached.extend(next.filter(|s| !reached.contains(s)).collect::<Vec<_>>());
            index += 1;
        }
        assert!(reached.iter().any(|state| state.is_over()), "{start} is stuck");
    }
}

#[test]
fn opening_publishes_and_starts_without_verdict() {
    let (open, facts) =
        Incident::open(matter(1), incident(State::Open).unit, Category::Other, Severity::Low);
    assert_eq!((open.state, &open.verdict), (State::Open, &None));
    assert_eq!(facts, [Fact::IncidentOpened { matter: matter(1), unit: open.unit }]);
}

#[test]
fn closing_needs_a_verdict_and_no_open_task() {
    let close = |verdict: Option<Verdict>, by, tasks_open| {
        let resolved = Incident { verdict, ..incident(State::Resolved) };
        resolved.step(&close(by, tasks_open, 0, "")).map(|(after, _)| after.state)
    };
    let code = |outcome: Result<State, Refusal>| outcome.unwrap_err().code;
    use LeakVerdict::*;
    assert_eq!(code(close(None, 1, 0)), "verdict-missing");
    assert_eq!(code(close(Some(verdict(Unclear)), 2, 0)), "verdict-unclear");
    assert_eq!(code(close(Some(verdict(NoSign)), 1, 3)), "tasks-open");
    assert_eq!(close(Some(verdict(NoSign)), 1, 0), Ok(State::Closed));
    for leak in [Leaked, Stolen] {
        assert_eq!(code(close(Some(verdict(leak)), 1, 0)), "four-eyes", "finder may not close");
        assert_eq!(close(Some(verdict(leak)), 2, 0), Ok(State::Closed));
    }
    let waits = |verdict: Option<Verdict>, tasks_open| {
        let resolved = Incident { verdict, ..incident(State::Resolved) };
        let all = resolved.close_waits_for(person(1), tasks_open).into_iter();
        all.map(|refusal| refusal.code).collect::<Vec<_>>()
    };
    assert_eq!(waits(None, 1), ["verdict-missing", "tasks-open"]);
    assert_eq!(waits(Some(verdict(Leaked)), 2), ["four-eyes", "tasks-open"]);
    assert!(waits(Some(verdict(NoSign)), 0).is_empty());
}

#[test]
fn who_closes_while_a_report_is_owed_says_why() {
    let resolved = incident(State::Resolved);
    let refusal = resolved.step(&close(1, 0, 2, "  ")).unwrap_err();
    assert_eq!((refusal.code, refusal.args), ("reports-owed", vec![("count", "2".to_owned())]));
    let long = "x".repeat(text::REASON_CHARS_MAX + 1);
    assert!(resolved.step(&close(1, 0, 1, &long)).unwrap_err().is(Code::TextLong));
    let (closed, _) = resolved.step(&close(1, 0, 1, " gửi sau giờ làm việc ")).unwrap();
    let owing = Owing { reason: "gửi sau giờ làm việc".into(), by: person(1) };
    assert_eq!(closed.owing, Some(owing));
    let (closed, _) = resolved.step(&close(1, 0, 0, "không nợ gì")).unwrap();
    assert_eq!(closed.owing, None, "who owes nothing has nothing to explain");
}

#[test]
fn a_report_recorded_again_replaces_the_mistyped_one() {
    let step =
        |from: &Incident, number| from.step(&Deed::Report(report("notice", number))).unwrap();
    let (once, facts) = step(&incident(State::Closed), "12/BC");
    assert_eq!(facts, [Fact::LawReported { matter: matter(1) }]);
    let (other, _) = once.step(&Deed::Report(report("full_report", "13/BC"))).unwrap();
    let (twice, _) = step(&other, "21/BC");
    let numbers: Vec<_> = twice.reports.iter().map(|r| r.number.as_str()).collect();
    assert_eq!(numbers, ["13/BC", "21/BC"]);
}

#[test]
fn an_incident_that_runs_again_needs_a_new_verdict() {
    for (state, deed) in [
        (State::Closed, Deed::Reopen { reason: "tái diễn".into() }),
        (State::Merged, Deed::Unmerge { reason: "nhầm".into() }),
    ] {
        let owing = Some(Owing { reason: "chưa kịp".into(), by: person(1) });
        let reports = vec![report("notice", "1/BC")];
        let over = Incident { owing, reports: reports.clone(), ..incident(state) };
        let (after, facts) = over.step(&deed).unwrap();
        assert_eq!((after.verdict, after.owing, after.reports), (None, None, reports));
        assert_eq!(facts, [Fact::IncidentReopened { matter: matter(1) }]);
    }
}

#[test]
fn reasons_must_be_written() {
    let blank = || "  ".to_owned();
    let cases = [
        (State::Contained, Deed::StepBack { reason: blank() }),
        (State::Closed, Deed::Reopen { reason: blank() }),
        (State::Open, Deed::Void { reason: blank(), tasks_open: 0 }),
        (State::Open, merge(2, State::Open, &blank(), 0)),
        (State::Merged, Deed::Unmerge { reason: blank() }),
        (State::Open, Deed::Judge(Verdict { reason: blank(), ..verdict(LeakVerdict::NoSign) })),
    ];
    for (state, deed) in cases {
        assert!(incident(state).step(&deed).unwrap_err().is(Code::ReasonMissing), "{deed:?}");
    }
}

#[test]
fn nothing_is_merged_into_itself_or_into_what_is_over() {
    let merged = |into, into_state| {
        incident(State::Open).step(&merge(into, into_state, "trùng", 0)).map(drop)
    };
    assert!(merged(1, State::Open).unwrap_err().is(Code::MergeIntoSelf));
    for &state in State::ALL {
        match merged(2, state) {
            Ok(()) => assert!(!state.is_over(), "{state}"),
            Err(refusal) => assert!(state.is_over() && refusal.is(Code::MergeIntoOver)),
        }
    }
}

#[test]
fn nothing_ends_while_a_task_is_owed() {
    let void = Deed::Void { reason: "báo động giả".into(), tasks_open: 1 };
    for deed in [void, merge(2, State::Open, "trùng", 1)] {
        assert!(incident(State::Open).step(&deed).unwrap_err().is(Code::TasksOpen), "{deed:?}");
    }
}

#[test]
fn the_lead_is_a_unit_that_the_opener_may_lead() {
    let unit = |n: u128, parent: Option<u128>| Unit {
        id: unit_id(n),
        code: format!("U{n}"),
        name: format!("Đơn vị {n}"),
        kind: UnitKind::Department,
        parent: parent.map(unit_id),
        valid_from: 0,
        valid_to: None,
        successor: None,
    };
    let tree = Tree::build(vec![unit(1, None), unit(2, Some(1)), unit(3, Some(1))]).unwrap();
    let grant = |role, over: u128, subtree| Grant {
        person: person(1),
        role,
        unit: unit_id(over),
        subtree,
        ceiling: Depth::Evidence,
    };
    let lead = |grants: Vec<Grant>| {
        let person = Person {
            id: person(1),
            login: "truc.ban".into(),
            name: "Trực ban".into(),
            unit: unit_id(2),
            grants,
        };
        lead_for(&person, unit_id(3), &tree, 5).map_err(|refusal| refusal.code)
    };
    assert_eq!(lead(vec![grant(Role::DutyOfficer, 1, true)]), Ok(unit_id(2)), "the home unit");
    let elsewhere = [grant(Role::UnitOfficer, 1, true), grant(Role::Analyst, 3, false)];
    assert_eq!(lead(elsewhere.to_vec()), Ok(unit_id(3)), "the unit of the grant that leads");
    assert_eq!(lead(vec![grant(Role::Analyst, 1, false)]), Err("unit-not-yours"));
    assert_eq!(lead(vec![grant(Role::Leader, 1, true)]), Err("role-may-not"));
}

#[test]
fn merging_says_where_to() {
    let (_, facts) = incident(State::Open).step(&merge(2, State::Open, "cùng một vụ", 0)).unwrap();
    assert_eq!(facts, [Fact::IncidentMerged { matter: matter(1), into: matter(2) }]);
}

proptest! {
    /// Along any walk an incident closes only from resolved, with a verdict given since it opened.
    #[test]
    fn no_walk_closes_without_a_fresh_verdict(picks in prop::collection::vec(0usize..11, 0..60)) {
        let deeds = deeds();
        let (mut now, _) = Incident::open(matter(1), incident(State::Open).unit, Category::Dos, Severity::Low);
        let mut judged = false;
        for pick in picks {
            let before = now.clone();
            let Ok((after, _)) = now.step(&deeds[pick]) else {
                prop_assert_eq!(&now, &before);
                continue;
            };
            match &deeds[pick] {
                Deed::Judge(_) => judged = true,
                Deed::Reopen { .. } | Deed::Unmerge { .. } => judged = false,
                Deed::Close { .. } => prop_assert!(judged && before.state == State::Resolved),
                _ => {}
            }
            now = after;
        }
    }
}

#[test]
fn an_incident_is_suggested_to_be_as_bad_as_its_signal_is_loud() {
    let suggested = Level::ALL.iter().map(|level| Severity::suggested(*level));
    assert!(suggested.is_sorted(), "louder never suggests milder");
    assert_eq!(Severity::suggested(Level::Critical), Severity::Serious);
    assert_eq!(Severity::suggested(Level::High), Severity::High);
}
