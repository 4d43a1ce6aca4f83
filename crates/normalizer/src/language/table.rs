//! How much each trait of a word speaks for each language.
//!
//! Traits are the character 3-grams and 4-grams of a word with its borders, the whole word, and a pair of short words
//! side by side. Each is hashed to one of 2¹⁵ rows, and a row holds one signed byte a language: a logistic regression
//! (`scripts/language/train`), so a score is the sum over the rows times a scale, in nats. Hashed features of a linear
//! model are the way of Ganchev & Dredze 2008; two traits that share a row cost less than the room to keep them apart.

use super::words::{self, Word};

/// Made by `scripts/language/train`; see the module above for what it was measured on.
const FILE: &[u8] = include_bytes!("table.bin");

/// Bytes of a row: one for each language and some to spare, a cache line of common processors.
pub(super) const LANES: usize = 64;

/// As in `scripts/language/train`: 2⁶⁴ divided by the golden ratio, the multiplier of Fibonacci hashing.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a name weighs against another word: names travel between languages. Titles In Capitals are not all names.
const NAME_WEIGHT: f32 = 0.4;

/// Words of up to this many characters, mostly articles, prepositions and pronouns, count in pairs too.
const SHORT_WORD: usize = 4;

/// The weights, and which languages they are of.
#[derive(Debug)]
pub(super) struct Table {
    rows: &'static [u8],
    row_bits: u32,
    /// Nats a unit of a row's bytes is worth.
    scale: f32,
    languages: Vec<&'static str>,
}

/// What the words of a text say.
#[derive(Debug)]
pub(super) struct Scores {
    /// Nats in favour of each language, in the order of [`Table::languages`].
    pub(super) nats: Vec<f32>,
    /// Words that were counted.
    pub(super) words: usize,
    /// Those of them that are no names.
    pub(super) plain_words: usize,
    /// Those that are in capitals throughout.
    pub(super) capital_words: usize,
}

impl Table {
    /// The table that is part of the program.
    ///
    /// Layout, little-endian: the bits of a row's number (u8), [`LANES`] (u8), the bytes of the names (u16), the scale
    /// (f32), the names separated by spaces, the rows.
    pub(super) fn load() -> Option<Self> {
        let (header, rest) = FILE.split_at_checked(8)?;
        let [row_bits, lanes, low, high, scale @ ..] = header else {
            return None;
        };
        let names_bytes = usize::from(u16::from_le_bytes([*low, *high]));
        let (names, rows) = rest.split_at_checked(names_bytes)?;
        let languages: Vec<&str> = std::str::from_utf8(names).ok()?.split(' ').collect();
        let row_bits = u32::from(*row_bits);
        let whole = (1..=32).contains(&row_bits)
            && usize::from(*lanes) == LANES
            && languages.len() <= LANES
            && rows.len() == LANES << row_bits;
        whole.then_some(Self {
            rows,
            row_bits,
            scale: f32::from_le_bytes(scale.try_into().ok()?),
            languages,
        })
    }

    /// The languages told apart, ISO 639-1 where it has one; `mis` is any other in Latin letters.
    pub(super) fn languages(&self) -> &[&'static str] {
        &self.languages
    }

    /// What the words of `text` say; meant for a window of a text, some dozens of words.
    pub(super) fn score(&self, text: &str) -> Scores {
        let mut plain = [0_i32; LANES];
        let mut names = [0_i32; LANES];
        let (mut words, mut name_words, mut capital_words) = (0, 0, 0);
        let mut previous: Option<u64> = None;
        words::each(text, |word| {
            let mut sum = [0_i16; LANES];
            self.add_word(word, &mut sum);
            let into = if word.is_name { &mut names } else { &mut plain };
            add(into, &sum);
            let short = (word.length <= SHORT_WORD).then_some(word.hash);
            if let (Some(first), Some(second)) = (previous, short) {
                let mut pair = [0_i16; LANES];
                self.add_row(pair_of(first, second), &mut pair);
                add(&mut plain, &pair);
            }
            previous = short;
            words += 1;
            name_words += usize::from(word.is_name);
            capital_words += usize::from(word.is_capitals);
        });
        let mostly_names = name_words * 2 > words;
        let weight = if mostly_names { 1.0 } else { NAME_WEIGHT };
        Scores {
            nats: plain
                .iter()
                .zip(&names)
                .take(self.languages.len())
                .map(|(plain, names)| (*plain as f32 + *names as f32 * weight) * self.scale)
                .collect(),
            words,
            plain_words: words - name_words,
            capital_words,
        }
    }

    fn add_word(&self, word: &Word, sum: &mut [i16; LANES]) {
        for hashed in traits(word) {
            self.add_row(hashed, sum);
        }
    }

    #[inline]
    fn add_row(&self, hashed: u64, sum: &mut [i16; LANES]) {
        let row = row_number(hashed, self.row_bits);
        // At most 50 rows a word, each within a byte: an `i16` holds their sum.
        if let Some(row) = self.rows.get(row * LANES..row * LANES + LANES) {
            for (sum, weight) in sum.iter_mut().zip(row) {
                *sum += i16::from(weight.cast_signed());
            }
        }
    }
}

fn add(into: &mut [i32; LANES], sum: &[i16; LANES]) {
    for (into, sum) in into.iter_mut().zip(sum) {
        *into += i32::from(*sum);
    }
}

/// The hashes of a word's own traits.
fn traits(word: &Word) -> impl Iterator<Item = u64> {
    let letters = word.bordered();
    // Words of up to two letters are a whole n-gram with their borders.
    let whole = (word.length > 2).then_some(word.hash);
    let grams = letters.windows(3).chain(letters.windows(4));
    grams.map(packed).chain(whole)
}

/// The hash of two words in a row, by their own.
fn pair_of(first: u64, second: u64) -> u64 {
    first.wrapping_mul(3) ^ second
}

fn row_number(hashed: u64, row_bits: u32) -> usize {
    usize::try_from(hashed.wrapping_mul(MULTIPLIER) >> (64 - row_bits)).unwrap_or(0)
}

/// Up to four letters in one number.
fn packed(gram: &[u16]) -> u64 {
    gram.iter()
        .fold(0, |packed, letter| packed << 16 | u64::from(*letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_french_comes_first() {
        let table = Table::load().unwrap();
        assert_eq!(table.languages().first(), Some(&"fr"));
        assert_eq!(table.languages().last(), Some(&"mis"));
        for rival in [
            "ca", "oc", "it", "es", "pt", "ro", "ht", "br", "wa", "co", "en", "de", "nl", "lb",
        ] {
            assert!(table.languages().contains(&rival), "{rival}");
        }
    }

    #[test]
    fn traits_fall_into_the_rows_that_were_trained() {
        // As `scripts/language/train` computes them: a difference would silently make the table worthless.
        let mut rows = Vec::new();
        let mut previous = None;
        words::each("L’été où", |word| {
            rows.extend(traits(word).map(|hashed| row_number(hashed, 15)));
            if let Some(previous) = previous {
                rows.push(row_number(pair_of(previous, word.hash), 15));
            }
            previous = Some(word.hash);
        });
        assert_eq!(
            rows,
            [
                31231, 28275, 11389, 32033, 427, 2790, 16309, 628, 9618, 5716, 5463, 6776, 22658, 15863
            ]
        );
    }

    #[test]
    fn names_weigh_less_than_other_words() {
        let table = Table::load().unwrap();
        let scores = table.score("L’été, d'après Jeanne Martin, a été le plus chaud");
        assert_eq!((scores.words, scores.plain_words), (11, 9));
    }
}
