//! What the hostile origins do, and how each is to end.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use bytes::Bytes;
use depeche_testkit::{Origin, Reply};

/// An answer: its name, the answer, the limit that ends it, what its ending is called.
type Answer = (&'static str, Reply, &'static str, &'static str);

/// How an answer that is well-formed so far begins.
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n";

/// The head before chunks.
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Interim answers as fast as they can be read: it hangs, and keeps both sides busy.
pub(super) const FLOOD: &str = "interim answers without end";

/// A case: what it is called, what is asked for, what its answer is, which limit ends it, and under which name.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) url: String,
    pub(super) limit: &'static str,
    pub(super) ending: &'static str,
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

/// Answers that take for ever.
fn slow() -> Vec<Answer> {
    let moment = Duration::from_millis(20);
    vec![
        ("silence", Reply::never(), "timeout 1.5 s", "timeout"),
        (
            "slow loris in the head",
            raw(format!("{HEAD}{}", "X-Lent: oui\r\n".repeat(500))).paced(1, moment),
            "timeout 1.5 s",
            "timeout",
        ),
        (
            "slow loris in the body",
            raw(format!("{HEAD}Content-Length: 5000\r\n\r\n{}", "a".repeat(5000))).paced(1, moment),
            "timeout 1.5 s",
            "timeout",
        ),
        (
            "slow loris behind an item",
            raw(format!(
                "{HEAD}Content-Length: 5000\r\n\r\n<rss><channel><item><title>a</title></item>{}",
                "a".repeat(4900)
            ))
            .paced(100, moment * 10),
            "timeout 1.5 s",
            "kept",
        ),
        (
            "silence in the body",
            raw(format!("{HEAD}Content-Length: 50\r\n\r\n<rss>")).then_silence(),
            "idle 0.4 s",
            "idle",
        ),
        (
            "silence before the body",
            raw(format!("{HEAD}Content-Length: 50\r\n\r\n")).then_silence(),
            "idle 0.4 s",
            "idle",
        ),
    ]
}

/// Answers that are more than anybody wants.
fn large() -> Vec<Answer> {
    vec![
        (
            "endless body, chunked",
            Reply::feed(vec![b'a'; 4096]).endless(),
            "max_body 2 MiB",
            "too large",
        ),
        (
            "endless body, no length",
            raw(format!("{HEAD}\r\n{}", "a".repeat(4096))).then_again(),
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
            raw(format!("{HEAD}X-A: {}", "a".repeat(4096))).then_again(),
            "256 KiB of head",
            "headers",
        ),
        (
            FLOOD,
            raw("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").then_again(),
            "timeout 1.5 s",
            "timeout",
        ),
    ]
}

/// Answers that lead astray.
fn redirecting() -> Vec<Answer> {
    vec![
        (
            "redirect in a circle",
            Reply::redirect(302, "#encore"),
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
    ]
}

/// Answers that end too early or too late.
fn breaking_off() -> Vec<Answer> {
    vec![
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
            raw(format!("{HEAD}Content-Length: 1000\r\n\r\n<rss><item>")).then_reset(),
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
    ]
}

/// Answers that are none, or not the one asked for.
fn malformed() -> Vec<Answer> {
    vec![
        (
            "chunks of garbage",
            raw(format!("{CHUNKED}zz\r\n<rss/>")),
            "its form",
            "broken",
        ),
        (
            "a chunk larger than can be",
            raw(format!("{CHUNKED}fffffffffffffffff\r\n<rss/>")),
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
            raw(format!("{HEAD}X-Nul: a\0b\r\nContent-Length: 6\r\n\r\n<rss/>")),
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
    ]
}

/// The cases whose harm lies in an answer, each at a host of its own.
pub(super) fn answers(origin: &Origin) -> Vec<Case> {
    let cases = [slow(), large(), redirecting(), breaking_off(), malformed()].concat();
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
pub(super) fn ways(origin: &Origin, deaf: &TcpListener) -> Vec<Case> {
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
