//! Feeds into entries: the format is recognised by its content, whatever the file is called.

mod columns;
mod date;
mod fields;
mod folder;
mod guard;
mod json;
mod lines;
mod list;
mod loose;
mod misp;
mod pattern;
mod row;
mod stix;
mod table;

use std::io::Read;

use super::builder::IocBuilder;
use super::report::{IocFormat, IocReason};
pub(crate) use folder::feeds;

/// Bytes that are looked at to recognise the format.
const HEAD_BYTES_MAX: u64 = 64 * 1024;

/// Reads a feed into the builder, where a source has begun.
pub(crate) fn read(mut feed: impl Read, builder: &mut IocBuilder) {
    let mut head = Vec::new();
    if let Err(error) = feed.by_ref().take(HEAD_BYTES_MAX).read_to_end(&mut head) {
        return builder.refuse_file(IocReason::Unreadable(error.to_string()));
    }
    let start = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let whole = head[start..].chain(feed);
    match recognise(&head[start..]) {
        Form::Json => json::read(whole, builder),
        Form::Lines => table::read(whole, builder),
        Form::Utf16 => builder.refuse_file(IocReason::Encoding),
        Form::Binary => builder.refuse_file(IocReason::UnknownFormat),
    }
    if builder.source().format == IocFormat::Unknown && builder.source().refused == 0 {
        builder.refuse_file(IocReason::UnknownFormat);
    }
}

enum Form {
    Json,
    Lines,
    Utf16,
    Binary,
}

fn recognise(head: &[u8]) -> Form {
    if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
        return Form::Utf16;
    }
    if head.contains(&0) || head.starts_with(b"\x1F\x8B") {
        return Form::Binary;
    }
    let mut signs = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    match (signs.next(), signs.next()) {
        (Some(b'{'), _) | (Some(b'['), Some(b'{' | b'[')) => Form::Json,
        _ => Form::Lines,
    }
}
