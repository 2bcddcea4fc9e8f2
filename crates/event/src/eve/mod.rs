//! Suricata's EVE JSON: what the sensor saw, besides its own names in those of Sigma's rules.
//!
//! Paths stay as they are (`alert.signature`, `tls.sni`). Web requests get the names of web server
//! and proxy logs, name look-ups those of DNS logs, every event those of firewall logs. The objects
//! are read by [`crate::json`], which knows an EVE event when it meets one.

use crate::Format;
use crate::batch::{Value, Writer};
use crate::interned::NameId;

/// Suricata's path, and what rules call it.
const NAMES: &[(&str, &[&str])] = &[
    ("dest_ip", &["dst_ip"]),
    ("dest_port", &["dst_port"]),
    ("dns.rrname", &["query"]),
    ("dns.queries.rrname", &["query"]),
    ("dns.query.rrname", &["query"]),
    ("dns.rrtype", &["record_type"]),
    ("dns.queries.rrtype", &["record_type"]),
    ("dns.query.rrtype", &["record_type"]),
    ("dns.rdata", &["answer"]),
    ("dns.answers.rdata", &["answer"]),
    ("http.http_method", &["cs-method"]),
    ("http.hostname", &["cs-host"]),
    ("http.http_user_agent", &["cs-user-agent", "c-useragent"]),
    ("http.http_refer", &["cs-referer"]),
    ("http.protocol", &["cs-version"]),
    ("http.status", &["sc-status"]),
    ("http.length", &["sc-bytes"]),
];

/// Values of one path that are copied; a look-up asks for one name, its answer tells a few.
const VALUES_MAX: usize = 64;

/// File hashes by kind, as Sysmon writes them in one field.
const HASHES: &[(&str, &str)] =
    &[("fileinfo.sha1", "SHA1"), ("fileinfo.md5", "MD5"), ("fileinfo.sha256", "SHA256")];

/// Each of Suricata's events has one of these, and no other source's.
const SURICATAS_OWN: [NameId; 4] =
    [NameId::FLOW_ID, NameId::IN_IFACE, NameId::PCAP_CNT, NameId::STATS_UPTIME];

/// Returns true when the event is one of Suricata's.
pub(crate) fn is(event: &Writer<'_>) -> bool {
    matches!(event.first_by_id(NameId::EVENT_TYPE), Some(Value::Text(_)))
        && SURICATAS_OWN.iter().any(|name| event.first_by_id(*name).is_some())
}

/// Adds the names of the rules.
pub(crate) fn write(event: &mut Writer<'_>) {
    event.becomes(Format::Eve);
    for (path, names) in NAMES {
        for text in values(path, event) {
            names.iter().for_each(|name| event.set(name, text.value()));
        }
    }
    write_request(event);
    write_hashes(event);
}

/// A value of the event, apart from it.
enum Copied {
    Number(String),
    Text(String),
}

impl Copied {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Number(digits) => Value::Number(digits),
            Self::Text(text) => Value::Text(text),
        }
    }
}

fn values(path: &str, event: &Writer<'_>) -> Vec<Copied> {
    let found = event.values(path).take(VALUES_MAX);
    found
        .filter_map(|value| match value {
            Value::Number(digits) => Some(Copied::Number(digits.to_owned())),
            Value::Text(text) => Some(Copied::Text(text.to_owned())),
            Value::Null | Value::Bool(_) => None,
        })
        .collect()
}

fn text(field: &str, event: &Writer<'_>) -> Option<String> {
    event.first(field).and_then(Value::as_text).map(str::to_owned)
}

fn write_request(event: &mut Writer<'_>) {
    let Some(url) = text("http.url", event) else { return };
    if let Some(client) = text("src_ip", event) {
        event.text("c-ip", &client);
    }
    event.text("cs-uri", &url);
    event.text("c-uri", &url);
    // Rules for proxies ask for the path alone and for the whole address.
    if url.starts_with('/')
        && let Some(host) = text("http.hostname", event)
    {
        event.text("c-uri", &format!("http://{host}{url}"));
    }
    let (stem, query) = url.split_once('?').unwrap_or((&url, ""));
    event.text("cs-uri-stem", stem);
    if !query.is_empty() {
        event.text("cs-uri-query", query);
        event.text("c-uri-query", query);
    }
    let file = stem.rsplit('/').next().unwrap_or_default();
    if let Some((_, extension)) = file.rsplit_once('.') {
        event.text("c-uri-extension", extension);
    }
}

fn write_hashes(event: &mut Writer<'_>) {
    let kinds = HASHES
        .iter()
        .filter_map(|(path, kind)| Some(format!("{kind}={}", text(path, event)?.to_uppercase())));
    let hashes = kinds.collect::<Vec<_>>().join(",");
    if !hashes.is_empty() {
        event.text("Hashes", &hashes);
    }
}
