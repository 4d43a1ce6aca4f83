//! Rarity: in how many of the articles of the last weeks each term stands.
//!
//! In: the terms of every new article, with the stream's time. Out: a weight for each term. Counted by days of the stream's
//! own time, so that the same stream gives the same weights; a day that is over keeps only the terms that it used more than
//! once, and a day that is three weeks old is taken back whole. A prior stands in while little was counted, so that
//! five articles on one subject do not make its vocabulary look common, nor a first article's look rare.

use std::collections::VecDeque;

use depeche_model::TermVector;
use jiff::Timestamp;
use rustc_hash::FxHashMap;

use crate::size::table_bytes;
use crate::terms::{Terms, UNLISTED};

/// Days that are counted: three whole weeks, so that no day of the week weighs more than another.
pub(crate) const DAYS: i64 = 21;
/// Distinct terms that a day keeps when it is over, the most frequent ones: 0.5 MB of counts. Of 20,000 articles a day some
/// 50,000 terms are used more than once.
const KEPT_TERMS: usize = 1 << 16;
/// Distinct terms of the day that is not over: past these, terms it has not used yet are not counted until the next.
const OPEN_TERMS: usize = 1 << 19;
/// How many articles the prior counts for.
const PRIOR_ARTICLES: f64 = 500.0;
/// Terms used by fewer than this share of all articles are equally rare: which of them three weeks happened to bring is chance, and
/// weights mean the same after a day as after a month.
const RAREST: f64 = 0.0005;
const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// How rare each term is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rarity {
    articles: u32,
    used_by: FxHashMap<u32, u32>,
    open: Option<OpenDay>,
    past: VecDeque<PastDay>,
}

#[derive(Debug, Clone, Default)]
struct OpenDay {
    number: i64,
    articles: u32,
    used_by: FxHashMap<u32, u32>,
}

#[derive(Debug, Clone)]
struct PastDay {
    number: i64,
    articles: u32,
    used_by: Box<[(u32, u32)]>,
}

impl Rarity {
    /// The weight of a term.
    pub(crate) fn weight(&self, terms: &Terms, term: u32) -> f64 {
        let used = f64::from(self.used_by.get(&term).copied().unwrap_or(0));
        self.weight_of(used + terms.prior(term) * PRIOR_ARTICLES)
    }

    /// The weight of a term that no article used yet and the prior does not list, by which channels are measured.
    pub(crate) fn weight_of_unknown(&self) -> f64 {
        self.weight_of(UNLISTED * PRIOR_ARTICLES)
    }

    fn weight_of(&self, used: f64) -> f64 {
        let all = f64::from(self.articles) + PRIOR_ARTICLES;
        sharpened(-(used / all).clamp(RAREST, 1.0).ln())
    }

    /// The day to which the counts were [turned](Self::turn) last.
    pub(crate) fn last_day(&self) -> Option<i64> {
        self.open.as_ref().map(|day| day.number)
    }

    /// Goes on to the day of `stream`, which never goes back: what was counted [`DAYS`] before it or earlier counts no longer. So
    /// weights are those of the [`DAYS`] up to a moment's own day, whatever came on that day before.
    pub(crate) fn turn(&mut self, stream: Timestamp) {
        let number = stream.as_second().div_euclid(SECONDS_A_DAY);
        if self.open.as_ref().is_some_and(|day| day.number >= number) {
            return;
        }
        if let Some(over) = self.open.take() {
            self.close(over);
        }
        self.open = Some(OpenDay {
            number,
            ..OpenDay::default()
        });
        while self.past.front().is_some_and(|past| past.number <= number - DAYS) {
            self.take_back();
        }
    }

    /// Counts a new article's terms on the day of `stream`.
    pub(crate) fn add(&mut self, vector: &TermVector, stream: Timestamp) {
        self.turn(stream);
        let Some(mut day) = self.open.take() else { return };
        self.articles += 1;
        day.articles += 1;
        for (term, _) in vector.words.iter().chain(&vector.names) {
            let is_full = day.used_by.len() >= OPEN_TERMS;
            match day.used_by.get_mut(term) {
                Some(used) => *used += 1,
                None if is_full => continue,
                None => {
                    day.used_by.insert(*term, 1);
                }
            }
            *self.used_by.entry(*term).or_insert(0) += 1;
        }
        self.open = Some(day);
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let open = self.open.as_ref().map_or(0, |day| day.used_by.capacity());
        let past: usize = self.past.iter().map(|day| size_of_val(&*day.used_by)).sum();
        table_bytes(self.used_by.capacity() + open, size_of::<(u32, u32)>()) + past
    }

    /// Ends a day: what it used once, and the least frequent of too many, is no longer counted.
    fn close(&mut self, day: OpenDay) {
        let mut used_by: Vec<(u32, u32)> = day.used_by.into_iter().collect();
        used_by.sort_unstable_by_key(|&(term, used)| (std::cmp::Reverse(used), term));
        let kept = used_by.partition_point(|&(_, used)| used > 1).min(KEPT_TERMS);
        for (term, used) in used_by.drain(kept..) {
            self.reduce(term, used);
        }
        self.past.push_back(PastDay {
            number: day.number,
            articles: day.articles,
            used_by: used_by.into_boxed_slice(),
        });
        // Most of what a day brings is used once: room for it would be as much again.
        self.used_by.shrink_to_fit();
    }

    /// Forgets the oldest day.
    fn take_back(&mut self) {
        let Some(day) = self.past.pop_front() else { return };
        self.articles -= day.articles;
        for &(term, used) in &day.used_by {
            self.reduce(term, used);
        }
    }

    fn reduce(&mut self, term: u32, by: u32) {
        if let Some(used) = self.used_by.get_mut(&term) {
            *used = used.saturating_sub(by);
            if *used == 0 {
                self.used_by.remove(&term);
            }
        }
    }
}

/// A rarity to the power of 2.5. At the power of 1, the names that every report on a war repeats outweigh the one
/// place where this event happened; from 2 on they do not.
fn sharpened(rarity: f64) -> f64 {
    let rarity = rarity.max(0.0);
    rarity * rarity * rarity.sqrt()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::aliases::Aliases;

    fn uses(terms: &[u32]) -> TermVector {
        TermVector {
            words: terms.iter().map(|&term| (term, 1)).collect(),
            names: Vec::new(),
        }
    }

    fn day(number: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * number)
    }

    #[test]
    fn what_many_articles_use_weighs_less_until_their_weeks_have_passed() {
        let terms = Terms::new(Aliases::default());
        let mut rarity = Rarity::default();
        let unused = rarity.weight(&terms, 7);
        for _ in 0..100 {
            rarity.add(&uses(&[7]), day(1));
        }
        assert!(rarity.weight(&terms, 7) < unused / 2.0);
        rarity.add(&uses(&[8]), day(DAYS));
        assert!(rarity.weight(&terms, 7) < unused / 2.0);
        rarity.add(&uses(&[8]), day(DAYS + 1));
        assert_eq!(rarity.articles, 2);
        assert!(rarity.weight(&terms, 7) >= unused);
    }

    #[test]
    fn weeks_pass_without_new_articles_too() {
        let terms = Terms::new(Aliases::default());
        let mut rarity = Rarity::default();
        let unused = rarity.weight(&terms, 7);
        for _ in 0..100 {
            rarity.add(&uses(&[7]), day(1));
        }
        rarity.turn(day(DAYS));
        assert!(rarity.weight(&terms, 7) < unused / 2.0);
        rarity.turn(day(DAYS + 1));
        assert!(rarity.weight(&terms, 7) >= unused);
        assert_eq!(rarity.last_day(), Some(DAYS + 1));
    }

    #[test]
    fn a_day_that_is_over_keeps_what_it_used_more_than_once() {
        let mut rarity = Rarity::default();
        rarity.add(&uses(&[1, 2]), day(1));
        rarity.add(&uses(&[2, 3]), day(1));
        assert_eq!(rarity.used_by.len(), 3);
        rarity.add(&uses(&[4]), day(2));
        assert_eq!(
            rarity.used_by.len(),
            2,
            "the one used twice, and that of the new day"
        );
        assert_eq!(rarity.used_by.get(&2), Some(&2));
    }

    #[test]
    fn a_day_keeps_no_more_terms_than_it_may() {
        let mut rarity = Rarity::default();
        let all: Vec<u32> = (0..KEPT_TERMS as u32 + 10).collect();
        rarity.add(&uses(&all), day(1));
        rarity.add(&uses(&all), day(1));
        rarity.add(&uses(&[3]), day(2));
        assert_eq!(rarity.used_by.len(), KEPT_TERMS);
        assert_eq!(rarity.used_by.get(&3), Some(&3));
    }
}
