//! Stored files that no row names: the process died, or the sender went away, between the bytes
//! and the transaction. Nobody can ever open them, so the start removes them.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::store;
use crate::app::App;

/// Destroys the files without a row; returns how many there were. Only for the start, before
/// anybody sends a file.
///
/// # Errors
/// When the files or the rows cannot be read.
pub async fn destroy(app: &App) -> anyhow::Result<usize> {
    let blobs = app.blobs.clone();
    let mut orphans = tokio::task::spawn_blocking(move || blobs.ids()).await??;
    let stored = orphans.len();
    strike_named(app, &mut orphans).await?;
    if orphans.len() > stored - orphans.len() {
        // A crash leaves a few. So many belong to another database than the one that was opened,
        // and a mistyped address must not cost a province its evidence.
        tracing::error!(files = orphans.len(), "most files of evidence are unknown here: kept");
        return Ok(0);
    }
    for id in &orphans {
        app.blobs.destroy(*id).await?;
    }
    Ok(orphans.len())
}

/// Strikes out, page by page, the ids that a row names.
async fn strike_named(app: &App, ids: &mut BTreeSet<Uuid>) -> anyhow::Result<()> {
    let mut conn = app.db.read().await?;
    let mut after = Uuid::nil();
    while !ids.is_empty() {
        let page = store::ids_after(&mut conn, after).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        for id in &page {
            ids.remove(id);
        }
    }
    Ok(())
}
