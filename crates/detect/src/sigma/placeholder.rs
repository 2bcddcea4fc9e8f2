//! Lists of values that stand for placeholders: `%Administrators%`, `%Servers%`.
//!
//! Rules of strangers cannot know the names of our servers; the province writes them down once, or
//! has them already in a processing pipeline of pySigma, whose `vars` are such lists. Nothing else
//! of a pipeline is taken: fields have their names here already.

use std::collections::BTreeMap;
use std::path::Path;

use super::reason::Reason;
use super::spelling;
use super::yaml::{self, Node};
use crate::load::{self, FILE_BYTES_MAX};

/// Lists altogether.
const LISTS_MAX: usize = 1_000;
/// Bytes of a list's name.
const NAME_BYTES_MAX: usize = 200;
/// Values of one list.
const VALUES_MAX: usize = 10_000;
/// Values of all lists together.
const VALUES_OF_ALL_MAX: usize = 100_000;
/// Bytes of one value.
const VALUE_BYTES_MAX: usize = 4 << 10;
/// The key of a pipeline that holds its lists, and the others that it may have.
const PIPELINE_LISTS: &str = "vars";
const PIPELINE_KEYS: [&str; 6] =
    ["name", "priority", "allowed_backends", "transformations", "postprocessing", "finalizers"];

/// Lists of values by the name of their placeholder, without the percent signs. A value may hold
/// the wildcards of Sigma: `srv*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placeholders {
    lists: BTreeMap<String, Vec<String>>,
    /// Values of all lists.
    held: usize,
}

fn refuse(why: impl Into<String>) -> Reason {
    Reason::ValueLists(why.into())
}

impl Placeholders {
    /// Adds values to a list, which is begun if need be.
    ///
    /// # Errors
    /// When the name is no name of a placeholder, a value is empty, or a bound is passed; then a
    /// part of the values may have been added.
    pub fn add(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = String>,
    ) -> Result<(), Reason> {
        if name.len() > NAME_BYTES_MAX || !spelling::is_placeholder(name) {
            let name: String = name.chars().take(NAME_BYTES_MAX).collect();
            return Err(refuse(format!("'{name}' cannot be the name of a placeholder")));
        }
        if self.lists.len() >= LISTS_MAX && !self.lists.contains_key(name) {
            return Err(refuse(format!("more than {LISTS_MAX} lists")));
        }
        let list = self.lists.entry(name.to_owned()).or_default();
        for value in values {
            // `contains` of nothing would be true of every event.
            if value.is_empty() {
                return Err(refuse(format!("'{name}' holds an empty value")));
            }
            if value.len() > VALUE_BYTES_MAX {
                let why = format!("'{name}' holds a value of more than {VALUE_BYTES_MAX} bytes");
                return Err(refuse(why));
            }
            if list.len() >= VALUES_MAX {
                return Err(refuse(format!("'{name}' has more than {VALUES_MAX} values")));
            }
            if self.held >= VALUES_OF_ALL_MAX {
                return Err(refuse(format!("more than {VALUES_OF_ALL_MAX} values in all lists")));
            }
            list.push(value);
            self.held += 1;
        }
        Ok(())
    }

    /// Adds the lists of a file, as [`Self::from_text`] reads them. A list that is there already
    /// is extended by those of its name.
    ///
    /// # Errors
    /// When the file cannot be read, is no such file, or passes a bound; then nothing is added.
    pub fn file(&mut self, path: &Path) -> Result<(), Reason> {
        let text = load::read(path)?;
        let mut all = self.clone();
        for (name, values) in Self::from_text(&path.to_string_lossy(), &text)?.lists {
            all.add(&name, values)?;
        }
        *self = all;
        Ok(())
    }

    /// Reads lists from a text: a YAML map of name to values, the `vars` of a processing pipeline
    /// of pySigma, or where the name of the file ends in `.csv`, lines of `name,value` below such
    /// a header. A single value is a list of one; numbers and booleans are texts as written.
    ///
    /// # Errors
    /// When the text is none of these, holds no list at all, or a bound is passed.
    pub fn from_text(file: &str, text: &str) -> Result<Self, Reason> {
        let bytes = text.len() as u64;
        if bytes > FILE_BYTES_MAX {
            return Err(Reason::TooLarge { bytes, max: FILE_BYTES_MAX });
        }
        let mut lists = Self::default();
        if file.to_ascii_lowercase().ends_with(".csv") {
            lists.read_csv(text)?;
        } else {
            for document in yaml::read(text)? {
                lists.read_document(&document)?;
            }
        }
        // A file that is being written again is empty for a moment: that takes no list away.
        if lists.lists.is_empty() {
            return Err(refuse("no list found"));
        }
        Ok(lists)
    }

    fn read_document(&mut self, document: &Node) -> Result<(), Reason> {
        let Node::Map(entries) = document else {
            return Err(refuse("must be a map of names to lists of values"));
        };
        let entries = match document.get(PIPELINE_LISTS) {
            Some(Node::Map(lists)) => {
                // Lists that stand beside `vars` would be lost.
                let foreign = |key: &&str| *key != PIPELINE_LISTS && !PIPELINE_KEYS.contains(key);
                if let Some(key) = entries.iter().map(|(key, _)| key.as_str()).find(foreign) {
                    let why = format!("'{key}' beside '{PIPELINE_LISTS}' is no part of a pipeline");
                    return Err(refuse(why));
                }
                lists
            }
            _ => entries,
        };
        for (name, node) in entries {
            let nodes = match node {
                Node::List(nodes) => nodes.as_slice(),
                single => std::slice::from_ref(single),
            };
            let values: Option<Vec<String>> =
                nodes.iter().map(|value| value.as_text().map(str::to_owned)).collect();
            let wrong = || refuse(format!("'{name}' must be a value or a list of values"));
            self.add(name, values.ok_or_else(wrong)?)?;
        }
        Ok(())
    }

    fn read_csv(&mut self, text: &str) -> Result<(), Reason> {
        let mut lines = text.trim_start_matches('\u{feff}').lines();
        if lines.next().map(str::trim) != Some("name,value") {
            return Err(refuse("must begin with the line name,value"));
        }
        for (number, line) in (2..).zip(lines).filter(|(_, line)| !line.trim().is_empty()) {
            let (name, value) = line
                .split_once(',')
                .ok_or_else(|| refuse(format!("line {number} is not name,value")))?;
            self.add(name.trim(), [unquoted(value.trim())])?;
        }
        Ok(())
    }

    /// Returns the values of a list; none where there is no list, or nothing in it.
    pub(crate) fn values(&self, name: &str) -> Option<&[String]> {
        self.lists.get(name).map(Vec::as_slice).filter(|values| !values.is_empty())
    }

    /// Returns the names of the lists.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.lists.keys().map(String::as_str)
    }
}

/// Returns a CSV value without its quotes.
fn unquoted(value: &str) -> String {
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    quoted.map_or_else(|| value.to_owned(), |inner| inner.replace("\"\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_from_yaml_and_csv() {
        let yaml = Placeholders::from_text("l.yml", "Servers: [srv*, 10]\nAdmins: root\n").unwrap();
        let csv = "name,value\r\nServers,srv*\r\n\r\nAdmins,root\r\nServers,\"10\"\r\n";
        let csv = Placeholders::from_text("L.CSV", csv).unwrap();
        assert_eq!(yaml, csv);
        assert_eq!(yaml.values("Servers"), Some(&["srv*".to_owned(), "10".to_owned()][..]));
        assert_eq!(yaml.values("Nobody"), None);
        let quoted = Placeholders::from_text("l.csv", "name,value\na,\"x, \"\"y\"\"\"").unwrap();
        assert_eq!(quoted.values("a"), Some(&["x, \"y\"".to_owned()][..]));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (file, text) in [
            ("l.yml", "- a\n"),
            ("l.yml", ""),
            ("l.yml", "# nothing yet\n"),
            ("l.yml", "a: [[b]]\n"),
            ("l.yml", "a: [b,]\nc:\n"),
            ("l.yml", "a: ['']\n"),
            ("l.yml", "'%a%': [b]\n"),
            ("l.yml", "-a: [b]\n"),
            ("l.yml", "vars: {}\n"),
            ("l.yml", "vars: {a: {b: c}}\n"),
            ("l.yml", "vars: {a: b}\nServers: [c]\n"),
            ("l.yml", "a: : b"),
            ("l.csv", "a,b\n"),
            ("l.csv", "name,value\njust a name\n"),
            ("l.csv", "name,value\n,x\n"),
        ] {
            assert!(Placeholders::from_text(file, text).is_err(), "{text}");
        }
        assert_eq!(Placeholders::from_text("l.yml", "a: []\n").unwrap().values("a"), None);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        for (text, why) in [
            ("Servers: {a: b}\n", "'Servers' must be a value or a list of values"),
            ("vars: {a: b}\nServers: [c]\n", "'Servers' beside 'vars' is no part of a pipeline"),
            ("A: ['', b]\n", "'A' holds an empty value"),
            ("a b: c\n", "'a b' cannot be the name of a placeholder"),
        ] {
            assert_eq!(Placeholders::from_text("l.yml", text), Err(refuse(why)), "{text}");
        }
    }

    #[test]
    fn the_vars_of_a_pipeline_are_lists() {
        let pipeline = "name: Ours\npriority: 30\nvars:\n  Servers: [srv*, 10, true]\n  \
            DC-NAME: DC1$\ntransformations:\n  - {id: expand, type: value_placeholders}\n";
        let plain = "Servers: [srv*, '10', 'true']\nDC-NAME: [DC1$]\n";
        let read = |text| Placeholders::from_text("l.yml", text).unwrap();
        assert_eq!(read(pipeline), read(plain));
        assert_eq!(read("vars: [a, b]\n").values("vars").map(<[_]>::len), Some(2), "a list");
    }

    #[test]
    fn every_bound_of_the_lists_is_kept() {
        let refused = |lists: &mut Placeholders, name: &str, values: Vec<String>| {
            lists.add(name, values).unwrap_err().to_string()
        };
        let values = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        let mut lists = Placeholders::default();
        assert!(refused(&mut lists, "a", values(VALUES_MAX + 1)).contains("'a' has more than"));
        assert!(refused(&mut lists, "b", vec!["x".repeat(VALUE_BYTES_MAX + 1)]).contains("bytes"));
        assert!(refused(&mut lists, &"n".repeat(NAME_BYTES_MAX + 1), values(1)).contains("name"));
        let mut lists = Placeholders::default();
        for list in 0..VALUES_OF_ALL_MAX / VALUES_MAX {
            lists.add(&format!("l{list}"), values(VALUES_MAX)).unwrap();
        }
        assert!(refused(&mut lists, "m", values(1)).contains("in all lists"));
        let mut lists = Placeholders::default();
        (0..LISTS_MAX).for_each(|list| lists.add(&format!("l{list}"), values(1)).unwrap());
        lists.add("l0", values(1)).unwrap();
        assert!(refused(&mut lists, "m", values(1)).contains("more than 1000 lists"));
        let long = format!("a: b\n{}", "#".repeat(usize::try_from(FILE_BYTES_MAX).unwrap()));
        let refused = Placeholders::from_text("l.yml", &long);
        assert!(matches!(refused, Err(Reason::TooLarge { .. })), "{refused:?}");
    }

    #[test]
    fn a_later_file_extends_lists_and_a_bad_one_adds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut lists = Placeholders::default();
        lists.file(&put("a.yml", "Servers: a\n")).unwrap();
        lists.file(&put("b.yml", "vars: {Servers: b, Admins: root}\n")).unwrap();
        let known = Placeholders::from_text("l.yml", "Servers: [a, b]\nAdmins: root\n").unwrap();
        assert_eq!(lists, known);
        assert!(lists.file(&put("c.yml", "Admins: x\nServers: ['']\n")).is_err());
        assert!(matches!(lists.file(folder.path()), Err(Reason::Unreadable(_))));
        assert_eq!(lists, known);
    }
}
