//! The stage's order and what hostile input may cost: nothing but its own capture.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use depeche_model::{
    Capture, CaptureKind, Delivery, Entry, Header, Journaled, Key, Normalized, Outcome, Output, PageOrder,
    Payload, RejectionReason, WarningCode,
};
use depeche_normalizer::{Normalizer, Options, run};
use depeche_testkit::parcels;
use proptest::prelude::*;
use tokio::sync::mpsc;

const TEXT: &str = "Le port de Lorient a rouvert mercredi matin après deux jours de tempête, ont annoncé les autorités. \
    Une vingtaine de chalutiers attendaient dans la rade depuis lundi soir.";

fn journaled(kind: CaptureKind, ordinal: u64, body: impl Into<Vec<u8>>) -> Journaled {
    let order = (kind == CaptureKind::Page).then(|| {
        Box::new(PageOrder {
            source: "Exemple".to_owned(),
            feed_url: "https://www.example.org/rss.xml".to_owned(),
            entry: Entry {
                guid: Some("1".to_owned()),
                link: Some("https://www.example.org/a".to_owned()),
                title: Some("Le port rouvre".to_owned()),
                summary: Some(TEXT.to_owned()),
                ..Entry::default()
            },
            published: None,
            warnings: Vec::new(),
        })
    });
    let capture = Capture {
        order,
        ..parcels::capture(kind, &format!("dossier/{ordinal:04}"), body)
    };
    parcels::journaled(ordinal, capture)
}

/// Captures of every kind and of very different cost, so that workers overtake each other.
fn mixed() -> Vec<Journaled> {
    (0..60)
        .map(|n| match n % 4 {
            0 => journaled(CaptureKind::File, n, format!("{TEXT}\n{TEXT} {n}")),
            1 => journaled(
                CaptureKind::Feed,
                n,
                format!("<rss><item><title>{n}</title><description>{TEXT}</description></item></rss>"),
            ),
            2 => journaled(
                CaptureKind::Page,
                n,
                format!(
                    "<html><article>{}</article></html>",
                    format!("<p>{TEXT}</p>").repeat(100)
                ),
            ),
            _ => journaled(CaptureKind::Feed, n, Bytes::from_static(b"\x89PNG\0")),
        })
        .collect()
}

async fn through(workers: usize, captures: Vec<Journaled>) -> Vec<Normalized> {
    let (sender, inlet) = mpsc::channel(3);
    let (outlet, mut answers) = mpsc::channel(3);
    let normalizer = Arc::new(Normalizer::new(Options::default()));
    let stage = tokio::spawn(run(
        inlet,
        outlet,
        NonZeroUsize::new(workers).unwrap(),
        move |journaled| normalizer.normalize(journaled),
    ));
    let settled = Arc::new(Mutex::new(0_usize));
    let (log, total) = (Arc::clone(&settled), captures.len());
    tokio::spawn(async move {
        for capture in captures {
            let log = Arc::clone(&log);
            let delivery = Delivery::new(capture, move |outcome| {
                assert_eq!(outcome, Outcome::Stored);
                *log.lock().unwrap() += 1;
            });
            sender.send(delivery).await.unwrap();
        }
    });
    let mut normalized = Vec::new();
    while let Some(delivery) = answers.recv().await {
        let (item, duty) = delivery.take();
        normalized.push(item);
        duty.settle(Outcome::Stored);
    }
    stage.await.unwrap().unwrap();
    assert_eq!(*settled.lock().unwrap(), total);
    normalized
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_worker_and_four_give_the_same_in_the_same_order() {
    let one = through(1, mixed()).await;
    let four = through(4, mixed()).await;
    assert_eq!(one.len(), 60);
    assert_eq!(one, four);
    let ordinals: Vec<u64> = one.iter().map(|n| n.capture.position.ordinal).collect();
    assert_eq!(ordinals, (0..60).collect::<Vec<u64>>());
}

fn only(normalized: &Normalized) -> &Output {
    assert_eq!(normalized.outputs.len(), 1, "{normalized:?}");
    &normalized.outputs[0]
}

#[test]
fn hostile_pages_leave_the_entry_s_text() {
    let normalizer = Normalizer::new(Options::default());
    let hostile = [
        "<div>".repeat(200_000),
        "<table>".repeat(100_000),
        "<table><tr><td>".repeat(100_000),
        "<b>".repeat(100_000),
        "<div></x>".repeat(100_000),
        // What a parser and a mere scan for tags read differently.
        format!("<!-- --!>{}", "<div>".repeat(200_000)),
        format!("<a =\">{}", "<div>".repeat(200_000)),
        format!("<svg><style>{}", "<g>".repeat(200_000)),
        format!("<svg><title>{}", "<div>".repeat(200_000)),
        format!("<svg>{}", "<tr>".repeat(200_000)),
        format!("<!-- --!>{}", "<table><tr><td>".repeat(2_100)),
        format!("<p {}>", "a=1 ".repeat(200_000)),
        "<p>".repeat(500_000),
        "<a title=\"".repeat(100_000),
        "<!--".repeat(300_000),
        "<script>".repeat(300_000),
        "&".repeat(2_000_000),
        format!("<html><p>{}", "\u{0}".repeat(1000)),
    ];
    for html in hostile {
        let start: String = html.chars().take(20).collect();
        // A plain thread's stack is enough; the stage's is eight times that.
        let normalized = normalizer.normalize(&journaled(CaptureKind::Page, 1, html));
        let Output::Article(article) = only(&normalized) else {
            panic!("{start}: {normalized:?}");
        };
        assert_eq!(article.text, TEXT, "{start}");
        assert!(
            article
                .warnings
                .iter()
                .any(|w| w.code == WarningCode::PageUnusable),
            "{start}"
        );
    }
}

#[test]
fn a_page_at_the_depth_cap_fits_into_a_plain_thread_s_stack() {
    let normalizer = Normalizer::new(Options::default());
    for element in ["div", "table", "table><tr><td", "b", "ul><li", "svg"] {
        let nested = format!("<{element}>").repeat(500);
        let html = format!("<html><body><p>{TEXT} {TEXT}</p>{nested}<p>{TEXT} {TEXT}</p>");
        drop(normalizer.normalize(&journaled(CaptureKind::Page, 1, html)));
    }
}

#[test]
fn hostile_feeds_and_files_cost_only_themselves() {
    let normalizer = Normalizer::new(Options::default());
    let pile = |start: &str, piece: &str, times: usize| format!("{start}{}", piece.repeat(times));
    for (kind, body) in [
        (
            CaptureKind::Feed,
            pile("<rss version='2.0'><channel>", "<item>", 100_000),
        ),
        (
            CaptureKind::Feed,
            pile("<rss version='2.0'><channel><item>", "<a>", 200_000),
        ),
        (
            CaptureKind::Feed,
            pile(
                "<rss version='2.0'><channel><item><description>",
                "&lt;a \"",
                200_000,
            ),
        ),
        (
            CaptureKind::Feed,
            pile(
                "<rss version='2.0'><channel><item><description>",
                "&amp;amp;",
                200_000,
            ),
        ),
        (CaptureKind::Feed, pile("<feed>", "<![CDATA[", 200_000)),
        (CaptureKind::Feed, pile("<rss><channel>", "<", 15_000_000)),
        (
            CaptureKind::Feed,
            pile("<rss><channel>", "<item </item ", 160_000),
        ),
        (
            CaptureKind::Feed,
            pile("<?xml version='1.0'?>", "<!a [>", 2_000_000),
        ),
        (
            CaptureKind::Feed,
            pile("<!DOCTYPE rss [", "<!ENTITY a '&b;'>", 10_000) + "]><rss><item/></rss>",
        ),
        (
            CaptureKind::Feed,
            pile(
                "{\"version\": \"https://jsonfeed.org/version/1\", \"x\": ",
                "[",
                200_000,
            ),
        ),
        (CaptureKind::File, pile("", "a.", 500_000)),
        (CaptureKind::File, pile("", "A. ", 300_000)),
        (CaptureKind::File, pile("", "<", 500_000)),
        (CaptureKind::File, pile("", "Ã©", 300_000)),
        (CaptureKind::File, pile("e", "\u{301}", 100_000)),
        (CaptureKind::File, pile("{\"text\": ", "[", 200_000)),
    ] {
        let start: String = body.chars().take(60).collect();
        let normalized = normalizer.normalize(&journaled(kind, 1, body));
        let panicked = normalized.outputs.iter().any(|output| {
            matches!(output, Output::Rejected(r) if matches!(r.reason, RejectionReason::Panicked { .. }))
        });
        assert!(!panicked, "{start}: {:?}", normalized.outputs);
    }
}

#[test]
fn an_entry_that_says_nothing_is_rejected_under_the_same_key_at_every_poll() {
    let normalizer = Normalizer::new(Options::default());
    let keys: Vec<Option<Key>> = ["Un titre", "Un autre titre"]
        .iter()
        .map(|title| {
            let feed = format!(
                "<rss version='2.0'><channel><title>{title}</title><item><category>Mer</category></item></channel></rss>"
            );
            let normalized = normalizer.normalize(&journaled(CaptureKind::Feed, 1, feed));
            let Output::Rejected(rejection) = only(&normalized) else {
                panic!("{normalized:?}");
            };
            assert_eq!(rejection.reason, RejectionReason::Empty);
            rejection.key.clone()
        })
        .collect();
    assert!(
        matches!(&keys[0], Some(Key::Guid { feed, guid }) if feed == "dossier/0001" && !guid.is_empty()),
        "{keys:?}"
    );
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn a_page_that_a_proxy_rewrote_is_read_like_any_other() {
    let normalizer = Normalizer::new(Options::default());
    let html = format!(
        "<html><body><article>{}</article></body></html>",
        format!("<p>{TEXT}</p>").repeat(4)
    );
    for (status, used) in [(200, true), (203, true), (206, false), (404, false)] {
        let mut page = journaled(CaptureKind::Page, 1, html.clone());
        if let Payload::Http(answer) = &mut page.capture.payload {
            answer.status = status;
        }
        let normalized = normalizer.normalize(&page);
        let Output::Article(article) = only(&normalized) else {
            panic!("{normalized:?}");
        };
        let unusable = article
            .warnings
            .iter()
            .any(|w| w.code == WarningCode::PageUnusable);
        assert_eq!(unusable, !used, "{status}");
    }
}

#[test]
fn the_size_limit_is_exact() {
    let normalizer = Normalizer::new(Options {
        max_body_bytes: TEXT.len() as u64,
        ..Options::default()
    });
    let fits = normalizer.normalize(&journaled(CaptureKind::File, 1, TEXT));
    assert!(matches!(only(&fits), Output::Article(_)));
    let normalized = normalizer.normalize(&journaled(CaptureKind::File, 1, format!("{TEXT}.")));
    let Output::Rejected(rejection) = only(&normalized) else {
        panic!("{normalized:?}");
    };
    assert_eq!(
        rejection.reason,
        RejectionReason::TooLarge {
            limit: TEXT.len() as u64
        }
    );
}

#[test]
fn a_compressed_body_is_unpacked_and_a_cut_one_told() {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let item =
        format!("<item><guid>1</guid><title>Le port rouvre</title><description>{TEXT}</description></item>");
    let feed = format!("<rss version='2.0'><channel>{}</channel></rss>", item.repeat(200));
    encoder.write_all(feed.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let normalizer = Normalizer::new(Options::default());
    for (body, whole) in [
        (packed.clone(), true),
        (packed[..packed.len() - 12].to_vec(), false),
    ] {
        let mut capture = journaled(CaptureKind::Feed, 1, body);
        if let Payload::Http(answer) = &mut capture.capture.payload {
            answer.headers.push(Header {
                name: "content-encoding".to_owned(),
                value: b"gzip".to_vec(),
            });
        }
        let normalized = normalizer.normalize(&capture);
        assert_eq!(
            normalized
                .warnings
                .iter()
                .any(|w| w.code == WarningCode::BodyTruncated),
            !whole
        );
        assert!(normalized.outputs.len() > 100, "{}", normalized.outputs.len());
    }
}

#[test]
fn an_article_exported_and_replayed_is_the_same_article() {
    let normalizer = Normalizer::new(Options::default());
    let text = format!("« {TEXT} »\u{a0}; 1\u{202f}000 t.\n{TEXT}");
    let first = normalizer.normalize(&journaled(CaptureKind::File, 1, text));
    let Output::Article(article) = only(&first) else {
        panic!("{first:?}")
    };
    let line = serde_json::json!({ "text": article.text, "title": article.title, "guid": article.guid });
    let again = normalizer.normalize(&journaled(CaptureKind::File, 1, line.to_string()));
    let Output::Article(replayed) = only(&again) else {
        panic!("{again:?}")
    };
    assert_eq!(
        (&replayed.text, &replayed.title, &replayed.guid),
        (&article.text, &article.title, &article.guid)
    );
}

fn fuzzed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<rss version=\"2.0\"><channel>".to_owned()),
        Just("<feed xmlns=\"http://www.w3.org/2005/Atom\">".to_owned()),
        Just("<item>".to_owned()),
        Just("</item>".to_owned()),
        Just("<entry>".to_owned()),
        Just("<title>".to_owned()),
        Just("</title>".to_owned()),
        Just("<description>".to_owned()),
        Just("</description>".to_owned()),
        Just("<![CDATA[".to_owned()),
        Just("]]>".to_owned()),
        Just("<p>".to_owned()),
        Just("<html>".to_owned()),
        Just("&eacute;&".to_owned()),
        Just("<link href='/a?b=1&c'/>".to_owned()),
        "[a-zé<>&;\"'/ .]{0,12}",
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_input_panics(body in fuzzed()) {
        thread_local! {
            static NORMALIZER: Normalizer = Normalizer::new(Options::default());
        }
        for kind in [CaptureKind::Feed, CaptureKind::Page, CaptureKind::File] {
            let normalized = NORMALIZER.with(|normalizer| normalizer.normalize(&journaled(kind, 1, body.clone())));
            for output in normalized.outputs {
                if let Output::Rejected(rejection) = output {
                    prop_assert!(!matches!(rejection.reason, RejectionReason::Panicked { .. }), "{}", rejection.reason);
                }
            }
        }
    }
}
