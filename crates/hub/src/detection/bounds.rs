//! What the bounds of counting have cost, for whoever reads the page of the rules: a count that was
//! cut must not look like a quiet day.

use std::sync::Arc;

use khien_detect::{Counters, RuleInfo};
use maud::{Markup, html};

use super::measured::Measured;
use super::{page, rule};
use crate::web::parts;
use crate::web::view::View;

/// Rules that are named, those without room.
const NAMED_MAX: usize = 5;

/// Returns the notice; nothing while no bound was met.
pub(super) fn notice(view: &View, rules: &[Arc<RuleInfo>], measured: &Measured) -> Markup {
    let costs = costs(view, &measured.counters);
    let of = |rule: &&Arc<RuleInfo>| {
        let Counters { evicted_groups, cut, .. } = measured.counters(&rule.id);
        evicted_groups + cut > 0
    };
    html! {
        @if !costs.is_empty() {
            div.notice.notice-warn {
                (parts::icon("warning"))
                p.notice-body {
                    (view.t("rules-bounds")) " " (costs.join("; ")) "."
                    @for rule in rules.iter().filter(of).take(NAMED_MAX) {
                        " " a href=(rule::path(&rule.id)) { (page::name(rule)) }
                    }
                }
            }
        }
    }
}

/// Returns what was lost, each as a part of a sentence. An event without the value that a rule asks
/// for is nothing lost, nor is one that counts as of its arrival, or by an estimate.
fn costs(view: &View, counters: &Counters) -> Vec<String> {
    let Counters { evicted_groups, cut, late, untimed, unclaimed, .. } = *counters;
    [
        ("rules-bounds-evicted", evicted_groups),
        ("rules-bounds-cut", cut),
        ("rules-bounds-late", late),
        ("rules-bounds-untimed", untimed),
        ("rules-bounds-unclaimed", unclaimed),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(key, count)| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        view.lang.ta(key, &[("total", count.into())])
    })
    .collect()
}
