//! A set of numbers that lie close together: a bit each.

use std::collections::BTreeMap;

/// Numbers whose upper digits are the same share one block: 512 bytes.
const BLOCK_BITS: u64 = 4096;
const WORDS: usize = (BLOCK_BITS / 64) as usize;

/// A set of numbers.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    blocks: BTreeMap<u64, Box<[u64; WORDS]>>,
}

impl Numbers {
    /// Adds a number; says whether it was new.
    pub fn insert(&mut self, number: u64) -> bool {
        let (block, word, bit) = place(number);
        let words = self.blocks.entry(block).or_insert_with(|| Box::new([0; WORDS]));
        let Some(word) = words.get_mut(word) else {
            return false;
        };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Whether a number is in it.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        let (block, word, bit) = place(number);
        self.blocks
            .get(&block)
            .and_then(|words| words.get(word))
            .is_some_and(|word| word & bit != 0)
    }
}

fn place(number: u64) -> (u64, usize, u64) {
    let within = number % BLOCK_BITS;
    (number / BLOCK_BITS, (within / 64) as usize, 1 << (within % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(inserted in proptest::collection::vec(prop_oneof![0u64..200, any::<u64>()], 0..80), asked in 0u64..200) {
            let (mut numbers, mut set) = (Numbers::default(), BTreeSet::new());
            for number in &inserted {
                prop_assert_eq!(numbers.insert(*number), set.insert(*number));
            }
            for number in inserted.into_iter().chain([asked, u64::MAX]) {
                prop_assert_eq!(numbers.contains(number), set.contains(&number));
            }
        }
    }
}
