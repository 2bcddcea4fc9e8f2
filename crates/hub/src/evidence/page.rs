//! How files are listed on the page of what holds them.

use khien_domain::access::Depth;
use maud::{Markup, html};

use super::hex;
use super::store::EvidenceRow;
use crate::web::parts;
use crate::web::view::View;

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
