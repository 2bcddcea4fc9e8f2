//! SQL of incidents and their parties. Every query that answers a person asks [`matter_depth!`].

use anyhow::Context as _;
use khien_domain::access::Depth;
use khien_domain::clock::LawReport;
use khien_domain::fold::fold;
use khien_domain::id::{MatterId, PersonId, UnitId};
use khien_domain::incident::{Incident, Owing, Verdict};
use khien_domain::marking::Marking;
use khien_domain::matter::{Matter, Number, Party};
use khien_store::{Conn, Write, on, statements};
use serde::Deserialize;
use uuid::Uuid;

use crate::access::visible::{matter_depth, party_depth, unit_depth};
use crate::fault::Fault;
use crate::web::list::{self, ListQuery, Listed, Page, matching, newest_first};
use crate::web::stored;

/// What the clocks need of the incidents that were merged into one, directly or by way of another:
/// [`Merged`] as JSON objects with commas between them. Read afresh each time, so that taking a
/// merge back leaves nothing behind.
macro_rules! merged {
    () => {
        concat!(
            "(WITH RECURSIVE part(id) AS (SELECT g.id FROM matter g WHERE g.merged_into = m.id ",
            "UNION SELECT g.id FROM matter g JOIN part ON g.merged_into = part.id) ",
            "SELECT string_agg('{\"detected_at\":' || g.detected_at || ',\"opened_at\":' || ",
            "g.opened_at || ',\"severity\":\"' || g.severity || '\",\"clock_pack\":\"' || ",
            "g.clock_pack || '\",\"reports\":' || COALESCE(g.reports, '[]') || '}', ',') ",
            "FROM matter g JOIN part ON part.id = g.id)"
        )
    };
}

/// An incident with the names that a page shows.
macro_rules! columns {
    () => {
        concat!(
            "SELECT m.id, m.number, m.title, m.state, m.lead, l.name AS lead_name, m.unit, ",
            "u.name AS unit_name, m.marking, m.strict, m.category, m.severity, m.detected_at, ",
            "m.opened_at, m.state_since, m.closed_at, m.dedup_key, m.clock_pack, m.follows, ",
            "CASE WHEN ",
            matter_depth!("f"),
            " > 0 THEN f.number END AS follows_number, m.merged_into, CASE WHEN ",
            matter_depth!("i"),
            " > 0 THEN i.number END AS merged_number, m.leak, ",
            "m.leak_reason, m.leak_by, b.name AS leak_by_name, m.leak_at, m.reports, ",
            "m.owing_reason, m.owing_by, o.name AS owing_by_name, m.created_at, ",
            merged!(),
            " AS merged, ",
            matter_depth!("m"),
            " AS depth FROM matter m JOIN unit l ON l.id = m.lead JOIN unit u ON u.id = m.unit ",
            "LEFT JOIN matter f ON f.id = m.follows LEFT JOIN matter i ON i.id = m.merged_into ",
            "LEFT JOIN person b ON b.id = m.leak_by LEFT JOIN person o ON o.id = m.owing_by "
        )
    };
}

macro_rules! listed {
    () => {
        concat!("WHERE m.kind = 'incident' AND ", matter_depth!("m"), " > 0 AND ", matching!("m"))
    };
}

statements! {
    INSERT = "INSERT INTO matter (id, kind, number, title, search_key, state, lead, unit, marking,
                strict, category, severity, detected_at, opened_at, state_since, live_key,
                dedup_key, clock_pack, follows, created_at)
              VALUES ($1, 'incident', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14,
                $14, $15, $16, $13)",
    FIND = concat!(
        columns!(), "WHERE m.kind = 'incident' AND m.id = $2 AND ", matter_depth!("m"), " > 0"
    ),
    BY_NUMBER = concat!(
        columns!(), "WHERE m.kind = 'incident' AND m.number = $2 AND ", matter_depth!("m"), " > 0"
    ),
    SAVE = "UPDATE matter SET state = $2, leak = $3, leak_reason = $4, leak_by = $5, leak_at = $6,
              state_since = CASE WHEN state = $2 THEN state_since ELSE $7 END,
              closed_at = CASE WHEN $2 = 'closed' THEN $7 ELSE NULL END,
              live_key = CASE WHEN $8 THEN NULL ELSE dedup_key END,
              merged_into = $9, reports = $10, owing_reason = $11, owing_by = $12
            WHERE id = $1",
    MARK = "UPDATE matter SET marking = $2 WHERE id = $1",
    LIVE = "SELECT id FROM matter WHERE live_key = $1",
    LAST = "SELECT id FROM matter WHERE dedup_key = $1 ORDER BY created_at DESC, id DESC LIMIT 1",
    INSERT_PARTY = "INSERT INTO party (matter, unit, role, depth, added_at)
                    VALUES ($1, $2, $3, $4, $5)",
    ALL_PARTIES = "SELECT unit, role, depth FROM party WHERE matter = $1",
    ALL_NAMED = "SELECT person FROM named WHERE matter = $1",
    PARTIES = concat!(
        "SELECT q.unit, u.name, u.code, q.role, q.depth, q.added_at FROM party q
         JOIN unit u ON u.id = q.unit JOIN matter m ON m.id = q.matter
         WHERE q.matter = $2 AND ", matter_depth!("m"), " > 0 AND (",
        party_depth!("m", "AND p.role = 'lead'"), " > 0 OR ", unit_depth!("q.unit"),
        " > 0) ORDER BY q.added_at, u.name LIMIT 2000"
    ),
    PARTS = concat!(
        "SELECT m.id, m.number FROM matter m WHERE m.merged_into = $2 AND ", matter_depth!("m"),
        " > 0 ORDER BY m.number LIMIT $3"
    ),
    LIST = concat!(
        columns!(), listed!(),
        newest_first!("m", "$5", "$6", "$7")
    ),
    COUNT = concat!(
        "SELECT COUNT(*) FROM matter m JOIN unit u ON u.id = m.unit ", listed!()
    ),
    RUNNING = concat!(
        columns!(), "WHERE m.kind = 'incident' AND m.state IN ('open', 'contained', 'recovering',
          'resolved') AND ", matter_depth!("m"), " > 0 ORDER BY CASE m.severity
          WHEN 'serious' THEN 0 WHEN 'high' THEN 1 ELSE 2 END, m.detected_at, m.id LIMIT $2"
    ),
    RUNNING_AT = concat!(
        columns!(), "WHERE m.kind = 'incident' AND m.state IN ('open', 'contained', 'recovering')
          AND m.unit = $2 AND ", matter_depth!("m"), " > 0 ORDER BY m.created_at DESC LIMIT 20"
    ),
}

/// An incident as lists and pages show it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct IncidentRow {
    /// Its id.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// Where it stands.
    pub state: String,
    /// The unit that leads it.
    pub lead: Uuid,
    /// That unit's name.
    pub lead_name: String,
    /// The unit that it hit.
    pub unit: Uuid,
    /// That unit's name.
    pub unit_name: String,
    /// Its TLP marking.
    pub marking: String,
    /// Whether only named persons read it.
    pub strict: bool,
    /// What sort it is.
    pub category: String,
    /// How bad it is.
    pub severity: String,
    /// When it was detected, µs UTC.
    pub detected_at: i64,
    /// When it was opened.
    pub opened_at: i64,
    /// Since when it stands where it stands.
    pub state_since: i64,
    /// When it was closed.
    pub closed_at: Option<i64>,
    /// The key under which a recurrence finds it.
    pub dedup_key: Option<String>,
    /// The rule pack under which it was opened.
    pub clock_pack: String,
    /// The earlier incident that it repeats.
    pub follows: Option<Uuid>,
    /// That incident's number, if the reader may know of it.
    pub follows_number: Option<String>,
    /// The incident that it is part of.
    pub merged_into: Option<Uuid>,
    /// That incident's number, if the reader may know of it.
    pub merged_number: Option<String>,
    /// The leak-risk verdict.
    pub leak: Option<String>,
    /// On what grounds.
    pub leak_reason: Option<String>,
    /// Who gave it.
    pub leak_by: Option<Uuid>,
    /// That person's name.
    pub leak_by_name: Option<String>,
    /// When it was given.
    pub leak_at: Option<i64>,
    /// The statutory reports that were made, as JSON.
    pub reports: Option<String>,
    /// Why it was closed while one was not made.
    pub owing_reason: Option<String>,
    /// Who closed it then.
    pub owing_by: Option<Uuid>,
    /// That person's name.
    pub owing_by_name: Option<String>,
    /// When its row was made.
    pub created_at: i64,
    /// What the clocks need of the incidents merged into it; see [`Self::merged`].
    pub merged: Option<String>,
    /// How deep the reader may look, 1 to 3.
    pub depth: i64,
}

impl IncidentRow {
    /// Returns the incident as the domain knows it.
    ///
    /// # Errors
    /// When the row holds a code that this program does not know.
    pub fn noun(&self) -> Result<Incident, Fault> {
        Ok(Incident {
            matter: MatterId::new(self.id),
            unit: UnitId::new(self.unit),
            state: stored(&self.state)?,
            category: stored(&self.category)?,
            severity: stored(&self.severity)?,
            verdict: self.verdict()?,
            reports: self.reports()?,
            owing: self.owing(),
        })
    }

    /// Returns the statutory reports that were made.
    ///
    /// # Errors
    /// When the row holds what this program did not write.
    pub fn reports(&self) -> Result<Vec<LawReport>, Fault> {
        let Some(text) = &self.reports else { return Ok(Vec::new()) };
        Ok(serde_json::from_str(text).context("reading the statutory reports of a matter")?)
    }

    /// Returns what the clocks need of the incidents that were merged into this one.
    ///
    /// # Errors
    /// When their rows hold what this program did not write.
    pub fn merged(&self) -> Result<Vec<Merged>, Fault> {
        let Some(objects) = &self.merged else { return Ok(Vec::new()) };
        let all = serde_json::from_str(&format!("[{objects}]"));
        Ok(all.context("reading the incidents that were merged into one")?)
    }

    fn owing(&self) -> Option<Owing> {
        let (reason, by) = (self.owing_reason.clone()?, PersonId::new(self.owing_by?));
        Some(Owing { reason, by })
    }

    fn verdict(&self) -> Result<Option<Verdict>, Fault> {
        let (Some(leak), Some(by), Some(at)) = (&self.leak, self.leak_by, self.leak_at) else {
            return Ok(None);
        };
        let reason = self.leak_reason.clone().unwrap_or_default();
        Ok(Some(Verdict { leak: stored(leak)?, reason, by: PersonId::new(by), at }))
    }

    /// Returns whether the reader may look as deep as `depth`.
    pub fn reads(&self, depth: Depth) -> bool {
        self.depth >= i64::from(depth.rank())
    }
}

/// What the clocks need of an incident that was merged into another.
#[derive(Clone, Debug, Deserialize)]
pub struct Merged {
    /// When it was detected, µs UTC.
    pub detected_at: i64,
    /// When it was opened.
    pub opened_at: i64,
    /// How bad it is.
    pub severity: String,
    /// The rule pack under which it was opened.
    pub clock_pack: String,
    /// The statutory reports that were made of it.
    pub reports: Vec<LawReport>,
}

impl Listed for IncidentRow {
    fn place(&self) -> (i64, Uuid) {
        (self.created_at, self.id)
    }
}

/// What a new incident's row says beside the incident and the matter themselves.
pub struct Opening<'a> {
    /// When it was detected, µs UTC.
    pub detected_at: i64,
    /// When it is opened.
    pub opened_at: i64,
    /// The key under which at most one incident is open.
    pub key: Option<&'a str>,
    /// The rule pack whose clocks run.
    pub clock_pack: &'a str,
    /// The earlier incident that it repeats.
    pub follows: Option<MatterId>,
}

/// Adds an incident with its parties.
pub async fn insert(
    write: &mut Write,
    matter: &Matter,
    incident: &Incident,
    opening: &Opening<'_>,
) -> Result<(), Fault> {
    let number = matter.number.to_string();
    let lead = matter.lead().ok_or_else(|| anyhow::anyhow!("an incident without a lead"))?;
    on!(write, c => sqlx::query(INSERT)
        .bind(matter.id.uuid())
        .bind(&number)
        .bind(&matter.title)
        .bind(fold(&format!("{number} {}", matter.title)))
        .bind(incident.state.code())
        .bind(lead.uuid())
        .bind(incident.unit.uuid())
        .bind(matter.marking.code())
        .bind(matter.strict)
        .bind(incident.category.code())
        .bind(incident.severity.code())
        .bind(opening.detected_at)
        .bind(opening.opened_at)
        .bind(opening.key)
        .bind(opening.clock_pack)
        .bind(opening.follows.map(MatterId::uuid))
        .execute(&mut **c)
        .await
        .map(drop))?;
    for party in &matter.parties {
        insert_party(write, matter.id, party, opening.opened_at).await?;
    }
    Ok(())
}

/// Adds a party.
pub async fn insert_party(
    write: &mut Write,
    matter: MatterId,
    party: &Party,
    at: i64,
) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT_PARTY)
        .bind(matter.uuid())
        .bind(party.unit.uuid())
        .bind(party.role.code())
        .bind(i64::from(party.depth.rank()))
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Saves where an incident stands since `at`, its verdict, what it was merged into, and the
/// statutory reports with what the closer said of those not made.
pub async fn save(
    write: &mut Write,
    incident: &Incident,
    merged_into: Option<MatterId>,
    at: i64,
) -> Result<(), Fault> {
    let (verdict, owing) = (incident.verdict.as_ref(), incident.owing.as_ref());
    let reports = serde_json::to_string(&incident.reports).context("writing statutory reports")?;
    on!(write, c => sqlx::query(SAVE)
        .bind(incident.matter.uuid())
        .bind(incident.state.code())
        .bind(verdict.map(|v| v.leak.code()))
        .bind(verdict.map(|v| v.reason.as_str()))
        .bind(verdict.map(|v| v.by.uuid()))
        .bind(verdict.map(|v| v.at))
        .bind(at)
        .bind(incident.state.is_over())
        .bind(merged_into.map(MatterId::uuid))
        .bind(reports)
        .bind(owing.map(|o| o.reason.as_str()))
        .bind(owing.map(|o| o.by.uuid()))
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Saves how far an incident's content may be passed on.
pub async fn mark(write: &mut Write, id: MatterId, marking: Marking) -> Result<(), Fault> {
    on!(write, c => sqlx::query(MARK)
        .bind(id.uuid())
        .bind(marking.code())
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Returns the open incident that holds a key.
pub async fn live(conn: &mut Conn, key: &str) -> Result<Option<MatterId>, Fault> {
    one_id(conn, LIVE, key).await
}

/// Returns the latest incident that ever had a key.
pub async fn last(conn: &mut Conn, key: &str) -> Result<Option<MatterId>, Fault> {
    one_id(conn, LAST, key).await
}

async fn one_id(conn: &mut Conn, sql: &'static str, key: &str) -> Result<Option<MatterId>, Fault> {
    let id: Option<Uuid> =
        on!(conn, c => sqlx::query_scalar(sql).bind(key).fetch_optional(&mut **c).await)?;
    Ok(id.map(MatterId::new))
}

/// Returns an incident, if the person may know of it.
pub async fn find(
    conn: &mut Conn,
    person: PersonId,
    id: MatterId,
) -> Result<Option<IncidentRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(FIND)
        .bind(person.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?)
}

/// Returns the incident with this number, if the person may know of it.
pub async fn by_number(
    conn: &mut Conn,
    person: PersonId,
    number: &Number,
) -> Result<Option<IncidentRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(BY_NUMBER)
        .bind(person.uuid())
        .bind(number.to_string())
        .fetch_optional(&mut **c)
        .await)?)
}

/// Returns the whole matter, for the rules of the domain; never shown to a person as it is.
pub async fn matter(conn: &mut Conn, row: &IncidentRow) -> Result<Matter, Fault> {
    let parties: Vec<(Uuid, String, i64)> = on!(conn, c => sqlx::query_as(ALL_PARTIES)
        .bind(row.id)
        .fetch_all(&mut **c)
        .await)?;
    let named: Vec<Uuid> = on!(conn, c => sqlx::query_scalar(ALL_NAMED)
        .bind(row.id)
        .fetch_all(&mut **c)
        .await)?;
    let party = |(unit, role, depth): (Uuid, String, i64)| -> Result<Party, Fault> {
        let depth = Depth::from_rank(u8::try_from(depth).unwrap_or_default());
        Ok(Party { unit: UnitId::new(unit), role: stored(&role)?, depth })
    };
    Ok(Matter {
        id: MatterId::new(row.id),
        number: stored(&row.number)?,
        title: row.title.clone(),
        marking: stored(&row.marking)?,
        strict: row.strict,
        parties: parties.into_iter().map(party).collect::<Result<_, _>>()?,
        named: named.into_iter().map(PersonId::new).collect(),
    })
}

/// A party as the page of an incident shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PartyRow {
    /// The unit.
    pub unit: Uuid,
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    /// What it is in the matter.
    pub role: String,
    /// How deep it reads.
    pub depth: i64,
    /// When it was added, µs UTC.
    pub added_at: i64,
}

/// Returns the parties that the person learns of: all when reaching the lead, else only those
/// that the person stands for.
pub async fn parties(
    conn: &mut Conn,
    person: PersonId,
    id: MatterId,
) -> Result<Vec<PartyRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(PARTIES)
        .bind(person.uuid())
        .bind(id.uuid())
        .fetch_all(&mut **c)
        .await)?)
}

/// The most merged incidents that a page names.
pub const PARTS_MAX: i64 = 200;

/// An incident that was merged into another.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PartRow {
    /// Its id.
    pub id: Uuid,
    /// Its number.
    pub number: String,
}

/// Returns what was merged into an incident, as far as the person may know of it: the first
/// [`PARTS_MAX`].
pub async fn parts(conn: &mut Conn, person: PersonId, id: MatterId) -> Result<Vec<PartRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(PARTS)
        .bind(person.uuid())
        .bind(id.uuid())
        .bind(PARTS_MAX)
        .fetch_all(&mut **c)
        .await)?)
}

/// Returns a page of the incidents that a person may know of, newest first.
pub async fn list(
    conn: &mut Conn,
    person: PersonId,
    query: &ListQuery,
) -> Result<Page<IncidentRow>, Fault> {
    list::page(conn, LIST, COUNT, &query.matching(person), query).await
}

/// Returns the incidents that run and that the person may know of, oldest first.
pub async fn running(
    conn: &mut Conn,
    person: PersonId,
    limit: i64,
) -> Result<Vec<IncidentRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(RUNNING)
        .bind(person.uuid())
        .bind(limit)
        .fetch_all(&mut **c)
        .await)?)
}

/// Returns the incidents that run at a unit: those that a new signal of it might belong to.
pub async fn running_at(
    conn: &mut Conn,
    person: PersonId,
    unit: UnitId,
) -> Result<Vec<IncidentRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(RUNNING_AT)
        .bind(person.uuid())
        .bind(unit.uuid())
        .fetch_all(&mut **c)
        .await)?)
}

#[cfg(test)]
mod tests {
    use khien_domain::incident::State;

    use super::*;

    /// SQL spells out the set of states that the domain decides on.
    #[test]
    fn an_incident_runs_in_sql_as_long_as_in_the_domain() {
        for state in State::ALL {
            assert_eq!(RUNNING.contains(&format!("'{state}'")), !state.is_over(), "{state}");
        }
    }
}
