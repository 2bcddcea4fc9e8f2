//! When hits happened: counts per level in buckets of time, so few that any number of hits and any
//! span of time take the same room.
//!
//! Only buckets that hold something are kept. When there are too many, all become wider. Widths
//! are whole parts of each other and begin at Vietnam's midnights, so that a wider view is a sum.

use std::collections::BTreeMap;

use khien_detect::Level;
use khien_event::Context;

/// Widths that a bucket can have, seconds: each holds a whole number of the one before. At the last
/// all times that can be written are some sixty buckets.
const WIDTHS_S: [i64; 13] = [
    60,
    5 * 60,
    15 * 60,
    HOUR_S,
    3 * HOUR_S,
    6 * HOUR_S,
    DAY_S,
    7 * DAY_S,
    28 * DAY_S,
    364 * DAY_S,
    3_640 * DAY_S,
    364_000 * DAY_S,
    3_640_000 * DAY_S,
];
/// An hour.
pub(super) const HOUR_S: i64 = 3_600;
/// A day.
pub(super) const DAY_S: i64 = 24 * HOUR_S;
/// Buckets that are kept.
const BUCKETS_MAX: usize = 4_096;
/// From 1970-01-01T00:00Z, a Thursday, back to the Monday before at Vietnam's midnight, so that
/// weeks begin on Mondays.
const ORIGIN_S: i64 = Context::VIETNAM_OFFSET_S as i64 + 3 * DAY_S;
/// Microseconds of a second.
const SECOND_US: i64 = 1_000_000;

/// Hits by level, lowest first.
pub(super) type Counts = [u64; Level::ALL.len()];

/// Hits over time.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Which of the widths.
    step: usize,
    buckets: BTreeMap<i64, Counts>,
}

/// A stretch of time in columns of one width.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct View {
    /// Start of the first column, s since 1970 UTC.
    pub(super) start_s: i64,
    /// Width of each.
    pub(super) width_s: i64,
    pub(super) columns: Vec<Counts>,
}

impl Timeline {
    /// Counts a hit at `at`, µs UTC.
    pub(super) fn add(&mut self, at: i64, level: Level) {
        let bucket = (at.div_euclid(SECOND_US) + ORIGIN_S).div_euclid(WIDTHS_S[self.step]);
        self.buckets.entry(bucket).or_default()[level as usize] += 1;
        while self.buckets.len() > BUCKETS_MAX && self.step + 1 < WIDTHS_S.len() {
            self.widen();
        }
    }

    fn widen(&mut self) {
        let parts = WIDTHS_S[self.step + 1] / WIDTHS_S[self.step];
        self.step += 1;
        for (bucket, counts) in std::mem::take(&mut self.buckets) {
            add(self.buckets.entry(bucket.div_euclid(parts)).or_default(), &counts);
        }
    }

    /// Returns the whole span in at most so many columns; nothing without a hit.
    pub(super) fn whole(&self, columns_max: usize) -> Option<View> {
        let width = WIDTHS_S[self.step];
        let (first, _) = self.buckets.first_key_value()?;
        let (last, _) = self.buckets.last_key_value()?;
        Some(self.view(first * width, (last + 1) * width, columns_max))
    }

    /// Returns what the fullest column of a view holds, closer; nothing where no more is known.
    pub(super) fn closer(&self, view: &View, columns_max: usize) -> Option<View> {
        let most = view.columns.iter().map(|counts| counts.iter().sum::<u64>()).max()?;
        let fullest = view.columns.iter().position(|counts| counts.iter().sum::<u64>() == most)?;
        let from = view.start_s + ORIGIN_S + i64::try_from(fullest).ok()? * view.width_s;
        let closer = self.view(from, from + view.width_s, columns_max);
        (closer.width_s < view.width_s).then_some(closer)
    }

    /// `from` and `to` count from the origin.
    fn view(&self, from: i64, to: i64, columns_max: usize) -> View {
        let columns = |width: i64| (to - 1).div_euclid(width) - from.div_euclid(width) + 1;
        let widths = &WIDTHS_S[self.step..];
        let fits = |width: &i64| usize::try_from(columns(*width)).is_ok_and(|n| n <= columns_max);
        let width = widths.iter().copied().find(fits).unwrap_or(WIDTHS_S[WIDTHS_S.len() - 1]);
        let first = from.div_euclid(width);
        let shown = usize::try_from(columns(width)).unwrap_or(columns_max).min(columns_max);
        let mut view = View {
            start_s: first * width - ORIGIN_S,
            width_s: width,
            columns: vec![Counts::default(); shown],
        };
        let own = WIDTHS_S[self.step];
        for (bucket, counts) in self.buckets.range(from.div_euclid(own)..=(to - 1).div_euclid(own))
        {
            let column = usize::try_from((bucket * own).div_euclid(width) - first);
            if let Some(column) = column.ok().and_then(|column| view.columns.get_mut(column)) {
                add(column, counts);
            }
        }
        view
    }
}

fn add(to: &mut Counts, more: &Counts) {
    to.iter_mut().zip(more).for_each(|(to, more)| *to += more);
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_US: i64 = 1_795_140_000_000_000; // 2026-11-20 09:00 in Vietnam

    fn total(view: &View) -> u64 {
        view.columns.iter().flatten().sum()
    }

    #[test]
    fn the_width_follows_the_span() {
        for (span_s, width_s) in
            [(600, 60), (3 * HOUR_S, 300), (2 * DAY_S, HOUR_S), (30 * DAY_S, DAY_S)]
        {
            let mut timeline = Timeline::default();
            for part in 0..=20 {
                timeline.add(START_US + span_s * part / 20 * SECOND_US, Level::High);
            }
            let view = timeline.whole(96).unwrap();
            assert_eq!((view.width_s, total(&view)), (width_s, 21), "{span_s}");
            assert!(view.columns.len() <= 96);
        }
        assert_eq!(Timeline::default().whole(96), None);
    }

    #[test]
    fn many_buckets_become_wider_and_nothing_is_lost() {
        let mut timeline = Timeline::default();
        let hits = BUCKETS_MAX as i64 * 3;
        for minute in 0..hits {
            timeline.add(START_US + minute * 60 * SECOND_US, Level::ALL[(minute % 5) as usize]);
        }
        for far in [i64::MIN, i64::MAX, 0] {
            timeline.add(far, Level::Critical);
        }
        assert!(timeline.buckets.len() <= BUCKETS_MAX && timeline.step == 1);
        let view = timeline.whole(96).unwrap();
        assert!(view.columns.len() <= 96);
        assert_eq!(total(&view), hits as u64 + 3);
    }

    #[test]
    fn any_time_at_all_is_bounded() {
        let mut timeline = Timeline::default();
        let step = i64::MAX / (BUCKETS_MAX as i64 * 2);
        for at in 0..BUCKETS_MAX as i64 * 4 {
            timeline.add(i64::MIN.wrapping_add(at.wrapping_mul(step)), Level::Low);
        }
        assert!(timeline.buckets.len() <= BUCKETS_MAX, "{}", timeline.buckets.len());
        assert_eq!(total(&timeline.whole(96).unwrap()), BUCKETS_MAX as u64 * 4);
    }

    #[test]
    fn the_fullest_column_is_seen_closer() {
        let mut timeline = Timeline::default();
        for day in 0..40 {
            timeline.add(START_US + day * DAY_S * SECOND_US, Level::Low);
        }
        for minute in 0..50 {
            timeline.add(START_US + (7 * DAY_S + minute * 60) * SECOND_US, Level::High);
        }
        let whole = timeline.whole(96).unwrap();
        assert_eq!(whole.width_s, DAY_S);
        let closer = timeline.closer(&whole, 96).unwrap();
        assert_eq!((closer.width_s, closer.columns.len(), total(&closer)), (900, 96, 51));
        let day = (START_US / SECOND_US + 7 * DAY_S - closer.start_s).div_euclid(HOUR_S);
        assert_eq!(day, 9, "a day begins at midnight in Vietnam");
        let minutes = timeline.closer(&closer, 96).unwrap();
        assert_eq!(minutes.width_s, 60);
        assert_eq!(timeline.closer(&minutes, 96), None);
    }

    #[test]
    fn widths_are_parts_of_each_other() {
        assert!(WIDTHS_S.windows(2).all(|pair| pair[1] % pair[0] == 0));
    }
}
