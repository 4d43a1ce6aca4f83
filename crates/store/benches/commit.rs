//! What one durable commit costs, by the size of its group: through the stage as the program does it, and the same rows
//! written to sled alone with and without the sync that makes them durable.

use std::fs::File;
use std::path::Path;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use depeche_store::{Store, StoreOptions};

mod articles;

const GROUPS: [u64; 4] = [1, 10, 100, 1_000];

fn options() -> StoreOptions {
    StoreOptions {
        min_free_bytes: 0,
        ..StoreOptions::default()
    }
}

/// The rows that the commit of `group` captures writes.
fn rows(dir: &Path, runtime: &tokio::runtime::Runtime, group: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
    let store = Store::open(dir, options()).expect("opened");
    let captures = (1..=group).map(|n| articles::capture(n, 1)).collect();
    runtime.block_on(articles::commit(store.clone(), captures));
    drop(store);
    let db = sled::Config::new()
        .path(dir)
        .segment_size(8 << 20)
        .open()
        .expect("opened");
    db.iter()
        .map(|row| {
            row.map(|(key, value)| (key.to_vec(), value.to_vec()))
                .expect("readable")
        })
        .collect()
}

fn commit(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let dir = tempfile::tempdir().expect("a folder");
    let mut bench = criterion.benchmark_group("commit");
    bench.sample_size(20);
    for group in GROUPS {
        bench.throughput(Throughput::Elements(group));
        let store = Store::open(&dir.path().join(format!("stage-{group}")), options()).expect("opened");
        let mut next = 1;
        bench.bench_function(BenchmarkId::new("stage", group), |bencher| {
            bencher.iter_batched(
                || {
                    let captures: Vec<_> = (next..next + group).map(|n| articles::capture(n, 1)).collect();
                    next += group;
                    captures
                },
                |captures: Vec<_>| runtime.block_on(articles::commit(store.clone(), captures)),
                BatchSize::PerIteration,
            );
        });
        drop(store);

        let rows = rows(&dir.path().join(format!("rows-{group}")), &runtime, group);
        for synced in [false, true] {
            let path = dir.path().join(format!("sled-{group}-{synced}"));
            let db = sled::Config::new()
                .path(&path)
                .segment_size(8 << 20)
                .flush_every_ms(None)
                .open()
                .expect("opened");
            let file = File::open(path.join("db")).expect("opened");
            let mut time = 0_u64;
            let name = if synced { "flush+fdatasync" } else { "flush" };
            bench.bench_function(BenchmarkId::new(name, group), |bencher| {
                bencher.iter_batched(
                    || {
                        time += 1;
                        let mut batch = sled::Batch::default();
                        for (key, value) in &rows {
                            // Each kind of row grows at its own end, as in a store.
                            let (kind, rest) = key.split_at(1);
                            batch.insert([kind, &time.to_be_bytes(), rest].concat(), value.as_slice());
                        }
                        batch
                    },
                    |batch| {
                        db.apply_batch(batch).expect("applied");
                        db.flush().expect("flushed");
                        if synced {
                            file.sync_data().expect("synced");
                        }
                    },
                    BatchSize::PerIteration,
                );
            });
        }
    }
    bench.finish();
}

criterion_group!(benches, commit);
criterion_main!(benches);
