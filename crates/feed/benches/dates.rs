//! What reading a date costs, by how it is written.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use depeche_feed::{DEFAULT_ZONE, DateContext, parse_date, read_date, zone};

const WRITTEN: &[(&str, &str)] = &[
    ("rfc_3339", "2026-02-05T18:30:00+01:00"),
    ("rfc_2822", "Thu, 05 Feb 2026 18:30:00 +0100"),
    ("french", "Publié le jeudi 5 février 2026 à 18 h 30"),
    (
        "two_dates",
        "Publié le 12 août 2025 à 06h02, mis à jour le 14 sept. 2025",
    ),
    ("relative", "il y a 2 heures"),
    ("none", "Par Jeanne Martin, notre correspondante à Rome"),
];

fn dates(criterion: &mut Criterion) {
    let captured_at = "2026-02-06T10:00:00Z".parse().expect("a moment");
    let context = DateContext::new(zone(DEFAULT_ZONE).expect("a zone"), captured_at);
    let mut group = criterion.benchmark_group("dates");
    for (name, written) in WRITTEN {
        group.bench_function(*name, |bencher| {
            bencher.iter(|| read_date(black_box(written), &context));
        });
    }
    let labelled: Vec<&str> = include_str!("../tests/data/dates/dates.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('\t').next())
        .collect();
    group.throughput(Throughput::Elements(labelled.len() as u64));
    group.bench_function("labelled", |bencher| {
        bencher.iter(|| {
            labelled
                .iter()
                .filter(|written| read_date(black_box(written), &context).is_some())
                .count()
        });
    });
    // What a page is searched with.
    group.throughput(Throughput::Elements(1));
    group.bench_function("without_a_capture", |bencher| {
        bencher.iter(|| parse_date(black_box("5 février 2026")));
    });
    group.finish();
}

criterion_group!(benches, dates);
criterion_main!(benches);
