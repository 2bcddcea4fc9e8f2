//! Single hits in a report: of each rule the earliest few, with the fields that tell most.

use khien_event::{Column, Event, Value};
use khien_hub::web::i18n::Lang;
use maud::{Markup, html};

use super::super::record::{Provenance, clip};
use super::moment;

/// Hits that are shown of one rule.
const SAMPLES_MAX: usize = 5;
/// Bytes of all of them together. The page is made in memory and holds them twice more.
const BYTES_MAX: usize = 8 << 20;
/// Fields of one hit.
const FIELDS_MAX: usize = 10;
/// Below this number of telling fields the others are shown, too.
const FIELDS_MIN: usize = 4;
/// Characters of one value.
const VALUE_CHARS_MAX: usize = 400;
/// Values of one field.
const VALUES_MAX: usize = 4;

/// Fields that tell most, the most telling first.
const TELLING: [&str; 56] = [
    "User",
    "SubjectUserName",
    "TargetUserName",
    "user",
    "Image",
    "NewProcessName",
    "CommandLine",
    "ParentImage",
    "ParentProcessName",
    "ParentCommandLine",
    "SourceImage",
    "TargetImage",
    "GrantedAccess",
    "ImageLoaded",
    "PipeName",
    "TargetFilename",
    "TargetObject",
    "Details",
    "ScriptBlockText",
    "Payload",
    "Data",
    "QueryName",
    "DestinationHostname",
    "DestinationIp",
    "DestinationPort",
    "SourceIp",
    "IpAddress",
    "WorkstationName",
    "LogonType",
    "Status",
    "ServiceName",
    "ImagePath",
    "ServiceFileName",
    "TaskName",
    "TaskContent",
    "ShareName",
    "RelativeTargetName",
    "ObjectName",
    "AttributeLDAPDisplayName",
    "AttributeValue",
    "ThreatName",
    "Path",
    "Hashes",
    "src_ip",
    "dst_ip",
    "c-ip",
    "cs-method",
    "cs-host",
    "cs-uri-stem",
    "cs-uri-query",
    "cs-uri",
    "sc-status",
    "cs-user-agent",
    "exe",
    "msg",
    "message",
];

/// What the head of a hit says already, or only machines read.
const UNTOLD: [&str; 19] = [
    "Channel",
    "EventID",
    "EventRecordID",
    "Computer",
    "Hostname",
    "Provider_Name",
    "Provider_Guid",
    "Execution_ProcessID",
    "Execution_ThreadID",
    "Security_UserID",
    "TimeCreated",
    "UtcTime",
    "ProcessGuid",
    "Version",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "@timestamp",
];

/// The hits that a report shows.
#[derive(Debug, Default)]
pub(in super::super) struct Samples {
    /// By place of the rule: time and text, the earliest first.
    by_subject: Vec<Vec<(i64, Vec<u8>)>>,
    bytes: usize,
}

impl Samples {
    /// Offers a hit of a rule; kept if it is among the earliest and there is room.
    pub(in super::super) fn add(&mut self, subject: usize, at: Option<i64>, text: &[u8]) {
        if self.by_subject.len() <= subject {
            self.by_subject.resize_with(subject + 1, Vec::new);
        }
        let kept = &mut self.by_subject[subject];
        // One without a time comes last.
        let at = at.unwrap_or(i64::MAX);
        let place = kept.partition_point(|(other, _)| *other <= at);
        if place >= SAMPLES_MAX || self.bytes + text.len() > BYTES_MAX {
            return;
        }
        self.bytes += text.len();
        kept.insert(place, (at, text.to_owned()));
        if kept.len() > SAMPLES_MAX {
            self.bytes -= kept.pop().map_or(0, |(_, text)| text.len());
        }
    }

    /// Returns the hits of a rule, as they were rendered.
    pub(super) fn of(&self, subject: usize) -> impl Iterator<Item = &str> {
        let kept = self.by_subject.get(subject).map(Vec::as_slice).unwrap_or_default();
        kept.iter().filter_map(|(_, text)| std::str::from_utf8(text).ok())
    }
}

/// Returns a hit as a report shows it. Every text in it is foreign and may be hostile.
pub(in super::super) fn render(
    indicator: Option<&Provenance<'_>>,
    event: Event<'_>,
    source: &str,
    lang: Lang,
) -> Vec<u8> {
    let column = |column| event.column(column).and_then(Value::as_text);
    let record = event.first("EventRecordID").and_then(Value::as_text);
    let page = html! {
        li.hit {
            p.hit-head {
                b { (event.t_event().map_or_else(|| "–".to_owned(), moment)) }
                span { (short(column(Column::Host).unwrap_or("–"))) }
                @if let Some(channel) = column(Column::Channel) { span.soft { (short(channel)) } }
                @if let Some(code) = column(Column::Code) { span.soft { "ID " (short(code)) } }
                @if let Some(record) = record { span.soft { "#" (short(record)) } }
            }
            @if let Some(indicator) = indicator { p.indicator { (clip(&indicator.line(lang), VALUE_CHARS_MAX)) } }
            dl { @for (name, value) in telling(event) { dt { (name) } dd { (value) } } }
            p.hit-file { (short(source)) }
        }
    };
    page_bytes(page)
}

fn page_bytes(page: Markup) -> Vec<u8> {
    page.into_string().into_bytes()
}

fn short(text: &str) -> String {
    clip(text, VALUE_CHARS_MAX)
}

/// Returns the fields that tell most, with their values.
fn telling(event: Event<'_>) -> Vec<(String, String)> {
    let mut fields: Vec<&str> =
        TELLING.into_iter().filter(|field| !values(event, field).is_empty()).collect();
    if fields.len() < FIELDS_MIN {
        for (field, _) in event.fields() {
            if !fields.contains(&field) && !UNTOLD.contains(&field) {
                fields.push(field);
            }
        }
    }
    fields.truncate(FIELDS_MAX);
    fields.into_iter().map(|field| (short(field), values(event, field))).collect()
}

fn values(event: Event<'_>, field: &str) -> String {
    let told = event.values(field).filter_map(Value::as_text).filter(|v| !matches!(*v, "" | "-"));
    let told: Vec<String> = told.take(VALUES_MAX).map(short).collect();
    let joined = told.join(" · ");
    if joined.chars().count() > VALUE_CHARS_MAX { short(&joined) + "…" } else { joined }
}

#[cfg(test)]
mod tests {
    use khien_event::{Batch, Context, Format, parse};

    use super::*;

    #[test]
    fn the_earliest_hits_are_kept_and_few() {
        let mut samples = Samples::default();
        for at in [5, 9, 1, 7, 3, 8, 2] {
            samples.add(1, Some(at), at.to_string().as_bytes());
        }
        samples.add(1, None, b"never");
        samples.add(0, None, b"never");
        assert_eq!(samples.of(1).collect::<Vec<_>>(), ["1", "2", "3", "5", "7"]);
        assert_eq!(samples.of(0).collect::<Vec<_>>(), ["never"]);
        assert_eq!((samples.of(9).count(), samples.bytes), (0, 10));
    }

    #[test]
    fn they_take_no_more_than_their_room() {
        let mut samples = Samples::default();
        let text = vec![b'x'; 1 << 20];
        (0..100).for_each(|subject| samples.add(subject, Some(1), &text));
        assert_eq!((samples.bytes, samples.of(50).count()), (BYTES_MAX, 0));
    }

    #[test]
    fn what_an_attacker_wrote_stays_text() {
        let line = br#"{"Computer":"<b>pc</b>","Image":"C:\\<script>alert(1)</script>.exe","CommandLine":"a\u202egpj.exe\u0007 \"&'","Channel":"Security","EventID":1}"#;
        let mut batch = Batch::new();
        parse(Format::Json, line, &Context::received(0), &mut batch);
        let page =
            String::from_utf8(render(None, batch.event(0), "<img src=x>", Lang::Vi)).unwrap();
        assert!(page.contains("&lt;script&gt;") && page.contains("&lt;img"), "{page}");
        for hostile in ["<script", "<b>pc", "<img", "\u{202e}", "\u{7}"] {
            assert!(!page.contains(hostile), "{hostile}: {page}");
        }
    }
}
