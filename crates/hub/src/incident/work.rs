//! The deeds on a running incident, each in one transaction.

use khien_domain::access::Action;
use khien_domain::clock::Clock;
use khien_domain::id::{MatterId, TaskId, UnitId};
use khien_domain::incident::{Deed, Incident};
use khien_domain::matter::{Party, PartyRole};
use khien_domain::refusal::{Code, Refusal};
use khien_domain::task::Deed as TaskDeed;
use khien_store::{NewEntry, Write};
use serde_json::json;

use super::store::{self, IncidentRow};
use super::{clock, mark};
use crate::app::App;
use crate::fault::Fault;
use crate::task::{self, NewTask, Side};
use crate::web::stored;
use crate::web::view::Caller;
use crate::{access, number};

/// Opens an incident of the caller's unit in the caller's transaction.
pub(super) async fn found(
    write: &mut Write,
    caller: &Caller,
    id: MatterId,
    action: Action,
    app: &App,
) -> Result<IncidentRow, Fault> {
    let row = store::find(write, caller.person.id, id).await?.ok_or(Fault::NotFound)?;
    access::demand(app, write, caller, action, UnitId::new(row.lead)).await?;
    Ok(row)
}

/// Does one deed to an incident that the caller may see and leads.
///
/// # Errors
/// [`Fault::NotFound`], [`Fault::Forbidden`], or the domain's refusal.
pub async fn act(
    app: &App,
    caller: &Caller,
    id: MatterId,
    action: Action,
    deed: Deed,
) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let row = found(&mut write, caller, id, action, app).await?;
    let tasks_open = task::store::blocking(&mut write, id).await?;
    let deed = match deed {
        Deed::Close { by, reason, .. } => {
            Deed::Close { by, tasks_open, reports_owed: owed(&row)?.len() as u32, reason }
        }
        Deed::Void { reason, .. } => Deed::Void { reason, tasks_open },
        other => other,
    };
    if matches!(deed, Deed::Reopen { .. } | Deed::Unmerge { .. }) {
        refuse_second(&mut write, &row).await?;
    }
    step(app, &mut write, caller, &row, &deed).await?;
    app.commit(write).await?;
    Ok(())
}

/// Returns the codes of the terms whose report is not made.
fn owed(row: &IncidentRow) -> Result<Vec<String>, Fault> {
    let clocks = clock::of(row)?.into_iter();
    Ok(clocks.filter(Clock::is_owed).map(|clock| clock.code).collect())
}

/// At most one open incident per key: while a recurrence runs, the earlier one stays closed.
async fn refuse_second(write: &mut Write, row: &IncidentRow) -> Result<(), Fault> {
    let Some(key) = &row.dedup_key else { return Ok(()) };
    match store::live(write, key).await? {
        Some(other) if other.uuid() != row.id => {
            Err(Refusal::new(Code::IncidentStep).arg("state", &row.state).into())
        }
        _ => Ok(()),
    }
}

/// Does one deed to an incident that the caller may do it to, in the caller's transaction.
pub(super) async fn step(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    row: &IncidentRow,
    deed: &Deed,
) -> Result<(), Fault> {
    let before = row.noun()?;
    let (after, facts) = before.step(deed)?;
    let merged_into = match deed {
        Deed::Merge { into, .. } => Some(*into),
        _ => None,
    };
    store::save(write, &after, merged_into, app.now()).await?;
    write.record(NewEntry {
        at: app.now(),
        actor: caller.actor(),
        action: entry_action(deed),
        subject: format!("matter:{}", row.id),
        body: body(row, &before, &after, deed)?,
    });
    app.tell(write, facts);
    Ok(())
}

fn body(
    row: &IncidentRow,
    before: &Incident,
    after: &Incident,
    deed: &Deed,
) -> Result<serde_json::Value, Fault> {
    let reason = match deed {
        Deed::StepBack { reason }
        | Deed::Reopen { reason }
        | Deed::Void { reason, .. }
        | Deed::Merge { reason, .. }
        | Deed::Unmerge { reason } => Some(reason.trim()),
        Deed::Judge(verdict) => Some(verdict.reason.trim()),
        Deed::Close { .. } => after.owing.as_ref().map(|owing| owing.reason.as_str()),
        _ => None,
    };
    let mut body = json!({ "number": row.number, "before": before.state, "after": after.state,
            "verdict": after.verdict.as_ref().map(|v| v.leak), "reason": reason });
    match deed {
        Deed::Report(report) => body["report"] = json!(report),
        Deed::Close { .. } => body["owed"] = json!(owed(row)?),
        _ => {}
    }
    Ok(body)
}

fn entry_action(deed: &Deed) -> &'static str {
    match deed {
        Deed::Contain => "incident.contain",
        Deed::Recover => "incident.recover",
        Deed::Resolve => "incident.resolve",
        Deed::StepBack { .. } => "incident.step_back",
        Deed::Judge(_) => "incident.judge",
        Deed::Report(_) => "incident.report",
        Deed::Close { .. } => "incident.close",
        Deed::Reopen { .. } => "incident.reopen",
        Deed::Void { .. } => "incident.void",
        Deed::Merge { .. } => "incident.merge",
        Deed::Unmerge { .. } => "incident.unmerge",
    }
}

/// Links an incident into another that the caller also leads; readers are sent there.
///
/// # Errors
/// As [`act`]; the number of the other incident must be known to the caller.
pub async fn merge(
    app: &App,
    caller: &Caller,
    id: MatterId,
    into: &str,
    reason: String,
) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let row = found(&mut write, caller, id, Action::CloseIncident, app).await?;
    let number = into.parse().map_err(Fault::Invalid)?;
    let other = store::by_number(&mut write, caller.person.id, &number).await?;
    let other = other.ok_or(Fault::NotFound)?;
    access::demand(app, &mut write, caller, Action::CloseIncident, UnitId::new(other.lead)).await?;
    let deed = Deed::Merge {
        into: MatterId::new(other.id),
        into_state: other.noun()?.state,
        reason,
        tasks_open: task::store::blocking(&mut write, id).await?,
    };
    step(app, &mut write, caller, &row, &deed).await?;
    mark::raise(app, &mut write, caller, &other, stored(&row.marking)?).await?;
    app.commit(write).await?;
    Ok(())
}

/// Takes a merge back: the incident runs again by itself.
///
/// # Errors
/// As [`act`].
pub async fn unmerge(
    app: &App,
    caller: &Caller,
    id: MatterId,
    reason: String,
) -> Result<(), Fault> {
    act(app, caller, id, Action::CloseIncident, Deed::Unmerge { reason }).await
}

/// Makes a unit a party of an incident.
///
/// # Errors
/// As [`act`]; a unit is a party once.
pub async fn add_party(
    app: &App,
    caller: &Caller,
    id: MatterId,
    unit: &str,
    role: PartyRole,
) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let row = found(&mut write, caller, id, Action::AddParty, app).await?;
    let unit = access::unit_by_code(&mut write, unit, app.now()).await?;
    join(app, &mut write, caller, &row, Party::new(unit, role)).await?;
    app.commit(write).await?;
    Ok(())
}

/// Adds a party inside the caller's transaction.
async fn join(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    row: &IncidentRow,
    party: Party,
) -> Result<(), Fault> {
    let matter = store::matter(write, row).await?;
    let (_, facts) = matter.add_party(party)?;
    store::insert_party(write, matter.id, &party, app.now()).await?;
    write.record(NewEntry {
        at: app.now(),
        actor: caller.actor(),
        action: "incident.add_party",
        subject: format!("matter:{}", row.id),
        body: json!({ "number": row.number, "unit": party.unit, "role": party.role,
                      "depth": party.depth }),
    });
    app.tell(write, facts);
    Ok(())
}

/// Sends a task of an incident; a unit that is no party yet becomes one.
///
/// # Errors
/// As [`act`], or the domain's refusal of the task's text or due time.
pub async fn give_task(
    app: &App,
    caller: &Caller,
    id: MatterId,
    new: NewTask,
) -> Result<TaskId, Fault> {
    let mut write = app.db.write().await?;
    let row = found(&mut write, caller, id, Action::GiveTask, app).await?;
    if row.noun()?.state.is_over() {
        return Err(Refusal::new(Code::IncidentStep).arg("state", &row.state).into());
    }
    take_part(app, &mut write, caller, &row, new.unit).await?;
    let task = task::send(app, &mut write, caller, id, new).await?;
    app.commit(write).await?;
    Ok(task)
}

/// Sends a returned task to the unit that it is really for; a unit that is no party yet becomes
/// one.
///
/// # Errors
/// As [`task::act`]; [`Fault::Invalid`] when no unit has this code now.
pub async fn resend(app: &App, caller: &Caller, id: TaskId, unit: &str) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    task::store::find(&mut write, caller.person.id, id).await?.ok_or(Fault::NotFound)?;
    let unit = access::unit_by_code(&mut write, unit, app.now()).await?;
    let deed = TaskDeed::Resend { unit };
    let matter = task::act_in(app, &mut write, caller, id, Side::Lead, &deed).await?;
    let row = store::find(&mut write, caller.person.id, matter).await?.ok_or(Fault::NotFound)?;
    take_part(app, &mut write, caller, &row, unit).await?;
    app.commit(write).await?;
    Ok(())
}

/// Makes a unit that is to do something a party, unless it is one.
async fn take_part(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    row: &IncidentRow,
    unit: UnitId,
) -> Result<(), Fault> {
    let matter = store::matter(write, row).await?;
    if matter.parties.iter().any(|party| party.unit == unit) {
        return Ok(());
    }
    join(app, write, caller, row, Party::new(unit, PartyRole::Responder)).await
}

/// Returns the next number of the incidents' series.
pub(super) async fn next_number(
    app: &App,
    write: &mut Write,
) -> Result<khien_domain::matter::Number, Fault> {
    number::next(write, khien_domain::matter::Series::Incident, app.now()).await
}
