//! Parts of a date, "a numeric value from a date … not designed to handle timezone".

/// Returns a part of a date that begins `2026-11-20`, and may go on with `T` or a blank and
/// `17:05:09`; without a time of day, it has neither hour nor minute.
pub(crate) fn part(date: &str, part: &str) -> Option<i64> {
    let number = |from: usize, to: usize| date.get(from..to)?.parse::<i64>().ok();
    let marks = |at: usize, marks: &str| date.get(at..=at).is_some_and(|c| marks.contains(c));
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let in_month = (1..=12).contains(&month) && (1..=month_days(year, month)).contains(&day);
    if !in_month || !marks(4, "-") || !marks(7, "-") {
        return None;
    }
    match part {
        "year" => Some(year),
        "month" => Some(month),
        "day" => Some(day),
        "week" => Some(week(year, month, day)),
        clock => {
            let (hour, minute) = (number(11, 13)?, number(14, 16)?);
            let is_clock = marks(10, "T ") && marks(13, ":") && hour < 24 && minute < 60;
            is_clock.then_some(if clock == "hour" { hour } else { minute })
        }
    }
}

fn month_days(year: i64, month: i64) -> i64 {
    let leaps = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leaps),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Weeks begin on Monday; the first one of a year is that of its first Thursday (ISO 8601).
fn week(year: i64, month: i64, day: i64) -> i64 {
    let days_before =
        |year: i64| (year - 1) * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let in_year: i64 = (1..month).map(|month| month_days(year, month)).sum::<i64>() + day - 1;
    // Day 0 of the calendar, 0001-01-01, was a Monday.
    let since = days_before(year) + in_year;
    let thursday = since - since % 7 + 3;
    let of = [year - 1, year, year + 1]
        .into_iter()
        .rfind(|year| days_before(*year) <= thursday)
        .unwrap();
    (thursday - days_before(of)) / 7 + 1
}
