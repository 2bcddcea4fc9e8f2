//! Correlations as slowly as can be, straight from the specification: everything is kept, sorted
//! and tried. The engine must tell the same.

/// Microseconds of a second.
pub(crate) const SECOND_US: i64 = 1_000_000;

/// What a type asks of the sightings of a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    EventCount,
    ValueCount,
    Temporal,
    Ordered,
    Sum,
    Average,
    Percentile(f64),
}

/// A bound and its threshold.
pub(crate) type Bound = (&'static str, i64);

/// A correlation.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) kind: Kind,
    pub(crate) bounds: Vec<Bound>,
    pub(crate) span_us: i64,
    pub(crate) lateness_us: i64,
}

/// One event of a group.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) at: i64,
    /// Places in the list of rules.
    pub(crate) rules: Vec<usize>,
    pub(crate) value: Option<i64>,
}

/// What an event made of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    Late,
    Holds,
    Fires,
}

/// Everything a group ever saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) seen: Vec<Sight>,
    fired_at: Option<i64>,
}

impl Asked {
    /// More events can undo what holds now.
    pub(crate) fn is_judged_late(&self) -> bool {
        matches!(self.kind, Kind::Average | Kind::Percentile(_))
            || self.bounds.iter().any(|(bound, _)| !bound.starts_with('g'))
    }

    fn is_valued(&self) -> bool {
        !matches!(self.kind, Kind::EventCount | Kind::Temporal | Kind::Ordered)
    }

    /// Whether the bounds are kept by these, which are in order of time.
    pub(crate) fn holds(&self, seen: &[&Sight]) -> bool {
        let values: Vec<i64> = seen.iter().filter_map(|sight| sight.value).collect();
        let sum: i64 = values.iter().sum();
        // value / over, without rounding.
        let (value, over) = match self.kind {
            Kind::EventCount => (seen.len() as i64, 1),
            Kind::ValueCount => {
                let mut values = values;
                values.sort_unstable();
                values.dedup();
                (values.len() as i64, 1)
            }
            Kind::Temporal => {
                let mut rules: Vec<usize> = seen.iter().flat_map(|s| s.rules.clone()).collect();
                rules.sort_unstable();
                rules.dedup();
                (rules.len() as i64, 1)
            }
            Kind::Ordered => (longest_row(seen, None), 1),
            Kind::Sum => (sum, 1),
            Kind::Average => (sum, values.len() as i64),
            Kind::Percentile(percent) => {
                let mut values = values;
                values.sort_unstable();
                let rank = (percent / 100.0 * values.len() as f64).ceil().max(1.0) as usize;
                (values[rank - 1], 1)
            }
        };
        self.bounds.iter().all(|(bound, threshold)| match *bound {
            "gt" => value > threshold * over,
            "gte" => value >= threshold * over,
            "lt" => value < threshold * over,
            "lte" => value <= threshold * over,
            "eq" => value == threshold * over,
            _ => value != threshold * over,
        })
    }

    /// Adds what arrives and looks at every window that it lies in.
    pub(crate) fn see(&self, history: &mut History, sight: Sight) -> Told {
        if self.is_valued() && sight.value.is_none() {
            return Told::Nothing;
        }
        let newest = history.seen.iter().map(|known| known.at).max().unwrap_or(sight.at);
        if sight.at < newest - self.lateness_us {
            return Told::Late;
        }
        let at = sight.at;
        history.seen.push(sight);
        if self.is_judged_late() {
            return Told::Nothing;
        }
        let ends = history.seen.iter().map(|known| known.at);
        let mut ends = ends.filter(|end| *end >= at && *end <= at + self.span_us);
        if !ends.any(|end| self.holds(&history.between(end - self.span_us, end))) {
            return Told::Nothing;
        }
        if history.fired_at.is_some_and(|fired| (at - fired).abs() <= self.span_us) {
            return Told::Holds;
        }
        history.fired_at = Some(at);
        Told::Fires
    }

    /// Whether any window at all holds, whatever the order in which the events came.
    pub(crate) fn ever_holds(&self, history: &History) -> bool {
        let mut ends = history.seen.iter().map(|known| known.at);
        ends.any(|end| self.holds(&history.between(end - self.span_us, end)))
    }

    /// Cuts the history into time frames; returns when the last event of each was that holds.
    pub(crate) fn frames(&self, history: &History) -> Vec<i64> {
        let mut told = Vec::new();
        let mut from = history.seen.iter().map(|known| known.at).min();
        while let Some(begin) = from {
            let frame = history.between(begin, begin + self.span_us);
            if self.holds(&frame) {
                told.push(frame.last().unwrap().at);
            }
            let rest = history.seen.iter().map(|known| known.at);
            from = rest.filter(|at| *at > begin + self.span_us).min();
        }
        told
    }
}

impl History {
    fn between(&self, from: i64, to: i64) -> Vec<&Sight> {
        let mut part: Vec<&Sight> =
            self.seen.iter().filter(|sight| sight.at >= from && sight.at <= to).collect();
        part.sort_by_key(|sight| sight.at);
        part
    }
}

/// Tries every row of rules, each further down the list and none earlier than the one before.
fn longest_row(seen: &[&Sight], after: Option<(i64, usize)>) -> i64 {
    let mut longest = 0;
    for sight in seen {
        for rule in &sight.rules {
            if after.is_none_or(|(at, before)| sight.at >= at && *rule > before) {
                longest = longest.max(1 + longest_row(seen, Some((sight.at, *rule))));
            }
        }
    }
    longest
}
