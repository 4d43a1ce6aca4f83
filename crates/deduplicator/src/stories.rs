//! Stories: the articles of one event, whatever their words.
//!
//! In: what an article is about and when it can have been published. Out: the story it belongs to, if one is open.
//! Every article is compared with the articles of open stories by the cosine of its words and of its names, each
//! weighted by how rare it is among the articles of the last days (TF-IDF: Salton and Buckley, 1988). The
//! rarity blends the stream's own counts with a prior, so that five articles on one subject do not make its
//! vocabulary look common, nor a first article's look rare.
//!
//! All articles of a story lie within the story window: a running subject breaks into its events.

use std::collections::{BTreeSet, VecDeque};

use depeche_model::{Article, Remembered, Seq, StoryId, TermVector, Verdict};
use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashMap;

use crate::aliases::Aliases;
use crate::postings::Postings;
use crate::terms::{Terms, UNLISTED};

/// The share of the words' cosine in the similarity; the rest is the names'. Names tell events apart, words alone
/// tell subjects.
const WORDS: f64 = 0.35;
/// From here on two articles report one event. Known pairs of one event begin at 0.32, pairs of one subject and
/// different events end at 0.21.
const SAME_STORY: f64 = 0.265;
/// Below this cosine of names two articles report different events however alike their words are: two fillings of
/// one template reach 0.12, known pairs of one event begin at 0.40.
const COMMON_NAMES: f64 = 0.25;
/// A channel with less in it than this many rare terms is not taken for a whole text: a headline of two names is not
/// similar to every article that has them.
const FEWEST_TERMS: f64 = 6.0;
/// How many articles the prior counts for.
const PRIOR_ARTICLES: f64 = 500.0;
/// Terms of an article by which it is found, the weightiest of its words and of its names.
const POSTED: (usize, usize) = (32, 48);
/// Terms by which others are looked up: more, as what is weighty here may be less so there.
const LOOKED_UP: (usize, usize) = (64, 96);
/// A term that more open articles post says nothing.
const FREQUENT: u32 = 256;
/// Articles that are compared in full.
const COMPARED: usize = 24;

type Range = (Timestamp, Timestamp);

/// The similarity of two articles by channel, in 0–1.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct StorySimilarity {
    /// Cosine of the words.
    pub words: f64,
    /// Cosine of the names and numbers.
    pub names: f64,
    /// Both, weighted: what is compared with the threshold.
    pub combined: f64,
}

impl StorySimilarity {
    /// Whether both report one event, as far as their words say.
    #[must_use]
    pub fn is_same_story(&self) -> bool {
        self.combined >= SAME_STORY && self.names >= COMMON_NAMES
    }
}

/// How rare each term is.
#[derive(Debug, Clone, Default)]
struct Rarity {
    articles: u32,
    used_by: FxHashMap<u32, u32>,
}

impl Rarity {
    fn weight(&self, terms: &Terms, term: u32) -> f64 {
        let used = f64::from(self.used_by.get(&term).copied().unwrap_or(0));
        let all = f64::from(self.articles) + PRIOR_ARTICLES;
        sharpened((all / (used + terms.prior(term) * PRIOR_ARTICLES)).ln())
    }

    /// The weight of a term that no article used yet and the prior does not list, by which channels are measured.
    fn weight_of_unknown(&self) -> f64 {
        let all = f64::from(self.articles) + PRIOR_ARTICLES;
        sharpened((all / (UNLISTED * PRIOR_ARTICLES)).ln())
    }

    fn add(&mut self, vector: &TermVector) {
        self.articles += 1;
        for (term, _) in vector.words.iter().chain(&vector.names) {
            *self.used_by.entry(*term).or_insert(0) += 1;
        }
    }

    fn remove(&mut self, vector: &TermVector) {
        self.articles -= 1;
        for (term, _) in vector.words.iter().chain(&vector.names) {
            if let Some(used) = self.used_by.get_mut(term) {
                *used -= 1;
                if *used == 0 {
                    self.used_by.remove(term);
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Member {
    seq: Seq,
    story: StoryId,
    vector: TermVector,
    norms: Norms,
    posted: Vec<u32>,
    /// Counted in the rarity of its terms; a later version of an article is not.
    is_new: bool,
    added_at: Timestamp,
}

/// When the articles of a story can have been published, and when one was last added.
#[derive(Debug, Clone, Copy)]
struct Story {
    earliest_end: Timestamp,
    latest_start: Timestamp,
    last_added: Timestamp,
}

/// All open stories.
pub(crate) struct Stories {
    terms: Terms,
    rarity: Rarity,
    members: VecDeque<Member>,
    /// The number of the first member.
    first: u32,
    postings: Postings,
    open: FxHashMap<StoryId, Story>,
    by_age: BTreeSet<(Timestamp, StoryId)>,
    window: SignedDuration,
}

impl Stories {
    /// No stories yet.
    pub(crate) fn new(window: SignedDuration, aliases: Aliases) -> Self {
        Self {
            terms: Terms::new(aliases),
            rarity: Rarity::default(),
            members: VecDeque::new(),
            first: 0,
            postings: Postings::new(FREQUENT),
            open: FxHashMap::default(),
            by_age: BTreeSet::new(),
            window,
        }
    }

    /// What an article is about.
    pub(crate) fn terms(&self, article: &Article) -> TermVector {
        self.terms.of(article)
    }

    /// The open story that an article belongs to: the one with the most similar article, of equals the first.
    pub(crate) fn find(&self, vector: &TermVector, event: Range, now: Timestamp) -> Option<StoryId> {
        let query = Weighted::of(&self.terms, &self.rarity, vector);
        let holders = self.postings.holders(query.weightiest(LOOKED_UP));
        let mut candidates: Vec<(u32, &Member)> = holders
            .into_iter()
            .filter_map(|(holder, shared)| {
                Some((
                    shared,
                    self.members.get(holder.wrapping_sub(self.first) as usize)?,
                ))
            })
            .collect();
        candidates.sort_unstable_by_key(|(shared, member)| (std::cmp::Reverse(*shared), member.seq));
        candidates
            .into_iter()
            .filter(|(_, member)| self.is_open(member.story, event, now))
            .take(COMPARED)
            .map(|(_, member)| (query.similarity(&member.vector, member.norms), member))
            .filter(|(similarity, _)| similarity.is_same_story())
            .max_by(|(a, x), (b, y)| a.combined.total_cmp(&b.combined).then(y.seq.cmp(&x.seq)))
            .map(|(_, member)| member.story)
    }

    /// Whether a story still takes articles, and whether all of its articles are near enough in time to this one.
    fn is_open(&self, story: StoryId, event: Range, now: Timestamp) -> bool {
        self.open.get(&story).is_some_and(|story| {
            now.duration_since(story.last_added) <= self.window
                && event.0.duration_since(story.earliest_end) <= self.window
                && story.latest_start.duration_since(event.1) <= self.window
        })
    }

    /// Takes in a record: new articles and new versions say what their story is about, copies keep it open. Only a
    /// new article opens a story, and nothing opens one again.
    pub(crate) fn remember(&mut self, record: &Remembered, stream: Timestamp) {
        let (start, end) = record.event;
        let is_new = record.verdict == Verdict::New;
        match self.open.get_mut(&record.story) {
            Some(story) if is_new || stream.duration_since(story.last_added) <= self.window => {
                self.by_age.remove(&(story.last_added, record.story));
                story.last_added = stream;
                if is_new {
                    story.earliest_end = story.earliest_end.min(end);
                    story.latest_start = story.latest_start.max(start);
                }
            }
            None if is_new => {
                let story = Story {
                    earliest_end: end,
                    latest_start: start,
                    last_added: stream,
                };
                self.open.insert(record.story, story);
            }
            _ => return,
        }
        self.by_age.insert((stream, record.story));
        if record.verdict.is_duplicate() {
            return;
        }
        if is_new {
            self.rarity.add(&record.terms);
        }
        let weighted = Weighted::of(&self.terms, &self.rarity, &record.terms);
        let posted = weighted.weightiest(POSTED);
        let number = self.first.wrapping_add(self.members.len() as u32);
        self.postings.add(number, posted.iter().copied());
        self.members.push_back(Member {
            seq: record.seq,
            story: record.story,
            vector: record.terms.clone(),
            norms: weighted.norms(),
            posted,
            is_new,
            added_at: stream,
        });
    }

    /// Forgets articles that no open story can hold any more: a story is open for one window after its last
    /// article, and its articles lie within one window.
    pub(crate) fn forget(&mut self, stream: Timestamp) {
        while let Some(oldest) = self.members.front()
            && stream.duration_since(oldest.added_at) > self.window * 2
        {
            self.postings.forget(self.first, oldest.posted.iter().copied());
            if oldest.is_new {
                self.rarity.remove(&oldest.vector);
            }
            self.members.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        while let Some(&(last_added, story)) = self.by_age.first()
            && stream.duration_since(last_added) > self.window * 2
        {
            self.by_age.pop_first();
            self.open.remove(&story);
        }
    }
}

/// How similar two articles are when nothing but the prior says which terms are rare.
pub(crate) fn similarity_by_prior(terms: &Terms, a: &Article, b: &Article) -> StorySimilarity {
    let rarity = Rarity::default();
    let weigh = |article| Weighted::of(terms, &rarity, &terms.of(article));
    weigh(a).similarity(&terms.of(b), weigh(b).norms())
}

/// A rarity to the power of 2.5. At the power of 1, the names that every report on a war repeats outweigh the one
/// place where this event happened; from 2 on they do not.
fn sharpened(rarity: f64) -> f64 {
    let rarity = rarity.max(0.0);
    rarity * rarity * rarity.sqrt()
}

/// What a term's repetition adds: less each time.
fn often(count: u16) -> f64 {
    1.0 + f64::from(count).ln()
}

/// A term vector with its weights.
struct Weighted {
    words: Channel,
    names: Channel,
}

struct Channel {
    terms: Vec<WeightedTerm>,
    norm: f64,
}

struct WeightedTerm {
    term: u32,
    rarity: f64,
    weight: f64,
}

/// The lengths of an article's two channels, by the rarity of its terms when it came: they change little in the few
/// days it is compared.
#[derive(Debug, Clone, Copy)]
struct Norms {
    words: f64,
    names: f64,
}

impl Weighted {
    fn of(terms: &Terms, rarity: &Rarity, vector: &TermVector) -> Self {
        let least = FEWEST_TERMS.sqrt() * rarity.weight_of_unknown();
        let channel = |counted: &[(u32, u16)]| {
            let terms: Vec<WeightedTerm> = counted
                .iter()
                .map(|&(term, count)| {
                    let rarity = rarity.weight(terms, term);
                    WeightedTerm {
                        term,
                        rarity,
                        weight: often(count) * rarity,
                    }
                })
                .collect();
            let norm = terms
                .iter()
                .map(|term| term.weight * term.weight)
                .sum::<f64>()
                .sqrt();
            Channel {
                terms,
                norm: norm.max(least),
            }
        };
        Self {
            words: channel(&vector.words),
            names: channel(&vector.names),
        }
    }

    fn norms(&self) -> Norms {
        Norms {
            words: self.words.norm,
            names: self.names.norm,
        }
    }

    fn similarity(&self, other: &TermVector, norms: Norms) -> StorySimilarity {
        let words = self.words.cosine(&other.words, norms.words);
        let names = self.names.cosine(&other.names, norms.names);
        StorySimilarity {
            words,
            names,
            combined: WORDS * words + (1.0 - WORDS) * names,
        }
    }

    /// The weightiest words and names, so many of each.
    fn weightiest(&self, (words, names): (usize, usize)) -> Vec<u32> {
        let mut weightiest = Vec::with_capacity(words + names);
        for (channel, limit) in [(&self.words, words), (&self.names, names)] {
            let mut terms: Vec<&WeightedTerm> = channel.terms.iter().collect();
            terms.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.term.cmp(&b.term)));
            weightiest.extend(terms.into_iter().take(limit).map(|term| term.term));
        }
        weightiest.sort_unstable();
        weightiest.dedup();
        weightiest
    }
}

impl Channel {
    fn cosine(&self, other: &[(u32, u16)], norm: f64) -> f64 {
        let (mut i, mut j, mut product) = (0, 0, 0.0);
        while let (Some(own), Some((term, count))) = (self.terms.get(i), other.get(j)) {
            if own.term == *term {
                product += own.weight * own.rarity * often(*count);
            }
            i += usize::from(own.term <= *term);
            j += usize::from(*term <= own.term);
        }
        product / (self.norm * norm)
    }
}
