//! From the log to hits: frames are read, decoded once and matched. Blocks; holds no transaction.

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use khien_detect::{Engine, Hit, IocHit, IocScanner, RuleInfo, Settled};
use khien_domain::id::SourceId;
use khien_event::{Batch, Column, Context, Event, Format, Problem, ProblemKind, parse};
use khien_lake::{Damage, LakeError, Offset, Reader, Stored};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::limit::{HOUR_US, Limit};
use super::measured::Measured;
use super::memory::{self, Memory};
use super::{Watched, indicators};
use crate::intake::Intake;

/// Raw bytes that one round reads.
const ROUND_BYTES: usize = 4 << 20;
/// The largest event that is stored whole with its hit.
const EVENT_BYTES_MAX: usize = 16 << 10;
/// Characters kept of each value otherwise, and of each in a summary.
const VALUE_CHARS_MAX: usize = 300;
/// What a summary is made of, in this order.
const SUMMARY: &[Column] = &[
    Column::User,
    Column::SrcIp,
    Column::Process,
    Column::CommandLine,
    Column::File,
    Column::Url,
    Column::Hash,
];
/// Characters kept of a host's name: more than DNS allows.
const HOST_CHARS_MAX: usize = 255;

/// Where a hit happened, as far as the event tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spot {
    /// Who sent the event.
    pub(super) source: SourceId,
    /// The host that it names; empty when it names none.
    pub(super) host: Arc<str>,
}

/// A hit that becomes a row.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// SHA-256 of (rule or indicator, event uid).
    pub(super) id: [u8; 32],
    /// The rule, or what an indicator says in the form of one.
    pub(super) rule: Arc<RuleInfo>,
    /// Where the indicator comes from, if it was one.
    pub(super) indicator: Option<Value>,
    pub(super) spot: Spot,
    /// By the clock of the sender; ours when it tells no time.
    pub(super) happened_at: i64,
    pub(super) received_at: i64,
    /// The event as JSON.
    pub(super) event: String,
    /// What a person looks at first, on one line.
    pub(super) summary: String,
}

/// Hits beyond the bound: counted, without a row.
#[derive(Clone, Debug)]
pub(super) struct Surplus {
    pub(super) rule: Arc<RuleInfo>,
    pub(super) count: i64,
    pub(super) last_at: i64,
}

/// What fired on an event.
pub(super) struct Cause {
    pub(super) rule: Arc<RuleInfo>,
    /// What makes the hit another one than the others on its event.
    pub(super) key: Arc<str>,
    /// Under which name it is counted.
    pub(super) counted: Arc<str>,
    pub(super) indicator: Option<Value>,
}

impl From<Arc<RuleInfo>> for Cause {
    fn from(rule: Arc<RuleInfo>) -> Self {
        let key: Arc<str> = rule.id.as_str().into();
        Self { rule, counted: Arc::clone(&key), key, indicator: None }
    }
}

/// What decoding told about a source.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Decoded {
    pub(super) unreadable: i64,
    pub(super) skew: Option<i64>,
}

/// What one round found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) found: Vec<Found>,
    pub(super) surplus: HashMap<(Arc<str>, Spot), Surplus>,
    /// Hits by rule and hour.
    pub(super) tally: HashMap<(Arc<str>, i64), i64>,
    pub(super) decoded: HashMap<SourceId, Decoded>,
    pub(super) damaged: Vec<Damage>,
    /// What the rules that count remember there, when it was asked for.
    pub(super) memory: Option<Memory>,
    /// Where to go on.
    pub(super) next: Offset,
}

impl Scan {
    /// Returns whether there is nothing to save but the place in the log.
    pub(super) fn is_quiet(&self) -> bool {
        // Whatever was found is in the tally, stored or not.
        self.tally.is_empty() && self.damaged.is_empty() && self.memory.is_none()
    }
}

/// Reads, decodes and matches.
pub(super) struct Scanner {
    intake: Arc<Intake>,
    reader: Reader,
    engine: Engine,
    indicators: IocScanner,
    batch: Batch,
    /// For an event of an earlier frame.
    earlier: Batch,
    limit: Limit,
    /// What lies before this was saved in an earlier life: it only warms the counting rules.
    saved: Offset,
    /// Events matched since the rules are at work.
    events: u64,
}

impl Scanner {
    /// Returns a scanner that reads from where `reader` stands and keeps hits from `saved` on.
    pub(super) fn new(
        intake: Arc<Intake>,
        reader: Reader,
        (engine, indicators): (Engine, IocScanner),
        saved: Offset,
    ) -> Self {
        let (batch, earlier, limit) = (Batch::new(), Batch::new(), Limit::default());
        Self { intake, reader, engine, indicators, batch, earlier, limit, saved, events: 0 }
    }

    /// Waits for a frame.
    pub(super) async fn wait(&mut self) -> Result<(), LakeError> {
        self.reader.wait().await
    }

    /// Matches other rules and indicators from the next frame on.
    pub(super) fn swap(&mut self, watched: Watched) {
        self.engine = memory::engine(watched.rules, Some(&self.engine.state()));
        self.indicators = IocScanner::new(watched.indicators);
        self.events = 0;
    }

    /// Returns what the engine tells of its work.
    pub(super) fn measured(&self) -> Measured {
        Measured::of(&self.engine, self.events)
    }

    /// Reads on; nothing when the end of the log is reached. With `remember`, the scan also brings
    /// what the rules that count remember after it.
    pub(super) fn scan(&mut self, remember: bool) -> Result<Option<Scan>, LakeError> {
        let read = self.reader.next_batch(ROUND_BYTES)?;
        if read.frames.is_empty() && read.damaged.is_empty() {
            return Ok(None);
        }
        let next = read.next.max(self.saved);
        let damaged = read.damaged.into_iter().filter(|damage| damage.from >= self.saved);
        let mut scan = Scan { next, damaged: damaged.collect(), ..Scan::default() };
        for frame in &read.frames {
            self.frame(frame, &mut scan);
        }
        // Before what was saved is reached again, there is nothing to add to it.
        if remember && read.next >= self.saved {
            scan.memory = Memory::of(&self.engine, read.next);
        }
        Ok(Some(scan))
    }

    fn frame(&mut self, frame: &Stored, scan: &mut Scan) {
        let matched = catch_unwind(AssertUnwindSafe(|| self.decode_and_match(frame)));
        if frame.at < self.saved {
            return;
        }
        let Ok(Matched { problems, hits, settled, seen }) = matched else {
            // Told as a part of the log that nobody examined, and passed: one batch that breaks a
            // decoder must not blind the province.
            scan.damaged.push(Damage { from: frame.at, bytes: frame.raw.len() as u32 });
            return;
        };
        let decoded = scan.decoded.entry(source_of(frame)).or_default();
        decoded.unreadable += unreadable(frame.decoder, &problems);
        let last = self.batch.len().checked_sub(1).map(|last| self.batch.event(last));
        let skew = last.and_then(Event::t_event).map(|t| t.saturating_sub(frame.received_us));
        decoded.skew = skew.or(decoded.skew);
        self.limit.turn(frame.received_us);
        for hit in hits {
            let at = (frame, &self.batch, hit.event);
            hit_on(&mut self.limit, at, |_, _| hit.rule.into(), scan);
        }
        for hit in seen {
            let at = (frame, &self.batch, hit.event);
            let indicator = self.indicators.indicators().indicator(&hit);
            let cause = |limit: &mut Limit, spot: &Spot| {
                let key = indicator.rule_id();
                let apart = limit.tells_apart(spot.source, &spot.host, &key);
                indicators::cause(&hit, &indicator, key, apart)
            };
            hit_on(&mut self.limit, at, cause, scan);
        }
        for settled in settled {
            self.settled(&settled, scan);
        }
    }

    /// Buffers are cleared first, so that a panic in one frame leaves nothing for the next.
    fn decode_and_match(&mut self, frame: &Stored) -> Matched {
        let problems = decode(frame, &mut self.batch);
        self.engine.arrived(frame.received_us);
        self.engine.name(frame.at.to_i64().cast_unsigned());
        let hits = self.engine.batch(&self.batch);
        self.events += self.batch.len() as u64;
        let mut seen = Vec::new();
        self.indicators.scan(&self.batch, frame.received_us, &mut seen);
        Matched { problems, hits, settled: self.engine.settled(), seen }
    }

    /// A hit that only the end of its time frame made known: its event is read again.
    fn settled(&mut self, settled: &Settled, scan: &mut Scan) {
        let at = Offset::from_i64(settled.place.cast_signed());
        let read = self.intake.reader_from(at).and_then(|mut reader| reader.next_batch(1));
        let frame = read.ok().and_then(|read| read.frames.into_iter().find(|f| f.at == at));
        let found = frame.filter(|frame| {
            let decoded = catch_unwind(AssertUnwindSafe(|| decode(frame, &mut self.earlier)));
            decoded.is_ok() && settled.event < self.earlier.len()
        });
        let Some(frame) = found else {
            tracing::warn!(rule = %settled.rule.id, %at, "the event of a count is no longer kept");
            return;
        };
        let at = (&frame, &self.earlier, settled.event);
        hit_on(&mut self.limit, at, |_, _| Arc::clone(&settled.rule).into(), scan);
    }
}

/// What a frame held.
struct Matched {
    problems: Vec<Problem>,
    hits: Vec<Hit>,
    /// Hits on events of frames before it.
    settled: Vec<Settled>,
    seen: Vec<IocHit>,
}

/// Decodes a frame into a batch that is emptied first.
pub(super) fn decode(frame: &Stored, batch: &mut Batch) -> Vec<Problem> {
    batch.clear();
    parse(frame.decoder, &frame.raw, &Context::received(frame.received_us), batch)
}

/// Keeps a hit on an event of a frame; `cause` tells what fired, once the spot is known.
fn hit_on(
    limit: &mut Limit,
    (frame, batch, index): (&Stored, &Batch, usize),
    cause: impl FnOnce(&mut Limit, &Spot) -> Cause,
    scan: &mut Scan,
) {
    let event = batch.event(index);
    let source = source_of(frame);
    let named = event.column(Column::Host).and_then(|host| host.as_text()).unwrap_or_default();
    let host = limit.host(source, plain(head(named, HOST_CHARS_MAX)).trim());
    let spot = Spot { source, host };
    let Cause { rule, key, counted, indicator } = cause(limit, &spot);
    let hour = frame.received_us.div_euclid(HOUR_US);
    *scan.tally.entry((counted, hour)).or_default() += 1;
    if !limit.stores(&rule.id, source, &spot.host) {
        let place = (rule.id.as_str().into(), spot);
        let new = Surplus { rule, count: 0, last_at: frame.received_us };
        let surplus = scan.surplus.entry(place).or_insert(new);
        surplus.count += 1;
        surplus.last_at = surplus.last_at.max(frame.received_us);
        return;
    }
    scan.found.push(Found {
        id: hit_id(&key, frame, index),
        rule,
        indicator,
        spot,
        happened_at: event.t_event().unwrap_or(frame.received_us),
        received_at: frame.received_us,
        event: event_text(event),
        summary: summary(event),
    });
}

fn source_of(frame: &Stored) -> SourceId {
    SourceId::new(Uuid::from_bytes(frame.source))
}

/// Counts what was lost to the decoder; a replaced byte or a cut line leaves its event readable.
fn unreadable(format: Format, problems: &[Problem]) -> i64 {
    let is_lost = |problem: &&Problem| match problem.kind {
        ProblemKind::Corrupt | ProblemKind::Malformed | ProblemKind::Truncated => true,
        // A line beyond the bound is cut and kept; an object is left out.
        ProblemKind::OverLimit => matches!(format, Format::Json | Format::Eve),
        ProblemKind::InvalidUtf8 | ProblemKind::Unreadable | ProblemKind::More => false,
    };
    problems.iter().filter(is_lost).count() as i64
}

fn hit_id(key: &str, frame: &Stored, index: usize) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_be_bytes());
    hash.update(key.as_bytes());
    hash.update(frame.source);
    hash.update(frame.epoch.to_be_bytes());
    hash.update(frame.sequence.to_be_bytes());
    hash.update((index as u64).to_be_bytes());
    hash.finalize().into()
}

/// Returns the event as JSON text; of a huge one, its envelope.
fn event_text(event: Event<'_>) -> String {
    let text = event.to_json().to_string();
    if text.len() <= EVENT_BYTES_MAX {
        return text;
    }
    let columns = Column::ALL.into_iter();
    let envelope = columns.filter_map(|column| Some((column.name(), value(event, column)?)));
    let envelope: Map<String, Value> =
        envelope.map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({ "cut": true, "envelope": envelope }).to_string()
}

/// Returns what a person looks at first, on one line.
pub(super) fn summary(event: Event<'_>) -> String {
    let values = SUMMARY.iter().filter_map(|column| value(event, *column).map(plain));
    values.collect::<Vec<_>>().join(" · ")
}

fn value<'b>(event: Event<'b>, column: Column) -> Option<&'b str> {
    Some(head(event.column(column)?.as_text()?, VALUE_CHARS_MAX))
}

/// Returns the text with blanks for control characters: PostgreSQL keeps no NUL, and a line that a
/// person reads stays one line. The event itself needs no such care, since JSON escapes them.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    } else {
        text.into()
    }
}

fn head(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}
