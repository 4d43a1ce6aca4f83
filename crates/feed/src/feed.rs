//! A feed as read, and how it is read: bytes to text, text to what it is, that to a [`Feed`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;
use depeche_model::{Digest, Entry, Published, Warning, WarningCode, panic_message};
use jiff::Timestamp;

use crate::address::absolute;
use crate::charset::{CharsetEvidence, Text, decode};
use crate::dates::DateContext;
use crate::refused::{Found, NotAFeed, wall};
use crate::sniff::{Format, sniff};
use crate::{json, xml};

/// What a feed's answer says.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    /// The format it is written in.
    pub kind: FeedKind,
    /// Its title.
    pub title: Option<String>,
    /// Its language as it declares it (BCP 47).
    pub language: Option<String>,
    /// Its entries in document order.
    pub items: Vec<Item>,
    /// What it asks of those who poll it.
    pub hints: Hints,
    /// Addresses of `WebSub` hubs, absolute.
    pub hubs: Vec<String>,
    /// Its own address as it names it, absolute: the topic of its hubs.
    pub self_url: Option<String>,
    /// The site it belongs to, absolute.
    pub site_url: Option<String>,
    /// The sitemaps of a sitemap index.
    pub children: Vec<Child>,
    /// How its charset was found.
    pub charset: CharsetEvidence,
    /// Whether the document ends: its root element or outermost object is closed. Of one that breaks off, entries may be
    /// missing; some publishers never close theirs.
    pub is_complete: bool,
    /// What was repaired that is no single entry's.
    pub warnings: Vec<Warning>,
}

/// The format of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeedKind {
    /// RSS 0.91 to 2.0.
    Rss,
    /// Atom 0.3 or 1.0.
    Atom,
    /// RSS 0.90 or 1.0.
    Rdf,
    /// JSON Feed, or RSS in JSON.
    JsonFeed,
    /// A sitemap with news in it.
    NewsSitemap,
    /// A sitemap of addresses alone.
    Sitemap,
    /// A list of sitemaps.
    SitemapIndex,
}

impl FeedKind {
    /// The format's name in listings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rss => "rss",
            Self::Atom => "atom",
            Self::Rdf => "rdf",
            Self::JsonFeed => "json_feed",
            Self::NewsSitemap => "news_sitemap",
            Self::Sitemap => "sitemap",
            Self::SitemapIndex => "sitemap_index",
        }
    }
}

/// One entry of a feed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// What the publisher wrote; its guid is filled in from link or text where there is anything to fill it from.
    pub entry: Entry,
    /// When it was published, with the precision of what is written.
    pub published: Option<Published>,
    /// What was repaired, derived or could not be read in it.
    pub warnings: Vec<Warning>,
}

impl Item {
    /// Tells an entry from others of its feed: the first 64 bits of the digest of its guid, which is its link or a
    /// digest of its text where the publisher gives none. The same in every version of this program.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let named = self
            .entry
            .guid
            .as_deref()
            .or(self.entry.link.as_deref())
            .unwrap_or_default();
        let Digest(bytes) = Digest::of([named.as_bytes()]);
        let mut first = [0; 8];
        first.copy_from_slice(&bytes[..8]);
        u64::from_be_bytes(first)
    }
}

/// What a feed asks of those who poll it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// `ttl`: how long an answer may be kept (RSS 2.0, in minutes).
    pub ttl: Option<Duration>,
    /// `sy:updatePeriod` divided by `sy:updateFrequency`.
    pub update_every: Option<Duration>,
    /// `skipHours`: bit n for the hour n, GMT.
    pub skip_hours: u32,
    /// `skipDays`: bit 0 for Monday to bit 6 for Sunday, GMT.
    pub skip_days: u8,
}

/// A sitemap named in a sitemap index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its address, absolute.
    pub loc: String,
    /// When it last changed, as far as that can be read.
    pub lastmod: Option<Timestamp>,
}

/// Reads a feed's answer.
///
/// `body` has its content coding off; gzip inside it (a `.xml.gz` served as a file) is undone into at most
/// `limit_bytes`. `base` is the address that answered: relative links are resolved against it, and its country helps to
/// guess a charset that nothing names; empty when there is none. Dates that name no zone are those of Paris, and those that
/// are told from the reader's clock are none: whoever has a capture asks [`read_text`].
///
/// # Errors
///
/// What was found that is no feed.
pub fn read(
    body: &Bytes,
    content_type: Option<&str>,
    base: &str,
    limit_bytes: u64,
) -> Result<Feed, NotAFeed> {
    let text = decode(body, content_type, base, limit_bytes).map_err(NotAFeed::from)?;
    read_text(text, base, &DateContext::default())
}

/// Reads a feed that is text already. `dates` is where and when it was captured.
///
/// # Errors
///
/// What was found that is no feed.
pub fn read_text(text: Text, base: &str, dates: &DateContext) -> Result<Feed, NotAFeed> {
    let format = sniff(&text.text);
    let read = || match format {
        Format::XmlFeed => read_xml(&text, base, dates),
        Format::JsonFeed | Format::Json => read_json(&text.text, base, dates),
        Format::Html => Err(NotAFeed::new(
            wall(&text.text).map_or(Found::Page, Found::Wall),
            "",
        )),
        // A beginning that is lost, or a root that nobody knows, may hold entries all the same.
        Format::OtherXml | Format::Prose => {
            let found = if format == Format::Prose {
                Found::Text
            } else {
                Found::Xml
            };
            read_xml(&text, base, dates)
                .ok()
                .filter(|feed| feed.items.iter().any(says_something))
                .ok_or_else(|| NotAFeed::new(found, ""))
        }
    };
    let mut feed = catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|panic| Err(NotAFeed::new(Found::Unreadable, panic_message(&*panic))))?;
    feed.charset = text.evidence;
    feed.warnings.splice(0..0, text.warnings);
    for item in &mut feed.items {
        complete(item);
    }
    Ok(feed)
}

fn read_json(text: &str, base: &str, dates: &DateContext) -> Result<Feed, NotAFeed> {
    let base = absolute(base, None);
    json::read(text, base.as_deref(), dates).ok_or_else(|| NotAFeed::new(Found::Json, ""))
}

fn read_xml(text: &Text, base: &str, dates: &DateContext) -> Result<Feed, NotAFeed> {
    let base = absolute(base, None);
    let read = xml::read(&text.text, base.as_deref(), dates).ok_or_else(|| NotAFeed::new(Found::Xml, ""))?;
    let mut feed = read.feed;
    for (item, place) in feed.items.iter_mut().zip(read.places) {
        let from = text.mended.partition_point(|mend| mend.at < place.start);
        let here = text.mended.get(from..).unwrap_or_default();
        for mend in here.iter().take_while(|mend| mend.at < place.end) {
            if !item.warnings.iter().any(|warning| warning.code == mend.code) {
                item.warnings.push(mend.code.into());
            }
        }
    }
    Ok(feed)
}

/// Whether an entry has something to read or to follow.
fn says_something(item: &Item) -> bool {
    let entry = &item.entry;
    [&entry.title, &entry.link, &entry.summary, &entry.content]
        .iter()
        .any(|field| field.is_some())
}

/// Fills in what an entry must have, from what it has.
fn complete(item: &mut Item) {
    let entry = &mut item.entry;
    for field in [
        &mut entry.guid,
        &mut entry.link,
        &mut entry.title,
        &mut entry.summary,
        &mut entry.content,
    ] {
        if field.as_deref().is_some_and(|text| text.trim().is_empty()) {
            *field = None;
        }
    }
    if entry.link.is_none() {
        entry.link = entry.guid.as_deref().and_then(|guid| absolute(guid, None));
    }
    if entry.updated_at == entry.published_at {
        entry.updated_at = None;
    }
    if entry.guid.is_none() {
        entry.guid = entry.link.clone().or_else(|| {
            let title = entry
                .title
                .as_deref()
                .or(entry.summary.as_deref())
                .or(entry.content.as_deref())?;
            Some(Digest::of([title.trim().as_bytes()]).to_string())
        });
        if entry.guid.is_some() {
            item.warnings.push(WarningCode::GuidDerived.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_complete(written: &str) -> bool {
        read(&Bytes::copy_from_slice(written.as_bytes()), None, "", 1 << 20)
            .unwrap()
            .is_complete
    }

    #[test]
    fn a_document_that_breaks_off_is_told_from_one_that_is_only_broken() {
        let whole = [
            "<rss/>",
            "<rss><channel><item><title>a</title></item></channel></rss>\n",
            "<rss><channel><item><title>a</title></item></channel></rss><script>x",
            "<rss><channel><item><title>a</item></channel></rss>",
            "<rss><channel><item><title><![CDATA[a</title></item></channel></rss>",
            "<br><rss><channel><item><title>a & b</title></item></rss>",
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>a</title></entry></feed>",
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><item><title>a</title></item></rdf:RDF>",
            "<sitemapindex><sitemap><loc>http://a.fr/1</loc></sitemap></sitemapindex>",
            r#"{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1"}]}"#,
            r#"{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1",},]}"#,
        ];
        for written in whole {
            assert!(is_complete(written), "{written}");
        }
        let cut = [
            "<rss><channel><item><title>a</title></item></channel>",
            "<rss><channel><item><title>a</title></item><item><title>b",
            "<rss><channel><item><title>a</title></item><it",
            "<rss><channel><item><title>a</title></item><item a=\"",
            "<rss><channel><item><title>a</title></item><!-- b</channel>",
            "<rss><channel><item><title>a</title></item><item><title><![CDATA[b",
            "<sitemapindex><sitemap><loc>http://a.fr/1</loc></sitemap>",
            r#"{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1"}]"#,
            r#"{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1"#,
        ];
        for written in cut {
            assert!(!is_complete(written), "{written}");
        }
    }
}
