//! The questions that rules ask of values.
//!
//! A missing field, a null, an empty text and a text are four different things: `null` asks for the
//! first two, `''` for the third, `exists` for anything but the first. A field with several values
//! matches when one of them does.

use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::civil::{Date, Time};
use khien_event::Value;

use super::number::Number;
use super::pattern::{Pattern, Place};
use super::regular::Regular;
use crate::fields::FieldId;

/// A search: what stands under one name of `detection`.
#[derive(Clone, Debug)]
pub(crate) enum Search {
    /// A map: every entry.
    All(Vec<Search>),
    /// A list: one of the entries.
    Any(Vec<Search>),
    /// One field, or the whole event.
    Item(Item),
}

/// One entry of a map: a field, or no field for keywords, with its tests.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) field: Option<FieldId>,
    pub(crate) tests: Vec<Test>,
    /// `all`: every test must hold, not one of them.
    pub(crate) all: bool,
    /// `neq`: none of the tests may hold.
    pub(crate) negated: bool,
}

/// One question to the values of a field.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// A text with wildcards.
    Text { pattern: Pattern, cased: bool },
    /// An unquoted number: equal as written or as a number.
    Number { written: Box<str>, number: Option<Number> },
    /// The field is missing or null.
    Null,
    /// The field is there, whatever its value, or is not.
    Exists(bool),
    /// `re`: one for all copies of the test, because its notes are large.
    Regex(Arc<Regular>),
    /// `cidr`.
    Cidr(IpNet),
    /// `lt`, `lte`, `gt`, `gte`.
    Compare(Comparison, Number),
    /// `minute` … `year`.
    Time { part: TimePart, comparison: Comparison, number: Number },
    /// `fieldref`: against the values of another field.
    Field { other: FieldId, place: Place, cased: bool },
    /// The variants of one value, under `all`.
    OneOf(Vec<Test>),
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Returns whether `left` stands so to `right`.
    pub(crate) fn holds(self, left: Number, right: Number) -> bool {
        let Some(order) = left.order(right) else { return false };
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
        }
    }
}

/// A part of a date, taken as it is written: no zone is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl TimePart {
    /// Returns the modifier, and the least and greatest that the part of a date may be.
    pub(crate) const fn bounds(self) -> (&'static str, i128, i128) {
        match self {
            Self::Minute => ("minute", 0, 59),
            Self::Hour => ("hour", 0, 23),
            Self::Day => ("day", 1, 31),
            Self::Week => ("week", 1, 53),
            Self::Month => ("month", 1, 12),
            Self::Year => ("year", 0, 9999),
        }
    }

    /// Reads it from `2026-11-20T17:01:02.5Z`, or as Sysmon writes it, with a blank. A date without
    /// a time of day has neither hour nor minute.
    fn of(self, value: &str) -> Option<Number> {
        let date: Date = value.get(..10)?.parse().ok()?;
        let part = match self {
            Self::Minute => i128::from(time_of_day(value)?.minute()),
            Self::Hour => i128::from(time_of_day(value)?.hour()),
            Self::Day => i128::from(date.day()),
            Self::Week => i128::from(date.iso_week_date().week()),
            Self::Month => i128::from(date.month()),
            Self::Year => i128::from(date.year()),
        };
        Some(Number::Int(part))
    }
}

fn time_of_day(value: &str) -> Option<Time> {
    let parted = value.get(10..11).is_some_and(|mark| mark == "T" || mark == " ");
    value.get(11..16).filter(|_| parted)?.parse().ok()
}

/// A value with its folded spelling, which only some tests look at (empty for null).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'v> {
    pub(crate) value: Value<'v>,
    pub(crate) folded: &'v str,
}

impl Test {
    /// Returns whether the test looks at the folded spelling.
    pub(crate) fn wants_folded(&self) -> bool {
        match self {
            Self::Text { cased, .. } | Self::Field { cased, .. } => !cased,
            Self::OneOf(variants) => variants.iter().any(Self::wants_folded),
            _ => false,
        }
    }

    /// Asks one value. Questions about the presence of the field never hold for a single value.
    pub(crate) fn holds_for(&self, seen: &Seen<'_>) -> bool {
        if let Self::Null = self {
            return matches!(seen.value, Value::Null);
        }
        let Some(raw) = seen.value.as_text() else { return false };
        match self {
            Self::Text { pattern, cased: true } => pattern.matches(raw),
            Self::Text { pattern, cased: false } => pattern.matches(seen.folded),
            Self::Number { written, number } => {
                raw == &**written
                    || number
                        .zip(Number::of_event(raw))
                        .is_some_and(|(wanted, found)| Comparison::Equal.holds(found, wanted))
            }
            Self::Regex(regular) => regular.is_in(raw),
            Self::Cidr(net) => address(raw).is_some_and(|ip| net.contains(&ip)),
            Self::Compare(comparison, number) => {
                Number::of_event(raw).is_some_and(|found| comparison.holds(found, *number))
            }
            Self::Time { part, comparison, number } => {
                part.of(raw).is_some_and(|found| comparison.holds(found, *number))
            }
            Self::OneOf(variants) => variants.iter().any(|test| test.holds_for(seen)),
            Self::Null | Self::Exists(_) | Self::Field { .. } => false,
        }
    }
}

/// Returns whether a value stands so to the value of another field.
pub(crate) fn stands(seen: &Seen<'_>, against: &Seen<'_>, place: Place, cased: bool) -> bool {
    let (Some(raw), Some(other)) = (seen.value.as_text(), against.value.as_text()) else {
        return false;
    };
    let (value, other) = if cased { (raw, other) } else { (seen.folded, against.folded) };
    match place {
        Place::Whole => value == other,
        Place::Start => value.starts_with(other),
        Place::End => value.ends_with(other),
        Place::Anywhere => value.contains(other),
    }
}

/// Reads an address: without its zone, and an IPv4 one inside IPv6 as IPv4.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_start_matches('[').trim_end_matches(']');
    let bare = text.split_once('%').map_or(text, |(ip, _zone)| ip);
    bare.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}
