//! Which items of a feed were seen before: enough to count the new ones, in a few hundred bytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most items remembered. Feeds of the press hold 10 to 50; the rest of larger ones is told by how far the memory reaches.
pub const REMEMBERED: usize = 64;

/// An item as the schedule sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// What tells it from others, spread evenly over all numbers.
    pub fingerprint: u32,
    /// When it says it was published.
    pub published: Option<Timestamp>,
    /// A hub delivered it before.
    pub delivered: bool,
}

/// How far the memory reaches in a feed that holds more than is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Reach {
    /// Every item of the answer is remembered.
    #[default]
    All,
    /// The items of later date than this one, in Unix seconds.
    Since(i64),
    /// The items with a fingerprint up to this one: a sample, since fingerprints are spread evenly.
    UpTo(u32),
}

/// The items of the last answer that are remembered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Known {
    fingerprints: Vec<u32>,
    reach: Reach,
}

/// What comparing an answer with the one before showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compared {
    /// Items of the answer.
    pub items: usize,
    /// How many of them are new; of a sample, what that makes for all.
    pub new: usize,
    /// There were items before and there are items now, and none of them is the same: some may have come and gone between.
    pub gap: bool,
}

impl Known {
    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    /// Whether an item is remembered.
    #[must_use]
    pub fn has(&self, fingerprint: u32) -> bool {
        self.fingerprints.contains(&fingerprint)
    }

    /// Compares an answer with what is remembered.
    #[must_use]
    pub fn compare(&self, items: &[Item]) -> Compared {
        let overlaps = items
            .iter()
            .any(|item| item.delivered || self.has(item.fingerprint));
        let unknown = items
            .iter()
            .filter(|item| self.reaches(item) && !self.has(item.fingerprint))
            .count();
        let new = match self.reach {
            Reach::All | Reach::Since(_) => unknown,
            // The sample has the part (last + 1) / 2^32 of all.
            Reach::UpTo(last) => {
                usize::try_from(((unknown as u64) << 32) / (u64::from(last) + 1)).unwrap_or(usize::MAX)
            }
        };
        Compared {
            items: items.len(),
            new: new.min(items.len()),
            gap: !overlaps && !self.is_empty() && !items.is_empty(),
        }
    }

    /// How many of the remembered items, in 0–1, an answer has; `None` when nothing is remembered or nothing came.
    #[must_use]
    pub fn likeness(&self, items: &[Item]) -> Option<f64> {
        if self.is_empty() || items.is_empty() {
            return None;
        }
        let known = items.iter().filter(|item| self.has(item.fingerprint)).count();
        Some(known as f64 / items.len().min(self.fingerprints.len()) as f64)
    }

    fn reaches(&self, item: &Item) -> bool {
        match self.reach {
            Reach::All => true,
            Reach::Since(second) => item.published.is_some_and(|date| date.as_second() > second),
            Reach::UpTo(last) => item.fingerprint <= last,
        }
    }

    /// Remembers an answer in place of the one before. An answer without items changes nothing: what it had lost may come
    /// back, and is then not new.
    pub fn remember(&mut self, items: &[Item]) {
        if items.is_empty() {
            return;
        }
        let mut all: Vec<Item> = items.to_vec();
        all.sort_unstable_by_key(|item| item.fingerprint);
        all.dedup_by_key(|item| item.fingerprint);
        self.reach = Reach::All;
        if all.len() > REMEMBERED {
            let dated = all.iter().filter(|item| item.published.is_some()).count();
            if dated * 2 >= all.len() {
                // The newest: that is where new ones come.
                all.sort_by_key(|item| std::cmp::Reverse(item.published));
                let first_left_out = all.get(REMEMBERED).and_then(|item| item.published);
                self.reach = Reach::Since(first_left_out.map_or(i64::MIN, Timestamp::as_second));
            } else {
                self.reach = Reach::UpTo(all[REMEMBERED - 1].fingerprint);
            }
            all.truncate(REMEMBERED);
        }
        self.fingerprints = all.iter().map(|item| item.fingerprint).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Dice;

    fn items(numbers: std::ops::Range<u64>, dated: bool) -> Vec<Item> {
        numbers
            .map(|n| Item {
                fingerprint: Dice::seeded(n).bits() as u32,
                delivered: false,
                published: dated
                    .then(|| Timestamp::from_second(1_770_000_000 + i64::try_from(n).unwrap() * 60).unwrap()),
            })
            .collect()
    }

    fn new_after(before: &[Item], after: &[Item]) -> Compared {
        let mut known = Known::default();
        known.remember(before);
        known.compare(after)
    }

    #[test]
    fn new_items_are_counted_and_a_missing_overlap_is_told() {
        for dated in [true, false] {
            let compared = new_after(&items(0..20, dated), &items(3..23, dated));
            assert_eq!((compared.new, compared.gap), (3, false));
            let compared = new_after(&items(0..20, dated), &items(20..40, dated));
            assert_eq!((compared.new, compared.gap), (20, true));
        }
        assert!(!new_after(&[], &items(0..5, true)).gap);
        assert!(!new_after(&items(0..5, true), &[]).gap);
    }

    #[test]
    fn a_feed_larger_than_the_memory_has_no_new_items_when_nothing_came() {
        for dated in [true, false] {
            let all = items(0..500, dated);
            assert_eq!(new_after(&all, &all).new, 0, "dated {dated}");
        }
        // Dated: exact. Undated: a sample tells about how many.
        assert_eq!(new_after(&items(0..500, true), &items(10..510, true)).new, 10);
        let sampled = new_after(&items(0..500, false), &items(100..600, false)).new;
        assert!((50..170).contains(&sampled), "{sampled}");
    }

    #[test]
    fn an_item_that_was_taken_down_does_not_make_an_old_one_new() {
        let all = items(0..100, true);
        let without: Vec<Item> = all
            .iter()
            .copied()
            .filter(|item| item.fingerprint != all[90].fingerprint)
            .collect();
        assert_eq!(new_after(&all, &without).new, 0);
    }

    #[test]
    fn an_empty_answer_forgets_nothing() {
        let mut known = Known::default();
        known.remember(&items(0..20, true));
        known.remember(&[]);
        assert_eq!(known.compare(&items(0..20, true)).new, 0);
    }

    #[test]
    fn likeness_is_the_part_that_is_shared() {
        let mut known = Known::default();
        assert_eq!(known.likeness(&items(0..4, true)), None);
        known.remember(&items(0..20, true));
        assert_eq!(known.likeness(&items(10..30, true)), Some(0.5));
        assert_eq!(known.likeness(&items(15..20, true)), Some(1.0));
    }

    #[test]
    fn what_a_hub_delivered_is_no_gap() {
        let mut after = items(20..40, true);
        after[7].delivered = true;
        let compared = new_after(&items(0..20, true), &after);
        assert_eq!((compared.new, compared.gap), (20, false));
    }
}
