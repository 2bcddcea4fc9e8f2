//! Linux authentication lines: who tried to become whom, from where, and how it ended.
//!
//! The message stays whole under `message` for keyword rules. What is understood of it becomes
//! `action` (`login`, `session_opened`, `sudo`, ..), `outcome` (`success` or `failure`), `user`,
//! `target_user`, `src_ip`, `src_port`, `auth_method`, `command`.

mod account;
mod pam;
mod sshd;
mod sudo;

use crate::batch::{Batch, Value, Writer};
use crate::problem::{ProblemKind, Problems};
use crate::syslog::header::{self, Header};
use crate::{Context, Format, text};

const PROGRAMS: &[&str] = &[
    "sshd",
    "sshd-session",
    "sudo",
    "su",
    "login",
    "passwd",
    "chpasswd",
    "useradd",
    "adduser",
    "userdel",
    "usermod",
    "groupadd",
    "systemd-logind",
    "polkitd",
    "pkexec",
];

/// PAM writes under the name of whatever program asked it.
const PAM_PREFIX: &str = "pam_";

/// Returns true when the message is read here.
pub(crate) fn claims(header: &Header<'_>) -> bool {
    PROGRAMS.contains(&header.program.unwrap_or_default()) || header.message.starts_with(PAM_PREFIX)
}

/// Reads every line of an `auth.log`, whatever the program.
pub(crate) fn parse(bytes: &[u8], context: &Context, batch: &mut Batch, problems: &mut Problems) {
    text::each_line(bytes, problems, |number, line, problems| {
        let header = header::read(line, context);
        if header.program.is_none() || header.t_event.is_none() {
            problems.add(Some(number), ProblemKind::Malformed, "no syslog header");
            return;
        }
        write(&header, batch);
    });
}

/// Writes one message as an event.
pub(crate) fn write(header: &Header<'_>, batch: &mut Batch) {
    let mut event = batch.start(Format::Auth);
    header.write(&mut event);
    event.text("message", header.message);
    let message = repeated(header.message.trim(), &mut event);
    match header.program.unwrap_or_default() {
        _ if message.starts_with(PAM_PREFIX) => pam::write(message, &mut event),
        "sshd" | "sshd-session" => sshd::write(message, &mut event),
        "sudo" => sudo::write(message, &mut event),
        program => account::write(program, message, &mut event),
    }
    event.finish();
}

/// Unwraps `message repeated 3 times: [ .. ]`, so that a compressed attack is still counted.
fn repeated<'m>(message: &'m str, event: &mut Writer<'_>) -> &'m str {
    let unwrapped = message.strip_prefix("message repeated ").and_then(|rest| {
        let (times, rest) = rest.split_once(" times: [")?;
        Some((times, rest.strip_suffix(']')?.trim()))
    });
    match unwrapped {
        Some((times, inner)) if times.parse::<u32>().is_ok() => {
            event.set("repeated", Value::Number(times));
            inner
        }
        _ => message,
    }
}

/// Writes what was tried and how it ended.
fn verdict(action: &str, outcome: &str, event: &mut Writer<'_>) {
    event.text("action", action);
    event.text("outcome", outcome);
}

/// Writes the field unless the part is empty.
fn present(field: &str, part: &str, event: &mut Writer<'_>) {
    if !part.is_empty() {
        event.text(field, part);
    }
}

/// Writes where it came from: an address, or a name where the server looked it up.
fn source(host: &str, event: &mut Writer<'_>) {
    match host.parse::<std::net::IpAddr>() {
        Ok(_) => event.text("src_ip", host),
        Err(_) => present("src_host", host, event),
    }
}
