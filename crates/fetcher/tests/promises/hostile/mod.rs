//! Origins that mean harm or are badly broken: each ends inside its limit, under the right name, and delays nobody.

mod cases;

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use depeche_fetcher::{Addresses, FeedState, FeedTarget, FetchOptions, Fetcher, Mode, Resolver, poll};
use depeche_model::{PollOutcome, PollReport, SystemClock};
use depeche_testkit::{Origin, Reply};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use cases::{Case, FLOOD, answers, ways};

use crate::desk::{feed, journal, lists, options, poll_once};

/// Where the origins are; every other loopback address stands for a private one.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);

/// Names below `.test`, each a host of its own.
#[derive(Default)]
struct Names {
    rebound: AtomicUsize,
}

impl Resolver for Names {
    fn resolve(&self, host: &str) -> Addresses {
        let public = || Ok(vec![IpAddr::V4(PUBLIC)]);
        let found = match host {
            "nulle-part.test" => Err(io::Error::other("no such name")),
            "muet.test" => return Box::pin(std::future::pending()),
            "prive.test" => Ok(vec!["10.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap()]),
            "vide.test" => Ok(Vec::new()),
            "change.test" if self.rebound.fetch_add(1, Ordering::Relaxed) > 0 => {
                Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
            }
            _ => public(),
        };
        Box::pin(std::future::ready(found))
    }
}

/// Everything short, so that the slow cases end soon.
fn hasty() -> FetchOptions {
    FetchOptions {
        timeout: Duration::from_millis(1500),
        idle_timeout: Duration::from_millis(400),
        max_body_bytes: 2 << 20,
        allow_private_addresses: false,
        allow_addresses: vec![PUBLIC.to_string().parse().unwrap()],
        ..options()
    }
}

fn fetcher(options: FetchOptions) -> Arc<Fetcher> {
    Arc::new(Fetcher::with_resolver(options, Arc::new(SystemClock), Arc::new(Names::default())).unwrap())
}

/// What an ending is called, by the words that a user reads.
fn ending(report: Option<&PollReport>) -> String {
    const KINDS: [(&str, &str); 14] = [
        ("(`fetch.timeout`)", "timeout"),
        ("(`fetch.idle_timeout`)", "idle"),
        ("(`fetch.min_rate`)", "too slow"),
        ("raise `fetch.max_body`", "too large"),
        ("(`fetch.max_ratio`)", "too dense"),
        ("the head of the answer", "headers"),
        ("cannot be used", "broken"),
        ("wants a person", "blocked"),
        ("redirected from", "redirect"),
        ("`fetch.allow_addresses`", "refused"),
        ("could not be resolved", "dns"),
        ("TLS with", "tls"),
        ("connecting to", "connect"),
        ("not an address", "address"),
    ];
    match report.map(|report| &report.outcome) {
        None => "no report".to_owned(),
        Some(PollOutcome::Failed { error, .. }) => KINDS
            .iter()
            .find(|(words, _)| error.contains(words))
            .map_or_else(|| error.clone(), |(_, kind)| (*kind).to_owned()),
        Some(PollOutcome::Fetched { .. }) => "kept".to_owned(),
        Some(other) => other.word(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_origin_ends_inside_its_limit_under_the_right_name() {
    let origin = Origin::start_on(IpAddr::V4(PUBLIC));
    let deaf = TcpListener::bind((PUBLIC, 0)).unwrap();
    let mut cases = answers(&origin);
    cases.extend(ways(&origin, &deaf));
    let fetcher = fetcher(hasty());
    let mut wrong = Vec::new();
    println!("{:<32} {:<22} {:<10} elapsed", "case", "limit", "ending");
    for case in &cases {
        let begun = Instant::now();
        let polled = poll_once(&fetcher, vec![feed(&case.url)]);
        let Ok(round) = tokio::time::timeout(Duration::from_mins(1), polled).await else {
            panic!("{} did not end", case.name);
        };
        let elapsed = begun.elapsed();
        let ended = ending(round.reports.first());
        println!("{:<32} {:<22} {ended:<10} {elapsed:.1?}", case.name, case.limit);
        if ended != case.ending {
            wrong.push(format!("{}: {ended} and not {}", case.name, case.ending));
        }
        assert_eq!(
            round.captures.len(),
            usize::from(ended == "kept"),
            "{}",
            case.name
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_name_that_turns_private_between_two_polls_is_refused() {
    let origin = Origin::start_on(IpAddr::V4(PUBLIC));
    // Closed after each answer, so that the second poll has to connect anew.
    origin.set("/f", Reply::feed("<rss/>").until_close());
    let inside = Origin::start();
    inside.set("/f", Reply::feed("<rss>secret</rss>"));
    let fetcher = fetcher(hasty());
    let url = format!("http://change.test:{}/f", origin.address().port());
    let first = poll_once(&fetcher, vec![feed(&url)]).await;
    assert_eq!(ending(first.reports.first()), "kept");
    let second = poll_once(&fetcher, vec![feed(&url)]).await;
    assert_eq!(ending(second.reports.first()), "refused");
    assert!(inside.requests().is_empty());
}

/// Polls all feeds; returns when every report of a feed whose address says `sain` came: the time it took, and the
/// reports of others that came before.
async fn until_healthy_are_done(
    fetcher: Arc<Fetcher>,
    feeds: Vec<(FeedTarget, FeedState)>,
) -> (Duration, Vec<PollReport>) {
    let mut healthy = feeds
        .iter()
        .filter(|(target, _)| target.url.contains("//sain"))
        .count();
    let (outlet, kept) = journal();
    let (reports, mut told) = mpsc::channel::<PollReport>(16);
    let (_list, feeds) = lists(feeds);
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let polling = tokio::spawn(poll(fetcher, feeds, outlet, reports, Mode::Once, stop.clone()));
    let mut others = Vec::new();
    while healthy > 0 {
        let report = told.recv().await.unwrap();
        if report.feed_url.contains("//sain") {
            assert!(
                matches!(report.outcome, PollOutcome::Fetched { .. }),
                "{report:?}"
            );
            healthy -= 1;
        } else {
            others.push(report);
        }
    }
    let elapsed = begun.elapsed();
    stop.cancel();
    polling.await.unwrap();
    kept.await.unwrap();
    (elapsed, others)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_healthy_feeds_do_not_wait_for_hostile_ones() {
    let healthy_origin = Origin::start_on(IpAddr::V4(PUBLIC));
    healthy_origin.on_prefix("/", |_| Reply::feed("<rss/>".repeat(1000)));
    let hostile_origin = Origin::start_on(IpAddr::V4(PUBLIC));
    let deaf = TcpListener::bind((PUBLIC, 0)).unwrap();
    let mut cases = answers(&hostile_origin);
    cases.extend(ways(&hostile_origin, &deaf));
    // Limits that nothing reaches: what hangs, hangs for as long as the healthy ones take, however long that is.
    let patient = || FetchOptions {
        timeout: Duration::from_hours(1),
        idle_timeout: Duration::from_hours(1),
        min_rate: 0,
        ..hasty()
    };
    let port = healthy_origin.address().port();
    let healthy: Vec<_> = (0..100)
        .map(|n| feed(&format!("http://sain{n}.test:{port}/{n}")))
        .collect();
    let (alone, _) = until_healthy_are_done(fetcher(patient()), healthy.clone()).await;
    println!("100 healthy feeds alone: {alone:.0?}");
    // The hostile ones are asked first. Those that nothing but a limit ends only wait; the others take work as well, for
    // this machine plays both sides.
    let hangs = |case: &&Case| matches!(case.ending, "timeout" | "idle");
    let only_waits = |case: &&Case| hangs(case) && case.name != FLOOD;
    for (what, chosen) in [
        (
            "that only wait",
            cases.iter().filter(only_waits).collect::<Vec<_>>(),
        ),
        ("of every kind", cases.iter().collect()),
    ] {
        let mut all: Vec<_> = chosen.iter().map(|case| feed(&case.url)).collect();
        all.extend(healthy.clone());
        let (beside, ended) = until_healthy_are_done(fetcher(patient()), all).await;
        println!(
            "beside {} hostile ones {what}, of which {} ended by then: {beside:.0?}, ratio {:.2}",
            chosen.len(),
            ended.len(),
            beside.as_secs_f64() / alone.as_secs_f64()
        );
        // What hangs was hanging still when the last healthy one was done.
        for case in chosen.into_iter().filter(hangs) {
            assert!(
                !ended.iter().any(|report| report.feed_url == case.url),
                "{}",
                case.name
            );
        }
    }
}
