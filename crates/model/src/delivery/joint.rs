//! What the parts of a split delivery share: how many are open, and the worst that happened to one.
//!
//! Parts are settled from any thread. Each raises `worst` before it counts itself off; the counting is an
//! acquire-release operation, so whoever counts down to none has seen what every other part raised. With the
//! feature `loom` the very same code is run through every interleaving by its model checker.

#[cfg(feature = "loom")]
use loom::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, AtomicUsize, Ordering},
};
#[cfg(not(feature = "loom"))]
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, AtomicUsize, Ordering},
};

use std::sync::PoisonError;

use super::{Outcome, Ticket};

const STORED: u8 = 0;
const REJECTED: u8 = 1;
const LOST: u8 = 2;

pub(super) struct Joint {
    open: AtomicUsize,
    worst: AtomicU8,
    rest: Mutex<Rest>,
}

struct Rest {
    /// Taken by the last part.
    ticket: Option<Ticket>,
    /// Why the first lost part was lost.
    why: Option<String>,
}

impl Joint {
    pub(super) fn new(parts: usize, ticket: Ticket) -> Arc<Self> {
        Arc::new(Self {
            open: AtomicUsize::new(parts),
            worst: AtomicU8::new(STORED),
            rest: Mutex::new(Rest {
                ticket: Some(ticket),
                why: None,
            }),
        })
    }

    /// One part has ended; the last one settles the whole.
    pub(super) fn settle_part(&self, outcome: Outcome) {
        let rank = match outcome {
            Outcome::Stored => STORED,
            Outcome::Rejected => REJECTED,
            Outcome::Lost { why } => {
                let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
                rest.why.get_or_insert(why);
                LOST
            }
        };
        self.worst.fetch_max(rank, Ordering::Relaxed);
        if self.open.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let (ticket, why) = {
            let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
            (rest.ticket.take(), rest.why.take())
        };
        // Outside the lock: settling runs whatever the owner of the whole gave.
        if let Some(ticket) = ticket {
            ticket.settle(match self.worst.load(Ordering::Relaxed) {
                STORED => Outcome::Stored,
                REJECTED => Outcome::Rejected,
                _ => Outcome::Lost {
                    why: why.unwrap_or_default(),
                },
            });
        }
    }
}

#[cfg(test)]
#[cfg(feature = "loom")]
mod tests {
    use loom::thread;

    use super::super::Delivery;
    use super::*;

    /// Settles the parts of one delivery on threads of their own, in every interleaving.
    fn interleave(ends: Vec<Outcome>, worst: Outcome) {
        loom::model(move || {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let log = Arc::clone(&seen);
            let whole = Delivery::new((), move |outcome| log.lock().unwrap().push(outcome));
            let parts = whole.split(|()| vec![(); ends.len()]).unwrap();
            let threads: Vec<_> = parts
                .into_iter()
                .zip(ends.clone())
                .map(|(part, end)| thread::spawn(move || part.settle(end)))
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(*seen.lock().unwrap(), [worst.clone()]);
        });
    }

    #[test]
    fn in_every_interleaving_the_last_part_settles_the_whole_once() {
        interleave(vec![Outcome::Stored; 3], Outcome::Stored);
    }

    #[test]
    fn in_every_interleaving_the_worst_outcome_wins() {
        let lost = Outcome::Lost {
            why: "the parser".to_owned(),
        };
        interleave(
            vec![Outcome::Rejected, Outcome::Stored, Outcome::Stored],
            Outcome::Rejected,
        );
        interleave(vec![Outcome::Rejected, lost.clone()], lost);
    }
}
