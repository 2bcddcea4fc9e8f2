//! A report that the desk enters while a unit telephones: the time first, everything by keyboard,
//! and straight to the signal afterwards.

use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use khien_domain::access::Action;
use khien_domain::unit::Unit;
use maud::{Markup, html};

use super::fields::{
    detected, draft_note, fault_at, fault_id, faults, secrets, signs, technical, wrong_part,
};
use super::form::{self, Typed, UNKNOWN, Unfiled, Wrong, fault_of};
use super::{WAYS, choices};
use crate::app::App;
use crate::fault::Fault;
use crate::unit;
use crate::web::view::{Caller, Member, View};
use crate::web::{layout, parts};

/// `GET /report/on-behalf`.
pub(super) async fn show(
    State(app): State<App>,
    view: View,
    member: Member,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let tree = unit::store::tree(&mut conn).await?;
    let units = choices::units(&member.person, Action::EnterReportOnBehalf, &tree, view.now);
    let typed =
        Typed { unit: String::new(), ..Typed::empty(app.new_id(), member.person.unit, view.now) };
    Ok(page(&view, &member, &units, &typed, &[]))
}

/// `POST /report/on-behalf`.
pub(super) async fn send(
    State(app): State<App>,
    view: View,
    member: Member,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let typed = Typed { asset: UNKNOWN.to_owned(), ..Typed::from(pairs) };
    let (tree, assets) = {
        let mut conn = app.db.read().await?;
        let tree = unit::store::tree(&mut conn).await?;
        (tree, super::page::assets_of(&mut conn, &member, &typed.unit).await?)
    };
    match form::told(&view, &typed, &assets) {
        Ok(filing) => {
            let id = super::file(&app, &member, filing).await?;
            Ok(Redirect::to(&format!("/signals/{id}")).into_response())
        }
        Err(Unfiled::Wrong(wrongs)) => {
            let units =
                choices::units(&member.person, Action::EnterReportOnBehalf, &tree, view.now);
            let page = page(&view, &member, &units, &typed, &wrongs);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(Unfiled::Fault(fault)) => Err(fault),
    }
}

fn page(view: &View, caller: &Caller, units: &[&Unit], typed: &Typed, wrongs: &[Wrong]) -> Markup {
    let draft = format!("on-behalf:{}", caller.person.id);
    let paper = html! {
        a.button href="/report/paper" { (parts::icon("print")) (view.t("report-paper-link")) }
    };
    let body = html! {
        div.stack.narrow {
            (parts::head(&view.t("behalf-title"), &view.t("behalf-sub"), paper))
            (secrets(view))
            (faults(view, wrongs))
            form.form method="post" action="/report/on-behalf" data-draft=(draft) {
                input type="hidden" name="form_key" value=(typed.form_key);
                (draft_note(view))
                div.part { (detected(view, typed, wrongs, true)) }
                (which_unit(view, units, typed, wrongs))
                (teller(view, typed, wrongs))
                (signs(view, typed, wrongs))
                div.part {
                    div.field.field-wrong[fault_of(wrongs, "system").is_some()] {
                        label.part-title for="system" {
                            span.part-number aria-hidden="true" { "3" }
                            span { (view.t("report-system")) }
                        }
                        span.help #system-help { (view.t("behalf-system-help")) }
                        (fault_at(wrongs, "system"))
                        input.input #system name="system" value=(typed.system) maxlength="200"
                            aria-describedby="system-help";
                    }
                }
                (technical(view, typed, wrongs, html! {}))
                button.button.button-main.button-wide {
                    (parts::icon("check")) (view.t("behalf-send"))
                }
            }
        }
    };
    layout::page(view, &view.t("behalf-title"), body)
}

fn which_unit(view: &View, units: &[&Unit], typed: &Typed, wrongs: &[Wrong]) -> Markup {
    html! {
        fieldset.part #unit aria-describedby=[fault_id(wrongs, "unit")] {
            legend.sr { (view.t("behalf-unit")) }
            p.part-title aria-hidden="true" {
                span { (view.t("behalf-unit")) " " span.need { "*" } }
            }
            (wrong_part(wrongs, "unit"))
            div.pick {
                label.sr for="unit-search" { (view.t("behalf-unit-search")) }
                input.input.only-js #unit-search type="search" data-pick autocomplete="off"
                    placeholder=(view.t("report-search-hint"));
                div.pick-list {
                    @for unit in units {
                        label.pick-row {
                            input type="radio" name="unit" value=(unit.id) required
                                checked[unit.id.to_string() == typed.unit];
                            span { (unit.name) small { (unit.code) } }
                        }
                    }
                    p.pick-none hidden { (view.t("behalf-unit-none")) }
                }
            }
        }
    }
}

fn teller(view: &View, typed: &Typed, wrongs: &[Wrong]) -> Markup {
    let text = |field: &'static str, key: &str, kind: &str, value: &str, needed: bool| {
        let wrong = fault_of(wrongs, field).is_some();
        html! {
            div.field.field-wrong[wrong] {
                label for=(field) {
                    (view.t(key)) " " @if needed { span.need aria-hidden="true" { "*" } }
                }
                (fault_at(wrongs, field))
                input.input id=(field) name=(field) type=(kind) value=(value) autocomplete="off"
                    maxlength="200" required[needed] aria-invalid=[wrong.then_some("true")]
                    aria-describedby=[fault_id(wrongs, field)];
            }
        }
    };
    html! {
        div.part {
            (text("teller_name", "behalf-teller", "text", &typed.teller_name, true))
            (text("teller_phone", "behalf-phone", "tel", &typed.teller_phone, false))
            div.field {
                label for="way" { (view.t("behalf-way")) }
                select.select #way name="way" {
                    (parts::options(view, "report-way", WAYS.iter().copied(), &typed.way))
                }
            }
        }
    }
}
