//! The two times of Windows, FILETIME and SYSTEMTIME, to text and to µs UTC.

use super::digits::{four, two};
use crate::buffer::Buffer;

/// From 1601-01-01, where a FILETIME begins, to 1970-01-01, in its ticks of 100 ns.
const TICKS_BEFORE_1970: i64 = 11_644_473_600 * TICKS_PER_S as i64;
const TICKS_PER_S: u64 = 10_000_000;
const TICKS_PER_MS: u32 = 10_000;
const TICKS_PER_DAY: u64 = 86_400 * TICKS_PER_S;

/// The first tick of the year 10000: the four digits of a shown year end before it.
const TICKS_END: u64 = 3_067_671 * TICKS_PER_DAY;

/// The shape of a shown time; every zero is filled in.
const SHAPE: [u8; 28] = *b"0000-00-00T00:00:00.0000000Z";

/// A date and a clock time as shown, down to the ticks of the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    ticks: u32,
}

/// Returns a FILETIME in µs UTC, if it lies before the year 10000.
pub(crate) fn filetime_us(ticks: u64) -> Option<i64> {
    let ticks = i64::try_from(ticks).ok().filter(|_| ticks < TICKS_END)?;
    Some((ticks - TICKS_BEFORE_1970) / 10)
}

/// Splits a FILETIME. As Windows does, years past 9999 keep four digits and a time that its
/// calendar cannot hold is all zeros.
pub(crate) fn from_filetime(ticks: u64) -> Stamp {
    if i64::try_from(ticks).is_err() {
        return Stamp::default();
    }
    let (year, month, day) = date(ticks / TICKS_PER_DAY);
    let second_of_day = (ticks % TICKS_PER_DAY / TICKS_PER_S) as u32;
    Stamp {
        year: (year % 10_000) as u32,
        month,
        day,
        hour: second_of_day / 3600,
        minute: second_of_day / 60 % 60,
        second: second_of_day % 60,
        ticks: (ticks % TICKS_PER_S) as u32,
    }
}

/// Splits a SYSTEMTIME. As Windows does, one that is no date counts as 1 January 1601.
pub(crate) fn from_systemtime(bytes: &[u8; 16]) -> Stamp {
    let field = |i: usize| u32::from(u16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]));
    // The third field is the day of the week.
    let [year, month, day, hour, minute, second, ms] = [0, 1, 3, 4, 5, 6, 7].map(field);
    let is_date = (1601..=30827).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 59 || ms > 999 {
        return Stamp { year: 1601, month: 1, day: 1, ..Stamp::default() };
    }
    Stamp { year: year % 10_000, month, day, hour, minute, second, ticks: ms * TICKS_PER_MS }
}

/// Appends the time as Windows shows it, with the seven digits that a tick needs.
pub(crate) fn show(stamp: Stamp, out: &mut Buffer) {
    let mut shown = SHAPE;
    shown[0..4].copy_from_slice(&four(stamp.year));
    shown[5..7].copy_from_slice(&two(stamp.month));
    shown[8..10].copy_from_slice(&two(stamp.day));
    shown[11..13].copy_from_slice(&two(stamp.hour));
    shown[14..16].copy_from_slice(&two(stamp.minute));
    shown[17..19].copy_from_slice(&two(stamp.second));
    let [_, ticks @ ..] = four(stamp.ticks / 10_000);
    shown[20..23].copy_from_slice(&ticks);
    shown[23..27].copy_from_slice(&four(stamp.ticks));
    out.push_block(shown, shown.len());
}

/// Returns the Gregorian date `days` after 1601-01-01 (Howard Hinnant's `civil_from_days`). It
/// counts from 1 March of the year 0, in eras of 400 years, so that a leap day comes last.
fn date(days: u64) -> (u64, u32, u32) {
    let days = days + 584_694;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month as u32, day as u32)
}

fn days_in_month(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(stamp: Stamp) -> String {
        let mut out = Buffer::default();
        show(stamp, &mut out);
        out.text(0).to_owned()
    }

    #[test]
    fn filetimes_agree_with_the_calendar() {
        // Every 40 days and some odd time up to the year 9999, against another implementation.
        for days in (0..3_067_000).step_by(40) {
            let ticks = days * TICKS_PER_DAY + days * 12_345_678_901 % TICKS_PER_DAY;
            let us = filetime_us(ticks).unwrap();
            let known = jiff::Timestamp::from_microsecond(us).unwrap().to_string();
            assert_eq!(shown(from_filetime(ticks))[..19], known[..19], "{ticks}");
        }
    }

    #[test]
    fn the_edges_of_time() {
        assert_eq!(filetime_us(TICKS_BEFORE_1970 as u64 + 15), Some(1));
        assert_eq!(filetime_us(0), Some(-11_644_473_600_000_000));
        assert_eq!(shown(from_filetime(TICKS_END - 1)), "9999-12-31T23:59:59.9999999Z");
        assert!(filetime_us(TICKS_END - 1).is_some());
        for ticks in [TICKS_END, u64::MAX] {
            assert_eq!(filetime_us(ticks), None);
        }
        assert_eq!(shown(from_filetime(u64::MAX)), "0000-00-00T00:00:00.0000000Z");
    }

    #[test]
    fn a_systemtime_that_is_no_date_is_the_first() {
        let leap = [0xE8, 7, 2, 0, 0, 0, 29, 0, 23, 0, 59, 0, 59, 0, 0xE7, 3];
        assert_eq!(shown(from_systemtime(&leap)), "2024-02-29T23:59:59.9990000Z");
        let mut not_leap = leap;
        not_leap[0] = 0xE9;
        for bytes in [[0; 16], [0xFF; 16], not_leap] {
            assert_eq!(shown(from_systemtime(&bytes)), "1601-01-01T00:00:00.0000000Z");
        }
    }
}
