//! Suppressing a rule in some place, and taking that back: each with its journal line and fact.
//!
//! The hits of a suppressed rule are stored and counted as ever; only the signal stays away, and
//! the suppression counts what it kept from a person.

use std::collections::HashMap;

use khien_domain::access::Action;
use khien_domain::asset::host_key;
use khien_domain::id::{AssetId, PersonId, SuppressionId, UnitId};
use khien_domain::refusal::{Code, Refusal};
use khien_domain::suppression::{IN_FORCE_MAX, Scope, Suppression};
use khien_store::{Conn, NewEntry, Write, on, statements};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::access::visible::unit_depth;
use crate::app::App;
use crate::fault::Fault;
use crate::web::view::Caller;
use crate::{access, asset};

/// Suppressions of the page: all that can be in force, or the newest of one rule.
const LIST_MAX: i64 = IN_FORCE_MAX as i64;

macro_rules! columns {
    () => {
        concat!(
            "SELECT s.id, s.rule, s.unit, u.name AS unit_name, s.asset, a.name AS asset_name, ",
            "s.reason, s.owner, p.name AS owner_name, s.from_at, s.until_at, s.lifted_at, s.hits, ",
            "s.last_hit_at FROM suppression s JOIN person p ON p.id = s.owner ",
            "LEFT JOIN unit u ON u.id = s.unit LEFT JOIN asset a ON a.id = s.asset ",
            "WHERE (s.unit IS NULL OR ",
            unit_depth!("s.unit"),
            " > 0) "
        )
    };
}

statements! {
    INSERT = "INSERT INTO suppression (id, rule, unit, asset, reason, owner, from_at, until_at, hits)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
    LIFT = "UPDATE suppression SET lifted_at = $2, lifted_by = $3 WHERE id = $1",
    HELD_BACK = "UPDATE suppression SET hits = hits + $2, last_hit_at = $3 WHERE id = $1",
    IN_FORCE = "SELECT id, rule, unit, asset, reason, owner, from_at, until_at, lifted_at
                FROM suppression WHERE lifted_at IS NULL AND until_at > $1
                ORDER BY from_at, id LIMIT $2",
    LIST = concat!(columns!(), "AND ($2 = '' OR s.rule = $2) AND (s.until_at > $3 AND
        s.lifted_at IS NULL OR $2 <> '') ORDER BY s.from_at DESC, s.id DESC LIMIT $4"),
    FIND = concat!(columns!(), "AND s.id = $2"),
}

/// A suppression as it lies in the store.
#[derive(sqlx::FromRow)]
struct Stored {
    id: Uuid,
    rule: String,
    unit: Option<Uuid>,
    asset: Option<Uuid>,
    reason: String,
    owner: Uuid,
    from_at: i64,
    until_at: i64,
    lifted_at: Option<i64>,
}

impl From<Stored> for Suppression {
    fn from(row: Stored) -> Self {
        let (unit, asset) = (row.unit.map(UnitId::new), row.asset.map(AssetId::new));
        Self {
            id: SuppressionId::new(row.id),
            rule: row.rule,
            scope: match (unit, asset) {
                (Some(unit), Some(asset)) => Scope::Asset(asset, unit),
                (Some(unit), None) => Scope::Unit(unit),
                (None, _) => Scope::Everywhere,
            },
            reason: row.reason,
            owner: PersonId::new(row.owner),
            from: row.from_at,
            until: row.until_at,
            lifted_at: row.lifted_at,
        }
    }
}

/// A suppression as a page shows it.
#[derive(sqlx::FromRow)]
pub(super) struct Shown {
    #[sqlx(flatten)]
    stored: Stored,
    pub(super) unit_name: Option<String>,
    pub(super) asset_name: Option<String>,
    pub(super) owner_name: String,
    pub(super) hits: i64,
    pub(super) last_hit_at: Option<i64>,
}

impl Shown {
    /// Returns the id of the rule.
    pub(super) fn rule(&self) -> &str {
        &self.stored.rule
    }

    /// Returns the id.
    pub(super) fn id(&self) -> Uuid {
        self.stored.id
    }

    /// Returns why.
    pub(super) fn reason(&self) -> &str {
        &self.stored.reason
    }

    /// Returns since when, until when, and whether it was taken back before.
    pub(super) fn term(&self) -> (i64, i64, Option<i64>) {
        (self.stored.from_at, self.stored.until_at, self.stored.lifted_at)
    }

    /// Returns whether it is in force at `at`.
    pub(super) fn holds(&self, at: i64) -> bool {
        self.stored.lifted_at.is_none() && at < self.stored.until_at
    }
}

/// Returns those in force, for every rule, or all that ever were of one rule; the reader learns
/// of places that the reader may see.
pub(super) async fn list(
    conn: &mut Conn,
    person: PersonId,
    rule: &str,
    now: i64,
) -> Result<Vec<Shown>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(LIST)
        .bind(person.uuid())
        .bind(rule)
        .bind(now)
        .bind(LIST_MAX)
        .fetch_all(&mut **c)
        .await)?)
}

/// The suppressions in force while a transaction saves hits, and what they held back.
#[derive(Debug, Default)]
pub(super) struct InForce {
    all: Vec<Suppression>,
    now: i64,
    held_back: HashMap<SuppressionId, i64>,
}

impl InForce {
    /// Reads them.
    pub(super) async fn read(conn: &mut Conn, now: i64) -> Result<Self, Fault> {
        let rows: Vec<Stored> = on!(conn, c => sqlx::query_as(IN_FORCE)
                .bind(now)
                .bind(LIST_MAX)
                .fetch_all(&mut **c)
                .await)?;
        let all = rows.into_iter().map(Suppression::from).collect();
        Ok(Self { all, now, held_back: HashMap::new() })
    }

    /// Returns whether so many hits of a rule raise no signal; the first suppression that covers
    /// them counts them.
    pub(super) fn hold_back(
        &mut self,
        rule: &str,
        unit: UnitId,
        asset: Option<AssetId>,
        hits: i64,
    ) -> bool {
        let covering = self.all.iter().find(|one| one.covers(rule, unit, asset, self.now));
        let Some(covering) = covering else { return false };
        *self.held_back.entry(covering.id).or_default() += hits;
        true
    }

    /// Saves what was held back.
    pub(super) async fn save(&self, write: &mut Write) -> Result<(), Fault> {
        for (id, hits) in &self.held_back {
            on!(write, c => sqlx::query(HELD_BACK)
                .bind(id.uuid())
                .bind(hits)
                .bind(self.now)
                .execute(&mut **c)
                .await
                .map(drop))?;
        }
        Ok(())
    }
}

/// A filled form.
#[derive(Clone, Debug, Deserialize)]
pub struct Wanted {
    /// The id of the rule.
    #[serde(default)]
    pub rule: String,
    /// The code of the unit; empty for the whole province.
    #[serde(default)]
    unit: String,
    /// A host name or address of the one asset that it is about, if it is about one.
    #[serde(default)]
    host: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    days: u32,
}

/// Suppresses a rule.
///
/// # Errors
/// [`Fault::Forbidden`] where the caller may not for that unit or for the whole province, or the
/// domain's refusal.
pub(super) async fn begin(app: &App, caller: &Caller, wanted: &Wanted) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let scope = scope(app, &mut write, caller, wanted).await?;
    if InForce::read(&mut write, app.now()).await?.all.len() >= IN_FORCE_MAX {
        return Err(Refusal::new(Code::TooManySuppressions).into());
    }
    let (id, owner) = (SuppressionId::new(app.new_id()), caller.person.id);
    let begun =
        Suppression::begin(id, &wanted.rule, scope, &wanted.reason, owner, wanted.days, app.now());
    let (begun, facts) = begun.map_err(Fault::Invalid)?;
    insert(&mut write, &begun).await?;
    record(app, &mut write, caller, "rules.suppress", &begun);
    app.tell(&mut write, facts);
    app.commit(write).await?;
    Ok(())
}

/// Takes a suppression back before its time; returns the id of the rule.
///
/// # Errors
/// As [`begin`]; [`Fault::NotFound`] for one that the caller may not see.
pub(super) async fn lift(app: &App, caller: &Caller, id: Uuid) -> Result<String, Fault> {
    let mut write = app.db.write().await?;
    let person = caller.person.id;
    let found: Option<Shown> = on!(write, c => sqlx::query_as(FIND)
        .bind(person.uuid())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?;
    let before = Suppression::from(found.ok_or(Fault::NotFound)?.stored);
    demand(app, &mut write, caller, before.scope).await?;
    let (after, facts) = before.lift(person, app.now())?;
    on!(write, c => sqlx::query(LIFT)
        .bind(id)
        .bind(after.lifted_at)
        .bind(person.uuid())
        .execute(&mut **c)
        .await
        .map(drop))?;
    record(app, &mut write, caller, "rules.restore", &after);
    app.tell(&mut write, facts);
    app.commit(write).await?;
    Ok(after.rule)
}

/// Returns what the caller wants, once the caller may.
async fn scope(
    app: &App,
    write: &mut Write,
    caller: &Caller,
    wanted: &Wanted,
) -> Result<Scope, Fault> {
    if wanted.unit.trim().is_empty() {
        if wanted.host.trim().is_empty() {
            demand(app, write, caller, Scope::Everywhere).await?;
            return Ok(Scope::Everywhere);
        }
        // A name alone may lead to machines of several communes.
        return Err(Fault::Invalid(Refusal::new(Code::UnitUnknown).arg("code", "")));
    }
    let unit = access::unit_by_code(write, &wanted.unit, app.now()).await?;
    // Asked before the host is looked up: another unit's machines are nobody's to find out.
    demand(app, write, caller, Scope::Unit(unit)).await?;
    if wanted.host.trim().is_empty() {
        return Ok(Scope::Unit(unit));
    }
    let found = asset::store::by_host(write, &host_key(&wanted.host), unit).await?;
    let Some((asset, owner)) = found else {
        return Err(Fault::Invalid(Refusal::new(Code::AssetUnknown)));
    };
    let scope = Scope::Asset(asset, owner);
    demand(app, write, caller, scope).await?;
    Ok(scope)
}

async fn demand(app: &App, write: &mut Write, caller: &Caller, scope: Scope) -> Result<(), Fault> {
    match scope.unit() {
        Some(unit) => access::demand(app, write, caller, Action::TuneRules, unit).await,
        None => access::demand_everywhere(app, write, caller, Action::TuneRules).await,
    }
}

async fn insert(write: &mut Write, begun: &Suppression) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT)
        .bind(begun.id.uuid())
        .bind(&begun.rule)
        .bind(begun.scope.unit().map(UnitId::uuid))
        .bind(begun.scope.asset().map(AssetId::uuid))
        .bind(&begun.reason)
        .bind(begun.owner.uuid())
        .bind(begun.from)
        .bind(begun.until)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

fn record(app: &App, write: &mut Write, caller: &Caller, action: &'static str, one: &Suppression) {
    write.record(NewEntry {
        at: app.now(),
        actor: caller.actor(),
        action,
        subject: format!("suppression:{}", one.id),
        body: json!({ "rule": one.rule, "unit": one.scope.unit(), "asset": one.scope.asset(),
                      "reason": one.reason, "until": one.until }),
    });
}
