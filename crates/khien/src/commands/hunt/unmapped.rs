//! Events of sources that no rule reads: told, so that nobody takes silence about them for quiet.

use khien_detect::Unmapped;
use khien_hub::web::i18n::{Arg, Lang};
use serde_json::{Value, json};

use super::number;
use super::record::clip;
use super::summary::at_least;

/// Sources that people are told by name.
const SOURCES_TOLD_MAX: usize = 20;
/// Characters of a source's name.
const SOURCE_CHARS_MAX: usize = 100;

/// The sources, those with the most events first.
pub(super) struct Sources<'u> {
    named: Vec<(&'u str, u64)>,
    /// Events of sources beyond those that are counted by name.
    others: u64,
}

impl<'u> Sources<'u> {
    /// Sorts the sources.
    pub(super) fn of(unmapped: &'u Unmapped) -> Self {
        let mut named: Vec<(&str, u64)> = unmapped.by_name().collect();
        // Stable: of the same number, by name.
        named.sort_by_key(|(_, events)| std::cmp::Reverse(*events));
        Self { named, others: unmapped.others() }
    }

    /// Returns those that people are told by name, with their events.
    pub(super) fn told(&self) -> &[(&'u str, u64)] {
        &self.named[..self.named.len().min(SOURCES_TOLD_MAX)]
    }

    /// Returns how many there are besides, as far as they were told apart.
    pub(super) fn more(&self) -> String {
        let is_cut = self.others > 0;
        at_least(self.named.len() - self.told().len() + usize::from(is_cut), is_cut)
    }

    /// Returns the events of those.
    pub(super) fn more_events(&self) -> u64 {
        let rest = &self.named[self.told().len()..];
        rest.iter().map(|(_, events)| events).sum::<u64>() + self.others
    }
}

/// Returns the lines for the person at the terminal; none where every event found its log source.
pub(super) fn told(unmapped: &Unmapped, lang: Lang) -> Vec<String> {
    if unmapped.total() == 0 {
        return Vec::new();
    }
    let sources = Sources::of(unmapped);
    let mut lines = vec![lang.ta("hunt-unmapped", &[("events", number(unmapped.total()))])];
    let named = sources.told().iter();
    lines.extend(named.map(|(source, events)| format!("{events:>12}  {}", shown(source))));
    let events = sources.more_events();
    if events > 0 {
        let count = sources.more();
        let args = [("count", Arg::Text(&count)), ("events", number(events))];
        lines.push(lang.ta("hunt-unmapped-more", &args));
    }
    lines
}

/// Returns what the summary of `json` holds of them. Its names are fixed.
pub(super) fn object(unmapped: &Unmapped) -> Value {
    let sources = Sources::of(unmapped);
    let one = |(source, events): &(&str, u64)| json!({ "source": source, "events": events });
    json!({
        "events": unmapped.total(), "sources": sources.named.iter().map(one).collect::<Vec<_>>(),
        "events_of_further_sources": sources.others,
    })
}

fn shown(source: &str) -> String {
    clip(source, SOURCE_CHARS_MAX)
}
