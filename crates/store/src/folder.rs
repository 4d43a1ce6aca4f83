//! The folder that sled works in, seen from outside: who has it, what a crash left in it, and making it durable.
//!
//! Answers to two facts about sled 0.34.7: a `snap.*.generating` file left by a crash makes every later open fail,
//! although all data is there; and sled syncs none of the names that it makes.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use depeche_disk::durable;

use crate::StoreError;

/// The file that holds sled's log.
pub(crate) fn db(dir: &Path) -> PathBuf {
    dir.join("db")
}

/// Where sled puts values that are too large for its log, and never syncs them. Ours stays empty.
pub(crate) fn blobs(dir: &Path) -> PathBuf {
    dir.join("blobs")
}

/// A name beside the store: the folder's own name and a suffix.
pub(crate) fn beside(dir: &Path, suffix: &str) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// One process at a time, from before the first look into the folder: sled's own lock comes after it has begun to
/// write, too late for sweeping what another process is just making.
pub(crate) fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.with_extension("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| io_error("open", &path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io_error("lock", &path, source)),
    }
}

/// Removes half-written snapshots. sled makes new ones; what they would have held is in its log.
pub(crate) fn sweep_half_snapshots(dir: &Path) -> Result<(), StoreError> {
    for (path, name) in entries(dir)? {
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::info!(file = %path.display(), "removing a half-written snapshot that a crash left");
            std::fs::remove_file(&path).map_err(|source| io_error("remove", &path, source))?;
        }
    }
    Ok(())
}

/// Whether sled left a snapshot, which spares it reading its whole log.
pub(crate) fn has_snapshot(dir: &Path) -> Result<bool, StoreError> {
    Ok(entries(dir)?.iter().any(|(_, name)| name.starts_with("snap.")))
}

/// How many values sled has put outside its log.
pub(crate) fn count_blobs(dir: &Path) -> Result<u64, StoreError> {
    let blobs = blobs(dir);
    if !blobs.exists() {
        return Ok(0);
    }
    Ok(entries(&blobs)?.len() as u64)
}

/// Bytes that the store takes on the disk, sled's snapshot included.
pub(crate) fn size(dir: &Path) -> Result<u64, StoreError> {
    let mut bytes = 0;
    for (path, _) in entries(dir)? {
        let metadata = path
            .metadata()
            .map_err(|source| io_error("look at", &path, source))?;
        bytes += if metadata.is_file() { metadata.len() } else { 0 };
    }
    Ok(bytes)
}

/// Makes every file of sled and every name on the way to it durable. After each opening, since each may have made some:
/// files at the first one, a snapshot later.
pub(crate) fn make_durable(dir: &Path) -> Result<(), StoreError> {
    for path in [dir.join("conf"), db(dir)] {
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|source| io_error("sync", &path, source))?;
    }
    for folder in [blobs(dir).as_path(), dir] {
        durable::sync_dir(folder).map_err(|source| io_error("sync", folder, source))?;
    }
    durable::sync_name(dir).map_err(|source| io_error("sync the folder of", dir, source))
}

/// What is in a folder: paths and names.
pub(crate) fn entries(dir: &Path) -> Result<Vec<(PathBuf, String)>, StoreError> {
    let unreadable = |source| io_error("read", dir, source);
    std::fs::read_dir(dir)
        .map_err(unreadable)?
        .map(|entry| {
            let entry = entry.map_err(unreadable)?;
            Ok((entry.path(), entry.file_name().to_string_lossy().into_owned()))
        })
        .collect()
}

pub(crate) fn io_error(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
