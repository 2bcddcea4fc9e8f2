//! SQL of hits and of how often rules fire.

use khien_domain::id::{AssetId, SignalId};
use khien_store::{Conn, Write, on, statements};

use super::save::Owner;
use super::scan::Found;
use crate::fault::Fault;

const HOURS_OF_DAY: i64 = 24;

statements! {
    KNOWN = "SELECT COUNT(*) FROM hit WHERE id = $1",
    INSERT = "INSERT INTO hit (id, rule, family, title, level, unit, asset, source, host,
                               happened_at, received_at, event, signal)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    COUNT_UP = "INSERT INTO rule_tally (rule, hour, hits) VALUES ($1, $2, $3)
                ON CONFLICT (rule, hour) DO UPDATE SET hits = rule_tally.hits + excluded.hits",
    COUNTS = "SELECT rule, CAST(SUM(hits) AS BIGINT) AS total,
                     CAST(SUM(CASE WHEN hour > $1 THEN hits ELSE 0 END) AS BIGINT) AS day,
                     CAST(SUM(CASE WHEN hour > $2 THEN hits ELSE 0 END) AS BIGINT) AS week
              FROM rule_tally GROUP BY rule",
}

/// Returns whether a hit is stored already.
pub(super) async fn is_known(conn: &mut Conn, id: &[u8; 32]) -> Result<bool, Fault> {
    let count: i64 =
        on!(conn, c => sqlx::query_scalar(KNOWN).bind(&id[..]).fetch_one(&mut **c).await)?;
    Ok(count > 0)
}

/// Stores a hit with its event.
pub(super) async fn insert(
    write: &mut Write,
    hit: &Found,
    owner: Owner,
    signal: Option<SignalId>,
) -> Result<(), Fault> {
    let rule = &hit.rule;
    on!(write, c => sqlx::query(INSERT)
        .bind(&hit.id[..])
        .bind(&rule.id)
        .bind(&rule.family)
        .bind(rule.title_vi.as_deref().unwrap_or(&rule.title))
        .bind(rule.level.name())
        .bind(owner.unit.uuid())
        .bind(owner.asset.map(AssetId::uuid))
        .bind(hit.spot.source.uuid())
        .bind(&*hit.spot.host)
        .bind(hit.happened_at)
        .bind(hit.received_at)
        .bind(&hit.event)
        .bind(signal.map(SignalId::uuid))
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Adds to the count of a rule in an hour.
pub(super) async fn count(
    write: &mut Write,
    rule: &str,
    hour: i64,
    hits: i64,
) -> Result<(), Fault> {
    on!(write, c => sqlx::query(COUNT_UP)
        .bind(rule)
        .bind(hour)
        .bind(hits)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// How often a rule fired.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Count {
    /// The rule's id.
    pub rule: String,
    /// Since the hub counts.
    pub total: i64,
    /// In the last 24 hours, the present one included.
    pub day: i64,
    /// In the last seven days.
    pub week: i64,
}

/// Returns how often each rule fired up to the present `hour`.
pub async fn counts(conn: &mut Conn, hour: i64) -> Result<Vec<Count>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(COUNTS)
        .bind(hour - HOURS_OF_DAY)
        .bind(hour - 7 * HOURS_OF_DAY)
        .fetch_all(&mut **c)
        .await)?)
}
