//! Days and times of expiry as feeds write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

use crate::ioc::note::Until;

/// Reads a time; one without a zone is UTC, a day alone means its end. Digits alone are seconds or
/// milliseconds since 1970. `31/12/2026` is read as an office here writes it.
pub(super) fn until(text: &str) -> Option<Until> {
    let text = text.trim();
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    if !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        let us = if text.len() > 11 { number * 1_000 } else { number * 1_000_000 };
        return Some(Until::at(us));
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(Until::at(instant.as_microsecond()));
    }
    let local = match day(text) {
        Some(day) => day.at(23, 59, 59, 0),
        None => text.parse::<DateTime>().ok()?,
    };
    let instant = Offset::UTC.to_timestamp(local).ok()?;
    Some(Until::at(instant.as_microsecond()))
}

fn day(text: &str) -> Option<Date> {
    if text.len() <= 10 && text.contains('/') {
        let mut parts = text.split('/').map(str::parse::<i16>);
        let (day, month, year) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        let (day, month) = (i8::try_from(day).ok()?, i8::try_from(month).ok()?);
        return Date::new(year, month, day).ok();
    }
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_feeds_write_them() {
        let expected =
            |text: &str| Some(Until::at(text.parse::<Timestamp>().unwrap().as_microsecond()));
        for (text, instant) in [
            ("2026-12-31T10:00:00Z", "2026-12-31T10:00:00Z"),
            ("2026-12-31T10:00:00.5+07:00", "2026-12-31T03:00:01Z"),
            ("2026-12-31 10:00:00", "2026-12-31T10:00:00Z"),
            ("2026-12-31 10:00:00 UTC", "2026-12-31T10:00:00Z"),
            ("2026-12-31", "2026-12-31T23:59:59Z"),
            ("31/12/2026", "2026-12-31T23:59:59Z"),
            ("1798711200", "2026-12-31T10:00:00Z"),
            ("1798711200000", "2026-12-31T10:00:00Z"),
        ] {
            assert_eq!(until(text), expected(instant), "{text}");
        }
        for text in ["", "soon", "31/13/2026", "1/2", "2026-13-01"] {
            assert_eq!(until(text), None, "{text}");
        }
    }
}
