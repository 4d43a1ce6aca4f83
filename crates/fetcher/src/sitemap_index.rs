//! The sitemaps below a sitemap index that is polled as a feed.
//!
//! In: the sitemaps that an index names, and what is remembered of them. Out: those that changed, each as a capture of
//! the feed, durable before this returns. The caller journals the index itself afterwards, so that the index's validators
//! become durable only when its sitemaps are (P1); when this says that sitemaps are left over, it gives the index's
//! validators up, and the next poll reads the index again.
//!
//! A sitemap changed when its `lastmod` did, and is journaled when its body is another one too: some indexes stamp all
//! their sitemaps with the time of the answer. Those that had not changed for all their `lastmod` said go behind the others
//! from then on. One without `lastmod` is asked for only where its name says that it holds news, a few at each poll, in
//! turn. One that cannot be had now is tried again, a few times where it is the server that refuses. At the first poll the sitemaps of the last two days are taken, and
//! the newest in any case: an archive is not fetched because somebody polls its index.
//!
//! Source: the Sitemaps protocol (index, `lastmod`; a sitemap lives on the site of its index).

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use depeche_feed::{Child, Feed, FeedKind, Found};
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

/// Sitemaps that failed before and are asked for again in one poll: those that never come may not keep others away.
const MAX_RETRIED: usize = 3;

/// Tries of a sitemap that is refused or does not come whole. At the usual intervals these are some hours, in which
/// walls come down and deployments end.
const MAX_TRIES: u8 = 5;

/// What counts as changed at the first poll: sitemaps of news hold the articles of two days.
const FIRST_WINDOW: SignedDuration = SignedDuration::from_hours(48);

/// Sitemaps remembered by themselves, the latest changed; of the others it is enough that they are older. Where more
/// change than this before all are taken, an archive was written anew, and the oldest of it are passed over.
const MAX_KNOWN: usize = 256;

/// What is remembered of an index's sitemaps. A few kilobytes at most; kept with the feed's other memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IndexMemory {
    /// Sitemaps with `lastmod`.
    dated: Vec<Dated>,
    /// Sitemaps without `lastmod`, with the first 64 bits of their body's digest; the latest asked last.
    undated: Vec<(u64, u64)>,
    /// The sitemap without `lastmod` that was asked for last.
    last_undated: Option<u64>,
    /// Sitemaps with `lastmod` that did not come yet; the latest asked last.
    failing: Vec<Failing>,
    /// Times that sitemaps were asked for.
    turn: u32,
    /// Sitemaps that are not remembered by themselves have changed if they are younger; `None` before the first poll.
    floor: Option<i64>,
}

/// A sitemap that was taken. It is named by a digest of its address, here and below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Dated {
    key: u64,
    /// The `lastmod` it was taken at, in seconds.
    lastmod: i64,
    /// The first 64 bits of its body's digest; 0 when it was given up.
    body: u64,
    /// The turn it was last asked for in.
    turn: u32,
    /// Its `lastmod` changed and its body did not.
    cries_wolf: bool,
}

/// A sitemap that did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Failing {
    key: u64,
    /// The `lastmod` it was asked for at.
    lastmod: i64,
    /// How often the server refused it or sent a part of it.
    tries: u8,
}

/// What an index says.
#[derive(Debug)]
pub(crate) struct Index {
    /// The sitemaps that it names.
    pub(crate) children: Vec<Child>,
    /// These are all; of one that broke off, what it does not name is not forgotten.
    pub(crate) is_whole: bool,
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
    /// It may be there at the next poll; the server does not seem to be up to it now.
    Later,
    /// It may be there at one of the next polls; the server refuses it or does not send it whole.
    Refused,
}

/// Fetches the sitemaps of an index that changed, the latest first, and has them journaled as captures of `target`. `base`
/// is the address at which the index was. `None` when the journal takes no more: nothing was settled.
pub(crate) async fn fetch_children(
    fetcher: &Fetcher,
    target: &FeedTarget,
    base: &str,
    index: Index,
    memory: &mut IndexMemory,
    outlet: &mpsc::Sender<Intake>,
) -> Option<Children> {
    let mut wishes = memory.wishes(base, &index.children, fetcher.clock.now());
    memory.tidy(&index, fetcher.clock.now());
    // There may be fifty thousand of them, and the fetching takes minutes.
    drop(index);
    memory.turn = memory.turn.saturating_add(1);
    let mut taken = Children {
        // What has no `lastmod` is to be asked for again whatever the index says.
        is_complete: wishes.len() <= MAX_CHILDREN && wishes.iter().all(|wish| wish.lastmod.is_some()),
        ..Children::default()
    };
    wishes.truncate(MAX_CHILDREN);
    for wish in wishes {
        match fetch_child(fetcher, target, &wish, memory, outlet, &mut taken).await? {
            Taken::Done(body) => memory.done(&wish, body),
            Taken::Later => {
                memory.failed(&wish, 0);
                taken.is_complete = false;
            }
            Taken::Refused if memory.tries(&wish) + 1 < MAX_TRIES => {
                memory.failed(&wish, 1);
                taken.is_complete = false;
            }
            Taken::Refused => {
                tracing::info!(
                    feed = target.url,
                    sitemap = wish.url.as_str(),
                    tries = MAX_TRIES,
                    "sitemap given up until it changes"
                );
                memory.done(&wish, 0);
            }
        }
    }
    memory.limit();
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
            return match error {
                ExchangeError::Quiet { .. } | ExchangeError::Crowded { .. } => Some(Taken::Later),
                ExchangeError::Blocked { .. } | ExchangeError::TooSlow { .. } => Some(Taken::Refused),
                error if error.is_passing() => Some(Taken::Later),
                error => given_up(&error.to_string()),
            };
        }
    };
    match exchanged.answer.status {
        200 | 203 => {}
        status @ (404 | 410) => return given_up(&format!("the server answered {status}")),
        status @ (429 | 500..) => {
            tracing::info!(feed = target.url, sitemap, status, "sitemap not fetched");
            return Some(Taken::Later);
        }
        // Refusals to a program (401, 403) and wishes to come again (408, 425) pass on many a server.
        status => {
            tracing::info!(feed = target.url, sitemap, status, "sitemap refused");
            return Some(Taken::Refused);
        }
    }
    taken.wire_bytes += exchanged.answer.body.len() as u64;
    let (body, feed) = match read(&exchanged, sitemap, fetcher.options.max_body_bytes).await {
        Ok((_, feed)) if feed.kind == FeedKind::SitemapIndex => return given_up("an index below an index"),
        Ok(read) => read,
        Err(NoSitemap { passes: true, why }) => {
            tracing::info!(feed = target.url, sitemap, why, "sitemap refused");
            return Some(Taken::Refused);
        }
        Err(_) if exchanged.truncated => return Some(Taken::Refused),
        Err(NoSitemap { why, .. }) => return given_up(&why),
    };
    if memory.body(wish) == Some(body) {
        return Some(Taken::Done(body));
    }
    let is_part = exchanged.truncated || !feed.is_complete;
    // One that never comes whole is taken as it is in the end; one without `lastmod` is asked for again anyway.
    if is_part && wish.lastmod.is_some() && memory.tries(wish) + 1 < MAX_TRIES {
        return Some(Taken::Refused);
    }
    keep(fetcher, target, wish, exchanged, outlet).await?;
    taken.captures += 1;
    Some(Taken::Done(body))
}

/// An answer that is no sitemap.
struct NoSitemap {
    why: String,
    /// It is a wall against programs, which may be down at another time.
    passes: bool,
}

/// Reads a sitemap, off the async threads; the first bits of its digest come with it.
async fn read(exchanged: &Exchanged, base: &str, limit: u64) -> Result<(u64, Feed), NoSitemap> {
    let body = exchanged.decoded.clone();
    let content_type = exchanged.answer.header("content-type").map(str::to_owned);
    let base = exchanged.final_uri.clone().unwrap_or_else(|| base.to_owned());
    let reading = tokio::task::spawn_blocking(move || {
        let feed =
            depeche_feed::read(&body, content_type.as_deref(), &base, limit).map_err(|why| NoSitemap {
                why: why.to_string(),
                passes: matches!(why.found, Found::Wall(_)),
            })?;
        Ok((first_of(depeche_feed::steady_digest(&body)), feed))
    });
    reading.await.unwrap_or_else(|error| {
        Err(NoSitemap {
            why: format!("reading it failed: {error}"),
            passes: false,
        })
    })
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
        timezone: target.timezone.clone(),
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
        let known: HashMap<u64, &Dated> = self.dated.iter().map(|dated| (dated.key, dated)).collect();
        let (mut dated, mut undated) = (Vec::new(), Vec::new());
        for child in children {
            let Ok(url) = Url::parse(&child.loc) else {
                continue;
            };
            if registrable(&url) != site || url == base {
                continue;
            }
            let key = first_bits(child.loc.as_bytes());
            let lastmod = child.lastmod.map(Timestamp::as_second);
            let is_wished = match lastmod {
                Some(lastmod) => known
                    .get(&key)
                    .map_or(lastmod > floor, |known| lastmod > known.lastmod),
                None => names_news(&url),
            };
            let wishes = if lastmod.is_some() {
                &mut dated
            } else {
                &mut undated
            };
            if is_wished {
                wishes.push(Wish { url, key, lastmod });
            }
        }
        // Behind the one that was asked for last.
        let last = undated
            .iter()
            .position(|wish| Some(wish.key) == self.last_undated);
        undated.rotate_left(last.map_or(0, |last| last + 1));
        undated.truncate(MAX_UNDATED);
        // Where all claim to have changed, those that were asked for the longest ago first, and news first.
        dated.sort_by_cached_key(|wish| {
            let known = known.get(&wish.key);
            let turn = known.map_or(0, |known| known.turn);
            let cried_wolf = known.filter(|known| known.cries_wolf).map(|known| known.turn);
            (cried_wolf, Reverse(wish.lastmod), turn, !names_news(&wish.url))
        });
        let places: HashMap<u64, usize> = (0..)
            .zip(&self.failing)
            .map(|(at, failing)| (failing.key, at))
            .collect();
        let (mut failing, mut fresh): (Vec<Wish>, Vec<Wish>) =
            dated.into_iter().partition(|wish| places.contains_key(&wish.key));
        failing.sort_by_key(|wish| places.get(&wish.key));
        let before = fresh
            .len()
            .min(MAX_CHILDREN.saturating_sub(undated.len() + MAX_RETRIED.min(failing.len())));
        fresh.splice(before..before, failing);
        // They are few, and must not be crowded out by an archive that is written anew.
        undated.append(&mut fresh);
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

    /// The first bits of the digest of a sitemap's body as it was last taken.
    fn body(&self, wish: &Wish) -> Option<u64> {
        if wish.lastmod.is_some() {
            let known = self.dated.iter().find(|dated| dated.key == wish.key);
            known.map(|dated| dated.body)
        } else {
            let known = self.undated.iter().find(|(key, _)| *key == wish.key);
            known.map(|(_, body)| *body)
        }
    }

    /// How often a sitemap was refused at its `lastmod`.
    fn tries(&self, wish: &Wish) -> u8 {
        let known = self.failing.iter().find(|failing| failing.key == wish.key);
        known
            .filter(|failing| Some(failing.lastmod) == wish.lastmod)
            .map_or(0, |failing| failing.tries)
    }

    /// Remembers a sitemap that needs no asking before it changes.
    fn done(&mut self, wish: &Wish, body: u64) {
        let before = self.body(wish);
        self.failing.retain(|failing| failing.key != wish.key);
        if let Some(lastmod) = wish.lastmod {
            self.dated.retain(|dated| dated.key != wish.key);
            self.dated.push(Dated {
                key: wish.key,
                lastmod,
                body,
                turn: self.turn,
                cries_wolf: before == Some(body),
            });
        } else {
            self.undated.retain(|(key, _)| *key != wish.key);
            self.undated.push((wish.key, body));
            self.last_undated = Some(wish.key);
        }
    }

    /// Remembers a sitemap that is to be asked for again, and `tries` of it.
    fn failed(&mut self, wish: &Wish, tries: u8) {
        let Some(lastmod) = wish.lastmod else {
            // Its turn comes again as it is.
            self.last_undated = Some(wish.key);
            return;
        };
        let tries = self.tries(wish) + tries;
        self.failing.retain(|failing| failing.key != wish.key);
        self.failing.push(Failing {
            key: wish.key,
            lastmod,
            tries,
        });
    }

    /// Sets the floor, and forgets what the index no longer names.
    fn tidy(&mut self, index: &Index, now: Timestamp) {
        self.floor = Some(self.floor_at(&index.children, now));
        if index.is_whole {
            let keys = index
                .children
                .iter()
                .map(|child| first_bits(child.loc.as_bytes()));
            let named: HashSet<u64> = keys.collect();
            self.dated.retain(|dated| named.contains(&dated.key));
            self.undated.retain(|(key, _)| named.contains(key));
            self.failing.retain(|failing| named.contains(&failing.key));
        }
    }

    /// Forgets the oldest of what is too much.
    fn limit(&mut self) {
        self.dated
            .sort_by_key(|dated| (Reverse(dated.lastmod), dated.key));
        if let Some(dropped) = self.dated.get(MAX_KNOWN) {
            self.floor = self.floor.max(Some(dropped.lastmod));
            self.dated.truncate(MAX_KNOWN);
        }
        let too_many = |length: usize| length.saturating_sub(MAX_KNOWN);
        self.undated.drain(..too_many(self.undated.len()));
        self.failing.drain(..too_many(self.failing.len()));
    }
}

fn first_bits(bytes: &[u8]) -> u64 {
    first_of(Digest::of([bytes]))
}

fn first_of(Digest(digest): Digest) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests;
