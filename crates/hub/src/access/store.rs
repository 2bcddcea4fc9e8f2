//! SQL of accounts, grants, activation slips and sessions.

use khien_domain::access::{Depth, Grant, Person, Role};
use khien_domain::id::{PersonId, UnitId};
use khien_store::{Conn, Write, on, statements};
use uuid::Uuid;

use crate::fault::Fault;
use crate::web::stored;

statements! {
    PERSON = "SELECT id, login, name, unit FROM person WHERE id = $1 AND disabled_at IS NULL",
    BY_LOGIN = "SELECT id, password_hash FROM person WHERE login = $1 AND disabled_at IS NULL",
    PASSWORD = "SELECT password_hash FROM person WHERE id = $1 AND disabled_at IS NULL",
    SET_PASSWORD = "UPDATE person SET password_hash = $2 WHERE id = $1",
    GRANTS = "SELECT role, unit, subtree, ceiling FROM access_grant
              WHERE person = $1 AND state = 'active' ORDER BY created_at, id",
    SLIP = "SELECT person, issued_at, expires_at FROM slip WHERE code_hash = $1",
    SAVE_SLIP = "INSERT INTO slip (person, code_hash, issued_by, issued_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (person) DO UPDATE SET code_hash = excluded.code_hash,
                   issued_by = excluded.issued_by, issued_at = excluded.issued_at,
                   expires_at = excluded.expires_at",
    DELETE_SLIP = "DELETE FROM slip WHERE person = $1",
    INSERT_SESSION = "INSERT INTO session (token_hash, person, kind, address, agent, created_at,
                                           seen_at, expires_at)
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    FIND_SESSION = "SELECT token_hash, person, kind, address, agent, created_at, seen_at, expires_at
                    FROM session WHERE token_hash = $1",
    SESSIONS = "SELECT token_hash, person, kind, address, agent, created_at, seen_at, expires_at
                FROM session WHERE person = $1 ORDER BY seen_at DESC LIMIT 50",
    TOUCH_SESSION = "UPDATE session SET seen_at = $2 WHERE token_hash = $1",
    DELETE_SESSION = "DELETE FROM session WHERE token_hash = $1",
    DELETE_SESSIONS_OF = "DELETE FROM session WHERE person = $1",
    DELETE_ENDED_SESSIONS = "DELETE FROM session WHERE expires_at <= $1 OR seen_at <= $2",
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: Uuid,
    login: String,
    name: String,
    unit: Uuid,
}

#[derive(sqlx::FromRow)]
struct GrantRow {
    role: String,
    unit: Uuid,
    subtree: bool,
    ceiling: i64,
}

/// Returns an account with its active grants; `None` when there is none or it is disabled.
pub async fn person(conn: &mut Conn, id: PersonId) -> Result<Option<Person>, Fault> {
    let row: Option<PersonRow> = on!(conn, c => sqlx::query_as(PERSON)
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?;
    let Some(row) = row else { return Ok(None) };
    let grants: Vec<GrantRow> =
        on!(conn, c => sqlx::query_as(GRANTS).bind(id.uuid()).fetch_all(&mut **c).await)?;
    let grants = grants.into_iter().map(|g| grant(id, g)).collect::<Result<_, _>>()?;
    let PersonRow { login, name, unit, .. } = row;
    Ok(Some(Person { id: PersonId::new(row.id), login, name, unit: UnitId::new(unit), grants }))
}

fn grant(person: PersonId, row: GrantRow) -> Result<Grant, Fault> {
    Ok(Grant {
        person,
        role: stored::<Role>(&row.role)?,
        unit: UnitId::new(row.unit),
        subtree: row.subtree,
        ceiling: Depth::from_rank(row.ceiling.clamp(0, 3) as u8),
    })
}

/// Returns the account of a log-in name and its password hash, when one was ever set.
pub async fn by_login(
    conn: &mut Conn,
    login: &str,
) -> Result<Option<(PersonId, Option<String>)>, Fault> {
    let row: Option<(Uuid, Option<String>)> =
        on!(conn, c => sqlx::query_as(BY_LOGIN).bind(login).fetch_optional(&mut **c).await)?;
    Ok(row.map(|(id, hash)| (PersonId::new(id), hash)))
}

/// Returns the password hash of an account.
pub async fn password(conn: &mut Conn, id: PersonId) -> Result<Option<String>, Fault> {
    let row: Option<Option<String>> = on!(conn, c => sqlx::query_scalar(PASSWORD)
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?;
    Ok(row.flatten())
}

/// Sets the password hash of an account and ends its sessions and its slip.
pub async fn set_password(write: &mut Write, id: PersonId, hash: &str) -> Result<(), Fault> {
    let id = id.uuid();
    on!(write, c => {
        sqlx::query(SET_PASSWORD).bind(id).bind(hash).execute(&mut **c).await?;
        sqlx::query(DELETE_SESSIONS_OF).bind(id).execute(&mut **c).await?;
        sqlx::query(DELETE_SLIP).bind(id).execute(&mut **c).await?;
    });
    Ok(())
}

/// An activation slip as stored: its code is nowhere, only the hash.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SlipRow {
    /// Whose account it opens.
    pub person: Uuid,
    /// When it was printed, µs UTC.
    pub issued_at: i64,
    /// Until when it is good.
    pub expires_at: i64,
}

/// Returns the slip with this code hash.
pub async fn slip(conn: &mut Conn, code_hash: &[u8]) -> Result<Option<SlipRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(SLIP).bind(code_hash).fetch_optional(&mut **c).await)?)
}

/// Saves a slip, in place of an earlier one of the same person.
pub async fn save_slip(
    write: &mut Write,
    slip: &SlipRow,
    code_hash: &[u8],
    issued_by: Option<PersonId>,
) -> Result<(), Fault> {
    on!(write, c => sqlx::query(SAVE_SLIP)
        .bind(slip.person)
        .bind(code_hash)
        .bind(issued_by.map(PersonId::uuid))
        .bind(slip.issued_at)
        .bind(slip.expires_at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// A session as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SessionRow {
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// Whose it is.
    pub person: Uuid,
    /// `web` or `api`.
    pub kind: String,
    /// Where it was opened from.
    pub address: String,
    /// With which program.
    pub agent: String,
    /// When it was opened, µs UTC.
    pub created_at: i64,
    /// When it was last used, to the minute.
    pub seen_at: i64,
    /// When it ends in any case.
    pub expires_at: i64,
}

/// Adds a session.
pub async fn insert_session(write: &mut Write, row: &SessionRow) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT_SESSION)
        .bind(&row.token_hash)
        .bind(row.person)
        .bind(&row.kind)
        .bind(&row.address)
        .bind(&row.agent)
        .bind(row.created_at)
        .bind(row.seen_at)
        .bind(row.expires_at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Returns the session of a token hash, ended or not.
pub async fn find_session(conn: &mut Conn, hash: &[u8]) -> Result<Option<SessionRow>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(FIND_SESSION).bind(hash).fetch_optional(&mut **c).await)?)
}

/// Returns the sessions of a person, last used first.
pub async fn sessions(conn: &mut Conn, person: PersonId) -> Result<Vec<SessionRow>, Fault> {
    let person = person.uuid();
    Ok(on!(conn, c => sqlx::query_as(SESSIONS).bind(person).fetch_all(&mut **c).await)?)
}

/// Notes that a session was used.
pub async fn touch_session(write: &mut Write, hash: &[u8], at: i64) -> Result<(), Fault> {
    on!(write, c => sqlx::query(TOUCH_SESSION)
        .bind(hash)
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Ends a session.
pub async fn delete_session(write: &mut Write, hash: &[u8]) -> Result<(), Fault> {
    on!(write, c => sqlx::query(DELETE_SESSION).bind(hash).execute(&mut **c).await.map(drop))?;
    Ok(())
}

/// Forgets the sessions that ended by age or by idleness.
pub async fn delete_ended_sessions(
    write: &mut Write,
    now: i64,
    idle_since: i64,
) -> Result<(), Fault> {
    on!(write, c => sqlx::query(DELETE_ENDED_SESSIONS)
        .bind(now)
        .bind(idle_since)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}
