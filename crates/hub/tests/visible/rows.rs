//! Writes a random world into the tables of an empty hub.

use khien_domain::id::{SignalId, UnitId};
use khien_domain::signal::{Kind, Level};
use khien_hub::app::App;
use khien_hub::signal::store::NewSignal;
use khien_hub::{signal, unit};
use khien_store::{NewEntry, Write, on};

use super::worlds::{RandomWorld, Task};
use crate::harness::{insert_grant, insert_person};

/// Runs one statement with its arguments on either engine.
macro_rules! run {
    ($write:expr, $sql:literal $(, $value:expr)* $(,)?) => {
        on!($write, c => sqlx::query($sql)$(.bind($value))*.execute(&mut **c).await.map(drop))
            .unwrap()
    };
}

pub(crate) async fn write(app: &App, world: &RandomWorld) {
    let at = app.now();
    let mut write = app.db.write().await.unwrap();
    let w = &mut write;
    for row in &world.units {
        unit::store::insert(w, row, at).await.unwrap();
    }
    unit::store::rebuild_scope(w, at).await.unwrap();
    for person in &world.people {
        insert_person(w, at, person, "").await;
    }
    for held in &world.grants {
        insert_grant(w, at, &held.grant, held.state).await;
    }
    write_matters(w, world, at).await;
    for (place, task) in world.tasks.iter().enumerate() {
        write_task(w, world, task, place, at).await;
    }
    write_signals(w, world, at).await;
    write.record(NewEntry {
        at,
        actor: "test".to_owned(),
        action: "world.roll",
        subject: format!("unit:{}", world.units[0].id),
        body: serde_json::json!({}),
    });
    write.commit().await.unwrap();
}

async fn write_matters(w: &mut Write, world: &RandomWorld, at: i64) {
    for (place, (id, matter)) in world.matters.iter().enumerate() {
        let number = format!("SC-2026-{place:04}");
        let lead = matter.parties[0].unit.uuid();
        run!(
            w,
            "INSERT INTO matter (id, kind, number, title, search_key, state, lead, unit, marking,
               strict, category, severity, clock_pack, detected_at, opened_at, state_since, created_at)
             VALUES ($1, 'incident', $2, 'Sự cố', 'su co', 'open', $3, $3, 'amber', $4, 'malware', 'medium',
               '', $5, $5, $5, $5)",
            *id,
            &number,
            lead,
            matter.strict,
            at,
        );
        for party in &matter.parties {
            run!(
                w,
                "INSERT INTO party (matter, unit, role, depth, added_at)
                 VALUES ($1, $2, $3, $4, $5)",
                *id,
                party.unit.uuid(),
                party.role.code(),
                i64::from(party.depth.rank()),
                at,
            );
        }
        for person in &matter.named {
            run!(w, "INSERT INTO named (matter, person) VALUES ($1, $2)", *id, person.uuid());
        }
    }
}

async fn write_task(w: &mut Write, world: &RandomWorld, task: &Task, place: usize, at: i64) {
    let number = format!("NV-2026-{place:04}");
    run!(
        w,
        "INSERT INTO task (id, number, matter, unit, title, details, search_key, answer_kind, state, due,
           sent_at, created_at)
         VALUES ($1, $2, $3, $4, 'Việc', '', 'viec', 'text', 'sent', $5, $5, $5)",
        task.id,
        &number,
        world.matters[task.matter].0,
        task.unit.uuid(),
        at,
    );
    for unit in &task.named {
        run!(w, "INSERT INTO task_party (task, unit) VALUES ($1, $2)", task.id, unit.uuid());
    }
}

async fn write_signals(w: &mut Write, world: &RandomWorld, at: i64) {
    for (place, row) in world.signals.iter().enumerate() {
        let signal = new_signal(SignalId::new(row.id), row.unit, at);
        signal::store::insert(w, &signal, &format!("TH-2026-{place:04}")).await.unwrap();
        if let Some(matter) = row.matter {
            run!(
                w,
                "UPDATE signal SET state = 'joined', matter = $2 WHERE id = $1",
                row.id,
                world.matters[matter].0,
            );
        }
    }
}

fn new_signal(id: SignalId, unit: UnitId, at: i64) -> NewSignal {
    NewSignal {
        id,
        kind: Kind::Alert,
        level: Level::High,
        unit,
        asset: None,
        source: None,
        title: "Dấu hiệu".to_owned(),
        body: serde_json::json!({}),
        live_key: None,
        seen_count: 1,
        waits: true,
        happened_at: None,
        detected_at: at,
        received_at: at,
        last_seen_at: at,
        reporter: None,
        entered_by: None,
        form_key: None,
    }
}
