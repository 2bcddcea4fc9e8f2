//! Opening a file, and how files are listed on the page of what holds them.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use khien_domain::access::Depth;
use khien_domain::evidence::Custody;
use khien_domain::id::EvidenceId;
use khien_store::{NewEntry, StoreError};
use maud::{Markup, html};
use serde_json::json;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::store::{self, EvidenceRow};
use super::{entry_action, hex};
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::{Member, View};
use crate::web::{encode_query, parts};

/// Returns files as a list; a reader who may only know their names gets no button.
pub fn panel(view: &View, files: &[EvidenceRow]) -> Markup {
    html! {
        section.panel {
            div.panel-head { h2 { (view.t("evidence")) } }
            @if files.is_empty() {
                p.panel-body.soft { (view.t("evidence-none")) }
            } @else {
                ul.evidence { @for file in files { (line(view, file)) } }
            }
        }
    }
}

fn line(view: &View, file: &EvidenceRow) -> Markup {
    let hash = hex(&file.sha256);
    let icon = if file.media_type.starts_with("image/") { "camera" } else { "file" };
    let opens = file.depth >= i64::from(Depth::Evidence.rank()) && file.destroyed_at.is_none();
    html! {
        li {
            (parts::icon(icon))
            div {
                p.evidence-name { (file.name) }
                p.evidence-facts {
                    (size(file.size_bytes)) " · " (parts::moment(file.added_at)) " · "
                    (file.added_by_name)
                    @if file.destroyed_at.is_some() { " · " (view.t("evidence-destroyed")) }
                }
                details.evidence-facts {
                    summary { "SHA-256 " span.hash { (hash.get(..12).unwrap_or_default()) } }
                    span.hash { (hash) }
                }
            }
            @if opens {
                a.button.button-small href=(format!("/evidence/{}", file.id)) {
                    (parts::icon("download")) (view.t("evidence-open"))
                    span.sr { " " (file.name) }
                }
            }
        }
    }
}

fn size(bytes: i64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KB", bytes / 1_024),
        _ => format!("{}.{} MB", bytes / 1_048_576, bytes % 1_048_576 / 104_858),
    }
}

/// `GET /evidence/{id}`: the file itself, with a custody line before the first byte leaves.
pub async fn download(
    State(app): State<App>,
    member: Member,
    Path(id): Path<EvidenceId>,
) -> Result<Response, Fault> {
    let mut write = app.db.write().await?;
    let file = store::find(&mut write, member.person.id, id).await?.ok_or(Fault::NotFound)?;
    if file.depth < i64::from(Depth::Evidence.rank()) {
        return Err(Fault::NotFound);
    }
    let opened = app.blobs.read(id.uuid()).await;
    let custody = match opened {
        Err(StoreError::BlobDamaged(_)) => Custody::Mismatched,
        _ => Custody::Read,
    };
    write.record(NewEntry {
        at: app.now(),
        actor: member.actor(),
        action: entry_action(custody),
        subject: format!("evidence:{id}"),
        body: json!({ "sha256": hex(&file.sha256) }),
    });
    app.commit(write).await?;
    let bytes = ReceiverStream::new(opened?.into_receiver()).map(|chunk| {
        chunk.inspect_err(|error| tracing::error!(%error, "a file of evidence broke off"))
    });
    // The name travels percent-encoded (RFC 8187); the browser saves and never shows the file.
    let name = format!("attachment; filename*=UTF-8''{}", encode_query(&file.name));
    let head = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, file.size_bytes.to_string()),
        (header::CONTENT_DISPOSITION, name),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
    ];
    Ok((head, Body::from_stream(bytes)).into_response())
}
