//! Keeping a data folder: verified, backed up, restored.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Depeche, Ran, names, seeds};

/// A data folder filled from the corpus.
fn filled() -> Depeche {
    let depeche = Depeche::new();
    depeche
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    depeche
}

/// The same, with a backup beside it.
fn backed_up() -> (Depeche, PathBuf) {
    let depeche = filled();
    depeche.run(["backup", "backup.tar"]).expect_code(0);
    let path = depeche.path().join("backup.tar");
    (depeche, path)
}

fn segment(depeche: &Depeche) -> PathBuf {
    depeche.path().join("data/journal/depeche-00000001.warc")
}

/// Restores a backup into a folder of its own.
fn restore(backup: &Path) -> (Depeche, Ran) {
    let depeche = Depeche::new();
    let ran = depeche.run(["restore".as_ref(), backup.as_os_str()]);
    (depeche, ran)
}

fn everything(depeche: &Depeche) -> String {
    depeche.run(["export", "--all"]).expect_code(0).stdout
}

#[test]
fn a_sound_data_folder_is_verified() {
    let depeche = filled();
    let ran = depeche.run(["verify"]).expect_code(0);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("40 captures in 1 segments"), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("sound\n"), "{}", ran.stderr);
    // The same files again are the same captures: nothing to find either.
    depeche
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    depeche.run(["verify"]).expect_code(0);
    depeche.run(["--data-dir", "nowhere", "verify"]).expect_code(10);
}

#[test]
fn a_capture_that_was_damaged_is_found_in_the_journal_and_missed_by_the_store() {
    let depeche = filled();
    let path = segment(&depeche);
    let mut bytes = fs::read(&path).expect("the segment");
    let at = bytes
        .windows(6)
        .position(|window| window == b"mairie")
        .expect("a word of the corpus");
    bytes[at] = b'M';
    fs::write(&path, bytes).expect("written");
    let ran = depeche.run(["verify", "--format", "jsonl"]).expect_code(12);
    let found: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect();
    let faults: Vec<(&str, &str)> = found
        .iter()
        .filter_map(|finding| Some((finding["part"].as_str()?, finding["fault"].as_str()?)))
        .collect();
    assert_eq!(
        faults,
        [
            ("journal", "unreadable"),
            ("journal", "missing"),
            ("both", "missing")
        ],
        "{}",
        ran.stdout
    );
}

#[test]
fn a_capture_that_the_store_never_committed_is_found() {
    let (with, without) = (filled(), Depeche::new());
    without.write(
        "seeds/a.txt",
        "Le conseil municipal a voté le budget de la commune.",
    );
    without.run(["replay", "seeds"]).expect_code(0);
    // The journal of one beside the store of the other.
    fs::copy(segment(&without), segment(&with)).expect("copied");
    let ran = with.run(["verify", "--format", "csv"]).expect_code(12);
    assert!(
        ran.stdout
            .starts_with("part,row,fault,why\nboth,capture 1 of the journal,missing,"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("both,capture 1 of the store,missing,"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_store_of_which_bytes_were_changed_is_checked_to_the_end() {
    let depeche = filled();
    let path = depeche.path().join("data/store/db");
    let whole = fs::read(&path).expect("sled's file");
    let written = whole.iter().rposition(|byte| *byte != 0).expect("data");
    for part in 1..6 {
        let mut bytes = whole.clone();
        for byte in bytes.iter_mut().skip(written * part / 6).take(64) {
            *byte ^= 0x55;
        }
        fs::write(&path, bytes).expect("written");
        let ran = depeche.run(["verify"]);
        assert!(matches!(ran.code, Some(0 | 12)), "{:?}: {}", ran.code, ran.stderr);
    }
    fs::write(&path, &whole[..whole.len() / 3]).expect("written");
    depeche.run(["verify"]).expect_code(12);
}

#[test]
fn a_restored_data_folder_is_the_one_that_was_backed_up_and_goes_on() {
    let depeche = filled();
    depeche
        .run(["feeds", "add", "https://exemple.fr/rss", "--name", "Exemple"])
        .expect_code(0);
    depeche.run(["backup", "backup.tar"]).expect_code(0);
    let (restored, ran) = restore(&depeche.path().join("backup.tar"));
    ran.expect_code(0);
    assert_eq!(everything(&restored), everything(&depeche));
    assert_eq!(
        fs::read(segment(&restored)).ok(),
        fs::read(segment(&depeche)).ok()
    );
    assert!(
        restored
            .run(["feeds", "list"])
            .expect_code(0)
            .stdout
            .contains("exemple.fr")
    );
    restored.run(["verify"]).expect_code(0);

    let again = restored
        .run(["replay".as_ref(), seeds().as_os_str()])
        .expect_code(0);
    assert_eq!(again.count("articles"), 0);
    let all = restored.export(&["--all"]).len() as u64;
    restored.write(
        "more/neuf.txt",
        "Un texte tout neuf, que personne n'avait encore lu dans ce journal.",
    );
    let more = restored.run(["replay", "more"]).expect_code(0);
    assert_eq!(more.count("articles"), 1);
    let lines = restored.export(&["--all"]);
    let last = lines.last().expect("an article");
    // The changes before it: articles and four rejections.
    assert_eq!(
        (lines.len() as u64, last["seq"].as_u64()),
        (all + 1, Some(all + 4 + 1))
    );
    let ran = restored.run(["verify"]).expect_code(0);
    assert!(ran.stderr.contains("41 captures in 1 segments"), "{}", ran.stderr);
}

#[test]
fn a_backup_notes_how_far_the_journal_is_in_it() {
    let (depeche, path) = backed_up();
    let note = fs::read_to_string(depeche.path().join("data/backup.json")).expect("a note");
    let note: serde_json::Value = serde_json::from_str(&note).expect("JSON");
    assert_eq!(note["up_to_ordinal"], 40);
    let noted = note["path"].as_str().map(PathBuf::from).expect("a path");
    assert_eq!(noted, path.canonicalize().expect("the backup"));
    assert_eq!(names(depeche.path()), ["backup.tar", "data"]);
}

#[test]
fn without_its_journal_a_backup_is_restored_and_goes_on_counting() {
    let depeche = filled();
    depeche
        .run(["backup", "--no-journal", "backup.tar"])
        .expect_code(0);
    assert!(
        !depeche.path().join("data/backup.json").exists(),
        "nothing of the journal is backed up"
    );
    let (restored, ran) = restore(&depeche.path().join("backup.tar"));
    ran.expect_code(0);
    assert_eq!(everything(&restored), everything(&depeche));
    assert!(!restored.path().join("data/journal").exists());
    restored.write(
        "more/neuf.txt",
        "Un texte tout neuf, que personne n'avait encore lu dans ce journal.",
    );
    restored.run(["replay", "more"]).expect_code(0);
    let journal = fs::read_to_string(segment(&restored)).expect("a journal");
    assert!(journal.contains("\"ordinal\":41"), "{journal}");
    restored.run(["verify"]).expect_code(0);
}

#[test]
fn a_torn_end_of_the_journal_is_no_part_of_a_backup() {
    let depeche = filled();
    let whole = fs::read(segment(&depeche)).expect("the segment");
    let mut torn = whole.clone();
    torn.extend_from_slice(b"WARC/1.1\r\nWARC-Type: resp");
    fs::write(segment(&depeche), torn).expect("written");
    depeche.run(["backup", "backup.tar"]).expect_code(0);
    let (restored, ran) = restore(&depeche.path().join("backup.tar"));
    ran.expect_code(0);
    assert_eq!(fs::read(segment(&restored)).expect("the segment"), whole);
}

#[test]
fn a_damaged_backup_is_refused_and_leaves_nothing_behind() {
    let (depeche, path) = backed_up();
    let whole = fs::read(&path).expect("the backup");
    let mut damaged: Vec<Vec<u8>> = [1, 2, 3, 4]
        .map(|quarter| whole[..whole.len() * quarter / 4 - 1].to_vec())
        .to_vec();
    damaged.push(Vec::new());
    for part in 0..8 {
        let mut flipped = whole.clone();
        flipped[whole.len() * part / 8 + 300] ^= 4;
        damaged.push(flipped);
    }
    for bytes in damaged {
        fs::write(&path, bytes).expect("written");
        let (target, ran) = restore(&path);
        let ran = ran.expect_code(12);
        assert!(ran.stderr.contains("the backup is damaged at "), "{}", ran.stderr);
        assert_eq!(names(target.path()), [""; 0]);
    }
    fs::write(&path, &whole[..whole.len() - 2100]).expect("written");
    let (_, ran) = restore(&path);
    assert!(ran.stderr.contains("manifest.json"), "{}", ran.stderr);
    drop(depeche);
}

#[test]
fn nothing_is_restored_over_a_data_folder_that_is_there() {
    let (depeche, path) = backed_up();
    let before = everything(&depeche);
    let ran = depeche.run(["restore".as_ref(), path.as_os_str()]).expect_code(1);
    assert!(ran.stderr.contains("is not empty"), "{}", ran.stderr);
    assert_eq!(everything(&depeche), before);
    let ran = depeche.run(["restore", "nowhere.tar"]).expect_code(1);
    assert!(ran.stderr.contains("nowhere.tar"), "{}", ran.stderr);
}

#[test]
fn a_locked_store_without_a_daemon_to_ask_is_not_backed_up() {
    let depeche = filled();
    let lock = fs::File::options()
        .write(true)
        .open(depeche.path().join("data/store.lock"))
        .expect("the lock");
    lock.try_lock().expect("locked");
    depeche.run(["verify"]).expect_code(11);
    let ran = depeche.run(["backup", "backup.tar"]).expect_code(11);
    assert!(ran.stderr.contains("daemon.address"), "{}", ran.stderr);
    assert_eq!(names(depeche.path()), ["data"]);
}
