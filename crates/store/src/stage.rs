//! The store as a stage: decided captures in, acknowledgements back.

use std::time::Duration;

use depeche_disk::Room;
use depeche_model::{Decided, Decision, Delivery, Outcome, PollReport};
use tokio::sync::mpsc::Receiver;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::StoreError;
use crate::commit::Committer;
use crate::database::{Store, commit_error, point};
use crate::rows::Tally;

/// How captures are grouped into commits.
#[derive(Debug, Clone, Copy)]
pub struct StageOptions {
    /// A commit holds at most this many captures.
    pub group_captures: usize,
    /// How long the first capture of a group waits for others. With zero a group is what waits when the last commit
    /// ends, so a lone capture is committed at once and a full channel shares its syncs.
    pub group_delay: Duration,
}

impl Default for StageOptions {
    /// 100: measured with 2.2 kB articles, larger groups gain less than a tenth. No delay: under load the channel is
    /// full when a commit ends, and without load there is nothing to wait for.
    fn default() -> Self {
        Self {
            group_captures: 100,
            group_delay: Duration::ZERO,
        }
    }
}

/// What has been committed since the stage began.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Captures settled, known ones included.
    pub settled: u64,
    /// Every capture of the journal up to this number is settled, on the disk.
    pub settled_up_to: u64,
    /// Counts of what was added.
    pub tally: Tally,
}

/// Work for which the store must stand still: it is done between two commits, off the asynchronous threads.
pub type StillWork = Box<dyn FnOnce(&Store) + Send>;

/// The one writer of a store, from one line of deliveries to the next. Poll reports ride along with captures.
pub struct Writer {
    committer: Committer,
    options: StageOptions,
    room: Room,
    reports: Receiver<PollReport>,
    still: Receiver<StillWork>,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
}

impl Writer {
    /// A writer that goes on behind the store's checkpoint. It writes while there is `room`; `progress` changes after
    /// every commit; `still` is work to do between two commits. After `stop` missing room is not waited for.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the checkpoint cannot be read.
    pub fn new(
        store: Store,
        options: StageOptions,
        room: Room,
        reports: Receiver<PollReport>,
        still: Receiver<StillWork>,
        progress: watch::Sender<Progress>,
        stop: CancellationToken,
    ) -> Result<Self, StoreError> {
        let committer = Committer::new(store)?;
        // Whatever was found at opening was synced then.
        progress.send_modify(|progress| progress.settled_up_to = committer.settled_up_to());
        Ok(Self {
            committer,
            options,
            room,
            reports,
            still,
            progress,
            stop,
        })
    }

    /// Commits decided captures in order, in groups, and settles each delivery after its group is durable. Ends when
    /// the inlet closes. `settled` are captures that count as settled although they will not be delivered.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when a group could not be committed. That is fatal: sled's errors stick. The deliveries of the
    /// group are lost, which is to say owed by the journal.
    pub async fn run(
        mut self,
        settled: &[u64],
        mut inlet: Receiver<Delivery<Decided>>,
    ) -> Result<Self, StoreError> {
        self.committer.settle(settled);
        loop {
            let group = tokio::select! {
                delivery = inlet.recv() => match delivery {
                    Some(first) => self.gather(first, &mut inlet).await,
                    None => return Ok(self),
                },
                Some(report) = self.reports.recv() => self.and_reports(Group::of(report)),
                Some(work) = self.still.recv() => {
                    self = self.stand_still(work).await?;
                    continue;
                }
            };
            self = self.commit(group).await?;
        }
    }

    /// Commits the reports that still come, until nobody can send one any more.
    ///
    /// # Errors
    ///
    /// As [`Writer::run`].
    pub async fn finish(mut self) -> Result<(), StoreError> {
        while let Some(report) = self.reports.recv().await {
            let group = self.and_reports(Group::of(report));
            self = self.commit(group).await?;
        }
        Ok(())
    }

    /// What is committed together with the first capture.
    async fn gather(&mut self, first: Delivery<Decided>, inlet: &mut Receiver<Delivery<Decided>>) -> Group {
        let mut captures = vec![first];
        let until = Instant::now() + self.options.group_delay;
        while captures.len() < self.options.group_captures {
            let next = match inlet.try_recv() {
                Err(mpsc::error::TryRecvError::Empty) if !self.options.group_delay.is_zero() => {
                    timeout_at(until, inlet.recv()).await.ok().flatten()
                }
                tried => tried.ok(),
            };
            let Some(delivery) = next else { break };
            captures.push(delivery);
        }
        self.and_reports(Group {
            captures,
            ..Group::default()
        })
    }

    fn and_reports(&mut self, mut group: Group) -> Group {
        while group.reports.len() < self.options.group_captures
            && let Ok(report) = self.reports.try_recv()
        {
            group.reports.push(report);
        }
        group
    }

    async fn stand_still(self, work: StillWork) -> Result<Self, StoreError> {
        self.off_the_async_threads(move |writer| {
            work(writer.committer.store());
            Ok(())
        })
        .await
        .map(|(writer, ())| writer)
    }

    async fn commit(self, group: Group) -> Result<Self, StoreError> {
        self.room.wait(self.stop.cancelled()).await?;
        let (captures, duties): (Vec<_>, Vec<_>) = group.captures.into_iter().map(Delivery::take).unzip();
        let reports = group.reports;
        let (writer, (tally, outcomes)) = self
            .off_the_async_threads(move |writer| {
                let outcomes: Vec<_> = captures.iter().map(outcome).collect();
                Ok((writer.committer.commit(&captures, &reports)?, outcomes))
            })
            .await?;
        let count = duties.len() as u64;
        for (duty, outcome) in duties.into_iter().zip(outcomes) {
            duty.settle(outcome);
        }
        point(writer.committer.store().dir(), "store.settle.settled")?;
        let settled_up_to = writer.committer.settled_up_to();
        writer.progress.send_modify(|progress| {
            progress.settled += count;
            progress.settled_up_to = settled_up_to;
            progress.tally.add(&tally);
        });
        Ok(writer)
    }

    /// sled blocks while it writes.
    async fn off_the_async_threads<T: Send + 'static>(
        mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<(Self, T), StoreError> {
        let dir = self.committer.store().dir().to_owned();
        let work = move || {
            let done = work(&mut self)?;
            Ok((self, done))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(commit_error(&dir, &"the program is ending")),
            },
        }
    }
}

/// What is committed together.
#[derive(Default)]
struct Group {
    captures: Vec<Delivery<Decided>>,
    reports: Vec<PollReport>,
}

impl Group {
    fn of(report: PollReport) -> Self {
        Self {
            reports: vec![report],
            ..Self::default()
        }
    }
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
