//! One exchange from inside: what it gives beside the answer, and what each failure is called.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use depeche_model::SystemClock;
use depeche_testkit::{Authority, Credentials, Origin, Reply, SecureOrigin};

use super::*;
use crate::options::{FetchOptions, RobotsPolicy};
use crate::resolver::{Addresses, Resolver};
use crate::schedule::FailureClass;

/// Gives the answers it was told, in turn, and the last one for ever; an empty one is that there is no such name.
struct Told(Mutex<VecDeque<&'static str>>);

impl Told {
    fn new(answers: impl IntoIterator<Item = &'static str>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(answers.into_iter().collect())))
    }
}

impl Resolver for Told {
    fn resolve(&self, _: &str) -> Addresses {
        let mut answers = self.0.lock().unwrap();
        let answer = match answers.len() {
            1 => answers[0],
            _ => answers.pop_front().unwrap(),
        };
        Box::pin(std::future::ready(match answer {
            "" => Err(io::Error::other("no such name")),
            address => Ok(vec![address.parse().unwrap()]),
        }))
    }
}

fn options() -> FetchOptions {
    FetchOptions {
        per_host_interval: Duration::ZERO,
        robots: RobotsPolicy::Never,
        allow_private_addresses: true,
        ..FetchOptions::default()
    }
}

fn fetcher(options: FetchOptions) -> Fetcher {
    Fetcher::new(options, Arc::new(SystemClock)).unwrap()
}

fn ask(url: &str, wanted: Wanted) -> Ask<'_> {
    Ask {
        url,
        wanted,
        validators: None,
        needs_leave: false,
    }
}

async fn feed(fetcher: &Fetcher, url: &str) -> (Result<Exchanged, ExchangeError>, Trace) {
    fetcher.exchange(&ask(url, Wanted::Feed)).await
}

/// The word for how it failed.
async fn failure(fetcher: &Fetcher, url: &str) -> &'static str {
    match feed(fetcher, url).await.0 {
        Ok(exchanged) => panic!("{url}: {:?}", exchanged.answer.status),
        Err(error) => error.word(),
    }
}

fn gzip(text: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap().into()
}

#[tokio::test]
async fn an_exchange_gives_its_redirects_its_decoded_body_and_its_sizes() {
    let origin = Origin::start();
    let text = "<rss>é</rss>".repeat(100);
    let wire = gzip(text.as_bytes());
    origin.set("/a", Reply::redirect(301, "/b"));
    origin.set("/b", Reply::redirect(302, "/c"));
    origin.set("/c", Reply::feed(wire.clone()).header("Content-Encoding", "gzip"));
    let (exchanged, trace) = feed(&fetcher(options()), &origin.url("/a")).await;
    let exchanged = exchanged.unwrap();
    assert_eq!(exchanged.decoded, text.as_bytes());
    assert_eq!(exchanged.answer.body, wire);
    let hops: Vec<_> = exchanged
        .hops
        .iter()
        .map(|hop| (hop.status, hop.is_permanent(), hop.from.path(), hop.to.path()))
        .collect();
    assert_eq!(hops, [(301, true, "/a", "/b"), (302, false, "/b", "/c")]);
    assert_eq!((trace.redirects, trace.http_version), (2, "HTTP/1.1"));
    assert_eq!(
        (trace.wire_bytes, trace.decoded_bytes),
        (wire.len() as u64, text.len() as u64)
    );
    assert_eq!(trace.remote, Some(origin.address().ip()));
    // The later hops went by the connection of the first.
    assert!(trace.reused && trace.connect > Duration::ZERO && trace.resolve.is_zero());
    assert!(trace.total >= trace.connect + trace.first_byte);
}

fn trusting(authority: &Authority) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    (folder, path)
}

#[tokio::test]
async fn both_protocols_are_spoken_over_tls_and_connections_used_again() {
    let authority = Authority::new();
    let (_folder, roots) = trusting(&authority);
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], "HTTP/2.0"),
        (&["http/1.1"], "HTTP/1.1"),
        (&[], "HTTP/1.1"),
    ] {
        let origin = SecureOrigin::start(&authority, "gazette.test", Credentials::Good, protocols, "<rss/>");
        let options = FetchOptions {
            extra_roots: vec![roots.clone()],
            ..options()
        };
        let fetcher =
            Fetcher::with_resolver(options, Arc::new(SystemClock), Told::new(["127.0.0.1"])).unwrap();
        let url = format!("https://gazette.test:{}/f", origin.port());
        let (first, before) = feed(&fetcher, &url).await;
        assert_eq!(first.unwrap().decoded, "<rss/>");
        let (second, after) = feed(&fetcher, &url).await;
        assert_eq!(second.unwrap().decoded, "<rss/>");
        assert_eq!((before.http_version, after.http_version), (version, version));
        assert!(!before.reused && before.connect > Duration::ZERO);
        assert!(after.reused && after.connect.is_zero() && after.first_byte > Duration::ZERO);
        let requests = origin.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].remote, requests[1].remote, "{version}");
        for request in requests {
            assert_eq!(request.version, version);
            for field in ["cookie", "referer"] {
                assert!(!request.fields.iter().any(|name| name == field));
            }
        }
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_trusted_is_a_failure_of_tls() {
    let authority = Authority::new();
    let (_folder, roots) = trusting(&authority);
    let untrusting = options();
    let trusted = || FetchOptions {
        extra_roots: vec![roots.clone()],
        ..options()
    };
    for (credentials, options) in [
        (Credentials::Expired, trusted()),
        (Credentials::OtherHost, trusted()),
        (Credentials::SelfSigned, trusted()),
        // Good, but of an authority that nobody told of.
        (Credentials::Good, untrusting),
    ] {
        let origin = SecureOrigin::start(&authority, "gazette.test", credentials, &["h2"], "<rss/>");
        let fetcher =
            Fetcher::with_resolver(options, Arc::new(SystemClock), Told::new(["127.0.0.1"])).unwrap();
        let url = format!("https://gazette.test:{}/f", origin.port());
        assert_eq!(failure(&fetcher, &url).await, "tls", "{credentials:?}");
        assert!(origin.requests().is_empty());
    }
}

#[tokio::test]
async fn a_file_that_holds_no_certificate_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    for text in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\nAAAA\n")] {
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let options = FetchOptions {
            extra_roots: vec![path.clone()],
            ..options()
        };
        let error = Fetcher::new(options, Arc::new(SystemClock)).unwrap_err();
        assert!(error.to_string().contains("roots.pem"), "{error}");
    }
}

#[tokio::test]
async fn a_name_that_turns_private_is_not_asked_again() {
    let origin = Origin::start();
    origin.set("/f", Reply::feed("<rss/>"));
    // Only the first address is one of those allowed: it stands for a public one.
    let options = FetchOptions {
        allow_private_addresses: false,
        allow_addresses: vec!["127.0.0.1".parse().unwrap()],
        ..options()
    };
    let resolver = Told::new(["127.0.0.1", "127.0.0.2", ""]);
    let fetcher = Fetcher::with_resolver(options, Arc::new(SystemClock), resolver).unwrap();
    let url = format!("http://gazette.test:{}/f", origin.address().port());
    let (answer, trace) = feed(&fetcher, &url).await;
    assert_eq!(
        (answer.unwrap().answer.status, trace.remote),
        (200, Some("127.0.0.1".parse().unwrap()))
    );
    // Past the pooled connection, the name is asked for again.
    let elsewhere = Origin::start();
    let url = format!("http://gazette.test:{}/f", elsewhere.address().port());
    assert_eq!(failure(&fetcher, &url).await, "refused");
    assert_eq!(failure(&fetcher, &url).await, "dns");
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn header_fields_and_bytes_end_at_their_limits() {
    let origin = Origin::start();
    let fields = |count: usize| {
        (0..count).fold(Reply::feed("<rss/>"), |reply, n| {
            reply.header(&format!("X-{n}"), "v")
        })
    };
    // Content-Type and Content-Length are two.
    origin.set("/1000", fields(998));
    origin.set("/1001", fields(999));
    origin.set("/10000", fields(10_000));
    let own: usize = [
        ("content-type", "application/rss+xml; charset=utf-8"),
        ("content-length", "6"),
    ]
    .iter()
    .map(|(name, value)| name.len() + value.len() + 4)
    .sum();
    let large =
        |bytes: usize| Reply::feed("<rss/>").header("X-Large", "v".repeat(bytes - own - "x-large".len() - 4));
    origin.set("/bytes", large(MAX_HEADER_BYTES));
    origin.set("/bytes+1", large(MAX_HEADER_BYTES + 1));
    origin.set("/mebibyte", large(1 << 20));
    let fetcher = fetcher(options());
    for path in ["/1000", "/bytes"] {
        let (answer, _) = feed(&fetcher, &origin.url(path)).await;
        assert_eq!(answer.unwrap().answer.status, 200, "{path}");
    }
    for path in ["/1001", "/10000", "/bytes+1", "/mebibyte"] {
        assert_eq!(failure(&fetcher, &origin.url(path)).await, "headers", "{path}");
    }
}

#[tokio::test]
async fn a_body_may_grow_so_many_times_and_not_once_more() {
    let origin = Origin::start();
    let body = gzip(&vec![b' '; 4 << 20]);
    let ratio = (4 << 20) / body.len() as u32;
    origin.set("/f", Reply::feed(body).header("Content-Encoding", "gzip"));
    let with_ratio = |max_ratio| {
        fetcher(FetchOptions {
            max_ratio,
            ..options()
        })
    };
    let (answer, _) = feed(&with_ratio(ratio + 1), &origin.url("/f")).await;
    assert_eq!(answer.unwrap().decoded.len(), 4 << 20);
    assert_eq!(failure(&with_ratio(ratio), &origin.url("/f")).await, "too_dense");
}

#[tokio::test]
async fn a_silence_inside_the_body_ends_at_its_own_limit() {
    let origin = Origin::start();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>";
    origin.set("/f", Reply::raw(head).then_silence());
    let fetcher = fetcher(FetchOptions {
        idle_timeout: Duration::from_millis(200),
        ..options()
    });
    let (answer, trace) = feed(&fetcher, &origin.url("/f")).await;
    let answer = answer.unwrap();
    assert!(answer.truncated && answer.decoded == "<rss>");
    let error = answer.overdue.unwrap();
    assert_eq!((error.word(), error.class()), ("idle", FailureClass::Transient));
    assert_eq!(trace.http_version, "HTTP/1.1");
}

#[tokio::test]
async fn bodies_wait_for_the_budget_and_all_come() {
    let origin = Origin::start();
    let bytes = 300 * 1024;
    origin.on_prefix("/", move |_| Reply::feed(vec![b'a'; bytes]));
    let fetcher = Arc::new(fetcher(FetchOptions {
        per_host_concurrency: 16,
        max_body_bytes: bytes as u64,
        in_flight_bytes: 4 * bytes as u64,
        ..options()
    }));
    let (sender, mut done) = tokio::sync::mpsc::channel(1);
    for n in 0..16 {
        let (fetcher, sender) = (Arc::clone(&fetcher), sender.clone());
        let url = origin.url(&format!("/{n}"));
        tokio::spawn(async move {
            let (answer, _) = feed(&fetcher, &url).await;
            sender.send(answer.unwrap()).await.unwrap();
        });
    }
    // Those that came are held here until nothing more can come.
    let mut held = Vec::new();
    while let Ok(Some(answer)) = tokio::time::timeout(Duration::from_millis(300), done.recv()).await {
        held.push(answer);
    }
    // What is shared has room for fewer than two whole bodies, and what is kept aside is for one.
    assert!((1..=2).contains(&held.len()), "{}", held.len());
    let mut came = held.len();
    drop(held);
    while came < 16 {
        drop(done.recv().await.unwrap());
        came += 1;
    }
}

#[tokio::test]
async fn a_wall_is_no_feed_and_no_page() {
    let origin = Origin::start();
    let wall = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>";
    origin.set("/wall", Reply::page(wall));
    origin.set(
        "/gzip",
        Reply::page(gzip(wall.as_bytes())).header("Content-Encoding", "gzip"),
    );
    origin.set("/field", Reply::status(403).header("cf-mitigated", "challenge"));
    origin.set("/html", Reply::page("<html><title>Accueil</title>"));
    let fetcher = fetcher(options());
    for path in ["/wall", "/gzip", "/field"] {
        let (answer, _) = feed(&fetcher, &origin.url(path)).await;
        let error = answer.unwrap_err();
        assert_eq!((error.word(), error.class()), ("blocked", FailureClass::Soft));
    }
    let (answer, _) = feed(&fetcher, &origin.url("/html")).await;
    assert_eq!(answer.unwrap().answer.status, 200);
    let url = origin.url("/wall");
    let page = fetcher.get(&ask(&url, Wanted::Page)).await;
    assert_eq!(page.unwrap_err().word(), "blocked");
}

#[tokio::test]
async fn every_coding_that_servers_send_is_undone_or_told() {
    let origin = Origin::start();
    let text = "<rss>é</rss>".repeat(50);
    let gz = gzip(text.as_bytes());
    let mut twice = Vec::new();
    brotli::CompressorWriter::new(&mut twice, 4096, 5, 20)
        .write_all(&gz)
        .unwrap();
    let plain = Bytes::from(text.clone());
    for (path, body, fields) in [
        ("/x-gzip", gz.clone(), &["x-gzip"][..]),
        ("/stacked", twice.clone().into(), &["gzip, br"]),
        ("/two-fields", twice.into(), &["gzip", "br"]),
        ("/mislabelled", plain.clone(), &["gzip"]),
        ("/mislabelled-br", plain.clone(), &["br"]),
        ("/no-coding", plain.clone(), &["UTF-8"]),
        ("/identity", plain, &["identity"]),
    ] {
        let reply = fields.iter().fold(Reply::feed(body.clone()), |reply, field| {
            reply.header("Content-Encoding", field)
        });
        origin.set(path, reply);
        let (answer, _) = feed(&fetcher(options()), &origin.url(path)).await;
        let exchanged = answer.unwrap();
        assert_eq!(exchanged.decoded, text.as_bytes(), "{path}");
        assert_eq!(exchanged.answer.body, body, "{path}");
        assert!(!exchanged.truncated, "{path}");
    }
    origin.set("/unknown", Reply::feed(gz).header("Content-Encoding", "compress"));
    assert_eq!(
        failure(&fetcher(options()), &origin.url("/unknown")).await,
        "broken"
    );
}

#[tokio::test]
async fn sitemaps_are_read_from_robots() {
    let origin = Origin::start();
    origin.set(
        "/robots.txt",
        Reply::ok(
            "Sitemap: /a.xml\nSitemap: https://autre.fr/b.xml\nSitemap: file:///etc/passwd\nSitemap: http://[",
        ),
    );
    let fetcher = fetcher(options());
    let url = Url::parse(&origin.url("/quelque/part")).unwrap();
    for _ in 0..2 {
        let sitemaps: Vec<String> = fetcher
            .sitemaps_of(&url)
            .await
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            sitemaps,
            [origin.url("/a.xml"), "https://autre.fr/b.xml".to_owned()]
        );
    }
    assert_eq!(origin.count("/robots.txt"), 1);
    let nothing = Origin::start();
    let url = Url::parse(&nothing.url("/")).unwrap();
    assert!(fetcher.sitemaps_of(&url).await.is_empty());
}

#[tokio::test]
async fn robots_follow_five_redirects_and_no_more_and_are_asked_once_by_all() {
    for (hops, forbidden) in [(5, true), (6, false)] {
        let origin = Origin::start();
        origin.redirects("/robots.txt", hops, 301, "/regles");
        origin.set("/regles", Reply::ok("User-agent: *\nDisallow: /x"));
        let fetcher = fetcher(options());
        let url = Url::parse(&origin.url("/x")).unwrap();
        let leaves = tokio::join!(
            fetcher.ask_leave(&url),
            fetcher.ask_leave(&url),
            fetcher.ask_leave(&url)
        );
        for leave in [leaves.0, leaves.1, leaves.2] {
            assert_eq!(leave.is_err(), forbidden, "{hops}");
        }
        assert_eq!(origin.count("/robots.txt"), 1);
    }
}
