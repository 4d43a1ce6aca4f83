//! Which language a text is in, and how sure that is.
//!
//! In flows the text of an article, or a title and a summary, and what the feed or page says of its language; out flows
//! a language, or `und` when there is too little to tell by. Other scripts are told by their letters (`script`), Latin
//! ones by the traits of their words (`words`, `table`): character n-grams, whole words and pairs of short words,
//! weighed by a logistic regression for 62 languages. The close ones are classes of their own (Catalan, Occitan,
//! Italian, Spanish, Portuguese, Romanian, Haitian and other creoles, Breton, Walloon, Picard, Corsican …) and `mis`
//! is any other: a detector that does not know Haitian takes it for French.
//!
//! A long text is judged by windows spread over it, and their shares are the answer, so quotes in another language do
//! not decide, nor does the line a newsletter opens with. A declared language weighs a little and decides nothing.
//! Rejecting needs more evidence than keeping: names alone, or a few words, give none.
//!
//! A headline is half names, and these travel: the small words between them have a veto (`telltale`).
//!
//! Why this and no other, with the table that it was chosen by: the documentation of the crate.

mod script;
mod table;
mod telltale;
#[cfg(test)]
mod tests;
mod words;

use table::{Scores, Table};
use telltale::Tale;

/// How many times too sure the table is. Divided by this, the nats of held-out windows of 4 and 8 words give
/// probabilities that hold: of the answers given with 0.9 to 0.98, 93 to 98 % are right.
const TEMPERATURE: f32 = 1.25;

/// The least probability with which a wanted language is answered: more than all others together. Asking for 0.6
/// would spare 5 wrong answers in 10,000 of 4 words and 1 of 8, and lose 6 in 1,000 French headlines of 4 words.
const KEEP: f32 = 0.5;

/// The same for a text in which most words look like names, which speak for any language.
const KEEP_NAMES: f32 = 0.9;

/// The most that may speak for the wanted languages in a short text that is rejected. One of 3,025 held-out French
/// windows of 4 and 8 words was, and that one is in English.
const REJECT: f32 = 0.02;

/// The most of a long text that may be in a wanted language when it is rejected: a bilingual article is kept, one with
/// a paragraph of French quotes is not.
const REJECT_SHARE: f32 = 0.34;

/// The least share of the language over which a text is rejected whose words mostly look like names: such lists are
/// torn between many languages.
const REJECT_NAMES: f32 = 0.98;

/// With fewer words that are no names than this a text is not rejected.
const MIN_WORDS_TO_REJECT: usize = 5;

/// With fewer words that are no names than this nothing is said.
const MIN_WORDS: usize = 2;

/// What a declaration is worth, in nats: as much as a tell-tale word.
const DECLARED_NATS: f32 = 2.0;

/// Bytes of a window: some forty words, with which no answer on the held-out sentences is wrong.
const WINDOW_BYTES: usize = 240;

/// Windows of a longer text: three can disagree and still have a majority, and more make no answer better.
const MAX_WINDOWS: usize = 3;

/// A text may be longer than one window by this before it is cut in two.
const MIN_WINDOW_BYTES: usize = 96;

/// The table's name of French, and of any language that it has not.
const FRENCH: &str = "fr";
const UNKNOWN: &str = "mis";

/// The language of a text. Any other answer than `und` is sure enough to reject a text over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// ISO 639-1 (or -2 where it has none there), `und` when it cannot be told.
    pub language: String,
    /// 0–1: the probability of the language; for a long text the share of its windows that are in it.
    pub confidence: f32,
    /// Whether the language is among the wanted ones.
    pub wanted: bool,
}

/// Every language that can be wanted, by the code under which it is answered, in alphabetical order.
#[must_use]
pub fn known_languages() -> Vec<&'static str> {
    let table = Table::load().map(|table| table.languages().to_vec());
    let mut known: Vec<&str> = table
        .unwrap_or_default()
        .into_iter()
        .filter(|name| *name != "mis")
        .chain(script::LANGUAGES)
        .collect();
    known.sort_unstable();
    known.dedup();
    known
}

/// Whether texts in this language are told from others: by its own code, or by that of a language which it is not told
/// from.
#[must_use]
pub fn is_known_language(code: &str) -> bool {
    known_languages().contains(&known_as(code))
}

/// Tells languages.
pub struct Detector {
    table: Table,
    wanted: Vec<String>,
    /// For each language of the table, whether it is wanted.
    wanted_lanes: Vec<bool>,
}

impl Detector {
    /// A detector for which `wanted` (ISO 639-1) are the languages to keep.
    ///
    /// # Panics
    ///
    /// If the table that is part of the program is damaged, which a test rules out.
    #[must_use]
    pub fn new(wanted: &[String]) -> Self {
        let table = Table::load().expect("the table is part of the program");
        let wanted_lanes = table
            .languages()
            .iter()
            .map(|name| wanted.iter().any(|wanted| known_as(wanted) == *name))
            .collect();
        Self {
            table,
            wanted: wanted.to_vec(),
            wanted_lanes,
        }
    }

    /// The language of `text`, in NFC; `declared` is what the feed or page says of itself (BCP 47).
    #[must_use]
    pub fn detect(&self, text: &str, declared: Option<&str>) -> Detected {
        let windows = windows(text);
        if let Some((language, share)) = script::language(&windows) {
            return self.answer(language, share);
        }
        let declared = declared.map(primary_subtag).and_then(|declared| {
            let name = known_as(&declared);
            self.table.languages().iter().position(|known| *known == name)
        });
        let mut shares = vec![0.0_f32; self.table.languages().len()];
        let (mut words, mut plain_words, mut capital_words) = (0, 0, 0);
        for window in &windows {
            let scores = self.table.score(window);
            words += scores.words;
            plain_words += scores.plain_words;
            capital_words += scores.capital_words;
            add_probabilities(&scores, declared, &mut shares);
        }
        // In capitals every word looks like a name. Of a Title With Capitals half the words are taken to be none.
        let mostly_names = plain_words * 2 < words && capital_words * 2 < words;
        let (telling, keep, reject_over) = if mostly_names {
            (words / 2, KEEP_NAMES, REJECT_NAMES)
        } else {
            (plain_words.max(capital_words), KEEP, 0.0)
        };
        if words == 0 || telling < MIN_WORDS {
            return undetermined();
        }
        for share in &mut shares {
            *share /= words as f32;
        }
        if let Some((wanted, share)) = self.largest(&shares, true)
            && share >= keep
        {
            let is_english = wanted == FRENCH && telltale::of(text) == Tale::English;
            return if is_english {
                undetermined()
            } else {
                self.answer(wanted, share)
            };
        }
        let all_wanted: f32 = shares
            .iter()
            .zip(&self.wanted_lanes)
            .filter_map(|(share, is_wanted)| is_wanted.then_some(*share))
            .sum();
        let allowed = if windows.len() > 1 { REJECT_SHARE } else { REJECT };
        match self.largest(&shares, false) {
            Some((other, share))
                if all_wanted <= allowed && share >= reject_over && telling >= MIN_WORDS_TO_REJECT =>
            {
                // Of a headline in no language that is known, its small words are asked.
                let is_french = other == UNKNOWN && self.wants_french() && telltale::of(text) == Tale::French;
                if is_french {
                    self.answer(FRENCH, KEEP)
                } else {
                    self.answer(other, share)
                }
            }
            _ => undetermined(),
        }
    }

    /// The language with the largest share among the wanted ones or among the others.
    fn largest(&self, shares: &[f32], among_wanted: bool) -> Option<(&'static str, f32)> {
        self.table
            .languages()
            .iter()
            .zip(shares)
            .zip(&self.wanted_lanes)
            .filter(|(_, is_wanted)| **is_wanted == among_wanted)
            .map(|((name, share), _)| (*name, *share))
            .max_by(|a, b| a.1.total_cmp(&b.1))
    }

    fn wants_french(&self) -> bool {
        self.wanted.iter().any(|wanted| known_as(wanted) == FRENCH)
    }

    fn answer(&self, language: &str, confidence: f32) -> Detected {
        Detected {
            language: language.to_owned(),
            confidence: confidence.clamp(0.0, 1.0),
            wanted: self.wanted.iter().any(|wanted| known_as(wanted) == language),
        }
    }
}

fn undetermined() -> Detected {
    Detected {
        language: "und".to_owned(),
        confidence: 0.0,
        wanted: false,
    }
}

/// Adds the probability of each language in a window, by the window's words.
fn add_probabilities(scores: &Scores, declared: Option<usize>, shares: &mut [f32]) {
    let nats = |at: usize, nats: f32| {
        let hint = if declared == Some(at) { DECLARED_NATS } else { 0.0 };
        (nats + hint) / TEMPERATURE
    };
    let with_hint = || scores.nats.iter().enumerate().map(|(at, value)| nats(at, *value));
    let highest = with_hint().fold(f32::NEG_INFINITY, f32::max);
    let whole: f32 = with_hint().map(|value| (value - highest).exp()).sum();
    for (share, value) in shares.iter_mut().zip(with_hint()) {
        *share += scores.words as f32 * (value - highest).exp() / whole;
    }
}

/// The windows that a text is judged by: all of it in pieces when it is short, else its start, its end and what lies
/// at equal distances between them. None cuts a word.
fn windows(text: &str) -> Vec<&str> {
    let text = text.trim();
    if text.len() <= WINDOW_BYTES + MIN_WINDOW_BYTES {
        return vec![text];
    }
    let count = text.len().div_ceil(WINDOW_BYTES).min(MAX_WINDOWS);
    let last_start = text.len() - WINDOW_BYTES;
    (0..count)
        .filter_map(|at| {
            let from = word_border(text, last_start * at / (count - 1).max(1));
            let to = word_border(text, from + WINDOW_BYTES);
            text.get(from..to)
        })
        .collect()
}

/// The first border of a word at or after `at`; where there is none within a window's length, the next character's.
fn word_border(text: &str, at: usize) -> usize {
    if at == 0 || at >= text.len() {
        return at.min(text.len());
    }
    let mut at = at;
    while !text.is_char_boundary(at) {
        at += 1;
    }
    let rest = text.get(at..).unwrap_or("");
    rest.char_indices()
        .take(WINDOW_BYTES)
        .find(|(_, c)| c.is_whitespace())
        .map_or(at, |(past, _)| at + past)
}

/// `fr` of `fr-FR`.
fn primary_subtag(declared: &str) -> String {
    declared
        .trim()
        .split(['-', '_'])
        .next()
        .unwrap_or("")
        .to_ascii_lowercase()
}

/// Under which name the table has a language: those that read as one another are one class.
fn known_as(language: &str) -> &str {
    match language {
        "no" | "nn" => "nb",
        "bs" | "sr" | "me" => "hr",
        "ms" => "id",
        _ => language,
    }
}
