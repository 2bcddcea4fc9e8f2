//! JSON events: NDJSON, one array, or objects in a row; Windows records, Winlogbeat/ECS, Wazuh,
//! Velociraptor, Suricata's EVE, or flat; each also as a hit of Elasticsearch.
//!
//! ECS names go back to native ones through [`crate::names`], so that a rule written for `Image`
//! sees `process.executable`. What has no native name keeps its dotted path.

mod ecs;
mod flaw;
mod mark;
mod paths;
mod read;
mod scan;
mod seams;
mod shapes;
mod stream;
pub(crate) mod tree;

pub use read::EVENT_BYTES_MAX;
pub(crate) use read::Shape;
pub use seams::Seams;
pub use tree::{DEPTH_MAX, NAME_BYTES_MAX, NODES_MAX};

use crate::batch::{Batch, Value, Writer};
use crate::buffer::Buffer;
use crate::carrier::Carrier;
use crate::interned::NameId;
use crate::problem::Problems;
use crate::{Context, Format, eve, time, windows};
use flaw::Flaw;
use paths::Paths;
use stream::Read;

/// Fields that tell when the event happened, surest first: where Windows has told it, a collector's
/// `@timestamp` may be the time of arrival.
const TIME_FIELDS: [NameId; 7] = [
    NameId::TIME_CREATED,
    NameId::TIMESTAMP_ECS,
    NameId::SYSTEM_TIME,
    NameId::UTC_TIME,
    NameId::EVENT_TIME,
    NameId::TIMESTAMP,
    NameId::TIME,
];

/// What the decoder keeps from one event of a batch to the next.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    paths: Paths,
    /// The text of the event under way.
    text: Buffer,
}

impl Kept {
    /// Returns whether there is more than is worth keeping.
    pub(crate) fn is_overgrown(&self) -> bool {
        self.paths.is_overgrown()
    }
}

/// Reads every object of the piece as an event. `shape`: of the input, as far as pieces before told.
pub(crate) fn parse(
    bytes: &[u8],
    context: &Context,
    shape: &mut Shape,
    batch: &mut Batch,
    problems: &mut Problems,
) {
    let text = read::lossy(bytes, problems);
    let mut kept = std::mem::take(&mut batch.json);
    read::Values::new(&text, shape).each(problems, &mut |text| {
        let (event, used) = object(text, &mut kept, batch)?;
        let found = event.is_some();
        if let Some(event) = event {
            finish(event, Carrier::default(), context);
        }
        Ok((used, found))
    });
    batch.json = kept;
}

/// Reads one object, as found in a syslog message. Returns false when it is none.
pub(crate) fn parse_object(
    text: &str,
    carrier: Carrier<'_>,
    context: &Context,
    batch: &mut Batch,
) -> bool {
    let mut kept = std::mem::take(&mut batch.json);
    let found = match object(text, &mut kept, batch) {
        Ok((Some(event), used)) if text[used..].trim_ascii().is_empty() => {
            finish(event, carrier, context);
            true
        }
        _ => false,
    };
    batch.json = kept;
    found
}

/// Reads the value at the front of the text and returns it with the bytes that it took: an event
/// still to be finished, or nothing if the value is no object.
fn object<'b>(
    text: &str,
    kept: &mut Kept,
    batch: &'b mut Batch,
) -> Result<(Option<Writer<'b>>, usize), Flaw> {
    let mut event = batch.start(Format::Json);
    let mut read = stream::read(text, true, kept, &mut event)?;
    if read == Read::MaybeRecord {
        event.restart();
        let (node, used) = tree::first(text)?;
        if let Some(record) = windows::record(&node) {
            windows::write(record, &mut event);
            return Ok((Some(event), used));
        }
        read = stream::read(text, false, kept, &mut event)?;
    }
    let Read::Object(used) = read else {
        let (_, used) = tree::first(text)?;
        return Ok((None, used));
    };
    ecs::translate(&kept.paths, &mut event);
    if eve::is(&event) {
        eve::write(&mut event);
    }
    Ok((Some(event), used))
}

fn finish(mut event: Writer<'_>, carrier: Carrier<'_>, context: &Context) {
    if let Some(us) = told_time(&event, context) {
        event.at_if_missing(us);
    }
    carrier.complete(&mut event);
    event.finish();
}

fn told_time(event: &Writer<'_>, context: &Context) -> Option<i64> {
    let told = event.firsts(TIME_FIELDS);
    TIME_FIELDS.iter().zip(told).find_map(|(field, value)| match value? {
        Value::Number(digits) => time::epoch(digits),
        // Sysmon writes this one in UTC without saying so.
        Value::Text(stamp) if *field == NameId::UTC_TIME => time::iso(stamp, 0),
        Value::Text(stamp) => time::iso(stamp, context.zone_offset_s),
        Value::Null | Value::Bool(_) => None,
    })
}

#[cfg(test)]
mod tests;
