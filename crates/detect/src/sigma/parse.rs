//! A YAML document into a rule or a correlation.
//!
//! Every key that decides what matches is either understood or refuses the rule. Keys that only
//! describe (`references`, `status`, a province's own) are kept or passed over.

use std::sync::Arc;

use super::budget::Budget;
use super::condition::{self, Expr};
use super::filter::Filter;
use super::matcher::Search;
use super::meaning::{Meaning, Mind};
use super::modifier::{self, Build};
use super::placeholder::Placeholders;
use super::reason::Reason;
use super::rule::{Level, LogSource, Rule, RuleInfo};
use super::yaml::Node;
use crate::correlate::rule::{self as correlation, Correlation};
use crate::fields::Fields;

/// What one document turned out to be.
#[derive(Debug)]
pub(crate) enum Document {
    Rule(Rule),
    Correlation(Correlation),
    Filter(Filter),
}

/// Reads a document; `file` is where it came from, `lists` what its placeholders stand for, `budget`
/// what its set may still cost.
pub(crate) fn document(
    node: &Node,
    file: &str,
    fields: &mut Fields,
    lists: &Placeholders,
    budget: &mut Budget,
) -> Result<Document, Reason> {
    if !matches!(node, Node::Map(_)) {
        return Err(Reason::NotARule);
    }
    if node.get("action").is_some() {
        return Err(Reason::Unsupported("'action' (a collection of Sigma 1)".to_owned()));
    }
    if text(node, "status") == Some("unsupported") {
        return Err(Reason::Withdrawn);
    }
    if let Some(section) = node.get("correlation") {
        let info = Arc::new(info(node, file, LogSource::default())?);
        let name = text(node, "name").map(str::to_owned);
        return Ok(Document::Correlation(correlation::read(section, info, name)?));
    }
    budget.has_room()?;
    let mut build = Build::new(fields, lists, budget);
    if let Some(section) = node.get("filter") {
        return filter(node, section, file, &mut build).map(Document::Filter);
    }
    let detection = node.get("detection").ok_or(Reason::NotARule)?;
    let logsource = node.get("logsource").ok_or(Reason::Missing("logsource"))?;
    let info = Arc::new(info(node, file, log_source(logsource)?)?);
    let (searches, condition) = searches(detection, &mut build)?;
    let name = text(node, "name").map(str::to_owned);
    let meaning = meaning(logsource, detection, &build);
    let lists = build.names_used();
    Ok(Document::Rule(Rule { info, name, searches, condition, speaks: true, meaning, lists }))
}

/// What decides which events match, and the lists that stand for placeholders in it.
fn meaning(logsource: &Node, detection: &Node, build: &Build<'_>) -> Meaning {
    let mut mind = Mind::default();
    mind.node(logsource).node(detection);
    for (name, values) in build.lists_used() {
        values.iter().fold(mind.text(name), |mind, value| mind.text(value));
    }
    mind.meaning()
}

fn filter(
    node: &Node,
    section: &Node,
    file: &str,
    build: &mut Build<'_>,
) -> Result<Filter, Reason> {
    let Node::Map(entries) = section else { return Err(Reason::malformed("filter", "a map")) };
    let rules = match section.get("rules").ok_or(Reason::Missing("rules"))? {
        Node::Text(text) if matches!(text.as_str(), "any" | "all") => None,
        _ => match texts(section, "rules") {
            names if names.is_empty() => {
                return Err(Reason::malformed("rules", "'any' or a list of ids and names"));
            }
            names => Some(names),
        },
    };
    let logsource = node.get("logsource").ok_or(Reason::Missing("logsource"))?;
    let info = Arc::new(info(node, file, log_source(logsource)?)?);
    let detection: Vec<_> = entries.iter().filter(|(key, _)| key != "rules").cloned().collect();
    let detection = Node::Map(detection);
    let (searches, condition) = searches(&detection, build)?;
    let meaning = meaning(logsource, &detection, build);
    let (bytes, lists) = (build.copy_bytes(), build.names_used());
    Ok(Filter { info, rules, searches, condition, bytes, meaning, lists })
}

/// Returns the id and title of a document, as far as they can be read, to refuse it by name.
pub(crate) fn label(node: &Node) -> (Option<String>, Option<String>) {
    (text(node, "id").map(one_line), text(node, "title").map(one_line))
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_text)
}

fn texts(node: &Node, key: &str) -> Vec<String> {
    match node.get(key) {
        Some(Node::List(items)) => {
            items.iter().filter_map(Node::as_text).map(str::to_owned).collect()
        }
        Some(single) => single.as_text().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Names go to terminals and logs: a feed must not slip control characters in.
fn one_line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn info(node: &Node, file: &str, source: LogSource) -> Result<RuleInfo, Reason> {
    let title = text(node, "title").ok_or(Reason::Missing("title"))?;
    let id = text(node, "id").or_else(|| text(node, "name")).unwrap_or(file);
    let level = match text(node, "level") {
        None => Level::Medium,
        Some(name) => name.parse().map_err(|_| Reason::Level(name.to_owned()))?,
    };
    let own = node.get("custom").and_then(|custom| custom.get("khien"));
    let own = |key| own.and_then(|own| text(own, key)).map(str::to_owned);
    Ok(RuleInfo {
        id: one_line(id),
        title: one_line(title),
        author: one_line(text(node, "author").unwrap_or_default()),
        link: own("link")
            .or_else(|| texts(node, "references").into_iter().next())
            .map(|link| one_line(&link))
            .unwrap_or_default(),
        level,
        description: text(node, "description").unwrap_or_default().trim().to_owned(),
        tags: texts(node, "tags"),
        falsepositives: texts(node, "falsepositives"),
        family: own("family").unwrap_or_else(|| one_line(id)),
        title_vi: own("title_vi"),
        advice_vi: own("advice_vi"),
        source,
        file: file.to_owned(),
    })
}

fn log_source(node: &Node) -> Result<LogSource, Reason> {
    let Node::Map(entries) = node else {
        return Err(Reason::malformed("logsource", "a map"));
    };
    let mut source = LogSource::default();
    for (key, value) in entries {
        let slot = match key.as_str() {
            "product" => &mut source.product,
            "category" => &mut source.category,
            "service" => &mut source.service,
            "definition" => continue,
            other => return Err(Reason::LogSourceKey(other.to_owned())),
        };
        let name = value.as_text().ok_or_else(|| Reason::malformed(key.as_str(), "a text"))?;
        *slot = Some(name.to_lowercase());
    }
    if source == LogSource::default() {
        return Err(Reason::malformed("logsource", "at least a product, category or service"));
    }
    Ok(source)
}

fn searches(detection: &Node, build: &mut Build<'_>) -> Result<(Vec<Search>, Expr), Reason> {
    let Node::Map(entries) = detection else {
        return Err(Reason::malformed("detection", "a map"));
    };
    let mut names = Vec::new();
    let mut searches = Vec::new();
    for (name, node) in entries {
        match name.as_str() {
            "condition" => {}
            "timeframe" => {
                return Err(Reason::Unsupported("'timeframe' (write a correlation)".to_owned()));
            }
            name => {
                names.push(name);
                searches.push(search(name, node, build)?);
            }
        }
    }
    let condition = match detection.get("condition").ok_or(Reason::Missing("condition"))? {
        Node::List(texts) if !texts.is_empty() => Expr::Any(
            texts.iter().map(|text| one_condition(text, &names)).collect::<Result<_, _>>()?,
        ),
        single => one_condition(single, &names)?,
    };
    Ok((searches, condition))
}

fn one_condition(node: &Node, names: &[&str]) -> Result<Expr, Reason> {
    let text = node.as_text().ok_or_else(|| Reason::malformed("condition", "a text"))?;
    condition::parse(text, names)
}

/// Reads a search: a map asks for all its entries, a list for one of its items, and a text stands
/// for itself anywhere in the event. The recursion is bounded by the YAML reader.
fn search(name: &str, node: &Node, build: &mut Build<'_>) -> Result<Search, Reason> {
    match node {
        Node::Map(entries) if !entries.is_empty() => entries
            .iter()
            .map(|(key, value)| modifier::compile(key, value, build).map(Search::Item))
            .collect::<Result<_, _>>()
            .map(Search::All),
        Node::List(items) if !items.is_empty() => items
            .iter()
            .map(|item| search(name, item, build))
            .collect::<Result<_, _>>()
            .map(Search::Any),
        Node::Text(_) | Node::Number(_) | Node::Bool(_) => {
            modifier::compile("", node, build).map(Search::Item)
        }
        Node::Map(_) | Node::List(_) | Node::Null => {
            Err(Reason::malformed(name, "a map, a list or a keyword, and not empty"))
        }
    }
}
