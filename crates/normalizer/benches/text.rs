//! What each step behind extraction costs an article: its text of 5 kB, as it should be and as it should not, and its address.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use depeche_normalizer::{
    Repairs, canonical_url, clean_text, fold, markup_to_text, repair_mojibake, url_key,
};

const PARAGRAPH: &str = "Le conseil a voté mardi soir, après six heures de débats, un budget en légère baisse. « Nous avons \
    fait des choix difficiles », a reconnu la maire, qui promet de ne pas toucher aux écoles. L’opposition dénonce une \
    hausse déguisée de la taxe foncière et annonce un recours devant le tribunal administratif… ";

const URL: &str =
    "https://www.example.org/politique/article/2026/02/05/le-budget-est-vote_6543210_823448.html";

fn article() -> String {
    vec![PARAGRAPH.trim_end(); 16].join("\n\n")
}

/// The same as windows-1252 reads it.
fn broken(text: &str) -> String {
    let (read, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(text.as_bytes());
    read.into_owned()
}

fn texts(criterion: &mut Criterion) {
    let clean = article();
    let spaced = clean.replace(". ", ".\u{a0} ");
    let mojibake = broken(&clean);
    let html = format!("<p>{}</p>", clean.replace("\n\n", "</p>\n<p>"));
    let mut group = criterion.benchmark_group("text");
    group.throughput(Throughput::Bytes(clean.len() as u64));
    for (name, text) in [("clean", &clean), ("spaces", &spaced), ("mojibake", &mojibake)] {
        group.bench_function(format!("clean_text/{name}"), |bencher| {
            bencher.iter(|| clean_text(black_box(text), &mut Repairs::default()));
        });
    }
    group.bench_function("mojibake_check", |bencher| {
        bencher.iter(|| repair_mojibake(black_box(&clean)).len());
    });
    group.bench_function("fold", |bencher| bencher.iter(|| fold(black_box(&clean))));
    group.bench_function("markup_to_text", |bencher| {
        bencher.iter(|| markup_to_text(black_box(&html)).len());
    });
    group.finish();
}

fn addresses(criterion: &mut Criterion) {
    let tracked = format!("{URL}?utm_source=rss&utm_medium=feed&id=3&at_campaign=x#xtor=RSS-3208");
    let mut group = criterion.benchmark_group("url");
    for (name, url) in [("plain", URL), ("tracked", tracked.as_str())] {
        group.bench_function(format!("canonical/{name}"), |bencher| {
            bencher.iter(|| canonical_url(black_box(url)));
        });
        group.bench_function(format!("key/{name}"), |bencher| {
            bencher.iter(|| url_key(black_box(url)));
        });
    }
    group.finish();
}

criterion_group!(benches, texts, addresses);
criterion_main!(benches);
