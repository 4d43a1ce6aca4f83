//! Which feed is polled next: every feed with its due time, and the ones that are being polled.
//!
//! A plain structure without a clock; all of it costs O(log n) a poll. An idle feed is a slot, an entry in the order of due
//! times, and two or three small allocations: its target, and its memory in the form in which the store keeps it. No task
//! waits for it.
//!
//! A feed that is due while its host is busy waits behind that host's others, so there are no more polls under way at a
//! host than may be, and none of them holds a place that another host's feed could use.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use depeche_model::Validators;
use hashbrown::HashTable;
use jiff::Timestamp;

use crate::counters::Feeds;
use crate::options::{FeedState, FeedTarget};

/// A feed's number; used again when the feed is gone.
pub type Slot = u32;

/// Feeds by when they are due.
#[derive(Debug)]
pub struct Agenda {
    slots: Vec<Option<Feed>>,
    free: Vec<Slot>,
    by_url: HashTable<Slot>,
    hasher: RandomState,
    /// In Unix milliseconds.
    due: BTreeSet<(i64, Slot)>,
    /// Feeds that may be polled as soon as there is room: their host was busy and is not any more.
    ready: VecDeque<Slot>,
    hosts: HashMap<u32, Host>,
    running: usize,
    /// How many polls may run at a lane, where it is not [`Self::per_host`].
    limits: HashMap<u32, usize>,
    per_host: usize,
    most_running: usize,
    /// How many feeds stand how.
    standing: Feeds,
}

#[derive(Debug)]
struct Feed {
    target: Arc<FeedTarget>,
    /// Validators and memory, packed.
    packed: Box<[u8]>,
    at: At,
    host: u32,
    /// It is on the list; one that is not any more is kept while it is being polled.
    listed: bool,
    stands: Stands,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// In the order of due times.
    Due(i64),
    /// Behind its host's others, or ready.
    Waiting,
    /// Being polled, or polled and not wanted again.
    Away,
}

#[derive(Debug, Default)]
struct Host {
    running: usize,
    waiting: VecDeque<Slot>,
}

/// A feed to poll now.
#[derive(Debug)]
pub struct Job {
    /// Its number.
    pub slot: Slot,
    /// The feed.
    pub target: Arc<FeedTarget>,
    /// The validators to send.
    pub validators: Validators,
    /// What is remembered of it, closed.
    pub memory: Vec<u8>,
}

/// What became of a list.
#[derive(Debug, Default)]
pub struct Taken {
    /// Addresses that stand in it more than once.
    pub twice: Vec<String>,
    /// Feeds that were listed before and are not any more.
    pub gone: Vec<Arc<FeedTarget>>,
    /// Feeds that were not listed before.
    pub new: Vec<Slot>,
}

/// How a feed stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stands {
    /// Its last poll went well.
    Ok,
    /// Its last poll failed.
    Failing,
    /// It said that it is gone.
    Gone,
    /// It was not polled yet.
    #[default]
    Never,
}

impl Agenda {
    /// An agenda that lets at most `per_host` polls run at one host and `most_running` in all.
    #[must_use]
    pub fn new(per_host: usize, most_running: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_url: HashTable::new(),
            hasher: RandomState::new(),
            due: BTreeSet::new(),
            ready: VecDeque::new(),
            hosts: HashMap::new(),
            running: 0,
            limits: HashMap::new(),
            per_host: per_host.max(1),
            most_running: most_running.max(1),
            standing: Feeds::default(),
        }
    }

    /// Takes over a list. `lane` gives the number of those who take turns with a feed, and how many polls of theirs may
    /// run at once; `due` gives the due time of a feed that was not listed before; a feed that stays keeps what is
    /// known of it here. Gives back what became of the list.
    pub fn take_list(
        &mut self,
        list: Vec<(FeedTarget, FeedState)>,
        lane: impl Fn(&FeedTarget, &FeedState) -> (u32, usize),
        due: impl Fn(&FeedTarget, &FeedState) -> Timestamp,
    ) -> Taken {
        let mut taken = Taken::default();
        for feed in self.slots.iter_mut().flatten() {
            feed.listed = false;
        }
        for (target, state) in list {
            if let Some(feed) = self.find(&target.url).and_then(|slot| self.feed_mut(slot)) {
                if feed.listed {
                    taken.twice.push(target.url);
                } else {
                    feed.listed = true;
                    if *feed.target != target {
                        feed.target = Arc::new(target);
                    }
                }
                continue;
            }
            let at = due(&target, &state).as_millisecond();
            let lane = lane(&target, &state);
            taken.new.push(self.add(target, &state, lane, at));
        }
        for slot in 0..self.slots.len() as Slot {
            if self.feed(slot).is_some_and(|feed| !feed.listed) {
                if let Some(target) = self.target(slot) {
                    taken.gone.push(Arc::clone(target));
                }
                self.drop_unlisted(slot);
            }
        }
        taken
    }

    fn add(&mut self, target: FeedTarget, state: &FeedState, (lane, limit): (u32, usize), at: i64) -> Slot {
        self.limit(lane, limit);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as Slot
        });
        let hash = self.hasher.hash_one(target.url.as_str());
        let feed = Feed {
            host: lane,
            target: Arc::new(target),
            packed: pack(&state.validators, &state.memory),
            at: At::Due(at),
            listed: true,
            stands: Stands::Never,
        };
        self.slots[slot as usize] = Some(feed);
        self.due.insert((at, slot));
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.by_url.insert_unique(hash, slot, |slot| {
            slots[*slot as usize]
                .as_ref()
                .map_or(0, |feed| hasher.hash_one(feed.target.url.as_str()))
        });
        *count(&mut self.standing, Stands::Never) += 1;
        slot
    }

    fn limit(&mut self, lane: u32, limit: usize) {
        if limit == self.per_host {
            self.limits.remove(&lane);
        } else {
            self.limits.insert(lane, limit.max(1));
        }
    }

    /// Gives a feed another lane from its next poll on: it has moved. Only a feed that is neither being polled nor waiting
    /// for its host can be moved, such as one whose poll has ended just now.
    pub fn move_to(&mut self, slot: Slot, (lane, limit): (u32, usize)) {
        let idle = |feed: &&mut Feed| matches!(feed.at, At::Due(_));
        if let Some(feed) = self.feed_mut(slot).filter(idle) {
            feed.host = lane;
            self.limit(lane, limit);
        }
    }

    /// Takes note of how a feed stands.
    pub fn stand(&mut self, slot: Slot, stands: Stands) {
        if let Some(feed) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) {
            let before = std::mem::replace(&mut feed.stands, stands);
            *count(&mut self.standing, before) -= 1;
            *count(&mut self.standing, stands) += 1;
        }
    }

    /// How many feeds stand how.
    #[must_use]
    pub fn standing(&self) -> Feeds {
        self.standing
    }

    /// Whether a feed is on the list.
    #[must_use]
    pub fn is_listed(&self, slot: Slot) -> bool {
        self.feed(slot).is_some_and(|feed| feed.listed)
    }

    /// Forgets a feed that is not listed any more, unless it is on its way.
    fn drop_unlisted(&mut self, slot: Slot) {
        match self.feed(slot).map(|feed| feed.at) {
            Some(At::Due(at)) => {
                self.due.remove(&(at, slot));
                self.forget(slot);
            }
            // It is dropped where it is met next.
            Some(At::Waiting | At::Away) | None => {}
        }
    }

    fn forget(&mut self, slot: Slot) {
        if let Some(feed) = self.slots[slot as usize].take() {
            let hash = self.hasher.hash_one(feed.target.url.as_str());
            if let Ok(entry) = self.by_url.find_entry(hash, |found| *found == slot) {
                entry.remove();
            }
            *count(&mut self.standing, feed.stands) -= 1;
            self.free.push(slot);
        }
    }

    /// The next feed to poll at `now`, if one is due and there is room.
    pub fn begin(&mut self, now: Timestamp) -> Option<Job> {
        while self.running < self.most_running {
            let slot = if let Some(slot) = self.ready.pop_front() {
                slot
            } else {
                let (at, slot) = self.due.first().copied()?;
                if at > now.as_millisecond() {
                    return None;
                }
                self.due.pop_first();
                slot
            };
            let feed = self.slots.get_mut(slot as usize).and_then(Option::as_mut)?;
            if !feed.listed {
                // It was woken in place of another, whose turn it is now.
                let lane = feed.host;
                self.wake_next(lane);
                self.forget(slot);
                continue;
            }
            let host = self.hosts.entry(feed.host).or_default();
            let limit = self.limits.get(&feed.host).copied().unwrap_or(self.per_host);
            if host.running >= limit {
                feed.at = At::Waiting;
                host.waiting.push_back(slot);
                continue;
            }
            host.running += 1;
            self.running += 1;
            feed.at = At::Away;
            let (validators, memory) = unpack(&feed.packed);
            return Some(Job {
                slot,
                target: Arc::clone(&feed.target),
                validators,
                memory,
            });
        }
        None
    }

    /// Takes note that the poll of a feed has ended. `now_known` is what is known of it now (nothing new when `None`), `due`
    /// when it is due next (never when `None`).
    pub fn end(&mut self, slot: Slot, now_known: Option<(&Validators, &[u8])>, due: Option<Timestamp>) {
        let Some(feed) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        if let Some((validators, memory)) = now_known {
            feed.packed = pack(validators, memory);
        }
        let (number, listed) = (feed.host, feed.listed);
        if let Some(due) = due.filter(|_| listed) {
            feed.at = At::Due(due.as_millisecond());
            self.due.insert((due.as_millisecond(), slot));
        }
        self.running = self.running.saturating_sub(1);
        if let Some(host) = self.hosts.get_mut(&number) {
            host.running = host.running.saturating_sub(1);
        }
        self.wake_next(number);
        if !listed {
            self.forget(slot);
        }
    }

    /// Gives the room of a lane to the next feed that waits for it.
    fn wake_next(&mut self, lane: u32) {
        let Some(host) = self.hosts.get_mut(&lane) else {
            return;
        };
        match host.waiting.pop_front() {
            Some(next) => self.ready.push_back(next),
            None if host.running == 0 => {
                self.hosts.remove(&lane);
            }
            None => {}
        }
    }

    /// When the next feed is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let (at, _) = self.due.first()?;
        Timestamp::from_millisecond(*at).ok()
    }

    /// How many feeds are due before `now`.
    #[must_use]
    pub fn overdue(&self, now: Timestamp) -> usize {
        self.due.range(..(now.as_millisecond(), 0)).count()
    }

    /// Gives every feed that is due before `now` another time.
    pub fn put_off_overdue(&mut self, now: Timestamp, mut to: impl FnMut() -> Timestamp) {
        let later = self.due.split_off(&(now.as_millisecond(), 0));
        for (_, slot) in std::mem::replace(&mut self.due, later) {
            let at = to().as_millisecond();
            if let Some(feed) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) {
                feed.at = At::Due(at);
                self.due.insert((at, slot));
            }
        }
    }

    /// A feed's target.
    #[must_use]
    pub fn target(&self, slot: Slot) -> Option<&Arc<FeedTarget>> {
        self.feed(slot).map(|feed| &feed.target)
    }

    /// What is known of a feed.
    #[must_use]
    pub fn known(&self, slot: Slot) -> Option<(Validators, Vec<u8>)> {
        self.feed(slot).map(|feed| unpack(&feed.packed))
    }

    /// The number of a feed's host.
    #[must_use]
    pub fn host(&self, slot: Slot) -> Option<u32> {
        self.feed(slot).map(|feed| feed.host)
    }

    /// How many hosts the feeds on the list have.
    #[must_use]
    pub fn count_hosts(&self) -> usize {
        let listed = self.slots.iter().flatten().filter(|feed| feed.listed);
        listed.map(|feed| feed.host).collect::<HashSet<_>>().len()
    }

    fn feed(&self, slot: Slot) -> Option<&Feed> {
        self.slots.get(slot as usize)?.as_ref()
    }

    fn feed_mut(&mut self, slot: Slot) -> Option<&mut Feed> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    fn find(&self, url: &str) -> Option<Slot> {
        let hash = self.hasher.hash_one(url);
        self.by_url
            .find(hash, |slot| {
                self.feed(*slot).is_some_and(|feed| feed.target.url == url)
            })
            .copied()
    }
}

fn count(standing: &mut Feeds, stands: Stands) -> &mut u64 {
    match stands {
        Stands::Ok => &mut standing.ok,
        Stands::Failing => &mut standing.failing,
        Stands::Gone => &mut standing.gone,
        Stands::Never => &mut standing.never,
    }
}

/// Two validators and a memory in one allocation.
fn pack(validators: &Validators, memory: &[u8]) -> Box<[u8]> {
    let mut packed = Vec::new();
    for value in [&validators.etag, &validators.last_modified] {
        // A header field is far shorter than 4 GiB; its length + 1 tells it from none.
        let length = value.as_ref().map_or(0, |value| value.len() as u32 + 1);
        packed.extend_from_slice(&length.to_le_bytes());
        packed.extend_from_slice(value.as_deref().unwrap_or_default());
    }
    packed.extend_from_slice(memory);
    packed.into_boxed_slice()
}

fn unpack(packed: &[u8]) -> (Validators, Vec<u8>) {
    let mut rest = packed;
    let mut value = || {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        rest = behind;
        let length = u32::from_le_bytes(*length).checked_sub(1)?;
        let (value, behind) = rest.split_at_checked(length as usize)?;
        rest = behind;
        Some(value.to_vec())
    };
    let etag = value();
    let last_modified = value();
    (Validators { etag, last_modified }, rest.to_vec())
}

#[cfg(test)]
mod tests;
