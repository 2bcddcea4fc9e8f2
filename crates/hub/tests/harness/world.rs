//! A small province: a unit of each sort that matters, and a person for each role.

use std::collections::BTreeMap;

use khien_domain::access::{Grant, Person, Role};
use khien_domain::fold::fold;
use khien_domain::id::{PersonId, UnitId};
use khien_domain::unit::{Unit, UnitKind};
use khien_hub::app::App;
use khien_hub::unit;
use khien_store::{NewEntry, Write, on};
use uuid::Uuid;

/// Code, kind and name of each unit; the first is the root, above all others.
const UNITS: &[(&str, UnitKind, &str)] = &[
    ("TINH", UnitKind::Province, "UBND tỉnh Thử Nghiệm"),
    ("PA05", UnitKind::Police, "Phòng An ninh mạng"),
    ("TTDL", UnitKind::DataCentre, "Trung tâm tích hợp dữ liệu"),
    ("SOY", UnitKind::Department, "Sở Y tế"),
    ("XA-A-DU", UnitKind::CommuneParty, "Đảng ủy xã An Bình"),
    ("XA-A", UnitKind::CommuneCommittee, "UBND xã An Bình"),
    ("XA-B", UnitKind::CommuneCommittee, "UBND xã Bình Yên"),
    ("VT1", UnitKind::Telecom, "Viễn thông Thử Nghiệm"),
];

/// Log-in, role, the unit of work, the units that the role is over, and what lies below them.
type Account = (&'static str, Role, &'static str, &'static [&'static str], bool);

const PEOPLE: &[Account] = &[
    ("truc.ban", Role::DutyOfficer, "PA05", &["TINH"], true),
    ("phan.tich", Role::Analyst, "PA05", &["TINH"], true),
    ("dieu.phoi", Role::Coordinator, "PA05", &["TINH"], true),
    ("phe.duyet", Role::Approver, "PA05", &["TINH"], true),
    ("van.thu", Role::Clerk, "PA05", &["TINH"], true),
    ("lanh.dao", Role::Leader, "TINH", &["TINH"], true),
    ("kiem.toan", Role::Auditor, "TINH", &["TINH"], true),
    ("quan.tri", Role::Administrator, "TTDL", &["TINH"], true),
    ("so.y", Role::UnitOfficer, "SOY", &["SOY"], false),
    // One officer serves the commune's Party committee and its People's Committee.
    ("xa.a", Role::UnitOfficer, "XA-A", &["XA-A", "XA-A-DU"], false),
    ("truong.xa.a", Role::UnitHead, "XA-A", &["XA-A"], false),
    ("xa.b", Role::UnitOfficer, "XA-B", &["XA-B"], false),
    ("vien.thong", Role::Desk, "VT1", &["VT1"], false),
];

/// Returns the password of a log-in.
pub(crate) fn password(login: &str) -> String {
    format!("{login} giữ an toàn 2026")
}

/// Returns the moment at which every test begins: a working morning at +07:00.
pub(crate) fn morning() -> i64 {
    "2026-03-10T02:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

/// Who and what stands in the province.
pub(crate) struct World {
    units: BTreeMap<&'static str, UnitId>,
    people: BTreeMap<&'static str, Person>,
}

impl World {
    /// Writes the province into an empty hub.
    pub(crate) async fn settle(app: &App) -> Self {
        let hash = |login| app.hasher.hash(password(login));
        let mut hashes = Vec::new();
        for (login, ..) in PEOPLE {
            hashes.push(hash(login).await.unwrap());
        }
        let mut write = app.db.write().await.unwrap();
        let units = insert_units(&mut write, app.now()).await;
        let mut people = BTreeMap::new();
        for (account, hash) in PEOPLE.iter().zip(hashes) {
            let person = person_of(account, &units);
            insert_person(&mut write, app.now(), &person, &hash).await;
            for grant in &person.grants {
                insert_grant(&mut write, app.now(), grant, "active").await;
            }
            people.insert(account.0, person);
        }
        write.record(NewEntry {
            at: app.now(),
            actor: "test".to_owned(),
            action: "unit.add",
            subject: format!("unit:{}", units["TINH"]),
            body: serde_json::json!({}),
        });
        app.commit(write).await.unwrap();
        Self { units, people }
    }

    /// Returns the unit with a code.
    pub(crate) fn unit(&self, code: &str) -> UnitId {
        self.units[code]
    }

    /// Returns the id of the person with a log-in.
    pub(crate) fn person(&self, login: &str) -> PersonId {
        self.people[login].id
    }

    /// Returns every person with their grants.
    pub(crate) fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }
}

fn person_of(account: &Account, units: &BTreeMap<&'static str, UnitId>) -> Person {
    let (login, role, home, over, subtree) = *account;
    let id = PersonId::new(Uuid::now_v7());
    let ceiling = role.depth_max();
    let grant = |code: &&str| Grant { person: id, role, unit: units[code], subtree, ceiling };
    Person {
        id,
        login: login.to_owned(),
        name: format!("Cán bộ {login}"),
        unit: units[home],
        grants: over.iter().map(grant).collect(),
    }
}

async fn insert_units(write: &mut Write, at: i64) -> BTreeMap<&'static str, UnitId> {
    let mut units: BTreeMap<&str, UnitId> = BTreeMap::new();
    for (code, kind, name) in UNITS {
        let unit = Unit {
            id: UnitId::new(Uuid::now_v7()),
            code: (*code).to_owned(),
            name: (*name).to_owned(),
            kind: *kind,
            parent: units.get("TINH").copied(),
            valid_from: 0,
            valid_to: None,
            successor: None,
        };
        unit::store::insert(write, &unit, at).await.unwrap();
        units.insert(code, unit.id);
    }
    unit::store::rebuild_scope(write, at).await.unwrap();
    units
}

/// Adds an account that may enter at once; its grants are rows of their own.
pub(crate) async fn insert_person(write: &mut Write, at: i64, person: &Person, hash: &str) {
    on!(write, c => sqlx::query(
        "INSERT INTO person (id, login, name, title, search_key, phone, email, unit,
                             password_hash, disabled_at, created_at)
         VALUES ($1, $2, $3, 'Chuyên viên', $4, '0912000000', $5, $6, $7, NULL, $8)")
        .bind(person.id.uuid())
        .bind(&person.login)
        .bind(&person.name)
        .bind(fold(&format!("{} {}", person.name, person.login)))
        .bind(format!("{}@thunghiem.example", person.login))
        .bind(person.unit.uuid())
        .bind(hash)
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))
    .unwrap();
}

/// Adds a grant in any state.
pub(crate) async fn insert_grant(write: &mut Write, at: i64, grant: &Grant, state: &str) {
    on!(write, c => sqlx::query(
        "INSERT INTO access_grant (id, person, role, unit, subtree, ceiling, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(Uuid::now_v7())
        .bind(grant.person.uuid())
        .bind(grant.role.code())
        .bind(grant.unit.uuid())
        .bind(grant.subtree)
        .bind(i64::from(grant.ceiling.rank()))
        .bind(state)
        .bind(at)
        .execute(&mut **c)
        .await
        .map(drop))
    .unwrap();
}
