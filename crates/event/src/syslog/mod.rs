//! Syslog lines, one message per line as [`frame`] hands them over or as a log file holds them.
//!
//! The header is read here; a message that is CEF, LEEF, JSON, an audit record, an authentication line
//! or a web access line goes on to that decoder and keeps the header's host and time.

pub mod frame;
pub(crate) mod header;
mod structured;

use crate::batch::Batch;
use crate::problem::{ProblemKind, Problems};
use crate::{Context, Format, access, auditd, auth, cef, json, leef, text};
use header::Header;

/// Programs whose messages are web access lines.
const WEB_PROGRAMS: &[&str] = &["nginx", "httpd", "apache", "apache2", "access", "access_log"];

/// Some senders mark a JSON message with this cookie (Common Event Expression).
const CEE_COOKIE: &str = "@cee:";

/// Reads every line as a message.
pub(crate) fn parse(
    bytes: &[u8],
    context: &Context,
    audit: &mut auditd::Joiner,
    batch: &mut Batch,
    problems: &mut Problems,
) {
    text::each_line(bytes, problems, |number, line, problems| {
        let header = header::read(line, context);
        if header.broken {
            problems.add(Some(number), ProblemKind::Malformed, "broken rfc 5424 header");
        }
        if cef::claims(header.message) {
            if cef::write(header.message, header.carrier(), context, batch) {
                return;
            }
            problems.add(Some(number), ProblemKind::Malformed, "broken cef header");
        }
        if leef::claims(header.message) {
            if leef::write(header.message, header.carrier(), context, batch) {
                return;
            }
            problems.add(Some(number), ProblemKind::Malformed, "broken leef header");
        }
        if !auditd::add(header.message, header.carrier(), number, audit, batch, problems) {
            write(&header, context, batch);
        }
    });
}

/// Gives the message to the decoder that knows it, or keeps it as plain syslog.
fn write(header: &Header<'_>, context: &Context, batch: &mut Batch) {
    if auth::claims(header) {
        auth::write(header, batch);
        return;
    }
    let program = header.program.unwrap_or_default();
    if WEB_PROGRAMS.contains(&program) && access::write(header.message, header.carrier(), batch) {
        return;
    }
    let message = header.message;
    let object = message.strip_prefix(CEE_COOKIE).unwrap_or(message).trim_start();
    if object.starts_with('{') && json::parse_object(object, header.carrier(), context, batch) {
        return;
    }
    let mut event = batch.start(Format::Syslog);
    header.write(&mut event);
    event.text("message", message);
    event.finish();
}
