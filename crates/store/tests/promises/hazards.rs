//! What sled 0.34.7 does that we must answer: each fact reproduced with sled alone, then the answer.

use std::fs;
use std::path::Path;

use depeche_model::{Decision, Seq};
use depeche_store::{Reader, Store, StoreError};

use crate::support::{commit, decided, judged_with, open, options};

const HALF_SNAPSHOT: &str = "snap.0000000000000042.generating";

fn blobs(dir: &Path) -> usize {
    fs::read_dir(dir.join("blobs")).map_or(0, Iterator::count)
}

#[test]
fn sled_refuses_to_open_beside_a_half_written_snapshot_and_the_store_sweeps_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let alone = dir.path().join("sled");
    drop(sled::open(&alone).expect("opened"));
    fs::write(alone.join(HALF_SNAPSHOT), b"half").expect("written");
    let refused = std::panic::catch_unwind(|| sled::open(&alone).is_err()).unwrap_or(true);
    assert!(refused, "sled has learnt to open it: the sweeping can go");

    let ours = dir.path().join("store");
    drop(open(&ours));
    fs::write(ours.join(HALF_SNAPSHOT), b"half").expect("written");
    drop(open(&ours));
    assert!(!ours.join(HALF_SNAPSHOT).exists());
}

#[tokio::test]
async fn sled_puts_large_values_into_blobs_and_the_store_puts_none_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let alone = dir.path().join("sled");
    let db = sled::open(&alone).expect("opened");
    db.insert("small", vec![7; 100_000]).expect("inserted");
    assert_eq!(blobs(&alone), 0);
    db.insert("large", vec![7; 140_000]).expect("inserted");
    assert!(
        blobs(&alone) > 0,
        "sled has learnt to keep them in its log: the parts can go"
    );

    let ours = dir.path().join("store");
    // A text of 5 MB that zstd can only halve.
    let text: String = (0..5_000_000_u64 / 32)
        .map(|n| crate::support::digest(n).to_string())
        .collect();
    let article = judged_with(1, 1, text.clone());
    let store = open(&ours);
    commit(
        store.clone(),
        vec![decided(1, vec![Decision::Judged(Box::new(article))])],
        vec![],
    )
    .await;
    assert_eq!(
        Reader::from(store.clone()).text(Seq(1)).expect("readable"),
        Some(text)
    );
    assert_eq!((blobs(&ours), store.blobs().expect("readable")), (0, 0));
}

#[test]
fn a_blob_that_is_there_all_the_same_is_counted() {
    let dir = tempfile::tempdir().expect("a folder");
    let ours = dir.path().join("store");
    drop(open(&ours));
    // sled removes those that are newer than its log.
    fs::write(ours.join("blobs/0"), b"a value").expect("written");
    assert_eq!(open(&ours).blobs().expect("readable"), 1);
}

#[test]
fn too_little_room_is_said_before_anything_is_written() {
    let dir = tempfile::tempdir().expect("a folder");
    let ours = dir.path().join("store");
    let mut options = options();
    options.min_free_bytes = u64::MAX;
    let error = Store::open(&ours, options).err().expect("no room");
    assert!(matches!(&error, StoreError::NoRoom(_)), "{error}");
    assert!(error.to_string().contains("store.min_free"), "{error}");
    assert!(!ours.join("db").exists());
}
