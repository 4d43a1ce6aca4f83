//! What a feed's entry says besides its text, when its page has been ordered and came.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

use depeche_model::{Article, Capture, CaptureKind, Output, PageOrder, PagePolicy, WarningCode};
use depeche_normalizer::{Normalizer, Options};
use depeche_testkit::parcels;

const TEXT: &str = "Le bac qui relie Royan au Verdon a repris mercredi ses rotations sur la Gironde, après deux jours \
    d’interruption. Une avarie du moteur l’avait immobilisé lundi soir, a précisé le département, qui affrète un second \
    navire pour la fin de la semaine. Une vingtaine de camions attendaient sur le quai depuis la veille.";

fn output(kind: CaptureKind, order: Option<Box<PageOrder>>, body: impl Into<Vec<u8>>) -> Output {
    let capture = Capture {
        page_policy: PagePolicy::Always,
        order,
        ..parcels::capture(kind, "https://www.example.org/bac", body)
    };
    let journaled = parcels::journaled(1, capture);
    let mut outputs = Normalizer::new(Options::default()).normalize(&journaled).outputs;
    assert_eq!(outputs.len(), 1, "{outputs:?}");
    outputs.remove(0)
}

/// The article of an entry with this date, whose page has this head.
fn article(pub_date: &str, page_head: &str) -> Article {
    article_with(pub_date, page_head, "")
}

/// The same, with a line between the page's title and its text.
fn article_with(pub_date: &str, page_head: &str, line: &str) -> Article {
    let feed = format!(
        "<rss version='2.0'><channel><item><title>Le bac reprend ses rotations sur la Gironde</title>\
        <link>https://www.example.org/bac</link>{pub_date}</item></channel></rss>"
    );
    let Output::PageWanted(order) = output(CaptureKind::Feed, None, feed) else {
        panic!("no order");
    };
    let page = format!(
        "<html lang=fr><head>{page_head}</head><body><article><h1>Le bac reprend ses rotations sur la Gironde</h1>{line}\
        <p>{TEXT}</p></article></body></html>"
    );
    match output(CaptureKind::Page, Some(order), page) {
        Output::Article(article) => *article,
        other => panic!("{other:?}"),
    }
}

fn dated(article: &Article) -> String {
    let published = article.published.unwrap();
    format!("{} {}", published.at, published.precision.as_str())
}

fn has(article: &Article, code: WarningCode) -> bool {
    article.warnings.iter().any(|warning| warning.code == code)
}

#[test]
fn a_date_that_the_feed_leaves_in_doubt_stays_in_doubt_where_the_page_has_none() {
    let article = article("<pubDate>05/03/2024 10:00</pubDate>", "");
    assert_eq!(dated(&article), "2024-03-05T09:00:00Z minute");
    assert!(has(&article, WarningCode::DateGuessed), "{:?}", article.warnings);
}

#[test]
fn a_doubt_about_the_feed_s_date_goes_where_the_page_s_is_taken() {
    let article = article(
        "<pubDate>05/03/2024 10:00</pubDate>",
        "<meta property='article:published_time' content='2024-03-05T10:00:12+01:00'>",
    );
    assert_eq!(dated(&article), "2024-03-05T09:00:12Z second");
    assert!(!has(&article, WarningCode::DateGuessed), "{:?}", article.warnings);
}

#[test]
fn an_entry_s_date_is_as_exact_as_its_feed_writes_it() {
    for (written, dated_so) in [
        ("<pubDate>janvier 2026</pubDate>", "2026-01-01T00:00:00Z month"),
        ("<pubDate>5 janvier 2026</pubDate>", "2026-01-05T00:00:00Z day"),
        (
            "<pubDate>5 janvier 2026 à 18h30</pubDate>",
            "2026-01-05T17:30:00Z minute",
        ),
    ] {
        assert_eq!(dated(&article(written, "")), dated_so, "{written}");
    }
}

#[test]
fn a_date_that_cannot_be_read_is_told_though_the_page_came() {
    let without = article("<pubDate>bientôt</pubDate>", "");
    assert!(
        has(&without, WarningCode::DateImpossible),
        "{:?}",
        without.warnings
    );
    assert!(!has(&without, WarningCode::DateMissing), "{:?}", without.warnings);
    let with = article(
        "<pubDate>bientôt</pubDate>",
        "<meta property='article:published_time' content='2026-02-05T10:00:12+01:00'>",
    );
    assert!(!has(&with, WarningCode::DateImpossible), "{:?}", with.warnings);
}

#[test]
fn the_repairs_of_an_entry_are_told_with_its_page() {
    // No identifier of its own: it is the link.
    let article = article("", "");
    assert!(has(&article, WarningCode::GuidDerived), "{:?}", article.warnings);
}

#[test]
fn a_time_by_itself_is_no_date_of_the_page() {
    let article = article_with("", "", "<p>Crue : 3 h d’attente</p>");
    assert!(has(&article, WarningCode::DateMissing), "{:?}", article.warnings);
    let told = article_with("", "", "<p>Publié à 11h30</p>");
    assert_eq!(dated(&told), "2026-02-06T10:30:00Z minute");
}
