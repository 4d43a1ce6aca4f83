//! What deciding takes and holds: for `/metrics` and `stats`, and for no decision.
//!
//! The deduplicator reads no clock, so the stopwatch is put beside it from here.

use std::time::{Duration, Instant};

use depeche_deduplicator::{Deduplicator, Meter, Size};
use tokio::sync::watch;

/// The upper ends of the histogram's classes: deciding about one article takes some tenths of a millisecond, about a feed of fifty
/// some milliseconds, and a segment of the index that is sealed or merged tens of them.
pub(crate) const CLASSES: [Duration; 9] = [
    Duration::from_micros(100),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// Articles known by key up to which all that is held is counted after each capture: it takes ten microseconds.
const FEW: usize = 10_000;
/// With more, after how many captures: counting goes through every article whose story is open.
const COUNTED_EVERY: u64 = 256;

/// What deciding took and holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deciding {
    /// What the deduplicator holds.
    pub(crate) holds: Size,
    /// Captures decided about, in each class and not in the classes before it.
    pub(crate) captures: [u64; CLASSES.len()],
    /// Captures decided about in all.
    pub(crate) all: u64,
    /// The time it took in all.
    pub(crate) took: Duration,
}

impl Deciding {
    fn add(&mut self, took: Duration) {
        if let Some(class) = CLASSES.iter().position(|end| took <= *end) {
            self.captures[class] += 1;
        }
        self.all += 1;
        self.took += took;
    }
}

/// Measures one capture after the other.
pub(super) struct Stopwatch {
    begun: Instant,
    shown: watch::Sender<Deciding>,
}

impl Stopwatch {
    /// Shows what it measures in `shown`, and what the deduplicator holds before its first delivery.
    pub(super) fn new(shown: watch::Sender<Deciding>, deduplicator: &Deduplicator) -> Self {
        shown.send_modify(|shown| shown.holds = deduplicator.size());
        Self {
            begun: Instant::now(),
            shown,
        }
    }
}

impl Meter for Stopwatch {
    fn begin(&mut self) {
        self.begun = Instant::now();
    }

    fn end(&mut self, deduplicator: &Deduplicator) {
        let took = self.begun.elapsed();
        self.shown.send_modify(|shown| {
            shown.add(took);
            if shown.holds.keys.count <= FEW || shown.all.is_multiple_of(COUNTED_EVERY) {
                shown.holds = deduplicator.size();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_counts_in_the_first_class_that_holds_it() {
        let mut deciding = Deciding::default();
        for micros in [1, 100, 101, 900_000, 2_000_000] {
            deciding.add(Duration::from_micros(micros));
        }
        assert_eq!(deciding.captures, [2, 1, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(deciding.all, 5);
        assert_eq!(deciding.took, Duration::from_micros(2_900_202));
    }
}
