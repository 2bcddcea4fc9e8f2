//! Where hits go: stdout or a file that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use khien_hub::web::i18n::{Arg, Lang};

use super::record::{self, Shape};
use super::report::{self, Hunted, Samples};
use super::scan::Written;
use super::tally::Tally;
use super::{Form, number, say, summary};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes hits, and the frame that their form puts around them.
pub(super) struct Output {
    form: Form,
    lang: Lang,
    to: BufWriter<Box<dyn Write>>,
    /// The file to become, and what it is called until then.
    file: Option<(PathBuf, PathBuf)>,
    tally: Tally,
    /// What `html` shows of single hits.
    samples: Samples,
}

impl Output {
    /// Opens the output.
    pub(super) fn open(shape: Shape, path: Option<&Path>) -> Result<Self> {
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
        let mut to = BufWriter::with_capacity(BUFFER_BYTES, to);
        match shape.form {
            Form::Json => to.write_all(b"{\"version\":1,\"hits\":[")?,
            Form::Csv => to.write_all(record::csv_head(shape).as_bytes())?,
            Form::Jsonl | Form::Table | Form::Html => {}
        }
        let (tally, samples) = (Tally::default(), Samples::default());
        Ok(Self { form: shape.form, lang: shape.lang, to, file, tally, samples })
    }

    /// Writes a hit.
    pub(super) fn hit(&mut self, hit: &Written) -> Result<()> {
        let is_first = self.tally.hits() == 0;
        let subject = self.tally.add(hit);
        match self.form {
            Form::Html => {
                self.samples.add(subject, hit.at, &hit.text);
                return Ok(());
            }
            Form::Json if is_first => self.to.write_all(b"\n")?,
            Form::Json => self.to.write_all(b",\n")?,
            Form::Table if is_first => {
                self.to.write_all(record::table_head(self.lang).as_bytes())?;
            }
            Form::Jsonl | Form::Csv | Form::Table => {}
        }
        Ok(self.to.write_all(&hit.text)?)
    }

    /// Closes the frame and gives a file its name. Returns what was found. Where the form has no
    /// room for a summary, the person at the terminal is told one.
    pub(super) fn finish(mut self, hunted: &Hunted<'_>) -> Result<Tally> {
        match self.form {
            Form::Json => {
                let summary = serde_json::to_string(&summary::object(
                    &self.tally,
                    hunted.unmapped,
                    hunted.limits,
                ))?;
                write!(self.to, "\n],\"summary\":{summary}}}\n")?;
            }
            Form::Html => {
                let page = report::page(hunted, &self.tally, &self.samples, self.lang);
                self.to.write_all(page.into_string().as_bytes())?;
            }
            Form::Table if self.tally.hits() > 0 => {
                writeln!(self.to, "\n{}", summary::tables(&self.tally, self.lang))?;
            }
            Form::Table | Form::Jsonl | Form::Csv => {}
        }
        self.to.flush()?;
        if let Some((path, part)) = &self.file {
            fs::rename(part, path).with_context(|| format!("writing {}", path.display()))?;
            if self.form == Form::Html {
                let path = path.display().to_string();
                say(&self.lang.ta("hunt-report-written", &[("path", Arg::Text(&path))]));
            }
        }
        match self.form {
            Form::Table | Form::Jsonl | Form::Csv if self.tally.hits() == 0 => {
                let key = if hunted.is_narrowed() { "hunt-none-within" } else { "hunt-none" };
                say(&self.lang.ta(key, &[("events", number(hunted.events))]));
            }
            Form::Jsonl | Form::Csv => say(&summary::tables(&self.tally, self.lang)),
            Form::Table | Form::Json | Form::Html => {}
        }
        Ok(self.tally)
    }
}
