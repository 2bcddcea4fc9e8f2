//! Invariant 2 on journals in memory: whatever an intruder does, the first touched line is named.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::head::{JournalKey, SignedHead};
use crate::journal::chain::{DESTROYED, GENESIS, Line, body_hash, entry_hash, line_subject};
use crate::journal::check::Checker;
use crate::journal::{Flaw, FlawKind, Head, Verdict};

/// What an intruder may do to a journal.
#[derive(Clone, Debug)]
enum Forgery {
    Edit(Index, Field),
    Drop(Index),
    /// Exchanges the numbers of two lines.
    Swap(Index, Index),
    /// Moves a line to another place; those between close up.
    Move(Index, Index),
    Cut(Index),
    EditAndRehash(Index),
}

#[derive(Clone, Copy, Debug)]
enum Field {
    At,
    Actor,
    Action,
    Subject,
    BodyHash,
    Prev,
    Hash,
    Body,
    NoBody,
}

fn field() -> impl Strategy<Value = Field> {
    prop::sample::select(vec![
        Field::At,
        Field::Actor,
        Field::Action,
        Field::Subject,
        Field::BodyHash,
        Field::Prev,
        Field::Hash,
        Field::Body,
        Field::NoBody,
    ])
}

fn forgery() -> impl Strategy<Value = Forgery> {
    let at = any::<Index>;
    prop_oneof![
        (at(), field()).prop_map(|(a, b)| Forgery::Edit(a, b)),
        at().prop_map(Forgery::Drop),
        (at(), at()).prop_map(|(a, b)| Forgery::Swap(a, b)),
        (at(), at()).prop_map(|(a, b)| Forgery::Move(a, b)),
        at().prop_map(Forgery::Cut),
        at().prop_map(Forgery::EditAndRehash),
    ]
}

fn rehash(lines: &mut [Line], from: usize) {
    for i in from..lines.len() {
        if i > 0 {
            lines[i].prev = lines[i - 1].hash.clone();
        }
        lines[i].hash = entry_hash(&lines[i], lines[i].seq).to_vec();
    }
}

fn journal(texts: &[String]) -> Vec<Line> {
    let mut lines: Vec<Line> = texts
        .iter()
        .zip(1..)
        .map(|(text, seq)| Line {
            seq,
            at: seq * 7,
            actor: text.clone(),
            action: "test.done".to_owned(),
            subject: format!("thing/{text}"),
            body_hash: body_hash(&[9; 32], text).to_vec(),
            prev: GENESIS.to_vec(),
            hash: Vec::new(),
            body: Some((vec![9; 32], text.clone())),
        })
        .collect();
    rehash(&mut lines, 0);
    lines
}

fn edit(line: &mut Line, field: Field) {
    match field {
        Field::At => line.at += 1,
        Field::Actor => line.actor.push('x'),
        Field::Action => line.action.push('x'),
        Field::Subject => line.subject.push('x'),
        Field::BodyHash => line.body_hash[31] ^= 1,
        Field::Prev => line.prev[0] ^= 1,
        Field::Hash => line.hash[16] ^= 1,
        Field::Body => line.body.as_mut().unwrap().1.push('x'),
        Field::NoBody => line.body = None,
    }
}

/// Puts the lines into `order` and gives them the numbers of their new places.
fn renumber(lines: &mut [Line]) {
    for (line, seq) in lines.iter_mut().zip(1..) {
        line.seq = seq;
    }
}

/// Commits the forgery; returns the number of the first line that it touched, or nothing if
/// it changed nothing.
fn forge(lines: &mut Vec<Line>, forgery: &Forgery) -> Option<i64> {
    let count = lines.len();
    let first = match forgery {
        Forgery::Edit(at, field) => {
            edit(&mut lines[at.index(count)], *field);
            at.index(count)
        }
        Forgery::Drop(at) => {
            lines.remove(at.index(count));
            at.index(count)
        }
        Forgery::Swap(a, b) => {
            let (a, b) = (a.index(count), b.index(count));
            lines.swap(a, b);
            renumber(lines);
            if a == b {
                return None;
            }
            a.min(b)
        }
        Forgery::Move(from, to) => {
            let (from, to) = (from.index(count), to.index(count));
            let line = lines.remove(from);
            lines.insert(to, line);
            renumber(lines);
            if from == to {
                return None;
            }
            from.min(to)
        }
        Forgery::Cut(at) => {
            lines.truncate(at.index(count));
            at.index(count)
        }
        Forgery::EditAndRehash(at) => {
            edit(&mut lines[at.index(count)], Field::Subject);
            rehash(lines, at.index(count));
            // Only the deposited head can tell, and it knows no better than its own line.
            count - 1
        }
    };
    Some(first as i64 + 1)
}

fn check(lines: &[Line], head: Option<&SignedHead>) -> Verdict {
    let mut checker = Checker::new(head, false, lines.len() as i64);
    // `all` stops at the first line that settles the verdict.
    let _read_to_the_end = lines.iter().all(|line| checker.feed(line));
    checker.finish()
}

fn signed(lines: &[Line]) -> SignedHead {
    let keys = tempfile::tempdir().unwrap();
    let last = lines.last().unwrap();
    let head = Head { seq: last.seq, hash: last.hash.clone().try_into().unwrap() };
    JournalKey::open(keys.path()).unwrap().sign(head, 1)
}

proptest! {
    #[test]
    fn every_forgery_is_caught(
        texts in prop::collection::vec("[a-zđ]{0,6}", 1..24),
        forgery in forgery(),
    ) {
        let mut lines = journal(&texts);
        let head = signed(&lines);
        prop_assert!(matches!(check(&lines, Some(&head)), Verdict::Sound(_)));
        let first = forge(&mut lines, &forgery);
        match (check(&lines, Some(&head)), first) {
            (Verdict::Sound(_), None) => {}
            (Verdict::Broken(flaw), Some(first)) => prop_assert_eq!(flaw.seq, first),
            (verdict, _) => prop_assert!(false, "{:?} after {:?}", verdict, forgery),
        }
    }

    #[test]
    fn a_flaw_is_found_without_a_deposited_head_too(
        texts in prop::collection::vec("[a-z]{1,6}", 2..24),
        at in any::<Index>(),
        field in field(),
    ) {
        let mut lines = journal(&texts);
        edit(&mut lines[at.index(texts.len())], field);
        prop_assert!(matches!(check(&lines, None), Verdict::Broken(_)));
    }
}

#[test]
fn an_excuse_must_come_after_the_line_it_excuses() {
    let mut lines = journal(&["a", "b", "c"].map(str::to_owned));
    lines[0].action = DESTROYED.to_owned();
    lines[0].subject = line_subject(2);
    lines[2].action = DESTROYED.to_owned();
    lines[2].subject = line_subject(1);
    rehash(&mut lines, 0);
    lines[0].body = None;
    assert!(matches!(check(&lines, None), Verdict::Sound(e) if e.bodies_absent == 1));
    lines[1].body = None;
    let missing = Flaw { seq: 2, kind: FlawKind::BodyMissing };
    assert_eq!(check(&lines, None), Verdict::Broken(missing));
}

#[test]
fn fields_cannot_be_shifted_against_each_other() {
    let [line] = &journal(&["a".to_owned()])[..] else { panic!() };
    let moved = Line { actor: "ab".to_owned(), action: "c".to_owned(), ..line.clone() };
    let other = Line { actor: "a".to_owned(), action: "bc".to_owned(), ..line.clone() };
    assert_ne!(entry_hash(&moved, 1), entry_hash(&other, 1));
}

/// The encoding is a promise to whoever keeps an export: it must never change.
#[test]
fn the_encoding_stays_what_it_is() {
    let [line] = &journal(&["a".to_owned()])[..] else { panic!() };
    assert_eq!(
        hex::encode(entry_hash(line, 1)),
        "9468a9ac17206e94c5d1f302e0028aaabd7294e25523303713fa1a5433933e3e"
    );
}
