//! An inverted index from 32-bit fingerprints to the numbered holders of each.
//!
//! Holders are numbered in the order they are added and forgotten in that same order, so every list is a
//! queue: adding appends at its tail, forgetting takes from its head, and neither walks it. Nodes of all lists
//! live in one vector with a free list.

use rustc_hash::FxHashMap;

const NONE: u32 = u32::MAX;

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
    /// Longer lists are stock phrases: they say nothing about copying and are not followed.
    frequent: u32,
}

impl Postings {
    /// An empty index whose lists longer than `frequent` are not followed.
    pub(crate) fn new(frequent: u32) -> Self {
        Self {
            lists: FxHashMap::default(),
            nodes: Vec::new(),
            free: NONE,
            frequent,
        }
    }

    /// Adds the next holder under each fingerprint; fingerprints must not repeat.
    pub(crate) fn add(&mut self, holder: u32, fingerprints: impl IntoIterator<Item = u32>) {
        for fingerprint in fingerprints {
            let node = self.allocate(holder);
            match self.lists.entry(fingerprint) {
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

    /// Forgets the oldest holder, which was added under these fingerprints.
    pub(crate) fn forget(&mut self, holder: u32, fingerprints: impl IntoIterator<Item = u32>) {
        for fingerprint in fingerprints {
            let Some(list) = self.lists.get_mut(&fingerprint) else {
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
                self.lists.remove(&fingerprint);
            }
            self.nodes[head as usize].next = self.free;
            self.free = head;
        }
    }

    /// Every holder of these fingerprints with how many of them it holds, by holder.
    pub(crate) fn holders(&self, fingerprints: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        for fingerprint in fingerprints {
            let Some(list) = self.lists.get(&fingerprint) else {
                continue;
            };
            if list.length > self.frequent {
                continue;
            }
            let mut at = list.head;
            while let Some(node) = self.nodes.get(at as usize) {
                found.push(node.holder);
                at = node.next;
            }
        }
        found.sort_unstable();
        let mut counted: Vec<(u32, u32)> = Vec::new();
        for holder in found {
            match counted.last_mut() {
                Some((last, count)) if *last == holder => *count += 1,
                _ => counted.push((holder, 1)),
            }
        }
        counted
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

    #[test]
    fn holders_are_found_by_what_they_share() {
        let mut postings = Postings::new(10);
        postings.add(0, [1, 2, 3]);
        postings.add(1, [2, 3, 4]);
        assert_eq!(postings.holders([2, 3, 4, 9]), [(0, 2), (1, 3)]);
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
        assert_eq!(postings.holders([7]).len(), 5);
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
        assert_eq!(postings.holders([7]).len(), 3);
        postings.add(3, [7]);
        assert_eq!(postings.holders([7]).len(), 0);
    }
}
