//! The head of a table: which column holds what, under the many names that feeds give.
//!
//! The head may stand in the first line or, as abuse.ch writes it, in a comment before it; without
//! one, the first column whose value is an indicator is taken.

use super::fields::Fields;
use crate::ioc::hint::{Hint, squash};
use crate::ioc::value;

const DELIMITERS: [char; 4] = [',', '\t', ';', '|'];

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Indicators.
    Value(Hint),
    /// What kind of indicator the row holds.
    Type,
    Id,
    About,
    Link,
    Until,
    Tlp,
    /// Something that does not concern us.
    Other,
}

#[rustfmt::skip]
static COLUMNS: &[(Column, &[&str])] = &[
    (Column::Value(Hint::Any), &[
        "indicator", "indicatorvalue", "indicators", "ioc", "iocs", "iocvalue", "value",
        "observable", "observablevalue", "artifact", "chidau", "giatri", "dauhieu",
    ]),
    (Column::Type, &[
        "type", "ioctype", "indicatortype", "kind", "observabletype", "attributetype", "datatype",
        "loai", "loaichidau",
    ]),
    (Column::Id, &[
        "id", "iocid", "uuid", "indicatorid", "attributeuuid", "objectid", "ma", "machidau",
    ]),
    (Column::About, &[
        "description", "desc", "comment", "comments", "note", "notes", "threat", "threattype",
        "malware", "malwareprintable", "malwarefamily", "family", "signature", "title", "name",
        "tag", "tags", "campaign", "actor", "label", "labels", "mota", "ghichu", "chiendich",
    ]),
    (Column::Link, &[
        "reference", "references", "ref", "refs", "sourceurl", "reporturl", "permalink",
        "urlhauslink", "thamkhao", "nguon",
    ]),
    (Column::Until, &[
        "validuntil", "expires", "expiry", "expiration", "expirationdate", "expirydate",
        "expiredate", "expiresat", "expiredat", "hethan", "ngayhethan", "hieulucden",
    ]),
    (Column::Tlp, &["tlp", "marking", "tlpmarking", "tlpcolor", "trafficlightprotocol"]),
];

impl Column {
    fn of(head: &str) -> Self {
        let word = squash(head);
        let known = COLUMNS.iter().find(|(_, words)| words.contains(&&*word));
        let typed = || Hint::of_word(&word).map(Self::Value);
        known.map(|(column, _)| *column).or_else(typed).unwrap_or(Self::Other)
    }
}

/// How the rows of a table are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) delimiter: char,
    pub(super) columns: Vec<Column>,
}

impl Head {
    /// Reads a line as the head of a table.
    pub(super) fn read(line: &str) -> Option<Self> {
        let mut fields = Fields::default();
        let delimiter = delimiter_of(line);
        fields.split(line, delimiter);
        let mut columns: Vec<Column> = fields.iter().map(Column::of).collect();
        let has = |wanted: fn(&Column) -> bool, columns: &[Column]| columns.iter().any(wanted);
        // A row may hold such words too (`evil.test,domain`), but a head never holds an indicator.
        let is_row = fields
            .iter()
            .zip(&columns)
            .any(|(field, column)| *column == Column::Other && is_indicator(field));
        if is_row || !has(|column| matches!(column, Column::Value(_)), &columns) {
            return None;
        }
        // Beside a column for all kinds, the others tell about it.
        let is_any = |column: &Column| *column == Column::Value(Hint::Any);
        if has(is_any, &columns) {
            for column in columns.iter_mut().filter(|column| !is_any(column)) {
                if let Column::Value(hint) = column {
                    *column = if *hint == Hint::Url { Column::Link } else { Column::Other };
                }
            }
        }
        Some(Self { delimiter, columns })
    }

    /// Guesses from the first row of a table without a head.
    pub(super) fn guess(line: &str) -> Option<Self> {
        let mut fields = Fields::default();
        let delimiter = delimiter_of(line);
        fields.split(line, delimiter);
        let at = fields.iter().position(is_indicator)?;
        if fields.len() < 2 || is_indicator(line) {
            return None;
        }
        let mut columns = vec![Column::Other; fields.len()];
        columns[at] = Column::Value(Hint::Any);
        Some(Self { delimiter, columns })
    }
}

fn is_indicator(text: &str) -> bool {
    value::read(text, Hint::Any, &mut String::new()).is_ok()
}

fn delimiter_of(line: &str) -> char {
    let count = |delimiter: &char| line.matches(*delimiter).count();
    // Of equals, the last is returned: the comma goes first among them.
    DELIMITERS.into_iter().rev().max_by_key(count).unwrap_or(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_known_by_many_names() {
        let columns = |line| Head::read(line).map(|head| (head.delimiter, head.columns));
        let value = Column::Value;
        for (line, delimiter, expected) in [
            ("domain", ',', vec![value(Hint::Domain)]),
            (
                "first_seen_utc,sha256_hash,\"md5_hash\",file_name,imphash",
                ',',
                vec![
                    Column::Other,
                    value(Hint::Sha256),
                    value(Hint::Md5),
                    value(Hint::File),
                    value(Hint::Imphash),
                ],
            ),
            (
                "ioc_id;ioc_value;ioc_type;url",
                ';',
                vec![Column::Id, value(Hint::Any), Column::Type, Column::Link],
            ),
            (
                "Chỉ dấu\tLoại\tMô tả\tHết hạn\tTLP",
                '\t',
                vec![value(Hint::Any), Column::Type, Column::About, Column::Until, Column::Tlp],
            ),
        ] {
            assert_eq!(columns(line), Some((delimiter, expected)), "{line}");
        }
        for line in ["a,b,c", "evil.example", "", "type,description", "evil.example,domain"] {
            assert_eq!(columns(line), None, "{line}");
        }
    }

    #[test]
    fn a_table_without_a_head_is_guessed() {
        let guess = |line| Head::guess(line).map(|head| head.columns);
        assert_eq!(
            guess("1,evil.example,x"),
            Some(vec![Column::Other, Column::Value(Hint::Any), Column::Other])
        );
        for line in ["evil.example", "http://evil.example/?a,b", "what,is,this"] {
            assert_eq!(guess(line), None, "{line}");
        }
    }

    #[test]
    fn no_word_stands_twice() {
        let mut words: Vec<&str> = COLUMNS.iter().flat_map(|(_, words)| *words).copied().collect();
        assert!(words.iter().all(|word| squash(word) == *word));
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all);
    }
}
