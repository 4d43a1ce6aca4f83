//! What a poll needs to know of an answer's body: is it a feed, which items has it, is it the answer before once more.
//!
//! Reading is work for the processor, so it is done off the async threads.

use bytes::Bytes;
use depeche_feed::{Child, FeedKind, Found};
use depeche_model::Digest;

use crate::exchange::Exchanged;
use crate::memory::{Half, half};
use crate::schedule::{FeedHints, Item};
use crate::sitemap_index;

/// An answer's body, read.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Its digest without what changes at every request.
    pub(crate) steady: Half,
    /// The feed, or what it is instead.
    pub(crate) feed: Result<ReadFeed, NoFeed>,
}

/// A feed as the schedule sees it.
#[derive(Debug, Default)]
pub(crate) struct ReadFeed {
    pub(crate) items: Vec<Item>,
    /// The same items, as hubs know them.
    pub(crate) fingerprints: Vec<u64>,
    pub(crate) hints: FeedHints,
    /// The address it says it has, in short.
    pub(crate) self_url: Option<u32>,
    /// The address it says it has.
    pub(crate) self_address: Option<String>,
    /// The hubs it names.
    pub(crate) hubs: Vec<String>,
    /// How its charset was told.
    pub(crate) charset: Option<String>,
    /// The document ends.
    pub(crate) is_complete: bool,
    /// It has an item with something to read or to follow.
    pub(crate) has_content: bool,
    /// The sitemaps that a sitemap index names, which are its items.
    pub(crate) sitemaps: Vec<Child>,
}

/// An answer that is no feed.
#[derive(Debug)]
pub(crate) struct NoFeed {
    /// What it is, for people.
    pub(crate) found: String,
    /// A wall against robots.
    pub(crate) wall: bool,
}

/// Reads a body. `base` is the address that answered.
pub(crate) async fn read(exchanged: &Exchanged, base: &str, limit_bytes: u64) -> Reading {
    let (body, base) = (exchanged.decoded.clone(), base.to_owned());
    let content_type = exchanged.answer.header("content-type").map(str::to_owned);
    let raw = body.clone();
    let read =
        tokio::task::spawn_blocking(move || read_now(&body, content_type.as_deref(), &base, limit_bytes));
    read.await.unwrap_or_else(|error| Reading {
        steady: half(Digest::of([raw.as_ref()])),
        feed: Err(NoFeed {
            found: format!("nothing that could be read: {error}"),
            wall: false,
        }),
    })
}

fn read_now(body: &Bytes, content_type: Option<&str>, base: &str, limit_bytes: u64) -> Reading {
    let feed = depeche_feed::read(body, content_type, base, limit_bytes);
    Reading {
        steady: half(depeche_feed::steady_digest(body)),
        feed: match feed {
            Ok(feed) if feed.kind == FeedKind::SitemapIndex => {
                let (items, fingerprints) = sitemap_index::items(base, &feed.children);
                Ok(ReadFeed {
                    items,
                    fingerprints,
                    charset: Some(feed.charset.as_str().to_owned()),
                    is_complete: feed.is_complete,
                    has_content: !feed.children.is_empty(),
                    sitemaps: feed.children,
                    ..ReadFeed::default()
                })
            }
            Ok(feed) => Ok(ReadFeed {
                items: feed
                    .items
                    .iter()
                    .map(|item| Item {
                        fingerprint: item.fingerprint() as u32,
                        published: item.entry.published_at.or(item.entry.updated_at),
                        delivered: false,
                    })
                    .collect(),
                fingerprints: feed.items.iter().map(depeche_feed::Item::fingerprint).collect(),
                is_complete: feed.is_complete,
                has_content: feed
                    .items
                    .iter()
                    .any(|item| item.entry.title.is_some() || item.entry.link.is_some()),
                sitemaps: Vec::new(),
                hints: FeedHints {
                    ttl: seconds(feed.hints.ttl),
                    update_every: seconds(feed.hints.update_every),
                    skip_hours: feed.hints.skip_hours,
                    skip_days: feed.hints.skip_days,
                },
                self_url: feed.self_url.as_deref().map(short),
                self_address: feed.self_url,
                hubs: feed.hubs,
                charset: Some(feed.charset.as_str().to_owned()),
            }),
            Err(error) => Err(NoFeed {
                found: error.to_string(),
                wall: matches!(error.found, Found::Wall(_)),
            }),
        },
    }
}

fn seconds(span: Option<std::time::Duration>) -> u32 {
    span.map_or(0, |span| u32::try_from(span.as_secs()).unwrap_or(u32::MAX))
}

/// An address in 32 bits, to recognise it by.
fn short(url: &str) -> u32 {
    let Digest(bytes) = Digest::of([url.as_bytes()]);
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
