//! SQL of evidence. A file is as visible as what holds it: a task, a signal or the matter itself.

use khien_domain::id::{EvidenceId, MatterId, PersonId, SignalId, TaskId};
use khien_store::{Conn, Write, on, statements};
use uuid::Uuid;

use crate::access::visible::{matter_depth, signal_depth, task_depth};
use crate::fault::Fault;

/// How deep `$1` reads what holds the file.
macro_rules! depth {
    () => {
        concat!(
            "(CASE WHEN e.task IS NOT NULL THEN ",
            task_depth!("t", "t.unit", "m"),
            " WHEN e.signal IS NOT NULL THEN ",
            signal_depth!("s.unit", "m"),
            " ELSE ",
            matter_depth!("m"),
            " END)"
        )
    };
}

/// A file with the names that a page shows.
macro_rules! columns {
    () => {
        concat!(
            "SELECT e.id, e.name, e.media_type, e.size_bytes, e.sha256, e.added_at, ",
            "e.destroyed_at, p0.name AS added_by_name, e.matter, e.task, e.signal, ",
            depth!(),
            " AS depth FROM evidence e JOIN person p0 ON p0.id = e.added_by ",
            "LEFT JOIN task t ON t.id = e.task LEFT JOIN signal s ON s.id = e.signal ",
            "LEFT JOIN matter m ON m.id = COALESCE(e.matter, s.matter) "
        )
    };
}

/// Names of files are listed to whoever reads the work; the files open one step deeper.
macro_rules! listed {
    ($holder:literal) => {
        concat!(
            columns!(),
            "WHERE ",
            $holder,
            " = $2 AND ",
            depth!(),
            " >= 2 ORDER BY e.added_at, e.id LIMIT 200"
        )
    };
}

statements! {
    INSERT = "INSERT INTO evidence (id, matter, task, signal, name, media_type, size_bytes, sha256,
                                    added_by, added_at, destroyed_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL)",
    FIND = concat!(columns!(), "WHERE e.id = $2 AND ", depth!(), " > 0"),
    OF_TASK = listed!("e.task"),
    OF_SIGNAL = listed!("e.signal"),
    OF_MATTER = listed!("e.matter"),
    IDS_AFTER = "SELECT id FROM evidence WHERE id > $1 ORDER BY id LIMIT 1000",
    COUNT_TASK = "SELECT COUNT(*) FROM evidence WHERE task = $1 AND destroyed_at IS NULL",
    COUNT_SIGNAL = "SELECT COUNT(*) FROM evidence WHERE signal = $1 AND destroyed_at IS NULL",
    COUNT_MATTER = "SELECT COUNT(*) FROM evidence WHERE matter = $1 AND destroyed_at IS NULL",
}

/// What a file is kept with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The matter itself.
    Matter(MatterId),
    /// A task of this matter.
    Task(TaskId, MatterId),
    /// A signal.
    Signal(SignalId),
}

/// A file as pages show it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EvidenceRow {
    /// Its id, also of its blob.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its media type, as the browser that sent it said.
    pub media_type: String,
    /// Its size.
    pub size_bytes: i64,
    /// SHA-256 of its bytes.
    pub sha256: Vec<u8>,
    /// When it was added, µs UTC.
    pub added_at: i64,
    /// When its key was destroyed, if it was.
    pub destroyed_at: Option<i64>,
    /// Who added it.
    pub added_by_name: String,
    /// The matter.
    pub matter: Option<Uuid>,
    /// The task.
    pub task: Option<Uuid>,
    /// The signal.
    pub signal: Option<Uuid>,
    /// How deep the reader may look; 3 opens it.
    pub depth: i64,
}

/// Adds the row of a file whose bytes are stored already.
pub async fn insert(
    write: &mut Write,
    file: &super::Stored,
    holder: Holder,
    by: PersonId,
    at: i64,
) -> Result<(), Fault> {
    let (matter, task, signal) = match holder {
        Holder::Matter(matter) => (Some(matter.uuid()), None, None),
        Holder::Task(task, matter) => (Some(matter.uuid()), Some(task.uuid()), None),
        Holder::Signal(signal) => (None, None, Some(signal.uuid())),
    };
    on!(write, c => sqlx::query(INSERT)
        .bind(file.id.uuid())
        .bind(matter)
        .bind(task)
        .bind(signal)
        .bind(&file.name)
        .bind(&file.media_type)
        .bind(file.size_bytes as i64)
        .bind(&file.sha256[..])
        .bind(by.uuid())
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Returns a file, if the person may know of it.
pub async fn find(
    conn: &mut Conn,
    person: PersonId,
    id: EvidenceId,
) -> Result<Option<EvidenceRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(FIND)
        .bind(person.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?)
}

/// Returns the files of a holder that the person may know of, oldest first; a matter lists the
/// files of its tasks too.
pub async fn list(
    conn: &mut Conn,
    person: PersonId,
    holder: Holder,
) -> Result<Vec<EvidenceRow>, Fault> {
    let (sql, id) = match holder {
        Holder::Matter(matter) => (OF_MATTER, matter.uuid()),
        Holder::Task(task, _) => (OF_TASK, task.uuid()),
        Holder::Signal(signal) => (OF_SIGNAL, signal.uuid()),
    };
    Ok(on!(conn, c => sqlx::query_as(sql)
        .bind(person.uuid())
        .bind(id)
        .fetch_all(&mut **c)
        .await)?)
}

/// Returns the next ids of files, in their order, after one; none at the end.
pub async fn ids_after(conn: &mut Conn, id: Uuid) -> Result<Vec<Uuid>, Fault> {
    Ok(on!(conn, c => sqlx::query_scalar(IDS_AFTER).bind(id).fetch_all(&mut **c).await)?)
}

/// Returns how many living files a holder has.
pub async fn count(conn: &mut Conn, holder: Holder) -> Result<usize, Fault> {
    let (sql, id) = match holder {
        Holder::Matter(matter) => (COUNT_MATTER, matter.uuid()),
        Holder::Task(task, _) => (COUNT_TASK, task.uuid()),
        Holder::Signal(signal) => (COUNT_SIGNAL, signal.uuid()),
    };
    let count: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(id).fetch_one(&mut **c).await)?;
    Ok(usize::try_from(count).unwrap_or_default())
}
