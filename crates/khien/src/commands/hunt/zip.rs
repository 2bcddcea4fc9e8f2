//! The members of a zip archive, without unpacking it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::Offset;
use khien_event::Context;
use rawzip::time::DosDateTime;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::unpack::{EXPANSION_FREE_BYTES, Packed, Packing, Place};

/// Members of one archive that are looked at.
const MEMBERS_MAX: u64 = 100_000;

/// What an archive says of a file in it.
pub(in crate::commands) struct Member {
    /// As the archive has it; nothing is ever written under it.
    pub(in crate::commands) name: String,
    /// A link, as archives of other systems hold them; its bytes are where it leads.
    pub(in crate::commands) is_link: bool,
    /// Last change, µs UTC, if the archive tells a day that exists.
    pub(super) changed_us: Option<i64>,
    /// Its bytes, or why they cannot be read.
    pub(in crate::commands) packed: Result<Packed, String>,
}

/// Lists the files in an archive, in its order. What is wrong with the archive itself is the second
/// list; the members before it are kept.
pub(in crate::commands) fn members(path: &Path) -> io::Result<(Vec<Member>, Option<String>)> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive =
        ZipArchive::from_file(File::open(path)?, &mut buffer).map_err(io::Error::other)?;
    let archive = Arc::new(archive);
    let size = path.metadata()?.len();
    let free_bytes = EXPANSION_FREE_BYTES / archive.entries_hint().clamp(1, MEMBERS_MAX);
    let mut entries = archive.entries(&mut buffer);
    let (mut members, mut packed_bytes) = (Vec::new(), 0u64);
    let wrong = loop {
        let entry = match entries.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => break None,
            Err(error) => break Some(format!("its directory is damaged: {error}")),
        };
        if members.len() as u64 >= MEMBERS_MAX {
            break Some(format!("more than {MEMBERS_MAX} members, the rest is left out"));
        }
        if entry.is_dir() {
            continue;
        }
        // Members that lie on one another are how a small archive unpacks to anything.
        packed_bytes = packed_bytes.saturating_add(entry.compressed_size_hint());
        if packed_bytes > size {
            break Some("its members overlap, the rest is left out".to_owned());
        }
        let packing = match entry.compression_method() {
            _ if entry.flags().is_encrypted() => Err("is encrypted".to_owned()),
            CompressionMethod::STORE => Ok(Packing::Plain),
            CompressionMethod::DEFLATE => Ok(Packing::Deflate),
            CompressionMethod::ZSTD => Ok(Packing::Zstd),
            other => Err(format!("is compressed in a way that is not read: {other}")),
        };
        let place = || Place::Member(Arc::clone(&archive), entry.wayfinder());
        let bytes = entry.compressed_size_hint();
        members.push(Member {
            name: String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned(),
            is_link: entry.mode().is_symlink(),
            changed_us: changed_us(entry.last_modified_dos()),
            packed: packing.map(|packing| Packed { place: place(), packing, bytes, free_bytes }),
        });
    };
    Ok((members, wrong))
}

/// The clock of whoever packed it, which is Vietnam's.
fn changed_us(stamp: DosDateTime) -> Option<i64> {
    let part = |number: u8| i8::try_from(number).ok();
    let local = DateTime::new(
        i16::try_from(stamp.year()).ok()?,
        part(stamp.month())?,
        part(stamp.day())?,
        part(stamp.hour())?,
        part(stamp.minute())?,
        part(stamp.second())?,
        0,
    );
    let zone = Offset::from_seconds(Context::VIETNAM_OFFSET_S).ok()?;
    zone.to_timestamp(local.ok()?).ok().map(|at| at.as_microsecond())
}
