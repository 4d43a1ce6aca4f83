//! `MinHash` with locality-sensitive hashing: the usual way to find near-duplicates, kept to measure ours beside it.
//!
//! One permutation hashing (Li, Owen and Zhang, 2012) makes a signature of 128 minima in one pass over the word 4-grams;
//! empty bins are filled by optimal densification (Shrivastava, 2017). Signatures are looked up by 32 bands of 4 rows
//! (Leskovec, Rajaraman and Ullman, *Mining of Massive Datasets*, section 3.4), and what shares a band is a candidate.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rustc_hash::FxHasher;

/// Minima in a signature.
const BINS: usize = 128;
/// Rows in a band: a pair with Jaccard similarity .3 shares one of 32 bands of 4 rows with probability .23, one with .5 with .87.
const ROWS: usize = 4;

/// The minima of a text's 4-grams.
pub(crate) struct Signature([u32; BINS]);

/// Signatures by their bands.
pub(crate) struct Index {
    threshold: f64,
    signatures: Vec<Signature>,
    bands: HashMap<u64, Vec<u32>, BuildHasherDefault<FxHasher>>,
}

impl Signature {
    /// The signature of a text.
    pub(crate) fn of(text: &str) -> Self {
        let mut minima = [u32::MAX; BINS];
        let words = fold(text);
        for window in words.windows(4) {
            let hash = window
                .iter()
                .fold(0_u64, |hash, word| mix(hash.rotate_left(23) ^ word));
            let bin = (hash >> 57) as usize;
            minima[bin] = minima[bin].min(hash as u32);
        }
        Self(densified(&minima))
    }

    /// The share of equal minima, which estimates Jaccard similarity.
    fn resemblance(&self, other: &Self) -> f64 {
        let equal = self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count();
        equal as f64 / BINS as f64
    }

    fn bands(&self) -> impl Iterator<Item = u64> {
        self.0.chunks_exact(ROWS).enumerate().map(|(band, rows)| {
            rows.iter().fold(mix(band as u64 + 1), |hash, row| {
                mix(hash.rotate_left(23) ^ u64::from(*row))
            })
        })
    }
}

/// Gives each empty bin the minimum of another bin, chosen by hashing its own number until one is found that is not empty.
fn densified(minima: &[u32; BINS]) -> [u32; BINS] {
    let mut full = *minima;
    if minima.iter().all(|minimum| *minimum == u32::MAX) {
        return full;
    }
    for (bin, minimum) in full.iter_mut().enumerate() {
        let mut attempt = 0;
        while *minimum == u32::MAX {
            attempt += 1;
            *minimum = minima[mix((bin as u64) << 32 | attempt) as usize % BINS];
        }
    }
    full
}

impl Index {
    /// An index that takes a candidate for a copy from this estimated Jaccard similarity on.
    pub(crate) fn new(threshold: f64) -> Self {
        Self {
            threshold,
            signatures: Vec::new(),
            bands: HashMap::default(),
        }
    }

    /// The most similar signature above the threshold.
    pub(crate) fn find(&self, wanted: &Signature) -> Option<usize> {
        let mut candidates: Vec<u32> = wanted
            .bands()
            .filter_map(|band| self.bands.get(&band))
            .flatten()
            .copied()
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
            .into_iter()
            .map(|place| {
                (
                    place as usize,
                    self.signatures[place as usize].resemblance(wanted),
                )
            })
            .filter(|(_, resemblance)| *resemblance >= self.threshold)
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(place, _)| place)
    }

    /// Takes in a signature under the next number.
    pub(crate) fn insert(&mut self, signature: Signature) {
        let number = self.signatures.len() as u32;
        for band in signature.bands() {
            self.bands.entry(band).or_default().push(number);
        }
        self.signatures.push(signature);
    }
}

/// The words of a text without case and accents, hashed.
pub(crate) fn fold(text: &str) -> Vec<u64> {
    use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
    let mut words = Vec::with_capacity(text.len() / 5);
    let mut hash = 0_u64;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        if c.is_alphanumeric() {
            for lower in c.to_lowercase() {
                hash = mix(hash.rotate_left(5) ^ u64::from(lower));
            }
        } else if hash != 0 {
            words.push(hash);
            hash = 0;
        }
    }
    if hash != 0 {
        words.push(hash);
    }
    words
}

/// The output step of `SplitMix64`, moved off zero.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
