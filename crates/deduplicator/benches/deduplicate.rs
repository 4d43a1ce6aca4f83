//! How fast texts are sketched and decided about, with many texts indexed.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use depeche_deduplicator::{Deduplicator, Hint, Options, Recall, Stories, sketch};
use depeche_model::{
    Article, ArticleId, Digest, Normalized, Output, Remembered, Seq, Sketch, StoryId, TermVector, Verdict,
};
use depeche_testkit::copydesk::{Press, Text};
use depeche_testkit::parcels;
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
        guid: Some(number.to_string()),
        ..parcels::article(&format!("source {}", number % 300), text)
    };
    parcels::normalized(number, captured_at, vec![Output::Article(Box::new(article))])
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

/// Invented news with the names that stories are told by: each event is reported once more within two days.
fn stories(criterion: &mut Criterion) {
    // Six days of the texts of their own among 20,000 articles a day, a third of all: what is compared with at a time.
    const HELD: u64 = 40_000;
    let invented = Press::new();
    let report = |number: u64| {
        let event = number - (number % 2) * number.min(1001);
        let told = invented.event("banc", event);
        let words = 160 + (number * 7 % 480) as usize;
        invented.report(
            event,
            &told,
            depeche_testkit::copydesk::Dice::new("récit", number),
            words,
        )
    };
    let mut known = Stories::new(SignedDuration::from_hours(72), Options::default().aliases);
    let decide = |known: &mut Stories, number: u64, text: &Text| {
        let at = moment(number, HELD * 14 / 6);
        let mut normalized = normalized(number, text.body.clone(), at);
        let Some(Output::Article(article)) = normalized.outputs.pop() else {
            return;
        };
        let terms = known.terms(&article, at);
        let own = StoryId(Digest(u128::from(number).to_be_bytes()));
        let story = known.find(&terms, (at, at), Hint::None, at).unwrap_or(own);
        known.remember(&remembered(number, story, terms, at), at);
        known.forget(at);
    };
    for number in 0..HELD {
        decide(&mut known, number, &report(number));
    }
    let mut number = HELD;
    criterion.bench_function("terms, story and keeping it, 40,000 held", |bencher| {
        bencher.iter_batched(
            || {
                number += 1;
                (number, report(number))
            },
            |(number, text)| decide(&mut known, number, &text),
            BatchSize::PerIteration,
        );
    });
    let text = report(number).body;
    let Some(Output::Article(article)) = normalized(number, text, Timestamp::UNIX_EPOCH).outputs.pop() else {
        return;
    };
    criterion.bench_function("terms alone, 400 words", |bencher| {
        bencher.iter(|| known.terms(&article, Timestamp::UNIX_EPOCH));
    });
}

fn remembered(number: u64, story: StoryId, terms: TermVector, at: Timestamp) -> Remembered {
    Remembered {
        seq: Seq(number + 1),
        article: ArticleId(Digest(u128::from(number).to_be_bytes())),
        revision: 1,
        verdict: Verdict::New,
        of: None,
        captured_at: at,
        event: (at, at),
        source: String::new(),
        keys: Vec::new(),
        content: Digest([0; 16]),
        entry_digest: None,
        tokens: 400,
        sketch: Sketch::default(),
        lead: Sketch::default(),
        story,
        terms,
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = stories, deduplicate
}
criterion_main!(benches);
