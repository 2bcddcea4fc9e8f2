//! `GET /api/v1/incidents`.

use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, IncidentRow};
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::ListQuery;
use crate::web::time::rfc3339;
use crate::web::view::Member;

/// An incident for machines.
#[derive(Serialize, ToSchema)]
pub struct IncidentItem {
    id: Uuid,
    number: String,
    state: String,
    title: String,
    category: String,
    severity: String,
    lead: Uuid,
    unit: Uuid,
    marking: String,
    detected_at: String,
    created_at: String,
    closed_at: Option<String>,
}

/// A page of incidents.
#[derive(Serialize, ToSchema)]
pub struct IncidentList {
    items: Vec<IncidentItem>,
    total: i64,
    next: Option<String>,
}

impl From<IncidentRow> for IncidentItem {
    fn from(row: IncidentRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            state: row.state,
            title: row.title,
            category: row.category,
            severity: row.severity,
            lead: row.lead,
            unit: row.unit,
            marking: row.marking,
            detected_at: rfc3339(row.detected_at),
            created_at: rfc3339(row.created_at),
            closed_at: row.closed_at.map(rfc3339),
        }
    }
}

/// Answers with a page.
pub async fn list(
    State(app): State<App>,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Json<IncidentList>, Fault> {
    let mut conn = app.db.read().await?;
    let page = store::list(&mut conn, member.person.id, &query).await?.map(IncidentItem::from);
    Ok(Json(IncidentList { items: page.items, total: page.total, next: page.next }))
}
