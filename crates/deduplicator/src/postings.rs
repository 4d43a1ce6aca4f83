//! An inverted index from terms to the numbered holders of each.
//!
//! Holders are numbered in the order they are added and forgotten in that same order, so every list is a
//! queue: adding appends at its tail, forgetting takes from its head, and neither walks it. Nodes of all lists
//! live in one vector with a free list.

use rustc_hash::FxHashMap;

use crate::size::table_bytes;

const NONE: u32 = u32::MAX;
/// Holders that are told: some times those that are compared, as not all of them may be.
const FOUND: usize = 96;
/// Holders that are looked at for one article, those of its weightiest terms first: it bounds the search whatever is in the
/// news, and on labelled streams stories come out the same.
const VISITED: u32 = 6_000;

#[derive(Debug, Clone, Copy)]
struct List {
    head: u32,
    tail: u32,
    length: u32,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    holder: u32,
    next: u32,
}

/// The index.
#[derive(Debug, Clone)]
pub(crate) struct Postings {
    lists: FxHashMap<u32, List>,
    nodes: Vec<Node>,
    free: u32,
    /// Longer lists are of words that say nothing about an event, and are not followed.
    frequent: u32,
    /// Room for counting, by holder.
    sums: Vec<f32>,
}

impl Postings {
    /// An empty index whose lists longer than `frequent` are not followed.
    pub(crate) fn new(frequent: u32) -> Self {
        Self {
            lists: FxHashMap::default(),
            nodes: Vec::new(),
            free: NONE,
            frequent,
            sums: Vec::new(),
        }
    }

    /// Adds the next holder under each term; terms must not repeat.
    pub(crate) fn add(&mut self, holder: u32, terms: impl IntoIterator<Item = u32>) {
        for term in terms {
            let node = self.allocate(holder);
            match self.lists.entry(term) {
                std::collections::hash_map::Entry::Occupied(mut occupied) => {
                    let list = occupied.get_mut();
                    self.nodes[list.tail as usize].next = node;
                    list.tail = node;
                    list.length += 1;
                }
                std::collections::hash_map::Entry::Vacant(vacant) => {
                    vacant.insert(List {
                        head: node,
                        tail: node,
                        length: 1,
                    });
                }
            }
        }
    }

    /// Forgets the oldest holder, which was added under these terms.
    pub(crate) fn forget(&mut self, holder: u32, terms: impl IntoIterator<Item = u32>) {
        for term in terms {
            let Some(list) = self.lists.get_mut(&term) else {
                continue;
            };
            let head = list.head;
            debug_assert_eq!(
                self.nodes[head as usize].holder, holder,
                "holders are forgotten in order"
            );
            list.head = self.nodes[head as usize].next;
            list.length -= 1;
            if list.length == 0 {
                self.lists.remove(&term);
            }
            self.nodes[head as usize].next = self.free;
            self.free = head;
        }
    }

    /// The holders of these terms, those first that share most of their weight, at most [`FOUND`] of them. The `held` holders
    /// are numbered from `first`.
    pub(crate) fn holders(&mut self, terms: &[(u32, f32)], first: u32, held: usize) -> Vec<u32> {
        self.sums.clear();
        self.sums.resize(held, 0.0);
        let mut found: Vec<u32> = Vec::new();
        let mut weightiest: Vec<&(u32, f32)> = terms.iter().collect();
        weightiest.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut visited = 0;
        for (term, weight) in weightiest {
            let Some(list) = self.lists.get(term) else {
                continue;
            };
            if list.length > self.frequent {
                continue;
            }
            visited += list.length;
            if visited > VISITED {
                break;
            }
            // What both have of a term counts by its product, and the other has about as much of it.
            let product = weight * weight;
            let mut at = list.head;
            while let Some(node) = self.nodes.get(at as usize) {
                if let Some(sum) = self.sums.get_mut(node.holder.wrapping_sub(first) as usize) {
                    if *sum == 0.0 {
                        found.push(node.holder);
                    }
                    *sum += product.max(f32::MIN_POSITIVE);
                }
                at = if at == list.tail { NONE } else { node.next };
            }
        }
        let sum = |holder: u32| {
            let at = holder.wrapping_sub(first) as usize;
            self.sums.get(at).copied().unwrap_or_default()
        };
        let order = |a: &u32, b: &u32| {
            sum(*b)
                .total_cmp(&sum(*a))
                .then(a.wrapping_sub(first).cmp(&b.wrapping_sub(first)))
        };
        if found.len() > FOUND {
            found.select_nth_unstable_by(FOUND, order);
            found.truncate(FOUND);
        }
        found.sort_unstable_by(order);
        found
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        table_bytes(self.lists.capacity(), size_of::<(u32, List)>())
            + self.nodes.capacity() * size_of::<Node>()
            + self.sums.capacity() * size_of::<f32>()
    }

    fn allocate(&mut self, holder: u32) -> u32 {
        let node = Node { holder, next: NONE };
        if let Some(free) = self.nodes.get_mut(self.free as usize) {
            let at = self.free;
            self.free = free.next;
            *free = node;
            return at;
        }
        self.nodes.push(node);
        (self.nodes.len() - 1) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(terms: &[u32]) -> Vec<(u32, f32)> {
        terms.iter().map(|&term| (term, term as f32)).collect()
    }

    #[test]
    fn holders_are_found_by_the_weight_of_what_they_share() {
        let mut postings = Postings::new(10);
        postings.add(7, [1, 2, 3]);
        postings.add(8, [2, 3, 4]);
        postings.add(9, [5]);
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
            postings.add(holder, [1, if holder == 400 { 2 } else { 3 }]);
        }
        let found = postings.holders(&terms(&[1, 2]), 0, 500);
        assert_eq!((found.len(), found[0], found[1]), (FOUND, 400, 0));
    }

    #[test]
    fn a_forgotten_holder_leaves_nothing_behind() {
        let mut postings = Postings::new(10);
        for holder in 0..100 {
            postings.add(holder, [7, holder + 100]);
            if holder >= 5 {
                postings.forget(holder - 5, [7, holder + 95]);
            }
        }
        assert_eq!(postings.holders(&terms(&[7]), 95, 5).len(), 5);
        assert_eq!(
            (postings.lists.len(), postings.nodes.len()),
            (6, 12),
            "nodes are used again"
        );
    }

    #[test]
    fn a_stock_phrase_finds_nobody() {
        let mut postings = Postings::new(3);
        for holder in 0..3 {
            postings.add(holder, [7]);
        }
        assert_eq!(postings.holders(&terms(&[7]), 0, 4).len(), 3);
        postings.add(3, [7]);
        assert_eq!(postings.holders(&terms(&[7]), 0, 4).len(), 0);
    }
}
