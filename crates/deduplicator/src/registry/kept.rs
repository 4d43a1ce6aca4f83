//! What is known of an article as a row, and back.
//!
//! A row has the keys and bodies that lead to its article now. One that a later article took over is in that one's row; and once
//! that one is forgotten, so is this one, unless it was met since and its row was written anew without the key. So the rows of the
//! key window say what leads where, whatever came before them.

use depeche_model::{ArticleId, KnownArticle, KnownBody, RefusedEntry, Seq};

use rustc_hash::FxHashMap;

use super::articles::{EarlierBody, Leader};
use super::keys::{Keys, Kind};
use super::{Half, PlaceMark, Registry};
use crate::leaders::Moment;

impl Registry {
    /// All that is known of an article, met by the record or sighting `seq` last.
    pub(crate) fn row(&self, article: ArticleId, seq: Seq) -> Option<KnownArticle> {
        let slot = self.articles.find(article)?;
        let known = self.known(slot)?;
        let more = self.articles.more(slot);
        // A live report has thousands of versions: nothing is looked for in all of them for each.
        let (mut entries, mut earlier) = (FxHashMap::default(), FxHashMap::default());
        if let Some(more) = more {
            entries.extend(more.entries.iter().copied());
            earlier.extend(more.bodies.iter().map(|earlier| (earlier.body, earlier)));
        }
        let (mut keys, mut bodies, mut earlier_bodies) = (Vec::new(), Vec::new(), Vec::new());
        for (digest, kind) in self.keys_of(slot) {
            match kind {
                Kind::Name => {
                    let own = entries.get(&Half::of(digest).bits()).copied();
                    let entry = own.unwrap_or(known.entry);
                    keys.push((digest, entry.map(Half::bits)));
                }
                Kind::Body => match earlier.get(&digest) {
                    Some(earlier) => earlier_bodies.push(KnownBody {
                        body: digest,
                        record: earlier.record,
                        verdict: earlier.verdict,
                        leader: self.with_id(earlier.leader),
                        met: earlier.met.timestamp(),
                    }),
                    None => bodies.push(digest),
                },
            }
        }
        // They stand in no order.
        keys.sort_unstable();
        bodies.sort_unstable();
        earlier_bodies.sort_unstable_by_key(|earlier| earlier.body);
        let further = more.map_or(&[][..], |more| &more.places);
        Some(KnownArticle {
            article,
            seq,
            met: known.met.timestamp(),
            lag_secs: known.lag,
            latest: known.latest,
            revision: known.revision,
            verdict: known.verdict,
            content: known.content.bits(),
            story: known.story,
            leader: self.with_id(known.leader()),
            posted: known.posted(),
            has_url: known.has_url,
            places: std::iter::once(&known.place)
                .chain(further)
                .map(|place| place.hashes())
                .collect(),
            keys,
            records: more.map_or_else(Vec::new, |more| more.records.clone()),
            bodies,
            earlier_bodies,
        })
    }

    /// Takes in what was known of an article. Rows are taken in in the order in which their articles were last met.
    pub(crate) fn take_in(&mut self, row: KnownArticle) {
        let mut places = row.places.into_iter().map(PlaceMark::from_hashes);
        let first = places.next().unwrap_or_default();
        let slot = self.slot_for(row.article, first, Moment::from(row.met));
        let leader = self.named(row.leader);
        let entry = row.keys.first().and_then(|(_, entry)| entry.map(Half::from_bits));
        if let Some(article) = self.articles.get_mut(slot) {
            article.set_latest(row.latest, leader, row.posted);
            article.revision = row.revision;
            article.verdict = row.verdict;
            article.content = Half::from_bits(row.content);
            article.story = row.story;
            article.entry = entry;
            article.lag = row.lag_secs;
            article.has_url = row.has_url;
        }
        self.records.set(row.latest, slot);
        for record in &row.records {
            self.records.set(*record, slot);
        }
        let mut entries = Vec::new();
        for (key, own) in row.keys {
            self.keys.set(key, Kind::Name, slot);
            self.articles.add_bucket(slot, Keys::place(key));
            let own = own.map(Half::from_bits);
            if own != entry {
                entries.push((Half::of(key).bits(), own));
            }
        }
        for body in row.bodies {
            self.lead_body(body, slot);
        }
        let mut bodies = Vec::new();
        for earlier in row.earlier_bodies {
            self.lead_body(earlier.body, slot);
            bodies.push(EarlierBody {
                body: earlier.body,
                record: earlier.record,
                verdict: earlier.verdict,
                leader: self.named(earlier.leader),
                met: earlier.met.into(),
            });
        }
        let places: Vec<PlaceMark> = places.collect();
        if !(places.is_empty() && row.records.is_empty() && entries.is_empty() && bodies.is_empty()) {
            let more = self.articles.make_more(slot);
            more.places = places;
            more.records = row.records;
            more.entries = entries;
            more.bodies = bodies;
        }
    }

    /// Takes in what was refused, in the order of the change log.
    pub(crate) fn take_in_refused(&mut self, row: &RefusedEntry) {
        self.refuse(row.key, row.digest, row.met);
    }

    /// A leader by its slot, which is held for it.
    fn named(&mut self, leader: Option<(Seq, ArticleId)>) -> Option<Leader> {
        let (of, article) = leader?;
        let slot = self.articles.find_or_name(article);
        self.articles.hold(slot);
        Some((of, slot))
    }
}
