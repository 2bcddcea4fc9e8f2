//! Rules from folders, from texts and from the embedded pack, into one set.
//!
//! The order is fixed (by path, then by place in the file), so that the same folders give the same
//! hits in the same order. What cannot be honoured is left out and told, and never stops the rest.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fields::Fields;
use crate::pack;
use crate::sigma::correlate::{self, Correlation, Linked};
use crate::sigma::parse::{self, Document};
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
    pub(crate) fields: Fields,
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
    correlations: Vec<(Correlation, PathBuf)>,
    /// Names by which correlations, refused ones too, call the rules that they count, and whether
    /// those shall speak by themselves.
    components: Vec<(String, bool)>,
    ids: HashMap<String, String>,
    fields: Fields,
    refused: Vec<Refused>,
}

impl Loader {
    /// Returns an empty loader.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the rules that travel inside the binary.
    pub fn pack(&mut self) {
        pack::texts().for_each(|(name, text)| self.text(&name, &text));
    }

    /// Adds every rule file below a folder, or the one file that the path names.
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
        let mut linked = Vec::new();
        let correlations = std::mem::take(&mut self.correlations);
        for (correlation, path) in &correlations {
            match self.link(correlation, &correlations) {
                Ok(bound) => linked.push(bound),
                Err(reason) => self.refused.push(Refused {
                    path: path.clone(),
                    id: Some(correlation.info.id.clone()),
                    title: Some(correlation.info.title.clone()),
                    reason,
                }),
            }
        }
        let rules = Rules { rules: self.rules, correlations: linked, fields: self.fields };
        (rules, self.refused)
    }

    fn walk(&mut self, path: &Path, depth: usize) {
        let name = path.to_string_lossy().into_owned();
        if depth > FOLDERS_DEEP_MAX {
            let why = format!("folders nested deeper than {FOLDERS_DEEP_MAX}");
            return self.refuse(&name, None, Reason::Unreadable(why));
        }
        let unreadable = |error: std::io::Error| Reason::Unreadable(error.to_string());
        // A link to a folder is followed where the user names it, never below: it may lead back.
        let kind = if depth == 0 { path.metadata() } else { path.symlink_metadata() };
        match kind {
            Err(error) => self.refuse(&name, None, unreadable(error)),
            Ok(kind) if kind.is_dir() => match sorted_entries(path) {
                Err(error) => self.refuse(&name, None, unreadable(error)),
                Ok(entries) => entries.iter().for_each(|entry| self.walk(entry, depth + 1)),
            },
            Ok(_) if depth > 0 && !is_rule_file(path) => {}
            Ok(_) => self.file(path, &name),
        }
    }

    fn file(&mut self, path: &Path, name: &str) {
        let read = path.metadata().and_then(|meta| match meta.len() {
            bytes if bytes > FILE_BYTES_MAX => Ok(Err(bytes)),
            _ => std::fs::read_to_string(path).map(Ok),
        });
        match read {
            Ok(Ok(text)) => self.text(name, &text),
            Ok(Err(bytes)) => {
                self.refuse(name, None, Reason::TooLarge { bytes, max: FILE_BYTES_MAX });
            }
            Err(error) => self.refuse(name, None, Reason::Unreadable(error.to_string())),
        }
    }

    fn document(&mut self, file: &str, node: &Node) {
        if let Some(section) = node.get("correlation") {
            let generate = correlate::generates(section) || correlate::generates(node);
            let names = correlate::names(section, "rules").into_iter();
            self.components.extend(names.map(|name| (name, generate)));
        }
        let document = match parse::document(node, file, &mut self.fields) {
            Ok(document) => document,
            Err(reason) => return self.refuse(file, Some(node), reason),
        };
        let info = match &document {
            Document::Rule(rule) => rule.info.clone(),
            Document::Correlation(correlation) => correlation.info.clone(),
        };
        if self.rules.len() + self.correlations.len() >= RULES_MAX {
            return self.refuse(file, Some(node), Reason::TooMany(RULES_MAX));
        }
        if let Some(other) = self.ids.get(&info.id) {
            let reason = Reason::DuplicateId(other.clone());
            return self.refuse(file, Some(node), reason);
        }
        self.ids.insert(info.id.clone(), file.to_owned());
        match document {
            Document::Rule(rule) => self.rules.push(rule),
            Document::Correlation(correlation) => {
                self.correlations.push((correlation, file.into()))
            }
        }
    }

    fn refuse(&mut self, file: &str, node: Option<&Node>, reason: Reason) {
        let (id, title) = node.map_or((None, None), parse::label);
        self.refused.push(Refused { path: file.into(), id, title, reason });
    }

    /// A rule that correlations count speaks by itself only where one of them says so. This holds
    /// for refused correlations too: their parts were not written to stand alone.
    fn silence_components(&mut self) {
        for rule in &mut self.rules {
            let mut generates = self
                .components
                .iter()
                .filter(|(name, _)| rule.info.id == *name || rule.name.as_ref() == Some(name))
                .map(|(_, generate)| *generate)
                .peekable();
            rule.speaks = generates.peek().is_none() || generates.any(|generate| generate);
        }
    }

    fn link(
        &mut self,
        correlation: &Correlation,
        all: &[(Correlation, PathBuf)],
    ) -> Result<Linked, Reason> {
        let refuse = |why: String| Err(Reason::Correlation(why));
        let mut members = Vec::new();
        for name in &correlation.refers_to {
            let called = |id: &str, own: &Option<String>| id == name || own.as_ref() == Some(name);
            let chained = |(other, _): &(Correlation, PathBuf)| called(&other.info.id, &other.name);
            let position = self.rules.iter().position(|rule| called(&rule.info.id, &rule.name));
            let Some(position) = position else {
                let chain = all.iter().any(chained);
                let why = if chain {
                    "is a correlation, chains are not yet supported"
                } else {
                    "is not loaded"
                };
                return refuse(format!("rule '{name}' {why}"));
            };
            let fields = correlation.group_by.iter().map(|field| {
                let rule = &self.rules[position];
                let alias = correlation.aliases.iter().find(|(alias, of, _)| {
                    alias == field && (*of == rule.info.id || rule.name.as_ref() == Some(of))
                });
                self.fields.intern(alias.map_or(field, |(_, _, native)| native))
            });
            members.push((position, fields.collect()));
        }
        Ok(Linked { info: correlation.info.clone(), window: correlation.window, members })
    }
}

fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "yml" || ext == "yaml")
}

/// Lists a folder by name; hidden entries (`.git`) are passed over.
fn sorted_entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
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
