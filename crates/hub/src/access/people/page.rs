//! Pages of account administration: who is there, one account with its grants and slip, and what
//! waits for a second person.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use khien_domain::access::{Grant, GrantCase, GrantDeed, GrantState, Role};
use khien_domain::id::{GrantId, PersonId, UnitId};
use khien_domain::unit::Tree;
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::paper;
use super::store::{self, Account};
use crate::app::App;
use crate::fault::Fault;
use crate::unit;
use crate::web::list::ListQuery;
use crate::web::view::{Member, View};
use crate::web::{layout, parts};

/// `GET /people`.
pub async fn list(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Markup, Fault> {
    let (page, tree) = {
        let mut conn = app.db.read().await?;
        let page = store::list(&mut conn, member.person.id, &query).await?;
        (page, unit::store::tree(&mut conn).await?)
    };
    let body = html! {
        (parts::head(&view.t("nav-people"), "", html! {
            a.button href="/grants" { (parts::icon("key")) (view.t("grant-pending")) }
            a.button.button-main href="/people/new" {
                (parts::icon("plus")) (view.t("person-new"))
            }
        }))
        (parts::search(&view, "/people", &query.q, html! {}))
        @if page.items.is_empty() {
            (parts::empty(&view, "person-none"))
        } @else {
            section.panel {
                div.table-wrap {
                    table.table.cards {
                        thead { tr {
                            th scope="col" { (view.t("account-name")) }
                            th scope="col" { (view.t("login-name")) }
                            th scope="col" { (view.t("account-unit")) }
                            th scope="col" { (view.t("person-state")) }
                        } }
                        tbody { @for account in &page.items { (row(&view, &tree, account)) } }
                    }
                }
            }
            (parts::pages(&view, "/people", &query, &page))
        }
    };
    Ok(layout::page(&view, &view.t("nav-people"), body))
}

fn row(view: &View, tree: &Tree, account: &Account) -> Markup {
    html! {
        tr {
            th scope="row" {
                a href=(format!("/people/{}", account.id)) { (account.name) }
                @if !account.title.is_empty() { br; span.soft { (account.title) } }
            }
            td data-label=(view.t("login-name")) { span.mono { (account.login) } }
            td data-label=(view.t("account-unit")) { (unit_name(tree, account.unit)) }
            td data-label=(view.t("person-state")) { (state(view, account)) }
        }
    }
}

/// Returns in words whether an account is in use.
pub fn state(view: &View, account: &Account) -> String {
    let code = match account {
        Account { disabled_at: Some(_), .. } => "disabled",
        Account { activated: false, .. } => "waiting",
        _ => "active",
    };
    view.t(&format!("person-state-{code}"))
}

fn unit_name(tree: &Tree, id: Uuid) -> String {
    tree.get(UnitId::new(id)).map(|unit| unit.name.clone()).unwrap_or_default()
}

/// `GET /people/{id}`.
pub async fn show(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Markup, Fault> {
    let id = PersonId::new(id);
    let (account, cases, tree) = {
        let mut conn = app.db.read().await?;
        let account = store::find(&mut conn, member.person.id, id).await?.ok_or(Fault::NotFound)?;
        let cases = store::cases_of(&mut conn, id).await?;
        (account, cases, unit::store::tree(&mut conn).await?)
    };
    let own = id == member.person.id;
    let body = html! {
        (parts::crumbs(&view, "/people", &view.t("nav-people"), &account.login))
        (parts::head(&account.name, &account.title, html! {
            @if !own { (switch(&view, &account)) }
        }))
        div.columns {
            div {
                section.panel {
                    div.panel-head { h2 { (view.t("person-grants")) } }
                    (grant_table(&view, &tree, &cases, !own))
                }
                (propose_form(&view, &tree, &account, app.now()))
            }
            aside {
                (facts(&view, &tree, &account))
                @if account.disabled_at.is_none() { (slip_form(&view, &account)) }
            }
        }
    };
    Ok(layout::page(&view, &account.name, body))
}

fn switch(view: &View, account: &Account) -> Markup {
    let id = account.id;
    html! {
        @if account.disabled_at.is_some() {
            form method="post" action=(format!("/people/{id}/enable")) {
                button.button { (view.t("person-enable")) }
            }
        } @else {
            details.sure {
                summary.button.button-danger { (view.t("person-disable")) "…" }
                form method="post" action=(format!("/people/{id}/disable")) {
                    p.help { (view.t("person-disable-help")) }
                    button.button.button-danger { (view.t("person-disable")) }
                }
            }
        }
    }
}

fn facts(view: &View, tree: &Tree, account: &Account) -> Markup {
    html! {
        section.panel {
            div.panel-body {
                dl.pairs {
                    dt { (view.t("login-name")) } dd { span.mono { (account.login) } }
                    dt { (view.t("account-unit")) } dd { (unit_name(tree, account.unit)) }
                    dt { (view.t("person-state")) } dd { (state(view, account)) }
                    @if !account.phone.is_empty() {
                        dt { (view.t("contact-phone")) }
                        dd { a.tel href=(format!("tel:{}", account.phone)) { (account.phone) } }
                    }
                    @if !account.email.is_empty() {
                        dt { (view.t("contact-email")) } dd { (account.email) }
                    }
                }
            }
        }
    }
}

fn slip_form(view: &View, account: &Account) -> Markup {
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("slip-title")) } }
            form.form.panel-body method="post" action=(format!("/people/{}/slip", account.id)) {
                @if account.activated {
                    p { (view.t("slip-call-back")) }
                    @if !account.phone.is_empty() {
                        a.call href=(format!("tel:{}", account.phone)) {
                            (parts::icon("phone")) span { span.call-number { (account.phone) } }
                        }
                    }
                    label.choice {
                        input type="checkbox" name="called_back" value="yes" required;
                        span { (view.t("slip-called-back")) }
                    }
                }
                p.help { (view.t("slip-once")) }
                div.actions { button.button { (parts::icon("print")) (view.t("slip-issue")) } }
            }
        }
    }
}

fn grant_table(view: &View, tree: &Tree, cases: &[GrantCase], may_end: bool) -> Markup {
    html! {
        @if cases.is_empty() { p.panel-body.soft { (view.t("person-no-grant")) } }
        @for case in cases {
            div.panel-body {
                p {
                    b { (right(view, tree, &case.grant)) } " "
                    span.tag { (view.t(&format!("grant-state-{}", case.state))) }
                }
                @if may_end && case.state == GrantState::Active {
                    form method="post" action=(format!("/grants/{}/end", case.id)) {
                        button.button.button-quiet.button-small { (view.t("grant-end")) }
                    }
                }
            }
        }
    }
}

/// Returns a right in words: role, unit, how far it reaches.
fn right(view: &View, tree: &Tree, grant: &Grant) -> String {
    let reach = view.t(if grant.subtree { "grant-subtree" } else { "grant-unit-only" });
    let unit = unit_name(tree, grant.unit.uuid());
    format!("{} · {unit} · {reach}", view.t(&format!("role-{}", grant.role)))
}

fn propose_form(view: &View, tree: &Tree, account: &Account, now: i64) -> Markup {
    let roles = Role::ALL.iter().map(|role| role.code());
    html! {
        details.panel {
            summary.panel-head { (view.t("grant-propose")) }
            form.form.panel-body method="post" action=(format!("/people/{}/grants", account.id)) {
                (parts::field(view, "role", "grant-role", true, html! {
                    select.select #role name="role" {
                        (parts::options(view, "role", roles, Role::UnitOfficer.code()))
                    }
                }))
                (unit_field(view, tree, account.unit, now))
                label.choice {
                    input type="checkbox" name="subtree" value="yes";
                    span { (view.t("grant-subtree")) }
                }
                p.help { (view.t("grant-second-person")) }
                div.actions { button.button.button-main { (view.t("grant-propose")) } }
            }
        }
    }
}

fn unit_field(view: &View, tree: &Tree, chosen: Uuid, now: i64) -> Markup {
    parts::field(
        view,
        "unit",
        "account-unit",
        true,
        html! {
            select.select #unit name="unit" required {
                @for unit in tree.units().filter(|unit| unit.exists(now)) {
                    option value=(unit.id) selected[unit.id.uuid() == chosen] {
                        (unit.code) " · " (unit.name)
                    }
                }
            }
        },
    )
}

/// A filled form of a new account.
#[derive(Clone, Default, Deserialize)]
pub struct PersonForm {
    login: String,
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    unit: Uuid,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    email: String,
}

/// `GET /people/new`.
pub async fn new(State(app): State<App>, view: View, member: Member) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let tree = unit::store::tree(&mut conn).await?;
    let form = PersonForm { unit: member.person.unit.uuid(), ..PersonForm::default() };
    Ok(form_page(&view, &tree, &form, app.now(), None))
}

/// `POST /people/new`.
pub async fn add(
    State(app): State<App>,
    view: View,
    member: Member,
    Form(form): Form<PersonForm>,
) -> Result<Response, Fault> {
    let typed = form.clone();
    let account = Account {
        id: app.new_id(),
        login: typed.login,
        name: typed.name,
        title: typed.title,
        phone: typed.phone,
        email: typed.email,
        unit: typed.unit,
        disabled_at: None,
        created_at: app.now(),
        activated: false,
    };
    let id = account.id;
    match super::add(&app, &member, account).await {
        Ok(()) => Ok(Redirect::to(&format!("/people/{id}")).into_response()),
        Err(fault @ Fault::Invalid(_)) => {
            let mut conn = app.db.read().await?;
            let tree = unit::store::tree(&mut conn).await?;
            let page = form_page(&view, &tree, &form, app.now(), Some(&fault));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other),
    }
}

fn form_page(
    view: &View,
    tree: &Tree,
    form: &PersonForm,
    now: i64,
    fault: Option<&Fault>,
) -> Markup {
    let title = view.t("person-new");
    let body = html! {
        (parts::crumbs(view, "/people", &view.t("nav-people"), &title))
        h1 { (title) }
        (parts::form_fault(view, fault))
        form.form.narrow method="post" action="/people/new" {
            (parts::field(view, "name", "account-name", true, html! {
                input.input #name name="name" value=(form.name) required autocomplete="off";
            }))
            (parts::field(view, "title", "person-title", false, html! {
                input.input #title name="title" value=(form.title) autocomplete="off";
            }))
            (parts::field(view, "login", "login-name", true, html! {
                input.input.mono #login name="login" value=(form.login) required
                    autocapitalize="none" autocomplete="off" spellcheck="false";
            }))
            (unit_field(view, tree, form.unit, now))
            (parts::field(view, "phone", "contact-phone", false, html! {
                input.input #phone type="tel" name="phone" value=(form.phone) autocomplete="off";
            }))
            (parts::field(view, "email", "contact-email", false, html! {
                input.input #email type="email" name="email" value=(form.email) autocomplete="off";
            }))
            div.actions { button.button.button-main { (view.t("save")) } }
        }
    };
    layout::page(view, &title, body)
}

/// A filled form that proposes a grant.
#[derive(Deserialize)]
pub struct ProposeForm {
    role: String,
    unit: Uuid,
    #[serde(default)]
    subtree: String,
}

/// `POST /people/{id}/grants`: as deep as the role may read.
pub async fn propose(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
    Form(form): Form<ProposeForm>,
) -> Result<Redirect, Fault> {
    let role: Role = form.role.parse().map_err(|_| Fault::Unreadable)?;
    let grant = Grant {
        person: PersonId::new(id),
        role,
        unit: UnitId::new(form.unit),
        subtree: form.subtree == "yes",
        ceiling: role.depth_max(),
    };
    super::propose_grant(&app, &member, grant).await?;
    Ok(Redirect::to(&format!("/people/{id}")))
}

/// `POST /people/{id}/disable`.
pub async fn disable(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Fault> {
    super::set_disabled(&app, &member, PersonId::new(id), true).await?;
    Ok(Redirect::to(&format!("/people/{id}")))
}

/// `POST /people/{id}/enable`.
pub async fn enable(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Fault> {
    super::set_disabled(&app, &member, PersonId::new(id), false).await?;
    Ok(Redirect::to(&format!("/people/{id}")))
}

/// Whether the officer was called back.
#[derive(Deserialize)]
pub struct SlipForm {
    #[serde(default)]
    called_back: String,
}

/// `POST /people/{id}/slip`: the answer is the printable slip itself. There is no address under
/// which it could be read a second time.
pub async fn slip(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<Uuid>,
    Form(form): Form<SlipForm>,
) -> Result<Markup, Fault> {
    let called_back = form.called_back == "yes";
    let slip = super::issue_slip(&app, &member, PersonId::new(id), called_back).await?;
    let tree = {
        let mut conn = app.db.read().await?;
        unit::store::tree(&mut conn).await?
    };
    let body = html! {
        (parts::crumbs(&view, "/people", &view.t("nav-people"), &slip.account.login))
        div.actions {
            button.button.only-js type="button" data-print {
                (parts::icon("print")) (view.t("print"))
            }
        }
        p.help.no-print { (view.t("slip-once")) }
        (paper::sheet(&view, &tree, &app.config.address(), &slip))
    };
    Ok(layout::page(&view, &view.t("slip-title"), body))
}

/// `GET /grants`: what waits for a second person.
pub async fn pending(State(app): State<App>, view: View, member: Member) -> Result<Markup, Fault> {
    let (cases, people, tree) = {
        let mut conn = app.db.read().await?;
        let cases = store::pending(&mut conn, member.person.id).await?;
        let people = store::every(&mut conn).await?;
        (cases, people, unit::store::tree(&mut conn).await?)
    };
    let name = |id: PersonId| {
        let account = people.iter().find(|account| account.id == id.uuid());
        account.map_or_else(String::new, |account| account.name.clone())
    };
    let body = html! {
        (parts::head(&view.t("grant-pending"), &view.t("grant-pending-sub"), html! {}))
        @if cases.is_empty() { (parts::empty(&view, "grant-none-pending")) }
        @for case in &cases {
            section.panel {
                div.panel-body {
                    p { b { (name(case.grant.person)) } ": " (right(&view, &tree, &case.grant)) }
                    p.soft { (view.t("grant-proposed-by")) " " (name(case.proposer)) }
                    div.actions { (verdict(&view, case, member.person.id)) }
                }
            }
        }
    };
    Ok(layout::page(&view, &view.t("grant-pending"), body))
}

/// The proposer may take the proposal back but not approve it, nor may the one it is for.
fn verdict(view: &View, case: &GrantCase, reader: PersonId) -> Markup {
    let second = reader != case.proposer && reader != case.grant.person;
    html! {
        @if second {
            form method="post" action=(format!("/grants/{}/approve", case.id)) {
                button.button.button-main { (view.t("grant-approve")) }
            }
        }
        form method="post" action=(format!("/grants/{}/refuse", case.id)) {
            button.button { (view.t("grant-refuse")) }
        }
    }
}

/// `POST /grants/{id}/approve`.
pub async fn approve(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Fault> {
    let deed = GrantDeed::Approve(member.person.id);
    super::decide(&app, &member, GrantId::new(id), deed).await?;
    Ok(Redirect::to("/grants"))
}

/// `POST /grants/{id}/refuse`.
pub async fn refuse(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Fault> {
    let deed = GrantDeed::Refuse(member.person.id);
    super::decide(&app, &member, GrantId::new(id), deed).await?;
    Ok(Redirect::to("/grants"))
}

/// `POST /grants/{id}/end`.
pub async fn end(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Fault> {
    let deed = GrantDeed::End(member.person.id);
    let person = super::decide(&app, &member, GrantId::new(id), deed).await?;
    Ok(Redirect::to(&format!("/people/{person}")))
}
