//! A delivery: an item in flight plus its acknowledgement.
//!
//! A delivery is settled exactly once. Whoever finishes the work says [`Outcome::Stored`] or
//! [`Outcome::Rejected`]; everything else that can happen to it (an early return, a panic, a cancelled
//! task, a closed channel) drops it, and a dropped delivery is [`Outcome::Lost`]: it is owed still. So an error
//! path that nobody thought of leads to a repetition, never to a loss.
//!
//! One delivery can be [split](Delivery::split) into several, which are settled apart: the whole is settled with the
//! last of them, and the worst outcome wins. Several can be [merged](Delivery::merge) into one, whose outcome is that
//! of each.

mod joint;

use std::fmt;

use joint::Joint;

/// How a delivery ended, from the best to the worst.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Everything that came of it is durable.
    Stored,
    /// Nothing of it could be used; the reason is durable.
    Rejected,
    /// Not settled: it must be delivered again.
    Lost {
        /// What happened to it.
        why: String,
    },
}

/// What a panic said.
#[must_use]
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "no message".to_owned())
}

type Settler = Box<dyn FnOnce(Outcome) + Send>;

/// An item in flight and the duty to settle it.
pub struct Delivery<T> {
    item: T,
    ticket: Ticket,
}

/// The duty alone: settles as lost when it is dropped.
struct Ticket(Option<Settler>);

impl Ticket {
    fn new(settler: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self(Some(Box::new(settler)))
    }

    fn settle(mut self, outcome: Outcome) {
        if let Some(settler) = self.0.take() {
            settler(outcome);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(settler) = self.0.take() {
            let why = if std::thread::panicking() {
                "the stage that worked on it panicked"
            } else {
                "it was dropped before it was settled"
            };
            settler(Outcome::Lost { why: why.to_owned() });
        }
    }
}

impl<T> Delivery<T> {
    /// A delivery whose end is told to `settler`, once.
    pub fn new(item: T, settler: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self {
            item,
            ticket: Ticket::new(settler),
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
    pub fn settle(self, outcome: Outcome) {
        self.ticket.settle(outcome);
    }

    /// Ends the delivery as lost, saying why.
    pub fn lose(self, why: impl Into<String>) {
        self.settle(Outcome::Lost { why: why.into() });
    }

    /// Parts the item into several that are settled apart. The delivery itself is settled with the last of them: as
    /// the worst of their outcomes, and when several are lost with the reason of the first.
    ///
    /// # Errors
    ///
    /// Gives the duty back when there are no parts: what that means only the caller knows.
    pub fn split<U>(self, part: impl FnOnce(T) -> Vec<U>) -> Result<Vec<Delivery<U>>, Delivery<()>> {
        let Self { item, ticket } = self;
        let parts = part(item);
        if parts.is_empty() {
            return Err(Delivery { item: (), ticket });
        }
        let joint = Joint::new(parts.len(), ticket);
        let deliveries = parts.into_iter().map(|part| {
            let joint = joint.clone();
            Delivery::new(part, move |outcome| joint.settle_part(outcome))
        });
        Ok(deliveries.collect())
    }

    /// Binds several deliveries together: one outcome settles them all, in their order.
    #[must_use]
    pub fn merge(deliveries: impl IntoIterator<Item = Self>) -> Delivery<Vec<T>> {
        let (items, tickets): (Vec<_>, Vec<_>) = deliveries
            .into_iter()
            .map(|delivery| (delivery.item, delivery.ticket))
            .unzip();
        Delivery::new(items, move |outcome| {
            for ticket in tickets {
                ticket.settle(outcome.clone());
            }
        })
    }
}

impl<T: fmt::Debug> fmt::Debug for Delivery<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Delivery").field(&self.item).finish()
    }
}

#[cfg(test)]
#[cfg(not(feature = "loom"))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;

    use super::*;

    fn watched() -> (Delivery<u8>, Arc<Mutex<Vec<Outcome>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        (
            Delivery::new(7, move |outcome| log.lock().unwrap().push(outcome)),
            seen,
        )
    }

    fn lost(why: &str) -> Outcome {
        Outcome::Lost { why: why.to_owned() }
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
        assert_eq!(
            *seen.lock().unwrap(),
            [lost("it was dropped before it was settled")]
        );
    }

    #[test]
    fn a_panic_while_working_on_it_loses_a_delivery() {
        let (delivery, seen) = watched();
        let panicked = catch_unwind(AssertUnwindSafe(|| delivery.map(|_| panic!("parser"))));
        assert!(panicked.is_err());
        assert_eq!(
            *seen.lock().unwrap(),
            [lost("the stage that worked on it panicked")]
        );
    }

    #[tokio::test]
    async fn a_cancelled_task_loses_its_delivery() {
        let (delivery, seen) = watched();
        let task = tokio::spawn(async move {
            std::future::pending::<()>().await;
            delivery.settle(Outcome::Stored);
        });
        tokio::task::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(
            *seen.lock().unwrap(),
            [lost("it was dropped before it was settled")]
        );
    }

    #[test]
    fn taking_the_item_out_keeps_the_duty() {
        let (delivery, seen) = watched();
        let (item, duty) = delivery.take();
        assert_eq!((item, seen.lock().unwrap().len()), (7, 0));
        duty.settle(Outcome::Rejected);
        assert_eq!(*seen.lock().unwrap(), [Outcome::Rejected]);
    }

    #[test]
    fn a_panic_while_splitting_loses_the_whole() {
        let (delivery, seen) = watched();
        let panicked = catch_unwind(AssertUnwindSafe(|| delivery.split::<u8>(|_| panic!("parser"))));
        assert!(panicked.is_err());
        assert_eq!(
            *seen.lock().unwrap(),
            [lost("the stage that worked on it panicked")]
        );
    }

    #[test]
    fn no_parts_give_the_duty_back() {
        let (delivery, seen) = watched();
        let duty = delivery.split::<u8>(|_| Vec::new()).unwrap_err();
        assert!(seen.lock().unwrap().is_empty());
        duty.settle(Outcome::Stored);
        assert_eq!(*seen.lock().unwrap(), [Outcome::Stored]);
    }

    #[test]
    fn merged_deliveries_share_their_fate_in_order() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let deliveries: Vec<_> = (0..3)
            .map(|n| {
                let log = Arc::clone(&log);
                Delivery::new(n, move |outcome| log.lock().unwrap().push((n, outcome)))
            })
            .collect();
        let group = Delivery::merge(deliveries);
        assert_eq!(group.item(), &[0, 1, 2]);
        group.lose("the disk is full");
        assert_eq!(
            *log.lock().unwrap(),
            [0, 1, 2].map(|n| (n, lost("the disk is full")))
        );
    }

    /// What can become of a part.
    #[derive(Debug, Clone)]
    enum End {
        Settled(Outcome),
        Dropped,
        Split(Vec<End>),
    }

    impl End {
        fn happens_to(self, part: Delivery<()>) {
            match self {
                Self::Settled(outcome) => part.settle(outcome),
                Self::Dropped => drop(part),
                Self::Split(ends) => {
                    let parts = part.split(|()| vec![(); ends.len()]);
                    for (end, part) in ends.into_iter().zip(parts.into_iter().flatten()) {
                        end.happens_to(part);
                    }
                }
            }
        }

        /// 0 stored, 1 rejected, 2 lost.
        fn rank(&self) -> u8 {
            match self {
                Self::Settled(Outcome::Stored) => 0,
                Self::Settled(Outcome::Rejected) => 1,
                Self::Settled(Outcome::Lost { .. }) | Self::Dropped => 2,
                // Into nothing: the duty is given back and dropped.
                Self::Split(ends) => ends.iter().map(Self::rank).max().unwrap_or(2),
            }
        }
    }

    fn any_end() -> impl Strategy<Value = End> {
        let leaf = prop_oneof![
            4 => Just(End::Settled(Outcome::Stored)),
            2 => Just(End::Settled(Outcome::Rejected)),
            1 => Just(End::Settled(lost("said so"))),
            1 => Just(End::Dropped),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            proptest::collection::vec(inner, 0..5).prop_map(End::Split)
        })
    }

    proptest! {
        #[test]
        fn however_it_is_split_the_worst_outcome_settles_it_once(end in any_end()) {
            let rank = end.rank();
            let (delivery, seen) = watched();
            end.happens_to(delivery.map(|_| ()));
            let seen = seen.lock().unwrap();
            prop_assert_eq!(seen.len(), 1);
            let told = match seen[0] {
                Outcome::Stored => 0,
                Outcome::Rejected => 1,
                Outcome::Lost { .. } => 2,
            };
            prop_assert_eq!(told, rank);
        }

        #[test]
        fn the_whole_is_not_settled_before_its_last_part(parts in 1usize..8, kept in 0usize..8) {
            let (delivery, seen) = watched();
            let mut parts = delivery.split(|_| vec![(); parts]).unwrap();
            let last = parts.remove(kept % parts.len());
            for part in parts {
                part.settle(Outcome::Stored);
            }
            prop_assert!(seen.lock().unwrap().is_empty());
            last.settle(Outcome::Stored);
            prop_assert_eq!(&*seen.lock().unwrap(), &[Outcome::Stored]);
        }
    }
}
