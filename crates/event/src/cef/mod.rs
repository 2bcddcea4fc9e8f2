//! ArcSight Common Event Format: `CEF:0|vendor|product|version|class id|name|severity|key=value ..`
//!
//! Header fields become `DeviceVendor`, `DeviceProduct`, `DeviceVersion`, `DeviceEventClassID`,
//! `Name` and `Severity`; extension keys keep their names. A custom field is written twice, under
//! its key (`cs1`) and under its label (`cs1Label=Threat` gives `Threat`).

use std::borrow::Cow;
use std::collections::HashMap;

use crate::batch::{Batch, Writer};
use crate::carrier::Carrier;
use crate::problem::{ProblemKind, Problems};
use crate::syslog::header;
use crate::{Context, Format, antivirus, text, time};

const PREFIX: &str = "CEF:";
const HEADER_FIELDS: [&str; 6] =
    ["DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID", "Name", "Severity"];

/// Extension keys that tell when it happened, surest first.
const TIME_KEYS: [&str; 3] = ["rt", "start", "end"];

/// Reads every line, with or without a syslog header before `CEF:`.
pub(crate) fn parse(bytes: &[u8], context: &Context, batch: &mut Batch, problems: &mut Problems) {
    text::each_line(bytes, problems, |number, line, problems| {
        let header = header::read(line, context);
        if !write(header.message, header.carrier(), context, batch) {
            problems.add(Some(number), ProblemKind::Malformed, "no cef header");
        }
    });
}

/// Returns true when the message says that it is CEF.
pub(crate) fn claims(message: &str) -> bool {
    message.starts_with(PREFIX)
}

/// Writes one message as an event. Returns false, and writes nothing, when it is no CEF.
pub(crate) fn write(
    message: &str,
    carrier: Carrier<'_>,
    context: &Context,
    batch: &mut Batch,
) -> bool {
    let Some(body) = message.strip_prefix(PREFIX) else { return false };
    let Some((header, extension)) = split_header(body) else { return false };
    let mut event = batch.start(Format::Cef);
    for (field, raw) in HEADER_FIELDS.iter().zip(&header[1..]) {
        event.text(field, &unescape(raw.trim()));
    }
    let pairs = pairs(extension);
    for (key, raw) in &pairs {
        event.text(key, &unescape(raw));
    }
    write_labelled(&pairs, &mut event);
    antivirus::write(&mut event);
    if let Some(us) = told_time(&pairs, context) {
        event.at(us);
    }
    carrier.complete(&mut event);
    event.finish();
    true
}

/// Splits off the seven header parts at unescaped bars.
fn split_header(body: &str) -> Option<([&str; 7], &str)> {
    let mut parts = [""; 7];
    let mut rest = body;
    for part in &mut parts {
        let end = unescaped(rest, b'|')?;
        *part = &rest[..end];
        rest = &rest[end + 1..];
    }
    let version = parts[0].trim();
    version.bytes().all(|b| b.is_ascii_digit() || b == b'.').then_some((parts, rest))
}

fn unescaped(text: &str, wanted: u8) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let hit = byte == wanted && !escaped;
        escaped = byte == b'\\' && !escaped;
        hit
    })
}

/// Splits `key=value key=value`: a value runs to the space before the next key, so that values may
/// hold spaces.
fn pairs(extension: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut rest = extension.trim();
    while let Some(equals) = unescaped(rest, b'=') {
        let key = last_word(&rest[..equals]);
        let value_on = &rest[equals + 1..];
        let end = match unescaped(value_on, b'=') {
            Some(next) => next - last_word(&value_on[..next]).len(),
            None => value_on.len(),
        };
        if is_key(key) {
            pairs.push((key, value_on[..end].trim_end()));
        }
        rest = &value_on[end..];
    }
    pairs
}

fn last_word(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or(text)
}

fn is_key(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-[]".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut plain = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some(escaped @ ('\\' | '|' | '='))) => plain.push(escaped),
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some('r')) => plain.push('\r'),
            _ => {
                // A lone backslash is kept: real senders write Windows paths unescaped.
                plain.push(c);
                continue;
            }
        }
        chars.next();
    }
    Cow::Owned(plain)
}

fn write_labelled(pairs: &[(&str, &str)], event: &mut Writer<'_>) {
    let values: HashMap<&str, &str> = pairs.iter().copied().collect();
    for (key, label) in pairs {
        let Some(custom) = key.strip_suffix("Label") else { continue };
        if let (Some(raw), false) = (values.get(custom), label.is_empty()) {
            event.text(&unescape(label), &unescape(raw));
        }
    }
}

fn told_time(pairs: &[(&str, &str)], context: &Context) -> Option<i64> {
    TIME_KEYS.iter().find_map(|wanted| {
        let (_, stamp) = pairs.iter().find(|(key, _)| key == wanted)?;
        time::epoch(stamp)
            .or_else(|| time::bsd(stamp, context).map(|(us, _)| us))
            .or_else(|| time::iso(stamp, context.zone_offset_s))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(header: &[String], pairs: &[(String, String)]) -> String {
        let bar = |text: &String| text.replace('\\', "\\\\").replace('|', "\\|");
        let header: Vec<String> = header.iter().map(bar).collect();
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(key, value)| {
                let value = value.replace('\\', "\\\\").replace('=', "\\=").replace('\n', "\\n");
                format!("{key}={value}")
            })
            .collect();
        format!("CEF:0|{}|{}", header.join("|"), pairs.join(" "))
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(
            header in prop::collection::vec("[a-zA-Z|\\\\=đ]{0,8}", 6),
            values in prop::collection::vec("[a-zA-Z0-9|=\\\\\nđ]([a-zA-Z |=\\\\\nđ]{0,12}[a-z|=\\\\đ])?", 0..5),
        ) {
            let pairs: Vec<(String, String)> =
                values.into_iter().enumerate().map(|(i, value)| (format!("key{i}"), value)).collect();
            let mut batch = Batch::new();
            let line = encode(&header, &pairs);
            prop_assert!(write(&line, Carrier::default(), &Context::received(0), &mut batch));
            let event = batch.event(0);
            for (field, value) in HEADER_FIELDS.iter().zip(&header) {
                prop_assert_eq!(event.first(field).and_then(crate::Value::as_text), Some(value.as_str()));
            }
            for (key, value) in &pairs {
                prop_assert_eq!(event.first(key).and_then(crate::Value::as_text), Some(value.as_str()));
            }
        }
    }
}
