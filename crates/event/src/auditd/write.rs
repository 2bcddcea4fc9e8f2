//! A joined event's fields, under the names that the audit trail gives them.

use std::borrow::Cow;

use super::address::{self, Address};
use super::arguments::Arguments;
use super::join::Open;
use super::pairs::{self, Pair};
pub(super) use super::sysmon::Programs;
use super::{syscall, sysmon};
use crate::Format;
use crate::batch::{Batch, Value, Writer};

/// Fields of one event; a command line of that many words is none that a person typed.
const FIELDS_MAX: usize = 2048;

/// Fields whose text a user chose, which the kernel writes in hex when it must.
const USERS_TEXT: &[&str] = &[
    "acct",
    "cgroup",
    "cmd",
    "comm",
    "cwd",
    "data",
    "device",
    "dir",
    "exe",
    "file",
    "grp",
    "key",
    "name",
    "new_group",
    "ocomm",
    "path",
    "proctitle",
    "root_dir",
    "vm",
    "watch",
];

/// What a record says when it has nothing to say.
const NOTHING: &[&str] = &["", "?", "(null)"];

/// Several keys of one rule stand between these.
const KEY_SEPARATOR: char = '\u{1}';

/// The arguments of a system call; for `execve` they are addresses in a process that is gone.
const CALL_ARGUMENTS: &[&str] = &["a0", "a1", "a2", "a3"];

/// Writes the event.
pub(super) fn event(open: &Open, programs: &mut Programs, batch: &mut Batch) {
    let mut event = batch.start(Format::Auditd);
    event.at(open.at_us);
    if let Some(host) = &open.host {
        event.text("Computer", host);
    }
    event.set("serial", Value::Number(&open.serial.to_string()));
    for (kind, _) in open.records() {
        add("type", kind, &mut event);
    }
    let arguments = Arguments::read(open.records());
    let folder = working_folder(open);
    for (kind, body) in open.records() {
        for pair in pairs::pairs(body) {
            field(kind, &pair, &arguments, &folder, &mut event);
        }
    }
    name_call(&mut event);
    arguments.write(FIELDS_MAX, &mut event);
    sysmon::write(open, &arguments, made_file(open, &folder), programs, &mut event);
    event.finish();
}

fn working_folder(open: &Open) -> String {
    let cwd = open.records().filter(|(kind, _)| *kind == "CWD");
    let pair = cwd.flat_map(|(_, body)| pairs::pairs(body)).find(|pair| pair.key == "cwd");
    pair.map(|pair| pairs::users_text(&pair).into_owned()).unwrap_or_default()
}

/// Returns the path of the first file that the event made.
fn made_file(open: &Open, folder: &str) -> Option<String> {
    let is_made = |pair: Pair<'_>| pair.key == "nametype" && pair.value == "CREATE";
    let mut paths = open.records().filter(|(kind, _)| *kind == "PATH").map(|(_, body)| body);
    let made = paths.find(|body| pairs::pairs(body).any(is_made))?;
    let name = pairs::pairs(made).find(|pair| pair.key == "name")?;
    Some(absolute(folder, &pairs::users_text(&name)).into_owned())
}

fn field(kind: &str, pair: &Pair<'_>, arguments: &Arguments, folder: &str, event: &mut Writer<'_>) {
    if event.len() >= FIELDS_MAX || NOTHING.contains(&pair.value) {
        return;
    }
    match (kind, pair.key) {
        // A program's message: fields within a field.
        (_, "msg") => {
            for inner in pairs::pairs(pair.value) {
                plain_field(&inner, event);
            }
        }
        ("EXECVE", key) if key != "argc" => {}
        ("SYSCALL", key) if !arguments.is_empty() && CALL_ARGUMENTS.contains(&key) => {}
        ("PATH", "name") => {
            event.text("name", &absolute(folder, &pairs::users_text(pair)));
        }
        // The items of several paths stay side by side.
        ("PATH", key) => event.text(key, &text(pair)),
        (_, "key") => {
            let keys = text(pair);
            keys.split(KEY_SEPARATOR).for_each(|key| add("key", key, event));
        }
        ("SOCKADDR", "saddr") => {
            event.text("saddr", pair.value);
            write_address(pair.value, event);
        }
        _ => plain_field(pair, event),
    }
}

fn plain_field(pair: &Pair<'_>, event: &mut Writer<'_>) {
    if event.len() < FIELDS_MAX && !NOTHING.contains(&pair.value) {
        add(pair.key, text(pair).trim(), event);
    }
}

fn text<'l>(pair: &Pair<'l>) -> Cow<'l, str> {
    match pair.key {
        "proctitle" => Cow::Owned(pairs::users_text(pair).replace('\0', " ")),
        key if USERS_TEXT.contains(&key) => pairs::users_text(pair),
        _ => Cow::Borrowed(pair.value),
    }
}

/// Adds a value unless the field has it: records of one event repeat the process.
fn add(field: &str, text: &str, event: &mut Writer<'_>) {
    if !event.holds(field, text) {
        event.text(field, text);
    }
}

/// A path is recorded as the program named it, rules know it from the root.
fn absolute<'p>(folder: &str, path: &'p str) -> Cow<'p, str> {
    let below = path.strip_prefix("./").unwrap_or(path);
    if path.starts_with('/') || !folder.starts_with('/') {
        return Cow::Borrowed(path);
    }
    match below {
        "." | "" => Cow::Owned(folder.to_owned()),
        below => Cow::Owned(format!("{}/{below}", folder.trim_end_matches('/'))),
    }
}

/// In auditd's own words for the parts of an address.
fn write_address(hex: &str, event: &mut Writer<'_>) {
    match address::read(hex) {
        Some(Address::Internet(ip, port)) => {
            event.text("laddr", &ip.to_string());
            event.text("lport", &port.to_string());
        }
        Some(Address::Local(path)) => event.text("path", &path),
        None => {}
    }
}

/// Adds the name of the system call, as auditd's enriched format has it.
fn name_call(event: &mut Writer<'_>) {
    if event.has("SYSCALL") {
        return;
    }
    let part = |field| event.first(field).and_then(Value::as_text);
    if let (Some(arch), Some(number)) = (part("arch"), part("syscall"))
        && let Some(name) = syscall::name(arch, number)
    {
        event.text("SYSCALL", name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_from_the_root() {
        for (folder, path, expected) in [
            ("/etc", "passwd", "/etc/passwd"),
            ("/etc/", "./passwd", "/etc/passwd"),
            ("/", "bin/x", "/bin/x"),
            ("/etc", "../x", "/etc/../x"),
            ("/etc", ".", "/etc"),
            ("/etc", "/bin/x", "/bin/x"),
            ("", "x", "x"),
        ] {
            assert_eq!(absolute(folder, path), expected);
        }
    }
}
