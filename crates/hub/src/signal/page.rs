//! The list of signals, and the page of one: what is known, and what can be decided about it.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::Redirect;
use khien_domain::access::{Action, Depth};
use khien_domain::id::SignalId;
use khien_domain::marking::Marking;
use khien_domain::signal::{Deed, DismissReason, ReportFacts, State as Stand};
use maud::{Markup, html};
use serde::Deserialize;

use super::store::{self, Details, SignalRow};
use crate::app::App;
use crate::evidence;
use crate::evidence::store::Holder;
use crate::fault::Fault;
use crate::web::i18n::Lang;
use crate::web::list::ListQuery;
use crate::web::view::{Member, View};
use crate::web::{layout, parts, stored};

/// `GET /signals`.
pub async fn list(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let page = store::list(&mut conn, member.person.id, &query).await?;
    let states = Stand::ALL.iter().map(|s| s.code());
    let rows = table(&view, &page.items);
    let body = parts::list(&view, "signal", states, &query, &page, rows);
    Ok(layout::page(&view, &view.t("nav-signals"), body))
}

/// Returns signals as a table, for the list and for the page of a matter.
pub fn table<'a>(view: &View, rows: impl IntoIterator<Item = &'a SignalRow>) -> Markup {
    html! {
        div.table-wrap { table.table.cards {
            thead { tr {
                th scope="col" { (view.t("level")) }
                th scope="col" { (view.t("signal-what")) }
                th scope="col" { (view.t("unit")) }
                th scope="col" { (view.t("signal-received-at")) }
                th scope="col" { (view.t("state")) }
            } }
            tbody { @for row in rows { tr {
                td { (parts::level(view, &row.level)) }
                th scope="row" {
                    a href=(format!("/signals/{}", row.id)) { (row.title) }
                    span.queue-kind { (view.t(&format!("signal-kind-{}", row.kind))) " " (row.number)
                        @if row.seen_count > 1 { " · " (seen(view, row.seen_count)) } }
                }
                td data-label=(view.t("unit")) { (row.unit_name) }
                td data-label=(view.t("signal-received-at")) { (parts::moment(row.received_at)) }
                td data-label=(view.t("state")) { (parts::state(view, "signal", &row.state)) }
            } } }
        } }
    }
}

fn seen(view: &View, times: i64) -> String {
    view.lang.ta("signal-seen", &[("times", times.into())])
}

/// `GET /signals/{id}`.
pub async fn show(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<SignalId>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let row = store::find(&mut conn, member.person.id, id).await?.ok_or(Fault::NotFound)?;
    let details = store::details(&mut conn, id).await?;
    let files = evidence::store::list(&mut conn, member.person.id, Holder::Signal(id)).await?;
    let body = html! {
        (parts::crumbs(&view, "/signals", &view.t("nav-signals"), &row.number))
        div.matter-head {
            div.page-head {
                div.page-title { p.matter-number { (row.number) } h1 { (row.title) } }
                div.cluster {
                    (parts::level(&view, &row.level))
                    (parts::state(&view, "signal", &row.state))
                }
            }
            (deeds(&view, &row)?)
        }
        div.columns {
            div {
                @if row.reads(Depth::Work) {
                    (facts(&view, &row, &details))
                    @if !files.is_empty() { (evidence::page::panel(&view, &files)) }
                }
            }
            aside { (about(&view, &row, &details)) }
        }
    };
    Ok(layout::page(&view, &row.number, body))
}

/// What the reader may decide. Opening or joining an incident comes first: it is what a waiting
/// signal is for.
fn deeds(view: &View, row: &SignalRow) -> Result<Markup, Fault> {
    let state: Stand = stored(&row.state)?;
    let path = |deed: &str| format!("/signals/{}/{deed}", row.id);
    let waits = state == Stand::Received;
    let goes_back = matches!(state, Stand::Joined | Stand::Dismissed);
    Ok(html! {
        div.actions {
            @if waits && view.may(Action::VerifySignal) {
                a.button.button-main href=(path("verify")) {
                    (parts::icon("check")) (view.t("signal-verify"))
                }
            }
            @if waits && view.may(Action::DismissSignal) { (dismissal(view, &path("dismiss"))) }
            @if waits && view.may(Action::ReturnSignal) && row.kind == "report" {
                (parts::sure(view, &path("return"), "signal-return", "signal-return-why", false))
            }
            @if goes_back && view.may(Action::VerifySignal) {
                (parts::sure(view, &path("reopen"), "signal-reopen", "reason", false))
            }
            @if let (Some(matter), Some(number)) = (row.matter, &row.matter_number) {
                a.button href=(format!("/incidents/{matter}")) {
                    (parts::icon("siren")) (view.t("signal-to-incident")) " " (number)
                }
            }
        }
    })
}

fn dismissal(view: &View, action: &str) -> Markup {
    let reasons = DismissReason::ALL.iter().map(|r| r.code());
    html! {
        details.sure {
            summary.button { (view.t("signal-dismiss")) "…" }
            form method="post" action=(action) {
                div.field {
                    label for="dismiss-reason" { (view.t("reason")) }
                    select.select #dismiss-reason name="reason" {
                        (parts::options(view, "dismiss", reasons, ""))
                    }
                }
                div.field {
                    label for="dismiss-note" { (view.t("signal-dismiss-note")) }
                    textarea.textarea #dismiss-note name="note" maxlength="2000" {}
                }
                button.button { (view.t("signal-dismiss")) }
            }
        }
    }
}

/// The four facts of letter S0, whatever the signal came from; an alert adds its rule and event.
fn facts(view: &View, row: &SignalRow, details: &Details) -> Markup {
    let body: serde_json::Value = serde_json::from_str(&details.body).unwrap_or_default();
    html! {
        (four(view, row, &body))
        @if let Some(advice) = body.get("advice").and_then(|a| a.as_str()).filter(|a| !a.is_empty()) {
            div.notice { (parts::icon("info")) p.notice-body { (advice) } }
        }
        @if let Some(event) = body.get("event") {
            section.panel {
                div.panel-head { h2 { (view.t("signal-event")) } }
                div.panel-body {
                    pre.raw tabindex="0" aria-label=(view.t("signal-event")) {
                        (serde_json::to_string_pretty(event).unwrap_or_default())
                    }
                }
                (attribution(view, &body))
                @if let Some(indicator) = body.get("indicator") {
                    (provenance(view, indicator, super::marking(&body)))
                }
            }
        }
    }
}

/// Returns the four facts as every matter shows them.
pub fn four(view: &View, row: &SignalRow, body: &serde_json::Value) -> Markup {
    let report: Option<ReportFacts> =
        body.get("report").and_then(|r| serde_json::from_value(r.clone()).ok());
    let report = report.as_ref();
    let text = |key: &str| body.get(key).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    let signs = report.map(|r| {
        let chips = r.signs.iter().map(|s| view.t(&format!("sign-{s}")));
        chips.chain(r.signs_text.clone()).collect::<Vec<_>>().join("; ")
    });
    let system = report.and_then(|r| r.system_text.clone());
    let named = [row.asset_name.clone().unwrap_or_default(), text("host")];
    let named: Vec<String> = named.into_iter().filter(|name| !name.is_empty()).collect();
    let technical = report.map(|r| r.technical.clone().unwrap_or_default());
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("four-facts")) } }
            dl.four {
                div { dt { (view.t("fact-detected")) } dd { b { (parts::moment(row.detected_at)) } } }
                div { dt { (view.t("fact-signs")) } dd { (signs.unwrap_or_else(|| row.title.clone())) } }
                div { dt { (view.t("fact-system")) } dd {
                    (system.unwrap_or_else(|| named.join(" · ")))
                } }
                div { dt { (view.t("fact-technical")) } dd.mono {
                    (technical.unwrap_or_else(|| text("summary")))
                } }
            }
        }
    }
}

/// The rule's author and link stay on every alert: the rules' licence asks for it.
fn attribution(view: &View, body: &serde_json::Value) -> Markup {
    let text = |key: &str| body.get(key).and_then(|v| v.as_str()).unwrap_or_default();
    let title = match text("rule_title_vi") {
        vi if view.lang == Lang::Vi && !vi.is_empty() => vi,
        _ => text("rule_title"),
    };
    html! {
        p.panel-foot {
            (view.t("signal-rule")) " " b { (title) } " · " (text("rule_author"))
            " · " span.mono { (text("rule_id")) }
            @if !text("rule_link").is_empty() { " · " span.mono { (text("rule_link")) } }
        }
    }
}

/// Where an indicator comes from and how far it may be passed on; nothing for a rule.
fn provenance(view: &View, indicator: &serde_json::Value, marking: Option<Marking>) -> Markup {
    let text = |key: &str| indicator.get(key).and_then(|v| v.as_str()).unwrap_or_default();
    let line = indicator.get("line").and_then(|line| line.as_u64()).map(|line| line.to_string());
    let until = indicator.get("valid_until").and_then(|until| until.as_i64());
    html! {
        @if !indicator.is_null() {
            p.panel-foot {
                (view.t("signal-indicator")) " " b.mono { (text("value")) }
                @if let Some(marking) = marking {
                    " " (parts::tlp(marking.code()))
                }
                " · " span.mono { (text("feed")) " " (text("id")) (line.unwrap_or_default()) }
                @if let Some(until) = until {
                    " · " (view.t("signal-indicator-until")) " " (parts::moment(until))
                }
            }
        }
    }
}

fn about(view: &View, row: &SignalRow, details: &Details) -> Markup {
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("signal-about")) } }
            div.panel-body {
                dl.pairs {
                    dt { (view.t("signal-kind")) } dd { (view.t(&format!("signal-kind-{}", row.kind))) }
                    dt { (view.t("unit")) }
                    dd { a href=(format!("/units/{}", row.unit)) { (row.unit_name) } }
                    @if let Some(at) = row.happened_at {
                        dt { (view.t("signal-happened-at")) } dd { (parts::moment(at)) }
                    }
                    dt { (view.t("signal-received-at")) } dd { (parts::moment(row.received_at)) }
                    @if row.seen_count > 1 {
                        dt { (view.t("signal-seen-label")) }
                        dd { (seen(view, row.seen_count)) ", " (parts::moment(row.last_seen_at)) }
                    }
                    @if let Some(name) = &details.reporter_name {
                        dt { (view.t("signal-reporter")) }
                        dd { (name) @if let Some(phone) = details.reporter_phone.as_ref().filter(|p| !p.is_empty()) {
                            br; a.tel href=(format!("tel:{phone}")) { (phone) }
                        } }
                    }
                    @if row.reads(Depth::Work) { (teller(view, details)) }
                    @if let Some(name) = &details.entered_by_name {
                        dt { (view.t("signal-entered-by")) } dd { (name) }
                    }
                    @if let Some(reason) = &details.reason {
                        dt { (view.t("reason")) } dd { (reason) }
                    }
                }
            }
        }
    }
}

/// Who told the desk of it, when it was entered for a unit that telephoned or wrote.
fn teller(view: &View, details: &Details) -> Markup {
    let body: serde_json::Value = serde_json::from_str(&details.body).unwrap_or_default();
    let text = |key: &str| body["teller"][key].as_str().unwrap_or_default().to_owned();
    let (name, phone, way) = (text("name"), text("phone"), text("way"));
    html! {
        @if !name.is_empty() {
            dt { (view.t("signal-reporter")) }
            dd {
                (name) " · " (view.t(&format!("report-way-{way}")))
                @if !phone.is_empty() { br; a.tel href=(format!("tel:{phone}")) { (phone) } }
            }
        }
    }
}

/// A filled dismissal.
#[derive(Deserialize)]
pub struct Dismissal {
    reason: String,
    #[serde(default)]
    note: String,
}

/// `POST /signals/{id}/dismiss`.
pub async fn dismiss(
    State(app): State<App>,
    member: Member,
    Path(id): Path<SignalId>,
    Form(form): Form<Dismissal>,
) -> Result<Redirect, Fault> {
    let reason = form.reason.parse().map_err(|_| Fault::Unreadable)?;
    let deed = Deed::Dismiss { reason, note: form.note };
    super::decide(&app, &member, id, Action::DismissSignal, &deed).await?;
    Ok(Redirect::to(&format!("/signals/{id}")))
}

/// `POST /signals/{id}/return`.
pub async fn give_back(
    State(app): State<App>,
    member: Member,
    Path(id): Path<SignalId>,
    Form(form): Form<parts::Reason>,
) -> Result<Redirect, Fault> {
    let deed = Deed::Return { reason: form.reason };
    super::decide(&app, &member, id, Action::ReturnSignal, &deed).await?;
    Ok(Redirect::to(&format!("/signals/{id}")))
}

/// `POST /signals/{id}/reopen`.
pub async fn reopen(
    State(app): State<App>,
    member: Member,
    Path(id): Path<SignalId>,
    Form(form): Form<parts::Reason>,
) -> Result<Redirect, Fault> {
    let deed = Deed::Reopen { reason: form.reason };
    super::decide(&app, &member, id, Action::VerifySignal, &deed).await?;
    Ok(Redirect::to(&format!("/signals/{id}")))
}
