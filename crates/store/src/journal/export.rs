//! The journal as a portable file: JSON lines that anybody can keep, and verify without a database.
//!
//! Sealed bodies stay behind; the line that sealed them excuses their absence.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Row;
use super::chain::Line;
use super::check::{Checker, Verdict};
use super::verify::read_page;
use crate::head::SignedHead;
use crate::write::BODY_BYTES_MAX;
use crate::{Conn, StoreError, journal};

const FORMAT: &str = "khien.journal";
const VERSION: u32 = 1;
/// Longest line of an export: a body whose every byte is escaped, and room for the rest.
const LINE_BYTES_MAX: u64 = 6 * BODY_BYTES_MAX as u64 + 64 * 1024;

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    lines: i64,
}

#[derive(Serialize, Deserialize)]
struct ExportLine {
    seq: i64,
    at: i64,
    actor: String,
    action: String,
    subject: String,
    #[serde(with = "hex::serde")]
    body_hash: Vec<u8>,
    #[serde(with = "hex::serde")]
    prev: Vec<u8>,
    #[serde(with = "hex::serde")]
    hash: Vec<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<ExportBody>,
}

#[derive(Serialize, Deserialize)]
struct ExportBody {
    #[serde(with = "hex::serde")]
    salt: Vec<u8>,
    /// The JSON as text, because the hash runs over these very bytes.
    text: String,
}

/// Writes the whole journal to `out`; returns how many lines it had.
pub async fn export(conn: &mut Conn, out: &mut (dyn Write + Send)) -> Result<i64, StoreError> {
    let lines = journal::head(conn).await?.map_or(0, |head| head.seq);
    write_line(out, &Header { format: FORMAT.to_owned(), version: VERSION, lines })?;
    let mut after = i64::MIN;
    loop {
        let page = read_page(conn, after).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for row in page {
            write_line(out, &export_line(row))?;
        }
    }
    out.flush().map_err(|e| StoreError::file(Path::new("export"), e))?;
    Ok(lines)
}

fn export_line(row: Row) -> ExportLine {
    let sealed = row.sealed == Some(true);
    let Line { seq, at, actor, action, subject, body_hash, prev, hash, body } = row.into_line();
    let body = body.filter(|_| !sealed).map(|(salt, text)| ExportBody { salt, text });
    ExportLine { seq, at, actor, action, subject, body_hash, prev, hash, body }
}

fn write_line(out: &mut (dyn Write + Send), line: &impl Serialize) -> Result<(), StoreError> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    out.write_all(&text).map_err(|e| StoreError::file(Path::new("export"), e))
}

/// Verifies an export without the database it came from, as [`super::verify`] does with it.
pub fn verify_file(path: &Path, head: Option<&SignedHead>) -> Result<Verdict, StoreError> {
    let file = File::open(path).map_err(|e| StoreError::file(path, e))?;
    verify_lines(BufReader::new(file), head).map_err(|e| StoreError::file(path, e))
}

fn verify_lines(mut from: impl BufRead, head: Option<&SignedHead>) -> std::io::Result<Verdict> {
    let header: Option<Header> = read_line(&mut from)?
        .and_then(|text| serde_json::from_slice(&text).ok())
        .filter(|header: &Header| header.format == FORMAT && header.version == VERSION);
    let Some(header) = header else {
        let kind = std::io::ErrorKind::InvalidData;
        return Err(std::io::Error::new(kind, "not a journal export of version 1"));
    };
    let mut checker = Checker::new(head, true, header.lines);
    while let Some(text) = read_line(&mut from)? {
        let Ok(line) = serde_json::from_slice::<ExportLine>(&text) else {
            checker.unreadable();
            break;
        };
        if !checker.feed(&import_line(line)) {
            break;
        }
    }
    Ok(checker.finish())
}

fn import_line(line: ExportLine) -> Line {
    let ExportLine { seq, at, actor, action, subject, body_hash, prev, hash, body } = line;
    let body = body.map(|body| (body.salt, body.text));
    Line { seq, at, actor, action, subject, body_hash, prev, hash, body }
}

/// Returns the next line, cut at its bound: what is longer is no line of ours and reads as none.
fn read_line(from: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    let read = from.take(LINE_BYTES_MAX).read_until(b'\n', &mut text)?;
    Ok((read > 0).then_some(text))
}
