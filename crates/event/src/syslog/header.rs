//! The syslog header: RFC 5424, and RFC 3164 with what real senders make of it (a year, an ISO
//! time as rsyslog writes it, no priority in a file, no host).

use crate::batch::{Value, Writer};
use crate::carrier::Carrier;
use crate::syslog::structured;
use crate::{Context, time};

/// What stands before the message. A part that is missing is `None`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Header<'l> {
    pub(crate) priority: Option<u8>,
    pub(crate) t_event: Option<i64>,
    pub(crate) host: Option<&'l str>,
    pub(crate) program: Option<&'l str>,
    pub(crate) pid: Option<&'l str>,
    pub(crate) msgid: Option<&'l str>,
    /// Structured data as they stand, brackets included.
    pub(crate) structured: &'l str,
    pub(crate) message: &'l str,
    /// It began as RFC 5424 and went wrong; the message is then the whole line.
    pub(crate) broken: bool,
}

impl<'l> Header<'l> {
    /// Returns what an inner format's decoder takes over.
    pub(crate) fn carrier(&self) -> Carrier<'l> {
        Carrier { host: self.host, t_event: self.t_event }
    }

    /// Writes every part but the message.
    pub(crate) fn write(&self, event: &mut Writer<'_>) {
        if let Some(priority) = self.priority {
            event.set("facility", Value::Number(&(priority >> 3).to_string()));
            event.set("severity", Value::Number(&(priority & 7).to_string()));
        }
        let parts = [
            ("Computer", self.host),
            ("program", self.program),
            ("pid", self.pid),
            ("msgid", self.msgid),
        ];
        for (field, part) in parts {
            if let Some(part) = part {
                event.text(field, part);
            }
        }
        structured::write(self.structured, event);
        if let Some(us) = self.t_event {
            event.at(us);
        }
    }
}

/// Reads a line. Never fails: a line without any header is all message, as RFC 3164 has it.
pub(crate) fn read<'l>(line: &'l str, context: &Context) -> Header<'l> {
    let (priority, rest) = priority(line);
    if priority.is_some()
        && let Some(rest) = rest.strip_prefix("1 ")
    {
        return match rfc5424(rest) {
            Some(header) => Header { priority, ..header },
            None => Header { priority, message: line, broken: true, ..Header::default() },
        };
    }
    Header { priority, ..rfc3164(rest, context) }
}

fn priority(line: &str) -> (Option<u8>, &str) {
    let parsed =
        line.strip_prefix('<').and_then(|rest| rest.split_once('>')).and_then(|(digits, rest)| {
            let priority = digits.parse::<u8>().ok().filter(|p| *p <= 191)?;
            Some((Some(priority), rest))
        });
    parsed.unwrap_or((None, line))
}

fn rfc5424(rest: &str) -> Option<Header<'_>> {
    let mut parts = rest.splitn(6, ' ');
    let stamp = present(parts.next()?);
    let t_event = match stamp {
        Some(stamp) => Some(time::iso(stamp, 0)?),
        None => None,
    };
    let host = present(parts.next()?);
    let program = present(parts.next()?);
    let pid = present(parts.next()?);
    let msgid = present(parts.next()?);
    let (structured, message) = structured::split(parts.next()?)?;
    let message = message.strip_prefix('\u{FEFF}').unwrap_or(message);
    Some(Header { t_event, host, program, pid, msgid, structured, message, ..Header::default() })
}

fn present(part: &str) -> Option<&str> {
    (part != "-" && !part.is_empty()).then_some(part)
}

fn rfc3164<'l>(rest: &'l str, context: &Context) -> Header<'l> {
    let Some((us, rest)) = stamp(rest, context) else {
        // Without a time there is no host; `su: text` from a local socket still has its tag.
        return tagged(Header::default(), rest.trim_start());
    };
    let header = Header { t_event: Some(us), ..Header::default() };
    let rest = rest.trim_start_matches([' ', ':']);
    match rest.split_once(' ') {
        Some((host, rest)) if is_host(host) => {
            tagged(Header { host: Some(host), ..header }, rest.trim_start_matches(' '))
        }
        _ => tagged(header, rest),
    }
}

fn stamp<'l>(rest: &'l str, context: &Context) -> Option<(i64, &'l str)> {
    if let Some(read) = time::bsd(rest, context) {
        return Some(read);
    }
    let (first, after) = rest.split_once(' ')?;
    let first = first.trim_end_matches(':');
    if !first.contains('T') {
        return None;
    }
    Some((time::iso(first, context.zone_offset_s)?, after))
}

/// A word that is a tag, a field, or Cisco's `%FACILITY`, stands where the host would.
fn is_host(word: &str) -> bool {
    !word.is_empty()
        && !word.ends_with(':')
        && !word.contains(['[', '='])
        && !word.starts_with(['%', '{'])
        && !is_event(word)
}

/// A message of a format that brings its own header begins here.
fn is_event(text: &str) -> bool {
    text.starts_with("CEF:") || text.starts_with("LEEF:")
}

/// Splits `program[pid]: ` off the message.
fn tagged<'l>(header: Header<'l>, rest: &'l str) -> Header<'l> {
    let split = rest
        .split_once(": ")
        .or_else(|| rest.strip_suffix(':').map(|tag| (tag, "")))
        .filter(|(tag, _)| !is_event(rest) && !tag.contains([' ', '{', '"', '|']));
    let Some((tag, message)) = split else { return Header { message: rest, ..header } };
    let (program, pid) = match tag.split_once('[') {
        Some((program, pid)) => (program, pid.strip_suffix(']')),
        None => (tag, None),
    };
    Header { program: Some(program).filter(|p| !p.is_empty()), pid, message, ..header }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parts<'l> = (Option<&'l str>, Option<&'l str>, Option<&'l str>, &'l str);

    fn parts(line: &str) -> Parts<'_> {
        // 1 November 2025, 10:00 in Vietnam.
        let header = read(line, &Context::received(1_761_966_000_000_000));
        (header.host, header.program, header.pid, header.message)
    }

    #[test]
    fn headers_of_real_senders() {
        for (line, expected) in [
            (
                "<34>Oct 11 22:14:15 mail su: 'su root'",
                (Some("mail"), Some("su"), None, "'su root'"),
            ),
            ("<13>Oct 11 22:14:15 sshd[7]: hi", (None, Some("sshd"), Some("7"), "hi")),
            ("Oct 11 22:14:15 pc sshd[7]: a: b", (Some("pc"), Some("sshd"), Some("7"), "a: b")),
            ("2025-10-11T22:14:15+07:00 pc cron: x", (Some("pc"), Some("cron"), None, "x")),
            ("<1>Oct 11 22:14:15 fw CEF:0|a|b", (Some("fw"), None, None, "CEF:0|a|b")),
            ("<1>Oct 11 2025 22:14:15: %ASA-6-3: x", (None, Some("%ASA-6-3"), None, "x")),
            ("<1>Oct 11 22:14:15 pc no tag here", (Some("pc"), None, None, "no tag here")),
            (
                "<13>Oct 11 22:14:15 type=CWD msg=audit(1.0:1): cwd=\"/\"",
                (None, None, None, "type=CWD msg=audit(1.0:1): cwd=\"/\""),
            ),
            ("<13>su: hello", (None, Some("su"), None, "hello")),
            ("just text", (None, None, None, "just text")),
            ("<999>text", (None, None, None, "<999>text")),
            ("", (None, None, None, "")),
        ] {
            assert_eq!(parts(line), expected, "{line}");
        }
    }

    #[test]
    fn rfc5424_in_full_and_with_nothing() {
        let line = "<165>1 2003-10-11T22:14:15.003Z m.example evntslog 9 ID47 [a@1 k=\"v\"] \u{FEFF}An event";
        let header = read(line, &Context::received(0));
        assert_eq!(header.priority, Some(165));
        assert_eq!(header.t_event, Some(1_065_910_455_003_000));
        assert_eq!(header.structured, "[a@1 k=\"v\"]");
        assert_eq!(header.message, "An event");
        let bare = read("<0>1 - - - - - -", &Context::received(0));
        assert!(!bare.broken && bare.host.is_none() && bare.message.is_empty());
        assert!(read("<0>1 - - -", &Context::received(0)).broken);
        assert!(read("<0>1 notatime - - - - -", &Context::received(0)).broken);
        assert!(read("<0>1 - - - - - [a k=\"v", &Context::received(0)).broken);
    }
}
