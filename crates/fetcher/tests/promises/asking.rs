//! How one address is asked: limits, redirects, addresses that are not asked, what is sent and what is kept.

use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use depeche_fetcher::FetchOptions;
use depeche_model::PollOutcome;
use depeche_testkit::{Origin, Reply};

use crate::desk::{answer, options, poll_one};

fn gzip(text: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap().into()
}

#[tokio::test]
async fn an_answer_is_captured_byte_for_byte_with_its_coding_on() {
    let origin = Origin::start();
    let body = gzip("<rss>éà</rss>".as_bytes());
    origin.set(
        "/f",
        Reply::feed(body.clone())
            .header("Content-Encoding", "gzip")
            .header("X-Latin", b"caf\xe9"),
    );
    let round = poll_one(options(), &origin.url("/f")).await;
    let capture = &round.captures[0];
    assert_eq!(capture.body(), &body);
    assert_eq!(capture.uri, origin.url("/f"));
    assert_eq!(
        (capture.source.as_str(), capture.final_uri.as_deref()),
        ("Gazette", None)
    );
    let latin = answer(capture)
        .headers
        .iter()
        .find(|header| header.name == "x-latin")
        .unwrap();
    assert_eq!(latin.value, b"caf\xe9");
    let asked = &origin.requests()[0];
    assert_eq!(asked.text("accept-encoding").unwrap(), "gzip, br, zstd, deflate");
    assert!(asked.text("accept").unwrap().starts_with("application/atom+xml"));
    assert!(asked.text("user-agent").unwrap().starts_with("depeche/"));
}

#[tokio::test]
async fn redirects_are_followed_without_referer_or_cookies() {
    let origin = Origin::start();
    origin.redirects("/f", 10, 302, "/end");
    origin.set(
        "/f",
        Reply::redirect(301, "/f/1").header("Set-Cookie", "a=1; Path=/"),
    );
    origin.set("/end", Reply::feed("<rss/>"));
    let round = poll_one(options(), &origin.url("/f")).await;
    assert_eq!(round.captures[0].final_uri, Some(origin.url("/end")));
    assert_eq!(round.captures[0].uri, origin.url("/f"));
    let requests = origin.requests();
    assert_eq!(requests.len(), 11);
    for request in requests {
        assert!(
            request.header("referer").is_none() && request.header("cookie").is_none(),
            "{request:?}"
        );
    }
}

#[tokio::test]
async fn eleven_redirects_or_a_circle_end_the_asking() {
    let origin = Origin::start();
    origin.redirects("/f", 11, 302, "/end");
    origin.set("/end", Reply::feed("<rss/>"));
    origin.redirects("/o", 3, 307, "/o");
    assert!(
        poll_one(options(), &origin.url("/f"))
            .await
            .error()
            .contains("more than 10")
    );
    assert_eq!(origin.count("/end"), 0);
    assert!(
        poll_one(options(), &origin.url("/o"))
            .await
            .error()
            .contains("circle")
    );
    assert_eq!(origin.count("/o"), 1);
}

#[tokio::test]
async fn a_private_address_is_not_asked_however_it_is_written() {
    let origin = Origin::start();
    origin.set("/f", Reply::feed("<rss/>"));
    let port = origin.address().port();
    let cautious = || FetchOptions {
        allow_private_addresses: false,
        ..options()
    };
    for host in ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"] {
        let round = poll_one(cautious(), &format!("http://{host}:{port}/f")).await;
        let error = round.error();
        assert!(error.contains("fetch.allow_private_addresses"), "{host}: {error}");
        assert!(round.captures.is_empty());
    }
    assert!(origin.requests().is_empty());
}

#[tokio::test]
async fn the_largest_body_is_taken_and_one_byte_more_is_not() {
    let origin = Origin::start();
    let limited = || FetchOptions {
        max_body_bytes: 1000,
        ..options()
    };
    let plain = |bytes: usize| Reply::feed(vec![b'a'; bytes]);
    origin.set("/1000", plain(1000));
    origin.set("/1001", plain(1001));
    origin.set("/chunked/1000", plain(1000).chunked(7));
    origin.set("/chunked/1001", plain(1001).chunked(7));
    origin.set(
        "/gzip/1000",
        Reply::feed(gzip(&[b'a'; 1000])).header("Content-Encoding", "gzip"),
    );
    origin.set(
        "/gzip/1001",
        Reply::feed(gzip(&[b'a'; 1001])).header("Content-Encoding", "gzip"),
    );
    origin.set("/endless", plain(100).endless());
    for path in ["/1000", "/chunked/1000", "/gzip/1000"] {
        assert_eq!(
            poll_one(limited(), &origin.url(path)).await.summary.fetched,
            1,
            "{path}"
        );
    }
    for path in ["/1001", "/chunked/1001", "/gzip/1001", "/endless"] {
        let round = poll_one(limited(), &origin.url(path)).await;
        let error = round.error();
        assert!(
            error.contains("1000 bytes") && error.contains("fetch.max_body"),
            "{path}: {error}"
        );
        assert!(round.captures.is_empty());
    }
}

#[tokio::test]
async fn a_slow_drip_and_a_silent_server_end_at_the_deadline() {
    let origin = Origin::start();
    let dripping = || Reply::feed(vec![b'a'; 100_000]).drip(1, Duration::from_millis(5));
    origin.set("/drip", dripping());
    origin.set("/never", Reply::never());
    let hasty = || FetchOptions {
        timeout: Duration::from_millis(300),
        ..options()
    };
    for path in ["/drip", "/never"] {
        let round = poll_one(hasty(), &origin.url(path)).await;
        assert!(
            round.error().contains("300 ms") && round.captures.is_empty(),
            "{path}: {}",
            round.error()
        );
        // The server was there; it was only slow.
        assert_eq!(round.summary.unreachable, 0);
    }
}

#[tokio::test]
async fn many_response_headers_are_no_hindrance() {
    let origin = Origin::start();
    let reply = (0..300).fold(Reply::feed("<rss/>"), |reply, n| {
        reply.header(&format!("X-Field-{n}"), "v")
    });
    origin.set("/f", reply);
    let round = poll_one(options(), &origin.url("/f")).await;
    assert!(answer(&round.captures[0]).headers.len() >= 300);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_kept_without_its_validators() {
    let origin = Origin::start();
    let feed = || {
        Reply::feed("<rss><item>un</item>")
            .header("ETag", "\"1\"")
            .header("Last-Modified", "Mon")
    };
    let half = gzip("mot après mot ".repeat(3000).as_bytes());
    let half = half.slice(..half.len() - 20);
    origin.set("/short", feed().close_after(10));
    origin.set("/long", feed().declare_length(1000));
    origin.set("/gzip", feed().body(half).header("Content-Encoding", "gzip"));
    for path in ["/short", "/long", "/gzip"] {
        let round = poll_one(options(), &origin.url(path)).await;
        let capture = &round.captures[0];
        assert!(!capture.body().is_empty(), "{path}");
        assert_eq!(answer(capture).header("etag"), None, "{path}");
        assert_eq!(answer(capture).header("last-modified"), None, "{path}");
        assert_eq!(
            answer(capture).header("content-type"),
            Some("application/rss+xml; charset=utf-8")
        );
    }
}

#[tokio::test]
async fn a_failure_says_what_failed() {
    let origin = Origin::start();
    origin.set("/hang-up", Reply::hang_up());
    origin.set("/coding", Reply::feed("x").header("Content-Encoding", "rot13"));
    let nobody = Origin::start_on(IpAddr::from([127, 0, 0, 9]));
    let gone = nobody.url("/f");
    drop(nobody);
    for (url, told, unreachable) in [
        (gone.as_str(), "connecting to 127.0.0.9", true),
        (
            &origin.url("/x").replace("http:", "https:"),
            "TLS with 127.0.0.1",
            true,
        ),
        (&origin.url("/hang-up"), "cannot be used", false),
        (&origin.url("/coding"), "rot13", false),
        ("http://nulle-part.invalid/f", "could not be resolved", true),
        ("ftp://a.fr/", "only http and https", false),
        ("n'importe quoi", "not an address", false),
    ] {
        let round = poll_one(options(), url).await;
        assert!(round.error().contains(told), "{url}: {}", round.error());
        assert_eq!(
            round.summary.unreachable,
            u64::from(unreachable),
            "{url}: {}",
            round.error()
        );
    }
}

#[tokio::test]
async fn an_error_status_is_a_refusal_and_no_capture() {
    let origin = Origin::start();
    for status in [204, 304, 401, 404, 410, 500, 503] {
        let path = format!("/{status}");
        origin.set(&path, Reply::status(status));
        let round = poll_one(options(), &origin.url(&path)).await;
        assert!(round.captures.is_empty());
        assert_eq!(round.reports[0].outcome, PollOutcome::Refused { status });
    }
}
