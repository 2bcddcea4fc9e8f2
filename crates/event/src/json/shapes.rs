//! Where collectors put the fields of a Windows event, by their paths: what is not ECS.
//!
//! A path is looked up once, when it is first met. Records (`System`, `EventData`) are not paths;
//! [`crate::windows`] reads them.

use std::borrow::Cow;

use super::paths::Meaning;
use crate::batch::Writer;
use crate::windows;

/// Where an answer of Elasticsearch or OpenSearch keeps the event.
const SOURCE: &str = "_source.";

/// Objects that hold fields under their native names: of Winlogbeat, of Winlogbeat before 7, and of
/// Velociraptor, which tells the system's fields beside them.
const NATIVE: &[&str] =
    &["winlog.event_data.", "winlog.user_data.", "event_data.", "user_data.", "EventData."];

/// What Wazuh makes of an event, in its alerts and archives and on the way there.
const WAZUH: &[&str] = &["data.win.", "win."];
/// What Wazuh calls the elements of `System`. All its other objects hold event data.
const WAZUH_SYSTEM: &[(&str, &str)] = &[
    ("system.channel", "Channel"),
    ("system.computer", "Computer"),
    ("system.eventID", "EventID"),
    ("system.eventRecordID", "EventRecordID"),
    ("system.eventSourceName", "Provider_EventSourceName"),
    ("system.keywords", "Keywords"),
    ("system.level", "Level"),
    ("system.opcode", "Opcode"),
    ("system.processID", "Execution_ProcessID"),
    ("system.providerGuid", "Provider_Guid"),
    ("system.providerName", "Provider_Name"),
    ("system.systemTime", "TimeCreated"),
    ("system.task", "Task"),
    ("system.threadID", "Execution_ThreadID"),
    ("system.version", "Version"),
];

/// Returns the path within what a path leads into, if that is the event itself.
pub(super) fn unwrapped(path: &str) -> Option<&str> {
    // Once: nothing that is meant is wrapped twice, and names would multiply.
    path.strip_prefix(SOURCE).filter(|inner| !inner.starts_with(SOURCE))
}

/// Returns what a path means to a collector, if it is one of those.
pub(super) fn meaning(path: &str, event: &mut Writer<'_>) -> Option<Meaning> {
    if let Some(inner) = unwrapped(path) {
        return Some(Meaning::Wrapped(event.name(inner)));
    }
    if let Some(name) = NATIVE.iter().find_map(|prefix| path.strip_prefix(prefix)) {
        return Some(Meaning::Native(event.name(&windows::field_name(name))));
    }
    let wazuh = WAZUH.iter().find_map(|prefix| path.strip_prefix(prefix))?;
    if let Some((_, native)) = WAZUH_SYSTEM.iter().find(|(name, _)| *name == wazuh) {
        return Some(Meaning::Native(event.name(native)));
    }
    let (section, name) = wazuh.split_once('.')?;
    (section != "system").then(|| Meaning::Escaped(event.name(&capital(name))))
}

/// Wazuh writes the first letter small. Only data that a provider has merely numbered begin so.
fn capital(name: &str) -> Cow<'_, str> {
    let name = windows::field_name(name);
    let is_number = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit());
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if !name.strip_prefix("param").is_some_and(is_number) => {
            Cow::Owned(first.to_uppercase().chain(letters).collect())
        }
        _ => name,
    }
}

/// Returns the value that Wazuh's agent escaped before it was written as JSON, which escaped it
/// again; `None` if it is not escaped throughout, as in a value that others wrote in that shape.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        let escaped = behind.chars().next().filter(|letter| matches!(letter, '\\' | '"'))?;
        plain.push_str(before);
        plain.push(escaped);
        rest = &behind[1..];
    }
    plain.push_str(rest);
    (plain.len() < text.len()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_first_letter_was_capital() {
        for (name, native) in [
            ("commandLine", "CommandLine"),
            ("image", "Image"),
            ("threat Name", "ThreatName"),
            ("param1", "param1"),
            ("parameters", "Parameters"),
            ("param", "param"),
            ("", ""),
            ("\u{111}\u{1ed1}i", "\u{110}\u{1ed1}i"),
        ] {
            assert_eq!(capital(name), native);
        }
    }

    #[test]
    fn only_what_is_escaped_throughout_is_unescaped() {
        for (text, plain) in [
            (r"C:\\a\\b.exe", Some(r"C:\a\b.exe")),
            (r#"\"C:\\a b.exe\" -x"#, Some(r#""C:\a b.exe" -x"#)),
            (r"\\\\server\\share", Some(r"\\server\share")),
            (r"C:\a\b.exe", None),
            (r"C:\\a\b", None),
            (r"\\server\share", None),
            (r"a\", None),
            ("plain", None),
            ("", None),
        ] {
            assert_eq!(unescaped(text).as_deref(), plain, "{text}");
        }
    }
}
