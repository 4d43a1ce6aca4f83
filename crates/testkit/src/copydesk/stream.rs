//! Streams: the press of weeks, one article after another, each made again from its number at any time.
//!
//! Two thirds of what is published copies something (Cagé, Hervé and Viaud, *The Production of Information in an Online World*,
//! 2020: 32.6 % of the text is original), and most copies follow within hours. Nothing is kept: whoever needs an earlier text asks
//! for it by its number.

use crate::copydesk::dice::Dice;
use crate::copydesk::{Edit, Press, Text};

/// Publishers of a stream: about as many feeds as a national collection has.
const SOURCES: usize = 300;

/// Of a hundred articles, those that are texts of their own.
const ORIGINAL: usize = 36;

/// How copies are made, with their share of a hundred copies; a guess, in the order in which newsrooms' habits are described.
const HABITS: [(usize, Edit); 10] = [
    (22, Edit::Verbatim),
    (14, Edit::Headline),
    (12, Edit::Teaser(50)),
    (12, Edit::CutBelow),
    (10, Edit::Dropped(20)),
    (10, Edit::Lead),
    (8, Edit::Added),
    (5, Edit::FirstThird),
    (4, Edit::Words(3)),
    (3, Edit::Rewired),
];

/// An article of a stream.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its number.
    pub number: u64,
    /// Its publisher.
    pub source: usize,
    /// Seconds since the stream began.
    pub secs: i64,
    /// Headline and text.
    pub text: Text,
    /// The number of the text it copies, and how.
    pub copy_of: Option<(u64, Edit)>,
}

/// A stream of articles.
#[derive(Debug, Clone, Copy)]
pub struct Stream<'a> {
    press: &'a Press,
    per_day: u64,
    original: usize,
}

impl<'a> Stream<'a> {
    /// A stream that brings so many articles a day.
    #[must_use]
    pub fn new(press: &'a Press, per_day: u64) -> Self {
        Self {
            press,
            per_day: per_day.max(1),
            original: ORIGINAL,
        }
    }

    /// The same without copies: every article is a text of its own.
    #[must_use]
    pub fn of_originals(press: &'a Press, per_day: u64) -> Self {
        Self {
            original: 100,
            ..Self::new(press, per_day)
        }
    }

    /// The article number `number`.
    #[must_use]
    pub fn item(&self, number: u64) -> Item {
        let mut dice = Dice::new("publication", number);
        let source = dice.below(SOURCES);
        let copy_of = self.copied(number);
        let text = match copy_of {
            None => self.press.article("fil", number),
            Some((base, edit)) => edit.apply(self.press, &self.press.article("fil", base), number),
        };
        Item {
            number,
            source,
            secs: (u128::from(number) * 86_400 / u128::from(self.per_day)) as i64,
            text,
            copy_of,
        }
    }

    /// What an article copies: a text of its own from the hours before it.
    fn copied(&self, number: u64) -> Option<(u64, Edit)> {
        let mut dice = Dice::new("reprise", number);
        if number == 0 || dice.chance(self.original) {
            return None;
        }
        let mut habit = dice.below(HABITS.iter().map(|(share, _)| share).sum());
        let edit = HABITS
            .iter()
            .find(|(share, _)| {
                let found = habit < *share;
                habit = habit.saturating_sub(*share);
                found
            })
            .map_or(Edit::Verbatim, |(_, edit)| *edit);
        // Half of the copies within an eighth of a day, the last ones two days later.
        let reach = if dice.chance(50) {
            self.per_day / 8
        } else {
            self.per_day * 2
        };
        // No further than to the first, which everybody would else copy while the stream is young.
        let reach = reach.clamp(1, number);
        let mut base = number - 1 - dice.below(reach as usize) as u64;
        // Copies are of originals: the next one before it.
        while base > 0 && Dice::new("reprise", base).below(100) >= self.original {
            base -= 1;
        }
        Some((base, edit))
    }
}
