//! What kinds of sources bring: sitemap indexes, feeds that come and go.

use std::sync::Arc;
use std::time::Duration;

use depeche_fetcher::{Mode, poll};
use depeche_model::{Capture, Clock, Payload, PollOutcome, SystemClock};
use depeche_testkit::{Origin, Reply};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::desk::{feed, fetcher, journal, lists, options, poll_once};

fn sitemap(n: u32) -> String {
    format!(
        "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' \
         xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'><url><loc>https://exemple.fr/{n}</loc><news:news>\
         <news:title>Le pont rouvre</news:title><news:publication_date>2026-02-06</news:publication_date></news:news></url>\
         </urlset>"
    )
}

fn index(origin: &Origin, paths: &[&str]) -> Reply {
    let now = SystemClock.now();
    let entries: Vec<String> = paths
        .iter()
        .map(|path| {
            let loc = origin.url(path);
            format!("<sitemap><loc>{loc}</loc><lastmod>{now}</lastmod></sitemap>")
        })
        .collect();
    Reply::feed(format!(
        "<?xml version='1.0'?><sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{}</sitemapindex>",
        entries.concat()
    ))
    .header("ETag", "\"index\"")
}

/// The path that answered, and whether the capture has validators.
fn told(capture: &Capture, origin: &Origin) -> (String, bool) {
    let Payload::Http(answer) = &capture.payload else {
        panic!("{capture:?}");
    };
    let path = capture.base_uri().replace(&origin.url(""), "");
    (path, answer.header("etag").is_some())
}

#[tokio::test]
async fn an_index_is_journaled_after_its_sitemaps_and_alone_has_validators() {
    let origin = Origin::start();
    origin.set("/index.xml", index(&origin, &["/news.xml", "/actu.xml"]));
    for (n, path) in (1..).zip(["/news.xml", "/actu.xml"]) {
        origin.set(path, Reply::feed(sitemap(n)).header("ETag", "\"child\""));
    }
    let round = poll_once(&fetcher(options()), vec![feed(&origin.url("/index.xml"))]).await;
    let mut captures: Vec<_> = round
        .captures
        .iter()
        .map(|capture| told(capture, &origin))
        .collect();
    assert_eq!(captures.pop(), Some(("/index.xml".to_owned(), true)));
    captures.sort();
    assert_eq!(
        captures,
        [("/actu.xml".to_owned(), false), ("/news.xml".to_owned(), false)]
    );
    assert!(
        round
            .captures
            .iter()
            .all(|capture| capture.uri == origin.url("/index.xml"))
    );
    assert!(matches!(round.reports[0].outcome, PollOutcome::Fetched { .. }));
}

#[tokio::test]
async fn an_index_with_a_sitemap_left_over_gives_its_validators_up() {
    let origin = Origin::start();
    origin.set("/index.xml", index(&origin, &["/news.xml", "/down.xml"]));
    origin.set("/news.xml", Reply::feed(sitemap(1)));
    origin.set("/down.xml", Reply::status(500));
    let round = poll_once(&fetcher(options()), vec![feed(&origin.url("/index.xml"))]).await;
    let captures: Vec<_> = round
        .captures
        .iter()
        .map(|capture| told(capture, &origin))
        .collect();
    assert_eq!(
        captures,
        [("/news.xml".to_owned(), false), ("/index.xml".to_owned(), false)]
    );
}

#[tokio::test]
async fn indexes_do_not_wait_for_each_other_s_places() {
    let origin = Origin::start();
    origin.set("/news.xml", Reply::feed(sitemap(1)));
    let paths: Vec<String> = (0..4).map(|n| format!("/index-{n}.xml")).collect();
    for path in &paths {
        origin.set(path, index(&origin, &["/news.xml"]));
    }
    let one_place = depeche_fetcher::FetchOptions {
        concurrency: 1,
        ..options()
    };
    let feeds = paths.iter().map(|path| feed(&origin.url(path))).collect();
    let round = poll_once(&fetcher(one_place), feeds).await;
    assert_eq!(round.captures.len(), 8);
}

#[tokio::test]
async fn a_feed_that_is_removed_has_its_poll_ended_and_one_that_is_added_is_polled_at_once() {
    let origin = Origin::start();
    origin.set("/silent.xml", Reply::never());
    origin.set("/new.xml", Reply::feed("<rss/>"));
    let fetcher = fetcher(options());
    let (outlet, kept) = journal();
    let (reports, mut inlet) = mpsc::channel(8);
    let (list, feeds) = lists(vec![feed(&origin.url("/silent.xml"))]);
    let stop = CancellationToken::new();
    let polling = tokio::spawn(poll(
        Arc::clone(&fetcher),
        feeds,
        outlet,
        reports,
        Mode::Forever,
        stop.clone(),
    ));
    let origin = Arc::new(origin);
    let asked = Arc::clone(&origin);
    let waited =
        tokio::task::spawn_blocking(move || asked.wait_for("/silent.xml", 1, Duration::from_secs(20)));
    assert!(waited.await.unwrap());
    assert_eq!(
        (fetcher.counters().in_flight, fetcher.counters().feeds.never),
        (1, 1)
    );
    list.send(vec![feed(&origin.url("/new.xml"))]).await.unwrap();
    let report = inlet.recv().await.unwrap();
    assert_eq!(report.feed_url, origin.url("/new.xml"));
    let counters = fetcher.counters();
    assert_eq!(counters.in_flight, 0, "the silent one is not waited for");
    assert_eq!(
        (counters.feeds.ok, counters.feeds.never, counters.polls.fetched),
        (1, 0, 1)
    );
    stop.cancel();
    let summary = polling.await.unwrap();
    assert_eq!((summary.failed, summary.unsettled), (0, 1));
    kept.await.unwrap();
}
