//! `GET /api/v1/rules`: every rule with its hits, its cost and whether it is at work.

use std::collections::{HashMap, HashSet};

use axum::Json;
use axum::extract::{Query, State};
use khien_detect::{Refused, RuleInfo};
use khien_domain::fold::fold;
use serde::Serialize;
use utoipa::ToSchema;

use super::limit::HOUR_US;
use super::measured::Measured;
use super::store::{self, Count};
use super::suppress;
use crate::app::App;
use crate::fault::Fault;
use crate::web::list::{ListQuery, PAGE_ROWS, PAGE_ROWS_MAX};
use crate::web::time::rfc3339;
use crate::web::view::Member;

/// A rule for machines.
#[derive(Clone, Serialize, ToSchema)]
pub struct RuleItem {
    /// Its id; of a refused rule that tells none, its file.
    id: String,
    /// What people call it by: the same.
    number: String,
    /// `on`, `suppressed` (in some place that the reader may know of) or `refused`.
    state: &'static str,
    title: String,
    title_vi: Option<String>,
    level: Option<&'static str>,
    author: String,
    link: String,
    family: String,
    tags: Vec<String>,
    file: String,
    hits_day: i64,
    hits_week: i64,
    hits_total: i64,
    /// Of a thousand events, on how many it was tried; nothing before the first event.
    tries_per_thousand: Option<f64>,
    /// Why it is refused.
    reason: Option<String>,
    /// When the rules at work were loaded.
    created_at: String,
}

/// A page of rules.
#[derive(Serialize, ToSchema)]
pub struct RuleList {
    items: Vec<RuleItem>,
    total: i64,
    next: Option<String>,
}

/// Answers with a page, in the order of ids.
pub async fn list(
    State(app): State<App>,
    member: Member,
    Query(query): Query<ListQuery>,
) -> Result<Json<RuleList>, Fault> {
    let (counts, suppressed) = {
        let mut conn = app.db.read().await?;
        let counts = store::counts(&mut conn, app.now().div_euclid(HOUR_US)).await?;
        (counts, suppress::list(&mut conn, member.person.id, "", app.now()).await?)
    };
    let loaded = app.rules();
    let (measured, at) = (loaded.measured(), rfc3339(loaded.at));
    let counts: HashMap<&str, &Count> = counts.iter().map(|one| (one.rule.as_str(), one)).collect();
    let suppressed: HashSet<&str> = suppressed.iter().map(|one| one.rule()).collect();
    let rules = loaded.rules.iter().map(|rule| {
        let mut item = item(rule, counts.get(rule.id.as_str()).copied(), &measured, &at);
        if suppressed.contains(rule.id.as_str()) {
            item.state = "suppressed";
        }
        item
    });
    let items = rules.chain(loaded.refused.iter().map(|one| refused(one, &at)));
    Ok(Json(page(items.collect(), &query)))
}

fn item(rule: &RuleInfo, count: Option<&Count>, measured: &Measured, at: &str) -> RuleItem {
    let count = count.cloned().unwrap_or_default();
    RuleItem {
        id: rule.id.clone(),
        number: rule.id.clone(),
        state: "on",
        title: rule.title.clone(),
        title_vi: rule.title_vi.clone(),
        level: Some(rule.level.name()),
        author: rule.author.clone(),
        link: rule.link.clone(),
        family: rule.family.clone(),
        tags: rule.tags.clone(),
        file: rule.file.clone(),
        hits_day: count.day,
        hits_week: count.week,
        hits_total: count.total,
        tries_per_thousand: measured.tries_per_thousand(&rule.id),
        reason: None,
        created_at: at.to_owned(),
    }
}

fn refused(one: &Refused, at: &str) -> RuleItem {
    let file = one.path.display().to_string();
    let id = one.id.clone().unwrap_or_else(|| file.clone());
    RuleItem {
        number: id.clone(),
        id,
        state: "refused",
        title: one.title.clone().unwrap_or_default(),
        title_vi: None,
        level: None,
        author: String::new(),
        link: String::new(),
        family: String::new(),
        tags: Vec::new(),
        file,
        hits_day: 0,
        hits_week: 0,
        hits_total: 0,
        tries_per_thousand: None,
        reason: Some(one.reason.to_string()),
        created_at: at.to_owned(),
    }
}

fn page(mut items: Vec<RuleItem>, query: &ListQuery) -> RuleList {
    let words = fold(query.q.trim());
    let said = |item: &RuleItem| {
        let title_vi = item.title_vi.as_deref().unwrap_or_default();
        fold(&format!("{title_vi} {} {} {} {}", item.title, item.family, item.author, item.id))
    };
    items.retain(|item| query.state.is_empty() || item.state == query.state);
    items.retain(|item| words.is_empty() || said(item).contains(&words));
    let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let mut items = under_cursors(items);
    if let Some(after) = &query.after {
        items.retain(|(cursor, _)| cursor > after);
    }
    let limit = query.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX);
    let limit = usize::try_from(limit).unwrap_or(1);
    let is_last = items.len() <= limit;
    items.truncate(limit);
    let next = items.last().filter(|_| !is_last).map(|(cursor, _)| cursor.clone());
    RuleList { items: items.into_iter().map(|(_, item)| item).collect(), total, next }
}

/// Returns the items in the order of their cursors. A refused rule may bear the id of one at work,
/// then its file tells them apart; of several in one file that tell no id, their order does.
fn under_cursors(items: Vec<RuleItem>) -> Vec<(String, RuleItem)> {
    let mut met: HashMap<String, usize> = HashMap::new();
    let with_cursor = items.into_iter().map(|item| {
        let name = format!("{} {}", item.id, item.file);
        let nth = met.entry(name.clone()).or_default();
        *nth += 1;
        (format!("{name} {nth:09}"), item)
    });
    let mut items: Vec<_> = with_cursor.collect();
    items.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    items
}

#[cfg(test)]
mod tests {
    use khien_detect::Rules;

    use super::*;

    #[test]
    fn what_is_alike_still_stands_on_one_page_only() {
        let bad = |id: &str| format!("title: x\nid: {id}\n");
        let texts = [
            ("a.yml", "--- 1\n--- 2\n--- 3\n".to_owned()),
            ("b.yml", "--- 4\n".to_owned()),
            ("x.yml", bad("brute")),
            ("x.yml (1).yml", bad("brute")),
            ("y.yml", bad("brute force")),
        ];
        let (_, all) = Rules::from_texts(texts);
        assert_eq!(all.len(), 7);
        let mut query = ListQuery { limit: Some(1), ..ListQuery::default() };
        let mut files = Vec::new();
        loop {
            let page = page(all.iter().map(|one| refused(one, "now")).collect(), &query);
            files.extend(page.items.into_iter().map(|item| item.file));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        files.sort_unstable();
        let each = ["a.yml", "a.yml", "a.yml", "b.yml", "x.yml", "x.yml (1).yml", "y.yml"];
        assert_eq!(files, each);
    }
}
