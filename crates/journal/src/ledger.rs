//! The ledger: which journaled captures are on their way, and how the others ended.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use depeche_model::{Delivery, Journaled, Outcome};
use tokio::sync::watch;

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
    /// What an earlier run still owed has been delivered.
    caught_up: bool,
    /// A delivery was lost.
    lost: bool,
}

#[derive(Default)]
struct Books {
    pending: BTreeSet<u64>,
    lost: BTreeSet<u64>,
    settled: u64,
}

impl Ledger {
    /// Sends a capture on its way.
    #[must_use]
    pub fn deliver(&self, journaled: Journaled) -> Delivery<Journaled> {
        let ordinal = journaled.position.ordinal;
        self.enter(|books| {
            books.pending.insert(ordinal);
        });
        let ledger = self.clone();
        Delivery::new(journaled, move |outcome| {
            ledger.enter(|books| {
                books.pending.remove(&ordinal);
                match outcome {
                    Outcome::Stored | Outcome::Rejected => books.settled += 1,
                    Outcome::Lost => {
                        books.lost.insert(ordinal);
                    }
                }
            });
        })
    }

    /// Captures whose deliveries were lost: the journal still owes them, from the lowest number on.
    #[must_use]
    pub fn lost(&self) -> Vec<u64> {
        self.books
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .lost
            .iter()
            .copied()
            .collect()
    }

    /// How many deliveries were settled.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.books.lock().unwrap_or_else(PoisonError::into_inner).settled
    }

    /// How many deliveries are on their way.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.state.borrow().pending
    }

    /// Waits until all that an earlier run owed has been delivered and no delivery is on its way.
    pub async fn drained(&self) {
        let drained = |state: &State| state.caught_up && state.pending == 0;
        // The sender lives in self, so waiting ends only by the count.
        if self.state.subscribe().wait_for(drained).await.is_err() {
            tracing::error!("the ledger was closed while it was waited for");
        }
    }

    /// Waits until a delivery is lost: from then on the checkpoint stands still, and only a new start delivers again.
    pub async fn lost_one(&self) {
        if self.state.subscribe().wait_for(|state| state.lost).await.is_err() {
            tracing::error!("the ledger was closed while it was waited for");
        }
    }

    /// Whether all that an earlier run owed has been delivered.
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
        self.state.send_modify(|state| {
            state.pending = books.pending.len();
            state.lost = !books.lost.is_empty();
        });
    }
}
