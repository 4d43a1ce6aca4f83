//! The sitemaps below a sitemap index that is polled as a feed.
//!
//! In: the sitemaps that an index names, and what is remembered of them. Out: those that changed, each as a capture of
//! the feed, durable before this returns. The caller journals the index itself afterwards, so that the index's validators
//! become durable only when its sitemaps are (P1); when this says that sitemaps are left over, it gives the index's
//! validators up, and the next poll reads the index again.
//!
//! A sitemap changed when its `lastmod` did. One without `lastmod` is asked for only where its name says that it holds
//! news, and journaled when its body is another one. At the first poll the sitemaps of the last two days are taken, and
//! the newest in any case: an archive is not fetched because somebody polls its index.
//!
//! Source: the Sitemaps protocol (index, `lastmod`; a sitemap lives on the site of its index).

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use depeche_feed::{Child, Feed, FeedKind};
use depeche_journal::Intake;
use depeche_model::{Capture, CaptureKind, Digest, Payload};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use url::Url;

use crate::discover::names_news;
use crate::error::ExchangeError;
use crate::exchange::{Ask, Exchanged, Wanted};
use crate::fetcher::Fetcher;
use crate::options::{FeedTarget, RobotsPolicy};
use crate::politeness::registrable;
use crate::schedule::Item;

/// Sitemaps fetched in one poll. An index of the press changes one or two an hour.
const MAX_CHILDREN: usize = 10;

/// Sitemaps without `lastmod` that are asked for in one poll.
const MAX_UNDATED: usize = 3;

/// What counts as changed at the first poll: sitemaps of news hold the articles of two days.
const FIRST_WINDOW: SignedDuration = SignedDuration::from_hours(48);

/// Sitemaps remembered by themselves, the latest changed; of the others it is enough that they are older. Where more
/// change than this before all are taken, an archive was written anew, and the oldest of it are passed over.
const MAX_KNOWN: usize = 256;

/// What is remembered of an index's sitemaps. A few kilobytes at most; kept with the feed's other memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexMemory {
    /// Sitemaps with the `lastmod` they were taken at, in seconds; each named by a digest of its address.
    dated: Vec<(u64, i64)>,
    /// Sitemaps without `lastmod`, with the first 64 bits of their body's digest.
    undated: Vec<(u64, u64)>,
    /// Sitemaps that are not remembered by themselves have changed if they are younger; `None` before the first poll.
    floor: Option<i64>,
}

/// How the sitemaps of an index were taken.
#[derive(Debug, Default)]
pub(crate) struct Children {
    /// Every sitemap that changed is durable; false when some are left for the next poll.
    pub(crate) is_complete: bool,
    /// Captures handed to the journal.
    pub(crate) captures: u32,
    /// Body bytes on the wire.
    pub(crate) wire_bytes: u64,
}

/// An index's sitemaps as the schedule sees them, and as hubs would know them: one is new when it changed. The index
/// itself is the item that is always known, so that one whose sitemaps all changed does not look like one that was
/// missed for long.
pub(crate) fn items(base: &str, children: &[Child]) -> (Vec<Item>, Vec<u64>) {
    let own = (first_bits(base.as_bytes()), None);
    let others = children.iter().map(|child| {
        let changed = child.lastmod.map(|at| at.to_string()).unwrap_or_default();
        (
            first_bits(format!("{} {changed}", child.loc).as_bytes()),
            child.lastmod,
        )
    });
    std::iter::once(own)
        .chain(others)
        .map(|(fingerprint, published)| {
            let item = Item {
                fingerprint: fingerprint as u32,
                published,
                delivered: false,
            };
            (item, fingerprint)
        })
        .unzip()
}

/// One sitemap to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    url: Url,
    key: u64,
    /// Its `lastmod` in seconds; `None` when only its body can tell.
    lastmod: Option<i64>,
}

/// How asking for one went.
enum Taken {
    /// It is durable, or not worth asking for again before it changes; the digest of its body.
    Done(u64),
    /// It may be there at the next poll.
    Later,
}

/// Fetches the sitemaps of an index that changed, the latest first, and has them journaled as captures of `target`. `base`
/// is the address at which the index was. `None` when the journal takes no more: nothing was settled.
pub(crate) async fn fetch_children(
    fetcher: &Fetcher,
    target: &FeedTarget,
    base: &str,
    children: &[Child],
    memory: &mut IndexMemory,
    outlet: &mpsc::Sender<Intake>,
) -> Option<Children> {
    let now = fetcher.clock.now();
    let wishes = memory.wishes(base, children, now);
    let mut taken = Children {
        // What has no `lastmod` is to be asked for again whatever the index says.
        is_complete: wishes.len() <= MAX_CHILDREN && wishes.iter().all(|wish| wish.lastmod.is_some()),
        ..Children::default()
    };
    for wish in wishes.into_iter().take(MAX_CHILDREN) {
        match fetch_child(fetcher, target, &wish, memory, outlet, &mut taken).await? {
            Taken::Done(body) => memory.done(&wish, body),
            Taken::Later => taken.is_complete = false,
        }
    }
    memory.tidy(children, now);
    Some(taken)
}

async fn fetch_child(
    fetcher: &Fetcher,
    target: &FeedTarget,
    wish: &Wish,
    memory: &IndexMemory,
    outlet: &mpsc::Sender<Intake>,
    taken: &mut Children,
) -> Option<Taken> {
    let ask = Ask {
        url: wish.url.as_str(),
        wanted: Wanted::Feed,
        validators: None,
        needs_leave: fetcher.options.robots != RobotsPolicy::Never,
    };
    let sitemap = wish.url.as_str();
    // What cannot be had is asked for again when it changes.
    let given_up = |why: &str| {
        tracing::info!(feed = target.url, sitemap, why, "sitemap not taken");
        Some(Taken::Done(0))
    };
    let exchanged = match fetcher.get(&ask).await {
        Ok(exchanged) => exchanged,
        Err(error) => {
            tracing::info!(feed = target.url, sitemap, %error, "sitemap not fetched");
            let may_pass = error.is_passing()
                || matches!(error, ExchangeError::Quiet { .. } | ExchangeError::Crowded { .. });
            return if may_pass {
                Some(Taken::Later)
            } else {
                given_up(&error.to_string())
            };
        }
    };
    match exchanged.answer.status {
        200 | 203 if exchanged.truncated => return Some(Taken::Later),
        200 | 203 => {}
        status @ (429 | 500..) => {
            tracing::info!(feed = target.url, sitemap, status, "sitemap not fetched");
            return Some(Taken::Later);
        }
        status => return given_up(&format!("the server answered {status}")),
    }
    taken.wire_bytes += exchanged.answer.body.len() as u64;
    let body = first_bits(&exchanged.answer.body);
    if wish.lastmod.is_none() && memory.undated.contains(&(wish.key, body)) {
        return Some(Taken::Done(body));
    }
    match read(&exchanged, sitemap, fetcher.options.max_body_bytes).await {
        Ok(feed) if feed.kind == FeedKind::SitemapIndex => return given_up("an index below an index"),
        Ok(_) => {}
        Err(why) => return given_up(&why),
    }
    keep(fetcher, target, wish, exchanged, outlet).await?;
    taken.captures += 1;
    Some(Taken::Done(body))
}

/// Reads a sitemap, off the async threads.
async fn read(exchanged: &Exchanged, base: &str, limit: u64) -> Result<Feed, String> {
    let body = exchanged.decoded.clone();
    let content_type = exchanged.answer.header("content-type").map(str::to_owned);
    let base = exchanged.final_uri.clone().unwrap_or_else(|| base.to_owned());
    let reading = tokio::task::spawn_blocking(move || {
        depeche_feed::read(&body, content_type.as_deref(), &base, limit).map_err(|why| why.to_string())
    });
    reading
        .await
        .unwrap_or_else(|error| Err(format!("reading it failed: {error}")))
}

/// Has a sitemap journaled and waits for the receipt. `None` when the journal takes no more.
async fn keep(
    fetcher: &Fetcher,
    target: &FeedTarget,
    wish: &Wish,
    exchanged: Exchanged,
    outlet: &mpsc::Sender<Intake>,
) -> Option<()> {
    let Exchanged {
        mut answer,
        final_uri,
        place,
        ..
    } = exchanged;
    // The feed's validators are those of the index, and none until it is durable too.
    answer.headers.retain(|header| {
        !["etag", "last-modified"]
            .iter()
            .any(|name| header.name.eq_ignore_ascii_case(name))
    });
    let capture = Capture {
        kind: CaptureKind::Feed,
        uri: target.url.clone(),
        final_uri: Some(final_uri.unwrap_or_else(|| wish.url.to_string())),
        captured_at: fetcher.clock.now(),
        source: target.source(),
        page_policy: target.page,
        order: None,
        payload: Payload::Http(answer),
    };
    let (intake, receipt) = Intake::with_receipt(capture);
    outlet.send(intake).await.ok()?;
    drop(place);
    receipt.await.ok().map(drop)
}

impl IndexMemory {
    /// What is to be asked for, the latest change first.
    fn wishes(&self, base: &str, children: &[Child], now: Timestamp) -> Vec<Wish> {
        let Ok(base) = Url::parse(base) else {
            return Vec::new();
        };
        let site = registrable(&base);
        let floor = self.floor_at(children, now);
        let known: HashMap<u64, i64> = self.dated.iter().copied().collect();
        let (mut dated, mut undated) = (Vec::new(), Vec::new());
        for child in children {
            let Ok(url) = Url::parse(&child.loc) else {
                continue;
            };
            if registrable(&url) != site || url == base {
                continue;
            }
            let key = first_bits(child.loc.as_bytes());
            match child.lastmod.map(Timestamp::as_second) {
                Some(lastmod) => {
                    let changed = known.get(&key).map_or(lastmod > floor, |known| lastmod > *known);
                    if changed {
                        dated.push(Wish {
                            url,
                            key,
                            lastmod: Some(lastmod),
                        });
                    }
                }
                None if names_news(&url) && undated.len() < MAX_UNDATED => undated.push(Wish {
                    url,
                    key,
                    lastmod: None,
                }),
                None => {}
            }
        }
        // Where all claim to have changed, news first.
        dated.sort_by_key(|wish| (Reverse(wish.lastmod), !names_news(&wish.url)));
        // They are few, and must not be crowded out by an archive that is written anew.
        undated.append(&mut dated);
        undated
    }

    /// The `lastmod` at which a sitemap that is not remembered is new.
    fn floor_at(&self, children: &[Child], now: Timestamp) -> i64 {
        self.floor.unwrap_or_else(|| {
            let window = now.as_second() - FIRST_WINDOW.as_secs();
            let newest = children.iter().filter_map(|child| child.lastmod).max();
            newest.map_or(window, |newest| window.min(newest.as_second() - 1))
        })
    }

    /// Remembers a sitemap that needs no asking before it changes.
    fn done(&mut self, wish: &Wish, body: u64) {
        if let Some(lastmod) = wish.lastmod {
            self.dated.retain(|(key, _)| *key != wish.key);
            self.dated.push((wish.key, lastmod));
        } else {
            self.undated.retain(|(key, _)| *key != wish.key);
            self.undated.push((wish.key, body));
        }
    }

    /// Forgets what the index no longer names, and the oldest of what is too much.
    fn tidy(&mut self, children: &[Child], now: Timestamp) {
        let named: HashSet<u64> = children
            .iter()
            .map(|child| first_bits(child.loc.as_bytes()))
            .collect();
        let mut floor = self.floor_at(children, now);
        self.dated.retain(|(key, _)| named.contains(key));
        self.undated.retain(|(key, _)| named.contains(key));
        self.dated.sort_by_key(|(key, lastmod)| (Reverse(*lastmod), *key));
        if let Some((_, dropped)) = self.dated.get(MAX_KNOWN) {
            floor = floor.max(*dropped);
            self.dated.truncate(MAX_KNOWN);
        }
        self.floor = Some(floor);
    }
}

fn first_bits(bytes: &[u8]) -> u64 {
    let Digest(digest) = Digest::of([bytes]);
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests;
