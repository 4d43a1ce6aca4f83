//! How publishers are treated: who is quiet for whom, how far apart requests are, what `robots.txt` is believed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use depeche_fetcher::{FetchOptions, Fetcher, HostRule, Mode, RobotsPolicy, fetch_pages, poll};
use depeche_model::{Clock, PollOutcome, PollReport};
use depeche_testkit::{Origin, Reply};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::desk::{feed, fetcher, journal, lists, options, poll_once};

/// A clock that is set by hand.
struct HandSet(Mutex<Timestamp>);

impl HandSet {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-02-01T12:00:00Z".parse().unwrap())))
    }

    fn wait(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }
}

impl Clock for HandSet {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

fn busy(retry_after: &str) -> Reply {
    Reply::status(503).header("Retry-After", retry_after)
}

#[tokio::test]
async fn retry_after_quiets_the_feed_and_on_evidence_its_host() {
    let origin = Origin::start();
    origin.set("/busy", busy("3600"));
    origin.set("/too", busy("1800"));
    origin.set("/f", Reply::feed("<rss/>"));
    let fetcher = fetcher(options());
    let round = poll_once(&fetcher, vec![feed(&origin.url("/busy"))]).await;
    assert_eq!(round.reports[0].outcome, PollOutcome::Refused { status: 503 });
    let wait = |report: &PollReport| report.next_due.unwrap().duration_since(report.at).as_secs();
    assert!(
        (3600..=3600 + 360).contains(&wait(&round.reports[0])),
        "{}",
        wait(&round.reports[0])
    );
    // The feed itself is not asked again; that is no failure of its own.
    let round = poll_once(&fetcher, vec![feed(&origin.url("/busy"))]).await;
    assert_eq!(round.captures, vec![]);
    assert!(matches!(round.reports[0].outcome, PollOutcome::PutOff { .. }));
    assert_eq!((round.summary.failed, round.summary.quiet), (0, 1));
    assert_eq!(origin.count("/busy"), 1);
    // Its neighbour is: one busy feed says nothing of it.
    let round = poll_once(&fetcher, vec![feed(&origin.url("/f"))]).await;
    assert_eq!(round.summary.fetched, 1);
    // Two speak for their host.
    poll_once(&fetcher, vec![feed(&origin.url("/too"))]).await;
    let round = poll_once(&fetcher, vec![feed(&origin.url("/f"))]).await;
    assert_eq!((round.summary.quiet, origin.count("/f")), (1, 1));
    // Another port is another host.
    let neighbour = Origin::start();
    neighbour.set("/f", Reply::feed("<rss/>"));
    let round = poll_once(&fetcher, vec![feed(&neighbour.url("/f"))]).await;
    assert_eq!(round.summary.fetched, 1);
}

#[tokio::test]
async fn a_feed_is_asked_again_when_its_hosts_quiet_is_over() {
    let origin = Origin::start();
    origin.set("/busy", busy("1"));
    origin.set("/too", busy("1"));
    origin.set("/f", Reply::feed("<rss/>"));
    let fetcher = fetcher(options());
    for path in ["/busy", "/too"] {
        poll_once(&fetcher, vec![feed(&origin.url(path))]).await;
    }
    let (outlet, kept) = journal();
    let (reports, mut told) = mpsc::channel::<PollReport>(8);
    let (_list, feeds) = lists(vec![feed(&origin.url("/f"))]);
    let stop = CancellationToken::new();
    let polling = tokio::spawn(poll(fetcher, feeds, outlet, reports, Mode::Forever, stop.clone()));
    assert!(matches!(
        told.recv().await.unwrap().outcome,
        PollOutcome::PutOff { .. }
    ));
    let outcome = told.recv().await.unwrap().outcome;
    assert!(matches!(outcome, PollOutcome::Fetched { .. }), "{outcome:?}");
    stop.cancel();
    assert_eq!(polling.await.unwrap().failed, 0);
    assert_eq!(kept.await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_redirect_that_asks_for_a_wait_is_followed_after_it_and_not_before() {
    let origin = Origin::start();
    origin.set("/old", Reply::redirect(302, "/new").header("Retry-After", "300"));
    origin.set("/new", Reply::feed("<rss/>"));
    let clock = HandSet::new();
    let fetcher = Arc::new(Fetcher::new(options(), Arc::<HandSet>::clone(&clock)).unwrap());
    for _ in 0..2 {
        let round = poll_once(&fetcher, vec![feed(&origin.url("/old"))]).await;
        assert_eq!((round.summary.quiet, origin.count("/new")), (1, 0));
    }
    assert_eq!(origin.count("/old"), 1);
    clock.wait(299);
    let round = poll_once(&fetcher, vec![feed(&origin.url("/old"))]).await;
    assert_eq!((round.summary.quiet, origin.count("/old")), (1, 1));
    clock.wait(1);
    let round = poll_once(&fetcher, vec![feed(&origin.url("/old"))]).await;
    assert_eq!(round.captures[0].final_uri, Some(origin.url("/new")));
}

#[tokio::test]
async fn robots_that_ask_for_quiet_quiet_their_host() {
    let origin = Origin::start();
    origin.set("/robots.txt", busy("600"));
    origin.set("/f", Reply::feed("<rss/>"));
    let clock = HandSet::new();
    let options = FetchOptions {
        robots: RobotsPolicy::Always,
        ..options()
    };
    let fetcher = Arc::new(Fetcher::new(options, Arc::<HandSet>::clone(&clock)).unwrap());
    for _ in 0..2 {
        poll_once(&fetcher, vec![feed(&origin.url("/f"))]).await;
    }
    assert_eq!((origin.count("/robots.txt"), origin.count("/f")), (1, 0));
    let url = url::Url::parse(&origin.url("/other")).unwrap();
    assert_eq!(
        fetcher.quiet_until(&url),
        Some(clock.now() + SignedDuration::from_secs(600))
    );
    // Once that is over, it is asked again.
    clock.wait(601);
    origin.set("/robots.txt", Reply::status(404));
    let round = poll_once(&fetcher, vec![feed(&origin.url("/f"))]).await;
    assert_eq!(round.summary.fetched, 1);
}

#[tokio::test]
async fn quiet_known_from_an_earlier_run_is_kept() {
    let origin = Origin::start();
    origin.set("/f", Reply::feed("<rss/>"));
    let clock = HandSet::new();
    let fetcher = Arc::new(Fetcher::new(options(), Arc::<HandSet>::clone(&clock)).unwrap());
    let url = url::Url::parse(&origin.url("/f")).unwrap();
    fetcher.keep_quiet(&url, clock.now() + SignedDuration::from_secs(60));
    poll_once(&fetcher, vec![feed(&origin.url("/f"))]).await;
    assert_eq!(origin.count("/f"), 0);
    clock.wait(60);
    poll_once(&fetcher, vec![feed(&origin.url("/f"))]).await;
    assert_eq!(origin.count("/f"), 1);
}

#[tokio::test]
async fn feeds_and_pages_of_a_host_take_turns_at_its_own_pace() {
    let origin = Origin::start();
    origin.on_prefix("/", |_| Reply::page("<p>lisible").delay(Duration::from_millis(5)));
    let options = |at_once| FetchOptions {
        hosts: vec![HostRule {
            name: "127.0.0.1".to_owned(),
            interval: None,
            concurrency: Some(at_once),
        }],
        ..options()
    };
    for at_once in [1, 3] {
        origin.clear_log();
        let fetcher = fetcher(options(at_once));
        let feeds = (0..6).map(|n| feed(&origin.url(&format!("/f{n}")))).collect();
        let orders = (0..6)
            .map(|n| crate::desk::order(&origin.url(&format!("/p{n}"))))
            .collect::<Vec<_>>();
        let (outlet, kept) = journal();
        let (sender, inlet) = mpsc::channel(6);
        for order in orders {
            sender.send(order).await.unwrap();
        }
        drop(sender);
        let pages = fetch_pages(Arc::clone(&fetcher), inlet, outlet, CancellationToken::new());
        let (round, pages) = tokio::join!(poll_once(&fetcher, feeds), pages);
        assert_eq!((round.summary.fetched, pages.fetched), (6, 6));
        assert_eq!(kept.await.unwrap().len(), 6);
        assert!((1..=at_once).contains(&origin.peak_in_flight()), "{at_once}");
    }
}
