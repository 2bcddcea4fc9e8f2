//! A round that the store refuses is saved piece by piece: what it cannot keep is told in a signal
//! and passed over, so that one strange event does not blind the province.

use khien_store::{Unjournaled, Write};

use super::raise;
use super::save::{self, Owners, Told};
use super::scan::{Found, Scan};
use crate::app::App;
use crate::fault::Fault;
use crate::intake;

/// What was passed over.
#[derive(Debug, Default)]
struct Refused {
    /// The first rule whose hit it was; empty when only counts were refused.
    rule: String,
    hits: i64,
    bytes: i64,
    /// Whether the counts of the round are among it.
    counts: bool,
}

/// Returns `fault` unless the store works, so that what it refused must itself be at fault. A
/// full disk may still take a small write, and is waited out.
pub(super) async fn demand_working_store(app: &App, fault: Fault) -> Result<(), Fault> {
    if matches!(fault, Fault::Unavailable) {
        return Err(fault);
    }
    let mut write = app.db.write().await?;
    let place = intake::store::place(&mut write, intake::LOG).await?;
    intake::store::save_place(&mut write, intake::LOG, place).await?;
    app.commit_unjournaled(write, Unjournaled::Hits).await
}

/// Saves each hit by itself, then the rest and the place in the log.
pub(super) async fn save(app: &App, scan: &Scan) -> Result<(), Fault> {
    let mut refused = Refused::default();
    for hit in &scan.found {
        if !is_kept(app, hit).await? {
            refused.add(hit);
        }
    }
    let Err(fault) = finish(app, scan, &refused).await else { return Ok(()) };
    demand_working_store(app, fault).await?;
    refused.counts = true;
    finish(app, scan, &refused).await
}

/// Returns whether the store takes a hit. It is asked twice, because the first time may have met
/// a passing fault.
async fn is_kept(app: &App, hit: &Found) -> Result<bool, Fault> {
    for _ in 0..2 {
        let Err(fault) = save_one(app, hit).await else { return Ok(true) };
        demand_working_store(app, fault).await?;
    }
    Ok(false)
}

async fn save_one(app: &App, hit: &Found) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let hits = std::slice::from_ref(hit);
    let told = save::save_hits(app, &mut write, hits, &mut Owners::new()).await?;
    save::commit(app, write, told).await
}

/// Moves the place in the log and tells what was passed over.
async fn finish(app: &App, scan: &Scan, refused: &Refused) -> Result<(), Fault> {
    let mut write = app.db.write().await?;
    let mut told = if refused.counts {
        let told = save::save_damage(app, &mut write, scan).await?;
        intake::store::save_place(&mut write, intake::LOG, scan.next.to_i64()).await?;
        told
    } else {
        save::save_rest(app, &mut write, scan, &mut Owners::new()).await?
    };
    told.extend(refused.tell(app, &mut write).await?);
    save::commit(app, write, told).await
}

impl Refused {
    fn add(&mut self, hit: &Found) {
        if self.rule.is_empty() {
            self.rule.clone_from(&hit.rule.id);
        }
        self.hits += 1;
        self.bytes += hit.event.len() as i64;
    }

    async fn tell(&self, app: &App, write: &mut Write) -> Result<Told, Fault> {
        if self.hits == 0 && !self.counts {
            return Ok(Told::new());
        }
        let what = format!("{} × {}", self.hits, self.rule);
        Ok(raise::refused(app, write, &what, self.bytes).await?.into_iter().collect())
    }
}
