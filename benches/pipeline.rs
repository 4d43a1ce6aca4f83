//! Throughput of each stage by itself, and of the whole pipeline as the binary runs it, on the same corpus.

mod corpus;

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use depeche_deduplicator::{Deduplicator, Recall};
use depeche_disk::{OnFull, Room};
use depeche_journal::{Journal, JournalOptions};
use depeche_model::{
    Capture, CaptureKind, Decided, Decision, Delivery, Journaled, Normalized, PagePolicy, Payload, Position,
    Seq, Verdict,
};
use depeche_normalizer::Normalizer;
use depeche_store::{StageOptions, Store, StoreOptions, Writer};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How often the seeds are repeated.
const COPIES: u64 = 200;

/// Captures that wait together, as the journal and the store meet them under load.
const GROUP: usize = 100;

/// The ring of the deduplicator holds every text that the bench asks for.
struct NoStore;

impl Recall for NoStore {
    fn text(&self, _: Seq) -> Option<String> {
        None
    }
}

fn captures() -> Vec<Journaled> {
    let at: Timestamp = "2026-02-05T17:30:00Z".parse().expect("a time");
    (1..)
        .zip(corpus::shuffled_seeds(COPIES))
        .map(|(ordinal, (uri, text))| Journaled {
            capture: Capture {
                kind: CaptureKind::File,
                uri,
                final_uri: None,
                captured_at: at,
                source: "bench".to_owned(),
                page_policy: PagePolicy::Never,
                timezone: None,
                order: None,
                payload: Payload::File {
                    content_type: Some("text/plain".to_owned()),
                    body: text.into(),
                },
            },
            position: Position {
                ordinal,
                segment: 1,
                offset: 0,
                length: 0,
            },
            given_up: Vec::new(),
        })
        .collect()
}

fn decide(normalized: &[Normalized]) -> Vec<Decided> {
    let mut deduplicator = Deduplicator::new(depeche_deduplicator::Options::default());
    normalized
        .iter()
        .map(|n| deduplicator.decide(n.clone(), &NoStore))
        .collect()
}

fn assert_nothing_merges(decided: &[Decided]) {
    let new = decided
        .iter()
        .flat_map(|decided| &decided.decisions)
        .filter(
            |decision| matches!(decision, Decision::Judged(judged) if judged.record.verdict == Verdict::New),
        )
        .count();
    assert_eq!(
        new,
        decided.len(),
        "the corpus must not merge, or the figures are those of another work"
    );
}

fn journal(captures: &[Journaled], dir: &Path) {
    let at = Timestamp::UNIX_EPOCH;
    let (mut journal, _) =
        Journal::open(dir, JournalOptions::default(), 0, Arc::new(move || at)).expect("a journal");
    for group in captures.chunks(GROUP) {
        let group: Vec<&Capture> = group.iter().map(|journaled| &journaled.capture).collect();
        black_box(journal.append(&group).expect("appended"));
    }
}

fn store(decided: Vec<Decided>, dir: &Path) {
    let store = Store::open(dir, StoreOptions::default()).expect("a store");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let (outlet, inlet) = mpsc::channel(GROUP);
        let (_, reports) = mpsc::channel(1);
        let (_, still) = mpsc::channel(1);
        let options = StageOptions {
            group_captures: GROUP,
            ..StageOptions::default()
        };
        let writer = Writer::new(
            store,
            options,
            Room::new(dir, 0, OnFull::End),
            reports,
            still,
            watch::Sender::default(),
            CancellationToken::new(),
        )
        .expect("a checkpoint");
        let stage = tokio::spawn(async move { writer.run(&[], inlet).await.map(drop) });
        for decided in decided {
            outlet.send(Delivery::new(decided, |_| {})).await.expect("taken");
        }
        drop(outlet);
        stage.await.expect("no panic").expect("committed");
    });
}

/// The time of `work` on what `prepare` makes, without the preparation.
fn timed<T>(times: u64, mut prepare: impl FnMut() -> T, mut work: impl FnMut(T)) -> Duration {
    (0..times)
        .map(|_| {
            let prepared = prepare();
            let begun = Instant::now();
            work(prepared);
            begun.elapsed()
        })
        .sum()
}

fn stages(criterion: &mut Criterion) {
    let captures = captures();
    let normalizer = Normalizer::new(depeche_normalizer::Options::default());
    let normalized: Vec<Normalized> = captures
        .iter()
        .map(|journaled| normalizer.normalize(journaled))
        .collect();
    let decided = decide(&normalized);
    assert_nothing_merges(&decided);

    let mut group = criterion.benchmark_group("stage");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(captures.len() as u64));
    group.bench_function("journal", |bencher| {
        bencher.iter_custom(|times| {
            timed(
                times,
                || tempfile::tempdir().expect("a folder"),
                |dir| journal(&captures, dir.path()),
            )
        });
    });
    group.bench_function("normalizer, one worker", |bencher| {
        bencher.iter(|| {
            for journaled in &captures {
                black_box(normalizer.normalize(journaled));
            }
        });
    });
    group.bench_function("deduplicator", |bencher| {
        bencher.iter(|| black_box(decide(&normalized)));
    });
    group.bench_function("store", |bencher| {
        bencher.iter_custom(|times| {
            let prepare = || (tempfile::tempdir().expect("a folder"), decided.clone());
            timed(times, prepare, |(dir, decided)| store(decided, dir.path()))
        });
    });
    group.finish();
}

fn whole(criterion: &mut Criterion) {
    let corpus = corpus::shuffled_seeds(COPIES);
    let folder = tempfile::tempdir().expect("a folder");
    let articles = folder.path().join("articles");
    std::fs::create_dir(&articles).expect("a folder");
    for (name, text) in &corpus {
        std::fs::write(articles.join(name), text).expect("written");
    }
    let mut group = criterion.benchmark_group("whole");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(corpus.len() as u64));
    for workers in ["1", "2"] {
        group.bench_function(
            BenchmarkId::new("depeche replay, normalizer workers", workers),
            |bencher| {
                bencher.iter_custom(|times| {
                    timed(
                        times,
                        || tempfile::tempdir().expect("a folder"),
                        |data| {
                            let ended = Command::new(env!("CARGO_BIN_EXE_depeche"))
                                .args(["--data-dir".as_ref(), data.path(), "replay".as_ref(), &articles])
                                .env("DEPECHE_NORMALIZE__WORKERS", workers)
                                .output()
                                .expect("the binary runs");
                            assert!(
                                ended.status.success(),
                                "{}",
                                String::from_utf8_lossy(&ended.stderr)
                            );
                        },
                    )
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, stages, whole);
criterion_main!(benches);
