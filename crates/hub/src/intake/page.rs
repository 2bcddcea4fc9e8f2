//! Pages of the sources: who sends, who fell silent, and the form for a new one.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use khien_domain::access::{Action, may};
use khien_domain::id::{SourceId, UnitId};
use khien_domain::unit::Unit;
use khien_store::NewEntry;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::source::{self, Added, Door, NewSource};
use super::store::{self, SourceRow};
use super::tally::Stranger;
use crate::access;
use crate::app::App;
use crate::fault::Fault;
use crate::unit;
use crate::web::view::{Caller, Member, View};
use crate::web::{layout, parts, time};

/// A source that was heard of and then says nothing for so long is shown as silent.
const SILENT_US: i64 = 3_600_000_000;
/// A clock that is off by less is not worth a word.
const SKEW_US: i64 = 10 * 60_000_000;

/// `GET /sources`.
pub async fn list(State(app): State<App>, view: View, member: Member) -> Result<Markup, Fault> {
    let sources = {
        let mut conn = app.db.read().await?;
        store::list(&mut conn, member.person.id).await?
    };
    let body = html! {
        (parts::head(&view.t("sources-title"), &view.t("sources-sub"), html! {
            a.button.button-main href="/sources/new" {
                (parts::icon("plus")) (view.t("source-new"))
            }
        }))
        @if sources.is_empty() {
            (parts::empty(&view, "sources-empty"))
        } @else {
            (table(&view, &sources, app.now()))
        }
        @if let Some(intake) = app.intake() {
            (strangers(&view, &intake.tally.strangers()))
            @let dropped = intake.tally.udp_dropped();
            @if dropped > 0 {
                div.notice.notice-warn role="status" { (parts::icon("warning"))
                    p.notice-body {
                        (view.lang.ta("sources-udp-dropped", &[("count", (dropped as i64).into())]))
                    }
                }
            }
        }
    };
    Ok(layout::page(&view, &view.t("sources-title"), body))
}

fn table(view: &View, sources: &[SourceRow], now: i64) -> Markup {
    html! {
        div.table-wrap { table.table.cards {
            thead { tr {
                @for key in ["source-name", "source-unit", "source-door", "source-seen"] {
                    th scope="col" { (view.t(key)) }
                }
                th.number scope="col" { (view.t("source-accepted")) }
                th.number scope="col" { (view.t("source-rejected")) }
                th scope="col" { span.sr { (view.t("source-disable")) } }
            } }
            tbody { @for source in sources { (row(view, source, now)) } }
        } }
    }
}

fn row(view: &View, source: &SourceRow, now: i64) -> Markup {
    let silent = source.seen_at.is_some_and(|seen| now - seen > SILENT_US);
    html! {
        tr {
            th scope="row" { (source.name) @if !source.networks.is_empty() {
                small.mono { " " (source.networks) }
            } }
            td data-label=(view.t("source-unit")) { (source.unit_name) }
            td data-label=(view.t("source-door")) { (view.t(&format!("source-door-{}", source.door))) }
            td data-label=(view.t("source-seen")) {
                @match source.seen_at {
                    Some(at) => (parts::moment(at)),
                    None => (view.t("source-never")),
                }
                @if silent && source.disabled_at.is_none() {
                    " " span.badge { (view.t("source-silent")) }
                }
                @if let Some(skew) = source.skew.filter(|skew| skew.abs() >= SKEW_US) {
                    " " span.badge { (skew_text(view, skew)) }
                }
            }
            td.number data-label=(view.t("source-accepted")) { (source.accepted) }
            td.number data-label=(view.t("source-rejected")) { (source.rejected) (losses(view, source)) }
            td.cell-actions {
                @if source.disabled_at.is_some() {
                    span.badge.badge-quiet { (view.t("source-disabled")) }
                } @else {
                    (disabling(view, &format!("/sources/{}/disable", source.id)))
                }
            }
        }
    }
}

/// There is no way back but a new source, so the button says so first.
fn disabling(view: &View, action: &str) -> Markup {
    html! {
        details.sure {
            summary.button.button-small { (view.t("source-disable")) "…" }
            form method="post" action=(action) {
                p.help { (view.t("source-disable-help")) }
                button.button.button-danger { (view.t("source-disable")) }
            }
        }
    }
}

fn losses(view: &View, source: &SourceRow) -> Markup {
    html! {
        @for (key, count) in [("source-cut", source.cut), ("source-lost", source.lost)] {
            @if count > 0 { br; small { (view.lang.ta(key, &[("count", count.into())])) } }
        }
    }
}

fn skew_text(view: &View, skew: i64) -> String {
    let key = if skew > 0 { "source-clock-fast" } else { "source-clock-slow" };
    view.lang.ta(key, &[("span", (&time::span(view.lang, skew)).into())])
}

fn strangers(view: &View, strangers: &[Stranger]) -> Markup {
    html! {
        @if !strangers.is_empty() {
            section.panel {
                div.panel-head { h2 { (view.t("strangers-title")) } }
                div.panel-body { p.help { (view.t("strangers-help")) } }
                div.table-wrap { table.table.cards {
                    thead { tr {
                        th scope="col" { (view.t("stranger-address")) }
                        th.number scope="col" { (view.t("stranger-count")) }
                        th scope="col" { (view.t("source-seen")) }
                    } }
                    tbody { @for stranger in strangers {
                        tr {
                            th.mono scope="row" { @match stranger.address {
                                Some(address) => (address),
                                None => (view.t("stranger-others")),
                            } }
                            td.number data-label=(view.t("stranger-count")) { (stranger.count) }
                            td data-label=(view.t("source-seen")) { (parts::moment(stranger.seen_at)) }
                        }
                    } }
                } }
            }
        }
    }
}

/// A filled form for a new source.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Filled {
    name: String,
    unit: String,
    door: String,
    networks: String,
}

/// `GET /sources/new`.
pub async fn form(State(app): State<App>, view: View, member: Member) -> Result<Markup, Fault> {
    form_page(&app, &view, &member, &Filled::default(), None).await
}

async fn form_page(
    app: &App,
    view: &View,
    caller: &Caller,
    filled: &Filled,
    fault: Option<&Fault>,
) -> Result<Markup, Fault> {
    let units = administered_units(app, caller).await?;
    let body = html! {
        (parts::head(&view.t("source-new"), "", html! {}))
        form.form method="post" action="/sources/new" {
            (parts::form_fault(view, fault))
            (parts::field(view, "name", "source-name", true, html! {
                input.input #name name="name" value=(filled.name) required maxlength="100";
            }))
            (parts::field(view, "unit", "source-unit", true, html! {
                select.select #unit name="unit" required aria-describedby="unit-help" {
                    @for unit in &units {
                        option value=(unit.code) selected[unit.code == filled.unit] { (unit.name) }
                    }
                }
                p.help #unit-help { (view.t("source-unit-help")) }
            }))
            (parts::field(view, "door", "source-door", true, html! {
                select.select #door name="door" {
                    (parts::options(view, "source-door", ["http", "syslog"], &filled.door))
                }
            }))
            (parts::field(view, "networks", "source-networks", false, html! {
                textarea.textarea #networks name="networks" rows="3"
                    aria-describedby="networks-help" { (filled.networks) }
                p.help #networks-help { (view.t("source-networks-help")) }
            }))
            button.button.button-main type="submit" { (view.t("source-add")) }
            " " a.button href="/sources" { (view.t("cancel")) }
        }
    };
    Ok(layout::page(view, &view.t("source-new"), body))
}

async fn administered_units(app: &App, caller: &Caller) -> Result<Vec<Unit>, Fault> {
    let tree = {
        let mut conn = app.db.read().await?;
        unit::store::tree(&mut conn).await?
    };
    let allowed = |unit: &&Unit| {
        may(&caller.person, Action::AdministerSources, unit.id, &tree, app.now()).is_ok()
    };
    Ok(tree.units().filter(allowed).cloned().collect())
}

/// `POST /sources/new`: adds the source and shows its token, once.
pub async fn create(
    State(app): State<App>,
    view: View,
    member: Member,
    Form(filled): Form<Filled>,
) -> Result<Response, Fault> {
    match add(&app, &member, &filled).await {
        Ok(added) => Ok(added_page(&view, &filled.name, &added).into_response()),
        Err(fault @ Fault::Invalid(_)) => {
            let page = form_page(&app, &view, &member, &filled, Some(&fault)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

async fn add(app: &App, caller: &Caller, filled: &Filled) -> Result<Added, Fault> {
    let door = match filled.door.as_str() {
        "http" => Door::Http,
        "syslog" => Door::Syslog(source::networks(&filled.networks).map_err(Fault::Invalid)?),
        _ => return Err(Fault::Unreadable),
    };
    let mut write = app.db.write().await?;
    let tree = unit::store::tree(&mut write).await?;
    let unit = tree.units().find(|unit| unit.code == filled.unit).ok_or(Fault::NotFound)?.id;
    access::demand(app, &mut write, caller, Action::AdministerSources, unit).await?;
    let new = NewSource { name: filled.name.clone(), unit, door };
    let added = source::add(app, &mut write, caller.actor(), &new).await?;
    app.commit(write).await?;
    super::refresh(app).await?;
    Ok(added)
}

fn added_page(view: &View, name: &str, added: &Added) -> Markup {
    let body = html! {
        (parts::head(&view.t("source-added"), name, html! {}))
        @match &added.token {
            Some(token) => {
                div.notice.notice-warn role="status" { (parts::icon("key"))
                    div.notice-body { p { (view.t("source-token-once")) } p.mono { code { (token) } } }
                }
                p.help { (view.t("source-token-use")) }
            }
            None => p { (view.t("source-syslog-use")) },
        }
        a.button href="/sources" { (view.t("back")) }
    };
    layout::page(view, &view.t("source-added"), body)
}

/// `POST /sources/{id}/disable`: closes the door to a source; its events stay.
pub async fn disable(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Fault> {
    let mut write = app.db.write().await?;
    let id = SourceId::new(id);
    let row = store::find(&mut write, member.person.id, id).await?.ok_or(Fault::NotFound)?;
    let unit = UnitId::new(row.unit);
    access::demand(&app, &mut write, &member, Action::AdministerSources, unit).await?;
    if store::disable(&mut write, id, app.now()).await? {
        write.record(NewEntry {
            at: app.now(),
            actor: member.actor(),
            action: "source.disable",
            subject: format!("source:{id}"),
            body: json!({ "name": row.name }),
        });
        app.commit(write).await?;
        super::refresh(&app).await?;
    }
    Ok(Redirect::to("/sources"))
}
