//! How fast folders are read and loopback feeds are polled, the journal taking everything at once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use depeche_fetcher::replay::{ReplayOptions, Speed, replay};
use depeche_fetcher::{FeedState, FeedTarget, FetchOptions, Fetcher, Mode, RobotsPolicy, poll};
use depeche_journal::Intake;
use depeche_model::{PagePolicy, Position, SystemClock};
use depeche_testkit::{Newsroom, Origin, prose};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Files of a folder, and feeds of a list.
const FILES: u64 = 1000;
const FEEDS: u64 = 100;

/// A journal that forgets; returns how many captures came.
async fn forget(mut inlet: mpsc::Receiver<Intake>) -> u64 {
    let mut count = 0;
    while let Some(intake) = inlet.recv().await {
        count += 1;
        if let Some(receipt) = intake.receipt {
            let position = Position {
                ordinal: count,
                segment: 1,
                offset: 0,
                length: 0,
            };
            receipt.send(position).expect("the poll waits for its receipt");
        }
    }
    count
}

fn replaying(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    for n in 0..FILES {
        let text = prose::article("banc", n).text();
        std::fs::write(folder.path().join(format!("{n:04}.txt")), text).expect("a file");
    }
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(FILES)).sample_size(20);
    group.bench_function("a_folder_of_1000_texts", |bencher| {
        bencher.iter(|| runtime.block_on(replay_folder(folder.path().to_owned())));
    });
    group.finish();
}

async fn replay_folder(path: PathBuf) {
    let (outlet, inlet) = mpsc::channel(64);
    let kept = tokio::spawn(forget(inlet));
    let options = ReplayOptions {
        speed: Speed::Max,
        max_body_bytes: 1 << 20,
    };
    replay(
        vec![path],
        options,
        Arc::new(SystemClock),
        outlet,
        |_| false,
        |_, _| Ok(()),
        |_| {},
        CancellationToken::new(),
    )
    .await;
    assert_eq!(kept.await.expect("a journal"), FILES);
}

fn polling(criterion: &mut Criterion) {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "banc", 50);
    let feed = newsroom.feed();
    let feeds: Vec<(FeedTarget, FeedState)> = (0..FEEDS)
        .map(|n| {
            let path = format!("/{n}.xml");
            origin.set(&path, depeche_testkit::Reply::feed(feed.clone()));
            let target = FeedTarget {
                url: origin.url(&path),
                name: None,
                page: PagePolicy::Never,
                timezone: None,
                tags: Vec::new(),
            };
            (target, FeedState::default())
        })
        .collect();
    let options = FetchOptions {
        per_host_interval: Duration::ZERO,
        per_host_concurrency: 16,
        robots: RobotsPolicy::Never,
        allow_private_addresses: true,
        ..FetchOptions::default()
    };
    let fetcher = Arc::new(Fetcher::new(options, Arc::new(SystemClock)).expect("a fetcher"));
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("poll");
    group.throughput(Throughput::Elements(FEEDS)).sample_size(20);
    group.bench_function("100_feeds_of_50_entries_on_loopback", |bencher| {
        bencher.iter(|| runtime.block_on(poll_all(&fetcher, feeds.clone())));
        origin.clear_log();
    });
    group.finish();
}

async fn poll_all(fetcher: &Arc<Fetcher>, feeds: Vec<(FeedTarget, FeedState)>) {
    let (outlet, inlet) = mpsc::channel(64);
    let kept = tokio::spawn(forget(inlet));
    let (reports, told) = mpsc::channel(1);
    drop(told);
    let (list, lists) = mpsc::channel(1);
    list.send(feeds).await.expect("a poll");
    let stop = CancellationToken::new();
    let summary = poll(Arc::clone(fetcher), lists, outlet, reports, Mode::Once, stop).await;
    assert_eq!((summary.fetched, kept.await.expect("a journal")), (FEEDS, FEEDS));
}

criterion_group!(benches, replaying, polling);
criterion_main!(benches);
