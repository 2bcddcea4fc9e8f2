//! Signals: whatever arrives and wants a person (letters S0, S1: dấu hiệu bất thường, cảnh báo
//! được xác minh). An alert, a report or a notice waits here until somebody decides.
//!
//! What this slice does not do: opening or joining an incident (*xác minh*) is the deed of the
//! incident slice above, and making alerts of hits is the deed of detection.

pub mod api;
pub mod page;
pub mod store;

use khien_domain::access::Action;
use khien_domain::id::{SignalId, UnitId};
use khien_domain::marking::Marking;
use khien_domain::matter::Series;
use khien_domain::signal::{Deed, Signal};
use khien_store::{NewEntry, Write};
use serde_json::{Value, json};

use crate::access;
use crate::app::App;
use crate::fault::Fault;
use crate::number;
use crate::openapi::named;
use crate::router::{Doc, Route, Sample};
use crate::web::guard::Audience::{May, Member};
use crate::web::view::Caller;
use store::NewSignal;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    use Sample::Signal as One;
    vec![
        Route::get("/signals", Member, Sample::None, page::list),
        Route::get("/signals/{id}", Member, One, page::show),
        Route::post("/signals/{id}/dismiss", May(Action::DismissSignal), One, page::dismiss),
        Route::post("/signals/{id}/return", May(Action::ReturnSignal), One, page::give_back),
        Route::post("/signals/{id}/reopen", May(Action::VerifySignal), One, page::reopen),
        Route::get("/api/v1/signals", Member, Sample::None, api::list).doc(Doc {
            summary: "Signals that the caller may know of, newest first.",
            body: None,
            answer: Some(named::<api::SignalList>),
        }),
    ]
}

/// Returns how far the content of a signal may be passed on, where the source of its indicator
/// says it.
pub fn marking(body: &Value) -> Option<Marking> {
    body.pointer("/indicator/tlp")?.as_str()?.strip_prefix("TLP:")?.parse().ok()
}

/// Takes in a new signal: number, row, journal line and facts; returns its number. `actor` is who
/// or what saw it.
///
/// # Errors
/// When the store fails.
pub async fn receive(
    app: &App,
    write: &mut Write,
    signal: &NewSignal,
    actor: String,
) -> Result<String, Fault> {
    let number = number::next(write, Series::Signal, signal.received_at).await?.to_string();
    store::insert(write, signal, &number).await?;
    write.record(NewEntry {
        at: signal.received_at,
        actor,
        action: "signal.receive",
        subject: format!("signal:{}", signal.id),
        body: json!({ "number": number, "kind": signal.kind, "level": signal.level,
                      "unit": signal.unit, "title": signal.title }),
    });
    let (_, facts) = Signal::receive(signal.id, signal.unit, signal.kind);
    app.tell(write, facts);
    Ok(number)
}

/// Does one deed to a signal that the caller may see and may decide about.
///
/// # Errors
/// [`Fault::NotFound`], [`Fault::Forbidden`], or the domain's refusal.
pub async fn decide(
    app: &App,
    caller: &Caller,
    id: SignalId,
    action: Action,
    deed: &Deed,
) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let row = store::find(&mut write, caller.person.id, id).await?.ok_or(Fault::NotFound)?;
    access::demand(app, &mut write, caller, action, UnitId::new(row.unit)).await?;
    step(app, &mut write, caller, &row, deed).await?;
    app.commit(write).await?;
    Ok(())
}

/// Moves a signal inside the caller's transaction, with its journal line and facts.
///
/// # Errors
/// The domain's refusal, or when the store fails.
pub async fn step(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    row: &store::SignalRow,
    deed: &Deed,
) -> Result<(), Fault> {
    let before = row.noun()?;
    let (after, facts) = before.step(deed)?;
    let reason = reason(deed);
    store::save(write, &after, reason.as_deref()).await?;
    write.record(NewEntry {
        at: app.now(),
        actor: caller.actor(),
        action: entry_action(deed),
        subject: format!("signal:{}", row.id),
        body: json!({ "number": row.number, "before": before.state, "after": after.state,
                      "matter": after.matter, "reason": reason }),
    });
    app.tell(write, facts);
    Ok(())
}

fn reason(deed: &Deed) -> Option<String> {
    match deed {
        Deed::Dismiss { reason, note } if note.trim().is_empty() => Some(reason.code().to_owned()),
        Deed::Dismiss { reason, note } => Some(format!("{reason}: {}", note.trim())),
        Deed::Return { reason } | Deed::Reopen { reason } => Some(reason.trim().to_owned()),
        Deed::Join(_) | Deed::Open(_) => None,
    }
}

fn entry_action(deed: &Deed) -> &'static str {
    match deed {
        Deed::Join(_) => "signal.join",
        Deed::Open(_) => "signal.open",
        Deed::Dismiss { .. } => "signal.dismiss",
        Deed::Return { .. } => "signal.return",
        Deed::Reopen { .. } => "signal.reopen",
    }
}
