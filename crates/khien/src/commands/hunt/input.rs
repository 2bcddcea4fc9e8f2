//! Which files to read, and in which format: known by their content, not by their name.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use khien_event::Format;

/// Bytes from which the format is guessed.
const HEAD_BYTES: u64 = 16 * 1024;
/// Lines that have a say in it.
const LINES_ASKED: usize = 20;
/// Nesting of folders.
const FOLDERS_DEEP_MAX: usize = 64;

/// A file to read.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    pub(super) bytes: u64,
    /// Last change, µs UTC: gives the times in it their year.
    pub(super) changed_us: i64,
}

/// What the paths of the command line lead to.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// In the order of the command line, folders by name.
    pub(super) sources: Vec<Source>,
    /// Files below a folder that are no log of a known format.
    pub(super) passed_over: usize,
    /// What could not be read, with the reason.
    pub(super) unreadable: Vec<(PathBuf, String)>,
}

impl Inputs {
    /// Finds every log file that the paths name or hold.
    pub(super) fn find(paths: &[PathBuf]) -> Self {
        let mut inputs = Self::default();
        paths.iter().for_each(|path| inputs.walk(path, 0));
        inputs
    }

    fn walk(&mut self, path: &Path, depth: usize) {
        if depth > FOLDERS_DEEP_MAX {
            let why = format!("folders nested deeper than {FOLDERS_DEEP_MAX}");
            return self.unreadable.push((path.to_owned(), why));
        }
        // A link is followed where the user names it, never below: it may lead back.
        let kind = if depth == 0 { path.metadata() } else { path.symlink_metadata() };
        let outcome = match kind {
            Ok(kind) if kind.is_dir() => sorted_entries(path)
                .map(|entries| entries.iter().for_each(|entry| self.walk(entry, depth + 1))),
            Ok(kind) if kind.is_file() => self.file(path, depth == 0),
            Ok(_) => {
                self.passed_over += 1;
                Ok(())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            self.unreadable.push((path.to_owned(), error.to_string()));
        }
    }

    fn file(&mut self, path: &Path, named: bool) -> io::Result<()> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        let mut head = Vec::new();
        file.take(HEAD_BYTES).read_to_end(&mut head)?;
        let changed = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let changed_us = changed.and_then(|at| i64::try_from(at.as_micros()).ok()).unwrap_or(0);
        match guess(path, &head) {
            Some(format) => {
                let (path, bytes) = (path.to_owned(), meta.len());
                self.sources.push(Source { path, format, bytes, changed_us });
            }
            None if named && !head.is_empty() => {
                let why = "is no log of a known format".to_owned();
                self.unreadable.push((path.to_owned(), why));
            }
            None => self.passed_over += 1,
        }
        Ok(())
    }
}

fn sorted_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: io::Result<Vec<_>> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut entries = entries?;
    entries.sort();
    Ok(entries)
}

/// Guesses the format of a file from its first bytes. The name only decides between a damaged
/// event log and something else, and between `auth.log` and other syslog files.
fn guess(path: &Path, head: &[u8]) -> Option<Format> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    if head.starts_with(b"ElfFile\0") || name.ends_with(".evtx") {
        return Some(Format::Evtx);
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['{', '[']) && !is_apache_error(text) {
        return Some(Format::Json);
    }
    let lines = || text.lines().filter(|line| !line.trim().is_empty()).take(LINES_ASKED);
    let most = |is: fn(&str) -> bool| {
        let asked = lines().count();
        asked > 0 && lines().filter(|line| is(line)).count() * 2 > asked
    };
    if most(|line| line.starts_with("CEF:")) {
        Some(Format::Cef)
    } else if most(is_access) {
        Some(Format::Access)
    } else if most(is_syslog) {
        let auth = name.starts_with("auth") || name.starts_with("secure");
        Some(if auth { Format::Auth } else { Format::Syslog })
    } else {
        None
    }
}

/// `[Fri Nov 20 ..`: an Apache error log opens like a JSON array.
fn is_apache_error(text: &str) -> bool {
    text.starts_with('[') && text[1..].starts_with(|c: char| c.is_ascii_uppercase())
}

/// `10.0.0.1 - user [20/Nov/2026:08:30:00 +0700] "GET / ..`
fn is_access(line: &str) -> bool {
    let Some((before, after)) = line.split_once(" [") else { return false };
    let stamp = after.as_bytes();
    before.split(' ').count() >= 3
        && stamp.len() > 20
        && stamp[2] == b'/'
        && stamp[6] == b'/'
        && after.contains("] \"")
}

/// `<34>..`, `Nov 20 08:30:00 host ..` or `2026-11-20T08:30:00.. host ..`
fn is_syslog(line: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let bytes = line.as_bytes();
    let priority = || {
        let digits = bytes.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
        bytes[0] == b'<' && (1..=3).contains(&digits) && bytes.get(digits + 1) == Some(&b'>')
    };
    let bsd = || {
        let month = line.get(..3).is_some_and(|month| MONTHS.contains(&month));
        month && bytes.get(9) == Some(&b':') && bytes.get(12) == Some(&b':')
    };
    let iso = || {
        bytes.len() > 19
            && bytes[..4].iter().all(u8::is_ascii_digit)
            && (bytes[4], bytes[7], bytes[10], bytes[13]) == (b'-', b'-', b'T', b':')
    };
    !bytes.is_empty() && (priority() || bsd() || iso())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_content() {
        let access = "10.0.0.1 - - [20/Nov/2026:08:30:00 +0700] \"GET / HTTP/1.1\" 200 5\n";
        for (name, head, format) in [
            ("a.bin", "ElfFile\0...", Some(Format::Evtx)),
            ("cut.evtx", "", Some(Format::Evtx)),
            ("a.log", "\u{feff}{\"EventID\": 1}", Some(Format::Json)),
            ("a.txt", "  [ {}, {} ]", Some(Format::Json)),
            ("error.log", "[Fri Nov 20 08:30:00 2026] [error] x", None),
            ("a.log", "CEF:0|a|b|c|d|e|1|x=y\n", Some(Format::Cef)),
            ("a.log", access, Some(Format::Access)),
            ("a.log", "<34>Nov 20 08:30:00 h p: m\n", Some(Format::Syslog)),
            ("a.log", "Nov 20 08:30:00 h p: m\n", Some(Format::Syslog)),
            ("auth.log.1", "2026-11-20T08:30:00+07:00 h sshd[1]: m\n", Some(Format::Auth)),
            ("notes.txt", "nothing to see here\n", None),
            ("empty.log", "", None),
            ("odd.log", "ệ <é>\nệệệệệ\n", None),
        ] {
            assert_eq!(guess(Path::new(name), head.as_bytes()), format, "{name}: {head}");
        }
    }
}
