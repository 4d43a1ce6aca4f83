//! Randomness as a parameter: whoever plans brings the dice, so a test that brings the same ones sees the same plan.

/// A small generator: `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014). It
/// moves polls apart; nothing secret depends on it.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same way for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 on, below 1.
    pub fn part(&mut self) -> f64 {
        // The upper 53 bits are what an f64 holds exactly.
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `end`, which is above 0.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(end)) >> 64) as u64
    }

    /// Other dice, whose fall depends on these.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_falls_the_same_way_and_evenly() {
        let mut one = Dice::seeded(7);
        let mut two = Dice::seeded(7);
        let mut tenths = [0_u32; 10];
        for _ in 0..10_000 {
            let part = one.part();
            assert!((part - two.part()).abs() < f64::EPSILON && (0.0..1.0).contains(&part));
            tenths[usize::try_from(one.below(10)).unwrap()] += 1;
            two.below(10);
        }
        assert!(
            tenths.iter().all(|count| (850..1150).contains(count)),
            "{tenths:?}"
        );
        assert_ne!(one.fork().bits(), one.fork().bits());
    }
}
