//! The store as a stage: decided captures in, acknowledgements back.

use depeche_model::{Decided, Decision, Delivery, Outcome, PollReport};
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;

use crate::StoreError;
use crate::commit::Committer;
use crate::database::Store;
use crate::rows::Tally;

/// How captures are grouped into commits.
#[derive(Debug, Clone, Copy)]
pub struct StageOptions {
    /// A commit holds at most this many captures. A group is what waits when the last commit ends, so a lone
    /// capture is committed at once and a full channel shares its syncs.
    pub group_captures: usize,
}

impl Default for StageOptions {
    /// 100: measured with 2.2 kB articles, larger groups gain less than a tenth.
    fn default() -> Self {
        Self { group_captures: 100 }
    }
}

/// What has been committed since the stage began.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Captures settled, known ones included.
    pub settled: u64,
    /// Counts of what was added.
    pub tally: Tally,
}

/// Commits decided captures in order, in groups, and settles each delivery after its group is durable. Poll
/// reports ride along. `progress` changes after every commit. Ends when the inlet closes. `settled` are captures that
/// count as settled although they will not be delivered.
///
/// # Errors
///
/// [`StoreError`] when a group could not be committed. That is fatal: sled's errors stick. The deliveries of the
/// group are lost, which is to say owed by the journal.
pub async fn run(
    store: Store,
    options: StageOptions,
    settled: Vec<u64>,
    mut inlet: Receiver<Delivery<Decided>>,
    mut reports: Receiver<PollReport>,
    progress: watch::Sender<Progress>,
) -> Result<(), StoreError> {
    let mut committer = Committer::new(store, &settled)?;
    let mut inlet_open = true;
    let mut reports_open = true;
    while inlet_open || reports_open {
        let mut captures = Vec::new();
        let mut polls = Vec::new();
        tokio::select! {
            delivery = inlet.recv(), if inlet_open => match delivery {
                Some(delivery) => captures.push(delivery),
                None => inlet_open = false,
            },
            report = reports.recv(), if reports_open => match report {
                Some(report) => polls.push(report),
                None => reports_open = false,
            },
        }
        while captures.len() < options.group_captures
            && let Ok(delivery) = inlet.try_recv()
        {
            captures.push(delivery);
        }
        while polls.len() < options.group_captures
            && let Ok(report) = reports.try_recv()
        {
            polls.push(report);
        }
        if captures.is_empty() && polls.is_empty() {
            continue;
        }
        let (decided, duties): (Vec<_>, Vec<_>) = captures.into_iter().map(Delivery::take).unzip();
        let outcomes: Vec<_> = decided.iter().map(outcome).collect();
        let work = move || {
            let tally = committer.commit(&decided, &polls);
            (committer, tally)
        };
        let (returned, tally) = match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        committer = returned;
        let tally = tally?;
        let count = duties.len() as u64;
        for (duty, outcome) in duties.into_iter().zip(outcomes) {
            duty.settle(outcome);
        }
        progress.send_modify(|progress| {
            progress.settled += count;
            progress.tally.add(&tally);
        });
    }
    Ok(())
}

fn outcome(decided: &Decided) -> Outcome {
    let all_rejected = !decided.decisions.is_empty()
        && decided
            .decisions
            .iter()
            .all(|decision| matches!(decision, Decision::Rejected(..)));
    if all_rejected {
        Outcome::Rejected
    } else {
        Outcome::Stored
    }
}
