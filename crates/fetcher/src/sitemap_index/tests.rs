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

fn index(children: &[Child]) -> Index {
    Index {
        children: children.to_vec(),
        is_whole: true,
    }
}

fn take(memory: &mut IndexMemory, children: &[Child], most: usize) -> Vec<String> {
    let now = NOW.parse().unwrap();
    let wishes = memory.wishes("https://exemple.fr/sitemap.xml", children, now);
    memory.tidy(&index(children), now);
    memory.turn += 1;
    for wish in wishes.iter().take(most) {
        let body = memory.body(wish).map_or(7, |body| body + 1);
        memory.done(wish, body);
    }
    memory.limit();
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
        timezone: None,
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
    let base = origin.url("/sitemap.xml");
    let first = fetch_children(&fetcher, &target, &base, index(&children), &mut memory, &outlet)
        .await
        .unwrap();
    assert_eq!((first.is_complete, first.captures), (false, 1));
    origin.set("/down.xml", Reply::feed(sitemap.replace("/1<", "/2<")));
    let second = fetch_children(&fetcher, &target, &base, index(&children), &mut memory, &outlet)
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

/// Asks for what an index names, as a poll does.
struct Desk {
    fetcher: Fetcher,
    target: FeedTarget,
    memory: IndexMemory,
}

impl Desk {
    fn new(origin: &Origin) -> Self {
        let options = FetchOptions {
            per_host_interval: Duration::ZERO,
            robots: RobotsPolicy::Never,
            allow_private_addresses: true,
            ..FetchOptions::default()
        };
        Self {
            fetcher: Fetcher::new(options, Arc::new(SystemClock)).unwrap(),
            target: FeedTarget {
                url: origin.url("/sitemap.xml"),
                name: None,
                page: PagePolicy::Auto,
                timezone: None,
                tags: Vec::new(),
            },
            memory: IndexMemory::default(),
        }
    }

    /// The captures, and whether nothing is left over.
    async fn poll(&mut self, children: &[Child]) -> (u32, bool) {
        let (outlet, _kept) = journal();
        let (index, base) = (index(children), self.target.url.clone());
        let taken = fetch_children(
            &self.fetcher,
            &self.target,
            &base,
            index,
            &mut self.memory,
            &outlet,
        );
        let taken = taken.await.unwrap();
        (taken.captures, taken.is_complete)
    }
}

fn sitemap(n: usize) -> String {
    format!("<urlset><url><loc>https://exemple.fr/{n}</loc></url></urlset>")
}

#[tokio::test]
async fn a_refused_sitemap_is_tried_again_and_given_up_in_the_end() {
    for (status, tries) in [(401, 5), (403, 5), (408, 5), (425, 5), (404, 1), (410, 1)] {
        let origin = Origin::start();
        let mut desk = Desk::new(&origin);
        origin.set("/a.xml", Reply::status(status));
        let children = [Child {
            loc: origin.url("/a.xml"),
            lastmod: Some(SystemClock.now()),
        }];
        for _ in 0..8 {
            desk.poll(&children).await;
        }
        assert_eq!(origin.count("/a.xml"), tries, "{status}");
    }
    let origin = Origin::start();
    let mut desk = Desk::new(&origin);
    let children = [Child {
        loc: origin.url("/a.xml"),
        lastmod: Some(SystemClock.now()),
    }];
    origin.set("/a.xml", Reply::status(403));
    assert_eq!(desk.poll(&children).await, (0, false));
    origin.set("/a.xml", Reply::feed(sitemap(1)));
    assert_eq!(desk.poll(&children).await, (1, true));
    assert_eq!(desk.poll(&children).await, (0, true));
}

#[tokio::test]
async fn a_sitemap_that_never_comes_whole_is_taken_in_part_in_the_end() {
    let origin = Origin::start();
    let mut desk = Desk::new(&origin);
    origin.set("/a.xml", Reply::feed(sitemap(1).replace("</urlset>", "")));
    let children = [Child {
        loc: origin.url("/a.xml"),
        lastmod: Some(SystemClock.now()),
    }];
    let mut captures = Vec::new();
    for _ in 0..6 {
        captures.push(desk.poll(&children).await.0);
    }
    assert_eq!(captures, [0, 0, 0, 0, 1, 0]);
}

#[test]
fn sitemaps_that_fail_keep_no_others_away() {
    let children: Vec<Child> = (0..30)
        .map(|n| child(&format!("/{n}.xml"), &format!("2026-02-06T11:{:02}:00Z", 59 - n)))
        .collect();
    let mut memory = IndexMemory::default();
    let mut asked = HashSet::new();
    // The ten latest never come.
    for _ in 0..6 {
        let wishes = memory.wishes("https://exemple.fr/sitemap.xml", &children, NOW.parse().unwrap());
        memory.tidy(&index(&children), NOW.parse().unwrap());
        memory.turn += 1;
        for wish in wishes.iter().take(MAX_CHILDREN) {
            asked.insert(wish.key);
            if wish.lastmod > children[10].lastmod.map(Timestamp::as_second) {
                memory.failed(wish, 0);
            } else {
                memory.done(wish, 7);
            }
        }
    }
    assert_eq!(asked.len(), children.len());
}

#[tokio::test]
async fn undated_sitemaps_of_news_are_asked_for_in_turn() {
    let origin = Origin::start();
    let mut desk = Desk::new(&origin);
    let mut children = Vec::new();
    for n in 0..7 {
        let path = format!("/news-{n}.xml");
        origin.set(&path, Reply::feed(sitemap(n)));
        children.push(Child {
            loc: origin.url(&path),
            lastmod: None,
        });
    }
    let mut captures = 0;
    for _ in 0..7 {
        captures += desk.poll(&children).await.0;
    }
    assert_eq!(captures, 7, "each once");
    for n in 0..7 {
        assert_eq!(origin.count(&format!("/news-{n}.xml")), 3, "{n}");
    }
}

#[tokio::test]
async fn an_index_that_stamps_all_its_sitemaps_with_now_has_each_taken_once() {
    let origin = Origin::start();
    let mut desk = Desk::new(&origin);
    let mut captures = Vec::new();
    for n in 0..13 {
        origin.set(&format!("/{n}.xml"), Reply::feed(sitemap(n)));
    }
    for poll in 0..6 {
        let now = SystemClock
            .now()
            .checked_add(SignedDuration::from_hours(poll))
            .unwrap();
        let children: Vec<Child> = (0..13)
            .map(|n| Child {
                loc: origin.url(&format!("/{n}.xml")),
                lastmod: Some(now),
            })
            .collect();
        captures.push(desk.poll(&children).await.0);
    }
    assert_eq!(captures, [10, 3, 0, 0, 0, 0]);
    for n in 0..13 {
        assert!(origin.count(&format!("/{n}.xml")) >= 3, "{n} is passed over");
    }
    // One of them does change.
    origin.set("/5.xml", Reply::feed(sitemap(99)));
    let mut changed = 0;
    for poll in 6..8 {
        let now = SystemClock
            .now()
            .checked_add(SignedDuration::from_hours(poll))
            .unwrap();
        let children: Vec<Child> = (0..13)
            .map(|n| Child {
                loc: origin.url(&format!("/{n}.xml")),
                lastmod: Some(now),
            })
            .collect();
        changed += desk.poll(&children).await.0;
    }
    assert_eq!(changed, 1);
}
