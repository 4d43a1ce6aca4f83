//! How close a text is to the labelled one.
//!
//! As the public article-extraction benchmark does: a text is a bag, precision and recall are taken page by page and
//! averaged, and F1 is of the averages. Its bag is of words first and of shingles of four words in its reports; both
//! are given here, since words alone forgive text in the wrong place.

use std::collections::HashMap;

/// Precision and recall of one page.
pub type Score = (f64, f64);

fn shingles(text: &str, size: usize) -> HashMap<Vec<&str>, usize> {
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    let mut bag = HashMap::new();
    for window in words.windows(size.min(words.len()).max(1)) {
        *bag.entry(window.to_vec()).or_insert(0) += 1;
    }
    bag
}

/// Precision and recall on shingles of so many words.
pub fn score(expected: &str, found: &str, size: usize) -> Score {
    let (expected, found) = (shingles(expected, size), shingles(found, size));
    let common: usize = expected
        .iter()
        .map(|(shingle, count)| (*count).min(found.get(shingle).copied().unwrap_or(0)))
        .sum();
    let total = |bag: &HashMap<Vec<&str>, usize>| bag.values().sum::<usize>();
    let share = |of: usize| {
        if of == 0 {
            f64::from(u8::from(common == 0))
        } else {
            common as f64 / of as f64
        }
    };
    (share(total(&found)), share(total(&expected)))
}

/// The harmonic mean.
pub fn f1((precision, recall): Score) -> f64 {
    if precision + recall == 0.0 {
        0.0
    } else {
        2.0 * precision * recall / (precision + recall)
    }
}

/// F1 of the averages.
pub fn average(scores: impl Iterator<Item = Score>) -> f64 {
    let (mut precision, mut recall, mut count) = (0.0, 0.0, 0.0_f64);
    for score in scores {
        precision += score.0;
        recall += score.1;
        count += 1.0;
    }
    f1((precision / count.max(1.0), recall / count.max(1.0)))
}
