//! Design invariant 4: the one rule, held three ways. On random worlds the SQL fragments answer
//! for every (person, subject) exactly what the pure function answers, and so do the lists,
//! counts and look-ups of the slices that use them.

mod rows;
mod worlds;

use std::collections::{BTreeMap, BTreeSet};

use khien_domain::access::Person;
use khien_domain::id::{MatterId, PersonId, SignalId, TaskId};
use khien_domain::unit::Tree;
use khien_domain::visible::{Scope, SignalView, Subject, TaskView, visible, visible_parties};
use khien_hub::access::visible::BARE;
use khien_hub::app::App;
use khien_hub::web::list::ListQuery;
use khien_hub::{incident, signal, task};
use khien_store::{Conn, on};
use uuid::Uuid;

use crate::harness::{Engine, open};
use worlds::{RandomWorld, Size};

/// How many of each are looked up one by one, for each person.
const LOOKED_UP: usize = 15;

/// What a person reads of each subject: the depth, 0 to 3, of every id.
type Depths = BTreeMap<Uuid, i64>;

#[tokio::test]
async fn sql_and_the_pure_rule_agree_on_random_worlds() {
    let size = Size { units: 30, people: 30, matters: 90, tasks: 180, signals: 150 };
    let mut checks = 0;
    for seed in 0..8 {
        let (app, _folder) = open(Engine::Lite, |_| ()).await.unwrap();
        checks += hold(&app, &worlds::roll(seed, size, app.now())).await;
    }
    assert!(checks >= 100_000, "only {checks} checks");
}

#[tokio::test]
async fn postgres_agrees_too() {
    let size = Size { units: 25, people: 15, matters: 40, tasks: 80, signals: 60 };
    let Some((app, _folder)) = open(Engine::Pg, |_| ()).await else { return };
    assert!(hold(&app, &worlds::roll(99, size, app.now())).await >= 3_000);
}

/// Compares everything that every person reads; returns how many pairs were compared.
async fn hold(app: &App, world: &RandomWorld) -> usize {
    rows::write(app, world).await;
    let tree = Tree::build(world.units.clone()).unwrap();
    let (mut checks, mut deep) = (0, 0);
    for person in &world.people {
        let scope = Scope::of(person, &tree, app.now());
        let expected = [
            matters(world, &scope),
            tasks(world, &scope),
            signals(world, &scope),
            units(world, &scope),
        ];
        let mut conn = app.db.read().await.unwrap();
        for (sql, wanted) in BARE.into_iter().zip(&expected) {
            let told = bare(&mut conn, sql, person.id).await;
            assert_eq!(&told, wanted, "{} with {:?}: {sql}", person.login, person.grants);
            checks += wanted.len();
            deep += wanted.values().filter(|depth| **depth > 0).count();
        }
        hold_lists(&mut conn, person, &expected).await;
        hold_parties(&mut conn, world, &scope, person).await;
    }
    assert!(deep * 20 > checks, "this world shows too little: {deep} of {checks}");
    checks
}

async fn bare(conn: &mut Conn, sql: &'static str, person: PersonId) -> Depths {
    let rows: Vec<(Uuid, i64)> =
        on!(conn, c => sqlx::query_as(sql).bind(person.uuid()).fetch_all(&mut **c).await).unwrap();
    rows.into_iter().collect()
}

fn matters(world: &RandomWorld, scope: &Scope) -> Depths {
    let depth = |(id, view): &(Uuid, _)| (*id, rank(visible(scope, Subject::Matter(view))));
    world.matters.iter().map(depth).collect()
}

fn tasks(world: &RandomWorld, scope: &Scope) -> Depths {
    let depth = |task: &worlds::Task| {
        let matter = &world.matters[task.matter].1;
        let view = TaskView { unit: task.unit, matter, named_parties: task.named.clone() };
        (task.id, rank(visible(scope, Subject::Task(&view))))
    };
    world.tasks.iter().map(depth).collect()
}

fn signals(world: &RandomWorld, scope: &Scope) -> Depths {
    let depth = |signal: &worlds::Signal| {
        let matter = signal.matter.map(|place| &world.matters[place].1);
        let view = SignalView { unit: signal.unit, matter };
        (signal.id, rank(visible(scope, Subject::Signal(&view))))
    };
    world.signals.iter().map(depth).collect()
}

fn units(world: &RandomWorld, scope: &Scope) -> Depths {
    let depth = |unit: &khien_domain::unit::Unit| {
        (unit.id.uuid(), rank(visible(scope, Subject::Asset(unit.id))))
    };
    world.units.iter().map(depth).collect()
}

fn rank(depth: khien_domain::access::Depth) -> i64 {
    i64::from(depth.rank())
}

/// The lists, their totals and the look-ups of the slices show what the rule shows.
async fn hold_lists(conn: &mut Conn, person: &Person, expected: &[Depths; 4]) {
    let (id, query) = (person.id, ListQuery { limit: Some(200), ..ListQuery::default() });
    let [matters, tasks, signals, _] = expected;

    let page = incident::store::list(conn, id, &query).await.unwrap();
    shows(person, matters, page.total, page.items.iter().map(|row| (row.id, row.depth)));
    let page = task::store::list(conn, id, &query).await.unwrap();
    shows(person, tasks, page.total, page.items.iter().map(|row| (row.id, row.depth)));
    let page = signal::store::list(conn, id, &query).await.unwrap();
    shows(person, signals, page.total, page.items.iter().map(|row| (row.id, row.depth)));

    for (key, depth) in matters.iter().take(LOOKED_UP) {
        let found = incident::store::find(conn, id, MatterId::new(*key)).await.unwrap();
        assert_eq!(found.map_or(0, |row| row.depth), *depth);
    }
    for (key, depth) in tasks.iter().take(LOOKED_UP) {
        let found = task::store::find(conn, id, TaskId::new(*key)).await.unwrap();
        assert_eq!(found.map_or(0, |row| row.depth), *depth);
    }
    for (key, depth) in signals.iter().take(LOOKED_UP) {
        let found = signal::store::find(conn, id, SignalId::new(*key)).await.unwrap();
        assert_eq!(found.map_or(0, |row| row.depth), *depth);
    }
}

fn shows(person: &Person, expected: &Depths, total: i64, rows: impl Iterator<Item = (Uuid, i64)>) {
    let wanted = seen(expected);
    assert_eq!(rows.collect::<Depths>(), wanted, "what {} lists", person.login);
    assert_eq!(total, wanted.len() as i64, "what {} counts", person.login);
}

/// Parties of a matter learn of each other only from the lead.
async fn hold_parties(conn: &mut Conn, world: &RandomWorld, scope: &Scope, person: &Person) {
    for (id, view) in world.matters.iter().take(LOOKED_UP) {
        let told = incident::store::parties(conn, person.id, MatterId::new(*id)).await.unwrap();
        let told: BTreeSet<Uuid> = told.iter().map(|party| party.unit).collect();
        let known = visible_parties(scope, view);
        assert_eq!(told, known.iter().map(|party| party.unit.uuid()).collect::<BTreeSet<_>>());
    }
}

fn seen(expected: &Depths) -> Depths {
    expected.iter().filter(|(_, depth)| **depth > 0).map(|(id, depth)| (*id, *depth)).collect()
}
