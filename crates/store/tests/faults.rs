//! A commit that fails at any of its steps ends the stage, settles nothing, and leaves a store that goes on after a
//! restart. Needs `--features failpoints`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use depeche_model::Seq;
use depeche_store::{Reader, Store, StoreError, StoreOptions};
use tokio::sync::mpsc;

#[path = "../benches/articles/mod.rs"]
mod articles;

const POINTS: [&str; 4] = [
    "store.commit.apply",
    "store.commit.applied",
    "store.commit.flushed",
    "store.commit.synced",
];

fn open(dir: &std::path::Path) -> Store {
    let options = StoreOptions {
        cache_bytes: 1 << 20,
        min_free_bytes: 0,
    };
    Store::open(dir, options).expect("opened")
}

/// Two captures in two groups, the first of which fails.
async fn fail_at(point: &'static str, store: Store) -> (Result<(), StoreError>, u64) {
    let settled = Arc::new(AtomicU64::new(0));
    let (outlet, inlet) = mpsc::channel(2);
    for n in 1..=2 {
        let settled = Arc::clone(&settled);
        let delivery = depeche_model::Delivery::new(articles::capture(n, 1), move |outcome| {
            if outcome == depeche_model::Outcome::Stored {
                settled.fetch_add(1, Ordering::Relaxed);
            }
        });
        outlet.send(delivery).await.expect("room");
    }
    drop(outlet);
    fail::cfg(point, "1*return(eio)").expect("a point");
    let result = articles::writer(store, 1).run(&[], inlet).await.map(drop);
    fail::remove(point);
    (result, settled.load(Ordering::Relaxed))
}

// One test: fault points are the process's.
#[tokio::test]
async fn a_failing_commit_ends_the_stage_and_a_restart_goes_on() {
    for point in POINTS {
        let parent = tempfile::tempdir().expect("a folder");
        let dir = parent.path().join("store");
        let (result, settled) = fail_at(point, open(&dir)).await;
        assert!(
            matches!(result, Err(StoreError::Commit { .. })),
            "{point}: {result:?}"
        );
        assert_eq!(settled, 0, "{point}: something was acknowledged");
        // The journal delivers both again.
        let captures = (1..=2).map(|n| articles::capture(n, 1)).collect();
        articles::commit(open(&dir), captures).await;
        let reader = Reader::from(open(&dir));
        assert_eq!(reader.records(Seq(0)).flatten().count(), 2, "{point}");
        assert_eq!(reader.tally().expect("readable").captures, 2, "{point}");
    }
}
