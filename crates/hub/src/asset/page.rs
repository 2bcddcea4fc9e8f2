//! Pages of the asset register: the list, an asset, and the form that adds or changes one.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use khien_domain::access::{Action, may};
use khien_domain::asset::{Asset, Criticality, Kind, SystemType};
use khien_domain::id::AssetId;
use khien_domain::refusal::{Code, Refusal};
use khien_domain::unit::{Tree, Unit};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::store::{self, SeenAsset};
use crate::app::App;
use crate::fault::Fault;
use crate::unit;
use crate::web::list::ListQuery;
use crate::web::view::{Caller, Member, View};
use crate::web::{encode_query, layout, parts};

/// `GET /assets-register`.
pub async fn list(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Markup, Fault> {
    let mut conn = app.db.read().await?;
    let page = store::list(&mut conn, member.person.id, &query).await?;
    let body = html! {
        (parts::head(&view.t("nav-assets"), &query.unit, html! {
            @if view.may(Action::EditAssets) {
                a.button.button-main
                    href=(format!("/assets-register/new?unit={}", encode_query(&query.unit))) {
                    (parts::icon("plus")) (view.t("asset-new"))
                }
            }
        }))
        (parts::search(&view, "/assets-register", &query.q, filters(&view, &query)))
        @if page.items.is_empty() {
            (parts::empty(&view, "asset-none"))
        } @else {
            section.panel {
                div.table-wrap { (table(&view, &page.items)) }
            }
            (parts::pages(&view, "/assets-register", &query, &page))
        }
    };
    Ok(layout::page(&view, &view.t("nav-assets"), body))
}

fn filters(view: &View, query: &ListQuery) -> Markup {
    html! {
        div.field {
            label for="unit" { (view.t("asset-unit-code")) }
            input.input #unit name="unit" value=(query.unit) autocomplete="off";
        }
        div.field {
            label for="state" { (view.t("asset-state")) }
            select.select #state name="state" {
                (parts::options(view, "asset-state", ["active", "retired"], &query.state))
            }
        }
    }
}

fn table(view: &View, assets: &[SeenAsset]) -> Markup {
    html! {
        table.table.cards {
            thead { tr {
                th scope="col" { (view.t("asset-name")) }
                th scope="col" { (view.t("asset-unit")) }
                th scope="col" { (view.t("asset-level")) }
                th scope="col" { (view.t("asset-kind")) }
            } }
            tbody {
                @for seen in assets {
                    tr {
                        th scope="row" {
                            a href=(format!("/assets-register/{}", seen.asset.id)) {
                                (seen.asset.name)
                            }
                        }
                        td data-label=(view.t("asset-unit")) { (seen.unit_name) }
                        td data-label=(view.t("asset-level")) {
                            @if let Some(level) = seen.asset.level { (level) }
                        }
                        td data-label=(view.t("asset-kind")) { (sort_name(view, &seen.asset)) }
                    }
                }
            }
        }
    }
}

fn sort_name(view: &View, asset: &Asset) -> String {
    match asset.system_type {
        Some(kind) => view.t(&format!("system-type-{kind}")),
        None => view.t(&format!("asset-kind-{}", asset.kind)),
    }
}

/// `GET /assets-register/{id}`.
pub async fn show(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Markup, Fault> {
    let (seen, tree) = {
        let mut conn = app.db.read().await?;
        let seen = store::find(&mut conn, member.person.id, AssetId::new(id)).await?;
        (seen.ok_or(Fault::NotFound)?, unit::store::tree(&mut conn).await?)
    };
    let asset = &seen.asset;
    let editable = seen.retired_at.is_none()
        && may(&member.person, Action::EditAssets, asset.unit, &tree, app.now()).is_ok();
    let body = html! {
        (parts::crumbs(&view, "/assets-register", &view.t("nav-assets"), &asset.name))
        (parts::head(&asset.name, &sort_name(&view, asset), html! {
            @if editable {
                a.button href=(format!("/assets-register/{id}/edit")) {
                    (parts::icon("edit")) (view.t("asset-edit"))
                }
                details.sure {
                    summary.button.button-danger { (view.t("asset-retire")) }
                    form method="post" action=(format!("/assets-register/{id}/retire")) {
                        p.help { (view.t("asset-retire-help")) }
                        button.button.button-danger { (view.t("asset-retire-now")) }
                    }
                }
            }
        }))
        (facts(&view, &seen))
    };
    Ok(layout::page(&view, &asset.name, body))
}

fn facts(view: &View, seen: &SeenAsset) -> Markup {
    let asset = &seen.asset;
    html! {
        section.panel {
            div.panel-body {
                dl.pairs {
                    dt { (view.t("asset-unit")) }
                    dd { a href=(format!("/units/{}", asset.unit)) { (seen.unit_name) } }
                    @if let Some(level) = asset.level {
                        dt { (view.t("asset-level")) } dd { (level) }
                    }
                    dt { (view.t("asset-hosts")) }
                    dd {
                        @for key in asset.keys() { span.mono { (key) } br; }
                        @if asset.keys().is_empty() { (view.t("asset-no-host")) }
                    }
                    dt { (view.t("asset-entered")) } dd { (parts::moment(seen.created_at)) }
                    @if let Some(at) = seen.retired_at {
                        dt { (view.t("asset-state-retired")) } dd { (parts::moment(at)) }
                    }
                }
            }
        }
    }
}

/// A filled form of an asset.
#[derive(Clone, Default, Deserialize)]
pub struct AssetForm {
    unit: String,
    /// A system's type, or the kind of anything else.
    sort: String,
    name: String,
    #[serde(default)]
    level: String,
    #[serde(default)]
    hosts: String,
}

impl AssetForm {
    fn of(seen: &SeenAsset) -> Self {
        let asset = &seen.asset;
        Self {
            unit: seen.unit_code.clone(),
            sort: asset.system_type.map_or(asset.kind.code(), SystemType::code).to_owned(),
            name: asset.name.clone(),
            level: asset.level.map(|level| level.to_string()).unwrap_or_default(),
            hosts: asset.keys().join("\n"),
        }
    }

    fn asset(&self, id: AssetId, tree: &Tree) -> Result<Asset, Fault> {
        let unknown = || Fault::Invalid(Refusal::new(Code::UnitUnknown).arg("code", &self.unit));
        let (kind, system_type) = match self.sort.parse::<SystemType>() {
            Ok(system) => (Kind::System, Some(system)),
            Err(_) => (self.sort.parse().map_err(|_| Fault::Unreadable)?, None),
        };
        let level = match self.level.trim() {
            "" => None,
            digits => Some(digits.parse().map_err(|_| {
                Fault::Invalid(Refusal::new(Code::AssetLevelOutside).arg("level", digits))
            })?),
        };
        let lines = self.hosts.split([',', ';', ' ', '\n', '\r']).filter(|line| !line.is_empty());
        let (ips, hosts): (Vec<&str>, Vec<&str>) =
            lines.partition(|line| line.parse::<std::net::IpAddr>().is_ok());
        Ok(Asset {
            id,
            unit: tree.by_code(&self.unit).ok_or_else(unknown)?.id,
            kind,
            name: self.name.clone(),
            level,
            system_type,
            hosts: hosts.into_iter().map(str::to_owned).collect(),
            ips: ips.into_iter().filter_map(|ip| ip.parse().ok()).collect(),
            criticality: Criticality::Normal,
        })
    }
}

/// Which unit a new asset is for.
#[derive(Deserialize)]
pub struct NewQuery {
    #[serde(default)]
    unit: String,
}

/// `GET /assets-register/new`.
pub async fn new(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(query): Query<NewQuery>,
) -> Result<Markup, Fault> {
    let tree = tree(&app).await?;
    let form = AssetForm { unit: query.unit, sort: "device".to_owned(), ..AssetForm::default() };
    let units = own_units(&member, &tree, app.now());
    Ok(form_page(&view, &units, "/assets-register/new", &form, None))
}

/// `POST /assets-register/new`.
pub async fn add(
    State(app): State<App>,
    view: View,
    member: Member,
    Form(form): Form<AssetForm>,
) -> Result<Response, Fault> {
    let tree = tree(&app).await?;
    let done = match form.asset(AssetId::new(app.new_id()), &tree) {
        Ok(asset) => super::add(&app, &member, asset).await,
        Err(fault) => Err(fault),
    };
    let units = own_units(&member, &tree, app.now());
    answer(done, |fault| form_page(&view, &units, "/assets-register/new", &form, Some(fault)))
}

/// `GET /assets-register/{id}/edit`.
pub async fn edit(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Markup, Fault> {
    let (seen, tree) = {
        let mut conn = app.db.read().await?;
        let seen = store::find(&mut conn, member.person.id, AssetId::new(id)).await?;
        (seen.ok_or(Fault::NotFound)?, unit::store::tree(&mut conn).await?)
    };
    let units = own_units(&member, &tree, app.now());
    let action = format!("/assets-register/{id}/edit");
    Ok(form_page(&view, &units, &action, &AssetForm::of(&seen), None))
}

/// `POST /assets-register/{id}/edit`.
pub async fn save(
    State(app): State<App>,
    view: View,
    member: Member,
    Path(id): Path<Uuid>,
    Form(form): Form<AssetForm>,
) -> Result<Response, Fault> {
    let tree = tree(&app).await?;
    let id = AssetId::new(id);
    let done = match form.asset(id, &tree) {
        Ok(asset) => super::change(&app, &member, asset).await.map(|()| id),
        Err(fault) => Err(fault),
    };
    let units = own_units(&member, &tree, app.now());
    let action = format!("/assets-register/{id}/edit");
    answer(done, |fault| form_page(&view, &units, &action, &form, Some(fault)))
}

/// `POST /assets-register/{id}/retire`.
pub async fn retire(
    State(app): State<App>,
    member: Member,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Fault> {
    super::retire(&app, &member, AssetId::new(id)).await?;
    Ok(Redirect::to(&format!("/assets-register/{id}")))
}

/// Leads to the asset, or back to the form with what was typed and why it is not taken.
fn answer(
    done: Result<AssetId, Fault>,
    form: impl FnOnce(&Fault) -> Markup,
) -> Result<Response, Fault> {
    match done {
        Ok(id) => Ok(Redirect::to(&format!("/assets-register/{id}")).into_response()),
        Err(fault @ (Fault::Invalid(_) | Fault::Unreadable)) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, form(&fault)).into_response())
        }
        Err(other) => Err(other),
    }
}

async fn tree(app: &App) -> Result<Tree, Fault> {
    let mut conn = app.db.read().await?;
    unit::store::tree(&mut conn).await
}

/// Returns the units whose assets the caller may edit.
fn own_units<'a>(caller: &Caller, tree: &'a Tree, now: i64) -> Vec<&'a Unit> {
    let own = |unit: &&Unit| {
        unit.exists(now) && may(&caller.person, Action::EditAssets, unit.id, tree, now).is_ok()
    };
    let mut units: Vec<&Unit> = tree.units().filter(own).collect();
    units.sort_by(|a, b| a.code.cmp(&b.code));
    units
}

fn form_page(
    view: &View,
    units: &[&Unit],
    action: &str,
    form: &AssetForm,
    fault: Option<&Fault>,
) -> Markup {
    let systems = SystemType::ALL.iter().map(|kind| kind.code());
    let others = Kind::ALL.iter().filter(|kind| **kind != Kind::System).map(|kind| kind.code());
    let title = view.t(if action.ends_with("/edit") { "asset-edit" } else { "asset-new" });
    let body = html! {
        (parts::crumbs(view, "/assets-register", &view.t("nav-assets"), &title))
        h1 { (title) }
        (parts::form_fault(view, fault))
        form.form.narrow method="post" action=(action) {
            (parts::field(view, "unit", "asset-unit", true, html! {
                select.select #unit name="unit" required {
                    @for unit in units {
                        option value=(unit.code) selected[unit.code == form.unit] {
                            (unit.code) " · " (unit.name)
                        }
                    }
                }
            }))
            (parts::field(view, "sort", "asset-kind", true, html! {
                select.select #sort name="sort" {
                    optgroup label=(view.t("asset-kind-system")) {
                        (parts::options(view, "system-type", systems, &form.sort))
                    }
                    optgroup label=(view.t("asset-kind-others")) {
                        (parts::options(view, "asset-kind", others, &form.sort))
                    }
                }
            }))
            (parts::field(view, "name", "asset-name", true, html! {
                input.input #name name="name" value=(form.name) required autocomplete="off";
            }))
            (parts::field(view, "level", "asset-level", false, html! {
                select.select #level name="level" {
                    option value="" { (view.t("asset-level-none")) }
                    @for level in ["1", "2", "3", "4", "5"] {
                        option value=(level) selected[level == form.level] { (level) }
                    }
                }
            }))
            (parts::field(view, "hosts", "asset-hosts", false, html! {
                textarea.textarea #hosts name="hosts" aria-describedby="hosts-help" { (form.hosts) }
                p.help #hosts-help { (view.t("asset-hosts-help")) }
            }))
            div.actions { button.button.button-main { (view.t("save")) } }
        }
    };
    layout::page(view, &title, body)
}
