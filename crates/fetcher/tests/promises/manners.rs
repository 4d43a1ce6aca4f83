//! How publishers are treated: who is quiet for whom, how far apart requests are, what `robots.txt` is believed.

use std::time::Duration;

use depeche_fetcher::{Mode, poll};
use depeche_model::{PollOutcome, PollReport};
use depeche_testkit::{Origin, Reply};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::desk::{feed, fetcher, journal, lists, options, poll_once};

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
    origin.set("/old", Reply::redirect(302, "/new").header("Retry-After", "1"));
    origin.set("/new", Reply::feed("<rss/>"));
    let fetcher = fetcher(options());
    for _ in 0..2 {
        let round = poll_once(&fetcher, vec![feed(&origin.url("/old"))]).await;
        assert_eq!((round.summary.quiet, origin.count("/new")), (1, 0));
    }
    assert_eq!(origin.count("/old"), 1);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let round = poll_once(&fetcher, vec![feed(&origin.url("/old"))]).await;
    assert_eq!(round.captures[0].final_uri, Some(origin.url("/new")));
}
