//! The checker that every line is fed to, in order, and what it can find.

use std::collections::BTreeSet;

use serde::Serialize;

use super::chain::{DESTROYED, GENESIS, Hash, Line, SEALED, body_hash, entry_hash};
use crate::head::SignedHead;

/// How many places a line out of place is tried in before it is called edited.
const PLACES_MAX: i64 = 20_000_000;

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
    #[error("the tail is cut: the signed head is at line {deposited}")]
    TailCut {
        /// The line of the deposited head.
        deposited: i64,
    },
    /// The chain holds together but does not lead to the deposited head.
    #[error("re-hashed: the chain up to this line is not the one that was signed")]
    Rehashed,
    /// The deposited head's own signature is wrong.
    #[error("the signed head is forged or damaged")]
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
