//! `--from` and `--to`.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::Offset};
use khien_event::Context;

/// Where the people are who type and read times.
pub(super) const VIETNAM: Offset = Offset::constant((Context::VIETNAM_OFFSET_S / 3600) as i8);

/// A moment as people type it: `2026-11-20`, `2026-11-20T08:30` (Vietnam's time) or RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) i64);

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self(at.as_microsecond()));
        }
        let day = || text.parse::<Date>().map(|date| date.at(0, 0, 0, 0));
        text.parse::<DateTime>()
            .or_else(|_| day())
            .ok()
            .and_then(|at| VIETNAM.to_timestamp(at).ok())
            .map(|at| Self(at.as_microsecond()))
            .ok_or("write 2026-11-20, 2026-11-20T08:30 or 2026-11-20T08:30:00+07:00")
    }
}

/// The time that events must lie in; open where no bound is given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    pub(super) from: Option<Moment>,
    /// The first moment that is out.
    pub(super) to: Option<Moment>,
}

impl Period {
    /// Returns whether no time at all is in.
    pub(super) fn is_empty(&self) -> bool {
        self.from.zip(self.to).is_some_and(|(from, to)| from.0 >= to.0)
    }

    /// Returns whether an event of this time is in. One without a time is only in when no bound is
    /// given: nobody can say that it belongs there.
    pub(super) fn holds(&self, t_event: Option<i64>) -> bool {
        match t_event {
            None => self.from.is_none() && self.to.is_none(),
            Some(at) => {
                self.from.is_none_or(|from| at >= from.0) && self.to.is_none_or(|to| at < to.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_at_vietnams_time() {
        let utc: Moment = "2026-11-20T01:30:00Z".parse().unwrap();
        for text in ["2026-11-20T08:30", "2026-11-20 08:30:00", "2026-11-20T08:30:00+07:00"] {
            assert_eq!(text.parse(), Ok(utc), "{text}");
        }
        let midnight: Moment = "2026-11-20".parse().unwrap();
        assert_eq!(midnight, "2026-11-19T17:00:00Z".parse().unwrap());
        assert!("yesterday".parse::<Moment>().is_err());
    }

    #[test]
    fn a_period_ends_before_its_end() {
        let period = Period { from: Some(Moment(10)), to: Some(Moment(20)) };
        assert_eq!([9, 10, 19, 20].map(|at| period.holds(Some(at))), [false, true, true, false]);
        for (from, to, empty) in [(10, 20, false), (20, 10, true), (10, 10, true)] {
            let period = Period { from: Some(Moment(from)), to: Some(Moment(to)) };
            assert_eq!(period.is_empty(), empty, "{from} {to}");
        }
        assert!(!Period { from: Some(Moment(10)), to: None }.is_empty());
        assert!(!period.holds(None) && Period { from: None, to: None }.holds(None));
    }
}
