//! What reading an answer costs: a French RSS feed of 50 entries well-formed and broken, bare feed-rs on the same bytes,
//! and the digest that saves reading.

use std::fmt::Write as _;
use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use depeche_feed::{read, steady_digest};

const PARAGRAPH: &str = "Le conseil a voté mardi soir, après six heures de débats, un budget en légère baisse. « Nous avons \
    fait des choix difficiles », a reconnu la maire, qui promet de ne pas toucher aux écoles. L’opposition dénonce une \
    hausse déguisée de la taxe foncière. ";

/// A feed as the French press sends them: a standfirst escaped, a text in CDATA, a picture, an author, categories.
fn feed(entries: usize) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>Le Fil</title>\
         <link>https://www.example.fr/</link><description>Le fil</description><language>fr</language>\
         <lastBuildDate>Thu, 05 Feb 2026 18:30:00 +0100</lastBuildDate>\n",
    );
    for n in 0..entries {
        writeln!(
            xml,
            "<item><title>Le budget de la ville est voté, épisode {n}</title>\
             <link>https://www.example.fr/politique/le-budget-{n}.html</link>\
             <guid isPermaLink=\"false\">fr-{n}</guid><pubDate>Thu, 05 Feb 2026 10:30:00 +0100</pubDate>\
             <dc:creator>Anne Le Goff</dc:creator><category>Politique</category><category>Budget</category>\
             <media:content url=\"https://www.example.fr/img/{n}.jpg\" medium=\"image\" width=\"1200\"/>\
             <description>{PARAGRAPH}&lt;b&gt;Lire&lt;/b&gt;</description>\
             <content:encoded><![CDATA[<p>{PARAGRAPH}</p><p>{PARAGRAPH}</p>]]></content:encoded></item>"
        )
        .expect("a string takes everything");
    }
    xml.push_str("</channel></rss>");
    xml
}

/// The same with what goes wrong: bare ampersands, HTML names, markup that is not escaped, tags that are not closed.
fn broken(entries: usize) -> String {
    feed(entries)
        .replace("baisse.", "baisse & c&oelig;ur.")
        .replace("&lt;b&gt;Lire&lt;/b&gt;", "<b>Lire</b>")
        .replace("</category>\u{3c}media", "<media")
        .replace("version=\"2.0\"", "")
}

fn reading(criterion: &mut Criterion) {
    let base = "https://www.example.fr/rss.xml";
    for (name, body) in [
        ("well_formed", Bytes::from(feed(50))),
        ("broken", Bytes::from(broken(50))),
        (
            "windows_1252",
            Bytes::from(encoding_rs::WINDOWS_1252.encode(&feed(50)).0.into_owned()),
        ),
    ] {
        assert_eq!(
            read(&body, None, base, u64::MAX).map_or(0, |feed| feed.items.len()),
            50
        );
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("read", |bencher| {
            bencher.iter(|| read(black_box(&body), None, base, u64::MAX).map(|feed| feed.items.len()));
        });
        if name == "well_formed" {
            group.bench_function("feed_rs", |bencher| {
                bencher.iter(|| feed_rs::parser::parse(black_box(&body[..])).map(|feed| feed.entries.len()));
            });
        }
        group.bench_function("steady_digest", |bencher| {
            bencher.iter(|| steady_digest(black_box(&body)));
        });
        group.finish();
    }
}

criterion_group!(benches, reading);
criterion_main!(benches);
