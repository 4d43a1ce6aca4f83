//! When feeds are polled, and what their state is after.

use std::sync::Arc;
use std::time::Duration;

use depeche_fetcher::{FeedState, FeedTarget, FetchOptions, Interval, Mode, RobotsPolicy, poll};
use depeche_journal::Intake;
use depeche_model::{Clock, PollOutcome, PollReport, Position, SystemClock, Validators};
use depeche_testkit::{Newsroom, Origin, Reply};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::desk::{Round, feed, fetcher, journal, lists, options, poll_once, poll_one};

/// Intervals so short that a test sees several polls.
fn lively() -> FetchOptions {
    FetchOptions {
        interval: Interval {
            default: Duration::from_millis(20),
            min: Duration::from_millis(20),
            max: Duration::from_millis(20),
            ..Interval::default()
        },
        ..options()
    }
}

fn receipt(intake: Intake) {
    let position = Position {
        ordinal: 1,
        segment: 1,
        offset: 0,
        length: 0,
    };
    intake.receipt.unwrap().send(position).unwrap();
}

#[tokio::test]
async fn validators_are_echoed_byte_for_byte_and_a_304_is_no_capture() {
    let origin = Origin::start();
    let etag: &[u8] = b"W/\"caf\xe9 ,;\\\"";
    let date: &[u8] = b"Mon, 2 Feb 2026 06:00:00 +0100 (odd)";
    origin.on("/f", move |request| {
        let reply = if request.header("if-none-match").is_some() {
            Reply::status(304)
        } else {
            Reply::feed("<rss/>")
        };
        reply.header("ETag", etag).header("Last-Modified", date)
    });
    let (outlet, mut inlet) = mpsc::channel(1);
    let (reports, mut told) = mpsc::channel::<PollReport>(8);
    let (_list, feeds) = lists(vec![feed(&origin.url("/f"))]);
    let stop = CancellationToken::new();
    let polling = tokio::spawn(poll(
        fetcher(lively()),
        feeds,
        outlet,
        reports,
        Mode::Forever,
        stop.clone(),
    ));
    receipt(inlet.recv().await.unwrap());
    assert!(matches!(
        told.recv().await.unwrap().outcome,
        PollOutcome::Fetched { bytes: 6 }
    ));
    let validators = Validators {
        etag: Some(etag.to_vec()),
        last_modified: Some(date.to_vec()),
    };
    for _ in 0..2 {
        let outcome = told.recv().await.unwrap().outcome;
        assert_eq!(
            outcome,
            PollOutcome::NotModified {
                validators: validators.clone()
            }
        );
    }
    stop.cancel();
    let summary = polling.await.unwrap();
    assert_eq!(summary.fetched, 1);
    assert!(inlet.recv().await.is_none());
    let requests = origin.requests_to("/f");
    assert!(requests[0].header("if-none-match").is_none());
    assert_eq!(requests[1].header("if-none-match"), Some(etag));
    assert_eq!(requests[1].header("if-modified-since"), Some(date));
}

#[tokio::test]
async fn validators_are_not_sent_before_their_capture_is_durable() {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "gazette", 3);
    let (outlet, mut inlet) = mpsc::channel(1);
    let (reports, mut told) = mpsc::channel::<PollReport>(8);
    let (_list, feeds) = lists(vec![feed(&newsroom.feed_url())]);
    let stop = CancellationToken::new();
    let polling = tokio::spawn(poll(
        fetcher(lively()),
        feeds,
        outlet,
        reports,
        Mode::Forever,
        stop.clone(),
    ));
    // 1. The journal takes the answer and loses it: the receipt is dropped.
    drop(inlet.recv().await.unwrap());
    // 2. The next poll asks as the first did, and gets the answer again.
    let again = inlet.recv().await.unwrap();
    // Meanwhile the next start is told when, and nothing else.
    assert!(matches!(
        told.try_recv().unwrap().outcome,
        PollOutcome::PutOff { .. }
    ));
    receipt(again);
    // 3. Only now is the condition sent.
    assert!(matches!(
        told.recv().await.unwrap().outcome,
        PollOutcome::Fetched { .. }
    ));
    assert!(matches!(
        told.recv().await.unwrap().outcome,
        PollOutcome::NotModified { .. }
    ));
    stop.cancel();
    polling.await.unwrap();
    let conditions: Vec<bool> = origin
        .requests()
        .iter()
        .map(|request| request.header("if-none-match").is_some())
        .collect();
    assert_eq!(conditions[..3], [false, false, true]);
}

#[tokio::test]
async fn restored_validators_are_sent_with_the_first_poll() {
    let origin = Origin::start();
    let newsroom = Newsroom::open(&origin, "gazette", 3);
    let (target, mut state) = feed(&newsroom.feed_url());
    state.validators.etag = Some(b"\"gazette-3\"".to_vec());
    let round = poll_once(&fetcher(options()), vec![(target, state)]).await;
    assert_eq!((round.summary.not_modified, round.captures.len()), (1, 0));
    newsroom.publish(1);
    let (target, mut state) = feed(&newsroom.feed_url());
    state.validators.etag = Some(b"\"gazette-3\"".to_vec());
    let round = poll_once(&fetcher(options()), vec![(target, state)]).await;
    assert_eq!((round.summary.fetched, round.captures.len()), (1, 1));
}

#[tokio::test]
async fn a_restored_due_time_is_waited_for_unless_once() {
    let origin = Origin::start();
    origin.set("/f", Reply::feed("<rss/>"));
    origin.set("/now", Reply::feed("<rss/>"));
    let later = SystemClock.now() + Duration::from_hours(1);
    let (target, mut state) = feed(&origin.url("/f"));
    state.next_due = Some(later);
    let list = vec![(target, state), feed(&origin.url("/now"))];
    let (outlet, kept) = journal();
    let (reports, mut told) = mpsc::channel::<PollReport>(8);
    let (_list, feeds) = lists(list.clone());
    let stop = CancellationToken::new();
    let slow = options();
    let polling = tokio::spawn(poll(
        fetcher(slow),
        feeds,
        outlet,
        reports,
        Mode::Forever,
        stop.clone(),
    ));
    assert_eq!(told.recv().await.unwrap().feed_url, origin.url("/now"));
    stop.cancel();
    polling.await.unwrap();
    assert_eq!(kept.await.unwrap().len(), 1);
    assert_eq!(origin.count("/f"), 0);
    assert_eq!(poll_once(&fetcher(options()), list).await.summary.fetched, 2);
}

#[tokio::test]
async fn a_feed_added_at_run_time_is_polled_and_a_removed_one_is_not() {
    let origin = Origin::start();
    for path in ["/a", "/b"] {
        origin.set(path, Reply::feed("<rss/>"));
    }
    let (outlet, kept) = journal();
    let (reports, mut told) = mpsc::channel::<PollReport>(1);
    let (list, feeds) = lists(vec![feed(&origin.url("/a"))]);
    let stop = CancellationToken::new();
    let polling = tokio::spawn(poll(
        fetcher(lively()),
        feeds,
        outlet,
        reports,
        Mode::Forever,
        stop.clone(),
    ));
    assert_eq!(told.recv().await.unwrap().feed_url, origin.url("/a"));
    list.send(vec![feed(&origin.url("/b"))]).await.unwrap();
    while told.recv().await.unwrap().feed_url != origin.url("/b") {}
    for _ in 0..3 {
        assert_eq!(told.recv().await.unwrap().feed_url, origin.url("/b"));
    }
    stop.cancel();
    polling.await.unwrap();
    drop(kept.await.unwrap());
}

#[tokio::test]
async fn no_more_requests_than_allowed_are_in_flight() {
    let origin = Origin::start();
    let paths: Vec<String> = (0..12).map(|n| format!("/{n}")).collect();
    for path in &paths {
        origin.set(path, Reply::feed("<rss/>").delay(Duration::from_millis(30)));
    }
    let feeds = |origin: &Origin| {
        paths
            .iter()
            .map(|path| feed(&origin.url(path)))
            .collect::<Vec<_>>()
    };
    for (per_host, concurrency, peak) in [(1, 64, 1), (3, 64, 3), (12, 2, 2)] {
        origin.clear_log();
        let options = FetchOptions {
            concurrency,
            per_host_concurrency: per_host,
            ..options()
        };
        let round = poll_once(&fetcher(options), feeds(&origin)).await;
        assert_eq!(round.summary.fetched, 12);
        assert!(
            origin.peak_in_flight() <= peak,
            "{} > {peak}",
            origin.peak_in_flight()
        );
    }
}

#[tokio::test]
async fn a_silent_host_does_not_delay_another() {
    let silent = Origin::start_on([127, 0, 0, 2].into());
    silent.on_prefix("/", |_| Reply::never());
    let lively = Origin::start();
    lively.set("/f", Reply::feed("<rss/>"));
    // More silent feeds than places: turns are waited for without a place.
    let mut feeds: Vec<_> = (0..20).map(|n| feed(&silent.url(&format!("/{n}")))).collect();
    feeds.push(feed(&lively.url("/f")));
    let options = FetchOptions {
        concurrency: 2,
        timeout: Duration::from_mins(5),
        ..options()
    };
    let (outlet, mut inlet) = mpsc::channel(1);
    let (reports, mut told) = mpsc::channel(32);
    let (_list, feeds) = lists(feeds);
    let stop = CancellationToken::new();
    let polling = tokio::spawn(poll(
        fetcher(options),
        feeds,
        outlet,
        reports,
        Mode::Once,
        stop.clone(),
    ));
    let intake = inlet.recv().await.unwrap();
    assert_eq!(intake.capture.uri, lively.url("/f"));
    receipt(intake);
    assert_eq!(told.recv().await.unwrap().feed_url, lively.url("/f"));
    stop.cancel();
    // The others of that host were not even begun.
    assert_eq!(polling.await.unwrap().unsettled, 1);
}

#[tokio::test]
async fn a_full_journal_stops_the_asking() {
    let origin = Origin::start();
    origin.on_prefix("/", |_| Reply::feed("<rss/>"));
    let feeds = (0..20).map(|n| feed(&origin.url(&format!("/{n}")))).collect();
    let options = FetchOptions {
        concurrency: 3,
        per_host_concurrency: 20,
        ..options()
    };
    let (outlet, mut inlet) = mpsc::channel::<Intake>(1);
    let (reports, _told) = mpsc::channel(32);
    let (_list, feeds) = lists(feeds);
    let polling = tokio::spawn(poll(
        fetcher(options),
        feeds,
        outlet,
        reports,
        Mode::Once,
        CancellationToken::new(),
    ));
    // One answer is in the channel and three wait for it, each in its place: nobody else may ask.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(origin.requests().len() <= 4, "{}", origin.requests().len());
    for _ in 0..20 {
        receipt(inlet.recv().await.unwrap());
    }
    assert_eq!(polling.await.unwrap().fetched, 20);
}

#[tokio::test]
async fn robots_are_asked_for_feeds_only_when_always() {
    let origin = Origin::start();
    origin.set("/robots.txt", Reply::ok("User-agent: *\nDisallow: /f\n"));
    origin.set("/f", Reply::feed("<rss/>"));
    for (robots, fetched) in [
        (RobotsPolicy::Never, 1),
        (RobotsPolicy::Pages, 1),
        (RobotsPolicy::Always, 0),
    ] {
        let options = FetchOptions { robots, ..options() };
        let round = poll_one(options, &origin.url("/f")).await;
        assert_eq!(round.summary.fetched, fetched, "{robots:?}");
    }
    assert_eq!(origin.count("/robots.txt"), 1);
}

#[tokio::test]
async fn a_closed_journal_ends_the_polling() {
    let origin = Origin::start();
    origin.set("/f", Reply::feed("<rss/>"));
    let (outlet, inlet) = mpsc::channel(1);
    drop(inlet);
    let (reports, _told) = mpsc::channel(1);
    let (_list, feeds) = lists(vec![feed(&origin.url("/f"))]);
    let ended = poll(
        fetcher(options()),
        feeds,
        outlet,
        reports,
        Mode::Forever,
        CancellationToken::new(),
    );
    let summary = tokio::time::timeout(Duration::from_mins(1), ended).await.unwrap();
    assert_eq!(summary.fetched, 0);
}

#[test]
fn a_fetcher_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Arc<depeche_fetcher::Fetcher>>();
}

/// The feeds of a list as the reports of a round leave them.
fn as_reported(round: &Round, urls: &[String]) -> Vec<(FeedTarget, FeedState)> {
    let state_of = |url: &String| {
        let (target, mut state) = feed(url);
        let report = round
            .reports
            .iter()
            .find(|report| report.feed_url == *url)
            .unwrap();
        state.next_due = report.next_due;
        state.memory = report.memory.clone().unwrap_or_default().into_boxed_slice();
        (target, state)
    };
    urls.iter().map(state_of).collect()
}

#[tokio::test]
async fn once_asks_what_is_not_due_but_never_before_the_time_a_publisher_asked_for() {
    let origin = Origin::start();
    origin.set("/busy", Reply::status(503).header("Retry-After", "7200"));
    origin.set("/gone", Reply::status(410));
    origin.set("/broken", Reply::status(500));
    origin.set("/well", Reply::feed("<rss/>"));
    let urls: Vec<String> = ["/busy", "/gone", "/broken", "/well"]
        .map(|path| origin.url(path))
        .into();
    let fetcher = fetcher(options());
    let first = poll_once(&fetcher, urls.iter().map(|url| feed(url)).collect()).await;
    assert_eq!(first.summary.quiet, 0);
    // Another process: what the store has is all that is known.
    let fetcher = self::fetcher(options());
    let second = poll_once(&fetcher, as_reported(&first, &urls)).await;
    assert_eq!(second.summary.quiet, 2);
    for (path, asked) in [("/busy", 1), ("/gone", 1), ("/broken", 2), ("/well", 2)] {
        assert_eq!(origin.count(path), asked, "{path}");
    }
    for url in &urls[..2] {
        let of = |round: &Round| {
            let report = round.reports.iter().find(|report| report.feed_url == *url);
            report.cloned().unwrap()
        };
        let (before, now) = (of(&first), of(&second));
        assert_eq!(
            now.outcome,
            PollOutcome::PutOff {
                until: before.next_due.unwrap()
            }
        );
        assert_eq!(now.next_due, before.next_due);
    }
}
