//! Incidents: from the verified sign to the closing (letters S0, S1, S2: tiếp nhận, phối hợp đánh
//! giá, xử lý, khắc phục). *Xác minh* opens one or joins a running one; its unit gets a task; it
//! closes only with the leak-risk verdict and with no task left open.
//!
//! What this slice does not do: reporting upward to the national centres is not built yet; its
//! clocks run until the report that left by another way is recorded with its number.

pub mod api;
pub mod clock;
mod first_task;
pub mod law;
mod mark;
pub mod page;
mod sheet;
pub mod store;
pub mod verify;
mod work;

pub use work::{act, add_party, give_task, merge, resend, unmerge};

use khien_domain::access::Action;

use crate::openapi::named;
use crate::router::{Doc, Route, Sample};
use crate::web::guard::Audience::{May, Member};

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    use Sample::Incident as One;
    let lead = May(Action::LeadIncident);
    let close = May(Action::CloseIncident);
    let verify = May(Action::VerifySignal);
    vec![
        Route::get("/signals/{id}/verify", verify, Sample::Signal, verify::form),
        Route::post("/signals/{id}/verify", verify, Sample::Signal, verify::decide),
        Route::get("/incidents", Member, Sample::None, page::list),
        Route::get("/incidents/{id}", Member, One, page::show),
        Route::post("/incidents/{id}/contain", lead, One, page::contain),
        Route::post("/incidents/{id}/recover", lead, One, page::recover),
        Route::post("/incidents/{id}/resolve", lead, One, page::resolve),
        Route::post("/incidents/{id}/step-back", lead, One, page::step_back),
        Route::post("/incidents/{id}/verdict", May(Action::GiveVerdict), One, page::judge),
        Route::post("/incidents/{id}/reports", lead, One, law::report),
        Route::post("/incidents/{id}/close", close, One, page::close),
        Route::post("/incidents/{id}/reopen", close, One, page::reopen),
        Route::post("/incidents/{id}/void", close, One, page::void),
        Route::post("/incidents/{id}/merge", close, One, page::merge),
        Route::post("/incidents/{id}/unmerge", close, One, page::unmerge),
        Route::post("/incidents/{id}/parties", May(Action::AddParty), One, page::add_party),
        Route::post("/incidents/{id}/tasks", May(Action::GiveTask), One, page::give_task),
        // A deed on a task, but its new unit becomes a party of the incident.
        Route::post("/tasks/{id}/resend", May(Action::JudgeTask), Sample::Task, page::resend),
        Route::get("/api/v1/incidents", Member, Sample::None, api::list).doc(Doc {
            summary: "Incidents that the caller may know of, newest first.",
            body: None,
            answer: Some(named::<api::IncidentList>),
        }),
    ]
}
