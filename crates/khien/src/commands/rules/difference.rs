//! What changes when one set of rules takes the place of another: by rule, not by file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use khien_detect::{Level, Loader, Reason, Refused, RuleInfo};

use super::gather::Gathered;

/// A set of rules, by id.
#[derive(Debug, Default)]
pub(super) struct Side {
    rules: BTreeMap<String, (Arc<RuleInfo>, [u8; 32])>,
    /// By id, or by file where that is not known.
    refused: BTreeMap<String, Refused>,
}

/// What a rule is, for whoever reads the difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) level: Option<Level>,
    /// What has changed, or why it is refused.
    pub(super) what: What,
}

/// What has become of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Added,
    Removed,
    /// It matches other events than before.
    Meaning,
    /// Its level is another.
    Level(Level),
    /// Only its words are others.
    Words,
    Refused(Reason),
}

/// The difference between two sets.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) added: Vec<Named>,
    pub(super) removed: Vec<Named>,
    pub(super) changed: Vec<Named>,
    pub(super) newly_refused: Vec<Named>,
}

impl Side {
    /// Loads rules under their paths below the folder, wherever that lies.
    pub(super) fn of(gathered: &Gathered) -> Self {
        let mut loader = Loader::new();
        let mut foreign = Vec::new();
        for (path, bytes) in gathered.files.iter().filter(|(path, _)| is_rule_file(path)) {
            match std::str::from_utf8(bytes) {
                Ok(text) => loader.text(path, text),
                Err(error) => foreign.push(Refused {
                    path: PathBuf::from(path),
                    id: None,
                    title: None,
                    reason: Reason::Unreadable(error.to_string()),
                }),
            }
        }
        let (rules, refused) = loader.finish();
        let rules =
            rules.meanings().map(|(info, meaning)| (info.id.clone(), (info.clone(), *meaning)));
        let refused = refused.into_iter().chain(foreign).map(|one| {
            let id = one.id.clone().unwrap_or_else(|| one.path.to_string_lossy().into_owned());
            (id, one)
        });
        Self { rules: rules.collect(), refused: refused.collect() }
    }

    pub(super) fn loaded(&self) -> usize {
        self.rules.len()
    }

    pub(super) fn refused(&self) -> usize {
        self.refused.len()
    }
}

impl Difference {
    /// Returns what is different in `new`.
    pub(super) fn between(old: &Side, new: &Side) -> Self {
        let mut difference = Self::default();
        for (id, (info, meaning)) in &new.rules {
            match old.rules.get(id) {
                None => difference.added.push(named(info, What::Added)),
                Some((before, before_meaning)) => {
                    let changed = changed(before, info, before_meaning == meaning);
                    difference.changed.extend(changed.map(|what| named(info, what)));
                }
            }
        }
        let gone = old.rules.iter().filter(|(id, _)| !new.rules.contains_key(*id));
        difference.removed = gone.map(|(_, (info, _))| named(info, What::Removed)).collect();
        let fresh = new.refused.iter().filter(|(id, _)| !old.refused.contains_key(*id));
        difference.newly_refused = fresh
            .map(|(id, one)| Named {
                id: id.clone(),
                title: one.title.clone().unwrap_or_default(),
                level: None,
                what: What::Refused(one.reason.clone()),
            })
            .collect();
        difference
    }

    pub(super) fn is_empty(&self) -> bool {
        let lists = [&self.added, &self.removed, &self.changed, &self.newly_refused];
        lists.iter().all(|list| list.is_empty())
    }
}

/// What weighs most of what has changed.
fn changed(before: &RuleInfo, after: &RuleInfo, same_meaning: bool) -> Option<What> {
    if !same_meaning {
        return Some(What::Meaning);
    }
    if before.level != after.level {
        return Some(What::Level(before.level));
    }
    // Moving to another file changes nothing.
    let moved = RuleInfo { file: after.file.clone(), ..before.clone() };
    (moved != *after).then_some(What::Words)
}

fn named(info: &RuleInfo, what: What) -> Named {
    Named { id: info.id.clone(), title: info.title.clone(), level: Some(info.level), what }
}

fn is_rule_file(path: &str) -> bool {
    path.ends_with(".yml") || path.ends_with(".yaml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(rules: &[(&str, &str)]) -> Side {
        let files = rules.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        Side::of(&Gathered { files: files.collect(), ..Gathered::default() })
    }

    fn rule(id: &str, title: &str, level: &str, value: u32) -> String {
        format!(
            "title: {title}\nid: {id}\nlevel: {level}\nlogsource: {{product: windows}}\n\
             detection: {{s: {{a: {value}}}, condition: s}}\n"
        )
    }

    #[test]
    fn rules_are_compared_by_what_they_mean() {
        let before = [
            rule("same", "S", "low", 1),
            rule("gone", "G", "low", 1),
            rule("means", "M", "low", 1),
            rule("graver", "L", "low", 1),
            rule("words", "W", "low", 1),
        ];
        let after = [
            rule("same", "S", "low", 1),
            rule("new", "N", "low", 1),
            rule("means", "M", "low", 2),
            rule("graver", "L", "high", 1),
            rule("words", "Other words", "low", 1),
            rule("bad", "B", "grave", 1),
        ];
        let files = |rules: &[String], folder: &str| -> Vec<(String, String)> {
            rules
                .iter()
                .enumerate()
                .map(|(n, text)| (format!("{folder}/{n}.yml"), text.clone()))
                .collect()
        };
        let (before, after) = (files(&before, "old"), files(&after, "new"));
        let of = |files: &[(String, String)]| {
            side(
                &files
                    .iter()
                    .map(|(path, text)| (path.as_str(), text.as_str()))
                    .collect::<Vec<_>>(),
            )
        };
        let difference = Difference::between(&of(&before), &of(&after));
        let told = |list: &[Named]| {
            list.iter().map(|one| (one.id.clone(), one.what.clone())).collect::<Vec<_>>()
        };
        assert_eq!(told(&difference.added), [("new".into(), What::Added)]);
        assert_eq!(told(&difference.removed), [("gone".into(), What::Removed)]);
        assert_eq!(
            told(&difference.changed),
            [
                ("graver".into(), What::Level(Level::Low)),
                ("means".into(), What::Meaning),
                ("words".into(), What::Words)
            ]
        );
        assert_eq!(difference.newly_refused[0].id, "bad");
        assert!(Difference::between(&of(&after), &of(&after)).is_empty());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_by_their_file() {
        let files = [("a.yml".to_owned(), vec![0xff, 0xfe])].into();
        let side = Side::of(&Gathered { files, ..Gathered::default() });
        assert_eq!((side.loaded(), side.refused()), (0, 1));
    }
}
