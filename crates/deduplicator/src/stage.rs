//! The stage: deliveries in, decided deliveries out, in the same order.

use std::panic::{AssertUnwindSafe, catch_unwind};

use depeche_model::{Decided, Delivery, Normalized, panic_message};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

use crate::aliases::Aliases;
use crate::decide::{Deduplicator, Recall};

/// Measures deciding from outside: the stage itself reads no clock.
pub trait Meter: Send {
    /// Deciding about a capture begins.
    fn begin(&mut self);

    /// It was decided about all of the capture's items.
    fn end(&mut self, deduplicator: &Deduplicator);
}

/// Measures nothing.
impl Meter for () {
    fn begin(&mut self) {}

    fn end(&mut self, _: &Deduplicator) {}
}

/// Decides about every delivery until the inlet closes, nobody takes decisions any more, or deciding panics.
///
/// Deciding is work for the processor, so it has a thread of its own. A delivery that is lost after it was decided
/// leaves a state that knows more than the store, and a panic leaves one that nothing is known of: in both cases the
/// deduplicator is rebuilt from the store before anything is delivered again. So the stage keeps it to itself.
///
/// Whenever `aliases` changes, later deliveries are read with the new spellings.
pub async fn run(
    mut inlet: mpsc::Receiver<Delivery<Normalized>>,
    outlet: mpsc::Sender<Delivery<Decided>>,
    mut deduplicator: Deduplicator,
    recall: Box<dyn Recall>,
    mut aliases: watch::Receiver<Aliases>,
    mut meter: impl Meter + 'static,
) {
    let work = spawn_blocking(move || {
        while let Some(delivery) = inlet.blocking_recv() {
            // Where nobody can change them any more, they stay as they are.
            if aliases.has_changed().unwrap_or(false) {
                deduplicator.set_aliases(&aliases.borrow_and_update());
            }
            let (normalized, duty) = delivery.take();
            meter.begin();
            let decided = catch_unwind(AssertUnwindSafe(|| {
                deduplicator.decide(normalized, recall.as_ref())
            }));
            match decided {
                Ok(decided) => {
                    meter.end(&deduplicator);
                    if outlet.blocking_send(duty.map(|()| decided)).is_err() {
                        break;
                    }
                }
                Err(panic) => {
                    duty.lose(format!("the deduplicator panicked: {}", panic_message(&*panic)));
                    break;
                }
            }
        }
    });
    // Fails only when the runtime is shutting down and never began the work: nothing was taken from the inlet.
    drop(work.await);
}
