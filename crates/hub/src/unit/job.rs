//! Units begin and end on their days without anybody pressing a button: who covers whom is
//! brought up to date, and the journal says which unit came or went.

use khien_store::NewEntry;
use serde_json::json;

use super::store;
use crate::app::App;

/// Job `unit.scope`: rebuilds the closure when a day has passed that changes it.
///
/// # Errors
/// When the store fails; the next round tries again.
pub async fn keep_scope(app: &App) -> anyhow::Result<()> {
    let mut write = app.db.write().await?;
    let turned = store::rebuild_scope(&mut write, app.now()).await?;
    if turned.is_empty() {
        return Ok(());
    }
    for (unit, exists) in turned {
        write.record(NewEntry {
            at: app.now(),
            actor: "job:unit.scope".to_owned(),
            action: if exists { "unit.begin" } else { "unit.end" },
            subject: format!("unit:{unit}"),
            body: json!({}),
        });
    }
    app.commit(write).await?;
    Ok(())
}
