//! Times as logs write them, read into µs UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::Context;

/// A machine's clock may run ahead this much before a yearless time is taken for last year's.
const CLOCK_AHEAD_MAX_US: i64 = 86_400 * 1_000_000;

/// How far back a yearless 29 February may lie: across a century year there is none for 8 years.
const YEARS_BACK_MAX: i16 = 8;

/// A day and a clock time without a year, as RFC 3164 writes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Yearless {
    month: i8,
    day: i8,
    clock: Time,
}

/// Reads an ISO 8601 / RFC 3339 time; one without an offset counts as `zone_offset_s`.
pub(crate) fn iso(text: &str, zone_offset_s: i32) -> Option<i64> {
    if let Some(us) = utc(text) {
        return Some(us);
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_microsecond());
    }
    in_zone(text.parse::<DateTime>().ok()?, zone_offset_s)
}

/// Reads `2025-10-25T13:44:33.4409070Z`, as nearly every event tells its time. Any other time, and
/// one that does not exist, is left to who knows all of ISO 8601.
fn utc(text: &str) -> Option<i64> {
    let (stamp, fraction) = text.strip_suffix('Z')?.as_bytes().split_first_chunk::<19>()?;
    let [y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2] =
        *stamp
    else {
        return None;
    };
    let year = number(&[y1, y2, y3, y4])?;
    let date = Date::new(year, number(&[o1, o2])? as i8, number(&[d1, d2])? as i8).ok()?;
    let (hour, minute) = (number(&[h1, h2])? as i8, number(&[m1, m2])? as i8);
    let nanosecond = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => nanoseconds(digits)?,
        _ => return None,
    };
    let clock = Time::new(hour, minute, number(&[s1, s2])? as i8, nanosecond).ok()?;
    in_zone(date.to_datetime(clock), 0)
}

/// Reads up to four digits.
fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0'))
    })
}

/// Reads up to nine digits behind a point.
fn nanoseconds(digits: &[u8]) -> Option<i32> {
    let mut padded = [b'0'; 9];
    padded[..digits.len()].copy_from_slice(digits);
    padded.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i32::from(digit - b'0'))
    })
}

/// Writes a time as [`iso`] reads it; nothing when no calendar has it.
pub(crate) fn shown(us: i64) -> String {
    Timestamp::from_microsecond(us).map(|instant| instant.to_string()).unwrap_or_default()
}

/// Reads seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size.
pub(crate) fn epoch(digits: &str) -> Option<i64> {
    let number = digits.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0)?;
    let us = match number {
        n if n < 1e11 => n * 1e6,
        n if n < 1e14 => n * 1e3,
        n if n < 1e17 => n,
        n => n / 1e3,
    };
    Timestamp::from_microsecond(us as i64).ok().map(Timestamp::as_microsecond)
}

/// Reads `10/Oct/2000:13:55:36 -0700`, the web servers' time.
pub(crate) fn access(text: &str) -> Option<i64> {
    let (stamp, zone) = text.split_once(' ')?;
    let mut parts = stamp.splitn(4, ['/', ':']);
    let day = parts.next()?.parse().ok()?;
    let month = month(parts.next()?)?;
    let year = parts.next()?.parse().ok()?;
    let date = Date::new(year, month, day).ok()?;
    in_zone(date.to_datetime(clock(parts.next()?)?), numeric_zone(zone)?)
}

/// Reads `Oct 11 22:14:15` from the front of `text`, or with a year before or after the clock
/// time, and returns it with the rest.
pub(crate) fn bsd<'t>(text: &'t str, context: &Context) -> Option<(i64, &'t str)> {
    let (month_name, rest) = word(text)?;
    let month = month(month_name)?;
    let (day, rest) = word(rest)?;
    let day = day.parse().ok()?;
    let (third, rest) = word(rest)?;
    if let Some(year) = year(third) {
        let (clock_text, rest) = word(rest)?;
        let date = Date::new(year, month, day).ok()?;
        let clock = clock(clock_text.trim_end_matches(':'))?;
        return Some((in_zone(date.to_datetime(clock), context.zone_offset_s)?, rest));
    }
    let clock = clock(third.trim_end_matches(':'))?;
    if let Some((year, rest)) = word(rest).and_then(|(w, rest)| Some((year(w)?, rest))) {
        let date = Date::new(year, month, day).ok()?;
        return Some((in_zone(date.to_datetime(clock), context.zone_offset_s)?, rest));
    }
    Some((latest_not_ahead(Yearless { month, day, clock }, context)?, rest))
}

/// Returns the latest year's reading that does not lie ahead of the time of receipt.
fn latest_not_ahead(stamp: Yearless, context: &Context) -> Option<i64> {
    let offset = Offset::from_seconds(context.zone_offset_s).ok()?;
    let received = Timestamp::from_microsecond(context.received_us).ok()?;
    let this_year = offset.to_datetime(received).year();
    let latest = context.received_us.saturating_add(CLOCK_AHEAD_MAX_US);
    (this_year - YEARS_BACK_MAX..=this_year.saturating_add(1))
        .rev()
        .filter_map(|year| Date::new(year, stamp.month, stamp.day).ok())
        .filter_map(|date| in_zone(date.to_datetime(stamp.clock), context.zone_offset_s))
        .find(|us| *us <= latest)
}

fn in_zone(local: DateTime, zone_offset_s: i32) -> Option<i64> {
    let offset = Offset::from_seconds(zone_offset_s).ok()?;
    offset.to_timestamp(local).ok().map(Timestamp::as_microsecond)
}

fn clock(text: &str) -> Option<Time> {
    if text.len() < 8 { None } else { text.parse().ok() }
}

fn year(text: &str) -> Option<i16> {
    if text.len() == 4 { text.parse().ok().filter(|year| *year >= 1970) } else { None }
}

fn numeric_zone(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, text.get(1..)?),
        b'-' => (-1, text.get(1..)?),
        _ => return None,
    };
    if digits.len() != 4 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..)?.parse().ok()?;
    Some(sign * (hours * 3600 + minutes * 60))
}

fn month(name: &str) -> Option<i8> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    (1..).zip(MONTHS).find(|(_, month)| *month == name).map(|(number, _)| number)
}

/// Splits off the next word; runs of spaces count as one.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(' ');
    let end = text.find(' ').unwrap_or(text.len());
    if end == 0 { None } else { Some(text.split_at(end)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn iso_with_and_without_offset() {
        let zone = Context::VIETNAM_OFFSET_S;
        for (text, expected) in [
            ("2025-10-25T13:44:33.440907Z", "2025-10-25T13:44:33.440907Z"),
            ("2025-10-25T13:44:33+07:00", "2025-10-25T06:44:33Z"),
            ("2025-10-25 13:44:33.433", "2025-10-25T06:44:33.433Z"),
        ] {
            assert_eq!(iso(text, zone), Some(us(expected)), "{text}");
        }
        assert_eq!(iso("yesterday", zone), None);
    }

    #[test]
    fn times_in_utc_are_what_the_whole_of_iso_makes_of_them() {
        for text in [
            "2025-10-25T13:44:33Z",
            "2025-10-25T13:44:33.4Z",
            "2025-10-25T13:44:33.440907123Z",
            "2024-02-29T00:00:00.000001Z",
            "1969-12-31T23:59:59.9999999Z",
            "0001-01-01T00:00:00Z",
            "1601-01-01T00:00:00.0000001Z",
            "9999-12-30T21:59:59.999999Z",
            "1970-01-01T00:00:00Z",
        ] {
            assert_eq!(utc(text), Some(us(text)), "{text}");
        }
        for text in [
            "",
            "Z",
            "2025-10-25T13:44:33",
            "2025-10-25 13:44:33Z",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-10-25T24:00:00Z",
            "2025-10-25T23:59:60Z",
            "2025-10-25T13:44:33.Z",
            "2025-10-25T13:44:33.1234567890Z",
            "2025-10-25T13:44:33,5Z",
            "2025-10-25T13:44:3xZ",
            "2025-10-25T13:44:33.4xZ",
            "2025-10-25T13:44:33+07:00Z",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn epoch_units_are_told_apart() {
        let expected = Some(1_761_400_000_000_000);
        for text in ["1761400000", "1761400000000", "1761400000000000", "1761400000000000000"] {
            assert_eq!(epoch(text), expected, "{text}");
        }
        assert_eq!(epoch("1761400000.5"), Some(1_761_400_000_500_000));
        assert_eq!(epoch("NaN"), None);
        assert_eq!(epoch("-1"), None);
        assert_eq!(epoch("1e300"), None);
    }

    #[test]
    fn access_time_carries_its_zone() {
        let expected = Some(us("2000-10-10T20:55:36Z"));
        assert_eq!(access("10/Oct/2000:13:55:36 -0700"), expected);
        assert_eq!(access("10/Okt/2000:13:55:36 -0700"), None);
        assert_eq!(access("99/Oct/2000:13:55:36 -0700"), None);
        assert_eq!(access("10/Oct/2000:13:55:36 +9987300700"), None);
        assert_eq!(access("10/Oct/2000:13:55:36 +-700"), None);
    }

    #[test]
    fn a_yearless_time_takes_its_year_from_the_receipt() {
        // Received 1 January 2026, 00:05 in Vietnam.
        let context = Context::received(us("2025-12-31T17:05:00Z"));
        for (text, expected, rest) in [
            ("Dec 31 23:59:59 pc1", "2025-12-31T16:59:59Z", " pc1"),
            ("Jan  1 00:04:00 pc1", "2025-12-31T17:04:00Z", " pc1"),
            ("Jan  1 12:00:00 ahead", "2026-01-01T05:00:00Z", " ahead"),
            ("Mar  1 12:00:00 old", "2025-03-01T05:00:00Z", " old"),
            ("Feb 29 12:00:00 leap", "2024-02-29T05:00:00Z", " leap"),
            ("Oct 11 2023 22:14:15: fw", "2023-10-11T15:14:15Z", " fw"),
            ("Oct 11 22:14:15 2023 fw", "2023-10-11T15:14:15Z", " fw"),
        ] {
            assert_eq!(bsd(text, &context), Some((us(expected), rest)), "{text}");
        }
        for text in ["", "Oct", "Oct 11", "Oct 32 22:14:15 x", "Oct 11 25:00:00 x", "oct 1 1 1"] {
            assert_eq!(bsd(text, &context), None, "{text}");
        }
    }
}
