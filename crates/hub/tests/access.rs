//! Who is let in where: every route against every person, generated from the routes themselves.
//!
//! What is expected comes from the route's audience, from [`khien_domain::visible`] and from
//! nothing else, so that a new route is tested the moment it stands in the table. A route whose
//! sample no fixture makes fails.

use std::collections::BTreeMap;

use khien_domain::access::{Depth, Person};
use khien_domain::asset::{Asset, Criticality, Kind};
use khien_domain::id::{AssetId, PersonId, UnitId};
use khien_domain::matter::{Party, PartyRole};
use khien_domain::unit::{Tree, Unit, UnitKind};
use khien_domain::visible::{MatterView, Scope, SignalView, Subject, TaskView, visible};
use khien_hub::intake::source::{self, Door, NewSource};
use khien_hub::router::{Route, Sample, routes};
use khien_hub::web::guard::Audience;
use khien_hub::{asset, journal, unit};
use khien_store::{Write, on};
use uuid::Uuid;

use crate::harness::doors::Open;
use crate::harness::listen::Heard;
use crate::harness::{Client, Reply, TestApp, insert_person};

/// The unit whose subjects are asked for, and the one that leads.
const OWN: &str = "XA-A";
const LEAD: &str = "PA05";
/// Who receives the message that is asked for.
const READER: &str = "xa.a";

/// What the route should answer a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    SignIn,
    Forbidden,
    NotFound,
    LetIn,
}

/// One of each subject, made anew for each route that changes something.
struct Subjects(BTreeMap<&'static str, String>);

impl Subjects {
    async fn make(app: &TestApp) -> Self {
        let mut made = BTreeMap::new();
        made.insert("Signal", app.telephoned(OWN).await);
        let incident = app.verified(&app.telephoned(OWN).await).await;
        let task = app.task_of(&incident).await;
        let officer = app.as_("xa.a").await;
        app.answered(&officer, &task).await;
        made.insert("Evidence", evidence_on(&officer, &task).await);
        made.insert("Incident", incident);
        made.insert("Task", task);
        made.extend(insert_rows(app).await);
        Self(made)
    }

    /// Returns the path of a route with its parameter filled in.
    fn path(&self, route: &Route) -> String {
        if let Sample::Literal(path) = route.sample {
            return path.to_owned();
        }
        let name = format!("{:?}", route.sample);
        let Some((before, rest)) = route.path.split_once('{') else { return route.path.to_owned() };
        let id = self.0.get(name.as_str());
        let id = id.unwrap_or_else(|| panic!("{}: no fixture makes a {name}", route.path));
        let (_, after) = rest.split_once('}').unwrap();
        format!("{before}{id}{after}")
    }
}

async fn evidence_on(reader: &Client, task: &str) -> String {
    let page = reader.get(&format!("/tasks/{task}")).await.ok().text();
    let (_, rest) = page.split_once("/evidence/").expect("the page links its evidence");
    rest[..36].to_owned()
}

/// What no form of another slice makes: rows, each with its journal line.
async fn insert_rows(app: &TestApp) -> Vec<(&'static str, String)> {
    let mut write = app.db.write().await.unwrap();
    let person = insert_account(app, &mut write).await;
    let rows = vec![
        ("Person", person),
        ("Grant", insert_proposal(app, &mut write, person).await),
        ("Unit", insert_unit(app, &mut write).await),
        ("Asset", insert_asset(app, &mut write).await),
        ("Source", insert_source(app, &mut write).await),
        ("Message", insert_message(app, &mut write).await),
        ("Suppression", insert_suppression(app, &mut write).await),
    ];
    for (noun, id) in &rows {
        app.record(&mut write, "test.insert", format!("{}:{id}", noun.to_lowercase()));
    }
    app.commit(write).await.unwrap();
    rows.into_iter().map(|(noun, id)| (noun, id.to_string())).collect()
}

/// An account of its own, because one route disables it.
async fn insert_account(app: &TestApp, write: &mut Write) -> Uuid {
    let id = Uuid::now_v7();
    let person = Person {
        id: PersonId::new(id),
        login: format!("moi.{}", id.simple()),
        name: "Cán bộ mới".to_owned(),
        unit: app.world.unit("SOY"),
        grants: Vec::new(),
    };
    insert_person(write, app.now(), &person, "").await;
    id
}

/// A grant that waits for a second person; who proposed it is none of those who ask.
async fn insert_proposal(app: &TestApp, write: &mut Write, person: Uuid) -> Uuid {
    let id = Uuid::now_v7();
    on!(write, c => sqlx::query(
        "INSERT INTO access_grant (id, person, role, unit, subtree, ceiling, state, proposed_by,
                                   created_at)
         VALUES ($1, $2, 'unit_officer', $3, $4, 3, 'proposed', $2, $5)")
        .bind(id)
        .bind(person)
        .bind(app.world.unit("SOY").uuid())
        .bind(false)
        .bind(app.now())
        .execute(&mut **c)
        .await
        .map(drop))
    .unwrap();
    id
}

/// A unit of its own, because one route dissolves it.
async fn insert_unit(app: &TestApp, write: &mut Write) -> Uuid {
    let id = Uuid::now_v7();
    let unit = Unit {
        id: UnitId::new(id),
        code: format!("DV-{}", &id.simple().to_string()[20..]),
        name: "Đơn vị thử".to_owned(),
        kind: UnitKind::Department,
        parent: Some(app.world.unit("TINH")),
        valid_from: 0,
        valid_to: None,
        successor: None,
    };
    unit::store::insert(write, &unit, app.now()).await.unwrap();
    unit::store::rebuild_scope(write, app.now()).await.unwrap();
    id
}

async fn insert_asset(app: &TestApp, write: &mut Write) -> Uuid {
    let id = Uuid::now_v7();
    let asset = Asset {
        id: AssetId::new(id),
        unit: app.world.unit(OWN),
        kind: Kind::Device,
        name: format!("Máy {id}"),
        level: None,
        system_type: None,
        hosts: Vec::new(),
        ips: Vec::new(),
        criticality: Criticality::ALL[0],
    };
    asset::store::insert(write, &asset, app.now()).await.unwrap();
    id
}

async fn insert_source(app: &TestApp, write: &mut Write) -> Uuid {
    let name = format!("nguồn {}", Uuid::now_v7());
    let new = NewSource { name, unit: app.world.unit(OWN), door: Door::Http };
    source::add(app, write, "test".to_owned(), &new).await.unwrap().id.uuid()
}

async fn insert_suppression(app: &TestApp, write: &mut Write) -> Uuid {
    let id = Uuid::now_v7();
    on!(write, c => sqlx::query(
        "INSERT INTO suppression (id, rule, unit, reason, owner, from_at, until_at, hits)
         VALUES ($1, 'none', $2, 'báo nhầm', $3, $4, $5, 0)")
        .bind(id)
        .bind(app.world.unit(OWN).uuid())
        .bind(app.world.person(READER).uuid())
        .bind(app.now())
        .bind(i64::MAX)
        .execute(&mut **c)
        .await
        .map(drop))
    .unwrap();
    id
}

async fn insert_message(app: &TestApp, write: &mut Write) -> Uuid {
    let id = Uuid::now_v7();
    on!(write, c => sqlx::query(
        "INSERT INTO message (id, person, fact, action, number, level, link, created_at)
         VALUES ($1, $2, $3, 'task_sent', 'NV-2026-0001', 'high', '/tasks', $4)")
        .bind(id)
        .bind(app.world.person(READER).uuid())
        .bind(Uuid::now_v7())
        .bind(app.now())
        .execute(&mut **c)
        .await
        .map(drop))
    .unwrap();
    id
}

/// The rule for one route and one person, stranger if none.
fn expected(app: &TestApp, tree: &Tree, route: &Route, person: Option<&Person>) -> Expected {
    match (route.audience, person) {
        (Audience::Stranger, _) => Expected::LetIn,
        (Audience::Source, _) | (_, None) => Expected::SignIn,
        (Audience::May(action), Some(person)) if !person.may_somewhere(action) => {
            Expected::Forbidden
        }
        (_, Some(person)) if sees(app, tree, route.sample, person) => Expected::LetIn,
        _ => Expected::NotFound,
    }
}

/// Whether the one rule shows the subject of a sample to a person.
fn sees(app: &TestApp, tree: &Tree, sample: Sample, person: &Person) -> bool {
    let scope = Scope::of(person, tree, app.now());
    let own = app.world.unit(OWN);
    let matter = MatterView {
        parties: vec![
            Party::new(app.world.unit(LEAD), PartyRole::Lead),
            Party::new(own, PartyRole::Affected),
        ],
        strict: false,
        named: Vec::new(),
    };
    let signal = SignalView { unit: own, matter: None };
    let task = TaskView { unit: own, matter: &matter, named_parties: Vec::new() };
    match sample {
        Sample::Signal => visible(&scope, Subject::Signal(&signal)) > Depth::None,
        Sample::Incident => visible(&scope, Subject::Matter(&matter)) > Depth::None,
        Sample::Task => visible(&scope, Subject::Task(&task)) > Depth::None,
        Sample::Evidence => visible(&scope, Subject::TaskEvidence(&task)) == Depth::Evidence,
        Sample::Asset | Sample::Suppression => visible(&scope, Subject::Asset(own)) > Depth::None,
        Sample::Message => person.login == READER,
        // The registry, the doors and the accounts belong to no matter: the role decides.
        Sample::None
        | Sample::Literal(_)
        | Sample::Unit
        | Sample::Person
        | Sample::Grant
        | Sample::Source => true,
    }
}

fn got(route: &Route, reply: &Reply) -> Expected {
    match reply.status.as_u16() {
        401 => Expected::SignIn,
        // After the log-in everybody comes to the first page anyway.
        303 if route.path == "/" && reply.location() == "/login" => Expected::SignIn,
        303 if reply.location().starts_with("/login?next=") => Expected::SignIn,
        403 => Expected::Forbidden,
        404 => Expected::NotFound,
        _ => Expected::LetIn,
    }
}

/// One form that answers every route's questions, so that each comes to the question of rights.
fn form_of_all(app: &TestApp) -> Vec<(&'static str, String)> {
    let detected = "2026-03-10T08:30";
    let mut form = app.report_form(&Uuid::now_v7().to_string(), detected, OWN);
    form.retain(|(name, _)| *name != "unit");
    let more = [
        ("unit", OWN),
        ("reason", "false_positive"),
        ("note", "đã hỏi đơn vị"),
        ("into", "open"),
        ("title", "Sự cố"),
        ("category", "malware"),
        ("severity", "medium"),
        ("task", ""),
        ("leak", "no_sign"),
        ("role", "informed"),
        ("answer", "text"),
        ("hours", "24"),
        ("days", "7"),
        ("rule", "none"),
        ("old", "x"),
        ("password", "x"),
        ("login", "x"),
        ("code", "XA-C"),
        ("lang", "vi"),
        ("name", "Tên"),
        ("kind", "department"),
        ("parent", "TINH"),
        ("valid_from", "2026-01-01"),
        ("day", "2026-03-10"),
        ("successor", ""),
        ("purpose", "incident"),
        ("phone", "0912345678"),
        ("email", ""),
        ("sort", "device"),
        ("hosts", ""),
        ("level", ""),
        ("id", "01900000-0000-7000-8000-000000000001"),
    ];
    form.extend(more.map(|(name, value)| (name, value.to_owned())));
    form
}

async fn knock(app: &TestApp, route: &Route, path: &str, login: Option<&str>) -> Reply {
    let client = match login {
        Some(login) => app.as_(login).await,
        None => app.stranger(),
    };
    if route.method == axum::http::Method::GET {
        return client.get(path).await;
    }
    // As from a page of ours, so that a log-in that is asked for shows by the way back to it.
    let client = client.with("host", "khien.example").with("referer", "https://khien.example/page");
    let form = form_of_all(app);
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let reply = client.post(path, &form).await;
    if reply.status == 422 || reply.status == 400 || reply.status == 415 {
        // Perhaps not a plain form: the route reads files.
        let files = client.upload(path, &form, &[("files", "bằng chứng.txt", b"x")]).await;
        return if files.status == 415 { reply } else { files };
    }
    reply
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let app = TestApp::new().await;
    let doors = Open::doors(&app).await;
    let seen_only = Subjects::make(&app).await;
    journal::job::sign_head(&app).await.unwrap();
    let mut wrong = Vec::new();
    for route in routes() {
        let changes = route.method != axum::http::Method::GET;
        let fresh = if changes { Some(Subjects::make(&app).await) } else { None };
        let path = fresh.as_ref().unwrap_or(&seen_only).path(&route);
        wrong.extend(walk(&app, &route, &path).await);
    }
    doors.close().await;
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
}

/// Asks as everybody; first whom it refuses, so that they find the subject as it was made.
async fn walk(app: &TestApp, route: &Route, path: &str) -> Vec<String> {
    let tree = {
        let mut conn = app.db.read().await.unwrap();
        unit::store::tree(&mut conn).await.unwrap()
    };
    let everybody = std::iter::once(None).chain(app.world.people().map(Some));
    let mut asked: Vec<(Expected, Option<&Person>)> =
        everybody.map(|person| (expected(app, &tree, route, person), person)).collect();
    asked.sort_by_key(|(expected, _)| *expected == Expected::LetIn);
    let (mut wrong, mut let_in, mut hoped) = (Vec::new(), false, false);
    for (expected, person) in asked {
        let login = person.map(|p| p.login.as_str());
        let reply = knock(app, route, path, login).await;
        let answer = got(route, &reply);
        hoped |= expected == Expected::LetIn;
        let_in |= answer == Expected::LetIn;
        // A deed on what one sees may still be another unit's to do.
        let not_theirs = expected == Expected::LetIn
            && answer == Expected::Forbidden
            && route.method != axum::http::Method::GET;
        if reply.status.is_server_error()
            || (answer != expected
                && !not_theirs
                && !(at_the_door(route) && answer == Expected::SignIn))
        {
            let who = login.unwrap_or("a stranger");
            wrong.push(format!(
                "{} {path} as {who}: {} ({answer:?}) where {expected:?}",
                route.method, reply.status
            ));
        }
    }
    if hoped && !let_in && !at_the_door(route) {
        wrong.push(format!("{} {path} lets nobody in", route.method));
    }
    wrong
}

/// Routes that ask for a password answer 401 to the wrong one.
fn at_the_door(route: &Route) -> bool {
    route.path.ends_with("/login") || route.path == "/account/password"
}

#[tokio::test]
async fn no_page_lacks_a_word_in_either_language() {
    let heard = Heard::default();
    let _listening = tracing::subscriber::set_default(heard.clone());
    let app = TestApp::new().await;
    let subjects = Subjects::make(&app).await;
    for route in routes().iter().filter(|route| route.method == axum::http::Method::GET) {
        let path = subjects.path(route);
        for login in ["truc.ban", "dieu.phoi", "xa.a", "quan.tri", "kiem.toan", "lanh.dao"] {
            let person = app.as_(login).await;
            for language in ["vi", "en"] {
                person.with("accept-language", language).get(&path).await;
            }
        }
    }
    let silent = heard.with("text without translation");
    assert!(silent.is_empty(), "{silent:#?}");
}
