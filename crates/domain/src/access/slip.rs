//! Activation slips: how an officer gets into an account for the first time.

use crate::refusal::{Code, Refusal};
use crate::time::{DAY, Micros};

/// How long an activation slip opens an account.
pub const SLIP_TERM: Micros = 7 * DAY;

/// A printed slip that lets its owner set a first password, or a new one after a call-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slip {
    /// When it was printed.
    pub issued_at: Micros,
    /// When it was used, if it was.
    pub used_at: Option<Micros>,
    /// Whether a newer slip took its place.
    pub replaced: bool,
}

impl Slip {
    /// Returns the slip used at `now`: once, within its term, unless a newer one exists.
    pub fn redeem(self, now: Micros) -> Result<Self, Refusal> {
        if self.used_at.is_some() {
            return Err(Refusal::new(Code::SlipUsed));
        }
        if self.replaced {
            return Err(Refusal::new(Code::SlipReplaced));
        }
        if now >= self.issued_at.saturating_add(SLIP_TERM) {
            return Err(Refusal::new(Code::SlipExpired));
        }
        Ok(Self { used_at: Some(now), ..self })
    }
}
