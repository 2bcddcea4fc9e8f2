//! The page of one rule: what it looks for, how often it fired and what it costs, where it is
//! suppressed, by whom, why and until when.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use khien_detect::{Counters, RuleInfo};
use khien_domain::access::Action;
use khien_domain::suppression::DAYS_MAX;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::limit::HOUR_US;
use super::measured::Measured;
use super::store::{self, Count};
use super::suppress::{self, Shown, Wanted};
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::{Caller, Member, View};
use crate::web::{encode_query, layout, parts};

/// Days that the form offers.
const DAYS_OFFERED: u32 = 7;

/// Which rule. In the query and not in the path, because one without an id goes by its file.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    id: String,
}

/// Returns the path of the page of a rule.
pub(super) fn path(rule: &str) -> String {
    format!("/rules/rule?id={}", encode_query(rule))
}

/// `GET /rules/rule`.
pub async fn show(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(asked): Query<Asked>,
) -> Result<Markup, Fault> {
    page(&app, &view, &member, &asked.id, None).await
}

/// `POST /rules/suppress`.
pub async fn suppress(
    State(app): State<App>,
    view: View,
    member: Member,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    match suppress::begin(&app, &member, &wanted).await {
        Ok(()) => Ok(Redirect::to(&path(&wanted.rule)).into_response()),
        Err(fault @ Fault::Invalid(_)) => {
            let page = page(&app, &view, &member, &wanted.rule, Some(&fault)).await?;
            Ok((fault.status(), page).into_response())
        }
        Err(other) => Err(other),
    }
}

/// `POST /rules/suppressions/{id}/lift`.
pub async fn lift(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Fault> {
    let rule = suppress::lift(&app, &member, id).await?;
    Ok(Redirect::to(&path(&rule)))
}

async fn page(
    app: &App,
    view: &View,
    caller: &Caller,
    id: &str,
    fault: Option<&Fault>,
) -> Result<Markup, Fault> {
    let (count, suppressions) = {
        let mut conn = app.db.read().await?;
        let counts = store::counts(&mut conn, app.now().div_euclid(HOUR_US)).await?;
        let count = counts.into_iter().find(|count| count.rule == id).unwrap_or_default();
        (count, suppress::list(&mut conn, caller.person.id, id, app.now()).await?)
    };
    let loaded = app.rules();
    let rule = loaded.rules.iter().find(|rule| rule.id == id);
    let name = rule.map_or(id, |rule| rule.title_vi.as_deref().unwrap_or(&rule.title));
    let body = html! {
        (parts::crumbs(view, "/rules", &view.t("rules-title"), name))
        (parts::head(name, "", html! {
            @if let Some(rule) = rule { (parts::level(view, rule.level.name())) }
        }))
        (parts::form_fault(view, fault))
        div.columns {
            div {
                @if let Some(rule) = rule { (about(view, rule)) }
                @else { div.notice { (parts::icon("info")) p.notice-body { (view.t("rule-gone")) } } }
            }
            aside { (work(view, id, &count, &loaded.measured())) }
        }
        (suppressed(view, &suppressions))
        @if caller.holds(Action::TuneRules) { (form(view, id)) }
    };
    Ok(layout::page(view, name, body))
}

fn about(view: &View, rule: &Arc<RuleInfo>) -> Markup {
    // Rules come from strangers: only a link that leads to the web is one.
    let web = rule.link.starts_with("https://") || rule.link.starts_with("http://");
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("rule-about")) } }
            div.panel-body.stack-s {
                @if let Some(advice) = &rule.advice_vi { p { (advice) } }
                @if !rule.description.is_empty() { p.soft lang="en" { (rule.description) } }
                dl.pairs {
                    @if rule.title_vi.is_some() { dt { (view.t("rule-title")) } dd lang="en" { (rule.title) } }
                    dt { (view.t("rule-id")) } dd.mono { (rule.id) }
                    dt { (view.t("rule-file")) } dd.mono { (rule.file) }
                    @if !rule.author.is_empty() { dt { (view.t("rule-author")) } dd { (rule.author) } }
                    @if web { dt { (view.t("rule-link")) } dd { a href=(rule.link) rel="noreferrer" { (rule.link) } } }
                    dt { (view.t("rule-source")) } dd.mono { (rule.source) }
                    @if !rule.tags.is_empty() { dt { (view.t("rule-tags")) } dd.mono { (rule.tags.join(" ")) } }
                    @if !rule.falsepositives.is_empty() {
                        dt { (view.t("rule-falsepositives")) }
                        dd lang="en" { (rule.falsepositives.join("; ")) }
                    }
                }
            }
        }
    }
}

fn work(view: &View, id: &str, count: &Count, measured: &Measured) -> Markup {
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("rule-work")) } }
            div.panel-body.stack-s { dl.pairs {
                dt { (view.t("rule-hits-day")) } dd { (count.day) }
                dt { (view.t("rule-hits-week")) } dd { (count.week) }
                dt { (view.t("rule-hits-total")) } dd { (count.total) }
                dt { (view.t("rule-cost")) } dd { (cost(measured, id)) }
                @if let Some((groups, bytes)) = measured.groups(id) {
                    dt { (view.t("rule-groups")) } dd { (groups) }
                    dt { (view.t("rule-memory")) } dd { (bytes / 1024) " KiB" }
                    @let Counters { evicted_groups, cut, .. } = measured.counters(id);
                    @if evicted_groups + cut > 0 {
                        dt { (view.t("rule-groups-evicted")) } dd { (evicted_groups) }
                        dt { (view.t("rule-sightings-cut")) } dd { (cut) }
                    }
                }
            } p.help { (view.t("rule-cost-help")) } }
        }
    }
}

/// Returns on how many of a thousand events the rule was tried, as a page says it.
pub(super) fn cost(measured: &Measured, id: &str) -> String {
    measured.tries_per_thousand(id).map_or_else(|| "–".to_owned(), |tries| format!("{tries:.1}"))
}

/// Returns the suppressions of a rule, or nothing where there never was one.
fn suppressed(view: &View, rows: &[Shown]) -> Markup {
    html! {
        @if !rows.is_empty() {
            section.panel {
                div.panel-head { h2 { (view.t("rule-suppressions")) } }
                (table(view, rows, |_| html! {}))
            }
        }
    }
}

/// Returns suppressions as a table; `lead` says what stands in front of the reason.
pub(super) fn table(view: &View, rows: &[Shown], lead: impl Fn(&Shown) -> Markup) -> Markup {
    html! {
        div.table-wrap { table.table.cards {
            thead { tr {
                @for key in ["suppression-why", "suppression-where", "suppression-owner", "suppression-term"] {
                    th scope="col" { (view.t(key)) }
                }
                th.number scope="col" { (view.t("suppression-hits")) }
                th scope="col" { span.sr { (view.t("suppression-lift")) } }
            } }
            tbody { @for row in rows { (line(view, row, lead(row))) } }
        } }
    }
}

fn line(view: &View, row: &Shown, lead: Markup) -> Markup {
    let (from, until, lifted) = row.term();
    html! {
        tr {
            th scope="row" { (lead) (row.reason()) }
            td data-label=(view.t("suppression-where")) { (place(view, row)) }
            td data-label=(view.t("suppression-owner")) { (row.owner_name) }
            td data-label=(view.t("suppression-term")) {
                (parts::moment(from)) " – " (parts::moment(until))
                @if let Some(at) = lifted { br; (view.t("suppression-lifted")) " " (parts::moment(at)) }
            }
            td.number data-label=(view.t("suppression-hits")) {
                (row.hits)
                @if let Some(at) = row.last_hit_at { br; small { (parts::moment(at)) } }
            }
            td {
                @if row.holds(view.now) && view.may(Action::TuneRules) {
                    form method="post" action=(format!("/rules/suppressions/{}/lift", row.id())) {
                        button.button.button-small { (view.t("suppression-lift")) }
                    }
                }
            }
        }
    }
}

fn place(view: &View, row: &Shown) -> Markup {
    html! {
        @match (&row.unit_name, &row.asset_name) {
            (Some(unit), Some(asset)) => { (asset) br; small { (unit) } }
            (Some(unit), None) => { (unit) }
            (None, _) => { b { (view.t("suppression-everywhere")) } }
        }
    }
}

fn form(view: &View, id: &str) -> Markup {
    html! {
        section.panel { div.panel-body { details {
            summary { (view.t("suppress")) "…" }
            form.form method="post" action="/rules/suppress" {
                p.help { (view.t("suppress-help")) }
                input type="hidden" name="rule" value=(id);
                (parts::field(view, "suppress-reason", "suppression-why", true, html! {
                    textarea.textarea #suppress-reason name="reason" required maxlength="2000" {}
                }))
                div.field-row {
                    (parts::field(view, "suppress-unit", "unit-code", false, html! {
                        span.help { (view.t("suppress-unit-help")) }
                        input.input #suppress-unit name="unit";
                    }))
                    (parts::field(view, "suppress-host", "suppress-host", false, html! {
                        span.help { (view.t("suppress-host-help")) }
                        input.input #suppress-host name="host" maxlength="255";
                    }))
                }
                (parts::field(view, "suppress-days", "suppress-days", true, html! {
                    input.input.input-short #suppress-days type="number" name="days" min="1"
                        max=(DAYS_MAX) value=(DAYS_OFFERED) required;
                }))
                div.actions { button.button { (view.t("suppress")) } }
            }
        } } }
    }
}
