//! What a round found becomes rows: hits, signals, counts and the place in the log.

use std::collections::HashMap;

use khien_detect::RuleInfo;
use khien_domain::asset::host_key;
use khien_domain::id::{AssetId, SignalId, UnitId};
use khien_domain::signal::{Kind, Place, alert_key, waits_for_person};
use khien_store::{Unjournaled, Write};

use super::raise::{self, Story};
use super::scan::{Found, Scan, Spot};
use super::suppress::InForce;
use super::{memory, salvage, store};
use crate::app::{App, Nudge};
use crate::fault::Fault;
use crate::{asset, intake};

/// Hits that one transaction stores: officers must not wait for a flood.
const HITS_PER_WRITE_MAX: usize = 2_000;

/// To whom a spot belongs, frozen at receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) unit: UnitId,
    pub(super) asset: Option<AssetId>,
}

/// Spots that were looked up in this round; `None` where the source is unknown.
pub(super) type Owners = HashMap<Spot, Option<Owner>>;

/// Signals that have a journal line in a transaction: new ones, and those that became louder.
pub(super) type Told = Vec<SignalId>;

/// Saves a round. Only its last transaction moves the place in the log; what an earlier one
/// stored is recognised by its id when the round is done again.
///
/// # Errors
/// When the store does not work: the same round is to be saved again.
pub(super) async fn save(app: &App, scan: &Scan) -> Result<(), Fault> {
    let Err(fault) = save_whole(app, scan).await else { return Ok(()) };
    salvage::demand_working_store(app, fault).await?;
    salvage::save(app, scan).await
}

async fn save_whole(app: &App, scan: &Scan) -> Result<(), Fault> {
    let mut owners = Owners::new();
    let mut chunks = scan.found.chunks(HITS_PER_WRITE_MAX).peekable();
    while let Some(chunk) = chunks.next() {
        let mut write = app.db.write().await?;
        let mut told = save_hits(app, &mut write, chunk, &mut owners).await?;
        if chunks.peek().is_none() {
            told.extend(save_rest(app, &mut write, scan, &mut owners).await?);
        }
        commit(app, write, told).await?;
    }
    if scan.found.is_empty() {
        let mut write = app.db.write().await?;
        let told = save_rest(app, &mut write, scan, &mut owners).await?;
        commit(app, write, told).await?;
    }
    Ok(())
}

/// Commits, and makes live pages look at what was told: one that became louder has no fact.
pub(super) async fn commit(app: &App, write: Write, told: Told) -> Result<(), Fault> {
    if told.is_empty() {
        return app.commit_unjournaled(write, Unjournaled::Hits).await;
    }
    app.commit(write).await?;
    told.into_iter().for_each(|signal| app.nudge(Nudge::Signal(signal.uuid())));
    Ok(())
}

/// Stores hits that are not there yet; returns the signals that were told.
pub(super) async fn save_hits(
    app: &App,
    write: &mut Write,
    found: &[Found],
    owners: &mut Owners,
) -> Result<Told, Fault> {
    let mut suppressed = InForce::read(write, app.now()).await?;
    let mut rows = Vec::with_capacity(found.len());
    let mut stories: HashMap<String, Story> = HashMap::new();
    for hit in found {
        let Some(owner) = owner(write, &hit.spot, owners).await? else { continue };
        if store::is_known(write, &hit.id).await? {
            continue;
        }
        let id = &hit.rule.id;
        let raises = waits(&hit.rule) && !suppressed.hold_back(id, owner.unit, owner.asset, 1);
        let key = raises.then(|| story_key(&hit.rule.family, &hit.spot, owner));
        if let Some(key) = &key {
            let story = stories.entry(key.clone());
            story.and_modify(|story| story.join(hit)).or_insert_with(|| Story::begin(hit, owner));
        }
        rows.push((hit, owner, key));
    }
    let (signals, told) = raise_all(app, write, &stories).await?;
    for (hit, owner, key) in rows {
        let signal = key.and_then(|key| signals.get(&key).copied());
        store::insert(write, hit, owner, signal).await?;
    }
    suppressed.save(write).await?;
    Ok(told)
}

async fn raise_all(
    app: &App,
    write: &mut Write,
    stories: &HashMap<String, Story>,
) -> Result<(HashMap<String, SignalId>, Told), Fault> {
    let mut signals = HashMap::new();
    let mut told = Told::new();
    for (key, story) in stories {
        let received = raise::alert(app, write, key, story).await?;
        told.extend(received.is_told.then_some(received.id));
        signals.insert(key.clone(), received.id);
    }
    Ok((signals, told))
}

/// Saves counts, damage, what is remembered and the place in the log; returns the signals that
/// were told.
pub(super) async fn save_rest(
    app: &App,
    write: &mut Write,
    scan: &Scan,
    owners: &mut Owners,
) -> Result<Told, Fault> {
    save_surplus(app, write, scan, owners).await?;
    for ((rule, hour), hits) in &scan.tally {
        store::count(write, rule, *hour, *hits).await?;
    }
    let told = save_damage(app, write, scan).await?;
    if let Some(remembered) = &scan.memory {
        memory::save(write, remembered).await?;
    }
    intake::store::save_place(write, intake::LOG, scan.next.to_i64()).await?;
    Ok(told)
}

/// Adds the hits that got no row to the signals of their stories.
async fn save_surplus(
    app: &App,
    write: &mut Write,
    scan: &Scan,
    owners: &mut Owners,
) -> Result<(), Fault> {
    if scan.surplus.is_empty() {
        return Ok(());
    }
    let mut suppressed = InForce::read(write, app.now()).await?;
    for ((rule, spot), surplus) in &scan.surplus {
        let Some(owner) = owner(write, spot, owners).await? else { continue };
        if waits(&surplus.rule)
            && suppressed.hold_back(rule, owner.unit, owner.asset, surplus.count)
        {
            continue;
        }
        let key = story_key(&surplus.rule.family, spot, owner);
        raise::seen_again(write, &key, surplus.count, surplus.last_at).await?;
    }
    suppressed.save(write).await
}

/// Tells of the parts of the log that nobody could read.
pub(super) async fn save_damage(app: &App, write: &mut Write, scan: &Scan) -> Result<Told, Fault> {
    let mut told = Told::new();
    for damage in &scan.damaged {
        let what = format!("{}+{}", damage.from, damage.bytes);
        told.extend(raise::damage(app, write, &what, i64::from(damage.bytes)).await?);
    }
    Ok(told)
}

fn waits(rule: &RuleInfo) -> bool {
    waits_for_person(Kind::Alert, raise::level(rule.level))
}

fn story_key(family: &str, spot: &Spot, owner: Owner) -> String {
    let place = match owner.asset {
        Some(asset) => Place::Asset(asset),
        None => Place::Host(spot.source, &spot.host),
    };
    alert_key(family, place)
}

/// Returns whose a spot is: the asset of that host if the source may speak for its unit, else the
/// unit of the source.
async fn owner(
    write: &mut Write,
    spot: &Spot,
    owners: &mut Owners,
) -> Result<Option<Owner>, Fault> {
    if let Some(known) = owners.get(spot) {
        return Ok(*known);
    }
    let owner = match intake::store::unit(write, spot.source).await? {
        None => {
            tracing::warn!(source = %spot.source, "hits of an unknown source were left out");
            None
        }
        Some(unit) if spot.host.is_empty() => Some(Owner { unit, asset: None }),
        Some(unit) => {
            let asset = asset::store::by_host(write, &host_key(&spot.host), unit).await?;
            let owner = asset.map(|(asset, unit)| Owner { unit, asset: Some(asset) });
            Some(owner.unwrap_or(Owner { unit, asset: None }))
        }
    };
    owners.insert(spot.clone(), owner);
    Ok(owner)
}
