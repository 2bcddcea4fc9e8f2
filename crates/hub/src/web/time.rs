//! Times for people: stored as µs UTC, shown and typed at +07:00, whatever the machine's zone.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::i18n::Lang;

/// Vietnam has one zone and no daylight saving.
const ZONE: Offset = Offset::constant(7);

fn civil(at: i64) -> DateTime {
    let instant = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    TimeZone::fixed(ZONE).to_datetime(instant)
}

/// Returns `20/11/2026 14:05`.
pub fn minute(at: i64) -> String {
    civil(at).strftime("%d/%m/%Y %H:%M").to_string()
}

/// Returns `20/11/2026 14:05:09`.
pub fn second(at: i64) -> String {
    civil(at).strftime("%d/%m/%Y %H:%M:%S").to_string()
}

/// Returns `20/11/2026`.
pub fn day(at: i64) -> String {
    civil(at).strftime("%d/%m/%Y").to_string()
}

/// Returns RFC 3339 with the +07:00 offset, for machines and `datetime` attributes.
pub fn rfc3339(at: i64) -> String {
    format!("{}+07:00", civil(at).strftime("%Y-%m-%dT%H:%M:%S"))
}

/// Returns the value of a `datetime-local` field.
pub fn field(at: i64) -> String {
    civil(at).strftime("%Y-%m-%dT%H:%M").to_string()
}

/// Returns the start of the day at +07:00 on which `at` falls.
pub fn day_start(at: i64) -> i64 {
    let midnight = civil(at).date().at(0, 0, 0, 0);
    ZONE.to_timestamp(midnight).map_or(at, |t| t.as_microsecond())
}

/// Reads a `datetime-local` value, or `20/11/2026 14:05`, or a day alone, all at +07:00.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let civil = DateTime::strptime("%Y-%m-%dT%H:%M", text)
        .or_else(|_| DateTime::strptime("%Y-%m-%dT%H:%M:%S", text))
        .or_else(|_| DateTime::strptime("%d/%m/%Y %H:%M", text))
        .or_else(|_| jiff::civil::Date::strptime("%d/%m/%Y", text).map(|d| d.at(0, 0, 0, 0)))
        .or_else(|_| jiff::civil::Date::strptime("%Y-%m-%d", text).map(|d| d.at(0, 0, 0, 0)))
        .ok()?;
    ZONE.to_timestamp(civil).ok().map(|t| t.as_microsecond())
}

/// Returns a span in the two largest units that matter: `3 ngày 4 giờ`, `12 phút`; the script
/// that keeps clocks moving says it the same way.
pub fn span(lang: Lang, us: i64) -> String {
    let minutes = us.unsigned_abs() / 60_000_000;
    let (days, hours, left) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let said = |key: &str, n: u64| lang.t(key).replace("{n}", &n.to_string());
    let (large, small) = match (days, hours) {
        (0, 0) => return said("span-minutes", left),
        (0, _) => (said("span-hours", hours), (left > 0).then(|| said("span-minutes", left))),
        _ => (said("span-days", days), (hours > 0).then(|| said("span-hours", hours))),
    };
    small.map_or(large.clone(), |small| format!("{large} {small}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_and_read_in_vietnam() {
        let at = 1_795_000_000_000_000;
        assert_eq!(minute(at), "18/11/2026 18:06");
        assert_eq!(rfc3339(at), "2026-11-18T18:06:40+07:00");
        assert_eq!(parse(&field(at)), Some(at - 40_000_000));
        assert_eq!(parse("18/11/2026 18:06"), Some(at - 40_000_000));
        assert_eq!(parse("31/02/2026 10:00"), None);
        assert_eq!(day(day_start(at)), day(at));
    }
}
