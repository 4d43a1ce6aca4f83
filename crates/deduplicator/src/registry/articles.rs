//! Articles: one slot of 120 bytes each, found by the article's id, and what few of them need besides.
//!
//! A slot outlives its article while others repeat it: what they know of their leader is the number of its slot, and its id must
//! be told for as long as they are known. Slots are used again.

use depeche_model::{ArticleId, Digest, Seq, StoryId, Verdict};
use hashbrown::HashTable;
use rustc_hash::FxHashMap;

use crate::leaders::Moment;
use crate::registry::keys::Place;
use crate::registry::{Half, PlaceMark};
use crate::size::table_bytes;

/// Buckets of keys that a slot lists itself: guid, address, number, entry and body.
const BUCKETS: usize = 5;
/// The slab grows by an eighth: the system moves so large a piece without copying it.
const GROWTH: usize = 8;
const NO_SLOT: u32 = u32::MAX;

/// The number of an article's slot: below 2³¹, as so many slots would take 250 GB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) u32);

/// A record that is repeated, and the slot of its article.
pub(crate) type Leader = (Seq, Slot);

/// Whether a slot holds an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It does.
    Known,
    /// It did, or it never came: its id alone is known.
    Named,
}

/// What every article has.
#[derive(Debug, Clone)]
pub(crate) struct Article {
    pub(crate) id: ArticleId,
    pub(crate) story: StoryId,
    /// Of its latest title and text.
    pub(crate) content: Half,
    /// Of the entry last met under its keys, except for those with an entry of their own.
    pub(crate) entry: Option<Half>,
    /// The first place it was seen at.
    pub(crate) place: PlaceMark,
    /// Its latest record.
    pub(crate) latest: Seq,
    /// The stream's time when it was last met.
    pub(crate) met: Moment,
    /// Seconds from its latest record to when it was last met.
    pub(crate) lag: u32,
    pub(crate) revision: u32,
    /// One more than from its latest record back to the latest one whose text is posted.
    posted: u32,
    /// From its latest record back to the one that it repeats.
    leader_back: u32,
    leader: u32,
    /// Leads of other articles to this slot.
    repeated: u32,
    buckets: [Place; BUCKETS],
    bucket_count: u8,
    /// The verdict on its latest record.
    pub(crate) verdict: Verdict,
    pub(crate) state: State,
    pub(crate) has_url: bool,
    has_more: bool,
}

/// What few articles have.
#[derive(Debug, Clone, Default)]
pub(crate) struct More {
    /// Records before its latest.
    pub(crate) records: Vec<Seq>,
    /// Places behind the first.
    pub(crate) places: Vec<PlaceMark>,
    /// Keys under which another entry was last met than under the others, by the first half of each.
    pub(crate) entries: Vec<(u64, Option<Half>)>,
    /// Folded bodies whose first record is not the article's latest.
    pub(crate) bodies: Vec<EarlierBody>,
    buckets: Vec<Place>,
}

/// A folded body of an earlier record.
#[derive(Debug, Clone)]
pub(crate) struct EarlierBody {
    pub(crate) body: Digest,
    pub(crate) record: Seq,
    pub(crate) verdict: Verdict,
    pub(crate) leader: Option<Leader>,
    pub(crate) met: Moment,
}

/// All slots.
#[derive(Debug, Clone, Default)]
pub(crate) struct Articles {
    slots: Vec<Article>,
    free: Vec<u32>,
    by_id: HashTable<u32>,
    more: FxHashMap<u32, Box<More>>,
    /// Slots that hold an article.
    known: usize,
}

impl Article {
    fn named(id: ArticleId) -> Self {
        Self {
            id,
            story: StoryId(Digest([0; 16])),
            content: Half::of(Digest([0; 16])),
            entry: None,
            place: PlaceMark::default(),
            latest: Seq(0),
            met: Moment::FIRST,
            lag: 0,
            revision: 0,
            posted: 0,
            leader_back: 0,
            leader: NO_SLOT,
            repeated: 0,
            buckets: [Place::default(); BUCKETS],
            bucket_count: 0,
            verdict: Verdict::New,
            state: State::Named,
            has_url: false,
            has_more: false,
        }
    }

    /// What it repeats.
    pub(crate) fn leader(&self) -> Option<Leader> {
        (self.leader != NO_SLOT).then(|| {
            (
                Seq(self.latest.0 - u64::from(self.leader_back)),
                Slot(self.leader),
            )
        })
    }

    /// Its latest record whose text is posted.
    pub(crate) fn posted(&self) -> Option<Seq> {
        (self.posted > 0).then(|| Seq(self.latest.0 + 1 - u64::from(self.posted)))
    }

    /// Sets its latest record with what is counted back from it. Four billion records lie behind what any window holds, so what
    /// is further back is none.
    pub(crate) fn set_latest(&mut self, latest: Seq, leader: Option<Leader>, posted: Option<Seq>) {
        let back = |seq: Seq| {
            latest
                .0
                .checked_sub(seq.0)
                .and_then(|back| u32::try_from(back).ok())
        };
        (self.leader_back, self.leader) = leader
            .and_then(|(seq, slot)| Some((back(seq)?, slot.0)))
            .unwrap_or((0, NO_SLOT));
        self.posted = posted
            .and_then(back)
            .and_then(|back| back.checked_add(1))
            .unwrap_or(0);
        self.latest = latest;
    }

    /// The stream's time at its latest record, to a second each time it was met since.
    pub(crate) fn recorded(&self) -> Moment {
        self.met.earlier(u64::from(self.lag))
    }
}

impl Articles {
    /// The slot of an id.
    pub(crate) fn find(&self, id: ArticleId) -> Option<Slot> {
        let is_its = |slot: &u32| self.slots.get(*slot as usize).is_some_and(|slot| slot.id == id);
        self.by_id.find(hash(id), is_its).copied().map(Slot)
    }

    /// The slot of an id, which names it at least.
    pub(crate) fn find_or_name(&mut self, id: ArticleId) -> Slot {
        if let Some(slot) = self.find(id) {
            return slot;
        }
        let article = Article::named(id);
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = article;
            slot
        } else {
            if self.slots.len() == self.slots.capacity() {
                self.slots.reserve_exact(self.slots.len() / GROWTH + 64);
            }
            self.slots.push(article);
            (self.slots.len() - 1) as u32
        };
        let slots = &self.slots;
        self.by_id
            .insert_unique(hash(id), slot, |other| hash(slots[*other as usize].id));
        Slot(slot)
    }

    /// A slot.
    pub(crate) fn get(&self, slot: Slot) -> Option<&Article> {
        self.slots.get(slot.0 as usize)
    }

    /// A slot, to change it.
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Article> {
        self.slots.get_mut(slot.0 as usize)
    }

    /// What an article has that few have.
    pub(crate) fn more(&self, slot: Slot) -> Option<&More> {
        let has_more = self.get(slot)?.has_more;
        has_more.then(|| self.more.get(&slot.0).map(AsRef::as_ref))?
    }

    /// The same, to change it; nothing where there is none.
    pub(crate) fn more_mut(&mut self, slot: Slot) -> Option<&mut More> {
        let has_more = self.get(slot)?.has_more;
        has_more.then(|| self.more.get_mut(&slot.0).map(AsMut::as_mut))?
    }

    /// The same, made where there is none.
    pub(crate) fn make_more(&mut self, slot: Slot) -> &mut More {
        if let Some(article) = self.get_mut(slot) {
            article.has_more = true;
        }
        self.more.entry(slot.0).or_default()
    }

    /// Makes a named slot hold an article, which is to be filled in.
    pub(crate) fn make_known(&mut self, slot: Slot) {
        if let Some(article) = self.get_mut(slot)
            && article.state == State::Named
        {
            article.state = State::Known;
            self.known += 1;
        }
    }

    /// Forgets a slot's article but for its id, and gives back what it had that few have.
    pub(crate) fn make_named(&mut self, slot: Slot) -> Option<Box<More>> {
        let article = self.get_mut(slot)?;
        let repeated = article.repeated;
        let was_known = article.state == State::Known;
        *article = Article {
            repeated,
            ..Article::named(article.id)
        };
        self.known -= usize::from(was_known);
        self.more.remove(&slot.0)
    }

    /// One more repeats this slot's article.
    pub(crate) fn hold(&mut self, slot: Slot) {
        if let Some(article) = self.get_mut(slot) {
            article.repeated += 1;
        }
    }

    /// One fewer repeats this slot's article.
    pub(crate) fn let_go(&mut self, slot: Slot) {
        if let Some(article) = self.get_mut(slot) {
            article.repeated = article.repeated.saturating_sub(1);
        }
        self.free_if_unused(slot);
    }

    /// Frees a slot that holds no article and that none repeats.
    pub(crate) fn free_if_unused(&mut self, slot: Slot) {
        let Some(article) = self.get(slot) else { return };
        if article.state == State::Known || article.repeated > 0 {
            return;
        }
        if let Ok(entry) = self.by_id.find_entry(hash(article.id), |other| *other == slot.0) {
            entry.remove();
            self.free.push(slot.0);
        }
    }

    /// Lists the bucket of one of an article's keys.
    pub(crate) fn add_bucket(&mut self, slot: Slot, place: Place) {
        let Some(article) = self.slots.get_mut(slot.0 as usize) else {
            return;
        };
        let count = usize::from(article.bucket_count);
        if article.buckets[..count].contains(&place) {
            return;
        }
        if count < BUCKETS {
            article.buckets[count] = place;
            article.bucket_count += 1;
            return;
        }
        let more = self.make_more(slot);
        if !more.buckets.contains(&place) {
            more.buckets.reserve_exact(1);
            more.buckets.push(place);
        }
    }

    /// The buckets in which an article's keys stand.
    pub(crate) fn buckets(&self, slot: Slot) -> Vec<Place> {
        let own = self.get(slot).map_or(&[][..], |article| {
            &article.buckets[..usize::from(article.bucket_count)]
        });
        let more = self.more(slot).map_or(&[][..], |more| &more.buckets);
        [own, more].concat()
    }

    /// Articles that are known, those that are about to be forgotten included.
    pub(crate) fn known(&self) -> usize {
        self.known
    }

    /// Bytes held; of what few articles have, what each has at least.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Article>()
            + self.free.capacity() * size_of::<u32>()
            + table_bytes(self.by_id.capacity(), size_of::<u32>())
            + table_bytes(self.more.capacity(), size_of::<(u32, Box<More>)>())
            + self.more.len() * (size_of::<More>() + size_of::<PlaceMark>() + size_of::<EarlierBody>())
    }

    /// Slots in use.
    #[cfg(test)]
    pub(crate) fn slots(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

/// Ids are hashes already.
fn hash(id: ArticleId) -> u64 {
    Half::of(id.0).bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_takes_what_its_module_says() {
        assert_eq!(size_of::<Article>(), 120);
    }
}
