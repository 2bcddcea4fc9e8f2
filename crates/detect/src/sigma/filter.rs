//! Filters: one exclusion for many rules, written once by whoever knows the place.
//!
//! A filter's condition is ANDed to that of each rule it names, as it is written; the usual one
//! says `not selection`. It reaches a rule only where it asks for nothing of the log source that
//! the rule does not ask for. Correlations have no log source and are never filtered; their rules
//! are. The order of files does not matter.

use std::collections::HashMap;
use std::sync::Arc;

use super::condition::Expr;
use super::matcher::Search;
use super::meaning::{Meaning, Mind};
use super::reason::Reason;
use super::rule::{LogSource, Rule, RuleInfo};

/// Filters of one set.
pub(crate) const FILTERS_MAX: usize = 1_000;
/// What the copies of all filters in all rules may take, reckoned as for rules.
const COPIES_BYTES_MAX: usize = 128 << 20;

/// A filter as its document tells it.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) info: Arc<RuleInfo>,
    /// Ids and names of rules; none means every rule of the log source.
    pub(crate) rules: Option<Vec<String>>,
    pub(crate) searches: Vec<Search>,
    pub(crate) condition: Expr,
    /// What a copy of it costs, reckoned as for rules.
    pub(crate) bytes: usize,
    pub(crate) meaning: Meaning,
    /// Names of the lists of values that its placeholders stand for.
    pub(crate) lists: Vec<String>,
}

/// A filter that reaches rules.
#[derive(Clone, Debug)]
pub struct Filtered {
    /// The filter.
    pub filter: Arc<RuleInfo>,
    /// How many rules it reaches.
    pub rules: usize,
}

/// Adds filters to the rules that they name; returns those that reach any, and the others.
pub(crate) fn apply(
    mut filters: Vec<Filter>,
    rules: &mut [Rule],
) -> (Vec<Filtered>, Vec<(Arc<RuleInfo>, Reason)>) {
    // A rule's meaning must not depend on the order of files.
    filters.sort_by_key(|filter| filter.meaning);
    let mut called: HashMap<String, Vec<usize>> = HashMap::new();
    for (position, rule) in rules.iter().enumerate() {
        for name in rule.name.iter().chain([&rule.info.id]) {
            called.entry(name.clone()).or_default().push(position);
        }
    }
    let (mut applied, mut refused, mut bytes) = (Vec::new(), Vec::new(), 0);
    for filter in filters {
        match filter.reached(rules, &called, &mut bytes) {
            Ok(reached) => {
                reached.iter().for_each(|position| filter.add_to(&mut rules[*position]));
                applied.push(Filtered { filter: filter.info, rules: reached.len() });
            }
            Err(reason) => refused.push((filter.info, reason)),
        }
    }
    (applied, refused)
}

impl Filter {
    fn reached(
        &self,
        rules: &[Rule],
        called: &HashMap<String, Vec<usize>>,
        bytes: &mut usize,
    ) -> Result<Vec<usize>, Reason> {
        let mut named: Vec<usize> = match &self.rules {
            None => (0..rules.len()).collect(),
            Some(names) => {
                names.iter().filter_map(|name| called.get(name)).flatten().copied().collect()
            }
        };
        named.sort_unstable();
        named.dedup();
        named.retain(|position| self.fits(&rules[*position].info.source));
        if named.is_empty() {
            let names = self.rules.as_deref().unwrap_or_default().join("', '");
            return Err(Reason::Filter(match names.as_str() {
                "" => format!("no rule of log source {} is loaded", self.info.source),
                names => format!("no rule '{names}' of log source {} is loaded", self.info.source),
            }));
        }
        let copies = self.bytes.saturating_mul(named.len());
        if bytes.saturating_add(copies) > COPIES_BYTES_MAX {
            return Err(Reason::TooCostly(COPIES_BYTES_MAX));
        }
        *bytes += copies;
        Ok(named)
    }

    fn fits(&self, rule: &LogSource) -> bool {
        let own = &self.info.source;
        let fits = |own: &Option<String>, rule: &Option<String>| own.is_none() || own == rule;
        fits(&own.product, &rule.product)
            && fits(&own.category, &rule.category)
            && fits(&own.service, &rule.service)
    }

    fn add_to(&self, rule: &mut Rule) {
        let filter = moved(&self.condition, rule.searches.len());
        rule.searches.extend_from_slice(&self.searches);
        let own = std::mem::replace(&mut rule.condition, Expr::All(Vec::new()));
        rule.condition = Expr::All(vec![own, filter]);
        let mut mind = Mind::default();
        mind.bytes(&rule.meaning).bytes(&self.meaning);
        rule.meaning = mind.meaning();
    }
}

/// Returns the condition for searches that stand so much further down.
fn moved(expr: &Expr, by: usize) -> Expr {
    let all = |terms: &[Expr]| terms.iter().map(|term| moved(term, by)).collect();
    match expr {
        Expr::Search(at) => Expr::Search(at + by),
        Expr::Not(inner) => Expr::Not(Box::new(moved(inner, by))),
        Expr::All(terms) => Expr::All(all(terms)),
        Expr::Any(terms) => Expr::Any(all(terms)),
    }
}
