//! Job: signs the end of the journal once a day, when the day changes at +07:00, and once more when
//! the hub stops.
//!
//! The signed head is kept as a row and written beside the database, from where it is carried to
//! another unit: only what lies elsewhere shows a tail that was cut here.

use std::io::ErrorKind;

use anyhow::Context as _;
use khien_domain::fact::Fact;
use khien_store::head::{JournalKey, SignedHead};
use khien_store::{NewEntry, journal};
use serde_json::json;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::{heads, store};
use crate::app::App;
use crate::web::time;

/// Signs the head when none was signed on this day yet, and sees that the file of the last one
/// lies beside the database: an earlier round may have failed to write it.
///
/// # Errors
/// When the store, the key or the file fails.
pub async fn sign_head(app: &App) -> anyhow::Result<()> {
    let now = app.now();
    let today = time::day_start(now);
    let last = {
        let mut conn = app.db.read().await?;
        store::last_deposit(&mut conn).await?
    };
    let head = match last {
        Some(head) if head.at >= today => Some(head),
        last => sign(app, now).await?.or(last),
    };
    match head {
        Some(head) => keep_file(app, &head).await,
        None => Ok(()),
    }
}

/// Signs the head when the journal has grown since the last one: what is cut off a stopped hub
/// shows, however short the day was.
///
/// # Errors
/// As [`sign_head`].
pub async fn sign_at_stop(app: &App) -> anyhow::Result<()> {
    let (last, end) = {
        let mut conn = app.db.read().await?;
        (store::last_deposit(&mut conn).await?, journal::head(&mut conn).await?)
    };
    // The line that tells of a signature comes after what was signed, and is no growth.
    let told = last.map_or(0, |head| head.seq + 1);
    if end.is_none_or(|end| end.seq <= told) {
        return Ok(());
    }
    match sign(app, app.now()).await? {
        Some(head) => keep_file(app, &head).await,
        None => Ok(()),
    }
}

/// Signs and keeps the head in one transaction; the line that tells of it comes after the head.
async fn sign(app: &App, now: i64) -> anyhow::Result<Option<SignedHead>> {
    let mut write = app.db.write().await?;
    let Some(head) = journal::head(&mut write).await? else { return Ok(None) };
    let key = JournalKey::open(&app.data().join("keys"))?;
    let signed = key.sign(head, now);
    store::deposit(&mut write, &signed).await?;
    write.record(NewEntry {
        at: now,
        actor: "job:journal.sign_head".to_owned(),
        action: "journal.sign_head",
        subject: format!("entry:{}", signed.seq),
        body: json!({ "seq": signed.seq }),
    });
    app.tell(&mut write, [Fact::HeadSigned { seq: signed.seq }]);
    app.commit(write).await?;
    Ok(Some(signed))
}

/// Writes the head beside the database, whole or not at all, unless it lies there already. Another
/// head at the same line is of a chain that a restored backup has left.
async fn keep_file(app: &App, head: &SignedHead) -> anyhow::Result<()> {
    let folder = app.data().join(heads::FOLDER);
    let whole = heads::file(app.data(), head.seq);
    let text = serde_json::to_string_pretty(head)?;
    match tokio::fs::read(&whole).await {
        Ok(kept) if kept == text.as_bytes() => return Ok(()),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).context("looking for a signed head");
        }
        _ => {}
    }
    tokio::fs::create_dir_all(&folder).await.context("making the folder of signed heads")?;
    let half = folder.join("head.part");
    let mut file = File::create(&half).await.context("making the file of a signed head")?;
    file.write_all(text.as_bytes()).await.context("writing a signed head")?;
    // On the disk before it has its name, so that no half of it bears one.
    file.sync_all().await.context("writing a signed head")?;
    tokio::fs::rename(&half, &whole).await.context("naming a signed head")?;
    let folder = File::open(&folder).await.context("opening the folder of signed heads")?;
    folder.sync_all().await.context("keeping the name of a signed head")
}
