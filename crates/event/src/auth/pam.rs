//! PAM messages: `pam_unix(sshd:auth): authentication failure; rhost=203.0.113.9 user=an`.

use super::{present, source, verdict};
use crate::batch::Writer;

/// Writes what the message tells.
pub(super) fn write(message: &str, event: &mut Writer<'_>) {
    let Some((module, rest)) = message.split_once(": ") else { return };
    if let Some((_, service)) = module.split_once('(') {
        let service = service.trim_end_matches(')');
        present("pam_service", service.split(':').next().unwrap_or_default(), event);
    }
    if let Some(rest) = rest.strip_prefix("session opened for user ") {
        verdict("session_opened", "success", event);
        session(rest, event);
    } else if let Some(rest) = rest.strip_prefix("session closed for user ") {
        event.text("action", "session_closed");
        session(rest, event);
    } else if rest.starts_with("authentication failure") {
        verdict("login", "failure", event);
        failure(rest, event);
    } else if let Some(user) = rest.strip_prefix("password changed for ") {
        verdict("password_changed", "success", event);
        event.text("target_user", user);
    }
}

/// `root(uid=0) by an(uid=1000)`; before 2021 `root by (uid=0)`.
fn session(rest: &str, event: &mut Writer<'_>) {
    let (opened, by) = rest.split_once(" by ").unwrap_or((rest, ""));
    event.text("user", without_uid(opened));
    present("by_user", without_uid(by), event);
}

fn without_uid(name: &str) -> &str {
    name.split('(').next().unwrap_or_default().trim()
}

/// `authentication failure; logname= uid=0 tty=ssh ruser= rhost=203.0.113.9  user=an`
fn failure(rest: &str, event: &mut Writer<'_>) {
    for word in rest.split_whitespace() {
        match word.split_once('=') {
            Some(("rhost", host)) => source(host, event),
            Some(("user", user)) => present("user", user, event),
            Some(("ruser", user)) => present("by_user", user, event),
            Some(("tty", tty)) => present("tty", tty, event),
            _ => {}
        }
    }
}
