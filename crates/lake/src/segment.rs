//! One segment file: a small header, frames, and zeros up to its full length.
//!
//! A segment is filled with zeros when it is made, so that a commit overwrites blocks the file
//! already owns: `fdatasync` then has no file-system journal to wait for, and the disk cannot
//! run full in the middle of a commit. It gets its name only when it is whole and durable.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Length of the header; the first frame lies here.
pub(crate) const FIRST_FRAME: u32 = 32;
pub(crate) const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"KHIENLOG";
const CRC_AT: usize = 24;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

const LIVE: &str = "log";
const QUARANTINED: &str = "quarantined";
const UNFINISHED: &str = "tmp";

/// The header of a segment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) version: u32,
    /// Where the segment before this one ended: a frame missing there is damage, not silence.
    pub(crate) previous_end: u32,
    pub(crate) number: u32,
}

impl Header {
    fn encode(self) -> [u8; FIRST_FRAME as usize] {
        let mut out = [0; FIRST_FRAME as usize];
        out[..8].copy_from_slice(&MAGIC);
        out[8..12].copy_from_slice(&self.version.to_le_bytes());
        out[12..16].copy_from_slice(&self.previous_end.to_le_bytes());
        out[16..20].copy_from_slice(&self.number.to_le_bytes());
        let crc = crc32c::crc32c(&out[..CRC_AT]);
        out[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Returns the header that `bytes` begins with, if it belongs to segment `number`.
    pub(crate) fn decode(bytes: &[u8], number: u32) -> Option<Self> {
        let bytes: &[u8; FIRST_FRAME as usize] = bytes.first_chunk()?;
        let word = |from: usize| {
            u32::from_le_bytes([bytes[from], bytes[from + 1], bytes[from + 2], bytes[from + 3]])
        };
        let header = Self { version: word(8), previous_end: word(12), number: word(16) };
        let whole = bytes[..8] == MAGIC && word(CRC_AT) == crc32c::crc32c(&bytes[..CRC_AT]);
        (whole && header.number == number).then_some(header)
    }
}

/// Returns the file of segment `number`.
pub(crate) fn live_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:010}.{LIVE}"))
}

/// A segment file found in the folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) number: u32,
    pub(crate) path: PathBuf,
    pub(crate) quarantined: bool,
}

/// Returns the segments in `folder`, oldest first, after removing files that were never finished.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(number) = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok()) else {
            continue;
        };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(LIVE) => found.push(Found { number, path, quarantined: false }),
            Some(QUARANTINED) => found.push(Found { number, path, quarantined: true }),
            Some(UNFINISHED) => fs::remove_file(path)?,
            _ => {}
        }
    }
    found.sort_by_key(|segment| segment.number);
    Ok(found)
}

/// Makes segment `number`, `bytes` long, durable, open for writing.
pub(crate) fn create(
    folder: &Path,
    number: u32,
    previous_end: u32,
    bytes: u32,
) -> io::Result<File> {
    let path = live_path(folder, number);
    let unfinished = path.with_extension(UNFINISHED);
    let made = fill_new(&unfinished, number, previous_end, bytes);
    match made {
        Ok(file) => {
            fs::rename(&unfinished, &path)?;
            sync_folder(folder)?;
            Ok(file)
        }
        Err(error) => {
            // Best effort: what is left behind is removed at the next open, or overwritten.
            let _ = fs::remove_file(&unfinished);
            Err(error)
        }
    }
}

fn fill_new(path: &Path, number: u32, previous_end: u32, bytes: u32) -> io::Result<File> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
    file.write_all(&Header { version: VERSION, previous_end, number }.encode())?;
    write_zeros(&file, FIRST_FRAME, bytes)?;
    file.sync_all()?;
    Ok(file)
}

/// Overwrites `from..to` with zeros.
pub(crate) fn write_zeros(file: &File, from: u32, to: u32) -> io::Result<()> {
    let mut at = from;
    while at < to {
        let step = ZEROS.len().min((to - at) as usize);
        file.write_all_at(&ZEROS[..step], u64::from(at))?;
        at += step as u32;
    }
    Ok(())
}

/// Renames a damaged segment, so that nothing takes it for a sound one. Returns its new path.
pub(crate) fn quarantine(path: &Path) -> io::Result<PathBuf> {
    let renamed = path.with_extension(QUARANTINED);
    fs::rename(path, &renamed)?;
    if let Some(folder) = path.parent() {
        sync_folder(folder)?;
    }
    Ok(renamed)
}

/// Makes the names in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_belongs_to_its_number_only() {
        let header = Header { version: VERSION, previous_end: 77, number: 3 };
        let mut bytes = header.encode();
        assert_eq!(Header::decode(&bytes, 3), Some(header));
        assert_eq!(Header::decode(&bytes, 4), None);
        bytes[12] ^= 1;
        assert_eq!(Header::decode(&bytes, 3), None);
    }

    #[test]
    fn a_new_segment_has_its_full_length_and_unfinished_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("0000000009.tmp"), b"half").unwrap();
        fs::write(folder.path().join("notes.txt"), b"not ours").unwrap();
        create(folder.path(), 2, 0, 100_000).unwrap();
        create(folder.path(), 1, 0, 100_000).unwrap();
        let renamed = quarantine(&live_path(folder.path(), 1)).unwrap();
        assert_eq!(fs::metadata(&renamed).unwrap().len(), 100_000);

        let live = live_path(folder.path(), 2);
        let expected = vec![
            Found { number: 1, path: renamed, quarantined: true },
            Found { number: 2, path: live, quarantined: false },
        ];
        assert_eq!(list(folder.path()).unwrap(), expected);
        assert!(!folder.path().join("0000000009.tmp").exists());
        assert!(folder.path().join("notes.txt").exists());
    }

    #[test]
    fn a_full_disk_is_told_by_its_kind() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = write_zeros(&full, 0, 10).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
