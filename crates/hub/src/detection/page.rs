//! The page of the rules: what is on, how often each fired and what it costs, what is suppressed,
//! which sources no rule reads, and what was refused and why.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use khien_detect::{Refused, RuleInfo};
use khien_domain::access::Action;
use khien_domain::fold::fold;
use maud::{Markup, html};

use super::bounds;
use super::indicators;
use super::limit::HOUR_US;
use super::measured::Measured;
use super::rule;
use super::store::{self, Count};
use super::suppress::{self, Shown};
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::ListQuery;
use crate::web::view::{Member, View};
use crate::web::{layout, parts, time};

/// Rules that one page shows; the search finds the others.
const RULES_SHOWN_MAX: usize = 300;
/// Refused rules that the page shows.
const REFUSED_SHOWN_MAX: usize = 500;

/// Lists of values without a rule that the page names.
const LISTS_SHOWN_MAX: usize = 20;

/// A rule with how often it fired.
type Row = (Arc<RuleInfo>, Count);

/// `GET /rules`.
pub async fn list(
    State(app): State<App>,
    view: View,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Markup, Fault> {
    let (counts, suppressed) = {
        let mut conn = app.db.read().await?;
        let counts = store::counts(&mut conn, app.now().div_euclid(HOUR_US)).await?;
        (counts, suppress::list(&mut conn, member.person.id, "", app.now()).await?)
    };
    let loaded = app.rules();
    let measured = loaded.measured();
    let words = fold(query.q.trim());
    let mut rows = join(&loaded.rules, counts);
    rows.retain(|(rule, _)| words.is_empty() || search_key(rule).contains(&words));
    rows.sort_by(|(a, m), (b, n)| {
        (n.day, n.week, n.total, b.level)
            .cmp(&(m.day, m.week, m.total, a.level))
            .then(a.title.cmp(&b.title))
    });
    let at = time::minute(loaded.at);
    let total = [("total", (rows.len() as i64).into()), ("at", (&at).into())];
    let body = html! {
        (parts::head(&view.t("rules-title"), &view.t("rules-sub"), html! {
            @if view.may(Action::TuneRules) {
                a.button href="/rules/try" { (parts::icon("search")) (view.t("rule-try")) }
            }
        }))
        (in_force(&view, &suppressed, &loaded.rules))
        (bounds::notice(&view, &loaded.rules, &measured))
        (parts::search(&view, "/rules", &query.q, html! {}))
        @if rows.is_empty() {
            (parts::empty(&view, "rules-empty"))
        } @else {
            (table(&view, &rows, &suppressed, &measured))
            p.panel-foot { (view.lang.ta("rules-total", &total)) }
        }
        (unmapped(&view, &measured))
        (indicators::panel(&view, &loaded.feeds))
        (refused(&view, &loaded.refused))
        (lists_unused(&view, &loaded.lists_unused))
    };
    Ok(layout::page(&view, &view.t("rules-title"), body))
}

fn join(rules: &[Arc<RuleInfo>], counts: Vec<Count>) -> Vec<Row> {
    let mut counts: HashMap<String, Count> =
        counts.into_iter().map(|count| (count.rule.clone(), count)).collect();
    rules
        .iter()
        .map(|rule| (Arc::clone(rule), counts.remove(&rule.id).unwrap_or_default()))
        .collect()
}

fn search_key(rule: &RuleInfo) -> String {
    let title_vi = rule.title_vi.as_deref().unwrap_or_default();
    fold(&format!("{title_vi} {} {} {} {}", rule.title, rule.family, rule.author, rule.id))
}

fn table(view: &View, rows: &[Row], suppressed: &[Shown], measured: &Measured) -> Markup {
    html! {
        div.table-wrap { table.table.cards {
            thead { tr {
                @for key in ["rule-level", "rule-title", "rule-family", "rule-author"] {
                    th scope="col" { (view.t(key)) }
                }
                @for key in ["rule-hits-day", "rule-hits-week", "rule-cost"] {
                    th.number scope="col" { (view.t(key)) }
                }
            } }
            tbody { @for (rule, count) in rows.iter().take(RULES_SHOWN_MAX) {
                tr {
                    td data-label=(view.t("rule-level")) { (parts::level(view, rule.level.name())) }
                    th scope="row" {
                        (title(rule))
                        @if suppressed.iter().any(|one| one.rule() == rule.id) {
                            " " span.state.state-returned { (view.t("suppressed")) }
                        }
                    }
                    td data-label=(view.t("rule-family")) {
                        // A rule without a family is one of its own, under its id.
                        @if rule.family != rule.id { (rule.family) }
                    }
                    td data-label=(view.t("rule-author")) { (rule.author) }
                    td.number data-label=(view.t("rule-hits-day")) { (count.day) }
                    td.number data-label=(view.t("rule-hits-week")) { (count.week) }
                    td.number data-label=(view.t("rule-cost")) { (rule::cost(measured, &rule.id)) }
                }
            } }
        } }
    }
}

fn title(rule: &RuleInfo) -> Markup {
    html! {
        a href=(rule::path(&rule.id)) { (name(rule)) }
        @if rule.title_vi.is_some() { br; small lang="en" { (rule.title) } }
    }
}

/// Returns what a rule is called on a page.
pub(super) fn name(rule: &RuleInfo) -> &str {
    rule.title_vi.as_deref().unwrap_or(&rule.title)
}

/// Whatever is switched off stands first: it is what the page must never hide.
fn in_force(view: &View, suppressed: &[Shown], rules: &[Arc<RuleInfo>]) -> Markup {
    let lead = |one: &Shown| {
        let rule = rules.iter().find(|rule| rule.id == one.rule());
        html! { a href=(rule::path(one.rule())) { (rule.map_or(one.rule(), |rule| name(rule))) } br; }
    };
    html! {
        @if !suppressed.is_empty() {
            section.panel {
                div.panel-head { h2 { (view.t("suppressions")) } }
                (rule::table(view, suppressed, lead))
            }
        }
    }
}

fn unmapped(view: &View, measured: &Measured) -> Markup {
    html! {
        @if !measured.unmapped.is_empty() {
            section.panel {
                div.panel-head { h2 { (view.t("rules-unmapped")) } }
                div.panel-body { p.help { (view.t("rules-unmapped-help")) } }
                div.table-wrap { table.table.cards {
                    thead { tr {
                        th scope="col" { (view.t("rules-unmapped-source")) }
                        th.number scope="col" { (view.t("rules-unmapped-events")) }
                    } }
                    tbody {
                        @for (source, events) in &measured.unmapped { tr {
                            th.mono scope="row" { (source) }
                            td.number data-label=(view.t("rules-unmapped-events")) { (events) }
                        } }
                        @if measured.unmapped_others > 0 { tr {
                            th scope="row" { (view.t("rules-unmapped-others")) }
                            td.number { (measured.unmapped_others) }
                        } }
                    }
                } }
            }
        }
    }
}

fn refused(view: &View, refused: &[Refused]) -> Markup {
    html! {
        @if !refused.is_empty() {
            section.panel {
                div.panel-head {
                    h2 {
                        (view.lang.ta("rules-refused", &[("total", (refused.len() as i64).into())]))
                    }
                }
                div.panel-body { p.help { (view.t("rules-refused-help")) } }
                (refused_table(view, refused))
            }
        }
    }
}

/// A misspelt name would leave a rule without its list and nobody would see why.
fn lists_unused(view: &View, names: &[String]) -> Markup {
    let mut shown = names[..names.len().min(LISTS_SHOWN_MAX)].join(", ");
    if names.len() > LISTS_SHOWN_MAX {
        shown.push_str(", …");
    }
    let args = [("total", (names.len() as i64).into()), ("names", (&shown).into())];
    html! {
        @if !names.is_empty() { p.panel-foot { (view.lang.ta("rules-lists-unused", &args)) } }
    }
}

/// Returns refused rules as a table: their name, their file and why.
pub(super) fn refused_table(view: &View, refused: &[Refused]) -> Markup {
    html! {
        div.table-wrap { table.table.cards {
            thead { tr {
                th scope="col" { (view.t("rule-title")) }
                th scope="col" { (view.t("rule-file")) }
                th scope="col" { (view.t("rule-reason")) }
            } }
            tbody { @for refused in refused.iter().take(REFUSED_SHOWN_MAX) {
                tr {
                    th scope="row" { (refused.title.as_deref().unwrap_or("–")) }
                    td.mono data-label=(view.t("rule-file")) { (refused.path.display()) }
                    td data-label=(view.t("rule-reason")) { (refused.reason) }
                }
            } }
        } }
    }
}
