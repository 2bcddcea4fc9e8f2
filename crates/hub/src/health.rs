//! Whether the process lives and whether it can work: for supervisors and load balancers.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::app::App;
use crate::fault::Fault;

/// The state of the hub in one word.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Health {
    /// `ok` when the hub can work.
    pub status: &'static str,
}

/// `GET /healthz`: the process answers.
pub async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// `GET /readyz`: the state store answers too.
pub async fn readyz(State(app): State<App>) -> Result<Json<Health>, Fault> {
    app.db.read().await.map_err(|_| Fault::Unavailable)?;
    Ok(Json(Health { status: "ok" }))
}
