//! The stage: deliveries in, decided deliveries out, in the same order.

use depeche_model::{Decided, Delivery, Normalized};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::decide::{Deduplicator, Recall};

/// Decides about every delivery until the inlet closes, or nobody takes decisions any more; then gives the
/// deduplicator back.
///
/// Deciding is work for the processor, so it has a thread of its own. A delivery that is lost after it was
/// decided leaves a state that knows more than the store: rebuild the deduplicator before delivering again.
///
/// # Panics
///
/// When deciding panics: the delivery in hand is then lost, and so is the state.
pub async fn run(
    mut inlet: mpsc::Receiver<Delivery<Normalized>>,
    outlet: mpsc::Sender<Delivery<Decided>>,
    mut deduplicator: Deduplicator,
    recall: Box<dyn Recall>,
) -> Option<Deduplicator> {
    let work = spawn_blocking(move || {
        while let Some(delivery) = inlet.blocking_recv() {
            let decided = delivery.map(|normalized| deduplicator.decide(normalized, recall.as_ref()));
            if outlet.blocking_send(decided).is_err() {
                break;
            }
        }
        deduplicator
    });
    match work.await {
        Ok(deduplicator) => Some(deduplicator),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down and never began the work: nothing was taken from the inlet.
            Err(_) => None,
        },
    }
}
