//! How fast captures become durable, by the size of their group, and how fast segments are sealed and verified.
//!
//! Appending is mostly one `fdatasync` a group, so its figure tells of the disk; the others tell of the processor.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use depeche_journal::{Journal, JournalOptions, seal, verify};
use depeche_model::{Capture, CaptureKind, Header, HttpAnswer, PagePolicy, Payload};
use jiff::Timestamp;

/// A page of a French newspaper is some 20 kB on the wire when it is compressed, and some 100 kB when it is not.
const BODY_BYTES: usize = 50_000;

/// Captures in the segment that is sealed: 50 MB.
const SEALED: u32 = 1000;

const WORDS: [&str; 16] = [
    "le",
    "gouvernement",
    "a",
    "annoncé",
    "<p>",
    "hier",
    "la",
    "réforme",
    "des",
    "retraites",
    "</p>",
    "selon",
    "une",
    "source",
    "proche",
    "du",
];

/// A page of words in an order of its own, so that it compresses as text does.
fn capture(n: u32) -> Capture {
    let mut dice = u64::from(n) + 1;
    let mut body = String::with_capacity(BODY_BYTES);
    while body.len() < BODY_BYTES {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        body.push_str(WORDS[(dice % 16) as usize]);
        body.push_str(if dice.is_multiple_of(61) { ".\n" } else { " " });
        if dice.is_multiple_of(7) {
            body.push_str(&(dice >> 40).to_string());
        }
    }
    Capture {
        kind: CaptureKind::Page,
        uri: format!("https://exemple.fr/{n}"),
        final_uri: None,
        captured_at: Timestamp::UNIX_EPOCH,
        source: "bench".to_owned(),
        page_policy: PagePolicy::Never,
        order: None,
        payload: Payload::Http(HttpAnswer {
            status: 200,
            headers: vec![Header {
                name: "content-type".to_owned(),
                value: b"text/html; charset=utf-8".to_vec(),
            }],
            body: Bytes::from(body),
        }),
    }
}

fn open(dir: &Path, segment_bytes: u64) -> Journal {
    let options = JournalOptions { segment_bytes };
    Journal::open(dir, options, 0, Arc::new(|| Timestamp::UNIX_EPOCH))
        .expect("a journal")
        .0
}

fn appending(bench: &mut Criterion) {
    let captures: Vec<_> = (0..100).map(capture).collect();
    let mut group = bench.benchmark_group("append");
    for size in [1, 10, 100] {
        let dir = tempfile::tempdir().expect("a folder");
        let mut journal = open(dir.path(), 1 << 30);
        let captures: Vec<_> = captures.iter().take(size).collect();
        let bytes: usize = captures.iter().map(|capture| capture.body().len()).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("captures", size), |bench| {
            bench.iter(|| journal.append(black_box(&captures)).expect("appended"));
        });
    }
    group.finish();
}

/// A journal of one large segment behind an empty newest one.
fn to_be_sealed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let captures: Vec<_> = (0..SEALED).map(capture).collect();
    let mut journal = open(dir.path(), 1 << 20);
    journal
        .append(&captures.iter().collect::<Vec<_>>())
        .expect("appended");
    journal.append(&[&captures[0]]).expect("appended");
    dir
}

fn sealing(bench: &mut Criterion) {
    let bytes = (SEALED as usize * BODY_BYTES) as u64;
    let mut group = bench.benchmark_group("segments");
    group.sample_size(10).throughput(Throughput::Bytes(bytes));
    group.bench_function("seal", |bench| {
        bench.iter_batched(
            to_be_sealed,
            |dir| {
                let sealed = seal(dir.path(), &|| false).expect("sealed");
                assert_eq!(sealed.segments.len(), 1);
                dir
            },
            BatchSize::PerIteration,
        );
    });
    let dir = to_be_sealed();
    group.bench_function("verify_plain", |bench| {
        bench.iter(|| verify(black_box(dir.path())).expect("verified"));
    });
    seal(dir.path(), &|| false).expect("sealed");
    group.bench_function("verify_sealed", |bench| {
        bench.iter(|| verify(black_box(dir.path())).expect("verified"));
    });
    group.finish();
}

criterion_group!(benches, appending, sealing);
criterion_main!(benches);
