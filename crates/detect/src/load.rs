//! Rules from folders, from texts and from the embedded pack, into one set.
//!
//! The order is fixed (by path, then by place in the file), so that the same folders give the same
//! hits in the same order. What cannot be honoured is left out and told, and never stops the rest.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::correlate::link::{self, CORRELATIONS_MAX, Linked, Net};
use crate::correlate::rule::{self as correlation, Correlation};
use crate::correlate::sighting::Feed;
use crate::fields::Fields;
use crate::pack;
use crate::sigma::budget::Budget;
use crate::sigma::filter::{self, FILTERS_MAX, Filter, Filtered};
use crate::sigma::parse::{self, Document};
use crate::sigma::placeholder::Placeholders;
use crate::sigma::reason::Reason;
use crate::sigma::rule::{Rule, RuleInfo};
use crate::sigma::yaml::{self, Node};

/// Bytes of one rule file.
pub const FILE_BYTES_MAX: u64 = 1 << 20;
/// Rules and correlations of one set.
pub const RULES_MAX: usize = 50_000;
/// Nesting of rule folders.
const FOLDERS_DEEP_MAX: usize = 32;

/// A rule or file that was left out, and why.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The file, or the name given with a text.
    pub path: PathBuf,
    /// The rule's id, when it could be read.
    pub id: Option<String>,
    /// The rule's title, when it could be read.
    pub title: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// A set of rules, ready for an engine.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) correlations: Vec<Linked>,
    /// By rule: the correlations that count it.
    pub(crate) feeds: Vec<Vec<Feed>>,
    pub(crate) fields: Fields,
    filters: Vec<Filtered>,
    lists_unused: Vec<String>,
}

impl Rules {
    /// Loads every `.yml` and `.yaml` file below the folders (a path may also name one file).
    pub fn load(dirs: &[PathBuf]) -> (Self, Vec<Refused>) {
        let mut loader = Loader::new();
        dirs.iter().for_each(|dir| loader.folder(dir));
        loader.finish()
    }

    /// Loads rules from (name, YAML) pairs.
    pub fn from_texts<N: Into<String>, Y: AsRef<str>>(
        texts: impl IntoIterator<Item = (N, Y)>,
    ) -> (Self, Vec<Refused>) {
        let mut loader = Loader::new();
        texts.into_iter().for_each(|(name, text)| loader.text(&name.into(), text.as_ref()));
        loader.finish()
    }

    /// Loads the rules that travel inside the binary.
    pub fn pack() -> (Self, Vec<Refused>) {
        let mut loader = Loader::new();
        loader.pack();
        loader.finish()
    }

    /// Returns what people are told about each rule and correlation, in their order.
    pub fn infos(&self) -> impl Iterator<Item = &Arc<RuleInfo>> {
        let rules = self.rules.iter().map(|rule| &rule.info);
        rules.chain(self.correlations.iter().map(|linked| &linked.info))
    }

    /// Returns each rule and correlation with a hash of what it matches: titles, levels and comments
    /// do not count.
    pub fn meanings(&self) -> impl Iterator<Item = (&Arc<RuleInfo>, &[u8; 32])> {
        let rules = self.rules.iter().map(|rule| (&rule.info, &rule.meaning));
        rules.chain(self.correlations.iter().map(|linked| (&linked.info, &linked.meaning)))
    }

    /// Returns this one rule by itself, to measure what it costs; empty when no rule has this id.
    pub fn only(&self, id: &str) -> Self {
        let rules = self.rules.iter().filter(|rule| rule.info.id == id);
        let rules: Vec<Rule> = rules.map(|rule| Rule { speaks: true, ..rule.clone() }).collect();
        let feeds = vec![Vec::new(); rules.len()];
        let fields = self.fields.clone();
        let (correlations, filters, lists_unused) = Default::default();
        Self { rules, feeds, fields, correlations, filters, lists_unused }
    }

    /// Returns the rules whose hits a correlation counts, directly or through others.
    pub fn counted_by(&self, correlation: &str) -> Vec<&Arc<RuleInfo>> {
        let place = self.correlations.iter().position(|linked| linked.info.id == correlation);
        let Some(place) = place else { return Vec::new() };
        let rules = self.rules.iter().zip(&self.feeds);
        let counted = rules.filter(|(_, feeds)| feeds.iter().any(|feed| feed.reaches(place)));
        counted.map(|(rule, _)| &rule.info).collect()
    }

    /// Returns the filters that are part of the rules, with how many rules each reaches.
    pub fn filters(&self) -> &[Filtered] {
        &self.filters
    }

    /// Returns the names of the lists of values that no rule and no filter asks for: misspelt, or
    /// meant for a rule that is not here.
    pub fn lists_unused(&self) -> &[String] {
        &self.lists_unused
    }

    /// Returns the number of rules and correlations.
    pub fn len(&self) -> usize {
        self.rules.len() + self.correlations.len()
    }

    /// Returns true when nothing was loaded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Gathers rules from several places into one set.
#[derive(Debug, Default)]
pub struct Loader {
    rules: Vec<Rule>,
    correlations: Vec<Correlation>,
    filters: Vec<Filter>,
    lists: Placeholders,
    /// Names by which correlations, refused ones too, call the rules that they count, and whether
    /// those shall speak by themselves.
    components: HashMap<String, bool>,
    ids: HashMap<String, String>,
    /// The files that were read: one that is named twice says everything once.
    files: HashSet<PathBuf>,
    fields: Fields,
    budget: Budget,
    refused: Vec<Refused>,
}

impl Loader {
    /// Returns an empty loader.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the lists that placeholders stand for; before the rules are added. A rule with a
    /// placeholder that has no list is refused.
    pub fn placeholders(&mut self, lists: Placeholders) {
        self.lists = lists;
    }

    /// Returns the lists that placeholders stand for.
    pub const fn lists(&self) -> &Placeholders {
        &self.lists
    }

    /// Adds the lists of a file to those that placeholders stand for; before the rules are added. A
    /// file that cannot be taken whole is refused by name, and so are the rules that want its lists.
    /// Returns whether it was taken.
    pub fn values(&mut self, path: &Path) -> bool {
        let taken = self.lists.file(path);
        let is_taken = taken.is_ok();
        if let Err(reason) = taken {
            self.refuse(&path.to_string_lossy(), None, reason);
        }
        is_taken
    }

    /// Adds the rules that travel inside the binary.
    pub fn pack(&mut self) {
        pack::texts().for_each(|(name, text)| self.text(&name, &text));
    }

    /// Adds every rule file below a folder, or the one file that the path names; none twice.
    pub fn folder(&mut self, path: &Path) {
        self.walk(path, 0);
    }

    /// Adds the rules of a text; `name` is what they are refused by.
    pub fn text(&mut self, name: &str, text: &str) {
        let bytes = text.len() as u64;
        if bytes > FILE_BYTES_MAX {
            return self.refuse(name, None, Reason::TooLarge { bytes, max: FILE_BYTES_MAX });
        }
        match yaml::read(text) {
            Err(reason) => self.refuse(name, None, reason),
            Ok(documents) if documents.is_empty() => self.refuse(name, None, Reason::NotARule),
            Ok(documents) => documents.iter().for_each(|document| self.document(name, document)),
        }
    }

    /// Binds correlations to their rules and hands the set over, with what was left out.
    pub fn finish(mut self) -> (Rules, Vec<Refused>) {
        self.silence_components();
        let lists_unused = self.lists_unused();
        let (filters, refused) = filter::apply(std::mem::take(&mut self.filters), &mut self.rules);
        for (info, reason) in refused {
            self.refuse_by(&info, reason);
        }
        let Net { linked, feeds, refused } =
            link::link(&self.correlations, &self.rules, &mut self.fields);
        for (position, reason) in refused {
            let info = Arc::clone(&self.correlations[position].info);
            self.refuse_by(&info, reason);
        }
        let Self { rules, fields, refused, .. } = self;
        (Rules { rules, correlations: linked, feeds, fields, filters, lists_unused }, refused)
    }

    fn lists_unused(&self) -> Vec<String> {
        let rules = self.rules.iter().flat_map(|rule| &rule.lists);
        let filters = self.filters.iter().flat_map(|filter| &filter.lists);
        let used: HashSet<&str> = rules.chain(filters).map(String::as_str).collect();
        let unused = self.lists.names().filter(|name| !used.contains(name));
        unused.map(str::to_owned).collect()
    }

    fn walk(&mut self, path: &Path, depth: usize) {
        let name = path.to_string_lossy().into_owned();
        let unreadable = |error: std::io::Error| Reason::Unreadable(error.to_string());
        // A link to a folder is followed where the user names it, never below: it may lead back.
        let kind = if depth == 0 { path.metadata() } else { path.symlink_metadata() };
        match kind {
            Err(error) => self.refuse(&name, None, unreadable(error)),
            Ok(kind) if kind.is_dir() && depth > FOLDERS_DEEP_MAX => {
                let why = format!("folders nested deeper than {FOLDERS_DEEP_MAX}");
                self.refuse(&name, None, Reason::Unreadable(why));
            }
            Ok(kind) if kind.is_dir() => match sorted_entries(path) {
                Err(error) => self.refuse(&name, None, unreadable(error)),
                Ok(entries) => entries.iter().for_each(|entry| self.walk(entry, depth + 1)),
            },
            Ok(_) if depth > 0 && !is_rule_file(path) => {}
            Ok(_) => self.file(path, &name),
        }
    }

    fn file(&mut self, path: &Path, name: &str) {
        if !self.files.insert(path.to_owned()) {
            return;
        }
        match read(path) {
            Ok(text) => self.text(name, &text),
            Err(reason) => self.refuse(name, None, reason),
        }
    }

    fn document(&mut self, file: &str, node: &Node) {
        if let Some(section) = node.get("correlation") {
            let generate = correlation::generates(section) || correlation::generates(node);
            for name in correlation::names(section, "rules") {
                *self.components.entry(name).or_default() |= generate;
            }
        }
        let Self { fields, lists, budget, .. } = self;
        let document = match parse::document(node, file, fields, lists, budget) {
            Ok(document) => document,
            Err(reason) => return self.refuse(file, Some(node), reason),
        };
        let info = match &document {
            Document::Rule(rule) => rule.info.clone(),
            Document::Correlation(correlation) => correlation.info.clone(),
            Document::Filter(filter) => filter.info.clone(),
        };
        if self.rules.len() + self.correlations.len() >= RULES_MAX {
            return self.refuse(file, Some(node), Reason::TooMany(RULES_MAX));
        }
        let filters = matches!(document, Document::Filter(_));
        if filters && self.filters.len() >= FILTERS_MAX {
            return self.refuse(file, Some(node), Reason::TooMany(FILTERS_MAX));
        }
        let counts = matches!(document, Document::Correlation(_));
        if counts && self.correlations.len() >= CORRELATIONS_MAX {
            return self.refuse(file, Some(node), Reason::TooMany(CORRELATIONS_MAX));
        }
        if let Some(other) = self.ids.get(&info.id) {
            let reason = Reason::DuplicateId(other.clone());
            return self.refuse(file, Some(node), reason);
        }
        self.ids.insert(info.id.clone(), file.to_owned());
        match document {
            Document::Rule(rule) => self.rules.push(rule),
            Document::Correlation(correlation) => self.correlations.push(correlation),
            Document::Filter(filter) => self.filters.push(filter),
        }
    }

    fn refuse(&mut self, file: &str, node: Option<&Node>, reason: Reason) {
        let (id, title) = node.map_or((None, None), parse::label);
        self.refused.push(Refused { path: file.into(), id, title, reason });
    }

    fn refuse_by(&mut self, info: &RuleInfo, reason: Reason) {
        self.refused.push(Refused {
            path: info.file.clone().into(),
            id: Some(info.id.clone()),
            title: Some(info.title.clone()),
            reason,
        });
    }

    /// A rule that correlations count speaks by itself only where one of them says so. This holds
    /// for refused correlations too: their parts were not written to stand alone.
    fn silence_components(&mut self) {
        let components = std::mem::take(&mut self.components);
        let speaks = |info: &RuleInfo, name: &Option<String>| {
            let by_name = name.as_ref().and_then(|name| components.get(name));
            match (components.get(&info.id), by_name) {
                (None, None) => true,
                (by_id, by_name) => {
                    by_id.is_some_and(|own| *own) || by_name.is_some_and(|own| *own)
                }
            }
        };
        for rule in &mut self.rules {
            rule.speaks = speaks(&rule.info, &rule.name);
        }
        for one in &mut self.correlations {
            one.speaks = speaks(&one.info, &one.name);
        }
    }
}

/// Reads a file of rules or of value lists within its bound. A pipe or a device that a link leads to
/// might never end.
pub(crate) fn read(path: &Path) -> Result<String, Reason> {
    let unreadable = |error: std::io::Error| Reason::Unreadable(error.to_string());
    let meta = path.metadata().map_err(unreadable)?;
    if !meta.is_file() {
        return Err(Reason::Unreadable("no file".to_owned()));
    }
    if meta.len() > FILE_BYTES_MAX {
        return Err(Reason::TooLarge { bytes: meta.len(), max: FILE_BYTES_MAX });
    }
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "yml" || ext == "yaml")
}

/// Lists a folder by name; hidden entries (`.git`) are passed over.
pub(crate) fn sorted_entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}
