//! Forms that carry files: text fields are read into memory, files straight into the blob store.

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use khien_domain::evidence::{EVIDENCE_BYTES_MAX, check_size, file_name};
use khien_domain::id::EvidenceId;
use khien_domain::refusal::{Code, Refusal};
use khien_store::StoreError;
use tokio::runtime::Handle;

use super::{Stored, discard};
use crate::app::App;
use crate::fault::Fault;

/// The most bytes of a form that carries files: a few photos or one large export.
pub const UPLOAD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most files that one form may carry.
const FORM_FILES_MAX: usize = 10;
/// The most bytes of a text field beside the files.
const FIELD_BYTES_MAX: usize = 64 * 1024;
/// The most fields of one form.
const FORM_FIELDS_MAX: usize = 100;

/// A form with files: its text fields, and the files whose bytes are stored.
#[derive(Debug, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    /// The files, in order.
    pub files: Vec<Stored>,
}

impl Form {
    /// Returns the first value of a field, empty when it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// Returns the fields as they came, and the files.
    pub fn into_parts(self) -> (Vec<(String, String)>, Vec<Stored>) {
        (self.fields, self.files)
    }

    /// Returns every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a form, storing its files as they arrive; when anything fails, none of them stays.
///
/// # Errors
/// [`Fault::Invalid`] when a file is empty, too large or one too many, [`Fault::Unreadable`] when
/// the form is cut off.
pub async fn read(app: &App, mut multipart: Multipart) -> Result<Form, Fault> {
    let mut taking = Taking { app: app.clone(), form: Form::default() };
    fill(app, &mut multipart, &mut taking.form).await?;
    Ok(std::mem::take(&mut taking.form))
}

/// A form being read. Dropped half-way, because it is refused or its sender has gone, its files
/// go too.
struct Taking {
    app: App,
    form: Form,
}

impl Drop for Taking {
    fn drop(&mut self) {
        let files = std::mem::take(&mut self.form.files);
        // Without a runtime the hub is ending; the next start finds what no row names.
        if let (false, Ok(runtime)) = (files.is_empty(), Handle::try_current()) {
            let app = self.app.clone();
            runtime.spawn(async move { discard(&app, &files).await });
        }
    }
}

async fn fill(app: &App, multipart: &mut Multipart, form: &mut Form) -> Result<(), Fault> {
    let mut fields = 0;
    while let Some(field) = multipart.next_field().await.map_err(|e| unreadable(&e))? {
        fields += 1;
        if fields > FORM_FIELDS_MAX {
            return Err(Fault::TooLarge);
        }
        match field.file_name().map(str::to_owned) {
            // A file field that was left empty arrives with an empty name.
            Some(name) if name.is_empty() => {}
            Some(name) => {
                if form.files.len() >= FORM_FILES_MAX {
                    let refusal = Refusal::new(Code::TooManyFiles).arg("max", FORM_FILES_MAX);
                    return Err(Fault::Invalid(refusal));
                }
                form.files.push(keep(app, field, &name).await?);
            }
            None => {
                let name = field.name().unwrap_or_default().to_owned();
                form.fields.push((name, text(field).await?));
            }
        }
    }
    Ok(())
}

async fn text(mut field: Field<'_>) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|e| unreadable(&e))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > FIELD_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
    }
    String::from_utf8(bytes).map_err(|_| Fault::Unreadable)
}

async fn keep(app: &App, mut field: Field<'_>, name: &str) -> Result<Stored, Fault> {
    let name = file_name(name).map_err(Fault::Invalid)?;
    let media_type = field.content_type().unwrap_or("application/octet-stream").to_owned();
    let id = EvidenceId::new(app.new_id());
    let mut writer = app.blobs.create(id.uuid(), EVIDENCE_BYTES_MAX).await.map_err(refused)?;
    while let Some(chunk) = field.chunk().await.map_err(|e| unreadable(&e))? {
        writer.write(chunk.to_vec()).await.map_err(refused)?;
    }
    let stored = writer.finish().await.map_err(refused)?;
    let kept =
        Stored { id, name, media_type, size_bytes: stored.size_bytes, sha256: stored.sha256 };
    if let Err(refusal) = check_size(kept.size_bytes, 0) {
        discard(app, &[kept]).await;
        return Err(Fault::Invalid(refusal));
    }
    Ok(kept)
}

fn refused(error: StoreError) -> Fault {
    match error {
        StoreError::BlobTooLarge { .. } => Fault::Invalid(
            Refusal::new(Code::FileTooLarge).arg("max_mib", EVIDENCE_BYTES_MAX >> 20),
        ),
        other => other.into(),
    }
}

fn unreadable(error: &MultipartError) -> Fault {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Fault::TooLarge
    } else {
        Fault::Unreadable
    }
}
