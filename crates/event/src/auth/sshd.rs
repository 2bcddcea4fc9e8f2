//! OpenSSH server messages.

use super::{source, verdict};
use crate::batch::{Value, Writer};

/// Openings of messages that end a connection before anyone logged in.
const GIVEN_UP: &[&str] = &["Disconnected from ", "Connection closed by ", "Connection reset by "];

/// Writes what the message tells.
pub(super) fn write(message: &str, event: &mut Writer<'_>) {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    if let Some(rest) = message.strip_prefix("Accepted ") {
        attempt(rest, "success", event);
    } else if let Some(rest) = message.strip_prefix("Failed ") {
        attempt(rest, "failure", event);
    } else if let Some(rest) = message.strip_prefix("Invalid user ") {
        verdict("login", "failure", event);
        event.set("invalid_user", Value::Bool(true));
        account_from(rest, event);
    } else if let Some(rest) = message.strip_prefix("maximum authentication attempts exceeded for ")
    {
        verdict("login", "failure", event);
        account_from(account(rest, event), event);
    } else if let Some(rest) = message.strip_prefix("Received disconnect from ") {
        event.text("action", "disconnected");
        peer(rest, event);
    } else if let Some(rest) = GIVEN_UP.iter().find_map(|opening| message.strip_prefix(opening)) {
        event.text("action", "disconnected");
        disconnected(rest, event);
    }
}

/// `password for [invalid user ]an from 203.0.113.9 port 4242 ssh2`
fn attempt(rest: &str, outcome: &str, event: &mut Writer<'_>) {
    let Some((method, rest)) = rest.split_once(" for ") else { return };
    verdict("login", outcome, event);
    event.text("auth_method", method);
    account_from(account(rest, event), event);
}

/// Notes and strips `invalid user `.
fn account<'m>(rest: &'m str, event: &mut Writer<'_>) -> &'m str {
    match rest.strip_prefix("invalid user ") {
        Some(rest) => {
            event.set("invalid_user", Value::Bool(true));
            rest
        }
        None => rest,
    }
}

/// The user's name is the attacker's to choose and may hold ` from 192.0.2.1`: only the last
/// ` from ` is the server's own.
fn account_from(rest: &str, event: &mut Writer<'_>) {
    let Some((user, from)) = rest.rsplit_once(" from ") else { return };
    event.text("user", user);
    peer(from, event);
}

/// `203.0.113.9 port 4242 ..`
fn peer(from: &str, event: &mut Writer<'_>) {
    let mut words = from.split(' ');
    source(words.next().unwrap_or_default(), event);
    if words.next() == Some("port") {
        port(words.next().unwrap_or_default(), event);
    }
}

/// `[authenticating user|invalid user|user] an 203.0.113.9 port 4242 [preauth]`, or the peer alone.
fn disconnected(rest: &str, event: &mut Writer<'_>) {
    let rest = rest.strip_prefix("authenticating ").unwrap_or(rest);
    let rest = account(rest, event);
    let rest = rest.strip_prefix("user ").unwrap_or(rest);
    let Some((before, after)) = rest.rsplit_once(" port ") else { return source(rest, event) };
    match before.rsplit_once(' ') {
        Some((user, host)) => {
            event.text("user", user);
            source(host, event);
        }
        None => source(before, event),
    }
    port(after.split(' ').next().unwrap_or_default(), event);
}

fn port(word: &str, event: &mut Writer<'_>) {
    // `Received disconnect from 203.0.113.9 port 4242:11: Bye Bye`
    let digits = word.split(':').next().unwrap_or_default();
    if digits.parse::<u16>().is_ok() {
        event.set("src_port", Value::Number(digits));
    }
}
