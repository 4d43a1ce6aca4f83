//! The stage: deliveries in, decided deliveries out, in the same order.

use std::panic::{AssertUnwindSafe, catch_unwind};

use depeche_model::{Decided, Delivery, Normalized, panic_message};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::decide::{Deduplicator, Recall};

/// Decides about every delivery until the inlet closes, nobody takes decisions any more, or deciding panics.
///
/// Deciding is work for the processor, so it has a thread of its own. A delivery that is lost after it was decided
/// leaves a state that knows more than the store, and a panic leaves one that nothing is known of: in both cases the
/// deduplicator is rebuilt from the store before anything is delivered again. So the stage keeps it to itself.
pub async fn run(
    mut inlet: mpsc::Receiver<Delivery<Normalized>>,
    outlet: mpsc::Sender<Delivery<Decided>>,
    mut deduplicator: Deduplicator,
    recall: Box<dyn Recall>,
) {
    let work = spawn_blocking(move || {
        while let Some(delivery) = inlet.blocking_recv() {
            let (normalized, duty) = delivery.take();
            let decided = catch_unwind(AssertUnwindSafe(|| {
                deduplicator.decide(normalized, recall.as_ref())
            }));
            match decided {
                Ok(decided) => {
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
