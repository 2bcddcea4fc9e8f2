//! Prints how long it takes to append, verify and export a journal of 200,000 entries.
//!
//! `cargo run --release -p khien-store --example verify_speed [ENTRIES]`

#![expect(clippy::print_stdout, reason = "a measure is for whoever runs it")]

use std::error::Error;
use std::time::Instant;

use khien_store::{Db, Migrations, NewEntry, STORE_MIGRATION, journal};
use serde_json::json;

const MIGRATIONS: Migrations =
    Migrations { lite: &[STORE_MIGRATION.lite], pg: &[STORE_MIGRATION.pg] };
const ENTRIES_PER_WRITE: i64 = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entries: i64 = std::env::args().nth(1).map_or(Ok(200_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let db = Db::open_lite(&folder.path().join("state.db")).await?;
    db.migrate(&MIGRATIONS).await?;

    let start = Instant::now();
    append(&db, entries).await?;
    println!("append  {entries} entries: {:.2} s", start.elapsed().as_secs_f64());

    let start = Instant::now();
    let verdict = journal::verify(&mut *db.read().await?, None).await?;
    println!("verify  {entries} entries: {:.2} s", start.elapsed().as_secs_f64());
    if let journal::Verdict::Broken(flaw) = verdict {
        return Err(flaw.into());
    }

    let path = folder.path().join("export.jsonl");
    let start = Instant::now();
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
    journal::export(&mut *db.read().await?, &mut file).await?;
    println!("export  {entries} entries: {:.2} s", start.elapsed().as_secs_f64());

    let start = Instant::now();
    journal::verify_file(&path, None)?;
    println!("offline {entries} entries: {:.2} s", start.elapsed().as_secs_f64());
    Ok(())
}

async fn append(db: &Db, entries: i64) -> Result<(), Box<dyn Error>> {
    for first in (0..entries).step_by(ENTRIES_PER_WRITE as usize) {
        let mut w = db.write().await?;
        for number in first..entries.min(first + ENTRIES_PER_WRITE) {
            w.record(NewEntry {
                at: number,
                actor: "person/018f3b1e-0000-7000-8000-000000000001".to_owned(),
                action: "task.submitted",
                subject: format!("task/{number}"),
                body: json!({ "number": number, "note": "đã hoàn thành theo yêu cầu" }),
            });
        }
        w.commit().await?;
    }
    Ok(())
}
