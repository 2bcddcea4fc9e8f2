//! Names into rules: which rule feeds which correlation, through which others.
//!
//! A correlation may count others. One that refers to itself in a circle is refused, with all that
//! stand on it. For every rule the way up is laid out in advance (`Feed`), because the fields of an
//! event can only be read while it is there.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::LATENESS_US;
use super::rule::Correlation;
use super::sighting::Feed;
use super::window::Window;
use crate::fields::{FieldId, Fields};
use crate::sigma::meaning::{Meaning, Mind};
use crate::sigma::reason::Reason;
use crate::sigma::rule::{Rule, RuleInfo};

/// Correlations of one set: a single event may have to be shown to all of them.
pub const CORRELATIONS_MAX: usize = 2_000;
/// Correlations on top of each other.
pub(crate) const CHAIN_MAX: usize = 8;
/// Ways by which the hits of rules may reach one correlation.
const WAYS_MAX: usize = 2_000;
/// The same, over all correlations of a set.
const WAYS_ALL_MAX: usize = 50_000;

/// A correlation bound to the loaded rules.
#[derive(Clone, Debug)]
pub(crate) struct Linked {
    pub(crate) info: Arc<RuleInfo>,
    pub(crate) window: Window,
    /// The fields that make a group, as the correlation names them.
    pub(crate) group_by: Arc<[String]>,
    /// Whether it is told by itself, or only counted by others.
    pub(crate) speaks: bool,
    pub(crate) meaning: Meaning,
}

/// The correlations that stand, and how hits reach them.
#[derive(Debug, Default)]
pub(crate) struct Net {
    /// Each behind those that it counts.
    pub(crate) linked: Vec<Linked>,
    /// By rule.
    pub(crate) feeds: Vec<Vec<Feed>>,
    /// Positions of the others, and why.
    pub(crate) refused: Vec<(usize, Reason)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Member {
    Rule(usize),
    Correlation(usize),
}

/// What is known of a correlation once all that it counts is known.
#[derive(Clone, Debug)]
struct Standing {
    height: usize,
    ways: usize,
    window: Window,
    meaning: Meaning,
}

struct Linker<'a> {
    correlations: &'a [Correlation],
    rules: &'a [Rule],
    members: Vec<Result<Vec<Member>, Reason>>,
    standing: Vec<Option<Standing>>,
    refused: Vec<(usize, Reason)>,
    ways: usize,
}

fn refuse(why: impl Into<String>) -> Reason {
    Reason::Correlation(why.into())
}

/// Binds correlations to rules and to each other.
pub(crate) fn link(correlations: &[Correlation], rules: &[Rule], fields: &mut Fields) -> Net {
    let names = Names::of(correlations, rules);
    let members: Vec<_> = correlations.iter().map(|one| names.members(one)).collect();
    let standing = vec![None; correlations.len()];
    let mut linker =
        Linker { correlations, rules, members, standing, refused: Vec::new(), ways: 0 };
    linker.stand();
    linker.net(fields)
}

/// Who is called what. Ids are unique; names need not be.
struct Names<'a> {
    ids: HashMap<&'a str, Member>,
    names: HashMap<&'a str, Vec<Member>>,
}

impl<'a> Names<'a> {
    fn of(correlations: &'a [Correlation], rules: &'a [Rule]) -> Self {
        let mut all = Self { ids: HashMap::new(), names: HashMap::new() };
        for (position, rule) in rules.iter().enumerate() {
            all.add(&rule.info.id, rule.name.as_deref(), Member::Rule(position));
        }
        for (position, one) in correlations.iter().enumerate() {
            all.add(&one.info.id, one.name.as_deref(), Member::Correlation(position));
        }
        all
    }

    fn add(&mut self, id: &'a str, name: Option<&'a str>, member: Member) {
        self.ids.insert(id, member);
        if let Some(name) = name {
            self.names.entry(name).or_default().push(member);
        }
    }

    fn member(&self, called: &str) -> Result<Member, Reason> {
        if let Some(member) = self.ids.get(called) {
            return Ok(*member);
        }
        match self.names.get(called).map(Vec::as_slice) {
            Some([member]) => Ok(*member),
            Some(several) => {
                Err(refuse(format!("'{called}' is the name of {} rules", several.len())))
            }
            None => Err(refuse(format!("rule '{called}' is not loaded"))),
        }
    }

    fn members(&self, correlation: &Correlation) -> Result<Vec<Member>, Reason> {
        let mut members = Vec::with_capacity(correlation.refers_to.len());
        for called in &correlation.refers_to {
            let member = self.member(called)?;
            if members.contains(&member) {
                return Err(refuse(format!("'rules' names '{called}' twice")));
            }
            members.push(member);
        }
        Ok(members)
    }
}

impl Linker<'_> {
    /// Works upwards from the correlations that count rules alone. What is never reached stands in
    /// a circle, or on one.
    fn stand(&mut self) {
        let mut waiting = vec![0; self.correlations.len()];
        let mut users = vec![Vec::new(); self.correlations.len()];
        for (position, members) in self.members.iter().enumerate() {
            for member in members.iter().flatten() {
                if let Member::Correlation(below) = member {
                    waiting[position] += 1;
                    users[*below].push(position);
                }
            }
        }
        let mut ready: VecDeque<usize> =
            (0..waiting.len()).filter(|position| waiting[*position] == 0).collect();
        let mut reached = vec![false; waiting.len()];
        while let Some(position) = ready.pop_front() {
            reached[position] = true;
            match self.standing(position) {
                Ok(standing) => self.standing[position] = Some(standing),
                Err(reason) => self.refused.push((position, reason)),
            }
            for user in &users[position] {
                waiting[*user] -= 1;
                if waiting[*user] == 0 {
                    ready.push_back(*user);
                }
            }
        }
        let circling = reached.iter().enumerate().filter(|(_, reached)| !**reached);
        let circling =
            circling.map(|(position, _)| (position, refuse("refers to itself in a circle")));
        self.refused.extend(circling);
        self.refused.sort_by_key(|(position, _)| *position);
    }

    fn standing(&mut self, position: usize) -> Result<Standing, Reason> {
        let own = &self.correlations[position];
        let members = self.members[position].as_ref().map_err(Clone::clone)?;
        let (mut height, mut ways, mut delay_us) = (1, 0, LATENESS_US);
        let mut mind = meaning(own);
        for member in members {
            match *member {
                Member::Rule(rule) => {
                    ways += 1;
                    mind.bytes(&self.rules[rule].meaning);
                }
                Member::Correlation(below) => {
                    let other = &self.correlations[below];
                    let standing = self.standing[below]
                        .as_ref()
                        .ok_or_else(|| refuse(format!("'{}' is refused", other.info.id)))?;
                    height = height.max(standing.height + 1);
                    ways += standing.ways;
                    delay_us = delay_us.max(standing.window.delay_of_hits_us());
                    mind.bytes(&standing.meaning);
                }
            }
        }
        if height > CHAIN_MAX {
            return Err(refuse(format!("more than {CHAIN_MAX} correlations on top of each other")));
        }
        self.ways += ways;
        if ways > WAYS_MAX || self.ways > WAYS_ALL_MAX {
            return Err(refuse("is reached by too many rules, through other correlations"));
        }
        let (kind, criterion) = (own.kind, own.criterion.clone());
        let window = Window::new(kind, criterion, own.span_us, delay_us, own.refers_to.len());
        Ok(Standing { height, ways, window, meaning: mind.meaning() })
    }

    fn net(mut self, fields: &mut Fields) -> Net {
        let mut net = Net { feeds: vec![Vec::new(); self.rules.len()], ..Net::default() };
        let mut numbers = vec![None; self.correlations.len()];
        let mut upwards: Vec<usize> = (0..self.correlations.len()).collect();
        upwards.sort_by_key(|at| self.standing[*at].as_ref().map_or(0, |one| one.height));
        for position in upwards {
            let own = &self.correlations[position];
            let Some(standing) = &self.standing[position] else { continue };
            numbers[position] = u32::try_from(net.linked.len()).ok();
            net.linked.push(Linked {
                info: own.info.clone(),
                window: standing.window.clone(),
                group_by: own.group_by.clone().into(),
                speaks: own.speaks,
                meaning: standing.meaning,
            });
        }
        net.refused = std::mem::take(&mut self.refused);
        let users = self.users();
        let mut way = Way { linker: &self, numbers: &numbers, users: &users, fields };
        for rule in 0..self.rules.len() {
            net.feeds[rule] = way.up(&[Member::Rule(rule)]).into();
        }
        net
    }

    /// Returns for each member the correlations that count it, with its place in their lists.
    fn users(&self) -> HashMap<Member, Vec<(usize, usize)>> {
        let mut users: HashMap<Member, Vec<(usize, usize)>> = HashMap::new();
        for (position, members) in self.members.iter().enumerate() {
            if self.standing[position].is_none() {
                continue;
            }
            for (place, member) in members.iter().flatten().enumerate() {
                users.entry(*member).or_default().push((position, place));
            }
        }
        users
    }

    fn is_called(&self, member: Member, called: &str) -> bool {
        let (id, name) = match member {
            Member::Rule(at) => (&self.rules[at].info.id, &self.rules[at].name),
            Member::Correlation(at) => {
                (&self.correlations[at].info.id, &self.correlations[at].name)
            }
        };
        id == called || name.as_deref() == Some(called)
    }
}

/// The ways up from a rule.
struct Way<'a> {
    linker: &'a Linker<'a>,
    numbers: &'a [Option<u32>],
    users: &'a HashMap<Member, Vec<(usize, usize)>>,
    fields: &'a mut Fields,
}

impl Way<'_> {
    /// Returns the feeds of the last of the members, of which each counts the one before it. The
    /// depth and the number of ways are bounded when a correlation is given its standing.
    fn up(&mut self, path: &[Member]) -> Box<[Feed]> {
        let users = self.users;
        let used = path.last().and_then(|last| users.get(last)).map_or(&[][..], Vec::as_slice);
        used.iter().filter_map(|(position, place)| self.feed(path, *position, *place)).collect()
    }

    fn feed(&mut self, path: &[Member], position: usize, place: usize) -> Option<Feed> {
        let own = &self.linker.correlations[position];
        let mut longer = path.to_vec();
        longer.push(Member::Correlation(position));
        Some(Feed {
            correlation: self.numbers[position]?,
            member: if own.kind.is_temporal() { 1 << place } else { 0 },
            group: own.group_by.iter().map(|field| self.native(&longer, field)).collect(),
            value: own.value.iter().map(|field| self.native(&longer, field)).collect(),
            numeric: own.kind.is_numeric(),
            above: self.up(&longer),
        })
    }

    /// Returns what the last member's name for a field is called in the events of the first: each
    /// correlation on the way may have an alias for it.
    fn native(&mut self, path: &[Member], field: &str) -> FieldId {
        let mut name = field;
        for pair in path.windows(2).rev() {
            let Member::Correlation(position) = pair[1] else { continue };
            let mut aliases = self.linker.correlations[position].aliases.iter();
            let alias = aliases
                .find(|alias| alias.name == name && self.linker.is_called(pair[0], &alias.of));
            name = alias.map_or(name, |alias| &alias.field);
        }
        self.fields.intern(name)
    }
}

/// Begins what a correlation means: all but its members.
fn meaning(own: &Correlation) -> Mind {
    let mut mind = Mind::default();
    mind.text(&format!("{:?} {:?} {}", own.kind, own.criterion, own.span_us));
    mind.text(&format!("{:?} {:?}", own.group_by, own.value));
    for alias in &own.aliases {
        mind.text(&alias.name).text(&alias.of).text(&alias.field);
    }
    mind
}
