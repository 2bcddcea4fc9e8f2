//! Incidents: from open to closed, with the leak-risk verdict on the way.
//!
//! Letter S0 asks of every incident whether something leaked or was stolen, so an incident cannot
//! close before that is answered, nor while a task of it is still owed. A statutory report that is
//! not made does not hold the closing back, but the closer answers for it in writing. The ten
//! categories are those that the national form 05 counts.

use serde::{Deserialize, Serialize};

use crate::access::{Action, Grant, Person, four_eyes, may};
use crate::clock::LawReport;
use crate::coded::coded;
use crate::fact::Fact;
use crate::id::{MatterId, PersonId, UnitId};
use crate::refusal::{Code, Refusal};
use crate::signal::Level;
use crate::text;
use crate::time::Micros;
use crate::unit::Tree;

coded! {
    /// Where an incident stands.
    State {
        /// It runs.
        Open = "open",
        /// It spreads no further.
        Contained = "contained",
        /// What it hit is being restored.
        Recovering = "recovering",
        /// Everything works again.
        Resolved = "resolved",
        /// Done, with a verdict and no open task.
        Closed = "closed",
        /// It was none.
        Voided = "voided",
        /// It is part of another incident.
        Merged = "merged",
    }
}

impl State {
    /// Returns whether nothing is owed any more.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Voided | Self::Merged)
    }
}

coded! {
    /// What sort of incident it is: the ten classes of the national statistics form.
    Category {
        /// Denial of service (từ chối dịch vụ).
        Dos = "dos",
        /// Spoofing and phishing (giả mạo).
        Phishing = "phishing",
        /// Malware (mã độc).
        Malware = "malware",
        /// Unauthorised access, taking control (truy cập trái phép, chiếm quyền điều khiển).
        Intrusion = "intrusion",
        /// A changed page (thay đổi giao diện).
        Defacement = "defacement",
        /// Encryption of software, data, devices (mã hóa).
        Encryption = "encryption",
        /// Destruction (phá hoại).
        Destruction = "destruction",
        /// Eavesdropping, theft of data (nghe trộm, gián điệp, lấy cắp).
        Theft = "theft",
        /// Several at once (tổng hợp).
        Combined = "combined",
        /// Anything else.
        Other = "other",
    }
}

coded! {
    /// How bad it is; `serious` (nghiêm trọng) starts the shortest statutory clocks.
    Severity {
        /// Little harm.
        Low = "low",
        /// Some harm.
        Medium = "medium",
        /// Much harm.
        High = "high",
        /// Serious in the sense of the law.
        Serious = "serious",
    }
}

impl Severity {
    /// Returns what a signal of this level suggests. The words never sound milder than those that
    /// woke the officer, who may choose others.
    pub const fn suggested(level: Level) -> Self {
        match level {
            Level::Critical => Self::Serious,
            Level::High => Self::High,
            Level::Medium => Self::Medium,
            Level::Low | Level::Informational => Self::Low,
        }
    }
}

coded! {
    /// Whether something leaked (lộ, lọt) or was stolen (bị đánh cắp).
    LeakVerdict {
        /// Examined, and no sign of it.
        NoSign = "no_sign",
        /// Something leaked.
        Leaked = "leaked",
        /// Something was stolen.
        Stolen = "stolen",
        /// Not known yet; nobody closes on this.
        Unclear = "unclear",
    }
}

impl LeakVerdict {
    /// Returns whether something got out, so that closing needs a second person.
    pub const fn is_leak(self) -> bool {
        matches!(self, Self::Leaked | Self::Stolen)
    }
}

/// The leak-risk verdict of an incident, with who gave it and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was found.
    pub leak: LeakVerdict,
    /// On what grounds.
    pub reason: String,
    /// Who gave it.
    pub by: PersonId,
    /// When.
    pub at: Micros,
}

/// Why an incident was closed while a report that the law wants was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owing {
    /// Why, and what is to become of the report.
    pub reason: String,
    /// Who closed.
    pub by: PersonId,
}

/// An incident as far as its states need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The matter that it is.
    pub matter: MatterId,
    /// The unit that it hit.
    pub unit: UnitId,
    /// Where it stands.
    pub state: State,
    /// What sort it is.
    pub category: Category,
    /// How bad it is.
    pub severity: Severity,
    /// The verdict in force, if one was given since it last opened.
    pub verdict: Option<Verdict>,
    /// The statutory reports that were made, one of a term.
    pub reports: Vec<LawReport>,
    /// What the closer said of those that were not.
    pub owing: Option<Owing>,
}

/// What can be done to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// It spreads no further.
    Contain,
    /// Restoring has begun.
    Recover,
    /// Everything works again.
    Resolve,
    /// It turned out to stand one step (from resolved: at the start) further back.
    StepBack {
        /// Why.
        reason: String,
    },
    /// The leak-risk verdict, the first or a better one.
    Judge(Verdict),
    /// A statutory report was made; the one recorded before for the same term is replaced.
    Report(LawReport),
    /// Close it.
    Close {
        /// Who closes; not the one who found a leak.
        by: PersonId,
        /// How many of its tasks are neither accepted, nor withdrawn, nor exempt.
        tasks_open: u32,
        /// How many statutory reports are not made.
        reports_owed: u32,
        /// Why those are not made; blank if none is owed.
        reason: String,
    },
    /// The lead opens a closed incident again; it needs a new verdict to close.
    Reopen {
        /// Why.
        reason: String,
    },
    /// It was no incident.
    Void {
        /// Why.
        reason: String,
        /// As for [`Deed::Close`].
        tasks_open: u32,
    },
    /// It is part of another one.
    Merge {
        /// Which one.
        into: MatterId,
        /// Where that one stands.
        into_state: State,
        /// Why.
        reason: String,
        /// As for [`Deed::Close`].
        tasks_open: u32,
    },
    /// It is not part of the other one after all.
    Unmerge {
        /// Why.
        reason: String,
    },
}

impl Deed {
    /// Returns the deed's short name, for refusals and the journal.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Contain => "contain",
            Self::Recover => "recover",
            Self::Resolve => "resolve",
            Self::StepBack { .. } => "step_back",
            Self::Judge(_) => "judge",
            Self::Report(_) => "report",
            Self::Close { .. } => "close",
            Self::Reopen { .. } => "reopen",
            Self::Void { .. } => "void",
            Self::Merge { .. } => "merge",
            Self::Unmerge { .. } => "unmerge",
        }
    }
}

impl Incident {
    /// Returns a new incident with its fact.
    pub fn open(
        matter: MatterId,
        unit: UnitId,
        category: Category,
        severity: Severity,
    ) -> (Self, Vec<Fact>) {
        let incident = Self {
            matter,
            unit,
            state: State::Open,
            category,
            severity,
            verdict: None,
            reports: Vec::new(),
            owing: None,
        };
        (incident, vec![Fact::IncidentOpened { matter, unit }])
    }

    /// Returns the incident after the deed with its facts, or why the deed is refused.
    pub fn step(&self, deed: &Deed) -> Result<(Self, Vec<Fact>), Refusal> {
        use State::*;
        match (self.state, deed) {
            (Open, Deed::Contain) => Ok(self.moved(Contained)),
            (Contained, Deed::Recover) => Ok(self.moved(Recovering)),
            (Recovering, Deed::Resolve) => Ok(self.moved(Resolved)),
            (_, Deed::StepBack { reason }) => self.step_back(reason),
            (Open | Contained | Recovering | Resolved, Deed::Judge(verdict)) => self.judge(verdict),
            // The law wants its report of a closed incident too.
            (Open | Contained | Recovering | Resolved | Closed, Deed::Report(report)) => {
                Ok(self.reported(report))
            }
            (Resolved, Deed::Close { by, tasks_open, reports_owed, reason }) => {
                self.close(*by, *tasks_open, *reports_owed, reason)
            }
            (Closed, Deed::Reopen { reason }) | (Merged, Deed::Unmerge { reason }) => {
                text::reason(reason)?;
                Ok(self.reopened())
            }
            (Open, Deed::Void { reason, tasks_open }) => {
                text::reason(reason)?;
                nothing_owed(*tasks_open)?;
                Ok(self.moved(Voided))
            }
            (Open, Deed::Merge { into, into_state, reason, tasks_open }) => {
                text::reason(reason)?;
                self.merge(*into, *into_state, *tasks_open)
            }
            _ => Err(self.refused(deed)),
        }
    }

    fn step_back(&self, reason: &str) -> Result<(Self, Vec<Fact>), Refusal> {
        let back = match self.state {
            State::Contained | State::Resolved => State::Open,
            State::Recovering => State::Contained,
            _ => return Err(self.refused(&Deed::StepBack { reason: String::new() })),
        };
        text::reason(reason)?;
        Ok(self.moved(back))
    }

    fn judge(&self, verdict: &Verdict) -> Result<(Self, Vec<Fact>), Refusal> {
        let reason = text::reason(&verdict.reason)?;
        let verdict = Verdict { reason, ..verdict.clone() };
        let fact = Fact::LeakJudged { matter: self.matter, verdict: verdict.leak };
        Ok((Self { verdict: Some(verdict), ..self.clone() }, vec![fact]))
    }

    fn reported(&self, report: &LawReport) -> (Self, Vec<Fact>) {
        let mut reports = self.reports.clone();
        reports.retain(|earlier| earlier.term != report.term);
        reports.push(report.clone());
        (Self { reports, ..self.clone() }, vec![Fact::LawReported { matter: self.matter }])
    }

    /// Returns everything that keeps `by` from closing it: the verdict, the tasks that are open, and
    /// that whoever found a leak does not close. Reports that are owed do not hold it back.
    pub fn close_waits_for(&self, by: PersonId, tasks_open: u32) -> Vec<Refusal> {
        let verdict = match &self.verdict {
            None => Err(Refusal::new(Code::VerdictMissing)),
            Some(verdict) if verdict.leak == LeakVerdict::Unclear => {
                Err(Refusal::new(Code::VerdictUnclear))
            }
            Some(verdict) if verdict.leak.is_leak() => four_eyes(verdict.by, by),
            Some(_) => Ok(()),
        };
        [verdict, nothing_owed(tasks_open)].into_iter().filter_map(Result::err).collect()
    }

    fn close(
        &self,
        by: PersonId,
        tasks_open: u32,
        reports_owed: u32,
        reason: &str,
    ) -> Result<(Self, Vec<Fact>), Refusal> {
        if let Some(refusal) = self.close_waits_for(by, tasks_open).into_iter().next() {
            return Err(refusal);
        }
        let owing = match reports_owed {
            0 => None,
            count if reason.trim().is_empty() => {
                return Err(Refusal::new(Code::ReportsOwed).arg("count", count));
            }
            _ => Some(Owing { reason: text::reason(reason)?, by }),
        };
        let closed = Self { state: State::Closed, owing, ..self.clone() };
        Ok((closed, vec![Fact::IncidentClosed { matter: self.matter }]))
    }

    fn merge(
        &self,
        into: MatterId,
        into_state: State,
        tasks_open: u32,
    ) -> Result<(Self, Vec<Fact>), Refusal> {
        if into == self.matter {
            return Err(Refusal::new(Code::MergeIntoSelf));
        }
        if into_state.is_over() {
            return Err(Refusal::new(Code::MergeIntoOver).arg("state", into_state));
        }
        nothing_owed(tasks_open)?;
        let merged = Self { state: State::Merged, ..self.clone() };
        Ok((merged, vec![Fact::IncidentMerged { matter: self.matter, into }]))
    }

    fn reopened(&self) -> (Self, Vec<Fact>) {
        let open = Self { state: State::Open, verdict: None, owing: None, ..self.clone() };
        (open, vec![Fact::IncidentReopened { matter: self.matter }])
    }

    fn moved(&self, state: State) -> (Self, Vec<Fact>) {
        let fact = Fact::IncidentMoved { matter: self.matter, state };
        (Self { state, ..self.clone() }, vec![fact])
    }

    fn refused(&self, deed: &Deed) -> Refusal {
        Refusal::new(Code::IncidentStep).arg("state", self.state).arg("deed", deed.name())
    }
}

/// Refuses to end an incident while a unit still owes something to it.
///
/// # Errors
/// With how many tasks are open.
pub fn nothing_owed(tasks_open: u32) -> Result<(), Refusal> {
    if tasks_open > 0 {
        return Err(Refusal::new(Code::TasksOpen).arg("count", tasks_open));
    }
    Ok(())
}

/// Returns the unit that leads an incident which this person opens at the unit `hit`: the
/// person's own, else the first granted one whose right to lead reaches that far.
///
/// # Errors
/// When the person leads neither; an incident that its lead may not touch would be stuck.
pub fn lead_for(person: &Person, hit: UnitId, tree: &Tree, at: Micros) -> Result<UnitId, Refusal> {
    let refused = match may(person, Action::LeadIncident, person.unit, tree, at) {
        Ok(()) => return Ok(person.unit),
        Err(refused) => refused,
    };
    let leads =
        |grant: &&Grant| grant.role.may(Action::LeadIncident) && grant.reaches(hit, tree, at);
    person.grants.iter().find(leads).map(|grant| grant.unit).ok_or(refused)
}

#[cfg(test)]
mod tests;
