//! The hash chain as pure data: how a line is hashed, and the checker that every line is fed to.
//!
//! The encoding is versioned by its domain string and every field is length-prefixed, so that no
//! two different lines have the same bytes.

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::head::SignedHead;

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// What the first line has as the hash of the line before it.
pub(crate) const GENESIS: Hash = [0; 32];
/// The action of the line that excuses a destroyed body.
pub(crate) const DESTROYED: &str = "journal.body_destroyed";
/// The action of the line that excuses a sealed body in an export.
pub(crate) const SEALED: &str = "journal.body_sealed";
/// How many places a line out of place is tried in before it is called edited.
const PLACES_MAX: i64 = 20_000_000;

const DOMAIN: &[u8] = b"khien.journal.entry.v1";

/// A journal line as it stands in the database or in an export, with its body if it is there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) body_hash: Vec<u8>,
    pub(crate) prev: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    /// Salt and JSON text.
    pub(crate) body: Option<(Vec<u8>, String)>,
}

/// Returns the subject of a line that seals or destroys the body of line `seq`.
pub(crate) fn line_subject(seq: i64) -> String {
    format!("entry/{seq}")
}

pub(crate) fn body_hash(salt: &[u8], body: &str) -> Hash {
    Sha256::new().chain_update(salt).chain_update(body.as_bytes()).finalize().into()
}

/// Returns the line's hash as it would be if the line stood at `seq`.
pub(crate) fn entry_hash(line: &Line, seq: i64) -> Hash {
    let mut hasher = Sha256::new();
    for field in [
        DOMAIN,
        &line.prev,
        &seq.to_be_bytes(),
        &line.at.to_be_bytes(),
        line.actor.as_bytes(),
        line.action.as_bytes(),
        line.subject.as_bytes(),
        &line.body_hash,
    ] {
        // A field's length fits u64 on every machine that Rust runs on.
        hasher.update((field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}

/// What verification found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every line is what was written.
    Sound(Extent),
    /// The first line that is not.
    Broken(Flaw),
}

/// How far a sound journal reaches.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Extent {
    /// How many lines there are; the last has this number.
    pub lines: i64,
    /// The last line's hash, in hexadecimal.
    #[serde(with = "hex::serde")]
    pub hash: Hash,
    /// How many bodies were destroyed or withheld, each excused by a later line.
    pub bodies_absent: u64,
    /// The line up to which a deposited head confirms the journal.
    pub confirmed: Option<i64>,
}

/// The first bad line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {seq}: {kind}")]
pub struct Flaw {
    /// Its number.
    pub seq: i64,
    /// What is wrong with it.
    #[serde(flatten)]
    pub kind: FlawKind,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FlawKind {
    /// Its contents are not what was hashed.
    #[error("edited")]
    Edited,
    /// It and those up to `last` are gone.
    #[error("dropped, up to line {last}")]
    Dropped {
        /// The last of the lines that are gone.
        last: i64,
    },
    /// It and another line stand in each other's places.
    #[error("swapped with line {with}")]
    Swapped {
        /// The other line.
        with: i64,
    },
    /// Another line stands in its place.
    #[error("re-ordered: line {was} stands here")]
    Reordered {
        /// The number that this line was written with.
        was: i64,
    },
    /// It is well-formed, but not what the next line was written after.
    #[error("replaced: line {next} was written after another one")]
    Replaced {
        /// The next line.
        next: i64,
    },
    /// Its body is not what was hashed.
    #[error("body altered")]
    BodyAltered,
    /// Its body is gone, and no line says that it was destroyed.
    #[error("body missing without a record of its destruction")]
    BodyMissing,
    /// It and what followed are gone: the deposited head was signed later.
    #[error("the tail is cut: the deposited head is at line {deposited}")]
    TailCut {
        /// The line of the deposited head.
        deposited: i64,
    },
    /// The chain holds together but does not lead to the deposited head.
    #[error("re-hashed: the chain up to this line is not the one that was deposited")]
    Rehashed,
    /// The deposited head's own signature is wrong.
    #[error("the deposited head is forged or damaged")]
    HeadForged,
    /// A line of an export is no journal line.
    #[error("unreadable")]
    Unreadable,
}

/// Takes the lines in order and remembers the first that is bad.
pub(crate) struct Checker<'h> {
    head: Option<&'h SignedHead>,
    /// Whether a body may be absent because it is sealed (an export leaves those out).
    sealed_may_lack: bool,
    /// How many lines there may be, as a bound of the search for a line's old place.
    places: i64,
    next: i64,
    prev: Hash,
    awaiting_excuse: BTreeSet<i64>,
    bodies_absent: u64,
    flaw: Option<Flaw>,
}

impl<'h> Checker<'h> {
    pub(crate) fn new(head: Option<&'h SignedHead>, sealed_may_lack: bool, lines: i64) -> Self {
        let flaw = head
            .filter(|head| !head.is_genuine())
            .map(|head| Flaw { seq: head.seq, kind: FlawKind::HeadForged });
        Self {
            head,
            sealed_may_lack,
            places: lines.clamp(0, PLACES_MAX),
            next: 1,
            prev: GENESIS,
            awaiting_excuse: BTreeSet::new(),
            bodies_absent: 0,
            flaw,
        }
    }

    /// Takes the next line; returns false when the verdict is known and no further line is needed.
    pub(crate) fn feed(&mut self, line: &Line) -> bool {
        if let Some(flaw) = &mut self.flaw {
            return Self::look_for_cause(flaw, line);
        }
        match self.check(line) {
            Ok(()) => true,
            Err(flaw) => {
                let goes_on =
                    matches!(flaw.kind, FlawKind::Dropped { .. } | FlawKind::Reordered { .. });
                self.flaw = Some(flaw);
                goes_on
            }
        }
    }

    /// Notes that the next line could not even be read.
    pub(crate) fn unreadable(&mut self) {
        self.flaw.get_or_insert(Flaw { seq: self.next, kind: FlawKind::Unreadable });
    }

    pub(crate) fn finish(self) -> Verdict {
        if let Some(flaw) = self.flaw {
            return Verdict::Broken(flaw);
        }
        // First the tail: what it held may have excused an absent body.
        let lines = self.next - 1;
        if let Some(head) = self.head.filter(|head| head.seq > lines) {
            let kind = FlawKind::TailCut { deposited: head.seq };
            return Verdict::Broken(Flaw { seq: self.next, kind });
        }
        if let Some(&seq) = self.awaiting_excuse.first() {
            return Verdict::Broken(Flaw { seq, kind: FlawKind::BodyMissing });
        }
        Verdict::Sound(Extent {
            lines,
            hash: self.prev,
            bodies_absent: self.bodies_absent,
            confirmed: self.head.map(|head| head.seq),
        })
    }

    fn check(&mut self, line: &Line) -> Result<(), Flaw> {
        let seq = self.next;
        let flaw = |kind| Err(Flaw { seq, kind });
        if line.seq > seq {
            return flaw(FlawKind::Dropped { last: line.seq - 1 });
        }
        if line.seq < seq {
            return flaw(FlawKind::Reordered { was: line.seq });
        }
        let hash = entry_hash(line, seq);
        if line.hash != hash {
            return flaw(self.place_of(line).map_or(FlawKind::Edited, reordered));
        }
        if line.prev != self.prev {
            // The line is whole, so that the one before it is not what it was.
            let kind = FlawKind::Replaced { next: seq };
            return Err(Flaw { seq: (seq - 1).max(1), kind });
        }
        self.check_body(line)?;
        if self.head.is_some_and(|head| head.seq == seq && head.hash != hash) {
            return flaw(FlawKind::Rehashed);
        }
        self.prev = hash;
        self.next += 1;
        Ok(())
    }

    fn check_body(&mut self, line: &Line) -> Result<(), Flaw> {
        match &line.body {
            Some((salt, body)) if body_hash(salt, body)[..] != line.body_hash[..] => {
                return Err(Flaw { seq: line.seq, kind: FlawKind::BodyAltered });
            }
            Some(_) => {}
            None => {
                self.awaiting_excuse.insert(line.seq);
                self.bodies_absent += 1;
            }
        }
        let excuses = line.action == DESTROYED || (self.sealed_may_lack && line.action == SEALED);
        if excuses && let Some(seq) = line.subject.strip_prefix("entry/") {
            // A subject that is no number excuses nothing.
            let _was_awaited = seq.parse().is_ok_and(|seq: i64| self.awaiting_excuse.remove(&seq));
        }
        Ok(())
    }

    /// Returns the place that a line was written for, if its hash is right for another one.
    fn place_of(&self, line: &Line) -> Option<i64> {
        (1..=self.places).find(|&seq| entry_hash(line, seq)[..] == line.hash[..])
    }

    /// Reads on after a flaw to name its cause; returns whether a later line could still tell.
    fn look_for_cause(flaw: &mut Flaw, line: &Line) -> bool {
        match flaw.kind {
            // In an export, the missing line may only have moved down.
            FlawKind::Dropped { last } if line.seq == flaw.seq => {
                flaw.kind = FlawKind::Reordered { was: last + 1 };
                false
            }
            FlawKind::Dropped { .. } => true,
            FlawKind::Reordered { was } if line.seq < was => true,
            FlawKind::Reordered { was } => {
                let exchanged = entry_hash(line, flaw.seq)[..] == line.hash[..];
                if line.seq == was && exchanged {
                    flaw.kind = FlawKind::Swapped { with: was };
                }
                false
            }
            _ => false,
        }
    }
}

fn reordered(was: i64) -> FlawKind {
    FlawKind::Reordered { was }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::head::JournalKey;
    use crate::journal::Head;

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
}
