//! Every feed's subscription, with the callbacks under which their hubs know them.
//!
//! What happens to a subscription comes in by methods, each of which decides at once and waits for nothing; what is to
//! be sent to a hub waits in line until [`super::keep_subscribed`] sends it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use depeche_model::{Clock, Digest, HttpAnswer};
use jiff::Timestamp;
use tokio::sync::Notify;
use url::Url;

use super::counts::{Counters, HubCounts, count};
use super::lines::Lines;
use super::links::HubLinks;
use super::request::{HubRequest, RequestError};
use super::signature::Keys;
use super::subscription::{Action, Event, HubState, Intent, PollFound};
use super::verification::Asked;
use crate::options::FeedTarget;
use crate::schedule::after;

/// Delivered items remembered of a feed: a poll shows fewer (feeds of the press hold 10 to 50), and this is 2 KiB.
const ITEMS_REMEMBERED: usize = 256;

/// How long a feed is held to the hub and topic it named. Some publishers' servers disagree among each other, and each change
/// is a request.
const HUB_KEPT_FOR: Duration = Duration::from_hours(24);

/// Deliveries read of one feed a minute. The busiest feeds of agencies bring one or two items a minute, so a hub that
/// sends more has gone wrong, and each would be a record of the journal.
const MOST_A_MINUTE: u32 = 30;

/// Whether a delivery is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is.
    Welcome,
    /// Its feed had too many within this minute.
    TooMany,
    /// The callback is nobody's.
    Unknown,
}

/// An item that a poll shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundItem {
    /// [`depeche_feed::Item::fingerprint`]
    pub fingerprint: u64,
    /// When it says it was published.
    pub published: Option<Timestamp>,
}

/// What a feed's answer says of hubs.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The answer, for its `Link` fields.
    pub answer: &'a HttpAnswer,
    /// The address that answered: links are relative to it.
    pub base: &'a str,
    /// The hubs that the document names.
    pub hubs: &'a [String],
    /// The address that the document gives for itself.
    pub topic: Option<&'a str>,
    /// Whether the document was there to its end. One that broke off may have named a hub.
    pub is_whole: bool,
}

/// Every feed's subscription.
pub struct Subscriptions {
    keys: Keys,
    /// Without a slash at its end.
    callback: String,
    pub(super) clock: Arc<dyn Clock>,
    book: Mutex<Book>,
    is_restored: AtomicBool,
    /// Told when something may be due earlier than before.
    pub(super) changed: Notify,
    pub(super) counters: Counters,
}

#[derive(Default)]
struct Book {
    feeds: HashMap<String, Subscription>,
    /// The feed of each callback.
    callbacks: HashMap<String, String>,
    lines: Lines,
}

struct Subscription {
    state: HubState,
    target: FeedTarget,
    token: String,
    /// When it is in its hub's line; `None` while it is being dealt with.
    planned: Option<Timestamp>,
    /// To be sent without waiting for anything to be due.
    owed: Option<Intent>,
    /// The latest delivery that is durable.
    delivered: Option<Digest>,
    /// The items of deliveries, the latest last.
    items: VecDeque<u64>,
    /// Since when `items` tells of every delivery.
    watched_since: Timestamp,
    /// When the feed named this hub and topic first.
    named_at: Timestamp,
    /// A minute, and the deliveries within it.
    pace: (i64, u32),
}

/// Whom a callback belongs to.
pub(super) struct Callback {
    pub(super) target: FeedTarget,
    pub(super) secret: String,
    pub(super) delivered: Option<Digest>,
}

impl std::fmt::Debug for Subscriptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscriptions")
            .field("callback", &self.callback)
            .finish_non_exhaustive()
    }
}

impl Subscriptions {
    /// No subscriptions yet. Hubs are told to deliver below `callback`, an address that they can reach.
    #[must_use]
    pub fn new(keys: Keys, callback: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            keys,
            callback: callback.trim_end_matches('/').to_owned(),
            clock,
            book: Mutex::default(),
            is_restored: AtomicBool::new(false),
            changed: Notify::new(),
            counters: Counters::default(),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up subscriptions where an earlier run left them; from now on it is known which callbacks are somebody's.
    /// Where hubs are told to deliver elsewhere since, or the secret is another, a subscription begins anew. One that is
    /// known here already goes on as it is.
    pub fn restore<'a>(&self, known: impl IntoIterator<Item = (&'a FeedTarget, HubState)>) {
        for (target, state) in known {
            let is_known = self
                .book()
                .feeds
                .get(&target.url)
                .is_some_and(|known| known.state.takes_deliveries());
            if is_known {
                continue;
            }
            let token = self.keys.token(&target.url, state.hub(), state.topic());
            if state.is_delivered_to(&self.address(&token)) {
                self.insert(target, token, state);
            } else {
                self.subscribe(target, state.hub(), state.topic());
            }
        }
        self.is_restored.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Whether earlier subscriptions were taken up: before, a callback that nobody knows may still be somebody's.
    #[must_use]
    pub fn is_restored(&self) -> bool {
        self.is_restored.load(Ordering::Relaxed)
    }

    /// The callback of a token.
    fn address(&self, token: &str) -> String {
        format!("{}/{token}", self.callback)
    }

    fn subscribe(&self, target: &FeedTarget, hub: &str, topic: &str) {
        let token = self.keys.token(&target.url, hub, topic);
        let callback = self.address(&token);
        let state = HubState::new(hub.to_owned(), topic.to_owned(), &callback, self.clock.now());
        self.insert(target, token, state);
    }

    /// Takes note of what a feed's answer says of hubs: header fields first, then the document (WebSub §4). A feed that
    /// names a hub without a topic is known to it by the address that answered, as hubs in use take it.
    pub fn heard(&self, target: &FeedTarget, told: &Told<'_>) {
        let Ok(base) = Url::parse(told.base) else {
            return;
        };
        let fields = told
            .answer
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case("link"))
            .map(|header| header.value.as_slice());
        let links =
            HubLinks::of_fields(fields, &base).or(HubLinks::of_document(told.hubs, told.topic, &base));
        let topic = links.topic.as_deref().unwrap_or(told.base);
        let now = self.clock.now();
        let mut book = self.book();
        let known = book
            .feeds
            .get_mut(&target.url)
            .filter(|known| known.state.takes_deliveries());
        let mut is_settled = false;
        if let Some(known) = known {
            known.target.clone_from(target);
            let is_same = links
                .hub()
                .is_some_and(|hub| known.state.hub() == hub && known.state.topic() == topic);
            is_settled = is_same || now < after(known.named_at, HUB_KEPT_FOR);
        }
        match links.hub() {
            _ if is_settled => {}
            Some(hub) => {
                tracing::info!(feed = target.url, hub, topic, "the feed has a hub: subscribing");
                drop(book);
                self.subscribe(target, hub, topic);
            }
            None if told.is_whole && book.feeds.contains_key(&target.url) => {
                tracing::info!(feed = target.url, "the feed names no hub any more");
                book.forget(&target.url);
            }
            None => {}
        }
        self.changed.notify_one();
    }

    fn insert(&self, target: &FeedTarget, token: String, state: HubState) {
        let now = self.clock.now();
        let mut book = self.book();
        book.forget(&target.url);
        book.callbacks.insert(token.clone(), target.url.clone());
        book.feeds.insert(
            target.url.clone(),
            Subscription {
                state,
                target: target.clone(),
                token,
                planned: None,
                owed: None,
                delivered: None,
                items: VecDeque::new(),
                watched_since: now,
                named_at: now,
                pace: (0, 0),
            },
        );
        book.plan(&target.url);
    }

    /// Ends the subscription of a feed that is polled no longer.
    pub fn remove(&self, feed: &str) {
        self.book().happen(feed, Event::Removed, self.clock.now());
        self.changed.notify_one();
    }

    /// How a feed stands with its hub, to be kept until the next start; `None` for one without a hub.
    #[must_use]
    pub fn state(&self, feed: &str) -> Option<HubState> {
        let book = self.book();
        let known = book.feeds.get(feed)?;
        known.state.takes_deliveries().then(|| known.state.clone())
    }

    /// How often a feed is polled as a check on its hub; `None` while polling is all there is.
    #[must_use]
    pub fn check_interval(&self, feed: &str) -> Option<Duration> {
        self.book()
            .feeds
            .get(feed)?
            .state
            .check_interval(self.clock.now())
    }

    /// Takes note of what a poll found: `new_items` are those that the poll before, at `polled_before`, did not show. A
    /// hub that should have delivered some of them and did not, poll after poll, is dropped.
    pub fn observe_poll(
        &self,
        feed: &str,
        new_items: impl IntoIterator<Item = FoundItem>,
        polled_before: Option<Timestamp>,
    ) {
        let now = self.clock.now();
        let mut book = self.book();
        let Some(known) = book.feeds.get_mut(feed) else {
            return;
        };
        let mut found = PollFound::default();
        for item in new_items {
            if known.items.contains(&item.fingerprint) {
                found.delivered += 1;
            } else if known
                .state
                .should_have_come(item.published, polled_before, known.watched_since, now)
            {
                found.missed += 1;
            }
        }
        if known.state.observe_poll(found, now) {
            count(&self.counters.dropped);
            tracing::warn!(feed, state = %known.state, "the hub is dropped: the feed is polled as before");
        }
        book.plan(feed);
        drop(book);
        self.changed.notify_one();
    }

    /// Whether a hub delivered an item lately: a poll that shows it for the first time is no gap.
    #[must_use]
    pub fn was_delivered(&self, feed: &str, fingerprint: u64) -> bool {
        self.book()
            .feeds
            .get(feed)
            .is_some_and(|known| known.items.contains(&fingerprint))
    }

    /// Answers a hub that asks whether a request was meant: `query` is that of its GET on the callback `token`. Gives
    /// the body of the answer; `None` when it was not meant, or the callback is nobody's.
    #[must_use]
    pub fn verify(&self, token: &str, query: &str) -> Option<String> {
        let asked = Asked::read(query);
        let now = self.clock.now();
        let mut book = self.book();
        let feed = book.callbacks.get(token)?.clone();
        let event = match asked.mode.as_str() {
            "denied" => Event::Denied {
                topic: &asked.topic,
                why: &asked.reason,
            },
            mode => Event::Verify {
                intent: [Intent::Subscribe, Intent::Unsubscribe]
                    .into_iter()
                    .find(|intent| intent.as_str() == mode)?,
                topic: &asked.topic,
                lease: asked.lease,
            },
        };
        let action = book.happen(&feed, event, now);
        let told = book.feeds.get(&feed).map(|known| known.state.to_string());
        drop(book);
        self.changed.notify_one();
        match (event, action) {
            (Event::Denied { .. }, _) => {
                tracing::info!(feed, state = told, "a hub denied");
                Some(String::new())
            }
            (_, Action::Confirm) => {
                tracing::info!(feed, mode = asked.mode, state = told, "a hub verified");
                count(&self.counters.verified);
                Some(asked.challenge)
            }
            _ => {
                tracing::warn!(
                    feed,
                    mode = asked.mode,
                    "a hub asked about what was not requested"
                );
                count(&self.counters.not_meant);
                None
            }
        }
    }

    /// Whom a callback belongs to, where deliveries are taken.
    pub(super) fn callback(&self, token: &str) -> Option<Callback> {
        let book = self.book();
        let known = book.feeds.get(book.callbacks.get(token)?)?;
        known.state.takes_deliveries().then(|| Callback {
            target: known.target.clone(),
            secret: self
                .keys
                .hub_secret(&known.target.url, known.state.hub(), known.state.topic()),
            delivered: known.delivered,
        })
    }

    /// Whether what comes to a callback is worth reading. Counts it as a delivery of its feed.
    #[must_use]
    pub fn admit(&self, token: &str) -> Admission {
        let now = self.clock.now();
        let mut book = self.book();
        let Some(feed) = book.callbacks.get(token).cloned() else {
            return Admission::Unknown;
        };
        let Some(known) = book
            .feeds
            .get_mut(&feed)
            .filter(|known| known.state.takes_deliveries())
        else {
            return Admission::Unknown;
        };
        let minute = now.as_second().div_euclid(60);
        if known.pace.0 != minute {
            known.pace = (minute, 0);
        }
        known.pace.1 = known.pace.1.saturating_add(1);
        if known.pace.1 > MOST_A_MINUTE {
            Admission::TooMany
        } else {
            Admission::Welcome
        }
    }

    /// A delivery is durable.
    pub(super) fn delivered(&self, feed: &str, body: Digest, items: &[u64]) {
        let now = self.clock.now();
        let mut book = self.book();
        book.happen(feed, Event::Delivered, now);
        if let Some(known) = book.feeds.get_mut(feed) {
            known.delivered = Some(body);
            for item in items {
                if known.items.contains(item) {
                    continue;
                }
                if known.items.len() == ITEMS_REMEMBERED {
                    known.items.pop_front();
                }
                known.items.push_back(*item);
            }
        }
    }

    /// The next request to send, or how long there is none.
    pub(super) fn next_request(&self) -> Result<HubRequest, Option<Timestamp>> {
        let now = self.clock.now();
        let mut book = self.book();
        loop {
            let (feed, _) = book.lines.take(now)?;
            let Some(known) = book.feeds.get_mut(&feed) else {
                continue;
            };
            known.planned = None;
            let hub = known.state.hub().to_owned();
            let intent = match known.owed.take() {
                Some(intent) => Some(intent),
                None => match book.happen(&feed, Event::Due, now) {
                    Action::Ask(intent) => Some(intent),
                    _ => None,
                },
            };
            let request = intent.zip(book.feeds.get(&feed)).map(|(intent, known)| {
                let topic = known.state.topic();
                HubRequest {
                    intent,
                    topic: topic.to_owned(),
                    callback: self.address(&known.token),
                    secret: self.keys.hub_secret(&feed, &hub, topic),
                    hub: hub.clone(),
                    feed: feed.clone(),
                }
            });
            match request {
                Some(request) => {
                    count(&self.counters.requests);
                    return Ok(request);
                }
                None => book.lines.asked(&hub, None, now),
            }
        }
    }

    /// A request was sent.
    pub(super) fn sent(&self, request: &HubRequest, result: Result<(), RequestError>) {
        let now = self.clock.now();
        let mut book = self.book();
        book.lines.asked(&request.hub, Some(result.is_err()), now);
        let same = book
            .feeds
            .get_mut(&request.feed)
            .filter(|known| known.state.hub() == request.hub && known.state.topic() == request.topic);
        match (result, same) {
            (Ok(()), Some(known)) => {
                known.state.taken(now);
                // What was owed was out of line while it was sent.
                book.plan(&request.feed);
            }
            (Ok(()), None) => {}
            (Err(error), same) => {
                count(&self.counters.requests_failed);
                tracing::info!(feed = request.feed, hub = request.hub, %error, "the hub took no request");
                if same.is_some() {
                    book.happen(&request.feed, Event::Failed(&error.to_string()), now);
                }
            }
        }
        drop(book);
        self.changed.notify_one();
    }

    /// What subscriptions did since the start.
    #[must_use]
    pub fn counts(&self) -> HubCounts {
        let now = self.clock.now();
        let book = self.book();
        let active = book
            .feeds
            .values()
            .filter(|known| known.state.is_active(now))
            .count();
        let feeds = book.feeds.len();
        drop(book);
        self.counters.read(feeds as u64, active as u64)
    }
}

impl Book {
    /// An event of a feed's subscription; what is to be sent for it waits in line, unless it was due.
    fn happen(&mut self, feed: &str, event: Event<'_>, now: Timestamp) -> Action {
        let Some(known) = self.feeds.get_mut(feed) else {
            return Action::Nothing;
        };
        let action = known.state.on(event, now);
        match action {
            Action::Forget => {
                self.forget(feed);
                return action;
            }
            Action::Ask(intent) if event != Event::Due => known.owed = Some(intent),
            _ => {}
        }
        self.plan(feed);
        action
    }

    /// Puts a feed where it belongs in its hub's line.
    fn plan(&mut self, feed: &str) {
        if let Some(known) = self.feeds.get_mut(feed) {
            let at = match known.owed {
                // Before everything that is merely due.
                Some(_) => Timestamp::UNIX_EPOCH,
                None => known.state.due(),
            };
            let before = known.planned.replace(at);
            self.lines.plan(known.state.hub(), feed, before, Some(at));
        }
    }

    fn forget(&mut self, feed: &str) {
        if let Some(gone) = self.feeds.remove(feed) {
            self.callbacks.remove(&gone.token);
            self.lines.plan(gone.state.hub(), feed, gone.planned, None);
        }
    }
}
