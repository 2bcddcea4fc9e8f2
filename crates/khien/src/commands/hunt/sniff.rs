//! What a file is, by its first bytes: packed, or a log of some format. The name only decides
//! between a damaged event log and something else, and between `auth.log` and other syslog files.

use khien_event::Format;

/// Lines that have a say in it.
const LINES_ASKED: usize = 20;
/// Where a tar archive says that it is one.
const TAR_MAGIC_AT: usize = 257;

/// What bytes are packed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapping {
    Gzip,
    Zstd,
    Zip,
    Tar,
}

/// Returns what the bytes are packed in, if they are.
pub(super) fn wrapping(head: &[u8]) -> Option<Wrapping> {
    let tar = head.get(TAR_MAGIC_AT..).is_some_and(|rest| rest.starts_with(b"ustar"));
    match head {
        [0x1f, 0x8b, 8, ..] => Some(Wrapping::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Wrapping::Zstd),
        // The second is an archive without members.
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Wrapping::Zip),
        _ if tar => Some(Wrapping::Tar),
        _ => None,
    }
}

/// Guesses the format of a file called `name` from its first bytes.
pub(super) fn guess(name: &str, head: &[u8]) -> Option<Format> {
    let name = name.rsplit(['/', '\\', '!']).next().unwrap_or_default().to_lowercase();
    if head.starts_with(b"ElfFile\0") || name.ends_with(".evtx") {
        return Some(Format::Evtx);
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['{', '[']) && !is_apache_error(text) {
        return Some(if is_eve(text) { Format::Eve } else { Format::Json });
    }
    let lines = || text.lines().filter(|line| !line.trim().is_empty()).take(LINES_ASKED);
    let most = |is: fn(&str) -> bool| {
        let asked = lines().count();
        asked > 0 && lines().filter(|line| is(line)).count() * 2 > asked
    };
    if lines().any(is_iis_columns) {
        Some(Format::Iis)
    } else if most(|line| line.starts_with("CEF:")) {
        Some(Format::Cef)
    } else if most(|line| line.starts_with("LEEF:")) {
        Some(Format::Leef)
    } else if most(is_audit) {
        Some(Format::Auditd)
    } else if most(is_access) {
        Some(Format::Access)
    } else if most(is_syslog) {
        let auth = name.starts_with("auth") || name.starts_with("secure");
        Some(if auth { Format::Auth } else { Format::Syslog })
    } else {
        None
    }
}

/// `[Fri Nov 20 ..`: an Apache error log opens like a JSON array.
fn is_apache_error(text: &str) -> bool {
    text.starts_with('[') && text[1..].starts_with(|c: char| c.is_ascii_uppercase())
}

/// Every event of Suricata's has a kind, and nearly every one a flow.
fn is_eve(text: &str) -> bool {
    text.contains("\"event_type\"") && text.contains("\"flow_id\"")
}

/// The columns of a web log; the firewall and Exchange write the same format with others.
fn is_iis_columns(line: &str) -> bool {
    line.starts_with("#Fields:") && line.contains(" cs-")
}

/// `type=SYSCALL msg=audit(..`, with `node=` before it where machines are gathered.
fn is_audit(line: &str) -> bool {
    (line.starts_with("type=") || line.starts_with("node=")) && line.contains(" msg=audit(")
}

/// `10.0.0.1 - user [20/Nov/2026:08:30:00 +0700] "GET / ..`
fn is_access(line: &str) -> bool {
    let Some((before, after)) = line.split_once(" [") else { return false };
    let stamp = after.as_bytes();
    before.split(' ').count() >= 3
        && stamp.len() > 20
        && stamp[2] == b'/'
        && stamp[6] == b'/'
        && after.contains("] \"")
}

/// `<34>..`, `Nov 20 08:30:00 host ..` or `2026-11-20T08:30:00.. host ..`
fn is_syslog(line: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let bytes = line.as_bytes();
    let priority = || {
        let digits = bytes.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
        bytes[0] == b'<' && (1..=3).contains(&digits) && bytes.get(digits + 1) == Some(&b'>')
    };
    let bsd = || {
        let month = line.get(..3).is_some_and(|month| MONTHS.contains(&month));
        month && bytes.get(9) == Some(&b':') && bytes.get(12) == Some(&b':')
    };
    let iso = || {
        bytes.len() > 19
            && bytes[..4].iter().all(u8::is_ascii_digit)
            && (bytes[4], bytes[7], bytes[10], bytes[13]) == (b'-', b'-', b'T', b':')
    };
    !bytes.is_empty() && (priority() || bsd() || iso())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_content() {
        let access = "10.0.0.1 - - [20/Nov/2026:08:30:00 +0700] \"GET / HTTP/1.1\" 200 5\n";
        let iis = "\u{feff}#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n\
                   #Fields: date time cs-method cs-uri-stem\n2026-11-20 01:00:00 GET /\n";
        let wall = "#Version: 1.5\n#Software: Microsoft Windows Firewall\n#Fields: date action\n";
        for (name, head, format) in [
            ("a.bin", "ElfFile\0...", Some(Format::Evtx)),
            ("cut.evtx", "", Some(Format::Evtx)),
            ("a.zip!x/cut.EVTX", "", Some(Format::Evtx)),
            ("a.log", "\u{feff}{\"EventID\": 1}", Some(Format::Json)),
            ("a.txt", "  [ {}, {} ]", Some(Format::Json)),
            ("eve.json", "{\"flow_id\":1,\"event_type\":\"dns\"}", Some(Format::Eve)),
            ("error.log", "[Fri Nov 20 08:30:00 2026] [error] x", None),
            ("a.log", "CEF:0|a|b|c|d|e|1|x=y\n", Some(Format::Cef)),
            ("a.log", "LEEF:1.0|a|b|c|d|x=y\n", Some(Format::Leef)),
            ("a.log", "type=CWD msg=audit(1.0:1): cwd=\"/\"\n", Some(Format::Auditd)),
            ("a.log", "node=x type=CWD msg=audit(1.0:1): cwd=\"/\"\n", Some(Format::Auditd)),
            ("a.log", access, Some(Format::Access)),
            ("u_ex261120.log", iis, Some(Format::Iis)),
            ("pfirewall.log", wall, None),
            ("a.log", "<34>Nov 20 08:30:00 h p: m\n", Some(Format::Syslog)),
            ("a.log", "Nov 20 08:30:00 h p: m\n", Some(Format::Syslog)),
            ("auth.log.1", "2026-11-20T08:30:00+07:00 h sshd[1]: m\n", Some(Format::Auth)),
            ("logs/auth.log.1", "2026-11-20T08:30:00+07:00 h sshd[1]: m\n", Some(Format::Auth)),
            ("notes.txt", "nothing to see here\n", None),
            ("empty.log", "", None),
            ("odd.log", "ệ <é>\nệệệệệ\n", None),
        ] {
            assert_eq!(guess(name, head.as_bytes()), format, "{name}: {head}");
        }
    }

    #[test]
    fn wrappings_are_known_by_content() {
        let mut tar = vec![b'a'; 600];
        tar[TAR_MAGIC_AT..TAR_MAGIC_AT + 5].copy_from_slice(b"ustar");
        for (head, expected) in [
            (&b"\x1f\x8b\x08\0"[..], Some(Wrapping::Gzip)),
            (b"\x28\xb5\x2f\xfdx", Some(Wrapping::Zstd)),
            (b"PK\x03\x04x", Some(Wrapping::Zip)),
            (b"PK\x05\x06x", Some(Wrapping::Zip)),
            (&tar, Some(Wrapping::Tar)),
            (b"PKware", None),
            (b"\x1f", None),
            (b"", None),
        ] {
            assert_eq!(wrapping(head), expected);
        }
    }
}
