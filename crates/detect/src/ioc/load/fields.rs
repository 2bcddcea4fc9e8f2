//! The fields of one record of a table.

/// Columns of a table; further ones are not read.
const COLUMNS_MAX: usize = 256;

/// The fields of a record, without their quotes.
#[derive(Debug, Default)]
pub(super) struct Fields {
    text: String,
    ends: Vec<usize>,
}

impl Fields {
    /// Splits a record. Returns false when a quote stays open at its end.
    pub(super) fn split(&mut self, record: &str, delimiter: char) -> bool {
        self.text.clear();
        self.ends.clear();
        let mut rest = record;
        loop {
            let field = rest.trim_start_matches(' ');
            let after = if let Some(quoted) = field.strip_prefix('"') {
                match self.unquote(quoted) {
                    // What stands between the quote and the delimiter is lost.
                    Some(after) => after.find(delimiter).map(|at| &after[at + 1..]),
                    None => return false,
                }
            } else {
                let end = field.find(delimiter);
                self.text.push_str(field[..end.unwrap_or(field.len())].trim_end());
                end.map(|end| &field[end + 1..])
            };
            self.ends.push(self.text.len());
            match after {
                Some(after) if self.ends.len() < COLUMNS_MAX => rest = after,
                _ => return true,
            }
        }
    }

    /// Takes a quoted field and returns what follows its closing quote.
    fn unquote<'r>(&mut self, quoted: &'r str) -> Option<&'r str> {
        let mut rest = quoted;
        loop {
            let quote = memchr::memchr(b'"', rest.as_bytes())?;
            self.text.push_str(&rest[..quote]);
            rest = &rest[quote + 1..];
            match rest.strip_prefix('"') {
                Some(after) => {
                    self.text.push('"');
                    rest = after;
                }
                None => return Some(rest),
            }
        }
    }

    /// Returns the number of fields.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns a field; a row may be shorter than its head.
    pub(super) fn get(&self, at: usize) -> &str {
        let start = if at == 0 { Some(0) } else { self.ends.get(at - 1).copied() };
        let range = start.zip(self.ends.get(at).copied());
        range.map_or("", |(start, end)| &self.text[start..end])
    }

    /// Returns the fields in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(record: &str, delimiter: char) -> Option<Vec<String>> {
        let mut fields = Fields::default();
        let whole = fields.split(record, delimiter);
        whole.then(|| fields.iter().map(str::to_owned).collect())
    }

    #[test]
    fn quotes_and_blanks_are_taken_off() {
        for (record, expected) in [
            ("a,b", vec!["a", "b"]),
            ("a, b ,", vec!["a", "b", ""]),
            ("\"a,b\", \"c\"", vec!["a,b", "c"]),
            ("\"say \"\"hi\"\"\",x", vec!["say \"hi\"", "x"]),
            ("\"a\" rest,b", vec!["a", "b"]),
            ("5\" disk,b", vec!["5\" disk", "b"]),
            ("", vec![""]),
            ("\"two\nlines\",b", vec!["two\nlines", "b"]),
        ] {
            let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(split(record, ','), Some(expected), "{record}");
        }
        assert_eq!(split("a,\"open", ','), None);
        assert_eq!(split("a\tb", '\t').unwrap().len(), 2);
        assert_eq!(split(&",".repeat(1_000), ',').unwrap().len(), COLUMNS_MAX);
        let mut fields = Fields::default();
        fields.split("a,b", ',');
        assert_eq!((fields.get(1), fields.get(2)), ("b", ""));
    }
}
