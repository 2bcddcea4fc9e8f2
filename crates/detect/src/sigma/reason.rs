//! Why a rule is refused. A rule that cannot be honoured exactly is named, never bent.

/// The reason for which a rule or a file of rules was not loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The file or folder could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The file is larger than a rule file may be.
    #[error("file of {bytes} bytes is larger than the {max} bytes a rule file may have")]
    TooLarge {
        /// Size of the file.
        bytes: u64,
        /// The bound.
        max: u64,
    },
    /// More rules than the engine takes.
    #[error("more than {0} rules")]
    TooMany(usize),
    /// Not well-formed YAML, or YAML beyond the bounds of the reader.
    #[error("yaml: {0}")]
    Yaml(String),
    /// A YAML document that is no rule.
    #[error("neither 'detection' nor 'correlation' found")]
    NotARule,
    /// A kind of document this engine does not know yet.
    #[error("{0} is not yet supported")]
    Unsupported(String),
    /// A key that a rule must have.
    #[error("'{0}' is missing")]
    Missing(&'static str),
    /// A key whose value has the wrong form.
    #[error("'{key}' must be {expected}")]
    Malformed {
        /// Where.
        key: String,
        /// What was expected there.
        expected: &'static str,
    },
    /// The author marked it as unusable.
    #[error("status is 'unsupported'")]
    Withdrawn,
    /// The id belongs to another rule already.
    #[error("id is already used by {0}")]
    DuplicateId(String),
    /// A log source key outside category, product, service and definition.
    #[error("unknown log source key '{0}'")]
    LogSourceKey(String),
    /// A level outside the five.
    #[error("unknown level '{0}'")]
    Level(String),
    /// A modifier outside the specification.
    #[error("unknown modifier '{modifier}' on '{field}'")]
    Modifier {
        /// The field, empty for keywords.
        field: String,
        /// The modifier.
        modifier: String,
    },
    /// A modifier that the value or the other modifiers forbid.
    #[error("modifier '{modifier}' on '{field}': {why}")]
    ModifierUse {
        /// The field, empty for keywords.
        field: String,
        /// The modifier.
        modifier: &'static str,
        /// What is wrong with its use.
        why: String,
    },
    /// `expand` without a list for the placeholder.
    #[error("placeholder %{name}% on '{field}' has no list")]
    Placeholder {
        /// The field.
        field: String,
        /// The placeholder.
        name: String,
    },
    /// A regular expression that cannot be run in linear time, or is too large.
    #[error("regular expression on '{field}': {why}")]
    Regex {
        /// The field.
        field: String,
        /// The regex compiler's message on one line.
        why: String,
    },
    /// Its values become more than one rule may hold.
    #[error("compiles into more than {0} bytes")]
    TooCostly(usize),
    /// The rules before it have used up what a set may hold.
    #[error("does not fit any more: the rules of a set may compile into {0} bytes")]
    SetTooCostly(usize),
    /// A condition that is not in the language.
    #[error("condition: {0}")]
    Condition(String),
    /// A filter that reaches no rule, or is not in the language.
    #[error("filter: {0}")]
    Filter(String),
    /// A file of value lists that cannot be read as such.
    #[error("value lists: {0}")]
    ValueLists(String),
    /// A correlation that is not in the language.
    #[error("correlation: {0}")]
    Correlation(String),
}

impl Reason {
    /// Returns the reason for a key of the wrong form.
    pub(crate) fn malformed(key: impl Into<String>, expected: &'static str) -> Self {
        Self::Malformed { key: key.into(), expected }
    }
}
