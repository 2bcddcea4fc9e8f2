//! A statutory report that was made: under which number, when, and who says so.
//!
//! The link to the national centres is not built yet, so that a report leaves by other ways (an
//! official letter, the centre's portal, its hotline) and is recorded here with the number under
//! which an inspector finds it there. Recording it stops its clock; nothing else does.

use serde::{Deserialize, Serialize};

use super::Clock;
use crate::id::PersonId;
use crate::refusal::{Code, Refusal};
use crate::text;
use crate::time::{Micros, to_the_minute, within_future_tolerance};

/// One report that the law wanted and that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LawReport {
    /// The code of the term that it fulfils.
    pub term: String,
    /// Its number in somebody else's books: an official letter, a ticket of the national portal.
    pub number: String,
    /// When it was made, to the minute.
    pub made_at: Micros,
    /// Who recorded it.
    pub by: PersonId,
    /// That person's name then.
    pub by_name: String,
    /// When it was recorded.
    pub recorded_at: Micros,
}

impl LawReport {
    /// Returns the report in its stored form, or why it cannot be one for an incident that was
    /// detected at `detected_at` and has these clocks.
    ///
    /// # Errors
    /// The incident has no such term; no number; made before the detection or in the future.
    pub fn checked(self, clocks: &[Clock], detected_at: Micros) -> Result<Self, Refusal> {
        if !clocks.iter().any(|clock| clock.code == self.term) {
            return Err(Refusal::new(Code::ReportTerm));
        }
        let number = text::line("number", &self.number, text::NAME_CHARS_MAX)?;
        let made_at = to_the_minute(self.made_at);
        if made_at < to_the_minute(detected_at)
            || !within_future_tolerance(made_at, self.recorded_at)
        {
            return Err(Refusal::new(Code::ReportTime));
        }
        Ok(Self { number, made_at, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY, HOUR, MINUTE};
    use uuid::Uuid;

    const NOW: Micros = 20_000 * DAY;
    const DETECTED: Micros = NOW - 5 * HOUR;

    fn made(term: &str, number: &str, made_at: Micros) -> Result<LawReport, Refusal> {
        let clock = Clock { code: "full_report".into(), due: NOW, met_at: None };
        let report = LawReport {
            term: term.into(),
            number: number.into(),
            made_at,
            by: PersonId::new(Uuid::from_u128(1)),
            by_name: "Điều phối".into(),
            recorded_at: NOW,
        };
        report.checked(&[clock], DETECTED)
    }

    #[test]
    fn a_report_fulfils_a_term_of_the_incident_under_a_number() {
        let report = made("full_report", " 123/BC-CAT ", NOW - HOUR + 7).unwrap();
        assert_eq!((report.number.as_str(), report.made_at), ("123/BC-CAT", NOW - HOUR));
        assert!(made("first_notice", "1", NOW).unwrap_err().is(Code::ReportTerm));
        assert!(made("full_report", "  ", NOW).unwrap_err().is(Code::TextMissing));
    }

    #[test]
    fn a_report_is_made_between_the_detection_and_now() {
        assert!(made("full_report", "1", DETECTED).is_ok());
        assert!(made("full_report", "1", NOW + 5 * MINUTE).is_ok(), "another clock runs fast");
        for at in [DETECTED - MINUTE, NOW + 6 * MINUTE] {
            assert!(made("full_report", "1", at).unwrap_err().is(Code::ReportTime));
        }
    }
}
