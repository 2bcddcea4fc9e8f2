//! SQL of what the board shows beside the queue: sources, units by their worst level, the week.

use khien_domain::id::PersonId;
use khien_domain::time::DAY;
use khien_store::{Conn, on, statements};
use uuid::Uuid;

use crate::access::visible::{matter_depth, signal_depth, unit_depth};
use crate::fault::Fault;

statements! {
    SOURCES = concat!(
        "SELECT COUNT(*) AS total,
                COUNT(CASE WHEN s.seen_at >= $2 THEN 1 END) AS alive, MAX(s.seen_at) AS seen_at
         FROM source s WHERE s.disabled_at IS NULL AND ", unit_depth!("s.unit"), " > 0"
    ),
    UNITS = concat!(
        "SELECT u.id, u.name,
                (SELECT COUNT(*) FROM source s WHERE s.unit = u.id AND s.disabled_at IS NULL) AS sources,
                (SELECT COUNT(*) FROM source s WHERE s.unit = u.id AND s.disabled_at IS NULL
                 AND s.seen_at >= $2) AS alive
         FROM unit u WHERE u.valid_from <= $3 AND (u.valid_to IS NULL OR u.valid_to > $3) AND ",
        unit_depth!("u.id"), " > 0 ORDER BY u.name, u.id LIMIT 1000"
    ),
    SIGNAL_LEVELS = concat!(
        "SELECT DISTINCT s.unit, s.level FROM signal s LEFT JOIN matter m ON m.id = s.matter
         WHERE s.state = 'received' AND s.waits AND ", signal_depth!("s.unit", "m"), " > 0"
    ),
    INCIDENT_LEVELS = concat!(
        "SELECT DISTINCT m.unit, m.severity FROM matter m WHERE m.kind = 'incident'
         AND m.state IN ('open', 'contained', 'recovering', 'resolved') AND ",
        matter_depth!("m"), " > 0"
    ),
    SIGNALS_OF_WEEK = concat!(
        "SELECT s.received_at FROM signal s LEFT JOIN matter m ON m.id = s.matter
         WHERE s.received_at >= $2 AND ", signal_depth!("s.unit", "m"),
        " > 0 ORDER BY s.received_at DESC LIMIT 100000"
    ),
}

/// How many sources there are, and how many of them speak.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
pub struct Sources {
    /// All that are open.
    pub total: i64,
    /// Those heard of lately.
    pub alive: i64,
    /// When any was last heard of, µs UTC.
    pub seen_at: Option<i64>,
}

/// Returns the sources that the person may know of; alive is what was seen since `since`.
pub async fn sources(conn: &mut Conn, person: PersonId, since: i64) -> Result<Sources, Fault> {
    Ok(on!(conn, c => sqlx::query_as(SOURCES)
        .bind(person.uuid())
        .bind(since)
        .fetch_one(&mut **c)
        .await)?)
}

/// A unit of the map.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UnitTile {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// How many sources it has.
    pub sources: i64,
    /// How many of them speak.
    pub alive: i64,
}

/// Returns the units of today that the person reaches, by name.
pub async fn units(
    conn: &mut Conn,
    person: PersonId,
    since: i64,
    now: i64,
) -> Result<Vec<UnitTile>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(UNITS)
        .bind(person.uuid())
        .bind(since)
        .bind(now)
        .fetch_all(&mut **c)
        .await)?)
}

/// Returns (unit, level) of everything open that the person may see: waiting signals and running
/// incidents.
pub async fn levels(conn: &mut Conn, person: PersonId) -> Result<Vec<(Uuid, String)>, Fault> {
    let person = person.uuid();
    let mut levels: Vec<(Uuid, String)> =
        on!(conn, c => sqlx::query_as(SIGNAL_LEVELS).bind(person).fetch_all(&mut **c).await)?;
    let incidents: Vec<(Uuid, String)> =
        on!(conn, c => sqlx::query_as(INCIDENT_LEVELS).bind(person).fetch_all(&mut **c).await)?;
    levels.extend(incidents);
    Ok(levels)
}

/// Returns how many signals arrived on each of the days that begin at `from`.
pub async fn signals_by_day<const DAYS: usize>(
    conn: &mut Conn,
    person: PersonId,
    from: i64,
) -> Result<[i64; DAYS], Fault> {
    let arrived: Vec<i64> = on!(conn, c => sqlx::query_scalar(SIGNALS_OF_WEEK)
        .bind(person.uuid())
        .bind(from)
        .fetch_all(&mut **c)
        .await)?;
    let mut days = [0; DAYS];
    for at in arrived {
        let day = usize::try_from((at - from) / DAY).unwrap_or(DAYS);
        if let Some(count) = days.get_mut(day) {
            *count += 1;
        }
    }
    Ok(days)
}
