//! How fast texts are sketched and decided about, with many texts indexed.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use depeche_deduplicator::{Deduplicator, Options, Recall, sketch};
use depeche_model::{
    Article, CaptureId, CaptureKind, CaptureRef, ContentFrom, Digest, Normalized, Output, Position, Seq,
};
use jiff::{SignedDuration, Timestamp};

mod press;

use press::Dice;

/// A store that is never written to: every text stays in the deduplicator's memory.
struct Nothing;

impl Recall for Nothing {
    fn text(&self, _: Seq) -> Option<String> {
        None
    }
}

fn normalized(number: u64, text: String, captured_at: Timestamp) -> Normalized {
    let article = Article {
        url: None,
        canonical_url: None,
        title: String::new(),
        summary: None,
        word_count: 400,
        text,
        published: None,
        updated_at: None,
        source: format!("source {}", number % 300),
        feed_url: None,
        guid: Some(number.to_string()),
        language: "fr".to_owned(),
        language_confidence: 1.0,
        authors: Vec::new(),
        categories: Vec::new(),
        image: None,
        content_from: ContentFrom::Feed,
        entry_digest: None,
        warnings: Vec::new(),
        captions: Vec::new(),
        tables: Vec::new(),
    };
    Normalized {
        capture: CaptureRef {
            id: CaptureId(Digest([0; 16])),
            position: Position {
                ordinal: number,
                segment: 1,
                offset: 0,
                length: 1,
            },
            kind: CaptureKind::Feed,
            uri: String::new(),
            source: String::new(),
            captured_at,
            validators: None,
            answers: None,
        },
        outputs: vec![Output::Article(Box::new(article))],
        warnings: Vec::new(),
    }
}

/// The moment of the n-th of `all` articles that fill the near window evenly.
fn moment(number: u64, all: u64) -> Timestamp {
    let window = SignedDuration::from_hours(14 * 24);
    let offset =
        SignedDuration::from_millis((window.as_millis() * i128::from(number) / i128::from(all)) as i64);
    Timestamp::UNIX_EPOCH.checked_add(offset).unwrap_or_default()
}

fn deduplicate(criterion: &mut Criterion) {
    let text = Dice(7).article(384);
    criterion.bench_function("sketch 400 words", |bencher| bencher.iter(|| sketch(&text)));

    for indexed in [10_000, 100_000] {
        let mut dice = Dice(11);
        let mut deduplicator = Deduplicator::new(Options::default());
        for number in 0..indexed {
            deduplicator.decide(
                normalized(number, dice.article(384), moment(number, indexed)),
                &Nothing,
            );
        }
        let mut number = indexed;
        criterion.bench_function(&format!("decide a new text, {indexed} indexed"), |bencher| {
            bencher.iter_batched(
                || {
                    number += 1;
                    normalized(number, dice.article(384), moment(number, indexed))
                },
                |normalized| deduplicator.decide(normalized, &Nothing),
                BatchSize::SmallInput,
            );
        });
        let copied = dice.article(384);
        deduplicator.decide(
            normalized(number + 1, copied.clone(), moment(number + 1, indexed)),
            &Nothing,
        );
        number += 1;
        criterion.bench_function(&format!("decide a near copy, {indexed} indexed"), |bencher| {
            bencher.iter_batched(
                || {
                    number += 1;
                    let copy = format!("{} {number} {copied}", dice.word());
                    normalized(number, copy, moment(number, indexed))
                },
                |normalized| deduplicator.decide(normalized, &Nothing),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = deduplicate
}
criterion_main!(benches);
