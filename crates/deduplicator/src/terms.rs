//! Terms: what a text is about.
//!
//! In: an article. Out: two channels of weighted terms. *Words* are stemmed, without elided articles and words that
//! every text has. *Names* are capitalised words (except those that are only ever capitalised because a sentence
//! begins with them), pairs of neighbouring ones, and numbers; spellings of one name are made one first. Two reports of
//! one event by two hands share few sentences but name the same people, places and figures.

use depeche_model::{Article, TermVector, WarningCode};
use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::{FxHashMap, FxHashSet};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::aliases::Aliases;
use crate::fold::{fold_to_string, hash_bytes, mix};
use crate::template::read_numbers;

/// The share of all articles that use a word of no special currency: one in five hundred.
pub(crate) const UNLISTED: f64 = 0.002;
/// What keeps a name apart from a word that is written the same.
const NAME: u64 = 0x6e61_6d65;
/// Capitalised words further apart than this many characters are two names.
const NAME_GAP: usize = 1;
/// Words that count as the opening, where a report says what happened; what follows is background.
const OPENING: usize = 60;
/// Words and numbers of a text that are looked at: many times a long report's.
const LONGEST: usize = 5_000;
/// How often a term of the opening counts.
const OPENING_COUNTS: u16 = 2;

/// Makes term vectors.
pub(crate) struct Terms {
    stemmer: Stemmer,
    stop: FxHashSet<String>,
    aliases: Aliases,
    frequent: FxHashMap<u32, f64>,
}

/// A word as it stands in a text.
struct Word {
    written: String,
    folded: String,
    is_capitalised: bool,
    begins_sentence: bool,
    /// Directly after the word before it, but for a space, a hyphen or an apostrophe.
    follows: bool,
}

impl Terms {
    /// The rules of French, with these spellings of names.
    pub(crate) fn new(aliases: Aliases) -> Self {
        let stop = lines(include_str!("words/stop.txt"))
            .flat_map(str::split_whitespace)
            .map(fold_to_string)
            .collect();
        let mut terms = Self {
            stemmer: Stemmer::create(Algorithm::French),
            stop,
            aliases,
            frequent: FxHashMap::default(),
        };
        for line in lines(include_str!("words/frequent.txt")) {
            let mut fields = line.split_whitespace();
            let Some(share) = fields.next().and_then(|share| share.parse::<f64>().ok()) else {
                continue;
            };
            for word in fields {
                // `_` folds to a space, as between the words of a name.
                let name = fold_to_string(word);
                let hashes = [terms.word(word), name_term(&name)];
                for hash in hashes {
                    let known = terms.frequent.entry(hash).or_insert(0.0);
                    *known = known.max(share / 1000.0);
                }
            }
        }
        terms
    }

    /// The share of all articles that use a term, as far as is known beforehand.
    pub(crate) fn prior(&self, term: u32) -> f64 {
        self.frequent.get(&term).copied().unwrap_or(UNLISTED)
    }

    /// What an article is about.
    pub(crate) fn of(&self, article: &Article) -> TermVector {
        let title_is_derived = article
            .warnings
            .iter()
            .any(|warning| warning.code == WarningCode::TitleDerived);
        let mut text = String::with_capacity(article.title.len() + article.text.len() + 2);
        if !title_is_derived {
            text.push_str(&article.title);
            text.push('\n');
        }
        text.push_str(&article.text);
        if !is_nfc(&text) {
            text = text.nfc().collect();
        }
        self.of_text(&text)
    }

    fn of_text(&self, text: &str) -> TermVector {
        let mut words = read_words(text);
        words.truncate(LONGEST);
        let names: FxHashSet<&str> = words
            .iter()
            .filter(|word| word.is_capitalised && !word.begins_sentence)
            .map(|word| word.folded.as_str())
            .collect();
        let is_name = |word: &Word| {
            word.is_capitalised && names.contains(word.folded.as_str()) && !self.stop.contains(&word.folded)
        };
        let mut word_counts = FxHashMap::default();
        let mut name_counts = FxHashMap::default();
        let mut run: Vec<String> = Vec::new();
        for (position, word) in words.iter().enumerate() {
            let times = if position < OPENING { OPENING_COUNTS } else { 1 };
            let name = is_name(word);
            if !run.is_empty() && (!name || !word.follows) {
                self.count_names(&run, times, &mut name_counts);
                run.clear();
            }
            if name {
                run.push(word.folded.clone());
            } else if word.folded.chars().count() > 1 && !self.stop.contains(&word.folded) {
                count(&mut word_counts, self.word(&word.written), times);
            }
        }
        self.count_names(&run, 1, &mut name_counts);
        for number in read_numbers(text).into_iter().take(LONGEST) {
            // Single digits count things in every text.
            if number.len() > 1 {
                count(&mut name_counts, name_term(&number), 1);
            }
        }
        TermVector {
            words: sorted(word_counts),
            names: sorted(name_counts),
        }
    }

    /// Counts the names in a run of capitalised words: each of them, and each pair of neighbours.
    fn count_names(&self, run: &[String], times: u16, counts: &mut FxHashMap<u32, u16>) {
        let run = self.aliases.apply(run);
        for name in run.iter().filter(|name| name.len() > 1) {
            count(counts, name_term(name), times);
        }
        for pair in run.windows(2) {
            count(counts, name_term(&pair.join(" ")), times);
        }
    }

    /// The term of a word: its stem, folded.
    fn word(&self, written: &str) -> u32 {
        let stem = fold_to_string(&self.stemmer.stem(&written.to_lowercase()));
        hash_bytes(stem.as_bytes()) as u32
    }
}

fn name_term(name: &str) -> u32 {
    mix(hash_bytes(name.as_bytes()) ^ NAME) as u32
}

fn count(counts: &mut FxHashMap<u32, u16>, term: u32, times: u16) {
    let count = counts.entry(term).or_insert(0);
    *count = count.saturating_add(times);
}

fn sorted(counts: FxHashMap<u32, u16>) -> Vec<(u32, u16)> {
    let mut terms: Vec<(u32, u16)> = counts.into_iter().collect();
    terms.sort_unstable();
    terms
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

/// The words of a text with what their surroundings say of them; numbers are left out.
fn read_words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::with_capacity(text.len() / 5);
    let mut written = String::new();
    let mut begins_sentence = true;
    // Characters since the last word, and whether all of them can stand inside a name.
    let mut gap = (0, true);
    for c in text.chars().chain(['\n']) {
        if c.is_alphanumeric() {
            written.push(c);
            continue;
        }
        if !written.is_empty() {
            let word = std::mem::take(&mut written);
            let is_number = word.starts_with(|c: char| c.is_ascii_digit());
            if !is_number {
                words.push(Word {
                    folded: fold_to_string(&word),
                    is_capitalised: word.starts_with(char::is_uppercase),
                    begins_sentence,
                    follows: gap.1 && gap.0 <= NAME_GAP,
                    written: word,
                });
            }
            // After an elided article at its beginning a sentence is still beginning.
            begins_sentence &=
                matches!(c, '\'' | '’') && words.last().is_some_and(|word| word.written.chars().count() == 1);
            gap = (0, !is_number);
        }
        gap.0 += 1;
        gap.1 &= matches!(c, ' ' | '\u{a0}' | '-' | '\'' | '’');
        begins_sentence |= matches!(c, '.' | '!' | '?' | '…' | ':' | '\n' | '«' | '“' | '"' | '•');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        Terms::new(Aliases::parse("Kiev | Kyiv\nAbou Dabi | Abu Dhabi | Abu Dabi").0)
    }

    fn has(vector: &TermVector, name: &str) -> bool {
        vector.names.iter().any(|(term, _)| *term == name_term(name))
    }

    #[test]
    fn names_are_told_from_words_that_begin_a_sentence() {
        let vector =
            terms().of_text("Hier, la ville de Nantes a voté. Demain viendra. Le maire part. Nantes attend.");
        assert!(has(&vector, "nantes") && !has(&vector, "demain") && !has(&vector, "le"));
        assert_eq!(
            vector
                .names
                .iter()
                .find(|(term, _)| *term == name_term("nantes"))
                .unwrap()
                .1,
            4,
            "a term of the opening counts twice"
        );
    }

    #[test]
    fn spellings_of_one_name_are_one_term() {
        let terms = terms();
        let one = terms.of_text("On parle de Kiev et d'Abu Dhabi.");
        let other = terms.of_text("On parle de Kyiv et d’Abu Dabi.");
        assert_eq!(one, other);
        assert!(has(&one, "abou dabi") && has(&one, "kiev"));
    }

    #[test]
    fn inflections_elisions_and_accents_are_one_term() {
        let terms = terms();
        let one = terms.of_text("les négociations entamées");
        let other = terms.of_text("l'NÉGOCIATION entamée").words;
        assert_eq!(one.words, other);
    }

    #[test]
    fn numbers_are_names() {
        let vector = terms().of_text("il y a 55 000 morts et 7 blessés");
        assert!(has(&vector, "55000") && !has(&vector, "7"));
    }
}
