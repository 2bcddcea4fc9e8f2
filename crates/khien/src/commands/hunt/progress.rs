//! How far a hunt is: the bytes that were read of its inputs, as they lie there.
//!
//! They are counted where they are read, by every thread, so that one long file moves the bar, too.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use khien_hub::web::i18n::Lang;

use super::{number, say};

const STYLE: &str = "{bar:30} {bytes}/{total_bytes} {msg}";

/// A count of bytes that several readers add to.
#[derive(Clone, Debug, Default)]
pub(in crate::commands) struct BytesRead(Arc<AtomicU64>);

/// Counts what is read through it.
pub(super) struct Counting<'c, R> {
    raw: R,
    read: &'c BytesRead,
}

impl BytesRead {
    /// Counts what is read of these bytes.
    pub(super) fn counting<R: Read>(&self, raw: R) -> Counting<'_, R> {
        Counting { raw, read: self }
    }

    /// Returns the count.
    pub(super) fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.raw.read(buffer)?;
        self.read.0.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

/// What the person at the terminal sees while a hunt runs; nothing when stderr is no terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    /// For whoever reads the inputs.
    pub(super) read: BytesRead,
    lang: Lang,
}

impl Progress {
    /// Returns the bar before the first of so many bytes.
    pub(super) fn new(bytes: u64, lang: Lang) -> Result<Self> {
        let bar = ProgressBar::new(bytes);
        bar.set_style(ProgressStyle::with_template(STYLE)?);
        Ok(Self { bar, read: BytesRead::default(), lang })
    }

    /// Shows how far it is.
    pub(super) fn show(&self, events: u64) {
        let read = self.read.total();
        // Nobody knows how much standard input will bring.
        if self.bar.length().is_some_and(|known| known < read) {
            self.bar.set_length(read);
        }
        self.bar.set_position(read);
        let events = [("events", number(events))];
        self.bar.set_message(self.lang.ta("hunt-progress", &events));
    }

    /// Says a line beside the bar.
    pub(super) fn say(&self, text: &str) {
        self.bar.suspend(|| say(text));
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
