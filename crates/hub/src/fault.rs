//! What can go wrong while answering, and how a stranger, an officer or a machine is told.
//!
//! A handler returns a [`Fault`]; the middleware [`render`] words it: RFC 9457 JSON for machines,
//! a page in the reader's language for people. What a person may not see is *not found*: the
//! answer never tells whether it exists.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use khien_domain::refusal::Refusal;
use khien_store::StoreError;
use serde::Serialize;

use crate::app::App;
use crate::web::i18n::Arg;
use crate::web::view::View;
use crate::web::{layout, wants_json};

/// When to come back to a server that cannot write: a disk is not emptied in a second.
const UNAVAILABLE_SECONDS: u64 = 30;

/// Why a request was not answered with what it asked for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", self.code())]
pub enum Fault {
    /// Nobody is signed in.
    SignIn,
    /// It is not there, or not for this reader.
    NotFound,
    /// The reader's roles do not allow this deed.
    Forbidden(Refusal),
    /// A rule of the domain said no.
    Refused(Refusal),
    /// What was typed breaks a rule: the form says which.
    Invalid(Refusal),
    /// The request is not of the form that the route reads.
    Unreadable,
    /// Log-in and password do not belong together; never says which is wrong.
    WrongLogin,
    /// The form came from another site.
    OtherSite,
    /// More bytes than the bound.
    TooLarge,
    /// Too many attempts; try again after so many seconds.
    TooMany(u64),
    /// The disk is full or the store cannot write: nothing was changed.
    Unavailable,
    /// A fault of ours, already logged under this number.
    Broken,
}

/// The body of an error for machines (RFC 9457).
#[derive(Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the code tells.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The sentence in the reader's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A code that does not change between versions.
    pub code: String,
}

impl Fault {
    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignIn | Self::WrongLogin => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden(_) | Self::OtherSite => StatusCode::FORBIDDEN,
            Self::Refused(_) => StatusCode::CONFLICT,
            Self::Invalid(_) | Self::Unreadable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the code that does not change between versions.
    pub fn code(&self) -> &str {
        match self {
            Self::SignIn => "sign_in",
            Self::NotFound => "not_found",
            Self::Forbidden(r) | Self::Refused(r) | Self::Invalid(r) => r.code,
            Self::Unreadable => "unreadable",
            Self::WrongLogin => "wrong_login",
            Self::OtherSite => "other_site",
            Self::TooLarge => "too_large",
            Self::TooMany(_) => "too_many",
            Self::Unavailable => "unavailable",
            Self::Broken => "broken",
        }
    }

    /// Tells programs, too, how long to wait before the next try.
    pub fn name_the_wait(&self, response: &mut Response) {
        let seconds = match self {
            Self::TooMany(seconds) => *seconds,
            Self::Unavailable => UNAVAILABLE_SECONDS,
            _ => return,
        };
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }

    /// Returns the sentence for the reader.
    pub fn sentence(&self, view: &View) -> String {
        match self {
            Self::Forbidden(r) | Self::Refused(r) | Self::Invalid(r) => refusal_text(view, r),
            Self::TooMany(seconds) => {
                view.lang.ta("fault-too_many", &[("seconds", Arg::Number(*seconds as i64))])
            }
            other => view.lang.t(&format!("fault-{}", other.code())),
        }
    }
}

/// Returns the text of a domain refusal in the reader's language.
pub fn refusal_text(view: &View, refusal: &Refusal) -> String {
    let args: Vec<(&str, Arg<'_>)> =
        refusal.args.iter().map(|(name, value)| (*name, Arg::Text(value))).collect();
    view.lang.ta(&format!("refusal-{}", refusal.code), &args)
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        if error.is_no_text() {
            return Self::Unreadable;
        }
        tracing::error!(%error, "the state store failed");
        if matches!(error, StoreError::DiskFull) { Self::Unavailable } else { Self::Broken }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a request failed");
        Self::Broken
    }
}

/// The fault rides in the response's extensions until [`render`] knows who reads it.
impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware: words every [`Fault`] for its reader.
pub async fn render(State(_app): State<App>, request: Request, next: Next) -> Response {
    let view = request.extensions().get::<View>().cloned().unwrap_or_default();
    let asker = Asker::of(&request, view);
    let response = next.run(request).await;
    match fault_of(&response) {
        Some(fault) => asker.told(&fault),
        None => response,
    }
}

/// What the wording of a fault depends on, taken from the request before a handler takes that.
pub struct Asker {
    view: View,
    json: bool,
    /// Where to go once signed in.
    next: String,
}

impl Asker {
    /// Returns who asks, and how.
    pub fn of(request: &Request, view: View) -> Self {
        Self { view, json: wants_json(request), next: next_path(request) }
    }

    /// Returns the answer that says the fault: a page, or JSON for machines.
    pub fn told(&self, fault: &Fault) -> Response {
        let view = &self.view;
        let mut worded = match (fault, self.json) {
            (Fault::SignIn, false) => Redirect::to(&sign_in_path(&self.next)).into_response(),
            (_, true) => problem_json(view, fault),
            (_, false) => {
                let back = Some(self.next.as_str()).filter(|p| !p.is_empty() && *p != view.path);
                let page = layout::problem(view, &fault.sentence(view), fault.code(), back);
                (fault.status(), page).into_response()
            }
        };
        fault.name_the_wait(&mut worded);
        worded
    }
}

/// Returns what a reader wanted to see: the page asked for, or the one whose form was sent,
/// because what a form is sent to is no page.
fn next_path(request: &Request) -> String {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return path_and_query(request.uri());
    }
    let text = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    let from = text(header::REFERER).and_then(|page| page.parse::<Uri>().ok());
    let own = from.filter(|page| page.authority().map(|a| a.as_str()) == text(header::HOST));
    own.map(|page| path_and_query(&page)).unwrap_or_default()
}

fn path_and_query(uri: &Uri) -> String {
    uri.path_and_query().map(ToString::to_string).unwrap_or_default()
}

/// Returns the fault of a response, also where axum itself refused the request.
fn fault_of(response: &Response) -> Option<Fault> {
    if let Some(fault) = response.extensions().get::<Fault>() {
        return Some(fault.clone());
    }
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED if plain => Some(Fault::NotFound),
        StatusCode::PAYLOAD_TOO_LARGE if plain => Some(Fault::TooLarge),
        StatusCode::BAD_REQUEST
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
            if plain =>
        {
            Some(Fault::Unreadable)
        }
        StatusCode::FORBIDDEN if plain => Some(Fault::OtherSite),
        _ => None,
    }
}

fn problem_json(view: &View, fault: &Fault) -> Response {
    let problem = Problem {
        kind: "about:blank",
        title: fault.sentence(view),
        status: fault.status().as_u16(),
        code: fault.code().replace('-', "_"),
    };
    let mut response = (fault.status(), axum::Json(problem)).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

fn sign_in_path(asked: &str) -> String {
    if asked.is_empty() || asked == "/" {
        return "/login".to_owned();
    }
    format!("/login?next={}", crate::web::encode_query(asked))
}
