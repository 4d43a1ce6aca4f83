//! The journal as a stage: captures in, durable deliveries out.
//!
//! The stages behind the journal are a *line*: they work on captures in order, and when one of them loses a delivery
//! it ends, and with it the line; what was before the loss is committed, what was behind it is lost too. The journal
//! and its inlet outlive the line ([`Source`]); a new line begins with what is owed.

use depeche_disk::{OnFull, Room};
use depeche_model::{Capture, CaptureId, Delivery, Journaled, Position};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio_util::sync::CancellationToken;

use crate::intake::Intake;
use crate::ledger::Ledger;
use crate::segment::JournalError;
use crate::writer::Journal;

/// Captures that share one `fdatasync` together hold at most this many bytes: a megabyte is written in about the
/// time that one sync takes, so a longer wait would gain nothing. Nor is time spent on waiting for more: what comes
/// while a group is synced is the next group.
const GROUP_BYTES: usize = 1 << 20;

/// The journal with its inlet, from one line to the next.
pub struct Source {
    /// The journal.
    pub journal: Journal,
    /// Captures to take in.
    pub inlet: Receiver<Intake>,
    /// The room under the journal.
    pub room: Room,
}

/// Delivers first what the journal still owes (`owed`, ascending), then makes every capture of the inlet durable and
/// delivers it. Captures that wait at the same time share one sync. Ends when the inlet closes, when nobody takes the
/// deliveries any more, or at `stop` while it still catches up; then the source is given back.
///
/// # Errors
///
/// [`JournalError`] when the journal cannot be read or written: fatal, since nothing may pass unrecorded. The
/// captures of that group are not delivered and their receipts are dropped. On a full disk the source's [`Room`] says
/// whether the group is written again when there is room.
pub async fn run(
    source: Source,
    owed: Owed,
    outlet: Sender<Delivery<Journaled>>,
    ledger: Ledger,
    stop: CancellationToken,
) -> Result<Source, JournalError> {
    let Some(mut source) = deliver_owed(source, owed, &outlet, &ledger, &stop).await? else {
        return Err(JournalError::Stage);
    };
    if stop.is_cancelled() && !ledger.is_caught_up() {
        return Ok(source);
    }
    loop {
        let first = tokio::select! {
            intake = source.inlet.recv() => intake,
            () = outlet.closed() => None,
        };
        let Some(first) = first else {
            return Ok(source);
        };
        let mut bytes = first.capture.body().len();
        let mut group = vec![first];
        while bytes < GROUP_BYTES {
            let Ok(next) = source.inlet.try_recv() else { break };
            bytes += next.capture.body().len();
            group.push(next);
        }
        let (captures, receipts): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|intake| (intake.capture, intake.receipt))
            .unzip();
        let (returned, appended) = append_when_there_is_room(source, captures, &stop).await?;
        source = returned;
        let mut deliveries = Vec::with_capacity(receipts.len());
        for (journaled, receipt) in appended.into_iter().zip(receipts) {
            let position = journaled.position;
            // On the books first: whoever has the receipt may wait for the ledger to drain.
            deliveries.push(ledger.deliver(journaled));
            if let Some(Err(_)) = receipt.map(|receipt| receipt.send(position)) {
                tracing::debug!(
                    ordinal = position.ordinal,
                    "nobody waits for this capture any more"
                );
            }
        }
        for delivery in deliveries {
            if outlet.send(delivery).await.is_err() {
                return Ok(source);
            }
        }
    }
}

/// Delivers what is owed, off the asynchronous threads: segments are read and decompressed.
async fn deliver_owed(
    source: Source,
    owed: Owed,
    outlet: &Sender<Delivery<Journaled>>,
    ledger: &Ledger,
    stop: &CancellationToken,
) -> Result<Option<Source>, JournalError> {
    let (outlet, ledger, stop) = (outlet.clone(), ledger.clone(), stop.clone());
    let work = move || {
        let mut ordinals = owed.ordinals.iter().copied().peekable();
        if let Some(first) = ordinals.peek().copied() {
            for item in source.journal.captures_after(first - 1)? {
                let journaled = match item {
                    Ok(journaled) => journaled,
                    // Told when the owed captures were counted.
                    Err(JournalError::Damaged { .. }) => continue,
                    Err(error) => return Err(error),
                };
                let ordinal = journaled.position.ordinal;
                // Readable when they were counted, and not any more.
                while let Some(gone) = ordinals.next_if(|owed| *owed < ordinal) {
                    tracing::error!(
                        ordinal = gone,
                        "an owed capture of the journal cannot be read back"
                    );
                }
                if ordinals.next_if_eq(&ordinal).is_none() {
                    continue;
                }
                if stop.is_cancelled() || outlet.blocking_send(ledger.deliver(journaled)).is_err() {
                    return Ok(source);
                }
            }
        }
        for gone in ordinals {
            tracing::error!(
                ordinal = gone,
                "an owed capture of the journal cannot be read back"
            );
        }
        ledger.caught_up();
        Ok(source)
    };
    off_the_async_threads(work).await.transpose()
}

/// Makes a group durable as soon as there is room.
async fn append_when_there_is_room(
    mut source: Source,
    mut captures: Vec<Capture>,
    stop: &CancellationToken,
) -> Result<(Source, Vec<Journaled>), JournalError> {
    loop {
        source
            .room
            .wait(stop.cancelled())
            .await
            .map_err(JournalError::NoRoom)?;
        let work = move || {
            let borrowed: Vec<_> = captures.iter().collect();
            let appended = source.journal.append(&borrowed);
            (source, captures, appended)
        };
        let Some((returned, group, appended)) = off_the_async_threads(work).await else {
            return Err(JournalError::Stage);
        };
        source = returned;
        match appended {
            Ok(positions) => {
                return Ok((source, group.into_iter().zip(positions).map(journaled).collect()));
            }
            Err(error) if error.is_full_disk() && source.room.on_full() == OnFull::Wait => {
                tracing::error!(%error, "the disk is full: written again when there is room");
                captures = group;
                source.room.pause().await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn journaled((capture, position): (Capture, Position)) -> Journaled {
    Journaled {
        capture,
        position,
        given_up: Vec::new(),
    }
}

/// Runs work on the thread pool; a panic goes on in the caller. `None` when the runtime is shutting down.
async fn off_the_async_threads<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Some(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => None,
        },
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

    fn source(dir: &std::path::Path, inlet: Receiver<Intake>) -> Source {
        let journal = Journal::open(
            dir,
            JournalOptions::default(),
            0,
            Arc::new(|| Timestamp::UNIX_EPOCH),
        );
        Source {
            journal: journal.unwrap().0,
            inlet,
            room: Room::new(dir, 0, OnFull::End),
        }
    }

    #[tokio::test]
    async fn a_new_line_begins_with_what_the_last_one_lost() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::default();
        let (intake, inlet) = mpsc::channel(8);
        let (outlet, mut deliveries) = mpsc::channel(8);
        let stage = tokio::spawn(run(
            source(dir.path(), inlet),
            Owed::default(),
            outlet,
            ledger.clone(),
            CancellationToken::new(),
        ));
        // 1. Five captures become durable; each receipt says so.
        let (first, receipt) = Intake::with_receipt(capture(1));
        intake.send(first).await.unwrap();
        assert_eq!(receipt.await.unwrap().ordinal, 1);
        for n in 2..=5 {
            intake.send(capture(n).into()).await.unwrap();
        }
        // 2. The line settles the first and the third, loses the second and ends; the source comes back.
        deliveries.recv().await.unwrap().settle(Outcome::Stored);
        deliveries.recv().await.unwrap().lose("the stage panicked");
        deliveries.recv().await.unwrap().settle(Outcome::Rejected);
        drop(deliveries);
        let mut source = stage.await.unwrap().unwrap();
        let setback = ledger.take_setback().unwrap();
        assert_eq!((setback.ordinal, setback.others), (2, 2));
        // 3. A sixth waits in the inlet; the third is known to be committed.
        intake.send(capture(6).into()).await.unwrap();
        drop(intake);
        let third = capture(3).id();
        let owed = Owed::count(&source.journal, 1, |id| *id == third).unwrap();
        assert_eq!((&owed.ordinals, &owed.settled), (&vec![2, 4, 5], &vec![3]));
        // 4. The new line gets what is owed, in order, then the sixth.
        let (outlet, mut deliveries) = mpsc::channel(8);
        source = run(source, owed, outlet, ledger.clone(), CancellationToken::new())
            .await
            .unwrap();
        let mut again = Vec::new();
        while let Some(delivery) = deliveries.recv().await {
            again.push(delivery.item().position.ordinal);
            delivery.settle(Outcome::Stored);
        }
        assert_eq!(again, [2, 4, 5, 6]);
        ledger.drained().await;
        assert_eq!(source.journal.last_ordinal(), 6);
    }

    #[tokio::test]
    async fn without_room_nothing_is_journaled_and_the_lack_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (intake, inlet) = mpsc::channel(8);
        let mut source = source(dir.path(), inlet);
        source.room = Room::new(dir.path(), u64::MAX, OnFull::End);
        let (first, receipt) = Intake::with_receipt(capture(1));
        intake.send(first).await.unwrap();
        let (outlet, _deliveries) = mpsc::channel(8);
        let error = run(
            source,
            Owed::default(),
            outlet,
            Ledger::default(),
            CancellationToken::new(),
        )
        .await
        .err()
        .unwrap();
        assert!(error.to_string().contains("store.min_free"), "{error}");
        assert!(receipt.await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stage_that_waits_for_room_can_be_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let (intake, inlet) = mpsc::channel(8);
        let mut source = source(dir.path(), inlet);
        source.room = Room::new(dir.path(), u64::MAX, OnFull::Wait);
        let mut missing = source.room.missing();
        let (first, receipt) = Intake::with_receipt(capture(1));
        intake.send(first).await.unwrap();
        let (outlet, _deliveries) = mpsc::channel(8);
        let stop = CancellationToken::new();
        let stage = tokio::spawn(run(
            source,
            Owed::default(),
            outlet,
            Ledger::default(),
            stop.clone(),
        ));
        missing.wait_for(Option::is_some).await.unwrap();
        stop.cancel();
        assert!(stage.await.unwrap().err().unwrap().is_full_disk());
        assert!(receipt.await.is_err());
    }
}
