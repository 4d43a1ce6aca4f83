//! Feeds whose answers do not come whole: what came is kept, once, and the rest is asked for until it comes.

use std::sync::Arc;
use std::time::Duration;

use depeche_fetcher::{FetchOptions, Fetcher, Interval, Mode, poll};
use depeche_model::{Capture, PollOutcome};
use depeche_testkit::{Origin, Reply};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::desk::{answer, feed, fetcher, journal, lists, options};

/// Polls without a pause, and gives a silent server up soon.
fn lively() -> Arc<Fetcher> {
    fetcher(FetchOptions {
        interval: Interval {
            default: Duration::from_millis(20),
            min: Duration::from_millis(20),
            max: Duration::from_millis(20),
            ..Interval::default()
        },
        idle_timeout: Duration::from_millis(200),
        ..options()
    })
}

fn items(count: usize) -> String {
    let item = |n: usize| format!("<item><title>Titre {n}</title><link>https://exemple.fr/{n}</link></item>");
    (0..count).map(item).collect()
}

fn whole() -> String {
    format!("<rss version='2.0'><channel>{}</channel></rss>", items(20))
}

/// An answer that says no more about its body than this.
fn answering(length: Option<usize>, body: &str) -> Reply {
    let length = length.map_or(String::new(), |length| format!("Content-Length: {length}\r\n"));
    Reply::raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: \"e\"\r\nConnection: close\r\n{length}\r\n{body}"
    ))
}

/// The outcomes of the first polls of `/f`, and what they journaled.
async fn polls(origin: &Origin, count: usize) -> (Vec<PollOutcome>, Vec<Capture>) {
    let (outlet, kept) = journal();
    let (reports, mut told) = mpsc::channel(1);
    let (_list, feeds) = lists(vec![feed(&origin.url("/f"))]);
    let stop = CancellationToken::new();
    let polling = tokio::spawn(poll(
        lively(),
        feeds,
        outlet,
        reports,
        Mode::Forever,
        stop.clone(),
    ));
    let mut outcomes = Vec::new();
    while outcomes.len() < count {
        outcomes.push(told.recv().await.unwrap().outcome);
    }
    stop.cancel();
    drop(told);
    polling.await.unwrap();
    (outcomes, kept.await.unwrap())
}

fn words(outcomes: &[PollOutcome]) -> Vec<&'static str> {
    let word = |outcome: &PollOutcome| match outcome {
        PollOutcome::Fetched { .. } => "fetched",
        PollOutcome::Repeated { .. } => "repeated",
        _ => "other",
    };
    outcomes.iter().map(word).collect()
}

/// The cut answer is journaled once and without validators, the whole one when it comes, and only that one is asked
/// for with a condition.
async fn is_mended(cut: Reply) {
    let origin = Origin::start();
    origin.script("/f", [cut.clone(), cut, answering(Some(whole().len()), &whole())]);
    let (outcomes, captures) = polls(&origin, 4).await;
    assert_eq!(words(&outcomes)[..3], ["fetched", "repeated", "fetched"]);
    assert_eq!(captures.len(), 2);
    assert!(answer(&captures[0]).header("etag").is_none());
    assert!(answer(&captures[1]).header("etag").is_some());
    let conditional: Vec<bool> = origin
        .requests_to("/f")
        .iter()
        .map(|request| request.header("if-none-match").is_some())
        .collect();
    assert_eq!(conditional[..4], [false, false, false, true]);
}

#[tokio::test]
async fn a_document_that_ends_with_its_connection_and_too_soon_is_asked_for_until_it_is_whole() {
    let whole = whole();
    is_mended(answering(None, whole.split_at(whole.len() / 2).0)).await;
}

#[tokio::test]
async fn a_feed_whose_server_leaves_the_connection_open_is_read() {
    is_mended(answering(None, &whole()).then_silence()).await;
    let cut = whole();
    is_mended(answering(Some(cut.len()), cut.split_at(cut.len() - 1).0).then_silence()).await;
}

#[tokio::test]
async fn a_feed_with_a_wrong_length_is_journaled_once() {
    is_mended(answering(Some(whole().len() + 5), &whole())).await;
}

#[tokio::test]
async fn a_feed_that_never_closes_its_root_is_journaled_once_and_read() {
    let origin = Origin::start();
    origin.set("/f", answering(None, &format!("<rss><channel>{}", items(20))));
    let (outcomes, captures) = polls(&origin, 4).await;
    assert_eq!(words(&outcomes), ["fetched", "repeated", "repeated", "repeated"]);
    assert_eq!(captures.len(), 1);
}

#[tokio::test]
async fn a_stalled_answer_without_an_item_stays_a_failure() {
    let origin = Origin::start();
    for body in ["<rss><channel><title>Fil</title>", "<html>", "a"] {
        origin.set("/f", answering(None, body).then_silence());
        let (outcomes, captures) = polls(&origin, 1).await;
        assert!(
            matches!(&outcomes[0], PollOutcome::Failed { error, .. } if error.contains("fetch.idle_timeout")),
            "{outcomes:?}"
        );
        assert_eq!(captures.len(), 0);
    }
}
