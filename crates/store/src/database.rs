//! sled, opened and synced so that what is acknowledged survives.
//!
//! Facts about sled 0.34.7 this module answers, each from measurement:
//!
//! - `flush` ends in `sync_file_range`, which does not reach the disk's platter or the file's metadata: after it
//!   the file is synced with `fdatasync`, and only then is anything acknowledged.
//! - A `snap.*.generating` file left by a crash makes every later open fail although all data is there: such
//!   files are removed before opening. They are half-written snapshots, and sled makes new ones.
//! - A damaged file can make opening panic: the panic is caught and told as damage.
//! - On a full disk its background work fails in ways that stick: it is not opened with less than `min_free`.
//! - Values above a quarter of its segment size go to unsynced blob files: segments are 8 MiB, and large rows
//!   are cut into parts far below that.

use std::fs::{File, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use depeche_disk::{OnFull, Room};
use serde::de::DeserializeOwned;

use crate::rows::{Checkpoint, SCHEMA, decode, encode};
use crate::{StoreError, keys, rows};

/// How the store uses the machine.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// sled's page cache, in bytes. The process takes two to four times as much (measured with 64 MiB: 156 MiB
    /// loading, 256 MiB reading).
    pub cache_bytes: u64,
    /// The store is not opened for writing with fewer bytes free on its disk.
    pub min_free_bytes: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            min_free_bytes: 256 << 20,
        }
    }
}

/// sled's log segment: four times the largest value that stays out of blob files.
const SEGMENT_BYTES: usize = 8 << 20;

/// The open store. Clones share it; one process at a time has it.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: sled::Db,
    dir: PathBuf,
    /// Held as long as the store is open; see [`lock`].
    _lock: Arc<File>,
}

impl Store {
    /// Opens the store in `dir`, creating it when it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: locked by another process, damaged, newer than this program, or no room on the disk.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir).map_err(|source| io_error("create", dir, source))?;
        Room::new(dir, options.min_free_bytes, OnFull::End)
            .look()
            .map_err(|source| io_error("look at", dir, source))??;
        let lock = lock(dir)?;
        sweep_half_snapshots(dir)?;
        let store = Self::open_sled(dir, options.cache_bytes, lock)?;
        match store.db.get(keys::SCHEMA_KEY)? {
            None => {
                store.db.insert(keys::SCHEMA_KEY, encode(&SCHEMA)?)?;
                store.make_durable()?;
                // The names `db` and `conf` are durable only when their folders are synced too.
                sync(&dir.join("conf"))?;
                sync(dir)?;
                dir.parent().map_or(Ok(()), sync)?;
            }
            Some(bytes) => check_schema(dir, decode(keys::SCHEMA_KEY, &bytes)?)?,
        }
        Ok(store)
    }

    /// Opens a store that is there, to read it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when there is none; else as [`Store::open`].
    pub fn open_existing(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        if !dir.join("db").is_file() {
            return Err(StoreError::Missing { dir: dir.to_owned() });
        }
        Self::open(
            dir,
            StoreOptions {
                min_free_bytes: 0,
                ..options
            },
        )
    }

    fn open_sled(dir: &Path, cache_bytes: u64, lock: File) -> Result<Self, StoreError> {
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(cache_bytes)
            .segment_size(SEGMENT_BYTES)
            // Every commit flushes by itself; a timer would only sync half-made groups.
            .flush_every_ms(None);
        let damaged = |why: String| StoreError::Damaged {
            dir: dir.to_owned(),
            why,
        };
        let mut opened = catch_unwind(AssertUnwindSafe(|| config.open()));
        for _ in 0..LOCK_TRIES {
            if !matches!(&opened, Ok(Err(error)) if is_locked(error)) {
                break;
            }
            std::thread::sleep(LOCK_PAUSE);
            opened = catch_unwind(AssertUnwindSafe(|| config.open()));
        }
        match opened {
            Ok(Ok(db)) => Ok(Self {
                db,
                dir: dir.to_owned(),
                _lock: Arc::new(lock),
            }),
            Ok(Err(error)) if is_locked(&error) => Err(StoreError::Locked { dir: dir.to_owned() }),
            // The system refused (permissions, descriptors, a failing disk): that says nothing about the data.
            Ok(Err(sled::Error::Io(source))) if source.raw_os_error().is_some() => {
                Err(io_error("open", dir, source))
            }
            Ok(Err(error)) => Err(damaged(error.to_string())),
            Err(_) => Err(damaged("sled panicked while opening it".to_owned())),
        }
    }

    /// Everything written so far reaches the disk.
    pub(crate) fn make_durable(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(|error| StoreError::Commit {
            why: error.to_string(),
        })?;
        File::open(self.dir.join("db"))
            .and_then(|file| file.sync_data())
            .map_err(|error| StoreError::Commit {
                why: format!("fdatasync of its file: {error}"),
            })
    }

    /// The row that stands under `key` as `bytes`, put together where it is kept in parts.
    pub(crate) fn row<T: DeserializeOwned>(&self, key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
        let Some(parts) = rows::parts(bytes) else {
            return decode(key, bytes);
        };
        let mut whole = Vec::new();
        for n in 0..parts {
            let part = self.db.get(keys::part(key, n))?.ok_or_else(|| StoreError::Row {
                why: format!("{}: part {n} of {parts} is missing", key.escape_ascii()),
            })?;
            whole.extend_from_slice(&part);
        }
        decode(key, &whole)
    }

    /// The row under `key`, where there is one.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.db.get(key)?.map(|bytes| self.row(key, &bytes)).transpose()
    }

    pub(crate) fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        Ok(self.get(keys::CHECKPOINT_KEY)?.unwrap_or_default())
    }

    /// Bytes the store takes on the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Row`] when sled cannot tell.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        Ok(self.db.size_on_disk()?)
    }
}

/// A store that was closed in this process may be held by sled's own threads a moment longer: up to a second.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// sled tells its lock in words only.
fn is_locked(error: &sled::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

/// One process at a time, from before the first look into the folder: sled's own lock comes after it has begun to
/// write, too late for sweeping what another process is just making.
fn lock(dir: &Path) -> Result<File, StoreError> {
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

fn check_schema(dir: &Path, found: u32) -> Result<(), StoreError> {
    if found > SCHEMA {
        return Err(StoreError::Newer {
            dir: dir.to_owned(),
            found,
            known: SCHEMA,
        });
    }
    Ok(())
}

fn sweep_half_snapshots(dir: &Path) -> Result<(), StoreError> {
    for entry in std::fs::read_dir(dir).map_err(|source| io_error("read", dir, source))? {
        let path = entry.map_err(|source| io_error("read", dir, source))?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::info!(file = %path.display(), "removing a half-written snapshot that a crash left");
            std::fs::remove_file(&path).map_err(|source| io_error("remove", &path, source))?;
        }
    }
    Ok(())
}

fn sync(path: &Path) -> Result<(), StoreError> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|source| io_error("sync", path, source))
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> StoreOptions {
        StoreOptions {
            cache_bytes: 1 << 20,
            min_free_bytes: 0,
        }
    }

    fn refused(result: Result<Store, StoreError>) -> StoreError {
        match result {
            Ok(_) => panic!("the store opened"),
            Err(error) => error,
        }
    }

    #[test]
    fn a_second_opening_finds_the_store_locked() {
        let dir = tempfile::tempdir().unwrap();
        let _first = Store::open(dir.path(), options()).unwrap();
        let error = refused(Store::open(dir.path(), options()));
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    }

    #[test]
    fn a_half_written_snapshot_does_not_keep_the_store_from_opening() {
        let dir = tempfile::tempdir().unwrap();
        drop(Store::open(dir.path(), options()).unwrap());
        std::fs::write(dir.path().join("snap.0000000000000042.generating"), b"half").unwrap();
        Store::open(dir.path(), options()).unwrap();
        assert!(!dir.path().join("snap.0000000000000042.generating").exists());
    }

    #[test]
    fn too_little_room_is_said_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let error = refused(Store::open(
            dir.path(),
            StoreOptions {
                min_free_bytes: u64::MAX,
                ..options()
            },
        ));
        assert!(error.to_string().contains("store.min_free"), "{error}");
        assert!(!dir.path().join("db").exists());
    }

    #[test]
    fn a_missing_store_is_not_made_by_reading_it() {
        let dir = tempfile::tempdir().unwrap();
        let error = refused(Store::open_existing(&dir.path().join("store"), options()));
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        assert!(!dir.path().join("store").exists());
    }

    #[test]
    fn a_later_schema_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), options()).unwrap();
        store
            .db
            .insert(keys::SCHEMA_KEY, encode(&(SCHEMA + 1)).unwrap())
            .unwrap();
        drop(store);
        let error = refused(Store::open(dir.path(), options()));
        assert!(matches!(error, StoreError::Newer { .. }), "{error}");
    }
}
