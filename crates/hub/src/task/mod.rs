//! Tasks, the atom of the house: one unit owes one deliverable to one matter by a time, with
//! receipt, proof and verdict (letters S0, S1, S4: yêu cầu thực hiện, báo cáo kết quả).
//!
//! What this slice does not do: it never opens or closes a matter; the incident slice above sends
//! tasks through [`send`] and [`act_in`], and asks [`store::blocking`] before it ends a matter.

pub mod answer;
pub mod api;
pub mod page;
pub mod store;

use khien_domain::access::Action;
use khien_domain::id::{MatterId, TaskId, UnitId};
use khien_domain::matter::Series;
use khien_domain::refusal::{Code, Refusal};
use khien_domain::task::{AnswerKind, Deed, Submission, Task};
use khien_domain::text;
use khien_store::{NewEntry, Write};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::app::App;
use crate::evidence::form::UPLOAD_BYTES_MAX;
use crate::evidence::store::Holder;
use crate::evidence::{self, Stored};
use crate::fault::Fault;
use crate::openapi::named;
use crate::router::{Doc, Route, Sample};
use crate::web::guard::Audience::{May, Member};
use crate::web::view::Caller;
use crate::{access, number};
use store::TaskRow;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    use Sample::Task as One;
    let judge = May(Action::JudgeTask);
    vec![
        Route::get("/tasks", Member, Sample::None, page::list),
        Route::get("/tasks/{id}", Member, One, page::show),
        Route::post("/tasks/{id}/receive", Member, One, page::receive),
        Route::post("/tasks/{id}/start", Member, One, page::start),
        Route::post("/tasks/{id}/submit", Member, One, page::submit).body_limit(UPLOAD_BYTES_MAX),
        Route::post("/tasks/{id}/return", Member, One, page::give_back),
        Route::post("/tasks/{id}/accept", judge, One, page::accept),
        Route::post("/tasks/{id}/changes", judge, One, page::want_changes),
        Route::post("/tasks/{id}/disprove", judge, One, page::disprove),
        Route::post("/tasks/{id}/withdraw", judge, One, page::withdraw),
        Route::get("/api/v1/tasks", Member, Sample::None, api::list).doc(Doc {
            summary: "Tasks that the caller may know of, newest first.",
            body: None,
            answer: Some(named::<api::TaskList>),
        }),
    ]
}

/// What a unit is to do.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// The unit that owes it.
    pub unit: UnitId,
    /// What is wanted, one line.
    pub title: String,
    /// What is wanted, in full; may be empty.
    pub details: String,
    /// What sort of answer it asks for.
    pub answer: AnswerKind,
    /// When it is due, µs UTC.
    pub due: i64,
}

/// Sends a task in the caller's transaction; returns its id.
///
/// # Errors
/// The domain's refusal of the text or the due time, or when the store fails.
pub async fn send(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    matter: MatterId,
    new: NewTask,
) -> Result<TaskId, Fault> {
    let new = NewTask {
        title: text::line("title", &new.title, text::NAME_CHARS_MAX).map_err(Fault::Invalid)?,
        details: text::optional_body("details", &new.details)
            .map_err(Fault::Invalid)?
            .unwrap_or_default(),
        ..new
    };
    let (id, now) = (TaskId::new(app.new_id()), app.now());
    let (task, facts) =
        Task::send(id, matter, new.unit, new.answer, new.due, now).map_err(Fault::Invalid)?;
    let number = number::next(write, Series::Task, now).await?.to_string();
    store::insert(write, &task, &number, &new, caller.person.id, now).await?;
    write.record(NewEntry {
        at: now,
        actor: caller.actor(),
        action: "task.send",
        subject: format!("task:{id}"),
        body: json!({ "number": number, "matter": matter, "unit": new.unit, "title": new.title,
                      "answer": new.answer, "due": new.due }),
    });
    app.tell(write, facts);
    Ok(id)
}

/// On whose side of a task a deed is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The unit that owes it, or somebody who enters for it.
    Unit,
    /// The lead of the matter.
    Lead,
}

/// Does one deed to a task that the caller may see and may act on.
///
/// # Errors
/// [`Fault::NotFound`], [`Fault::Forbidden`], or the domain's refusal.
pub async fn act(
    app: &App,
    caller: &Caller,
    id: TaskId,
    side: Side,
    deed: &Deed,
) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    act_in(app, &mut write, caller, id, side, deed).await?;
    app.commit(write).await?;
    Ok(())
}

/// As [`act`], in the caller's transaction; returns the matter that the task serves.
///
/// # Errors
/// As [`act`].
pub async fn act_in(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    id: TaskId,
    side: Side,
    deed: &Deed,
) -> Result<MatterId, Fault> {
    let row = store::find(write, caller.person.id, id).await?.ok_or(Fault::NotFound)?;
    let hand = demand(app, write, caller, &row, side).await?;
    step(app, write, caller, &row, deed, hand).await?;
    Ok(MatterId::new(row.matter))
}

/// Submits an answer with its files, all or nothing.
///
/// # Errors
/// As [`act`]; the files are gone again when the answer is refused.
pub async fn submit(
    app: &App,
    caller: &Caller,
    id: TaskId,
    submission: Submission,
    files: &[Stored],
) -> Result<(), Fault> {
    let done = submit_with(app, caller, id, submission, files).await;
    if done.is_err() {
        evidence::discard(app, files).await;
    }
    done
}

async fn submit_with(
    app: &App,
    caller: &Caller,
    id: TaskId,
    submission: Submission,
    files: &[Stored],
) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let row = store::find(&mut write, caller.person.id, id).await?.ok_or(Fault::NotFound)?;
    let hand = demand(app, &mut write, caller, &row, Side::Unit).await?;
    let holder = Holder::Task(id, MatterId::new(row.matter));
    evidence::attach(app, &mut write, caller, files, holder, UnitId::new(row.unit)).await?;
    let evidence_files = evidence::store::count(&mut write, holder).await?;
    let entered_by = (hand == Hand::OnBehalf).then(|| caller.person.name.clone());
    let given = Given { submission: submission.clone(), entered_by };
    let given = serde_json::to_string(&given).map_err(anyhow::Error::from)?;
    let deed = Deed::Submit { submission, evidence_files };
    step(app, &mut write, caller, &row, &deed, hand).await?;
    store::save_answer(&mut write, id, &given).await?;
    app.commit(write).await?;
    Ok(())
}

/// By whose hand a deed is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    /// Who it is up to.
    Own,
    /// Somebody who enters for a unit that telephones or writes; the record says so.
    OnBehalf,
}

/// An answer as it is kept.
#[derive(Deserialize, Serialize)]
pub struct Given {
    /// What the unit answers.
    #[serde(flatten)]
    pub submission: Submission,
    /// Who entered it for the unit, when the unit did not.
    pub entered_by: Option<String>,
}

/// Refuses unless the caller stands on this side of the task. A unit's answer may be entered for
/// it by whoever takes its telephone call.
async fn demand(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    row: &TaskRow,
    side: Side,
) -> Result<Hand, Fault> {
    if side == Side::Lead {
        let lead = UnitId::new(row.lead);
        access::demand(app, write, caller, Action::JudgeTask, lead).await?;
        return Ok(Hand::Own);
    }
    let unit = UnitId::new(row.unit);
    match access::demand(app, write, caller, Action::AnswerTask, unit).await {
        Err(Fault::Forbidden(own)) => {
            access::demand(app, write, caller, Action::AnswerOnBehalf, unit)
                .await
                .map_err(|_| Fault::Forbidden(own))?;
            Ok(Hand::OnBehalf)
        }
        other => other.map(|()| Hand::Own),
    }
}

async fn step(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    row: &TaskRow,
    deed: &Deed,
    hand: Hand,
) -> Result<(), Fault> {
    let before = row.noun()?;
    // What a closed matter rests on stays as it was; only what nobody owes any more goes.
    if row.matter_is_over()? && !matches!(deed, Deed::Withdraw { .. }) {
        return Err(Refusal::new(Code::IncidentStep).arg("state", &row.matter_state).into());
    }
    let (after, facts) = before.step(deed)?;
    let reason = reason(deed);
    store::save(write, &after, reason, app.now()).await?;
    let answer = match deed {
        Deed::Submit { submission, .. } => Some(submission),
        _ => None,
    };
    write.record(NewEntry {
        at: app.now(),
        actor: caller.actor(),
        action: entry_action(deed),
        subject: format!("task:{}", row.id),
        body: json!({ "number": row.number, "before": before.state, "after": after.state,
                      "unit": after.unit, "reason": reason, "answer": answer,
                      "on_behalf": hand == Hand::OnBehalf }),
    });
    app.tell(write, facts);
    Ok(())
}

fn reason(deed: &Deed) -> Option<&str> {
    match deed {
        Deed::WantChanges { reason }
        | Deed::Disprove { reason }
        | Deed::Exempt { reason, .. }
        | Deed::Return { reason }
        | Deed::Withdraw { reason } => Some(reason.trim()),
        _ => None,
    }
}

fn entry_action(deed: &Deed) -> &'static str {
    match deed {
        Deed::Receive => "task.receive",
        Deed::Start => "task.start",
        Deed::Submit { .. } => "task.submit",
        Deed::WantChanges { .. } => "task.want_changes",
        Deed::Accept => "task.accept",
        Deed::Disprove { .. } => "task.disprove",
        Deed::Exempt { .. } => "task.exempt",
        Deed::EndExemption { .. } => "task.end_exemption",
        Deed::Return { .. } => "task.return",
        Deed::Resend { .. } => "task.resend",
        Deed::Withdraw { .. } => "task.withdraw",
    }
}
