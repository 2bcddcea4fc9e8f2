//! The data folder belongs to one process at a time: two hubs on one folder would each believe
//! that they alone write it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// The file whose lock says that a hub runs here. The operating system lets go of the lock when
/// the process ends in whatever way, so that a crash leaves nothing to clean up.
const LOCK_FILE: &str = "khien.lock";

/// Why a data folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another Khiên runs on it.
    #[error("another khien runs on {}", .0.display())]
    InUse(PathBuf),
    /// The folder cannot be made or written.
    #[error("{}: {source}", path.display())]
    Unusable {
        /// The folder or the file in it.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// A data folder that is ours until this is dropped.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

/// Makes the folder if need be and takes it.
///
/// # Errors
/// When another process holds it or it cannot be written.
pub fn hold(data: &Path) -> Result<Held, FolderError> {
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |source| FolderError::Unusable { path, source }
    };
    make_private(data).map_err(unusable(data))?;
    let path = data.join(LOCK_FILE);
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let lock = lock.map_err(unusable(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(Held { _lock: lock }),
        Err(TryLockError::WouldBlock) => Err(FolderError::InUse(data.to_owned())),
        Err(TryLockError::Error(source)) => Err(FolderError::Unusable { path, source }),
    }
}

/// Makes a folder, and those above it, that only their owner may enter.
///
/// # Errors
/// What the operating system says.
#[cfg(unix)]
pub fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a folder, and those above it.
///
/// # Errors
/// What the operating system says.
#[cfg(not(unix))]
pub fn make_private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_at_a_time() {
        let data = tempfile::tempdir().unwrap();
        let first = hold(data.path()).unwrap();
        assert!(matches!(hold(data.path()), Err(FolderError::InUse(_))));
        drop(first);
        assert!(hold(data.path()).is_ok());
    }
}
