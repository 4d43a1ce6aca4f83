//! What ours and the baselines take for a text of 400 words: to sketch it, and to ask an index and be taken in.

mod minhash;
mod simhash;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use depeche_deduplicator::sketch;
use depeche_testkit::copydesk::Press;

use minhash::{Index, Signature};
use simhash::{SimHashIndex, simhash};

/// Texts in the indexes: a day of the national press.
const INDEXED: u64 = 20_000;

fn baselines(criterion: &mut Criterion) {
    let press = Press::new();
    let text = press.article_of("banc", 7, 400).body;
    criterion.bench_function("sketch 400 words: depeche", |bencher| {
        bencher.iter(|| sketch(&text));
    });
    criterion.bench_function("sketch 400 words: MinHash", |bencher| {
        bencher.iter(|| Signature::of(&text));
    });
    criterion.bench_function("sketch 400 words: SimHash", |bencher| {
        bencher.iter(|| simhash(&text));
    });

    let (mut minhashes, mut simhashes) = (Index::new(0.3), SimHashIndex::default());
    for number in 0..INDEXED {
        let text = press.article_of("banc", number, 400).body;
        minhashes.insert(Signature::of(&text));
        simhashes.insert(simhash(&text));
    }
    let mut number = INDEXED;
    let mut next = || {
        number += 1;
        press.article_of("banc", number, 400).body
    };
    criterion.bench_function("a new text, 20,000 indexed: MinHash-LSH", |bencher| {
        bencher.iter_batched(
            &mut next,
            |text| {
                let signature = Signature::of(&text);
                let found = minhashes.find(&signature);
                minhashes.insert(signature);
                found
            },
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function("a new text, 20,000 indexed: SimHash", |bencher| {
        bencher.iter_batched(
            &mut next,
            |text| {
                let signature = simhash(&text);
                let found = simhashes.find(signature);
                simhashes.insert(signature);
                found
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = baselines
}
criterion_main!(benches);
