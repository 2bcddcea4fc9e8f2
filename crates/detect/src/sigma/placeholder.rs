//! Lists of values that stand for placeholders: `%Administrators%`, `%Servers%`.
//!
//! Rules of strangers cannot know the names of our servers; the province writes them down once.

use std::collections::BTreeMap;

use super::reason::Reason;
use super::yaml::{self, Node};
use crate::load::FILE_BYTES_MAX;

/// Lists altogether.
const LISTS_MAX: usize = 1_000;
/// Values of one list.
const VALUES_MAX: usize = 10_000;

/// Lists of values by the name of their placeholder, without the percent signs. A value may hold
/// the wildcards of Sigma: `srv*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placeholders(BTreeMap<String, Vec<String>>);

fn refuse(why: impl Into<String>) -> Reason {
    Reason::ValueLists(why.into())
}

impl Placeholders {
    /// Adds values to a list, which is begun if need be.
    ///
    /// # Errors
    /// When the name is no name of a placeholder, or a bound is passed.
    pub fn add(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = String>,
    ) -> Result<(), Reason> {
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(refuse(format!("'{name}' cannot be the name of a placeholder")));
        }
        if self.0.len() >= LISTS_MAX && !self.0.contains_key(name) {
            return Err(refuse(format!("more than {LISTS_MAX} lists")));
        }
        let list = self.0.entry(name.to_owned()).or_default();
        list.extend(values);
        if list.len() > VALUES_MAX {
            return Err(refuse(format!("'{name}' has more than {VALUES_MAX} values")));
        }
        Ok(())
    }

    /// Reads lists from a text: a YAML map of name to values, or where the name of the file ends in
    /// `.csv`, lines of `name,value` below such a header.
    ///
    /// # Errors
    /// When the text is neither, or a bound is passed.
    pub fn from_text(file: &str, text: &str) -> Result<Self, Reason> {
        let bytes = text.len() as u64;
        if bytes > FILE_BYTES_MAX {
            return Err(Reason::TooLarge { bytes, max: FILE_BYTES_MAX });
        }
        let mut lists = Self::default();
        if file.to_ascii_lowercase().ends_with(".csv") {
            lists.read_csv(text)?;
        } else {
            lists.read_yaml(text)?;
        }
        Ok(lists)
    }

    fn read_yaml(&mut self, text: &str) -> Result<(), Reason> {
        let wrong = || refuse("must be a map of names to lists of values");
        for document in yaml::read(text)? {
            let Node::Map(entries) = document else { return Err(wrong()) };
            for (name, values) in entries {
                let values = match values {
                    Node::List(values) => values,
                    single => vec![single],
                };
                let values: Option<Vec<String>> =
                    values.iter().map(|value| value.as_text().map(str::to_owned)).collect();
                self.add(&name, values.ok_or_else(wrong)?)?;
            }
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
        self.0.get(name).map(Vec::as_slice).filter(|values| !values.is_empty())
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
            ("l.yml", "a: [[b]]\n"),
            ("l.yml", "'%a%': [b]\n"),
            ("l.yml", "a: : b"),
            ("l.csv", "a,b\n"),
            ("l.csv", "name,value\njust a name\n"),
            ("l.csv", "name,value\n,x\n"),
        ] {
            assert!(Placeholders::from_text(file, text).is_err(), "{text}");
        }
        let many: String = (0..=VALUES_MAX).map(|n| format!("a,{n}\n")).collect();
        assert!(Placeholders::from_text("l.csv", &format!("name,value\n{many}")).is_err());
        assert_eq!(Placeholders::from_text("l.yml", "a: []\n").unwrap().values("a"), None);
    }
}
