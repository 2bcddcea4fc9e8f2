//! The `condition` of a correlation: bounds that a count, a sum, an average or a percentile must
//! keep, all of them.

use crate::sigma::number::Number;
use crate::sigma::reason::Reason;
use crate::sigma::yaml::Node;

/// Thresholds and values are kept in millionths, so that sums are exact in any order.
pub(crate) const UNIT: i128 = 1_000_000;
/// The highest count that a condition may name.
pub(crate) const COUNT_MAX: i128 = 1_000_000;
/// The largest threshold, and what a larger value of an event counts as.
const NUMBER_MAX: i128 = 1_000_000_000_000_000_000_000_000;

/// One bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    Other,
}

/// What is compared: `value / over`, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) value: i128,
    pub(crate) over: i128,
}

/// The bounds of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Criterion {
    bounds: Vec<(Bound, i128)>,
}

impl Measured {
    /// Returns a count.
    pub(crate) fn count(count: u64) -> Self {
        Self { value: i128::from(count).saturating_mul(UNIT), over: 1 }
    }

    /// Returns it as near as a number with a point can be.
    pub(crate) fn as_number(self) -> f64 {
        self.value as f64 / self.over as f64 / UNIT as f64
    }

    /// Returns a number.
    pub(crate) fn number(number: f64) -> Self {
        Self { value: millionths(Number::Float(number)), over: 1 }
    }
}

fn refuse(why: impl Into<String>) -> Reason {
    Reason::Correlation(why.into())
}

/// Returns a number in millionths; what is beyond the largest is the largest.
pub(crate) fn millionths(number: Number) -> i128 {
    let limit = NUMBER_MAX * UNIT;
    match number {
        Number::Int(value) => value.clamp(-NUMBER_MAX, NUMBER_MAX) * UNIT,
        #[expect(clippy::cast_possible_truncation, reason = "a cast to an integer saturates")]
        Number::Float(value) => ((value * 1e6).round() as i128).clamp(-limit, limit),
    }
}

impl Criterion {
    /// Returns the condition that a count is not below `count`.
    pub(crate) fn at_least(count: usize) -> Self {
        let threshold = i128::try_from(count).unwrap_or(COUNT_MAX) * UNIT;
        Self { bounds: vec![(Bound::AtLeast, threshold)] }
    }

    /// Reads the bounds of a condition; its other keys are passed over. `counts` says that the
    /// numbers are counts.
    pub(crate) fn read(entries: &[(String, Node)], counts: bool) -> Result<Self, Reason> {
        let mut bounds = Vec::new();
        for (key, value) in entries {
            let bound = match key.as_str() {
                "gt" => Bound::Above,
                "gte" => Bound::AtLeast,
                "lt" => Bound::Below,
                "lte" => Bound::AtMost,
                "eq" => Bound::Equal,
                "neq" => Bound::Other,
                "field" | "percentile" => continue,
                other => return Err(refuse(format!("unknown criterion '{other}'"))),
            };
            bounds.push((bound, threshold(key, bound, value, counts)?));
        }
        if bounds.is_empty() {
            return Err(refuse("the condition needs one of gt, gte, lt, lte, eq, neq"));
        }
        let criterion = Self { bounds };
        if !criterion.can_hold(counts) {
            return Err(refuse("nothing fulfils the condition"));
        }
        Ok(criterion)
    }

    /// Returns whether the bounds are kept.
    pub(crate) fn holds(&self, measured: Measured) -> bool {
        self.bounds.iter().all(|(bound, threshold)| {
            let against = threshold.saturating_mul(measured.over);
            match bound {
                Bound::Above => measured.value > against,
                Bound::AtLeast => measured.value >= against,
                Bound::Below => measured.value < against,
                Bound::AtMost => measured.value <= against,
                Bound::Equal => measured.value == against,
                Bound::Other => measured.value != against,
            }
        })
    }

    /// Returns whether more can only help: there are lower bounds alone.
    pub(crate) fn is_floor(&self) -> bool {
        self.bounds.iter().all(|(bound, _)| matches!(bound, Bound::Above | Bound::AtLeast))
    }

    /// Returns the lowest count from one to `most` that fulfils the condition.
    pub(crate) fn least_count(&self, most: usize) -> Option<usize> {
        (1..=most).find(|count| self.holds(Measured::count(*count as u64)))
    }

    /// Tries the thresholds themselves and their neighbours: bounds change nowhere else.
    fn can_hold(&self, counts: bool) -> bool {
        let step = if counts { UNIT } else { 1 };
        let near =
            |(_, threshold): &(Bound, i128)| [threshold - step, *threshold, threshold + step];
        let mut candidates = self.bounds.iter().flat_map(near);
        candidates
            .any(|value| (!counts || value >= UNIT) && self.holds(Measured { value, over: 1 }))
    }
}

fn threshold(key: &str, bound: Bound, value: &Node, counts: bool) -> Result<i128, Reason> {
    let number = match value {
        Node::Number(text) => Number::of_rule(text),
        _ => None,
    };
    let number = match (number, counts) {
        (Some(Number::Float(_)), true) | (None, _) => {
            let kind = if counts { "a whole number" } else { "a number" };
            return Err(refuse(format!("'{key}' needs {kind}")));
        }
        (Some(number), _) => number,
    };
    let least = i128::from(bound != Bound::Above);
    if let (Number::Int(count), true) = (number, counts)
        && !(least..=COUNT_MAX).contains(&count)
    {
        return Err(refuse(format!("a count must lie between {least} and {COUNT_MAX}")));
    }
    let threshold = millionths(number);
    if threshold.abs() >= NUMBER_MAX * UNIT {
        return Err(refuse(format!("'{key}' is too large a number")));
    }
    Ok(threshold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma::yaml;

    fn read(text: &str, counts: bool) -> Result<Criterion, Reason> {
        let mut documents = yaml::read(text).unwrap();
        let Node::Map(entries) = documents.remove(0) else { unreachable!() };
        Criterion::read(&entries, counts)
    }

    #[test]
    fn bounds_hold_where_they_say() {
        for (text, holding) in [
            ("{gte: 3}", vec![3, 4, 5]),
            ("{gt: 3}", vec![4, 5]),
            ("{gt: 0}", vec![1, 2, 3, 4, 5]),
            ("{lt: 3}", vec![1, 2]),
            ("{lte: 3}", vec![1, 2, 3]),
            ("{eq: 3}", vec![3]),
            ("{neq: 3}", vec![1, 2, 4, 5]),
            ("{gt: 1, lte: 4}", vec![2, 3, 4]),
        ] {
            let criterion = read(text, true).unwrap();
            let got: Vec<u64> = (1..=5).filter(|n| criterion.holds(Measured::count(*n))).collect();
            assert_eq!(got, holding, "{text}");
        }
    }

    #[test]
    fn averages_are_compared_without_rounding() {
        let third = Measured { value: UNIT, over: 3 };
        assert!(read("{gt: 0.333333}", false).unwrap().holds(third));
        assert!(read("{lt: 0.333334}", false).unwrap().holds(third));
        assert!(read("{gte: -5}", false).unwrap().holds(third));
    }

    #[test]
    fn what_nothing_fulfils_is_refused() {
        for text in [
            "{}",
            "{gte: 0}",
            "{gte: 5, lt: 3}",
            "{lt: 1}",
            "{eq: 0}",
            "{gt: 2, lt: 3}",
            "{gte: 1.5}",
            "{gte: many}",
            "{gte: '3'}",
            "{gte: 1000001}",
            "{about: 3}",
            "{eq: 2, neq: 2}",
        ] {
            assert!(read(text, true).is_err(), "{text}");
        }
        assert!(read("{gt: 2, lt: 3}", false).is_ok());
        assert!(read("{gt: 1e300}", false).is_err());
    }
}
