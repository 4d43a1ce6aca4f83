//! The template guard: two fillings of one template are not copies of each other.
//!
//! In: two texts that resemble each other. Out: whether a merge is refused. Weather by town, closing prices and notices
//! of death repeat their wording and change what they report. A copy, even an edited one, keeps whole sentences, or it
//! keeps the numbers and the names. Where it drops or rewrites sentences it drops their numbers too; where the words
//! around a number are the same, so is the number. A template is the opposite: the same words around other numbers.

use crate::fold::{Folded, ODD, hash_bytes, is_inside_token, mix};
use crate::shingles::{set, shared};
use crate::slots::{InCommon, Slots};

/// Below this share of common sentences a text of the same source may be another filling of the same template.
const COMMON_SENTENCES: f64 = 0.34;
/// Below this share of common numbers it reports other facts.
const COMMON_NUMBERS: f64 = 0.75;
/// Below this share of common sentences any text may be another filling: a third or half of some templates stands in
/// every filling word for word.
const MOST_COMMON_SENTENCES: f64 = 0.67;
/// Below this share of common numbers and names it reports other facts, whoever published it. Of sixty texts edited in
/// 23 ways the copies keep half of them at least, but for two that have seven in all; fillings of one template have a
/// third in common.
const COMMON_FACTS: f64 = 0.50;
/// So many numbers and names it takes to tell.
const FEWEST_FACTS: usize = 8;
/// In a brief of a few lines so many do, if less than this share of them is in common: two deaths share the agency and the ministry.
const FEWEST_FACTS_OF_A_BRIEF: usize = 5;
const COMMON_FACTS_OF_A_BRIEF: f64 = 0.40;
/// Below this share of common numbers, of two at least, texts without common sentences report other facts, whoever published them:
/// accidents on two roads.
const HARDLY_ANY_NUMBERS: f64 = 0.34;
const FEWEST_NUMBERS: usize = 2;
/// Below this share of places that both texts fill alike they are two fillings, whatever else they share. Of 332 texts edited in 23
/// ways the copies fill three quarters alike at least, and a half where every tenth or fifth word is replaced; fillings of one
/// template a tenth on average and seldom a half, since some of what they say is fixed.
const ALIKE_FILLED: f64 = 0.50;
/// So many places it takes to tell: a correction changes one figure, and what depends on it.
const FEWEST_PLACES: usize = 4;
/// Shorter sentences are formulas that any two texts share.
const SENTENCE_TOKENS: usize = 3;

/// What a text says beside its wording: sorted sets of hashes.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    sentences: Vec<u64>,
    numbers: Vec<u64>,
    /// The numbers, and words in capitals that do not begin a sentence.
    facts: Vec<u64>,
    /// What stands in which place.
    slots: Slots,
}

impl Claims {
    /// Of a text.
    pub(crate) fn of(text: &str) -> Self {
        let numbers = numbers(text);
        let (sentences, mut facts) = sentences_and_names(text);
        facts.extend(&numbers);
        Self {
            sentences: set(sentences),
            numbers,
            facts: set(facts),
            slots: Slots::of(text),
        }
    }
}

/// What two texts have in common beside their wording: shares in 0–1 of the text that has fewer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Facts {
    /// Whole sentences, folded.
    pub(crate) sentences: f64,
    /// Distinct numbers; 1 where a text has none.
    pub(crate) numbers: f64,
    /// Distinct numbers and names; 1 where a text has few.
    pub(crate) all: f64,
    /// How many distinct numbers the text with fewer has.
    few_numbers: usize,
    /// How many distinct numbers and names the text with fewer has.
    told: usize,
    /// Numbers and names between the same words, of the places that both texts fill; 1 where they are few.
    pub(crate) places: f64,
}

impl Facts {
    /// Compares two texts.
    pub(crate) fn common(a: &Claims, b: &Claims) -> Self {
        let few_facts = a.facts.len().min(b.facts.len());
        Self {
            sentences: contained(&a.sentences, &b.sentences),
            numbers: contained(&a.numbers, &b.numbers),
            few_numbers: a.numbers.len().min(b.numbers.len()),
            told: few_facts,
            all: if few_facts >= FEWEST_FACTS_OF_A_BRIEF {
                contained(&a.facts, &b.facts)
            } else {
                1.0
            },
            places: match a.slots.compare(&b.slots) {
                InCommon { places, alike } if places >= FEWEST_PLACES => alike as f64 / places as f64,
                _ => 1.0,
            },
        }
    }

    /// Whether the two texts are two fillings of one template.
    pub(crate) fn are_another_filling(self, same_source: bool) -> bool {
        let common_facts = if self.told >= FEWEST_FACTS {
            COMMON_FACTS
        } else {
            COMMON_FACTS_OF_A_BRIEF
        };
        let has_other_numbers = self.few_numbers >= FEWEST_NUMBERS && self.numbers < HARDLY_ANY_NUMBERS;
        (self.sentences < COMMON_SENTENCES
            && (has_other_numbers || (same_source && self.numbers < COMMON_NUMBERS)))
            || (self.sentences < MOST_COMMON_SENTENCES && self.all < common_facts)
            || self.places < ALIKE_FILLED
    }
}

/// The share of the smaller sorted set that the other one holds; nothing contradicts an empty one.
fn contained(a: &[u64], b: &[u64]) -> f64 {
    match a.len().min(b.len()) {
        0 => 1.0,
        smaller => shared(a, b) as f64 / smaller as f64,
    }
}

/// The sentences of a text, folded and hashed, and its names.
fn sentences_and_names(text: &str) -> (Vec<u64>, Vec<u64>) {
    let (mut found, mut names) = (Vec::new(), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        let (sentence, after) = first_sentence(rest);
        let folded = Folded::of(sentence);
        if folded.tokens().len() >= SENTENCE_TOKENS {
            found.push(folded.tokens().iter().fold(0, |hash: u64, token| {
                mix((hash.rotate_left(23) ^ token).wrapping_mul(ODD))
            }));
        }
        let later = words(sentence).skip(1);
        for name in later.filter(|word| word.starts_with(char::is_uppercase)) {
            names.extend(Folded::of(name).tokens());
        }
        rest = after;
    }
    (found, names)
}

/// A text's first sentence, and the rest.
pub(crate) fn first_sentence(text: &str) -> (&str, &str) {
    text.split_at(sentence_end(text))
}

/// The words of a text as it writes them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !is_inside_token(c))
        .filter(|word| !word.is_empty())
}

/// Where the first sentence ends: after a line, or after a closing mark that is followed by white space.
fn sentence_end(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = match c {
            '\n' => true,
            '.' | '!' | '?' | '…' | ';' => chars.peek().is_none_or(|(_, next)| next.is_whitespace()),
            _ => false,
        };
        if ends {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// The distinct numbers of a text, hashed.
fn numbers(text: &str) -> Vec<u64> {
    set(read_numbers(text)
        .iter()
        .map(|number| hash_bytes(number.as_bytes()))
        .collect())
}

/// The numbers of a text in order, as digits with an optional decimal part: `1 000`, `1000` and `1.000` are
/// one number, `3,5` and `3.5` too.
pub(crate) fn read_numbers(text: &str) -> Vec<String> {
    let mut numbers = Vec::new();
    let mut chars = text.chars().peekable();
    let mut inside_word = false;
    while let Some(c) = chars.next() {
        if !c.is_ascii_digit() || inside_word {
            inside_word = c.is_alphanumeric();
            continue;
        }
        let mut number = String::from(c);
        while let Some(&next) = chars.peek() {
            if next.is_ascii_digit() {
                number.push(next);
                chars.next();
                continue;
            }
            let following = digits_after(chars.clone());
            match next {
                ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '.'
                    if following == 3 && !number.contains('.') && number.len() <= 9 => {}
                '.' | ',' if following > 0 && !number.contains('.') => number.push('.'),
                _ => break,
            }
            chars.next();
        }
        // `1,50` and `1,5` are one number.
        let significant = if number.contains('.') {
            number.trim_end_matches('0').trim_end_matches('.')
        } else {
            &number
        };
        numbers.push(significant.to_owned());
    }
    numbers
}

/// How many digits follow the next character.
fn digits_after(mut chars: std::iter::Peekable<std::str::Chars<'_>>) -> usize {
    chars.next();
    chars.take_while(char::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_french_writes_them() {
        let cases = [
            ("il y a 1 000 soldats, 1\u{202f}000 civils", vec!["1000", "1000"]),
            ("hausse de 3,50 % puis 3.5 %", vec!["3.5", "3.5"]),
            ("le 5 février 2026.", vec!["5", "2026"]),
            ("55 000 morts et 12 blessés", vec!["55000", "12"]),
            ("le vol MQ9 et le G20", vec![]),
            ("à 12 h 30, 14h", vec!["12", "30", "14"]),
        ];
        for (text, expected) in cases {
            assert_eq!(read_numbers(text), expected, "{text}");
        }
    }

    fn common(a: &str, b: &str) -> Facts {
        Facts::common(&Claims::of(a), &Claims::of(b))
    }

    #[test]
    fn two_fillings_of_a_template_are_refused() {
        let filling = |town: &str, low: u8, high: u8, wind: u8| {
            format!(
                "À {town}, le thermomètre affichera {low} degrés au lever du jour. On attend {high} degrés \
                 l'après-midi sur {town}. Le vent soufflera jusqu'à {wind} km/h."
            )
        };
        let facts = common(&filling("Brest", 7, 14, 65), &filling("Nîmes", 11, 23, 30));
        assert!(facts.are_another_filling(true), "{facts:?}");
    }

    #[test]
    fn two_notices_that_share_half_of_their_sentences_are_refused_whoever_prints_them() {
        let notice = |who: &str, town: &str, day: u8, hour: u8| {
            format!(
                "La famille de {who} a la douleur de vous faire part de son décès, survenu à {town} le {day} mars \
                 à l'âge de {} ans. La cérémonie aura lieu à {hour} h en l'église de {town}, suivie de l'inhumation à \
                 Saint-{town} vers {} h {}. Ni fleurs ni couronnes. Cet avis tient lieu \
                 de faire-part et de remerciements.",
                day * 9 + 31,
                hour + 1,
                day * 7,
            )
        };
        let (a, b) = (
            notice("Jeanne Morvan", "Brest", 3, 10),
            notice("Paul Astier", "Nîmes", 7, 15),
        );
        assert!(common(&a, &b).are_another_filling(false), "{:?}", common(&a, &b));
        let copy = a
            .replace("a la douleur", "a l'immense douleur")
            .replace("aura lieu", "se tiendra");
        assert!(!common(&a, &copy).are_another_filling(false));
        assert!(!common(&a, &a.to_uppercase()).are_another_filling(true));
    }

    #[test]
    fn two_accidents_on_two_roads_are_refused_whoever_reports_them() {
        let brief = |hour: u8, road: u16, town: &str, vehicle: &str, age: u8, hours: &str| {
            format!(
                "Un accident de la route s'est produit vers {hour} heures sur la départementale {road}, près de {town}. Pour \
                 une raison inconnue, {vehicle} a quitté la chaussée avant de heurter un arbre. Son conducteur de {age} ans est \
                 mort sur place. Le trafic a été coupé pendant {hours} heures."
            )
        };
        let (a, b) = (
            brief(7, 31, "Auray", "une voiture", 34, "deux"),
            brief(22, 904, "Guéret", "un fourgon", 58, "trois"),
        );
        assert!(common(&a, &b).are_another_filling(false), "{:?}", common(&a, &b));
        let copy = a.replace("s'est produit", "a eu lieu").replace("Son", "Le");
        assert!(!common(&a, &copy).are_another_filling(false));
    }

    #[test]
    fn two_deaths_in_the_same_words_are_refused_whoever_reports_them() {
        let brief = |name: &str, town: &str, age: u8, film: &str| {
            format!(
                "Le comédien {name} est mort lundi à {town} à {age} ans, a dit sa famille à l'AFP. On l'avait vu dans \
                 {film} au cinéma. Les hommages affluent depuis. La ministre de la Culture a salué un immense artiste."
            )
        };
        let (a, b) = (
            brief("Jean Vasseur", "Lille", 81, "Les Brumes"),
            brief("Luc Armand", "Dijon", 74, "Marée Haute"),
        );
        assert!(common(&a, &b).are_another_filling(false), "{:?}", common(&a, &b));
        let copy = a.replace("On l'avait vu", "Il avait joué");
        assert!(!common(&a, &copy).are_another_filling(false));
    }

    #[test]
    fn a_copy_with_words_changed_keeps_its_numbers_and_is_let_through() {
        let facts = common(
            "Le maire a promis 40 logements. Les travaux coûteront 12 millions.",
            "Le maire a annoncé 40 logements. Les travaux coûteraient 12 millions.",
        );
        assert!(!facts.are_another_filling(true), "{facts:?}");
    }

    /// Five places and seven other words, as horoscopes have them: too few numbers and names to tell by themselves.
    #[test]
    fn two_fillings_with_few_facts_are_told_by_what_stands_between_the_same_words() {
        let filling = |sign: &str, mood: &str, hour: u8, vitality: u8, luck: u8| {
            format!(
                "Voici ce que les astres réservent aux natifs du signe {sign} pour la journée. Amour : une rencontre vers \
                 {hour} heures pourrait tout changer. Travail : misez sur la {mood}. Santé : votre vitalité est à \
                 {vitality} sur 10, ménagez vos forces. Votre nombre de chance est le {luck}."
            )
        };
        let (lion, virgo) = (
            filling("Lion", "douceur", 14, 7, 31),
            filling("Vierge", "patience", 18, 4, 12),
        );
        let facts = common(&lion, &virgo);
        assert!(facts.are_another_filling(false), "{facts:?}");
        let copy = lion
            .replace("Voici ce que", "Découvrez ce que")
            .replace("tout changer", "changer votre journée");
        assert!(!common(&lion, &copy).are_another_filling(true));
    }

    #[test]
    fn a_text_with_one_figure_corrected_is_let_through() {
        let text = |dead: u8| {
            format!(
                "L'incendie a fait {dead} morts dans la nuit de mardi. Les pompiers ont envoyé 40 engins et 120 hommes. Le maire \
                 de Vannes a ouvert une salle pour 60 personnes. La préfecture a ouvert une ligne, le 02 97 54 84 00. Le \
                 procureur Yves Le Goff parlera à 15 heures."
            )
        };
        let facts = common(&text(3), &text(5));
        assert!(facts.places < 1.0, "{facts:?}");
        assert!(!facts.are_another_filling(true), "{facts:?}");
    }

    #[test]
    fn texts_without_numbers_are_let_through() {
        let facts = common("Une phrase bien à elle.", "Une autre phrase encore.");
        assert!(!facts.are_another_filling(true));
    }
}
