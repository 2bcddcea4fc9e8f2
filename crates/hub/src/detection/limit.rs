//! How much of a flood is kept: every hit counts, but not every hit becomes a row.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use khien_domain::id::SourceId;

/// Hits of one rule on one host that are stored within an hour; the rest is counted.
const HITS_PER_HOUR_MAX: u32 = 200;
/// Hosts of one source that are told apart within an hour: a sender may invent names.
const HOSTS_PER_HOUR_MAX: usize = 2_000;
/// Indicators that are told apart on one host within an hour: whoever walks through a whole feed
/// must not bury the duty officer.
const INDICATORS_PER_HOUR_MAX: usize = 50;
/// An hour, µs.
pub(super) const HOUR_US: i64 = 3_600_000_000;

/// Counts within the hour; a new hour begins empty.
#[derive(Debug, Default)]
pub(super) struct Limit {
    hour: i64,
    hosts: HashMap<SourceId, HashSet<Arc<str>>>,
    stored: HashMap<(Arc<str>, SourceId, Arc<str>), u32>,
    indicators: HashMap<(SourceId, Arc<str>), HashSet<Box<str>>>,
}

impl Limit {
    /// Turns to the hour of `at` if it is another one than before.
    pub(super) fn turn(&mut self, at: i64) {
        let hour = at.div_euclid(HOUR_US);
        if hour != self.hour {
            *self = Self { hour, ..Self::default() };
        }
    }

    /// Returns the host under which a hit is kept: itself, or none once its source has named too
    /// many.
    pub(super) fn host(&mut self, source: SourceId, host: &str) -> Arc<str> {
        let hosts = self.hosts.entry(source).or_default();
        if let Some(known) = hosts.get(host) {
            return Arc::clone(known);
        }
        let host: Arc<str> = if hosts.len() < HOSTS_PER_HOUR_MAX { host.into() } else { "".into() };
        hosts.insert(Arc::clone(&host));
        host
    }

    /// Returns whether an indicator on this host is told by itself, rather than with the many
    /// others.
    pub(super) fn tells_apart(&mut self, source: SourceId, host: &Arc<str>, id: &str) -> bool {
        let told = self.indicators.entry((source, Arc::clone(host))).or_default();
        let has_room = told.len() < INDICATORS_PER_HOUR_MAX;
        told.contains(id) || (has_room && told.insert(id.into()))
    }

    /// Returns whether one more hit of the rule on this host is stored.
    pub(super) fn stores(&mut self, rule: &str, source: SourceId, host: &Arc<str>) -> bool {
        let stored = self.stored.entry((rule.into(), source, Arc::clone(host))).or_default();
        *stored += 1;
        *stored <= HITS_PER_HOUR_MAX
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_flood_is_stored_up_to_its_bound_each_hour() {
        let source = SourceId::new(Uuid::from_u128(1));
        let mut limit = Limit::default();
        limit.turn(HOUR_US);
        let host = limit.host(source, "pc-1");
        let stored = (0..1000).filter(|_| limit.stores("rule", source, &host)).count();
        assert_eq!(stored, HITS_PER_HOUR_MAX as usize);
        assert!(limit.stores("other", source, &host));
        limit.turn(2 * HOUR_US);
        assert!(limit.stores("rule", source, &host));
    }

    #[test]
    fn a_walk_through_a_feed_falls_together() {
        let source = SourceId::new(Uuid::from_u128(1));
        let mut limit = Limit::default();
        let (one, other) = ("pc-1".into(), "pc-2".into());
        let apart = (0..500).filter(|n| limit.tells_apart(source, &one, &n.to_string())).count();
        assert_eq!(apart, INDICATORS_PER_HOUR_MAX);
        assert!(limit.tells_apart(source, &one, "7") && !limit.tells_apart(source, &one, "77"));
        assert!(limit.tells_apart(source, &other, "77"));
        limit.turn(HOUR_US);
        assert!(limit.tells_apart(source, &one, "77"));
    }

    #[test]
    fn invented_hosts_fall_together() {
        let source = SourceId::new(Uuid::from_u128(1));
        let mut limit = Limit::default();
        for n in 0..HOSTS_PER_HOUR_MAX {
            assert_eq!(&*limit.host(source, &n.to_string()), n.to_string());
        }
        assert_eq!(&*limit.host(source, "one more"), "");
        assert_eq!(&*limit.host(source, "7"), "7");
        let other = SourceId::new(Uuid::from_u128(2));
        assert_eq!(&*limit.host(other, "one more"), "one more");
    }
}
