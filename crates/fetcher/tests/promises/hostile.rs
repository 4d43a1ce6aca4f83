//! Origins that mean harm or are badly broken: each ends inside its limit, under the right name, and delays nobody.

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use depeche_fetcher::{Addresses, FeedState, FeedTarget, FetchOptions, Fetcher, Mode, Resolver, poll};
use depeche_model::{PollOutcome, PollReport, SystemClock};
use depeche_testkit::{Origin, Reply};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::desk::{feed, journal, options, poll_once};

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

/// A case: what it is called, what is asked for, what its answer is, which limit ends it, and under which name.
struct Case {
    name: &'static str,
    url: String,
    limit: &'static str,
    ending: &'static str,
}

fn raw(text: impl Into<Bytes>) -> Reply {
    Reply::raw(text)
}

fn bomb(coding: &str) -> Reply {
    let blank = vec![b' '; 64 << 20];
    let body: Bytes = match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&blank).unwrap();
            encoder.finish().unwrap().into()
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&blank).unwrap();
            encoder.finish().unwrap().into()
        }
        "br" => {
            let mut body = Vec::new();
            brotli::CompressorWriter::new(&mut body, 4096, 5, 22)
                .write_all(&blank)
                .unwrap();
            body.into()
        }
        _ => zstd::stream::encode_all(blank.as_slice(), 3).unwrap().into(),
    };
    Reply::feed(body).header("Content-Encoding", coding)
}

fn headers(count: usize) -> Reply {
    (0..count).fold(Reply::feed("<rss/>"), |reply, n| {
        reply.header(&format!("X-{n}"), "v")
    })
}

fn with_length(length: &str) -> Reply {
    raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n<rss/>"
    ))
}

/// The cases whose harm lies in an answer, each at a host of its own.
fn answers(origin: &Origin) -> Vec<Case> {
    let moment = Duration::from_millis(20);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n";
    let cases: Vec<(&'static str, Reply, &'static str, &'static str)> = vec![
        ("silence", Reply::never(), "timeout 1.5 s", "timeout"),
        (
            "slow loris in the head",
            raw(format!("{head}{}", "X-Lent: oui\r\n".repeat(500))).paced(1, moment),
            "timeout 1.5 s",
            "timeout",
        ),
        (
            "slow loris in the body",
            raw(format!("{head}Content-Length: 5000\r\n\r\n{}", "a".repeat(5000))).paced(1, moment),
            "timeout 1.5 s",
            "timeout",
        ),
        (
            "silence in the body",
            raw(format!("{head}Content-Length: 50\r\n\r\n<rss>")).then_silence(),
            "idle 0.4 s",
            "idle",
        ),
        (
            "silence before the body",
            raw(format!("{head}Content-Length: 50\r\n\r\n")).then_silence(),
            "idle 0.4 s",
            "idle",
        ),
        (
            "endless body, chunked",
            Reply::feed(vec![b'a'; 4096]).endless(),
            "max_body 2 MiB",
            "too large",
        ),
        (
            "endless body, no length",
            raw(format!("{head}\r\n{}", "a".repeat(4096))).then_again(),
            "max_body 2 MiB",
            "too large",
        ),
        ("bomb, gzip", bomb("gzip"), "max_ratio 200", "too dense"),
        ("bomb, deflate", bomb("deflate"), "max_ratio 200", "too dense"),
        ("bomb, br", bomb("br"), "max_ratio 200", "too dense"),
        ("bomb, zstd", bomb("zstd"), "max_ratio 200", "too dense"),
        ("1,001 header fields", headers(999), "max_headers 1000", "headers"),
        (
            "10,000 header fields",
            headers(10_000),
            "max_headers 1000",
            "headers",
        ),
        (
            "one header field of 1 MiB",
            Reply::feed("<rss/>").header("X-Grand", vec![b'v'; 1 << 20]),
            "256 KiB of head",
            "headers",
        ),
        (
            "endless head",
            raw(format!("{head}X-A: {}", "a".repeat(4096))).then_again(),
            "256 KiB of head",
            "headers",
        ),
        (
            "interim answers without end",
            raw("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").then_again(),
            "timeout 1.5 s",
            "timeout",
        ),
        // It is the seventeenth case, and leads to itself.
        (
            "redirect in a circle",
            Reply::redirect(302, "/0/../16"),
            "10 redirects",
            "redirect",
        ),
        ("redirect to nowhere", Reply::status(302), "its form", "redirect"),
        (
            "redirect to a file",
            Reply::redirect(301, "file:///etc/passwd"),
            "its form",
            "redirect",
        ),
        (
            "redirect to 127.0.0.1",
            Reply::redirect(302, "http://127.0.0.1/"),
            "address",
            "refused",
        ),
        (
            "redirect to ::ffff:10.0.0.1",
            Reply::redirect(302, "http://[::ffff:10.0.0.1]/"),
            "address",
            "refused",
        ),
        (
            "redirect to 0x7f.1",
            Reply::redirect(302, "http://0x7f.1/"),
            "address",
            "refused",
        ),
        (
            "redirect to the metadata service",
            Reply::redirect(307, "http://169.254.169.254/latest/meta-data/"),
            "address",
            "refused",
        ),
        (
            "redirect to a private name",
            Reply::redirect(308, "http://prive.test/"),
            "address",
            "refused",
        ),
        (
            "redirect to port 25",
            Reply::redirect(302, "http://autre.test:25/"),
            "port",
            "address",
        ),
        (
            "shorter than its length",
            Reply::feed("<rss><item>").declare_length(1000),
            "what came",
            "kept",
        ),
        (
            "longer than its length",
            Reply::feed("<rss/>garbage").declare_length(6),
            "its length",
            "kept",
        ),
        (
            "reset inside the body",
            raw(format!("{head}Content-Length: 1000\r\n\r\n<rss><item>")).then_reset(),
            "what came",
            "kept",
        ),
        (
            "reset before the head",
            raw("").then_reset(),
            "the connection",
            "broken",
        ),
        ("hang-up", Reply::hang_up(), "the connection", "broken"),
        (
            "chunks of garbage",
            raw(format!("{chunked}zz\r\n<rss/>")),
            "its form",
            "broken",
        ),
        (
            "a chunk larger than can be",
            raw(format!("{chunked}fffffffffffffffff\r\n<rss/>")),
            "its form",
            "broken",
        ),
        ("HTTP/0.9", raw("<rss version=\"2.0\"/>"), "its form", "broken"),
        (
            "no HTTP at all",
            raw("SSH-2.0-OpenSSH_9.9\r\n"),
            "its form",
            "broken",
        ),
        (
            "status 000",
            raw("HTTP/1.1 000 Rien\r\n\r\n"),
            "its form",
            "broken",
        ),
        ("length -1", with_length("-1"), "its form", "broken"),
        (
            "length 2^64 and more",
            with_length("99999999999999999999"),
            "its form",
            "broken",
        ),
        (
            "length 2^63",
            with_length("9223372036854775808"),
            "max_body 2 MiB",
            "too large",
        ),
        (
            "two lengths",
            with_length("6\r\nContent-Length: 7"),
            "its form",
            "broken",
        ),
        (
            "NUL in a header field",
            raw(format!("{head}X-Nul: a\0b\r\nContent-Length: 6\r\n\r\n<rss/>")),
            "its form",
            "broken",
        ),
        (
            "a bot wall with 200",
            Reply::page("<!doctype html><title>Just a moment...</title>"),
            "its marks",
            "blocked",
        ),
        (
            "a bot wall with 403",
            Reply::status(403).header("cf-mitigated", "challenge"),
            "its marks",
            "blocked",
        ),
        (
            "an unknown coding",
            Reply::feed("\u{1}\u{2}").header("Content-Encoding", "dcb"),
            "its form",
            "broken",
        ),
    ];
    let port = origin.address().port();
    cases
        .into_iter()
        .enumerate()
        .map(|(n, (name, reply, limit, ending))| {
            let path = format!("/{n}");
            origin.set(&path, reply);
            Case {
                name,
                url: format!("http://h{n}.test:{port}{path}"),
                limit,
                ending,
            }
        })
        .collect()
}

/// The cases whose harm lies in the way there.
fn ways(origin: &Origin, deaf: &TcpListener) -> Vec<Case> {
    let port = origin.address().port();
    let deaf = deaf.local_addr().unwrap().port();
    [
        (
            "no such name",
            format!("http://nulle-part.test:{port}/"),
            "the resolver",
            "dns",
        ),
        (
            "a name without address",
            format!("http://vide.test:{port}/"),
            "the resolver",
            "dns",
        ),
        (
            "a resolver that is silent",
            format!("http://muet.test:{port}/"),
            "connecting 1.05 s",
            "connect",
        ),
        (
            "a name at a private address",
            format!("http://prive.test:{port}/"),
            "address",
            "refused",
        ),
        (
            "a private address",
            format!("http://127.0.0.1:{port}/"),
            "address",
            "refused",
        ),
        (
            "no TLS where there should be",
            format!("https://clair.test:{port}/"),
            "its form",
            "tls",
        ),
        (
            "TLS that never answers",
            format!("https://sourd.test:{deaf}/"),
            "connecting 1.05 s",
            "connect",
        ),
    ]
    .into_iter()
    .map(|(name, url, limit, ending)| Case {
        name,
        url,
        limit,
        ending,
    })
    .collect()
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
    let (_list, feeds) = watch::channel(feeds);
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
    // The hostile ones are asked first.
    let mut all: Vec<_> = cases.iter().map(|case| feed(&case.url)).collect();
    all.extend(healthy);
    let (beside, ended) = until_healthy_are_done(fetcher(patient()), all).await;
    println!(
        "100 healthy feeds: {alone:.0?} alone, {beside:.0?} beside {} hostile ones ({} of them ended by then), ratio {:.2}",
        cases.len(),
        ended.len(),
        beside.as_secs_f64() / alone.as_secs_f64()
    );
    // Those that nothing but a limit ends were still hanging when the last healthy one was done.
    for case in cases
        .iter()
        .filter(|case| matches!(case.ending, "timeout" | "idle"))
    {
        assert!(
            !ended.iter().any(|report| report.feed_url == case.url),
            "{}",
            case.name
        );
    }
}
