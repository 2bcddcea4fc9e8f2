//! One record of the audit trail: `type=PATH msg=audit(1364481363.243:24287): item=0 name=..`
//!
//! Also with `node=` before it (audispd of several machines), and as the kernel prints it where no
//! auditd runs: `[ 12.5] audit: type=1302 audit(1364481363.243:24287): ..`.

use crate::time;

/// A record whose fields are not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'l> {
    /// The machine, where the record names one.
    pub(super) node: Option<&'l str>,
    /// `SYSCALL`, `PATH`, ..
    pub(super) kind: &'l str,
    /// When the event happened, µs UTC; the same in all its records.
    pub(super) at_us: i64,
    /// The number of the event on its machine, since the machine started.
    pub(super) serial: u64,
    pub(super) body: &'l str,
}

/// Reads the front of a record; `None` when the text is none.
pub(super) fn read(text: &str) -> Option<Record<'_>> {
    let text = without_uptime(text.trim_start());
    let text = text.strip_prefix("audit: ").unwrap_or(text);
    let (node, text) = match text.strip_prefix("node=").and_then(|rest| rest.split_once(' ')) {
        Some((node, rest)) => (Some(node), rest),
        None => (None, text),
    };
    let (kind, text) = text.strip_prefix("type=")?.split_once(' ')?;
    let text = text.strip_prefix("msg=").unwrap_or(text);
    let (stamp, body) = text.strip_prefix("audit(")?.split_once("):")?;
    let (seconds, serial) = stamp.split_once(':')?;
    let (at_us, serial) = (time::epoch(seconds)?, serial.parse().ok()?);
    (!kind.is_empty()).then(|| Record {
        node,
        kind: kind_name(kind),
        at_us,
        serial,
        body: body.trim_start(),
    })
}

/// `[ 1234.567890] ` of the kernel's own log.
fn without_uptime(text: &str) -> &str {
    let uptime = text.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    match uptime {
        Some((digits, rest)) if digits.trim().bytes().all(is_digit_or_point) => rest,
        _ => text,
    }
}

fn is_digit_or_point(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

/// The kernel prints a record's type as its number.
fn kind_name(kind: &str) -> &str {
    match kind {
        "1100" => "USER_AUTH",
        "1105" => "USER_START",
        "1112" => "USER_LOGIN",
        "1130" => "SERVICE_START",
        "1131" => "SERVICE_STOP",
        "1300" => "SYSCALL",
        "1302" => "PATH",
        "1305" => "CONFIG_CHANGE",
        "1306" => "SOCKADDR",
        "1307" => "CWD",
        "1309" => "EXECVE",
        "1319" => "TTY",
        "1320" => "EOE",
        "1321" => "BPRM_FCAPS",
        "1326" => "SECCOMP",
        "1327" => "PROCTITLE",
        "1330" => "KERN_MODULE",
        "1334" => "BPF",
        "1400" => "AVC",
        "1700" => "ANOM_PROMISCUOUS",
        "1701" => "ANOM_ABEND",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_every_sender() {
        let record = |node, kind, body| {
            Some(Record { node, kind, at_us: 1_364_481_363_243_000, serial: 24287, body })
        };
        for (text, expected) in [
            (
                "type=CWD msg=audit(1364481363.243:24287):  cwd=\"/\"",
                record(None, "CWD", "cwd=\"/\""),
            ),
            ("node=w1 type=EOE msg=audit(1364481363.243:24287): ", record(Some("w1"), "EOE", "")),
            (
                "audit: type=1302 audit(1364481363.243:24287): item=0",
                record(None, "PATH", "item=0"),
            ),
            (
                "[    9.25] audit: type=1999 audit(1364481363.243:24287): x",
                record(None, "1999", "x"),
            ),
            ("type=CWD msg=audit(1364481363.243): cwd=\"/\"", None),
            ("type=CWD msg=audit(soon:1): cwd=\"/\"", None),
            ("type=CWD msg=audit(1364481363.243:24287", None),
            ("type= msg=audit(1364481363.243:24287): x", None),
            ("type=CWD", None),
            ("", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
