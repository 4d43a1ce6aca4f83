//! What is known under which key: articles by guid, address and folded body, and what was rejected.
//!
//! In: records, sightings and rejections in the order of the change log. Out: the article behind a key and its
//! latest state. An article with all its keys is forgotten 90 days after it was last met, counted in the
//! stream's time (the latest capture time of any record so far).

use std::collections::{BTreeSet, VecDeque};

use depeche_model::{
    ArticleId, Digest, Key, KnownArticle, KnownBody, PageOrder, RefusedEntry, Remembered, Seq, Sighting,
    StoryId, StreamDay, Verdict,
};
use jiff::Timestamp;
use rustc_hash::FxHashMap;

use crate::fold::{ODD, hash_bytes, mix};
use crate::leaders::Standing;
use crate::options::KEY_WINDOW;

/// A place as far as telling places apart needs it: source, feed and canonical address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlaceMark {
    whole: u64,
    feed: Option<u64>,
}

impl PlaceMark {
    /// The mark of a source and the keys under which an article is known there.
    pub(crate) fn of(source: &str, keys: &[Key]) -> Self {
        let feed = keys.iter().find_map(|key| match key {
            Key::Guid { feed, .. } => Some(hash_bytes(feed.as_bytes())),
            _ => None,
        });
        let url = keys.iter().find_map(|key| match key {
            Key::Url(url) => Some(hash_bytes(url.as_bytes())),
            _ => None,
        });
        let whole = [Some(hash_bytes(source.as_bytes())), feed, url]
            .into_iter()
            .fold(0, |hash: u64, part| {
                mix(hash.wrapping_mul(ODD) ^ part.unwrap_or(1))
            });
        Self { whole, feed }
    }
}

/// An article as it is known.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Its latest record.
    pub(crate) latest: Seq,
    /// The number of its latest version.
    pub(crate) revision: u32,
    /// The digest of its latest title and text.
    pub(crate) content: Digest,
    /// Its story.
    pub(crate) story: StoryId,
    /// The record it repeats and that record's article, for a duplicate.
    pub(crate) leader: Option<(Seq, ArticleId)>,
    /// Its latest record whose text is posted.
    pub(crate) posted: Option<Seq>,
    /// Whether it has an address.
    pub(crate) has_url: bool,
    places: Vec<PlaceMark>,
    keys: Vec<Digest>,
    records: Vec<Seq>,
    bodies: Vec<Digest>,
    met: Timestamp,
}

impl Known {
    /// The day of the stream on which it was last met.
    pub(crate) fn day(&self) -> StreamDay {
        self.met.into()
    }

    /// Whether it was seen at this place before.
    pub(crate) fn is_known_at(&self, place: PlaceMark) -> bool {
        self.places.contains(&place)
    }

    /// Whether it was seen in this place's feed under any guid.
    pub(crate) fn is_known_in_feed_of(&self, place: PlaceMark) -> bool {
        place.feed.is_some() && self.places.iter().any(|known| known.feed == place.feed)
    }
}

/// What a guid or an address leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lead {
    /// The article.
    pub(crate) article: ArticleId,
    /// The digest of the entry that was last met under this key.
    pub(crate) entry_digest: Option<Digest>,
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
    met: Timestamp,
}

#[derive(Debug, Clone, Copy)]
struct Refused {
    digest: Digest,
    met: Timestamp,
}

/// Everything known by key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry {
    keys: FxHashMap<Digest, Lead>,
    articles: FxHashMap<ArticleId, Known>,
    records: FxHashMap<Seq, ArticleId>,
    bodies: FxHashMap<Digest, Body>,
    by_age: BTreeSet<(Timestamp, ArticleId)>,
    refused: FxHashMap<Digest, Refused>,
    refused_by_age: VecDeque<(Timestamp, Digest)>,
}

impl Registry {
    /// What a guid or an address leads to.
    pub(crate) fn lead(&self, key: &Key) -> Option<Lead> {
        self.keys.get(&key.digest()).copied()
    }

    /// A known article.
    pub(crate) fn article(&self, article: ArticleId) -> Option<&Known> {
        self.articles.get(&article)
    }

    /// The article that a record belongs to.
    pub(crate) fn article_of(&self, record: Seq) -> Option<ArticleId> {
        self.records.get(&record).copied()
    }

    /// The first record with this folded body, unless it was last met too long before `now`.
    pub(crate) fn body(&self, body: Digest, now: Timestamp) -> Option<Body> {
        let found = self.bodies.get(&body).copied()?;
        (now.duration_since(found.met) <= KEY_WINDOW).then_some(found)
    }

    /// Whether the entry that a page is wanted for is known, or was refused, as it stands.
    pub(crate) fn answers(&self, order: &PageOrder, guid: &Key) -> bool {
        let digest = order.entry.digest();
        let link = order.entry.link.clone().map(Key::Url);
        [Some(guid), link.as_ref()].into_iter().flatten().any(|key| {
            self.lead(key)
                .is_some_and(|lead| lead.entry_digest == Some(digest))
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
    pub(crate) fn is_fading(known: &Known, stream: Timestamp) -> bool {
        stream.duration_since(known.met) > KEY_WINDOW / 2
    }

    /// Takes in a record; `leader` is what it repeats, `standing` as what its text is posted.
    pub(crate) fn remember(
        &mut self,
        record: &Remembered,
        leader: Option<(Seq, ArticleId)>,
        standing: Option<Standing>,
        stream: Timestamp,
    ) {
        let place = PlaceMark::of(&record.source, &record.keys);
        let known = self.articles.entry(record.article).or_insert_with(|| Known {
            latest: record.seq,
            revision: record.revision,
            content: record.content,
            story: record.story,
            leader,
            posted: None,
            has_url: false,
            places: Vec::new(),
            keys: Vec::new(),
            records: Vec::new(),
            bodies: Vec::new(),
            met: stream,
        });
        known.latest = record.seq;
        known.revision = record.revision;
        known.content = record.content;
        known.story = record.story;
        known.leader = leader;
        known.posted = standing.map_or(known.posted, |_| Some(record.seq));
        push(&mut known.records, record.seq);
        self.records.insert(record.seq, record.article);
        for key in &record.keys {
            let Key::Body(body) = key else { continue };
            let first = Body {
                record: record.seq,
                article: record.article,
                verdict: record.verdict,
                leader,
                met: stream,
            };
            let kept = self.bodies.entry(*body).or_insert(first);
            if stream.duration_since(kept.met) > KEY_WINDOW {
                *kept = first;
            }
            if kept.record == record.seq {
                push(&mut known.bodies, *body);
            }
        }
        self.meet(
            record.article,
            &record.keys,
            Some(place),
            record.entry_digest,
            stream,
        );
    }

    /// Takes in a sighting.
    pub(crate) fn remember_sighting(&mut self, sighting: &Sighting, stream: Timestamp) {
        let place = sighting
            .place
            .as_ref()
            .map(|place| PlaceMark::of(&place.source, &sighting.keys));
        self.meet(
            sighting.article,
            &sighting.keys,
            place,
            sighting.entry_digest,
            stream,
        );
    }

    /// Takes in a rejection.
    pub(crate) fn remember_rejection(&mut self, key: &Key, digest: Digest, stream: Timestamp) {
        self.refuse(key.digest(), digest, stream);
    }

    fn refuse(&mut self, key: Digest, digest: Digest, met: Timestamp) {
        self.refused.insert(key, Refused { digest, met });
        self.refused_by_age.push_back((met, key));
    }

    /// An article was met under these keys: they lead to it from now on, and it stays known for longer.
    fn meet(
        &mut self,
        article: ArticleId,
        keys: &[Key],
        place: Option<PlaceMark>,
        entry_digest: Option<Digest>,
        stream: Timestamp,
    ) {
        let Some(known) = self.articles.get_mut(&article) else {
            return;
        };
        self.by_age.remove(&(known.met, article));
        self.by_age.insert((stream, article));
        known.met = stream;
        if let Some(place) = place.filter(|place| !known.places.contains(place)) {
            push(&mut known.places, place);
        }
        for key in keys {
            known.has_url |= matches!(key, Key::Url(_));
            if matches!(key, Key::Body(_)) {
                continue;
            }
            let digest = key.digest();
            self.keys.insert(
                digest,
                Lead {
                    article,
                    entry_digest,
                },
            );
            if !known.keys.contains(&digest) {
                push(&mut known.keys, digest);
            }
        }
    }

    /// All that is known of an article, met by the record or sighting `seq` last.
    ///
    /// Of its keys and bodies it has those that lead to it now. One that a later article took over is in that one's row; and
    /// once that one is forgotten, so is this one, unless it was met since and this row was written anew without it. So the
    /// rows of the key window say what leads where, whatever came before them.
    pub(crate) fn row(&self, article: ArticleId, seq: Seq) -> Option<KnownArticle> {
        let known = self.articles.get(&article)?;
        let leading = |key: &Digest| {
            let lead = self.keys.get(key).filter(|lead| lead.article == article)?;
            Some((*key, lead.entry_digest))
        };
        let first = |body: &Digest| {
            let kept = self.bodies.get(body).filter(|kept| kept.article == article)?;
            Some(KnownBody {
                body: *body,
                record: kept.record,
                verdict: kept.verdict,
                leader: kept.leader,
                met: kept.met,
            })
        };
        Some(KnownArticle {
            article,
            seq,
            met: known.met,
            latest: known.latest,
            revision: known.revision,
            content: known.content,
            story: known.story,
            leader: known.leader,
            posted: known.posted,
            has_url: known.has_url,
            places: known
                .places
                .iter()
                .map(|place| (place.whole, place.feed))
                .collect(),
            keys: known.keys.iter().filter_map(leading).collect(),
            records: known.records.clone(),
            bodies: known.bodies.iter().filter_map(first).collect(),
        })
    }

    /// Takes in what was known of an article. Rows are taken in in the order in which their articles were last met.
    pub(crate) fn take_in(&mut self, row: KnownArticle) {
        let article = row.article;
        for &(key, entry_digest) in &row.keys {
            self.keys.insert(
                key,
                Lead {
                    article,
                    entry_digest,
                },
            );
        }
        for record in &row.records {
            self.records.insert(*record, article);
        }
        for body in &row.bodies {
            self.bodies.insert(
                body.body,
                Body {
                    record: body.record,
                    article,
                    verdict: body.verdict,
                    leader: body.leader,
                    met: body.met,
                },
            );
        }
        self.by_age.insert((row.met, article));
        let known = Known {
            latest: row.latest,
            revision: row.revision,
            content: row.content,
            story: row.story,
            leader: row.leader,
            posted: row.posted,
            has_url: row.has_url,
            places: row
                .places
                .into_iter()
                .map(|(whole, feed)| PlaceMark { whole, feed })
                .collect(),
            keys: row.keys.into_iter().map(|(key, _)| key).collect(),
            records: row.records,
            bodies: row.bodies.into_iter().map(|body| body.body).collect(),
            met: row.met,
        };
        self.articles.insert(article, known);
    }

    /// Takes in what was refused, in the order of the change log.
    pub(crate) fn take_in_refused(&mut self, row: &RefusedEntry) {
        self.refuse(row.key, row.digest, row.met);
    }

    /// Forgets what was last met more than the key window before `stream`.
    pub(crate) fn forget(&mut self, stream: Timestamp) {
        let is_old = |met: Timestamp| stream.duration_since(met) > KEY_WINDOW;
        while let Some(&(met, article)) = self.by_age.first()
            && is_old(met)
        {
            self.by_age.pop_first();
            let Some(known) = self.articles.remove(&article) else {
                continue;
            };
            for key in known.keys {
                // A key that was used again for another article leads there and stays.
                if self.keys.get(&key).is_some_and(|lead| lead.article == article) {
                    self.keys.remove(&key);
                }
            }
            for record in known.records {
                self.records.remove(&record);
            }
            for body in known.bodies {
                if self.bodies.get(&body).is_some_and(|kept| kept.article == article) {
                    self.bodies.remove(&body);
                }
            }
        }
        while let Some(&(met, key)) = self.refused_by_age.front()
            && is_old(met)
        {
            self.refused_by_age.pop_front();
            if self.refused.get(&key).is_some_and(|refused| refused.met == met) {
                self.refused.remove(&key);
            }
        }
    }
}

/// Adds to a list that hardly ever holds more than it does now: there are as many of these as articles in ninety days,
/// and room for four would double what they take.
fn push<T>(list: &mut Vec<T>, item: T) {
    list.reserve_exact(1);
    list.push(item);
}
