//! An inverted index from terms to the numbered holders of each.
//!
//! Holders are numbered in the order they are added and forgotten in that same order. Those of one day of the stream stand in a
//! few tables of sorted arrays, as the texts of the index of texts do (`segment.rs`): new ones in an open one, which is
//! sealed when it is full or its day is over, sealed ones of like size merged. A term of a holder takes four and a half bytes, and
//! those who hold one are neighbours in memory: lists linked through one vector took three times as long to follow.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::segment::{Holders, MOST_TEXTS, Merged};
use crate::size::table_bytes;
use crate::table::Table;

/// Holders that are told: some times those that are compared, as not all of them may be.
const FOUND: usize = 96;
/// Holders that are looked at for one article, those of its weightiest terms first: it bounds the search whatever is in the
/// news, and on labelled streams stories come out the same.
const VISITED: usize = 6_000;
/// Holders of the open table, at most: with 64 terms each, 1 MB of lists that are not packed yet.
const OPEN_HOLDERS: u32 = 512;
/// No list.
const NONE: u32 = u32::MAX;

/// The index.
#[derive(Debug, Clone)]
pub(crate) struct Postings {
    sealed: VecDeque<Sealed>,
    open: Open,
    /// Terms that more hold are words that say nothing about an event, and are not followed.
    frequent: usize,
    /// Room for counting, by how far a holder is behind the first; all zero between searches.
    sums: Vec<f32>,
}

/// Holders that are not added to any more.
#[derive(Debug, Clone)]
struct Sealed {
    day: i64,
    first: u32,
    holders: u32,
    table: Table,
}

#[derive(Debug, Clone, Default)]
struct Open {
    day: i64,
    first: u32,
    holders: u32,
    lists: FxHashMap<u32, Holders>,
}

/// The holders of a term in one table.
struct List<'a> {
    /// The number that the table counts from, less that of the first holder.
    offset: u32,
    holders: &'a [u16],
    /// The next list of the same term.
    next: u32,
}

impl Postings {
    /// An empty index in which terms that more than `frequent` hold are not followed.
    pub(crate) fn new(frequent: usize) -> Self {
        Self {
            sealed: VecDeque::new(),
            open: Open::default(),
            frequent,
            sums: Vec::new(),
        }
    }

    /// Adds the next holder, of this day, under each term; terms must not repeat.
    pub(crate) fn add(&mut self, holder: u32, day: i64, terms: impl IntoIterator<Item = u32>) {
        if self.open.holders >= OPEN_HOLDERS || self.open.day != day || self.open.holders == 0 {
            self.seal(holder, day);
        }
        let place = self.open.holders as u16;
        for term in terms {
            self.open
                .lists
                .entry(term)
                .and_modify(|holders| holders.push(place))
                .or_insert(Holders::One(place));
        }
        self.open.holders += 1;
    }

    /// Forgets every holder before `first`, which are to be the oldest.
    pub(crate) fn forget(&mut self, first: u32) {
        let is_past = |start: u32, holders: u32| {
            holders > 0 && start.wrapping_add(holders).wrapping_sub(first).cast_signed() <= 0
        };
        while self
            .sealed
            .front()
            .is_some_and(|oldest| is_past(oldest.first, oldest.holders))
        {
            self.sealed.pop_front();
        }
        if is_past(self.open.first, self.open.holders) {
            self.open = Open::default();
        }
    }

    /// The holders of these terms, those first that share most of their weight, at most [`FOUND`] of them. Terms ascend. The
    /// `held` holders are numbered from `first`.
    pub(crate) fn holders(&mut self, terms: &[(u32, f32)], first: u32, held: usize) -> Vec<u32> {
        let Self {
            sealed,
            open,
            frequent,
            sums,
        } = self;
        sums.resize(sums.len().max(held), 0.0);
        let hashes: Vec<u32> = terms.iter().map(|(term, _)| *term).collect();
        // By term, how many hold it and the first of its lists.
        let mut heads = vec![(0_usize, NONE); terms.len()];
        let mut lists: Vec<List<'_>> = Vec::with_capacity(2 * terms.len());
        let mut list = |at: usize, start: u32, holders| {
            let holders: &[u16] = holders;
            // Some of the oldest table may be forgotten.
            let offset = start.wrapping_sub(first);
            let gone = u32::from(offset.cast_signed() < 0) * offset.wrapping_neg();
            let live = match gone {
                0 => holders,
                gone => &holders[holders.partition_point(|holder| u32::from(*holder) < gone)..],
            };
            let (count, head) = &mut heads[at];
            *count += live.len();
            lists.push(List {
                offset,
                holders: live,
                next: std::mem::replace(head, lists.len() as u32),
            });
        };
        for table in &*sealed {
            table
                .table
                .look_up(&hashes, |at, holders| list(at, table.first, holders));
        }
        for (at, hash) in hashes.iter().enumerate() {
            if let Some(holders) = open.lists.get(hash) {
                list(at, open.first, holders.as_slice());
            }
        }
        let mut weightiest: Vec<(usize, f32)> = terms.iter().map(|(_, weight)| *weight).enumerate().collect();
        weightiest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut found: Vec<u32> = Vec::new();
        let mut visited = 0;
        for (at, weight) in weightiest {
            let (count, mut next) = heads[at];
            if count > *frequent {
                continue;
            }
            visited += count;
            if visited > VISITED {
                break;
            }
            // What both have of a term counts by its product, and the other has about as much of it.
            let product = (weight * weight).max(f32::MIN_POSITIVE);
            while let Some(list) = lists.get(next as usize) {
                for holder in list.holders {
                    let place = list.offset.wrapping_add(u32::from(*holder));
                    if let Some(sum) = sums.get_mut(place as usize) {
                        if *sum == 0.0 {
                            found.push(place);
                        }
                        *sum += product;
                    }
                }
                next = list.next;
            }
        }
        let mut ranked: Vec<(f32, u32)> = found
            .into_iter()
            .map(|place| (std::mem::take(&mut sums[place as usize]), place))
            .collect();
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if ranked.len() > FOUND {
            ranked.select_nth_unstable_by(FOUND, order);
            ranked.truncate(FOUND);
        }
        ranked.sort_unstable_by(order);
        ranked
            .into_iter()
            .map(|(_, place)| first.wrapping_add(place))
            .collect()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        let sealed = self.sealed.iter().map(|sealed| sealed.table.bytes());
        sealed.sum::<usize>()
            + table_bytes(self.open.lists.capacity(), size_of::<(u32, Holders)>())
            + self.sums.capacity() * size_of::<f32>()
    }

    /// Closes the open table and opens another, of which `first` is to be the first holder.
    fn seal(&mut self, first: u32, day: i64) {
        let next = Open {
            day,
            first,
            ..Open::default()
        };
        let full = std::mem::replace(&mut self.open, next);
        let (over, day_is_over) = (full.day, full.day != day);
        if full.holders > 0 {
            self.sealed.push_back(full.seal());
        }
        while let [.., before, last] = self.sealed.make_contiguous()
            && before.day == last.day
            && (before.holders + last.holders) as usize <= MOST_TEXTS
            && (before.holders <= last.holders || (day_is_over && last.day == over))
            && let (Some(last), Some(before)) = (self.sealed.pop_back(), self.sealed.pop_back())
        {
            self.sealed.push_back(before.merge(&last));
        }
    }
}

impl Open {
    fn seal(self) -> Sealed {
        let mut entries: Vec<(u32, u16)> = Vec::with_capacity(self.lists.len());
        for (term, holders) in self.lists {
            entries.extend(holders.as_slice().iter().map(|holder| (term, *holder)));
        }
        entries.sort_unstable();
        Sealed {
            day: self.day,
            first: self.first,
            holders: self.holders,
            table: Table::of(entries.iter().copied(), entries.len()),
        }
    }
}

impl Sealed {
    /// This table and the one behind it as one.
    fn merge(&self, next: &Self) -> Self {
        let offset = self.holders as u16;
        let behind = next.table.entries().map(|(term, holder)| (term, holder + offset));
        let entries = Merged::new(self.table.entries(), behind);
        Self {
            day: self.day,
            first: self.first,
            holders: self.holders + next.holders,
            table: Table::of(entries, self.table.len() + next.table.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::mix;

    fn terms(terms: &[u32]) -> Vec<(u32, f32)> {
        terms.iter().map(|&term| (term, term as f32)).collect()
    }

    #[test]
    fn holders_are_found_by_the_weight_of_what_they_share() {
        let mut postings = Postings::new(10);
        postings.add(7, 0, [1, 2, 3]);
        postings.add(8, 0, [2, 3, 4]);
        postings.add(9, 1, [5]);
        assert_eq!(postings.holders(&terms(&[2, 3, 4, 9]), 7, 3), [8, 7]);
        assert_eq!(postings.holders(&terms(&[1, 2, 3, 5]), 7, 3), [9, 7, 8]);
        assert_eq!(
            postings.holders(&terms(&[2]), 7, 3),
            [7, 8],
            "of equals the first"
        );
    }

    #[test]
    fn no_more_holders_are_told_than_can_be_used() {
        let mut postings = Postings::new(1000);
        for holder in 0..500 {
            postings.add(holder, 0, [1, if holder == 400 { 2 } else { 3 }]);
        }
        let found = postings.holders(&terms(&[1, 2]), 0, 500);
        assert_eq!((found.len(), found[0], found[1]), (FOUND, 400, 0));
    }

    #[test]
    fn a_forgotten_holder_leaves_nothing_behind() {
        let mut postings = Postings::new(10);
        for holder in 0..100 {
            postings.add(holder, i64::from(holder / 7), [7, holder + 100]);
            if holder >= 5 {
                postings.forget(holder - 4);
                let found = postings.holders(&terms(&[7]), holder - 4, 5);
                assert_eq!(found, (holder - 4..=holder).collect::<Vec<u32>>());
                assert!(postings.holders(&terms(&[holder + 95]), holder - 4, 5).is_empty());
            }
        }
        assert!(postings.sealed.len() <= 2);
        postings.forget(100);
        assert!(postings.sealed.is_empty() && postings.open.lists.is_empty());
        postings.add(100, 14, [7]);
        assert_eq!(postings.holders(&terms(&[7]), 100, 1), [100]);
    }

    #[test]
    fn a_stock_phrase_finds_nobody() {
        let mut postings = Postings::new(3);
        for holder in 0..3 {
            postings.add(holder, 0, [7]);
        }
        assert_eq!(postings.holders(&terms(&[7]), 0, 4).len(), 3);
        postings.add(3, 1, [7]);
        assert_eq!(postings.holders(&terms(&[7]), 0, 4).len(), 0);
        postings.forget(1);
        assert_eq!(postings.holders(&terms(&[7]), 1, 3), [1, 2, 3]);
    }

    #[test]
    fn holders_of_many_days_are_found_however_their_tables_were_sealed_and_merged() {
        // Numbers run over the end, as they do after four billion articles.
        let (start, all) = (u32::MAX - 5_000, 9_000);
        let number = |at: u32| start.wrapping_add(at);
        let of = |at: u32| (0..8).map(move |term| mix(u64::from(at % 40 * 8 + term)) as u32);
        let mut postings = Postings::new(10_000);
        for at in 0..all {
            postings.add(number(at), i64::from(at / 3_000), of(at));
        }
        assert!(postings.sealed.len() <= 6, "{}", postings.sealed.len());
        let mut asked: Vec<(u32, f32)> = of(17).map(|term| (term, 1.0)).collect();
        asked.sort_unstable_by_key(|(term, _)| *term);
        for gone in [0, 1_234, 3_000, 5_500, 8_990] {
            postings.forget(number(gone));
            let expected: Vec<u32> = (gone..all)
                .filter(|at| at % 40 == 17)
                .map(number)
                .take(FOUND)
                .collect();
            let found = postings.holders(&asked, number(gone), (all - gone) as usize);
            assert_eq!(found, expected, "{gone}");
        }
    }
}
