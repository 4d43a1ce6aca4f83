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

/// A page of as many articles of the corpus as fit, beginning with another one each time: it compresses as text does.
fn capture(articles: &[String], n: u32) -> Capture {
    let from = n as usize * 7 % articles.len();
    let mut body = String::with_capacity(BODY_BYTES);
    for article in articles.iter().cycle().skip(from) {
        body.push_str(article);
        if body.len() >= BODY_BYTES {
            break;
        }
    }
    Capture {
        kind: CaptureKind::Page,
        uri: format!("https://exemple.fr/{n}"),
        final_uri: None,
        captured_at: Timestamp::UNIX_EPOCH,
        source: "bench".to_owned(),
        page_policy: PagePolicy::Never,
        timezone: None,
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

fn captures(count: u32) -> Vec<Capture> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds");
    let mut paths: Vec<_> = std::fs::read_dir(seeds)
        .expect("the seeds")
        .map(|entry| entry.expect("a seed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    let articles: Vec<_> = paths
        .iter()
        .map(|path| String::from_utf8_lossy(&std::fs::read(path).expect("a text")).into_owned())
        .collect();
    (0..count).map(|n| capture(&articles, n)).collect()
}

fn open(dir: &Path, segment_bytes: u64) -> Journal {
    let options = JournalOptions { segment_bytes };
    Journal::open(dir, options, 0, Arc::new(|| Timestamp::UNIX_EPOCH))
        .expect("a journal")
        .0
}

fn appending(bench: &mut Criterion) {
    let captures = captures(100);
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
fn to_be_sealed(captures: &[Capture]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let mut journal = open(dir.path(), 1 << 20);
    journal
        .append(&captures.iter().collect::<Vec<_>>())
        .expect("appended");
    journal.append(&[&captures[0]]).expect("appended");
    dir
}

fn sealing(bench: &mut Criterion) {
    let captures = captures(SEALED);
    let bytes = captures.iter().map(|capture| capture.body().len() as u64).sum();
    let mut group = bench.benchmark_group("segments");
    group.sample_size(10).throughput(Throughput::Bytes(bytes));
    group.bench_function("seal", |bench| {
        bench.iter_batched(
            || to_be_sealed(&captures),
            |dir| {
                let sealed = seal(dir.path(), &|| false).expect("sealed");
                assert_eq!(sealed.segments.len(), 1);
                dir
            },
            BatchSize::PerIteration,
        );
    });
    let dir = to_be_sealed(&captures);
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
