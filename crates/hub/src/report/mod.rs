//! The report of an incident (letter S0: "thời điểm phát hiện, dấu hiệu, hệ thống, thông tin kỹ
//! thuật"): by the unit itself from a phone, by the desk for a unit that telephones, or on paper
//! when the network is down. A report is a signal that waits for the duty officer.
//!
//! What this slice does not do: decide about the report (signal, incident), and take reports of
//! strangers, which belong to the outer listener.

mod advice;
mod choices;
mod fields;
mod form;
mod on_behalf;
mod page;
mod paper;
pub mod store;

use khien_domain::access::Action;
use khien_domain::id::{PersonId, SignalId, UnitId};
use khien_domain::signal::{Kind, Level, ReportFacts, Sign, waits_for_person};
use khien_store::Write;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::access;
use crate::app::App;
use crate::evidence::form::UPLOAD_BYTES_MAX;
use crate::evidence::store::Holder;
use crate::evidence::{self, Stored};
use crate::fault::Fault;
use crate::router::{Route, Sample};
use crate::signal;
use crate::web::guard::Audience::{May, Member, Stranger};
use crate::web::i18n::Lang;
use crate::web::view::Caller;

pub use page::call_duty;

/// Characters of a report's own words that a list shows.
const TITLE_CHARS_MAX: usize = 120;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    const OWN: Action = Action::FileReport;
    const OTHERS: Action = Action::EnterReportOnBehalf;
    vec![
        Route::get("/report", May(OWN), Sample::None, page::show),
        Route::post("/report", May(OWN), Sample::None, page::send).body_limit(UPLOAD_BYTES_MAX),
        Route::get("/report/{id}/sent", Member, Sample::Signal, page::sent),
        Route::get("/report/on-behalf", May(OTHERS), Sample::None, on_behalf::show),
        Route::post("/report/on-behalf", May(OTHERS), Sample::None, on_behalf::send),
        Route::get("/report/paper", Stranger, Sample::None, paper::show),
    ]
}

/// Who told the desk of an incident, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Teller {
    /// The name.
    pub name: String,
    /// The telephone number in its stored form; a paper may lack one.
    pub phone: Option<String>,
    /// How the report came: a code of [`WAYS`].
    pub way: String,
}

/// How a report reaches the desk; the words are `report-way-<code>`.
pub const WAYS: &[&str] = &["telephone", "mail", "paper"];

/// A report that is ready to be filed.
#[derive(Clone, Debug)]
pub struct Filing {
    /// The unit that reports.
    pub unit: UnitId,
    /// Its four facts, checked.
    pub facts: ReportFacts,
    /// Who told the desk, when it is entered on behalf of the unit.
    pub teller: Option<Teller>,
    /// Pictures and files that were sent along, stored already.
    pub files: Vec<Stored>,
    /// The key of the form, so that sending it twice is once.
    pub form_key: Uuid,
}

impl Filing {
    /// Returns which right the caller needs over the unit.
    const fn action(&self) -> Action {
        if self.teller.is_some() { Action::EnterReportOnBehalf } else { Action::FileReport }
    }
}

/// Files a report as a signal that waits; a form that was sent before leads to its first signal.
/// Its files stay only with a new report.
///
/// # Errors
/// [`Fault::Forbidden`] when the unit is not the caller's to report for; [`Fault::NotFound`] when
/// there is no such unit now.
pub async fn file(app: &App, caller: &Caller, filing: Filing) -> Result<SignalId, Fault> {
    let id = SignalId::new(app.new_id());
    let files = filing.files.clone();
    let filed = file_as(app, caller, id, filing).await;
    if !matches!(filed, Ok(filed) if filed == id) {
        evidence::discard(app, &files).await;
    }
    filed
}

async fn file_as(
    app: &App,
    caller: &Caller,
    id: SignalId,
    filing: Filing,
) -> Result<SignalId, Fault> {
    let mut write = app.db.write().await?;
    access::demand(app, &mut write, caller, filing.action(), filing.unit).await?;
    if let Some(first) = signal::store::by_form(&mut write, filing.form_key).await? {
        return Ok(first);
    }
    let tree = crate::unit::store::tree(&mut write).await?;
    let now = app.now();
    tree.get(filing.unit).filter(|unit| unit.exists(now)).ok_or(Fault::NotFound)?;
    let (unit, files) = (filing.unit, filing.files.clone());
    take_in(app, &mut write, caller, id, filing, now).await?;
    evidence::attach(app, &mut write, caller, &files, Holder::Signal(id), unit).await?;
    app.commit(write).await?;
    Ok(id)
}

async fn take_in(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    id: SignalId,
    filing: Filing,
    now: i64,
) -> Result<String, Fault> {
    let Filing { unit, facts, teller, form_key, .. } = filing;
    let level = level(&facts.signs);
    let person: PersonId = caller.person.id;
    let (reporter, entered_by) =
        if teller.is_some() { (None, Some(person)) } else { (Some(person), None) };
    let new = signal::store::NewSignal {
        id,
        kind: Kind::Report,
        level,
        unit,
        asset: facts.asset,
        source: None,
        title: title(&facts),
        body: json!({ "report": facts, "reporter_unit": unit, "teller": teller }),
        live_key: None,
        seen_count: 1,
        waits: waits_for_person(Kind::Report, level),
        happened_at: None,
        detected_at: facts.detected_at,
        received_at: now,
        last_seen_at: now,
        reporter,
        entered_by,
        form_key: Some(form_key),
    };
    signal::receive(app, write, &new, caller.actor()).await
}

/// Returns how loud a report is: what spreads or shames by the minute is critical.
fn level(signs: &[Sign]) -> Level {
    let spreads =
        |sign: &Sign| matches!(sign, Sign::FilesLocked | Sign::DataLeak | Sign::PageChanged);
    if signs.iter().any(spreads) { Level::Critical } else { Level::High }
}

/// Returns the line that lists show. It is stored, so that it is worded once, in Vietnamese.
fn title(facts: &ReportFacts) -> String {
    let signs: Vec<String> =
        facts.signs.iter().map(|sign| Lang::Vi.t(&format!("sign-{sign}"))).collect();
    if !signs.is_empty() {
        return signs.join("; ");
    }
    let own = facts.signs_text.as_deref().unwrap_or_default();
    let line = own.lines().next().unwrap_or_default();
    if line.chars().count() <= TITLE_CHARS_MAX {
        return line.to_owned();
    }
    let cut: String = line.chars().take(TITLE_CHARS_MAX).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(signs: &[Sign], text: Option<&str>) -> ReportFacts {
        ReportFacts {
            detected_at: 0,
            signs: signs.to_vec(),
            signs_text: text.map(str::to_owned),
            asset: None,
            system_text: Some("máy văn thư".into()),
            technical: None,
        }
    }

    #[test]
    fn what_spreads_is_critical() {
        assert_eq!(level(&[Sign::SuspiciousMessage, Sign::FilesLocked]), Level::Critical);
        assert_eq!(level(&[Sign::DataLeak]), Level::Critical);
        assert_eq!(level(&[Sign::StrangeMachine]), Level::High);
        assert_eq!(level(&[]), Level::High);
    }

    #[test]
    fn a_title_is_made_of_the_signs_or_of_the_first_words() {
        let tapped = facts(&[Sign::PageChanged, Sign::ServiceDown], Some("không vào được"));
        assert_eq!(title(&tapped), "Trang web bị thay đổi; Dịch vụ chậm hoặc ngừng");
        assert_eq!(title(&facts(&[], Some("Máy kêu lạ\ntừ sáng"))), "Máy kêu lạ");
        let long = "a".repeat(TITLE_CHARS_MAX + 1);
        assert_eq!(title(&facts(&[], Some(&long))).chars().count(), TITLE_CHARS_MAX + 1);
    }
}
