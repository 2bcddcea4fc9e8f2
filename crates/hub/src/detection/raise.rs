//! Signals of kind alert: hits of one story join the signal that is there, or raise a new one.

use khien_detect::RuleInfo;
use khien_domain::id::{SignalId, SourceId};
use khien_domain::signal::{Kind, Level, Place, absorbs, alert_key, waits_for_person};
use khien_store::{NewEntry, Write};
use serde_json::{Value, json};
use uuid::Uuid;

use super::save::Owner;
use super::scan::Found;
use crate::app::App;
use crate::fault::Fault;
use crate::signal::store::{self, NewSignal};
use crate::web::i18n::{Arg, Lang};
use crate::{intake, signal, unit};

/// The family of signals about the intake log itself.
pub(super) const DAMAGE: &str = "khien.intake.damage";
/// The family of signals about hits that the store refused.
const REFUSED: &str = "khien.detection.refused";
/// The family of signals about rule folders that are gone.
const RULES_LOST: &str = "khien.detection.rules";
/// The journal's name of this actor.
pub(super) const ACTOR: &str = "job:detection";

/// New hits of one story within a transaction.
#[derive(Clone, Debug)]
pub(super) struct Story {
    first: Found,
    owner: Owner,
    level: Level,
    count: i64,
    last_at: i64,
}

impl Story {
    /// Returns a story that begins with this hit.
    pub(super) fn begin(hit: &Found, owner: Owner) -> Self {
        let (level, last_at) = (level(hit.rule.level), hit.received_at);
        Self { first: hit.clone(), owner, level, count: 1, last_at }
    }

    /// Adds a further hit.
    pub(super) fn join(&mut self, hit: &Found) {
        self.level = self.level.max(level(hit.rule.level));
        self.last_at = self.last_at.max(hit.received_at);
        self.count += 1;
    }
}

/// The signal that took a story in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) id: SignalId,
    /// Whether a journal line tells of it: it is new, or louder than before.
    pub(super) is_told: bool,
}

/// Returns the level of a rule in the words of the domain.
pub(super) const fn level(level: khien_detect::Level) -> Level {
    match level {
        khien_detect::Level::Informational => Level::Informational,
        khien_detect::Level::Low => Level::Low,
        khien_detect::Level::Medium => Level::Medium,
        khien_detect::Level::High => Level::High,
        khien_detect::Level::Critical => Level::Critical,
    }
}

/// Takes a story into the signal of its key, or into a new one.
pub(super) async fn alert(
    app: &App,
    write: &mut Write,
    key: &str,
    story: &Story,
) -> Result<Received, Fault> {
    let first = &story.first;
    let new = NewSignal {
        id: SignalId::new(app.new_id()),
        kind: Kind::Alert,
        level: story.level,
        unit: story.owner.unit,
        asset: story.owner.asset,
        source: Some(first.spot.source),
        title: title(&first.rule, &first.spot.host, story.owner.asset.is_some()),
        body: body(first),
        live_key: Some(key.to_owned()),
        seen_count: story.count,
        waits: waits_for_person(Kind::Alert, story.level),
        happened_at: Some(first.happened_at),
        detected_at: app.now(),
        received_at: first.received_at,
        last_seen_at: story.last_at,
        reporter: None,
        entered_by: None,
        form_key: None,
    };
    join_or_receive(app, write, key, new).await
}

/// Joins the live signal of the key, if it still takes hits.
async fn join_or_receive(
    app: &App,
    write: &mut Write,
    key: &str,
    new: NewSignal,
) -> Result<Received, Fault> {
    if let Some(live) = store::live(write, key).await? {
        // By our clock: a sender's may be off by years.
        let takes = absorbs(live.state, live.incident_is_over, live.last_seen_at, new.last_seen_at);
        if takes {
            store::seen_again(write, live.id, new.seen_count, new.last_seen_at).await?;
            let is_louder = new.level > live.level;
            if is_louder {
                make_louder(app, write, &live, new.level).await?;
            }
            return Ok(Received { id: live.id, is_told: is_louder });
        }
        store::free_key(write, live.id).await?;
    }
    signal::receive(app, write, &new, ACTOR.to_owned()).await?;
    Ok(Received { id: new.id, is_told: true })
}

/// Raises the level of a live signal to that of its newest hits; the term of its verification
/// follows the level.
async fn make_louder(
    app: &App,
    write: &mut Write,
    live: &store::Live,
    level: Level,
) -> Result<(), Fault> {
    store::set_level(write, live.id, level, waits_for_person(Kind::Alert, level)).await?;
    write.record(NewEntry {
        at: app.now(),
        actor: ACTOR.to_owned(),
        action: "signal.raise",
        subject: format!("signal:{}", live.id),
        body: json!({ "number": live.number, "before": live.level, "level": level }),
    });
    Ok(())
}

/// Adds hits that got no row to the signal of their story, if there is one.
pub(super) async fn seen_again(
    write: &mut Write,
    key: &str,
    count: i64,
    last_at: i64,
) -> Result<(), Fault> {
    match store::live(write, key).await? {
        Some(live) => store::seen_again(write, live.id, count, last_at).await,
        None => Ok(()),
    }
}

/// Something about detection itself that a person must know of.
struct Trouble<'a> {
    family: &'static str,
    title: String,
    advice: &'static str,
    summary: &'a str,
    bytes: i64,
}

/// Raises a signal about a part of the intake log that cannot be read; `what` tells the part.
/// Returns the signal if a journal line tells of it.
pub(super) async fn damage(
    app: &App,
    write: &mut Write,
    what: &str,
    bytes: i64,
) -> Result<Option<SignalId>, Fault> {
    tracing::error!(what, bytes, "a part of the intake log is damaged");
    let title = Lang::Vi.ta("detection-damage-title", &[("what", Arg::Text(what))]);
    let advice = "detection-damage-advice";
    trouble(app, write, Trouble { family: DAMAGE, title, advice, summary: what, bytes }).await
}

/// Raises a signal about hits that the store refused; `what` tells which. Returns the signal if a
/// journal line tells of it.
pub(super) async fn refused(
    app: &App,
    write: &mut Write,
    what: &str,
    bytes: i64,
) -> Result<Option<SignalId>, Fault> {
    tracing::error!(what, bytes, "hits were refused by the store and passed over");
    let title = Lang::Vi.t("detection-refused-title");
    let advice = "detection-refused-advice";
    trouble(app, write, Trouble { family: REFUSED, title, advice, summary: what, bytes }).await
}

/// Raises a signal about a rule folder or feed that cannot be read, while what was loaded from it
/// stays at work. Returns the signal if a journal line tells of it.
pub(super) async fn rules_lost(
    app: &App,
    write: &mut Write,
    what: &str,
) -> Result<Option<SignalId>, Fault> {
    tracing::error!(what, "a folder of rules or a feed cannot be read; what is at work stays");
    let title = Lang::Vi.t("detection-rules-lost-title");
    let advice = "detection-rules-lost-advice";
    trouble(app, write, Trouble { family: RULES_LOST, title, advice, summary: what, bytes: 0 })
        .await
}

/// Tells the unit at the head of the tree; nothing where there is no unit yet.
async fn trouble(
    app: &App,
    write: &mut Write,
    trouble: Trouble<'_>,
) -> Result<Option<SignalId>, Fault> {
    let tree = unit::store::tree(write).await?;
    let Some(root) = tree.head(app.now()) else { return Ok(None) };
    // One story for the whole log: a failing disk damages it in many places.
    let key = alert_key(trouble.family, Place::Host(SourceId::new(Uuid::nil()), intake::LOG));
    let now = app.now();
    let new = NewSignal {
        id: SignalId::new(app.new_id()),
        kind: Kind::Alert,
        level: Level::High,
        unit: root.id,
        asset: None,
        source: None,
        title: trouble.title,
        body: json!({
            "family": trouble.family,
            "advice": Lang::Vi.t(trouble.advice),
            "summary": trouble.summary,
            "bytes": trouble.bytes,
        }),
        live_key: Some(key.clone()),
        seen_count: 1,
        waits: true,
        happened_at: None,
        detected_at: now,
        received_at: now,
        last_seen_at: now,
        reporter: None,
        entered_by: None,
        form_key: None,
    };
    let received = join_or_receive(app, write, &key, new).await?;
    Ok(received.is_told.then_some(received.id))
}

/// Returns the line for the board; a machine that is no known asset is named in it.
fn title(rule: &RuleInfo, host: &str, is_asset: bool) -> String {
    let title = rule.title_vi.as_deref().unwrap_or(&rule.title);
    if is_asset || host.is_empty() { title.to_owned() } else { format!("{title} · {host}") }
}

/// Returns the immutable body, with the names that the page of a signal reads: the rule with its
/// author and link, which its licence asks for, and the first event.
fn body(hit: &Found) -> Value {
    let rule = &hit.rule;
    json!({
        "rule_id": rule.id,
        "rule_title": rule.title,
        "rule_title_vi": rule.title_vi,
        "rule_author": rule.author,
        "rule_link": rule.link,
        "rule_level": rule.level.name(),
        "rule_tags": rule.tags,
        "family": rule.family,
        "advice": rule.advice_vi,
        "indicator": hit.indicator,
        "host": &*hit.spot.host,
        "summary": hit.summary,
        "event": serde_json::from_str::<Value>(&hit.event).unwrap_or_default(),
    })
}
