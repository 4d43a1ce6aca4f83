//! Terms: what a text is about.
//!
//! In: an article. Out: two channels of weighted terms. *Words* are stemmed, without elided articles and words that
//! every text has. *Names* are capitalised words (except those that are only ever capitalised because a sentence
//! begins with them), pairs of neighbouring ones, numbers, and the days that the text mentions; spellings of one name are
//! made one first. Two reports of one event by two hands share few sentences but name the same people, places and figures.

use depeche_model::{Article, ContentFrom, Precision, TermVector, WarningCode};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::{FxHashMap, FxHashSet};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::aliases::Aliases;
use crate::dates::read_dates;
use crate::fold::{fold_to_string, hash_bytes, mix};
use crate::template::read_numbers;

/// The share of all articles that use a word of no special currency: one in five hundred.
pub(crate) const UNLISTED: f64 = 0.002;
/// What keeps a name apart from a word that is written the same.
const NAME: u64 = 0x6e61_6d65;
/// The upper half of the terms of days, which no other term has.
const DAY: u32 = 0xda7e;
/// Capitalised words further apart than this many characters are two names.
const NAME_GAP: usize = 1;
/// Words that count as the opening, where a report says what happened; what follows is background.
const OPENING: usize = 60;
/// Words and numbers of a text that are looked at: many times a long report's.
const LONGEST: usize = 5_000;
/// How often a term of the opening counts.
const OPENING_COUNTS: u16 = 2;
/// Written words whose terms are remembered, so that none is stemmed twice: some weeks' vocabulary, 8 MB.
const LEXICON: usize = 1 << 16;

/// Makes term vectors.
pub(crate) struct Terms {
    stemmer: Stemmer,
    stop: FxHashSet<String>,
    aliases: Aliases,
    frequent: FxHashMap<u32, f64>,
    /// What is known of each written word, and where it stands in `entries`.
    lexicon: FxHashMap<Box<str>, u32>,
    entries: Vec<Entry>,
}

/// What is known of a written word, whatever text it stands in.
struct Entry {
    folded: Box<str>,
    /// The term of its stem; `None` where it has no subject.
    word: Option<u32>,
    is_capitalised: bool,
    is_stop: bool,
    /// Begins a form of the table of spellings.
    begins_alias: bool,
}

/// A word as it stands in a text.
struct Word {
    entry: u32,
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
            lexicon: FxHashMap::default(),
            entries: Vec::new(),
        };
        for line in lines(include_str!("words/frequent.txt")) {
            let mut fields = line.split_whitespace();
            let Some(share) = fields.next().and_then(|share| share.parse::<f64>().ok()) else {
                continue;
            };
            for word in fields {
                // `_` folds to a space, as between the words of a name.
                let name = fold_to_string(word);
                let hashes = [terms.stem(word), name_term(&name)];
                for hash in hashes {
                    let known = terms.frequent.entry(hash).or_insert(0.0);
                    *known = known.max(share / 1000.0);
                }
            }
        }
        terms
    }

    /// Whether names are read with these spellings.
    pub(crate) fn reads_with(&self, aliases: &Aliases) -> bool {
        self.aliases == *aliases
    }

    /// The share of all articles that use a term, as far as is known beforehand.
    pub(crate) fn prior(&self, term: u32) -> f64 {
        self.frequent.get(&term).copied().unwrap_or(UNLISTED)
    }

    /// What an article is about. Its dates are resolved against its own where that is known to the day, and against
    /// the capture's where a feed gave none.
    pub(crate) fn of(&mut self, article: &Article, captured_at: Timestamp) -> TermVector {
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
        self.of_text(&text, published_on(article, captured_at))
    }

    fn of_text(&mut self, text: &str, published: Option<Date>) -> TermVector {
        if self.entries.len() >= LEXICON {
            self.entries.clear();
            self.lexicon.clear();
        }
        let words = self.read_words(text);
        let entries: Vec<&Entry> = words
            .iter()
            .filter_map(|word| self.entries.get(word.entry as usize))
            .collect();
        let names: FxHashSet<&str> = words
            .iter()
            .zip(&entries)
            .filter(|(word, entry)| entry.is_capitalised && !word.begins_sentence)
            .map(|(_, entry)| &*entry.folded)
            .collect();
        let mut counts = Counts::default();
        let mut run: Vec<&str> = Vec::new();
        let mut at = 0;
        while let (Some(word), Some(entry)) = (words.get(at), entries.get(at)) {
            let times = if at < OPENING { OPENING_COUNTS } else { 1 };
            let alias = (entry.begins_alias && entry.is_capitalised)
                .then(|| self.alias(&words, &entries, at))
                .flatten();
            let is_name =
                alias.is_some() || entry.is_capitalised && names.contains(&*entry.folded) && !entry.is_stop;
            if !run.is_empty() && (!is_name || !word.follows) {
                counts.names(&run, times);
                run.clear();
            }
            if let Some((length, preferred)) = alias {
                run.extend(preferred.split(' '));
                at += length;
                continue;
            }
            if is_name {
                run.push(&entry.folded);
            } else if let Some(word) = entry.word {
                count(&mut counts.words, word, times);
            }
            at += 1;
        }
        counts.names(&run, 1);
        for number in read_numbers(text).into_iter().take(LONGEST) {
            // Single digits count things in every text.
            if number.len() > 1 {
                count(&mut counts.names, name_term(&number), 1);
            }
        }
        for day in read_dates(text, published) {
            count(&mut counts.names, DAY << 16 | u32::from(day), 1);
        }
        TermVector {
            words: sorted(counts.words),
            names: sorted(counts.names),
        }
    }

    /// The known form that begins at a word, the longest: how many words it has, and the preferred one.
    fn alias(&self, words: &[Word], entries: &[&Entry], at: usize) -> Option<(usize, &str)> {
        let together = 1 + words
            .get(at + 1..)
            .unwrap_or_default()
            .iter()
            .take(self.aliases.longest())
            .take_while(|word| word.follows)
            .count();
        let forms: Vec<&str> = entries
            .iter()
            .skip(at)
            .take(together)
            .map(|entry| &*entry.folded)
            .collect();
        self.aliases.find(&forms)
    }

    /// The words of a text with what their surroundings say of them; numbers are left out.
    fn read_words(&mut self, text: &str) -> Vec<Word> {
        let mut words: Vec<Word> = Vec::with_capacity(text.len() / 5);
        let mut begins_sentence = true;
        // Characters since the last word, and whether all of them can stand inside a name.
        let mut gap = (0, true);
        let mut start = None;
        for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
            if c.is_alphanumeric() {
                start.get_or_insert(at);
                continue;
            }
            if let Some(written) = start.take().and_then(|start| text.get(start..at)) {
                let is_number = written.starts_with(|c: char| c.is_ascii_digit());
                if !is_number {
                    if words.len() >= LONGEST {
                        break;
                    }
                    words.push(Word {
                        entry: self.entry(written),
                        begins_sentence,
                        follows: gap.1 && gap.0 <= NAME_GAP,
                    });
                }
                // After an elided article at its beginning a sentence is still beginning.
                begins_sentence &= matches!(c, '\'' | '’') && !is_number && written.chars().nth(1).is_none();
                gap = (0, !is_number);
            }
            gap.0 += 1;
            gap.1 &= matches!(c, ' ' | '\u{a0}' | '-' | '\'' | '’');
            begins_sentence |= matches!(c, '.' | '!' | '?' | '…' | ':' | '\n' | '«' | '“' | '"' | '•');
        }
        words
    }

    /// Where what is known of a written word stands.
    fn entry(&mut self, written: &str) -> u32 {
        if let Some(&known) = self.lexicon.get(written) {
            return known;
        }
        let folded = fold_to_string(written);
        let is_stop = self.stop.contains(&folded);
        let has_subject = !is_stop && folded.chars().nth(1).is_some();
        let entry = Entry {
            word: has_subject.then(|| self.stem(written)),
            is_capitalised: written.starts_with(char::is_uppercase),
            is_stop,
            begins_alias: self.aliases.begins_with(&folded),
            folded: folded.into_boxed_str(),
        };
        let number = self.entries.len() as u32;
        self.entries.push(entry);
        self.lexicon.insert(written.into(), number);
        number
    }

    /// The term of a word: its stem, folded.
    fn stem(&self, written: &str) -> u32 {
        let stem = fold_to_string(&self.stemmer.stem(&written.to_lowercase()));
        no_day(hash_bytes(stem.as_bytes()) as u32)
    }
}

/// The day that an article's dates are resolved against.
fn published_on(article: &Article, captured_at: Timestamp) -> Option<Date> {
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    match &article.published {
        Some(published) => match published.precision {
            Precision::Second | Precision::Minute | Precision::Day => Some(day(published.at)),
            Precision::Month | Precision::Year | Precision::None => None,
        },
        None => (article.content_from != ContentFrom::File).then(|| day(captured_at)),
    }
}

/// How often each term occurs.
#[derive(Default)]
struct Counts {
    words: FxHashMap<u32, u16>,
    names: FxHashMap<u32, u16>,
}

impl Counts {
    /// Counts the names in a run of capitalised words: each of them, and each pair of neighbours.
    fn names(&mut self, run: &[&str], times: u16) {
        for name in run.iter().filter(|name| name.len() > 1) {
            count(&mut self.names, name_term(name), times);
        }
        for pair in run.windows(2) {
            count(&mut self.names, name_term(&pair.join(" ")), times);
        }
    }
}

/// Whether a term is a day that the text mentions.
pub(crate) fn is_day(term: u32) -> bool {
    term >> 16 == DAY
}

/// A hash that is no day.
fn no_day(hash: u32) -> u32 {
    if is_day(hash) { !hash } else { hash }
}

fn name_term(name: &str) -> u32 {
    no_day(mix(hash_bytes(name.as_bytes()) ^ NAME) as u32)
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
        let vector = terms().of_text(
            "Hier, la ville de Nantes a voté. Demain viendra. Le maire part. Nantes attend.",
            None,
        );
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
        let mut terms = terms();
        let one = terms.of_text("On parle de Kiev et d'Abu Dhabi.", None);
        let other = terms.of_text("On parle de Kyiv et d’Abu Dabi.", None);
        assert_eq!(one, other);
        assert!(has(&one, "abou dabi") && has(&one, "kiev"));
    }

    #[test]
    fn inflections_elisions_and_accents_are_one_term() {
        let mut terms = terms();
        let one = terms.of_text("les négociations entamées", None);
        let other = terms.of_text("l'NÉGOCIATION entamée", None).words;
        assert_eq!(one.words, other);
    }

    #[test]
    fn numbers_are_names() {
        let vector = terms().of_text("il y a 55 000 morts et 7 blessés", None);
        assert!(has(&vector, "55000") && !has(&vector, "7"));
    }

    #[test]
    fn a_known_spelling_is_a_name_wherever_it_stands_and_however_its_words_are_written() {
        let mut terms =
            Terms::new(Aliases::parse("ONU | Nations unies\nOMS | Organisation mondiale de la santé").0);
        let vector = terms.of_text(
            "Nations unies : l’Organisation mondiale de la santé s’inquiète.",
            None,
        );
        assert!(has(&vector, "onu") && has(&vector, "oms") && !has(&vector, "nations"));
    }

    #[test]
    fn a_day_is_a_term_whatever_words_name_it() {
        let on = Some(jiff::civil::date(2026, 3, 11));
        let days = |text: &str| -> Vec<u32> {
            let vector = terms().of_text(text, on);
            vector
                .names
                .into_iter()
                .map(|(term, _)| term)
                .filter(|term| is_day(*term))
                .collect()
        };
        let days_of_one = days("Le procès reprendra samedi prochain.");
        assert_eq!(days_of_one.len(), 1);
        assert_eq!(days_of_one, days("Audience le 14 mars 2026."));
    }

    #[test]
    fn a_word_has_the_same_terms_whatever_was_read_before() {
        let mut used = terms();
        for number in 0..LEXICON {
            used.of_text(&format!("mot{number}"), None);
        }
        let text = "Hier, la ville de Nantes a voté les négociations de Kyiv.";
        assert_eq!(used.of_text(text, None), terms().of_text(text, None));
        assert!(used.entries.len() < LEXICON);
    }
}
