//! Pages: every order is answered once, with the page or with the reason why there is none.

use std::sync::Arc;
use std::time::Duration;

use depeche_fetcher::{FeedState, FeedTarget, FetchOptions, RobotsPolicy, fetch_pages};
use depeche_model::{CaptureKind, PagePolicy};
use depeche_testkit::{Newsroom, Origin, Reply};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::desk::{answer, failure, feed, fetcher, journal, options, order, pages};

#[tokio::test]
async fn a_page_comes_with_the_order_it_answers() {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "gazette", 1);
    let path = newsroom.story(1).path;
    origin.set("/short", Reply::redirect(302, &path));
    let order = order(&origin.url("/short"));
    let captures = pages(&fetcher(options()), vec![order.clone()]).await;
    let capture = &captures[0];
    assert_eq!(capture.kind, CaptureKind::Page);
    assert_eq!(capture.uri, origin.url("/short"));
    assert_eq!(capture.final_uri, Some(origin.url(&path)));
    assert_eq!(
        (capture.source.as_str(), capture.page_policy),
        ("Gazette", PagePolicy::Never)
    );
    assert_eq!(capture.order.as_deref(), Some(&order));
    assert_eq!(capture.body().as_ref(), newsroom.page(1).as_bytes());
    assert!(
        origin.requests()[0]
            .text("accept")
            .unwrap()
            .starts_with("text/html")
    );
}

#[tokio::test]
async fn a_page_is_written_in_the_zone_of_the_feed_that_ordered_it() {
    let origin = Origin::start();
    origin.set("/article", Reply::page("<p>un article"));
    let fetcher = fetcher(options());
    let order = order(&origin.url("/article"));
    let target = FeedTarget {
        timezone: Some("America/Toronto".to_owned()),
        ..feed(&order.feed_url).0
    };
    fetcher.learn_timezones(&[(target, FeedState::default())]);
    let captures = pages(&fetcher, vec![order.clone()]).await;
    assert_eq!(captures[0].timezone.as_deref(), Some("America/Toronto"));
    // A list that names it without a zone takes the zone away.
    fetcher.learn_timezones(&[feed(&order.feed_url)]);
    let captures = pages(&fetcher, vec![order]).await;
    assert_eq!(captures[0].timezone, None);
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_and_a_lasting_one_told() {
    let origin = Origin::start();
    origin.script("/second", [Reply::status(500), Reply::page("<p>enfin")]);
    origin.script(
        "/third",
        [Reply::hang_up(), Reply::status(429), Reply::page("<p>enfin")],
    );
    origin.set("/down", Reply::status(503));
    let fetcher = fetcher(options());
    for path in ["/second", "/third"] {
        let captures = pages(&fetcher, vec![order(&origin.url(path))]).await;
        assert_eq!(answer(&captures[0]).status, 200, "{path}");
    }
    let captures = pages(&fetcher, vec![order(&origin.url("/down"))]).await;
    assert!(failure(&captures[0]).contains("503") && failure(&captures[0]).contains("3 tries"));
    assert_eq!(origin.count("/down"), 3);
}

#[tokio::test]
async fn a_page_that_breaks_off_is_asked_for_again_and_never_taken_as_whole() {
    let origin = Origin::start();
    let whole = || Reply::page("<p>Une page entière");
    origin.script("/second", [whole().close_after(8), whole()]);
    origin.set("/never", whole().close_after(8));
    let fetcher = fetcher(options());
    let captures = pages(&fetcher, vec![order(&origin.url("/second"))]).await;
    assert_eq!(captures[0].body().as_ref(), "<p>Une page entière".as_bytes());
    let captures = pages(&fetcher, vec![order(&origin.url("/never"))]).await;
    let told = failure(&captures[0]);
    assert!(told.contains("broke off") && told.contains("3 tries"), "{told}");
    assert_eq!((captures.len(), origin.count("/never")), (1, 3));
}

#[tokio::test]
async fn a_refused_page_and_what_is_no_page_fail_at_once() {
    let origin = Origin::start();
    origin.set("/film", Reply::ok("x").header("Content-Type", "Video/mp4"));
    origin.set(
        "/pdf",
        Reply::ok("x").header("Content-Type", "application/pdf; a=b"),
    );
    origin.set("/gone", Reply::status(410));
    for (path, told) in [
        ("/film", "video/mp4"),
        ("/pdf", "application/pdf"),
        ("/gone", "410"),
        ("/404", "404"),
    ] {
        let captures = pages(&fetcher(options()), vec![order(&origin.url(path))]).await;
        assert!(failure(&captures[0]).contains(told), "{path}");
        assert_eq!(origin.count(path), 1);
    }
    for link in ["", "mailto:a@b.fr", "rien"] {
        let captures = pages(&fetcher(options()), vec![order(link)]).await;
        assert!(!failure(&captures[0]).is_empty(), "{link}");
    }
}

#[tokio::test]
async fn a_short_wish_for_quiet_is_waited_out_and_a_long_one_is_not() {
    let origin = Origin::start();
    origin.script(
        "/soon",
        [
            Reply::status(429).header("Retry-After", "1"),
            Reply::page("<p>enfin"),
        ],
    );
    let captures = pages(&fetcher(options()), vec![order(&origin.url("/soon"))]).await;
    assert_eq!(answer(&captures[0]).status, 200);
    origin.set("/later", Reply::status(429).header("Retry-After", "7200"));
    let captures = pages(&fetcher(options()), vec![order(&origin.url("/later"))]).await;
    assert!(failure(&captures[0]).contains("429"));
    assert_eq!(origin.count("/later"), 1);
}

fn mannered() -> FetchOptions {
    FetchOptions {
        robots: RobotsPolicy::Pages,
        ..options()
    }
}

#[tokio::test]
async fn a_disallowed_page_is_not_asked_for_and_robots_are_read_once() {
    let origin = Origin::start();
    origin.set(
        "/robots.txt",
        Reply::ok("User-agent: depeche\nDisallow: /prive\n"),
    );
    origin.on_prefix("/", |_| Reply::page("<p>lisible"));
    origin.set("/detour", Reply::redirect(302, "/prive/2"));
    let orders = ["/prive/1", "/detour", "/a", "/b"];
    let captures = pages(
        &fetcher(mannered()),
        orders.iter().map(|path| order(&origin.url(path))).collect(),
    )
    .await;
    for capture in &captures {
        if capture.uri.contains("prive") || capture.uri.contains("detour") {
            assert!(failure(capture).contains("robots.txt"), "{}", capture.uri);
        } else {
            assert_eq!(answer(capture).status, 200);
        }
    }
    assert_eq!(captures.len(), 4);
    assert_eq!(origin.count("/robots.txt"), 1);
    assert!(origin.count("/prive/1") == 0 && origin.count("/prive/2") == 0);
}

#[tokio::test]
async fn robots_that_are_missing_allow_and_those_that_cannot_be_read_do_not() {
    for (robots, allowed) in [
        (Reply::status(404), true),
        (Reply::status(403), true),
        (Reply::redirect(302, "/robots.txt"), true),
        (Reply::ok("User-agent: *\nDisallow: /\n"), false),
        (Reply::status(500), false),
        (Reply::status(429), false),
        (Reply::hang_up(), false),
        // What lies beyond 500 KiB is not read.
        (
            Reply::ok(format!(
                "User-agent: *\n#{}\nDisallow: /\n",
                "x".repeat(500 * 1024)
            )),
            true,
        ),
    ] {
        let origin = Origin::start();
        origin.set("/a", Reply::page("<p>lisible"));
        origin.set("/robots.txt", robots.clone());
        let captures = pages(&fetcher(mannered()), vec![order(&origin.url("/a"))]).await;
        assert_eq!(origin.count("/a"), usize::from(allowed), "{captures:?}");
        assert_eq!(captures.len(), 1);
    }
}

#[tokio::test]
async fn a_stopped_fetch_answers_nothing_so_the_order_stays_owed() {
    let origin = Origin::start();
    origin.set("/never", Reply::never());
    let (outlet, kept) = journal();
    let (sender, inlet) = mpsc::channel(1);
    sender.send(order(&origin.url("/never"))).await.unwrap();
    let stop = CancellationToken::new();
    let fetching = tokio::spawn(fetch_pages(fetcher(options()), inlet, outlet, stop.clone()));
    let origin = Arc::new(origin);
    let waited = Arc::clone(&origin);
    assert!(
        tokio::task::spawn_blocking(move || waited.wait_for("/never", 1, Duration::from_mins(1)))
            .await
            .unwrap()
    );
    stop.cancel();
    assert_eq!(fetching.await.unwrap().unanswered, 1);
    assert!(kept.await.unwrap().is_empty());
}

#[tokio::test]
async fn a_page_that_several_feeds_want_at_once_is_fetched_once() {
    let origin = Origin::start();
    origin.set(
        "/article",
        Reply::page("<html><body>Le pont rouvre.</body></html>").delay(Duration::from_millis(200)),
    );
    let fetcher = fetcher(FetchOptions {
        per_host_concurrency: 8,
        ..options()
    });
    let wanted = |feed: &str| {
        let mut order = order(&origin.url("/article"));
        order.feed_url = origin.url(feed);
        order
    };
    let captures = pages(
        &fetcher,
        vec![wanted("/une.xml"), wanted("/sport.xml"), wanted("/fil.xml")],
    )
    .await;
    assert_eq!(origin.count("/article"), 1);
    let mut feeds: Vec<String> = captures
        .iter()
        .map(|capture| capture.order.as_ref().unwrap().feed_url.clone())
        .collect();
    feeds.sort();
    assert_eq!(
        feeds,
        ["/fil.xml", "/sport.xml", "/une.xml"].map(|path| origin.url(path))
    );
    assert!(captures.iter().all(|capture| !capture.body().is_empty()));
    let counters = fetcher.counters();
    assert_eq!(
        (
            counters.pages.fetched,
            counters.pages.shared,
            counters.pages.failed
        ),
        (1, 2, 0)
    );
    assert!(counters.wire_bytes > 0 && counters.in_flight == 0);
    // Later it is asked for again: an article changes.
    pages(&fetcher, vec![wanted("/une.xml")]).await;
    assert_eq!(origin.count("/article"), 2);
}
