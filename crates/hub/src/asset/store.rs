//! SQL of assets and of the keys by which events find them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use khien_domain::asset::{Asset, Criticality, Kind, SystemType};
use khien_domain::fold::fold;
use khien_domain::id::{AssetId, PersonId, UnitId};
use khien_store::{Conn, Write, on, statements};
use uuid::Uuid;

use crate::access::visible::unit_depth;
use crate::fault::Fault;
use crate::web::list::{self, Filter, ListQuery, Listed, Page, newest_first};
use crate::web::stored;

/// The columns of a listed asset, for whoever `$1` sees.
macro_rules! seen {
    ($rest:expr) => {
        concat!(
            "SELECT a.id, a.unit, u.code AS unit_code, u.name AS unit_name, a.kind, a.system_type,
                    a.name, a.level, a.created_at, a.retired_at
             FROM asset a JOIN unit u ON u.id = a.unit WHERE ",
            unit_depth!("a.unit"),
            " > 0 ",
            $rest
        )
    };
}

statements! {
    // A source speaks for its own unit and what stands under it, and for nobody else. Two rows
    // are enough to see that a key does not tell one asset.
    BY_HOST = "SELECT k.asset, k.unit FROM asset_key k
               JOIN unit_scope us ON us.descendant = k.unit
               WHERE k.key = $1 AND us.ancestor = $2 LIMIT 2",
    LIST = seen!(concat!("AND a.search_key LIKE $2 ESCAPE '\\' AND ($3 = '' OR u.code = $3)
                         AND (a.retired_at IS NOT NULL) = $4 ",
                        newest_first!("a", "$5", "$6", "$7"))),
    COUNT = concat!("SELECT COUNT(*) FROM asset a JOIN unit u ON u.id = a.unit WHERE ",
                    unit_depth!("a.unit"),
                    " > 0 AND a.search_key LIKE $2 ESCAPE '\\' AND ($3 = '' OR u.code = $3)
                     AND (a.retired_at IS NOT NULL) = $4"),
    FIND = seen!("AND a.id = $2"),
    KEYS = "SELECT key FROM asset_key WHERE asset = $1 ORDER BY key",
    LIVE = "SELECT id, unit, kind, system_type, name, level FROM asset
            WHERE retired_at IS NULL ORDER BY id",
    EVERY_KEY = "SELECT asset, key FROM asset_key ORDER BY key",
    NAMED = "SELECT id, name FROM asset
             WHERE unit = $1 AND kind = $2 AND retired_at IS NULL ORDER BY id",
    INSERT = "INSERT INTO asset (id, unit, kind, system_type, name, search_key, level, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    UPDATE = "UPDATE asset SET unit = $2, kind = $3, system_type = $4, name = $5, search_key = $6,
                               level = $7
              WHERE id = $1",
    RETIRE = "UPDATE asset SET retired_at = $2 WHERE id = $1",
    GIVE_KEY = "INSERT INTO asset_key (key, unit, asset) VALUES ($1, $2, $3)
                ON CONFLICT (key, unit) DO NOTHING",
    FREE_KEYS = "DELETE FROM asset_key WHERE asset = $1",
}

/// Returns the asset to which a key leads within `unit` and what stands under it, with the unit that
/// owns it; nothing when several do, as communes may use the same private addresses.
///
/// The key is spelled by [`khien_domain::asset::host_key`].
pub async fn by_host(
    conn: &mut Conn,
    key: &str,
    unit: UnitId,
) -> Result<Option<(AssetId, UnitId)>, Fault> {
    let rows: Vec<(Uuid, Uuid)> = on!(conn, c => sqlx::query_as(BY_HOST)
        .bind(key)
        .bind(unit.uuid())
        .fetch_all(&mut **c)
        .await)?;
    Ok(match rows[..] {
        [(asset, unit)] => Some((AssetId::new(asset), UnitId::new(unit))),
        _ => None,
    })
}

#[derive(sqlx::FromRow)]
struct AssetRow {
    id: Uuid,
    unit: Uuid,
    kind: String,
    system_type: Option<String>,
    name: String,
    level: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct SeenRow {
    #[sqlx(flatten)]
    asset: AssetRow,
    unit_code: String,
    unit_name: String,
    created_at: i64,
    retired_at: Option<i64>,
}

impl Listed for SeenRow {
    fn place(&self) -> (i64, Uuid) {
        (self.created_at, self.asset.id)
    }
}

/// An asset as somebody who may see it sees it.
#[derive(Clone, Debug)]
pub struct SeenAsset {
    /// The asset; its keys are filled in by [`find`] only.
    pub asset: Asset,
    /// The code of the unit that owns it.
    pub unit_code: String,
    /// The name of the unit that owns it.
    pub unit_name: String,
    /// When it was entered, µs UTC.
    pub created_at: i64,
    /// When it was retired, if it was.
    pub retired_at: Option<i64>,
}

fn asset(row: AssetRow, keys: Vec<String>) -> Result<Asset, Fault> {
    let (ips, hosts): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|key| key.parse::<IpAddr>().is_ok());
    Ok(Asset {
        id: AssetId::new(row.id),
        unit: UnitId::new(row.unit),
        kind: stored::<Kind>(&row.kind)?,
        name: row.name,
        level: row.level.and_then(|level| u8::try_from(level).ok()),
        system_type: row.system_type.as_deref().map(stored::<SystemType>).transpose()?,
        hosts,
        ips: ips.iter().filter_map(|key| key.parse().ok()).collect(),
        criticality: Criticality::Normal,
    })
}

fn seen(row: SeenRow, keys: Vec<String>) -> Result<SeenAsset, Fault> {
    let SeenRow { asset: columns, unit_code, unit_name, created_at, retired_at } = row;
    let asset = asset(columns, keys)?;
    Ok(SeenAsset { asset, unit_code, unit_name, created_at, retired_at })
}

/// Returns a page of the assets that `person` sees, newest entry first: those in use, or the
/// retired ones when the query's state says so.
pub async fn list(
    conn: &mut Conn,
    person: PersonId,
    query: &ListQuery,
) -> Result<Page<SeenAsset>, Fault> {
    let filters = [
        person.into(),
        Filter::Text(query.pattern()),
        Filter::Text(query.unit.trim().to_ascii_uppercase()),
        Filter::Flag(query.state == "retired"),
    ];
    let page: Page<SeenRow> = list::page(conn, LIST, COUNT, &filters, query).await?;
    page.try_map(|row| seen(row, Vec::new()))
}

/// Returns an asset with its keys, if `person` sees it.
pub async fn find(
    conn: &mut Conn,
    person: PersonId,
    id: AssetId,
) -> Result<Option<SeenAsset>, Fault> {
    let row: Option<SeenRow> = on!(conn, c => sqlx::query_as(FIND)
        .bind(person.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?;
    let Some(row) = row else { return Ok(None) };
    let keys: Vec<String> = on!(conn, c => sqlx::query_scalar(KEYS)
        .bind(id.uuid())
        .fetch_all(&mut **c)
        .await)?;
    seen(row, keys).map(Some)
}

/// Returns every asset in use with its keys, for an import to be held against.
pub async fn live(conn: &mut Conn) -> Result<Vec<Asset>, Fault> {
    let rows: Vec<AssetRow> = on!(conn, c => sqlx::query_as(LIVE).fetch_all(&mut **c).await)?;
    let pairs: Vec<(Uuid, String)> =
        on!(conn, c => sqlx::query_as(EVERY_KEY).fetch_all(&mut **c).await)?;
    let mut keys: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for (asset, key) in pairs {
        keys.entry(asset).or_default().push(key);
    }
    rows.into_iter()
        .map(|row| {
            let own = keys.remove(&row.id).unwrap_or_default();
            asset(row, own)
        })
        .collect()
}

/// Returns the asset in use of the same unit, kind and name.
pub async fn twin(conn: &mut Conn, asset: &Asset) -> Result<Option<AssetId>, Fault> {
    let rows: Vec<(Uuid, String)> = on!(conn, c => sqlx::query_as(NAMED)
        .bind(asset.unit.uuid())
        .bind(asset.kind.code())
        .fetch_all(&mut **c)
        .await)?;
    let name = fold(&asset.name);
    let twin = rows.into_iter().find(|(_, held)| fold(held) == name);
    Ok(twin.map(|(id, _)| AssetId::new(id)))
}

/// Adds an asset without its keys.
pub async fn insert(write: &mut Write, asset: &Asset, at: i64) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT)
        .bind(asset.id.uuid())
        .bind(asset.unit.uuid())
        .bind(asset.kind.code())
        .bind(asset.system_type.map(SystemType::code))
        .bind(&asset.name)
        .bind(search_key(asset))
        .bind(asset.level.map(i64::from))
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Saves everything of an asset but its keys.
pub async fn update(write: &mut Write, asset: &Asset) -> Result<(), Fault> {
    on!(write, c => sqlx::query(UPDATE)
        .bind(asset.id.uuid())
        .bind(asset.unit.uuid())
        .bind(asset.kind.code())
        .bind(asset.system_type.map(SystemType::code))
        .bind(&asset.name)
        .bind(search_key(asset))
        .bind(asset.level.map(i64::from))
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Marks an asset as out of use.
pub async fn retire(write: &mut Write, id: AssetId, at: i64) -> Result<(), Fault> {
    let id = id.uuid();
    on!(write, c => sqlx::query(RETIRE).bind(id).bind(at).execute(&mut **c).await.map(drop))?;
    Ok(())
}

/// Lets a key lead to an asset; returns false when it leads to another one of the same unit.
pub async fn give_key(write: &mut Write, asset: &Asset, key: &str) -> Result<bool, Fault> {
    let rows = on!(write, c => sqlx::query(GIVE_KEY)
        .bind(key)
        .bind(asset.unit.uuid())
        .bind(asset.id.uuid())
        .execute(&mut **c)
        .await?
        .rows_affected());
    Ok(rows == 1)
}

/// Takes all keys from an asset.
pub async fn free_keys(write: &mut Write, id: AssetId) -> Result<(), Fault> {
    let id = id.uuid();
    on!(write, c => sqlx::query(FREE_KEYS).bind(id).execute(&mut **c).await.map(drop))?;
    Ok(())
}

/// Returns the folded text by which an asset is found: its name and keys.
fn search_key(asset: &Asset) -> String {
    fold(&format!("{} {}", asset.name, asset.keys().join(" ")))
}
