//! The ledger: which journaled captures are on their way, how the others ended, and how often each was tried.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use depeche_model::{Delivery, Journaled, Outcome, Position};
use tokio::sync::watch;

/// Deliveries of one capture before it is given up. The first is the rule; four more outlast whatever passes by
/// itself, and a capture that loses five is what breaks the stage.
pub const TRIES: usize = 5;

/// The pause before the second delivery; each later one is four times as long, so that five deliveries take
/// under nine seconds and nothing behind a bad capture waits for longer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Counts deliveries out and back in.
#[derive(Clone, Default)]
pub struct Ledger {
    books: Arc<Mutex<Books>>,
    /// For those who wait.
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// Deliveries on their way.
    pending: usize,
    /// What the journal owes has been delivered.
    caught_up: bool,
}

#[derive(Default)]
struct Books {
    pending: BTreeSet<u64>,
    /// Lost since the last setback was taken, and why.
    lost: BTreeMap<u64, String>,
    /// Why earlier deliveries of a capture were lost, by its number; gone when it is settled.
    failed: HashMap<u64, Vec<String>>,
    settled: u64,
    /// The last capture that was delivered.
    last: Option<Position>,
}

/// A delivery was lost, and with it all that were on their way behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setback {
    /// The first capture that was lost: the others only shared its fate.
    pub ordinal: u64,
    /// Why it was lost.
    pub why: String,
    /// How many deliveries of it were lost by now.
    pub tries: usize,
    /// How many captures were lost with it.
    pub others: usize,
}

impl Setback {
    /// How long to wait before delivering again; not at all where the capture was given up.
    #[must_use]
    pub fn pause(&self) -> Duration {
        if self.tries == TRIES {
            return Duration::ZERO;
        }
        // Beyond, not even its rejection came through: what is broken is not the capture.
        FIRST_PAUSE * 4_u32.saturating_pow(self.tries.saturating_sub(1).min(TRIES) as u32)
    }

    /// Whether the capture is not tried again but given up.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.tries >= TRIES
    }
}

impl Ledger {
    /// Sends a capture on its way. One that has lost [`TRIES`] deliveries goes as given up.
    #[must_use]
    pub fn deliver(&self, mut journaled: Journaled) -> Delivery<Journaled> {
        let ordinal = journaled.position.ordinal;
        self.enter(|books| {
            books.pending.insert(ordinal);
            books.last = books.last.max(Some(journaled.position));
            if let Some(failed) = books.failed.get(&ordinal).filter(|failed| failed.len() >= TRIES) {
                journaled.given_up.clone_from(failed);
            }
        });
        let ledger = self.clone();
        Delivery::new(journaled, move |outcome| {
            ledger.enter(|books| {
                books.pending.remove(&ordinal);
                match outcome {
                    Outcome::Stored | Outcome::Rejected => {
                        books.failed.remove(&ordinal);
                        books.settled += 1;
                    }
                    Outcome::Lost { why } => {
                        books.lost.insert(ordinal, why);
                    }
                }
            });
        })
    }

    /// What was lost since this was last asked, charged to the first capture among it: captures are worked on in
    /// order, so those behind it were lost because it was. The journal owes them all, and is not caught up until it has
    /// delivered them again.
    #[must_use]
    pub fn take_setback(&self) -> Option<Setback> {
        let mut setback = None;
        if self
            .books
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .lost
            .is_empty()
        {
            return setback;
        }
        // Before the loss leaves the count, so that nobody who waits for the end passes in between.
        self.state.send_modify(|state| state.caught_up = false);
        self.enter(|books| {
            let lost = std::mem::take(&mut books.lost);
            let others = lost.len().saturating_sub(1);
            if let Some((ordinal, why)) = lost.into_iter().next() {
                let failed = books.failed.entry(ordinal).or_default();
                failed.push(why.clone());
                setback = Some(Setback {
                    ordinal,
                    why,
                    tries: failed.len(),
                    others,
                });
            }
        });
        setback
    }

    /// Where the last capture stands that was delivered by this process; whatever is stored stands no later.
    #[must_use]
    pub fn last(&self) -> Option<Position> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner).last
    }

    /// How many deliveries were settled.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.books.lock().unwrap_or_else(PoisonError::into_inner).settled
    }

    /// How many deliveries are on their way or owed again.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.state.borrow().pending
    }

    /// Waits until all that the journal owes has been delivered and no delivery is on its way.
    pub async fn drained(&self) {
        let drained = |state: &State| state.caught_up && state.pending == 0;
        // The sender lives in self, so waiting ends only by the count.
        if self.state.subscribe().wait_for(drained).await.is_err() {
            tracing::error!("the ledger was closed while it was waited for");
        }
    }

    /// Whether all that the journal owes has been delivered.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.state.borrow().caught_up
    }

    pub(crate) fn caught_up(&self) {
        self.state.send_modify(|state| state.caught_up = true);
    }

    fn enter(&self, change: impl FnOnce(&mut Books)) {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut books);
        // What was lost is owed still: nobody who waits for the end may pass between the loss and its delivery.
        let pending = books.pending.len() + books.lost.len();
        self.state.send_modify(|state| state.pending = pending);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::capture;

    fn journaled(ordinal: u64) -> Journaled {
        Journaled {
            capture: capture(ordinal as u32),
            position: Position {
                ordinal,
                segment: 1,
                offset: 0,
                length: 0,
            },
            given_up: Vec::new(),
        }
    }

    #[test]
    fn what_is_lost_behind_the_first_is_not_charged() {
        let ledger = Ledger::default();
        let on_their_way: Vec<_> = (3..=6).map(|n| ledger.deliver(journaled(n))).collect();
        for (delivery, end) in on_their_way.into_iter().zip(["stored", "panic", "", ""]) {
            match end {
                "stored" => delivery.settle(Outcome::Stored),
                "panic" => delivery.lose("the parser panicked"),
                _ => drop(delivery),
            }
        }
        assert_eq!(
            (ledger.settled(), ledger.pending()),
            (1, 3),
            "three are owed again"
        );
        let setback = ledger.take_setback().unwrap();
        assert_eq!((setback.ordinal, setback.tries, setback.others), (4, 1, 2));
        assert_eq!(setback.why, "the parser panicked");
        assert_eq!(ledger.take_setback(), None);
    }

    #[test]
    fn a_capture_that_loses_five_deliveries_goes_as_given_up_with_every_reason() {
        let ledger = Ledger::default();
        let mut pauses = Vec::new();
        for n in 1..=TRIES {
            let delivery = ledger.deliver(journaled(9));
            assert!(delivery.item().given_up.is_empty());
            delivery.lose(format!("panic {n}"));
            let setback = ledger.take_setback().unwrap();
            assert_eq!(setback.is_final(), n == TRIES);
            pauses.push(setback.pause().as_millis());
        }
        assert_eq!(pauses, [100, 400, 1_600, 6_400, 0]);
        let last = ledger.deliver(journaled(9));
        assert_eq!(
            last.item().given_up,
            ["panic 1", "panic 2", "panic 3", "panic 4", "panic 5"]
        );
        last.lose("the rejection was lost too");
        assert_ne!(
            ledger.take_setback().unwrap().pause(),
            Duration::ZERO,
            "no endless hurry"
        );
        ledger.deliver(journaled(9)).settle(Outcome::Rejected);
        assert!(ledger.deliver(journaled(9)).item().given_up.is_empty());
    }
}
