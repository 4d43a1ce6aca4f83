//! Many feeds that lead to one place: they wait for its turns, and nobody else does.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use depeche_fetcher::{
    Addresses, FeedMemory, FeedState, FetchOptions, Fetcher, HostRule, Mode, Moved, Resolver, poll,
};
use depeche_model::{PollOutcome, PollReport, SystemClock};
use depeche_testkit::{Origin, Reply};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::desk::{List, feed, journal, lists, options, poll_once};

/// Far more than the test takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// Every name is this machine.
struct Loopback;

impl Resolver for Loopback {
    fn resolve(&self, _: &str) -> Addresses {
        Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]) })
    }
}

fn named(options: FetchOptions) -> Arc<Fetcher> {
    Arc::new(Fetcher::with_resolver(options, Arc::new(SystemClock), Arc::new(Loopback)).unwrap())
}

/// An address of this origin under another name, and so in another lane.
fn url(origin: &Origin, host: &str, path: &str) -> String {
    format!("http://{host}:{}{path}", origin.address().port())
}

/// One place among the requests in flight, and a host that gives one turn an hour.
fn narrow() -> FetchOptions {
    FetchOptions {
        concurrency: 1,
        hosts: vec![HostRule {
            name: "presse.test".to_owned(),
            interval: Some(Duration::from_hours(1)),
            concurrency: None,
        }],
        ..options()
    }
}

/// Forty feeds that lead to `presse.test`, and one of another host behind them: whether that one is polled.
async fn last_is_polled(origin: &Origin, mut feeds: List) {
    origin.on_prefix("/feed", |_| Reply::feed("<rss/>"));
    let healthy = url(origin, "saine.test", "/feed");
    feeds.push(feed(&healthy));
    let (outlet, kept) = journal();
    let (reports, mut told) = mpsc::channel::<PollReport>(64);
    let (_list, feeds) = lists(feeds);
    let stop = CancellationToken::new();
    let polling = tokio::spawn(poll(
        named(narrow()),
        feeds,
        outlet,
        reports,
        Mode::Once,
        stop.clone(),
    ));
    let report = tokio::time::timeout(PATIENCE, async {
        loop {
            let report = told.recv().await.unwrap();
            if report.feed_url == healthy {
                return report;
            }
        }
    });
    let outcome = report.await.unwrap().outcome;
    assert!(matches!(outcome, PollOutcome::Fetched { .. }), "{outcome:?}");
    stop.cancel();
    polling.await.unwrap();
    kept.await.unwrap();
}

#[tokio::test]
async fn feeds_redirected_to_a_busy_host_do_not_take_the_rooms_of_others() {
    let origin = Origin::start();
    let to = url(&origin, "presse.test", "/feed");
    origin.on_prefix("/moved", move |_| Reply::redirect(302, &to));
    let feeds = (0..40)
        .map(|n| feed(&url(&origin, &format!("site{n}.test"), "/moved")))
        .collect();
    last_is_polled(&origin, feeds).await;
}

#[tokio::test]
async fn feeds_that_have_moved_to_a_busy_host_do_not_take_the_rooms_of_others() {
    let origin = Origin::start();
    let feeds = (0..40)
        .map(|n| {
            let (target, _) = feed(&url(&origin, &format!("site{n}.test"), "/gone"));
            let to = url(&origin, "presse.test", &format!("/feed{n}"));
            let mut memory = FeedMemory::default();
            memory.moved = Moved::To(to.into());
            let state = FeedState {
                memory: memory.close().into(),
                ..FeedState::default()
            };
            (target, state)
        })
        .collect();
    last_is_polled(&origin, feeds).await;
    assert_eq!(origin.count("/gone"), 0);
}

#[tokio::test]
async fn a_single_round_polls_redirected_feeds_however_many_lead_to_one_place() {
    let origin = Origin::start();
    let to = url(&origin, "presse.test", "/feed");
    origin.on_prefix("/moved", move |_| Reply::redirect(302, &to));
    origin.on_prefix("/feed", |_| {
        Reply::feed("<rss/>").delay(Duration::from_millis(300))
    });
    let feeds = (0..9)
        .map(|n| feed(&url(&origin, &format!("site{n}.test"), "/moved")))
        .collect();
    let round = poll_once(&named(options()), feeds).await;
    assert_eq!((round.summary.fetched, round.summary.quiet), (9, 0));
    assert_eq!(round.reports.len(), 9);
    assert_eq!(origin.count("/feed"), 9);
}
