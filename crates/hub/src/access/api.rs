//! `POST /api/v1/login`.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::login;
use super::session::Kind;
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::View;

/// Who wants in.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// The log-in name.
    login: String,
    /// The password.
    password: String,
}

/// An opened session.
#[derive(Serialize, ToSchema)]
pub struct Opened {
    /// Goes into `Authorization: Bearer …`.
    token: String,
}

/// Answers with a token, or 401.
pub async fn login(
    State(app): State<App>,
    view: View,
    Json(wanted): Json<Credentials>,
) -> Result<Json<Opened>, Fault> {
    let token = login::sign_in(&app, &view, &wanted.login, wanted.password, Kind::Api).await?;
    Ok(Json(Opened { token }))
}
