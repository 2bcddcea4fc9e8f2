//! Middleware that finds out who is reading: by cookie for people, by bearer token for the API.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::i18n::Lang;
use super::view::{Caller, View};
use crate::access;
use crate::app::App;
use crate::fault::{Asker, Fault};
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
        .map_or(IpAddr::from([127, 0, 0, 1]), |c| c.0.ip().to_canonical());
    let trusted = |ip: &IpAddr| app.config.http.trusted_proxies.iter().any(|n| n.contains(ip));
    // Each proxy of ours vouches for the hop that it wrote, the last one first; what cannot be
    // read vouches for nothing before it.
    let forwarded = request.headers().get_all("x-forwarded-for").iter();
    let hops: Vec<&str> = forwarded.flat_map(|v| v.to_str().unwrap_or("").split(',')).collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        let Ok(before) = hop.trim().parse::<IpAddr>() else { break };
        if !trusted(&client) {
            break;
        }
        client = before.to_canonical();
    }
    client
}

/// Middleware: puts a [`View`] into every request. It stands outside of [`crate::fault::render`], so that
/// it words its own faults, for a reader whom it could not find out.
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let address = client_address(&app, &request).to_string();
    // A request body is not `Sync`, so that only parts of the request may be held over an await.
    let (headers, path) = (request.headers().clone(), request.uri().path().to_owned());
    let stranger = stranger(&app, &headers, path, address);
    match sign_in(&app, &headers, stranger.clone()).await {
        Ok(view) => {
            request.extensions_mut().insert(view);
            next.run(request).await
        }
        Err(fault) => Asker::of(&request, stranger).told(&fault),
    }
}

fn stranger(app: &App, headers: &HeaderMap, path: String, address: String) -> View {
    View {
        lang: language(headers),
        caller: None,
        path,
        unread: 0,
        province: app.config.http.province.clone(),
        now: app.now(),
        address,
        agent: header_text(headers, header::USER_AGENT).to_owned(),
    }
}

/// Adds the reader, when the request carries a session that stands.
async fn sign_in(app: &App, headers: &HeaderMap, mut view: View) -> Result<View, Fault> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;
    use axum::body::Body;

    #[tokio::test]
    async fn only_our_own_proxies_tell_where_a_request_came_from() {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config { data: data.path().to_owned(), ..Config::default() };
        config.http.trusted_proxies = vec!["10.0.0.0/24".parse().unwrap()];
        let app = App::open(config, Clock::held(0)).await.unwrap();
        let cases = [
            ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
            ("::ffff:10.0.0.5", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.5", "::ffff:203.0.113.9", "203.0.113.9"),
            ("10.0.0.5", "198.51.100.1, 203.0.113.9, 10.0.0.6", "203.0.113.9"),
            ("10.0.0.5", "203.0.113.9, unknown, 10.0.0.6", "10.0.0.6"),
            ("10.0.0.5", "203.0.113.9, unknown", "10.0.0.5"),
            ("10.0.0.5", "", "10.0.0.5"),
            ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
        ];
        for (peer, forwarded, client) in cases {
            let mut request = Request::new(Body::empty());
            let peer: IpAddr = peer.parse().unwrap();
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer, 50_000)));
            let value = HeaderValue::from_static(forwarded);
            request.headers_mut().insert("x-forwarded-for", value);
            assert_eq!(client_address(&app, &request).to_string(), client, "{peer} {forwarded}");
        }
    }
}
