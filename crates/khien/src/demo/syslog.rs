//! Syslog messages as rsyslog forwards them (RFC 5424) and as small devices send them (RFC 3164).

use super::{Door, Line, Moment};

/// Syslog priority of an ordinary line: local use, informational.
const INFO: u8 = 16 * 8 + 6;
/// Local use, warning.
const WARNING: u8 = 16 * 8 + 4;

/// Returns a server's message, sent over TCP.
pub(super) fn from_server(at: Moment, host: &str, program: &str, pid: u64, text: &str) -> Line {
    let message = format!("<{INFO}>1 {} {host} {program} {pid} - - {text}", at.rfc5424());
    Line { after_ms: at.after_ms, door: Door::SyslogTcp, bytes: message.into_bytes() }
}

/// Returns a device's message, sent over UDP.
pub(super) fn from_device(at: Moment, host: &str, program: &str, warn: bool, text: &str) -> Line {
    let priority = if warn { WARNING } else { INFO };
    let message = format!("<{priority}>{} {host} {program}: {text}", at.rfc3164());
    Line { after_ms: at.after_ms, door: Door::SyslogUdp, bytes: message.into_bytes() }
}
