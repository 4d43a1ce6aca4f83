//! How fast texts are sketched and decided about, with many texts indexed.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use depeche_deduplicator::{Deduplicator, Options, Recall, sketch};
use depeche_model::{
    Article, CaptureId, CaptureKind, CaptureRef, ContentFrom, Digest, Normalized, Output, Position, Seq,
};
use jiff::{SignedDuration, Timestamp};

const SYLLABLES: [&str; 24] = [
    "mar", "ti", "ron", "be", "lo", "van", "cré", "sou", "pli", "gar", "mon", "té", "cha", "ri", "dou",
    "fer", "nel", "ba", "qui", "ser", "lan", "vou", "ge", "pa",
];

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// A word of a vocabulary of 20,000 in which, as in a language, some words are frequent and most are rare.
    fn word(&mut self) -> String {
        let share = self.below(1 << 20) as f64 / f64::from(1 << 20);
        let rank = (20_000.0_f64.powf(share) as i64).unsigned_abs();
        let mut rest = rank * 2_654_435_761 % (1 << 32);
        let mut word = String::new();
        for _ in 0..=(rank % 3 + 1) {
            word.push_str(SYLLABLES[(rest % 24) as usize]);
            rest /= 24;
        }
        word
    }

    /// Four hundred words in sentences of sixteen, with a name in each.
    fn text(&mut self) -> String {
        let mut text = String::new();
        for place in 0..400 {
            let word = self.word();
            match place % 16 {
                0 | 9 => text.extend(
                    word.chars()
                        .take(1)
                        .flat_map(char::to_uppercase)
                        .chain(word.chars().skip(1)),
                ),
                _ => text.push_str(&word),
            }
            text.push_str(if place % 16 == 15 { ". " } else { " " });
        }
        text
    }
}

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
    let text = Dice(7).text();
    criterion.bench_function("sketch 400 words", |bencher| bencher.iter(|| sketch(&text)));

    for indexed in [10_000, 100_000] {
        let mut dice = Dice(11);
        let mut deduplicator = Deduplicator::new(Options::default());
        for number in 0..indexed {
            deduplicator.decide(normalized(number, dice.text(), moment(number, indexed)), &Nothing);
        }
        let mut number = indexed;
        criterion.bench_function(&format!("decide a new text, {indexed} indexed"), |bencher| {
            bencher.iter_batched(
                || {
                    number += 1;
                    normalized(number, dice.text(), moment(number, indexed))
                },
                |normalized| deduplicator.decide(normalized, &Nothing),
                BatchSize::SmallInput,
            );
        });
        let copied = dice.text();
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
