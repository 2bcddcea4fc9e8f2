//! Job: signs the end of the journal once a day, when the day changes at +07:00.
//!
//! The signed head is kept as a row and written beside the database, from where it is carried to
//! another unit: only what lies elsewhere shows a tail that was cut here.

use anyhow::Context as _;
use khien_domain::fact::Fact;
use khien_store::head::{JournalKey, SignedHead};
use khien_store::{NewEntry, journal};
use serde_json::json;

use super::store;
use crate::app::App;
use crate::web::time;

/// The folder of signed heads, in the data folder.
const HEADS_FOLDER: &str = "heads";

/// Signs the head when none was signed on this day yet.
///
/// # Errors
/// When the store, the key or the file fails.
pub async fn sign_head(app: &App) -> anyhow::Result<()> {
    let now = app.now();
    let today = time::day_start(now);
    let signed_today = {
        let mut conn = app.db.read().await?;
        store::last_deposit(&mut conn).await?.is_some_and(|head| head.at >= today)
    };
    if signed_today {
        return Ok(());
    }
    let Some(head) = sign(app, now).await? else { return Ok(()) };
    keep_file(app, &head).await
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

/// Writes the head beside the database: whole or not at all.
async fn keep_file(app: &App, head: &SignedHead) -> anyhow::Result<()> {
    let folder = app.data().join(HEADS_FOLDER);
    tokio::fs::create_dir_all(&folder).await.context("making the folder of signed heads")?;
    let text = serde_json::to_string_pretty(head)?;
    let (half, whole) =
        (folder.join("head.part"), folder.join(format!("head-{:09}.json", head.seq)));
    tokio::fs::write(&half, text).await.context("writing a signed head")?;
    tokio::fs::rename(&half, &whole).await.context("naming a signed head")
}
