//! Whole stores that change places: a compacted or a rebuilt one for the old one, or one that is set aside.
//!
//! Linux exchanges two folders in one step (`renameat2` with `RENAME_EXCHANGE`: ext4, XFS, Btrfs, tmpfs). Where the file
//! system cannot (NFS and other network file systems, some of FUSE), three renames do it, each durable before the next:
//!
//! | rename | what a crash before it leaves | put right by the next opening |
//! |---|---|---|
//! | the store to `<other>.was` | both where they were | nothing to do |
//! | the other to the store's name | no store | `<other>.was` becomes the store again |
//! | `<other>.was` to the other's name | the store is the new one | the old one gets the other's name |
//!
//! A store that is being rebuilt carries a file that says that it is unfinished, from before it is begun until just before
//! the exchange. Without it, what stands in its folder is a whole store, older or newer, and is kept.

use std::fs::File;
use std::path::{Path, PathBuf};

use depeche_disk::{durable, fault};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::StoreError;
use crate::compact::wait_until_closed;
use crate::folder::{self, io_error};

/// What a compacted copy is called beside the store.
pub(crate) const COMPACTING: &str = ".compacting";
/// What a store that is being rebuilt is called beside the store.
const REBUILDING: &str = ".rebuilding";
/// What the store is called for a moment, where exchanging takes three renames.
const WAS: &str = ".was";

/// The file in a store that is being rebuilt.
const UNFINISHED: &str = "depeche.unfinished";

/// Where a store is made again that is to take the place of the one in `dir`.
#[must_use]
pub fn rebuilding_path(dir: &Path) -> PathBuf {
    folder::beside(dir, REBUILDING)
}

/// Prepares [`rebuilding_path`] for a store that is begun: empty but for the file that says it is unfinished. What was
/// there is discarded, see [`discard`], which also says what is given back.
///
/// # Errors
///
/// [`StoreError::Locked`] when it is open, [`StoreError::Io`] when the system refuses.
pub fn prepare(fresh: &Path, keep: &Path) -> Result<bool, StoreError> {
    let kept = discard(fresh, keep)?;
    let _lock = folder::lock(fresh)?;
    std::fs::create_dir_all(fresh).map_err(|source| io_error("create", fresh, source))?;
    let mark = fresh.join(UNFINISHED);
    File::create(&mark)
        .and_then(|file| file.sync_all())
        .and_then(|()| durable::sync_name(&mark))
        .and_then(|()| durable::sync_name(fresh))
        .map_err(|source| io_error("create", &mark, source))?;
    Ok(kept)
}

/// Removes a store that was not finished. One that carries no sign of that is whole, left by a crash after it had changed
/// places, and moves to `keep`: whether that was so is given back. Its lock is that of the store it was to replace, so
/// nobody is at work on either.
///
/// # Errors
///
/// [`StoreError::Locked`] when it is open, [`StoreError::Io`] when the system refuses.
pub fn discard(dir: &Path, keep: &Path) -> Result<bool, StoreError> {
    let _lock = folder::lock(dir)?;
    if !dir.exists() {
        return Ok(false);
    }
    wait_until_closed(dir)?;
    if !dir.join(UNFINISHED).exists() {
        rename("move away", dir, keep)?;
        tracing::info!(kept_in = %keep.display(), "a whole store, which a crash had left in the place of a rebuilt one, is kept");
        return Ok(true);
    }
    // The sign goes last: a crash meanwhile must not leave parts that look like a whole store.
    for (path, name) in folder::entries(dir)? {
        if name == UNFINISHED {
            continue;
        }
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(|source| io_error("remove", &path, source))?;
    }
    durable::sync_dir(dir).map_err(|source| io_error("sync", dir, source))?;
    std::fs::remove_dir_all(dir).map_err(|source| io_error("remove", dir, source))?;
    Ok(false)
}

/// Puts the store in `fresh`, which is closed and whole, in the place of the one in `dir`; that one moves to `keep`. Where
/// there is none in `dir`, `fresh` is just given its name. Both have the same lock.
///
/// # Errors
///
/// [`StoreError::Locked`] when either is open, [`StoreError::Io`] when the system refuses; both are whole then, and the
/// next opening puts them where they belong.
pub fn replace(dir: &Path, fresh: &Path, keep: &Path) -> Result<(), StoreError> {
    let _lock = folder::lock(dir)?;
    wait_until_closed(dir)?;
    wait_until_closed(fresh)?;
    let mark = fresh.join(UNFINISHED);
    if mark.exists() {
        std::fs::remove_file(&mark)
            .and_then(|()| durable::sync_dir(fresh))
            .map_err(|source| io_error("remove", &mark, source))?;
    }
    if !dir.exists() {
        return rename("move", fresh, dir);
    }
    exchange(dir, fresh)?;
    fault::point("store.replace.exchanged").map_err(|source| io_error("exchange", dir, source))?;
    rename("move away", fresh, keep)
}

/// Moves the store in `dir` out of the way, durably, so that a new one can be made in its place. Waits until sled's
/// threads have let go of it: they know it by its path and would write into the new one.
///
/// # Errors
///
/// [`StoreError::Locked`] when it is open, [`StoreError::Io`] when the system refuses.
pub fn set_aside(dir: &Path, to: &Path) -> Result<(), StoreError> {
    let _lock = folder::lock(dir)?;
    wait_until_closed(dir)?;
    rename("set aside", dir, to)
}

/// Puts the other store in this one's place and this one in the other's.
pub(crate) fn exchange(dir: &Path, other: &Path) -> Result<(), StoreError> {
    match renameat_with(CWD, other, CWD, dir, RenameFlags::EXCHANGE) {
        Ok(()) => durable::sync_name(dir).map_err(|source| io_error("sync the folder of", dir, source)),
        // What file systems say that cannot, and kernels before 3.15.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => exchange_by_turns(dir, other),
        Err(error) => Err(io_error("exchange with its new copy", dir, error.into())),
    }
}

fn exchange_by_turns(dir: &Path, other: &Path) -> Result<(), StoreError> {
    let was = folder::beside(other, WAS);
    rename("move", dir, &was)?;
    if let Err(error) = rename("move", other, dir) {
        if !dir.exists() {
            rename("move back", &was, dir)?;
        }
        return Err(error);
    }
    rename("move", &was, other)
}

/// Whether there is a store, be it under the name that a broken-off exchange has left it.
pub(crate) fn is_there(dir: &Path) -> bool {
    folder::db(dir).is_file()
        || others(dir)
            .iter()
            .any(|other| folder::beside(other, WAS).exists())
}

/// Puts right what an exchange or a compacting that broke off has left beside the store. The store's lock is held.
pub(crate) fn put_right(dir: &Path) -> Result<(), StoreError> {
    for other in others(dir) {
        let was = folder::beside(&other, WAS);
        if !was.exists() {
            continue;
        }
        tracing::info!(folder = %was.display(), "an exchange of two stores broke off: putting it right");
        if !dir.exists() {
            rename("move back", &was, dir)?;
        } else if !other.exists() {
            rename("move", &was, &other)?;
        }
    }
    let left = folder::beside(dir, COMPACTING);
    if left.exists() {
        tracing::info!(folder = %left.display(), "removing the other store of a compacting");
        std::fs::remove_dir_all(&left).map_err(|source| io_error("remove", &left, source))?;
        durable::sync_name(&left).map_err(|source| io_error("sync the folder of", &left, source))?;
    }
    Ok(())
}

/// What may change places with the store.
fn others(dir: &Path) -> [PathBuf; 2] {
    [folder::beside(dir, COMPACTING), rebuilding_path(dir)]
}

fn rename(action: &'static str, from: &Path, to: &Path) -> Result<(), StoreError> {
    durable::rename(from, to).map_err(|source| io_error(action, from, source))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{Store, StoreOptions};

    const OPTIONS: StoreOptions = StoreOptions {
        cache_bytes: 1 << 20,
        min_free_bytes: 0,
    };

    struct Stores {
        _parent: tempfile::TempDir,
        dir: PathBuf,
        fresh: PathBuf,
        keep: PathBuf,
    }

    /// An old store, and a rebuilt one beside it.
    fn stores() -> Stores {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("store");
        let fresh = rebuilding_path(&dir);
        let keep = parent.path().join("kept");
        make(&dir, "old");
        assert!(!prepare(&fresh, &keep).unwrap());
        make(&fresh, "new");
        Stores {
            _parent: parent,
            dir,
            fresh,
            keep,
        }
    }

    fn make(dir: &Path, what: &str) {
        let store = Store::open(dir, OPTIONS).unwrap();
        store.db.insert("what", what).unwrap();
        store.make_durable().unwrap();
        drop(store);
        wait_until_closed(dir).unwrap();
    }

    fn what(dir: &Path) -> String {
        let store = Store::open_existing(dir, OPTIONS).unwrap();
        let what = store.raw(b"what").unwrap().unwrap();
        String::from_utf8(what.to_vec()).unwrap()
    }

    #[test]
    fn a_rebuilt_store_takes_the_place_of_the_old_one_which_is_kept() {
        let Stores { dir, fresh, keep, .. } = &stores();
        replace(dir, fresh, keep).unwrap();
        assert_eq!((what(dir), what(keep)), ("new".to_owned(), "old".to_owned()));
        assert!(!fresh.exists() && !dir.join(UNFINISHED).exists());
    }

    #[test]
    fn an_unfinished_store_is_erased_and_a_whole_one_is_kept() {
        let Stores { dir, fresh, keep, .. } = &stores();
        assert!(!prepare(fresh, keep).unwrap());
        assert!(!keep.exists() && !folder::db(fresh).exists());
        // Killed after the exchange: the old store stands in the place of the rebuilt one.
        make(fresh, "new");
        fs::remove_file(fresh.join(UNFINISHED)).unwrap();
        exchange(dir, fresh).unwrap();
        assert!(prepare(fresh, keep).unwrap());
        assert_eq!((what(dir), what(keep)), ("new".to_owned(), "old".to_owned()));
        // And while it was erased.
        assert!(!discard(fresh, &keep.with_extension("2")).unwrap());
        assert!(!fresh.exists() && !keep.with_extension("2").exists());
    }

    #[test]
    fn where_folders_cannot_be_exchanged_a_crash_between_the_renames_loses_no_store() {
        let Stores { dir, fresh, .. } = &stores();
        let was = folder::beside(fresh, WAS);
        exchange_by_turns(dir, fresh).unwrap();
        assert_eq!((what(dir), what(fresh)), ("new".to_owned(), "old".to_owned()));
        assert!(!was.exists());
        // After the first rename: as it was.
        fs::rename(dir, &was).unwrap();
        assert_eq!((what(dir), what(fresh)), ("new".to_owned(), "old".to_owned()));
        // After the second: exchanged.
        wait_until_closed(dir).unwrap();
        fs::rename(dir, &was).unwrap();
        fs::rename(fresh, dir).unwrap();
        assert_eq!((what(dir), what(fresh)), ("old".to_owned(), "new".to_owned()));
        assert!(!was.exists());
        // The same of a compacting, whose other store goes.
        wait_until_closed(dir).unwrap();
        let was = folder::beside(&folder::beside(dir, COMPACTING), WAS);
        fs::rename(fresh, &was).unwrap();
        assert_eq!(what(dir), "old");
        assert!(!was.exists() && !folder::beside(dir, COMPACTING).exists());
    }
}
