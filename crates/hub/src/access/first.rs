//! The first start: an empty folder gets one administrator and one slip, and nothing else.
//!
//! A person belongs to a unit, so that the province itself stands before its units are imported;
//! the province in the first sheet of units takes its place.

use khien_domain::access::{Depth, Grant, Role};
use khien_domain::fold::fold;
use khien_domain::id::{PersonId, UnitId};
use khien_domain::unit::{Unit, UnitKind};
use khien_store::{NewEntry, Write, on, statements};
use serde_json::{Value, json};

use super::store::{self, SlipRow};
use super::{login, session, slip};
use crate::app::App;
use crate::fault::Fault;
use crate::unit;

/// The log-in of the first administrator.
pub const LOGIN: &str = "quan.tri";
/// Code of the province until a sheet says its own.
const PROVINCE_CODE: &str = "TINH";
/// Its name when the operator set none.
const PROVINCE_NAME: &str = "Tỉnh";
const ADMINISTRATOR_NAME: &str = "Quản trị hệ thống";
/// Who acts before anybody exists.
const ACTOR: &str = "job:first-start";
const DAY_US: i64 = 24 * 3600 * 1_000_000;

statements! {
    ANYBODY = "SELECT COUNT(*) FROM person",
    INSERT_PERSON = "INSERT INTO person (id, login, name, title, search_key, phone, email, unit,
                                         created_at)
                     VALUES ($1, $2, $3, '', $4, '', '', $5, $6)",
    INSERT_GRANT = "INSERT INTO access_grant (id, person, role, unit, subtree, ceiling, state,
                                              created_at)
                    VALUES ($1, $2, $3, $4, $5, $6, 'active', $7)",
}

/// How the first administrator gets in. Shown once; only a hash of the code is kept.
#[derive(Clone, Debug)]
pub struct FirstSlip {
    /// The log-in.
    pub login: &'static str,
    /// What to type at `/activate`.
    pub code: String,
}

/// Makes the first administrator when there is no person at all; returns the slip.
///
/// # Errors
/// When the store fails.
pub async fn first_administrator(app: &App) -> Result<Option<FirstSlip>, Fault> {
    let mut write = app.db.write().await?;
    let people: i64 = on!(write, c => sqlx::query_scalar(ANYBODY).fetch_one(&mut **c).await)?;
    if people > 0 {
        return Ok(None);
    }
    let now = app.now();
    let unit = province(app, &mut write, now).await?;
    let person = PersonId::new(app.new_id());
    insert_person(&mut write, person, unit, now).await?;
    let grant =
        Grant { person, role: Role::Administrator, unit, subtree: true, ceiling: Depth::None };
    insert_grant(app, &mut write, &grant, now).await?;
    let code = slip::new_code()?;
    let term = i64::from(app.config.access.slip_days) * DAY_US;
    let row = SlipRow { person: person.uuid(), issued_at: now, expires_at: now + term };
    store::save_slip(&mut write, &row, &session::hash(&login::slip_code(&code)), None).await?;
    record(&mut write, now, "person.create", person, json!({ "login": LOGIN, "first": true }));
    let body = json!({ "role": grant.role.code(), "unit": unit.to_string(), "first": true });
    record(&mut write, now, "grant.activate", person, body);
    record(&mut write, now, "slip.issue", person, json!({ "expires_at": row.expires_at }));
    app.commit(write).await?;
    Ok(Some(FirstSlip { login: LOGIN, code }))
}

/// Adds the province, unless a sheet of units was imported from the command line before.
async fn province(app: &App, write: &mut Write, now: i64) -> Result<UnitId, Fault> {
    let tree = unit::store::tree(write).await?;
    if let Some(root) = tree.head(now).filter(|unit| unit.kind == UnitKind::Province) {
        return Ok(root.id);
    }
    let name = &app.config.http.province;
    let province = Unit {
        id: UnitId::new(app.new_id()),
        code: PROVINCE_CODE.to_owned(),
        name: if name.is_empty() { PROVINCE_NAME.to_owned() } else { name.clone() },
        kind: UnitKind::Province,
        parent: None,
        valid_from: now,
        valid_to: None,
        successor: None,
    };
    unit::store::insert(write, &province, now).await?;
    unit::store::rebuild_scope(write, now).await?;
    write.record(NewEntry {
        at: now,
        actor: ACTOR.to_owned(),
        action: "unit.add",
        subject: format!("unit:{}", province.id),
        body: json!({ "code": province.code, "name": province.name, "first": true }),
    });
    Ok(province.id)
}

async fn insert_person(
    write: &mut Write,
    person: PersonId,
    unit: UnitId,
    now: i64,
) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT_PERSON)
        .bind(person.uuid())
        .bind(LOGIN)
        .bind(ADMINISTRATOR_NAME)
        .bind(fold(&format!("{ADMINISTRATOR_NAME} {LOGIN}")))
        .bind(unit.uuid())
        .bind(now)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

async fn insert_grant(app: &App, write: &mut Write, grant: &Grant, now: i64) -> Result<(), Fault> {
    on!(write, c => sqlx::query(INSERT_GRANT)
        .bind(app.new_id())
        .bind(grant.person.uuid())
        .bind(grant.role.code())
        .bind(grant.unit.uuid())
        .bind(grant.subtree)
        .bind(i64::from(grant.ceiling.rank()))
        .bind(now)
        .execute(&mut **c)
        .await
        .map(drop))?;
    Ok(())
}

fn record(write: &mut Write, at: i64, action: &'static str, person: PersonId, body: Value) {
    let subject = format!("person:{person}");
    write.record(NewEntry { at, actor: ACTOR.to_owned(), action, subject, body });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::{Config, HashCost};
    use crate::web::view::View;

    #[tokio::test]
    async fn an_empty_folder_gets_one_administrator_who_gets_in_once() {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config { data: data.path().to_owned(), ..Config::default() };
        config.access.hash_cost = HashCost::Least;
        let app = App::open(config, Clock::held(1_795_140_000_000_000)).await.unwrap();
        let slip = first_administrator(&app).await.unwrap().unwrap();
        assert!(first_administrator(&app).await.unwrap().is_none());
        let view = View::default();
        let password = "một hai ba bốn năm".to_owned();
        login::activate(&app, &view, &slip.code, password.clone()).await.unwrap();
        let again = login::activate(&app, &view, &slip.code, password.clone()).await;
        assert!(matches!(again, Err(Fault::Invalid(_))));
        let token = login::sign_in(&app, &view, LOGIN, password, session::Kind::Web).await.unwrap();
        let (person, _) = session::resume(&app, &token).await.unwrap().unwrap();
        assert_eq!(person.grants.len(), 1);
        assert_eq!(person.grants[0].role, Role::Administrator);
    }
}
