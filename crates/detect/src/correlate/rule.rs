//! The `correlation` section: what is counted, of which rules, for which groups, in what time.

use std::sync::Arc;

use super::criterion::Criterion;
use crate::sigma::number::Number;
use crate::sigma::reason::Reason;
use crate::sigma::rule::RuleInfo;
use crate::sigma::yaml::Node;

/// The longest time span, days.
const SPAN_DAYS_MAX: i64 = 31;
/// Rules that one correlation may refer to.
const MEMBERS_MAX: usize = 1_000;
/// Rules whose presence or order one correlation may ask for: they are bits of a word, and the
/// work of an ordered one grows with their square.
const TEMPORAL_MEMBERS_MAX: usize = 32;
/// Fields that make a group or a value.
const FIELDS_MAX: usize = 16;
/// What the smallest part of a percentile is: 99.9 is written 99900.
const PERCENTILE_UNIT: f64 = 1_000.0;

/// The types of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
    ValueSum,
    ValueAvg,
    /// Which one, in thousandths of a percent.
    ValuePercentile(u32),
}

/// What an entry of `group-by` or `field` is called in the events of one rule.
#[derive(Clone, Debug)]
pub(crate) struct Alias {
    pub(crate) name: String,
    /// Id or name of the rule.
    pub(crate) of: String,
    pub(crate) field: String,
}

/// A correlation as its document tells it, its references still by name.
#[derive(Clone, Debug)]
pub(crate) struct Correlation {
    pub(crate) info: Arc<RuleInfo>,
    pub(crate) name: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) refers_to: Vec<String>,
    pub(crate) group_by: Vec<String>,
    pub(crate) aliases: Vec<Alias>,
    /// The fields of the condition.
    pub(crate) value: Vec<String>,
    pub(crate) criterion: Criterion,
    pub(crate) span_us: i64,
    /// Whether it is told by itself; one that only others count is silent.
    pub(crate) speaks: bool,
}

impl Kind {
    fn read(section: &Node) -> Result<Self, Reason> {
        let name = section.get("type").and_then(Node::as_text).unwrap_or_default();
        Ok(match name {
            "event_count" => Self::EventCount,
            "value_count" => Self::ValueCount,
            "temporal" => Self::Temporal,
            "temporal_ordered" => Self::TemporalOrdered,
            "value_sum" => Self::ValueSum,
            "value_avg" => Self::ValueAvg,
            "value_percentile" => Self::ValuePercentile(percentile(section)?),
            other => return Err(Reason::Unsupported(format!("correlation type '{other}'"))),
        })
    }

    /// Returns whether the rules are told apart, not only their hits counted.
    pub(crate) const fn is_temporal(self) -> bool {
        matches!(self, Self::Temporal | Self::TemporalOrdered)
    }

    /// Returns whether the field must hold a number.
    pub(crate) const fn is_numeric(self) -> bool {
        matches!(self, Self::ValueSum | Self::ValueAvg | Self::ValuePercentile(_))
    }

    const fn is_valued(self) -> bool {
        self.is_numeric() || matches!(self, Self::ValueCount)
    }
}

fn refuse(why: impl Into<String>) -> Reason {
    Reason::Correlation(why.into())
}

/// Reads the `correlation` section.
pub(crate) fn read(
    section: &Node,
    info: Arc<RuleInfo>,
    name: Option<String>,
) -> Result<Correlation, Reason> {
    let Node::Map(entries) = section else {
        return Err(Reason::malformed("correlation", "a map"));
    };
    let known = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
    if let Some((key, _)) = entries.iter().find(|(key, _)| !known.contains(&key.as_str())) {
        return Err(refuse(format!("unknown key '{key}'")));
    }
    let kind = Kind::read(section)?;
    let refers_to = members(section, kind)?;
    let criterion = criterion(section, kind, refers_to.len())?;
    let span = section.get("timespan").and_then(Node::as_text);
    let span_us = timespan_us(span.ok_or(Reason::Missing("timespan"))?)?;
    let value = value_fields(section, kind)?;
    let group_by = names(section, "group-by");
    if group_by.len() > FIELDS_MAX {
        return Err(refuse(format!("'group-by' names more than {FIELDS_MAX} fields")));
    }
    let aliases = aliases(section)?;
    Ok(Correlation {
        info,
        name,
        kind,
        refers_to,
        group_by,
        aliases,
        value,
        criterion,
        span_us,
        speaks: true,
    })
}

/// Returns the texts under a key: a list of them, or one alone.
pub(crate) fn names(section: &Node, key: &str) -> Vec<String> {
    match section.get(key) {
        Some(Node::List(items)) => {
            items.iter().filter_map(Node::as_text).map(str::to_owned).collect()
        }
        Some(single) => single.as_text().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Returns whether the rules that it refers to shall speak by themselves too.
pub(crate) fn generates(section: &Node) -> bool {
    matches!(section.get("generate"), Some(Node::Bool(true)))
}

fn members(section: &Node, kind: Kind) -> Result<Vec<String>, Reason> {
    let members = names(section, "rules");
    let most = if kind.is_temporal() { TEMPORAL_MEMBERS_MAX } else { MEMBERS_MAX };
    if members.is_empty() || members.len() > most {
        return Err(refuse(format!("'rules' must name 1 to {most} rules")));
    }
    Ok(members)
}

fn criterion(section: &Node, kind: Kind, members: usize) -> Result<Criterion, Reason> {
    let counts = !kind.is_numeric();
    let criterion = match section.get("condition") {
        // Without a condition, all the rules must have been seen.
        None if kind.is_temporal() => return Ok(Criterion::at_least(members)),
        Some(Node::Map(entries)) => Criterion::read(entries, counts)?,
        _ => return Err(Reason::malformed("condition", "a map such as {gte: 10}")),
    };
    if kind.is_temporal() && criterion.least_count(members).is_none() {
        return Err(refuse(format!("no number of {members} rules fulfils the condition")));
    }
    Ok(criterion)
}

fn value_fields(section: &Node, kind: Kind) -> Result<Vec<String>, Reason> {
    let Some(condition) = section.get("condition") else { return Ok(Vec::new()) };
    let fields = names(condition, "field");
    let most = match kind {
        Kind::ValueCount => FIELDS_MAX,
        kind if kind.is_valued() => 1,
        _ => 0,
    };
    if fields.len() > most || (fields.is_empty() && kind.is_valued()) {
        return Err(refuse(match most {
            0 => "'field' has no meaning for this type".to_owned(),
            most => format!("the condition must name a 'field', at most {most}"),
        }));
    }
    if condition.get("percentile").is_some() && !matches!(kind, Kind::ValuePercentile(_)) {
        return Err(refuse("'percentile' has no meaning for this type"));
    }
    Ok(fields)
}

/// The specification names the key nowhere and its example cannot be told apart from others; the
/// reference implementation asks for `percentile`, and so do we.
fn percentile(section: &Node) -> Result<u32, Reason> {
    let wrong = || refuse("value_percentile needs 'percentile', a number from 0 to 100");
    let written = section.get("condition").and_then(|condition| condition.get("percentile"));
    let Some(Node::Number(written)) = written else { return Err(wrong()) };
    let percent: f64 = match Number::of_rule(written) {
        Some(number) => number.as_float(),
        None => return Err(wrong()),
    };
    if !(0.0..=100.0).contains(&percent) {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100000")]
    let thousandths = (percent * PERCENTILE_UNIT).round() as u32;
    Ok(thousandths)
}

fn aliases(section: &Node) -> Result<Vec<Alias>, Reason> {
    let mut found = Vec::new();
    let Some(section) = section.get("aliases") else { return Ok(found) };
    let Node::Map(aliases) = section else { return Err(Reason::malformed("aliases", "a map")) };
    for (alias, rules) in aliases {
        let Node::Map(rules) = rules else {
            return Err(Reason::malformed(alias.as_str(), "a map of rule to field"));
        };
        for (rule, field) in rules {
            let field = field.as_text().ok_or_else(|| refuse("an alias names no field"))?;
            let (name, of, field) = (alias.clone(), rule.clone(), field.to_owned());
            found.push(Alias { name, of, field });
        }
    }
    Ok(found)
}

fn timespan_us(text: &str) -> Result<i64, Reason> {
    let wrong = || refuse(format!("timespan '{text}' is not a number with s, m, h or d"));
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    let span_s = i64::from(number) * seconds;
    if span_s == 0 || span_s > SPAN_DAYS_MAX * 86_400 {
        return Err(refuse(format!("timespan must lie between 1s and {SPAN_DAYS_MAX}d")));
    }
    Ok(span_s * 1_000_000)
}
