//! People, what their roles allow, and how a right comes into force.
//!
//! A right is a grant: a role over a unit (with or without what stands under it), with a ceiling
//! on how deep it lets read. There is no superuser: the system administrator configures and reads
//! no matter. What a person may *do* is decided here; what a person may *see*, in [`crate::visible`].

mod password;
mod proposal;

use serde::{Deserialize, Serialize};

use crate::coded::coded;
use crate::id::{PersonId, UnitId};
use crate::refusal::{Code, Refusal};
use crate::time::Micros;
use crate::unit::Tree;

pub use password::{
    LOGIN_CHARS_MAX, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PASSWORD_WITH_TOTP_CHARS_MIN,
    check_password, login_name,
};
pub use proposal::{
    GrantCase, GrantDeed, GrantState, Proposal, bootstrap, grant_needs_second, propose,
};

coded! {
    /// What a person is in the house.
    Role {
        /// Watches, verifies signals, takes telephoned reports, contains.
        DutyOfficer = "duty_officer",
        /// Examines signals and evidence, works incidents.
        Analyst = "analyst",
        /// Leads incidents, gives and judges tasks, closes.
        Coordinator = "coordinator",
        /// The second person of every deed that needs two.
        Approver = "approver",
        /// Enters letters, and reports and answers of units that telephone.
        Clerk = "clerk",
        /// Reports and answers for a unit.
        UnitOfficer = "unit_officer",
        /// Heads a unit.
        UnitHead = "unit_head",
        /// Answers for a telecom, bank or supplier.
        Desk = "desk",
        /// Reads the one page and the lists behind its numbers.
        Leader = "leader",
        /// Reads the journal, and nothing else.
        Auditor = "auditor",
        /// Configures, and reads no matter.
        Administrator = "administrator",
    }
}

coded! {
    /// How deep somebody reads a subject (để biết, phối hợp, thực hiện).
    Depth {
        /// Not even that it exists.
        None = "none",
        /// The card: number, kind, state, level.
        Card = "card",
        /// The work: text, tasks, time line.
        Work = "work",
        /// Everything, evidence included.
        Evidence = "evidence",
    }
}

impl Depth {
    /// Returns the number under which the database keeps this depth, 0 to 3.
    pub const fn rank(self) -> u8 {
        self as u8
    }

    /// Returns the depth with this number; a number that is none reads nothing.
    pub const fn from_rank(rank: u8) -> Self {
        match rank {
            1 => Self::Card,
            2 => Self::Work,
            3 => Self::Evidence,
            _ => Self::None,
        }
    }
}

coded! {
    /// A deed that needs a right over a unit.
    Action {
        /// See the duty board.
        KeepWatch = "keep_watch",
        /// Verify a signal (xác minh): open an incident or join one.
        VerifySignal = "verify_signal",
        /// Set a signal aside.
        DismissSignal = "dismiss_signal",
        /// Give a signal back to its sender.
        ReturnSignal = "return_signal",
        /// File a report for one's own unit.
        FileReport = "file_report",
        /// Enter the report of a unit that telephones or writes.
        EnterReportOnBehalf = "enter_report_on_behalf",
        /// Move an incident between open and resolved.
        LeadIncident = "lead_incident",
        /// Give the leak-risk verdict.
        GiveVerdict = "give_verdict",
        /// Close, reopen, void or merge an incident.
        CloseIncident = "close_incident",
        /// Add a unit to a matter.
        AddParty = "add_party",
        /// Propose what a second person must approve: a correction, an exemption, a lower marking.
        Propose = "propose",
        /// Approve what another person proposed.
        Approve = "approve",
        /// Send a task to a unit.
        GiveTask = "give_task",
        /// Receive, start, submit or return a task of one's own unit.
        AnswerTask = "answer_task",
        /// Enter the answer of a unit that telephones or writes.
        AnswerOnBehalf = "answer_on_behalf",
        /// Accept an answer, want it changed, disprove or withdraw a task.
        JudgeTask = "judge_task",
        /// Add evidence to what one reads.
        AddEvidence = "add_evidence",
        /// Read the registry of units and their contacts.
        ReadUnits = "read_units",
        /// Change units and contacts.
        AdministerUnits = "administer_units",
        /// Propose grants, make accounts, reset passwords.
        AdministerPeople = "administer_people",
        /// Approve a grant that another person proposed.
        ApproveGrant = "approve_grant",
        /// Change systems and devices.
        EditAssets = "edit_assets",
        /// Open and close doors for events.
        AdministerSources = "administer_sources",
        /// Read which rules are loaded and which were refused.
        ReadRules = "read_rules",
        /// Suppress a rule in some place for a while, and try rules on the log.
        TuneRules = "tune_rules",
        /// Read the journal.
        ReadJournal = "read_journal",
    }
}

impl Action {
    /// Returns the roles that may do this: the one table of what roles allow.
    pub const fn roles(self) -> &'static [Role] {
        use Role::*;
        match self {
            Self::KeepWatch => &[DutyOfficer, Analyst, Coordinator, Approver, Leader],
            Self::VerifySignal | Self::DismissSignal | Self::ReturnSignal => {
                &[DutyOfficer, Analyst, Coordinator]
            }
            Self::FileReport => {
                &[DutyOfficer, Analyst, Coordinator, Clerk, UnitOfficer, UnitHead, Desk]
            }
            Self::EnterReportOnBehalf | Self::AnswerOnBehalf => {
                &[DutyOfficer, Analyst, Coordinator, Clerk]
            }
            Self::LeadIncident | Self::AddParty | Self::GiveTask | Self::Propose => {
                &[DutyOfficer, Analyst, Coordinator]
            }
            Self::GiveVerdict | Self::JudgeTask => &[Analyst, Coordinator],
            Self::CloseIncident => &[Coordinator],
            Self::Approve => &[Approver],
            Self::AnswerTask => &[UnitOfficer, UnitHead, Desk],
            Self::AddEvidence => {
                &[DutyOfficer, Analyst, Coordinator, Clerk, UnitOfficer, UnitHead, Desk]
            }
            Self::ReadUnits => Role::ALL,
            Self::AdministerUnits | Self::AdministerPeople | Self::AdministerSources => {
                &[Administrator]
            }
            Self::ApproveGrant => &[Approver, Administrator],
            Self::EditAssets => &[Analyst, Coordinator, UnitOfficer, UnitHead, Administrator],
            Self::ReadRules => {
                &[DutyOfficer, Analyst, Coordinator, Approver, Auditor, Administrator]
            }
            Self::TuneRules => &[Analyst, Coordinator],
            Self::ReadJournal => &[Auditor],
        }
    }
}

impl Role {
    /// Returns whether this role allows the action, over the units it is granted for.
    pub fn may(self, action: Action) -> bool {
        action.roles().contains(&self)
    }

    /// Returns the deepest that any grant of this role lets read.
    ///
    /// The leader reads numbers and the lists behind them, the clerk enters and does not examine;
    /// auditor and administrator read no matter at all.
    pub const fn depth_max(self) -> Depth {
        match self {
            Self::Auditor | Self::Administrator => Depth::None,
            Self::Leader | Self::Clerk => Depth::Work,
            Self::DutyOfficer
            | Self::Analyst
            | Self::Coordinator
            | Self::Approver
            | Self::UnitOfficer
            | Self::UnitHead
            | Self::Desk => Depth::Evidence,
        }
    }

    /// Returns whether this role reads matters.
    pub const fn reads_matters(self) -> bool {
        !matches!(self.depth_max(), Depth::None)
    }
}

/// A role over a unit, in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who holds it.
    pub person: PersonId,
    /// What it makes of the person.
    pub role: Role,
    /// Over which unit.
    pub unit: UnitId,
    /// Whether it reaches what stands under the unit.
    pub subtree: bool,
    /// How deep it lets read.
    pub ceiling: Depth,
}

impl Grant {
    /// Returns whether the grant reaches `unit` at `at`.
    pub fn reaches(&self, unit: UnitId, tree: &Tree, at: Micros) -> bool {
        if self.subtree {
            tree.covers(self.unit, unit, at)
        } else {
            tree.with_inherited(self.unit, at).contains(&unit)
        }
    }

    /// Returns how deep the grant really lets read: its ceiling, but no deeper than its role.
    pub fn depth(&self) -> Depth {
        self.ceiling.min(self.role.depth_max())
    }

    /// Returns the grant, or a refusal if its ceiling is deeper than its role.
    pub fn checked(self) -> Result<Self, Refusal> {
        if self.ceiling > self.role.depth_max() {
            return Err(Refusal::new(Code::CeilingTooDeep)
                .arg("role", self.role)
                .arg("max", self.role.depth_max()));
        }
        Ok(self)
    }
}

/// An account with the grants that are in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// The log-in name.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// The unit the person works in, which by itself gives no right.
    pub unit: UnitId,
    /// The grants in force.
    pub grants: Vec<Grant>,
}

impl Person {
    /// Returns whether any grant's role allows the action, wherever it reaches.
    ///
    /// For menus and pages that belong to no unit; a deed on a unit asks [`may`].
    pub fn may_somewhere(&self, action: Action) -> bool {
        self.grants.iter().any(|grant| grant.role.may(action))
    }
}

/// Decides whether the person may do this to that unit at that time.
///
/// One and the same grant must both allow the action and reach the unit: an officer of one
/// commune who audits another does not report for it.
pub fn may(
    person: &Person,
    action: Action,
    unit: UnitId,
    tree: &Tree,
    at: Micros,
) -> Result<(), Refusal> {
    let mut allowed = person.grants.iter().filter(|grant| grant.role.may(action)).peekable();
    if allowed.peek().is_none() {
        return Err(Refusal::new(Code::RoleMayNot).arg("action", action));
    }
    if allowed.any(|grant| grant.reaches(unit, tree, at)) {
        return Ok(());
    }
    Err(Refusal::new(Code::UnitNotYours).arg("action", action))
}

/// Decides whether the person may do this to that unit and to all that stand below it.
pub fn may_throughout(
    person: &Person,
    action: Action,
    unit: UnitId,
    tree: &Tree,
    at: Micros,
) -> Result<(), Refusal> {
    may(person, action, unit, tree, at)?;
    let throughout =
        |grant: &Grant| grant.role.may(action) && grant.subtree && grant.reaches(unit, tree, at);
    if person.grants.iter().any(throughout) {
        return Ok(());
    }
    Err(Refusal::new(Code::UnitNotYours).arg("action", action))
}

/// Refuses a deed of two persons when they are one.
pub fn four_eyes(proposer: PersonId, approver: PersonId) -> Result<(), Refusal> {
    if proposer == approver {
        return Err(Refusal::new(Code::FourEyes));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
