//! Remembering: what a decision changes.
//!
//! In: records, sightings and rejections in the order of their numbers, as they are decided or as an older store has them. Out:
//! what is to be kept of each for a restart. Deciding changes the state by these functions and by nothing else.

use depeche_model::{
    ArticleId, Keep, Keeping, PostedText, RefusedEntry, Rejection, Remembered, Seq, Sighting, StreamDay,
    Verdict,
};

use rustc_hash::FxHashMap;

use crate::decide::Deduplicator;
use crate::incoming::COMPARABLE_TOKENS;
use crate::leaders::Standing;

/// Articles that were met, in the order of their first meeting. One that a capture lists a thousand times is kept once.
#[derive(Default)]
pub(crate) struct Met {
    order: Vec<ArticleId>,
    meetings: FxHashMap<ArticleId, Meeting>,
}

struct Meeting {
    /// The last record or sighting.
    seq: Seq,
    /// The day on which it was met before the first.
    before: Option<StreamDay>,
}

impl Met {
    fn note(&mut self, article: ArticleId, seq: Seq, before: Option<StreamDay>) {
        let meeting = self.meetings.entry(article).or_insert_with(|| {
            self.order.push(article);
            Meeting { seq, before }
        });
        meeting.seq = seq;
    }

    fn take(&mut self) -> Vec<(ArticleId, Meeting)> {
        let mut meetings = std::mem::take(&mut self.meetings);
        let order = std::mem::take(&mut self.order);
        order
            .into_iter()
            .filter_map(|article| Some((article, meetings.remove(&article)?)))
            .collect()
    }
}

impl Deduplicator {
    /// Takes in a stored record. Records, sightings and rejections are remembered in the order of their numbers. Gives back
    /// what is to be kept of it for a [restart](Self::restore).
    pub fn remember(&mut self, record: &Remembered) -> Keeping {
        self.take_in(record);
        self.keeping()
    }

    pub(crate) fn take_in(&mut self, record: &Remembered) {
        self.stream = self.stream.max(record.captured_at);
        self.next = self.next.max(record.seq.next());
        let leader = match record.verdict {
            Verdict::New => None,
            Verdict::Revision => self.still_repeats(record),
            _ => record.of.and_then(|of| Some((of, self.registry.article_of(of)?))),
        };
        let standing = self.standing(record, leader);
        let before = self.registry.article(record.article).map(|known| known.day());
        self.registry.remember(record, leader, standing, self.stream);
        self.met.note(record.article, record.seq, before);
        if let Some(standing) = standing {
            self.leaders.post(record, standing, self.stream);
            self.kept.push(Keep::Posted(Box::new(PostedText {
                seq: record.seq,
                article: record.article,
                captured_at: record.captured_at,
                since: self.stream,
                source: record.source.clone(),
                tokens: record.tokens,
                is_member: standing == Standing::Member,
                sketch: record.sketch.clone(),
                lead: record.lead.clone(),
            })));
        }
        if let Some(part) = self.stories.remember(record, self.stream) {
            self.kept.push(Keep::Part(Box::new(part)));
        }
        self.forget();
    }

    /// Forgets what has left its window. After everything that is remembered, so that what is known follows from what came
    /// inside the windows alone.
    pub(crate) fn forget(&mut self) {
        self.registry.forget(self.stream);
        self.leaders.forget(self.stream);
        self.stories.forget(self.stream);
    }

    /// What is to be kept of what was taken in since this was last asked.
    pub(crate) fn keeping(&mut self) -> Keeping {
        let mut rows = std::mem::take(&mut self.kept);
        for (article, Meeting { seq, before }) in self.met.take() {
            let row = self.registry.row(article, seq).map(Box::new);
            rows.extend(row.map(|known| Keep::Known { known, before }));
        }
        Keeping {
            rows,
            stream: self.stream,
            horizon: self.horizon(),
        }
    }

    /// As what a record's text is posted, if it is: a new text, and a version or a copy that has something of its own. A
    /// copy of a copy is not, so that from any text it is two steps to a leader at most, however far copies drift.
    fn standing(&self, record: &Remembered, leader: Option<(Seq, ArticleId)>) -> Option<Standing> {
        if (record.tokens as usize) < COMPARABLE_TOKENS {
            return None;
        }
        let is_copy = |article| {
            self.registry
                .article(article)
                .is_some_and(|known| known.leader.is_some())
        };
        if leader.is_some_and(|(_, article)| is_copy(article)) {
            return None;
        }
        let before = self
            .registry
            .article(record.article)
            .and_then(|known| known.posted);
        let known = [before, leader.map(|(of, _)| of)];
        let has_its_own = known
            .into_iter()
            .flatten()
            .all(|known| self.leaders.has_its_own(record, known));
        match leader {
            _ if !has_its_own => None,
            None => Some(Standing::Leader),
            Some(_) => (!self.leaders.is_crowded(record)).then_some(Standing::Member),
        }
    }

    /// Takes in a stored sighting, as [`remember`](Self::remember) does a record.
    pub fn remember_sighting(&mut self, sighting: &Sighting) -> Keeping {
        self.take_in_sighting(sighting);
        self.keeping()
    }

    pub(crate) fn take_in_sighting(&mut self, sighting: &Sighting) {
        if let Some(place) = &sighting.place {
            self.stream = self.stream.max(place.seen_at);
        }
        self.next = self.next.max(sighting.seq.next());
        let before = self.registry.article(sighting.article).map(|known| known.day());
        self.registry.remember_sighting(sighting, self.stream);
        self.met.note(sighting.article, sighting.seq, before);
        self.forget();
    }

    /// Takes in a stored rejection, as [`remember`](Self::remember) does a record.
    pub fn remember_rejection(&mut self, seq: Seq, rejection: &Rejection) -> Keeping {
        self.take_in_rejection(seq, rejection);
        self.keeping()
    }

    pub(crate) fn take_in_rejection(&mut self, seq: Seq, rejection: &Rejection) {
        self.next = self.next.max(seq.next());
        if let Some(key) = &rejection.key {
            self.registry
                .remember_rejection(key, rejection.digest, self.stream);
            self.kept.push(Keep::Refused(RefusedEntry {
                seq,
                key: key.digest(),
                digest: rejection.digest,
                met: self.stream,
            }));
        }
        self.forget();
    }
}
