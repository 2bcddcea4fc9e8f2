//! A hit as it is written: one record per event and rule.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use khien_detect::RuleInfo;
use khien_event::{Column, Event, Value};
use serde::Serialize;

use super::Form;
use super::period::VIETNAM;

/// The fields of a hit, in the order in which they are written. Their names are fixed.
#[derive(Debug, Serialize)]
struct Record<'a> {
    rule_id: &'a str,
    rule_title: &'a str,
    rule_author: &'a str,
    rule_link: &'a str,
    level: &'a str,
    timestamp: Option<String>,
    #[serde(skip)]
    at: Option<Timestamp>,
    computer: Option<&'a str>,
    channel: Option<&'a str>,
    event_id: Option<serde_json::Value>,
    record_id: Option<serde_json::Value>,
    source: &'a str,
    event: serde_json::Value,
}

/// The columns of `csv`; `event` is JSON inside its cell.
pub(super) const CSV_HEADER: [&str; 12] = [
    "rule_id",
    "rule_title",
    "rule_author",
    "rule_link",
    "level",
    "timestamp",
    "computer",
    "channel",
    "event_id",
    "record_id",
    "source",
    "event",
];

impl<'a> Record<'a> {
    fn new(rule: &'a RuleInfo, event: Event<'a>, source: &'a str) -> Self {
        let text = |column| event.column(column).and_then(Value::as_text);
        let at = event.t_event().and_then(|us| Timestamp::from_microsecond(us).ok());
        Self {
            rule_id: &rule.id,
            rule_title: &rule.title,
            rule_author: &rule.author,
            rule_link: &rule.link,
            level: rule.level.name(),
            timestamp: at.map(|at| format!("{at:.6}")),
            at,
            computer: text(Column::Host),
            channel: text(Column::Channel),
            event_id: event.column(Column::Code).map(Value::to_json),
            record_id: event.first("EventRecordID").map(Value::to_json),
            source,
            event: event.to_json(),
        }
    }

    fn line(&self) -> String {
        let clip = |text: &str, width: usize| -> String {
            let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
            clean.take(width).collect()
        };
        let columns = [
            &self.at.map_or("-".to_owned(), shown),
            self.level,
            &clip(self.computer.unwrap_or("-"), 24),
            &clip(self.rule_title, 60),
            &clip(self.source, 200),
        ];
        table_line(columns)
    }

    fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let json = |value: &Option<serde_json::Value>| match value {
            None => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record([
            self.rule_id,
            self.rule_title,
            self.rule_author,
            self.rule_link,
            self.level,
            self.timestamp.as_deref().unwrap_or_default(),
            &inert(self.computer.unwrap_or_default()),
            &inert(self.channel.unwrap_or_default()),
            &inert(&json(&self.event_id)),
            &inert(&json(&self.record_id)),
            &inert(self.source),
            &self.event.to_string(),
        ])?;
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

/// Returns the head of `table`, which names the zone of its times once.
pub(super) fn table_head() -> String {
    table_line(["time (+07:00)", "level", "computer", "rule", "file"])
}

fn table_line([time, level, computer, rule, source]: [&str; 5]) -> String {
    format!("{time:<19}  {level:<13}  {computer:<24}  {rule:<60}  {source}\n")
}

/// Returns a time for people, as `--from` and `--to` take it: to the second, in Vietnam.
fn shown(at: Timestamp) -> String {
    let zone = TimeZone::fixed(VIETNAM);
    zone.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Keeps a spreadsheet from taking an attacker's text for a formula.
fn inert(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Returns the hit in the form asked for; JSON without anything around it.
pub(super) fn render(
    form: Form,
    rule: &RuleInfo,
    event: Event<'_>,
    source: &str,
) -> anyhow::Result<Vec<u8>> {
    let record = Record::new(rule, event, source);
    Ok(match form {
        Form::Table => record.line().into_bytes(),
        Form::Json => serde_json::to_vec(&record)?,
        Form::Jsonl => {
            let mut line = serde_json::to_vec(&record)?;
            line.push(b'\n');
            line
        }
        Form::Csv => record.csv()?,
    })
}
