//! Binary XML, the form in which Windows keeps events (MS-EVEN6 2.2.12), straight to fields.
//!
//! A record is a template and the values that go into its places. A template is read once and kept,
//! wherever it stands in later chunks ([`templates`], [`definition`]): [`token`] finds its elements,
//! [`compile`] makes a flat [`program`] of them, in which every step already knows the field it
//! writes. A record then only has to find its values ([`instance`]) and run the programs over them
//! ([`write`]). What stands in a record without a template goes the same way, with a program for it
//! alone.
//!
//! The fields are those that `crate::windows` makes of the same event told in JSON. Every offset,
//! size and depth comes from the file and may lie.

mod compile;
mod cursor;
mod definition;
mod digits;
mod instance;
mod names;
mod program;
mod templates;
mod text;
mod time;
mod token;
mod value;
mod write;

pub(crate) use cursor::Cursor;
pub(crate) use instance::Instances;
pub(crate) use time::filetime_us;
pub(crate) use token::Place;
pub(crate) use write::Fields;

use crate::problem::ProblemKind;

/// The deepest nesting of elements in one template; real ones need four.
const DEPTH_MAX: usize = 24;

/// The deepest nesting of templates in one another; real ones need two.
const NESTING_MAX: usize = 8;

/// The most values one event may have; the widest real ones have a few hundred.
const VALUES_MAX: usize = 4096;

/// The longest name of an element, an attribute or a field, in UTF-16 units and in bytes.
const NAME_MAX: usize = 256;

/// What one chunk may cost, in bytes of binary XML and of the templates kept of it, program steps
/// run and bytes of text written. A chunk of 64 KiB full of real events costs a tenth of it; one
/// that is made to unfold its templates over and over ends here.
const CHUNK_COST_MAX: usize = 4 * 1024 * 1024;

/// What a byte of a name costs: names outlive their chunk.
const NAME_COST: usize = 8;

/// Why a record could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("it ends in the middle of something")]
    Cut,
    #[error("0x{0:02x} is no binary xml token")]
    Token(u8),
    #[error("0x{0:02x} is no value type")]
    ValueType(u8),
    #[error("its elements do not nest")]
    Nesting,
    #[error("it has no system part")]
    NoSystem,
    #[error("nested deeper than {DEPTH_MAX} elements or {NESTING_MAX} templates")]
    TooDeep,
    #[error("more than {VALUES_MAX} values")]
    TooManyValues,
    #[error("a name longer than {NAME_MAX}")]
    LongName,
    #[error("its chunk unfolds to more than {CHUNK_COST_MAX} bytes")]
    Bomb,
    #[error("no record where one should begin")]
    NoRecord,
}

impl Flaw {
    pub(crate) fn kind(self) -> ProblemKind {
        match self {
            Self::TooDeep | Self::TooManyValues | Self::LongName | Self::Bomb => {
                ProblemKind::OverLimit
            }
            _ => ProblemKind::Corrupt,
        }
    }
}

/// What is left of [`CHUNK_COST_MAX`].
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn of_a_chunk() -> Self {
        Self(CHUNK_COST_MAX)
    }

    pub(crate) fn spent(&self) -> usize {
        CHUNK_COST_MAX - self.0
    }

    fn left(&self) -> usize {
        self.0
    }

    fn spend(&mut self, cost: usize) -> Result<(), Flaw> {
        self.0 = self.0.checked_sub(cost).ok_or(Flaw::Bomb)?;
        Ok(())
    }

    /// Spends what may be more than is left.
    fn spend_up_to(&mut self, cost: usize) {
        self.0 = self.0.saturating_sub(cost);
    }
}
