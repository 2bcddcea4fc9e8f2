//! Everything that can go wrong in the state engine, as a caller would want to match on it.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::Unjournaled;

/// A failure of the state engine.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk under the database, the journal or the blobs has no room left.
    #[error("no space left on the disk")]
    DiskFull,
    /// The database refused or failed.
    #[error("database: {0}")]
    Sql(#[source] sqlx::Error),
    /// A file of the data folder could not be used.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The database was written by a newer program.
    #[error("the database has schema version {found}, this program knows {known}: use a newer one")]
    NewerSchema {
        /// Highest version in the database.
        found: i64,
        /// Highest version in this program.
        known: i64,
    },
    /// A migration that the database has already taken reads differently now, or has vanished.
    #[error("migration {version} differs from the one that made this database")]
    ChangedMigration {
        /// The migration's number.
        version: i64,
    },
    /// The list of migrations itself is out of order: a mistake in the program.
    #[error("migration {version} ({name}) does not follow the one before it")]
    UnorderedMigration {
        /// The migration's number.
        version: i64,
        /// The migration's name.
        name: &'static str,
    },
    /// A write was to be committed without a journal entry.
    #[error("a write without a journal entry was refused")]
    NothingRecorded,
    /// A write that is not to be journaled carried entries or facts.
    #[error("a {0:?} write must carry no entry and no fact")]
    MustNotRecord(Unjournaled),
    /// A body to be journaled or announced is larger than its bound.
    #[error("the body of {action} has {size_bytes} bytes, more than {max_bytes}")]
    BodyTooLarge {
        /// The entry's action or the fact's kind.
        action: &'static str,
        /// Its size as JSON.
        size_bytes: usize,
        /// The bound.
        max_bytes: usize,
    },
    /// One transaction carried more entries or facts than its bound.
    #[error("one write carried {count} entries or facts, more than {max}")]
    TooManyRecords {
        /// How many it carried.
        count: usize,
        /// The bound.
        max: usize,
    },
    /// A value that must be JSON is not, or cannot be written as JSON.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),
    /// No such journal line, or its body is already gone.
    #[error("journal line {0} has no body to act on")]
    NoBody(i64),
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// A key file does not hold a key.
    #[error("{} holds no valid key", .0.display())]
    BadKey(PathBuf),
    /// A blob with this id is already stored.
    #[error("blob {0} exists already")]
    BlobExists(Uuid),
    /// More bytes arrived than the blob was allowed to have.
    #[error("more than {max_bytes} bytes")]
    BlobTooLarge {
        /// The bound that the caller set.
        max_bytes: u64,
    },
    /// There is no such blob.
    #[error("blob {0} is missing")]
    BlobMissing(Uuid),
    /// The blob's key was destroyed, so that nobody can read it again.
    #[error("blob {0} was destroyed")]
    BlobDestroyed(Uuid),
    /// The blob's file is not what was written: altered, cut or swapped.
    #[error("blob {0} is damaged")]
    BlobDamaged(Uuid),
    /// A background task of the store ended early.
    #[error("a background task of the store ended early")]
    TaskEnded,
}

impl StoreError {
    /// Returns the error for a failed file operation; a full disk keeps its own name.
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::File { path: path.to_owned(), source },
        }
    }

    /// Returns whether the engine refused a text because it keeps no NUL.
    pub fn is_no_text(&self) -> bool {
        let Self::Sql(sqlx::Error::Database(e)) = self else { return false };
        e.code().as_deref() == Some(NO_TEXT_CODE)
    }

    /// Returns whether a UNIQUE constraint or a primary key refused the row.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Sql(sqlx::Error::Database(e)) if e.is_unique_violation())
    }
}

/// PostgreSQL's `character_not_in_repertoire`: a NUL in a text.
const NO_TEXT_CODE: &str = "22021";
/// SQLite's SQLITE_FULL and PostgreSQL's `disk_full`.
const DISK_FULL_CODES: [&str; 2] = ["13", "53100"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|e| e.code());
        match code {
            Some(code) if DISK_FULL_CODES.contains(&code.as_ref()) => Self::DiskFull,
            _ => Self::Sql(error),
        }
    }
}
