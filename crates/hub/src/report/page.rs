//! The report that a unit files itself: one screen on a phone, one page after it.

use axum::extract::{Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use khien_domain::access::Action;
use khien_domain::fold::fold;
use khien_domain::id::SignalId;
use khien_domain::signal::ReportFacts;
use khien_domain::unit::Unit;
use khien_store::Conn;
use maud::{Markup, html};
use serde::Deserialize;

use super::fields::{detected, draft_note, faults, pictures, secrets, signs, system, technical};
use super::form::{self, Typed, Unfiled, Wrong};
use super::store::{self, Duty, OwnAsset};
use super::{Filing, advice, choices};
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::{Caller, Member, View};
use crate::web::{layout, parts};
use crate::{evidence, signal, unit};

/// Which unit reports, when a person has several.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    unit: String,
}

/// `GET /report`.
pub(super) async fn show(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(asked): Query<Asked>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let tree = unit::store::tree(&mut conn).await?;
    let units = choices::units(&member.person, Action::FileReport, &tree, view.now);
    let chosen = choices::chosen(&units, &asked.unit).ok_or(Fault::NotFound)?;
    let typed = Typed::empty(app.new_id(), chosen.id, view.now);
    let assets = store::assets(&mut conn, member.person.id, chosen.id).await?;
    Ok(page(&view, &member, &units, &typed, &assets, &[]))
}

/// `POST /report`.
pub(super) async fn send(
    State(app): State<App>,
    view: View,
    member: Member,
    multipart: Multipart,
) -> Result<Response, Fault> {
    let (pairs, files) = evidence::form::read(&app, multipart).await?.into_parts();
    let typed = Typed::from(pairs);
    match own(&app, &view, &member, &typed).await {
        Ok(filing) => {
            let id = super::file(&app, &member, Filing { files, ..filing }).await?;
            Ok(Redirect::to(&format!("/report/{id}/sent")).into_response())
        }
        Err(unfiled) => {
            // A browser does not send them again by itself: the form says so.
            evidence::discard(&app, &files).await;
            match unfiled {
                Unfiled::Wrong(wrongs) => again(&app, &view, &member, &typed, &wrongs).await,
                Unfiled::Fault(fault) => Err(fault),
            }
        }
    }
}

async fn own(app: &App, view: &View, caller: &Caller, typed: &Typed) -> Result<Filing, Unfiled> {
    let assets = {
        let mut conn = app.db.read().await.map_err(Fault::from)?;
        assets_of(&mut conn, caller, &typed.unit).await?
    };
    form::own(view, typed, &assets)
}

async fn again(
    app: &App,
    view: &View,
    caller: &Caller,
    typed: &Typed,
    wrongs: &[Wrong],
) -> Result<Response, Fault> {
    let mut conn = app.db.read().await?;
    let tree = unit::store::tree(&mut conn).await?;
    let assets = assets_of(&mut conn, caller, &typed.unit).await?;
    let units = choices::units(&caller.person, Action::FileReport, &tree, view.now);
    let page = page(view, caller, &units, typed, &assets, wrongs);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Returns the assets of the unit that a form names; none when it names no unit.
pub(super) async fn assets_of(
    conn: &mut Conn,
    caller: &Caller,
    unit: &str,
) -> Result<Vec<OwnAsset>, Fault> {
    match unit.parse() {
        Ok(unit) => store::assets(conn, caller.person.id, unit).await,
        Err(_) => Ok(Vec::new()),
    }
}

fn page(
    view: &View,
    caller: &Caller,
    units: &[&Unit],
    typed: &Typed,
    assets: &[OwnAsset],
    wrongs: &[Wrong],
) -> Markup {
    let draft = format!("report:{}", caller.person.id);
    let body = html! {
        div.stack.narrow {
            (parts::head(&view.t("report-title"), &view.t("report-sub"), html! {}))
            (secrets(view))
            (which_unit(view, units, &typed.unit))
            (faults(view, wrongs))
            form.form method="post" action="/report" data-draft=(draft)
                enctype="multipart/form-data" {
                input type="hidden" name="form_key" value=(typed.form_key);
                input type="hidden" name="unit" value=(typed.unit);
                (draft_note(view))
                div.part { (detected(view, typed, wrongs, false)) }
                (signs(view, typed, wrongs))
                (system(view, typed, assets, wrongs))
                (technical(view, typed, wrongs, pictures(view)))
                button.report-button { (parts::icon("siren")) (view.t("report-send")) }
            }
            p.soft { a href="/report/paper" { (view.t("report-paper-link")) } }
        }
    };
    layout::page(view, &view.t("report-title"), body)
}

/// A shared officer of a commune's Party committee and People's Committee says for which.
fn which_unit(view: &View, units: &[&Unit], chosen: &str) -> Markup {
    let name = units.iter().find(|unit| unit.id.to_string() == chosen).map(|unit| &unit.name);
    html! {
        @if units.len() > 1 {
            form.filters method="get" action="/report" {
                div.field {
                    label for="which-unit" { (view.t("report-unit")) }
                    select.select #which-unit name="unit" {
                        @for unit in units {
                            option value=(unit.id) selected[unit.id.to_string() == chosen] {
                                (unit.name)
                            }
                        }
                    }
                }
                button.button { (view.t("report-unit-choose")) }
            }
        }
        @if let Some(name) = name { p { (view.t("report-for")) " " b { (name) } } }
    }
}

/// `GET /report/{id}/sent`: the number, what to do now, and whom to call.
pub(super) async fn sent(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<SignalId>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let row = signal::store::find(&mut conn, member.person.id, id).await?.ok_or(Fault::NotFound)?;
    let details = signal::store::details(&mut conn, id).await?;
    let duty = store::duty(&mut conn, view.now).await?;
    let body: serde_json::Value = serde_json::from_str(&details.body).unwrap_or_default();
    let report: Option<ReportFacts> =
        body.get("report").and_then(|report| serde_json::from_value(report.clone()).ok());
    // Only a report has a page that says so.
    let signs = report.ok_or(Fault::NotFound)?.signs;
    let title = view.t("report-sent");
    let body = html! {
        div.stack.narrow {
            div.notice.notice-good role="status"
                data-draft-sent=(format!("report:{}", member.person.id)) {
                (parts::icon("check"))
                div.notice-body {
                    h1 { (view.t("report-sent")) }
                    p { (view.t("report-number")) " " b { (row.number) } " · "
                        (parts::moment(row.received_at)) }
                    p { (view.t("report-wait")) }
                }
            }
            (call_duty(&view, duty.as_ref()))
            section.panel aria-labelledby="now" {
                div.panel-head { h2 #now { (view.t("report-do-now")) } }
                div.panel-body { ol.slip-steps {
                    @for key in advice::keys(&signs) { li { (view.t(key)) } }
                } }
            }
            div.actions {
                a.button.button-main href="/" { (view.t("report-home")) }
                a.button href=(format!("/signals/{id}")) { (view.t("report-see")) }
            }
        }
    };
    Ok(layout::page(&view, &title, body))
}

/// Returns the telephone number of the desk to tap, or what to do when none is registered.
pub fn call_duty(view: &View, duty: Option<&Duty>) -> Markup {
    let watch = view.t("report-duty");
    // A desk that is called "Điện thoại trực 24/7" has said so itself.
    let says_so = duty.is_some_and(|duty| fold(&duty.name).contains(&fold(&watch)));
    match duty {
        Some(duty) => html! {
            a.call href=(format!("tel:{}", duty.phone)) {
                (parts::icon("phone"))
                span {
                    span.call-who { (duty.name) @if !says_so { " · " (watch) } }
                    span.call-number { (spoken(&duty.phone)) }
                }
            }
        },
        None => html! {
            div.notice.notice-warn { (parts::icon("phone"))
                p.notice-body { (view.t("report-duty-none")) } }
        },
    }
}

/// Returns a number in the groups in which people say it: `0233 3000 111`, `0691 234 567`.
pub(super) fn spoken(phone: &str) -> String {
    let groups: &[usize] = match phone.len() {
        10 => &[4, 3, 3],
        11 => &[4, 4, 3],
        _ => return phone.to_owned(),
    };
    let (mut rest, mut said) = (phone, Vec::new());
    for size in groups {
        // Stored numbers are digits alone.
        let Some((group, more)) = rest.split_at_checked(*size) else { return phone.to_owned() };
        said.push(group);
        rest = more;
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_they_are_said() {
        assert_eq!(spoken("02333000111"), "0233 3000 111");
        assert_eq!(spoken("0691234567"), "0691 234 567");
        assert_eq!(spoken("113"), "113");
    }

    #[test]
    fn a_desk_says_once_that_it_keeps_watch() {
        let said = |name: &str| {
            let duty = Duty { name: name.to_owned(), phone: "113".to_owned() };
            call_duty(&View::default(), Some(&duty)).into_string().to_lowercase()
        };
        for name in ["Điện thoại trực 24/7", "Phòng An ninh mạng"] {
            assert_eq!(said(name).matches("trực 24/7").count(), 1, "{name}");
        }
    }
}
