//! `GET /api/v1/tasks`.

use axum::Json;
use axum::extract::{Query, State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, TaskRow};
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::ListQuery;
use crate::web::time::rfc3339;
use crate::web::view::Member;

/// A task for machines.
#[derive(Serialize, ToSchema)]
pub struct TaskItem {
    id: Uuid,
    number: String,
    state: String,
    title: String,
    matter: Uuid,
    unit: Uuid,
    answer_kind: String,
    due: String,
    created_at: String,
}

/// A page of tasks.
#[derive(Serialize, ToSchema)]
pub struct TaskList {
    items: Vec<TaskItem>,
    total: i64,
    next: Option<String>,
}

impl From<TaskRow> for TaskItem {
    fn from(row: TaskRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            state: row.state,
            title: row.title,
            matter: row.matter,
            unit: row.unit,
            answer_kind: row.answer_kind,
            due: rfc3339(row.due),
            created_at: rfc3339(row.created_at),
        }
    }
}

/// Answers with a page.
pub async fn list(
    State(app): State<App>,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Json<TaskList>, Fault> {
    let mut conn = app.db.read().await?;
    let page = store::list(&mut conn, member.person.id, &query).await?.map(TaskItem::from);
    Ok(Json(TaskList { items: page.items, total: page.total, next: page.next }))
}
