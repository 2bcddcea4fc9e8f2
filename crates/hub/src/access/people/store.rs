//! SQL of accounts and grants as their administration sees them.

use khien_domain::access::{Depth, Grant, GrantCase, GrantState, Role};
use khien_domain::fold::fold;
use khien_domain::id::{GrantId, PersonId, UnitId};
use khien_store::{Conn, Write, on, statements};
use uuid::Uuid;

use crate::fault::Fault;
use crate::web::list::{self, Filter, ListQuery, Listed, Page, newest_first};
use crate::web::stored;

/// The most grants of one person, or waiting for approvers, that a page shows.
const CASES_MAX: i64 = 200;

/// `reached!("p.unit", "('administrator')")`: whether a grant of `$1` in one of these roles reaches
/// a unit.
macro_rules! reached {
    ($unit:literal, $roles:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM access_grant g JOIN unit_scope us ON us.ancestor = g.unit
                     WHERE g.person = $1 AND g.state = 'active' AND g.role IN ",
            $roles,
            " AND (g.subtree OR us.own) AND us.descendant = ",
            $unit,
            ")"
        )
    };
}

/// The columns of an account.
macro_rules! accounts {
    ($rest:expr) => {
        concat!(
            "SELECT p.id, p.login, p.name, p.title, p.phone, p.email, p.unit, p.disabled_at,
                    p.created_at, p.password_hash IS NOT NULL AS activated
             FROM person p ",
            $rest
        )
    };
}

/// The columns of a grant with where it stands.
macro_rules! cases {
    ($rest:expr) => {
        concat!(
            "SELECT x.id, x.person, x.role, x.unit, x.subtree, x.ceiling, x.state, x.proposed_by
             FROM access_grant x ",
            $rest
        )
    };
}

statements! {
    LIST = accounts!(concat!(
        "WHERE ", reached!("p.unit", "('administrator')"),
        " AND p.search_key LIKE $2 ESCAPE '\\' ", newest_first!("p", "$3", "$4", "$5"))),
    COUNT = concat!("SELECT COUNT(*) FROM person p WHERE ",
                    reached!("p.unit", "('administrator')"),
                    " AND p.search_key LIKE $2 ESCAPE '\\'"),
    FIND = accounts!(concat!("WHERE ", reached!("p.unit", "('administrator')"), " AND p.id = $2")),
    BY_LOGIN = accounts!("WHERE p.login = $1"),
    EVERY = accounts!("ORDER BY p.login"),
    INSERT = "INSERT INTO person (id, login, name, title, search_key, phone, email, unit,
                                  created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    UPDATE = "UPDATE person SET name = $2, title = $3, search_key = $4, phone = $5, email = $6,
                                unit = $7
              WHERE id = $1",
    DISABLE = "UPDATE person SET disabled_at = $2 WHERE id = $1",
    ENABLE = "UPDATE person SET disabled_at = NULL WHERE id = $1",
    CASE = cases!("WHERE x.id = $1"),
    CASES_OF = cases!("WHERE x.person = $1 ORDER BY x.created_at DESC, x.id DESC LIMIT $2"),
    STANDING = cases!("WHERE x.state IN ('proposed', 'active') ORDER BY x.person, x.id"),
    PENDING = cases!(concat!(
        "WHERE x.state = 'proposed' AND ", reached!("x.unit", "('approver', 'administrator')"),
        " ORDER BY x.created_at, x.id LIMIT $2")),
    INSERT_CASE = "INSERT INTO access_grant (id, person, role, unit, subtree, ceiling, state,
                                             proposed_by, created_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    DECIDE = "UPDATE access_grant SET state = $2, decided_by = $3, ended_at = $4 WHERE id = $1",
    OTHER_APPROVERS_EVER = "SELECT COUNT(DISTINCT person) FROM access_grant
                            WHERE state IN ('active', 'ended')
                              AND role IN ('approver', 'administrator') AND person <> $1",
    FIRST_ADMINISTRATOR = "SELECT p.login FROM person p JOIN access_grant g ON g.person = p.id
                           WHERE g.state = 'active' AND g.role = 'administrator'
                             AND p.disabled_at IS NULL
                           ORDER BY g.created_at, g.id LIMIT 1",
}

/// An account as whoever administers it sees it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// The log-in name.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// The position.
    pub title: String,
    /// The number on which the person is called back; may be empty.
    pub phone: String,
    /// The mail address; may be empty.
    pub email: String,
    /// Where the person works.
    pub unit: Uuid,
    /// When the account was closed, if it is.
    pub disabled_at: Option<i64>,
    /// When it was made, µs UTC.
    pub created_at: i64,
    /// Whether its owner has ever set a password.
    pub activated: bool,
}

impl Account {
    /// Returns whose account this is.
    pub fn person(&self) -> PersonId {
        PersonId::new(self.id)
    }
}

impl Listed for Account {
    fn place(&self) -> (i64, Uuid) {
        (self.created_at, self.id)
    }
}

/// Returns a page of the accounts that `caller` administers, newest first.
pub async fn list(
    conn: &mut Conn,
    caller: PersonId,
    query: &ListQuery,
) -> Result<Page<Account>, Fault> {
    let filters = [caller.into(), Filter::Text(query.pattern())];
    list::page(conn, LIST, COUNT, &filters, query).await
}

/// Returns an account, if `caller` administers it.
pub async fn find(
    conn: &mut Conn,
    caller: PersonId,
    id: PersonId,
) -> Result<Option<Account>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(FIND)
        .bind(caller.uuid())
        .bind(id.uuid())
        .fetch_optional(&mut **c)
        .await)?)
}

/// Returns the account of a log-in name, closed or not.
pub async fn by_login(conn: &mut Conn, login: &str) -> Result<Option<Account>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(BY_LOGIN).bind(login).fetch_optional(&mut **c).await)?)
}

/// Returns every account, for an import to be held against.
pub async fn every(conn: &mut Conn) -> Result<Vec<Account>, Fault> {
    Ok(on!(conn, c => sqlx::query_as(EVERY).fetch_all(&mut **c).await)?)
}

/// Returns the log-in name of the administrator who was there first.
pub async fn first_administrator(conn: &mut Conn) -> Result<Option<String>, Fault> {
    Ok(on!(conn, c => sqlx::query_scalar(FIRST_ADMINISTRATOR).fetch_optional(&mut **c).await)?)
}

/// Adds an account; nobody gets in before its slip is used.
pub async fn insert(write: &mut Write, account: &Account) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT)
        .bind(account.id)
        .bind(&account.login)
        .bind(&account.name)
        .bind(&account.title)
        .bind(search_key(account))
        .bind(&account.phone)
        .bind(&account.email)
        .bind(account.unit)
        .bind(account.created_at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Saves what may change of an account: name, position, unit, and how to reach the person.
pub async fn update(write: &mut Write, account: &Account) -> Result<(), Fault> {
    on!(write, c => sqlx::query(UPDATE)
        .bind(account.id)
        .bind(&account.name)
        .bind(&account.title)
        .bind(search_key(account))
        .bind(&account.phone)
        .bind(&account.email)
        .bind(account.unit)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

fn search_key(account: &Account) -> String {
    fold(&format!("{} {} {}", account.name, account.login, account.title))
}

/// Closes an account: its sessions end and its slip is void.
pub async fn disable(write: &mut Write, id: PersonId, at: i64) -> Result<(), Fault> {
    use crate::access::store::{DELETE_SESSIONS_OF, DELETE_SLIP};
    let id = id.uuid();
    on!(write, c => {
        sqlx::query(DISABLE).bind(id).bind(at).execute(&mut **c).await?;
        sqlx::query(DELETE_SESSIONS_OF).bind(id).execute(&mut **c).await?;
        sqlx::query(DELETE_SLIP).bind(id).execute(&mut **c).await?;
    });
    Ok(())
}

/// Opens a closed account again.
pub async fn enable(write: &mut Write, id: PersonId) -> Result<(), Fault> {
    on!(write, c => sqlx::query(ENABLE).bind(id.uuid()).execute(&mut **c).await.map(drop))?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct CaseRow {
    id: Uuid,
    person: Uuid,
    role: String,
    unit: Uuid,
    subtree: bool,
    ceiling: i64,
    state: String,
    proposed_by: Option<Uuid>,
}

fn case(row: CaseRow) -> Result<GrantCase, Fault> {
    let grant = Grant {
        person: PersonId::new(row.person),
        role: stored::<Role>(&row.role)?,
        unit: UnitId::new(row.unit),
        subtree: row.subtree,
        ceiling: Depth::from_rank(row.ceiling.clamp(0, 3) as u8),
    };
    // What was there at the first start nobody proposed.
    let proposer = PersonId::new(row.proposed_by.unwrap_or(Uuid::nil()));
    let state = stored::<GrantState>(&row.state)?;
    Ok(GrantCase { id: GrantId::new(row.id), grant, proposer, state })
}

/// Returns a grant with where it stands.
pub async fn find_case(conn: &mut Conn, id: GrantId) -> Result<Option<GrantCase>, Fault> {
    let row: Option<CaseRow> =
        on!(conn, c => sqlx::query_as(CASE).bind(id.uuid()).fetch_optional(&mut **c).await)?;
    row.map(case).transpose()
}

/// Returns the grants of a person, newest first.
pub async fn cases_of(conn: &mut Conn, person: PersonId) -> Result<Vec<GrantCase>, Fault> {
    let rows: Vec<CaseRow> = on!(conn, c => sqlx::query_as(CASES_OF)
        .bind(person.uuid())
        .bind(CASES_MAX)
        .fetch_all(&mut **c)
        .await)?;
    rows.into_iter().map(case).collect()
}

/// Returns every grant that waits or is in force.
pub async fn standing(conn: &mut Conn) -> Result<Vec<GrantCase>, Fault> {
    let rows: Vec<CaseRow> = on!(conn, c => sqlx::query_as(STANDING).fetch_all(&mut **c).await)?;
    rows.into_iter().map(case).collect()
}

/// Returns the grants that wait for a second person and that `caller` could be, oldest first.
pub async fn pending(conn: &mut Conn, caller: PersonId) -> Result<Vec<GrantCase>, Fault> {
    let rows: Vec<CaseRow> = on!(conn, c => sqlx::query_as(PENDING)
        .bind(caller.uuid())
        .bind(CASES_MAX)
        .fetch_all(&mut **c)
        .await)?;
    rows.into_iter().map(case).collect()
}

/// Adds a grant as it begins.
pub async fn insert_case(write: &mut Write, case: &GrantCase, at: i64) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT_CASE)
        .bind(case.id.uuid())
        .bind(case.grant.person.uuid())
        .bind(case.grant.role.code())
        .bind(case.grant.unit.uuid())
        .bind(case.grant.subtree)
        .bind(i64::from(case.grant.ceiling.rank()))
        .bind(case.state.code())
        .bind(case.proposer.uuid())
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Saves where a grant stands after somebody decided on it.
pub async fn decide(
    write: &mut Write,
    case: &GrantCase,
    by: PersonId,
    at: i64,
) -> Result<(), Fault> {
    let over = case.state != GrantState::Active;
    on!(write, c => sqlx::query(DECIDE)
        .bind(case.id.uuid())
        .bind(case.state.code())
        .bind(by.uuid())
        .bind(over.then_some(at))
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Returns how many persons besides `proposer` can approve a grant or once could.
pub async fn other_approvers_ever(conn: &mut Conn, proposer: PersonId) -> Result<usize, Fault> {
    let count: i64 = on!(conn, c => sqlx::query_scalar(OTHER_APPROVERS_EVER)
        .bind(proposer.uuid())
        .fetch_one(&mut **c)
        .await)?;
    Ok(usize::try_from(count).unwrap_or(0))
}
