//! SQL of messages, and of the little that a message may say.

use khien_domain::access::{Action, Role};
use khien_domain::id::{MatterId, PersonId, SignalId, TaskId, UnitId};
use khien_domain::signal::Level;
use khien_store::{Conn, Write, on, statements};
use uuid::Uuid;

use crate::fault::Fault;
use crate::web::list::{self, ListQuery, Listed, Page, newest_first};
use crate::web::stored;

/// The most persons that one fact is told to.
const TOLD_MAX: usize = 200;

statements! {
    INSERT = "INSERT INTO message (id, person, fact, action, number, level, link, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
              ON CONFLICT (person, fact, action) DO NOTHING",
    LIST = concat!(
        "SELECT e.id, e.action, e.number, e.level, e.link, e.created_at, e.read_at
         FROM message e WHERE e.person = $1 ",
        newest_first!("e", "$2", "$3", "$4")
    ),
    COUNT = "SELECT COUNT(*) FROM message WHERE person = $1",
    UNREAD = "SELECT COUNT(*) FROM message WHERE person = $1 AND read_at IS NULL",
    FIND = "SELECT id, action, number, level, link, created_at, read_at FROM message
            WHERE id = $2 AND person = $1",
    READ = "UPDATE message SET read_at = $3 WHERE id = $2 AND person = $1 AND read_at IS NULL",
    READ_ALL = "UPDATE message SET read_at = $2 WHERE person = $1 AND read_at IS NULL",
    COVERING = "SELECT g.person, g.role FROM access_grant g
                JOIN unit_scope us ON us.ancestor = g.unit
                JOIN person p ON p.id = g.person
                WHERE us.descendant = $1 AND (g.subtree OR us.own) AND g.state = 'active'
                  AND p.disabled_at IS NULL
                ORDER BY g.person",
    SIGNAL_CARD = "SELECT s.number, s.level FROM signal s WHERE s.id = $1
                   AND NOT EXISTS (SELECT 1 FROM matter m WHERE m.id = s.matter AND m.strict)",
    MATTER_CARD = "SELECT number, severity AS level FROM matter WHERE id = $1 AND NOT strict",
    TASK_CARD = "SELECT t.number, m.severity AS level FROM task t JOIN matter m ON m.id = t.matter
                 WHERE t.id = $1 AND NOT m.strict",
    ACCOUNT_LOGIN = "SELECT login FROM person WHERE id = $1",
    LEAD = "SELECT lead FROM matter WHERE id = $1",
}

/// A message to be written.
pub struct NewMessage<'a> {
    /// Its id.
    pub id: Uuid,
    /// Who is told.
    pub person: PersonId,
    /// The fact that it tells of: one fact tells a person once.
    pub fact: Uuid,
    /// The kind of the fact; its words are `inbox-<action>`.
    pub action: &'a str,
    /// The number of the subject.
    pub number: &'a str,
    /// The level of the subject.
    pub level: &'a str,
    /// Where to go.
    pub link: &'a str,
    /// When, µs UTC.
    pub at: i64,
}

/// Writes a message; a second one of the same fact to the same person is none.
pub async fn insert(write: &mut Write, message: &NewMessage<'_>) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT)
        .bind(message.id)
        .bind(message.person.uuid())
        .bind(message.fact)
        .bind(message.action)
        .bind(message.number)
        .bind(message.level)
        .bind(message.link)
        .bind(message.at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// A message as its reader sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Message {
    /// Its id.
    pub id: Uuid,
    /// The kind of the fact.
    pub action: String,
    /// The number of the subject.
    pub number: String,
    /// The level of the subject.
    pub level: String,
    /// Where to go.
    pub link: String,
    /// When it was written, µs UTC.
    pub created_at: i64,
    /// When it was read.
    pub read_at: Option<i64>,
}

impl Listed for Message {
    fn place(&self) -> (i64, Uuid) {
        (self.created_at, self.id)
    }
}

/// Returns a page of a person's messages, newest first.
pub async fn list(
    conn: &mut Conn,
    person: PersonId,
    query: &ListQuery,
) -> Result<Page<Message>, Fault> {
    list::page(conn, LIST, COUNT, &[person.into()], query).await
}

/// Returns how many messages a person has not read.
pub async fn unread(conn: &mut Conn, person: PersonId) -> Result<i64, Fault> {
    let person = person.uuid();
    Ok(on!(conn, c => sqlx::query_scalar(UNREAD).bind(person).fetch_one(&mut **c).await)?)
}

/// Returns a message of this person.
pub async fn find(conn: &mut Conn, person: PersonId, id: Uuid) -> Result<Option<Message>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(FIND)
        .bind(person.uuid())
        .bind(id)
        .fetch_optional(&mut **c)
        .await)?)
}

/// Marks one message of this person as read.
pub async fn read(write: &mut Write, person: PersonId, id: Uuid, at: i64) -> Result<(), Fault> {
    on!(write, c => sqlx::query(READ)
        .bind(person.uuid())
        .bind(id)
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Marks every message of this person as read.
pub async fn read_all(write: &mut Write, person: PersonId, at: i64) -> Result<(), Fault> {
    on!(write, c => sqlx::query(READ_ALL)
        .bind(person.uuid())
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Returns the persons who may do `action` for `unit`, at most [`TOLD_MAX`].
pub async fn who_may(
    conn: &mut Conn,
    unit: UnitId,
    action: Action,
) -> Result<Vec<PersonId>, Fault> {
    let rows: Vec<(Uuid, String)> = on!(conn, c => sqlx::query_as(COVERING)
        .bind(unit.uuid())
        .fetch_all(&mut **c)
        .await)?;
    let mut persons = Vec::new();
    for (person, role) in rows {
        let person = PersonId::new(person);
        if stored::<Role>(&role)?.may(action) && persons.last() != Some(&person) {
            persons.push(person);
        }
    }
    persons.truncate(TOLD_MAX);
    Ok(persons)
}

/// What a message may say of its subject.
pub struct Card {
    /// Its number.
    pub number: String,
    /// Its level.
    pub level: String,
    /// Where it is read.
    pub link: String,
}

/// Returns the card of a signal, unless it belongs to a strict matter.
pub async fn signal_card(conn: &mut Conn, id: SignalId) -> Result<Option<Card>, Fault> {
    let row: Option<(String, String)> = on!(conn, c => sqlx::query_as(SIGNAL_CARD)
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(|(number, level)| Card { number, level, link: format!("/signals/{id}") }))
}

/// Returns the card of a matter, unless it is strict.
pub async fn matter_card(conn: &mut Conn, id: MatterId) -> Result<Option<Card>, Fault> {
    let row: Option<(String, String)> = on!(conn, c => sqlx::query_as(MATTER_CARD)
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(|(number, level)| Card { number, level, link: format!("/incidents/{id}") }))
}

/// Returns the card of a task, unless its matter is strict.
pub async fn task_card(conn: &mut Conn, id: TaskId) -> Result<Option<Card>, Fault> {
    let row: Option<(String, String)> = on!(conn, c => sqlx::query_as(TASK_CARD)
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.map(|(number, level)| Card { number, level, link: format!("/tasks/{id}") }))
}

/// Returns the card of an account: its log-in name. There is nothing more to read behind it than
/// the message itself.
pub async fn account_card(conn: &mut Conn, id: PersonId) -> Result<Option<Card>, Fault> {
    let login: Option<String> = on!(conn, c => sqlx::query_scalar(ACCOUNT_LOGIN)
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?;
    let level = Level::High.code().to_owned();
    Ok(login.map(|number| Card { number, level, link: "/inbox".to_owned() }))
}

/// Returns the lead unit of a matter.
pub async fn lead_of(conn: &mut Conn, id: MatterId) -> Result<Option<UnitId>, Fault> {
    let lead: Option<Uuid> = on!(conn, c => sqlx::query_scalar(LEAD)
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?;
    Ok(lead.map(UnitId::new))
}
