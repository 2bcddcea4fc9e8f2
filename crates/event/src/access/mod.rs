//! Web access logs of nginx and Apache, common and combined, into Sigma's web server names.
//!
//! Addresses and queries stay percent-encoded as the client sent them: rules look for both forms.

use crate::batch::{Batch, Value, Writer};
use crate::carrier::Carrier;
use crate::problem::{ProblemKind, Problems};
use crate::{Format, text, time};

/// Reads every line.
pub(crate) fn parse(bytes: &[u8], batch: &mut Batch, problems: &mut Problems) {
    text::each_line(bytes, problems, |number, line, problems| {
        if !write(line, Carrier::default(), batch) {
            problems.add(Some(number), ProblemKind::Malformed, "no access log line");
        }
    });
}

/// Writes one line as an event. Returns false, and writes nothing, when it is none.
pub(crate) fn write(line: &str, carrier: Carrier<'_>, batch: &mut Batch) -> bool {
    let mut event = batch.start(Format::Access);
    if write_fields(line, &mut event).is_none() {
        return false;
    }
    carrier.complete(&mut event);
    event.finish();
    true
}

fn write_fields(line: &str, event: &mut Writer<'_>) -> Option<()> {
    let (who, rest) = line.split_once(" [")?;
    let (stamp, rest) = rest.split_once("] ")?;
    event.at(time::access(stamp)?);
    write_client(who, event)?;
    let (request, rest) = quoted(rest)?;
    write_request(request, event);
    let mut rest = rest.trim_start();
    for field in ["sc-status", "sc-bytes"] {
        let (number, after) = rest.split_once(' ').unwrap_or((rest, ""));
        match number {
            "-" => {}
            digits if is_number(digits) => event.set(field, Value::Number(digits)),
            _ => return None,
        }
        rest = after;
    }
    for field in ["cs-referer", "cs-user-agent"] {
        let Some((part, after)) = quoted(rest) else { break };
        write_present(field, part, event);
        rest = after.trim_start();
    }
    write_present("extra", rest.trim(), event);
    Some(())
}

/// `client ident user`, with the virtual host before it in Apache's `vhost_combined`.
fn write_client(who: &str, event: &mut Writer<'_>) -> Option<()> {
    let mut words: Vec<&str> = who.split_whitespace().collect();
    let has_host = words.len() > 3 && words[1].parse::<std::net::IpAddr>().is_ok();
    if has_host {
        let host = words.remove(0);
        let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
        write_present("cs-host", name, event);
    }
    let [client, _ident, user @ ..] = words.as_slice() else { return None };
    event.text("c-ip", client);
    // A user name may hold spaces: what is left belongs to it.
    write_present("cs-username", &user.join(" "), event);
    Some(())
}

/// `GET /path?query HTTP/1.1`; anything else a client sent is kept whole as the address.
fn write_request(request: &str, event: &mut Writer<'_>) {
    let parts = request.split_once(' ').filter(|(method, _)| is_method(method));
    let Some((method, rest)) = parts else {
        return write_present("cs-uri", request, event);
    };
    let (target, version) = match rest.rsplit_once(' ') {
        Some((target, version)) if version.starts_with("HTTP/") => (target, version),
        _ => (rest, ""),
    };
    event.text("cs-method", method);
    event.text("cs-uri", target);
    let (stem, query) = target.split_once('?').unwrap_or((target, ""));
    event.text("cs-uri-stem", stem);
    write_present("cs-uri-query", query, event);
    write_present("cs-version", version, event);
}

fn write_present(field: &str, part: &str, event: &mut Writer<'_>) {
    if !part.is_empty() && part != "-" {
        event.text(field, part);
    }
}

/// Splits a quoted part off; a backslash guards the quote behind it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let end = inner.bytes().position(|byte| {
        let hit = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        hit
    })?;
    Some((&inner[..end], &inner[end + 1..]))
}

fn is_method(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit())
}
