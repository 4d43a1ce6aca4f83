//! Stories: the articles of one event, whatever their words.
//!
//! In: what an article is about and when it can have been published. Out: the story it belongs to, if one is open.
//! Every article is compared with the articles of open stories, and joins the story of the most similar one. A
//! story is open for one window after its last article, so it lasts as long as its articles follow each other; articles
//! that many windows of time separate are never compared, so that a subject in the news breaks into its events.

use std::collections::{BTreeSet, VecDeque};

use depeche_model::{
    Article, ArticleId, Remembered, Seq, StoryId, StoryPart, StreamDay, TermVector, Verdict,
};
use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;

use crate::aliases::Aliases;
use crate::leaders::Moment;
use crate::likeness::{Kept, StorySimilarity, Weighted};
use crate::postings::Postings;
use crate::rarity::{self, Rarity};
use crate::size::{Held, table_bytes};
use crate::terms::Terms;

/// Terms of an article by which it is found, the weightiest of its words and of its names.
const POSTED: (usize, usize) = (24, 40);
/// Terms by which others are looked up: more, as what is weighty here may be less so there.
const LOOKED_UP: (usize, usize) = (48, 64);
/// A term that more open articles post says nothing.
const FREQUENT: usize = 256;
/// Articles that are compared in full.
const COMPARED: usize = 24;
/// From so many compared articles of a story on, one similar article is not enough: a story that has drifted, or holds one
/// article that is about everything, would else take in its neighbours.
const MANY: usize = 4;
/// The share of the thresholds that the second most similar article of such a story must reach.
const SECOND: f64 = 0.6;
/// The share of the thresholds that is enough for the story of an article that was reused in part.
const REUSED: f64 = 0.7;
/// Articles that are compared with, at most; the oldest are forgotten first. Six days of 30,000 new texts, 190 MB.
const MOST_MEMBERS: usize = 180_000;
/// Members looked over at each record: with 20,000 records a day, all of them twice a day.
const LOOKED_OVER: usize = 4;

type Range = (Timestamp, Timestamp);

#[derive(Debug, Clone)]
struct Member {
    seq: Seq,
    article: ArticleId,
    story: StoryId,
    /// Nothing, once its story takes no more articles.
    kept: Kept,
    added_at: Timestamp,
}

/// When the articles of a story can have been published, and when one was last added.
#[derive(Debug, Clone, Copy)]
struct Story {
    earliest_end: Timestamp,
    latest_start: Timestamp,
    last_added: Timestamp,
}

/// What comparing texts said of an article that is nobody's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// Nothing.
    None,
    /// It takes passages from this one.
    Reuses(ArticleId),
    /// It fills the same template as this one, for another event.
    FillsTemplateOf(ArticleId),
}

/// All open stories.
pub struct Stories {
    terms: Terms,
    rarity: Rarity,
    members: VecDeque<Member>,
    /// The number of the first member.
    first: u32,
    /// The number of the member that is looked over next.
    looked_over: u32,
    /// Bytes of what is kept of all members.
    kept_bytes: usize,
    postings: Postings,
    open: FxHashMap<StoryId, Story>,
    by_age: BTreeSet<(Timestamp, StoryId)>,
    window: SignedDuration,
}

impl Stories {
    /// No stories yet.
    #[must_use]
    pub fn new(window: SignedDuration, aliases: Aliases) -> Self {
        Self {
            terms: Terms::new(aliases),
            rarity: Rarity::default(),
            members: VecDeque::new(),
            first: 0,
            looked_over: 0,
            kept_bytes: 0,
            postings: Postings::new(FREQUENT),
            open: FxHashMap::default(),
            by_age: BTreeSet::new(),
            window,
        }
    }

    /// How much is held.
    pub(crate) fn held(&self) -> Held {
        let members = self.members.capacity() * size_of::<Member>() + self.kept_bytes;
        let open = table_bytes(self.open.capacity(), size_of::<(StoryId, Story)>())
            + self.by_age.len() * size_of::<(Timestamp, StoryId)>();
        Held {
            count: self.members.len(),
            bytes: members + open + self.postings.bytes() + self.rarity.bytes(),
        }
    }

    /// Reads names with these spellings from now on.
    pub(crate) fn set_aliases(&mut self, aliases: &Aliases) {
        if !self.terms.reads_with(aliases) {
            self.terms = Terms::new(aliases.clone());
        }
    }

    /// What an article is about.
    pub fn terms(&mut self, article: &Article, captured_at: Timestamp) -> TermVector {
        self.terms.of(article, captured_at)
    }

    /// The open story that an article belongs to: the one with the most similar article, of equals the first.
    pub fn find(&mut self, vector: &TermVector, event: Range, hint: Hint, now: Timestamp) -> Option<StoryId> {
        let query = Weighted::of(&self.terms, &self.rarity, vector);
        let terms = query.weightiest(LOOKED_UP);
        let holders = self.postings.holders(&terms, self.first, self.members.len());
        let compared: Vec<(StorySimilarity, &Member)> = holders
            .into_iter()
            .filter_map(|holder| self.members.get(holder.wrapping_sub(self.first) as usize))
            .filter(|member| self.is_open(member.story, event, now))
            .take(COMPARED)
            .map(|member| (query.similarity(&member.kept), member))
            .collect();
        let mut found: Vec<Found> = Vec::new();
        for (similarity, member) in compared {
            match found.iter_mut().find(|found| found.story == member.story) {
                Some(found) => found.add(similarity, member),
                None => found.push(Found::of(similarity, member)),
            }
        }
        found
            .into_iter()
            .filter(|found| match hint {
                Hint::Reuses(article) if found.articles.contains(&article) => found.is_one_with(REUSED),
                Hint::FillsTemplateOf(article) if found.articles.contains(&article) => false,
                _ => found.is_one_with(1.0),
            })
            .max_by(|a, b| {
                a.best
                    .combined
                    .total_cmp(&b.best.combined)
                    .then(b.first.cmp(&a.first))
            })
            .map(|found| found.story)
    }

    /// Whether a story still takes articles, and whether this one is near enough in time to those it has.
    fn is_open(&self, story: StoryId, event: Range, now: Timestamp) -> bool {
        self.open.get(&story).is_some_and(|story| {
            now.duration_since(story.last_added) <= self.window
                && event.0.duration_since(story.latest_start) <= self.window
                && story.earliest_end.duration_since(event.1) <= self.window
        })
    }

    /// Takes in a record: new articles and new versions say what their story is about, copies keep it open. Only a
    /// new article opens a story, and nothing opens one again. Gives back what it added, if anything.
    pub fn remember(&mut self, record: &Remembered, stream: Timestamp) -> Option<StoryPart> {
        let (start, end) = record.event;
        let is_new = record.verdict == Verdict::New;
        let (earliest_end, latest_start) = match self.open.get(&record.story) {
            Some(story) if is_new || stream.duration_since(story.last_added) <= self.window => {
                if record.verdict == Verdict::Revision {
                    (story.earliest_end, story.latest_start)
                } else {
                    (story.earliest_end.min(end), story.latest_start.max(start))
                }
            }
            None if is_new => (end, start),
            _ => return None,
        };
        let part = StoryPart {
            seq: record.seq,
            article: record.article,
            story: record.story,
            verdict: record.verdict,
            added_at: stream,
            earliest_end,
            latest_start,
            terms: if record.verdict.is_duplicate() {
                TermVector::default()
            } else {
                record.terms.clone()
            },
        };
        self.add(&part);
        Some(part)
    }

    /// Takes in what a record added before the last stop, with all that was added from the first day of
    /// [`horizon`](Self::horizon) on, in order. Only what is needed at `stream` or later is made of it.
    pub(crate) fn take_in(&mut self, part: &StoryPart, stream: Timestamp) {
        if self.is_past(part.added_at, stream) {
            self.count(part);
        } else {
            self.add(part);
            self.forget(part.added_at);
        }
    }

    /// A later version of an article is not counted again, and is weighed by what counts on its own day.
    fn count(&mut self, part: &StoryPart) {
        match part.verdict {
            Verdict::New => self.rarity.add(&part.terms, part.added_at),
            Verdict::Revision => self.rarity.turn(part.added_at),
            _ => {}
        }
    }

    fn add(&mut self, part: &StoryPart) {
        let story = Story {
            earliest_end: part.earliest_end,
            latest_start: part.latest_start,
            last_added: part.added_at,
        };
        if let Some(before) = self.open.insert(part.story, story) {
            self.by_age.remove(&(before.last_added, part.story));
        }
        self.by_age.insert((part.added_at, part.story));
        if part.verdict.is_duplicate() {
            return;
        }
        self.count(part);
        let weighted = Weighted::of(&self.terms, &self.rarity, &part.terms);
        let posted = weighted.weightiest(POSTED).into_iter().map(|(term, _)| term);
        let number = self.first.wrapping_add(self.members.len() as u32);
        self.postings
            .add(number, Moment::from(part.added_at).day(), posted);
        let kept = weighted.kept();
        self.kept_bytes += kept.bytes();
        self.members.push_back(Member {
            seq: part.seq,
            article: part.article,
            story: part.story,
            kept,
            added_at: part.added_at,
        });
    }

    /// The first day of which every addition is needed again to go on after `stream`: articles that are compared with were
    /// weighed by what was counted in the weeks before them.
    pub(crate) fn horizon(&self, stream: Timestamp) -> StreamDay {
        let compared = StreamDay::back(stream, self.window * 2);
        // Counts go by the days of additions: where none came for long, the last days with any count still.
        let counted = match self.rarity.last_day() {
            Some(last) => compared.min(StreamDay(last as i32)),
            None => compared,
        };
        counted.before(rarity::DAYS as i32 - 1)
    }

    fn is_past(&self, added_at: Timestamp, stream: Timestamp) -> bool {
        stream.duration_since(added_at) > self.window * 2
    }

    /// Forgets articles that are two windows old, by when few stories that hold them take others, and the oldest where
    /// there are too many.
    pub fn forget(&mut self, stream: Timestamp) {
        while let Some(oldest) = self.members.front()
            && (self.is_past(oldest.added_at, stream) || self.members.len() > MOST_MEMBERS)
        {
            self.kept_bytes -= oldest.kept.bytes();
            self.members.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        self.postings.forget(self.first);
        self.let_go_of_closed(stream);
        while let Some(&(last_added, story)) = self.by_age.first()
            && self.is_past(last_added, stream)
        {
            self.by_age.pop_first();
            self.open.remove(&story);
        }
    }

    /// Looks a few members over, one after another, and drops the terms of those whose story takes no more articles: nothing is
    /// compared with them again.
    fn let_go_of_closed(&mut self, stream: Timestamp) {
        for _ in 0..LOOKED_OVER.min(self.members.len()) {
            let at = self.looked_over.wrapping_sub(self.first) as usize;
            let Some(member) = self.members.get_mut(at) else {
                self.looked_over = self.first;
                continue;
            };
            let is_open = |story: &Story| stream.duration_since(story.last_added) <= self.window;
            if !self.open.get(&member.story).is_some_and(is_open) {
                self.kept_bytes -= member.kept.bytes();
                member.kept = Kept::default();
            }
            self.looked_over = self.looked_over.wrapping_add(1);
        }
    }
}

/// An open story with those of its articles that were compared.
struct Found {
    story: StoryId,
    /// Of the most similar article, of those that report the same event if there are any.
    best: StorySimilarity,
    first: Seq,
    articles: Vec<ArticleId>,
    /// Other articles that are similar enough to confirm the best one.
    seconds: usize,
}

impl Found {
    fn of(similarity: StorySimilarity, member: &Member) -> Self {
        Self {
            story: member.story,
            best: similarity,
            first: member.seq,
            articles: vec![member.article],
            seconds: 0,
        }
    }

    fn add(&mut self, similarity: StorySimilarity, member: &Member) {
        let rank = |similarity: StorySimilarity| (similarity.is_same_story(), similarity.combined);
        let (better, worse) = if rank(similarity) > rank(self.best) {
            (similarity, self.best)
        } else {
            (self.best, similarity)
        };
        self.best = better;
        self.seconds += usize::from(worse.exceeds(SECOND));
        self.first = self.first.min(member.seq);
        self.articles.push(member.article);
    }

    /// Whether an article that resembles it so belongs to it, with the thresholds at a share of theirs.
    fn is_one_with(&self, share: f64) -> bool {
        self.best.exceeds(share) && (self.articles.len() < MANY || self.seconds > 0)
    }
}

#[cfg(test)]
mod tests {
    use depeche_model::Digest;

    use super::*;

    /// Terms that share so many of ten names with the first article's, and no words.
    fn names(shared: u32) -> TermVector {
        let others = 1000 * shared;
        TermVector {
            words: (0..10).map(|word| (50_000 + others + word, 1)).collect(),
            names: (0..10)
                .map(|name| (if name < shared { name } else { 100 + others + name }, 1))
                .collect(),
        }
    }

    fn record(number: u64, terms: TermVector) -> Remembered {
        let at = Timestamp::UNIX_EPOCH;
        Remembered {
            seq: Seq(number),
            article: article(number),
            revision: 1,
            verdict: Verdict::New,
            of: None,
            captured_at: at,
            event: (at, at),
            source: String::new(),
            keys: Vec::new(),
            content: Digest([0; 16]),
            entry_digest: None,
            tokens: 100,
            sketch: depeche_model::Sketch::default(),
            lead: depeche_model::Sketch::default(),
            story: story(number),
            terms,
        }
    }

    fn article(number: u64) -> ArticleId {
        ArticleId(Digest(u128::from(number).to_be_bytes()))
    }

    fn story(number: u64) -> StoryId {
        StoryId(Digest(u128::from(number).to_be_bytes()))
    }

    fn find(stories: &mut Stories, terms: &TermVector, hint: Hint) -> Option<StoryId> {
        let at = Timestamp::UNIX_EPOCH;
        stories.find(terms, (at, at), hint, at)
    }

    #[test]
    fn what_comparing_texts_said_counts_for_the_story_of_that_article_alone() {
        let mut stories = Stories::new(SignedDuration::from_hours(72), Aliases::default());
        let at = Timestamp::UNIX_EPOCH;
        stories.remember(&record(1, names(10)), at);
        let (hardly, well) = (names(5), names(8));
        assert_eq!(find(&mut stories, &hardly, Hint::None), None);
        assert_eq!(find(&mut stories, &hardly, Hint::Reuses(article(2))), None);
        assert_eq!(
            find(&mut stories, &hardly, Hint::Reuses(article(1))),
            Some(story(1))
        );
        assert_eq!(find(&mut stories, &well, Hint::None), Some(story(1)));
        assert_eq!(
            find(&mut stories, &well, Hint::FillsTemplateOf(article(2))),
            Some(story(1))
        );
        assert_eq!(find(&mut stories, &well, Hint::FillsTemplateOf(article(1))), None);
    }

    #[test]
    fn the_most_similar_article_names_the_story_and_of_equals_the_first() {
        let mut stories = Stories::new(SignedDuration::from_hours(72), Aliases::default());
        let at = Timestamp::UNIX_EPOCH;
        for number in [1, 2] {
            stories.remember(&record(number, names(10)), at);
        }
        assert_eq!(find(&mut stories, &names(9), Hint::None), Some(story(1)));
        stories.remember(&record(3, names(9)), at);
        assert_eq!(find(&mut stories, &names(9), Hint::None), Some(story(3)));
    }

    #[test]
    fn a_version_before_its_day_s_first_new_article_is_weighed_alike_after_a_restart() {
        let on = |day: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        let new = || Stories::new(SignedDuration::from_hours(72), Aliases::default());
        let mut stories = new();
        // The words of the version are used by many on a day that counts no longer on the version's own.
        let mut all: Vec<(i64, Remembered)> = (1..100).map(|n| (0, record(n, names(10)))).collect();
        all.push((20, record(100, names(9))));
        let version = Remembered {
            verdict: Verdict::Revision,
            story: story(100),
            ..record(101, names(10))
        };
        all.push((21, version));
        all.push((27, record(102, names(1))));
        let mut parts = Vec::new();
        for (day, record) in all {
            parts.extend(stories.remember(&record, on(day)));
            stories.forget(on(day));
        }
        let horizon = stories.horizon(on(27));
        assert!(
            horizon > StreamDay::from(on(0)),
            "the first day is not read again"
        );
        let mut restored = new();
        for part in parts
            .iter()
            .filter(|part| StreamDay::from(part.added_at) >= horizon)
        {
            restored.take_in(part, on(27));
        }
        let weighed = |stories: &Stories| {
            let member = stories.members.iter().find(|member| member.seq == Seq(101));
            format!("{:?}", member.expect("it is compared with still").kept)
        };
        assert_eq!(weighed(&restored), weighed(&stories));
    }
}
