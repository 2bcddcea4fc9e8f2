//! What became of the files that were loaded: every line that was left out is counted, the first
//! ones are named.

use std::path::PathBuf;

/// Refused entries that are named per file; all are counted.
pub const NAMED_MAX: usize = 100;
/// Bytes of a refused value that are shown.
const SHOWN_BYTES_MAX: usize = 120;

/// Why an entry or a file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IocReason {
    /// The file could not be read, or not to its end.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Neither a table nor a list nor STIX nor MISP.
    #[error("no list, table, stix bundle or misp event")]
    UnknownFormat,
    /// A line, text or nesting beyond the bounds of the reader.
    #[error("{what} beyond the bound of {max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// Bytes that are no UTF-8.
    #[error("no utf-8")]
    Encoding,
    /// A kind of indicator that no log shows, or that this program does not look for.
    #[error("indicators of type '{0}' are not looked for")]
    Unsupported(String),
    /// A value that is not what it is said to be.
    #[error("not {0}")]
    Malformed(&'static str),
    /// A value that would match half the world.
    #[error("too broad to be an indicator")]
    TooBroad,
    /// A STIX pattern outside the subset that can be honoured exactly.
    #[error("pattern: {0}")]
    Pattern(String),
    /// More indicators than are kept.
    #[error("more than {0} indicators")]
    TooMany(usize),
}

/// An entry that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IocRefused {
    /// The line or object number, from 1; 0 for the file as a whole.
    pub place: u64,
    /// The entry's id, where it has one.
    pub id: String,
    /// The beginning of the value.
    pub value: String,
    /// Why.
    pub reason: IocReason,
}

/// How a file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IocFormat {
    /// A table with named columns.
    Csv,
    /// One indicator a line.
    List,
    /// A STIX 2 bundle.
    Stix,
    /// MISP events.
    Misp,
    /// Not recognised.
    Unknown,
}

impl IocFormat {
    /// Returns the name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::List => "list",
            Self::Stix => "stix",
            Self::Misp => "misp",
            Self::Unknown => "unknown",
        }
    }
}

/// What became of one file.
#[derive(Clone, Debug)]
pub struct IocSource {
    /// The file, or the name given with a text.
    pub path: PathBuf,
    /// How it was read.
    pub format: IocFormat,
    /// Indicators taken, those included that an earlier file had already.
    pub taken: u64,
    /// Left out because the allow-list names them.
    pub allowed: u64,
    /// The first of those.
    pub allowed_named: Vec<String>,
    /// Left out because the feed itself says that they are not for detection: revoked, deleted,
    /// or without `to_ids`.
    pub withdrawn: u64,
    /// Left out because they cannot be honoured.
    pub refused: u64,
    /// The first of those.
    pub refused_named: Vec<IocRefused>,
    /// Entries whose own description was dropped because descriptions took too much memory.
    pub undescribed: u64,
}

impl IocSource {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            format: IocFormat::Unknown,
            taken: 0,
            allowed: 0,
            allowed_named: Vec::new(),
            withdrawn: 0,
            refused: 0,
            refused_named: Vec::new(),
            undescribed: 0,
        }
    }

    pub(crate) fn refuse(&mut self, place: u64, id: &str, value: &str, reason: IocReason) {
        self.refused += 1;
        if self.refused_named.len() < NAMED_MAX {
            let (id, value) = (shown(id), shown(value));
            self.refused_named.push(IocRefused { place, id, value, reason });
        }
    }

    pub(crate) fn allow(&mut self, value: &str) {
        self.allowed += 1;
        if self.allowed_named.len() < NAMED_MAX {
            self.allowed_named.push(shown(value));
        }
    }
}

fn shown(text: &str) -> String {
    let mut end = text.len().min(SHOWN_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What became of everything that was loaded.
#[derive(Clone, Debug, Default)]
pub struct IocReport {
    /// By file, in the order of loading.
    pub sources: Vec<IocSource>,
    /// Entries that said the same as an earlier one of the same source.
    pub duplicates: u64,
}

impl IocReport {
    /// Returns how many entries were refused.
    pub fn refused(&self) -> u64 {
        self.sources.iter().map(|source| source.refused).sum()
    }

    /// Returns how many entries the allow-list kept out.
    pub fn allowed(&self) -> u64 {
        self.sources.iter().map(|source| source.allowed).sum()
    }
}
