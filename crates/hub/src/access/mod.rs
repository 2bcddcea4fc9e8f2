//! Who may enter, and what each may do and see.
//!
//! - [`visible`]: the visibility rule as SQL. Every query goes through it.
//! - [`demand`]: the one question before every deed: does a grant allow it for this unit?
//! - [`session`], [`password`], [`throttle`]: log-in. Nobody is told which half was wrong.
//!
//! Answers letter S3 (accounts are issued, owned and reviewed) and design invariants 4 and 5: no
//! role reads everything, and the administrator reads no matter.

pub mod api;
pub mod first;
pub mod login;
pub mod page;
pub mod password;
pub mod people;
pub mod session;
pub mod slip;
pub mod store;
pub mod throttle;
pub mod visible;

use khien_domain::access::{self, Action};
use khien_domain::id::UnitId;
use khien_domain::refusal::{Code, Refusal};
use khien_store::Conn;

use crate::app::App;
use crate::fault::Fault;
use crate::openapi::named;
use crate::router::{Doc, Route, Sample};
use crate::unit;
use crate::web::guard::Audience::{Member, Stranger};
use crate::web::view::Caller;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/login", Stranger, Sample::None, page::login_form),
        Route::post("/login", Stranger, Sample::None, page::login),
        Route::post("/logout", Member, Sample::None, page::logout),
        Route::post("/preferences", Stranger, Sample::None, page::preferences),
        Route::get("/activate", Stranger, Sample::None, page::activate_form),
        Route::post("/activate", Stranger, Sample::None, page::activate),
        Route::get("/account", Member, Sample::None, page::account),
        Route::post("/account/password", Member, Sample::None, page::change_password),
        Route::post("/api/v1/login", Stranger, Sample::None, api::login).doc(Doc {
            summary: "Opens an API session; its token goes into the Authorization header.",
            body: Some(named::<api::Credentials>),
            answer: Some(named::<api::Opened>),
        }),
    ]
}

/// Refuses unless a grant of the caller allows `action` for `unit` now.
///
/// # Errors
/// [`Fault::Forbidden`] with the domain's reason.
pub async fn demand(
    app: &App,
    conn: &mut Conn,
    caller: &Caller,
    action: Action,
    unit: UnitId,
) -> Result<(), Fault> {
    let tree = unit::store::tree(conn).await?;
    access::may(&caller.person, action, unit, &tree, app.now()).map_err(Fault::Forbidden)
}

/// Lets the caller go on only if the action is allowed in the whole province.
///
/// # Errors
/// [`Fault::Forbidden`] when it is not; [`Fault::NotFound`] where there is no unit yet.
pub async fn demand_everywhere(
    app: &App,
    conn: &mut Conn,
    caller: &Caller,
    action: Action,
) -> Result<(), Fault> {
    let tree = unit::store::tree(conn).await?;
    let head = tree.head(app.now()).ok_or(Fault::NotFound)?;
    access::may_throughout(&caller.person, action, head.id, &tree, app.now())
        .map_err(Fault::Forbidden)
}

/// Returns the unit that carries this code at `at`, as somebody typed it.
///
/// # Errors
/// [`Fault::Invalid`] when there is none, or none any more: it could answer for nothing.
pub async fn unit_by_code(conn: &mut Conn, code: &str, at: i64) -> Result<UnitId, Fault> {
    let tree = unit::store::tree(conn).await?;
    let refused = match tree.by_code(code) {
        Some(unit) if unit.exists(at) => return Ok(unit.id),
        Some(unit) if unit.dissolved(at) => Code::UnitDissolved,
        _ => Code::UnitUnknown,
    };
    Err(Fault::Invalid(Refusal::new(refused).arg("code", code)))
}
