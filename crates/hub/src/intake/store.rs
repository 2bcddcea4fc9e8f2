//! SQL of sources and of how far the intake log was read.

use khien_domain::id::{PersonId, SourceId, UnitId};
use khien_store::{Conn, Write, on, statements};
use uuid::Uuid;

use super::source::Door;
use super::tally::Counts;
use crate::fault::Fault;

/// The sources of units that a grant to administer reaches; `$1` is the person.
///
/// Sources are no content: the administrator, whom the visibility rule shows no matter, sees them.
macro_rules! administered {
    () => {
        "EXISTS (SELECT 1 FROM access_grant g JOIN unit_scope us ON us.ancestor = g.unit
                 WHERE g.person = $1 AND g.state = 'active' AND g.role = 'administrator'
                   AND (g.subtree OR us.own) AND us.descendant = s.unit)"
    };
}

macro_rules! columns {
    () => {
        "SELECT s.id, s.name, u.name AS unit_name, s.unit, s.door, s.networks, s.created_at,
                s.disabled_at, s.seen_at, s.accepted, s.rejected, s.cut, s.lost, s.skew
         FROM source s JOIN unit u ON u.id = s.unit WHERE "
    };
}

statements! {
    BY_TOKEN = "SELECT id FROM source WHERE token_hash = $1 AND door = 'http'
                AND disabled_at IS NULL",
    NETWORKS = "SELECT id, networks FROM source WHERE door = 'syslog' AND disabled_at IS NULL",
    NAMED = "SELECT COUNT(*) FROM source WHERE name = $1",
    INSERT = "INSERT INTO source (id, name, unit, door, token_hash, networks, created_at, accepted,
                                  rejected, cut, lost)
              VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0)",
    DISABLE = "UPDATE source SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL",
    COUNT_UP = "UPDATE source SET accepted = accepted + $2, rejected = rejected + $3,
                  cut = cut + $4, lost = lost + $5, seen_at = COALESCE($6, seen_at),
                  skew = COALESCE($7, skew)
                WHERE id = $1",
    UNIT = "SELECT unit FROM source WHERE id = $1",
    FIND = concat!(columns!(), administered!(), " AND s.id = $2"),
    LIST = concat!(columns!(), administered!(),
                   " ORDER BY s.disabled_at IS NOT NULL, s.name LIMIT $2"),
    OFFSET = "SELECT position FROM intake_offset WHERE log = $1",
    NEEDED = "SELECT COALESCE(m.position, o.position) FROM intake_offset o
              LEFT JOIN detection_memory m ON m.log = o.log WHERE o.log = $1",
    SAVE_OFFSET = "INSERT INTO intake_offset (log, position) VALUES ($1, $2)
                   ON CONFLICT (log) DO UPDATE SET position = excluded.position",
}

/// The most sources that the page shows.
const LIST_MAX: i64 = 500;

/// Returns the enabled source of a token.
pub(super) async fn by_token(conn: &mut Conn, hash: &[u8]) -> Result<Option<SourceId>, Fault> {
    let id: Option<Uuid> =
        on!(conn, c => sqlx::query_scalar(BY_TOKEN).bind(hash).fetch_optional(&mut **c).await)?;
    Ok(id.map(SourceId::new))
}

/// Returns the networks of every enabled syslog source, as text.
pub(super) async fn networks(conn: &mut Conn) -> Result<Vec<(SourceId, String)>, Fault> {
    let rows: Vec<(Uuid, String)> =
        on!(conn, c => sqlx::query_as(NETWORKS).fetch_all(&mut **c).await)?;
    Ok(rows.into_iter().map(|(id, networks)| (SourceId::new(id), networks)).collect())
}

/// Returns whether a source has this name.
pub(super) async fn named(conn: &mut Conn, name: &str) -> Result<bool, Fault> {
    let count: i64 =
        on!(conn, c => sqlx::query_scalar(NAMED).bind(name).fetch_one(&mut **c).await)?;
    Ok(count > 0)
}

/// A row to be added.
pub(super) struct NewRow<'a> {
    pub(super) id: SourceId,
    pub(super) name: &'a str,
    pub(super) unit: UnitId,
    pub(super) door: &'a Door,
    pub(super) hash: Option<Vec<u8>>,
}

/// Adds a source.
pub(super) async fn insert(write: &mut Write, row: &NewRow<'_>, at: i64) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT)
        .bind(row.id.uuid())
        .bind(row.name)
        .bind(row.unit.uuid())
        .bind(row.door.code())
        .bind(row.hash.as_deref())
        .bind(row.door.networks())
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Closes the door to a source; returns whether it was open.
pub(super) async fn disable(write: &mut Write, id: SourceId, at: i64) -> Result<bool, Fault> {
    let rows = on!(write, c => sqlx::query(DISABLE)
        .bind(id.uuid())
        .bind(at)
        .execute(&mut **c)
        .await?
        .rows_affected());
    Ok(rows == 1)
}

/// Adds to the counts of a source.
pub(super) async fn count(write: &mut Write, id: SourceId, counts: &Counts) -> Result<(), Fault> {
    on!(write, c => sqlx::query(COUNT_UP)
        .bind(id.uuid())
        .bind(counts.accepted)
        .bind(counts.rejected)
        .bind(counts.cut)
        .bind(counts.lost)
        .bind(counts.seen_at)
        .bind(counts.skew)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Returns the unit of a source.
pub async fn unit(conn: &mut Conn, id: SourceId) -> Result<Option<UnitId>, Fault> {
    let id = id.uuid();
    let unit: Option<Uuid> =
        on!(conn, c => sqlx::query_scalar(UNIT).bind(id).fetch_optional(&mut **c).await)?;
    Ok(unit.map(UnitId::new))
}

/// A source as its page shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SourceRow {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// The name of its unit.
    pub unit_name: String,
    /// Its unit.
    pub unit: Uuid,
    /// `http` or `syslog`.
    pub door: String,
    /// The networks of a syslog source.
    pub networks: String,
    /// When it was added.
    pub created_at: i64,
    /// When it was disabled.
    pub disabled_at: Option<i64>,
    /// When it was last heard of.
    pub seen_at: Option<i64>,
    /// Events taken.
    pub accepted: i64,
    /// Events refused or unreadable.
    pub rejected: i64,
    /// Messages cut at the bound.
    pub cut: i64,
    /// Datagrams that came too fast.
    pub lost: i64,
    /// The sender's clock minus ours, µs.
    pub skew: Option<i64>,
}

/// Returns a source that the person administers.
pub(super) async fn find(
    conn: &mut Conn,
    person: PersonId,
    id: SourceId,
) -> Result<Option<SourceRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(FIND)
        .bind(person.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?)
}

/// Returns the sources that the person administers, the open ones first.
pub(super) async fn list(conn: &mut Conn, person: PersonId) -> Result<Vec<SourceRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(LIST)
        .bind(person.uuid())
        .bind(LIST_MAX)
        .fetch_all(&mut **c)
        .await)?)
}

/// Returns how far a log was read; 0 before the first time.
pub async fn place(conn: &mut Conn, log: &str) -> Result<i64, Fault> {
    let place: Option<i64> =
        on!(conn, c => sqlx::query_scalar(OFFSET).bind(log).fetch_optional(&mut **c).await)?;
    Ok(place.unwrap_or_default())
}

/// Returns from where on a restart will read a log again; 0 before the first time.
pub async fn needed(conn: &mut Conn, log: &str) -> Result<i64, Fault> {
    let needed: Option<i64> =
        on!(conn, c => sqlx::query_scalar(NEEDED).bind(log).fetch_optional(&mut **c).await)?;
    Ok(needed.unwrap_or_default())
}

/// Saves how far a log was read, in the transaction of what was made of it.
pub async fn save_place(write: &mut Write, log: &str, place: i64) -> Result<(), Fault> {
    on!(write, c => sqlx::query(SAVE_OFFSET)
        .bind(log)
        .bind(place)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}
