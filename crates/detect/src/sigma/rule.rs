//! What a loaded rule is: who wrote it and how grave it is, where it looks, and what it looks for.

use std::sync::Arc;

use super::condition::Expr;
use super::matcher::Search;
use super::meaning::Meaning;

/// How grave a hit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Enriches other events.
    Informational,
    /// Notable, rarely an incident.
    Low,
    /// Worth a regular review.
    Medium,
    /// Needs a prompt review.
    High,
    /// Indicates an incident.
    Critical,
}

/// A level outside the five of the specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown level '{0}': use informational, low, medium, high or critical")]
pub struct UnknownLevel(pub String);

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 5] =
        [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Returns the name used in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|level| level.name() == name);
        known.ok_or_else(|| UnknownLevel(name.to_owned()))
    }
}

/// What people are told about a rule. The author, id and link stay on every alert (the Detection
/// Rule License asks for it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// `id`; a rule without one goes by its `name`, else by its file.
    pub id: String,
    /// `title`.
    pub title: String,
    /// `author`.
    pub author: String,
    /// `custom.khien.link`, else the first of `references`.
    pub link: String,
    /// `level`; a rule that gives none is `medium`.
    pub level: Level,
    /// `description`.
    pub description: String,
    /// `tags`.
    pub tags: Vec<String>,
    /// `falsepositives`.
    pub falsepositives: Vec<String>,
    /// `custom.khien.family`: hits of one family on one asset join one signal. Else the id.
    pub family: String,
    /// `custom.khien.title_vi`.
    pub title_vi: Option<String>,
    /// `custom.khien.advice_vi`.
    pub advice_vi: Option<String>,
    /// Where the rule looks; empty for a correlation.
    pub source: LogSource,
    /// The file it came from.
    pub file: String,
}

/// The log source that a rule asks for. Keys that are absent ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogSource {
    /// Such as `windows`.
    pub product: Option<String>,
    /// Such as `process_creation`.
    pub category: Option<String>,
    /// Such as `security`.
    pub service: Option<String>,
}

impl std::fmt::Display for LogSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [&self.product, &self.category, &self.service];
        let known: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        f.write_str(&known.join("/"))
    }
}

/// A detection rule, ready to be matched.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) info: Arc<RuleInfo>,
    /// `name`, by which correlations may refer to it.
    pub(crate) name: Option<String>,
    pub(crate) searches: Vec<Search>,
    pub(crate) condition: Expr,
    /// Whether a hit is told by itself; rules that only feed correlations are silent.
    pub(crate) speaks: bool,
    /// By which the memory of a correlation knows it again.
    pub(crate) meaning: Meaning,
    /// Names of the lists of values that its placeholders stand for.
    pub(crate) lists: Vec<String>,
}
