//! Pages of the registry: the list by kind, a unit for others to call, and the forms that change it.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use khien_domain::access::Action;
use khien_domain::fold::fold;
use khien_domain::id::UnitId;
use khien_domain::refusal::{Code, Refusal};
use khien_domain::unit::{Contact, ContactPurpose, Tree, Unit, UnitKind};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::store::{self, ContactRow};
use super::{api, search_key};
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::ListQuery;
use crate::web::view::{Member, View};
use crate::web::{layout, parts, time};

/// The most units that the list shows at once; a search narrows it.
const SHOWN_MAX: usize = 500;

/// `GET /units`: every unit by kind, the dissolved ones last.
pub async fn list(
    State(app): State<App>,
    view: View,
    Query(query): Query<ListQuery>,
) -> Result<Markup, Fault> {
    let tree = {
        let mut conn = app.db.read().await?;
        store::tree(&mut conn).await?
    };
    let wanted = fold(query.q.trim());
    let mut found: Vec<&Unit> =
        tree.units().filter(|unit| search_key(unit).contains(&wanted)).collect();
    let total = found.len();
    found.sort_by(|a, b| a.code.cmp(&b.code));
    found.truncate(SHOWN_MAX);
    let mut groups: BTreeMap<(bool, Option<UnitKind>), Vec<&Unit>> = BTreeMap::new();
    for unit in found {
        let dissolved = unit.dissolved(app.now());
        let group = if dissolved { (true, None) } else { (false, Some(unit.kind)) };
        groups.entry(group).or_default().push(unit);
    }
    let sub = view.lang.ta("pager-total", &[("total", (total as i64).into())]);
    let body = html! {
        (parts::head(&view.t("nav-units"), &sub, html! {
            @if view.may(Action::AdministerUnits) {
                a.button.button-main href="/units/new" {
                    (parts::icon("plus")) (view.t("unit-new"))
                }
            }
        }))
        (parts::search(&view, "/units", &query.q, html! {}))
        @if groups.is_empty() { (parts::empty(&view, "unit-none-found")) }
        @if total > SHOWN_MAX { div.notice { p.notice-body { (view.t("unit-too-many-shown")) } } }
        @for ((_, kind), units) in &groups { (group(&view, &tree, *kind, units)) }
    };
    Ok(layout::page(&view, &view.t("nav-units"), body))
}

fn group(view: &View, tree: &Tree, kind: Option<UnitKind>, units: &[&Unit]) -> Markup {
    let title = kind.map_or_else(|| view.t("unit-dissolved"), |kind| kind_name(view, kind));
    html! {
        section.panel {
            div.panel-head { h2 { (title) " " span.badge.badge-quiet { (units.len()) } } }
            div.table-wrap {
                table.table.cards {
                    thead { tr {
                        th scope="col" { (view.t("unit-name")) }
                        th scope="col" { (view.t("unit-code")) }
                        th scope="col" { (view.t("unit-parent")) }
                    } }
                    tbody {
                        @for unit in units {
                            tr {
                                th scope="row" { (link(unit)) }
                                td data-label=(view.t("unit-code")) { span.mono { (unit.code) } }
                                td data-label=(view.t("unit-parent")) {
                                    @if let Some(parent) = above(tree, unit) { (parent.name) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn kind_name(view: &View, kind: UnitKind) -> String {
    view.t(&format!("unit-kind-{kind}"))
}

fn link(unit: &Unit) -> Markup {
    html! { a href=(format!("/units/{}", unit.id)) { (unit.name) } }
}

fn above<'a>(tree: &'a Tree, unit: &Unit) -> Option<&'a Unit> {
    unit.parent.and_then(|id| tree.get(id))
}

/// `GET /units/{id}`: what others need of a unit: what it is, and whom to call.
pub async fn show(
    State(app): State<App>,
    view: View,
    Path(id): Path<Uuid>,
) -> Result<Markup, Fault> {
    let id = UnitId::new(id);
    let (tree, contacts) = {
        let mut conn = app.db.read().await?;
        (store::tree(&mut conn).await?, store::contacts(&mut conn, id, app.now()).await?)
    };
    let unit = tree.get(id).ok_or(Fault::NotFound)?;
    let administers = view.may(Action::AdministerUnits);
    let body = html! {
        (parts::crumbs(&view, "/units", &view.t("nav-units"), &unit.code))
        (parts::head(&unit.name, &kind_name(&view, unit.kind), html! {
            a.button href=(format!("/assets-register?unit={}", unit.code)) {
                (parts::icon("server")) (view.t("unit-assets"))
            }
            @if administers {
                a.button href=(format!("/units/{id}/edit")) {
                    (parts::icon("edit")) (view.t("unit-edit"))
                }
                @if unit.valid_to.is_none() { (dissolve_form(&view, &tree, unit, app.now())) }
            }
        }))
        div.columns {
            div {
                (contact_list(&view, unit, &contacts, administers, app.now()))
                @if administers { (contact_form(&view, unit)) }
            }
            aside { (facts(&view, &tree, unit, app.now())) }
        }
    };
    Ok(layout::page(&view, &unit.name, body))
}

fn facts(view: &View, tree: &Tree, unit: &Unit, now: i64) -> Markup {
    let below: Vec<&Unit> = tree.units().filter(|u| u.parent == Some(unit.id)).collect();
    let inherited: Vec<&Unit> = tree.units().filter(|u| u.successor == Some(unit.id)).collect();
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("unit-facts")) } }
            div.panel-body {
                dl.pairs {
                    dt { (view.t("unit-code")) } dd { span.mono { (unit.code) } }
                    dt { (view.t("unit-state")) }
                    dd { (view.t(&format!("unit-state-{}", api::state(unit, now)))) }
                    @if let Some(parent) = above(tree, unit) {
                        dt { (view.t("unit-parent")) } dd { (link(parent)) }
                    }
                    dt { (view.t("unit-valid_from")) } dd { (time::day(unit.valid_from)) }
                    @if let Some(end) = unit.valid_to {
                        dt { (view.t("unit-valid_to")) } dd { (time::day(end - 1)) }
                    }
                    @if let Some(heir) = unit.successor.and_then(|id| tree.get(id)) {
                        dt { (view.t("unit-successor")) } dd { (link(heir)) }
                    }
                    @if !inherited.is_empty() {
                        dt { (view.t("unit-inherited")) }
                        dd { @for unit in &inherited { (link(unit)) br; } }
                    }
                }
            }
            @if !below.is_empty() {
                details.panel-body {
                    summary {
                        (view.lang.ta("unit-below", &[("count", (below.len() as i64).into())]))
                    }
                    ul { @for unit in below.iter().take(SHOWN_MAX) { li { (link(unit)) } } }
                }
            }
        }
    }
}

fn contact_list(
    view: &View,
    unit: &Unit,
    contacts: &[ContactRow],
    administers: bool,
    now: i64,
) -> Markup {
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("unit-contacts")) } }
            @if contacts.is_empty() { p.panel-body.soft { (view.t("unit-no-contact")) } }
            @for row in contacts {
                @let contact = &row.contact;
                div.panel-body {
                    p {
                        span.tag { (view.t(&format!("contact-purpose-{}", contact.purpose))) }
                        " " b { (contact.name) }
                        @if contact.valid_from > now {
                            " " span.soft {
                                (view.t("unit-from-day")) " " (time::day(contact.valid_from))
                            }
                        }
                    }
                    @if let Some(phone) = &contact.phone {
                        a.call href=(format!("tel:{phone}")) {
                            (parts::icon("phone")) span { span.call-number { (phone) } }
                        }
                    }
                    @if let Some(email) = &contact.email {
                        p { a href=(format!("mailto:{email}")) { (email) } }
                    }
                    @if administers {
                        form method="post" action=(format!("/units/{}/contacts/end", unit.id)) {
                            input type="hidden" name="contact" value=(row.id);
                            button.button.button-quiet.button-small { (view.t("unit-contact-end")) }
                        }
                    }
                }
            }
        }
    }
}

fn contact_form(view: &View, unit: &Unit) -> Markup {
    let purposes = ContactPurpose::ALL.iter().map(|purpose| purpose.code());
    html! {
        details.panel {
            summary.panel-head { (view.t("unit-contact-new")) }
            form.form.panel-body method="post" action=(format!("/units/{}/contacts", unit.id)) {
                (parts::field(view, "purpose", "contact-purpose", true, html! {
                    select.select #purpose name="purpose" {
                        (parts::options(view, "contact-purpose", purposes, "incident"))
                    }
                }))
                (parts::field(view, "contact-name", "contact-name", true, html! {
                    input.input #contact-name name="name" required autocomplete="off";
                }))
                (parts::field(view, "phone", "contact-phone", false, html! {
                    input.input #phone name="phone" type="tel" inputmode="tel" autocomplete="off";
                }))
                (parts::field(view, "email", "contact-email", false, html! {
                    input.input #email name="email" type="email" autocomplete="off";
                }))
                div.actions { button.button.button-main { (view.t("save")) } }
            }
        }
    }
}

fn dissolve_form(view: &View, tree: &Tree, unit: &Unit, now: i64) -> Markup {
    html! {
        details.sure {
            summary.button.button-danger { (view.t("unit-dissolve")) }
            form method="post" action=(format!("/units/{}/dissolve", unit.id)) {
                (parts::field(view, "day", "unit-dissolve-day", true, html! {
                    input.input #day type="date" name="day" required
                        value=(time::field(now).get(..10).unwrap_or_default());
                }))
                (parts::field(view, "successor", "unit-successor", false, html! {
                    select.select #successor name="successor" {
                        option value="" { (view.t("none")) }
                        @for other in tree.units().filter(|u| u.id != unit.id && u.exists(now)) {
                            option value=(other.code) { (other.code) " · " (other.name) }
                        }
                    }
                }))
                p.help { (view.t("unit-dissolve-help")) }
                button.button.button-danger { (view.t("unit-dissolve-now")) }
            }
        }
    }
}

/// A filled form of a unit.
#[derive(Clone, Default, Deserialize)]
pub struct UnitForm {
    #[serde(default)]
    code: String,
    name: String,
    kind: String,
    #[serde(default)]
    parent: String,
    valid_from: String,
}

impl UnitForm {
    fn of(unit: &Unit, tree: &Tree) -> Self {
        Self {
            code: unit.code.clone(),
            name: unit.name.clone(),
            kind: unit.kind.code().to_owned(),
            parent: above(tree, unit).map(|u| u.code.clone()).unwrap_or_default(),
            valid_from: time::field(unit.valid_from).get(..10).unwrap_or_default().to_owned(),
        }
    }

    /// Returns the unit that the form describes, on top of `before` when there is one.
    fn unit(&self, id: UnitId, before: Option<&Unit>, tree: &Tree) -> Result<Unit, Fault> {
        let unknown = || Fault::Invalid(Refusal::new(Code::UnitUnknown).arg("code", &self.parent));
        let parent = match self.parent.trim() {
            "" => None,
            code => Some(tree.by_code(code).ok_or_else(unknown)?.id),
        };
        Ok(Unit {
            id,
            code: before.map_or_else(|| self.code.clone(), |unit| unit.code.clone()),
            name: self.name.clone(),
            kind: self.kind.parse().map_err(|_| Fault::Unreadable)?,
            parent,
            valid_from: time::parse(&self.valid_from).ok_or(Fault::Unreadable)?,
            valid_to: before.and_then(|unit| unit.valid_to),
            successor: before.and_then(|unit| unit.successor),
        })
    }
}

/// `GET /units/new`.
pub async fn new(State(app): State<App>, view: View) -> Result<Markup, Fault> {
    let tree = tree(&app).await?;
    let today = time::field(app.now()).get(..10).unwrap_or_default().to_owned();
    let form = UnitForm { kind: "department".to_owned(), valid_from: today, ..UnitForm::default() };
    Ok(form_page(&view, &tree, "/units/new", None, &form, None))
}

/// `POST /units/new`.
pub async fn add(
    State(app): State<App>,
    view: View,
    member: Member,
    Form(form): Form<UnitForm>,
) -> Result<Response, Fault> {
    let tree = tree(&app).await?;
    let id = UnitId::new(app.new_id());
    let done = match form.unit(id, None, &tree) {
        Ok(unit) => super::add(&app, &member, unit).await,
        Err(fault) => Err(fault),
    };
    answer(done, id, |fault| form_page(&view, &tree, "/units/new", None, &form, Some(fault)))
}

/// `GET /units/{id}/edit`.
pub async fn edit(
    State(app): State<App>,
    view: View,
    Path(id): Path<Uuid>,
) -> Result<Markup, Fault> {
    let tree = tree(&app).await?;
    let unit = tree.get(UnitId::new(id)).ok_or(Fault::NotFound)?;
    let form = UnitForm::of(unit, &tree);
    Ok(form_page(&view, &tree, &format!("/units/{id}/edit"), Some(unit), &form, None))
}

/// `POST /units/{id}/edit`.
pub async fn save(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<Uuid>,
    Form(form): Form<UnitForm>,
) -> Result<Response, Fault> {
    let tree = tree(&app).await?;
    let id = UnitId::new(id);
    let before = tree.get(id).ok_or(Fault::NotFound)?;
    let done = match form.unit(id, Some(before), &tree) {
        Ok(unit) => super::change(&app, &member, unit).await,
        Err(fault) => Err(fault),
    };
    let action = format!("/units/{id}/edit");
    answer(done, id, |fault| form_page(&view, &tree, &action, Some(before), &form, Some(fault)))
}

/// Leads to the unit, or back to the form with what was typed and why it is not taken.
fn answer(
    done: Result<(), Fault>,
    id: UnitId,
    form: impl FnOnce(&Fault) -> Markup,
) -> Result<Response, Fault> {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/units/{id}")).into_response()),
        Err(fault @ (Fault::Invalid(_) | Fault::Unreadable)) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, form(&fault)).into_response())
        }
        Err(other) => Err(other),
    }
}

async fn tree(app: &App) -> Result<Tree, Fault> {
    let mut conn = app.db.read().await?;
    store::tree(&mut conn).await
}

fn form_page(
    view: &View,
    tree: &Tree,
    action: &str,
    before: Option<&Unit>,
    form: &UnitForm,
    fault: Option<&Fault>,
) -> Markup {
    let kinds = UnitKind::ALL.iter().map(|kind| kind.code());
    let title = view.t(if before.is_some() { "unit-edit" } else { "unit-new" });
    let body = html! {
        (parts::crumbs(view, "/units", &view.t("nav-units"), &title))
        h1 { (title) }
        (parts::form_fault(view, fault))
        form.form.narrow method="post" action=(action) {
            @if before.is_none() {
                (parts::field(view, "code", "unit-code", true, html! {
                    input.input.mono #code name="code" value=(form.code) required
                        autocapitalize="characters" autocomplete="off" aria-describedby="code-help";
                    p.help #code-help { (view.t("unit-code-help")) }
                }))
            }
            (parts::field(view, "name", "unit-name", true, html! {
                input.input #name name="name" value=(form.name) required autocomplete="off";
            }))
            (parts::field(view, "kind", "unit-kind", true, html! {
                select.select #kind name="kind" {
                    (parts::options(view, "unit-kind", kinds, &form.kind))
                }
            }))
            (parts::field(view, "parent", "unit-parent", false, html! {
                select.select #parent name="parent" {
                    option value="" { (view.t("none")) }
                    @for unit in tree.units().filter(|u| before.is_none_or(|b| b.id != u.id)) {
                        option value=(unit.code) selected[unit.code == form.parent] {
                            (unit.code) " · " (unit.name)
                        }
                    }
                }
            }))
            (parts::field(view, "valid_from", "unit-valid_from", true, html! {
                input.input #valid_from type="date" name="valid_from" value=(form.valid_from)
                    required;
            }))
            div.actions { button.button.button-main { (view.t("save")) } }
        }
    };
    layout::page(view, &title, body)
}

/// A filled form that dissolves a unit.
#[derive(Deserialize)]
pub struct DissolveForm {
    day: String,
    #[serde(default)]
    successor: String,
}

/// `POST /units/{id}/dissolve`: the day is the first on which the unit is no more.
pub async fn dissolve(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
    Form(form): Form<DissolveForm>,
) -> Result<Redirect, Fault> {
    let at = time::parse(&form.day).ok_or(Fault::Unreadable)?;
    let successor = match form.successor.trim() {
        "" => None,
        code => {
            let unknown = || Fault::Invalid(Refusal::new(Code::UnitUnknown).arg("code", code));
            Some(tree(&app).await?.by_code(code).ok_or_else(unknown)?.id)
        }
    };
    super::dissolve(&app, &member, UnitId::new(id), successor, at).await?;
    Ok(Redirect::to(&format!("/units/{id}")))
}

/// A filled form of a contact.
#[derive(Deserialize)]
pub struct ContactForm {
    purpose: String,
    name: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    email: String,
}

/// `POST /units/{id}/contacts`.
pub async fn add_contact(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
    Form(form): Form<ContactForm>,
) -> Result<Redirect, Fault> {
    let typed = |text: String| (!text.trim().is_empty()).then_some(text);
    let contact = Contact {
        unit: UnitId::new(id),
        name: form.name,
        phone: typed(form.phone),
        email: typed(form.email),
        purpose: form.purpose.parse().map_err(|_| Fault::Unreadable)?,
        valid_from: app.now(),
        valid_to: None,
    };
    super::add_contact(&app, &member, contact).await?;
    Ok(Redirect::to(&format!("/units/{id}")))
}

/// Which contact is to end.
#[derive(Deserialize)]
pub struct EndForm {
    contact: Uuid,
}

/// `POST /units/{id}/contacts/end`.
pub async fn end_contact(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
    Form(form): Form<EndForm>,
) -> Result<Redirect, Fault> {
    super::end_contact(&app, &member, UnitId::new(id), form.contact).await?;
    Ok(Redirect::to(&format!("/units/{id}")))
}
