//! Events in one arena: a text buffer, a flat list of entries, and one row per event.
//!
//! A decoder appends through [`Writer`]; everybody else only reads. An event costs no allocation
//! of its own, and a cleared batch keeps its buffers for the next chunk. Field names are exact and
//! case-sensitive (`Image` is not `image`) and stored as numbers; an array is several entries with
//! the same name.

use crate::format::Format;
use crate::interned::{NameId, Names};
use crate::names::{self, Column};

/// A list of events, filled by decoders.
#[derive(Debug, Default)]
pub struct Batch {
    text: String,
    entries: Vec<Entry>,
    rows: Vec<Row>,
    names: Names,
    /// The JSON decoder's memory, which speaks of `names`.
    pub(crate) json: crate::json::Kept,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Null,
    False,
    True,
    Number,
    Text,
}

/// A value of a field: what it is, and where in a text its own text stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) name: NameId,
    pub(crate) value: Span,
    pub(crate) tag: Tag,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    format: Format,
    t_event: Option<i64>,
    first: usize,
    end: usize,
    text: Span,
}

/// A field's value. A number is its decimal digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'b> {
    /// Present without a value (JSON `null`).
    Null,
    /// A boolean of the source, not a text that looks like one.
    Bool(bool),
    /// A number of the source, in its own digits.
    Number(&'b str),
    /// Text.
    Text(&'b str),
}

impl<'b> Value<'b> {
    /// Returns the value as text; `None` for null.
    pub fn as_text(self) -> Option<&'b str> {
        match self {
            Self::Null => None,
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Number(text) | Self::Text(text) => Some(text),
        }
    }

    /// Returns the value as JSON. Digits that JSON cannot hold exactly stay text.
    pub fn to_json(self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => value.into(),
            Self::Number(digits) => serde_json::from_str::<serde_json::Number>(digits)
                .map_or_else(|_| digits.into(), serde_json::Value::Number),
            Self::Text(text) => text.into(),
        }
    }
}

impl Batch {
    /// Returns an empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of events.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns true when there is no event.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Forgets all events and keeps the buffers.
    pub fn clear(&mut self) {
        self.text.clear();
        self.entries.clear();
        self.rows.clear();
        if self.names.is_overgrown() || self.json.is_overgrown() {
            self.names = Names::default();
            self.json = crate::json::Kept::default();
        }
    }

    /// Returns the names of all fields so far, by number.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Returns the names, for a decoder that needs their numbers before it has an event.
    pub(crate) fn names_mut(&mut self) -> &mut Names {
        &mut self.names
    }

    /// Returns the event at `i`. Panics when `i >= len()`, as a slice does.
    pub fn event(&self, i: usize) -> Event<'_> {
        Event { batch: self, row: &self.rows[i] }
    }

    /// Returns the events in the order they were read.
    pub fn iter(&self) -> impl Iterator<Item = Event<'_>> {
        self.rows.iter().map(|row| Event { batch: self, row })
    }

    /// Begins an event. Nothing of it stays unless the writer is finished.
    pub fn start(&mut self, format: Format) -> Writer<'_> {
        let text_mark = self.text.len();
        let first = self.entries.len();
        Writer { batch: self, format, t_event: None, text_mark, first, finished: false }
    }

    fn push_text(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span { start, end: self.text.len() }
    }

    #[inline]
    fn slice(&self, span: Span) -> &str {
        &self.text[span.start..span.end]
    }

    #[inline]
    fn value(&self, entry: &Entry) -> Value<'_> {
        match entry.tag {
            Tag::Null => Value::Null,
            Tag::False => Value::Bool(false),
            Tag::True => Value::Bool(true),
            Tag::Number => Value::Number(self.slice(entry.value)),
            Tag::Text => Value::Text(self.slice(entry.value)),
        }
    }
}

/// The decoders' door: one event being written. Dropped unfinished, it leaves no trace.
#[derive(Debug)]
pub struct Writer<'a> {
    batch: &'a mut Batch,
    format: Format,
    t_event: Option<i64>,
    text_mark: usize,
    first: usize,
    finished: bool,
}

impl Writer<'_> {
    /// Appends a value; a second value of the same field makes it an array.
    pub fn set(&mut self, field: &str, value: Value<'_>) {
        let name = self.batch.names.intern(field);
        self.put(name, value);
    }

    /// Returns the number of a name, for [`Writer::put`].
    pub(crate) fn name(&mut self, name: &str) -> NameId {
        self.batch.names.intern(name)
    }

    /// Appends a value as [`Writer::set`] does, its field by number.
    pub(crate) fn put(&mut self, name: NameId, value: Value<'_>) {
        let (tag, text) = match value {
            Value::Null => (Tag::Null, ""),
            Value::Bool(false) => (Tag::False, ""),
            Value::Bool(true) => (Tag::True, ""),
            Value::Number(digits) => (Tag::Number, digits),
            Value::Text(text) => (Tag::Text, text),
        };
        let value = self.batch.push_text(text);
        self.batch.entries.push(Entry { name, value, tag });
    }

    /// Appends a value whose text is a part of the event's whole text, which
    /// [`Writer::put_text`] appends when it is complete: one copy for all values.
    pub(crate) fn put_part(&mut self, name: NameId, tag: Tag, part: Span) {
        let base = self.text_mark;
        let value = Span { start: base + part.start, end: base + part.end };
        self.batch.entries.push(Entry { name, value, tag });
    }

    /// Appends the text of an event all of whose values are parts of it.
    pub(crate) fn put_text(&mut self, text: &str) {
        self.batch.push_text(text);
    }

    /// Forgets what was written so far.
    pub(crate) fn restart(&mut self) {
        self.batch.text.truncate(self.text_mark);
        self.batch.entries.truncate(self.first);
        self.t_event = None;
    }

    /// Appends a text value.
    pub fn text(&mut self, field: &str, text: &str) {
        self.set(field, Value::Text(text));
    }

    /// Sets the time of the event, µs UTC.
    pub fn at(&mut self, t_event_us: i64) {
        self.t_event = Some(t_event_us);
    }

    /// Sets the time of the event unless it is known already.
    pub fn at_if_missing(&mut self, t_event_us: i64) {
        self.t_event.get_or_insert(t_event_us);
    }

    /// Returns true when the event already holds the field.
    pub fn has(&self, field: &str) -> bool {
        self.first(field).is_some()
    }

    /// Makes it an event of another format than it was taken for.
    pub(crate) fn becomes(&mut self, format: Format) {
        self.format = format;
    }

    /// Returns every field with its value, in the order written.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        let value = |entry: &Entry| (self.batch.names.text(entry.name), self.batch.value(entry));
        self.written().iter().map(value)
    }

    /// Returns every value written under the field.
    pub(crate) fn values(&self, field: &str) -> impl Iterator<Item = Value<'_>> {
        let name = self.batch.names.get(field);
        let of_field = move |entry: &&Entry| Some(entry.name) == name;
        let written = if name.is_some() { self.written() } else { &[] };
        written.iter().filter(of_field).map(|entry| self.batch.value(entry))
    }

    /// Returns the first value written under the field.
    pub fn first(&self, field: &str) -> Option<Value<'_>> {
        self.first_by_id(self.batch.names.get(field)?)
    }

    /// Returns the first value written under the field of this number.
    pub(crate) fn first_by_id(&self, name: NameId) -> Option<Value<'_>> {
        let entry = self.written().iter().find(|entry| entry.name == name)?;
        Some(self.batch.value(entry))
    }

    /// Returns the first value written under each of these fields, which have their number in every
    /// table, in one pass over the event.
    pub(crate) fn firsts<const N: usize>(&self, names: [NameId; N]) -> [Option<Value<'_>>; N] {
        let mut firsts = [None; N];
        for entry in self.written().iter().filter(|entry| entry.name.is_everywhere()) {
            if let Some(place) = names.iter().position(|name| *name == entry.name) {
                firsts[place].get_or_insert_with(|| self.batch.value(entry));
            }
        }
        firsts
    }

    /// Returns the field names so far, by number.
    pub(crate) fn names(&self) -> &Names {
        &self.batch.names
    }

    /// Moves the values of some fields behind the others, and returns how many stay before them.
    pub(crate) fn move_last(&mut self, is_last: impl Fn(NameId) -> bool) -> usize {
        let written = &mut self.batch.entries[self.first..];
        written.sort_by_key(|entry| is_last(entry.name));
        written.partition_point(|entry| !is_last(entry.name))
    }

    /// Returns the field of the value at this place. Panics from `len()` on, as a slice does.
    pub(crate) fn name_at(&self, place: usize) -> NameId {
        self.written()[place].name
    }

    /// Gives the value at this place to another field.
    pub(crate) fn rename(&mut self, place: usize, name: NameId) {
        self.batch.entries[self.first + place].name = name;
    }

    /// Returns the value at this place. Panics from `len()` on, as a slice does.
    pub(crate) fn value_at(&self, place: usize) -> Value<'_> {
        self.batch.value(&self.written()[place])
    }

    /// Gives the value at this place another text.
    pub(crate) fn retell(&mut self, place: usize, text: &str) {
        let value = self.batch.push_text(text);
        let entry = &mut self.batch.entries[self.first + place];
        (entry.value, entry.tag) = (value, Tag::Text);
    }

    /// Returns true when the event already holds this text under the field.
    pub(crate) fn holds(&self, field: &str, text: &str) -> bool {
        let Some(name) = self.batch.names.get(field) else { return false };
        let mut held = self.written().iter().filter(|entry| entry.name == name);
        held.any(|entry| self.batch.value(entry) == Value::Text(text))
    }

    /// Returns the number of values written so far.
    #[inline]
    pub fn len(&self) -> usize {
        self.written().len()
    }

    /// Returns true when nothing has been written yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes the event part of the batch.
    pub fn finish(mut self) {
        self.finished = true;
        let end = self.batch.entries.len();
        let text = Span { start: self.text_mark, end: self.batch.text.len() };
        let row = Row { format: self.format, t_event: self.t_event, first: self.first, end, text };
        self.batch.rows.push(row);
    }
}

impl Writer<'_> {
    fn written(&self) -> &[Entry] {
        &self.batch.entries[self.first..]
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.restart();
        }
    }
}

/// One event of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Event<'b> {
    batch: &'b Batch,
    row: &'b Row,
}

impl<'b> Event<'b> {
    /// Returns the format whose field names the event speaks.
    pub fn format(self) -> Format {
        self.row.format
    }

    /// Returns when it happened, µs UTC, if the source told.
    pub fn t_event(self) -> Option<i64> {
        self.row.t_event
    }

    /// Returns every value of the field; none means the field is missing.
    pub fn values(self, field: &str) -> impl Iterator<Item = Value<'b>> {
        let name = self.batch.names.get(field);
        self.rows()
            .iter()
            .filter(move |entry| Some(entry.name) == name)
            .map(move |entry| self.batch.value(entry))
    }

    /// Returns the first value of the field.
    pub fn first(self, field: &str) -> Option<Value<'b>> {
        self.values(field).next()
    }

    /// Returns the first value of the field that has this number in [`Batch::names`].
    pub fn first_by_id(self, name: NameId) -> Option<Value<'b>> {
        self.rows().iter().find(|entry| entry.name == name).map(|entry| self.batch.value(entry))
    }

    /// Returns every field with its value, in the order of the source.
    pub fn fields(self) -> impl Iterator<Item = (&'b str, Value<'b>)> {
        self.entries().map(move |(name, value)| (self.batch.names.text(name), value))
    }

    /// Returns every field as its number in [`Batch::names`] with its value, in the order of the
    /// source.
    pub fn entries(self) -> impl ExactSizeIterator<Item = (NameId, Value<'b>)> {
        self.rows().iter().map(move |entry| (entry.name, self.batch.value(entry)))
    }

    /// Returns the field of every value as its number in [`Batch::names`], in the order of the
    /// source: for one who needs few of the values, by [`Event::value`].
    pub fn names(self) -> impl ExactSizeIterator<Item = NameId> {
        self.rows().iter().map(|entry| entry.name)
    }

    /// Returns the envelope column: the first of its native fields that holds a value.
    pub fn column(self, column: Column) -> Option<Value<'b>> {
        names::fields_of(column)
            .filter_map(|field| self.first(field))
            .find(|value| !matches!(value, Value::Null | Value::Text("" | "-")))
    }

    /// Returns the fields as one flat JSON object; an array where a field has several values.
    pub fn to_json(self) -> serde_json::Value {
        let mut object = serde_json::Map::new();
        for (field, value) in self.fields() {
            let value = value.to_json();
            match object.get_mut(field) {
                None => {
                    object.insert(field.to_owned(), value);
                }
                Some(serde_json::Value::Array(list)) => list.push(value),
                Some(first) => *first = serde_json::Value::Array(vec![first.take(), value]),
            }
        }
        object.into()
    }

    /// Returns the texts of all values, end to end: what is not in there is in none of them.
    pub fn all_text(self) -> &'b str {
        self.batch.slice(self.row.text)
    }

    /// Returns the value at this place of [`Event::entries`]. Panics beyond its end, as a slice does.
    pub fn value(self, place: usize) -> Value<'b> {
        self.batch.value(&self.rows()[place])
    }

    fn rows(self) -> &'b [Entry] {
        &self.batch.entries[self.row.first..self.row.end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Batch {
        let mut batch = Batch::new();
        let mut event = batch.start(Format::Json);
        event.set("EventID", Value::Number("1"));
        event.text("Image", "C:\\a.exe");
        event.set("Gone", Value::Null);
        event.set("Elevated", Value::Bool(true));
        event.text("Data", "x");
        event.text("Data", "y");
        event.at(42);
        event.finish();
        batch
    }

    #[test]
    fn values_keep_their_kind() {
        let batch = sample();
        let event = batch.event(0);
        assert_eq!(event.t_event(), Some(42));
        assert_eq!(event.first("EventID"), Some(Value::Number("1")));
        assert_eq!(event.first("Gone"), Some(Value::Null));
        assert_eq!(event.first("gone"), None);
        assert_eq!(event.values("Data").count(), 2);
        assert_eq!(event.first("Elevated").and_then(Value::as_text), Some("true"));
        assert_eq!(
            event.to_json(),
            serde_json::json!({
                "EventID": 1, "Image": "C:\\a.exe", "Gone": null, "Elevated": true, "Data": ["x", "y"],
            })
        );
    }

    #[test]
    fn an_unfinished_event_is_rolled_back() {
        let mut batch = sample();
        let text = batch.text.len();
        let mut event = batch.start(Format::Syslog);
        event.text("a", "b");
        drop(event);
        assert_eq!((batch.len(), batch.text.len(), batch.entries.len()), (1, text, 6));
        batch.clear();
        assert!(batch.is_empty());
    }

    #[test]
    fn a_column_skips_empty_values() {
        let mut batch = Batch::new();
        let mut event = batch.start(Format::Evtx);
        event.text("User", "-");
        event.text("SubjectUserName", "an");
        event.finish();
        assert_eq!(batch.event(0).column(Column::User), Some(Value::Text("an")));
        assert_eq!(batch.event(0).column(Column::Url), None);
    }

    #[test]
    fn digits_json_cannot_hold_stay_text() {
        assert_eq!(Value::Number("0x10").to_json(), serde_json::json!("0x10"));
        assert_eq!(Value::Number("-7").to_json(), serde_json::json!(-7));
    }
}
