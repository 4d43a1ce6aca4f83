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

/// Delivers first what the journal still owes (`owed`, ascending), then makes every capture of the inlet durable and
/// delivers it. Captures that wait at the same time share one sync. Ends when the inlet closes, when nobody takes the
/// deliveries any more, or, while it still catches up, when `is_stopped` says so.
///
/// # Errors
///
/// [`JournalError`] when the journal cannot be read or written: fatal, since nothing may pass unrecorded. The
/// captures of that group are not delivered and their receipts are dropped.
pub async fn run(
    mut journal: Journal,
    owed: Owed,
    is_stopped: impl Fn() -> bool + Send + 'static,
    mut inlet: Receiver<Intake>,
    outlet: Sender<Delivery<Journaled>>,
    ledger: Ledger,
) -> Result<Journal, JournalError> {
    let books = ledger.clone();
    let work = move || {
        let mut ordinals = owed.ordinals.iter().copied().peekable();
        if let Some(first) = ordinals.peek().copied() {
            for item in journal.captures_after(first - 1)? {
                let journaled = match item {
                    Ok(journaled) => journaled,
                    // Told when the owed captures were counted.
                    Err(JournalError::Damaged { .. }) => continue,
                    Err(error) => return Err(error),
                };
                if ordinals.peek() != Some(&journaled.position.ordinal) {
                    continue;
                }
                ordinals.next();
                if is_stopped() || outlet.blocking_send(ledger.deliver(journaled)).is_err() {
                    return Ok(journal);
                }
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

/// What the journal owes the store, and what it will never deliver.
#[derive(Debug, Default)]
pub struct Owed {
    /// Captures to deliver, ascending.
    pub ordinals: Vec<u64>,
    /// Captures behind the checkpoint that need no delivery: committed already, or damaged (told in the log).
    pub settled: Vec<u64>,
}

impl Owed {
    /// Looks through everything above `settled_up_to`.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`] when the journal cannot be read; a damaged record is told and passed over.
    pub fn count(
        journal: &Journal,
        settled_up_to: u64,
        is_committed: impl Fn(&CaptureId) -> bool,
    ) -> Result<Self, JournalError> {
        let mut ordinals = Vec::new();
        for item in journal.captures_after(settled_up_to)? {
            match item {
                Ok(journaled) if is_committed(&journaled.capture.id()) => {}
                Ok(journaled) => ordinals.push(journaled.position.ordinal),
                Err(error @ JournalError::Damaged { .. }) => {
                    tracing::error!(%error, "captures of the journal cannot be read back");
                }
                Err(error) => return Err(error),
            }
        }
        let mut next = ordinals.iter().copied().peekable();
        let settled = (settled_up_to + 1..=journal.last_ordinal())
            .filter(|ordinal| next.next_if_eq(ordinal).is_none())
            .collect();
        Ok(Self { ordinals, settled })
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
        Journal::open(
            dir,
            JournalOptions::default(),
            0,
            Arc::new(|| Timestamp::UNIX_EPOCH),
        )
        .unwrap()
        .0
    }

    #[tokio::test]
    async fn what_was_lost_is_delivered_again_and_what_was_settled_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::default();
        let (intake, inlet) = mpsc::channel(8);
        let (outlet, mut deliveries) = mpsc::channel(8);
        let stage = tokio::spawn(run(
            open(dir.path()),
            Owed::default(),
            || false,
            inlet,
            outlet,
            ledger.clone(),
        ));
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
        let journal = open(dir.path());
        let owed = Owed::count(&journal, 1, |id| *id == third).unwrap();
        assert_eq!((&owed.ordinals, &owed.settled), (&vec![2], &vec![3]));
        run(journal, owed, || false, inlet, outlet, ledger).await.unwrap();
        let again = deliveries.recv().await.unwrap();
        assert_eq!(
            (again.item().position.ordinal, &again.item().capture),
            (2, &capture(2))
        );
        assert!(deliveries.recv().await.is_none());
    }
}
