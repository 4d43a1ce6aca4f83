//! A subscriber, the hub it knows and the publisher behind it, all on loopback, and a clock that is moved by hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use depeche_fetcher::websub::{HubCounts, Keys, Post, Received, Subscriptions, Told, keep_subscribed};
use depeche_fetcher::{FeedTarget, FetchOptions, Fetcher};
use depeche_model::{Capture, Clock, Header, HttpAnswer};
use depeche_testkit::hub::Subscriber;
use depeche_testkit::{Hub, Newsroom, Origin, Reply};
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::desk::{feed, journal, options};

const PATIENCE: Duration = Duration::from_mins(1);
pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 3600;
pub(crate) const LIMIT: u64 = 100_000;

/// A subscriber whose callbacks are served by an origin, and the hub that it knows.
pub(crate) struct Room {
    pub(crate) origin: Origin,
    /// Where callbacks lead: a server of its own, since each answers one thing at a time.
    pub(crate) callbacks: Origin,
    pub(crate) hub: Hub,
    pub(crate) newsroom: Newsroom,
    pub(crate) subscriptions: Arc<Subscriptions>,
    pub(crate) fetcher: Arc<Fetcher>,
    pub(crate) now: Arc<Mutex<Timestamp>>,
    pub(crate) stop: CancellationToken,
    pub(crate) subscribing: JoinHandle<()>,
}

impl Room {
    pub(crate) fn open() -> Self {
        Self::open_with(options())
    }

    pub(crate) fn open_with(options: FetchOptions) -> Self {
        let (origin, callbacks) = (Origin::start(), Origin::start());
        let hub = Hub::open(&origin, "/hub");
        let newsroom = Newsroom::open(&origin, "gazette", 3);
        let now = Arc::new(Mutex::new("2026-02-01T12:00:00Z".parse().unwrap()));
        let clock: Arc<dyn Clock> = {
            let now = Arc::clone(&now);
            Arc::new(move || *now.lock().unwrap())
        };
        let subscriptions = subscriptions(&callbacks, &clock, 7);
        let fetcher = Fetcher::new(options, clock).unwrap();
        let fetcher = Arc::new(fetcher.subscribe_with(Arc::clone(&subscriptions)));
        let stop = CancellationToken::new();
        let subscribing = tokio::spawn(keep_subscribed(
            Arc::clone(&fetcher),
            Arc::clone(&subscriptions),
            stop.clone(),
        ));
        Self {
            origin,
            callbacks,
            hub,
            newsroom,
            subscriptions,
            fetcher,
            now,
            stop,
            subscribing,
        }
    }

    pub(crate) fn target(&self) -> FeedTarget {
        feed(&self.newsroom.feed_url()).0
    }

    pub(crate) fn feed(&self) -> String {
        self.newsroom.feed_url()
    }

    /// A poll's answer that names the hub.
    pub(crate) fn hear(&self) {
        self.hear_of(&format!("<{}>; rel=hub", self.hub.url()));
    }

    pub(crate) fn hear_of(&self, link: &str) {
        let answer = HttpAnswer {
            status: 200,
            headers: vec![Header {
                name: "Link".to_owned(),
                value: link.as_bytes().to_vec(),
            }],
            body: Bytes::new(),
        };
        let told = Told {
            answer: &answer,
            base: &self.feed(),
            hubs: &[],
            topic: None,
            is_whole: true,
        };
        self.subscriptions.heard(&self.target(), &told);
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub(crate) fn wait(&self, seconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now = now.saturating_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    pub(crate) async fn verified(&self, count: usize) {
        let hub = self.hub.clone();
        let came = tokio::task::spawn_blocking(move || hub.wait_for_verifications(count, PATIENCE));
        assert!(came.await.unwrap(), "{:?}", self.hub.verified());
    }

    /// Waits until the counts are so.
    pub(crate) async fn until(&self, done: impl Fn(&HubCounts) -> bool) {
        let begun = std::time::Instant::now();
        while !done(&self.subscriptions.counts()) {
            assert!(begun.elapsed() < PATIENCE, "{:?}", self.subscriptions.counts());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn subscribed(&self) -> Subscriber {
        self.hear();
        self.verified(1).await;
        assert_eq!(self.hub.verified(), [(200, true)]);
        self.hub.subscribers().remove(0)
    }

    pub(crate) fn told(&self) -> String {
        self.subscriptions
            .state(&self.feed())
            .map(|state| state.to_string())
            .unwrap_or_default()
    }

    pub(crate) async fn deliver(&self, body: &str, signature: &str) -> (Received, Vec<Capture>) {
        self.post(Post {
            signatures: vec![signature.as_bytes().to_vec()],
            content_type: Some("application/rss+xml".to_owned()),
            content_encoding: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
        })
        .await
    }

    pub(crate) async fn post(&self, post: Post) -> (Received, Vec<Capture>) {
        let (outlet, kept) = journal();
        let callback = self.hub.subscribers().remove(0).callback;
        let received = self
            .subscriptions
            .receive(token(&callback), post, &outlet, LIMIT)
            .await;
        drop(outlet);
        (received, kept.await.unwrap())
    }

    pub(crate) async fn close(self) {
        self.stop.cancel();
        self.subscribing.await.unwrap();
    }
}

pub(crate) fn subscriptions(callbacks: &Origin, clock: &Arc<dyn Clock>, secret: u8) -> Arc<Subscriptions> {
    let callback = callbacks.url("/websub");
    let subscriptions = Arc::new(Subscriptions::new(
        Keys::new([secret; 32]),
        &callback,
        Arc::clone(clock),
    ));
    let asked = Arc::clone(&subscriptions);
    callbacks.on_prefix("/websub/", move |request| {
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        match asked.verify(token(request.path()), query) {
            Some(challenge) => Reply::ok(challenge),
            None => Reply::status(404),
        }
    });
    subscriptions
}

pub(crate) fn token(callback: &str) -> &str {
    callback.rsplit('/').next().unwrap()
}
