//! `GET /api/v1/assets`.

use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, SeenAsset};
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::{ListQuery, Page};
use crate::web::time;
use crate::web::view::Member;

/// A page of assets.
#[derive(Serialize, ToSchema)]
pub struct Assets {
    /// The assets.
    items: Vec<AssetItem>,
    /// How many the caller sees in all.
    total: i64,
    /// What to give as `after` for the next page.
    next: Option<String>,
}

/// An asset.
#[derive(Serialize, ToSchema)]
pub struct AssetItem {
    /// Its id.
    id: Uuid,
    /// Assets have no series of numbers: its name.
    number: String,
    /// `active` or `retired`.
    state: &'static str,
    /// When it was entered, RFC 3339.
    created_at: String,
    /// What sort it is.
    kind: String,
    /// What a system is for.
    system_type: Option<String>,
    /// The protection level of a system, 1 to 5.
    level: Option<u8>,
    /// The code of the unit that owns it.
    unit: String,
}

/// Lists the assets that the caller sees.
pub async fn list(
    State(app): State<App>,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Json<Assets>, Fault> {
    let mut conn = app.db.read().await?;
    let Page { items, total, next } =
        store::list(&mut conn, member.person.id, &query).await?.map(item);
    Ok(Json(Assets { items, total, next }))
}

fn item(seen: SeenAsset) -> AssetItem {
    let SeenAsset { asset, unit_code, created_at, retired_at, .. } = seen;
    AssetItem {
        id: asset.id.uuid(),
        number: asset.name,
        state: if retired_at.is_none() { "active" } else { "retired" },
        created_at: time::rfc3339(created_at),
        kind: asset.kind.code().to_owned(),
        system_type: asset.system_type.map(|kind| kind.code().to_owned()),
        level: asset.level,
        unit: unit_code,
    }
}
