//! The list of incidents, and what the forms on an incident's page send.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::Redirect;
use khien_domain::access::Action;
use khien_domain::id::{MatterId, TaskId};
use khien_domain::incident::{Deed, State as Stand, Verdict};
use khien_domain::task::AnswerKind;
use khien_domain::time::HOUR;
use maud::{Markup, html};
use serde::Deserialize;

use super::store::{self, IncidentRow};
use super::{clock, sheet};
use crate::access;
use crate::app::App;
use crate::fault::Fault;
use crate::task::NewTask;
use crate::web::list::ListQuery;
use crate::web::view::{Caller, Member, View};
use crate::web::{layout, parts};

/// `GET /incidents`.
pub async fn list(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let page = store::list(&mut conn, member.person.id, &query).await?;
    let states = Stand::ALL.iter().map(|s| s.code());
    let rows = table(&view, &page.items)?;
    let body = parts::list(&view, "incident", states, &query, &page, rows);
    Ok(layout::page(&view, &view.t("nav-incidents"), body))
}

fn table(view: &View, rows: &[IncidentRow]) -> Result<Markup, Fault> {
    let clocks = rows.iter().map(clock::of).collect::<Result<Vec<_>, _>>()?;
    Ok(html! {
        div.table-wrap { table.table.cards {
            thead { tr {
                th scope="col" { (view.t("level")) }
                th scope="col" { (view.t("incident")) }
                th scope="col" { (view.t("unit")) }
                th scope="col" { (view.t("incident-clock")) }
                th scope="col" { (view.t("state")) }
            } }
            tbody { @for (row, clocks) in rows.iter().zip(&clocks) { tr {
                td { (parts::level(view, &row.severity)) }
                th scope="row" {
                    a href=(format!("/incidents/{}", row.id)) { (row.title) }
                    span.queue-kind {
                        (row.number) " · " (view.t(&format!("category-{}", row.category)))
                    }
                }
                td data-label=(view.t("unit")) { (row.unit_name) }
                td data-label=(view.t("incident-clock")) {
                    @if let Some(first) = clocks.iter().find(|clock| clock.is_owed()) {
                        (parts::clock(view, first.due))
                    }
                    @else { "—" }
                }
                td data-label=(view.t("state")) { (parts::state(view, "incident", &row.state)) }
            } } }
        } }
    })
}

/// `GET /incidents/{id}`.
pub async fn show(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<MatterId>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let row = store::find(&mut conn, member.person.id, id).await?.ok_or(Fault::NotFound)?;
    let sheet = sheet::load(&app, &mut conn, &member, row).await?;
    Ok(layout::page(&view, &sheet.row.number, sheet.render(&view)?))
}

async fn done(
    app: &App,
    caller: &Caller,
    id: MatterId,
    action: Action,
    deed: Deed,
) -> Result<Redirect, Fault> {
    super::act(app, caller, id, action, deed).await?;
    Ok(Redirect::to(&format!("/incidents/{id}")))
}

/// `POST /incidents/{id}/contain`.
pub async fn contain(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
) -> Result<Redirect, Fault> {
    done(&app, &member, id, Action::LeadIncident, Deed::Contain).await
}

/// `POST /incidents/{id}/recover`.
pub async fn recover(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
) -> Result<Redirect, Fault> {
    done(&app, &member, id, Action::LeadIncident, Deed::Recover).await
}

/// `POST /incidents/{id}/resolve`.
pub async fn resolve(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
) -> Result<Redirect, Fault> {
    done(&app, &member, id, Action::LeadIncident, Deed::Resolve).await
}

/// `POST /incidents/{id}/step-back`.
pub async fn step_back(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
    Form(form): Form<parts::Reason>,
) -> Result<Redirect, Fault> {
    let deed = Deed::StepBack { reason: form.reason };
    done(&app, &member, id, Action::LeadIncident, deed).await
}

/// A filled verdict.
#[derive(Deserialize)]
pub struct Judgement {
    leak: String,
    reason: String,
}

/// `POST /incidents/{id}/verdict`.
pub async fn judge(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
    Form(form): Form<Judgement>,
) -> Result<Redirect, Fault> {
    let leak = form.leak.parse().map_err(|_| Fault::Unreadable)?;
    let verdict = Verdict { leak, reason: form.reason, by: member.person.id, at: app.now() };
    done(&app, &member, id, Action::GiveVerdict, Deed::Judge(verdict)).await
}

/// What the closer says of reports that are owed; nothing when none is.
#[derive(Deserialize)]
pub struct Closing {
    #[serde(default)]
    reason: String,
}

/// `POST /incidents/{id}/close`.
pub async fn close(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
    Form(form): Form<Closing>,
) -> Result<Redirect, Fault> {
    // How many tasks are open and reports owed is counted inside the transaction.
    let deed = Deed::Close {
        by: member.person.id,
        tasks_open: u32::MAX,
        reports_owed: u32::MAX,
        reason: form.reason,
    };
    done(&app, &member, id, Action::CloseIncident, deed).await
}

/// `POST /incidents/{id}/reopen`.
pub async fn reopen(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
    Form(form): Form<parts::Reason>,
) -> Result<Redirect, Fault> {
    let deed = Deed::Reopen { reason: form.reason };
    done(&app, &member, id, Action::CloseIncident, deed).await
}

/// `POST /incidents/{id}/void`.
pub async fn void(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
    Form(form): Form<parts::Reason>,
) -> Result<Redirect, Fault> {
    // Counted inside the transaction, as for closing.
    let deed = Deed::Void { reason: form.reason, tasks_open: u32::MAX };
    done(&app, &member, id, Action::CloseIncident, deed).await
}

/// A filled merge.
#[derive(Deserialize)]
pub struct Merge {
    into: String,
    reason: String,
}

/// `POST /incidents/{id}/merge`.
pub async fn merge(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
    Form(form): Form<Merge>,
) -> Result<Redirect, Fault> {
    super::merge(&app, &member, id, &form.into, form.reason).await?;
    Ok(Redirect::to(&format!("/incidents/{id}")))
}

/// `POST /incidents/{id}/unmerge`.
pub async fn unmerge(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
    Form(form): Form<parts::Reason>,
) -> Result<Redirect, Fault> {
    let deed = Deed::Unmerge { reason: form.reason };
    done(&app, &member, id, Action::CloseIncident, deed).await
}

/// A new party.
#[derive(Deserialize)]
pub struct NewParty {
    unit: String,
    role: String,
}

/// `POST /incidents/{id}/parties`.
pub async fn add_party(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
    Form(form): Form<NewParty>,
) -> Result<Redirect, Fault> {
    let role = form.role.parse().map_err(|_| Fault::Unreadable)?;
    super::add_party(&app, &member, id, &form.unit, role).await?;
    Ok(Redirect::to(&format!("/incidents/{id}")))
}

/// A filled task.
#[derive(Deserialize)]
pub struct TaskForm {
    unit: String,
    title: String,
    #[serde(default)]
    details: String,
    answer: String,
    hours: i64,
}

/// `POST /incidents/{id}/tasks`.
pub async fn give_task(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
    Form(form): Form<TaskForm>,
) -> Result<Redirect, Fault> {
    let unit = {
        let mut conn = app.db.read().await?;
        access::unit_by_code(&mut conn, &form.unit, app.now()).await?
    };
    let answer: AnswerKind = form.answer.parse().map_err(|_| Fault::Unreadable)?;
    let due = app.now().saturating_add(form.hours.saturating_mul(HOUR));
    let new = NewTask { unit, title: form.title, details: form.details, answer, due };
    super::give_task(&app, &member, id, new).await?;
    Ok(Redirect::to(&format!("/incidents/{id}")))
}

/// The unit to which a returned task is sent.
#[derive(Deserialize)]
pub struct Addressee {
    unit: String,
}

/// `POST /tasks/{id}/resend`.
pub async fn resend(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TaskId>,
    Form(form): Form<Addressee>,
) -> Result<Redirect, Fault> {
    super::resend(&app, &member, id, &form.unit).await?;
    Ok(Redirect::to(&format!("/tasks/{id}")))
}
