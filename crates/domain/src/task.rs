//! Tasks: the atom. One unit owes one deliverable to one matter by a time, with receipt, proof
//! and verdict.
//!
//! "Done" is not enough: an answer has the kind that the task declares, and something proves it.
//! Late is never a state, since it would have to change by itself; it is computed.

use serde::{Deserialize, Serialize};

use crate::access::four_eyes;
use crate::coded::coded;
use crate::fact::Fact;
use crate::id::{MatterId, PersonId, TaskId, UnitId};
use crate::refusal::{Code, Refusal};
use crate::text;
use crate::time::{DAY, HOUR, Micros};

coded! {
    /// Where a task stands.
    State {
        /// On its way to the unit.
        Sent = "sent",
        /// The unit has taken note.
        Received = "received",
        /// The unit works on it.
        Doing = "doing",
        /// Answered, waits for the lead.
        Submitted = "submitted",
        /// The lead is satisfied.
        Accepted = "accepted",
        /// Need not be done for a while.
        Exempt = "exempt",
        /// Given back: wrong addressee.
        Returned = "returned",
        /// Owed no more.
        Withdrawn = "withdrawn",
    }
}

impl State {
    /// Returns whether a matter cannot close while a task stands so.
    pub const fn blocks_closing(self) -> bool {
        !matches!(self, Self::Accepted | Self::Exempt | Self::Withdrawn)
    }

    /// Returns whether the unit still owes its answer.
    pub const fn awaits_unit(self) -> bool {
        matches!(self, Self::Sent | Self::Received | Self::Doing)
    }
}

coded! {
    /// What a task asks for.
    AnswerKind {
        /// That it was done.
        Confirmation = "confirmation",
        /// How many of how many ("đã quán triệt x/y người").
        Number = "number",
        /// A text.
        Text = "text",
        /// A file.
        File = "file",
        /// A list, one item a line.
        List = "list",
        /// A figure that was measured, with what it measures.
        Measured = "measured",
    }
}

/// The largest number in an answer; a province has two million people.
pub const ANSWER_NUMBER_MAX: u64 = 100_000_000;
/// Items in a list.
pub const ANSWER_ITEMS_MAX: usize = 1_000;

/// What a unit answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Answer {
    /// It was done.
    Confirmation,
    /// So many of so many.
    Number {
        /// How many are done.
        done: u64,
        /// How many there are.
        total: u64,
    },
    /// A text.
    Text {
        /// The text.
        text: String,
    },
    /// The attached file is the answer.
    File,
    /// A list.
    List {
        /// Its items.
        items: Vec<String>,
    },
    /// A measured figure.
    Measured {
        /// The figure.
        value: i64,
        /// What it counts or measures.
        measure: String,
    },
}

impl AnswerKind {
    /// Returns why an answer of this kind proves nothing yet, with words of proof or without, and
    /// with so many files.
    pub fn lacks(self, words: bool, evidence_files: usize) -> Option<Refusal> {
        let code = match self {
            _ if evidence_files > 0 => return None,
            Self::File => Code::AnswerFileMissing,
            // These speak for themselves.
            Self::Text | Self::List => return None,
            Self::Confirmation | Self::Number | Self::Measured if words => return None,
            Self::Confirmation | Self::Number | Self::Measured => Code::ProofMissing,
        };
        Some(Refusal::new(code))
    }
}

impl Answer {
    /// Returns which kind of answer this is.
    pub const fn kind(&self) -> AnswerKind {
        match self {
            Self::Confirmation => AnswerKind::Confirmation,
            Self::Number { .. } => AnswerKind::Number,
            Self::Text { .. } => AnswerKind::Text,
            Self::File => AnswerKind::File,
            Self::List { .. } => AnswerKind::List,
            Self::Measured { .. } => AnswerKind::Measured,
        }
    }

    fn checked(self) -> Result<Self, Refusal> {
        Ok(match self {
            Self::Confirmation | Self::File => self,
            Self::Number { done, total }
                if (1..=ANSWER_NUMBER_MAX).contains(&total) && done <= total =>
            {
                self
            }
            Self::Number { .. } => return Err(Refusal::new(Code::AnswerNumber)),
            Self::Text { text } => Self::Text { text: text::body("answer", &text)? },
            Self::List { items } => Self::List { items: checked_items(&items)? },
            Self::Measured { value, measure } => {
                let measure = text::line("measure", &measure, text::NAME_CHARS_MAX)?;
                Self::Measured { value, measure }
            }
        })
    }
}

fn checked_items(items: &[String]) -> Result<Vec<String>, Refusal> {
    let written = items.iter().filter(|item| !item.trim().is_empty());
    let items = written
        .map(|item| text::line("item", item, text::REASON_CHARS_MAX))
        .collect::<Result<Vec<_>, _>>()?;
    if items.is_empty() || items.len() > ANSWER_ITEMS_MAX {
        return Err(Refusal::new(Code::AnswerList).arg("max", ANSWER_ITEMS_MAX));
    }
    Ok(items)
}

/// An answer with what proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The answer.
    pub answer: Answer,
    /// How it was done and how one can see that, in words.
    pub proof: Option<String>,
}

impl Submission {
    /// Returns the submission in its stored form, or what it lacks.
    ///
    /// It lacks nothing if the answer is of the asked kind and a file, a text of proof, or an
    /// answer that is itself a text stands behind it.
    pub fn checked(self, asked: AnswerKind, evidence_files: usize) -> Result<Self, Refusal> {
        if self.answer.kind() != asked {
            return Err(Refusal::new(Code::AnswerKind).arg("asked", asked));
        }
        let answer = self.answer.checked()?;
        let proof = text::optional_body("proof", self.proof.as_deref().unwrap_or_default())?;
        match asked.lacks(proof.is_some(), evidence_files) {
            Some(refusal) => Err(refusal),
            None => Ok(Self { answer, proof }),
        }
    }
}

/// How far ahead a task may be due, and an exemption may last.
pub const TERM_MAX: Micros = 732 * DAY;
/// What a unit is given to answer an ordinary task.
pub const USUAL_TERM: Micros = DAY;
/// What a unit is given when the incident is serious.
pub const SERIOUS_TERM: Micros = 4 * HOUR;

/// Returns when a task sent at `sent_at` is due unless the lead says otherwise.
pub const fn default_due(sent_at: Micros, serious: bool) -> Micros {
    sent_at.saturating_add(if serious { SERIOUS_TERM } else { USUAL_TERM })
}

/// Returns whether a task is late at `now`: owed, or given back and owed by somebody, past its due.
///
/// A submitted task is not late, however long the lead takes to judge it.
pub const fn late(due: Micros, state: State, now: Micros) -> bool {
    (state.awaits_unit() || matches!(state, State::Returned)) && now > due
}

/// A task as far as its states need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The matter that it serves.
    pub matter: MatterId,
    /// The unit that owes it.
    pub unit: UnitId,
    /// What it asks for.
    pub answer: AnswerKind,
    /// When it is due; no move but sending changes this.
    pub due: Micros,
    /// Where it stands.
    pub state: State,
    /// Until when the unit is exempt, while it is.
    pub exempt_until: Option<Micros>,
}

/// What can be done to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// The unit takes note.
    Receive,
    /// The unit begins.
    Start,
    /// The unit answers, which implies that it took note.
    Submit {
        /// The answer with its proof.
        submission: Submission,
        /// How many files are attached.
        evidence_files: usize,
    },
    /// The lead wants the answer changed.
    WantChanges {
        /// What is wrong with it.
        reason: String,
    },
    /// The lead is satisfied.
    Accept,
    /// An accepted proof turned out to be wrong; the original due time stays.
    Disprove {
        /// What showed it.
        reason: String,
    },
    /// The unit need not do it for a while.
    Exempt {
        /// Who asked for it.
        proposer: PersonId,
        /// Who agreed, another person.
        approver: PersonId,
        /// Why.
        reason: String,
        /// Until when.
        until: Micros,
        /// The time of the deed.
        now: Micros,
    },
    /// The exemption has run out.
    EndExemption {
        /// The time of the deed.
        now: Micros,
    },
    /// The unit gives it back: wrong addressee.
    Return {
        /// Who it is for, as far as the unit knows.
        reason: String,
    },
    /// The lead sends a returned task again, to the same unit or another.
    Resend {
        /// The unit that owes it from now on.
        unit: UnitId,
    },
    /// The lead takes it back.
    Withdraw {
        /// Why.
        reason: String,
    },
}

impl Deed {
    /// Returns the deed's short name, for refusals and the journal.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Start => "start",
            Self::Submit { .. } => "submit",
            Self::WantChanges { .. } => "want_changes",
            Self::Accept => "accept",
            Self::Disprove { .. } => "disprove",
            Self::Exempt { .. } => "exempt",
            Self::EndExemption { .. } => "end_exemption",
            Self::Return { .. } => "return",
            Self::Resend { .. } => "resend",
            Self::Withdraw { .. } => "withdraw",
        }
    }

    /// Refuses a deed that needs a reason and brings none.
    fn check_reason(&self) -> Result<(), Refusal> {
        match self {
            Self::WantChanges { reason }
            | Self::Disprove { reason }
            | Self::Exempt { reason, .. }
            | Self::Return { reason }
            | Self::Withdraw { reason } => text::reason(reason).map(drop),
            Self::Receive
            | Self::Start
            | Self::Submit { .. }
            | Self::Accept
            | Self::EndExemption { .. }
            | Self::Resend { .. } => Ok(()),
        }
    }
}

impl Task {
    /// Returns a task that has just been sent, with its fact; it is due within [`TERM_MAX`].
    pub fn send(
        id: TaskId,
        matter: MatterId,
        unit: UnitId,
        answer: AnswerKind,
        due: Micros,
        now: Micros,
    ) -> Result<(Self, Vec<Fact>), Refusal> {
        if due <= now || due > now.saturating_add(TERM_MAX) {
            return Err(Refusal::new(Code::DueOutside));
        }
        let task = Self { id, matter, unit, answer, due, state: State::Sent, exempt_until: None };
        Ok((task, vec![Fact::TaskSent { task: id, matter, unit }]))
    }

    /// Returns the task after the deed with its facts, or why the deed is refused.
    ///
    /// What the deed itself lacks (a reason, a proof) is told only where the deed is legal at all.
    pub fn step(&self, deed: &Deed) -> Result<(Self, Vec<Fact>), Refusal> {
        let Some(state) = self.next(deed) else {
            return Err(Refusal::new(Code::TaskStep)
                .arg("state", self.state)
                .arg("deed", deed.name()));
        };
        deed.check_reason()?;
        let mut after = Self { state, exempt_until: None, ..*self };
        match deed {
            Deed::Submit { submission, evidence_files } => {
                submission.clone().checked(self.answer, *evidence_files)?;
            }
            Deed::Exempt { proposer, approver, until, now, .. } => {
                four_eyes(*proposer, *approver)?;
                check_exemption(*until, *now)?;
                after.exempt_until = Some(*until);
            }
            Deed::EndExemption { now } if self.exempt_until.is_some_and(|until| *now < until) => {
                return Err(Refusal::new(Code::ExemptionRuns));
            }
            Deed::Resend { unit } => after.unit = *unit,
            _ => {}
        }
        let facts = after.facts(self.state, deed);
        Ok((after, facts))
    }

    /// The table of moves: where a deed leads from here, or nothing if it is no move.
    fn next(&self, deed: &Deed) -> Option<State> {
        use State::*;
        match (self.state, deed) {
            (Sent, Deed::Receive) => Some(Received),
            (Received, Deed::Start) => Some(Doing),
            (Sent | Received | Doing, Deed::Submit { .. }) => Some(Submitted),
            (Submitted, Deed::WantChanges { .. }) => Some(Doing),
            (Submitted, Deed::Accept) => Some(Accepted),
            (Accepted, Deed::Disprove { .. }) => Some(Doing),
            (Received | Doing, Deed::Exempt { .. }) => Some(Exempt),
            (Exempt, Deed::EndExemption { .. }) => Some(Received),
            (Sent, Deed::Return { .. }) => Some(Returned),
            (Returned, Deed::Resend { .. }) => Some(Sent),
            (Sent | Received | Doing | Submitted | Exempt | Returned, Deed::Withdraw { .. }) => {
                Some(Withdrawn)
            }
            _ => None,
        }
    }

    fn facts(&self, before: State, deed: &Deed) -> Vec<Fact> {
        let (task, matter, unit) = (self.id, self.matter, self.unit);
        let receipt = Fact::TaskReceived { task, matter, unit };
        match deed {
            Deed::Receive => vec![receipt],
            Deed::Start => vec![Fact::TaskStarted { task, matter, unit }],
            Deed::Submit { .. } if before == State::Sent => {
                vec![receipt, Fact::TaskSubmitted { task, matter, unit }]
            }
            Deed::Submit { .. } => vec![Fact::TaskSubmitted { task, matter, unit }],
            Deed::WantChanges { .. } => vec![Fact::TaskChangesWanted { task, matter, unit }],
            Deed::Accept => vec![Fact::TaskAccepted { task, matter, unit }],
            Deed::Disprove { .. } => vec![Fact::TaskDisproved { task, matter, unit }],
            Deed::Exempt { .. } => vec![Fact::TaskExempted { task, matter, unit }],
            Deed::EndExemption { .. } => vec![Fact::TaskExemptionEnded { task, matter, unit }],
            Deed::Return { .. } => vec![Fact::TaskReturned { task, matter, unit }],
            Deed::Resend { .. } => vec![Fact::TaskSent { task, matter, unit }],
            Deed::Withdraw { .. } => vec![Fact::TaskWithdrawn { task, matter, unit }],
        }
    }
}

fn check_exemption(until: Micros, now: Micros) -> Result<(), Refusal> {
    if until <= now || until > now.saturating_add(TERM_MAX) {
        return Err(Refusal::new(Code::ExemptionTerm));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
