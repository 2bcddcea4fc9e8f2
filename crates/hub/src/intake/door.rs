//! `POST /ingest/v1/events`: lines of events from a source with a token, acknowledged once they
//! are durable.
//!
//! With `Khien-Epoch` and `Khien-Seq` a post is one frame, and the same post sent again is stored
//! once. Without them a post is stored at least once: a sender that did not hear the answer sends
//! again.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use khien_domain::id::SourceId;
use khien_event::Format;
use khien_lake::{Frame, Key, LakeError, MAX_BATCH_BYTES};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::body::{self, Packing, Sorted, Unpackable};
use super::{Intake, store};
use crate::access::session;
use crate::app::App;
use crate::fault::Fault;

const EPOCH: HeaderName = HeaderName::from_static("khien-epoch");
const SEQUENCE: HeaderName = HeaderName::from_static("khien-seq");
/// How long a body may take to arrive.
const BODY_WAIT: Duration = Duration::from_secs(60);
/// When to come back if the source's seats, or all, are taken, in seconds.
const BUSY_SECONDS: u64 = 2;

/// `?format=` chooses the decoder, before `Content-Type`.
#[derive(Deserialize)]
pub(super) struct Asked {
    format: Option<String>,
}

/// What became of the lines of a post.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Answer {
    accepted: i64,
    rejected: i64,
}

/// `POST /ingest/v1/events`.
pub(super) async fn events(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Json<Answer>, Fault> {
    let intake = app.intake().ok_or(Fault::Unavailable)?;
    let headers = request.headers().clone();
    let source = source(&app, &headers).await?;
    let post = Post {
        source,
        format: format(asked.format.as_deref(), &headers)?,
        key: key(&headers)?,
        packing: packing(&headers)?,
    };
    let seat = intake.seats.take(source).ok_or(Fault::TooMany(BUSY_SECONDS))?;
    let body = timeout(BODY_WAIT, Bytes::from_request(request, &())).await;
    let body = body.map_err(|_| Fault::Unreadable)?.map_err(|refused| match refused.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Fault::TooLarge,
        _ => Fault::Unreadable,
    })?;
    let turn = Arc::clone(&intake.unpacking).acquire_owned().await;
    let turn = turn.map_err(|_| Fault::Unavailable)?;
    let (sorted, turn) = post.sort(body, turn).await?;
    let answer = post.store(&app, intake, sorted).await;
    drop((seat, turn));
    answer.map(Json)
}

/// Returns whose token the request carries; one that is unknown or disabled is nobody's.
async fn source(app: &App, headers: &HeaderMap) -> Result<SourceId, Fault> {
    let token = text(headers, &header::AUTHORIZATION)?.strip_prefix("Bearer ");
    let hash = session::hash(token.ok_or(Fault::SignIn)?.trim());
    let mut conn = app.db.read().await?;
    store::by_token(&mut conn, &hash).await?.ok_or(Fault::SignIn)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, Fault> {
    headers.get(name).map_or(Ok(""), |value| value.to_str().map_err(|_| Fault::Unreadable))
}

fn format(asked: Option<&str>, headers: &HeaderMap) -> Result<Format, Fault> {
    let kind = text(headers, &header::CONTENT_TYPE)?;
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (asked, kind.as_str()) {
        // A Windows log file is not made of lines; `khien hunt` reads those.
        (Some(name), _) => {
            name.parse().ok().filter(|format| *format != Format::Evtx).ok_or(Fault::Unreadable)
        }
        (None, "" | "application/x-ndjson" | "application/ndjson" | "application/json") => {
            Ok(Format::Json)
        }
        (None, "text/plain") => Ok(Format::Syslog),
        (None, _) => Err(Fault::Unreadable),
    }
}

fn key(headers: &HeaderMap) -> Result<Key, Fault> {
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| Fault::Unreadable);
    match (text(headers, &EPOCH)?, text(headers, &SEQUENCE)?) {
        ("", "") => Ok(Key::Unkeyed),
        (epoch, sequence) => Ok(Key::Keyed { epoch: number(epoch)?, sequence: number(sequence)? }),
    }
}

fn packing(headers: &HeaderMap) -> Result<Packing, Fault> {
    Packing::of(text(headers, &header::CONTENT_ENCODING)?).ok_or(Fault::Unreadable)
}

/// A post whose headers were understood.
#[derive(Clone, Copy)]
struct Post {
    source: SourceId,
    format: Format,
    key: Key,
    packing: Packing,
}

impl Post {
    /// Unpacks and sorts the body. The turn goes along, because a sender that hangs up does not
    /// stop the work.
    async fn sort(
        self,
        body: Bytes,
        turn: OwnedSemaphorePermit,
    ) -> Result<(Sorted, OwnedSemaphorePermit), Fault> {
        let sorting = tokio::task::spawn_blocking(move || {
            let plain = body::unpack(self.packing, &body)?;
            Ok((body::sort(self.format, &plain), turn))
        });
        let (sorted, turn) =
            sorting.await.map_err(anyhow::Error::from)?.map_err(|error| match error {
                Unpackable::TooLarge => Fault::TooLarge,
                Unpackable::Broken => Fault::Unreadable,
            })?;
        let nothing_read = sorted.accepted == 0 && sorted.rejected > 0;
        let keyed = matches!(self.key, Key::Keyed { .. });
        match sorted.kept.len() {
            _ if nothing_read => Err(Fault::Unreadable),
            // A keyed post is stored whole or not at all, so it is one frame.
            bytes if keyed && bytes > MAX_BATCH_BYTES => Err(Fault::TooLarge),
            _ => Ok((sorted, turn)),
        }
    }

    async fn store(self, app: &App, intake: &Intake, sorted: Sorted) -> Result<Answer, Fault> {
        let Sorted { kept, accepted, rejected } = sorted;
        let received_us = app.now();
        let mut duplicate = false;
        let frames: Vec<Vec<u8>> = match self.key {
            Key::Keyed { .. } if kept.is_empty() => Vec::new(),
            Key::Keyed { .. } => vec![kept],
            Key::Unkeyed => body::frames(self.format, &kept).collect(),
        };
        for raw in frames {
            let frame = Frame {
                source: *self.source.uuid().as_bytes(),
                key: self.key,
                received_us,
                decoder: self.format,
                raw,
            };
            duplicate |= intake.append(frame).await.map_err(refusal)?.duplicate;
        }
        if !duplicate {
            intake.tally.taken(self.source, received_us, accepted, rejected);
        }
        Ok(Answer { accepted, rejected })
    }
}

/// What a sender is told of a frame that was not stored.
fn refusal(error: LakeError) -> Fault {
    tracing::warn!(%error, "a post was not stored");
    match error {
        LakeError::TooLarge { .. } => Fault::TooLarge,
        LakeError::KeyRange | LakeError::TooManyEpochs(_) | LakeError::TooManyHoles(_) => {
            Fault::Unreadable
        }
        _ => Fault::Unavailable,
    }
}
