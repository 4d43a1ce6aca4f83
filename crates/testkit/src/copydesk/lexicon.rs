//! Words that can stand for other words: the same ending, the same kind, another meaning.

use std::collections::HashMap;

use crate::copydesk::dice::Dice;

/// Words that grammar uses, in groups that replace each other.
const GROUPS: [&[&str]; 9] = [
    &[
        "le", "la", "un", "une", "ce", "cette", "son", "sa", "leur", "notre",
    ],
    &[
        "les",
        "des",
        "ces",
        "ses",
        "leurs",
        "quelques",
        "plusieurs",
        "certains",
    ],
    &[
        "de", "du", "à", "au", "pour", "par", "avec", "contre", "vers", "sur",
    ],
    &[
        "dans", "sous", "chez", "selon", "depuis", "pendant", "avant", "après", "devant", "entre",
    ],
    &["et", "mais", "puis", "ou", "donc"],
    &["qui", "que", "dont", "où"],
    &["il", "elle", "on", "nous", "ils", "elles", "vous", "je"],
    &["est", "était", "serait", "sera", "semble", "reste"],
    &["a", "avait", "aura", "aurait"],
];

/// Words by their endings.
#[derive(Debug)]
pub(super) struct Lexicon {
    by_ending: HashMap<String, Vec<String>>,
    names: Vec<String>,
    all: Vec<String>,
}

impl Lexicon {
    /// Collects the words of texts.
    pub(super) fn new(texts: &[&str]) -> Self {
        let mut all: Vec<String> = texts
            .iter()
            .flat_map(|text| text.split(|c: char| !c.is_alphabetic()))
            .filter(|word| word.chars().count() > 3)
            .map(str::to_owned)
            .collect();
        all.sort_unstable();
        all.dedup();
        let (names, all): (Vec<String>, Vec<String>) = all
            .into_iter()
            .partition(|word| word.starts_with(char::is_uppercase));
        let mut by_ending: HashMap<String, Vec<String>> = HashMap::new();
        for word in &all {
            by_ending.entry(ending(word)).or_default().push(word.clone());
        }
        Self {
            by_ending,
            names,
            all,
        }
    }

    /// Another word, never the same one.
    pub(super) fn instead_of(&self, word: &str, dice: &mut Dice) -> String {
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            let number = word.parse::<u64>().unwrap_or(7);
            return (number + 1 + dice.below(8) as u64).to_string();
        }
        let lower = word.to_lowercase();
        let group = GROUPS.iter().find(|group| group.contains(&lower.as_str()));
        let found = match group {
            Some(group) => dice.pick(group).map(|other| (*other).to_owned()),
            None if word.starts_with(char::is_uppercase) => dice.pick(&self.names).cloned(),
            None => match self.by_ending.get(&ending(&lower)) {
                // A handful of candidates would put the same word in everywhere.
                Some(alike) if alike.len() > 4 => dice.pick(alike).cloned(),
                _ => dice.pick(&self.all).cloned(),
            },
        };
        match found {
            Some(other) if other.to_lowercase() != lower => other,
            // Drawn itself: the first other one of its group, or of all words.
            _ => match group {
                Some(group) => group
                    .iter()
                    .find(|other| **other != lower)
                    .map(|other| (*other).to_owned()),
                None => self.all.iter().find(|other| **other != lower).cloned(),
            }
            .unwrap_or_default(),
        }
    }
}

/// The last three letters, which in French mostly tell the kind of a word.
fn ending(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().rev().take(3).collect();
    letters.reverse();
    letters.into_iter().collect()
}
