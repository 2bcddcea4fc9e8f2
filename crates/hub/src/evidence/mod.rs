//! Evidence: files kept as proof, each under its own random key, with a journal line for each
//! time it is taken in, opened or found damaged (letters S0, S1: chứng cứ, thông tin kỹ thuật).
//!
//! A file's bytes are stored before the transaction that names them: a row always has its file, and
//! a file without a row is told at the start ([`orphans`]). Nothing is shared between matters.

pub mod download;
pub mod form;
pub mod orphans;
pub mod page;
pub mod store;

use khien_domain::evidence::{Custody, check_size};
use khien_domain::fact::Fact;
use khien_domain::id::{EvidenceId, UnitId};
use khien_store::{NewEntry, Write};
use serde_json::json;

use crate::app::App;
use crate::fault::Fault;
use crate::router::{Route, Sample};
use crate::web::guard::Audience::Member;
use crate::web::view::Caller;
use store::Holder;

/// The rows of this slice.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/evidence/{id}", Member, Sample::Evidence, download::download)]
}

/// A file whose bytes are stored, not yet named by any row.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its id, also of its blob.
    pub id: EvidenceId,
    /// Its cleaned name.
    pub name: String,
    /// Its media type, as the browser said.
    pub media_type: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// Removes stored files that no row will name.
pub async fn discard(app: &App, files: &[Stored]) {
    for file in files {
        if let Err(error) = app.blobs.destroy(file.id.uuid()).await {
            tracing::warn!(evidence.id = %file.id, %error, "an unused file could not be removed");
        }
    }
}

/// Names stored files in the caller's transaction: rows, custody lines and facts. `unit` is the
/// unit that gives them.
///
/// # Errors
/// When the holder has too many files, or the store fails.
pub async fn attach(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    files: &[Stored],
    holder: Holder,
    unit: UnitId,
) -> Result<(), Fault> {
    let there = store::count(write, holder).await?;
    for (more, file) in files.iter().enumerate() {
        check_size(file.size_bytes, there + more).map_err(Fault::Invalid)?;
        store::insert(write, file, holder, caller.person.id, app.now()).await?;
        write.record(NewEntry {
            at: app.now(),
            actor: caller.actor(),
            action: entry_action(Custody::Collected),
            subject: format!("evidence:{}", file.id),
            body: json!({ "name": file.name, "size_bytes": file.size_bytes,
                          "sha256": hex(&file.sha256), "holder": subject(holder) }),
        });
        if let Holder::Matter(matter) | Holder::Task(_, matter) = holder {
            app.tell(write, [Fact::EvidenceAdded { evidence: file.id, matter, unit }]);
        }
    }
    Ok(())
}

/// Returns the journal's name of a holder.
fn subject(holder: Holder) -> String {
    match holder {
        Holder::Matter(id) => format!("matter:{id}"),
        Holder::Task(id, _) => format!("task:{id}"),
        Holder::Signal(id) => format!("signal:{id}"),
    }
}

/// Returns bytes as people compare them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn entry_action(custody: Custody) -> &'static str {
    match custody {
        Custody::Collected => "evidence.collect",
        Custody::Read => "evidence.read",
        Custody::Exported => "evidence.export",
        Custody::Verified => "evidence.verify",
        Custody::Mismatched => "evidence.mismatch",
        Custody::Destroyed => "evidence.destroy",
    }
}
