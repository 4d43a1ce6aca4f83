//! What is known under which key: articles by guid, address and folded body, and what was rejected.
//!
//! In: records, sightings and rejections in the order of the change log. Out: the article behind a key and its
//! latest state. An article with all its keys is forgotten 90 days after it was last met, counted in the
//! stream's time (the latest capture time of any record so far).
//!
//! There are as many articles as ninety days bring, 1.8 million of 20,000 a day, so what each takes is counted in bytes: a slot
//! (`articles.rs`), its keys (`keys.rs`) and its record (`records.rs`), some 250 together. Articles wait for their end on
//! the day on which they were last met; what has passed its end is not known any more, and is cleared a few at a time.

use std::collections::{BTreeMap, VecDeque};

use depeche_model::{
    ArticleId, Digest, Key, PageOrder, Remembered, Seq, Sighting, StoryId, StreamDay, Verdict,
};
use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::leaders::{Moment, Standing};
use crate::options::KEY_WINDOW;
use crate::registry::articles::{Article, Articles, EarlierBody, Leader, Slot, State};
use crate::registry::keys::{Keys, Kind};
use crate::registry::records::Records;
use crate::size::{Held, table_bytes};

mod articles;
mod kept;
mod keys;
mod marks;
mod records;
#[cfg(test)]
mod tests;

pub(crate) use marks::{Half, PlaceMark};

/// Articles that are cleared at one forgetting, at most: many times as fast as they come.
const CLEARED_AT_ONCE: usize = 16;

/// An article as it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Its latest record.
    pub(crate) latest: Seq,
    /// The number of its latest version.
    pub(crate) revision: u32,
    /// The digest of its latest title and text.
    pub(crate) content: Half,
    /// Its story.
    pub(crate) story: StoryId,
    /// The record it repeats and that record's article, for a duplicate.
    pub(crate) leader: Option<(Seq, ArticleId)>,
    /// Its latest record whose text is posted.
    pub(crate) posted: Option<Seq>,
    /// Whether it has an address.
    pub(crate) has_url: bool,
    first_place: PlaceMark,
    places: &'a [PlaceMark],
    met: Moment,
}

impl Known<'_> {
    /// The day of the stream on which it was last met.
    pub(crate) fn day(&self) -> StreamDay {
        self.met.timestamp().into()
    }

    /// Whether it was seen at this place before.
    pub(crate) fn is_known_at(&self, place: PlaceMark) -> bool {
        self.first_place == place || self.places.contains(&place)
    }

    /// Whether it was seen in this place's feed under any guid.
    pub(crate) fn is_known_in_feed_of(&self, place: PlaceMark) -> bool {
        let is_of_feed = |known: &PlaceMark| known.is_in_feed_of(place);
        place.is_in_feed() && (is_of_feed(&self.first_place) || self.places.iter().any(is_of_feed))
    }
}

/// What a guid or an address leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lead {
    /// The article.
    pub(crate) article: ArticleId,
    /// The digest of the entry that was last met under this key.
    pub(crate) entry_digest: Option<Half>,
}

/// The first record with a certain folded body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body {
    /// The record.
    pub(crate) record: Seq,
    /// Its article.
    pub(crate) article: ArticleId,
    /// Its verdict.
    pub(crate) verdict: Verdict,
    /// The record it repeats and that record's article, for a duplicate.
    pub(crate) leader: Option<(Seq, ArticleId)>,
    met: Moment,
}

#[derive(Debug, Clone, Copy)]
struct Refused {
    digest: Half,
    met: Moment,
}

/// Everything known by key.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    articles: Articles,
    keys: Keys,
    records: Records,
    /// Slots by the day on which their articles were met; of a slot that stands in several the last counts.
    by_day: BTreeMap<i64, Vec<u32>>,
    /// The moment that forgetting last went by.
    now: Moment,
    refused: FxHashMap<Digest, Refused>,
    refused_by_age: VecDeque<(Moment, Digest)>,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            articles: Articles::default(),
            keys: Keys::default(),
            records: Records::default(),
            by_day: BTreeMap::new(),
            now: Moment::FIRST,
            refused: FxHashMap::default(),
            refused_by_age: VecDeque::new(),
        }
    }
}

impl Registry {
    /// How much is held.
    pub(crate) fn held(&self) -> Held {
        let waiting: usize = self.by_day.values().map(Vec::capacity).sum();
        let refused = table_bytes(self.refused.capacity(), size_of::<(Digest, Refused)>())
            + self.refused_by_age.capacity() * size_of::<(Moment, Digest)>();
        Held {
            count: self.articles.known(),
            bytes: self.articles.bytes()
                + self.keys.bytes()
                + self.records.bytes()
                + waiting * size_of::<u32>()
                + refused,
        }
    }

    /// What a guid or an address leads to.
    pub(crate) fn lead(&self, key: &Key) -> Option<Lead> {
        let digest = key.digest();
        let slot = self.keys.get(digest, Kind::Name)?;
        let article = self.known(slot)?;
        let own = self.articles.more(slot).and_then(|more| {
            let half = Half::of(digest).bits();
            more.entries.iter().find(|(key, _)| *key == half)
        });
        Some(Lead {
            article: article.id,
            entry_digest: own.map_or(article.entry, |(_, entry)| *entry),
        })
    }

    /// A known article.
    pub(crate) fn article(&self, article: ArticleId) -> Option<Known<'_>> {
        let slot = self.articles.find(article)?;
        let known = self.known(slot)?;
        Some(Known {
            latest: known.latest,
            revision: known.revision,
            content: known.content,
            story: known.story,
            leader: self.with_id(known.leader()),
            posted: known.posted(),
            has_url: known.has_url,
            first_place: known.place,
            places: self.articles.more(slot).map_or(&[], |more| &more.places),
            met: known.met,
        })
    }

    /// The article that a record belongs to.
    pub(crate) fn article_of(&self, record: Seq) -> Option<ArticleId> {
        let slot = self.records.get(record)?;
        self.known(slot).map(|article| article.id)
    }

    /// The first record with this folded body, unless it was last met too long before `now`.
    pub(crate) fn body(&self, body: Digest, now: Timestamp) -> Option<Body> {
        let slot = self.keys.get(body, Kind::Body)?;
        let article = self.known(slot)?;
        let earlier = self
            .articles
            .more(slot)
            .and_then(|more| more.bodies.iter().find(|earlier| earlier.body == body));
        let found = match earlier {
            Some(earlier) => Body {
                record: earlier.record,
                article: article.id,
                verdict: earlier.verdict,
                leader: self.with_id(earlier.leader),
                met: earlier.met,
            },
            None => Body {
                record: article.latest,
                article: article.id,
                verdict: article.verdict,
                leader: self.with_id(article.leader()),
                met: article.recorded(),
            },
        };
        (!found.met.is_past(now.into(), KEY_WINDOW)).then_some(found)
    }

    /// Whether the entry that a page is wanted for is known, or was refused, as it stands.
    pub(crate) fn answers(&self, order: &PageOrder, guid: &Key) -> bool {
        let digest = order.entry.digest();
        let link = order.entry.link.clone().map(Key::Url);
        [Some(guid), link.as_ref()].into_iter().flatten().any(|key| {
            self.lead(key)
                .is_some_and(|lead| lead.entry_digest.is_some_and(|entry| entry == digest))
                || self.is_refused(key, digest)
        })
    }

    /// Whether the same content was rejected under this key before.
    pub(crate) fn is_refused(&self, key: &Key, digest: Digest) -> bool {
        self.refused
            .get(&key.digest())
            .is_some_and(|refused| refused.digest == digest)
    }

    /// Whether an article was last met so long ago that it should be told again, lest it be forgotten while its
    /// publisher still lists it.
    pub(crate) fn is_fading(known: &Known<'_>, stream: Timestamp) -> bool {
        known.met.is_past(stream.into(), KEY_WINDOW / 2)
    }

    /// Takes in a record; `leader` is what it repeats, `standing` as what its text is posted.
    pub(crate) fn remember(
        &mut self,
        record: &Remembered,
        leader: Option<(Seq, ArticleId)>,
        standing: Option<Standing>,
        stream: Timestamp,
    ) {
        let now = Moment::from(stream);
        let place = PlaceMark::of(&record.source, &record.keys);
        let slot = self.slot_for(record.article, place, now);
        // Held before what it repeated so far is let go: they may be the same.
        let leader = leader.map(|(of, article)| (of, self.articles.find_or_name(article)));
        if let Some((_, leader)) = leader {
            self.articles.hold(leader);
        }
        self.keep_earlier(slot, record.seq);
        let Some(article) = self.articles.get_mut(slot) else {
            return;
        };
        let before = article.leader();
        let posted = standing.map_or(article.posted(), |_| Some(record.seq));
        article.set_latest(record.seq, leader, posted);
        article.revision = record.revision;
        article.content = Half::of(record.content);
        article.story = record.story;
        article.verdict = record.verdict;
        if let Some((_, before)) = before {
            self.articles.let_go(before);
        }
        self.records.set(record.seq, slot);
        self.meet(slot, &record.keys, Some(place), record.entry_digest, now);
        if let Some(article) = self.articles.get_mut(slot) {
            article.lag = 0;
        }
        for key in &record.keys {
            if let Key::Body(body) = key {
                self.claim(*body, slot, stream);
            }
        }
    }

    /// Takes in a sighting.
    pub(crate) fn remember_sighting(&mut self, sighting: &Sighting, stream: Timestamp) {
        let place = sighting
            .place
            .as_ref()
            .map(|place| PlaceMark::of(&place.source, &sighting.keys));
        let slot = self.articles.find(sighting.article);
        if let Some(slot) = slot.filter(|slot| self.known(*slot).is_some()) {
            self.meet(slot, &sighting.keys, place, sighting.entry_digest, stream.into());
        }
    }

    /// Takes in a rejection.
    pub(crate) fn remember_rejection(&mut self, key: &Key, digest: Digest, stream: Timestamp) {
        self.refuse(key.digest(), digest, stream);
    }

    fn refuse(&mut self, key: Digest, digest: Digest, met: Timestamp) {
        let refused = Refused {
            digest: Half::of(digest),
            met: met.into(),
        };
        self.refused.insert(key, refused);
        self.refused_by_age.push_back((refused.met, key));
    }

    /// The slot of an article that is told now: its own, or one in which nothing is known but the place and the time.
    fn slot_for(&mut self, article: ArticleId, place: PlaceMark, now: Moment) -> Slot {
        if let Some(slot) = self.articles.find(article) {
            if self.known(slot).is_some() {
                return slot;
            }
            self.clear(slot);
        }
        let slot = self.articles.find_or_name(article);
        self.articles.make_known(slot);
        if let Some(article) = self.articles.get_mut(slot) {
            article.place = place;
            article.met = now;
        }
        self.by_day.entry(now.day()).or_default().push(slot.0);
        slot
    }

    /// Before an article's latest record gives way to this one: keeps it, and its folded body with what was said of it.
    fn keep_earlier(&mut self, slot: Slot, next: Seq) {
        let Some(article) = self.articles.get(slot) else {
            return;
        };
        let latest = article.latest;
        if latest == Seq(0) || latest == next {
            return;
        }
        let (verdict, leader, met) = (article.verdict, article.leader(), article.recorded());
        let more = self.articles.more(slot);
        let earlier: FxHashSet<Digest> = more.map_or_else(FxHashSet::default, |more| {
            more.bodies.iter().map(|earlier| earlier.body).collect()
        });
        let bodies: Vec<Digest> = self
            .keys_of(slot)
            .filter(|(digest, kind)| *kind == Kind::Body && !earlier.contains(digest))
            .map(|(digest, _)| digest)
            .collect();
        let more = self.articles.make_more(slot);
        push(&mut more.records, latest);
        for body in &bodies {
            let earlier = EarlierBody {
                body: *body,
                record: latest,
                verdict,
                leader,
                met,
            };
            push(&mut more.bodies, earlier);
        }
        for (_, leader) in bodies.iter().filter_map(|_| leader) {
            self.articles.hold(leader);
        }
    }

    /// Lets a folded body lead to a slot's latest record, unless an earlier record has it.
    fn claim(&mut self, body: Digest, slot: Slot, stream: Timestamp) {
        if self.body(body, stream).is_some() {
            return;
        }
        self.lead_body(body, slot);
    }

    /// Lets a folded body lead to a slot, and what another said of it is given up.
    fn lead_body(&mut self, body: Digest, slot: Slot) {
        if let Some(before) = self.keys.get(body, Kind::Body) {
            let given_up: Vec<Slot> = self.articles.more_mut(before).map_or_else(Vec::new, |more| {
                let given_up = more.bodies.extract_if(.., |earlier| earlier.body == body);
                given_up.filter_map(|earlier| Some(earlier.leader?.1)).collect()
            });
            for leader in given_up {
                self.articles.let_go(leader);
            }
        }
        self.keys.set(body, Kind::Body, slot);
        self.articles.add_bucket(slot, Keys::place(body));
    }

    /// An article was met under these keys: they lead to it from now on, and it stays known for longer.
    fn meet(
        &mut self,
        slot: Slot,
        keys: &[Key],
        place: Option<PlaceMark>,
        entry_digest: Option<Digest>,
        now: Moment,
    ) {
        let Some(article) = self.articles.get_mut(slot) else {
            return;
        };
        if article.met.day() != now.day() {
            self.by_day.entry(now.day()).or_default().push(slot.0);
        }
        article.lag = article.lag.saturating_add(now.secs_since(article.met));
        article.met = now;
        article.has_url |= keys.iter().any(|key| matches!(key, Key::Url(_)));
        let first = article.place;
        if let Some(place) = place.filter(|place| *place != first) {
            let more = self.articles.make_more(slot);
            if !more.places.contains(&place) {
                push(&mut more.places, place);
            }
        }
        let names: Vec<Digest> = keys
            .iter()
            .filter(|key| !matches!(key, Key::Body(_)))
            .map(Key::digest)
            .collect();
        for name in &names {
            self.keys.set(*name, Kind::Name, slot);
            self.articles.add_bucket(slot, Keys::place(*name));
        }
        self.set_entry(slot, &names, entry_digest.map(Half::of));
    }

    /// Notes the entry that was met under these keys. Nearly always it is that of all keys, and kept once.
    fn set_entry(&mut self, slot: Slot, names: &[Digest], entry: Option<Half>) {
        let half = |name: &Digest| Half::of(*name).bits();
        let is_of_all = self
            .keys_of(slot)
            .filter(|(_, kind)| *kind == Kind::Name)
            .all(|(name, _)| names.contains(&name));
        let Some(article) = self.articles.get_mut(slot) else {
            return;
        };
        if is_of_all {
            article.entry = entry;
        }
        let is_common = article.entry == entry;
        if let Some(more) = self.articles.more_mut(slot) {
            let is_named = |key: u64| is_of_all || names.iter().any(|name| half(name) == key);
            more.entries.retain(|(key, _)| !is_named(*key));
        }
        if !is_common {
            let more = self.articles.make_more(slot);
            more.entries.extend(names.iter().map(|name| (half(name), entry)));
        }
    }

    /// Forgets what was last met more than the key window before `stream`.
    pub(crate) fn forget(&mut self, stream: Timestamp) {
        self.now = self.now.max(stream.into());
        let mut cleared = 0;
        while cleared < CLEARED_AT_ONCE
            && let Some(mut first) = self.by_day.first_entry()
            && Moment::end_of(*first.key()).is_past(self.now, KEY_WINDOW)
        {
            let day = *first.key();
            let Some(slot) = first.get_mut().pop() else {
                first.remove();
                continue;
            };
            // Since then it may have been met again, or another article taken its slot.
            let slot = Slot(slot);
            let is_of_day = |article: &Article| article.state == State::Known && article.met.day() == day;
            if self.articles.get(slot).is_some_and(is_of_day) {
                self.clear(slot);
            }
            cleared += 1;
        }
        while let Some(&(met, key)) = self.refused_by_age.front()
            && met.is_past(self.now, KEY_WINDOW)
        {
            self.refused_by_age.pop_front();
            if self.refused.get(&key).is_some_and(|refused| refused.met == met) {
                self.refused.remove(&key);
            }
        }
    }

    /// Clears a slot of its article. A key that was used again for another article leads there and stays.
    fn clear(&mut self, slot: Slot) {
        for place in self.articles.buckets(slot) {
            self.keys.remove_of(place, slot);
        }
        let Some(article) = self.articles.get(slot) else {
            return;
        };
        self.records.remove(article.latest);
        let leader = article.leader();
        let more = self.articles.make_named(slot);
        let mut leaders: Vec<Leader> = leader.into_iter().collect();
        if let Some(more) = more {
            for record in more.records {
                self.records.remove(record);
            }
            leaders.extend(more.bodies.into_iter().filter_map(|earlier| earlier.leader));
        }
        for (_, leader) in leaders {
            self.articles.let_go(leader);
        }
        self.articles.free_if_unused(slot);
    }

    /// A slot's article, unless it has passed its end.
    fn known(&self, slot: Slot) -> Option<&Article> {
        self.articles
            .get(slot)
            .filter(|article| article.state == State::Known && !article.met.is_past(self.now, KEY_WINDOW))
    }

    fn with_id(&self, leader: Option<Leader>) -> Option<(Seq, ArticleId)> {
        let (of, slot) = leader?;
        Some((of, self.articles.get(slot)?.id))
    }

    /// The digests that lead to a slot.
    fn keys_of(&self, slot: Slot) -> impl Iterator<Item = (Digest, Kind)> {
        let places = self.articles.buckets(slot);
        places
            .into_iter()
            .flat_map(move |place| self.keys.of(place, slot))
    }
}

/// Adds to a list that hardly ever holds more than it does now: room for four would double what they take.
fn push<T>(list: &mut Vec<T>, item: T) {
    list.reserve_exact(1);
    list.push(item);
}
