//! Styles, scripts, fonts and pictures: bundled by `web/build.mjs`, embedded in the binary.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::fault::Fault;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Assets;

/// Returns the address of an asset with its content hash, so that a browser may keep it for ever.
pub fn href(name: &str) -> String {
    let hash = Assets::get(name).map_or_else(String::new, |file| short_hash(&file.metadata));
    format!("/assets/{name}?v={hash}")
}

/// Returns the style sheet itself, for a page that is opened from a disk.
pub fn style_sheet() -> String {
    let file = Assets::get("app.css").map(|file| file.data.into_owned()).unwrap_or_default();
    String::from_utf8_lossy(&file).into_owned()
}

fn short_hash(metadata: &rust_embed::Metadata) -> String {
    metadata.sha256_hash()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `GET /assets/{*name}`.
pub async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Fault> {
    let file = Assets::get(&name).ok_or(Fault::NotFound)?;
    let etag = format!("\"{}\"", short_hash(&file.metadata));
    if headers.get(header::IF_NONE_MATCH).is_some_and(|held| held.as_bytes() == etag.as_bytes()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let head = [
        (header::CONTENT_TYPE, file.metadata.mimetype().to_owned()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (header::ETAG, etag),
    ];
    Ok((head, file.data.into_owned()).into_response())
}
