//! The watermark: up to which capture the journal is settled without a gap.

use std::collections::BTreeSet;

/// The highest contiguous settled number, and those settled beyond a gap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Watermark {
    up_to: u64,
    beyond: BTreeSet<u64>,
}

impl Watermark {
    pub(crate) fn new(up_to: u64, beyond: impl IntoIterator<Item = u64>) -> Self {
        let mut watermark = Self {
            up_to,
            beyond: BTreeSet::new(),
        };
        for ordinal in beyond {
            watermark.settle(ordinal);
        }
        watermark
    }

    pub(crate) fn settle(&mut self, ordinal: u64) {
        if ordinal > self.up_to {
            self.beyond.insert(ordinal);
        }
        while self.beyond.remove(&(self.up_to + 1)) {
            self.up_to += 1;
        }
    }

    pub(crate) fn up_to(&self) -> u64 {
        self.up_to
    }

    pub(crate) fn beyond(&self) -> Vec<u64> {
        self.beyond.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_never_passes_an_unsettled_number(order in Just((1u64..30).collect::<Vec<_>>()).prop_shuffle()) {
            let mut watermark = Watermark::default();
            let mut settled = BTreeSet::new();
            for ordinal in order {
                watermark.settle(ordinal);
                settled.insert(ordinal);
                let contiguous = (1..=30).take_while(|n| settled.contains(n)).count() as u64;
                prop_assert_eq!(watermark.up_to(), contiguous);
                prop_assert_eq!(Watermark::new(watermark.up_to(), watermark.beyond()), watermark.clone());
            }
        }
    }
}
