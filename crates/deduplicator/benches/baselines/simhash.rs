//! `SimHash` of 64 bits, kept to measure ours beside it.
//!
//! Charikar's signature over the words of a text, looked up as Manku, Jain and Das Sarma did for web pages (*Detecting
//! near-duplicates for web crawling*, 2007): two texts are copies at a distance of three bits or less, so of four blocks of
//! 16 bits at least one is equal.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rustc_hash::FxHasher;

use super::minhash::{fold, mix};

/// Bits in which copies may differ.
const DISTANCE: u32 = 3;

/// Signatures by their blocks.
#[derive(Default)]
pub(crate) struct SimHashIndex {
    signatures: Vec<u64>,
    blocks: HashMap<(u8, u16), Vec<u32>, BuildHasherDefault<FxHasher>>,
}

/// The signature of a text: each word votes for the bits of its hash.
pub(crate) fn simhash(text: &str) -> u64 {
    let mut votes = [0_i32; 64];
    for word in fold(text) {
        let hash = mix(word);
        for (bit, vote) in votes.iter_mut().enumerate() {
            *vote += if hash >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    votes
        .iter()
        .enumerate()
        .filter(|(_, vote)| **vote > 0)
        .fold(0, |signature, (bit, _)| signature | 1 << bit)
}

fn blocks(signature: u64) -> impl Iterator<Item = (u8, u16)> {
    (0..4_u8).map(move |block| (block, (signature >> (16 * u32::from(block))) as u16))
}

impl SimHashIndex {
    /// The nearest signature within reach.
    pub(crate) fn find(&self, wanted: u64) -> Option<usize> {
        blocks(wanted)
            .filter_map(|block| self.blocks.get(&block))
            .flatten()
            .map(|place| (*place, (self.signatures[*place as usize] ^ wanted).count_ones()))
            .filter(|(_, distance)| *distance <= DISTANCE)
            .min_by_key(|(place, distance)| (*distance, *place))
            .map(|(place, _)| place as usize)
    }

    /// Takes in a signature under the next number.
    pub(crate) fn insert(&mut self, signature: u64) {
        let number = self.signatures.len() as u32;
        for block in blocks(signature) {
            self.blocks.entry(block).or_default().push(number);
        }
        self.signatures.push(signature);
    }
}
