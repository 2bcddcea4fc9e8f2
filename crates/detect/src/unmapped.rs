//! Events that belong to no log source: counted under the name of what sent them, so that somebody
//! sees a source that no rule reads.

use std::collections::BTreeMap;

use khien_event::{Column, Event, Value};

/// Names that are counted one by one. A sender may make up any number of them.
const NAMES_MAX: usize = 256;
/// The part of a name that is kept.
const NAME_BYTES_MAX: usize = 96;

/// Where JSON from elsewhere says what it is.
const SOURCE_FIELDS: [&str; 4] = ["event.dataset", "event.module", "log_type", "source"];

/// How many events came from which unmapped source.
#[derive(Clone, Debug, Default)]
pub struct Unmapped {
    by_name: BTreeMap<Box<str>, u64>,
    others: u64,
    /// The name at hand: most were seen before and need no memory of their own.
    name: String,
}

impl Unmapped {
    /// Counts an event.
    pub fn count(&mut self, event: Event<'_>) {
        self.name.clear();
        write_name(event, &mut self.name);
        let name = std::mem::take(&mut self.name);
        self.add_named(&name, 1);
        self.name = name;
    }

    /// Adds what another scanner counted.
    pub fn add(&mut self, other: &Self) {
        self.others += other.others;
        other.by_name().for_each(|(name, count)| self.add_named(name, count));
    }

    fn add_named(&mut self, name: &str, events: u64) {
        if let Some(count) = self.by_name.get_mut(name) {
            *count += events;
        } else if self.by_name.len() < NAMES_MAX {
            self.by_name.insert(name.into(), events);
        } else {
            self.others += events;
        }
    }

    /// Returns the sources by name, with their events.
    pub fn by_name(&self) -> impl Iterator<Item = (&str, u64)> {
        self.by_name.iter().map(|(name, count)| (name.as_ref(), *count))
    }

    /// Returns the events of sources beyond those that are counted by name.
    pub fn others(&self) -> u64 {
        self.others
    }

    /// Returns the events of all sources.
    pub fn total(&self) -> u64 {
        self.others + self.by_name.values().sum::<u64>()
    }
}

/// Format, maker and product or program: `cef Fortinet FortiGate`.
fn write_name(event: Event<'_>, name: &mut String) {
    name.push_str(event.format().name());
    let maker = event.column(Column::Provider);
    let product = event.column(Column::Channel);
    let told = || SOURCE_FIELDS.iter().find_map(|field| event.first(field));
    let last = product.or_else(told);
    for word in [maker, last].into_iter().flatten().filter_map(Value::as_text) {
        let clean = word.chars().map(|c| if c.is_control() { ' ' } else { c });
        name.push(' ');
        name.extend(clean.take(NAME_BYTES_MAX));
    }
    name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
}

#[cfg(test)]
mod tests {
    use khien_event::{Batch, Format};

    use super::*;

    fn batch(format: Format, fields: &[(&str, &str)]) -> Batch {
        let mut batch = Batch::new();
        let mut event = batch.start(format);
        fields.iter().for_each(|(field, text)| event.text(field, text));
        event.finish();
        batch
    }

    fn counted(unmapped: &Unmapped) -> Vec<(&str, u64)> {
        unmapped.by_name().collect()
    }

    #[test]
    fn sources_are_named_by_what_they_say() {
        let mut unmapped = Unmapped::default();
        let long = "đ".repeat(NAME_BYTES_MAX);
        let wall = [("DeviceVendor", "Fortinet"), ("DeviceProduct", "FortiGate")];
        for (format, fields) in [
            (Format::Cef, &wall[..]),
            (Format::Cef, &wall),
            (Format::Json, &[("event.dataset", "zeek.conn\n")]),
            (Format::Json, &[]),
            (Format::Json, &[("source", &long)]),
        ] {
            unmapped.count(batch(format, fields).event(0));
        }
        let long = format!("json {}", &long[..NAME_BYTES_MAX - 6]);
        assert_eq!(
            counted(&unmapped),
            [
                ("cef Fortinet FortiGate", 2),
                ("json", 1),
                ("json zeek.conn ", 1),
                (long.as_str(), 1)
            ]
        );
        assert_eq!((unmapped.others(), unmapped.total()), (0, 5));
    }

    #[test]
    fn made_up_names_are_counted_together() {
        let mut unmapped = Unmapped::default();
        for number in 0..NAMES_MAX + 50 {
            unmapped.count(batch(Format::Json, &[("source", &number.to_string())]).event(0));
        }
        assert_eq!((unmapped.by_name().count(), unmapped.others()), (NAMES_MAX, 50));
        let mut sum = Unmapped::default();
        sum.count(batch(Format::Cef, &[]).event(0));
        sum.add(&unmapped);
        assert_eq!((sum.by_name().count(), sum.others()), (NAMES_MAX, 51));
        assert_eq!(sum.total(), NAMES_MAX as u64 + 51);
    }
}
