//! JSON events: NDJSON, one array, or objects in a row; Windows records, Winlogbeat/ECS, or flat.
//!
//! ECS names go back to native ones through [`crate::names`], so that a rule written for `Image`
//! sees `process.executable`. What has no native name keeps its dotted path.

mod ecs;
pub(crate) mod read;
pub(crate) mod tree;

pub use read::EVENT_BYTES_MAX;
pub use tree::{DEPTH_MAX, NAME_BYTES_MAX, NODES_MAX};

use crate::batch::{Batch, Value, Writer};
use crate::carrier::Carrier;
use crate::problem::Problems;
use crate::{Context, Format, time, windows};
use tree::Node;

/// Fields that tell when the event happened, surest first.
const TIME_FIELDS: &[&str] =
    &["@timestamp", "TimeCreated", "SystemTime", "UtcTime", "EventTime", "timestamp", "time"];

/// Reads every object of the buffer as an event.
pub(crate) fn parse(bytes: &[u8], context: &Context, batch: &mut Batch, problems: &mut Problems) {
    let text = read::lossy(bytes, problems);
    let mut values = read::Values::new(&text);
    while let Some((_, node)) = values.next(problems) {
        write(&node, Carrier::default(), context, batch);
    }
}

/// Reads one object, as found in a syslog message. Returns false when it is none.
pub(crate) fn parse_object(
    text: &str,
    carrier: Carrier<'_>,
    context: &Context,
    batch: &mut Batch,
) -> bool {
    match read::single(text) {
        Ok(node @ Node::Object(_)) => {
            write(&node, carrier, context, batch);
            true
        }
        _ => false,
    }
}

fn write(node: &Node<'_>, carrier: Carrier<'_>, context: &Context, batch: &mut Batch) {
    let mut event = batch.start(Format::Json);
    match windows::record(node) {
        Some(record) => windows::write(record, &mut event),
        None => ecs::write(node, &mut event),
    }
    if let Some(us) = told_time(&event, context) {
        event.at_if_missing(us);
    }
    carrier.complete(&mut event);
    event.finish();
}

fn told_time(event: &Writer<'_>, context: &Context) -> Option<i64> {
    TIME_FIELDS.iter().find_map(|field| match event.first(field)? {
        Value::Number(digits) => time::epoch(digits),
        // Sysmon writes this one in UTC without saying so.
        Value::Text(stamp) if *field == "UtcTime" => time::iso(stamp, 0),
        Value::Text(stamp) => time::iso(stamp, context.zone_offset_s),
        Value::Null | Value::Bool(_) => None,
    })
}
