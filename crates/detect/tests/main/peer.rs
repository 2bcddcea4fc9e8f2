//! The peer, `rsigma-eval`, so that it does the same work: it gets the rules that our router gives an
//! event, of all its categories, and a rule of a generic category reads a copy of the event in which
//! the source's own words stand under the rule's.

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

use khien_detect::{LogSource, Origin, Rules};
use khien_event::Event;
use khien_event::names::OwnWords;
use rsigma_eval::Engine;
use rsigma_eval::event::JsonEvent;
use rsigma_parser::{SigmaRule, parse_sigma_directory};
use serde_json::{Map, Value};

/// The rules of the peer by log source.
pub(crate) struct Peer {
    rules: HashMap<String, (LogSource, SigmaRule)>,
    /// By log source; those of a category apart, because they read other words.
    engines: HashMap<Origin, Rc<[Engine; 2]>>,
}

/// An event as the peer takes it.
pub(crate) struct Read {
    engines: Rc<[Engine; 2]>,
    /// In the source's words, and in those of generic rules.
    fields: [Value; 2],
}

impl Peer {
    /// Loads those rules of the folders that we loaded, too.
    pub(crate) fn load(folders: &[PathBuf], ours: &Rules) -> Self {
        let sources: HashMap<&str, &LogSource> =
            ours.infos().map(|info| (info.id.as_str(), &info.source)).collect();
        let mut rules = HashMap::new();
        for folder in folders {
            let collection = parse_sigma_directory(folder).expect("the rules are there");
            assert_eq!(collection.errors, [] as [String; 0]);
            rules.extend(collection.rules.into_iter().filter_map(|rule| {
                let id = rule.id.clone()?;
                let source = (*sources.get(id.as_str())?).clone();
                Some((id, (source, rule)))
            }));
        }
        Self { rules, engines: HashMap::new() }
    }

    /// Returns the number of rules.
    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// Brings an event into the peer's form.
    pub(crate) fn read(&mut self, event: Event<'_>) -> Read {
        let origin = Origin::of(event);
        if !self.engines.contains_key(&origin) {
            let engines = [false, true].map(|generic| self.engine(origin, generic));
            self.engines.insert(origin, Rc::new(engines));
        }
        let Value::Object(own) = event.to_json() else { unreachable!("events are objects") };
        let renamed = Value::Object(in_words_of_rules(event, &own));
        Read { engines: self.engines[&origin].clone(), fields: [Value::Object(own), renamed] }
    }

    fn engine(&self, origin: Origin, generic: bool) -> Engine {
        let serving = self
            .rules
            .values()
            .filter(|(source, _)| source.category.is_some() == generic && serves(origin, source));
        let mut engine = Engine::new();
        let failed = engine.add_rules(serving.map(|(_, rule)| rule));
        assert!(failed.is_empty(), "{failed:?}");
        engine
    }
}

impl Read {
    /// Returns the ids of the rules that the peer finds.
    pub(crate) fn find(&self) -> impl Iterator<Item = String> {
        let both = self.engines.iter().zip(&self.fields);
        let hits = both.flat_map(|(engine, fields)| engine.evaluate(&JsonEvent::borrow(fields)));
        hits.filter_map(|hit| hit.header.rule_id)
    }
}

/// A rule sees the event when every key that its log source names is among the event's.
fn serves(origin: Origin, source: &LogSource) -> bool {
    let among = |names: &[&str], name: &Option<String>| {
        name.as_ref().is_none_or(|name| names.contains(&name.as_str()))
    };
    let product: Vec<&str> = origin.product.into_iter().collect();
    among(&product, &source.product)
        && among(origin.categories, &source.category)
        && among(origin.services, &source.service)
}

/// Puts what the source calls by words of its own under the words of generic rules.
fn in_words_of_rules(event: Event<'_>, own: &Map<String, Value>) -> Map<String, Value> {
    let text = |field| event.first(field).and_then(khien_event::Value::as_text).unwrap_or_default();
    let mut fields = own.clone();
    for (word, native) in OwnWords::of(text("Channel"), text("EventID")).pairs() {
        if let Some(value) = own.get(*native) {
            fields.insert((*word).to_owned(), value.clone());
        }
    }
    fields
}
