//! Time as every crate of the house keeps it: microseconds since 1970, UTC, in an `i64`.
//!
//! Nothing here asks what time it is. The province lives at +07:00 without summer time, so that
//! the few calendar questions the rules ask (which year, when a day began) are plain arithmetic.

/// Microseconds since 1970-01-01T00:00:00Z.
pub type Micros = i64;

/// One second.
pub const SECOND: Micros = 1_000_000;
/// One minute.
pub const MINUTE: Micros = 60 * SECOND;
/// One hour.
pub const HOUR: Micros = 60 * MINUTE;
/// One day of 24 hours.
pub const DAY: Micros = 24 * HOUR;
/// How far east of UTC the province's clocks stand, all year.
pub const PROVINCE_OFFSET: Micros = 7 * HOUR;

/// How far ahead of the server's clock a time told by somebody else may lie.
///
/// A commune's PC runs a few minutes fast more often than an officer types tomorrow's date.
pub const FUTURE_TOLERANCE: Micros = 5 * MINUTE;

/// Returns whether `at` is not further ahead of `now` than other people's clocks may run.
pub const fn within_future_tolerance(at: Micros, now: Micros) -> bool {
    at <= now.saturating_add(FUTURE_TOLERANCE)
}

/// Returns `at` cut down to the start of its minute.
pub const fn to_the_minute(at: Micros) -> Micros {
    at.saturating_sub(at.rem_euclid(MINUTE))
}

/// Returns the calendar year that the province is in at `at`.
pub const fn province_year(at: Micros) -> i32 {
    let days = at.saturating_add(PROVINCE_OFFSET).div_euclid(DAY);
    year_of_day(days)
}

/// Returns the moment at which the province's day `YYYY-MM-DD` begins, or nothing if it is no day.
pub fn province_day(text: &str) -> Option<Micros> {
    let digits = |range: std::ops::Range<usize>| {
        let part = text.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i64>().ok())?
    };
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    if !(1..=12).contains(&month) || !(1..=month_days(year, month)).contains(&day) {
        return None;
    }
    Some(day_number(year, month, day) * DAY - PROVINCE_OFFSET)
}

const fn month_days(year: i64, month: i64) -> i64 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar; years start in March, so that the leap day
/// comes last (H. Hinnant, "chrono-compatible low-level date algorithms").
const fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`day_number`], reduced to the year.
const fn year_of_day(days: i64) -> i32 {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let after_december = day_of_year >= 306;
    (year_of_era + era * 400 + after_december as i64) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fast_clock_is_forgiven_for_five_minutes() {
        assert!(within_future_tolerance(5 * MINUTE, 0));
        assert!(!within_future_tolerance(5 * MINUTE + 1, 0));
        assert!(within_future_tolerance(Micros::MAX, Micros::MAX));
    }

    #[test]
    fn the_minute_is_cut_downwards_even_before_1970() {
        assert_eq!(to_the_minute(MINUTE + 59 * SECOND), MINUTE);
        assert_eq!(to_the_minute(-1), -MINUTE);
    }

    #[test]
    fn the_new_year_comes_seven_hours_before_greenwich() {
        let midnight = province_day("2026-01-01").unwrap();
        assert_eq!(midnight, 1_767_225_600 * SECOND - PROVINCE_OFFSET);
        assert_eq!(province_year(midnight), 2026);
        assert_eq!(province_year(midnight - 1), 2025);
    }

    #[test]
    fn days_that_do_not_exist_are_no_days() {
        for text in
            ["2026-02-29", "2026-13-01", "2026-00-10", "26-01-01", "2026-1-01", "", "đ026-01-0"]
        {
            assert_eq!(province_day(text), None, "{text}");
        }
        assert!(province_day("2024-02-29").is_some());
    }

    proptest! {
        #[test]
        fn every_day_lies_in_its_own_year(year in 1i64..9999, month in 1i64..=12, day in 1i64..=28) {
            let text = format!("{year:04}-{month:02}-{day:02}");
            let at = province_day(&text).unwrap();
            prop_assert_eq!(i64::from(province_year(at)), year);
            prop_assert_eq!(i64::from(province_year(at + DAY - 1)), year);
        }
    }
}
