//! Opening a file: seen first, opened second, and a custody line before the first byte leaves.
//!
//! Every open download holds a thread that reads and deciphers, so that their number is bounded,
//! and who takes the bytes too slowly loses the line.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use khien_domain::access::Depth;
use khien_domain::evidence::Custody;
use khien_domain::id::{EvidenceId, PersonId};
use khien_domain::refusal::{Code, Refusal};
use khien_store::blob::BlobReader;
use khien_store::{Conn, NewEntry, StoreError, Write};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio_stream::wrappers::ReceiverStream;

use super::store::{self, EvidenceRow};
use super::{entry_action, hex};
use crate::app::App;
use crate::fault::Fault;
use crate::web::encode_query;
use crate::web::view::{Caller, Member};

/// The most downloads at a time: a small part of the threads that may block.
const DOWNLOADS_MAX: usize = 64;
/// The most downloads of one person at a time.
const DOWNLOADS_OF_PERSON_MAX: usize = 6;
/// When to come back to a place that is taken, in seconds.
const PLACE_WAIT_SECONDS: u64 = 15;
/// How long a reader may take over one chunk of 64 KiB.
const READER_PATIENCE: Duration = Duration::from_secs(30);
/// Chunks that may wait for the reader, one of them the news that the file breaks off.
const CHUNKS_WAITING_MAX: usize = 3;

/// Counts the downloads that run.
#[derive(Clone, Debug, Default)]
pub struct Downloads(Arc<Mutex<BTreeMap<PersonId, usize>>>);

/// The place of one download, free again when it is dropped.
#[derive(Debug)]
struct Place {
    downloads: Downloads,
    person: PersonId,
}

impl Downloads {
    /// Takes a place for one more download of a person.
    ///
    /// # Errors
    /// [`Fault::TooMany`] when the person, or everybody together, holds all places.
    fn enter(&self, person: PersonId) -> Result<Place, Fault> {
        let mut running = self.running();
        let all: usize = running.values().sum();
        let own = running.get(&person).copied().unwrap_or_default();
        if all >= DOWNLOADS_MAX || own >= DOWNLOADS_OF_PERSON_MAX {
            return Err(Fault::TooMany(PLACE_WAIT_SECONDS));
        }
        running.insert(person, own + 1);
        Ok(Place { downloads: self.clone(), person })
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<PersonId, usize>> {
        // Counting cannot fail half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.downloads.running();
        let left = running.get(&self.person).map_or(0, |own| own.saturating_sub(1));
        if left == 0 {
            running.remove(&self.person);
        } else {
            running.insert(self.person, left);
        }
    }
}

/// `GET /evidence/{id}`: the file itself.
pub async fn download(
    State(app): State<App>,
    member: Member,
    Path(id): Path<EvidenceId>,
) -> Result<Response, Fault> {
    let seen = {
        let mut conn = app.db.read().await?;
        find(&mut conn, &member, id).await?
    };
    let place = app.downloads.enter(member.person.id)?;
    let reader = match app.blobs.read(id.uuid()).await {
        Ok(reader) => reader,
        Err(error) => return Err(unreadable(&app, &member, &seen, error).await?),
    };
    let file = {
        let mut write = app.db.write().await?;
        // It may have been taken from the reader, or destroyed, since it was seen.
        let file = find(&mut write, &member, id).await?;
        note(&app, &mut write, &member, &file, Custody::Read);
        app.commit(write).await?;
        file
    };
    let head = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, file.size_bytes.to_string()),
        // The name travels percent-encoded (RFC 8187); the browser saves and never shows the file.
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename*=UTF-8''{}", encode_query(&file.name)),
        ),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
    ];
    let (chunks, waiting) = mpsc::channel(CHUNKS_WAITING_MAX);
    let sending = Sending { app, caller: member, file, chunks, _place: place };
    tokio::spawn(sending.run(reader));
    Ok((head, Body::from_stream(ReceiverStream::new(waiting))).into_response())
}

/// Returns the file when the caller may open it and it was not destroyed.
async fn find(conn: &mut Conn, caller: &Caller, id: EvidenceId) -> Result<EvidenceRow, Fault> {
    let file = store::find(conn, caller.person.id, id).await?.ok_or(Fault::NotFound)?;
    if file.depth < i64::from(Depth::Evidence.rank()) {
        return Err(Fault::NotFound);
    }
    if file.destroyed_at.is_some() {
        return Err(Refusal::new(Code::EvidenceDestroyed).into());
    }
    Ok(file)
}

/// Adds a custody line to the caller's transaction.
fn note(app: &App, write: &mut Write, caller: &Caller, file: &EvidenceRow, custody: Custody) {
    write.record(NewEntry {
        at: app.now(),
        actor: caller.actor(),
        action: entry_action(custody),
        subject: format!("evidence:{}", file.id),
        body: json!({ "sha256": hex(&file.sha256) }),
    });
}

/// Notes that a file is not what was stored.
async fn note_mismatch(app: &App, caller: &Caller, file: &EvidenceRow) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    note(app, &mut write, caller, file, Custody::Mismatched);
    app.commit(write).await?;
    Ok(())
}

/// Returns what to tell when a file that should be there does not open.
async fn unreadable(
    app: &App,
    caller: &Caller,
    file: &EvidenceRow,
    error: StoreError,
) -> Result<Fault, Fault> {
    match &error {
        StoreError::BlobDamaged(_) => note_mismatch(app, caller, file).await?,
        StoreError::BlobMissing(_) | StoreError::BlobDestroyed(_) => {}
        _ => return Ok(error.into()),
    }
    tracing::error!(%error, "a file of evidence does not open");
    Ok(Refusal::new(Code::EvidenceUnreadable).into())
}

/// A file on its way to its reader.
struct Sending {
    app: App,
    caller: Member,
    file: EvidenceRow,
    chunks: mpsc::Sender<io::Result<Vec<u8>>>,
    _place: Place,
}

impl Sending {
    /// Sends the file to its end, or tells the reader that it breaks off: a cut file must never
    /// look whole.
    async fn run(self, mut reader: BlobReader) {
        // However full the channel is, the bad news has its place in it.
        let Ok(bad_news) = self.chunks.clone().reserve_owned().await else { return };
        loop {
            let chunk = match reader.next().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return,
                Err(error) => {
                    self.broke_off(&error).await;
                    bad_news.send(Err(io::Error::other(error)));
                    return;
                }
            };
            match self.chunks.send_timeout(Ok(chunk), READER_PATIENCE).await {
                Ok(()) => {}
                Err(SendTimeoutError::Closed(_)) => return,
                Err(SendTimeoutError::Timeout(_)) => {
                    bad_news.send(Err(io::ErrorKind::TimedOut.into()));
                    return;
                }
            }
        }
    }

    async fn broke_off(&self, error: &StoreError) {
        tracing::error!(%error, evidence.id = %self.file.id, "a file of evidence broke off");
        if matches!(error, StoreError::BlobDamaged(_))
            && let Err(fault) = note_mismatch(&self.app, &self.caller, &self.file).await
        {
            tracing::error!(%fault, "damage to a file of evidence could not be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn person(n: usize) -> PersonId {
        PersonId::new(Uuid::from_u128(n as u128))
    }

    #[test]
    fn one_person_takes_only_so_many_places() {
        let downloads = Downloads::default();
        let mut places: Vec<Place> =
            (0..DOWNLOADS_OF_PERSON_MAX).map(|_| downloads.enter(person(1)).unwrap()).collect();
        assert!(matches!(downloads.enter(person(1)), Err(Fault::TooMany(_))));
        assert!(downloads.enter(person(2)).is_ok());
        places.pop();
        assert!(downloads.enter(person(1)).is_ok());
    }

    #[test]
    fn all_together_take_only_so_many_places() {
        let downloads = Downloads::default();
        let places: Vec<Place> =
            (0..DOWNLOADS_MAX).map(|n| downloads.enter(person(n)).unwrap()).collect();
        assert!(matches!(downloads.enter(person(999)), Err(Fault::TooMany(_))));
        drop(places);
        assert!(downloads.running().is_empty());
        assert!(downloads.enter(person(999)).is_ok());
    }
}
