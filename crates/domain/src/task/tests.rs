//! Every move of a task, legal or not, the answers and their proofs, and the road to an end.

use super::*;
use proptest::prelude::*;
use uuid::Uuid;

fn person(n: u128) -> PersonId {
    PersonId::new(Uuid::from_u128(n))
}

fn unit(n: u128) -> UnitId {
    UnitId::new(Uuid::from_u128(n))
}

fn task(state: State) -> Task {
    Task {
        id: TaskId::new(Uuid::from_u128(1)),
        matter: MatterId::new(Uuid::from_u128(2)),
        unit: unit(3),
        answer: AnswerKind::Confirmation,
        due: 100,
        state,
        exempt_until: (state == State::Exempt).then_some(50),
    }
}

fn confirmation(proof: &str) -> Submission {
    Submission { answer: Answer::Confirmation, proof: Some(proof.into()) }
}

fn deeds_because(reason: &str) -> [Deed; 11] {
    let reason = || reason.to_owned();
    [
        Deed::Receive,
        Deed::Start,
        Deed::Submit { submission: confirmation("đã gỡ, có ảnh"), evidence_files: 0 },
        Deed::WantChanges { reason: reason() },
        Deed::Accept,
        Deed::Disprove { reason: reason() },
        Deed::Exempt {
            proposer: person(1),
            approver: person(2),
            reason: reason(),
            until: 60,
            now: 10,
        },
        Deed::EndExemption { now: 50 },
        Deed::Return { reason: reason() },
        Deed::Resend { unit: unit(4) },
        Deed::Withdraw { reason: reason() },
    ]
}

fn deeds() -> [Deed; 11] {
    deeds_because("có lý do")
}

/// The whole machine: state, deed, state after, facts. What is not here is refused.
const MOVES: &[(State, &str, State, &[&str])] = &[
    (State::Sent, "receive", State::Received, &["task_received"]),
    (State::Received, "start", State::Doing, &["task_started"]),
    (State::Sent, "submit", State::Submitted, &["task_received", "task_submitted"]),
    (State::Received, "submit", State::Submitted, &["task_submitted"]),
    (State::Doing, "submit", State::Submitted, &["task_submitted"]),
    (State::Submitted, "want_changes", State::Doing, &["task_changes_wanted"]),
    (State::Submitted, "accept", State::Accepted, &["task_accepted"]),
    (State::Accepted, "disprove", State::Doing, &["task_disproved"]),
    (State::Received, "exempt", State::Exempt, &["task_exempted"]),
    (State::Doing, "exempt", State::Exempt, &["task_exempted"]),
    (State::Exempt, "end_exemption", State::Received, &["task_exemption_ended"]),
    (State::Sent, "return", State::Returned, &["task_returned"]),
    (State::Returned, "resend", State::Sent, &["task_sent"]),
    (State::Sent, "withdraw", State::Withdrawn, &["task_withdrawn"]),
    (State::Received, "withdraw", State::Withdrawn, &["task_withdrawn"]),
    (State::Doing, "withdraw", State::Withdrawn, &["task_withdrawn"]),
    (State::Submitted, "withdraw", State::Withdrawn, &["task_withdrawn"]),
    (State::Exempt, "withdraw", State::Withdrawn, &["task_withdrawn"]),
    (State::Returned, "withdraw", State::Withdrawn, &["task_withdrawn"]),
];

#[test]
fn every_move_is_in_the_table_or_refused() {
    for &state in State::ALL {
        for deed in deeds() {
            let expected = MOVES.iter().find(|row| row.0 == state && row.1 == deed.name());
            match (task(state).step(&deed), expected) {
                (Ok((after, facts)), Some(row)) => {
                    assert_eq!(after.state, row.2, "{state} {}", row.1);
                    assert_eq!(facts.iter().map(Fact::kind).collect::<Vec<_>>(), row.3);
                    assert_eq!(after.due, 100, "no move shifts the due time");
                    assert_eq!(after.exempt_until.is_some(), after.state == State::Exempt);
                }
                (Err(refusal), None) => assert!(refusal.is(Code::TaskStep), "{refusal}"),
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
        let ends = [State::Accepted, State::Withdrawn];
        assert!(reached.iter().any(|state| ends.contains(state)), "{start} is stuck");
    }
}

#[test]
fn reasons_must_be_written() {
    for row in MOVES {
        let mut blank = deeds_because(" \n").into_iter();
        let deed = blank.find(|deed| deed.name() == row.1).unwrap();
        let needs = ["want_changes", "disprove", "exempt", "return", "withdraw"].contains(&row.1);
        let outcome = task(row.0).step(&deed);
        assert_eq!(outcome.is_err_and(|no| no.is(Code::ReasonMissing)), needs, "{}", row.1);
    }
}

#[test]
fn resending_may_change_the_addressee() {
    let (after, facts) = task(State::Returned).step(&Deed::Resend { unit: unit(4) }).unwrap();
    assert_eq!(after.unit, unit(4));
    assert_eq!(facts, [Fact::TaskSent { task: after.id, matter: after.matter, unit: unit(4) }]);
}

#[test]
fn exemptions_need_two_persons_and_a_term() {
    let exempt = |proposer, approver, until| {
        let deed = Deed::Exempt {
            proposer: person(proposer),
            approver: person(approver),
            reason: "hệ thống đã ngừng".into(),
            until,
            now: 10,
        };
        task(State::Doing).step(&deed)
    };
    assert_eq!(exempt(1, 2, 60).unwrap().0.exempt_until, Some(60));
    assert!(exempt(1, 1, 60).unwrap_err().is(Code::FourEyes));
    for until in [10, 9, 10 + TERM_MAX + 1] {
        assert!(exempt(1, 2, until).unwrap_err().is(Code::ExemptionTerm));
    }
    let early = task(State::Exempt).step(&Deed::EndExemption { now: 49 });
    assert!(early.unwrap_err().is(Code::ExemptionRuns));
}

#[test]
fn a_task_is_due_in_the_future() {
    let Task { id, matter, unit, answer, .. } = task(State::Sent);
    let send = |due| Task::send(id, matter, unit, answer, due, 10);
    let (sent, facts) = send(default_due(10, true)).unwrap();
    assert_eq!((sent.state, sent.due), (State::Sent, 10 + SERIOUS_TERM));
    assert_eq!(facts, [Fact::TaskSent { task: id, matter, unit }]);
    assert_eq!(default_due(10, false), 10 + USUAL_TERM);
    for due in [10, 0, 10 + TERM_MAX + 1] {
        assert!(send(due).unwrap_err().is(Code::DueOutside));
    }
}

#[test]
fn only_what_is_owed_is_late() {
    use State::*;
    for &state in State::ALL {
        assert!(!late(100, state, 100), "{state}");
        assert_eq!(late(100, state, 101), matches!(state, Sent | Received | Doing | Returned));
        assert_eq!(state.blocks_closing(), !matches!(state, Accepted | Exempt | Withdrawn));
    }
}

fn submit(answer: Answer, proof: Option<&str>, files: usize) -> Result<Submission, &'static str> {
    let asked = answer.kind();
    let submission = Submission { answer, proof: proof.map(Into::into) };
    submission.checked(asked, files).map_err(|refusal| refusal.code)
}

#[test]
fn an_answer_needs_proof() {
    let text = || Answer::Text { text: " đã rà soát ".into() };
    let list = |items: &[&str]| Answer::List { items: items.iter().map(|&i| i.into()).collect() };
    let number = |done, total| Answer::Number { done, total };
    let measured = |measure: &str| Answer::Measured { value: -3, measure: measure.into() };
    let cases = [
        (Answer::Confirmation, None, 0, Some("proof-missing")),
        (Answer::Confirmation, Some(" "), 0, Some("proof-missing")),
        (Answer::Confirmation, Some("ảnh"), 0, None),
        (Answer::Confirmation, None, 1, None),
        (number(3, 4), None, 0, Some("proof-missing")),
        (number(3, 4), None, 1, None),
        (number(0, 4), None, 1, None),
        (number(5, 4), None, 1, Some("answer-number")),
        (number(0, 0), None, 1, Some("answer-number")),
        (number(1, ANSWER_NUMBER_MAX + 1), None, 1, Some("answer-number")),
        (text(), None, 0, None),
        (Answer::Text { text: "\n".into() }, None, 1, Some("text-missing")),
        (Answer::File, Some("xem văn bản"), 0, Some("answer-file-missing")),
        (Answer::File, None, 1, None),
        (list(&["máy 1", " ", "máy 2"]), None, 0, None),
        (list(&[" "]), None, 1, Some("answer-list")),
        (list(&["x"; ANSWER_ITEMS_MAX + 1]), None, 1, Some("answer-list")),
        (measured("máy chưa vá"), None, 1, None),
        (measured(""), None, 1, Some("text-missing")),
    ];
    for (answer, proof, files, expected) in cases {
        let shown = format!("{answer:?}").chars().take(60).collect::<String>();
        assert_eq!(submit(answer, proof, files).err(), expected, "{shown} {proof:?} {files}");
    }
    assert_eq!(submit(text(), None, 0).unwrap().answer, Answer::Text { text: "đã rà soát".into() });
}

#[test]
fn an_answer_of_another_kind_is_refused() {
    let submission = Submission { answer: Answer::File, proof: None };
    let deed = Deed::Submit { submission, evidence_files: 1 };
    assert!(task(State::Doing).step(&deed).unwrap_err().is(Code::AnswerKind));
    assert!(task(State::Accepted).step(&deed).unwrap_err().is(Code::TaskStep), "the step first");
}

#[test]
fn an_answer_is_stored_under_the_code_of_its_kind() {
    for answer in [Answer::Number { done: 1, total: 2 }, Answer::Confirmation, Answer::File] {
        let json = serde_json::to_value(&answer).unwrap();
        assert_eq!(json["kind"], answer.kind().code());
        assert_eq!(serde_json::from_value::<Answer>(json).unwrap(), answer);
    }
}

proptest! {
    /// Along any walk a task is accepted only out of submitted, and submitted only with proof.
    #[test]
    fn no_walk_accepts_what_nobody_answered(picks in prop::collection::vec(0usize..11, 0..60)) {
        let deeds = deeds();
        let mut now = task(State::Sent);
        let mut answered = false;
        for pick in picks {
            let before = now;
            let Ok((after, facts)) = now.step(&deeds[pick]) else { continue };
            prop_assert!(!facts.is_empty());
            prop_assert_ne!(before.state, State::Withdrawn, "withdrawn is the end");
            match after.state {
                State::Submitted => answered = true,
                State::Accepted => prop_assert!(answered && before.state == State::Submitted),
                _ => answered = false,
            }
            now = after;
        }
    }
}
