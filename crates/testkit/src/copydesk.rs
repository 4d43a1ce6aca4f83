//! The press in miniature: invented French news, and what becomes of it when others copy it.
//!
//! Texts come from a grammar of sentences and from articles written by hand (`tests/data/copydesk`); each is a pure function
//! of a name and a number. On them stand the [edits](Edit) that tell a copy from a new text, the [pairs](pairs) that must
//! stay apart or meet.

mod dice;
mod grammar;
mod writer;

pub use dice::Dice;
pub use writer::Event;

use writer::{Theme, Writer};

const COMMON: &str = include_str!("../../../tests/data/copydesk/grammar/common.txt");
const NAMES: &str = include_str!("../../../tests/data/copydesk/grammar/names.txt");
const THEMES: &str = include_str!("../../../tests/data/copydesk/grammar/themes.txt");

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
}

impl Press {
    /// Reads the grammar.
    ///
    /// # Panics
    ///
    /// When a list of the repository breaks the rules of the grammar; the message names the line.
    #[must_use]
    pub fn new() -> Self {
        let themes = THEMES
            .split("\n== ")
            .skip(1)
            .filter_map(|part| part.split_once('\n'))
            .map(|(name, lists)| Theme::new(name.trim(), &[NAMES, COMMON, lists]))
            .collect();
        Self { themes }
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
fn words(dice: &mut Dice) -> usize {
    let words = MEDIAN_WORDS * (SPREAD * dice.normal()).exp();
    (words as usize).clamp(LENGTHS.0, LENGTHS.1 - 60)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn show() {
        let press = Press::new();
        for n in 0..14 { let t = press.article("essai", n); println!("## {}\n{}\n", t.title, t.body); }
        let start = std::time::Instant::now();
        let mut w = 0;
        for n in 0..2000 { w += press.article("v", n).body.split_whitespace().count(); }
        println!("{} words mean, {:?}", w / 2000, start.elapsed() / 2000);
        let sets: Vec<HashSet<Vec<String>>> = (0..300).map(|n| {
            let words: Vec<String> = press.article("b", n).body.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
            words.windows(4).map(<[String]>::to_vec).collect()
        }).collect();
        let (mut same, mut other) = (vec![], vec![]);
        let mut worst = (0.0, 0, 0);
        for i in 0..300 { for j in 0..i {
            let s = sets[i].intersection(&sets[j]).count() as f64;
            let jac = s / ((sets[i].len() + sets[j].len()) as f64 - s);
            if i % 14 == j % 14 { same.push(jac); if jac > worst.0 { worst = (jac, i, j); } } else { other.push(jac); }
        } }
        for v in [&mut same, &mut other] { v.sort_by(f64::total_cmp); println!("{} mean {:.5} p50 {:.4} p99 {:.4} max {:.4}", v.len(), v.iter().sum::<f64>()/v.len() as f64, v[v.len()/2], v[v.len()*99/100], v[v.len()-1]); }
        let mut count: std::collections::HashMap<&Vec<String>, usize> = Default::default();
        for s in &sets { for g in s { *count.entry(g).or_default() += 1; } }
        let mut top: Vec<_> = count.into_iter().filter(|x| x.1 > 20).map(|x| (x.1, x.0.join(" "))).collect(); top.sort(); top.reverse();
        println!("{:?}", top);
        println!("{:?}", worst);
        println!("{:?}", sets[worst.1].intersection(&sets[worst.2]).collect::<Vec<_>>());
    }
}
