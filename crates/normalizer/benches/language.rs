//! What telling the language of 8, 40 and 400 words costs, beside whatlang, whichlang and langid-rs (this one with the
//! same neighbours of French).

use std::collections::HashSet;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use depeche_normalizer::LanguageDetector;

#[path = "processor/measured.rs"]
mod measured;
mod processor;

use measured::ProcessorTime;

const SENTENCES: &str = "Le conseil a voté mardi soir, après six heures de débats, un budget en légère baisse. « Nous avons \
    fait des choix difficiles », a reconnu la maire, qui promet de ne pas toucher aux écoles. L'opposition dénonce une \
    hausse déguisée de la taxe foncière et annonce un recours devant le tribunal administratif. ";

/// langid-rs takes longer with each language; these are the ones that matter to French.
const NEIGHBOURS: &[&str] = &[
    "fr", "en", "it", "ca", "es", "pt", "ro", "oc", "br", "ht", "de", "nl", "eu", "gl", "lb", "wa", "da",
    "sv", "pl", "eo", "la", "tr", "vi", "hr", "cs",
];

fn text(words: usize) -> String {
    let repeated = SENTENCES.repeat(words / 40 + 1);
    let chosen: Vec<&str> = repeated.split_whitespace().take(words).collect();
    chosen.join(" ")
}

fn detect(criterion: &mut Criterion<ProcessorTime>) {
    let detector = LanguageDetector::new(&["fr".to_owned()]);
    let mut model = langid_rs::Model::load(false).expect("the model is part of the crate");
    let neighbours: HashSet<String> = NEIGHBOURS.iter().map(|name| (*name).to_owned()).collect();
    assert!(
        model.set_langs(Some(neighbours)).is_ok(),
        "langid-rs knows these languages"
    );
    let mut group = criterion.benchmark_group("language");
    for words in [8, 40, 400] {
        let text = text(words);
        assert!(detector.detect(&text, None).wanted, "the text is French");
        group.bench_function(format!("detect/{words}_words"), |bencher| {
            bencher.iter(|| black_box(detector.detect(black_box(&text), None)));
        });
        group.bench_function(format!("whatlang/{words}_words"), |bencher| {
            bencher.iter(|| black_box(whatlang::detect(black_box(&text))));
        });
        group.bench_function(format!("whichlang/{words}_words"), |bencher| {
            bencher.iter(|| black_box(whichlang::detect_language(black_box(&text))));
        });
        group.bench_function(format!("langid-rs/{words}_words"), |bencher| {
            bencher.iter(|| black_box(model.classify(&black_box(&text).to_lowercase())));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = measured::criterion();
    targets = detect
}
criterion_main!(benches);
