//! SQL that the report needs of others: the assets of one's own unit, and whom to call.

use khien_domain::id::{PersonId, UnitId};
use khien_store::{Conn, on, statements};
use uuid::Uuid;

use crate::access::visible::{signal_depth, unit_depth};
use crate::fault::Fault;

/// The most assets that a report offers to pick from.
const ASSETS_MAX: i64 = 500;

statements! {
    ASSETS = concat!(
        "SELECT a.id, a.name, a.kind, a.level FROM asset a
         WHERE a.unit = $2 AND a.retired_at IS NULL AND ", unit_depth!("a.unit"), " > 0
         ORDER BY a.kind DESC, a.name, a.id LIMIT $3"
    ),
    FILED = concat!(
        "SELECT s.id, s.number, s.title, s.state, s.received_at FROM signal s
         LEFT JOIN matter m ON m.id = s.matter WHERE s.kind = 'report' AND ",
        signal_depth!("s.unit", "m"), " > 0 ORDER BY s.created_at DESC, s.id DESC LIMIT $2"
    ),
    DUTY_PHONE = "SELECT c.name, c.phone FROM contact c JOIN unit u ON u.id = c.unit
                  WHERE u.kind = 'police' AND c.purpose = 'incident' AND c.phone <> ''
                    AND c.valid_from <= $1 AND (c.valid_to IS NULL OR c.valid_to > $1)
                    AND u.valid_from <= $1 AND (u.valid_to IS NULL OR u.valid_to > $1)
                  ORDER BY c.valid_from DESC, c.id LIMIT 1",
}

/// An asset that a report may name.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OwnAsset {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What sort of thing it is.
    pub kind: String,
    /// Its level, when it is an information system.
    pub level: Option<i64>,
}

/// Returns the assets of a unit that the person may know of.
pub async fn assets(
    conn: &mut Conn,
    person: PersonId,
    unit: UnitId,
) -> Result<Vec<OwnAsset>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(ASSETS)
        .bind(person.uuid())
        .bind(unit.uuid())
        .bind(ASSETS_MAX)
        .fetch_all(&mut **c)
        .await)?)
}

/// The desk that answers at any hour.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Duty {
    /// Its name.
    pub name: String,
    /// Its number.
    pub phone: String,
}

/// Returns whom to call about an incident: the police's desk for incidents, if one is registered.
/// The number is meant for everybody, so that no visibility is asked.
pub async fn duty(conn: &mut Conn, now: i64) -> Result<Option<Duty>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(DUTY_PHONE).bind(now).fetch_optional(&mut **c).await)?)
}

/// A report as its unit's page shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Filed {
    /// Its id.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub state: String,
    /// When it reached the hub, µs UTC.
    pub received_at: i64,
}

/// Returns the reports that the person may know of, newest first.
pub async fn filed(conn: &mut Conn, person: PersonId, limit: i64) -> Result<Vec<Filed>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(FILED)
        .bind(person.uuid())
        .bind(limit)
        .fetch_all(&mut **c)
        .await)?)
}
