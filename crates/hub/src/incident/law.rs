//! What the law wants reported of an incident: which clocks run, which report stopped one, and
//! what the closer says of those that nobody made.
//!
//! An incident may be closed while a report is owed, because a report that leaves by letter or
//! telephone must never hold the work back; but the page says so beforehand, the closer states why,
//! and the clocks stay on the page of the closed incident, on screen and on paper.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Redirect;
use khien_domain::access::Action;
use khien_domain::clock::{Clock, LawReport};
use khien_domain::id::MatterId;
use khien_domain::incident::Deed;
use khien_domain::refusal::{Code, Refusal};
use maud::{Markup, html};
use serde::Deserialize;

use super::store::IncidentRow;
use super::{clock, work};
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::{Caller, Member, View};
use crate::web::{parts, time};

/// A report that was made, as it was typed.
#[derive(Deserialize)]
pub struct Made {
    term: String,
    number: String,
    made: String,
}

/// `POST /incidents/{id}/reports`.
pub async fn report(
    State(app): State<App>,
    member: Member,
    Path(id): Path<MatterId>,
    Form(form): Form<Made>,
) -> Result<Redirect, Fault> {
    record(&app, &member, id, form).await?;
    Ok(Redirect::to(&format!("/incidents/{id}")))
}

async fn record(app: &App, caller: &Caller, id: MatterId, form: Made) -> Result<(), Fault> {
    let made_at = time::parse(&form.made);
    let made_at = made_at.ok_or_else(|| Fault::Invalid(Refusal::new(Code::ReportTime)))?;
    let mut write = app.db.write().await?;
    let row = work::found(&mut write, caller, id, Action::LeadIncident, app).await?;
    let report = LawReport {
        term: form.term,
        number: form.number,
        made_at,
        by: caller.person.id,
        by_name: caller.person.name.clone(),
        recorded_at: app.now(),
    };
    let detected_at = clock::Basis::of(&row)?.start.detected_at;
    let report = report.checked(&clock::of(&row)?, detected_at).map_err(Fault::Invalid)?;
    work::step(app, &mut write, caller, &row, &Deed::Report(report)).await?;
    app.commit(write).await?;
    Ok(())
}

/// Returns the panel of the clocks; `records` when the reader may record a report.
///
/// # Errors
/// When the row holds what this program does not know.
pub fn panel(
    view: &View,
    row: &IncidentRow,
    clocks: &[Clock],
    records: bool,
) -> Result<Markup, Fault> {
    let start = clock::Basis::of(row)?.start;
    // Not those of a merged incident, of which the reader may know nothing: the clock tells that
    // its report was made, and when.
    let reports = row.reports()?;
    Ok(html! {
        @if !clocks.is_empty() {
            section.panel {
                div.panel-head { h2 { (view.t("incident-clocks")) } }
                div.panel-body.stack {
                    @if start.detected_at < row.detected_at {
                        p.help { (view.t("law-merged")) " " (parts::moment(start.detected_at)) }
                    }
                    @for clock in clocks {
                        @let made = reports.iter().find(|report| report.term == clock.code);
                        div.stack-s {
                            (line(view, clock, made))
                            @if records { (form(view, row, clock, made)) }
                        }
                    }
                    @if let Some(reason) = &row.owing_reason {
                        div.notice.notice-warn {
                            (parts::icon("warning"))
                            p.notice-body {
                                b { (view.t("law-owing")) } " " (reason)
                                @if let Some(name) = &row.owing_by_name { br; (name) }
                            }
                        }
                    }
                }
            }
        }
    })
}

/// One duty: whether its report was made, or how much time is left.
fn line(view: &View, clock: &Clock, made: Option<&LawReport>) -> Markup {
    html! {
        p.cluster {
            b { (term(view, clock)) }
            @if clock.is_owed() { (parts::clock(view, clock.due)) } @else { (in_time(view, clock)) }
        }
        dl.pairs {
            dt { (view.t("law-due")) } dd { (parts::moment(clock.due)) }
            @if let Some(report) = made {
                dt { (view.t("law-made")) } dd { (parts::moment(report.made_at)) }
                dt { (view.t("law-number")) } dd { (report.number) }
                dt { (view.t("law-by")) }
                dd { (report.by_name) " · " (parts::moment(report.recorded_at)) }
            } @else if let Some(at) = clock.met_at {
                dt { (view.t("law-made")) }
                dd { (parts::moment(at)) " · " (view.t("law-made-merged")) }
            } @else {
                dt { (view.t("law-made")) } dd { (view.t("law-not-made")) }
            }
        }
    }
}

/// Returns what a fulfilled duty's mark says: in time, or by how much too late.
fn in_time(view: &View, clock: &Clock) -> Markup {
    let late = clock.late_by(view.now);
    if late == 0 {
        return html! { span.state.state-accepted { (view.t("law-in-time")) } };
    }
    let text = view.t("law-late").replace("{t}", &time::span(view.lang, late));
    html! { span.state.state-returned { (text) } }
}

fn term(view: &View, clock: &Clock) -> String {
    view.t(&format!("clock-term-{}", clock.code))
}

fn form(view: &View, row: &IncidentRow, clock: &Clock, made: Option<&LawReport>) -> Markup {
    let (number, at) = (format!("number-{}", clock.code), format!("made-{}", clock.code));
    let key = if made.is_some() { "law-again" } else { "law-record" };
    html! {
        details.no-print {
            summary { (view.t(key)) }
            form.form method="post" action=(format!("/incidents/{}/reports", row.id)) {
                p.help { (view.t("law-record-help")) }
                input type="hidden" name="term" value=(clock.code);
                (parts::field(view, &number, "law-number", true, html! {
                    input.input id=(number) name="number" required maxlength="200"
                        value=(made.map_or("", |report| report.number.as_str()));
                }))
                (parts::field(view, &at, "law-made", true, html! {
                    input.input id=(at) type="datetime-local" name="made" required
                        value=(time::field(made.map_or(view.now, |report| report.made_at)));
                }))
                div.actions { button.button { (view.t(key)) } }
            }
        }
    }
}

/// Returns the way to close: one press, or, while a report is owed, what is owed and why it is.
pub fn closing(view: &View, row: &IncidentRow, clocks: &[Clock]) -> Markup {
    let action = format!("/incidents/{}/close", row.id);
    let owed: Vec<&Clock> = clocks.iter().filter(|clock| clock.is_owed()).collect();
    let title = view.t("incident-close");
    if owed.is_empty() {
        return html! {
            form method="post" action=(action) {
                button.button.button-main { (parts::icon("arrow-right")) (title) }
            }
        };
    }
    html! {
        details.sure {
            summary.button.button-main { (title) "…" }
            form method="post" action=(action) {
                p { b { (view.t("law-owed")) } }
                ul.stack-s { @for clock in owed { li.cluster {
                    (term(view, clock)) (parts::clock(view, clock.due))
                } } }
                p.help { (view.t("law-owed-help")) }
                (parts::field(view, "why-close", "law-owed-why", true, html! {
                    textarea.textarea #why-close name="reason" required maxlength="2000" {}
                }))
                button.button { (view.t("law-close-owing")) }
            }
        }
    }
}
