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
            let may_pass = error.is_passing() || matches!(error, ExchangeError::Quiet { .. });
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
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use depeche_model::{Clock as _, PagePolicy, Position, SystemClock, Validators};
    use depeche_testkit::{Origin, Reply};

    use super::*;
    use crate::options::FetchOptions;

    const NOW: &str = "2026-02-06T12:00:00Z";

    fn child(path: &str, lastmod: &str) -> Child {
        Child {
            loc: format!("https://exemple.fr{path}"),
            lastmod: (!lastmod.is_empty()).then(|| lastmod.parse().unwrap()),
        }
    }

    fn wished(memory: &IndexMemory, children: &[Child]) -> Vec<String> {
        memory
            .wishes(
                "https://www.exemple.fr/sitemap.xml",
                children,
                NOW.parse().unwrap(),
            )
            .iter()
            .map(|wish| wish.url.path().to_owned())
            .collect()
    }

    fn take(memory: &mut IndexMemory, children: &[Child], most: usize) -> Vec<String> {
        let now = NOW.parse().unwrap();
        let wishes = memory.wishes("https://exemple.fr/sitemap.xml", children, now);
        for wish in wishes.iter().take(most) {
            memory.done(wish, 7);
        }
        memory.tidy(children, now);
        wishes.iter().map(|wish| wish.url.path().to_owned()).collect()
    }

    #[test]
    fn the_first_poll_takes_two_days_and_not_the_archive() {
        let children = [
            child("/2019-01.xml", "2019-02-01T00:00:00Z"),
            child("/2026-01.xml", "2026-02-05T09:00:00Z"),
            child("/news.xml", "2026-02-06T11:00:00Z"),
            child("/tags.xml", ""),
            child("/actu.xml.gz", ""),
        ];
        assert_eq!(
            wished(&IndexMemory::default(), &children),
            ["/actu.xml.gz", "/news.xml", "/2026-01.xml"]
        );
        let old = [
            child("/a.xml", "2025-01-01T00:00:00Z"),
            child("/b.xml", "2025-02-01T00:00:00Z"),
        ];
        assert_eq!(
            wished(&IndexMemory::default(), &old),
            ["/b.xml"],
            "the newest in any case"
        );
    }

    #[test]
    fn only_the_site_of_the_index_is_asked() {
        let elsewhere = |loc: &str| Child {
            loc: loc.to_owned(),
            lastmod: Some(NOW.parse().unwrap()),
        };
        let children = [
            elsewhere("https://autre.example/news.xml"),
            elsewhere("https://www.exemple.fr/sitemap.xml"),
            elsewhere("rien"),
            elsewhere("https://plans.exemple.fr/news.xml"),
        ];
        assert_eq!(wished(&IndexMemory::default(), &children), ["/news.xml"]);
    }

    #[test]
    fn what_changed_is_wished_again_and_what_was_left_stays_wished() {
        let mut memory = IndexMemory::default();
        let mut children = vec![
            child("/a.xml", "2026-02-06T08:00:00Z"),
            child("/b.xml", "2026-02-06T09:00:00Z"),
            child("/c.xml", "2026-02-06T10:00:00Z"),
            child("/old.xml", "2020-01-01T00:00:00Z"),
        ];
        assert_eq!(take(&mut memory, &children, 1), ["/c.xml", "/b.xml", "/a.xml"]);
        assert_eq!(take(&mut memory, &children, 1), ["/b.xml", "/a.xml"]);
        children[2].lastmod = Some("2026-02-06T11:00:00Z".parse().unwrap());
        assert_eq!(take(&mut memory, &children, 9), ["/c.xml", "/a.xml"]);
        assert_eq!(wished(&memory, &children), [""; 0]);
        children[3].lastmod = Some("2026-02-06T11:30:00Z".parse().unwrap());
        assert_eq!(wished(&memory, &children), ["/old.xml"]);
    }

    #[test]
    fn memory_stays_small_and_no_sitemap_is_asked_for_twice() {
        let at = |n: i64| Timestamp::from_second(1_770_300_000 + n).unwrap();
        let children: Vec<Child> = (0..400)
            .map(|n| Child {
                loc: format!("https://exemple.fr/{n}.xml"),
                lastmod: Some(at(n)),
            })
            .collect();
        let mut memory = IndexMemory::default();
        let mut asked = Vec::new();
        for _ in 0..60 {
            let wishes = take(&mut memory, &children, MAX_CHILDREN);
            asked.extend(wishes.into_iter().take(MAX_CHILDREN));
        }
        assert!(
            asked.len() > MAX_KNOWN && asked[0] == "/399.xml",
            "{}",
            asked.len()
        );
        assert_eq!(asked.iter().collect::<HashSet<_>>().len(), asked.len());
        assert!(memory.dated.len() <= MAX_KNOWN);
    }

    /// A journal that keeps what comes.
    fn journal() -> (mpsc::Sender<Intake>, tokio::task::JoinHandle<Vec<Capture>>) {
        let (outlet, mut inlet) = mpsc::channel::<Intake>(1);
        let kept = tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Some(intake) = inlet.recv().await {
                kept.push(intake.capture);
                let position = Position {
                    ordinal: 1,
                    segment: 1,
                    offset: 0,
                    length: 0,
                };
                intake.receipt.unwrap().send(position).unwrap();
            }
            kept
        });
        (outlet, kept)
    }

    #[tokio::test]
    async fn changed_sitemaps_become_captures_of_the_feed_without_validators() {
        let origin = Origin::start();
        let options = FetchOptions {
            per_host_interval: Duration::ZERO,
            robots: RobotsPolicy::Never,
            allow_private_addresses: true,
            ..FetchOptions::default()
        };
        let fetcher = Fetcher::new(options, Arc::new(SystemClock)).unwrap();
        let target = FeedTarget {
            url: origin.url("/sitemap.xml"),
            name: None,
            page: PagePolicy::Auto,
            tags: Vec::new(),
        };
        let sitemap = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' \
            xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'><url><loc>https://exemple.fr/1</loc><news:news>\
            <news:title>Le pont rouvre</news:title><news:publication_date>2026-02-06</news:publication_date></news:news></url></urlset>";
        origin.set("/news.xml", Reply::feed(sitemap).header("ETag", "\"1\""));
        origin.set("/down.xml", Reply::status(503));
        origin.set(
            "/page.xml",
            Reply::page("<html><body><p>Introuvable</p></body></html>"),
        );
        let now = SystemClock.now();
        let children: Vec<Child> = ["/news.xml", "/down.xml", "/page.xml", "/gone.xml"]
            .iter()
            .map(|path| Child {
                loc: origin.url(path),
                lastmod: Some(now),
            })
            .collect();
        let mut memory = IndexMemory::default();
        let (outlet, kept) = journal();
        let index = origin.url("/sitemap.xml");
        let first = fetch_children(&fetcher, &target, &index, &children, &mut memory, &outlet)
            .await
            .unwrap();
        assert_eq!((first.is_complete, first.captures), (false, 1));
        origin.set("/down.xml", Reply::feed(sitemap.replace("/1<", "/2<")));
        let second = fetch_children(&fetcher, &target, &index, &children, &mut memory, &outlet)
            .await
            .unwrap();
        assert_eq!((second.is_complete, second.captures), (true, 1));
        for path in ["/news.xml", "/page.xml", "/gone.xml"] {
            assert_eq!(origin.count(path), 1, "{path} did not change");
        }
        drop(outlet);
        let captures = kept.await.unwrap();
        let [news, down] = &captures[..] else {
            panic!("{} captures", captures.len());
        };
        assert_eq!(
            (&news.uri, news.final_uri.as_ref()),
            (&target.url, Some(&origin.url("/news.xml")))
        );
        assert_eq!(down.final_uri, Some(origin.url("/down.xml")));
        let position = Position {
            ordinal: 1,
            segment: 1,
            offset: 0,
            length: 0,
        };
        assert_eq!(news.reference(position).validators, Some(Validators::default()));
    }
}
