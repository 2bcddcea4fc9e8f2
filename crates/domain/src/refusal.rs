//! A rule said no.
//!
//! A refusal is not an error of the program: it is an answer to a person, so it carries a code
//! and arguments, and the words live in the `.ftl` files under `refusal-<code>`. The codes are an
//! enum, so that one without an entry in [`CODES`] cannot be written.

use std::fmt;

use crate::coded::coded;

coded! {
    /// Every reason for which a rule of the house says no.
    Code {
        /// The person's roles do not include this action.
        RoleMayNot = "role-may-not",
        /// The role fits, but the unit lies outside the person's grants.
        UnitNotYours = "unit-not-yours",
        /// The same person may not propose and approve.
        FourEyes = "four-eyes",
        /// A role that reads matters is granted only once a second person agrees.
        GrantDecided = "grant-decided",
        /// The role may not be given so deep a reading right.
        CeilingTooDeep = "ceiling-too-deep",
        /// The password has too few characters.
        PasswordShort = "password-short",
        /// The password is longer than the server hashes.
        PasswordLong = "password-long",
        /// The password holds the log-in name.
        PasswordIsLogin = "password-is-login",
        /// The password is one that guessers try first.
        PasswordCommon = "password-common",
        /// A log-in name is malformed.
        LoginMalformed = "login-malformed",
        /// The log-in name belongs to another account.
        LoginTaken = "login-taken",
        /// A slip for a known account was asked for without calling its owner back.
        NotCalledBack = "not-called-back",
        /// The activation slip is too old, was used or replaced, or never was one.
        SlipExpired = "slip-expired",

        /// A unit's code is malformed.
        UnitCodeMalformed = "unit-code-malformed",
        /// Two units carry the same code.
        UnitCodeTwice = "unit-code-twice",
        /// Two units carry the same id.
        UnitIdTwice = "unit-id-twice",
        /// A unit names a parent or successor that does not exist.
        UnitUnknown = "unit-unknown",
        /// Parents or successors run in a circle.
        UnitCircle = "unit-circle",
        /// A unit ends before it begins.
        UnitDatesCrossed = "unit-dates-crossed",
        /// The unit has been dissolved already.
        UnitDissolved = "unit-dissolved",
        /// The successor does not exist at that time.
        SuccessorNotThere = "successor-not-there",
        /// More units than the tree takes.
        TooManyUnits = "too-many-units",
        /// A telephone number that nobody in Viet Nam can dial.
        PhoneMalformed = "phone-malformed",
        /// A mail address is malformed.
        EmailMalformed = "email-malformed",
        /// A contact can be reached by nothing.
        ContactUnreachable = "contact-unreachable",

        /// A required text is empty.
        TextMissing = "text-missing",
        /// A text is longer than its bound.
        TextLong = "text-long",
        /// A text holds control characters.
        TextControl = "text-control",
        /// A reason must be written for this step.
        ReasonMissing = "reason-missing",

        /// An asset's name is no domain, number or account.
        AssetNameMalformed = "asset-name-malformed",
        /// A level outside 1 to 5.
        AssetLevelOutside = "asset-level-outside",
        /// A level or type on something that is no information system.
        AssetNotSystem = "asset-not-system",
        /// An information system without its type.
        AssetTypeMissing = "asset-type-missing",
        /// A host name or address is malformed.
        HostMalformed = "host-malformed",
        /// A host name or address that leads to another asset already.
        HostTaken = "host-taken",
        /// No asset of the unit has this host name or address.
        AssetUnknown = "asset-unknown",
        /// More host names or addresses than one asset may have.
        TooManyHosts = "too-many-hosts",

        /// The signal cannot make this step from its state.
        SignalStep = "signal-step",
        /// The time of detection lies in the future.
        DetectedInFuture = "detected-in-future",
        /// The time of detection is more than a year ago.
        DetectedTooOld = "detected-too-old",
        /// The report says no sign.
        SignsMissing = "signs-missing",
        /// The report names no system or device.
        SystemMissing = "system-missing",

        /// The matter already has this party.
        PartyTwice = "party-twice",
        /// A matter has exactly one lead.
        LeadTwice = "lead-twice",
        /// The lead must read everything.
        LeadTooShallow = "lead-too-shallow",
        /// More parties than one matter may have.
        TooManyParties = "too-many-parties",
        /// A number that belongs to no series.
        NumberMalformed = "number-malformed",

        /// The incident cannot make this step from its state.
        IncidentStep = "incident-step",
        /// Closing needs the leak-risk verdict.
        VerdictMissing = "verdict-missing",
        /// "Unclear" is no verdict to close on.
        VerdictUnclear = "verdict-unclear",
        /// Tasks of the incident are still open.
        TasksOpen = "tasks-open",
        /// A report that the law wants is not made, and the closer does not say why.
        ReportsOwed = "reports-owed",
        /// The incident has no term of this code.
        ReportTerm = "report-term",
        /// A statutory report cannot have been made at that time.
        ReportTime = "report-time",
        /// An incident cannot be merged into itself.
        MergeIntoSelf = "merge-into-self",
        /// The incident to merge into is over itself.
        MergeIntoOver = "merge-into-over",

        /// The file's key was destroyed: nobody can open it again.
        EvidenceDestroyed = "evidence-destroyed",
        /// The file is gone from the disk or damaged there.
        EvidenceUnreadable = "evidence-unreadable",

        /// The task cannot make this step from its state.
        TaskStep = "task-step",
        /// The answer is not of the kind that the task asks for.
        AnswerKind = "answer-kind",
        /// The answer's number does not add up.
        AnswerNumber = "answer-number",
        /// The answer's list is empty or too long.
        AnswerList = "answer-list",
        /// The task asks for a file and none is attached.
        AnswerFileMissing = "answer-file-missing",
        /// Neither a text nor a file proves the answer.
        ProofMissing = "proof-missing",
        /// The exemption ends before it begins, or too late.
        ExemptionTerm = "exemption-term",
        /// The exemption still runs.
        ExemptionRuns = "exemption-runs",
        /// The due time lies in the past or too far ahead.
        DueOutside = "due-outside",

        /// A rule pack's term is malformed.
        PackMalformed = "pack-malformed",
        /// The correction has been decided already.
        CorrectionDecided = "correction-decided",
        /// The correction changes nothing.
        CorrectionSame = "correction-same",

        /// A file's name is unusable.
        FileNameMalformed = "file-name-malformed",
        /// A file is empty.
        FileEmpty = "file-empty",
        /// A file is larger than its bound.
        FileTooLarge = "file-too-large",
        /// More files than one subject may hold.
        TooManyFiles = "too-many-files",

        /// A rule is suppressed for no time, or for too long.
        SuppressionTerm = "suppression-term",
        /// The suppression is over already.
        SuppressionOver = "suppression-over",
        /// So many rules are suppressed that one more is refused.
        TooManySuppressions = "too-many-suppressions",

        /// Another source has this name.
        SourceNameTaken = "source-name-taken",
        /// A network that is none.
        SourceNetworkMalformed = "source-network-malformed",
        /// A syslog source names no network, or too many.
        SourceNetworks = "source-networks",
    }
}

/// Every refusal code; the `.ftl` files hold `refusal-<code>` for each.
pub const CODES: &[&str] = &{
    let mut codes = [""; Code::ALL.len()];
    let mut index = 0;
    while index < codes.len() {
        codes[index] = Code::ALL[index].code();
        index += 1;
    }
    codes
};

/// The answer "no" with its reason: a code from [`CODES`] and the arguments of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The reason; `refusal-<code>` is the key of its text.
    pub code: &'static str,
    /// Named arguments of the text, never content of a matter.
    pub args: Vec<(&'static str, String)>,
}

impl Refusal {
    /// Returns a refusal without arguments.
    pub fn new(code: Code) -> Self {
        Self { code: code.code(), args: Vec::new() }
    }

    /// Returns the refusal with one more argument.
    #[must_use]
    pub fn arg(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// Returns whether this refusal has the given code.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.code()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {}", self.code)?;
        for (name, value) in &self.args {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_fit_a_fluent_key() {
        let unique: HashSet<_> = CODES.iter().collect();
        assert_eq!(unique.len(), CODES.len());
        for code in CODES {
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
        }
    }

    #[test]
    fn a_refusal_reads_as_code_and_arguments() {
        let refusal = Refusal::new(Code::TaskStep).arg("state", "sent").arg("deed", "accept");
        assert_eq!(refusal.to_string(), "refused: task-step state=sent deed=accept");
        assert!(refusal.is(Code::TaskStep));
    }
}
