//! A digest of a feed's body that does not change when nothing was published.
//!
//! Publishers write the time of the answer, the number of comments and the name of their software into every answer.
//! One scan over the bytes leaves those out: `lastBuildDate`, `generator`, comments (caches sign their pages in one),
//! `slash:comments`, `thr:total` and the other counters, and the channel's own dates. No parse: what stands inside
//! CDATA or between the tags of an entry is taken as it is, so whatever an entry says itself changes the digest.

use depeche_model::Digest;

/// Elements left out wherever they stand; none of them holds text of an entry.
const VOLATILE: &[&str] = &[
    "lastBuildDate",
    "generator",
    "slash:comments",
    "thr:total",
    "wfw:commentCount",
    "media:statistics",
    "media:starRating",
];

/// Elements left out where they speak of the feed: before its first entry, and between entries.
const VOLATILE_OF_THE_FEED: &[&str] = &["pubDate", "updated", "modified", "dc:date", "atom:updated"];

/// Attributes left out of the tags of links: counters of comments.
const VOLATILE_ATTRIBUTES: &[&[u8]] = &[b" thr:count=", b" thr:updated=", b" thr:when="];

/// Elements that hold one entry.
const ENTRIES: &[&str] = &["item", "entry", "url", "sitemap"];

/// The digest of a feed's body without what changes at every answer.
///
/// Equal digests mean that no entry was added, taken away or changed; the bytes between may differ in counters and
/// dates of the feed itself. A body that is no XML counts byte for byte.
#[must_use]
pub fn steady_digest(body: &[u8]) -> Digest {
    let mut kept: Vec<u8> = Vec::with_capacity(body.len());
    let mut scan = Scan {
        body,
        at: 0,
        no_more: NoMore::default(),
    };
    let mut inside_entry = false;
    while let Some(start) = scan.find(b"<") {
        kept.extend_from_slice(scan.take(start));
        let rest = scan.rest();
        if rest.starts_with(b"<![CDATA[") {
            let end = scan.end_of(b"]]>", End::Cdata);
            kept.extend_from_slice(scan.take(end));
        } else if rest.starts_with(b"<!--") {
            let end = scan.end_of(b"-->", End::Comment);
            scan.take(end);
        } else {
            let closing = rest.starts_with(b"</");
            let name = name(rest.get(1 + usize::from(closing)..).unwrap_or_default());
            let (_, local) = split(name);
            if ENTRIES.iter().any(|entry| local == entry.as_bytes()) {
                inside_entry = !closing;
            }
            let volatile = VOLATILE.iter().any(|element| name == element.as_bytes())
                || (!inside_entry
                    && VOLATILE_OF_THE_FEED
                        .iter()
                        .any(|element| name == element.as_bytes()));
            if volatile && !closing {
                let end = scan.end_of_element(name.len());
                scan.take(end);
            } else {
                let end = scan.end_of_tag();
                keep_tag(scan.take(end), &mut kept);
            }
        }
    }
    kept.extend_from_slice(scan.rest());
    Digest::of([kept.as_slice()])
}

/// A position in the body that only moves on, and what is known not to lie behind it: looking for an end that is not
/// there at every start would take the square of their number.
struct Scan<'a> {
    body: &'a [u8],
    at: usize,
    no_more: NoMore,
}

#[derive(Default)]
struct NoMore {
    cdata: bool,
    comment: bool,
}

#[derive(Clone, Copy)]
enum End {
    Cdata,
    Comment,
}

/// An element that is left out holds a date, a number or a name; a longer one is not closed.
const LONGEST_VOLATILE_BYTES: usize = 512;

/// A tag is no longer than this.
const LONGEST_TAG_BYTES: usize = 8 * 1024;

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a [u8] {
        self.body.get(self.at..).unwrap_or_default()
    }

    fn find(&self, needle: &[u8]) -> Option<usize> {
        find(self.rest(), needle)
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let taken = self.rest().get(..length).unwrap_or_else(|| self.rest());
        self.at += taken.len();
        taken
    }

    /// Bytes up to and with `end`; the whole rest without one.
    fn end_of(&mut self, end: &[u8], kind: End) -> usize {
        let known_missing = match kind {
            End::Cdata => &mut self.no_more.cdata,
            End::Comment => &mut self.no_more.comment,
        };
        if *known_missing {
            return 1;
        }
        if let Some(at) = find(self.body.get(self.at..).unwrap_or_default(), end) {
            return at + end.len();
        }
        *known_missing = true;
        1
    }

    fn end_of_tag(&self) -> usize {
        let rest = self.rest();
        let window = rest.get(..LONGEST_TAG_BYTES).unwrap_or(rest);
        window
            .iter()
            .skip(1)
            .position(|byte| matches!(byte, b'>' | b'<'))
            .map_or(window.len(), |at| {
                at + 1 + usize::from(window.get(at + 1) == Some(&b'>'))
            })
    }

    /// Bytes of an element without children, its end tag with it; only the start tag where that does not follow.
    fn end_of_element(&self, name: usize) -> usize {
        let tag = self.end_of_tag();
        let rest = self.rest();
        if rest.get(..tag).is_some_and(|tag| tag.ends_with(b"/>")) {
            return tag;
        }
        let window = rest
            .get(tag..rest.len().min(tag + LONGEST_VOLATILE_BYTES))
            .unwrap_or_default();
        let Some(end) = find(window, b"</") else {
            return tag;
        };
        let named = window.get(end + 2..end + 2 + name);
        if named != rest.get(1..=name) {
            return tag;
        }
        let closed = window
            .get(end..)
            .and_then(|closing| find(closing, b">"))
            .map_or(end + 2 + name, |close| end + close + 1);
        tag + closed
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [byte] => memchr::memchr(*byte, haystack),
        _ => memchr::memmem::find(haystack, needle),
    }
}

fn name(tag: &[u8]) -> &[u8] {
    let end = tag
        .iter()
        .take(64)
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'<'))
        .unwrap_or(tag.len().min(64));
    tag.get(..end).unwrap_or_default()
}

fn split(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().position(|byte| *byte == b':') {
        Some(colon) => (
            name.get(..colon).unwrap_or_default(),
            name.get(colon + 1..).unwrap_or_default(),
        ),
        None => (b"", name),
    }
}

/// Keeps a tag without the counters among its attributes.
fn keep_tag(tag: &[u8], kept: &mut Vec<u8>) {
    let mut rest = tag;
    while let Some((start, length)) = VOLATILE_ATTRIBUTES
        .iter()
        .filter_map(|attribute| Some((find(rest, attribute)?, attribute.len())))
        .min()
    {
        kept.extend_from_slice(rest.get(..start).unwrap_or_default());
        let value = rest.get(start + length..).unwrap_or_default();
        let quoted = value.first().filter(|quote| matches!(quote, b'"' | b'\''));
        let end = quoted.and_then(|quote| value.iter().skip(1).position(|byte| byte == quote));
        rest = match end {
            Some(end) => value.get(end + 2..).unwrap_or_default(),
            None => value,
        };
    }
    kept.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str = "<rss><channel><title>Fil</title><pubDate>PUB</pubDate><lastBuildDate>BUILD</lastBuildDate>\
        <generator uri=\"x\">GEN</generator><item><title>Un</title><pubDate>ITEM</pubDate>\
        <slash:comments>COUNT</slash:comments><link rel=\"replies\" thr:count=\"COUNT\"/>\
        <description><![CDATA[Texte <!-- NOTE -->]]></description></item></channel></rss><!-- CACHE -->";

    fn with(name: &str, value: &str) -> Digest {
        steady_digest(FEED.replace(name, value).as_bytes())
    }

    #[test]
    fn what_every_answer_changes_does_not_count() {
        for name in ["PUB", "BUILD", "GEN", "COUNT", "CACHE"] {
            assert_eq!(with(name, "1"), with(name, "22"), "{name}");
        }
        assert_eq!(
            steady_digest(FEED.as_bytes()),
            steady_digest(FEED.replace("<!-- CACHE -->", "").as_bytes())
        );
    }

    #[test]
    fn what_an_entry_says_counts() {
        for name in ["ITEM", "NOTE", "Un", "Texte", "Fil"] {
            assert_ne!(with(name, "1"), with(name, "2"), "{name}");
        }
    }

    #[test]
    fn a_sitemap_index_changes_with_its_dates() {
        let at = |date: &str| {
            steady_digest(
                format!(
                    "<sitemapindex><sitemap><loc>a</loc><lastmod>{date}</lastmod></sitemap></sitemapindex>"
                )
                .as_bytes(),
            )
        };
        assert_ne!(at("2026-02-05"), at("2026-02-06"));
    }

    #[test]
    fn an_element_that_is_not_closed_hides_nothing_behind_it() {
        let at = |text: &str| {
            steady_digest(format!("<rss><lastBuildDate>x<item><title>{text}</title></item></rss>").as_bytes())
        };
        assert_ne!(at("Un"), at("Deux"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_have_a_digest(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            assert_eq!(steady_digest(&bytes), steady_digest(&bytes));
        }
    }
}
