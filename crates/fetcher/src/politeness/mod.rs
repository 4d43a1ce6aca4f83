//! Manners at a host: how many requests at once, how far apart, and when not at all.
//!
//! Requests to one registrable domain take turns together (so those to one host do), first come, first served. A site's
//! pages stand in a line of their own first, where they also sit out its crawl delay, and no more of them than may be
//! asked for at once come to the turns: so a feed waits for one page and not for the whole backlog. A host that the
//! configuration names takes its turns by itself, at its own pace, its sub-domains with it. A turn is waited for without
//! holding a place among the process's requests in flight, so a slow or busy host delays itself alone.
//!
//! A feed that is redirected to another lane is a guest there. It keeps the room that its poll has in its own, so only a
//! few guests wait at a lane; the others are told when to come again.

mod domain;
mod quiet;
mod retry_after;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use depeche_model::Digest;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

use crate::options::HostRule;
use domain::bare;
pub(crate) use domain::{host_key, registrable};
use quiet::Quiet;
pub(crate) use quiet::Said;
pub(crate) use retry_after::{MAX_RETRY_AFTER, retry_after};

/// Lanes remembered before those at rest are forgotten: pages may link anywhere, so the number has no natural end.
/// At some 200 bytes a lane this is under 1 MiB.
const LANES_KEPT: usize = 4096;

/// Guests that wait for a turn at one lane: each keeps a poll's room, of which there are sixteen for each request that
/// may be in flight.
const GUESTS: usize = 4;

/// Guests that find no room come again one after the other, so far apart at least.
const GUEST_STEP: Duration = Duration::from_secs(1);

/// The longest time after which a guest is told to come again.
const LONGEST_GUEST_WAIT: Duration = Duration::from_hours(1);

/// The hosts that were asked lately.
#[derive(Debug)]
pub(crate) struct Hosts {
    per_host: usize,
    spacing: Duration,
    /// By the host's name.
    rules: HashMap<String, HostRule>,
    gates: Mutex<Gates>,
    quiet: Mutex<Quiet>,
}

#[derive(Debug, Default)]
struct Gates {
    lanes: HashMap<String, Arc<Gate>>,
    /// The number of lanes at which those at rest are looked for next.
    sweep_at: usize,
}

/// The turns of one lane: of a registrable domain, or of a host that the configuration names.
#[derive(Debug)]
struct Gate {
    permits: Arc<Semaphore>,
    /// Taken by pages before a permit, and kept with it: as many.
    pages: Arc<Semaphore>,
    guests: Arc<Semaphore>,
    spacing: Duration,
    times: Mutex<Times>,
}

#[derive(Debug, Clone, Copy)]
struct Times {
    /// When the latest request began or begins.
    last: Option<Instant>,
    /// The earliest start of the next one.
    next: Instant,
    /// When the latest request for a page began or begins.
    last_page: Option<Instant>,
    /// The latest start that a page sits out its crawl delay for.
    planned_page: Option<Instant>,
    /// When the latest guest that found no room comes again.
    last_guest: Option<Instant>,
}

/// A turn at a host, given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
    _page: Option<OwnedSemaphorePermit>,
    /// Kept, so that the lane is not at rest while its request runs.
    _gate: Arc<Gate>,
}

/// A guest's leave to wait for a turn, given back when dropped.
#[derive(Debug)]
pub(crate) struct Guest {
    _permit: OwnedSemaphorePermit,
    _gate: Arc<Gate>,
}

/// Who takes turns together, and at what pace.
#[derive(Debug, PartialEq, Eq)]
struct Lane {
    key: String,
    at_once: usize,
    spacing: Duration,
}

impl Hosts {
    pub(crate) fn new(per_host: usize, spacing: Duration, rules: &[HostRule]) -> Self {
        Self {
            per_host,
            spacing,
            rules: rules
                .iter()
                .map(|rule| (bare(&rule.name).to_ascii_lowercase(), rule.clone()))
                .collect(),
            gates: Mutex::default(),
            quiet: Mutex::default(),
        }
    }

    /// The lane of a request. The rule with the longest matching name counts; one that names less than a registrable
    /// domain (a public suffix such as `blogspot.com`) sets the pace of each domain below it.
    fn lane(&self, url: &Url) -> Lane {
        let domain = registrable(url);
        let host = bare(url.host_str().unwrap_or_default());
        let rule = std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, parent)| parent))
            .find_map(|name| self.rules.get_key_value(name));
        match rule {
            Some((name, rule)) => Lane {
                key: if name.len() > domain.len() {
                    name.clone()
                } else {
                    domain
                },
                at_once: rule.concurrency.unwrap_or(self.per_host),
                spacing: rule.interval.unwrap_or(self.spacing),
            },
            None => Lane {
                key: domain,
                at_once: self.per_host,
                spacing: self.spacing,
            },
        }
    }

    /// The lane of an address in 32 bits, and how many requests may be in flight there. Two lanes that share a number
    /// harm neither.
    pub(crate) fn lane_number(&self, url: &str) -> (u32, usize) {
        let Ok(url) = Url::parse(url) else {
            return (0, self.per_host);
        };
        let lane = self.lane(&url);
        let Digest(bytes) = Digest::of([lane.key.as_bytes()]);
        (
            u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
            lane.at_once,
        )
    }

    fn gate(&self, url: &Url) -> Arc<Gate> {
        let lane = self.lane(url);
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.lanes.get(&lane.key) {
            return Arc::clone(gate);
        }
        let now = Instant::now();
        if gates.lanes.len() >= gates.sweep_at.max(LANES_KEPT) {
            // A gate that nobody holds, be it waiting or asking, and whose spacing is over says nothing.
            gates
                .lanes
                .retain(|_, gate| Arc::strong_count(gate) > 1 || gate.times().next > now);
            // Twice what is left, so that sweeping costs a constant for each lane.
            gates.sweep_at = gates.lanes.len() * 2;
        }
        let gate = Arc::new(Gate {
            permits: Arc::new(Semaphore::new(lane.at_once)),
            pages: Arc::new(Semaphore::new(lane.at_once)),
            guests: Arc::new(Semaphore::new(GUESTS)),
            spacing: lane.spacing,
            times: Mutex::new(Times {
                last: None,
                next: now,
                last_page: None,
                planned_page: None,
                last_guest: None,
            }),
        });
        gates.lanes.insert(lane.key, Arc::clone(&gate));
        gate
    }

    fn quiet(&self) -> MutexGuard<'_, Quiet> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when `url` must not be asked, for its own sake, its host's or its domain's, where that is after `now`.
    pub(crate) fn quiet_until(&self, url: &Url, now: Timestamp) -> Option<Timestamp> {
        self.quiet().until(url, now)
    }

    /// Remembers that `url` was told, at `now`, to be quiet.
    pub(crate) fn keep_quiet(&self, url: &Url, until: Timestamp, said: Said, now: Timestamp) {
        self.quiet().note(url, until, said, now);
    }

    /// Whether the wait that a redirect of `url` asked for was served; told once.
    pub(crate) fn redirect_served(&self, url: &Url, now: Timestamp) -> bool {
        self.quiet().redirect_served(url, now)
    }

    /// Waits for a turn at the host of `url`.
    pub(crate) async fn turn(&self, url: &Url) -> Turn {
        self.gate(url).turn(None, None).await
    }

    /// Waits for a page's turn at the host of `url`. With `crawl_delay` it begins at least so long after the page before
    /// it, and after the request that was the latest one when its wait began.
    pub(crate) async fn page_turn(&self, url: &Url, crawl_delay: Option<Duration>) -> Turn {
        let gate = self.gate(url);
        // The semaphore is never closed; were it, going on without a permit is the lesser harm.
        let page = Arc::clone(&gate.pages).acquire_owned().await.ok();
        if let Some(delay) = crawl_delay {
            let start = {
                let mut times = gate.times();
                let before = times.last.max(times.planned_page);
                let start = before.map_or(times.next, |before| before + delay);
                times.planned_page = Some(start);
                start
            };
            tokio::time::sleep_until(start).await;
        }
        gate.turn(page, crawl_delay).await
    }

    /// Leave for a poll that has its room in the lane of `home` to wait for a turn at the host of `url`; nothing is
    /// needed where that is the same lane. Where too many wait already, the error is the time after which to try again.
    pub(crate) fn admit(&self, url: &Url, home: &Url) -> Result<Option<Guest>, Duration> {
        if self.lane(url).key == self.lane(home).key {
            return Ok(None);
        }
        let gate = self.gate(url);
        match Arc::clone(&gate.guests).try_acquire_owned() {
            Ok(permit) => Ok(Some(Guest {
                _permit: permit,
                _gate: gate,
            })),
            Err(_) => Err(gate.next_guest()),
        }
    }
}

impl Gate {
    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn; `page` is the page's leave to, if it is one.
    async fn turn(
        self: Arc<Self>,
        page: Option<OwnedSemaphorePermit>,
        crawl_delay: Option<Duration>,
    ) -> Turn {
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        let start = {
            let mut times = self.times();
            let delayed = times
                .last_page
                .zip(crawl_delay)
                .map_or(times.next, |(last, delay)| last + delay);
            let start = times.next.max(delayed).max(Instant::now());
            times.last = Some(start);
            times.next = start + self.spacing;
            if page.is_some() {
                times.last_page = Some(start);
            }
            start
        };
        tokio::time::sleep_until(start).await;
        Turn {
            _permit: permit,
            _page: page,
            _gate: self,
        }
    }

    /// In how long a guest that finds no room is to come again: behind those that wait and those told so before it.
    fn next_guest(&self) -> Duration {
        let now = Instant::now();
        let step = self.spacing.max(GUEST_STEP);
        let mut times = self.times();
        let last = times.last_guest.unwrap_or(now).max(now + step * GUESTS as u32);
        let next = (last + step).min(now + LONGEST_GUEST_WAIT);
        times.last_guest = Some(next);
        next - now
    }
}
