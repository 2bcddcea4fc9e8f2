//! The register of assets: the systems, devices, accounts, domains and numbers of every unit.
//!
//! Letter S4 wants each unit to declare its five built-in systems with their levels; events find
//! their machine here by host name or address. An asset is never deleted: it is retired, and its
//! host names become free for whatever takes its place. Who may see an asset is decided by grants
//! over its unit; the administrator, who reads no matter, imports assets without reading them.

pub mod api;
pub mod import;
pub mod page;
pub mod store;

use khien_domain::access::Action;
use khien_domain::asset::Asset;
use khien_domain::id::AssetId;
use khien_domain::refusal::{Code, Refusal};
use khien_store::{NewEntry, Write};
use serde_json::{Value, json};

use crate::access;
use crate::app::App;
use crate::fault::Fault;
use crate::openapi::named;
use crate::router::{Doc, Route, Sample};
use crate::web::guard::Audience::{May, Member};
use crate::web::view::Caller;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    let edit = May(Action::EditAssets);
    vec![
        Route::get("/assets-register", Member, Sample::None, page::list),
        Route::get("/assets-register/new", edit, Sample::None, page::new),
        Route::post("/assets-register/new", edit, Sample::None, page::add),
        Route::get("/assets-register/{id}", Member, Sample::Asset, page::show),
        Route::get("/assets-register/{id}/edit", edit, Sample::Asset, page::edit),
        Route::post("/assets-register/{id}/edit", edit, Sample::Asset, page::save),
        Route::post("/assets-register/{id}/retire", edit, Sample::Asset, page::retire),
        Route::get("/api/v1/assets", Member, Sample::None, api::list).doc(Doc {
            summary: "Systems and devices of the units that the caller covers, newest first.",
            body: None,
            answer: Some(named::<api::Assets>),
        }),
    ]
}

/// Adds an asset and returns its id; one of the same unit, kind and name is the same asset, so
/// that a form sent twice adds one.
///
/// # Errors
/// When the caller may not edit assets of the unit, or a host name belongs to another asset of it.
pub async fn add(app: &App, caller: &Caller, asset: Asset) -> Result<AssetId, Fault> {
    let asset = asset.checked().map_err(Fault::Invalid)?;
    let mut write = app.db.write().await?;
    access::demand(app, &mut write, caller, Action::EditAssets, asset.unit).await?;
    if let Some(twin) = store::twin(&mut write, &asset).await? {
        return Ok(twin);
    }
    save_new(app, &mut write, &caller.actor(), &asset).await?;
    app.commit(write).await?;
    Ok(asset.id)
}

/// Saves a changed asset. It may move to another unit of the same caller.
///
/// # Errors
/// When the caller does not see the asset, may not edit it, or a host name is taken.
pub async fn change(app: &App, caller: &Caller, asset: Asset) -> Result<(), Fault> {
    let asset = asset.checked().map_err(Fault::Invalid)?;
    let mut write = app.db.write().await?;
    let seen = store::find(&mut write, caller.person.id, asset.id).await?.ok_or(Fault::NotFound)?;
    access::demand(app, &mut write, caller, Action::EditAssets, seen.asset.unit).await?;
    access::demand(app, &mut write, caller, Action::EditAssets, asset.unit).await?;
    if seen.retired_at.is_some() || seen.asset == asset {
        return Ok(());
    }
    store::free_keys(&mut write, asset.id).await?;
    save_changed(app, &mut write, &caller.actor(), &seen.asset, &asset).await?;
    app.commit(write).await?;
    Ok(())
}

/// Retires an asset: it stays on record, and its host names become free.
///
/// # Errors
/// When the caller does not see the asset or may not edit it.
pub async fn retire(app: &App, caller: &Caller, id: AssetId) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let seen = store::find(&mut write, caller.person.id, id).await?.ok_or(Fault::NotFound)?;
    access::demand(app, &mut write, caller, Action::EditAssets, seen.asset.unit).await?;
    if seen.retired_at.is_some() {
        return Ok(());
    }
    store::free_keys(&mut write, id).await?;
    store::retire(&mut write, id, app.now()).await?;
    let body = json!({ "before": seen.asset });
    write.record(entry(app, &caller.actor(), "asset.retire", id, body));
    app.commit(write).await?;
    Ok(())
}

/// Carries out a plan of assets within `write`.
///
/// # Errors
/// When the store fails.
pub async fn import_assets(
    app: &App,
    write: &mut Write,
    actor: &str,
    deeds: &[import::Deed],
) -> Result<(), Fault> {
    // Every key that may move is free before the first one is given.
    for deed in deeds {
        if let import::Deed::Change(pair) = deed {
            store::free_keys(write, pair.0.id).await?;
        }
    }
    for deed in deeds {
        match deed {
            import::Deed::Add(asset) => save_new(app, write, actor, asset).await?,
            import::Deed::Change(pair) => {
                save_changed(app, write, actor, &pair.0, &pair.1).await?;
            }
        }
    }
    Ok(())
}

async fn save_new(app: &App, write: &mut Write, actor: &str, asset: &Asset) -> Result<(), Fault> {
    store::insert(write, asset, app.now()).await?;
    give_keys(write, asset).await?;
    write.record(entry(app, actor, "asset.add", asset.id, json!({ "after": asset })));
    Ok(())
}

async fn save_changed(
    app: &App,
    write: &mut Write,
    actor: &str,
    before: &Asset,
    after: &Asset,
) -> Result<(), Fault> {
    store::update(write, after).await?;
    give_keys(write, after).await?;
    let body = json!({ "before": before, "after": after });
    write.record(entry(app, actor, "asset.change", after.id, body));
    Ok(())
}

async fn give_keys(write: &mut Write, asset: &Asset) -> Result<(), Fault> {
    for key in asset.keys() {
        if !store::give_key(write, asset, &key).await? {
            return Err(Fault::Invalid(Refusal::new(Code::HostTaken).arg("host", key)));
        }
    }
    Ok(())
}

fn entry(app: &App, actor: &str, action: &'static str, asset: AssetId, body: Value) -> NewEntry {
    let subject = format!("asset:{asset}");
    NewEntry { at: app.now(), actor: actor.to_owned(), action, subject, body }
}
