//! Web access logs of IIS (W3C extended format), into Sigma's web server names.
//!
//! `#Fields:` names the columns of the lines below it; a file may name them anew. Times are UTC.
//! Addresses and queries stay percent-encoded as the client sent them.

use std::borrow::Cow;

use crate::batch::{Batch, Value, Writer};
use crate::problem::{ProblemKind, Problems};
use crate::{Format, text, time};

/// Columns of one line; IIS knows about thirty, administrators add headers of their own.
const COLUMNS_MAX: usize = 128;

/// Columns that are numbers.
const NUMBERS: &[&str] = &[
    "cs-bytes",
    "sc-bytes",
    "sc-status",
    "sc-substatus",
    "sc-win32-status",
    "s-port",
    "c-port",
    "time-taken",
];

/// What the lines read so far said about those to come.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    names: Vec<Box<str>>,
    /// The day of the lines, where they hold the clock time only.
    date: Option<Box<str>>,
}

/// Reads every line; `columns` are those of the lines before.
pub(crate) fn parse(
    bytes: &[u8],
    columns: &mut Columns,
    batch: &mut Batch,
    problems: &mut Problems,
) {
    text::each_line(bytes, problems, |number, line, problems| {
        let line = line.trim_start_matches('\u{feff}');
        let read = match line.strip_prefix('#') {
            Some(directive) => columns.directive(directive),
            None => columns.write(line, batch),
        };
        if let Err(why) = read {
            problems.add(Some(number), ProblemKind::Malformed, why);
        }
    });
}

impl Columns {
    fn directive(&mut self, directive: &str) -> Result<(), Cow<'static, str>> {
        let Some((name, rest)) = directive.split_once(':') else { return Ok(()) };
        match name.trim() {
            "Fields" => {
                self.names = rest.split_whitespace().map(|name| native(name).into()).collect();
                if self.names.len() > COLUMNS_MAX {
                    self.names.clear();
                    return Err(format!("more than {COLUMNS_MAX} columns").into());
                }
            }
            "Date" => self.date = rest.split_whitespace().next().map(Into::into),
            _ => {}
        }
        Ok(())
    }

    fn write(&self, line: &str, batch: &mut Batch) -> Result<(), Cow<'static, str>> {
        if self.names.is_empty() {
            return Err("a line before the names of its columns".into());
        }
        let found = line.split_whitespace().count();
        if found != self.names.len() {
            return Err(format!("{found} values for {} columns", self.names.len()).into());
        }
        let mut event = batch.start(Format::Iis);
        let (mut date, mut clock) = (self.date.as_deref(), None);
        for (name, value) in self.names.iter().zip(line.split_whitespace()) {
            match name.as_ref() {
                _ if value == "-" => {}
                "date" => date = Some(value),
                "time" => clock = Some(value),
                name => write_value(name, value, &mut event),
            }
        }
        write_address(&mut event);
        if let (Some(date), Some(clock)) = (date, clock)
            && let Some(us) = time::iso(&format!("{date} {clock}"), 0)
        {
            event.at(us);
        }
        event.finish();
        Ok(())
    }
}

/// Returns the name that rules know the column by.
fn native(column: &str) -> &str {
    match column {
        "cs(User-Agent)" => "cs-user-agent",
        "cs(Referer)" => "cs-referer",
        "cs(Cookie)" => "cs-cookie",
        "cs(Host)" => "cs-host",
        "s-computername" => "Computer",
        other => other,
    }
}

fn write_value(name: &str, value: &str, event: &mut Writer<'_>) {
    match name {
        // IIS writes a space so.
        "cs-user-agent" | "cs-cookie" => event.text(name, &value.replace('+', " ")),
        _ if NUMBERS.contains(&name) && is_number(value) => {
            event.set(name, Value::Number(value));
        }
        _ => event.text(name, value),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Puts path and query together, as the other web logs have them.
fn write_address(event: &mut Writer<'_>) {
    let part = |field| event.first(field).and_then(Value::as_text);
    let Some(stem) = part("cs-uri-stem") else { return };
    let whole = match part("cs-uri-query") {
        Some(query) => format!("{stem}?{query}"),
        None => stem.to_owned(),
    };
    event.text("cs-uri", &whole);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Context, parse};

    proptest! {
        #[test]
        fn every_column_holds_its_value(
            rows in prop::collection::vec(prop::collection::vec("[!-,.-~đ][!-~đ]{0,8}", 1..12), 1..6),
        ) {
            // Each line names its own columns anew. `#` would make a line of values a directive.
            let rows: Vec<Vec<String>> = rows
                .into_iter()
                .map(|row| row.into_iter().map(|value| value.replace('#', "x")).collect())
                .collect();
            let mut log = String::new();
            for row in &rows {
                let names: Vec<_> = (0..row.len()).map(|i| format!("c{i}")).collect();
                log += &format!("#Fields: {}\n{}\n", names.join(" "), row.join(" "));
            }
            let mut batch = Batch::new();
            let problems = parse(Format::Iis, log.as_bytes(), &Context::received(0), &mut batch);
            prop_assert_eq!(problems, []);
            for (event, row) in batch.iter().zip(&rows) {
                for (i, value) in row.iter().enumerate() {
                    let found = event.first(&format!("c{i}")).and_then(Value::as_text);
                    prop_assert_eq!(found, Some(value.as_str()));
                }
            }
        }
    }
}
