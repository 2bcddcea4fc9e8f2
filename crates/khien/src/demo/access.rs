//! Web access log lines, sent by the web server itself over syslog (nginx `access_log syslog:`).

use super::{Line, Moment, syslog};

/// A browser that half the province uses.
pub(super) const BROWSER: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// What was asked and answered.
pub(super) struct Request<'a> {
    pub(super) from_ip: &'a str,
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) agent: &'a str,
}

/// Returns the line in the combined format; `host` is the web server or site.
pub(super) fn request(at: Moment, host: &str, request: &Request<'_>) -> Line {
    let Request { from_ip, method, uri, status, bytes, agent } = request;
    let text = format!(
        r#"{from_ip} - - [{}] "{method} {uri} HTTP/1.1" {status} {bytes} "-" "{agent}""#,
        at.access_log()
    );
    syslog::from_server(at, host, "nginx", 812, &text)
}
