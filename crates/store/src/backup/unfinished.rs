//! A restore that was killed: what it leaves, and putting that right.
//!
//! While a restore works there is `restoring/` in the data folder. Before the first part is moved out of it, a note in it
//! names, durably, every part that will be: parts that had no namesake in the data folder. The store comes last.
//!
//! | killed | what is left | the next restore |
//! |---|---|---|
//! | before the note | `restoring/` alone | removes it, and begins anew |
//! | between the moves | `restoring/` with the note and the store; some parts in their places | removes the parts that are named and no longer in `restoring/`, then it |
//! | after the last move | `restoring/` with the note alone; every part in its place | removes `restoring/`: the restore is finished |
//!
//! So a part in the data folder that still stands in `restoring/`, or that the note does not name, is somebody else's, and
//! nothing at all is removed then. While the store is missing, no daemon may begin one from what journal is there: the
//! backup's rows may hold more.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use depeche_disk::durable;

use super::{BackupError, FEEDS};
use crate::folder;

/// Where restoring works, inside the data folder.
pub(super) const RESTORING: &str = "restoring";
/// The folder of the store.
pub(super) const STORE: &str = "store";
/// What a restore puts into a data folder, in the order of moving.
pub(super) const PARTS: [&str; 3] = ["journal", FEEDS, STORE];

/// The note of what is moved, one name a line.
const NOTE: &str = "moving";
/// Where the note is written before it gets its name.
const HALF_NOTE: &str = "moving.part";

/// What may stand in a folder that counts as empty: what file systems put there, and the lock of a store that is gone.
const COUNTS_AS_NOTHING: [&str; 2] = ["lost+found", "store.lock"];

/// Looks whether a restore into this data folder broke off, before anything in it is opened. Where all but the tidying
/// up was done, tidies up.
///
/// # Errors
///
/// [`BackupError::Unfinished`] when one broke off: nothing may be opened or begun there. [`crate::StoreError::Locked`]
/// when one is at work. [`BackupError::Io`] when the system refuses.
pub fn look_for_unfinished_restore(data_dir: &Path) -> Result<(), BackupError> {
    if !data_dir.join(RESTORING).exists() {
        return Ok(());
    }
    let _lock = folder::lock(&data_dir.join(STORE))?;
    if finish(data_dir)? {
        return Ok(());
    }
    Err(BackupError::Unfinished {
        dir: data_dir.to_owned(),
    })
}

/// Notes durably in `restoring/` which parts are moved from now on.
pub(super) fn note_moves(restoring: &Path, parts: &[&str]) -> Result<(), BackupError> {
    let cannot = || BackupError::io(format!("note what is moved in {}", restoring.display()));
    durable::write_whole(&restoring.join(NOTE), |out| {
        parts.iter().try_for_each(|part| writeln!(out, "{part}"))
    })
    .map_err(cannot())?;
    durable::sync_name(restoring).map_err(cannot())
}

/// Removes what a restore that was killed has left, all of it its own, and looks that nothing else is there. The store's
/// lock is held.
pub(super) fn clear(data_dir: &Path) -> Result<(), BackupError> {
    finish(data_dir)?;
    let restoring = data_dir.join(RESTORING);
    let moved = if restoring.exists() {
        moved(data_dir, &restoring)?
    } else {
        Vec::new()
    };
    for name in names(data_dir)? {
        let ours = moved.contains(&name.as_str()) || name == RESTORING;
        if !ours && !COUNTS_AS_NOTHING.contains(&name.as_str()) {
            return Err(super::restore::not_empty(data_dir, &name));
        }
    }
    if !restoring.exists() {
        return Ok(());
    }
    tracing::info!(folder = %restoring.display(), "removing what an earlier restore, which did not finish, has left");
    for name in moved {
        remove(&data_dir.join(name))?;
    }
    // The note goes after what it names.
    durable::sync_dir(data_dir).map_err(BackupError::io(format!("sync {}", data_dir.display())))?;
    remove(&restoring)?;
    durable::sync_dir(data_dir).map_err(BackupError::io(format!("sync {}", data_dir.display())))
}

/// Whether the restore had only to tidy up, which is done here: the store, the last part, is in its place.
fn finish(data_dir: &Path) -> Result<bool, BackupError> {
    let restoring = data_dir.join(RESTORING);
    if !restoring.exists() || !data_dir.join(STORE).exists() || restoring.join(STORE).exists() {
        return Ok(false);
    }
    only_ours(data_dir, &restoring)?;
    remove(&restoring)?;
    durable::sync_dir(data_dir).map_err(BackupError::io(format!("sync {}", data_dir.display())))?;
    Ok(true)
}

/// The parts in the data folder that the restore put there.
fn moved(data_dir: &Path, restoring: &Path) -> Result<Vec<&'static str>, BackupError> {
    only_ours(data_dir, restoring)?;
    let note = restoring.join(NOTE);
    let noted = match std::fs::read_to_string(&note) {
        Ok(noted) => noted,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(BackupError::io(format!("read {}", note.display()))(error)),
    };
    Ok(PARTS
        .into_iter()
        .filter(|part| noted.lines().any(|line| line == *part))
        .filter(|part| data_dir.join(part).exists() && !restoring.join(part).exists())
        .collect())
}

/// Looks that `restoring/` is a restore's, and no folder of somebody else by this name.
fn only_ours(data_dir: &Path, restoring: &Path) -> Result<(), BackupError> {
    for name in names(restoring)? {
        if !PARTS.contains(&name.as_str()) && name != NOTE && name != HALF_NOTE && name != "store.lock" {
            return Err(super::restore::not_empty(
                data_dir,
                &format!("{RESTORING}/{name}"),
            ));
        }
    }
    Ok(())
}

fn names(dir: &Path) -> Result<Vec<String>, BackupError> {
    let cannot = || BackupError::io(format!("read {}", dir.display()));
    std::fs::read_dir(dir)
        .map_err(cannot())?
        .map(|entry| {
            let name = entry.map_err(cannot())?.file_name();
            Ok(name.to_string_lossy().into_owned())
        })
        .collect()
}

fn remove(path: &Path) -> Result<(), BackupError> {
    let removed = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    removed.map_err(BackupError::io(format!("remove {}", path.display())))
}

/// What a restore made in this run, in order, to be taken back when it fails.
#[derive(Default)]
pub(super) struct Made(pub(super) Vec<PathBuf>);

impl Made {
    pub(super) fn undo(self) {
        for path in self.0.into_iter().rev() {
            if let Err(error) = remove(&path)
                && path.exists()
            {
                tracing::warn!(path = %path.display(), %error, "what restoring had made could not be removed");
            }
        }
    }
}

#[cfg(test)]
#[path = "unfinished_tests.rs"]
mod tests;
