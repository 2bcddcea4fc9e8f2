//! Which inputs to read: files, what is packed in them, pipes by their names, and standard input as
//! `-`.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use khien_event::Format;

use super::progress::BytesRead;
use super::sniff::{self, Wrapping};
use super::spool::Spool;
use super::unpack::{EXPANSION_FREE_BYTES, Packed, Packing, Place, unpack};
use super::zip;

/// Bytes from which the format is guessed.
const HEAD_BYTES: u64 = 16 * 1024;
/// Nesting of folders.
const FOLDERS_DEEP_MAX: usize = 64;
/// Names standard input.
const STDIN: &str = "-";
/// Stands between an archive and what is in it.
const WITHIN: &str = "!";

const NO_LOG: &str = "is no log of a known format";
const NESTED: &str = "is an archive within an archive, which is not opened";

/// An input to read.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Source {
    /// As it is told: a file, a member as `archive.zip!member`, or `-`.
    pub(in crate::commands) path: PathBuf,
    pub(super) format: Format,
    pub(super) packed: Packed,
    /// Last change, µs UTC: gives the times in it their year.
    pub(super) changed_us: i64,
}

impl Source {
    /// Returns its size as it lies; of a stream, what has come so far.
    pub(super) fn bytes(&self) -> u64 {
        match &self.packed.place {
            Place::Stream(spool) => spool.bytes(),
            Place::File(_) | Place::Member(..) => self.packed.bytes,
        }
    }
}

/// What the paths of the command line lead to.
#[derive(Debug, Default)]
pub(in crate::commands) struct Inputs {
    /// In the order of the command line, folders by name, archives in their own order.
    pub(in crate::commands) sources: Vec<Source>,
    /// Files below a folder or in an archive that are no log of a known format.
    pub(super) passed_over: usize,
    /// What could not be read, with the reason.
    pub(in crate::commands) unreadable: Vec<(PathBuf, String)>,
}

/// Returns true when the path names standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

impl Inputs {
    /// Finds every log that the paths name or hold.
    pub(in crate::commands) fn find(paths: &[PathBuf]) -> Self {
        let mut inputs = Self::default();
        for path in paths {
            let outcome = if is_stdin(path) { inputs.stdin(path) } else { inputs.walk(path, 0) };
            inputs.note(path, outcome);
        }
        inputs
    }

    fn walk(&mut self, path: &Path, depth: usize) -> io::Result<()> {
        if depth > FOLDERS_DEEP_MAX {
            return Err(io::Error::other(format!("folders nested deeper than {FOLDERS_DEEP_MAX}")));
        }
        // A link is followed where the user names it, never below: it may lead back.
        let kind = if depth == 0 { path.metadata() } else { path.symlink_metadata() }?;
        if kind.is_dir() {
            for entry in sorted_entries(path)? {
                let outcome = self.walk(&entry, depth + 1);
                self.note(&entry, outcome);
            }
        } else if kind.is_file() {
            self.file(path, &kind, depth == 0)?;
        } else if depth == 0 {
            self.stream(path, Box::new(fs::File::open(path)?))?;
        } else {
            // A pipe or a device that lies there by chance might never end.
            self.passed_over += 1;
        }
        Ok(())
    }

    fn note(&mut self, path: &Path, outcome: io::Result<()>) {
        if let Err(error) = outcome {
            self.unreadable.push((path.to_owned(), error.to_string()));
        }
    }

    fn file(&mut self, path: &Path, meta: &fs::Metadata, named: bool) -> io::Result<()> {
        let changed_us = meta.modified().map_or(0, micros);
        let packed = plain(Place::File(path.to_owned()), meta.len());
        match sniff::wrapping(&head(&packed)?) {
            Some(Wrapping::Zip) => self.archive(path, changed_us),
            _ => self.single(path, packed, changed_us, named),
        }
    }

    fn stdin(&mut self, path: &Path) -> io::Result<()> {
        if self.sources.iter().any(|source| is_stdin(&source.path)) {
            return Ok(());
        }
        self.stream(path, Box::new(io::stdin()))
    }

    fn stream(&mut self, path: &Path, stream: Box<dyn Read + Send>) -> io::Result<()> {
        let packed = plain(Place::Stream(Spool::new(stream)?), 0);
        self.single(path, packed, micros(SystemTime::now()), true)
    }

    /// Takes what is one log, packed or not.
    fn single(
        &mut self,
        path: &Path,
        mut packed: Packed,
        changed_us: i64,
        named: bool,
    ) -> io::Result<()> {
        let mut head_bytes = head(&packed)?;
        packed.packing = match sniff::wrapping(&head_bytes) {
            Some(Wrapping::Gzip) => Packing::Gzip,
            Some(Wrapping::Zstd) => Packing::Zstd,
            Some(Wrapping::Zip | Wrapping::Tar) => {
                let why = "is an archive of a kind that is not opened here, unpack it first";
                return Err(io::Error::other(why));
            }
            None => Packing::Plain,
        };
        if packed.packing != Packing::Plain {
            head_bytes = head(&packed)?;
            if sniff::wrapping(&head_bytes).is_some() {
                return Err(io::Error::other(NESTED));
            }
        }
        match sniff::guess(&told(path, packed.packing), &head_bytes) {
            Some(format) => {
                self.sources.push(Source { path: path.to_owned(), format, packed, changed_us });
            }
            None if named && !head_bytes.is_empty() => return Err(io::Error::other(NO_LOG)),
            None => self.passed_over += 1,
        }
        Ok(())
    }

    fn archive(&mut self, path: &Path, archive_changed_us: i64) -> io::Result<()> {
        let (members, wrong) = zip::members(path)?;
        for member in members {
            let name = PathBuf::from(format!("{}{WITHIN}{}", path.display(), member.name));
            let changed_us = member.changed_us.unwrap_or(archive_changed_us);
            let outcome = member.packed.map_err(io::Error::other);
            let outcome = outcome.and_then(|packed| self.member(&name, packed, changed_us));
            self.note(&name, outcome);
        }
        wrong.map_or(Ok(()), |why| Err(io::Error::other(why)))
    }

    fn member(&mut self, name: &Path, packed: Packed, changed_us: i64) -> io::Result<()> {
        let head = head(&packed)?;
        if sniff::wrapping(&head).is_some() {
            return Err(io::Error::other(NESTED));
        }
        match sniff::guess(&name.to_string_lossy(), &head) {
            Some(format) => {
                self.sources.push(Source { path: name.to_owned(), format, packed, changed_us });
            }
            None => self.passed_over += 1,
        }
        Ok(())
    }
}

fn plain(place: Place, bytes: u64) -> Packed {
    Packed { place, packing: Packing::Plain, bytes, free_bytes: EXPANSION_FREE_BYTES }
}

/// Returns the first plain bytes. What breaks off behind them is met, and told, when it is read.
fn head(packed: &Packed) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut take = |plain: &mut dyn Read| plain.take(HEAD_BYTES).read_to_end(&mut head).map(drop);
    match unpack(packed, &BytesRead::default(), &mut take)? {
        Some(problem) if head.is_empty() => Err(io::Error::other(problem.to_string())),
        _ => Ok(head),
    }
}

/// The name of the log itself, without what the packing added.
fn told(path: &Path, packing: Packing) -> String {
    let name = path.to_string_lossy();
    let ending = match packing {
        Packing::Gzip => ".gz",
        Packing::Zstd => ".zst",
        Packing::Plain | Packing::Deflate => "",
    };
    name.strip_suffix(ending).unwrap_or(&name).to_owned()
}

fn micros(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).ok();
    since.and_then(|since| i64::try_from(since.as_micros()).ok()).unwrap_or(0)
}

fn sorted_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: io::Result<Vec<_>> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut entries = entries?;
    entries.sort();
    Ok(entries)
}
