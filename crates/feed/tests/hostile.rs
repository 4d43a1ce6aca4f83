//! What hostile input may cost: its length.

use std::time::{Duration, Instant};

use bytes::Bytes;
use depeche_feed::{Found, read, steady_digest};

/// Starts, and the piece that is piled up behind each.
const PILES: &[(&str, &str)] = &[
    ("<rss><channel>", "<item>"),
    ("<rss><channel><item>", "<a>"),
    ("<rss><channel><item><description>", "<b>"),
    ("<rss><channel><item><description>", "</b>"),
    ("<rss><channel><item><description>", "&amp;amp;"),
    ("<rss><channel><item><description>", "& < <3"),
    ("<rss><channel><item><title>", "<title>"),
    ("<rss><channel>", "<item </item "),
    ("<rss><channel>", "<item><title><![CDATA[</item>"),
    ("<rss><channel>", "<item><title><![CDATA[a]]</title>"),
    ("<rss><channel>", "<![CDATA["),
    ("<rss><channel>", "<!--"),
    ("<rss><channel>", "<!-- </item>"),
    ("<rss><channel>", "<?a "),
    ("<rss><channel>", "<?php "),
    ("<rss><channel>", "<!DOCTYPE a ["),
    ("", "<!DOCTYPE a [\"'"),
    ("<?xml version='1.0'?>", "<!a [>"),
    ("<rss><channel>", "<script>"),
    ("<rss><channel><item ", "a=\"b "),
    ("<rss><channel>", "<item a=\">"),
    ("<rss><channel>", "<a b='<a b=\""),
    ("<rss ", "xmlns:a='b' "),
    ("<rss>", "<a xmlns:b='c'>"),
    ("<feed>", "<entry><link href='a' "),
    ("<urlset>", "<url><loc>a</loc>"),
    ("<sitemapindex>", "<sitemap><loc>https://example.org/"),
    ("<!DOCTYPE rss [<!ENTITY a 'b'>]><rss><item><title>", "&a;"),
    ("<!DOCTYPE rss [", "<!ENTITY a 'b'>"),
    ("<html><body>", "<rss "),
    (
        "{\"version\": \"https://jsonfeed.org/version/1\", \"items\": [",
        "{\"id\": 1,",
    ),
    ("{\"version\": \"https://jsonfeed.org/version/1\", \"x\": ", "["),
    ("{\"items\": [{\"title\": \"", "\\u00e"),
    ("{\"items\": [{\"title\": 1", "/*"),
    ("<rss><item><title>", "\u{e9}\u{ffff}"),
    ("<rss><item><pubDate>", "5 février "),
    ("<rss><item><link>", "https://example.org/"),
    ("<rss><item><category>", "a</category><category>b"),
];

fn pile(start: &str, piece: &str, bytes: usize) -> Bytes {
    Bytes::from([start, &piece.repeat(bytes / piece.len())].concat())
}

fn cost(body: &Bytes) -> Duration {
    let started = Instant::now();
    let answer = read(body, None, "https://www.example.fr/", u64::MAX);
    assert_eq!(steady_digest(body), steady_digest(body));
    if let Err(why) = answer {
        assert_ne!(why.found, Found::Unreadable, "{}", why.detail);
    }
    started.elapsed()
}

#[test]
fn a_pile_twenty_times_as_high_takes_no_four_hundred_times_as_long() {
    for (start, piece) in PILES {
        let (low, high) = (pile(start, piece, 10_000), pile(start, piece, 200_000));
        // Quadratic work takes four hundred times as long each time. A busy machine makes work in one pass look so now and
        // then, and not ten times in a row.
        let in_one_pass = (0..10).any(|_| cost(&high) < cost(&low).max(Duration::from_millis(1)) * 120);
        assert!(in_one_pass, "{start}{piece}…");
    }
}

#[test]
fn a_feed_at_the_limit_of_bytes_is_read_on_a_plain_thread_s_stack() {
    for (start, piece) in PILES {
        drop(read(&pile(start, piece, 2_000_000), None, "", u64::MAX));
    }
}

#[test]
fn windows_1252_under_any_label_is_read_in_one_pass() {
    let mut body = b"<rss><item><title>".to_vec();
    body.extend(b"\xe9\xc3\xa9 \xe2\x80 ".repeat(300_000));
    let feed = read(&body.into(), Some("text/xml; charset=utf-8"), "", u64::MAX);
    assert_eq!(feed.map(|feed| feed.items.len()), Ok(1));
}

#[test]
fn ten_thousand_entries_are_ten_thousand_entries() {
    use std::fmt::Write as _;
    for (start, end) in [("<rss version='2.0'><channel>", "</channel></rss>"), ("", "")] {
        let mut xml = start.to_owned();
        for n in 0..10_000 {
            write!(
                xml,
                "<item><title>Dépêche {n}</title><link>https://www.example.fr/{n}</link></item>"
            )
            .expect("a string takes everything");
        }
        xml.push_str(end);
        let feed = read(&xml.into(), None, "", u64::MAX).expect("a feed");
        assert_eq!(feed.items.len(), 10_000);
        let known: std::collections::HashSet<u64> =
            feed.items.iter().map(depeche_feed::Item::fingerprint).collect();
        assert_eq!(known.len(), 10_000);
    }
}
