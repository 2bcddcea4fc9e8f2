//! The intake log's housekeeping: what was read and is old enough makes room.

use std::sync::Arc;

use khien_lake::Offset;

use super::{LOG, store};
use crate::app::App;

/// Deletes old segments that detection has read.
///
/// # Errors
/// When the store or the disk fails; the next round tries again.
pub async fn expire(app: &App) -> anyhow::Result<()> {
    let Some(intake) = app.intake().map(Arc::clone) else { return Ok(()) };
    let needed = {
        let mut conn = app.db.read().await?;
        store::needed(&mut conn, LOG).await?
    };
    let now = app.now();
    // What a restart reads again must stay too.
    let consumed = Offset::from_i64(needed);
    let expired = tokio::task::spawn_blocking(move || intake.log.expire(now, consumed)).await??;
    if expired.segments > 0 {
        tracing::info!(segments = expired.segments, bytes = expired.bytes, "old log made room");
    }
    Ok(())
}
