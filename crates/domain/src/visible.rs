//! Who may read what, and how deep: the one rule.
//!
//! Design invariant 4. Every list, count, search, export, stream, notification and error text
//! goes through this rule, here or in the SQL fragment that an oracle test holds against it.
//!
//! * A person reaches units by grants of roles that read matters; a [`Scope`] is that, computed.
//! * A matter is read as deep as the deepest of its parties that the person reaches, but no
//!   deeper than the grant's ceiling. A strict matter is read only by persons named on it.
//! * A task and its answers are read by its own unit, by the matter's lead, and by parties named
//!   on that task. Other parties of the matter do not learn that it exists.
//! * Parties learn of each other only from the lead.
//! * A signal inside a matter is read like a task, by its unit and the lead: joining a matter
//!   must not tell its parties who reported.
//! * Outside a matter, grants over the owning unit decide.

use std::collections::BTreeMap;

use crate::access::{Depth, Person};
use crate::id::{PersonId, UnitId};
use crate::matter::{Matter, Party, PartyRole};
use crate::time::Micros;
use crate::unit::Tree;

/// What a person reaches: every unit, with the deepest reading right over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    person: PersonId,
    units: BTreeMap<UnitId, Depth>,
}

impl Scope {
    /// Returns what the person's grants reach at `at`.
    pub fn of(person: &Person, tree: &Tree, at: Micros) -> Self {
        let mut units = BTreeMap::new();
        for grant in &person.grants {
            let depth = grant.depth();
            if depth == Depth::None || !grant.role.reads_matters() {
                continue;
            }
            let reached = if grant.subtree {
                tree.descendants(grant.unit, at)
            } else {
                tree.with_inherited(grant.unit, at)
            };
            for unit in reached {
                let deepest = units.entry(unit).or_insert(depth);
                *deepest = depth.max(*deepest);
            }
        }
        Self { person: person.id, units }
    }

    /// Returns whose scope this is.
    pub const fn person(&self) -> PersonId {
        self.person
    }

    /// Returns how deep the person reads what belongs to the unit alone.
    pub fn ceiling(&self, unit: UnitId) -> Depth {
        self.units.get(&unit).copied().unwrap_or(Depth::None)
    }

    /// Returns whether the person reaches the unit at all.
    pub fn covers(&self, unit: UnitId) -> bool {
        self.units.contains_key(&unit)
    }

    /// Returns every unit reached with its ceiling, in order of id: what the SQL fragment binds.
    pub fn units(&self) -> impl Iterator<Item = (UnitId, Depth)> {
        self.units.iter().map(|(&unit, &depth)| (unit, depth))
    }
}

/// A matter as far as the rule needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterView {
    /// Its parties.
    pub parties: Vec<Party>,
    /// Whether only named persons read it.
    pub strict: bool,
    /// The persons named on it.
    pub named: Vec<PersonId>,
}

impl From<&Matter> for MatterView {
    fn from(matter: &Matter) -> Self {
        Self { parties: matter.parties.clone(), strict: matter.strict, named: matter.named.clone() }
    }
}

/// A task as far as the rule needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskView<'a> {
    /// The unit that owes it.
    pub unit: UnitId,
    /// The matter it belongs to.
    pub matter: &'a MatterView,
    /// Units named on this task, who read it as deep as they read the matter.
    pub named_parties: Vec<UnitId>,
}

/// A signal as far as the rule needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalView<'a> {
    /// The unit that it concerns.
    pub unit: UnitId,
    /// The matter it has joined or opened.
    pub matter: Option<&'a MatterView>,
}

/// What somebody wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A matter.
    Matter(&'a MatterView),
    /// A task with its answers.
    Task(&'a TaskView<'a>),
    /// A signal.
    Signal(&'a SignalView<'a>),
    /// Evidence of the matter itself.
    MatterEvidence(&'a MatterView),
    /// Evidence given with a task.
    TaskEvidence(&'a TaskView<'a>),
    /// Evidence given with a signal.
    SignalEvidence(&'a SignalView<'a>),
    /// An asset of the unit.
    Asset(UnitId),
    /// An event of the unit.
    Event(UnitId),
}

/// Returns how deep the scope's person reads the subject: the one rule.
///
/// Evidence gives the depth of what holds it: from [`Depth::Work`] on its name is listed, from
/// [`Depth::Evidence`] on it is opened.
pub fn visible(scope: &Scope, subject: Subject<'_>) -> Depth {
    match subject {
        Subject::Matter(matter) | Subject::MatterEvidence(matter) => matter_depth(scope, matter),
        Subject::Task(task) | Subject::TaskEvidence(task) => task_depth(scope, task),
        Subject::Signal(signal) | Subject::SignalEvidence(signal) => signal_depth(scope, signal),
        Subject::Asset(unit) | Subject::Event(unit) => scope.ceiling(unit),
    }
}

/// Returns the parties of a matter that the person learns of: all when reaching the lead, else
/// only those the person stands for.
pub fn visible_parties<'a>(scope: &Scope, matter: &'a MatterView) -> Vec<&'a Party> {
    if matter_depth(scope, matter) == Depth::None {
        return Vec::new();
    }
    let leads = lead_depth(scope, matter) > Depth::None;
    matter.parties.iter().filter(|party| leads || scope.covers(party.unit)).collect()
}

fn matter_depth(scope: &Scope, matter: &MatterView) -> Depth {
    if shut_out(scope, matter) {
        return Depth::None;
    }
    deepest(matter.parties.iter().map(|party| party_depth(scope, party)))
}

fn task_depth(scope: &Scope, task: &TaskView<'_>) -> Depth {
    if shut_out(scope, task.matter) {
        return Depth::None;
    }
    let named = task.matter.parties.iter().filter(|party| task.named_parties.contains(&party.unit));
    deepest(named.map(|party| party_depth(scope, party)))
        .max(scope.ceiling(task.unit))
        .max(lead_depth(scope, task.matter))
}

fn signal_depth(scope: &Scope, signal: &SignalView<'_>) -> Depth {
    match signal.matter {
        None => scope.ceiling(signal.unit),
        Some(matter) if shut_out(scope, matter) => Depth::None,
        Some(matter) => scope.ceiling(signal.unit).max(lead_depth(scope, matter)),
    }
}

fn shut_out(scope: &Scope, matter: &MatterView) -> bool {
    matter.strict && !matter.named.contains(&scope.person)
}

fn lead_depth(scope: &Scope, matter: &MatterView) -> Depth {
    let leads = matter.parties.iter().filter(|party| party.role == PartyRole::Lead);
    deepest(leads.map(|party| party_depth(scope, party)))
}

fn party_depth(scope: &Scope, party: &Party) -> Depth {
    party.depth.min(scope.ceiling(party.unit))
}

fn deepest(depths: impl Iterator<Item = Depth>) -> Depth {
    depths.max().unwrap_or(Depth::None)
}

#[cfg(test)]
mod tests;
