//! sled, opened and synced so that what is acknowledged survives.
//!
//! Facts about sled 0.34.7 this module answers, each reproduced in `tests/promises/hazards.rs`:
//!
//! - `flush` ends in `sync_file_range`, which does not reach the disk's platter or the file's metadata: after it
//!   the file is synced with `fdatasync`, and only then is anything acknowledged. Names are synced after each opening.
//! - A `snap.*.generating` file left by a crash makes every later open fail although all data is there: such
//!   files are removed before opening (`folder`).
//! - A damaged file can make opening and reading panic: panics are caught and told as damage.
//! - A damaged file opens as an empty or older store, without a word: the `canary` tells.
//! - On a full disk its background work fails in ways that stick: it is not opened with less than `min_free`, and an
//!   error of a commit ends the stage.
//! - Values above a quarter of its segment size go to unsynced blob files: segments are 8 MiB, large rows are cut into
//!   parts far below that, and a blob that is there all the same is told as an error.
//! - Without a snapshot it reads its whole log at opening, which is what a kill leaves: 100,000 articles (800 MB) open in
//!   0.6 s then, and in 0.1 s with one.
//! - Its input and output run on threads of the process, shared by all its stores: nothing of ours runs there (no
//!   `flush_async`, no subscribers), and one plain thread writes.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use depeche_disk::{OnFull, Room};
use serde::de::DeserializeOwned;

use crate::canary::{Canary, Mark};
use crate::folder::io_error;
use crate::rows::{Checkpoint, decode};
use crate::{StoreError, exchange, folder, keys, migrate, rows};

/// How the store uses the machine.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// sled's page cache, in bytes. It is not all that the process takes: reading 100,000 articles (750 MB) took 74, 103
    /// and 192 MiB with a cache of 16, 64 and 256 MiB, reading every row 241 MiB with 64.
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

/// How an opening went.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    /// How long it took, checks included.
    pub took: Duration,
    /// Bytes of sled's file before.
    pub db_bytes: u64,
    /// Whether sled had a snapshot to start from; without one it reads its whole log.
    pub had_snapshot: bool,
    /// The schema it had, where it was older than this program's.
    pub migrated_from: Option<u32>,
}

/// The open store. Clones share it; one process at a time has it.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: sled::Db,
    held: Arc<Held>,
}

/// What an open store holds beside sled.
struct Held {
    dir: PathBuf,
    opening: Opening,
    mark: Mark,
    told_of_blobs: AtomicBool,
    /// Held as long as the store is open; see [`folder::lock`].
    _lock: File,
}

impl Store {
    /// Opens the store in `dir`, creating it when it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: locked by another process, damaged, newer than this program, or no room on the disk.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        if let Some(parent) = dir.parent() {
            std::fs::create_dir_all(parent).map_err(|source| io_error("create", parent, source))?;
        }
        let lock = folder::lock(dir)?;
        exchange::put_right(dir)?;
        std::fs::create_dir_all(dir).map_err(|source| io_error("create", dir, source))?;
        look_for_room(dir, options)?;
        Self::open_locked(dir, options, lock)
    }

    /// Opens a store that is there, to read it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when there is none; else as [`Store::open`].
    pub fn open_existing(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        if !exchange::is_there(dir) {
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

    /// Opens the store in `dir`, whose `lock` is held.
    pub(crate) fn open_locked(dir: &Path, options: StoreOptions, lock: File) -> Result<Self, StoreError> {
        let begun = Instant::now();
        folder::sweep_half_snapshots(dir)?;
        let had_snapshot = folder::has_snapshot(dir)?;
        let db_bytes = std::fs::metadata(folder::db(dir)).map(|db| db.len()).ok();
        let mark = if db_bytes.is_some() {
            Mark::read(dir)?
        } else {
            // Before sled makes anything: a crash from here on leaves a store that is known to be unfinished.
            let unmade = Canary::unmade()?;
            drop(Mark::make(dir, unmade)?);
            Some(unmade)
        };
        let db = open_sled(dir, options.cache_bytes)?;
        let found = migrate::Found {
            mark,
            held_data: had_snapshot || db_bytes.is_some_and(|bytes| bytes > 0),
        };
        let (canary, migrated_from) = guard(dir, || migrate::settle(dir, &db, &found))?;
        folder::make_durable(dir)?;
        let store = Self {
            db,
            held: Arc::new(Held {
                dir: dir.to_owned(),
                opening: Opening {
                    took: begun.elapsed(),
                    db_bytes: db_bytes.unwrap_or(0),
                    had_snapshot,
                    migrated_from,
                },
                mark: Mark::make(dir, canary)?,
                told_of_blobs: AtomicBool::new(false),
                _lock: lock,
            }),
        };
        store.look_for_blobs()?;
        tracing::debug!(store = %dir.display(), opening = ?store.held.opening, "the store is open");
        Ok(store)
    }

    /// How the opening went.
    #[must_use]
    pub fn opening(&self) -> Opening {
        self.held.opening
    }

    /// Where it is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.held.dir
    }

    /// Values that sled put outside its log, where it never syncs them. Not 0 only where something is wrong.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] when the folder cannot be read.
    pub fn blobs(&self) -> Result<u64, StoreError> {
        folder::count_blobs(&self.held.dir)
    }

    /// Says loudly, once, that there are blobs. One look into an empty folder: cheap enough for each commit.
    pub(crate) fn look_for_blobs(&self) -> Result<(), StoreError> {
        let blobs = self.blobs()?;
        if blobs > 0 && !self.held.told_of_blobs.swap(true, Ordering::Relaxed) {
            tracing::error!(
                folder = %folder::blobs(&self.held.dir).display(), blobs,
                "sled has put values into files that it does not sync: a power cut may lose them; move the store away \
                 and let it be made again from the journal"
            );
        }
        Ok(())
    }

    pub(crate) fn canary(&self) -> Result<Canary, StoreError> {
        self.get(keys::CANARY_KEY)?
            .ok_or_else(|| self.damaged("it lost its canary".to_owned()))
    }

    /// Everything written so far reaches the disk.
    pub(crate) fn make_durable(&self) -> Result<(), StoreError> {
        make_durable(&self.held.dir, &self.db)
    }

    /// Notes beside the tree that this commit is durable.
    pub(crate) fn note_durable(&self, canary: Canary) {
        self.held.mark.write(canary);
    }

    /// The row that stands under `key` as `bytes`, put together where it is kept in parts.
    pub(crate) fn row<T: DeserializeOwned>(&self, key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
        let Some(parts) = rows::parts(bytes) else {
            return decode(key, bytes);
        };
        decode(key, &self.join_parts(key, parts)?)
    }

    fn join_parts(&self, key: &[u8], parts: u32) -> Result<Vec<u8>, StoreError> {
        let mut whole = Vec::new();
        for n in 0..parts {
            let part = self.raw(&keys::part(key, n))?.ok_or_else(|| StoreError::Row {
                why: format!("{}: part {n} of {parts} is missing", key.escape_ascii()),
            })?;
            whole.extend_from_slice(&part);
        }
        Ok(whole)
    }

    /// The row under `key`, where there is one.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.raw(key)?.map(|bytes| self.row(key, &bytes)).transpose()
    }

    /// The value under `key`, as sled has it.
    pub(crate) fn raw(&self, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        guard(&self.held.dir, || Ok(self.db.get(key)?))
    }

    /// Every row whose key begins with `prefix`, in order.
    pub(crate) fn scan(&self, prefix: impl AsRef<[u8]>) -> Scan {
        self.guarded(self.db.scan_prefix(prefix))
    }

    /// Every row from one key to before another.
    pub(crate) fn range(&self, keys: std::ops::Range<Vec<u8>>) -> Scan {
        self.guarded(self.db.range(keys))
    }

    fn guarded(&self, iter: sled::Iter) -> Scan {
        Scan {
            iter,
            held: Arc::clone(&self.held),
            ended: false,
        }
    }

    pub(crate) fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        Ok(self.get(keys::CHECKPOINT_KEY)?.unwrap_or_default())
    }

    /// Reads every row, on two threads: whether all that sled holds can be read. Gives back how many rows there are.
    ///
    /// sled reads a page when it is first asked for, and opening asks for few. Each page is under a checksum, and walking
    /// all rows comes by every one of them, those that only lead to others too: what passes here was written like this.
    /// So no envelope is opened. 0.65 s for 91,000 articles (864 MB in the system's cache, 754,000 rows) on one thread; with
    /// every envelope it was 3.7 s.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] or [`StoreError::Row`]: something that cannot be read.
    pub fn check_readable(&self) -> Result<u64, StoreError> {
        // The kinds that take most first, so that neither thread is left with one of them at the end.
        let kinds: Vec<u8> = keys::LARGEST
            .into_iter()
            .chain((0..=u8::MAX).filter(|kind| !keys::LARGEST.contains(kind)))
            .collect();
        let next = AtomicUsize::new(0);
        let check = || {
            let mut rows = 0;
            while let Some(kind) = kinds.get(next.fetch_add(1, Ordering::Relaxed)) {
                for item in self.scan([*kind]) {
                    item?;
                    rows += 1;
                }
            }
            Ok::<u64, StoreError>(rows)
        };
        std::thread::scope(|scope| {
            let beside = scope.spawn(check);
            let here = check();
            let beside = beside
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok(here? + beside?)
        })
    }

    /// Bytes the store takes on the disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Row`] when sled cannot tell.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        Ok(self.db.size_on_disk()?)
    }

    fn damaged(&self, why: String) -> StoreError {
        StoreError::Damaged {
            dir: self.held.dir.clone(),
            why,
        }
    }
}

/// Rows in order. What sled cannot read is an error, a panic of sled too, and nothing follows it.
pub(crate) struct Scan {
    iter: sled::Iter,
    held: Arc<Held>,
    ended: bool,
}

type Row = (sled::IVec, sled::IVec);

impl Scan {
    fn step(
        &mut self,
        step: impl FnOnce(&mut sled::Iter) -> Option<sled::Result<Row>>,
    ) -> Option<Result<Row, StoreError>> {
        if self.ended {
            return None;
        }
        let item = guard(&self.held.dir, || Ok(step(&mut self.iter).transpose()?)).transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }

    /// The keys alone.
    pub(crate) fn keys(self) -> impl DoubleEndedIterator<Item = Result<sled::IVec, StoreError>> {
        self.map(|item| item.map(|(key, _)| key))
    }
}

impl Iterator for Scan {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Iterator::next)
    }
}

impl DoubleEndedIterator for Scan {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(DoubleEndedIterator::next_back)
    }
}

/// sled panics on data it did not expect. That is damage to be told, not a bug to die of.
pub(crate) fn guard<T>(dir: &Path, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let why = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("(nothing)");
        Err(StoreError::Damaged {
            dir: dir.to_owned(),
            why: format!("sled panicked on it: {why}"),
        })
    })
}

pub(crate) fn look_for_room(dir: &Path, options: StoreOptions) -> Result<(), StoreError> {
    Room::new(dir, options.min_free_bytes, OnFull::End)
        .look()
        .map_err(|source| io_error("look at", dir, source))?
        .map_err(StoreError::from)
}

pub(crate) fn open_sled(dir: &Path, cache_bytes: u64) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(cache_bytes)
        .segment_size(SEGMENT_BYTES)
        // Every commit flushes by itself; a timer would only sync half-made groups.
        .flush_every_ms(None);
    let open = || guard(dir, || Ok(config.open()));
    let mut opened = open()?;
    for _ in 0..LOCK_TRIES {
        if !matches!(&opened, Err(error) if is_locked(error)) {
            break;
        }
        std::thread::sleep(LOCK_PAUSE);
        opened = open()?;
    }
    match opened {
        Ok(db) => Ok(db),
        Err(error) if is_locked(&error) => Err(StoreError::Locked { dir: dir.to_owned() }),
        // The system refused (permissions, descriptors, a failing disk): that says nothing about the data.
        Err(sled::Error::Io(source)) if is_from_system(&source) => Err(io_error("open", dir, source)),
        Err(error) => Err(StoreError::Damaged {
            dir: dir.to_owned(),
            why: error.to_string(),
        }),
    }
}

/// Everything written to sled so far reaches the disk.
pub(crate) fn make_durable(dir: &Path, db: &sled::Db) -> Result<(), StoreError> {
    db.flush().map_err(|error| commit_error(dir, &error))?;
    point(dir, "store.commit.flushed")?;
    File::open(folder::db(dir))
        .and_then(|file| file.sync_data())
        .map_err(|error| commit_error(dir, &format!("fdatasync of its file: {error}")))
}

/// Passes a fault point of the commit.
pub(crate) fn point(dir: &Path, name: &'static str) -> Result<(), StoreError> {
    depeche_disk::fault::point(name).map_err(|error| commit_error(dir, &error))
}

pub(crate) fn commit_error(dir: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Commit {
        dir: dir.to_owned(),
        why: why.to_string(),
    }
}

/// A store that was closed in this process may be held by sled's own threads a moment longer: up to a second.
pub(crate) const LOCK_TRIES: u32 = 50;
pub(crate) const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// sled tells its lock in words only.
fn is_locked(error: &sled::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

/// Whether the system refused, as opposed to data that ended early or made no sense. sled copies errors by their
/// words, and the code is lost but in these.
pub(crate) fn is_from_system(error: &std::io::Error) -> bool {
    error.raw_os_error().is_some() || error.to_string().contains("Os { code")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{SCHEMA, encode};

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
