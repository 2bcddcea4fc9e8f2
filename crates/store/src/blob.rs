//! Evidence files: each encrypted under its own random key, so that destroying a few bytes
//! destroys the file wherever it was copied to.
//!
//! `blobs/xx/<id>` holds the ciphertext, `keys/evidence/<id>` the key. A file appears under its
//! name only when it is whole and on the disk; until then it lies in `blobs/incoming`. Reading and
//! writing run on the blocking pool, joined to the caller by a short channel.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use uuid::Uuid;

use crate::seal::{Key, Opener, Sealer, new_prefix};
use crate::{StoreError, durable};

/// Chunks that may wait between the caller and the disk.
const CHUNKS_WAITING_MAX: usize = 8;
/// How many last digits of its id name the folder of a file.
const SPREAD_DIGITS: usize = 2;

/// The folders that hold evidence.
#[derive(Clone, Debug)]
pub struct Blobs {
    files: PathBuf,
    keys: PathBuf,
}

/// What was stored, or what was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Bytes of plaintext.
    pub size_bytes: u64,
    /// SHA-256 of the plaintext.
    pub sha256: [u8; 32],
}

impl Blobs {
    /// Opens `blobs/` and `keys/evidence/` in the data folder; makes them the first time.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        let blobs = Self { files: data.join("blobs"), keys: data.join("keys/evidence") };
        durable::private_folder(&blobs.files.join("incoming"))?;
        durable::private_folder(&blobs.keys)?;
        Ok(blobs)
    }

    /// Removes what a crash left half-written. Only for the start of the one serving process.
    pub fn sweep(&self) -> Result<u64, StoreError> {
        let mut swept = 0;
        for file in entries(&self.files.join("incoming"))? {
            durable::remove(&file)?;
            swept += 1;
        }
        Ok(swept)
    }

    /// Returns every id under which a file or a key lies here, so that the caller can tell which
    /// of them it still knows.
    pub fn ids(&self) -> Result<BTreeSet<Uuid>, StoreError> {
        let mut ids = BTreeSet::new();
        for folder in entries(&self.files)? {
            // Two digits of an id; what is on its way in counts only once it is whole.
            let spread = folder.file_name().is_some_and(|name| name.len() == SPREAD_DIGITS);
            if spread && folder.is_dir() {
                ids.extend(entries(&folder)?.iter().filter_map(|file| id_of(file)));
            }
        }
        ids.extend(entries(&self.keys)?.iter().filter_map(|file| id_of(file)));
        Ok(ids)
    }

    /// Begins a new file of at most `max_bytes`. Nothing is kept unless
    /// [`BlobWriter::finish`] succeeds.
    pub async fn create(&self, id: Uuid, max_bytes: u64) -> Result<BlobWriter, StoreError> {
        let blobs = self.clone();
        let (chunks, waiting) = mpsc::channel(CHUNKS_WAITING_MAX);
        let task = spawn_blocking(move || Incoming::open(blobs, id, max_bytes)?.fill(waiting));
        Ok(BlobWriter { chunks, task: Some(task) })
    }

    /// Opens a stored file.
    pub async fn read(&self, id: Uuid) -> Result<BlobReader, StoreError> {
        let blobs = self.clone();
        let opened = spawn_blocking(move || blobs.opener(id));
        let mut opener = opened.await.map_err(|_| StoreError::TaskEnded)??;
        let (chunks, waiting) = mpsc::channel(CHUNKS_WAITING_MAX);
        spawn_blocking(move || {
            while let Some(chunk) = next_chunk(&mut opener, id).transpose() {
                let failed = chunk.is_err();
                // Who reads may stop early; there is nobody left to tell.
                if chunks.blocking_send(chunk).is_err() || failed {
                    return;
                }
            }
        });
        Ok(BlobReader { chunks: waiting })
    }

    /// Reads a stored file to its end and returns what it holds, for comparison with what was
    /// noted when it was stored.
    pub async fn check(&self, id: Uuid) -> Result<Stored, StoreError> {
        let mut reader = self.read(id).await?;
        let mut tally = Tally::default();
        while let Some(chunk) = reader.next().await? {
            tally.add(&chunk);
        }
        Ok(tally.stored())
    }

    /// Destroys a file for good: its key first, then what can no longer be read. Doing it again
    /// is fine, so that a destruction list can be applied to an old backup.
    pub async fn destroy(&self, id: Uuid) -> Result<(), StoreError> {
        let (key, file) = (self.key_path(id), self.file_path(id));
        let task = spawn_blocking(move || {
            durable::remove(&key)?;
            durable::sync_parent(&key)?;
            durable::remove(&file)
        });
        task.await.map_err(|_| StoreError::TaskEnded)?
    }

    fn opener(&self, id: Uuid) -> Result<Opener<BufReader<File>>, StoreError> {
        let path = self.file_path(id);
        let key = self.key(id)?;
        let file = File::open(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => StoreError::BlobMissing(id),
            _ => StoreError::file(&path, error),
        })?;
        Opener::new(BufReader::new(file), &key).map_err(|error| read_error(id, &path, error))
    }

    fn key(&self, id: Uuid) -> Result<Key, StoreError> {
        let path = self.key_path(id);
        let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => StoreError::BlobDestroyed(id),
            _ => StoreError::file(&path, error),
        })?;
        bytes.try_into().map_err(|_| StoreError::BadKey(path))
    }

    fn key_path(&self, id: Uuid) -> PathBuf {
        self.keys.join(id.simple().to_string())
    }

    /// Spread by the last byte: the first ones of a UUIDv7 are the time.
    fn file_path(&self, id: Uuid) -> PathBuf {
        let name = id.simple().to_string();
        self.files.join(&name[name.len() - SPREAD_DIGITS..]).join(name)
    }

    fn incoming_path(&self, id: Uuid) -> PathBuf {
        self.files.join("incoming").join(id.simple().to_string())
    }
}

/// Returns the paths of what a folder holds.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |e| StoreError::file(folder, e);
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    entries.map(|entry| entry.map(|e| e.path()).map_err(failed)).collect()
}

/// Returns the id that a file is named after; a foreign file has none.
fn id_of(path: &Path) -> Option<Uuid> {
    path.file_name()?.to_str().and_then(|name| Uuid::try_parse(name).ok())
}

/// What the caller sends to the writing task.
enum Chunk {
    Bytes(Vec<u8>),
    End,
}

/// A file being stored. Dropped, it was never there.
#[derive(Debug)]
pub struct BlobWriter {
    chunks: mpsc::Sender<Chunk>,
    /// Gone once it has said how it ended.
    task: Option<JoinHandle<Result<Stored, StoreError>>>,
}

impl BlobWriter {
    /// Adds bytes. An error (too large, disk full) comes out here or at the finish.
    pub async fn write(&mut self, bytes: impl Into<Vec<u8>>) -> Result<(), StoreError> {
        if self.chunks.send(Chunk::Bytes(bytes.into())).await.is_ok() {
            return Ok(());
        }
        Err(self.ended().await.err().unwrap_or(StoreError::TaskEnded))
    }

    /// Ends the file; when this returns it is on the disk under its name, with its key.
    pub async fn finish(mut self) -> Result<Stored, StoreError> {
        // A task that is gone says below why.
        let _told = self.chunks.send(Chunk::End).await;
        self.ended().await
    }

    async fn ended(&mut self) -> Result<Stored, StoreError> {
        let task = self.task.take().ok_or(StoreError::TaskEnded)?;
        task.await.map_err(|_| StoreError::TaskEnded)?
    }
}

/// A stored file being read. Every chunk has been authenticated; an error in place of the end
/// means that the rest is damaged or cut off.
#[derive(Debug)]
pub struct BlobReader {
    chunks: mpsc::Receiver<Result<Vec<u8>, StoreError>>,
}

impl BlobReader {
    /// Returns the next bytes, or nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.chunks.recv().await.transpose()
    }
}

/// The half-written file behind a [`BlobWriter`], on the blocking pool.
struct Incoming {
    blobs: Blobs,
    id: Uuid,
    max_bytes: u64,
    key: Key,
    sealer: Sealer<BufWriter<File>>,
    tally: Tally,
}

impl Incoming {
    fn open(blobs: Blobs, id: Uuid, max_bytes: u64) -> Result<Self, StoreError> {
        if blobs.file_path(id).exists() || blobs.key_path(id).exists() {
            return Err(StoreError::BlobExists(id));
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        let prefix = new_prefix()?;
        let path = blobs.incoming_path(id);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(&path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => StoreError::BlobExists(id),
            _ => StoreError::file(&path, error),
        })?;
        let sealer = Sealer::new(BufWriter::new(file), &key, prefix)
            .map_err(|e| StoreError::file(&path, e))?;
        Ok(Self { blobs, id, max_bytes, key, sealer, tally: Tally::default() })
    }

    /// Writes what arrives; whatever goes wrong, nothing half-written stays.
    fn fill(self, waiting: mpsc::Receiver<Chunk>) -> Result<Stored, StoreError> {
        let path = self.blobs.incoming_path(self.id);
        let result = self.write_all(&path, waiting);
        if result.is_err() {
            // What cannot be removed now is swept at the next start; the first error counts.
            let _removed = durable::remove(&path);
        }
        result
    }

    fn write_all(
        mut self,
        path: &Path,
        mut waiting: mpsc::Receiver<Chunk>,
    ) -> Result<Stored, StoreError> {
        loop {
            match waiting.blocking_recv() {
                Some(Chunk::Bytes(bytes)) => {
                    self.tally.add(&bytes);
                    if self.tally.size_bytes > self.max_bytes {
                        return Err(StoreError::BlobTooLarge { max_bytes: self.max_bytes });
                    }
                    self.sealer.write(&bytes).map_err(|e| StoreError::file(path, e))?;
                }
                Some(Chunk::End) => return self.publish(path),
                // The caller went away without finishing.
                None => return Err(StoreError::TaskEnded),
            }
        }
    }

    /// Makes file and key last, the file's name at the very end.
    fn publish(self, path: &Path) -> Result<Stored, StoreError> {
        let file_error = |e| StoreError::file(path, e);
        let out = self.sealer.finish().map_err(file_error)?;
        let file = out.into_inner().map_err(|e| file_error(e.into_error()))?;
        file.sync_all().map_err(file_error)?;

        let (key_path, target) = (self.blobs.key_path(self.id), self.blobs.file_path(self.id));
        durable::write_private(&key_path, &self.key)?;
        let named = name_file(path, &target);
        if named.is_err() {
            durable::remove(&key_path)?;
        }
        named?;
        Ok(self.tally.stored())
    }
}

fn name_file(path: &Path, target: &Path) -> Result<(), StoreError> {
    if let Some(folder) = target.parent() {
        durable::private_folder(folder)?;
        durable::sync_parent(folder)?;
    }
    std::fs::rename(path, target).map_err(|e| StoreError::file(target, e))?;
    durable::sync_parent(target)
}

fn next_chunk(
    opener: &mut Opener<BufReader<File>>,
    id: Uuid,
) -> Result<Option<Vec<u8>>, StoreError> {
    opener.next_segment().map_err(|error| read_error(id, Path::new("blobs"), error))
}

fn read_error(id: Uuid, path: &Path, error: std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::InvalidData => StoreError::BlobDamaged(id),
        _ => StoreError::file(path, error),
    }
}

/// Counts and hashes plaintext.
#[derive(Default)]
struct Tally {
    size_bytes: u64,
    sha256: Sha256,
}

impl Tally {
    fn add(&mut self, bytes: &[u8]) {
        self.size_bytes = self.size_bytes.saturating_add(bytes.len() as u64);
        self.sha256.update(bytes);
    }

    fn stored(self) -> Stored {
        Stored { size_bytes: self.size_bytes, sha256: self.sha256.finalize().into() }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00ab);

    fn blobs() -> (TempDir, Blobs) {
        let data = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(data.path()).unwrap();
        (data, blobs)
    }

    async fn store(blobs: &Blobs, id: Uuid, bytes: &[u8]) -> Result<Stored, StoreError> {
        let mut writer = blobs.create(id, 1_000_000).await?;
        for chunk in bytes.chunks(10_000) {
            writer.write(chunk).await?;
        }
        writer.finish().await
    }

    /// Names every file in the data folder, so that nothing half-written hides.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
        }
        found.sort();
        found
    }

    #[tokio::test]
    async fn a_file_comes_back_whole_and_lies_encrypted() {
        let (data, blobs) = blobs();
        let bytes = b"chung cu ".repeat(20_000);
        let stored = store(&blobs, ID, &bytes).await.unwrap();
        assert_eq!(stored.size_bytes, bytes.len() as u64);
        assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(&bytes)));
        assert_eq!(blobs.check(ID).await.unwrap(), stored);

        let name = ID.simple().to_string();
        let file = data.path().join("blobs/ab").join(&name);
        let key = data.path().join("keys/evidence").join(&name);
        assert_eq!(files(data.path()), [file.clone(), key.clone()]);
        assert!(!std::fs::read(&file).unwrap().windows(8).any(|w| w == b"chung cu"));
        for path in [file, key] {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
    }

    #[tokio::test]
    async fn a_file_over_its_bound_leaves_nothing() {
        let (data, blobs) = blobs();
        let mut writer = blobs.create(ID, 5).await.unwrap();
        writer.write(&b"12345"[..]).await.unwrap();
        let refused = match writer.write(&b"6"[..]).await {
            Ok(()) => writer.finish().await.unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(refused, StoreError::BlobTooLarge { max_bytes: 5 }), "{refused}");
        assert_eq!(files(data.path()), [] as [PathBuf; 0]);
        store(&blobs, ID, b"again").await.unwrap();
    }

    #[tokio::test]
    async fn a_writer_that_is_dropped_leaves_nothing() {
        let (data, blobs) = blobs();
        let BlobWriter { chunks, task } = blobs.create(ID, 100).await.unwrap();
        chunks.send(Chunk::Bytes(b"half".to_vec())).await.unwrap();
        drop(chunks);
        assert!(matches!(task.unwrap().await.unwrap(), Err(StoreError::TaskEnded)));
        assert_eq!(files(data.path()), [] as [PathBuf; 0]);
    }

    #[tokio::test]
    async fn what_a_crash_left_is_swept() {
        let (data, blobs) = blobs();
        std::fs::write(blobs.incoming_path(ID), "half").unwrap();
        assert_eq!(blobs.sweep().unwrap(), 1);
        assert_eq!(files(data.path()), [] as [PathBuf; 0]);
    }

    #[tokio::test]
    async fn whatever_lies_here_is_named() {
        let (_data, blobs) = blobs();
        let [whole, keyless, lone_key] = [1, 2, 3].map(Uuid::from_u128);
        store(&blobs, whole, b"whole").await.unwrap();
        store(&blobs, keyless, b"its key was destroyed").await.unwrap();
        std::fs::remove_file(blobs.key_path(keyless)).unwrap();
        std::fs::write(blobs.key_path(lone_key), [0; 32]).unwrap();
        std::fs::write(blobs.incoming_path(Uuid::from_u128(4)), "half").unwrap();
        std::fs::write(blobs.keys.join("README"), "not a key").unwrap();
        assert_eq!(blobs.ids().unwrap(), [whole, keyless, lone_key].into());
    }

    #[tokio::test]
    async fn an_id_is_used_once() {
        let (_data, blobs) = blobs();
        store(&blobs, ID, b"first").await.unwrap();
        let again = store(&blobs, ID, b"second").await;
        assert!(matches!(again, Err(StoreError::BlobExists(id)) if id == ID));
        assert_eq!(blobs.check(ID).await.unwrap().size_bytes, 5);
    }

    #[tokio::test]
    async fn an_altered_or_cut_file_is_damaged() {
        let (_data, blobs) = blobs();
        store(&blobs, ID, &[7; 200_000]).await.unwrap();
        let path = blobs.file_path(ID);
        let whole = std::fs::read(&path).unwrap();
        let mut altered = whole.clone();
        altered[150_000] ^= 1;
        for bytes in [&altered[..], &whole[..whole.len() - 1], &whole[..65_580], b""] {
            std::fs::write(&path, bytes).unwrap();
            let error = blobs.check(ID).await.unwrap_err();
            assert!(matches!(error, StoreError::BlobDamaged(id) if id == ID), "{error}");
        }
    }

    #[tokio::test]
    async fn a_destroyed_file_stays_destroyed() {
        let (data, blobs) = blobs();
        store(&blobs, ID, b"secret").await.unwrap();
        let copy = std::fs::read(blobs.file_path(ID)).unwrap();
        blobs.destroy(ID).await.unwrap();
        blobs.destroy(ID).await.unwrap();
        assert_eq!(files(data.path()), [] as [PathBuf; 0]);
        std::fs::write(blobs.file_path(ID), copy).unwrap();
        let error = blobs.read(ID).await.unwrap_err();
        assert!(matches!(error, StoreError::BlobDestroyed(id) if id == ID));
    }

    #[tokio::test]
    async fn a_file_that_is_gone_is_missing() {
        let (_data, blobs) = blobs();
        store(&blobs, ID, b"here").await.unwrap();
        std::fs::remove_file(blobs.file_path(ID)).unwrap();
        assert!(matches!(blobs.read(ID).await, Err(StoreError::BlobMissing(id)) if id == ID));
    }

    #[test]
    fn a_full_disk_has_its_own_name() {
        let mut out = BufWriter::new(OpenOptions::new().write(true).open("/dev/full").unwrap());
        let mut sealer = Sealer::new(&mut out, &[1; 32], [2; 19]).unwrap();
        let error = sealer.write(&[0; 200_000]).unwrap_err();
        assert!(matches!(StoreError::file(Path::new("x"), error), StoreError::DiskFull));
        drop(sealer);
        // What is left in the buffer has nowhere to go.
        let _lost = out.into_parts();
    }
}
