//! The page of the rules: what is loaded, how often it fired, and what was refused and why.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use khien_detect::{Refused, RuleInfo};
use khien_domain::fold::fold;
use maud::{Markup, html};

use super::limit::HOUR_US;
use super::store::{self, Count};
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::ListQuery;
use crate::web::view::View;
use crate::web::{layout, parts};

/// Rules that one page shows; the search finds the others.
const RULES_SHOWN_MAX: usize = 300;
/// Refused rules that the page shows.
const REFUSED_SHOWN_MAX: usize = 500;
/// "Recent" means so many hours, this one included.
const RECENT_HOURS: i64 = 24;

/// `GET /rules`.
pub async fn list(
    State(app): State<App>,
    view: View,
    Query(query): Query<ListQuery>,
) -> Result<Markup, Fault> {
    let counts = {
        let mut conn = app.db.read().await?;
        store::counts(&mut conn, app.now().div_euclid(HOUR_US) - RECENT_HOURS).await?
    };
    let loaded = app.rules();
    let words = fold(query.q.trim());
    let mut rows: Vec<_> = join(&loaded.rules, counts)
        .into_iter()
        .filter(|(rule, _)| words.is_empty() || search_key(rule).contains(&words))
        .collect();
    rows.sort_by(|(a, m), (b, n)| {
        (n.recent, n.total, b.level).cmp(&(m.recent, m.total, a.level)).then(a.title.cmp(&b.title))
    });
    let total = [("total", (rows.len() as i64).into())];
    let body = html! {
        (parts::head(&view.t("rules-title"), &view.t("rules-sub"), html! {}))
        (parts::search(&view, "/rules", &query.q, html! {}))
        @if rows.is_empty() {
            (parts::empty(&view, "rules-empty"))
        } @else {
            (table(&view, &rows))
            p.panel-foot { (view.lang.ta("rules-total", &total)) }
        }
        (refused(&view, &loaded.refused))
    };
    Ok(layout::page(&view, &view.t("rules-title"), body))
}

fn join(rules: &[Arc<RuleInfo>], counts: Vec<Count>) -> Vec<(Arc<RuleInfo>, Count)> {
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

fn table(view: &View, rows: &[(Arc<RuleInfo>, Count)]) -> Markup {
    html! {
        div.table-wrap { table.table.cards {
            thead { tr {
                @for key in ["rule-level", "rule-title", "rule-family", "rule-author"] {
                    th scope="col" { (view.t(key)) }
                }
                th.number scope="col" { (view.t("rule-hits-recent")) }
                th.number scope="col" { (view.t("rule-hits-total")) }
            } }
            tbody { @for (rule, count) in rows.iter().take(RULES_SHOWN_MAX) {
                tr {
                    td data-label=(view.t("rule-level")) { (parts::level(view, rule.level.name())) }
                    th scope="row" { (title(rule)) }
                    td data-label=(view.t("rule-family")) {
                        // A rule without a family is one of its own, under its id.
                        @if rule.family != rule.id { (rule.family) }
                    }
                    td data-label=(view.t("rule-author")) { (rule.author) }
                    td.number data-label=(view.t("rule-hits-recent")) { (count.recent) }
                    td.number data-label=(view.t("rule-hits-total")) { (count.total) }
                }
            } }
        } }
    }
}

fn title(rule: &RuleInfo) -> Markup {
    let name = rule.title_vi.as_deref().unwrap_or(&rule.title);
    // Rules come from strangers: only a link that leads to the web is one.
    let web = rule.link.starts_with("https://") || rule.link.starts_with("http://");
    html! {
        (name)
        @if rule.title_vi.is_some() { br; small lang="en" { (rule.title) } }
        @if web { " " a href=(rule.link) rel="noreferrer" { (parts::icon("info")) span.sr { (rule.link) } } }
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
    }
}
