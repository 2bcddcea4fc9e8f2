//! Signals: whatever arrives and wants a person, until somebody has decided about it.
//!
//! A signal's body never changes; a report that was given back is filed anew. Hits of one story
//! join one signal, so that a storm of alerts is one line on the duty board. The report that a
//! unit files asks four things, as letter S0 does, and only the technical facts are optional:
//! people who telephone at night must not be asked for a hash.

use serde::{Deserialize, Serialize};

use crate::asset::host_key;
use crate::coded::coded;
use crate::fact::Fact;
use crate::id::{AssetId, MatterId, SignalId, SourceId, UnitId};
use crate::refusal::{Code, Refusal};
use crate::text;
use crate::time::{DAY, Micros, to_the_minute, within_future_tolerance};

coded! {
    /// What sort of signal it is.
    Kind {
        /// Hits of detection rules.
        Alert = "alert",
        /// A unit's report.
        Report = "report",
        /// A complaint about a number, a message, a page.
        Complaint = "complaint",
        /// A published warning about a weakness.
        Warning = "warning",
        /// A finding of a scan.
        ScanHit = "scan_hit",
        /// A notice from a national centre.
        NationalNotice = "national_notice",
    }
}

coded! {
    /// How loud a signal is; the words are those of the Sigma rules.
    Level {
        /// Worth knowing.
        Informational = "informational",
        /// Hardly worth a look.
        Low = "low",
        /// Worth a look.
        Medium = "medium",
        /// Wants a person.
        High = "high",
        /// Wants a person now.
        Critical = "critical",
    }
}

coded! {
    /// Where a signal stands.
    State {
        /// Nobody has decided yet.
        Received = "received",
        /// Part of a matter that already ran.
        Joined = "joined",
        /// Opened a matter of its own.
        Opened = "opened",
        /// Set aside with a reason.
        Dismissed = "dismissed",
        /// Given back to its sender, who files anew.
        Returned = "returned",
    }
}

coded! {
    /// Why a signal was set aside.
    DismissReason {
        /// The rule fired on something harmless.
        FalsePositive = "false_positive",
        /// A drill or a test.
        Test = "test",
        /// Work that was announced.
        PlannedWork = "planned_work",
        /// The same thing is handled elsewhere.
        Duplicate = "duplicate",
        /// Nobody of this province is concerned.
        NotOurs = "not_ours",
        /// Anything else, in words.
        Other = "other",
    }
}

/// Returns whether a new signal waits for a person, rather than only being counted.
pub const fn waits_for_person(kind: Kind, level: Level) -> bool {
    match kind {
        Kind::Report | Kind::Complaint | Kind::Warning | Kind::NationalNotice => true,
        Kind::Alert | Kind::ScanHit => matches!(level, Level::High | Level::Critical),
    }
}

/// A signal as far as its states need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// Its id.
    pub id: SignalId,
    /// The unit that it concerns.
    pub unit: UnitId,
    /// Where it stands.
    pub state: State,
    /// The matter that it joined or opened.
    pub matter: Option<MatterId>,
}

/// What can be done to a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// It belongs to a matter that already runs.
    Join(MatterId),
    /// It opens this new matter.
    Open(MatterId),
    /// Set it aside.
    Dismiss {
        /// Why.
        reason: DismissReason,
        /// The reason in words, which [`DismissReason::Other`] demands.
        note: String,
    },
    /// Give it back to its sender.
    Return {
        /// What is missing.
        reason: String,
    },
    /// It was joined or dismissed wrongly and waits again.
    Reopen {
        /// Why.
        reason: String,
    },
}

impl Deed {
    /// Returns the deed's short name, for refusals and the journal.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Join(_) => "join",
            Self::Open(_) => "open",
            Self::Dismiss { .. } => "dismiss",
            Self::Return { .. } => "return",
            Self::Reopen { .. } => "reopen",
        }
    }
}

impl Signal {
    /// Returns a signal that has just arrived, with its facts.
    pub fn receive(id: SignalId, unit: UnitId, kind: Kind) -> (Self, Vec<Fact>) {
        let mut facts = vec![Fact::SignalReceived { signal: id, unit }];
        if kind == Kind::Report {
            facts.push(Fact::ReportFiled { signal: id, unit });
        }
        (Self { id, unit, state: State::Received, matter: None }, facts)
    }

    /// Returns the signal after the deed with its facts, or why the deed is refused.
    pub fn step(&self, deed: &Deed) -> Result<(Self, Vec<Fact>), Refusal> {
        let (signal, unit) = (self.id, self.unit);
        let (state, matter, fact) = match (self.state, deed) {
            (State::Received, &Deed::Join(matter)) => {
                (State::Joined, Some(matter), Fact::SignalJoined { signal, matter })
            }
            (State::Received, &Deed::Open(matter)) => {
                (State::Opened, Some(matter), Fact::SignalOpened { signal, matter })
            }
            (State::Received, Deed::Dismiss { reason, note }) => {
                check_dismissal(*reason, note)?;
                (State::Dismissed, None, Fact::SignalDismissed { signal, unit })
            }
            (State::Received, Deed::Return { reason }) => {
                text::reason(reason)?;
                (State::Returned, None, Fact::SignalReturned { signal, unit })
            }
            (State::Joined | State::Dismissed, Deed::Reopen { reason }) => {
                text::reason(reason)?;
                (State::Received, None, Fact::SignalReceived { signal, unit })
            }
            _ => {
                return Err(Refusal::new(Code::SignalStep)
                    .arg("state", self.state)
                    .arg("deed", deed.name()));
            }
        };
        Ok((Self { state, matter, ..*self }, vec![fact]))
    }
}

fn check_dismissal(reason: DismissReason, note: &str) -> Result<(), Refusal> {
    if reason == DismissReason::Other || !note.trim().is_empty() {
        text::reason(note)?;
    }
    Ok(())
}

/// How long an alert stays one story after its last hit.
pub const STORY_TERM: Micros = DAY;

/// Where the hits of an alert happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// On a known asset.
    Asset(AssetId),
    /// On a host that no asset claims, as this source names it.
    Host(SourceId, &'a str),
}

/// Returns the key under which hits of one story meet: (family, asset or source + host).
///
/// The family comes last, so that no spelling of it can imitate another place.
pub fn alert_key(family: &str, place: Place<'_>) -> String {
    match place {
        Place::Asset(asset) => format!("asset/{asset}/{family}"),
        Place::Host(source, host) => {
            format!("host/{source}/{}/{family}", host_key(host).replace('/', "_"))
        }
    }
}

/// Returns whether a hit at `hit_at` still belongs to the alert, rather than starting a new one.
///
/// It does until the alert is dismissed or given back, its incident is over, or a day has passed
/// without a hit. A hit older than the last one (a slow source) belongs by the same distance.
pub const fn absorbs(
    state: State,
    incident_is_over: bool,
    last_hit_at: Micros,
    hit_at: Micros,
) -> bool {
    let alive = match state {
        State::Received => true,
        State::Joined | State::Opened => !incident_is_over,
        State::Dismissed | State::Returned => false,
    };
    alive && hit_at.abs_diff(last_hit_at) <= STORY_TERM.unsigned_abs()
}

coded! {
    /// The eight signs that a report offers to tap.
    Sign {
        /// Files cannot be opened, names changed, a ransom note.
        FilesLocked = "files_locked",
        /// A page shows what nobody put there.
        PageChanged = "page_changed",
        /// A log-in that nobody made, an account taken over.
        StrangeLogin = "strange_login",
        /// A service is slow or gone.
        ServiceDown = "service_down",
        /// A suspicious mail, link or call.
        SuspiciousMessage = "suspicious_message",
        /// The anti-virus program raised its voice.
        AntivirusAlert = "antivirus_alert",
        /// Data or documents seem to have got out.
        DataLeak = "data_leak",
        /// The machine behaves strangely.
        StrangeMachine = "strange_machine",
    }
}

/// How far back a report may lie.
pub const REPORT_AGE_MAX: Micros = 366 * DAY;

/// The four facts of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFacts {
    /// When it was detected, to the minute.
    pub detected_at: Micros,
    /// The signs that were tapped.
    pub signs: Vec<Sign>,
    /// The signs in words.
    pub signs_text: Option<String>,
    /// The system or device, if it is a known one.
    pub asset: Option<AssetId>,
    /// The system or device in words; "không rõ" is an answer.
    pub system_text: Option<String>,
    /// Technical facts, if there are any.
    pub technical: Option<String>,
}

impl ReportFacts {
    /// Returns the facts in their stored form, or what is missing: time, a sign, a system.
    pub fn checked(self, now: Micros) -> Result<Self, Refusal> {
        let clean = |field, text: Option<String>| {
            text.map_or(Ok(None), |text| text::optional_body(field, &text))
        };
        let mut facts = Self {
            detected_at: check_detected_at(self.detected_at, now)?,
            signs_text: clean("signs", self.signs_text)?,
            system_text: clean("system", self.system_text)?,
            technical: clean("technical", self.technical)?,
            ..self
        };
        facts.signs.sort_unstable();
        facts.signs.dedup();
        if facts.signs.is_empty() && facts.signs_text.is_none() {
            return Err(Refusal::new(Code::SignsMissing));
        }
        if facts.asset.is_none() && facts.system_text.is_none() {
            return Err(Refusal::new(Code::SystemMissing));
        }
        Ok(facts)
    }
}

/// Returns a time of detection cut to the minute; it lies in the past year.
pub fn check_detected_at(detected_at: Micros, now: Micros) -> Result<Micros, Refusal> {
    if !within_future_tolerance(detected_at, now) {
        return Err(Refusal::new(Code::DetectedInFuture));
    }
    if detected_at < now.saturating_sub(REPORT_AGE_MAX) {
        return Err(Refusal::new(Code::DetectedTooOld));
    }
    Ok(to_the_minute(detected_at))
}

#[cfg(test)]
mod tests;
