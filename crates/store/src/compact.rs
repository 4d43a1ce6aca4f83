//! Making the store small again.
//!
//! sled's file never shrinks: what was superseded or deleted leaves holes, which later rows fill. Compacting copies every
//! row into a fresh store beside the old one, reads it back from the disk, compares, and exchanges the two folders
//! (`exchange`):
//!
//! | step | what a crash leaves | put right by the next opening |
//! |---|---|---|
//! | copy into `store.compacting`, sync, reopen, compare | the old store; a half-made copy | the copy is removed |
//! | exchange | one of both, whole | the other is removed |
//! | remove the old one | the new store; parts of the old one | they are removed |
//!
//! 100,000 articles, a quarter of them revisions, 800 MB: 583 MB after. It takes memory beyond the cache (720 MB for
//! these), since sled keeps what a page was made of until it writes the page again.
//!
//! So whatever is called `store` is whole at every moment, and whatever is called `store.compacting` may go.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::canary::Mark;
use crate::database::{
    LOCK_PAUSE, LOCK_TRIES, Store, StoreOptions, commit_error, guard, look_for_room, make_durable, open_sled,
};
use crate::exchange;
use crate::folder::{self, io_error};

/// What compacting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes on the disk before.
    pub before_bytes: u64,
    /// Bytes on the disk after: the same where the copy was no smaller, and the store stayed as it was.
    pub after_bytes: u64,
    /// Rows copied.
    pub rows: u64,
}

/// A copy goes in batches of about this size: larger ones gain nothing, and sled holds a batch in memory twice.
const BATCH_BYTES: usize = 1 << 20;

/// Copies the store in `dir` into a fresh one, compares, and puts it in the old one's place where it is smaller. The old
/// one is removed. Nobody else may have the store open. Needs as much free room as the rows take, above `min_free_bytes`.
///
/// # Errors
///
/// [`StoreError`]: as for opening; or the copy differs, or the disk has no room, or its file system cannot exchange two
/// folders. The store is then as it was.
pub fn compact(dir: &Path, options: StoreOptions) -> Result<Compacted, StoreError> {
    if !exchange::is_there(dir) {
        return Err(StoreError::Missing { dir: dir.to_owned() });
    }
    let lock = folder::lock(dir)?;
    exchange::put_right(dir)?;
    let copy = copy_path(dir);
    let copied = make_copy(dir, &copy, options, &lock);
    if copied.is_err()
        && let Err(error) = exchange::put_right(dir)
    {
        tracing::warn!(folder = %copy.display(), %error, "the half-made copy could not be removed; the next opening does");
    }
    let rows = copied?;
    let (before_bytes, copy_bytes) = (folder::size(dir)?, folder::size(&copy)?);
    if copy_bytes >= before_bytes {
        exchange::put_right(dir)?;
        return Ok(Compacted {
            before_bytes,
            after_bytes: before_bytes,
            rows,
        });
    }
    exchange::exchange(dir, &copy)?;
    exchange::put_right(dir)?;
    Ok(Compacted {
        before_bytes,
        after_bytes: folder::size(dir)?,
        rows,
    })
}

fn copy_path(dir: &Path) -> PathBuf {
    folder::beside(dir, exchange::COMPACTING)
}

/// A durable copy of the store in `dir`, read back and compared. Both are closed at the end.
fn make_copy(dir: &Path, copy: &Path, options: StoreOptions, lock: &File) -> Result<u64, StoreError> {
    let again = lock.try_clone().map_err(|source| io_error("lock", dir, source))?;
    let store = Store::open_locked(dir, options, again)?;
    std::fs::create_dir_all(copy).map_err(|source| io_error("create", copy, source))?;
    let read = guard(dir, || copy_rows(&store, copy, options))?;
    let canary = store.canary()?;
    drop(store);
    wait_until_closed(dir)?;
    wait_until_closed(copy)?;
    let written = guard(copy, || {
        let mut written = Digest::default();
        for item in open_sled(copy, options.cache_bytes)?.iter() {
            let (key, value) = item?;
            written.add(&key, &value);
        }
        Ok(written)
    })?;
    wait_until_closed(copy)?;
    if read != written {
        return Err(StoreError::Damaged {
            dir: copy.to_owned(),
            why: format!(
                "of {} rows, {} came back, or not the same",
                read.rows, written.rows
            ),
        });
    }
    drop(Mark::make(copy, canary)?);
    folder::make_durable(copy)?;
    Ok(read.rows)
}

/// Copies in two passes: first every key without its value, then the values. sled writes a page again whenever it splits
/// or has collected ten changes; in one pass most of the log is such superseded pages, and the copy of 20,000 articles
/// came out at 177 MB, larger than the store of 159 MB. The first pass makes all pages, of a few bytes each; the second
/// adds at most nine values to each, which sled leaves as they are: 135 MB, of which 82 MB are in force.
fn copy_rows(store: &Store, copy: &Path, options: StoreOptions) -> Result<Digest, StoreError> {
    let mut writer = Writer {
        db: open_sled(copy, options.cache_bytes)?,
        copy,
        options,
        batch: sled::Batch::default(),
        batch_bytes: 0,
    };
    for key in store.scan([]).keys() {
        writer.put(key?, sled::IVec::default())?;
    }
    writer.write()?;
    let mut read = Digest::default();
    for item in store.scan([]) {
        let (key, value) = item?;
        read.add(&key, &value);
        writer.put(key, value)?;
    }
    writer.write()?;
    make_durable(copy, &writer.db)?;
    Ok(read)
}

/// Writes rows in batches.
struct Writer<'a> {
    db: sled::Db,
    copy: &'a Path,
    options: StoreOptions,
    batch: sled::Batch,
    batch_bytes: usize,
}

impl Writer<'_> {
    fn put(&mut self, key: sled::IVec, value: sled::IVec) -> Result<(), StoreError> {
        self.batch_bytes += key.len() + value.len();
        self.batch.insert(key, value);
        if self.batch_bytes >= BATCH_BYTES {
            self.write()?;
        }
        Ok(())
    }

    /// Flushes too: what waits to be written cannot be used again by sled, and fills the memory.
    fn write(&mut self) -> Result<(), StoreError> {
        look_for_room(self.copy, self.options)?;
        self.batch_bytes = 0;
        self.db
            .apply_batch(std::mem::take(&mut self.batch))
            .and_then(|()| self.db.flush())
            .map(drop)
            .map_err(|error| commit_error(self.copy, &error))
    }
}

/// Returns when no thread of sled holds the store any more: its lock on its file is the last thing it lets go of.
pub(crate) fn wait_until_closed(dir: &Path) -> Result<(), StoreError> {
    let path = folder::db(dir);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(io_error("open", &path, source)),
    };
    for _ in 0..LOCK_TRIES {
        if file.try_lock().is_ok() {
            return Ok(());
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    Err(StoreError::Locked { dir: dir.to_owned() })
}

/// What was read, in short: equal digests are equal rows in equal order.
#[derive(Default)]
struct Digest {
    rows: u64,
    hash: blake3::Hasher,
}

impl Digest {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        self.rows += 1;
        for bytes in [key, value] {
            self.hash.update(&(bytes.len() as u64).to_be_bytes());
            self.hash.update(bytes);
        }
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows && self.hash.finalize() == other.hash.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::set_aside;
    use crate::rows::encode;

    fn options() -> StoreOptions {
        StoreOptions {
            cache_bytes: 1 << 20,
            min_free_bytes: 0,
        }
    }

    /// A store of which most was superseded, and its rows.
    fn sample(dir: &Path) -> Digest {
        let store = Store::open(dir, options()).unwrap();
        for round in 0..40_u8 {
            for n in 0..40_u64 {
                let noise: Vec<u8> = (0..1000_u64)
                    .flat_map(|i| blake3::hash(&(i * n).to_be_bytes()).as_bytes()[..8].to_vec())
                    .collect();
                store
                    .db
                    .insert(n.to_be_bytes(), encode(&(round, noise)).unwrap())
                    .unwrap();
            }
        }
        store.make_durable().unwrap();
        rows(&store)
    }

    fn rows(store: &Store) -> Digest {
        let mut digest = Digest::default();
        for row in store.scan([]) {
            let (key, value) = row.unwrap();
            digest.add(&key, &value);
        }
        digest
    }

    fn reopened(dir: &Path) -> Digest {
        rows(&Store::open(dir, options()).unwrap())
    }

    #[test]
    fn a_compacted_store_holds_the_same_in_less_room() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("store");
        let before = sample(&dir);
        let compacted = compact(&dir, options()).unwrap();
        assert!(compacted.after_bytes < compacted.before_bytes, "{compacted:?}");
        assert_eq!(compacted.rows, before.rows);
        assert!(reopened(&dir) == before);
        assert!(!copy_path(&dir).exists());
        // Once more gains nothing, and leaves everything as it is.
        let again = compact(&dir, options()).unwrap();
        assert!(again.after_bytes <= again.before_bytes);
        assert!(reopened(&dir) == before);
    }

    #[test]
    fn a_crash_at_any_step_leaves_a_whole_store() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("store");
        let before = sample(&dir);
        let copy = copy_path(&dir);
        let make = || make_copy(&dir, &copy, options(), &folder::lock(&dir).unwrap()).unwrap();

        // While it is copied: files of any content.
        std::fs::create_dir(&copy).unwrap();
        std::fs::write(copy.join("db"), b"half").unwrap();
        assert!(reopened(&dir) == before && !copy.exists());
        // Before the exchange.
        make();
        assert!(reopened(&dir) == before && !copy.exists());
        // After it.
        make();
        exchange::exchange(&dir, &copy).unwrap();
        assert!(reopened(&dir) == before && !copy.exists());
        // While the old one is removed.
        make();
        exchange::exchange(&dir, &copy).unwrap();
        std::fs::remove_file(folder::db(&copy)).unwrap();
        assert!(reopened(&dir) == before && !copy.exists());
    }

    #[test]
    fn a_store_that_is_open_is_neither_compacted_nor_set_aside() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("store");
        let store = Store::open(&dir, options()).unwrap();
        assert!(matches!(compact(&dir, options()), Err(StoreError::Locked { .. })));
        let aside = parent.path().join("aside");
        assert!(matches!(set_aside(&dir, &aside), Err(StoreError::Locked { .. })));
        drop(store);
        set_aside(&dir, &aside).unwrap();
        assert!(aside.join("db").is_file() && !dir.exists());
    }

    #[test]
    fn without_room_the_store_stays_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("store");
        let before = sample(&dir);
        let full = StoreOptions {
            min_free_bytes: u64::MAX,
            ..options()
        };
        assert!(matches!(compact(&dir, full), Err(StoreError::NoRoom(_))));
        assert!(!copy_path(&dir).exists());
        assert!(reopened(&dir) == before);
    }
}
