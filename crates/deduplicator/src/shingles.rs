//! Shingles: how alike two texts are, word for word.
//!
//! In: the tokens of a folded text. Out: sketches to find and estimate by, and exact values where an
//! estimate is too coarse. A shingle is a run of four tokens (Broder, *On the resemblance and containment of
//! documents*, 1997). A sketch keeps the shingles whose hash falls under a fixed share of the hash space
//! (`FracMinHash`: Irber et al., 2022), so that sketches of texts of any length can be compared for both
//! resemblance and containment. The share of shared fingerprints estimates the share of shared shingles.

use depeche_model::Sketch;

use crate::fold::{Folded, ODD, mix};

/// Tokens in a shingle: fewer find stock phrases, more lose texts with a word changed in every line.
pub(crate) const SHINGLE: usize = 4;
/// The whole text keeps one shingle in 2³: about 50 fingerprints for an article of 400 words.
const WHOLE_SHIFT: u32 = 64 - 3;
/// The opening keeps one shingle in 2: a teaser of 25 words still has about 11 fingerprints.
const LEAD_SHIFT: u32 = 64 - 1;
/// Shingles that count as the opening: the first hundred words.
pub(crate) const LEAD_SHINGLES: usize = 96;
/// Fingerprints are the 32 bits below those that sampling looks at, in both sketches.
const FINGERPRINT_SHIFT: u32 = 64 - 3 - 32;

/// Shingles of a text that are looked at: a text of more words is a book, and its beginning tells which.
const LONGEST: usize = 50_000;

/// The two sketches of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketches {
    /// One in eight of all shingles.
    pub whole: Sketch,
    /// One in two of the first 96 shingles.
    pub lead: Sketch,
}

/// The sketches of a text.
#[must_use]
pub fn sketch(text: &str) -> Sketches {
    sketch_tokens(Folded::of(text).tokens())
}

/// The sketches of a folded text.
pub(crate) fn sketch_tokens(tokens: &[u64]) -> Sketches {
    let mut whole = Vec::with_capacity(tokens.len() / 6 + 1);
    let mut lead = Vec::with_capacity(LEAD_SHINGLES);
    for (position, shingle) in shingles(tokens).enumerate() {
        let fingerprint = (shingle >> FINGERPRINT_SHIFT) as u32;
        if shingle >> WHOLE_SHIFT == 0 {
            whole.push(fingerprint);
        }
        if position < LEAD_SHINGLES && shingle >> LEAD_SHIFT == 0 {
            lead.push(fingerprint);
        }
    }
    Sketches {
        whole: Sketch::new(whole),
        lead: Sketch::new(lead),
    }
}

/// The hash of every shingle that is looked at, in order.
pub(crate) fn shingles(tokens: &[u64]) -> impl Iterator<Item = u64> {
    tokens.windows(SHINGLE).take(LONGEST).map(|window| {
        mix(window.iter().fold(0, |hash: u64, token| {
            (hash.rotate_left(23) ^ token).wrapping_mul(ODD)
        }))
    })
}

/// How alike two texts are: shares in 0–1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Similarity {
    /// Shared shingles over all shingles of both.
    pub(crate) jaccard: f64,
    /// Shared shingles over those of the shorter text.
    pub(crate) containment: f64,
    /// The same of the two openings.
    pub(crate) lead: f64,
    /// Counted on the texts; otherwise estimated from sketches.
    pub(crate) exact: bool,
}

impl Similarity {
    /// The estimate from the fingerprints of two whole texts and of their openings.
    pub(crate) fn estimate(whole: Counts, lead: Counts) -> Self {
        let (jaccard, containment) = whole.shares();
        Self {
            jaccard,
            containment,
            lead: lead.shares().1,
            exact: false,
        }
    }

    /// The count on two folded texts.
    pub(crate) fn count(a: &[u64], b: &[u64]) -> Self {
        Self::of(&Shingled::of(a), &Shingled::of(b))
    }

    /// The count on the shingles of two texts.
    pub(crate) fn of(a: &Shingled, b: &Shingled) -> Self {
        let (jaccard, containment) = Counts::of(&a.all, &b.all).shares();
        Self {
            jaccard,
            containment,
            lead: Counts::of(&a.opening, &b.opening).shares().1,
            exact: true,
        }
    }
}

/// The distinct shingles of a text.
#[derive(Debug, Clone)]
pub(crate) struct Shingled {
    all: Vec<u64>,
    opening: Vec<u64>,
}

impl Shingled {
    /// Of a folded text.
    pub(crate) fn of(tokens: &[u64]) -> Self {
        Self {
            all: set(shingles(tokens).collect()),
            opening: set(shingles(tokens).take(LEAD_SHINGLES).collect()),
        }
    }
}

/// How many items two sets have, and how many of them both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// The first set's.
    pub(crate) a: usize,
    /// The second set's.
    pub(crate) b: usize,
    /// Of both.
    pub(crate) shared: usize,
}

impl Counts {
    fn of(a: &[u64], b: &[u64]) -> Self {
        Self {
            a: a.len(),
            b: b.len(),
            shared: shared(a, b),
        }
    }

    /// Jaccard similarity and containment; nothing resembles an empty set.
    fn shares(self) -> (f64, f64) {
        let smaller = self.a.min(self.b);
        if smaller == 0 {
            return (0.0, 0.0);
        }
        let shared = self.shared as f64;
        (
            shared / ((self.a + self.b) as f64 - shared),
            shared / smaller as f64,
        )
    }
}

/// A sorted set.
pub(crate) fn set(mut items: Vec<u64>) -> Vec<u64> {
    items.sort_unstable();
    items.dedup();
    items
}

/// How many items two sorted sets share.
pub(crate) fn shared(a: &[u64], b: &[u64]) -> usize {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while let (Some(left), Some(right)) = (a.get(i), b.get(j)) {
        count += usize::from(left == right);
        i += usize::from(left <= right);
        j += usize::from(right <= left);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(range: std::ops::Range<u32>) -> String {
        range.map(|n| format!("mot{n}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_estimate_lies_near_the_count() {
        let (a, b) = (text(0..4000), text(2000..6000));
        let (fa, fb) = (Folded::of(&a), Folded::of(&b));
        let counted = Similarity::count(fa.tokens(), fb.tokens());
        let (sa, sb) = (sketch(&a), sketch(&b));
        let counts = |a: &Sketch, b: &Sketch| Counts {
            a: a.fingerprints().len(),
            b: b.fingerprints().len(),
            shared: a.shared(b),
        };
        let estimated = Similarity::estimate(counts(&sa.whole, &sb.whole), counts(&sa.lead, &sb.lead));
        assert!((counted.jaccard - 1997.0 / 5997.0).abs() < 1e-9);
        assert!(
            (counted.jaccard - estimated.jaccard).abs() < 0.05,
            "{estimated:?}"
        );
        assert!((counted.containment - estimated.containment).abs() < 0.05);
    }

    #[test]
    fn a_part_is_contained_and_its_opening_too() {
        let (part, whole) = (text(0..60), text(0..600));
        let counted = Similarity::count(Folded::of(&part).tokens(), Folded::of(&whole).tokens());
        assert!((counted.containment - 1.0).abs() < 1e-9 && counted.jaccard < 0.1);
        assert!((counted.lead - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_sketch_keeps_one_shingle_in_eight() {
        let kept = sketch(&text(0..8003)).whole.fingerprints().len();
        assert!((900..1100).contains(&kept), "{kept}");
    }

    #[test]
    fn of_a_book_the_beginning_is_looked_at() {
        let tokens: Vec<u64> = (0..LONGEST as u64 + 10).map(mix).collect();
        assert_eq!(shingles(&tokens).count(), LONGEST);
        let kept = sketch_tokens(&tokens).whole;
        assert_eq!(kept, sketch_tokens(&tokens[..LONGEST + SHINGLE - 1]).whole);
    }

    #[test]
    fn word_order_counts() {
        let forward = Folded::of("un deux trois quatre cinq six");
        let backward = Folded::of("six cinq quatre trois deux un");
        assert!(Similarity::count(forward.tokens(), backward.tokens()).jaccard < 1e-9);
    }

    #[test]
    fn nothing_resembles_an_empty_text() {
        let some = Folded::of("un deux trois quatre cinq");
        assert!(Similarity::count(some.tokens(), &[]).jaccard < 1e-9);
    }
}
