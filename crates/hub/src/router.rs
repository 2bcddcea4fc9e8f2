//! Every route of the hub is a row: method, path, audience and a sample subject.
//!
//! The axum router, the OpenAPI document and the access tests are generated from these rows, so
//! that a route without an access test cannot exist. The slices list their rows beside their
//! handlers; this file joins them and lays the layers around them.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, on};
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::app::App;
use crate::web::guard::{self, Audience};
use crate::web::{assets, session};
use crate::{
    access, asset, board, detection, evidence, fault, home, inbox, incident, intake, journal,
    report, signal, task, unit,
};

/// The most bytes of a form or an API call; uploads and intake doors name their own bound.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// What stands for `{id}` when the access test walks the routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// The path has no parameter.
    None,
    /// A path that is whole as it stands in the row.
    Literal(&'static str),
    /// A unit.
    Unit,
    /// A person.
    Person,
    /// A grant that waits for a second person.
    Grant,
    /// An asset.
    Asset,
    /// A signal outside any matter.
    Signal,
    /// An incident.
    Incident,
    /// A task of the incident.
    Task,
    /// Evidence on the task.
    Evidence,
    /// A message of the own officer.
    Message,
    /// A source of events.
    Source,
    /// A rule suppressed at the own unit.
    Suppression,
}

/// What an API route promises, for the OpenAPI document.
#[derive(Clone, Copy)]
pub struct Doc {
    /// One line.
    pub summary: &'static str,
    /// The name of the response schema, when there is one.
    pub answer: Option<Schema>,
    /// The name of the request schema, when there is a body.
    pub body: Option<Schema>,
}

/// A named schema of the OpenAPI document.
pub type Schema = fn() -> (String, utoipa::openapi::RefOr<utoipa::openapi::Schema>);

/// One row.
pub struct Route {
    /// The HTTP method.
    pub method: Method,
    /// The path with its parameters.
    pub path: &'static str,
    /// Whom it answers.
    pub audience: Audience,
    /// What stands for the parameter in the access test.
    pub sample: Sample,
    /// For API routes: what it promises.
    pub doc: Option<Doc>,
    service: MethodRouter<App>,
}

impl Route {
    /// A row that reads.
    pub fn get<H, T>(path: &'static str, audience: Audience, sample: Sample, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        Self::row(
            Method::GET,
            path,
            audience,
            sample,
            on(axum::routing::MethodFilter::GET, handler),
        )
    }

    /// A row that changes something.
    pub fn post<H, T>(path: &'static str, audience: Audience, sample: Sample, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let service = on(axum::routing::MethodFilter::POST, handler);
        Self::row(Method::POST, path, audience, sample, service)
    }

    fn row(
        method: Method,
        path: &'static str,
        audience: Audience,
        sample: Sample,
        service: MethodRouter<App>,
    ) -> Self {
        Self { method, path, audience, sample, doc: None, service }
    }

    /// Promises what an API route answers.
    #[must_use]
    pub fn doc(mut self, doc: Doc) -> Self {
        self.doc = Some(doc);
        self
    }

    /// Lets this route take bodies up to `bytes`.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.service = self.service.layer(DefaultBodyLimit::max(bytes));
        self
    }
}

/// Returns every row.
pub fn routes() -> Vec<Route> {
    use Audience::Stranger;
    let mut rows = vec![
        Route::get("/assets/{*name}", Stranger, Sample::Literal("/assets/app.css"), assets::serve),
        Route::get("/healthz", Stranger, Sample::None, crate::health::healthz),
        Route::get("/readyz", Stranger, Sample::None, crate::health::readyz),
        Route::get("/api/v1/openapi.json", Stranger, Sample::None, crate::openapi::serve),
    ];
    rows.extend(access::routes());
    rows.extend(access::people::routes());
    rows.extend(home::routes());
    rows.extend(board::routes());
    rows.extend(incident::routes());
    rows.extend(signal::routes());
    rows.extend(task::routes());
    rows.extend(evidence::routes());
    rows.extend(inbox::routes());
    rows.extend(journal::routes());
    rows.extend(report::routes());
    rows.extend(intake::routes());
    rows.extend(detection::routes());
    rows.extend(unit::routes());
    rows.extend(asset::routes());
    rows
}

/// Returns the router of the inner listener.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for row in routes() {
        let gate = from_fn_with_state(row.audience, guard::admit);
        router = router.route(row.path, row.service.layer(gate));
    }
    // The last layer is the outermost: a request meets them from the bottom up.
    router
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(app.clone(), fault::render))
        .layer(from_fn_with_state(app.clone(), session::identify))
        // Pages hold what only their reader may see: no proxy and no shared PC keeps them.
        .layer(header_layer(header::CACHE_CONTROL, "no-store"))
        .layer(header_layer(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY))
        .layer(header_layer(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(header_layer(header::REFERRER_POLICY, "same-origin"))
        .layer(header_layer(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(CompressionLayer::new())
        .with_state(app)
}

/// Nothing from elsewhere, nothing inline, nothing evaluated.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self' data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const PERMISSIONS_POLICY: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

fn header_layer(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_row_stands_twice_and_every_parameter_has_a_sample() {
        let mut seen = BTreeSet::new();
        for row in routes() {
            assert!(seen.insert((row.method.to_string(), row.path)), "{} twice", row.path);
            assert_eq!(row.path.contains('{'), row.sample != Sample::None, "{}", row.path);
        }
    }

    #[test]
    fn every_api_row_is_documented() {
        for row in routes().iter().filter(|r| r.path.starts_with("/api/")) {
            let own = row.path == "/api/v1/openapi.json";
            assert!(own || row.doc.is_some(), "{} {} has no doc", row.method, row.path);
        }
    }
}
