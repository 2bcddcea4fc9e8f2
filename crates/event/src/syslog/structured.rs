//! Structured data of RFC 5424: `[id key="value" ..][id ..]`, written as fields `id.key`.

use std::borrow::Cow;

use crate::batch::Writer;

/// Splits the structured data off the message; `None` when they are not well formed.
pub(crate) fn split(rest: &str) -> Option<(&str, &str)> {
    if let Some(after) = rest.strip_prefix('-') {
        return Some(("", message(after)?));
    }
    let end = end_of_elements(rest)?;
    let (structured, after) = rest.split_at(end);
    Some((structured, message(after)?))
}

fn message(after: &str) -> Option<&str> {
    if after.is_empty() { Some(after) } else { after.strip_prefix(' ') }
}

fn end_of_elements(text: &str) -> Option<usize> {
    let (mut inside, mut quoted, mut escaped) = (false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if inside => quoted = !quoted,
            _ if quoted => {}
            b'[' if !inside => inside = true,
            b']' if inside => inside = false,
            _ if !inside => return (at > 0).then_some(at),
            _ => {}
        }
    }
    (!inside && !text.is_empty()).then_some(text.len())
}

/// Writes the parameters of structured data that [`split`] found well formed.
pub(crate) fn write(structured: &str, event: &mut Writer<'_>) {
    let mut rest = structured;
    while let Some(element) = rest.strip_prefix('[') {
        let end = element.find([' ', ']']).unwrap_or(element.len());
        let (id, params) = element.split_at(end);
        rest = write_params(id, params, event);
    }
}

/// Writes one element's parameters and returns what follows its closing bracket.
fn write_params<'s>(id: &str, params: &'s str, event: &mut Writer<'_>) -> &'s str {
    let mut rest = params;
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix(']') {
            return after;
        }
        let Some((key, quoted)) = rest.split_once("=\"") else { return "" };
        let Some(end) = closing_quote(quoted) else { return "" };
        event.text(&format!("{id}.{key}"), &unescape(&quoted[..end]));
        rest = &quoted[end + 1..];
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let hit = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        hit
    })
}

fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    // Only these three are escapes; any other backslash is itself (RFC 5424 §6.3.3).
    let mut plain = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if !rest.starts_with(['"', '\\', ']']) {
            plain.push('\\');
        } else if let Some(escaped) = rest.chars().next() {
            plain.push(escaped);
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}
