//! IBM's Log Event Extended Format: `LEEF:1.0|vendor|product|version|event id|key=value<tab>..`
//!
//! The header gives `DeviceVendor`, `DeviceProduct`, `DeviceVersion` and `DeviceEventClassID`, as
//! CEF's does; attributes keep their names. LEEF 2.0 may name another delimiter than the tab after
//! the event id, as a character or in hex (`^`, `x5E`, `0x5e`).

use crate::batch::{Batch, Writer};
use crate::carrier::Carrier;
use crate::problem::{ProblemKind, Problems};
use crate::syslog::header;
use crate::{Context, Format, antivirus, text, time};

const PREFIX: &str = "LEEF:";
const HEADER_FIELDS: [&str; 4] =
    ["DeviceVendor", "DeviceProduct", "DeviceVersion", "DeviceEventClassID"];

/// Attributes that tell when it happened, surest first; the others are what consoles add.
const TIME_KEYS: [&str; 3] = ["devTime", "eventTime", "rt"];

/// A tab as rsyslog writes control characters.
const ESCAPED_TAB: &str = "#011";

/// Reads every line, with or without a syslog header before `LEEF:`.
pub(crate) fn parse(bytes: &[u8], context: &Context, batch: &mut Batch, problems: &mut Problems) {
    text::each_line(bytes, problems, |number, line, problems| {
        let header = header::read(line, context);
        if !write(header.message, header.carrier(), context, batch) {
            problems.add(Some(number), ProblemKind::Malformed, "no leef header");
        }
    });
}

/// Returns true when the message says that it is LEEF.
pub(crate) fn claims(message: &str) -> bool {
    message.starts_with(PREFIX)
}

/// Writes one message as an event. Returns false, and writes nothing, when it is no LEEF.
pub(crate) fn write(
    message: &str,
    carrier: Carrier<'_>,
    context: &Context,
    batch: &mut Batch,
) -> bool {
    let Some(body) = message.strip_prefix(PREFIX) else { return false };
    let Some((header, rest)) = split_header(body) else { return false };
    let (delimiter, attributes) = delimiter(header[0], rest);
    let mut event = batch.start(Format::Leef);
    for (field, part) in HEADER_FIELDS.iter().zip(&header[1..]) {
        event.text(field, part.trim());
    }
    for pair in attributes.split(delimiter.as_str()) {
        if let Some((key, value)) = pair.split_once('=') {
            write_attribute(key.trim(), value.trim(), &mut event);
        }
    }
    if let Some(us) = told_time(&event, context) {
        event.at(us);
    }
    antivirus::write(&mut event);
    carrier.complete(&mut event);
    event.finish();
    true
}

/// Splits off version, vendor, product, product version and event id.
fn split_header(body: &str) -> Option<([&str; 5], &str)> {
    let mut parts = [""; 5];
    let mut rest = body;
    for part in &mut parts {
        (*part, rest) = rest.split_once('|')?;
    }
    parts[0] = parts[0].trim();
    parts[0].bytes().all(|b| b.is_ascii_digit() || b == b'.').then_some((parts, rest))
}

/// Returns what stands between the attributes, and the attributes.
fn delimiter<'l>(version: &str, rest: &'l str) -> (String, &'l str) {
    // Version 1 knows only the tab; version 2 may leave the part empty, or out.
    let named = rest.split_once('|').filter(|_| version.starts_with('2'));
    if let Some((name, attributes)) = named
        && let Some(delimiter) = character(name)
    {
        return (delimiter.to_string(), attributes);
    }
    let attributes = match named {
        Some(("", attributes)) => attributes,
        _ => rest,
    };
    let tab = if attributes.contains('\t') { "\t" } else { ESCAPED_TAB };
    (tab.to_owned(), attributes)
}

/// A character as itself or in hex.
fn character(name: &str) -> Option<char> {
    let mut chars = name.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return Some(only);
    }
    if name == "\\t" {
        return Some('\t');
    }
    let hex = name.strip_prefix("0x").or_else(|| name.strip_prefix('x'))?;
    char::from_u32(u32::from_str_radix(hex, 16).ok()?).filter(|c| *c != '\0')
}

fn write_attribute(key: &str, value: &str, event: &mut Writer<'_>) {
    if !key.is_empty() && !value.is_empty() {
        event.text(key, value);
    }
}

/// `devTimeFormat` is a pattern of Java's; the times that consoles really send are known without.
fn told_time(event: &Writer<'_>, context: &Context) -> Option<i64> {
    TIME_KEYS.iter().find_map(|key| {
        let stamp = event.first(key)?.as_text()?;
        time::epoch(stamp)
            .or_else(|| time::bsd(stamp, context).map(|(us, _)| us))
            .or_else(|| time::iso(stamp, context.zone_offset_s))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn delimiters_in_every_spelling() {
        for (version, rest, expected) in [
            ("1.0", "a=1\tb=2", ("\t", "a=1\tb=2")),
            ("1.0", "a=1|b\tc=2", ("\t", "a=1|b\tc=2")),
            ("1.0", "a=1#011b=2", ("#011", "a=1#011b=2")),
            ("2.0", "^|a=1^b=2", ("^", "a=1^b=2")),
            ("2.0", "x5E|a=1^b=2", ("^", "a=1^b=2")),
            ("2.0", "0x0009|a=1\tb=2", ("\t", "a=1\tb=2")),
            ("2.0", "\\t|a=1\tb=2", ("\t", "a=1\tb=2")),
            ("2.0", "|a=1\tb=2", ("\t", "a=1\tb=2")),
            ("2.0", "a=1\tb=x|y", ("\t", "a=1\tb=x|y")),
            ("2.0", "x00|a=1", ("#011", "x00|a=1")),
            ("2.0", "", ("#011", "")),
        ] {
            let (delimiter, attributes) = delimiter(version, rest);
            assert_eq!((delimiter.as_str(), attributes), expected, "{rest}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(
            header in prop::collection::vec("[a-zA-Z0-9đ]{0,8}", 4),
            values in prop::collection::vec("[a-zA-Z0-9|=đ]([a-zA-Z |=đ]{0,12}[a-z|=đ])?", 0..5),
            delimiter in "[\\^~;!]",
        ) {
            let pairs: Vec<String> =
                values.iter().enumerate().map(|(i, value)| format!("key{i}={value}")).collect();
            let line =
                format!("LEEF:2.0|{}|{delimiter}|{}", header.join("|"), pairs.join(&delimiter));
            let mut batch = Batch::new();
            prop_assert!(write(&line, Carrier::default(), &Context::received(0), &mut batch));
            let event = batch.event(0);
            for (field, value) in HEADER_FIELDS.iter().zip(&header) {
                prop_assert_eq!(event.first(field).and_then(crate::Value::as_text), Some(value.as_str()));
            }
            for (i, value) in values.iter().enumerate() {
                let key = format!("key{i}");
                prop_assert_eq!(event.first(&key).and_then(crate::Value::as_text), Some(value.as_str()));
            }
        }
    }
}
