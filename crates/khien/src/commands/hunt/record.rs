//! A hit as it is written: one record per event and rule, or per event and indicator.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use khien_detect::{Completed, Indicator, IocHit, RuleInfo, Tlp};
use khien_event::{Column, Event, Value};
use khien_hub::web::i18n::{Arg, Lang};
use serde::Serialize;

use super::period::VIETNAM;
use super::report::render_sample;
use super::{Form, number};

/// Below it every whole number is exact as one with a point.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// How hits are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) form: Form,
    /// Whether indicators are looked for: `csv` then has their columns.
    pub(super) indicators: bool,
    /// What `table` is written in; the other forms are for machines, or bear both languages.
    pub(super) lang: Lang,
}

/// What made the hit, besides the event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause<'a> {
    Rule,
    Indicator(&'a Provenance<'a>),
    /// A correlation, whose count it completes.
    Count(&'a Completed),
}

impl<'a> Cause<'a> {
    fn indicator(self) -> Option<&'a Provenance<'a>> {
        match self {
            Self::Indicator(provenance) => Some(provenance),
            Self::Rule | Self::Count(_) => None,
        }
    }
}

/// What a correlation counted. The names are fixed.
#[derive(Debug, Serialize)]
struct Correlation {
    /// By field, folded as they were compared; null where they were too long to be kept.
    group_by: Option<serde_json::Map<String, serde_json::Value>>,
    /// What met the condition.
    value: serde_json::Value,
}

impl Correlation {
    fn of(completed: &Completed) -> Self {
        let group = completed.group().map(|group| {
            group.into_iter().map(|(field, value)| (field.to_owned(), value.into())).collect()
        });
        let value = completed.value();
        // Counts are told without a point.
        let is_whole = value.fract() == 0.0 && value.abs() < WHOLE_MAX;
        #[expect(clippy::cast_possible_truncation, reason = "whole, and not too large")]
        let value = if is_whole { (value as i64).into() } else { value.into() };
        Self { group_by: group, value }
    }
}

/// Where an indicator that was seen comes from. The names are fixed.
#[derive(Debug, Serialize)]
pub(super) struct Provenance<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip)]
    kind_vi: &'a str,
    value: &'a str,
    /// The field of the event that showed it.
    field: &'a str,
    feed: Cow<'a, str>,
    /// Its id in the feed, or else its line.
    id: Option<&'a str>,
    line: Option<u64>,
    context: Option<&'a str>,
    about: Option<&'a str>,
    /// Who may be told of it.
    tlp: Option<&'a str>,
    valid_until: Option<String>,
    /// Further entries, of this feed and others, that name the same or what lies around it.
    more: u32,
}

impl<'a> Provenance<'a> {
    pub(super) fn new(hit: &IocHit, indicator: &'a Indicator<'a>) -> Self {
        let told = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        let until = indicator.valid_until_us.and_then(|us| Timestamp::from_microsecond(us).ok());
        Self {
            kind: indicator.kind.name(),
            kind_vi: indicator.kind.name_vi(),
            value: &indicator.value,
            field: hit.field,
            feed: indicator.source.to_string_lossy(),
            id: told(&indicator.id),
            line: indicator.line,
            context: told(indicator.context),
            about: told(indicator.about),
            tlp: indicator.tlp.map(Tlp::label),
            valid_until: until.map(|until| format!("{until:.0}")),
            more: hit.more,
        }
    }

    /// Returns the cells of [`INDICATOR_COLUMNS`].
    fn cells(&self) -> [String; 11] {
        let text = |text: Option<&str>| inert(text.unwrap_or_default()).into_owned();
        [
            self.kind.to_owned(),
            text(Some(self.value)),
            self.field.to_owned(),
            text(Some(&self.feed)),
            text(self.id),
            self.line.map(|line| line.to_string()).unwrap_or_default(),
            text(self.context),
            text(self.about),
            text(self.tlp),
            text(self.valid_until.as_deref()),
            self.more.to_string(),
        ]
    }

    /// Returns what a line for people says behind the file.
    pub(super) fn line(&self, lang: Lang) -> String {
        let kind = match lang {
            Lang::Vi => self.kind_vi,
            Lang::En => self.kind,
        };
        let mut line = format!("  [{kind} {}; {}", self.value, self.feed);
        match (self.id, self.line) {
            (Some(id), _) => line.extend([" ", id]),
            (None, Some(place)) => {
                line.extend([" ", &lang.ta("hunt-feed-line", &[("line", number(place))])]);
            }
            (None, None) => {}
        }
        for part in [self.tlp, self.about].into_iter().flatten() {
            line.extend(["; ", part]);
        }
        if let Some(until) = &self.valid_until {
            line.extend(["; ", &lang.ta("hunt-feed-until", &[("until", Arg::Text(until))])]);
        }
        line + "]"
    }
}

/// The fields of a hit, in the order in which they are written. Their names are fixed.
#[derive(Debug, Serialize)]
struct Record<'a> {
    #[serde(skip)]
    rule: &'a RuleInfo,
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
    /// Those of ATT&CK.
    tags: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation: Option<Correlation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    indicator: Option<&'a Provenance<'a>>,
}

/// The columns of `csv`; `event` is JSON inside its cell.
const COLUMNS: [&str; 12] = [
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

/// What follows them when indicators are looked for; empty for the hit of a rule.
const INDICATOR_COLUMNS: [&str; 11] = [
    "indicator_type",
    "indicator_value",
    "indicator_field",
    "indicator_feed",
    "indicator_id",
    "indicator_line",
    "indicator_context",
    "indicator_about",
    "indicator_tlp",
    "indicator_valid_until",
    "indicator_more",
];

/// What stands behind all others, because it came later: `tags` with blanks between them,
/// `correlation` as JSON.
const LATER_COLUMNS: [&str; 2] = ["tags", "correlation"];

/// Returns the head of `csv`.
pub(super) fn csv_head(shape: Shape) -> String {
    let indicators = if shape.indicators { &INDICATOR_COLUMNS[..] } else { &[] };
    [&COLUMNS[..], indicators, &LATER_COLUMNS].concat().join(",") + "\n"
}

impl<'a> Record<'a> {
    fn new(rule: &'a RuleInfo, cause: Cause<'a>, event: Event<'a>, source: &'a str) -> Self {
        let text = |column| event.column(column).and_then(Value::as_text);
        let at = event.t_event().and_then(|us| Timestamp::from_microsecond(us).ok());
        Self {
            rule,
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
            tags: rule.attack_tags().collect(),
            correlation: match cause {
                Cause::Count(completed) => Some(Correlation::of(completed)),
                Cause::Rule | Cause::Indicator(_) => None,
            },
            indicator: cause.indicator(),
        }
    }

    fn line(&self, lang: Lang) -> String {
        let behind = self.indicator.map(|indicator| indicator.line(lang)).unwrap_or_default();
        let title_vi = self.rule.title_vi.as_deref().filter(|_| lang == Lang::Vi);
        let columns: [&str; 5] = [
            &self.at.map_or("-".to_owned(), at_vietnam),
            &lang.t(&format!("level-{}", self.level)),
            &clip(self.computer.unwrap_or("-"), 24),
            &clip(title_vi.unwrap_or(self.rule_title), 60),
            &(clip(self.source, 200) + &clip(&behind, 500)),
        ];
        table_line(columns)
    }

    fn csv(&self, shape: Shape) -> Result<Vec<u8>, csv::Error> {
        let json = |value: &Option<serde_json::Value>| match value {
            None => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let correlation = self.correlation.as_ref().map(serde_json::to_string).transpose();
        let correlation = correlation.map_err(std::io::Error::from)?.unwrap_or_default();
        let mut writer = csv::Writer::from_writer(Vec::new());
        for cell in [
            &inert(self.rule_id),
            &inert(self.rule_title),
            &inert(self.rule_author),
            &inert(self.rule_link),
            self.level,
            self.timestamp.as_deref().unwrap_or_default(),
            &inert(self.computer.unwrap_or_default()),
            &inert(self.channel.unwrap_or_default()),
            &inert(&json(&self.event_id)),
            &inert(&json(&self.record_id)),
            &inert(self.source),
            &self.event.to_string(),
        ] {
            writer.write_field(cell)?;
        }
        if shape.indicators {
            let cells = self.indicator.map(Provenance::cells).unwrap_or_default();
            cells.iter().try_for_each(|cell| writer.write_field(cell))?;
        }
        writer.write_field(&*inert(&self.tags.join(" ")))?;
        writer.write_field(correlation)?;
        writer.write_record(None::<&[u8]>)?;
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

/// Returns the head of `table`, which names the zone of its times once.
pub(super) fn table_head(lang: Lang) -> String {
    let head = ["hunt-time", "hunt-level", "hunt-host", "hunt-rule", "hunt-file"];
    let head = head.map(|key| lang.t(key));
    table_line(head.each_ref().map(String::as_str))
}

fn table_line([time, level, computer, rule, source]: [&str; 5]) -> String {
    format!("{time:<19}  {level:<13}  {computer:<24}  {rule:<60}  {source}\n")
}

/// Returns a time, µs UTC, for people; none beyond the years that have four digits.
pub(super) fn shown(at: i64) -> Option<String> {
    Timestamp::from_microsecond(at).ok().map(at_vietnam)
}

/// Returns a time for people, as `--from` and `--to` take it: to the second, in Vietnam.
fn at_vietnam(at: Timestamp) -> String {
    let zone = TimeZone::fixed(VIETNAM);
    zone.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Returns the beginning of a text, without what a terminal or a page might obey.
pub(in crate::commands) fn clip(text: &str, width: usize) -> String {
    text.chars().map(|c| if is_unruly(c) { ' ' } else { c }).take(width).collect()
}

/// Returns whether a character does something instead of being seen: it moves the cursor, or turns
/// the direction of writing so that `gpj.exe` reads `exe.jpg`.
fn is_unruly(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns
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
    shape: Shape,
    rule: &RuleInfo,
    cause: Cause<'_>,
    event: Event<'_>,
    source: &str,
) -> anyhow::Result<Vec<u8>> {
    let record = || Record::new(rule, cause, event, source);
    Ok(match shape.form {
        Form::Html => render_sample(cause.indicator(), event, source, shape.lang),
        Form::Table => record().line(shape.lang).into_bytes(),
        Form::Json => serde_json::to_vec(&record())?,
        Form::Jsonl => {
            let mut line = serde_json::to_vec(&record())?;
            line.push(b'\n');
            line
        }
        Form::Csv => record().csv(shape)?,
    })
}
