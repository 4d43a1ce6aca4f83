//! What a capture costs: a seed text, a feed of 50 entries, a page of about 60 kB; what extraction alone costs, on the
//! labelled pages and on one with as much around it as pages of the press have; and what each other step costs an
//! article of 400 words.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use depeche_model::{Capture, CaptureKind, Entry, Journaled, PageOrder};
use depeche_normalizer::{
    LanguageDetector, Normalizer, Options, Repairs, canonical_url, clean_text, fold, markup_to_text,
    read_page, repair_mojibake,
};
use depeche_testkit::parcels;

#[path = "processor/measured.rs"]
mod measured;
mod processor;

use measured::ProcessorTime;

const PARAGRAPH: &str = "Le conseil a voté mardi soir, après six heures de débats, un budget en légère baisse. « Nous avons \
    fait des choix difficiles », a reconnu la maire, qui promet de ne pas toucher aux écoles. L'opposition dénonce une \
    hausse déguisée de la taxe foncière et annonce un recours devant le tribunal administratif. ";

fn capture(kind: CaptureKind, body: String) -> Journaled {
    let order = (kind == CaptureKind::Page).then(|| {
        Box::new(PageOrder {
            source: "Exemple".to_owned(),
            feed_url: "https://www.example.org/rss.xml".to_owned(),
            entry: Entry {
                guid: Some("1".to_owned()),
                link: Some("https://www.example.org/a".to_owned()),
                title: Some("Le budget est voté".to_owned()),
                ..Entry::default()
            },
            published: None,
            warnings: Vec::new(),
        })
    });
    let capture = Capture {
        order,
        ..parcels::capture(kind, "https://www.example.org/a", body)
    };
    parcels::journaled(1, capture)
}

fn seed() -> String {
    format!(
        " date 2026-02 {}\n\n\n{}\n{}",
        PARAGRAPH.repeat(2),
        PARAGRAPH.repeat(3),
        PARAGRAPH.repeat(4)
    )
}

fn feed() -> String {
    let mut items = String::new();
    for number in 0..50 {
        write!(
            items,
            "<item><guid>{number}</guid><title>Le budget {number} est voté</title><link>https://www.example.org/{number}</link>\
             <pubDate>Thu, 05 Feb 2026 18:30:00 +0100</pubDate><description><![CDATA[<p>{PARAGRAPH}</p><p>{PARAGRAPH}</p>]]>\
             </description></item>"
        )
        .expect("a string takes everything");
    }
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><language>fr</language>{items}</channel></rss>"
    )
}

fn page() -> String {
    let (mut links, mut paragraphs) = (String::new(), String::new());
    for n in 0..250 {
        write!(links, "<li class=\"item\"><a href=\"/rubrique/{n}\"><span>Un autre article du jour, le {n}</span></a></li>")
            .expect("a string takes everything");
    }
    for _ in 0..24 {
        write!(paragraphs, "<p class=\"text\">{PARAGRAPH}</p>").expect("a string takes everything");
    }
    let script = "window.data.push({a: 1, b: '<div>'});".repeat(400);
    format!(
        "<!DOCTYPE html><html lang=fr><head><title>Le budget est voté</title><script>{script}</script></head><body>\
         <nav><ul>{links}</ul></nav><article><h1>Le budget est voté</h1>{paragraphs}</article></body></html>"
    )
}

fn normalize(criterion: &mut Criterion<ProcessorTime>) {
    let normalizer = Normalizer::new(Options::default());
    let mut group = criterion.benchmark_group("normalize");
    for (name, kind, body) in [
        ("seed", CaptureKind::File, seed()),
        ("feed_of_50", CaptureKind::Feed, feed()),
        ("page", CaptureKind::Page, page()),
    ] {
        group.throughput(Throughput::Bytes(body.len() as u64));
        let journaled = capture(kind, body);
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(normalizer.normalize(black_box(&journaled))));
        });
    }
    group.finish();
}

const URL: &str = "https://www.example.org/a";

/// The labelled pages, and one of them with as much around it as pages of the French press have: 361 kB.
fn extract(criterion: &mut Criterion<ProcessorTime>) {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/pages");
    let mut folders: Vec<_> = std::fs::read_dir(root)
        .expect("tests/data/pages at the root of the workspace")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    folders.sort();
    let pages: Vec<String> = folders
        .iter()
        .map(|folder| std::fs::read_to_string(folder.join("page.html")).expect("a page"))
        .collect();
    let mut group = criterion.benchmark_group("extract");
    group.throughput(Throughput::Bytes(
        pages.iter().map(|page| page.len() as u64).sum(),
    ));
    group.bench_function("labelled_pages", |bencher| {
        bencher.iter(|| {
            pages
                .iter()
                .filter_map(|page| read_page(black_box(page), URL).ok())
                .count()
        });
    });
    for (name, bytes) in [
        ("page_of_30_kb", 30_000),
        ("page_of_361_kb", 361_000),
        ("page_of_2_mb", 2_000_000),
    ] {
        let heavy = heavy(&pages[0], bytes);
        group.throughput(Throughput::Bytes(heavy.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| read_page(black_box(&heavy), URL));
        });
    }
    group.finish();
}

/// A page with links and scripts around it, a third and two thirds of what it then has more.
fn heavy(page: &str, bytes: usize) -> String {
    let missing = bytes.saturating_sub(page.len());
    let link = |n: usize| {
        format!(
            "<li class=\"river__item\"><a href=\"/a-{n}.html\"><span class=\"river__title\">Un autre titre, {n}</span></a></li>"
        )
    };
    let links: String = (0..missing / 3 / link(100).len()).map(link).collect();
    let push = "window.state.push({\"id\":12345,\"html\":\"<div class=x>\"});\n";
    let script = push.repeat(missing.saturating_sub(links.len()) / push.len());
    page.replacen("</head>", &format!("<script>{script}</script></head>"), 1)
        .replacen("</body>", &format!("<ul>{links}</ul></body>"), 1)
}

/// The steps besides extraction, each on what an article of 400 words brings to it.
fn steps(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("step");
    let clean = [PARAGRAPH.trim(); 9].join("\n\n");
    let markup = format!("<p>{}</p>", clean.replace("\n\n", "</p>\n<p>"));
    let raw = format!(
        "  {}\u{ad}&nbsp;",
        clean.replace("\n\n", "\r\n\r\n\r\n").replace('\'', "&#8217;")
    );
    let (broken, _, _) = encoding_rs::WINDOWS_1252.decode(clean.as_bytes());
    assert_eq!(repair_mojibake(&clean), clean, "the text is in order");
    assert_ne!(repair_mojibake(&broken), broken, "the text is not in order");
    let detector = LanguageDetector::new(&["fr".to_owned()]);
    let address = "https://www.example.org/mer/2026/02/05/la-criee-de-lorient-rouvre_6543210_3244.html?xtor=RSS-1&utm_source=rss&b=2&a=1#ancre";
    group.bench_function("markup_off", |bencher| {
        bencher.iter(|| markup_to_text(black_box(&markup)).len());
    });
    group.bench_function("clean/what_is_clean", |bencher| {
        bencher.iter(|| clean_text(black_box(&clean), &mut Repairs::default()));
    });
    group.bench_function("clean/what_is_not", |bencher| {
        bencher.iter(|| clean_text(black_box(&raw), &mut Repairs::default()));
    });
    group.bench_function("mojibake/none", |bencher| {
        bencher.iter(|| repair_mojibake(black_box(&clean)).len());
    });
    group.bench_function("mojibake/throughout", |bencher| {
        bencher.iter(|| repair_mojibake(black_box(&broken)).len());
    });
    group.bench_function("fold", |bencher| bencher.iter(|| fold(black_box(&clean))));
    group.bench_function("language", |bencher| {
        bencher.iter(|| detector.detect(black_box(&clean), None));
    });
    group.bench_function("address", |bencher| {
        bencher.iter(|| canonical_url(black_box(address)));
    });
    for (name, written) in [
        ("rfc_822", "Thu, 05 Feb 2026 18:30:00 +0100"),
        ("rfc_3339", "2026-02-05T18:30:00+01:00"),
        ("french", "Publié le jeudi 5 février 2026 à 18h30"),
        ("none", "Le conseil a voté mardi soir"),
    ] {
        group.bench_function(format!("date/{name}"), |bencher| {
            bencher.iter(|| depeche_feed::parse_date(black_box(written)));
        });
    }
    group.bench_function("new_normalizer", |bencher| {
        bencher.iter(|| Normalizer::new(Options::default()));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = measured::criterion();
    targets = normalize, extract, steps
}
criterion_main!(benches);
