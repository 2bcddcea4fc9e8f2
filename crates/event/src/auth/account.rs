//! Changes of account: su, and the tools that make, change and remove users.

use super::{present, verdict};
use crate::batch::Writer;

/// Writes what the message tells.
pub(super) fn write(program: &str, message: &str, event: &mut Writer<'_>) {
    match program {
        "su" => su(message, event),
        "useradd" | "adduser" => made(message, event),
        "userdel" => removed(message, event),
        "systemd-logind" => logind(message, event),
        _ => {}
    }
}

/// `(to root) an on pts/0`, `FAILED SU (to root) an on pts/0`, `Successful su for root by an`.
fn su(message: &str, event: &mut Writer<'_>) {
    let (rest, outcome) = match message.strip_prefix("FAILED SU ") {
        Some(rest) => (rest, "failure"),
        None => (message, "success"),
    };
    if let Some((target, rest)) = rest.strip_prefix("(to ").and_then(|rest| rest.split_once(") ")) {
        let (user, tty) = rest.rsplit_once(" on ").unwrap_or((rest, ""));
        switched(outcome, target, user, event);
        present("tty", tty, event);
        return;
    }
    for (opening, outcome) in [("Successful su for ", "success"), ("FAILED su for ", "failure")] {
        if let Some((target, user)) =
            message.strip_prefix(opening).and_then(|rest| rest.rsplit_once(" by "))
        {
            switched(outcome, target, user, event);
        }
    }
}

fn switched(outcome: &str, target: &str, user: &str, event: &mut Writer<'_>) {
    verdict("su", outcome, event);
    event.text("target_user", target);
    event.text("user", user);
}

/// `new user: name=an, UID=1001, GID=1001, home=/home/an, shell=/bin/bash`
fn made(message: &str, event: &mut Writer<'_>) {
    let Some(rest) = message.strip_prefix("new user: name=") else { return };
    verdict("account_created", "success", event);
    event.text("target_user", rest.split(',').next().unwrap_or_default());
}

/// `delete user 'an'`
fn removed(message: &str, event: &mut Writer<'_>) {
    let Some(rest) = message.strip_prefix("delete user ") else { return };
    verdict("account_removed", "success", event);
    event.text("target_user", rest.trim_matches('\''));
}

/// `New session 5 of user an.`
fn logind(message: &str, event: &mut Writer<'_>) {
    let user = message.strip_prefix("New session ").and_then(|rest| rest.split_once(" of user "));
    if let Some((_, user)) = user {
        verdict("session_opened", "success", event);
        event.text("user", user.trim_end_matches('.'));
    }
}
