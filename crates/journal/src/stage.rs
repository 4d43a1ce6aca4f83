//! The journal as a stage: captures in, durable deliveries out.

use depeche_model::{CaptureId, Delivery, Journaled};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::intake::Intake;
use crate::ledger::Ledger;
use crate::segment::JournalError;
use crate::writer::Journal;

/// Captures that share one `fdatasync` together hold at most this many bytes: a megabyte is written in about the
/// time that one sync takes, so a longer wait would gain nothing.
const GROUP_BYTES: usize = 1 << 20;

/// Delivers first what the journal still owes (captures numbered above `settled_up_to` for which `is_committed`
/// says no), then makes every capture of the inlet durable and delivers it. Captures that wait at the same time
/// share one sync. Ends when the inlet closes, or when nobody takes the deliveries any more.
///
/// # Errors
///
/// [`JournalError`] when the journal cannot be read or written: fatal, since nothing may pass unrecorded. The
/// captures of that group are not delivered and their receipts are dropped.
pub async fn run(
    mut journal: Journal,
    settled_up_to: u64,
    is_committed: impl Fn(&CaptureId) -> bool + Send + 'static,
    mut inlet: Receiver<Intake>,
    outlet: Sender<Delivery<Journaled>>,
    ledger: Ledger,
) -> Result<Journal, JournalError> {
    let books = ledger.clone();
    let work = move || {
        for owed in journal.captures_after(settled_up_to)? {
            let owed = match owed {
                Ok(owed) => owed,
                Err(damage) => {
                    tracing::error!(error = %damage, "an owed capture cannot be read back");
                    continue;
                }
            };
            if !is_committed(&owed.capture.id()) && outlet.blocking_send(ledger.deliver(owed)).is_err() {
                return Ok(journal);
            }
        }
        ledger.caught_up();
        while let Some(first) = inlet.blocking_recv() {
            let mut bytes = first.capture.body().len();
            let mut group = vec![first];
            while bytes < GROUP_BYTES {
                let Ok(next) = inlet.try_recv() else { break };
                bytes += next.capture.body().len();
                group.push(next);
            }
            let captures: Vec<_> = group.iter().map(|intake| &intake.capture).collect();
            let positions = journal.append(&captures)?;
            for (intake, position) in group.into_iter().zip(positions) {
                // On the books first: whoever has the receipt may wait for the ledger to drain.
                let delivery = ledger.deliver(Journaled {
                    capture: intake.capture,
                    position,
                });
                if let Some(Err(_)) = intake.receipt.map(|receipt| receipt.send(position)) {
                    tracing::debug!(
                        ordinal = position.ordinal,
                        "nobody waits for this capture any more"
                    );
                }
                if outlet.blocking_send(delivery).is_err() {
                    return Ok(journal);
                }
            }
        }
        Ok(journal)
    };
    let ended = tokio::task::spawn_blocking(work).await;
    // Whoever waits for the catching up must not wait for a stage that has ended.
    books.caught_up();
    match ended {
        Ok(ended) => ended,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use depeche_model::Outcome;
    use jiff::Timestamp;
    use tokio::sync::mpsc;

    use super::*;
    use crate::sample::capture;
    use crate::writer::JournalOptions;

    fn open(dir: &std::path::Path) -> Journal {
        Journal::open(dir, JournalOptions::default(), Arc::new(|| Timestamp::UNIX_EPOCH))
            .unwrap()
            .0
    }

    #[tokio::test]
    async fn what_was_lost_is_delivered_again_and_what_was_settled_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::default();
        let (intake, inlet) = mpsc::channel(8);
        let (outlet, mut deliveries) = mpsc::channel(8);
        let stage = tokio::spawn(run(open(dir.path()), 0, |_| false, inlet, outlet, ledger.clone()));
        let (first, receipt) = Intake::with_receipt(capture(1));
        intake.send(first).await.unwrap();
        assert_eq!(receipt.await.unwrap().ordinal, 1);
        for n in 2..=3 {
            intake.send(capture(n).into()).await.unwrap();
        }
        drop(intake);
        deliveries.recv().await.unwrap().settle(Outcome::Stored);
        drop(deliveries.recv().await.unwrap());
        deliveries.recv().await.unwrap().settle(Outcome::Rejected);
        assert!(deliveries.recv().await.is_none());
        stage.await.unwrap().unwrap();
        ledger.drained().await;
        assert_eq!((ledger.lost(), ledger.settled()), (vec![2], 2));

        // The store's checkpoint stands before the lost one; the third is known to be committed.
        let third = capture(3).id();
        let (intake, inlet) = mpsc::channel::<Intake>(1);
        drop(intake);
        let (outlet, mut deliveries) = mpsc::channel(8);
        run(open(dir.path()), 1, move |id| *id == third, inlet, outlet, ledger)
            .await
            .unwrap();
        let again = deliveries.recv().await.unwrap();
        assert_eq!(
            (again.item().position.ordinal, &again.item().capture),
            (2, &capture(2))
        );
        assert!(deliveries.recv().await.is_none());
    }
}
