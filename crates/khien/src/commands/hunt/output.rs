//! Where hits go: stdout or a file that appears whole or not at all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use comfy_table::{Table, presets};
use khien_detect::Level;

use super::Form;
use super::record::{self, Shape};
use super::scan::{What, Written};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes hits, and the frame that their form puts around them.
pub(super) struct Output {
    form: Form,
    to: BufWriter<Box<dyn Write>>,
    /// The file to become, and what it is called until then.
    file: Option<(PathBuf, PathBuf)>,
    hits: u64,
    highest: Option<Level>,
    by_rule: BTreeMap<(std::cmp::Reverse<Level>, String), u64>,
}

impl Output {
    /// Opens the output.
    pub(super) fn open(shape: Shape, path: Option<&Path>) -> Result<Self> {
        let form = shape.form;
        let (to, file): (Box<dyn Write>, _) = match path {
            None => (Box::new(io::stdout().lock()), None),
            Some(path) => {
                let mut part = path.to_owned().into_os_string();
                part.push(".part");
                let part = PathBuf::from(part);
                let opened = File::create(&part);
                let file = opened.with_context(|| format!("creating {}", part.display()))?;
                (Box::new(file), Some((path.to_owned(), part)))
            }
        };
        let to = BufWriter::with_capacity(BUFFER_BYTES, to);
        let by_rule = BTreeMap::new();
        let mut output = Self { form, to, file, hits: 0, highest: None, by_rule };
        match form {
            Form::Json => output.to.write_all(b"{\"version\":1,\"hits\":[")?,
            Form::Csv => output.to.write_all(record::csv_head(shape).as_bytes())?,
            Form::Jsonl | Form::Table => {}
        }
        Ok(output)
    }

    /// Writes a hit.
    pub(super) fn hit(&mut self, hit: &Written) -> Result<()> {
        if self.form == Form::Json && self.hits > 0 {
            self.to.write_all(b",")?;
        }
        if self.form == Form::Json {
            self.to.write_all(b"\n")?;
        }
        if self.form == Form::Table && self.hits == 0 {
            self.to.write_all(record::table_head().as_bytes())?;
        }
        self.to.write_all(&hit.text)?;
        self.hits += 1;
        self.highest = self.highest.max(Some(hit.level()));
        if self.form == Form::Table {
            let title = match &hit.what {
                What::Rule(rule) => rule.title.clone(),
                // There may be millions of them; their kinds are few.
                What::Indicator(kind) => format!("Indicator of compromise seen: {kind}"),
            };
            let key = (std::cmp::Reverse(hit.level()), title);
            *self.by_rule.entry(key).or_default() += 1;
        }
        Ok(())
    }

    /// Closes the frame and gives a file its name. Returns the hits and the highest level of them.
    pub(super) fn finish(mut self) -> Result<(u64, Option<Level>)> {
        match self.form {
            Form::Json => self.to.write_all(b"\n]}\n")?,
            Form::Table if self.hits > 0 => writeln!(self.to, "\n{}", summary(&self.by_rule))?,
            Form::Table | Form::Jsonl | Form::Csv => {}
        }
        self.to.flush()?;
        if let Some((path, part)) = &self.file {
            fs::rename(part, path).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok((self.hits, self.highest))
    }
}

fn summary(by_rule: &BTreeMap<(std::cmp::Reverse<Level>, String), u64>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["hits", "level", "rule"]);
    for ((level, title), hits) in by_rule {
        table.add_row([hits.to_string(), level.0.to_string(), title.clone()]);
    }
    table
}
