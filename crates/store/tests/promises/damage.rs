//! Files that were cut off, flipped, emptied or exchanged: the store opens with what was acknowledged, or says that it
//! is damaged. It never panics and never comes up empty in silence.

use std::fs;
use std::path::{Path, PathBuf};

use depeche_model::{Decision, Seq};
use depeche_store::{BackupError, Contents, Member, Reader, Store, StoreError, write_backup};
use jiff::Timestamp;

use crate::support::{commit, decided, digest, judged_with, open, options};

const COMMITS: u64 = 4;
/// Where to cut or flip: some places all over the file, odd steps apart so that they meet headers and bodies alike. Each
/// costs an opening; a run at every 97th byte found nothing else.
fn places(length: u64) -> impl Iterator<Item = u64> {
    (0..length).step_by(((length / 120) | 1) as usize)
}

/// A small store that was closed in order, and what it held after each commit.
struct Sample {
    dir: tempfile::TempDir,
    states: Vec<String>,
}

impl Sample {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("sample");
        let mut states = vec![state(&open(&path)).expect("readable")];
        for n in 1..=COMMITS {
            let text = format!("Le conseil municipal a voté le budget numéro {n}. ").repeat(20);
            let article = judged_with(n, 1, text);
            commit(
                open(&path),
                vec![decided(n, vec![Decision::Judged(Box::new(article))])],
                vec![],
            )
            .await;
            states.push(state(&open(&path)).expect("readable"));
        }
        Self { dir, states }
    }

    /// A fresh copy to damage.
    fn copy(&self) -> PathBuf {
        let to = self.dir.path().join("copy");
        if to.exists() {
            fs::remove_dir_all(&to).expect("removed");
        }
        copy_files(&self.dir.path().join("sample"), &to);
        to
    }

    fn last(&self) -> &String {
        self.states.last().expect("at least the empty one")
    }

    /// What the damaged copy comes to; the state after one of the commits, or damage.
    fn outcome(&self, dir: &Path, what: &str) -> Option<usize> {
        match open_and_read(dir) {
            Ok(found) => {
                let commit = self.states.iter().position(|state| *state == found);
                assert!(
                    commit.is_some(),
                    "{what}: the store opens with what it never held: {found}"
                );
                commit
            }
            Err(StoreError::Damaged { .. } | StoreError::Row { .. }) => None,
            Err(error) => panic!("{what}: {error}"),
        }
    }
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("blobs")).expect("made");
    for entry in fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
        }
    }
}

/// All that a restart of the program reads.
fn state(store: &Store) -> Result<String, StoreError> {
    let reader = Reader::from(store.clone());
    let changes = reader.changes(Seq(0)).collect::<Result<Vec<_>, _>>()?;
    let records = reader.records(Seq(0)).collect::<Result<Vec<_>, _>>()?;
    let feeds = reader.feeds().collect::<Result<Vec<_>, _>>()?;
    let memories = changes
        .iter()
        .map(|change| reader.memory(change.seq))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(format!(
        "{} {:?} {changes:?} {records:?} {feeds:?} {memories:?}",
        reader.settled_up_to()?,
        reader.tally()?
    ))
}

fn open_and_read(dir: &Path) -> Result<String, StoreError> {
    let store = Store::open(dir, options())?;
    store.check_readable()?;
    state(&store)
}

fn remove_snapshots(dir: &Path) {
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        if path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("snap."))
        {
            fs::remove_file(path).expect("removed");
        }
    }
}

fn truncate(path: &Path, length: u64) {
    fs::File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_len(length))
        .expect("cut off");
}

/// Where the data of a file ends, zeros behind it left out.
fn data_length(path: &Path) -> u64 {
    let bytes = fs::read(path).expect("readable");
    bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last as u64 + 1)
}

#[tokio::test]
async fn a_log_cut_off_anywhere_is_whole_or_damaged() {
    let sample = Sample::new().await;
    let length = data_length(&sample.dir.path().join("sample/db"));
    for snapshot in [true, false] {
        for cut in places(length) {
            let dir = sample.copy();
            if !snapshot {
                remove_snapshots(&dir);
            }
            truncate(&dir.join("db"), cut);
            let commit = sample.outcome(&dir, &format!("cut at {cut} of {length}, snapshot {snapshot}"));
            assert!(
                commit.is_none_or(|commit| commit as u64 == COMMITS),
                "cut at {cut} of {length}, snapshot {snapshot}: older than what was acknowledged"
            );
        }
    }
}

#[tokio::test]
async fn a_log_cut_off_without_its_mark_is_some_commit_whole() {
    let sample = Sample::new().await;
    let length = data_length(&sample.dir.path().join("sample/db"));
    let mut seen = std::collections::BTreeSet::new();
    for cut in places(length).skip(1) {
        let dir = sample.copy();
        remove_snapshots(&dir);
        fs::remove_file(dir.join("depeche.mark")).expect("removed");
        truncate(&dir.join("db"), cut);
        seen.insert(sample.outcome(&dir, &format!("cut at {cut} of {length}")));
    }
    // Which of the commits between the first and the last can be cut out depends on where sled put them.
    let older = 1..COMMITS as usize;
    assert!(
        seen.contains(&None) && seen.iter().flatten().any(|commit| older.contains(commit)),
        "no cut showed an older state: the test proves nothing: {seen:?}"
    );
}

#[tokio::test]
async fn a_flipped_bit_is_harmless_or_damage() {
    let sample = Sample::new().await;
    let length = data_length(&sample.dir.path().join("sample/db"));
    let mut damaged = 0;
    for snapshot in [true, false] {
        for at in places(length) {
            let dir = sample.copy();
            if !snapshot {
                remove_snapshots(&dir);
            }
            let path = dir.join("db");
            let mut bytes = fs::read(&path).expect("readable");
            bytes[usize::try_from(at).expect("small")] ^= 0x10;
            fs::write(&path, bytes).expect("written");
            match sample.outcome(&dir, &format!("flipped at {at} of {length}, snapshot {snapshot}")) {
                None => damaged += 1,
                Some(commit) => assert_eq!(commit as u64, COMMITS, "flipped at {at}: an older state"),
            }
        }
    }
    assert!(damaged > 0);
}

#[tokio::test]
async fn settings_or_snapshot_cut_off_anywhere_are_harmless_or_damage() {
    let sample = Sample::new().await;
    let names: Vec<_> = fs::read_dir(sample.dir.path().join("sample"))
        .expect("readable")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name == "conf" || name.starts_with("snap."))
        .collect();
    assert_eq!(names.len(), 2);
    for name in names {
        let length = fs::metadata(sample.dir.path().join("sample").join(&name))
            .expect("there")
            .len();
        for cut in 0..length {
            let dir = sample.copy();
            truncate(&dir.join(&name), cut);
            let commit = sample.outcome(&dir, &format!("{name} cut at {cut} of {length}"));
            assert!(
                commit.is_none_or(|commit| commit as u64 == COMMITS),
                "{name} cut at {cut}"
            );
        }
    }
}

#[tokio::test]
async fn an_emptied_store_does_not_come_up_as_a_new_one() {
    let sample = Sample::new().await;
    let dir = sample.copy();
    remove_snapshots(&dir);
    truncate(&dir.join("db"), 0);
    let error = open_and_read(&dir).expect_err("damaged").to_string();
    assert!(error.contains("5 commits"), "{error}");
}

#[tokio::test]
async fn a_store_that_went_back_in_time_is_damaged() {
    let sample = Sample::new().await;
    let older = sample.copy();
    let article = judged_with(9, 1, "Un de plus.".to_owned());
    let dir = sample.dir.path().join("sample");
    commit(
        open(&dir),
        vec![decided(9, vec![Decision::Judged(Box::new(article))])],
        vec![],
    )
    .await;
    fs::copy(dir.join("depeche.mark"), older.join("depeche.mark")).expect("copied");
    let error = open_and_read(&older).expect_err("damaged").to_string();
    assert!(
        error.contains("it holds 5 commits, and 6 were acknowledged"),
        "{error}"
    );
}

#[tokio::test]
async fn no_mark_a_torn_one_or_an_older_one_condemns_no_store() {
    let sample = Sample::new().await;
    let older = sample.dir.path().join("older");
    drop(open(&older));
    let marks: [(&str, Option<Vec<u8>>); 4] = [
        ("none", None),
        ("empty", Some(vec![])),
        (
            "torn",
            fs::read(sample.dir.path().join("sample/depeche.mark"))
                .ok()
                .map(|mut mark| {
                    mark.truncate(20);
                    mark
                }),
        ),
        ("of another store", fs::read(older.join("depeche.mark")).ok()),
    ];
    for (which, mark) in marks {
        let dir = sample.copy();
        match mark {
            Some(bytes) => fs::write(dir.join("depeche.mark"), bytes).expect("written"),
            None => fs::remove_file(dir.join("depeche.mark")).expect("removed"),
        }
        assert_eq!(open_and_read(&dir).as_ref().ok(), Some(sample.last()), "{which}");
        assert_eq!(
            open_and_read(&dir).as_ref().ok(),
            Some(sample.last()),
            "{which}, the second time"
        );
    }
}

#[test]
fn a_store_whose_making_broke_off_is_made() {
    let dir = tempfile::tempdir().expect("a folder");
    let ours = dir.path().join("store");
    drop(open(&ours));
    let made = fs::read(ours.join("depeche.mark")).expect("readable");
    // The crash came after sled made its files and before our first commit was durable: the mark counts none.
    fs::remove_dir_all(&ours).expect("removed");
    drop(
        sled::Config::new()
            .path(&ours)
            .segment_size(8 << 20)
            .open()
            .expect("opened"),
    );
    let unmade = unmade_mark(&made);
    fs::write(ours.join("depeche.mark"), &unmade).expect("written");
    assert!(open_and_read(&ours).is_ok());
    // Without a mark nobody can tell it from a store that lost everything.
    fs::remove_dir_all(&ours).expect("removed");
    drop(
        sled::Config::new()
            .path(&ours)
            .segment_size(8 << 20)
            .open()
            .expect("opened"),
    );
    assert!(matches!(open_and_read(&ours), Err(StoreError::Damaged { .. })));
}

/// A mark that counts no commits yet: magic, id, number, and the first bytes of their hash.
fn unmade_mark(mark: &[u8]) -> Vec<u8> {
    let mut bytes = mark[..24].to_vec();
    bytes.extend_from_slice(&0_u64.to_be_bytes());
    let sum = blake3::hash(&bytes);
    bytes.extend_from_slice(&sum.as_bytes()[..8]);
    bytes
}

fn has_snapshot(dir: &Path) -> bool {
    let mut entries = fs::read_dir(dir).expect("readable");
    entries.any(|entry| {
        let name = entry.expect("readable").file_name();
        name.to_string_lossy().starts_with("snap.")
    })
}

/// Every row as it stands, in short: what a backup makes of the store.
fn every_row(store: &Store) -> Result<Vec<Member>, BackupError> {
    let contents = Contents {
        store,
        journal: None,
        feeds: None,
        program: "",
        at: Timestamp::UNIX_EPOCH,
    };
    Ok(write_backup(&mut std::io::sink(), contents, || {})?.members)
}

#[tokio::test]
async fn what_opening_does_not_notice_checking_does() {
    let sample = tempfile::tempdir().expect("a folder");
    let dir = sample.path().join("sample");
    // Texts that zstd can only halve: 20 MB, three segments of sled.
    for first in [1, 51, 101, 151] {
        let captures = (first..first + 50).map(|n| {
            let text: String = (0..3200)
                .map(|word| digest(n * 10_000 + word).to_string())
                .collect();
            decided(n, vec![Decision::Judged(Box::new(judged_with(n, 1, text)))])
        });
        commit(open(&dir), captures.collect(), vec![]).await;
    }
    let whole = every_row(&open(&dir)).expect("readable");
    let bytes = fs::read(dir.join("db")).expect("readable");
    assert!(bytes.len() > 2 * (8 << 20), "{} bytes are too few", bytes.len());
    assert!(has_snapshot(&dir), "without one, opening reads everything itself");
    let copy = sample.path().join("copy");
    let (mut noticed_by_checking, mut harmless) = (0, 0);
    for at in (1_234..bytes.len()).step_by(bytes.len() / 60) {
        if copy.exists() {
            fs::remove_dir_all(&copy).expect("removed");
        }
        copy_files(&dir, &copy);
        let mut flipped = bytes.clone();
        for byte in flipped.iter_mut().skip(at).take(32) {
            *byte ^= 0xff;
        }
        fs::write(copy.join("db"), flipped).expect("written");
        let store = match Store::open(&copy, options()) {
            Ok(store) => store,
            Err(StoreError::Damaged { .. } | StoreError::Row { .. }) => continue,
            Err(error) => panic!("at {at}: {error}"),
        };
        match store.check_readable() {
            Ok(_) => {
                assert_eq!(every_row(&store).expect("readable"), whole, "at {at}");
                harmless += 1;
            }
            Err(StoreError::Damaged { .. } | StoreError::Row { .. }) => noticed_by_checking += 1,
            Err(error) => panic!("at {at}: {error}"),
        }
    }
    assert!(
        noticed_by_checking > 0,
        "nothing was left for checking to notice: the test proves nothing; {harmless} harmless"
    );
}
