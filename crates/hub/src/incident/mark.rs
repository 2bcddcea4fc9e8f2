//! How far an incident's content may be passed on: as its strictest signal says, or the strictest
//! incident that was merged into it, AMBER at least.
//! One person may raise the marking; lowering it needs a second, and no deed here does.

use khien_domain::id::MatterId;
use khien_domain::marking::Marking;
use khien_store::{NewEntry, Write};
use serde_json::{Value, json};

use super::store::{self, IncidentRow};
use crate::app::App;
use crate::fault::Fault;
use crate::signal;
use crate::web::stored;
use crate::web::view::Caller;

/// Returns the marking of an incident of a signal with this body.
pub(super) fn of(signal: &Value) -> Marking {
    signal::marking(signal).map_or(Marking::Amber, |marking| marking.max(Marking::Amber))
}

/// Raises the marking of an incident, if it is freer than `to`.
///
/// # Errors
/// When the store fails.
pub(super) async fn raise(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    incident: &IncidentRow,
    to: Marking,
) -> Result<(), Fault> {
    let before: Marking = stored(&incident.marking)?;
    if to <= before {
        return Ok(());
    }
    store::mark(write, MatterId::new(incident.id), to).await?;
    write.record(NewEntry {
        at: app.now(),
        actor: caller.actor(),
        action: "incident.mark",
        subject: format!("matter:{}", incident.id),
        body: json!({ "number": incident.number, "before": before.code(), "after": to.code() }),
    });
    Ok(())
}
