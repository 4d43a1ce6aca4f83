//! One feed's subscription at a hub: a pure machine of states and events. No clock, no network, no randomness.
//!
//! ```text
//!            due                verified                 due at ⅔ of the lease
//!  wanted ─────────► requested ──────────► active ─────────────────────────────► renewing
//!    ▲  ▲   failed,      │                   ▲ │                verified           │ │
//!    │  └── not verified ┘                   │ └───────────────────◄───────────────┘ │
//!    │                                       │         lease over before it was      │
//!    ├───────────────────────────────────────┼───────────────────────────────────────┘
//!    │ time over                             │
//!  denied (the hub says no)   dropped (it missed what it should have delivered)     leaving (the feed was removed)
//! ```
//!
//! A hub is trusted to replace polling only once it has delivered (`proved`): one that takes subscriptions and then
//! says nothing costs nothing, since the feed goes on being polled as if there were no hub.
//!
//! Source: WebSub (W3C Recommendation, 23 January 2018) §5; PubSubHubbub 0.4 §6 says the same in other words.

use std::fmt;
use std::time::Duration;

use depeche_model::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::schedule::{after, until};

/// How long a hub may take to verify a request before it counts as failed. Hubs in use verify within seconds.
const VERIFIED_WITHIN: Duration = Duration::from_mins(15);

/// How long after a request its verification is believed. A hub that failed to reach us tries again, and none that was
/// seen does so for longer than this.
const ASKED_LATELY: Duration = Duration::from_hours(1);

/// The least lease that is believed: renewing more often than every few minutes would be polling the hub.
const LEAST_LEASE: Duration = Duration::from_mins(5);

/// The longest lease that is believed, and the one taken from a hub that names none: hubs in use give 5 to 15 days, and
/// one that forgot us is to be asked again within the month.
const LONGEST_LEASE: Duration = Duration::from_hours(30 * 24);

/// The lease taken from a hub that names none (PubSubHubbub hubs of the first hour); what their documentation says.
const UNNAMED_LEASE: Duration = Duration::from_hours(5 * 24);

/// The lease that is asked for: ten days, as much as large hubs give.
pub(crate) const WANTED_LEASE: Duration = Duration::from_hours(10 * 24);

/// The first wait after a failed request; doubled with each further one.
const FIRST_BACKOFF: Duration = Duration::from_mins(10);

/// The longest wait between two requests.
const LONGEST_BACKOFF: Duration = Duration::from_hours(24);

/// How long a hub that denied is left alone.
const DENIED_FOR: Duration = Duration::from_hours(7 * 24);

/// How long a hub that missed deliveries is left alone.
const DROPPED_FOR: Duration = Duration::from_hours(7 * 24);

/// Polls in a row that must find something missed before the hub is dropped: one may be an outage of our own.
const MISSES_ALLOWED: u32 = 3;

/// How long a hub may take to deliver an item. Hubs in use take seconds to a few minutes, those that fetch the feed by
/// themselves the longest.
const DELIVERED_WITHIN: Duration = Duration::from_mins(15);

/// How often a feed with a proved hub is polled all the same: four requests a day instead of some hundred are what the hub
/// is for. The schedule makes it shorter where the feed would run over by then.
const CHECK_INTERVAL: Duration = Duration::from_hours(6);

/// Characters kept of what a hub says: it is a stranger's text, kept for people to read.
const MAX_WHY: usize = 200;

/// How long a removed feed is remembered for its hub to verify the end of the subscription.
const LEAVING_FOR: Duration = ASKED_LATELY;

/// What is asked of a hub, or says that it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Intent {
    /// `hub.mode=subscribe`
    Subscribe,
    /// `hub.mode=unsubscribe`
    Unsubscribe,
}

impl Intent {
    /// As `hub.mode` writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

/// How a feed stands with its hub. Small, and kept with what the fetcher remembers of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubState {
    /// The hub's address.
    hub: String,
    /// The name that the hub has for the feed.
    topic: String,
    /// A digest of the callback that the hub was told. A subscription under another is none.
    callback: Digest,
    stage: Stage,
    /// When the hub was last asked to subscribe.
    asked: Option<Timestamp>,
    /// Requests that failed since the last one that was verified.
    tries: u32,
    /// Whether the hub has delivered under this subscription.
    proved: bool,
    /// Polls in a row that found something missed.
    misses: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// To be asked then; why the request before failed.
    Wanted { at: Timestamp, why: Option<String> },
    /// Asked; not verified yet.
    Requested { at: Timestamp },
    /// Verified.
    Active {
        since: Timestamp,
        renew_at: Timestamp,
        lease_until: Timestamp,
    },
    /// Verified, and asked again.
    Renewing {
        since: Timestamp,
        again_at: Timestamp,
        lease_until: Timestamp,
    },
    /// The hub said no.
    Denied { until: Timestamp, why: String },
    /// The hub missed what it should have delivered.
    Dropped { until: Timestamp, why: String },
    /// The feed was removed.
    Leaving { asked: Timestamp },
}

/// What happens to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// The time of [`HubState::due`] has come.
    Due,
    /// A request failed, and why.
    Failed(&'a str),
    /// The hub asks whether a request was meant.
    Verify {
        /// What was requested.
        intent: Intent,
        /// Of which topic.
        topic: &'a str,
        /// For how long.
        lease: Option<Duration>,
    },
    /// The hub says no, and why.
    Denied {
        /// To which topic.
        topic: &'a str,
        /// In its words.
        why: &'a str,
    },
    /// The hub delivered, under a right signature.
    Delivered,
    /// The feed is polled no longer.
    Removed,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing, or: what the hub asks about was not meant.
    Nothing,
    /// Send the hub this request.
    Ask(Intent),
    /// Tell the hub that it was meant.
    Confirm,
    /// Forget the subscription.
    Forget,
}

/// What a poll found that the hub should have delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PollFound {
    /// New items that the hub should have delivered and did not; see [`HubState::should_have_come`].
    pub missed: u32,
    /// Items that were new since the last poll and that the hub had delivered.
    pub delivered: u32,
}

impl HubState {
    /// A subscription that is wanted from now on, to be delivered to `callback`.
    #[must_use]
    pub fn new(hub: String, topic: String, callback: &str, now: Timestamp) -> Self {
        Self {
            hub,
            topic,
            callback: Digest::of([callback.as_bytes()]),
            stage: Stage::Wanted { at: now, why: None },
            asked: None,
            tries: 0,
            proved: false,
            misses: 0,
        }
    }

    /// The hub's address.
    #[must_use]
    pub fn hub(&self) -> &str {
        &self.hub
    }

    /// The name that the hub has for the feed.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Whether this is the callback that the hub was told.
    #[must_use]
    pub fn is_delivered_to(&self, callback: &str) -> bool {
        self.callback == Digest::of([callback.as_bytes()])
    }

    /// When [`Event::Due`] is due.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        match &self.stage {
            Stage::Wanted { at, .. } => *at,
            Stage::Requested { at } => after(*at, VERIFIED_WITHIN),
            Stage::Active { renew_at, .. } => *renew_at,
            Stage::Renewing { again_at, .. } => *again_at,
            Stage::Denied { until, .. } | Stage::Dropped { until, .. } => *until,
            Stage::Leaving { asked } => after(*asked, LEAVING_FOR),
        }
    }

    /// Whether the hub is bound to deliver.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.active_since(now).is_some()
    }

    /// Whether deliveries are taken: a right signature speaks for itself, whatever the lease says, until the feed is
    /// removed.
    #[must_use]
    pub fn takes_deliveries(&self) -> bool {
        !matches!(self.stage, Stage::Leaving { .. })
    }

    /// How long the feed need not be polled but as a check on its hub; `None` while polling is all there is, as it is from
    /// the first miss until a poll finds that the hub delivers again. Never beyond the lease.
    #[must_use]
    pub fn check_interval(&self, now: Timestamp) -> Option<Duration> {
        match &self.stage {
            Stage::Active { lease_until, .. } | Stage::Renewing { lease_until, .. }
                if self.proved && self.misses == 0 && *lease_until > now =>
            {
                Some(until(*lease_until, now).min(CHECK_INTERVAL))
            }
            _ => None,
        }
    }

    /// Whether an item that a poll finds `now`, and that came by no delivery, should have come by one. `published` is
    /// what the item says; one that says nothing is as old as the poll before allows. Of deliveries before
    /// `watched_since` nothing is known.
    #[must_use]
    pub fn should_have_come(
        &self,
        published: Option<Timestamp>,
        polled_before: Option<Timestamp>,
        watched_since: Timestamp,
        now: Timestamp,
    ) -> bool {
        let Some(since) = self.active_since(now) else {
            return false;
        };
        let Some(at) = published.or(polled_before) else {
            return false;
        };
        at > since.max(watched_since) && after(at, DELIVERED_WITHIN) <= now
    }

    /// Takes note of what a poll found; whether the hub is dropped for it. A poll that found nothing new says nothing.
    pub fn observe_poll(&mut self, found: PollFound, now: Timestamp) -> bool {
        if !self.is_active(now) {
            return false;
        }
        if found.missed == 0 {
            if found.delivered > 0 {
                self.misses = 0;
            }
            return false;
        }
        self.misses += 1;
        if self.misses < MISSES_ALLOWED {
            return false;
        }
        let why = format!("{} polls in a row found what it had not delivered", self.misses);
        self.rest(Stage::Dropped {
            until: after(now, DROPPED_FOR),
            why,
        });
        true
    }

    /// Takes an event.
    pub fn on(&mut self, event: Event<'_>, now: Timestamp) -> Action {
        match event {
            Event::Due if self.due() > now => Action::Nothing,
            Event::Due => self.act(now),
            Event::Failed(why) => {
                self.failed(why, now);
                Action::Nothing
            }
            Event::Verify { topic, .. } | Event::Denied { topic, .. } if topic != self.topic => {
                Action::Nothing
            }
            Event::Verify {
                intent: Intent::Subscribe,
                lease,
                ..
            } => self.verified(lease, now),
            Event::Verify {
                intent: Intent::Unsubscribe,
                ..
            } => match self.stage {
                // Not forgotten yet: a hub that did not hear us asks again.
                Stage::Leaving { .. } => Action::Confirm,
                _ => Action::Nothing,
            },
            Event::Denied { .. } if matches!(self.stage, Stage::Leaving { .. }) => Action::Forget,
            Event::Denied { why, .. } => {
                self.rest(Stage::Denied {
                    until: after(now, DENIED_FOR),
                    why: one_line(why),
                });
                Action::Nothing
            }
            Event::Delivered => {
                self.proved |= self.is_active(now);
                Action::Nothing
            }
            Event::Removed => self.leave(now),
        }
    }

    /// What is due is done.
    fn act(&mut self, now: Timestamp) -> Action {
        match self.stage {
            Stage::Wanted { .. } | Stage::Denied { .. } | Stage::Dropped { .. } => {
                self.stage = Stage::Requested { at: now };
                self.asked = Some(now);
                Action::Ask(Intent::Subscribe)
            }
            Stage::Requested { .. } => {
                self.failed("the hub did not verify the request", now);
                Action::Nothing
            }
            Stage::Active { lease_until, .. } | Stage::Renewing { lease_until, .. } if lease_until <= now => {
                // The hub owes nothing any more, and what it was trusted for is to be shown anew.
                self.proved = false;
                self.misses = 0;
                self.stage = Stage::Requested { at: now };
                self.asked = Some(now);
                Action::Ask(Intent::Subscribe)
            }
            Stage::Active {
                since, lease_until, ..
            }
            | Stage::Renewing {
                since, lease_until, ..
            } => {
                self.stage = Stage::Renewing {
                    since,
                    again_at: self.retry_at(now).min(lease_until),
                    lease_until,
                };
                self.tries = self.tries.saturating_add(1);
                self.asked = Some(now);
                Action::Ask(Intent::Subscribe)
            }
            Stage::Leaving { .. } => Action::Forget,
        }
    }

    fn failed(&mut self, why: &str, now: Timestamp) {
        // A renewal that failed is asked for again at the time that was set when it was sent.
        if matches!(self.stage, Stage::Requested { .. }) {
            self.stage = Stage::Wanted {
                at: self.retry_at(now),
                why: Some(one_line(why)),
            };
            self.tries = self.tries.saturating_add(1);
        }
    }

    fn verified(&mut self, lease: Option<Duration>, now: Timestamp) -> Action {
        let lately = self.asked.is_some_and(|asked| now <= after(asked, ASKED_LATELY));
        let since = match self.stage {
            Stage::Wanted { .. } | Stage::Requested { .. } if lately => now,
            // Hubs may make sure now and then (WebSub §5); it was asked for and is meant still.
            Stage::Active { since, .. } | Stage::Renewing { since, .. } => since,
            _ => return Action::Nothing,
        };
        let lease = lease.unwrap_or(UNNAMED_LEASE).clamp(LEAST_LEASE, LONGEST_LEASE);
        self.tries = 0;
        self.stage = Stage::Active {
            since,
            // Two thirds: a third is left for the hub to be down in.
            renew_at: after(now, lease.mul_f64(2.0 / 3.0)),
            lease_until: after(now, lease),
        };
        Action::Confirm
    }

    /// The subscription rests.
    fn rest(&mut self, stage: Stage) {
        self.stage = stage;
        self.asked = None;
        self.tries = 0;
        self.proved = false;
        self.misses = 0;
    }

    /// The hub took a request. One to end the subscription may have waited in line for long; the hub has its time to
    /// verify from now on, and the feed is forgotten after it.
    pub(super) fn taken(&mut self, now: Timestamp) {
        if let Stage::Leaving { asked } = &mut self.stage {
            *asked = now;
        }
    }

    fn leave(&mut self, now: Timestamp) -> Action {
        match self.stage {
            // The hub knows, or may know, of a subscription.
            Stage::Requested { .. } | Stage::Active { .. } | Stage::Renewing { .. } => {
                self.rest(Stage::Leaving { asked: now });
                Action::Ask(Intent::Unsubscribe)
            }
            Stage::Leaving { .. } => Action::Nothing,
            Stage::Wanted { .. } | Stage::Denied { .. } | Stage::Dropped { .. } => Action::Forget,
        }
    }

    /// When to ask again after one more failure.
    fn retry_at(&self, now: Timestamp) -> Timestamp {
        let wait = FIRST_BACKOFF.saturating_mul(1 << self.tries.min(16));
        after(now, wait.min(LONGEST_BACKOFF))
    }

    fn active_since(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.stage {
            Stage::Active {
                since, lease_until, ..
            }
            | Stage::Renewing {
                since, lease_until, ..
            } if *lease_until > now => Some(*since),
            _ => None,
        }
    }
}

/// How a feed stands with its hub, for people.
impl fmt::Display for HubState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.hub)?;
        match &self.stage {
            Stage::Wanted { at, why: None } => write!(f, "to be asked at {at}"),
            Stage::Wanted { at, why: Some(why) } => {
                write!(f, "request {} failed ({why}); asked again at {at}", self.tries)
            }
            Stage::Requested { at } => write!(f, "asked at {at}, not verified yet"),
            Stage::Active { lease_until, .. } if self.proved && self.misses > 0 => {
                write!(
                    f,
                    "subscribed until {lease_until}; has not delivered what {} polls in a row found, so polled as without \
                     it",
                    self.misses
                )
            }
            Stage::Active { lease_until, .. } if self.proved => {
                write!(f, "delivers until {lease_until}; polled as a check only")
            }
            Stage::Active { lease_until, .. } => {
                write!(
                    f,
                    "subscribed until {lease_until}; has not delivered yet, so polled as without it"
                )
            }
            Stage::Renewing {
                lease_until,
                again_at,
                ..
            } => write!(
                f,
                "subscribed until {lease_until}, being renewed; asked again at {again_at}"
            ),
            Stage::Denied { until, why } => {
                write!(f, "denied the subscription ({why}); asked again at {until}")
            }
            Stage::Dropped { until, why } => write!(f, "dropped, since {why}; asked again at {until}"),
            Stage::Leaving { asked } => write!(f, "left at {asked}"),
        }
    }
}

/// A stranger's text as one short line.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_WHY)
        .collect()
}

#[cfg(test)]
#[path = "subscription_tests.rs"]
mod tests;
