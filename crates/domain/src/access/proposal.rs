//! How a grant comes into force: one person proposes, another agrees, except in an empty province.

use super::{Action, Grant, Role, four_eyes};
use crate::coded::coded;
use crate::fact::Fact;
use crate::id::{GrantId, PersonId};
use crate::refusal::{Code, Refusal};

/// Returns whether granting the role needs a second person: it does if the role reads matters, or
/// could be that second person, for else one administrator would make a puppet who agrees.
pub fn grant_needs_second(role: Role) -> bool {
    role.reads_matters() || role.may(Action::ApproveGrant)
}

coded! {
    /// Where a grant stands on its way into force.
    GrantState {
        /// Waits for a second person.
        Proposed = "proposed",
        /// In force.
        Active = "active",
        /// Refused by the second person.
        Refused = "refused",
        /// Was in force and is no more.
        Ended = "ended",
    }
}

/// What can be done to a proposed or active grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantDeed {
    /// A second person agrees.
    Approve(PersonId),
    /// Somebody says no; the proposer may take it back this way too.
    Refuse(PersonId),
    /// The grant in force is taken away, which needs no second person.
    End(PersonId),
}

/// A grant together with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantCase {
    /// The id of the grant.
    pub id: GrantId,
    /// The grant that is asked for.
    pub grant: Grant,
    /// Who proposed it.
    pub proposer: PersonId,
    /// Where it stands.
    pub state: GrantState,
}

/// How a proposed grant begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The grant, proposed or already in force.
    pub case: GrantCase,
    /// Whether it came into force by [`bootstrap`], which the journal must say loudly.
    pub bootstrapped: bool,
}

/// Returns whether a grant may come into force on the word of the proposer alone because nobody
/// else could approve it.
///
/// An empty province has one person: the first administrator, who imports everybody. As long as
/// no *other* person has ever been able to approve grants, waiting for a second one would wait for
/// ever, so the import is activated, and the hub writes a journal entry that says so for each.
/// Persons whose grant has ended or whose account is closed count too: whoever could send the
/// approvers away must not win by it the right to act alone. The count comes from the state
/// *before* an import begins, so that one import is treated alike from its first to its last row.
pub const fn bootstrap(other_approvers_ever: usize) -> bool {
    other_approvers_ever == 0
}

/// Returns the grant as it begins: waiting for a second person if its role needs one.
pub fn propose(
    id: GrantId,
    grant: Grant,
    proposer: PersonId,
    other_approvers_ever: usize,
) -> Result<(Proposal, Vec<Fact>), Refusal> {
    let grant = grant.checked()?;
    let person = grant.person;
    let needs_second = grant_needs_second(grant.role);
    let bootstrapped = needs_second && bootstrap(other_approvers_ever);
    let (state, fact) = if needs_second && !bootstrapped {
        (GrantState::Proposed, Fact::GrantProposed { grant: id, person })
    } else {
        (GrantState::Active, Fact::GrantActivated { grant: id, person })
    };
    let case = GrantCase { id, grant, proposer, state };
    Ok((Proposal { case, bootstrapped }, vec![fact]))
}

impl GrantCase {
    /// Returns the grant after the deed with its facts, or why the deed is refused.
    ///
    /// Nobody approves what they proposed, nor a grant to themselves.
    pub fn step(&self, deed: GrantDeed) -> Result<(Self, Vec<Fact>), Refusal> {
        let (grant, person) = (self.id, self.grant.person);
        let (state, fact) = match (self.state, deed) {
            (GrantState::Proposed, GrantDeed::Approve(by)) => {
                four_eyes(self.proposer, by)?;
                four_eyes(person, by)?;
                (GrantState::Active, Fact::GrantActivated { grant, person })
            }
            (GrantState::Proposed, GrantDeed::Refuse(_)) => {
                (GrantState::Refused, Fact::GrantRefused { grant, person })
            }
            (GrantState::Active, GrantDeed::End(_)) => {
                (GrantState::Ended, Fact::GrantEnded { grant, person })
            }
            _ => return Err(Refusal::new(Code::GrantDecided).arg("state", self.state)),
        };
        Ok((Self { state, ..self.clone() }, vec![fact]))
    }
}
