//! Likeness: how similar two articles are as reports of one event.
//!
//! In: their terms and how rare each is. Out: the cosine of the words, that of the names and figures, what they share of the
//! days they mention, and the one value that decides. Terms are weighted by how rare they are among the articles of the last
//! weeks (TF-IDF: Salton and Buckley, 1988).

use depeche_model::{Article, TermVector};
use jiff::Timestamp;

use crate::rarity::Rarity;
use crate::terms::{Terms, is_day};

/// The share of the words' cosine in the similarity; the rest is the names'. Names tell events apart, words alone
/// tell subjects. On labelled streams (`scripts/quality --stories`) 0.40 to 0.50 are equally good.
const WORDS: f64 = 0.45;
/// What the same days add to the similarity, at most: they confirm what words and names say, and are never enough alone.
const DAYS: f64 = 0.05;
/// From here on two articles report one event. Pairs of one subject and different events end at 0.23, but for a match and what
/// happened to a player in it; from 0.22 on, invented events of one town are taken for one.
pub(crate) const SAME_STORY: f64 = 0.25;
/// Below this cosine of names two articles report different events however alike their words are: two fillings of
/// one template reach 0.12, known pairs of one event begin at 0.17.
const COMMON_NAMES: f64 = 0.16;
/// A channel with less in it than this many rare terms is not taken for a whole text: a headline of two names is not
/// similar to every article that has them.
const FEWEST_TERMS: f64 = 6.0;
/// Terms that an article is remembered with, the weightiest of its words and of its names; what lies behind is worth a
/// hundredth of the similarity.
const KEPT: (usize, usize) = (64, 64);
/// How often a known article's term counts at most, in one byte: 2 % less than if it occurred 300 times.
const MOST_COUNTED: u16 = 255;

/// The similarity of two articles by channel, in 0–1.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct StorySimilarity {
    /// Cosine of the words.
    pub words: f64,
    /// Cosine of the names and numbers.
    pub names: f64,
    /// All channels, weighted: what is compared with the threshold.
    pub combined: f64,
    /// Days that both mention over those of the article that mentions fewer; 0 where one mentions none.
    pub days: f64,
}

impl StorySimilarity {
    /// Whether both report one event, as far as their words say.
    #[must_use]
    pub fn is_same_story(&self) -> bool {
        self.exceeds(1.0)
    }

    /// The same with both thresholds at a share of theirs.
    pub(crate) fn exceeds(&self, share: f64) -> bool {
        self.combined >= SAME_STORY * share && self.names >= COMMON_NAMES * share
    }
}

/// The terms of an article that is compared with known ones, with their weights of now.
#[derive(Debug, Clone)]
pub(crate) struct Weighted {
    words: Channel,
    names: Channel,
    days: Box<[u32]>,
}

#[derive(Debug, Clone)]
struct Channel {
    terms: Vec<Term>,
    length: f64,
}

#[derive(Debug, Clone, Copy)]
struct Term {
    hash: u32,
    count: u16,
    often: f64,
    rarity: f64,
}

impl Term {
    fn weight(self) -> f64 {
        self.often * self.rarity
    }
}

/// The terms of a known article: how often each occurs, and the length of all by the rarity of terms when it came. Lengths
/// change little in the few days it is compared; which of its names are rare changes with every report.
///
/// There are as many as articles in six days, so all is in one piece of memory: the terms of the words, of the names
/// and of the days, each ascending, then how often each word and name occurs, four to a number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    lengths: (f64, f64),
    words: u8,
    names: u8,
    all: Box<[u32]>,
}

/// One channel of what is kept.
struct KeptChannel<'a> {
    terms: &'a [u32],
    /// How often each occurs, from so many places on.
    counts: (&'a [u32], usize),
    length: f64,
}

impl Kept {
    fn of(words: &Channel, names: &Channel, days: &[u32]) -> Self {
        let (word_terms, name_terms) = (words.kept(KEPT.0), names.kept(KEPT.1));
        let both = || word_terms.iter().chain(&name_terms);
        let mut all: Vec<u32> = both().map(|term| term.hash).chain(days.iter().copied()).collect();
        let counts: Vec<u8> = both().map(|term| term.count.min(MOST_COUNTED) as u8).collect();
        all.extend(counts.chunks(4).map(|four| {
            let bytes = four.iter().rev();
            bytes.fold(0, |packed, count| packed << 8 | u32::from(*count))
        }));
        Self {
            lengths: (words.length, names.length),
            words: word_terms.len() as u8,
            names: name_terms.len() as u8,
            all: all.into_boxed_slice(),
        }
    }

    /// The words, the names and the days.
    fn channels(&self) -> (KeptChannel<'_>, KeptChannel<'_>, &[u32]) {
        let (words, names) = (usize::from(self.words), usize::from(self.names));
        let packed = (words + names).div_ceil(4);
        let (terms, counts) = self.all.split_at(self.all.len().saturating_sub(packed));
        let (word_terms, rest) = terms.split_at_checked(words).unwrap_or_default();
        let (name_terms, days) = rest.split_at_checked(names).unwrap_or_default();
        let channel = |terms, from, length| KeptChannel {
            terms,
            counts: (counts, from),
            length,
        };
        (
            channel(word_terms, 0, self.lengths.0),
            channel(name_terms, words, self.lengths.1),
            days,
        )
    }

    /// Bytes held beside the struct itself.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.all)
    }
}

impl KeptChannel<'_> {
    /// How often a term occurs over the length of all.
    fn often(&self, at: usize) -> f64 {
        let (counts, from) = self.counts;
        let at = from + at;
        let packed = counts.get(at / 4).copied().unwrap_or_default();
        let count = u16::from((packed >> (at % 4 * 8)) as u8);
        f64::from((often(count) / self.length) as f32)
    }
}

impl Weighted {
    /// Weighs terms.
    pub(crate) fn of(terms: &Terms, rarity: &Rarity, vector: &TermVector) -> Self {
        Self {
            words: Channel::of(terms, rarity, &vector.words),
            names: Channel::of(terms, rarity, &vector.names),
            days: vector
                .names
                .iter()
                .map(|&(term, _)| term)
                .filter(|&term| is_day(term))
                .collect(),
        }
    }

    /// What is kept of it.
    pub(crate) fn kept(&self) -> Kept {
        Kept::of(&self.words, &self.names, &self.days)
    }

    /// How similar a known article is.
    pub(crate) fn similarity(&self, known: &Kept) -> StorySimilarity {
        let (words, names, days) = known.channels();
        let words = self.words.cosine(&words);
        let names = self.names.cosine(&names);
        let days = share(&self.days, days);
        StorySimilarity {
            words,
            names,
            combined: WORDS * words + (1.0 - WORDS) * names + DAYS * days,
            days,
        }
    }

    /// The weightiest words and names, so many of each, with their share in the similarity.
    pub(crate) fn weightiest(&self, (words, names): (usize, usize)) -> Vec<(u32, f32)> {
        let mut all = Vec::with_capacity(words + names);
        for (channel, limit, share) in [(&self.words, words, WORDS), (&self.names, names, 1.0 - WORDS)] {
            let share = share / channel.length;
            let terms = channel.weightiest(limit);
            all.extend(
                terms
                    .into_iter()
                    .map(|term| (term.hash, (term.weight() * share) as f32)),
            );
        }
        // A word and a name hardly ever share a hash, and are one term where they do.
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        all.dedup_by_key(|(term, _)| *term);
        all
    }
}

impl Channel {
    fn of(terms: &Terms, rarity: &Rarity, counted: &[(u32, u16)]) -> Self {
        let terms: Vec<Term> = counted
            .iter()
            .filter(|(term, _)| !is_day(*term))
            .map(|&(term, count)| Term {
                hash: term,
                count,
                often: often(count),
                rarity: rarity.weight(terms, term),
            })
            .collect();
        let length = terms
            .iter()
            .map(|term| term.weight() * term.weight())
            .sum::<f64>()
            .sqrt();
        Self {
            terms,
            length: length.max(FEWEST_TERMS.sqrt() * rarity.weight_of_unknown()),
        }
    }

    /// The weightiest terms, in no order.
    fn weightiest(&self, limit: usize) -> Vec<Term> {
        let mut terms = self.terms.clone();
        if terms.len() > limit {
            terms.select_nth_unstable_by(limit, |a, b| {
                b.weight().total_cmp(&a.weight()).then(a.hash.cmp(&b.hash))
            });
            terms.truncate(limit);
        }
        terms
    }

    /// The weightiest terms, by their hashes.
    fn kept(&self, limit: usize) -> Vec<Term> {
        let mut terms = self.weightiest(limit);
        terms.sort_unstable_by_key(|term| term.hash);
        terms
    }

    fn cosine(&self, known: &KeptChannel<'_>) -> f64 {
        let (mut i, mut j, mut product) = (0, 0, 0.0);
        while let (Some(own), Some(term)) = (self.terms.get(i), known.terms.get(j)) {
            if own.hash == *term {
                product += own.weight() * own.rarity * known.often(j);
            }
            i += usize::from(own.hash <= *term);
            j += usize::from(*term <= own.hash);
        }
        product / self.length
    }
}

/// What two ascending lists share, over the shorter one.
fn share(a: &[u32], b: &[u32]) -> f64 {
    let shared = a.iter().filter(|term| b.binary_search(term).is_ok()).count();
    shared as f64 / a.len().min(b.len()).max(1) as f64
}

/// What a term's repetition adds: less each time.
fn often(count: u16) -> f64 {
    match count {
        // Most terms, and those of the opening, without working it out.
        1 => 1.0,
        2 => 1.0 + std::f64::consts::LN_2,
        count => 1.0 + f64::from(count.max(1)).ln(),
    }
}

/// How similar two articles with their captures' times are when nothing but the prior says which terms are rare.
pub(crate) fn similarity_by_prior(
    terms: &mut Terms,
    a: (&Article, Timestamp),
    b: (&Article, Timestamp),
) -> StorySimilarity {
    let rarity = Rarity::default();
    let mut weigh = |(article, captured_at)| {
        let vector = terms.of(article, captured_at);
        Weighted::of(terms, &rarity, &vector)
    };
    let a = weigh(a);
    a.similarity(&weigh(b).kept())
}
