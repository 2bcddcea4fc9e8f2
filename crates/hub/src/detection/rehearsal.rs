//! Trying a rule before it is put to work: what it would have found in the last day of the log.
//!
//! The rule is matched by the same engine and leaves nothing behind but a line in the journal: no
//! hit, no signal. A rule that matches everything reads the raw log, so only who may tune rules in
//! the whole province may try one, on events of sources that this person reads as work. One
//! rehearsal runs at a time, compiling included, and gives up after so many bytes or seconds, so
//! that it never takes the machine from live detection; the page says how far it came.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use khien_detect::{Engine, Loader, Refused, Rules};
use khien_domain::access::Action;
use khien_domain::id::PersonId;
use khien_domain::time::DAY;
use khien_event::{Batch, Column, Event};
use khien_lake::{LakeError, Offset, Stored};
use khien_store::{Conn, NewEntry, on, statements};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{page, scan};
use crate::access::{self, visible::unit_depth};
use crate::app::App;
use crate::fault::Fault;
use crate::intake::Intake;
use crate::web::view::{Caller, Member, View};
use crate::web::{layout, parts};

/// Bytes of a rule that is tried.
pub(super) const RULE_BYTES_MAX: usize = 64 << 10;
/// Raw bytes that one rehearsal reads.
const BYTES_MAX: u64 = 1 << 30;
/// How long it takes at most.
const TIME_MAX: Duration = Duration::from_secs(15);
/// Raw bytes that are read at once.
const ROUND_BYTES: usize = 4 << 20;
/// Hosts that are told apart; the rest is counted together.
const HOSTS_MAX: usize = 1_000;
/// Hosts that the page lists, those with the most hits first.
const HOSTS_SHOWN: usize = 20;
/// Hits that are shown as examples, the first ones.
const EXAMPLES_MAX: usize = 10;
/// When somebody who finds another rehearsal running should come back, in seconds.
const BUSY_SECONDS: u64 = 15;

static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);

statements! {
    SOURCES = concat!("SELECT s.id FROM source s WHERE ", unit_depth!("s.unit"), " >= 2"),
}

/// A filled form.
#[derive(Deserialize)]
pub struct Tried {
    #[serde(default)]
    rule: String,
}

/// `GET /rules/try`.
pub async fn form(view: View) -> Markup {
    sheet(&view, "", None, html! {})
}

/// `POST /rules/try`.
pub async fn run(
    State(app): State<App>,
    view: View,
    member: Member,
    Form(tried): Form<Tried>,
) -> Result<Response, Fault> {
    if tried.rule.len() > RULE_BYTES_MAX {
        return Err(Fault::TooLarge);
    }
    let (refused, found) = rehearse(&app, &member, tried.rule.clone()).await?;
    let Some(found) = found else {
        let body = sheet(&view, &tried.rule, Some(&refused), html! {});
        return Ok((Fault::Unreadable.status(), body).into_response());
    };
    Ok(sheet(&view, &tried.rule, Some(&refused), outcome(&view, &found)).into_response())
}

/// Returns what was refused of the text, and what the rest found; nothing if there is no rest.
async fn rehearse(
    app: &App,
    caller: &Caller,
    text: String,
) -> Result<(Vec<Refused>, Option<Found>), Fault> {
    let Ok(permit) = ONE_AT_A_TIME.try_acquire() else { return Err(Fault::TooMany(BUSY_SECONDS)) };
    let sources = allow(app, caller, &text).await?;
    let Some(intake) = app.intake().map(Arc::clone) else { return Err(Fault::Unavailable) };
    let (since, stop, loaded) = (app.now() - DAY, app.stop.clone(), app.rules());
    let work = tokio::task::spawn_blocking(move || {
        // Whoever goes away before the end leaves the work running: it keeps the one seat.
        let _permit = permit;
        let mut loader = Loader::new();
        loader.placeholders(loaded.lists.clone());
        loader.text("luật thử", &text);
        let (rules, refused) = loader.finish();
        if rules.is_empty() {
            return Ok((refused, None));
        }
        let mut rehearsal = Rehearsal::new(rules, sources, since);
        rehearsal.read(&intake, &stop)?;
        Ok::<_, LakeError>((refused, Some(rehearsal.found)))
    });
    let done = work.await.map_err(anyhow::Error::from)?;
    Ok(done.map_err(anyhow::Error::from)?)
}

/// Notes who tries what, and returns the sources to try it on.
async fn allow(app: &App, caller: &Caller, text: &str) -> Result<HashSet<[u8; 16]>, Fault> {
    let mut write = app.db.write().await?;
    access::demand_everywhere(app, &mut write, caller, Action::TuneRules).await?;
    let sources = sources(&mut write, caller.person.id).await?;
    write.record(NewEntry {
        at: app.now(),
        actor: caller.actor(),
        action: "rules.try",
        subject: "rules".to_owned(),
        body: json!({ "rule": text }),
    });
    app.commit(write).await?;
    Ok(sources)
}

async fn sources(conn: &mut Conn, person: PersonId) -> Result<HashSet<[u8; 16]>, Fault> {
    let ids: Vec<Uuid> =
        on!(conn, c => sqlx::query_scalar(SOURCES).bind(person.uuid()).fetch_all(&mut **c).await)?;
    Ok(ids.into_iter().map(Uuid::into_bytes).collect())
}

/// What the rule would have found.
#[derive(Debug, Default)]
struct Found {
    events: u64,
    bytes: u64,
    hits: u64,
    hosts: BTreeMap<String, u64>,
    other_hosts: u64,
    examples: Vec<Example>,
    /// When the first and the last event that were looked at had arrived.
    stretch: Option<(i64, i64)>,
    /// Whether the bound came before the end of the log.
    cut: bool,
}

/// One hit.
#[derive(Debug)]
struct Example {
    at: i64,
    host: String,
    summary: String,
}

struct Rehearsal {
    engine: Engine,
    sources: HashSet<[u8; 16]>,
    since: i64,
    batch: Batch,
    found: Found,
}

impl Rehearsal {
    fn new(rules: Rules, sources: HashSet<[u8; 16]>, since: i64) -> Self {
        let (engine, batch) = (Engine::new(rules), Batch::new());
        Self { engine, sources, since, batch, found: Found::default() }
    }

    fn read(&mut self, intake: &Intake, stop: &CancellationToken) -> Result<(), LakeError> {
        let begun = Instant::now();
        let mut reader = intake.reader_from(Offset::START)?;
        loop {
            let read = reader.next_batch(ROUND_BYTES)?;
            if read.frames.is_empty() && read.damaged.is_empty() {
                break;
            }
            let since = self.since;
            for frame in read.frames.iter().filter(|frame| frame.received_us >= since) {
                self.frame(frame);
            }
            let bound = self.found.bytes > BYTES_MAX || begun.elapsed() > TIME_MAX;
            if bound || stop.is_cancelled() {
                // What only the end of a time frame decides is not known then.
                self.found.cut = true;
                return Ok(());
            }
        }
        self.found.hits += self.engine.finish().len() as u64;
        Ok(())
    }

    fn frame(&mut self, frame: &Stored) {
        if !self.sources.contains(&frame.source) {
            return;
        }
        self.found.bytes += frame.raw.len() as u64;
        let (engine, batch) = (&mut self.engine, &mut self.batch);
        let matched = catch_unwind(AssertUnwindSafe(|| {
            scan::decode(frame, batch);
            engine.arrived(frame.received_us);
            (engine.batch(batch), engine.settled().len())
        }));
        // What no decoder can stand was told when it came in.
        let Ok((hits, settled)) = matched else { return };
        let found = &mut self.found;
        found.events += self.batch.len() as u64;
        found.hits += settled as u64;
        let from = found.stretch.map_or(frame.received_us, |(from, _)| from);
        found.stretch = Some((from, frame.received_us));
        for hit in hits {
            found.hit(self.batch.event(hit.event), frame.received_us);
        }
    }
}

impl Found {
    fn hit(&mut self, event: Event<'_>, at: i64) {
        self.hits += 1;
        let host = event.column(Column::Host).and_then(|host| host.as_text()).unwrap_or_default();
        let host = scan::plain(host).into_owned();
        if self.examples.len() < EXAMPLES_MAX {
            let summary = scan::summary(event);
            self.examples.push(Example { at, host: host.clone(), summary });
        }
        if self.hosts.len() < HOSTS_MAX || self.hosts.contains_key(&host) {
            *self.hosts.entry(host).or_default() += 1;
        } else {
            self.other_hosts += 1;
        }
    }
}

fn sheet(view: &View, rule: &str, refused: Option<&[Refused]>, outcome: Markup) -> Markup {
    let refused = refused.unwrap_or_default();
    let body = html! {
        (parts::crumbs(view, "/rules", &view.t("rules-title"), &view.t("rule-try")))
        (parts::head(&view.t("rule-try"), &view.t("rule-try-sub"), html! {}))
        @if !refused.is_empty() {
            (parts::bad(&view.t("rule-try-refused")))
            (page::refused_table(view, refused))
        }
        (outcome)
        form.form method="post" action="/rules/try" {
            (parts::field(view, "try-rule", "rule-try-text", true, html! {
                span.help { (view.t("rule-try-help")) }
                textarea.textarea.mono #try-rule name="rule" required rows="18"
                    maxlength=(RULE_BYTES_MAX) spellcheck="false" { (rule) }
            }))
            div.actions { button.button.button-main { (view.t("rule-try-run")) } }
        }
    };
    layout::page(view, &view.t("rule-try"), body)
}

fn outcome(view: &View, found: &Found) -> Markup {
    let number = |n: u64| (i64::try_from(n).unwrap_or(i64::MAX)).into();
    let counts = [("hits", number(found.hits)), ("events", number(found.events))];
    let mut hosts: Vec<_> = found.hosts.iter().collect();
    hosts.sort_by(|(a, m), (b, n)| n.cmp(m).then(a.cmp(b)));
    html! {
        section.panel {
            div.panel-head { h2 { (view.lang.ta("rule-try-found", &counts)) } }
            div.panel-body.stack-s {
                @if let Some((from, to)) = found.stretch {
                    p.soft { (view.t("rule-try-stretch")) " " (parts::moment(from)) " – " (parts::moment(to)) }
                } @else { p.soft { (view.t("rule-try-nothing")) } }
                @if found.cut {
                    div.notice.notice-warn { (parts::icon("warning")) p.notice-body { (view.t("rule-try-cut")) } }
                }
                @if !hosts.is_empty() {
                    dl.pairs { @for (host, hits) in hosts.iter().take(HOSTS_SHOWN) {
                        dt.mono { @if host.is_empty() { "–" } @else { (host) } } dd { (hits) }
                    } }
                    @let more = hosts.iter().skip(HOSTS_SHOWN).map(|(_, hits)| **hits).sum::<u64>();
                    @if more + found.other_hosts > 0 {
                        p.soft { (view.t("rule-try-other-hosts")) " " (more + found.other_hosts) }
                    }
                }
            }
            @if !found.examples.is_empty() {
                div.table-wrap { table.table.cards {
                    thead { tr {
                        th scope="col" { (view.t("rule-try-at")) }
                        th scope="col" { (view.t("rule-try-host")) }
                        th scope="col" { (view.t("rule-try-event")) }
                    } }
                    tbody { @for example in &found.examples { tr {
                        td data-label=(view.t("rule-try-at")) { (parts::moment(example.at)) }
                        th.mono scope="row" { (example.host) }
                        td.mono data-label=(view.t("rule-try-event")) { (example.summary) }
                    } } }
                } }
            }
        }
    }
}
