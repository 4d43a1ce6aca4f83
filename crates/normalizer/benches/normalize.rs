//! What a capture costs: a seed text, a feed of 50 entries, a page of about 60 kB; what extraction alone costs, on the
//! labelled pages and on one as heavy as those of the French press; and what pages made to cost can cost.

use std::fmt::Write as _;
use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use depeche_model::{
    Capture, CaptureKind, Entry, HttpAnswer, Journaled, PageOrder, PagePolicy, Payload, Position,
};
use depeche_normalizer::{Normalizer, Options, read_page};

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
        })
    });
    let payload = match kind {
        CaptureKind::File => Payload::File {
            content_type: Some("text/plain".to_owned()),
            body: Bytes::from(body),
        },
        _ => Payload::Http(HttpAnswer {
            status: 200,
            headers: Vec::new(),
            body: Bytes::from(body),
        }),
    };
    Journaled {
        capture: Capture {
            kind,
            uri: "https://www.example.org/a".to_owned(),
            final_uri: None,
            captured_at: "2026-02-06T12:00:00Z".parse().expect("a time"),
            source: "Exemple".to_owned(),
            page_policy: PagePolicy::Never,
            order,
            payload,
        },
        position: Position {
            ordinal: 1,
            segment: 0,
            offset: 0,
            length: 0,
        },
        given_up: Vec::new(),
    }
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

fn normalize(criterion: &mut Criterion) {
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
fn extract(criterion: &mut Criterion) {
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
    let links = (0..700)
        .map(|n| format!("<li class=\"river__item\"><a href=\"/a-{n}.html\"><span class=\"river__title\">Un autre titre, {n}</span></a></li>"))
        .collect::<Vec<_>>()
        .concat();
    let script = "window.state.push({\"id\":12345,\"html\":\"<div class=x>\"});\n".repeat(4500);
    let heavy = pages[0]
        .replacen("</head>", &format!("<script>{script}</script></head>"), 1)
        .replacen("</body>", &format!("<ul>{links}</ul></body>"), 1);
    group.throughput(Throughput::Bytes(heavy.len() as u64));
    group.bench_function("page_of_361_kb", |bencher| {
        bencher.iter(|| read_page(black_box(&heavy), URL));
    });
    group.finish();
}

criterion_group!(benches, normalize, extract);
criterion_main!(benches);
