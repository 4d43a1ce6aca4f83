//! The press in miniature: invented French news, and what becomes of it when others copy it.
//!
//! Texts come from a grammar of sentences and from articles written by hand (`tests/data/copydesk`); each is a pure function
//! of a name and a number, the same on every machine. On them stand the [edits](Edit) that tell a copy from a new text,
//! pairs that must stay apart or meet in a story, template families, [chains](Chain) of versions and [streams](Stream).

mod chains;
mod dice;
mod edits;
mod grammar;
mod lexicon;
mod pairs;
mod sagas;
mod sentences;
mod stream;
mod templates;
#[cfg(test)]
mod tests;
mod writer;

pub use chains::{Chain, Expected, Version};
pub use dice::Dice;
pub use edits::Edit;
pub use pairs::Pair;
pub use sagas::Report;
pub use sentences::{count_words, resemblance};
pub use stream::{Item, Stream};
pub use writer::Event;

use lexicon::Lexicon;
use templates::Templates;
use writer::{Theme, Writer};

const COMMON: &str = include_str!("../../../tests/data/copydesk/grammar/common.txt");
const NAMES: &str = include_str!("../../../tests/data/copydesk/grammar/names.txt");
const THEMES: &str = include_str!("../../../tests/data/copydesk/grammar/themes.txt");
const ARTICLES: &str = include_str!("../../../tests/data/copydesk/articles.txt");
const ACCOUNTS: &str = include_str!("../../../tests/data/copydesk/accounts.txt");
const SAGAS: &str = include_str!("../../../tests/data/copydesk/sagas.txt");
const BOILERPLATE: &str = include_str!("../../../tests/data/copydesk/boilerplate.txt");

/// Words of the shortest and of the longest invented article.
pub const LENGTHS: (usize, usize) = (80, 900);
/// The median of their lengths; French dailies print about 400 words on average, and the mean lies above the median.
const MEDIAN_WORDS: f64 = 370.0;
/// The standard deviation of the logarithm of their lengths: two thirds lie between 220 and 610 words.
const SPREAD: f64 = 0.5;

/// An article as far as comparing goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The headline.
    pub title: String,
    /// Paragraphs separated by blank lines; a short one without a full stop is a subheading.
    pub body: String,
}

/// Writes invented articles.
#[derive(Debug)]
pub struct Press {
    themes: Vec<Theme>,
    templates: Templates,
    lexicon: Lexicon,
    boilerplate: Boilerplate,
    /// Articles written by hand, under their keys.
    hand_written: Vec<(String, Text)>,
    /// Second accounts of some of them, under the same keys.
    accounts: Vec<(String, Text)>,
}

/// A publisher's lines around and between its texts.
#[derive(Debug)]
struct Boilerplate {
    before: Vec<String>,
    after: Vec<String>,
    between: Vec<String>,
}

impl Press {
    /// Reads the grammar.
    ///
    /// # Panics
    ///
    /// When a list of the repository breaks the rules of the grammar; the message names the line.
    #[must_use]
    pub fn new() -> Self {
        let themes = parts(THEMES)
            .map(|(name, lists)| Theme::new(name.trim(), &[NAMES, COMMON, lists]))
            .collect();
        let mut lines = parts(BOILERPLATE).map(|(_, lines)| {
            let lines = lines.lines().filter(|line| !line.trim().is_empty());
            lines.map(str::to_owned).collect::<Vec<String>>()
        });
        let mut next = || lines.next().unwrap_or_default();
        Self {
            themes,
            templates: Templates::new(),
            lexicon: Lexicon::new(&[THEMES, COMMON, ARTICLES, ACCOUNTS]),
            boilerplate: Boilerplate {
                before: next(),
                after: next(),
                between: next(),
            },
            hand_written: titled(ARTICLES),
            accounts: titled(ACCOUNTS),
        }
    }

    /// The base texts: those written by hand first, then invented ones.
    #[must_use]
    pub fn base_texts(&self, wanted: usize) -> Vec<Text> {
        let written = self.hand_written.iter().map(|(_, text)| text.clone());
        written
            .chain((0..).map(|number| self.article("base", number)))
            .take(wanted)
            .collect()
    }

    /// The names of the themes; an article's theme is its number modulo theirs.
    #[must_use]
    pub fn themes(&self) -> Vec<&str> {
        self.themes.iter().map(|theme| theme.name.as_str()).collect()
    }

    /// The article number `number` of the stream called `name`.
    #[must_use]
    pub fn article(&self, name: &str, number: u64) -> Text {
        let event = self.event(name, number);
        let mut dice = Dice::new(name, number);
        let words = words(&mut dice);
        self.report(number, &event, dice, words)
    }

    /// The same with a length of its own.
    #[must_use]
    pub fn article_of(&self, name: &str, number: u64, words: usize) -> Text {
        self.report(number, &self.event(name, number), Dice::new(name, number), words)
    }

    /// A text between the lines of a publisher: two before it and three behind, about eighty words.
    #[must_use]
    pub fn with_boilerplate(&self, body: &str, publisher: u64) -> String {
        let mut dice = Dice::new("éditeur", publisher);
        let mut choose = |lines: &[String], wanted| -> Vec<String> {
            let chosen = dice.positions(wanted, lines.len());
            chosen
                .into_iter()
                .filter_map(|place| lines.get(place).cloned())
                .collect()
        };
        let mut all = choose(&self.boilerplate.before, 2);
        all.push(body.to_owned());
        all.extend(choose(&self.boilerplate.after, 3));
        all.join("\n\n")
    }

    /// What the article number `number` is about.
    #[must_use]
    pub fn event(&self, name: &str, number: u64) -> Event {
        let mut dice = Dice::new(name, !number);
        Event::draw(self.theme(number), &mut dice)
    }

    /// Writes about an event of the theme of `number`.
    #[must_use]
    pub fn report(&self, number: u64, event: &Event, dice: Dice, words: usize) -> Text {
        let mut writer = Writer::new(self.theme(number), event, dice);
        Text {
            title: writer.title(),
            body: writer.body(words),
        }
    }

    fn theme(&self, number: u64) -> &Theme {
        &self.themes[(number % self.themes.len() as u64) as usize]
    }
}

impl Default for Press {
    fn default() -> Self {
        Self::new()
    }
}

/// A length in words, lognormal as those of news are.
#[expect(clippy::cast_sign_loss, reason = "a product of positive numbers")]
fn words(dice: &mut Dice) -> usize {
    let words = MEDIAN_WORDS * (SPREAD * dice.normal()).exp();
    (words as usize).clamp(LENGTHS.0, LENGTHS.1 - 60)
}

/// The parts of a file, each behind a line that begins with `==`.
fn parts(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    file.split("\n== ")
        .skip(1)
        .filter_map(|part| part.split_once('\n'))
}

/// The texts of a file: `key | headline`, then paragraphs.
fn titled(file: &'static str) -> Vec<(String, Text)> {
    parts(file)
        .filter_map(|(head, body)| {
            let (key, title) = head.split_once(" | ")?;
            let text = Text {
                title: title.trim().to_owned(),
                body: body.trim().to_owned(),
            };
            Some((key.to_owned(), text))
        })
        .collect()
}
