//! One group of a correlation: its sightings, and whether they amount to a hit.

use super::criterion::Measured;
use super::samples::{Origin, Sample, Samples};
use super::window::Window;

/// The memory of a group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) samples: Samples,
    /// Its newest sighting, µs.
    pub(crate) newest: i64,
    /// When it was last asked, by the clock of the correlator, µs.
    pub(crate) touched: i64,
    /// When it last fired, µs.
    pub(crate) fired_at: Option<i64>,
}

/// What a sighting made of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing yet.
    Nothing,
    /// It came too late.
    Late,
    /// The condition holds, as it did within the time span before.
    Holds,
    /// The condition holds, for what was measured.
    Fires(Measured),
}

/// A time frame that is over and fulfils the condition.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The last event of the frame, and when it was, µs.
    pub(crate) at: i64,
    pub(crate) origin: Origin,
    pub(crate) measured: Measured,
}

impl Group {
    /// Returns a group before its first sighting.
    pub(crate) fn new(at: i64, clock: i64) -> Self {
        Self { samples: Samples::default(), newest: at, touched: clock, fired_at: None }
    }

    /// Adds a sighting; `lost` takes the number of those given up for it. `always` asks for an
    /// answer even while the group has to be silent.
    pub(crate) fn add(
        &mut self,
        sample: Sample,
        origin: Option<Origin>,
        window: &Window,
        always: bool,
        lost: &mut u64,
    ) -> Answer {
        if sample.at < self.newest.saturating_sub(window.delay_us) {
            return Answer::Late;
        }
        self.newest = self.newest.max(sample.at);
        *lost = lost.saturating_add(self.samples.insert(sample, origin, window));
        if window.framed {
            return Answer::Nothing;
        }
        self.samples.forget(self.newest.saturating_sub(window.reach_us()));
        let silent = self.fired_at.is_some_and(|fired| {
            sample.at.saturating_sub(fired).saturating_abs() <= window.span_us
        });
        if silent && !always {
            return Answer::Nothing;
        }
        let Some(measured) = self.met_around(sample.at, window) else { return Answer::Nothing };
        if silent {
            return Answer::Holds;
        }
        self.fired_at = Some(sample.at);
        Answer::Fires(measured)
    }

    /// Looks at every window that a sighting lies in: usually the one that it ends.
    fn met_around(&self, at: i64, window: &Window) -> Option<Measured> {
        let met = |end: i64| window.met(&self.samples, end.saturating_sub(window.span_us), end);
        let later = || self.samples.ends(at, at.saturating_add(window.span_us)).find_map(met);
        met(at).or_else(later)
    }

    /// Judges the time frames that nothing can be added to any more: all of them when the group is
    /// `over`.
    pub(crate) fn judge(&mut self, window: &Window, over: bool) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        while let Some(from) = self.samples.oldest() {
            let to = from.saturating_add(window.span_us);
            if !over && self.newest <= to.saturating_add(window.delay_us) {
                break;
            }
            let frame = self.samples.take(to);
            let measured = window.measured(&frame.buckets, &frame.recent);
            let met = measured.filter(|measured| window.criterion.holds(*measured));
            if let (Some((at, origin)), Some(measured)) = (frame.last, met) {
                verdicts.push(Verdict { at, origin, measured });
            }
        }
        // Buckets that were emptied take room.
        if self.samples.oldest().is_none() {
            self.samples = Samples::default();
        }
        verdicts
    }

    /// Returns whether its answers are no longer exact.
    pub(crate) fn is_approximate(&self) -> bool {
        self.samples.folded.is_some()
    }
}
