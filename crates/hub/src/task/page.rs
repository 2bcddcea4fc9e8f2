//! The list of tasks, and the page of one: what is wanted, the answer, and its judgement.

use axum::Form;
use axum::extract::{Multipart, Path, Query, State};
use axum::response::Redirect;
use khien_domain::access::Action;
use khien_domain::id::{MatterId, TaskId, UnitId};
use khien_domain::task::{AnswerKind, Deed, State as Stand, Submission};
use khien_store::Conn;
use maud::{Markup, html};

use super::store::{self, TaskRow};
use super::{Side, answer};
use crate::app::App;
use crate::evidence::store::{EvidenceRow, Holder};
use crate::evidence::{self, form};
use crate::fault::Fault;
use crate::unit;
use crate::web::list::ListQuery;
use crate::web::view::{Caller, Member, View};
use crate::web::{layout, parts, stored};

/// `GET /tasks`.
pub async fn list(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let page = store::list(&mut conn, member.person.id, &query).await?;
    let states = Stand::ALL.iter().map(|s| s.code());
    let rows = html! {
        section.panel { ul.tasks { @for row in &page.items { (line(&view, row)) } } }
    };
    let body = parts::list(&view, "task", states, &query, &page, rows);
    Ok(layout::page(&view, &view.t("nav-tasks"), body))
}

/// Returns a task as a line of a list, on its own page's list, a matter's page or a unit's page.
pub fn line(view: &View, row: &TaskRow) -> Markup {
    let runs = stored::<Stand>(&row.state).is_ok_and(Stand::awaits_unit);
    html! {
        li.task {
            div {
                p.task-what { a href=(format!("/tasks/{}", row.id)) { (row.title) } }
                p.task-who {
                    (row.number) " · " (row.unit_name) " · "
                    (view.t(&format!("answer-{}", row.answer_kind)))
                }
            }
            div.task-marks {
                (parts::state(view, "task", &row.state))
                @if runs { (parts::clock(view, row.due)) }
            }
        }
    }
}

/// What the reader may do on the page of a task.
struct Rights {
    answer: bool,
    judge: bool,
    /// Whether the matter is over, so that a task can only be taken back.
    over: bool,
}

async fn rights(
    app: &App,
    conn: &mut Conn,
    caller: &Caller,
    row: &TaskRow,
) -> Result<Rights, Fault> {
    let tree = unit::store::tree(conn).await?;
    let may = |action, unit| {
        let unit = UnitId::new(unit);
        khien_domain::access::may(&caller.person, action, unit, &tree, app.now()).is_ok()
    };
    Ok(Rights {
        answer: may(Action::AnswerTask, row.unit) || may(Action::AnswerOnBehalf, row.unit),
        judge: may(Action::JudgeTask, row.lead),
        over: row.matter_is_over()?,
    })
}

/// `GET /tasks/{id}`.
pub async fn show(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<TaskId>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let row = store::find(&mut conn, member.person.id, id).await?.ok_or(Fault::NotFound)?;
    let holder = Holder::Task(id, MatterId::new(row.matter));
    let files = evidence::store::list(&mut conn, member.person.id, holder).await?;
    let rights = rights(&app, &mut conn, &member, &row).await?;
    Ok(layout::page(&view, &row.number, sheet(&view, &row, &files, &rights)?))
}

fn sheet(
    view: &View,
    row: &TaskRow,
    files: &[EvidenceRow],
    rights: &Rights,
) -> Result<Markup, Fault> {
    let state: Stand = stored(&row.state)?;
    Ok(html! {
        (parts::crumbs(view, "/tasks", &view.t("nav-tasks"), &row.number))
        div.matter-head {
            div.page-head {
                div.page-title { p.matter-number { (row.number) } h1 { (row.title) } }
                div.cluster {
                    (parts::state(view, "task", &row.state))
                    @if state.awaits_unit() { (parts::clock(view, row.due)) }
                }
            }
        }
        div.columns {
            div {
                (wanted(view, row))
                @if let Some(given) = &row.answer { (answer::shown(view, given)) }
                @if rights.answer && !rights.over { (unit_deeds(view, row, state)?) }
                @if rights.judge { (lead_deeds(view, row, state, rights.over)) }
                (evidence::page::panel(view, files))
            }
            aside { (about(view, row)) }
        }
    })
}

fn wanted(view: &View, row: &TaskRow) -> Markup {
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("task-wanted")) } }
            div.panel-body {
                @if !row.details.is_empty() { p { (row.details) } }
                p.soft {
                    (view.t("task-answer-wanted")) ": " (view.t(&format!("answer-{}", row.answer_kind)))
                }
                @if let Some(reason) = &row.reason {
                    div.notice.notice-warn {
                        (parts::icon("warning"))
                        p.notice-body { b { (view.t("reason")) ": " } (reason) }
                    }
                }
            }
        }
    }
}

fn unit_deeds(view: &View, row: &TaskRow, state: Stand) -> Result<Markup, Fault> {
    let path = |deed: &str| format!("/tasks/{}/{deed}", row.id);
    if !state.awaits_unit() {
        return Ok(html! {});
    }
    let kind: AnswerKind = stored(&row.answer_kind)?;
    Ok(html! {
        article.task-card {
            div.task-card-head { h2 { (view.t("task-answer")) } }
            form.form method="post" action=(path("submit")) enctype="multipart/form-data" {
                (answer::fields(view, kind))
                (answer::needed(view, kind))
                div.actions {
                    button.button.button-main { (parts::icon("upload")) (view.t("task-submit")) }
                }
            }
            div.actions {
                @if state == Stand::Sent {
                    form method="post" action=(path("receive")) {
                        button.button { (parts::icon("check")) (view.t("task-receive")) }
                    }
                    (parts::sure(view, &path("return"), "task-return", "task-return-why", false))
                }
                @if state == Stand::Received {
                    form method="post" action=(path("start")) {
                        button.button { (view.t("task-start")) }
                    }
                }
            }
        }
    })
}

fn lead_deeds(view: &View, row: &TaskRow, state: Stand, over: bool) -> Markup {
    let path = |deed: &str| format!("/tasks/{}/{deed}", row.id);
    html! {
        div.actions {
            @if !over && state == Stand::Submitted {
                form method="post" action=(path("accept")) {
                    button.button.button-main { (parts::icon("check")) (view.t("task-accept")) }
                }
                (parts::sure(view, &path("changes"), "task-changes", "task-changes-why", false))
            }
            @if !over && state == Stand::Accepted {
                (parts::sure(view, &path("disprove"), "task-disprove", "reason", true))
            }
            @if !over && state == Stand::Returned {
                form.cluster method="post" action=(path("resend")) {
                    label for="resend-unit" { (view.t("unit-code")) }
                    input.input.input-short #resend-unit name="unit" required;
                    button.button { (view.t("task-resend")) }
                }
            }
            @if !matches!(state, Stand::Accepted | Stand::Withdrawn) {
                (parts::sure(view, &path("withdraw"), "task-withdraw", "reason", true))
            }
        }
    }
}

fn about(view: &View, row: &TaskRow) -> Markup {
    let times = [
        ("task-sent-at", Some(row.sent_at)),
        ("task-received-at", row.received_at),
        ("task-submitted-at", row.submitted_at),
        ("task-accepted-at", row.accepted_at),
        ("task-exempt-until", row.exempt_until),
    ];
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("signal-about")) } }
            div.panel-body {
                dl.pairs {
                    dt { (view.t("incident")) }
                    dd { a href=(format!("/incidents/{}", row.matter)) { (row.matter_number) } }
                    dt { (view.t("unit")) }
                    dd { a href=(format!("/units/{}", row.unit)) { (row.unit_name) } }
                    dt { (view.t("task-due")) } dd { (parts::moment(row.due)) }
                    @for (key, at) in times {
                        @if let Some(at) = at { dt { (view.t(key)) } dd { (parts::moment(at)) } }
                    }
                    @if let Some(name) = &row.given_by_name {
                        dt { (view.t("task-given-by")) }
                        dd { (name) @if let Some(phone) = row.given_by_phone.as_ref().filter(|p| !p.is_empty()) {
                            br; a.tel href=(format!("tel:{phone}")) { (phone) }
                        } }
                    }
                }
            }
        }
    }
}

async fn done(
    app: &App,
    caller: &Caller,
    id: TaskId,
    side: Side,
    deed: &Deed,
) -> Result<Redirect, Fault> {
    super::act(app, caller, id, side, deed).await?;
    Ok(Redirect::to(&format!("/tasks/{id}")))
}

/// `POST /tasks/{id}/receive`.
pub async fn receive(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TaskId>,
) -> Result<Redirect, Fault> {
    done(&app, &member, id, Side::Unit, &Deed::Receive).await
}

/// `POST /tasks/{id}/start`.
pub async fn start(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TaskId>,
) -> Result<Redirect, Fault> {
    done(&app, &member, id, Side::Unit, &Deed::Start).await
}

/// `POST /tasks/{id}/return`.
pub async fn give_back(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TaskId>,
    Form(form): Form<parts::Reason>,
) -> Result<Redirect, Fault> {
    done(&app, &member, id, Side::Unit, &Deed::Return { reason: form.reason }).await
}

/// `POST /tasks/{id}/submit`: the answer with its files.
pub async fn submit(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TaskId>,
    multipart: Multipart,
) -> Result<Redirect, Fault> {
    // Who may not see the task is turned away before a byte of a file is kept.
    let row = {
        let mut conn = app.db.read().await?;
        store::find(&mut conn, member.person.id, id).await?.ok_or(Fault::NotFound)?
    };
    let kind: AnswerKind = stored(&row.answer_kind)?;
    let form = form::read(&app, multipart).await?;
    let proof = Some(form.text("proof").to_owned()).filter(|p| !p.trim().is_empty());
    let submission = match answer::read(&form, kind) {
        Ok(answer) => Submission { answer, proof },
        Err(fault) => {
            evidence::discard(&app, &form.files).await;
            return Err(fault);
        }
    };
    super::submit(&app, &member, id, submission, &form.files).await?;
    Ok(Redirect::to(&format!("/tasks/{id}")))
}

/// `POST /tasks/{id}/accept`.
pub async fn accept(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TaskId>,
) -> Result<Redirect, Fault> {
    done(&app, &member, id, Side::Lead, &Deed::Accept).await
}

/// `POST /tasks/{id}/changes`.
pub async fn want_changes(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TaskId>,
    Form(form): Form<parts::Reason>,
) -> Result<Redirect, Fault> {
    done(&app, &member, id, Side::Lead, &Deed::WantChanges { reason: form.reason }).await
}

/// `POST /tasks/{id}/disprove`.
pub async fn disprove(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TaskId>,
    Form(form): Form<parts::Reason>,
) -> Result<Redirect, Fault> {
    done(&app, &member, id, Side::Lead, &Deed::Disprove { reason: form.reason }).await
}

/// `POST /tasks/{id}/withdraw`.
pub async fn withdraw(
    State(app): State<App>,
    member: Member,
    Path(id): Path<TaskId>,
    Form(form): Form<parts::Reason>,
) -> Result<Redirect, Fault> {
    done(&app, &member, id, Side::Lead, &Deed::Withdraw { reason: form.reason }).await
}
