//! The registry of units: the dated tree of the province and how to reach each of its units.
//!
//! Letters of different years address districts, communes and departments that came and went
//! (S0, S2, S4), and their hotlines changed; so units and contacts have dates, a dissolved unit
//! names its successor, and nothing is deleted. Whoever changes the tree rebuilds the closure of
//! who covers whom in the same transaction. What a unit owns or owes is not known here.

pub mod api;
pub mod contacts;
pub mod import;
pub mod job;
pub mod page;
pub mod store;

use khien_domain::access::{Action, may};
use khien_domain::fact::Fact;
use khien_domain::fold::fold;
use khien_domain::id::UnitId;
use khien_domain::refusal::{Code, Refusal};
use khien_domain::unit::{Contact, Tree, Unit, UnitKind};
use khien_store::{NewEntry, Write};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::fault::Fault;
use crate::openapi::named;
use crate::router::{Doc, Route, Sample};
use crate::web::guard::Audience::May;
use crate::web::view::Caller;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    let read = May(Action::ReadUnits);
    let change = May(Action::AdministerUnits);
    vec![
        Route::get("/units", read, Sample::None, page::list),
        Route::get("/units/new", change, Sample::None, page::new),
        Route::post("/units/new", change, Sample::None, page::add),
        Route::get("/units/{id}", read, Sample::Unit, page::show),
        Route::get("/units/{id}/edit", change, Sample::Unit, page::edit),
        Route::post("/units/{id}/edit", change, Sample::Unit, page::save),
        Route::post("/units/{id}/dissolve", change, Sample::Unit, page::dissolve),
        Route::post("/units/{id}/contacts", change, Sample::Unit, page::add_contact),
        Route::post("/units/{id}/contacts/end", change, Sample::Unit, page::end_contact),
        Route::get("/api/v1/units", read, Sample::None, api::list).doc(Doc {
            summary: "Units of the province, dissolved ones included, newest entry first.",
            body: None,
            answer: Some(named::<api::Units>),
        }),
    ]
}

/// Returns the folded text by which a unit is found: name and code, without marks.
pub fn search_key(unit: &Unit) -> String {
    fold(&format!("{} {}", unit.name, unit.code))
}

/// Refuses unless the caller administers `unit`; a unit without one above belongs to whoever
/// administers the province.
fn demand(app: &App, caller: &Caller, tree: &Tree, unit: Option<UnitId>) -> Result<(), Fault> {
    let province = || tree.units().find(|u| u.kind == UnitKind::Province).map(|u| u.id);
    let Some(unit) = unit.or_else(province) else { return Ok(()) };
    may(&caller.person, Action::AdministerUnits, unit, tree, app.now()).map_err(Fault::Forbidden)
}

/// Adds a unit.
///
/// # Errors
/// When the caller does not administer the unit above, or the tree would break a rule.
pub async fn add(app: &App, caller: &Caller, unit: Unit) -> Result<(), Fault> {
    let unit = unit.checked().map_err(Fault::Invalid)?;
    let mut write = app.db.write().await?;
    let tree = store::tree(&mut write).await?;
    demand(app, caller, &tree, unit.parent)?;
    if tree.by_code(&unit.code).is_some() {
        return Err(Fault::Invalid(Refusal::new(Code::UnitCodeTwice).arg("code", unit.code)));
    }
    check_with(&tree, &unit)?;
    save_new(app, &mut write, &caller.actor(), &unit).await?;
    store::rebuild_scope(&mut write, app.now()).await?;
    app.commit(write).await?;
    Ok(())
}

/// Saves the changed name, kind, place and beginning of a unit.
///
/// # Errors
/// When the caller does not administer the unit and the one above, or the tree would break.
pub async fn change(app: &App, caller: &Caller, unit: Unit) -> Result<(), Fault> {
    let unit = unit.checked().map_err(Fault::Invalid)?;
    let mut write = app.db.write().await?;
    let tree = store::tree(&mut write).await?;
    let before = tree.get(unit.id).ok_or(Fault::NotFound)?;
    demand(app, caller, &tree, Some(unit.id))?;
    if unit.parent != before.parent {
        demand(app, caller, &tree, unit.parent)?;
    }
    if *before == unit {
        return Ok(());
    }
    check_with(&tree, &unit)?;
    save_changed(app, &mut write, &caller.actor(), before, &unit).await?;
    store::rebuild_scope(&mut write, app.now()).await?;
    app.commit(write).await?;
    Ok(())
}

/// Dissolves a unit from `at` on; its successor inherits its scope.
///
/// # Errors
/// When the caller administers not both of them, or a rule of the tree says no.
pub async fn dissolve(
    app: &App,
    caller: &Caller,
    unit: UnitId,
    successor: Option<UnitId>,
    at: i64,
) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let tree = store::tree(&mut write).await?;
    demand(app, caller, &tree, Some(unit))?;
    if successor.is_some() {
        demand(app, caller, &tree, successor)?;
    }
    let (ended, facts) = tree.dissolve(unit, successor, at)?;
    store::update(&mut write, &ended).await?;
    let body = json!({ "valid_to": at, "successor": successor });
    write.record(entry(app, &caller.actor(), "unit.dissolve", unit, body));
    store::rebuild_scope(&mut write, app.now()).await?;
    app.tell(&mut write, facts);
    app.commit(write).await?;
    Ok(())
}

/// Adds a contact; one that is there already is left as it is.
///
/// # Errors
/// When the caller does not administer the unit, or the contact is malformed.
pub async fn add_contact(app: &App, caller: &Caller, contact: Contact) -> Result<(), Fault> {
    let contact = contact.checked().map_err(Fault::Invalid)?;
    let mut write = app.db.write().await?;
    let tree = store::tree(&mut write).await?;
    tree.get(contact.unit).ok_or(Fault::NotFound)?;
    demand(app, caller, &tree, Some(contact.unit))?;
    let held = store::contacts(&mut write, contact.unit, app.now()).await?;
    let twin = |held: &Contact| {
        (held.purpose, &held.name, &held.phone, &held.email)
            == (contact.purpose, &contact.name, &contact.phone, &contact.email)
    };
    if held.iter().any(|row| twin(&row.contact)) {
        return Ok(());
    }
    let row = store::ContactRow { id: app.new_id(), contact };
    save_contact(app, &mut write, &caller.actor(), &row).await?;
    app.commit(write).await?;
    Ok(())
}

/// Ends a contact of a unit now.
///
/// # Errors
/// When the caller does not administer the unit, or it has no such contact.
pub async fn end_contact(app: &App, caller: &Caller, unit: UnitId, id: Uuid) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let tree = store::tree(&mut write).await?;
    demand(app, caller, &tree, Some(unit))?;
    finish_contact(app, &mut write, &caller.actor(), unit, id, app.now()).await?;
    app.commit(write).await?;
    Ok(())
}

/// Carries out a plan of units within `write`.
///
/// New units are first written without their links: a sheet may name a successor before its row.
///
/// # Errors
/// When the store fails.
pub async fn import_units(
    app: &App,
    write: &mut Write,
    actor: &str,
    deeds: &[import::Deed],
) -> Result<(), Fault> {
    for deed in deeds {
        if let import::Deed::Add(unit) = deed {
            let alone = Unit { parent: None, successor: None, ..unit.clone() };
            store::insert(write, &alone, app.now()).await?;
        }
    }
    for deed in deeds {
        match deed {
            import::Deed::Add(unit) => {
                store::update(write, unit).await?;
                write.record(entry(app, actor, "unit.add", unit.id, json!({ "after": unit })));
            }
            import::Deed::Change(pair) => {
                save_changed(app, write, actor, &pair.0, &pair.1).await?;
            }
        }
    }
    store::rebuild_scope(write, app.now()).await?;
    Ok(())
}

/// Carries out a plan of contacts within `write`.
///
/// # Errors
/// When the store fails.
pub async fn import_contacts(
    app: &App,
    write: &mut Write,
    actor: &str,
    deeds: &[contacts::Deed],
) -> Result<(), Fault> {
    for deed in deeds {
        match deed {
            contacts::Deed::Add(row) => save_contact(app, write, actor, row).await?,
            contacts::Deed::End { contact, at } => {
                finish_contact(app, write, actor, contact.contact.unit, contact.id, *at).await?;
            }
        }
    }
    Ok(())
}

/// Refuses a unit with which the tree would break a rule.
fn check_with(tree: &Tree, unit: &Unit) -> Result<(), Fault> {
    let others = tree.units().filter(|other| other.id != unit.id).cloned();
    Tree::build(others.chain([unit.clone()]).collect()).map(drop).map_err(Fault::Invalid)
}

async fn save_new(app: &App, write: &mut Write, actor: &str, unit: &Unit) -> Result<(), Fault> {
    store::insert(write, unit, app.now()).await?;
    write.record(entry(app, actor, "unit.add", unit.id, json!({ "after": unit })));
    Ok(())
}

async fn save_changed(
    app: &App,
    write: &mut Write,
    actor: &str,
    before: &Unit,
    after: &Unit,
) -> Result<(), Fault> {
    store::update(write, after).await?;
    let body = json!({ "before": before, "after": after });
    write.record(entry(app, actor, "unit.change", after.id, body));
    if before.valid_to.is_none() && after.valid_to.is_some() {
        let fact = Fact::UnitDissolved { unit: after.id, successor: after.successor };
        app.tell(write, [fact]);
    }
    Ok(())
}

async fn save_contact(
    app: &App,
    write: &mut Write,
    actor: &str,
    row: &store::ContactRow,
) -> Result<(), Fault> {
    store::insert_contact(write, row.id, &row.contact).await?;
    let body = json!({ "contact": row.id, "after": row.contact });
    write.record(entry(app, actor, "unit.contact.add", row.contact.unit, body));
    Ok(())
}

async fn finish_contact(
    app: &App,
    write: &mut Write,
    actor: &str,
    unit: UnitId,
    id: Uuid,
    at: i64,
) -> Result<(), Fault> {
    if !store::end_contact(write, unit, id, at).await? {
        return Err(Fault::NotFound);
    }
    let body = json!({ "contact": id, "valid_to": at });
    write.record(entry(app, actor, "unit.contact.end", unit, body));
    Ok(())
}

fn entry(app: &App, actor: &str, action: &'static str, unit: UnitId, body: Value) -> NewEntry {
    let subject = format!("unit:{unit}");
    NewEntry { at: app.now(), actor: actor.to_owned(), action, subject, body }
}
