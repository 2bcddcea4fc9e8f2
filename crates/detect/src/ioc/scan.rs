//! Looks for indicators in every event of a batch.

use std::sync::Arc;

use khien_event::{Batch, Event, Format, Names, Value};
use memchr::memmem::Finder;

use super::hit::IocHit;
use super::look::{self, Look};
use super::probe::{Finds, IocCounters};
use super::question::Questions;
use super::set::Indicators;

/// Looks for indicators. A clone shares them and counts for itself; each thread has its own.
#[derive(Clone, Debug)]
pub struct IocScanner {
    set: Arc<Indicators>,
    /// By name number of the batch: what to look for, if anything.
    looks: Vec<Option<(Look, &'static str)>>,
    /// The table of names that `looks` speaks of.
    names: Option<u64>,
    scheme: Finder<'static>,
    questions: Questions,
    counters: IocCounters,
}

impl IocScanner {
    /// Returns a scanner for these indicators.
    pub fn new(set: Arc<Indicators>) -> Self {
        Self {
            set,
            looks: Vec::new(),
            names: None,
            scheme: Finder::new("://"),
            questions: Questions::default(),
            counters: IocCounters::default(),
        }
    }

    /// Returns the indicators.
    pub fn indicators(&self) -> &Arc<Indicators> {
        &self.set
    }

    /// Returns what was found and not told since the last call.
    pub fn take_counters(&mut self) -> IocCounters {
        std::mem::take(&mut self.counters)
    }

    /// Appends the hits of a batch, in the order of its events. An event that does not know when
    /// it happened counts as of `received_us`, µs UTC.
    pub fn scan(&mut self, batch: &Batch, received_us: i64, hits: &mut Vec<IocHit>) {
        if self.set.is_empty() {
            return;
        }
        self.learn(batch.names());
        let mut questions = std::mem::take(&mut self.questions);
        let mut known = Vec::new();
        for (position, event) in batch.iter().enumerate() {
            self.look_at(position, event, Some(&mut questions), received_us, hits);
            if questions.are_many() || position + 1 == batch.len() {
                questions.answer(&self.set, &mut known);
                for position in known.drain(..) {
                    self.look_at(position, batch.event(position), None, received_us, hits);
                }
            }
        }
        self.questions = questions;
    }

    /// Learns the field names of a batch, each once.
    fn learn(&mut self, names: &Names) {
        if self.names != Some(names.serial()) {
            self.names = Some(names.serial());
            self.looks.clear();
        }
        for name in names.from(self.looks.len()) {
            let look = look::of(name).filter(|(look, _)| self.set.answers(*look));
            self.looks.push(look);
        }
    }

    /// Puts down what there is to ask about an event; without a list of questions, tells what is
    /// found in it.
    fn look_at(
        &mut self,
        position: usize,
        event: Event<'_>,
        questions: Option<&mut Questions>,
        received_us: i64,
        hits: &mut Vec<IocHit>,
    ) {
        let first = hits.len();
        let at_us = event.t_event().unwrap_or(received_us);
        let counters = &mut self.counters;
        let mut finds =
            Finds { event: position, questions, field: "", at_us, hits, first, counters };
        let (mut web_host, mut web_path) = (None, None);
        for (place, name) in event.names().enumerate() {
            let Some((look, field)) = self.looks.get(name.index()).copied().flatten() else {
                continue;
            };
            let Value::Text(text) = event.value(place) else { continue };
            if text.is_empty() {
                continue;
            }
            finds.field = field;
            match look {
                Look::Hashes => self.set.probe_hashes(text, &mut finds),
                Look::Imphash => {
                    self.set.probe_imphash(text.as_bytes(), &mut finds);
                }
                Look::Ip => {
                    self.set.probe_ip(text, &mut finds);
                }
                Look::Host => self.set.probe_host(text, &mut finds),
                Look::WebHost => {
                    web_host.get_or_insert(text);
                    self.set.probe_host(text, &mut finds);
                }
                Look::Answers => self.set.probe_answers(text, &mut finds),
                Look::WebPath if text.starts_with('/') => {
                    web_path.get_or_insert((text, field));
                }
                Look::Url | Look::WebPath => self.set.probe_url(text, &mut finds),
                Look::Email => self.set.probe_emails(text, &mut finds),
                Look::File => self.set.probe_file(text, &mut finds),
                Look::Text => self.set.probe_text(text, &self.scheme, &mut finds),
                // Elsewhere it repeats, in words, what the other fields tell.
                Look::Message if event.format() == Format::Syslog => {
                    self.set.probe_text(text, &self.scheme, &mut finds);
                    self.set.probe_words(text, &mut finds);
                }
                Look::Message => {}
            }
        }
        if let Some((host, (path, field))) = web_host.zip(web_path) {
            finds.field = field;
            self.set.probe_web_path(host, path, &mut finds);
        }
    }
}

impl Indicators {
    /// Returns whether there is any indicator that such a field could show.
    fn answers(&self, look: Look) -> bool {
        let ips = self.v4.len() + self.v6.len() + self.nets4.len() + self.nets6.len() > 0;
        let hosts = ips || self.domains.len() > 0;
        match look {
            Look::Hashes => {
                self.md5.len() + self.sha1.len() + self.sha256.len() + self.imphash.len() > 0
            }
            Look::Imphash => self.imphash.len() > 0,
            Look::Ip => ips,
            Look::Host | Look::Answers => hosts,
            Look::WebHost | Look::Url | Look::WebPath | Look::Text => hosts || self.urls.len() > 0,
            Look::Email => hosts || self.emails.len() > 0,
            Look::Message => hosts || self.urls.len() + self.emails.len() > 0,
            Look::File => self.files.len() > 0,
        }
    }
}
