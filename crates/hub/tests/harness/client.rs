//! A browser or a program before the router, in the same process, and what it is answered.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

const EVENT_STREAM: &str = "text/event-stream";
const BOUNDARY: &str = "khien-test-boundary";

/// One browser with its session, if it has one.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    session: Option<String>,
    headers: Vec<(&'static str, String)>,
}

impl Client {
    pub(crate) fn new(router: Router, session: Option<String>) -> Self {
        Self { router, session, headers: Vec::new() }
    }

    /// Returns the same client that also sends a header.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name, value.to_owned()));
        client
    }

    /// Returns the same client with the session that a log-in has answered with.
    pub(crate) fn signed_in(&self, reply: &Reply) -> Self {
        let cookie = reply.headers[header::SET_COOKIE].to_str().unwrap();
        let (_, rest) = cookie.split_once('=').unwrap();
        let token = rest.split(';').next().unwrap().to_owned();
        Self { session: Some(token), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, Body::empty()).await
    }

    /// Sends a form as a browser does.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let body = encode(form);
        self.send(Method::POST, path, Some("application/x-www-form-urlencoded"), body.into()).await
    }

    /// Sends a form with files: (field, file name, bytes).
    pub(crate) async fn upload(
        &self,
        path: &str,
        form: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Reply {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(Method::POST, path, Some(&kind), multipart(form, files).into()).await
    }

    /// Sends JSON.
    pub(crate) async fn post_json(&self, path: &str, body: &serde_json::Value) -> Reply {
        let body = body.to_string();
        self.send(Method::POST, path, Some("application/json"), body.into()).await
    }

    /// Asks for JSON and returns it; anything but 200 stops the test.
    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        self.get(path).await.ok().json()
    }

    /// Sends anything.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        kind: Option<&str>,
        body: Body,
    ) -> Reply {
        let response = self.ask(&method, path, kind, body).await;
        let (parts, body) = response.into_parts();
        // A live stream has no end to wait for.
        let live = parts.headers.get(header::CONTENT_TYPE).is_some_and(|k| k == EVENT_STREAM);
        let body =
            if live { Vec::new() } else { body.collect().await.unwrap().to_bytes().to_vec() };
        let asked = format!("{method} {path}");
        Reply { asked, status: parts.status, headers: parts.headers, body }
    }

    /// Returns whether what is at a path breaks off before its end.
    pub(crate) async fn breaks_off(&self, path: &str) -> bool {
        let response = self.ask(&Method::GET, path, None, Body::empty()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.into_body().collect().await.is_err()
    }

    async fn ask(&self, method: &Method, path: &str, kind: Option<&str>, body: Body) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if let Some(token) = &self.session {
            request = request.header(header::COOKIE, format!("khien={token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }
}

/// What came back. The assertions return the reply, so that they can be chained.
pub(crate) struct Reply {
    asked: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}: {text}", self.asked))
    }

    /// Returns a header's value; empty when it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Returns where the reply leads to.
    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.asked, self.text());
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.is(200)
    }

    /// A change that worked leads to a page.
    #[track_caller]
    pub(crate) fn leads_to(self, path: &str) -> Self {
        let reply = self.is(303);
        assert_eq!(reply.location(), path, "{}", reply.asked);
        reply
    }

    #[track_caller]
    pub(crate) fn sees(self, text: &str) -> Self {
        let body = self.text();
        assert!(body.contains(text), "{}: `{text}` is not in {body}", self.asked);
        self
    }

    #[track_caller]
    pub(crate) fn sees_not(self, text: &str) -> Self {
        let body = self.text();
        assert!(!body.contains(text), "{}: `{text}` is in {body}", self.asked);
        self
    }

    /// Returns the value of the first input or button of that name on the page.
    #[track_caller]
    pub(crate) fn input(&self, name: &str) -> String {
        let text = self.text();
        let mark = format!("name=\"{name}\"");
        let at = text.find(&mark).unwrap_or_else(|| panic!("{}: no {name}: {text}", self.asked));
        let start = text[..at].rfind('<').unwrap();
        let tag = &text[start..at + text[at..].find('>').unwrap()];
        let (_, value) = tag.split_once("value=\"").unwrap_or_else(|| panic!("{tag} has no value"));
        value.split('"').next().unwrap().to_owned()
    }
}

fn encode(form: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        form.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}

fn escape(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn multipart(form: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    let mut part = |head: String, content: &[u8]| {
        body.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    };
    for (name, value) in form {
        part(format!("Content-Disposition: form-data; name=\"{name}\""), value.as_bytes());
    }
    for (name, file, content) in files {
        let head = format!(
            "Content-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
             Content-Type: application/octet-stream"
        );
        part(head, content);
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}
