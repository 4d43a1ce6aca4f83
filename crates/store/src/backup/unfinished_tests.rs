//! Each moment a restore can be killed at, as the files it leaves.

use std::fs;

use super::super::tests::{OPTIONS, backup, names as listed};
use super::super::{BackupError, restore};
use super::*;

const RESTORED: [&str; 4] = ["feeds.opml", "journal", "store", "store.lock"];

/// A data folder as a restore leaves it that is killed after `moved` of its moves.
fn killed(data: &Path, moved: usize) {
    let (bytes, _) = backup();
    restore(&mut bytes.as_slice(), data, OPTIONS).unwrap();
    let restoring = data.join(RESTORING);
    fs::create_dir(&restoring).unwrap();
    note_moves(&restoring, &PARTS).unwrap();
    for part in PARTS.iter().skip(moved) {
        fs::rename(data.join(part), restoring.join(part)).unwrap();
    }
}

fn is_unfinished(data: &Path) -> bool {
    match look_for_unfinished_restore(data) {
        Ok(()) => false,
        Err(BackupError::Unfinished { .. }) => true,
        Err(error) => panic!("{error}"),
    }
}

fn restores_again(data: &Path) {
    assert!(is_unfinished(data));
    let (bytes, manifest) = backup();
    assert_eq!(restore(&mut bytes.as_slice(), data, OPTIONS).unwrap(), manifest);
    assert_eq!(listed(data), RESTORED);
    assert!(!is_unfinished(data));
}

#[test]
fn a_restore_that_was_killed_while_it_read_is_told_and_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let restoring = dir.path().join(RESTORING);
    fs::create_dir(&restoring).unwrap();
    restores_again(dir.path());
    fs::remove_dir_all(dir.path()).unwrap();
    for folder in ["store", "journal"] {
        fs::create_dir_all(restoring.join(folder)).unwrap();
        fs::write(restoring.join(folder).join("db"), "half").unwrap();
    }
    fs::write(restoring.join(HALF_NOTE), "jour").unwrap();
    restores_again(dir.path());
}

#[test]
fn a_restore_that_was_killed_between_its_moves_is_told_and_begun_anew() {
    for moved in 0..PARTS.len() {
        let dir = tempfile::tempdir().unwrap();
        killed(dir.path(), moved);
        restores_again(dir.path());
        // The next one was killed while it cleared up: one part is gone from both places.
        let dir = tempfile::tempdir().unwrap();
        killed(dir.path(), moved);
        for name in ["journal", "restoring/journal"] {
            let path = dir.path().join(name);
            if path.exists() {
                fs::remove_dir_all(path).unwrap();
            }
        }
        restores_again(dir.path());
    }
}

#[test]
fn a_restore_that_was_killed_while_it_tidied_up_is_finished() {
    for noted in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        killed(dir.path(), PARTS.len());
        if !noted {
            fs::remove_file(dir.path().join(RESTORING).join(NOTE)).unwrap();
        }
        assert!(!is_unfinished(dir.path()));
        assert_eq!(listed(dir.path()), RESTORED);
    }
}

#[test]
fn nothing_that_is_not_the_restores_own_is_removed() {
    let (bytes, _) = backup();
    let intruders: [(usize, &str); 4] = [
        // Beside it, in the place of parts that were still to be moved, in its folder.
        (1, "mine.txt"),
        (1, "feeds.opml"),
        (1, "restoring/mine.txt"),
        (2, "store"),
    ];
    for (moved, intruder) in intruders {
        let dir = tempfile::tempdir().unwrap();
        killed(dir.path(), moved);
        fs::write(dir.path().join(intruder), "mine").unwrap();
        let (before, inside) = (listed(dir.path()), listed(&dir.path().join(RESTORING)));
        let error = restore(&mut bytes.as_slice(), dir.path(), OPTIONS).unwrap_err();
        assert!(
            matches!(error, BackupError::NotEmpty { .. }),
            "{intruder}: {error}"
        );
        assert_eq!(listed(dir.path()), before, "{intruder}");
        assert_eq!(listed(&dir.path().join(RESTORING)), inside, "{intruder}");
    }
    let dir = tempfile::tempdir().unwrap();
    killed(dir.path(), 1);
    note_moves(&dir.path().join(RESTORING), &["feeds.opml", "store"]).unwrap();
    let error = restore(&mut bytes.as_slice(), dir.path(), OPTIONS).unwrap_err();
    assert!(error.to_string().contains("there is `journal`"), "{error}");
}
