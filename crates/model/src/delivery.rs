//! A delivery: an item in flight plus its acknowledgement.
//!
//! A delivery is settled exactly once. Whoever finishes the work says [`Outcome::Stored`] or
//! [`Outcome::Rejected`]; everything else that can happen to it (an early return, a panic, a cancelled
//! task, a closed channel) drops it, and a dropped delivery is [`Outcome::Lost`]: it is owed still. So an error
//! path that nobody thought of leads to a repetition, never to a loss.

use std::fmt;

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Everything that came of it is durable.
    Stored,
    /// Nothing of it could be used; the reason is durable.
    Rejected,
    /// Not settled: it must be delivered again.
    Lost,
}

type Settler = Box<dyn FnOnce(Outcome) + Send>;

/// An item in flight and the duty to settle it.
pub struct Delivery<T> {
    item: T,
    ticket: Ticket,
}

/// The duty alone: settles as lost when it is dropped.
struct Ticket(Option<Settler>);

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(settler) = self.0.take() {
            settler(Outcome::Lost);
        }
    }
}

impl<T> Delivery<T> {
    /// A delivery whose end is told to `settler`, once.
    pub fn new(item: T, settler: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self {
            item,
            ticket: Ticket(Some(Box::new(settler))),
        }
    }

    /// The item.
    pub fn item(&self) -> &T {
        &self.item
    }

    /// What the next stage makes of the item, under the same duty.
    pub fn map<U>(self, work: impl FnOnce(T) -> U) -> Delivery<U> {
        Delivery {
            item: work(self.item),
            ticket: self.ticket,
        }
    }

    /// Separates the item from its duty, which stays with the returned empty delivery.
    pub fn take(self) -> (T, Delivery<()>) {
        (
            self.item,
            Delivery {
                item: (),
                ticket: self.ticket,
            },
        )
    }

    /// Ends the delivery.
    pub fn settle(mut self, outcome: Outcome) {
        if let Some(settler) = self.ticket.0.take() {
            settler(outcome);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Delivery<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Delivery").field(&self.item).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Arc, Mutex};

    use super::*;

    fn watched() -> (Delivery<u8>, Arc<Mutex<Vec<Outcome>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        (
            Delivery::new(7, move |outcome| log.lock().unwrap().push(outcome)),
            seen,
        )
    }

    #[test]
    fn a_settled_delivery_tells_its_outcome_once() {
        let (delivery, seen) = watched();
        delivery.map(u32::from).settle(Outcome::Stored);
        assert_eq!(*seen.lock().unwrap(), [Outcome::Stored]);
    }

    #[test]
    fn a_dropped_delivery_is_lost() {
        let (delivery, seen) = watched();
        drop(delivery);
        assert_eq!(*seen.lock().unwrap(), [Outcome::Lost]);
    }

    #[test]
    fn a_panic_while_working_on_it_loses_a_delivery() {
        let (delivery, seen) = watched();
        let panicked = catch_unwind(AssertUnwindSafe(|| delivery.map(|_| panic!("parser"))));
        assert!(panicked.is_err());
        assert_eq!(*seen.lock().unwrap(), [Outcome::Lost]);
    }

    #[test]
    fn taking_the_item_out_keeps_the_duty() {
        let (delivery, seen) = watched();
        let (item, duty) = delivery.take();
        assert_eq!((item, seen.lock().unwrap().len()), (7, 0));
        duty.settle(Outcome::Rejected);
        assert_eq!(*seen.lock().unwrap(), [Outcome::Rejected]);
    }
}
