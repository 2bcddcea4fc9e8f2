//! SQL of units, contacts and the closure of who covers whom.

use std::collections::BTreeSet;

use khien_domain::id::UnitId;
use khien_domain::unit::{Contact, ContactPurpose, Tree, Unit, UnitKind};
use khien_store::{Conn, Write, on, statements};
use uuid::Uuid;

use crate::fault::Fault;
use crate::web::list::{self, Filter, ListQuery, Listed, Page, newest_first};
use crate::web::stored;

statements! {
    TREE = "SELECT id, code, name, kind, parent, valid_from, valid_to, successor FROM unit",
    INSERT = "INSERT INTO unit (id, code, name, search_key, kind, parent, valid_from, valid_to,
                                successor, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    UPDATE = "UPDATE unit SET name = $2, search_key = $3, kind = $4, parent = $5, valid_from = $6,
                              valid_to = $7, successor = $8, code = $9
              WHERE id = $1",
    LIST = concat!(
        "SELECT u.id, u.code, u.name, u.kind, u.parent, u.valid_from, u.valid_to, u.successor,
                u.created_at
         FROM unit u WHERE u.search_key LIKE $1 ESCAPE '\\' ",
        newest_first!("u", "$2", "$3", "$4")
    ),
    COUNT = "SELECT COUNT(*) FROM unit WHERE search_key LIKE $1 ESCAPE '\\'",
    CLEAR_SCOPE = "DELETE FROM unit_scope",
    SCOPE = "SELECT ancestor, descendant, own FROM unit_scope",
    INSERT_SCOPE = "INSERT INTO unit_scope (ancestor, descendant, own) VALUES ($1, $2, $3)",
    CONTACTS = "SELECT id, unit, purpose, name, phone, email, valid_from, valid_to FROM contact
                WHERE unit = $1 AND (valid_to IS NULL OR valid_to > $2)
                ORDER BY purpose, valid_from DESC, id LIMIT 100",
    EVERY_CONTACT = "SELECT id, unit, purpose, name, phone, email, valid_from, valid_to
                     FROM contact ORDER BY id",
    INSERT_CONTACT = "INSERT INTO contact (id, unit, purpose, name, phone, email, valid_from,
                                           valid_to)
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    END_CONTACT = "UPDATE contact SET valid_to = $2
                   WHERE id = $1 AND unit = $3 AND (valid_to IS NULL OR valid_to > $2)",
}

#[derive(sqlx::FromRow)]
struct UnitRow {
    id: Uuid,
    code: String,
    name: String,
    kind: String,
    parent: Option<Uuid>,
    valid_from: i64,
    valid_to: Option<i64>,
    successor: Option<Uuid>,
}

/// Returns the whole tree; a province has a few hundred units.
pub async fn tree(conn: &mut Conn) -> Result<Tree, Fault> {
    let rows: Vec<UnitRow> = on!(conn, c => sqlx::query_as(TREE).fetch_all(&mut **c).await)?;
    let units = rows.into_iter().map(unit).collect::<Result<_, Fault>>()?;
    Ok(Tree::build(units)?)
}

fn unit(row: UnitRow) -> Result<Unit, Fault> {
    Ok(Unit {
        id: UnitId::new(row.id),
        code: row.code,
        name: row.name,
        kind: stored::<UnitKind>(&row.kind)?,
        parent: row.parent.map(UnitId::new),
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        successor: row.successor.map(UnitId::new),
    })
}

/// Adds a unit. The caller rebuilds the scope once after all its changes.
pub async fn insert(write: &mut Write, unit: &Unit, at: i64) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT)
        .bind(unit.id.uuid())
        .bind(&unit.code)
        .bind(&unit.name)
        .bind(super::search_key(unit))
        .bind(unit.kind.code())
        .bind(unit.parent.map(UnitId::uuid))
        .bind(unit.valid_from)
        .bind(unit.valid_to)
        .bind(unit.successor.map(UnitId::uuid))
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Saves what may change of a unit: everything but its id.
pub async fn update(write: &mut Write, unit: &Unit) -> Result<(), Fault> {
    on!(write, c => sqlx::query(UPDATE)
        .bind(unit.id.uuid())
        .bind(&unit.name)
        .bind(super::search_key(unit))
        .bind(unit.kind.code())
        .bind(unit.parent.map(UnitId::uuid))
        .bind(unit.valid_from)
        .bind(unit.valid_to)
        .bind(unit.successor.map(UnitId::uuid))
        .bind(&unit.code)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// A unit with the time at which its row was made.
#[derive(Clone, Debug)]
pub struct ListedUnit {
    /// The unit.
    pub unit: Unit,
    /// When it was entered, µs UTC.
    pub created_at: i64,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    unit: UnitRow,
    created_at: i64,
}

impl Listed for ListedRow {
    fn place(&self) -> (i64, Uuid) {
        (self.created_at, self.unit.id)
    }
}

/// Returns a page of units, newest entry first.
pub async fn list(conn: &mut Conn, query: &ListQuery) -> Result<Page<ListedUnit>, Fault> {
    let filters = [Filter::Text(query.pattern())];
    let page: Page<ListedRow> = list::page(conn, LIST, COUNT, &filters, query).await?;
    page.try_map(|ListedRow { unit: columns, created_at }| {
        Ok(ListedUnit { unit: unit(columns)?, created_at })
    })
}

type ScopeRow = (Uuid, Uuid, bool);

/// Brings the closure up to date at `at`; returns the units that came into being (true) or ended
/// (false) since it was last done.
pub async fn rebuild_scope(write: &mut Write, at: i64) -> Result<Vec<(UnitId, bool)>, Fault> {
    let wanted = scope(&tree(write).await?, at);
    let held: Vec<ScopeRow> = on!(write, c => sqlx::query_as(SCOPE).fetch_all(&mut **c).await)?;
    let held: BTreeSet<ScopeRow> = held.into_iter().collect();
    if held == wanted {
        return Ok(Vec::new());
    }
    on!(write, c => sqlx::query(CLEAR_SCOPE).execute(&mut **c).await.map(drop))?;
    for (ancestor, descendant, own) in &wanted {
        on!(write, c => sqlx::query(INSERT_SCOPE)
            .bind(ancestor)
            .bind(descendant)
            .bind(own)
            .execute(&mut **c)
            .await
            .map(drop))?;
    }
    let themselves = |rows: &BTreeSet<ScopeRow>| -> BTreeSet<Uuid> {
        rows.iter().filter(|(above, below, _)| above == below).map(|row| row.0).collect()
    };
    let (before, after) = (themselves(&held), themselves(&wanted));
    let turned = before.symmetric_difference(&after);
    Ok(turned.map(|id| (UnitId::new(*id), after.contains(id))).collect())
}

fn scope(tree: &Tree, at: i64) -> BTreeSet<ScopeRow> {
    let mut rows = BTreeSet::new();
    for unit in tree.units() {
        let own = tree.with_inherited(unit.id, at);
        for below in tree.descendants(unit.id, at) {
            rows.insert((unit.id.uuid(), below.uuid(), own.contains(&below)));
        }
    }
    rows
}

/// A contact with the id of its row.
#[derive(Clone, Debug)]
pub struct ContactRow {
    /// The row.
    pub id: Uuid,
    /// What it says.
    pub contact: Contact,
}

#[derive(sqlx::FromRow)]
struct ContactColumns {
    id: Uuid,
    unit: Uuid,
    purpose: String,
    name: String,
    phone: String,
    email: String,
    valid_from: i64,
    valid_to: Option<i64>,
}

/// Returns the contacts of a unit that are valid now or will be.
pub async fn contacts(conn: &mut Conn, unit: UnitId, now: i64) -> Result<Vec<ContactRow>, Fault> {
    let rows: Vec<ContactColumns> = on!(conn, c => sqlx::query_as(CONTACTS)
        .bind(unit.uuid())
        .bind(now)
        .fetch_all(&mut **c)
        .await)?;
    rows.into_iter().map(contact).collect()
}

/// Returns every contact there ever was; a province has a few hundred.
pub async fn every_contact(conn: &mut Conn) -> Result<Vec<ContactRow>, Fault> {
    let rows: Vec<ContactColumns> =
        on!(conn, c => sqlx::query_as(EVERY_CONTACT).fetch_all(&mut **c).await)?;
    rows.into_iter().map(contact).collect()
}

fn contact(row: ContactColumns) -> Result<ContactRow, Fault> {
    let some = |text: String| (!text.is_empty()).then_some(text);
    let contact = Contact {
        unit: UnitId::new(row.unit),
        name: row.name,
        phone: some(row.phone),
        email: some(row.email),
        purpose: stored::<ContactPurpose>(&row.purpose)?,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
    };
    Ok(ContactRow { id: row.id, contact })
}

/// Adds a contact.
pub async fn insert_contact(write: &mut Write, id: Uuid, contact: &Contact) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT_CONTACT)
        .bind(id)
        .bind(contact.unit.uuid())
        .bind(contact.purpose.code())
        .bind(&contact.name)
        .bind(contact.phone.as_deref().unwrap_or_default())
        .bind(contact.email.as_deref().unwrap_or_default())
        .bind(contact.valid_from)
        .bind(contact.valid_to)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

/// Ends a contact of a unit; returns whether there was one to end.
pub async fn end_contact(
    write: &mut Write,
    unit: UnitId,
    id: Uuid,
    at: i64,
) -> Result<bool, Fault> {
    let rows = on!(write, c => sqlx::query(END_CONTACT)
        .bind(id)
        .bind(at)
        .bind(unit.uuid())
        .execute(&mut **c)
        .await?
        .rows_affected());
    Ok(rows == 1)
}
