//! The bytes of bodies in flight, over the whole process.
//!
//! A body takes from the budget as it grows and gives back all it took when its capture was handed on. Bodies that all
//! hold a part and all want more would wait for each other for ever; so a part of the budget, as much as the largest
//! body may need, is kept aside for one body at a time, which can always be finished and then gives back.
//!
//! *Invariant:* what all bodies hold together never exceeds the budget.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is taken at a time: bodies of feeds are some 60 KiB on the wire.
const STEP_BYTES: u64 = 16 * 1024;

/// Bytes that may be held.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    shared: Arc<Semaphore>,
    aside: Arc<Semaphore>,
}

/// Bytes that one body holds, given back when dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Budget,
    shared: Option<OwnedSemaphorePermit>,
    aside: Option<OwnedSemaphorePermit>,
    bytes: u64,
}

impl Budget {
    /// A budget of `bytes` in which one body needs at most `largest`.
    pub(crate) fn new(bytes: u64, largest: u64) -> Self {
        let steps = bytes.saturating_sub(largest) / STEP_BYTES;
        let steps = usize::try_from(steps).unwrap_or(usize::MAX);
        Self {
            shared: Arc::new(Semaphore::new(steps.clamp(1, Semaphore::MAX_PERMITS))),
            aside: Arc::new(Semaphore::new(1)),
        }
    }

    pub(crate) fn hold(&self) -> Held {
        Held {
            budget: self.clone(),
            shared: None,
            aside: None,
            bytes: 0,
        }
    }
}

impl Held {
    /// Whether `bytes` in all are held without waiting.
    pub(crate) fn try_grow(&mut self, bytes: u64) -> bool {
        let Some(steps) = self.missing(bytes) else {
            return true;
        };
        match Arc::clone(&self.budget.shared).try_acquire_many_owned(steps) {
            Ok(permit) => {
                self.take(permit);
                true
            }
            Err(_) => false,
        }
    }

    /// Waits until `bytes` in all are held.
    pub(crate) async fn grow(&mut self, bytes: u64) {
        let Some(steps) = self.missing(bytes) else {
            return;
        };
        let (shared, aside) = (Arc::clone(&self.budget.shared), Arc::clone(&self.budget.aside));
        // Neither semaphore is ever closed; were one, going on without its permit is the lesser harm.
        tokio::select! {
            biased;
            permit = shared.acquire_many_owned(steps) => if let Ok(permit) = permit { self.take(permit) },
            permit = aside.acquire_owned() => self.aside = permit.ok(),
        }
    }

    /// The steps that are wanting for `bytes`; `None` when they are held.
    fn missing(&self, bytes: u64) -> Option<u32> {
        if self.aside.is_some() || bytes <= self.bytes {
            return None;
        }
        let steps = (bytes - self.bytes).div_ceil(STEP_BYTES);
        Some(u32::try_from(steps).unwrap_or(u32::MAX))
    }

    fn take(&mut self, permit: OwnedSemaphorePermit) {
        self.bytes += permit.num_permits() as u64 * STEP_BYTES;
        match &mut self.shared {
            Some(held) => held.merge(permit),
            None => self.shared = Some(permit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_budget_lets_one_body_finish_and_the_others_wait() {
        let budget = Budget::new(10 * STEP_BYTES, 4 * STEP_BYTES);
        let (mut one, mut two, mut three) = (budget.hold(), budget.hold(), budget.hold());
        assert!(one.try_grow(3 * STEP_BYTES) && two.try_grow(3 * STEP_BYTES));
        assert!(!one.try_grow(3 * STEP_BYTES + 1) && !three.try_grow(1));
        // The first one to wait gets what is kept aside and needs no more.
        one.grow(4 * STEP_BYTES).await;
        assert!(one.try_grow(4 * STEP_BYTES));
        let waiting = tokio::spawn(async move {
            three.grow(2 * STEP_BYTES).await;
            three
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(two);
        let three = waiting.await.unwrap();
        drop(one);
        drop(three);
        assert_eq!(
            (
                budget.shared.available_permits(),
                budget.aside.available_permits()
            ),
            (6, 1)
        );
    }

    #[tokio::test]
    async fn what_a_dropped_waiter_was_promised_is_given_back() {
        let budget = Budget::new(6 * STEP_BYTES, 4 * STEP_BYTES);
        let (mut one, mut two, mut three) = (budget.hold(), budget.hold(), budget.hold());
        one.grow(2 * STEP_BYTES).await;
        two.grow(1).await;
        drop(tokio::time::timeout(std::time::Duration::from_millis(1), three.grow(1)).await);
        drop((one, two));
        assert!(three.try_grow(2 * STEP_BYTES));
    }
}
