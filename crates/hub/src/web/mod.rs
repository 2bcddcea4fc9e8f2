//! What every page shares: who is reading, in which language, under which frame.

pub mod assets;
pub mod chart;
pub mod guard;
pub mod i18n;
pub mod layout;
pub mod list;
pub mod parts;
pub mod session;
pub mod time;
pub mod view;

use axum::extract::Request;
use axum::http::header;

use crate::fault::Fault;

/// Returns whether the asker is a machine: an API or ingest path, or a client that wants JSON.
pub fn wants_json(request: &Request) -> bool {
    let path = request.uri().path();
    let by_path = ["/api/", "/ingest/", "/_bulk", "/v1/", "/healthz", "/readyz", "/stream"]
        .iter()
        .any(|prefix| path.starts_with(prefix));
    by_path
        || request
            .headers()
            .get(header::ACCEPT)
            .and_then(|a| a.to_str().ok())
            .is_some_and(|a| a.starts_with("application/json"))
}

/// Returns `text` percent-encoded for the value of a query parameter.
pub fn encode_query(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Reads a code that this program stored itself; one that it does not know is a fault of ours.
pub fn stored<T>(code: &str) -> Result<T, Fault>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    code.parse().map_err(|e| anyhow::anyhow!("the state store holds a foreign code: {e}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_encoded() {
        assert_eq!(encode_query("/signals?q=mã độc"), "/signals%3Fq%3Dm%C3%A3%20%C4%91%E1%BB%99c");
    }
}
