//! `--format html`: one page for people that needs nothing but itself. It opens from a disk, on a
//! phone, in the dark and on paper, and loads, sends and runs nothing: the strictest policy stands in
//! its head, and every foreign text is escaped.
//!
//! Whoever investigates a machine hands this over: what was looked at and with which rules, what was
//! found where and when, what could not be read. Its size does not grow with the number of hits.

mod picture;
mod sample;
mod sections;

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use khien_detect::{Level, Refused, Unmapped};
use khien_hub::web::i18n::{Arg, Lang};
use khien_hub::web::time;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::input::Inputs;
use super::limits::Limit;
use super::period::Period;
use super::record::clip;
use super::tally::{Host, Span, Tally};
use crate::commands::rules::Pinned;

pub(super) use sample::Samples;
pub(super) use sample::render as render_sample;

const STYLE: &str = include_str!("style.css");
/// Characters of a name: of a host, a file, a rule.
const NAME_CHARS_MAX: usize = 300;

/// What was looked at, and how.
pub(super) struct Hunted<'h> {
    pub(super) paths: &'h [PathBuf],
    /// Empty for the rules inside this program.
    pub(super) rules: &'h [PathBuf],
    /// By folder of rules: what was imported there.
    pub(super) pinned: &'h [Option<Pinned>],
    pub(super) iocs: &'h [PathBuf],
    pub(super) min_level: Level,
    pub(super) period: Period,
    pub(super) rules_loaded: usize,
    pub(super) refused: &'h [Refused],
    pub(super) indicators_loaded: usize,
    pub(super) indicators_refused: u64,
    pub(super) inputs: &'h Inputs,
    /// By input.
    pub(super) files: &'h [Filed],
    pub(super) events: u64,
    /// Those of them that no rule reads.
    pub(super) unmapped: &'h Unmapped,
    /// The times of all events.
    pub(super) span: Span,
    /// What went wrong, and the first of it in words.
    pub(super) problems: u64,
    pub(super) told: &'h [String],
    /// What correlations could not do.
    pub(super) limits: &'h [Limit],
    pub(super) seconds: f64,
}

impl Hunted<'_> {
    /// Whether hits may have been left out because of their level or their time.
    pub(super) fn is_narrowed(&self) -> bool {
        self.min_level > Level::Informational || !self.period.holds(None)
    }
}

/// What came from one input.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filed {
    pub(super) events: u64,
    pub(super) hits: u64,
}

/// Two languages beside each other, that of the reader first.
#[derive(Clone, Copy, Debug)]
struct Words {
    first: Lang,
    second: Lang,
}

impl Words {
    fn new(first: Lang) -> Self {
        let second = match first {
            Lang::Vi => Lang::En,
            Lang::En => Lang::Vi,
        };
        Self { first, second }
    }

    /// Returns a text in both languages.
    fn both(self, key: &str) -> Markup {
        self.with(key, &[])
    }

    fn with(self, key: &str, args: &[(&str, Arg<'_>)]) -> Markup {
        let (first, second) = (self.first.ta(key, args), self.second.ta(key, args));
        html! {
            (first) @if first != second { " " small.other lang=(self.second.code()) { (second) } }
        }
    }

    /// Returns a text in the first language alone.
    fn one(self, key: &str) -> String {
        self.first.t(key)
    }
}

/// Returns the page.
pub(super) fn page(hunted: &Hunted<'_>, tally: &Tally, samples: &Samples, lang: Lang) -> Markup {
    let words = Words::new(lang);
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    );
    html! {
        (DOCTYPE)
        html lang=(lang.code()) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta name="color-scheme" content="light dark";
                title { (words.one("hunt-report")) " – Khiên" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (sections::head(hunted, tally, words))
                main {
                    (sections::found(hunted, tally, words))
                    @if tally.hits() > 0 {
                        (sections::time(tally, words))
                        (sections::attack(tally, words))
                        (sections::hosts(tally, words))
                        (sections::rules(tally, samples, words))
                    }
                    (sections::inputs(hunted, words))
                    (sections::with_what(hunted, words))
                }
                footer { p { (words.both("hunt-foot")) } p { "Khiên " (env!("CARGO_PKG_VERSION")) } }
            }
        }
    }
}

/// Returns a time, µs UTC, as a report says it: to the second, in Vietnam.
fn moment(at: i64) -> String {
    // Beyond the years that have four digits there is no calendar.
    Timestamp::from_microsecond(at).map_or_else(|_| "–".to_owned(), |_| time::second(at))
}

/// Returns a number in groups of three digits.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

fn name(text: &str) -> String {
    clip(text, NAME_CHARS_MAX)
}

fn host_name(host: &Host) -> String {
    if host.name.is_empty() { "–".to_owned() } else { name(&host.name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1\u{202f}000"),
            (1_234_567, "1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn times_beyond_the_calendar_are_no_times() {
        assert_eq!(moment(1_795_140_000_000_000), "20/11/2026 09:00:00");
        assert_eq!(moment(i64::MAX), "–");
    }

    #[test]
    fn the_style_brings_nothing_from_elsewhere() {
        for word in ["url(", "@import", "http", "</style", "expression("] {
            assert!(!STYLE.contains(word), "{word}");
        }
    }
}
