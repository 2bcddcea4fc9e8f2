//! `GET /api/v1/units`.

use axum::Json;
use axum::extract::{Query, State};
use khien_domain::unit::Unit;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, ListedUnit};
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::{ListQuery, Page};
use crate::web::time;

/// A page of units.
#[derive(Serialize, ToSchema)]
pub struct Units {
    /// The units.
    items: Vec<UnitItem>,
    /// How many there are in all.
    total: i64,
    /// What to give as `after` for the next page.
    next: Option<String>,
}

/// A unit.
#[derive(Serialize, ToSchema)]
pub struct UnitItem {
    /// Its id.
    id: Uuid,
    /// Its code.
    number: String,
    /// `planned`, `active` or `dissolved`.
    state: &'static str,
    /// When it was entered, RFC 3339.
    created_at: String,
    /// Its official name.
    name: String,
    /// What sort of unit it is.
    kind: String,
    /// The unit it belongs to.
    parent: Option<Uuid>,
    /// Who inherits when it is dissolved.
    successor: Option<Uuid>,
}

/// Returns where a unit stands in time, as a code.
pub fn state(unit: &Unit, now: i64) -> &'static str {
    match (unit.exists(now), unit.dissolved(now)) {
        (true, _) => "active",
        (_, true) => "dissolved",
        _ => "planned",
    }
}

/// Lists units.
pub async fn list(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Units>, Fault> {
    let mut conn = app.db.read().await?;
    let now = app.now();
    let Page { items, total, next } =
        store::list(&mut conn, &query).await?.map(|listed| item(listed, now));
    Ok(Json(Units { items, total, next }))
}

fn item(listed: ListedUnit, now: i64) -> UnitItem {
    let ListedUnit { unit, created_at } = listed;
    UnitItem {
        id: unit.id.uuid(),
        state: state(&unit, now),
        created_at: time::rfc3339(created_at),
        kind: unit.kind.code().to_owned(),
        parent: unit.parent.map(|id| id.uuid()),
        successor: unit.successor.map(|id| id.uuid()),
        number: unit.code,
        name: unit.name,
    }
}
