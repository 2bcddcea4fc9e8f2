//! sudo messages: `an : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/bin/sh`.

use super::verdict;
use crate::batch::Writer;

const PARTS: &[(&str, &str)] =
    &[("TTY=", "tty"), ("PWD=", "pwd"), ("USER=", "target_user"), ("GROUP=", "target_group")];

/// Writes what the message tells.
pub(super) fn write(message: &str, event: &mut Writer<'_>) {
    let Some((user, rest)) = message.split_once(" : ") else { return };
    // The command comes last and may hold anything, separators included.
    let (context, command) = match rest.split_once("COMMAND=") {
        Some((context, command)) => (context, Some(command)),
        None => (rest, None),
    };
    let parts: Vec<&str> = context.split(" ; ").map(str::trim).collect();
    let is_known = |part: &&str| part.is_empty() || part.contains('=');
    let refusal = parts.iter().find(|part| !is_known(part));
    verdict("sudo", if refusal.is_some() { "failure" } else { "success" }, event);
    event.text("user", user.trim());
    if let Some(reason) = refusal {
        event.text("reason", reason);
    }
    for (prefix, field) in PARTS {
        if let Some(value) = parts.iter().find_map(|part| part.strip_prefix(prefix)) {
            event.text(field, value);
        }
    }
    if let Some(command) = command {
        event.text("command", command);
    }
}
