//! Small sorted stand-ins for a text: fingerprints for copies, weighted terms for stories.

use serde::{Deserialize, Serialize};

/// A sorted set of 32-bit fingerprints: a sample of a text's word shingles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch(Vec<u32>);

impl Sketch {
    /// The sketch of these fingerprints; order and repetition do not matter.
    #[must_use]
    pub fn new(mut fingerprints: Vec<u32>) -> Self {
        fingerprints.sort_unstable();
        fingerprints.dedup();
        Self(fingerprints)
    }

    /// The fingerprints in ascending order.
    #[must_use]
    pub fn fingerprints(&self) -> &[u32] {
        &self.0
    }

    /// How many fingerprints both hold.
    #[must_use]
    pub fn shared(&self, other: &Self) -> usize {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut shared = 0;
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            match a.cmp(b) {
                std::cmp::Ordering::Less => drop(left.next()),
                std::cmp::Ordering::Greater => drop(right.next()),
                std::cmp::Ordering::Equal => {
                    shared += 1;
                    left.next();
                    right.next();
                }
            }
        }
        shared
    }
}

/// Weighted terms by term hash, ascending: what a text is about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TermVector {
    /// Stemmed words and how often each occurs.
    pub words: Vec<(u32, u16)>,
    /// Names (capitalised words) and numbers, and how often each occurs.
    pub names: Vec<(u32, u16)>,
}
