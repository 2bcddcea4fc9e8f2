//! A moment of the replay, written in each way that log formats write time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Machines of the province write local time: Vietnam's, +07:00 all year.
const LOCAL: Offset = Offset::constant(7);

/// A moment of the replay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Since the start of the replay.
    pub(super) after_ms: u64,
    at_us: i64,
}

impl Moment {
    /// Returns the moment `after_ms` into a replay that began at `start_us`.
    pub(super) fn new(start_us: i64, after_ms: u64) -> Self {
        let passed_us = i64::try_from(after_ms).unwrap_or(i64::MAX).saturating_mul(1_000);
        Self { after_ms, at_us: start_us.saturating_add(passed_us) }
    }

    /// Returns ISO 8601 in UTC to the microsecond, as Windows collectors write it.
    pub(super) fn iso(self) -> String {
        self.utc().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
    }

    /// Returns Sysmon's `UtcTime`.
    pub(super) fn sysmon(self) -> String {
        self.utc().strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
    }

    /// Returns the time stamp of RFC 5424.
    pub(super) fn rfc5424(self) -> String {
        self.local().strftime("%Y-%m-%dT%H:%M:%S%.6f+07:00").to_string()
    }

    /// Returns the time stamp of RFC 3164, which has neither year nor zone.
    pub(super) fn rfc3164(self) -> String {
        self.local().strftime("%b %e %H:%M:%S").to_string()
    }

    /// Returns the time of a web access log.
    pub(super) fn access_log(self) -> String {
        self.local().strftime("%d/%b/%Y:%H:%M:%S +0700").to_string()
    }

    /// Returns milliseconds since 1970, as CEF's `rt` wants them.
    pub(super) fn unix_ms(self) -> i64 {
        self.at_us.div_euclid(1_000)
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.at_us).unwrap_or(Timestamp::MAX)
    }

    fn utc(self) -> DateTime {
        Offset::UTC.to_datetime(self.timestamp())
    }

    fn local(self) -> DateTime {
        LOCAL.to_datetime(self.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_every_format() {
        let start = "2026-02-03T18:04:05Z".parse::<Timestamp>().unwrap().as_microsecond();
        let moment = Moment::new(start, 1_250);
        assert_eq!(moment.iso(), "2026-02-03T18:04:06.250000Z");
        assert_eq!(moment.sysmon(), "2026-02-03 18:04:06.250");
        assert_eq!(moment.rfc5424(), "2026-02-04T01:04:06.250000+07:00");
        assert_eq!(moment.rfc3164(), "Feb  4 01:04:06");
        assert_eq!(moment.access_log(), "04/Feb/2026:01:04:06 +0700");
        assert_eq!(moment.unix_ms(), 1_770_141_846_250);
    }
}
