//! SQL of signals. Every query that answers a person asks [`signal_depth!`].

use khien_domain::access::Depth;
use khien_domain::fold::fold;
use khien_domain::id::{AssetId, MatterId, PersonId, SignalId, SourceId, UnitId};
use khien_domain::signal::{Kind, Level, Signal, State};
use khien_store::{Conn, Write, on, statements};
use uuid::Uuid;

use crate::access::visible::{matter_depth, signal_depth};
use crate::fault::Fault;
use crate::web::list::{self, ListQuery, Listed, Page, matching, newest_first};
use crate::web::stored;

/// What one signal row says, with the names that a page shows.
macro_rules! columns {
    () => {
        concat!(
            "SELECT s.id, s.number, s.kind, s.level, s.state, s.unit, u.name AS unit_name, ",
            "s.asset, a.name AS asset_name, s.source, CASE WHEN ",
            matter_depth!("m"),
            " > 0 THEN s.matter END AS matter, CASE WHEN ",
            matter_depth!("m"),
            " > 0 THEN m.number END AS matter_number, ",
            "s.title, s.seen_count, s.waits, s.happened_at, s.detected_at, s.received_at, ",
            "s.last_seen_at, s.created_at, ",
            signal_depth!("s.unit", "m"),
            " AS depth FROM signal s JOIN unit u ON u.id = s.unit ",
            "LEFT JOIN asset a ON a.id = s.asset LEFT JOIN matter m ON m.id = s.matter "
        )
    };
}

/// The rows that a person may list, narrowed by search, state and unit code.
macro_rules! listed {
    () => {
        concat!("WHERE ", signal_depth!("s.unit", "m"), " > 0 AND ", matching!("s"))
    };
}

/// The rows that wait for a person, narrowed by words, level and unit.
macro_rules! waiting {
    () => {
        concat!(
            "WHERE s.state = 'received' AND s.waits AND ",
            signal_depth!("s.unit", "m"),
            " > 0 AND (s.search_key LIKE $2 ESCAPE '\\' OR u.search_key LIKE $2 ESCAPE '\\') ",
            "AND ($3 = '' OR s.level = $3) AND (s.unit = $4 OR $4 IS NULL) "
        )
    };
}

statements! {
    INSERT = "INSERT INTO signal (id, number, kind, level, state, unit, asset, source, matter,
                title, search_key, body, live_key, dedup_key, seen_count, waits, happened_at, detected_at,
                received_at, last_seen_at, reporter, entered_by, form_key, reason, created_at)
              VALUES ($1, $2, $3, $4, 'received', $5, $6, $7, NULL, $8, $9, $10, $11, $11, $12, $13,
                $14, $15, $16, $17, $18, $19, $20, NULL, $16)",
    LIVE = "SELECT s.id, s.number, s.level, s.state, s.last_seen_at, m.state AS matter_state
            FROM signal s LEFT JOIN matter m ON m.id = s.matter WHERE s.live_key = $1",
    DEDUP_KEY = "SELECT dedup_key FROM signal WHERE id = $1",
    FREE_KEY = "UPDATE signal SET live_key = NULL WHERE id = $1",
    SEEN_AGAIN = "UPDATE signal SET seen_count = seen_count + $2,
                    last_seen_at = CASE WHEN last_seen_at < $3 THEN $3 ELSE last_seen_at END
                  WHERE id = $1",
    SET_LEVEL = "UPDATE signal SET level = $2, waits = $3 WHERE id = $1",
    // One that waits again takes its story up, unless a newer signal has it.
    SET_STATE = "UPDATE signal SET state = $2, matter = $3, reason = $4,
                   live_key = CASE
                     WHEN NOT $5 THEN NULL
                     WHEN $2 = 'received' AND NOT EXISTS (
                       SELECT 1 FROM signal o WHERE o.live_key = signal.dedup_key) THEN dedup_key
                     ELSE live_key END
                 WHERE id = $1",
    BY_FORM = "SELECT id FROM signal WHERE form_key = $1",
    FIND = concat!(columns!(), "WHERE s.id = $2 AND ", signal_depth!("s.unit", "m"), " > 0"),
    DETAILS = "SELECT s.body, s.reason, r.name AS reporter_name, r.phone AS reporter_phone,
                      e.name AS entered_by_name
               FROM signal s LEFT JOIN person r ON r.id = s.reporter
               LEFT JOIN person e ON e.id = s.entered_by WHERE s.id = $1",
    LIST = concat!(
        columns!(), listed!(),
        newest_first!("s", "$5", "$6", "$7")
    ),
    COUNT = concat!(
        "SELECT COUNT(*) FROM signal s JOIN unit u ON u.id = s.unit
         LEFT JOIN matter m ON m.id = s.matter ",
        listed!()
    ),
    OF_MATTER = concat!(
        columns!(), "WHERE s.matter = $2 AND ", signal_depth!("s.unit", "m"),
        " > 0 ORDER BY s.created_at, s.id LIMIT 200"
    ),
    WAITING = concat!(
        columns!(), waiting!(),
        "ORDER BY CASE s.level WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2
                    WHEN 'low' THEN 3 ELSE 4 END,
           s.detected_at, s.id LIMIT $5"
    ),
    COUNT_WAITING = concat!(
        "SELECT COUNT(*) FROM signal s JOIN unit u ON u.id = s.unit
         LEFT JOIN matter m ON m.id = s.matter ",
        waiting!()
    ),
}

/// A signal that has just arrived.
#[derive(Clone, Debug)]
pub struct NewSignal {
    /// Its id.
    pub id: SignalId,
    /// What sort it is.
    pub kind: Kind,
    /// How loud it is.
    pub level: Level,
    /// The unit that it concerns.
    pub unit: UnitId,
    /// The asset that it concerns, if it is known.
    pub asset: Option<AssetId>,
    /// The door through which it came, if it came through one.
    pub source: Option<SourceId>,
    /// One line for lists.
    pub title: String,
    /// The immutable body.
    pub body: serde_json::Value,
    /// The key under which more of the same joins it; kept for good as its dedup key.
    pub live_key: Option<String>,
    /// How often it was seen so far.
    pub seen_count: i64,
    /// Whether a person must decide about it.
    pub waits: bool,
    /// When it happened, µs UTC, if anybody knows.
    pub happened_at: Option<i64>,
    /// When it was detected: the start of every statutory clock.
    pub detected_at: i64,
    /// When it reached the hub.
    pub received_at: i64,
    /// When it was last seen.
    pub last_seen_at: i64,
    /// The officer who reports.
    pub reporter: Option<PersonId>,
    /// The officer who entered it for somebody else.
    pub entered_by: Option<PersonId>,
    /// The key of the form, so that sending it twice is once.
    pub form_key: Option<Uuid>,
}

/// Adds a signal under its number.
pub async fn insert(write: &mut Write, signal: &NewSignal, number: &str) -> Result<(), Fault> {
    let search_key = fold(&format!("{number} {}", signal.title));
    on!(write, c => sqlx::query(INSERT)
        .bind(signal.id.uuid())
        .bind(number)
        .bind(signal.kind.code())
        .bind(signal.level.code())
        .bind(signal.unit.uuid())
        .bind(signal.asset.map(AssetId::uuid))
        .bind(signal.source.map(SourceId::uuid))
        .bind(&signal.title)
        .bind(search_key)
        .bind(signal.body.to_string())
        .bind(&signal.live_key)
        .bind(signal.seen_count)
        .bind(signal.waits)
        .bind(signal.happened_at)
        .bind(signal.detected_at)
        .bind(signal.received_at)
        .bind(signal.last_seen_at)
        .bind(signal.reporter.map(PersonId::uuid))
        .bind(signal.entered_by.map(PersonId::uuid))
        .bind(signal.form_key.map(|key| key.to_string()))
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// The signal that holds a live key.
#[derive(Clone, Debug)]
pub struct Live {
    /// Its id.
    pub id: SignalId,
    /// Its number.
    pub number: String,
    /// How loud it is.
    pub level: Level,
    /// Where it stands.
    pub state: State,
    /// When it was last seen.
    pub last_seen_at: i64,
    /// Whether its incident is over.
    pub incident_is_over: bool,
}

#[derive(sqlx::FromRow)]
struct LiveRow {
    id: Uuid,
    number: String,
    level: String,
    state: String,
    last_seen_at: i64,
    matter_state: Option<String>,
}

/// Returns the signal that holds a live key.
pub async fn live(conn: &mut Conn, key: &str) -> Result<Option<Live>, Fault> {
    let row: Option<LiveRow> =
        on!(conn, c => sqlx::query_as(LIVE).bind(key).fetch_optional(&mut **c).await)?;
    let Some(row) = row else { return Ok(None) };
    let matter = row.matter_state.as_deref().map(stored::<khien_domain::incident::State>);
    Ok(Some(Live {
        id: SignalId::new(row.id),
        number: row.number,
        level: stored(&row.level)?,
        state: stored(&row.state)?,
        last_seen_at: row.last_seen_at,
        incident_is_over: matter.transpose()?.is_some_and(|state| state.is_over()),
    }))
}

/// Returns the key of the story that a signal tells, held or not, if it tells one.
pub async fn dedup_key(conn: &mut Conn, id: SignalId) -> Result<Option<String>, Fault> {
    let id = id.uuid();
    Ok(on!(conn, c => sqlx::query_scalar(DEDUP_KEY).bind(id).fetch_one(&mut **c).await)?)
}

/// Lets go of a live key, so that the next hit makes a new signal.
pub async fn free_key(write: &mut Write, id: SignalId) -> Result<(), Fault> {
    let id = id.uuid();
    on!(write, c => sqlx::query(FREE_KEY).bind(id).execute(&mut **c).await.map(drop))?;
    Ok(())
}

/// Counts further hits of a signal.
pub async fn seen_again(
    write: &mut Write,
    id: SignalId,
    times: i64,
    last_seen_at: i64,
) -> Result<(), Fault> {
    on!(write, c => sqlx::query(SEEN_AGAIN)
        .bind(id.uuid())
        .bind(times)
        .bind(last_seen_at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Saves how loud a signal is, and whether it waits for a person.
pub async fn set_level(
    write: &mut Write,
    id: SignalId,
    level: Level,
    waits: bool,
) -> Result<(), Fault> {
    on!(write, c => sqlx::query(SET_LEVEL)
        .bind(id.uuid())
        .bind(level.code())
        .bind(waits)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Saves where a signal stands; one that was set aside takes no further hits.
pub async fn save(write: &mut Write, signal: &Signal, reason: Option<&str>) -> Result<(), Fault> {
    let takes_hits = !matches!(signal.state, State::Dismissed | State::Returned);
    on!(write, c => sqlx::query(SET_STATE)
        .bind(signal.id.uuid())
        .bind(signal.state.code())
        .bind(signal.matter.map(MatterId::uuid))
        .bind(reason)
        .bind(takes_hits)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Returns the signal that a form has made already.
pub async fn by_form(conn: &mut Conn, key: Uuid) -> Result<Option<SignalId>, Fault> {
    let id: Option<Uuid> = on!(conn, c => sqlx::query_scalar(BY_FORM)
        .bind(key.to_string())
        .fetch_optional(&mut **c)
        .await)?;
    Ok(id.map(SignalId::new))
}

/// A signal as lists and pages show it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SignalRow {
    /// Its id.
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// What sort it is.
    pub kind: String,
    /// How loud it is.
    pub level: String,
    /// Where it stands.
    pub state: String,
    /// The unit that it concerns.
    pub unit: Uuid,
    /// That unit's name.
    pub unit_name: String,
    /// The asset that it concerns.
    pub asset: Option<Uuid>,
    /// That asset's name.
    pub asset_name: Option<String>,
    /// The door through which it came.
    pub source: Option<Uuid>,
    /// Its matter, if the reader may know of it.
    pub matter: Option<Uuid>,
    /// That matter's number.
    pub matter_number: Option<String>,
    /// One line.
    pub title: String,
    /// How often it was seen.
    pub seen_count: i64,
    /// Whether a person must decide.
    pub waits: bool,
    /// When it happened, µs UTC.
    pub happened_at: Option<i64>,
    /// When it was detected.
    pub detected_at: i64,
    /// When it reached the hub.
    pub received_at: i64,
    /// When it was last seen.
    pub last_seen_at: i64,
    /// When its row was made.
    pub created_at: i64,
    /// How deep the reader may look, 1 to 3.
    pub depth: i64,
}

impl SignalRow {
    /// Returns the signal as the domain knows it.
    ///
    /// # Errors
    /// When the row holds a state that this program does not know.
    pub fn noun(&self) -> Result<Signal, Fault> {
        Ok(Signal {
            id: SignalId::new(self.id),
            unit: UnitId::new(self.unit),
            state: stored(&self.state)?,
            matter: self.matter.map(MatterId::new),
        })
    }

    /// Returns whether the reader may look as deep as `depth`.
    pub fn reads(&self, depth: Depth) -> bool {
        self.depth >= i64::from(depth.rank())
    }
}

impl Listed for SignalRow {
    fn place(&self) -> (i64, Uuid) {
        (self.created_at, self.id)
    }
}

/// Returns a signal, if the person may know of it.
pub async fn find(
    conn: &mut Conn,
    person: PersonId,
    id: SignalId,
) -> Result<Option<SignalRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(FIND)
        .bind(person.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?)
}

/// What only the page of a signal shows.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Details {
    /// The immutable body, JSON.
    pub body: String,
    /// Why it was dismissed or returned.
    pub reason: Option<String>,
    /// Who reported.
    pub reporter_name: Option<String>,
    /// How to reach the reporter.
    pub reporter_phone: Option<String>,
    /// Who entered it on behalf of the reporter.
    pub entered_by_name: Option<String>,
}

/// Returns the details of a signal that [`find`] has let the reader see.
pub async fn details(conn: &mut Conn, id: SignalId) -> Result<Details, Fault> {
    let id = id.uuid();
    Ok(on!(conn, c => sqlx::query_as(DETAILS).bind(id).fetch_one(&mut **c).await)?)
}

/// Returns a page of the signals that a person may know of, newest first.
pub async fn list(
    conn: &mut Conn,
    person: PersonId,
    query: &ListQuery,
) -> Result<Page<SignalRow>, Fault> {
    list::page(conn, LIST, COUNT, &query.matching(person), query).await
}

/// Returns the signals of a matter that the person may know of, oldest first.
pub async fn of_matter(
    conn: &mut Conn,
    person: PersonId,
    matter: MatterId,
) -> Result<Vec<SignalRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(OF_MATTER)
        .bind(person.uuid())
        .bind(matter.uuid())
        .fetch_all(&mut **c)
        .await)?)
}

/// Which of the waiting signals to return.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// Words in the signal or in the name of its unit.
    pub words: String,
    /// Only this level.
    pub level: Option<Level>,
    /// Only this unit.
    pub unit: Option<Uuid>,
}

/// Returns the signals that wait for a person, the loudest first and of these the oldest, with
/// how many there are in all.
pub async fn waiting(
    conn: &mut Conn,
    person: PersonId,
    wanted: &Waiting,
    limit: i64,
) -> Result<(Vec<SignalRow>, i64), Fault> {
    let pattern = ListQuery { q: wanted.words.clone(), ..ListQuery::default() }.pattern();
    let level = wanted.level.map_or("", Level::code);
    let rows = on!(conn, c => sqlx::query_as(WAITING)
        .bind(person.uuid())
        .bind(&pattern)
        .bind(level)
        .bind(wanted.unit)
        .bind(limit)
        .fetch_all(&mut **c)
        .await)?;
    let total = on!(conn, c => sqlx::query_scalar(COUNT_WAITING)
        .bind(person.uuid())
        .bind(&pattern)
        .bind(level)
        .bind(wanted.unit)
        .fetch_one(&mut **c)
        .await)?;
    Ok((rows, total))
}
