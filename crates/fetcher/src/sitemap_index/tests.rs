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
