use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use depeche_model::{Clock as _, PagePolicy, SystemClock};
use depeche_testkit::{Origin, Reply};

use super::*;
use crate::memory::Silence;
use crate::options::FetchOptions;
use crate::politeness::Said;

fn validators(etag: &str, last_modified: &str) -> Validators {
    let value = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
    Validators {
        etag: value(etag),
        last_modified: value(last_modified),
    }
}

#[test]
fn a_304_changes_validators_only_when_it_speaks_of_the_same_answer() {
    for (sent, came, kept) in [
        (("\"a\"", "Mon"), ("", ""), ("\"a\"", "Mon")),
        (("\"a\"", "Mon"), ("W/\"a\"", "Tue"), ("W/\"a\"", "Tue")),
        (("\"a\"", "Mon"), ("\"b\"", "Tue"), ("\"a\"", "Mon")),
        (("", "Mon"), ("\"b\"", "Tue"), ("", "Mon")),
        (("", "Mon"), ("", "Tue"), ("", "Tue")),
    ] {
        let headers = [("ETag", came.0), ("Last-Modified", came.1)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| depeche_model::Header {
                name: name.to_owned(),
                value: value.as_bytes().to_vec(),
            })
            .collect();
        let answer = HttpAnswer {
            status: 304,
            headers,
            body: Bytes::new(),
        };
        assert_eq!(
            confirmed(&validators(sent.0, sent.1), &answer),
            validators(kept.0, kept.1),
            "{sent:?} {came:?}"
        );
    }
}

fn fetcher() -> Fetcher {
    let options = FetchOptions {
        per_host_interval: Duration::ZERO,
        robots: RobotsPolicy::Never,
        allow_private_addresses: true,
        ..FetchOptions::default()
    };
    Fetcher::new(options, Arc::new(SystemClock)).unwrap()
}

fn target(url: String) -> FeedTarget {
    FeedTarget {
        url,
        name: None,
        page: PagePolicy::Auto,
        timezone: None,
        tags: Vec::new(),
    }
}

#[tokio::test]
async fn a_doubt_is_settled_by_an_answer_and_not_by_a_poll_that_was_put_off() {
    let origin = Origin::start();
    origin.set("/f", Reply::feed("<rss/>"));
    let (fetcher, target) = (fetcher(), target(origin.url("/f")));
    let now = SystemClock.now();
    let silent = FeedMemory {
        silence: Silence {
            since: Some(now.as_second() - 10 * 86_400),
            expected: 100.0,
            probed: None,
        },
        ..FeedMemory::default()
    };
    let (outlet, mut inlet) = mpsc::channel::<Intake>(1);
    tokio::spawn(async move {
        while let Some(intake) = inlet.recv().await {
            let position = depeche_model::Position {
                ordinal: 1,
                segment: 1,
                offset: 0,
                length: 0,
            };
            intake.receipt.unwrap().send(position).unwrap();
        }
    });
    let sent = validators("\"a\"", "");
    let answered = poll_feed(&fetcher, &target, &sent, silent.clone(), &outlet).await;
    assert!(answered.unwrap().memory.silence.probed.is_some());
    let url = target.url.parse().unwrap();
    let until = schedule::after(now, Duration::from_hours(1));
    fetcher.hosts.keep_quiet(&url, until, Said::ByAnswer, now);
    let put_off = poll_feed(&fetcher, &target, &sent, silent, &outlet)
        .await
        .unwrap();
    assert!(matches!(put_off.outcome, PollOutcome::PutOff { .. }));
    assert_eq!(put_off.memory.silence.probed, None);
}

/// Bytes that tell whether they are in memory.
struct Watched(Arc<AtomicBool>);

impl AsRef<[u8]> for Watched {
    fn as_ref(&self) -> &[u8] {
        b"<sitemapindex/>"
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn an_index_is_not_kept_decoded_while_its_sitemaps_are_asked_for() {
    let origin = Origin::start();
    let (is_kept, seen) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
    let (kept, saw) = (Arc::clone(&is_kept), Arc::clone(&seen));
    origin.on("/news.xml", move |_| {
        saw.store(kept.load(Ordering::SeqCst), Ordering::SeqCst);
        Reply::status(404)
    });
    let (fetcher, target) = (fetcher(), target(origin.url("/index.xml")));
    let (outlet, _inlet) = mpsc::channel(1);
    let mut poll = Poll {
        fetcher: &fetcher,
        target: &target,
        outlet: &outlet,
        asked_at: target.url.clone(),
        sent: Validators::default(),
        memory: FeedMemory::default(),
        record: FetchRecord::default(),
    };
    let mut exchanged = Exchanged {
        answer: HttpAnswer {
            status: 200,
            headers: Vec::new(),
            body: Bytes::from_static(b"<sitemapindex/>"),
        },
        decoded: Bytes::from_owner(Watched(Arc::clone(&is_kept))),
        final_uri: None,
        hops: Vec::new(),
        truncated: false,
        overdue: None,
        retry_after: None,
        place: None,
    };
    let children = vec![Child {
        loc: origin.url("/news.xml"),
        lastmod: Some(SystemClock.now()),
    }];
    poll.sitemaps(&mut exchanged, &target.url, children)
        .await
        .unwrap();
    assert_eq!(origin.count("/news.xml"), 1);
    assert!(!seen.load(Ordering::SeqCst), "the decoded index was kept");
}
