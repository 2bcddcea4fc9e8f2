//! What was found, in short: tables for people, and one object for `json`.

use comfy_table::{Table, presets};
use khien_detect::{Level, Unmapped};
use khien_hub::web::i18n::Lang;
use serde_json::{Value, json};

use super::limits::{self, Limit};
use super::number;
use super::record::{clip, shown};
use super::tally::{Span, Subject, Tally};
use super::unmapped;

/// Rules that a terminal is shown.
const RULES_SHOWN_MAX: usize = 50;
/// Hosts that a terminal is shown.
const HOSTS_SHOWN_MAX: usize = 20;
/// Techniques of one line.
const TECHNIQUES_SHOWN_MAX: usize = 4;
/// Characters of one cell.
const CELL_CHARS_MAX: usize = 80;

/// Returns the tables for people: tactics, hosts and rules, with what they leave out.
pub(super) fn tables(tally: &Tally, lang: Lang) -> String {
    let mut parts = vec![rules(tally, lang), hosts(tally, lang)];
    parts.extend(tactics(tally, lang));
    parts.join("\n\n")
}

fn table(lang: Lang, columns: &[&str]) -> Table {
    let mut table = Table::new();
    let head = columns.iter().map(|column| lang.t(&format!("hunt-{column}")));
    table.load_style(presets::NOTHING).set_header(head.collect::<Vec<_>>());
    table
}

/// Returns a number of which the bounds may have cut off some.
pub(super) fn at_least(number: usize, is_cut: bool) -> String {
    if is_cut { format!("≥{number}") } else { number.to_string() }
}

fn level(lang: Lang, level: Level) -> String {
    lang.t(&format!("level-{}", level.name()))
}

fn times(span: Span) -> [String; 2] {
    let shown = |at: i64| shown(at).unwrap_or_else(|| "-".to_owned());
    span.0.map_or(["-".to_owned(), "-".to_owned()], |(first, last)| [shown(first), shown(last)])
}

fn rules(tally: &Tally, lang: Lang) -> String {
    let columns = ["hits", "level", "hosts", "first", "last", "attack", "rule"];
    let mut table = table(lang, &columns);
    let subjects = tally.subjects();
    for (_, subject) in subjects.iter().take(RULES_SHOWN_MAX) {
        let [first, last] = times(subject.span);
        table.add_row([
            subject.hits.to_string(),
            level(lang, subject.level()),
            at_least(subject.hosts, tally.is_cut()),
            first,
            last,
            techniques(&subject.rule().map(|rule| rule.techniques()).unwrap_or_default()),
            clip(&title(subject, lang), CELL_CHARS_MAX),
        ]);
    }
    let rest = &subjects[subjects.len().min(RULES_SHOWN_MAX)..];
    let hits: u64 = rest.iter().map(|(_, subject)| subject.hits).sum();
    with_rest(table, lang, "hunt-more-rules", rest.len(), hits)
}

fn hosts(tally: &Tally, lang: Lang) -> String {
    let levels = Level::ALL.into_iter().rev();
    let mut table = table(lang, &["host", "hits"]);
    let mut head = vec![lang.t("hunt-host"), lang.t("hunt-hits")];
    head.extend(levels.clone().map(|one| level(lang, one)));
    head.extend(["hunt-rules", "hunt-first", "hunt-last"].map(|key| lang.t(key)));
    table.set_header(head);
    let hosts = tally.hosts();
    for host in hosts.iter().take(HOSTS_SHOWN_MAX) {
        let name =
            if host.name.is_empty() { "-".to_owned() } else { clip(&host.name, CELL_CHARS_MAX) };
        let mut row = vec![name, host.hits().to_string()];
        row.extend(levels.clone().map(|level| host.levels[level as usize].to_string()));
        row.push(at_least(host.rules, tally.is_cut()));
        row.extend(times(host.span));
        table.add_row(row);
    }
    let rest = &hosts[hosts.len().min(HOSTS_SHOWN_MAX)..];
    let hits = rest.iter().map(|host| host.hits()).sum::<u64>() + tally.beyond;
    let told = with_rest(table, lang, "hunt-more-hosts", rest.len(), hits);
    if tally.beyond == 0 {
        return told;
    }
    format!("{told}\n{}", lang.ta("hunt-beyond", &[("hits", number(tally.beyond))]))
}

fn tactics(tally: &Tally, lang: Lang) -> Option<String> {
    let reached = tally.reached();
    if reached.is_empty() {
        return None;
    }
    let mut table = table(lang, &["tactic", "hits", "rules", "highest"]);
    for one in &reached {
        table.add_row([
            lang.t(&format!("tactic-{}", one.tactic.name())),
            one.hits.to_string(),
            one.rules.to_string(),
            level(lang, one.highest),
        ]);
    }
    Some(table.to_string())
}

fn with_rest(table: Table, lang: Lang, key: &str, count: usize, hits: u64) -> String {
    if count == 0 {
        return table.to_string();
    }
    let count = number(u64::try_from(count).unwrap_or(u64::MAX));
    format!("{table}\n{}", lang.ta(key, &[("count", count), ("hits", number(hits))]))
}

fn title(subject: &Subject, lang: Lang) -> String {
    match lang {
        Lang::Vi => subject.title_vi().unwrap_or_else(|| subject.title()),
        Lang::En => subject.title(),
    }
}

fn techniques(all: &[String]) -> String {
    let shown = all[..all.len().min(TECHNIQUES_SHOWN_MAX)].join(" ");
    if all.len() > TECHNIQUES_SHOWN_MAX { shown + " …" } else { shown }
}

/// Returns the summary of `json`. Its names are fixed; times are UTC.
pub(super) fn object(tally: &Tally, unmapped: &Unmapped, limits: &[Limit]) -> Value {
    let rules: Vec<Value> = tally.subjects().iter().map(|(_, subject)| rule(subject)).collect();
    let hosts: Vec<Value> = tally
        .hosts()
        .iter()
        .map(|host| {
            json!({
                "computer": Some(&host.name).filter(|name| !name.is_empty()),
                "hits": host.hits(), "hits_by_level": by_level(&host.levels), "rules": host.rules,
                "first": utc(host.span, |(first, _)| first), "last": utc(host.span, |(_, last)| last),
            })
        })
        .collect();
    let tactics: Vec<Value> = tally
        .reached()
        .iter()
        .map(|one| {
            json!({
                "tactic": one.tactic.name(), "hits": one.hits, "rules": one.rules,
                "highest": one.highest.name(),
            })
        })
        .collect();
    let techniques: Vec<Value> = tally
        .practised()
        .iter()
        .map(|one| {
            json!({
                "technique": one.technique, "hits": one.hits, "rules": one.rules,
                "highest": one.highest.name(),
            })
        })
        .collect();
    json!({
        "hits": tally.hits(), "hits_by_level": by_level(&tally.levels),
        "hits_without_time": tally.untimed, "rules": rules, "hosts": hosts,
        "tactics": tactics, "techniques": techniques,
        // Then numbers of hosts per rule, and of rules per host, are only the least.
        "hits_on_further_hosts": tally.beyond, "is_cut": tally.is_cut(),
        "unmapped": unmapped::object(unmapped), "limits_met": limits::object(limits),
    })
}

fn rule(subject: &Subject) -> Value {
    let info = subject.rule();
    json!({
        "rule_id": info.map(|rule| &rule.id), "rule_title": subject.title(),
        "rule_author": info.map(|rule| &rule.author), "rule_link": info.map(|rule| &rule.link),
        "level": subject.level().name(), "hits": subject.hits, "hosts": subject.hosts,
        "first": utc(subject.span, |(first, _)| first), "last": utc(subject.span, |(_, last)| last),
        "tactics": info.map(|rule| rule.tactics().iter().map(|one| one.name()).collect::<Vec<_>>()),
        "techniques": info.map(|rule| rule.techniques()),
    })
}

fn by_level(levels: &super::timeline::Counts) -> serde_json::Map<String, Value> {
    Level::ALL.iter().map(|one| (one.name().to_owned(), levels[*one as usize].into())).collect()
}

fn utc(span: Span, of: fn((i64, i64)) -> i64) -> Option<String> {
    let at = jiff::Timestamp::from_microsecond(of(span.0?)).ok()?;
    Some(format!("{at:.6}"))
}
