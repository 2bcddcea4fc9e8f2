//! Regular expressions within bounds.
//!
//! Three characters may become fifty kilobytes (`\w`), and a search keeps notes beside. So every
//! expression is measured once it is compiled, and charged what it takes and what its notes may take
//! on the thread that searches with it.

use regex_automata::MatchKind;
use regex_automata::meta;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use super::budget::Spending;
use super::reason::Reason;
use super::required;

/// What each automaton of an expression may take at first: most are small, and so are their notes.
const AUTOMATON_BYTES_MIN: usize = 16 << 10;
/// What each may take at last; an expression has up to four.
const AUTOMATON_BYTES_MAX: usize = 4 << 20;
/// By how much the bound grows when an expression does not fit.
const GROWTH: usize = 4;
/// What a search in one direction may note beyond the size of its automaton.
const NOTES_BYTES: usize = 64 << 10;
/// What a search that goes back may note; the library sets it.
const BACKTRACK_BYTES: usize = 256 << 10;
/// What reading one byte of an expression is taken to cost: without regard to case, four of them
/// (`[\w]`) take as long as compiling several kilobytes.
const READING_BYTES: usize = 2048;
/// Nesting.
const DEPTH_MAX: u32 = 100;

/// The sub-modifiers of `re`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) insensitive: bool,
    pub(crate) multi_line: bool,
    pub(crate) dot_all: bool,
}

/// An expression that is searched for in linear time.
#[derive(Debug)]
pub(crate) struct Regular {
    text: Box<str>,
    matcher: meta::Regex,
    needs: Box<[String]>,
}

impl Regular {
    /// Compiles an expression of a field.
    pub(crate) fn new(
        field: &str,
        text: &str,
        flags: Flags,
        spending: &mut Spending<'_>,
    ) -> Result<Self, Reason> {
        spending.shared(text.len() * READING_BYTES)?;
        let refused = |why: &str| Reason::Regex {
            field: field.to_owned(),
            why: why.lines().last().unwrap_or_default().trim().to_owned(),
        };
        let hir = read(text, flags).map_err(|error| refused(&error.to_string()))?;
        let mut bytes_max = AUTOMATON_BYTES_MIN;
        loop {
            match build(&hir, bytes_max) {
                Ok(matcher) => {
                    let notes = 2 * notes_bytes(bytes_max) + BACKTRACK_BYTES;
                    spending.shared(matcher.memory_usage() + notes)?;
                    let needs = required::texts(&hir).into();
                    return Ok(Self { text: text.into(), matcher, needs });
                }
                Err(error) if error.size_limit().is_some() => spending.shared(bytes_max)?,
                Err(error) => return Err(refused(&error.to_string())),
            }
            if bytes_max >= AUTOMATON_BYTES_MAX {
                return Err(refused(&format!("compiles into more than {bytes_max} bytes")));
            }
            bytes_max *= GROWTH;
        }
    }

    /// Returns whether the expression matches somewhere in the value.
    pub(crate) fn is_in(&self, value: &str) -> bool {
        self.matcher.is_match(value)
    }

    /// Returns the expression as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the lower-case texts of which one occurs in every match; none if they are not known.
    pub(crate) fn needs(&self) -> &[String] {
        &self.needs
    }
}

/// What a search in one direction may note, beside an automaton of this size.
const fn notes_bytes(automaton_bytes: usize) -> usize {
    automaton_bytes + NOTES_BYTES
}

fn read(text: &str, flags: Flags) -> Result<Hir, Box<regex_syntax::Error>> {
    ParserBuilder::new()
        .case_insensitive(flags.insensitive)
        .multi_line(flags.multi_line)
        .dot_matches_new_line(flags.dot_all)
        .nest_limit(DEPTH_MAX)
        .build()
        .parse(text)
        .map_err(Box::new)
}

fn build(hir: &Hir, bytes_max: usize) -> Result<meta::Regex, Box<meta::BuildError>> {
    // Nobody asks where a match lies.
    let config = meta::Config::new()
        .match_kind(MatchKind::LeftmostFirst)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(bytes_max))
        .onepass_size_limit(Some(bytes_max))
        .hybrid_cache_capacity(notes_bytes(bytes_max));
    meta::Builder::new().configure(config).build_from_hir(hir).map_err(Box::new)
}
