//! Middleware that finds out who is reading: by cookie for people, by bearer token for the API.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::i18n::Lang;
use super::view::{Caller, View};
use crate::access;
use crate::app::App;
use crate::fault::Fault;
use crate::inbox;

/// The cookie that holds the session token; browsers bind `__Host-` to TLS and this host.
pub fn cookie_name(app: &App) -> &'static str {
    if app.config.secure_cookies() { "__Host-khien" } else { "khien" }
}

/// Cookie of the chosen language.
pub const LANG_COOKIE: &str = "khien_lang";

/// Returns the value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Returns a `Set-Cookie` value; an empty `value` removes the cookie.
pub fn set_cookie(app: &App, name: &str, value: &str, seconds: u64) -> HeaderValue {
    let secure = if app.config.secure_cookies() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Returns the address of the client, believing `X-Forwarded-For` of trusted proxies only.
pub fn client_address(app: &App, request: &Request) -> IpAddr {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([127, 0, 0, 1]), |c| c.0.ip());
    let trusted = |ip: &IpAddr| app.config.http.trusted_proxies.iter().any(|n| n.contains(ip));
    if !trusted(&peer) {
        return peer;
    }
    // The last address that no proxy of ours wrote is the client.
    let forwarded = request.headers().get_all("x-forwarded-for");
    let mut hops: Vec<IpAddr> = forwarded
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .filter_map(|hop| hop.trim().parse().ok())
        .collect();
    while hops.last().is_some_and(&trusted) {
        hops.pop();
    }
    hops.pop().unwrap_or(peer)
}

/// Middleware: puts a [`View`] into every request.
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let address = client_address(&app, &request).to_string();
    // A request body is not `Sync`, so that only parts of the request may be held over an await.
    let (headers, path) = (request.headers().clone(), request.uri().path().to_owned());
    let view = match build_view(&app, &headers, path, address).await {
        Ok(view) => view,
        Err(fault) => return fault.into_response(),
    };
    request.extensions_mut().insert(view);
    next.run(request).await
}

async fn build_view(
    app: &App,
    headers: &HeaderMap,
    path: String,
    address: String,
) -> Result<View, Fault> {
    let mut view = View {
        lang: language(headers),
        caller: None,
        path,
        unread: 0,
        province: app.config.http.province.clone(),
        now: app.now(),
        address,
        agent: header_text(headers, header::USER_AGENT).to_owned(),
    };
    if view.path.starts_with("/assets/") {
        return Ok(view);
    }
    if let Some(token) = token(app, headers)
        && let Some((person, session)) = access::session::resume(app, &token).await?
    {
        let mut conn = app.db.read().await?;
        view.unread = inbox::unread(&mut conn, person.id).await?;
        view.caller = Some(Arc::new(Caller { person, session }));
    }
    Ok(view)
}

/// Vietnamese, unless the reader chose otherwise: many official PCs run an English browser.
fn language(headers: &HeaderMap) -> Lang {
    cookie(headers, LANG_COOKIE).map_or(Lang::Vi, Lang::of)
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
}

fn token(app: &App, headers: &HeaderMap) -> Option<String> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    bearer.or_else(|| cookie(headers, cookie_name(app))).map(str::to_owned)
}
