//! Stored files that no row names: the process died between the bytes and the transaction, or the
//! state is an older backup than the files beside it. The start counts and tells them; it destroys
//! none, because the second kind is evidence.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::store;
use crate::app::App;

/// Returns how many stored files no row names. Only for the start, before anybody sends a file.
///
/// # Errors
/// When the files or the rows cannot be read.
pub async fn count(app: &App) -> anyhow::Result<usize> {
    let blobs = app.blobs.clone();
    let mut orphans = tokio::task::spawn_blocking(move || blobs.ids()).await??;
    strike_named(app, &mut orphans).await?;
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
