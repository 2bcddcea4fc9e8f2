//! Every move of a signal, the joining of hits, and the four facts of a report.

use super::*;
use crate::time::{HOUR, MINUTE};
use proptest::prelude::*;
use uuid::Uuid;

fn matter(n: u128) -> MatterId {
    MatterId::new(Uuid::from_u128(n))
}

fn signal(state: State) -> Signal {
    Signal {
        id: SignalId::new(Uuid::from_u128(1)),
        unit: UnitId::new(Uuid::from_u128(2)),
        state,
        matter: matches!(state, State::Joined | State::Opened).then(|| matter(3)),
    }
}

fn deeds() -> [Deed; 5] {
    let reason = || "có lý do".to_owned();
    [
        Deed::Join(matter(4)),
        Deed::Open(matter(4)),
        Deed::Dismiss { reason: DismissReason::Test, note: String::new() },
        Deed::Return { reason: reason() },
        Deed::Reopen { reason: reason() },
    ]
}

#[test]
fn every_move_is_in_the_table_or_refused() {
    use State::*;
    let table = [
        (Received, [Some(Joined), Some(Opened), Some(Dismissed), Some(Returned), None]),
        (Joined, [None, None, None, None, Some(Received)]),
        (Opened, [None, None, None, None, None]),
        (Dismissed, [None, None, None, None, Some(Received)]),
        (Returned, [None, None, None, None, None]),
    ];
    assert_eq!(table.map(|row| row.0), State::ALL);
    for (state, row) in table {
        for (deed, expected) in deeds().iter().zip(row) {
            match signal(state).step(deed) {
                Ok((after, facts)) => {
                    assert_eq!(Some(after.state), expected, "{state} {}", deed.name());
                    assert_eq!(facts.len(), 1);
                    let in_matter = matches!(after.state, Joined | Opened);
                    assert_eq!(after.matter, in_matter.then(|| matter(4)));
                }
                Err(refusal) => {
                    assert_eq!(expected, None, "{state} {}", deed.name());
                    assert!(refusal.is(Code::SignalStep));
                }
            }
        }
    }
}

#[test]
fn a_report_is_published_as_such() {
    let Signal { id, unit, .. } = signal(State::Received);
    let kinds = |kind| Signal::receive(id, unit, kind).1.iter().map(Fact::kind).collect::<Vec<_>>();
    assert_eq!(kinds(Kind::Alert), ["signal_received"]);
    assert_eq!(kinds(Kind::Report), ["signal_received", "report_filed"]);
}

#[test]
fn reasons_must_be_written() {
    let blank = || " ".to_owned();
    let cases = [
        (State::Received, Deed::Return { reason: blank() }),
        (State::Dismissed, Deed::Reopen { reason: blank() }),
        (State::Received, Deed::Dismiss { reason: DismissReason::Other, note: blank() }),
    ];
    for (state, deed) in cases {
        assert!(signal(state).step(&deed).unwrap_err().is(Code::ReasonMissing), "{deed:?}");
    }
}

#[test]
fn people_are_asked_about_people_and_loud_machines() {
    for &kind in Kind::ALL {
        for &level in Level::ALL {
            let machine = matches!(kind, Kind::Alert | Kind::ScanHit);
            assert_eq!(waits_for_person(kind, level), !machine || level >= Level::High);
        }
    }
}

#[test]
fn hits_of_one_story_meet_under_one_key() {
    let source = SourceId::new(Uuid::from_u128(5));
    let key = |family, host| alert_key(family, Place::Host(source, host));
    assert_eq!(key("f", "DC01.tinh.local"), key("f", "dc01"));
    assert_ne!(key("f", "dc01"), key("g", "dc01"));
    assert_ne!(key("f", "dc01"), key("f", "dc02"));
    assert_ne!(key("b/f", "a"), key("f", "a/b"), "a slash in a host name imitates nothing");
    let asset = AssetId::new(Uuid::from_u128(6));
    assert_eq!(alert_key("f", Place::Asset(asset)), "asset/00000000-0000-0000-0000-000000000006/f");
}

#[test]
fn a_story_ends_with_its_incident_its_dismissal_or_a_quiet_day() {
    use State::*;
    let cases = [
        (Received, false, DAY, true),
        (Received, false, DAY + 1, false),
        (Received, false, -DAY, true),
        (Opened, false, HOUR, true),
        (Opened, true, HOUR, false),
        (Joined, false, HOUR, true),
        (Joined, true, HOUR, false),
        (Dismissed, false, 0, false),
        (Returned, false, 0, false),
    ];
    for (state, over, hit_at, expected) in cases {
        assert_eq!(absorbs(state, over, 0, hit_at), expected, "{state} {over} {hit_at}");
    }
    assert!(!absorbs(Received, false, Micros::MIN, Micros::MAX));
}

const NOW: Micros = 1_000 * DAY;

fn report() -> ReportFacts {
    ReportFacts {
        detected_at: NOW - HOUR,
        signs: vec![Sign::PageChanged],
        signs_text: None,
        asset: None,
        system_text: Some(" không rõ ".into()),
        technical: Some("  ".into()),
    }
}

#[test]
fn a_report_keeps_what_was_said() {
    let signs = vec![Sign::ServiceDown, Sign::PageChanged, Sign::ServiceDown];
    let typed = ReportFacts { detected_at: NOW - HOUR + 59, signs, ..report() };
    let stored = typed.checked(NOW).unwrap();
    assert_eq!(stored.detected_at, NOW - HOUR);
    assert_eq!(stored.signs, [Sign::PageChanged, Sign::ServiceDown]);
    assert_eq!(stored.system_text.as_deref(), Some("không rõ"));
    assert_eq!(stored.technical, None, "technical facts are optional");
    assert_eq!(Sign::ALL.len(), 8);
}

#[test]
fn a_report_needs_time_sign_and_system() {
    let cases = [
        (ReportFacts { detected_at: NOW + 6 * MINUTE, ..report() }, Code::DetectedInFuture),
        (ReportFacts { detected_at: NOW - 367 * DAY, ..report() }, Code::DetectedTooOld),
        (ReportFacts { detected_at: Micros::MIN, ..report() }, Code::DetectedTooOld),
        (
            ReportFacts { signs: vec![], signs_text: Some(" ".into()), ..report() },
            Code::SignsMissing,
        ),
        (ReportFacts { system_text: None, ..report() }, Code::SystemMissing),
    ];
    for (facts, code) in cases {
        let refusal = facts.checked(NOW).unwrap_err();
        assert!(refusal.is(code), "{refusal} instead of {code}");
    }
    let by_words = ReportFacts { signs: vec![], signs_text: Some("máy kêu".into()), ..report() };
    assert!(by_words.checked(NOW).is_ok());
    let by_asset =
        ReportFacts { system_text: None, asset: Some(AssetId::new(Uuid::nil())), ..report() };
    assert!(by_asset.checked(NOW + 5 * MINUTE).is_ok());
}

proptest! {
    /// Whatever is tried, a signal is in a matter exactly while joined or opened.
    #[test]
    fn no_walk_loses_the_matter(picks in prop::collection::vec(0usize..5, 0..40)) {
        let deeds = deeds();
        let mut now = signal(State::Received);
        for pick in picks {
            if let Ok((after, _)) = now.step(&deeds[pick]) {
                now = after;
            }
            prop_assert_eq!(now.matter.is_some(), matches!(now.state, State::Joined | State::Opened));
        }
    }
}
