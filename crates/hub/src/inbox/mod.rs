//! The in-app inbox: who is told of what, without telling what is in it.
//!
//! A message carries number, level, action and link, never content (design invariant 9); a strict
//! matter tells nothing at all. Whoever follows the link reads under their own rights.

pub mod page;
pub mod store;

use khien_domain::access::Action;
use khien_domain::fact::Fact;
use khien_domain::id::{MatterId, PersonId, SignalId, TaskId, UnitId};
use khien_store::{Conn, Write};
use uuid::Uuid;

use crate::app::App;
use crate::fault::Fault;
use crate::router::{Route, Sample};
use crate::web::guard::Audience::Member;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/inbox", Member, Sample::None, page::list),
        Route::post("/inbox/{id}/read", Member, Sample::Message, page::read),
        Route::post("/inbox/read-all", Member, Sample::None, page::read_all),
    ]
}

/// Returns how many messages a person has not read.
///
/// # Errors
/// When the store fails.
pub async fn unread(conn: &mut Conn, person: PersonId) -> Result<i64, Fault> {
    store::unread(conn, person).await
}

/// Whom a fact concerns: what it is about, and who at which unit may act on it.
enum Audience {
    Signal(SignalId, UnitId, Action),
    Incident(MatterId, UnitId, Action),
    Task(TaskId, UnitId, Action),
    TaskLead(TaskId, MatterId, Action),
    /// Whoever may approve grants where the person works, and the person.
    Account(PersonId, UnitId),
}

fn audience(fact: &Fact) -> Option<Audience> {
    Some(match *fact {
        Fact::SignalReceived { signal, unit } => {
            Audience::Signal(signal, unit, Action::VerifySignal)
        }
        Fact::IncidentOpened { matter, unit } | Fact::PartyAdded { matter, unit } => {
            Audience::Incident(matter, unit, Action::AnswerTask)
        }
        Fact::TaskSent { task, unit, .. }
        | Fact::TaskChangesWanted { task, unit, .. }
        | Fact::TaskDisproved { task, unit, .. }
        | Fact::TaskExemptionEnded { task, unit, .. } => {
            Audience::Task(task, unit, Action::AnswerTask)
        }
        Fact::TaskSubmitted { task, matter, .. } | Fact::TaskReturned { task, matter, .. } => {
            Audience::TaskLead(task, matter, Action::JudgeTask)
        }
        Fact::PasswordReset { person, unit } => Audience::Account(person, unit),
        _ => return None,
    })
}

/// Returns whether a fact sends messages at all.
pub fn tells_somebody(fact: &Fact) -> bool {
    audience(fact).is_some()
}

/// Reaction: puts one message into the inbox of each person who may act on the fact.
///
/// # Errors
/// When the store fails; the dispatcher tries again.
pub async fn notify(app: &App, write: &mut Write, id: Uuid, fact: &Fact) -> anyhow::Result<()> {
    let Some(audience) = audience(fact) else { return Ok(()) };
    let Some((card, unit, action)) = card(write, &audience).await? else { return Ok(()) };
    let mut persons = store::who_may(write, unit, action).await?;
    if let Audience::Account(owner, _) = audience
        && !persons.contains(&owner)
    {
        persons.push(owner);
    }
    for person in persons {
        let message = store::NewMessage {
            id: app.new_id(),
            person,
            fact: id,
            action: fact.kind(),
            number: &card.number,
            level: &card.level,
            link: &card.link,
            at: app.now(),
        };
        store::insert(write, &message).await?;
    }
    Ok(())
}

/// What a message may say of its subject; nothing when the matter is strict.
async fn card(
    conn: &mut Conn,
    audience: &Audience,
) -> Result<Option<(store::Card, UnitId, Action)>, Fault> {
    Ok(match *audience {
        Audience::Account(person, unit) => {
            let card = store::account_card(conn, person).await?;
            card.map(|card| (card, unit, Action::ApproveGrant))
        }
        Audience::Signal(signal, unit, action) => {
            store::signal_card(conn, signal).await?.map(|card| (card, unit, action))
        }
        Audience::Incident(matter, unit, action) => {
            store::matter_card(conn, matter).await?.map(|card| (card, unit, action))
        }
        Audience::Task(task, unit, action) => {
            store::task_card(conn, task).await?.map(|card| (card, unit, action))
        }
        Audience::TaskLead(task, matter, action) => {
            let lead = store::lead_of(conn, matter).await?;
            store::task_card(conn, task).await?.zip(lead).map(|(card, lead)| (card, lead, action))
        }
    })
}
