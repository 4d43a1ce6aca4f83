//! Words of a text as numbers, and the shares of one text that stand in another.
//!
//! Comparing is by shingles of four words, as the extraction benchmarks do: letters and digits in lower case count, what
//! stands between them does not.

use std::hash::Hasher as _;

use rustc_hash::{FxHashSet, FxHasher};

/// Words of a shingle.
const SHINGLE: usize = 4;

/// A text's words, as numbers.
pub(super) fn words(text: &str) -> Vec<u64> {
    let mut words = Vec::with_capacity(text.len() / 5);
    let mut hasher = FxHasher::default();
    let mut within = false;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            hasher.write_u32(u32::from(c.to_ascii_lowercase()));
            within = true;
        } else if !c.is_ascii() && c.is_alphanumeric() {
            c.to_lowercase().for_each(|c| hasher.write_u32(u32::from(c)));
            within = true;
        } else if within {
            words.push(std::mem::take(&mut hasher).finish());
            within = false;
        }
    }
    if within {
        words.push(hasher.finish());
    }
    words
}

/// The shingles of a text.
#[derive(Debug, Default)]
pub(super) struct Shingles {
    set: FxHashSet<u64>,
    words: FxHashSet<u64>,
    /// Words in the text.
    pub(super) count: usize,
}

impl Shingles {
    pub(super) fn of(text: &str) -> Self {
        let mut shingles = Self::default();
        shingles.add(text);
        shingles
    }

    pub(super) fn add(&mut self, text: &str) {
        let words = words(text);
        self.count += words.len();
        self.set.extend(words.windows(SHINGLE).map(mixed));
        self.words.extend(words);
    }

    /// The share of a text that stands in this one, 0–1; of fewer words than a shingle, whether all of them do.
    pub(super) fn cover(&self, text: &str) -> f32 {
        let words = words(text);
        if words.len() < SHINGLE {
            let all = !words.is_empty() && words.iter().all(|word| self.words.contains(word));
            return if all { 1.0 } else { 0.0 };
        }
        let windows = words.windows(SHINGLE);
        let total = windows.len();
        let found = windows.filter(|window| self.set.contains(&mixed(window))).count();
        found as f32 / total as f32
    }
}

fn mixed(window: &[u64]) -> u64 {
    let mut hasher = FxHasher::default();
    for word in window {
        hasher.write_u64(*word);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cover_is_the_share_found() {
        let body = Shingles::of("Le conseil a voté mardi soir, après six heures de débats.");
        assert!((body.cover("le CONSEIL a voté — mardi soir") - 1.0).abs() < 1e-6);
        assert!(body.cover("Le conseil a voté jeudi matin sans débat aucun") < 0.3);
        assert!(body.cover("") < 1e-6);
        assert!((body.cover("six heures") - 1.0).abs() < 1e-6);
    }
}
