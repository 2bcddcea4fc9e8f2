//! `GET /api/v1/signals`.

use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, SignalRow};
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::ListQuery;
use crate::web::time::rfc3339;
use crate::web::view::Member;

/// A signal for machines.
#[derive(Serialize, ToSchema)]
pub struct SignalItem {
    id: Uuid,
    number: String,
    kind: String,
    level: String,
    state: String,
    title: String,
    unit: Uuid,
    matter: Option<Uuid>,
    seen_count: i64,
    detected_at: String,
    created_at: String,
}

/// A page of signals.
#[derive(Serialize, ToSchema)]
pub struct SignalList {
    items: Vec<SignalItem>,
    total: i64,
    next: Option<String>,
}

impl From<SignalRow> for SignalItem {
    fn from(row: SignalRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            kind: row.kind,
            level: row.level,
            state: row.state,
            title: row.title,
            unit: row.unit,
            matter: row.matter,
            seen_count: row.seen_count,
            detected_at: rfc3339(row.detected_at),
            created_at: rfc3339(row.created_at),
        }
    }
}

/// Answers with a page.
pub async fn list(
    State(app): State<App>,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Json<SignalList>, Fault> {
    let mut conn = app.db.read().await?;
    let page = store::list(&mut conn, member.person.id, &query).await?.map(SignalItem::from);
    Ok(Json(SignalList { items: page.items, total: page.total, next: page.next }))
}
