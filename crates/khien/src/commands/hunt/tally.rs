//! What was found, counted: per rule, per host, per tactic, over time. Nothing here grows with the
//! number of hits; what its bounds leave out is counted, too.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use khien_detect::{IocKind, Level, RuleInfo, Tactic, Tlp};

use super::scan::{What, Written};
use super::timeline::{Counts, Timeline};

/// Hosts that are told apart: whoever writes logs may invent names.
const HOSTS_MAX: usize = 10_000;
/// Pairs of rule and host that are told apart.
const PAIRS_MAX: usize = 200_000;

/// Everything that was counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// All hits, by level.
    pub(super) levels: Counts,
    pub(super) timeline: Timeline,
    /// Hits of events that tell no time.
    pub(super) untimed: u64,
    /// The strictest marking of what was found: who may be told of it.
    pub(super) marking: Option<Tlp>,
    /// Hits on hosts beyond those that are told apart.
    pub(super) beyond: u64,
    subjects: Vec<Subject>,
    hosts: Vec<Host>,
    rule_places: HashMap<Box<str>, usize>,
    indicator_places: BTreeMap<IocKind, usize>,
    host_places: HashMap<Box<str>, usize>,
    /// Of subject and host.
    pairs: HashSet<(usize, usize)>,
    /// Some pair was not told apart.
    is_cut: bool,
}

/// What hits are counted under: a rule, or a kind of indicators. There may be millions of those, but
/// their kinds are few.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) what: What,
    pub(super) hits: u64,
    pub(super) span: Span,
    /// Hosts that were told apart.
    pub(super) hosts: usize,
}

/// A machine that hits are of.
#[derive(Debug)]
pub(super) struct Host {
    /// Empty where events name none.
    pub(super) name: Box<str>,
    pub(super) levels: Counts,
    pub(super) span: Span,
    /// Rules, and kinds of indicators, that were told apart.
    pub(super) rules: usize,
}

/// The first and last time of something, µs UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span(pub(super) Option<(i64, i64)>);

impl Span {
    /// Takes one more time in.
    pub(super) fn add(&mut self, at: i64) {
        self.0 = Some(self.0.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }

    /// Takes another span in.
    pub(super) fn join(&mut self, other: Self) {
        for at in other.0.into_iter().flat_map(|(first, last)| [first, last]) {
            self.add(at);
        }
    }
}

/// A tactic of ATT&CK with what was found of it.
#[derive(Debug)]
pub(super) struct Reached {
    pub(super) tactic: Tactic,
    pub(super) hits: u64,
    pub(super) rules: usize,
    pub(super) highest: Level,
}

/// A technique of ATT&CK with what was found of it. Rules do not say which of their techniques serves
/// which of their tactics, so neither does this.
#[derive(Debug)]
pub(super) struct Practised {
    pub(super) technique: String,
    pub(super) hits: u64,
    pub(super) rules: usize,
    pub(super) highest: Level,
}

impl Subject {
    pub(super) fn level(&self) -> Level {
        self.what.level()
    }

    /// Returns the rule; none for indicators.
    pub(super) fn rule(&self) -> Option<&Arc<RuleInfo>> {
        match &self.what {
            What::Rule(rule) => Some(rule),
            What::Indicator(_) => None,
        }
    }

    /// Returns its name in English, as hits bear it.
    pub(super) fn title(&self) -> String {
        match &self.what {
            What::Rule(rule) => rule.title.clone(),
            What::Indicator(kind) => format!("Indicator of compromise seen: {kind}"),
        }
    }

    /// Returns its name in Vietnamese, if it has one.
    pub(super) fn title_vi(&self) -> Option<String> {
        match &self.what {
            What::Rule(rule) => rule.title_vi.clone(),
            What::Indicator(kind) => Some(format!("Trùng chỉ dấu tấn công: {}", kind.name_vi())),
        }
    }
}

impl Host {
    pub(super) fn hits(&self) -> u64 {
        self.levels.iter().sum()
    }

    /// Returns the highest level of its hits.
    pub(super) fn highest(&self) -> Level {
        let found = |level: &Level| self.levels[*level as usize] > 0;
        Level::ALL.into_iter().rfind(found).unwrap_or(Level::Informational)
    }
}

impl Tally {
    /// Counts a hit and returns the place of its subject among all.
    pub(super) fn add(&mut self, hit: &Written) -> usize {
        let level = hit.level();
        let subject = self.subject(&hit.what);
        self.levels[level as usize] += 1;
        self.marking = self.marking.max(hit.tlp);
        self.subjects[subject].hits += 1;
        match hit.at {
            None => self.untimed += 1,
            Some(at) => {
                self.timeline.add(at, level);
                self.subjects[subject].span.add(at);
            }
        }
        let Some(host) = self.host(&hit.host) else {
            self.beyond += 1;
            return subject;
        };
        self.hosts[host].levels[level as usize] += 1;
        if let Some(at) = hit.at {
            self.hosts[host].span.add(at);
        }
        self.pair(subject, host);
        subject
    }

    /// Returns the highest level of all hits.
    pub(super) fn highest(&self) -> Option<Level> {
        Level::ALL.into_iter().rfind(|level| self.levels[*level as usize] > 0)
    }

    /// Returns the number of all hits.
    pub(super) fn hits(&self) -> u64 {
        self.levels.iter().sum()
    }

    /// Returns whether numbers of hosts per rule, or of rules per host, are only the least.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut || self.beyond > 0
    }

    /// Returns what hits are of with its place, the gravest first, then what is found most.
    pub(super) fn subjects(&self) -> Vec<(usize, &Subject)> {
        let mut subjects: Vec<_> = self.subjects.iter().enumerate().collect();
        subjects.sort_by_cached_key(|(place, subject)| {
            (std::cmp::Reverse((subject.level(), subject.hits)), subject.title(), *place)
        });
        subjects
    }

    /// Returns the hosts, those with the gravest hits first, then with the most of them.
    pub(super) fn hosts(&self) -> Vec<&Host> {
        let mut hosts: Vec<&Host> = self.hosts.iter().collect();
        let gravest = |host: &Host| {
            let mut levels = host.levels;
            levels.reverse();
            levels
        };
        hosts.sort_by(|a, b| gravest(b).cmp(&gravest(a)).then_with(|| a.name.cmp(&b.name)));
        hosts
    }

    /// Returns the tactics that were found, in the order of the matrix.
    pub(super) fn reached(&self) -> Vec<Reached> {
        let reached = self.gathered(RuleInfo::tactics).into_iter();
        reached
            .map(|(tactic, (hits, rules, highest))| Reached { tactic, hits, rules, highest })
            .collect()
    }

    /// Returns the techniques that were found, those with the most hits first.
    pub(super) fn practised(&self) -> Vec<Practised> {
        let practised = self.gathered(RuleInfo::techniques).into_iter();
        let mut practised: Vec<Practised> = practised
            .map(|(technique, (hits, rules, highest))| Practised {
                technique,
                hits,
                rules,
                highest,
            })
            .collect();
        // Stable: of the same number, by their own.
        practised.sort_by_key(|one| std::cmp::Reverse(one.hits));
        practised
    }

    /// Sums up hits, rules and the highest level by what the rules say of themselves.
    fn gathered<K: Ord>(&self, says: fn(&RuleInfo) -> Vec<K>) -> BTreeMap<K, (u64, usize, Level)> {
        let mut gathered = BTreeMap::new();
        for subject in &self.subjects {
            let Some(rule) = subject.rule() else { continue };
            for said in says(rule) {
                let (hits, rules, highest) =
                    gathered.entry(said).or_insert((0, 0, Level::Informational));
                *hits += subject.hits;
                *rules += 1;
                *highest = rule.level.max(*highest);
            }
        }
        gathered
    }

    fn subject(&mut self, what: &What) -> usize {
        let known = match what {
            What::Rule(rule) => self.rule_places.get(rule.id.as_str()),
            What::Indicator(kind) => self.indicator_places.get(kind),
        };
        if let Some(place) = known {
            return *place;
        }
        let place = self.subjects.len();
        match what {
            What::Rule(rule) => {
                self.rule_places.insert(rule.id.as_str().into(), place);
            }
            What::Indicator(kind) => {
                self.indicator_places.insert(*kind, place);
            }
        }
        let what = what.clone();
        self.subjects.push(Subject { what, hits: 0, span: Span::default(), hosts: 0 });
        place
    }

    fn host(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.host_places.get(name) {
            return Some(*place);
        }
        if self.hosts.len() >= HOSTS_MAX {
            return None;
        }
        let place = self.hosts.len();
        self.host_places.insert(name.into(), place);
        let (name, levels) = (name.into(), Counts::default());
        self.hosts.push(Host { name, levels, span: Span::default(), rules: 0 });
        Some(place)
    }

    fn pair(&mut self, subject: usize, host: usize) {
        if self.pairs.contains(&(subject, host)) {
            return;
        }
        if self.pairs.len() >= PAIRS_MAX {
            self.is_cut = true;
            return;
        }
        self.pairs.insert((subject, host));
        self.subjects[subject].hosts += 1;
        self.hosts[host].rules += 1;
    }
}

#[cfg(test)]
mod tests {
    use khien_detect::Rules;

    use super::*;

    fn hit(rule: &Arc<RuleInfo>, host: &str, at: Option<i64>) -> Written {
        let what = What::Rule(rule.clone());
        Written { what, at, host: host.into(), tlp: None, text: Vec::new() }
    }

    fn rules(count: usize) -> Vec<Arc<RuleInfo>> {
        let rule = |n| {
            let level = Level::ALL[n % 5];
            format!(
                "title: R{n}\nid: r{n}\nlevel: {level}\nlogsource: {{product: linux}}\n\
                 tags: [attack.impact, attack.t148{}]\ndetection: {{s: {{a: 1}}, condition: s}}\n",
                n % 10
            )
        };
        let texts = (0..count).map(|n| (format!("{n}.yml"), rule(n)));
        Rules::from_texts(texts).0.infos().cloned().collect()
    }

    #[test]
    fn hits_are_counted_under_rule_host_and_tactic() {
        let rules = rules(5);
        let mut tally = Tally::default();
        tally.add(&hit(&rules[4], "pc-1", Some(5)));
        tally.add(&hit(&rules[4], "pc-2", Some(3)));
        tally.add(&hit(&rules[0], "pc-1", None));
        tally.add(&Written { what: What::Indicator(IocKind::Ip), ..hit(&rules[0], "", Some(9)) });
        assert_eq!((tally.hits(), tally.untimed, tally.highest()), (4, 1, Some(Level::Critical)));
        let subjects = tally.subjects();
        let told: Vec<_> = subjects.iter().map(|(_, s)| (s.title(), s.hits, s.hosts)).collect();
        assert_eq!(told[0], ("R4".to_owned(), 2, 2));
        assert!(told[1].0.contains("Indicator") && told[2].0 == "R0");
        assert_eq!(subjects[0].1.span, Span(Some((3, 5))));
        let hosts: Vec<_> =
            tally.hosts().iter().map(|h| (h.name.to_string(), h.hits(), h.rules)).collect();
        assert_eq!(hosts, [("pc-1".into(), 2, 2), ("pc-2".into(), 1, 1), (String::new(), 1, 1)]);
        let reached = tally.reached();
        assert_eq!((reached.len(), reached[0].tactic, reached[0].hits), (1, Tactic::Impact, 3));
        let practised: Vec<_> =
            tally.practised().into_iter().map(|one| (one.technique, one.hits, one.rules)).collect();
        assert_eq!(practised, [("T1484".into(), 2, 1), ("T1480".into(), 1, 1)]);
        assert!(!tally.is_cut());
    }

    #[test]
    fn invented_hosts_take_no_more_room_and_are_told() {
        let rules = rules(30);
        let mut tally = Tally::default();
        for n in 0..HOSTS_MAX * 25 {
            let host = format!("h{}", n % (HOSTS_MAX + 7));
            tally.add(&hit(&rules[n % 30], &host, Some(n as i64)));
        }
        assert_eq!((tally.hosts().len(), tally.pairs.len()), (HOSTS_MAX, PAIRS_MAX));
        assert!(tally.is_cut() && tally.beyond > 0);
        assert_eq!(tally.hits(), HOSTS_MAX as u64 * 25);
        let of_hosts: u64 = tally.hosts().iter().map(|host| host.hits()).sum();
        assert_eq!(of_hosts + tally.beyond, tally.hits());
    }
}
