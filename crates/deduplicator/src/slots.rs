//! Places: what two texts put between the same words.
//!
//! In: a text. Out: its numbers and names, each with the two words on either side of it. Of two texts that share their wording it says
//! how many of these places both fill, and how many of them alike. Words that are dropped, added or replaced take their places
//! with them, so a copy has fewer places in common with its source, and fills those alike.

use crate::fold::{Folded, ODD, hash_bytes, mix};
use crate::template::{first_sentence, words};

/// Words on either side that make a place.
const AROUND: usize = 2;
/// So many of them must be words, and neither numbers, nor names, nor beyond the text: a list of names has no places.
const FEWEST_WORDS: usize = 2;

/// What stands for any number and for any run of names in what is around a place; no word hashes to so little by more than chance.
const NUMBER: u64 = 1;
const NAME: u64 = 2;
/// What stands before the first word and behind the last.
const NOTHING: u64 = 0;

/// The places of a text, each with what fills it: sorted pairs of hashes. A name of several words fills its place with each of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots(Vec<(u64, u64)>);

/// How two texts stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InCommon {
    /// Places that both fill.
    pub(crate) places: usize,
    /// Those that both fill with the same number, or with a word of the same name.
    pub(crate) alike: usize,
}

/// A word as it counts for places: `around` is what others see of it, `fills` where its fillings begin and end.
struct Word {
    around: u64,
    fills: (usize, usize),
}

impl Slots {
    /// Of a text.
    pub(crate) fn of(text: &str) -> Self {
        let (words, fillings) = read(text);
        let mut slots = Vec::with_capacity(fillings.len());
        for (at, word) in words.iter().enumerate() {
            let fills = fillings.get(word.fills.0..word.fills.1).unwrap_or_default();
            if fills.is_empty() {
                continue;
            }
            let before = (1..=AROUND).map(|away| at.checked_sub(away));
            let behind = (1..=AROUND).map(|away| at.checked_add(away));
            let (mut place, mut plain) = (word.around, 0);
            for neighbour in before.chain(behind) {
                let around = neighbour.and_then(|at| words.get(at));
                let around = around.map_or(NOTHING, |word| word.around);
                plain += usize::from(around > NAME);
                place = mix((place.rotate_left(23) ^ around).wrapping_mul(ODD));
            }
            if plain >= FEWEST_WORDS {
                slots.extend(fills.iter().map(|filling| (place, *filling)));
            }
        }
        slots.sort_unstable();
        slots.dedup();
        Self(slots)
    }

    /// Compares the places of two texts.
    pub(crate) fn compare(&self, other: &Self) -> InCommon {
        let mut common = InCommon { places: 0, alike: 0 };
        let (mut left, mut right) = (self.0.as_slice(), other.0.as_slice());
        while let (Some((a, _)), Some((b, _))) = (left.first(), right.first()) {
            let (of_left, of_right) = (of_place(left, *a), of_place(right, *b));
            if a == b {
                common.places += 1;
                common.alike += usize::from(of_left.iter().any(|filling| of_right.contains(filling)));
            }
            if a <= b {
                left = left.get(of_left.len()..).unwrap_or_default();
            }
            if b <= a {
                right = right.get(of_right.len()..).unwrap_or_default();
            }
        }
        common
    }
}

/// What fills the place that the slots begin with.
fn of_place(slots: &[(u64, u64)], place: u64) -> &[(u64, u64)] {
    let end = slots.iter().position(|(other, _)| *other != place);
    slots.get(..end.unwrap_or(slots.len())).unwrap_or_default()
}

/// The words of a text, and all that fills places. Numbers in a row are one (`1 250`, `12,5`), and so are names.
fn read(text: &str) -> (Vec<Word>, Vec<u64>) {
    let (mut read, mut fillings): (Vec<Word>, Vec<u64>) = (Vec::with_capacity(text.len() / 5), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        let (sentence, after) = first_sentence(rest);
        for (number, word) in words(sentence).enumerate() {
            let around = if word.bytes().all(|byte| byte.is_ascii_digit()) {
                NUMBER
            } else if number > 0 && word.starts_with(char::is_uppercase) {
                NAME
            } else {
                hash_bytes(word.as_bytes())
            };
            let begun = fillings.len();
            let runs_on = number > 0 && read.last().is_some_and(|last| last.around == around);
            match around {
                NUMBER if runs_on => {
                    // Digit after digit, as if nothing stood between.
                    if let Some(filling) = fillings.last_mut() {
                        *filling = more_digits(*filling, word);
                    }
                    continue;
                }
                NUMBER => fillings.push(more_digits(0, word)),
                NAME => fillings.extend(Folded::of(word).tokens()),
                _ => {}
            }
            let end = fillings.len();
            match read.last_mut() {
                Some(last) if around == NAME && runs_on => last.fills.1 = end,
                _ => read.push(Word {
                    around,
                    fills: (begun, end),
                }),
            }
        }
        rest = after;
    }
    (read, fillings)
}

fn more_digits(number: u64, digits: &str) -> u64 {
    digits.bytes().fold(number, |number, digit| {
        mix((number ^ u64::from(digit)).wrapping_mul(ODD))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(a: &str, b: &str) -> (usize, usize) {
        let InCommon { places, alike } = Slots::of(a).compare(&Slots::of(b));
        (places, alike)
    }

    #[test]
    fn places_are_those_between_the_same_words() {
        let cases = [
            // A number between the same words, the same and another.
            (
                "le feu a fait 3 morts et aucun blessé",
                "le feu a fait 3 morts et aucun blessé",
                (1, 1),
            ),
            (
                "le feu a fait 3 morts et aucun blessé",
                "le feu a fait 5 morts et aucun blessé",
                (1, 0),
            ),
            // Other words around it: another place.
            (
                "le feu a fait 3 morts et aucun blessé",
                "on compte 3 morts et aucun blessé",
                (0, 0),
            ),
            // However it is written.
            (
                "il faut 1 250 euros pour tout",
                "il faut 1\u{202f}250 euros pour tout",
                (1, 1),
            ),
            (
                "il faut 12,50 euros pour tout",
                "il faut 12.50 euros pour tout",
                (1, 1),
            ),
            // A name by any of its words.
            ("le maire de Vannes parlera", "le maire de Brest parlera", (1, 0)),
            (
                "le ministre, Jean Dubois, a dit",
                "le ministre, Dubois, a dit",
                (1, 1),
            ),
            // A list of names is none, and neither is a word that begins a sentence.
            (
                "Vannes, Brest, Nantes, Lorient",
                "Vannes, Brest, Rennes, Lorient",
                (0, 0),
            ),
            (
                "Le feu est éteint. Demain il pleut",
                "Le feu est éteint. Lundi il pleut",
                (0, 0),
            ),
            // Several fillings of one place are one place.
            (
                "il a plu 3 jours à la mer et il a plu 4 jours à la mer",
                "il a plu 4 jours à la mer",
                (1, 1),
            ),
            ("", "", (0, 0)),
        ];
        for (a, b, expected) in cases {
            assert_eq!(compare(a, b), expected, "{a} | {b}");
            assert_eq!(compare(b, a), expected, "{b} | {a}");
        }
    }
}
