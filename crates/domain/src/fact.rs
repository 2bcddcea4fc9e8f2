//! What has happened, told upwards.
//!
//! Slices call only downwards; whoever sits above learns of a change from a Fact, written in the
//! same transaction as the change and dispatched by the one table in the hub's `wiring.rs`. A fact
//! carries ids and states, never content: whoever reacts reads the rest under its own rights.

use serde::{Deserialize, Serialize};

use crate::id::{EvidenceId, GrantId, MatterId, PersonId, SignalId, SuppressionId, TaskId, UnitId};
use crate::incident;

macro_rules! facts {
    ($($(#[$meta:meta])* $name:ident = $kind:literal { $($field:ident: $type:ty),+ },)+) => {
        /// One thing that has happened.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum Fact {
            $(
                $(#[$meta])*
                #[serde(rename = $kind)]
                $name {
                    $(
                        #[doc = concat!("The ", stringify!($field), " that this fact is about.")]
                        $field: $type,
                    )+
                },
            )+
        }

        impl Fact {
            /// The kind of every fact, in order of declaration; the wiring table has a row for each.
            pub const KINDS: &'static [&'static str] = &[$($kind,)+];

            /// Returns the kind under which this fact is stored and wired.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $kind,)+
                }
            }
        }
    };
}

facts! {
    /// A signal has arrived or waits again.
    SignalReceived = "signal_received" { signal: SignalId, unit: UnitId },
    /// A signal was set aside with a reason.
    SignalDismissed = "signal_dismissed" { signal: SignalId, unit: UnitId },
    /// A signal was given back to whoever sent it.
    SignalReturned = "signal_returned" { signal: SignalId, unit: UnitId },
    /// A signal became part of a matter that already ran.
    SignalJoined = "signal_joined" { signal: SignalId, matter: MatterId },
    /// A signal opened a new matter.
    SignalOpened = "signal_opened" { signal: SignalId, matter: MatterId },
    /// A unit's report was filed, by itself or on its behalf.
    ReportFiled = "report_filed" { signal: SignalId, unit: UnitId },

    /// An incident runs from now on.
    IncidentOpened = "incident_opened" { matter: MatterId, unit: UnitId },
    /// An incident changed its state.
    IncidentMoved = "incident_moved" { matter: MatterId, state: incident::State },
    /// The leak-risk verdict of an incident was given.
    LeakJudged = "leak_judged" { matter: MatterId, verdict: incident::LeakVerdict },
    /// A statutory report on an incident was recorded.
    LawReported = "law_reported" { matter: MatterId },
    /// An incident was closed.
    IncidentClosed = "incident_closed" { matter: MatterId },
    /// A closed or merged incident runs again.
    IncidentReopened = "incident_reopened" { matter: MatterId },
    /// An incident was linked into another, where readers are sent from now on.
    IncidentMerged = "incident_merged" { matter: MatterId, into: MatterId },
    /// A unit became a party of a matter.
    PartyAdded = "party_added" { matter: MatterId, unit: UnitId },
    /// Somebody asked for another time of detection.
    CorrectionProposed = "correction_proposed" { matter: MatterId, by: PersonId },
    /// A second person refused another time of detection.
    CorrectionRefused = "correction_refused" { matter: MatterId, by: PersonId },
    /// The time of detection was corrected, so that the clocks run anew.
    DetectionCorrected = "detection_corrected" { matter: MatterId },

    /// A task was sent to a unit.
    TaskSent = "task_sent" { task: TaskId, matter: MatterId, unit: UnitId },
    /// The unit has taken note of its task.
    TaskReceived = "task_received" { task: TaskId, matter: MatterId, unit: UnitId },
    /// The unit works on its task.
    TaskStarted = "task_started" { task: TaskId, matter: MatterId, unit: UnitId },
    /// The unit has answered with proof.
    TaskSubmitted = "task_submitted" { task: TaskId, matter: MatterId, unit: UnitId },
    /// The lead wants the answer changed.
    TaskChangesWanted = "task_changes_wanted" { task: TaskId, matter: MatterId, unit: UnitId },
    /// The lead has accepted the answer.
    TaskAccepted = "task_accepted" { task: TaskId, matter: MatterId, unit: UnitId },
    /// An accepted proof turned out to be wrong.
    TaskDisproved = "task_disproved" { task: TaskId, matter: MatterId, unit: UnitId },
    /// The unit gave the task back: wrong addressee.
    TaskReturned = "task_returned" { task: TaskId, matter: MatterId, unit: UnitId },
    /// The unit need not do the task for a while.
    TaskExempted = "task_exempted" { task: TaskId, matter: MatterId, unit: UnitId },
    /// An exemption has run out, and the task is owed again.
    TaskExemptionEnded = "task_exemption_ended" { task: TaskId, matter: MatterId, unit: UnitId },
    /// The task is owed no more.
    TaskWithdrawn = "task_withdrawn" { task: TaskId, matter: MatterId, unit: UnitId },

    /// A file was added to a matter.
    EvidenceAdded = "evidence_added" { evidence: EvidenceId, matter: MatterId, unit: UnitId },

    /// A rule raises no signal in some place from now on.
    RuleSuppressed = "rule_suppressed" { suppression: SuppressionId, by: PersonId },
    /// A rule raises signals again before its suppression would have ended.
    RuleRestored = "rule_restored" { suppression: SuppressionId, by: PersonId },

    /// A grant waits for a second person.
    GrantProposed = "grant_proposed" { grant: GrantId, person: PersonId },
    /// A grant is in force.
    GrantActivated = "grant_activated" { grant: GrantId, person: PersonId },
    /// A grant was refused by the second person.
    GrantRefused = "grant_refused" { grant: GrantId, person: PersonId },
    /// A grant is in force no more.
    GrantEnded = "grant_ended" { grant: GrantId, person: PersonId },
    /// Somebody who had a password was given a slip that sets a new one.
    PasswordReset = "password_reset" { person: PersonId, unit: UnitId },
    /// A unit was dissolved; its successor, if any, inherits.
    UnitDissolved = "unit_dissolved" { unit: UnitId, successor: Option<UnitId> },
    /// The head of the journal was signed up to this line.
    HeadSigned = "head_signed" { seq: i64 },
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use uuid::Uuid;

    #[test]
    fn a_fact_is_stored_under_its_kind_and_reads_back() {
        let fact = Fact::IncidentMoved {
            matter: MatterId::new(Uuid::from_u128(1)),
            state: incident::State::Contained,
        };
        let json = serde_json::to_value(&fact).unwrap();
        assert_eq!(json["kind"], fact.kind());
        assert_eq!(json["state"], "contained");
        assert_eq!(serde_json::from_value::<Fact>(json).unwrap(), fact);
    }

    #[test]
    fn kinds_are_unique() {
        assert_eq!(Fact::KINDS.iter().collect::<HashSet<_>>().len(), Fact::KINDS.len());
    }
}
