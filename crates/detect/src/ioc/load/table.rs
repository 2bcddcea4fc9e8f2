//! Lines into entries: tables (CSV, with `,`, `;`, `|` or tabs), lists, and the choice between them.
//!
//! A marking in a comment of its own (`# TLP:AMBER`) holds for the whole file.

use std::borrow::Cow;
use std::io::Read;

use super::columns::Head;
use super::fields::Fields;
use super::lines::{LINE_BYTES_MAX, Line, Lines};
use super::list;
use super::row::Rows;
use crate::ioc::builder::IocBuilder;
use crate::ioc::report::{IocFormat, IocReason};
use crate::ioc::tlp::Tlp;

/// Lines over which a quoted field may reach.
const RECORD_LINES_MAX: u64 = 64;

/// Reads a table or a list.
pub(super) fn read(feed: impl Read, builder: &mut IocBuilder) {
    let mut lines = Lines::new(feed);
    let mut reader = Reader::default();
    let mut number = 0;
    loop {
        match lines.next() {
            Ok(Some(Line::Whole(bytes))) => {
                // What is no UTF-8 in a value is refused where the value is read.
                let text = match std::str::from_utf8(bytes) {
                    Ok(text) => Cow::Borrowed(text),
                    Err(_) => String::from_utf8_lossy(bytes),
                };
                let record = reader.record(text);
                number += 1;
                reader.line(&record, number, builder);
            }
            Ok(Some(Line::TooLong)) => {
                number += 1;
                let reason = IocReason::TooLarge { what: "a line", max: LINE_BYTES_MAX };
                builder.source().refuse(number, "", "", reason);
            }
            Ok(None) => return reader.end(builder),
            Err(error) => {
                return builder.refuse_file(IocReason::Unreadable(error.to_string()));
            }
        }
    }
}

/// How lines are read from the first one with an indicator on.
#[derive(Debug)]
enum Form {
    Table { head: Head, rows: Rows },
    List,
}

#[derive(Debug, Default)]
struct Reader {
    form: Option<Form>,
    /// A head in a comment, until the first row comes.
    told: Option<Head>,
    fields: Fields,
    /// Lines of a record whose quote is still open, and the number of the first.
    open: String,
    open_since: u64,
    open_lines: u64,
}

impl Reader {
    /// Returns the record so far with this line.
    fn record<'l>(&mut self, line: Cow<'l, str>) -> Cow<'l, str> {
        if self.open.is_empty() {
            return line;
        }
        let mut record = std::mem::take(&mut self.open);
        record.push('\n');
        record.push_str(&line);
        record.into()
    }

    fn line(&mut self, record: &str, number: u64, builder: &mut IocBuilder) {
        let first = if self.open_lines > 0 { self.open_since } else { number };
        if self.open_lines == 0 {
            let text = record.trim();
            if text.is_empty() {
                return;
            }
            if let Some(comment) = comment(text) {
                if let Some(tlp) = Tlp::within(comment) {
                    let group = builder.file_group();
                    builder.taker().mark(group, tlp);
                }
                if self.form.is_none() {
                    self.told = Head::read(comment).or(self.told.take());
                }
                return;
            }
            if self.form.is_none() && self.begin(text, builder) {
                return;
            }
        }
        match self.form.as_mut() {
            Some(Form::Table { head, rows }) => {
                if self.fields.split(record, head.delimiter) {
                    self.open_lines = 0;
                    rows.take(head, &self.fields, first, builder);
                } else {
                    self.keep_open(record, first, builder);
                }
            }
            _ => list::take(record, number, builder),
        }
    }

    /// Decides how the lines are read. Returns true when this one was the head.
    fn begin(&mut self, line: &str, builder: &mut IocBuilder) -> bool {
        let (head, is_head) = match Head::read(line) {
            Some(head) => (Some(head), true),
            None => (self.told.take().or_else(|| Head::guess(line)), false),
        };
        builder.format(if head.is_some() { IocFormat::Csv } else { IocFormat::List });
        let table = |head| Form::Table { head, rows: Rows::default() };
        self.form = Some(head.map_or(Form::List, table));
        is_head
    }

    fn keep_open(&mut self, record: &str, first: u64, builder: &mut IocBuilder) {
        self.open_lines += 1;
        self.open_since = first;
        if self.open_lines < RECORD_LINES_MAX && record.len() < LINE_BYTES_MAX {
            self.open = record.to_owned();
            return;
        }
        self.refuse_open(record, builder);
    }

    /// Refuses all lines of a record whose quote was never closed.
    fn refuse_open(&mut self, record: &str, builder: &mut IocBuilder) {
        let reason = IocReason::Malformed("a record: a quote stays open");
        builder.source().refuse(self.open_since, "", record, reason);
        builder.source().refused += self.open_lines - 1;
        self.open_lines = 0;
    }

    fn end(&mut self, builder: &mut IocBuilder) {
        if self.open_lines > 0 {
            let record = std::mem::take(&mut self.open);
            self.refuse_open(&record, builder);
        }
        if self.form.is_none() {
            // Only comments and blank lines: a list of nothing.
            builder.format(IocFormat::List);
        }
    }
}

fn comment(line: &str) -> Option<&str> {
    let body = line.strip_prefix('#').or_else(|| line.strip_prefix("//"));
    body.or_else(|| line.strip_prefix("; ")).map(|body| body.trim_start_matches(['#', ' ']))
}
