//! *Xác minh*: a person looks at a signal and opens an incident of it, or joins it to one that
//! runs. One page, filled in as far as the signal tells, so that at night one press is enough.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use khien_domain::access::Action;
use khien_domain::id::{MatterId, SignalId, UnitId};
use khien_domain::incident::{Category, Incident, Severity, lead_for};
use khien_domain::marking::Marking;
use khien_domain::matter::{Matter, Party, PartyRole};
use khien_domain::signal::{Deed, State as Stand};
use khien_domain::task::{AnswerKind, default_due};
use khien_domain::text;
use khien_store::{NewEntry, Write};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::first_task::{FirstTask, is_web_shell, samples};
use super::store::{self, IncidentRow, Opening};
use super::{clock, mark, work};
use crate::app::App;
use crate::fault::Fault;
use crate::signal::store::SignalRow;
use crate::task::{self, NewTask};
use crate::web::view::{Caller, Member, View};
use crate::web::{layout, parts, stored};
use crate::{access, signal, unit};

/// A filled verification.
#[derive(Clone, Debug, Deserialize)]
pub struct Verification {
    /// `open`, or the id of the incident to join.
    into: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    severity: String,
    /// `yes` when the unit gets a first task.
    #[serde(default)]
    task: String,
    #[serde(default)]
    task_title: String,
    #[serde(default)]
    task_details: String,
}

/// `GET /signals/{id}/verify`.
pub async fn form(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<SignalId>,
) -> Result<Response, Fault> {
    let asked = Asked::read(&app, &member, id).await?;
    let Asked { row, body, .. } = &asked;
    if let Some(matter) = row.matter {
        return Ok(Redirect::to(&format!("/incidents/{matter}")).into_response());
    }
    let filled = Verification {
        into: "open".to_owned(),
        title: row.title.clone(),
        category: guess(body).code().to_owned(),
        severity: Severity::suggested(stored(&row.level)?).code().to_owned(),
        task: "yes".to_owned(),
        task_title: String::new(),
        task_details: String::new(),
    };
    Ok(sheet(&view, &asked, &filled, None).into_response())
}

/// `POST /signals/{id}/verify`.
pub async fn decide(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<SignalId>,
    Form(form): Form<Verification>,
) -> Result<Response, Fault> {
    match verify(&app, &member, id, &form).await {
        Ok(matter) => Ok(Redirect::to(&format!("/incidents/{matter}")).into_response()),
        Err(fault @ Fault::Invalid(_)) => {
            let asked = Asked::read(&app, &member, id).await?;
            let page = sheet(&view, &asked, &form, Some(&fault));
            Ok((fault.status(), page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// Opens or joins; a form that is sent twice leads to the first result.
async fn verify(
    app: &App,
    caller: &Caller,
    id: SignalId,
    form: &Verification,
) -> Result<MatterId, Fault> {
    let mut write = app.db.write().await?;
    let found = signal::store::find(&mut write, caller.person.id, id).await?;
    let row = found.ok_or(Fault::NotFound)?;
    let unit = UnitId::new(row.unit);
    access::demand(app, &mut write, caller, Action::VerifySignal, unit).await?;
    if let (Some(matter), Stand::Opened | Stand::Joined) = (row.matter, stored(&row.state)?) {
        return Ok(MatterId::new(matter));
    }
    let matter = if form.into == "open" {
        open(app, &mut write, caller, &row, form).await?
    } else {
        let into = form.into.parse().map_err(|_| Fault::Unreadable)?;
        join(app, &mut write, caller, &row, into).await?
    };
    app.commit(write).await?;
    Ok(matter)
}

async fn join(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    row: &SignalRow,
    into: MatterId,
) -> Result<MatterId, Fault> {
    let incident = work::found(write, caller, into, Action::LeadIncident, app).await?;
    if incident.noun()?.state.is_over() {
        return Err(Fault::NotFound);
    }
    let told = body(write, row).await?;
    mark::raise(app, write, caller, &incident, mark::of(&told)).await?;
    signal::step(app, write, caller, row, &Deed::Join(into)).await?;
    Ok(into)
}

/// Returns what a signal tells; a body that cannot be read tells nothing.
async fn body(write: &mut Write, row: &SignalRow) -> Result<Value, Fault> {
    let details = signal::store::details(write, SignalId::new(row.id)).await?;
    Ok(serde_json::from_str(&details.body).unwrap_or_default())
}

async fn open(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    row: &SignalRow,
    form: &Verification,
) -> Result<MatterId, Fault> {
    let key = signal::store::dedup_key(write, SignalId::new(row.id)).await?;
    if let Some(key) = &key
        && let Some(running) = store::live(write, key).await?
    {
        // At most one open incident per key: the signal belongs to the one that runs.
        return join(app, write, caller, row, running).await;
    }
    let told = body(write, row).await?;
    let matter = matter(app, write, caller, row, form, mark::of(&told)).await?;
    let category: Category = form.category.parse().map_err(|_| Fault::Unreadable)?;
    let severity: Severity = form.severity.parse().map_err(|_| Fault::Unreadable)?;
    let unit = UnitId::new(row.unit);
    let (incident, facts) = Incident::open(matter.id, unit, category, severity);
    let follows = match &key {
        Some(key) => store::last(write, key).await?,
        None => None,
    };
    let now = app.now();
    let opening = Opening {
        detected_at: row.detected_at,
        opened_at: now,
        key: key.as_deref(),
        clock_pack: clock::pack_id(row.detected_at),
        follows,
    };
    store::insert(write, &matter, &incident, &opening).await?;
    write.record(NewEntry {
        at: now,
        actor: caller.actor(),
        action: "incident.open",
        subject: format!("matter:{}", matter.id),
        body: json!({ "number": matter.number.to_string(), "title": matter.title,
                      "category": category, "severity": severity, "unit": unit,
                      "signal": row.number, "detected_at": row.detected_at, "follows": follows }),
    });
    app.tell(write, facts);
    signal::step(app, write, caller, row, &Deed::Open(matter.id)).await?;
    if form.task == "yes" {
        let asked = FirstTask::or_sample(&form.task_title, &form.task_details, category, &told);
        send(app, write, caller, &incident, asked).await?;
    }
    Ok(matter.id)
}

/// A unit for which the caller may lead does; the unit that was hit takes part.
async fn matter(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    row: &SignalRow,
    form: &Verification,
    marking: Marking,
) -> Result<Matter, Fault> {
    let title = text::line("title", &form.title, text::NAME_CHARS_MAX).map_err(Fault::Invalid)?;
    let hit = UnitId::new(row.unit);
    let tree = unit::store::tree(write).await?;
    let lead = lead_for(&caller.person, hit, &tree, app.now()).map_err(Fault::Forbidden)?;
    let mut parties = vec![Party::new(lead, PartyRole::Lead)];
    if hit != lead {
        parties.push(Party::new(hit, PartyRole::Affected));
    }
    Ok(Matter {
        id: MatterId::new(app.new_id()),
        number: work::next_number(app, write).await?,
        title,
        marking,
        strict: false,
        parties,
        named: Vec::new(),
    })
}

async fn send(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    incident: &Incident,
    asked: FirstTask,
) -> Result<(), Fault> {
    let new = NewTask {
        unit: incident.unit,
        title: asked.title,
        details: asked.details,
        answer: AnswerKind::Confirmation,
        due: default_due(app.now(), incident.severity == Severity::Serious),
    };
    task::send(app, write, caller, incident.matter, new).await?;
    Ok(())
}

/// Returns the class that a signal suggests; the officer may choose another.
fn guess(body: &Value) -> Category {
    let family = body.get("family").and_then(|f| f.as_str()).unwrap_or_default();
    let signs = body.pointer("/report/signs").and_then(|s| s.as_array());
    let sign = |code: &str| signs.is_some_and(|all| all.iter().any(|s| s == code));
    match family {
        "ransomware" => Category::Encryption,
        "web-takeover" if is_web_shell(body) => Category::Intrusion,
        "web-takeover" | "search-spam" => Category::Defacement,
        "document-theft" | "secret-machine" => Category::Theft,
        "password-guessing" | "default-password" | "device-takeover" | "mailbox-takeover"
        | "remote-tool" => Category::Intrusion,
        "malware-not-removed"
        | "protection-switched-off"
        | "removable-media"
        | "scripted-malware" => Category::Malware,
        _ if sign("files_locked") => Category::Encryption,
        _ if sign("page_changed") => Category::Defacement,
        _ if sign("data_leak") => Category::Theft,
        _ if sign("strange_login") => Category::Intrusion,
        _ if sign("antivirus_alert") || sign("strange_machine") => Category::Malware,
        _ if sign("suspicious_message") => Category::Phishing,
        _ if sign("service_down") => Category::Dos,
        _ => Category::Other,
    }
}

/// What the page asks about.
struct Asked {
    row: SignalRow,
    body: Value,
    /// The incidents of the unit that the signal might belong to.
    running: Vec<IncidentRow>,
}

impl Asked {
    async fn read(app: &App, caller: &Caller, id: SignalId) -> Result<Self, Fault> {
        let (mut conn, person) = (app.db.read().await?, caller.person.id);
        let row = signal::store::find(&mut conn, person, id).await?.ok_or(Fault::NotFound)?;
        let details = signal::store::details(&mut conn, id).await?;
        let running = store::running_at(&mut conn, person, UnitId::new(row.unit)).await?;
        let body = serde_json::from_str(&details.body).unwrap_or_default();
        Ok(Self { row, body, running })
    }
}

fn sheet(view: &View, asked: &Asked, form: &Verification, fault: Option<&Fault>) -> Markup {
    let row = &asked.row;
    let back = format!("/signals/{}", row.id);
    let body = html! {
        (parts::crumbs(view, &back, &row.number, &view.t("signal-verify")))
        (parts::head(&view.t("verify-title"), &row.title, html! { (parts::level(view, &row.level)) }))
        @if let Some(fault) = fault { (parts::bad(&fault.sentence(view))) }
        div.narrow.stack {
            (signal::page::four(view, row, &asked.body))
            form.form method="post" action=(format!("{back}/verify")) {
                @if asked.running.is_empty() {
                    input type="hidden" name="into" value="open";
                } @else {
                    (into(view, &asked.running, &form.into))
                }
                (opening(view, row, form))
                (task_part(view, form, &asked.body))
                div.actions {
                    button.button.button-main { (parts::icon("siren")) (view.t("verify-press")) }
                    a.button href=(back) { (view.t("cancel")) }
                }
            }
        }
    };
    layout::page(view, &view.t("verify-title"), body)
}

/// Returns a part of the form with its title, as the report form has them.
fn part(view: &View, key: &str, fields: Markup) -> Markup {
    html! {
        fieldset.part {
            legend.sr { (view.t(key)) }
            p.part-title aria-hidden="true" { (view.t(key)) }
            (fields)
        }
    }
}

fn into(view: &View, running: &[IncidentRow], chosen: &str) -> Markup {
    part(
        view,
        "verify-into",
        html! {
            label.choice {
                input type="radio" name="into" value="open" checked[chosen == "open"];
                span { (view.t("verify-open")) }
            }
            @for incident in running {
                @let id = incident.id.to_string();
                label.choice {
                    input type="radio" name="into" value=(id) checked[chosen == id];
                    span {
                        (view.t("verify-join")) " " b { (incident.number) }
                        span.help { (incident.title) }
                    }
                }
            }
        },
    )
}

fn opening(view: &View, row: &SignalRow, form: &Verification) -> Markup {
    let categories = Category::ALL.iter().map(|c| c.code());
    let severities = Severity::ALL.iter().map(|s| s.code());
    part(
        view,
        "verify-incident",
        html! {
            dl.pairs { dt { (view.t("unit")) } dd { (row.unit_name) } }
            (parts::field(view, "title", "incident-title", true, html! {
                input.input #title name="title" value=(form.title) maxlength="200" required;
            }))
            div.field-row {
                (parts::field(view, "category", "incident-category", true, html! {
                    select.select #category name="category" {
                        (parts::options(view, "category", categories, &form.category))
                    }
                }))
                (parts::field(view, "severity", "incident-severity", true, html! {
                    select.select #severity name="severity" {
                        (parts::options(view, "level", severities, &form.severity))
                    }
                }))
            }
        },
    )
}

fn task_part(view: &View, form: &Verification, signal: &Value) -> Markup {
    part(
        view,
        "verify-task",
        html! {
            label.choice {
                input type="checkbox" name="task" value="yes" checked[form.task == "yes"];
                span { (view.t("verify-task-give")) }
            }
            (samples(view, signal))
            p.help { (view.t("verify-task-help")) }
            (parts::field(view, "task_title", "verify-task-title", false, html! {
                input.input #task_title name="task_title" value=(form.task_title) maxlength="200";
            }))
            (parts::field(view, "task_details", "task-details", false, html! {
                textarea.textarea #task_details name="task_details" maxlength="20000" {
                    (form.task_details)
                }
            }))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::first_task::WEB_SHELL_TAG;

    #[test]
    fn a_web_shell_is_no_changed_page_though_both_are_one_family() {
        let body = |tag| json!({ "family": "web-takeover", "rule_tags": ["attack.impact", tag] });
        assert_eq!(guess(&body("attack.t1491.002")), Category::Defacement);
        assert_eq!(guess(&body(WEB_SHELL_TAG)), Category::Intrusion);
    }
}
