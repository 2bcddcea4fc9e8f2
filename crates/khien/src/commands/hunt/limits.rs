//! What correlations could not do within their bounds, and what that means for the result.

use khien_detect::Counters;
use khien_hub::web::i18n::{Arg, Lang};
use serde_json::{Map, Value};

use super::number;

/// A bound that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// What `json` calls it. The names are fixed.
    pub(super) name: &'static str,
    /// How often.
    pub(super) count: u64,
    /// Whether hits may be missing for it.
    pub(super) hides: bool,
}

impl Limit {
    /// Returns those that were met. `unheld`: events and hits beyond what a hunt keeps.
    pub(super) fn met(counters: &Counters, unheld: u64) -> Vec<Self> {
        let Counters {
            evicted_groups,
            cut,
            late,
            untimed,
            ahead,
            without_value,
            approximate,
            unclaimed,
        } = *counters;
        let all = [
            ("evicted_groups", evicted_groups, true),
            ("cut", cut, true),
            ("late", late, true),
            ("untimed", untimed, true),
            ("unheld", unheld + unclaimed, true),
            ("ahead", ahead, false),
            ("without_value", without_value, false),
            ("approximate", approximate, false),
        ];
        let limit = |(name, count, hides)| Self { name, count, hides };
        all.into_iter().map(limit).filter(|limit| limit.count > 0).collect()
    }

    /// Returns the key of its text.
    pub(super) fn key(&self) -> String {
        format!("hunt-limit-{}", self.name.replace('_', "-"))
    }

    /// Returns the arguments of its text.
    pub(super) fn args(&self) -> [(&'static str, Arg<'static>); 1] {
        [("count", number(self.count))]
    }

    /// Returns the line for the person at the terminal.
    pub(super) fn told(&self, lang: Lang) -> String {
        lang.ta(&self.key(), &self.args())
    }
}

/// Returns what the summary of `json` holds of them.
pub(super) fn object(limits: &[Limit]) -> Map<String, Value> {
    limits.iter().map(|limit| (limit.name.to_owned(), limit.count.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_told_in_both_languages() {
        let counters = Counters {
            evicted_groups: 101,
            cut: 102,
            late: 103,
            untimed: 104,
            ahead: 105,
            without_value: 106,
            approximate: 107,
            unclaimed: 8,
        };
        let limits = Limit::met(&counters, 100);
        let counts: Vec<u64> = limits.iter().map(|limit| limit.count).collect();
        assert_eq!(counts, [101, 102, 103, 104, 108, 105, 106, 107]);
        for limit in &limits {
            let told = [Lang::Vi, Lang::En].map(|lang| limit.told(lang));
            assert_ne!(told[0], told[1]);
            assert!(told.iter().all(|told| told.contains(&limit.count.to_string())), "{told:?}");
        }
        assert_eq!(Limit::met(&Counters::default(), 0), []);
    }
}
