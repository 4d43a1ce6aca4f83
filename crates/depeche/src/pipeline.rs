//! The wiring: stages joined by bounded channels, started, fed, drained.
//!
//! ```text
//! intake ─► journal ─► normalizer ─► deduplicator ─► store
//!                                                      ├─ settled: checkpoint
//!                                                      └─ pages owed ─► fetcher ─► intake
//! ```
//!
//! Pages owed are read from the store, never sent by it: the stage that commits cannot wait for the stage that
//! fetches, so the circle cannot lock up.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use depeche_deduplicator::{Deduplicator, Recall};
use depeche_journal::{Intake, Journal, JournalError, Ledger};
use depeche_model::{Clock, PageOrder, PollReport, Seq};
use depeche_normalizer::Normalizer;
use depeche_store::{Change, Progress, Reader, Store, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// Items a channel between two stages holds. Deep enough that no stage waits for another's rhythm, shallow enough
/// that captures of the largest size fit into memory: 3 channels of 64 bodies of 15 MiB are under 3 GiB at worst.
const CHANNEL: usize = 64;

/// A running pipeline.
pub(crate) struct Pipeline {
    /// Captures go in here. Dropping the last sender drains the pipeline.
    pub(crate) intake: mpsc::Sender<Intake>,
    /// What polls said goes in here.
    pub(crate) reports: mpsc::Sender<PollReport>,
    /// Which deliveries are on their way.
    pub(crate) ledger: Ledger,
    /// Reads the store while it is written.
    pub(crate) reader: Reader,
    /// Changes after every commit.
    pub(crate) progress: watch::Receiver<Progress>,
    stages: Stages,
}

struct Stages {
    journal: JoinHandle<Result<Journal, JournalError>>,
    normalizer: JoinHandle<()>,
    deduplicator: JoinHandle<Option<Deduplicator>>,
    store: JoinHandle<Result<(), StoreError>>,
}

impl Pipeline {
    /// Opens journal and store, restores the deduplicator from the store, and starts the stages. What the journal
    /// owes the store is delivered first.
    pub(crate) fn start(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("cannot create the data folder {}", config.data_dir.display()))?;
        // The store first: it is locked, so that one process at a time also has the journal.
        let store = open_store(config, clock)?;
        let reader = Reader::from(store.clone());
        let settled_up_to = reader.settled_up_to()?;
        let (mut journal, recovery) =
            Journal::open(&config.journal_dir(), config.journal_options(), Arc::clone(clock))?;
        if let Some(recovery) = recovery {
            tracing::warn!(
                segment = %recovery.segment.display(), bytes = recovery.torn_bytes, why = recovery.why,
                kept_in = %recovery.set_aside.display(), "the journal's torn end was set aside"
            );
        }
        if journal.last_ordinal() < settled_up_to {
            tracing::warn!(
                journal = journal.last_ordinal(),
                store = settled_up_to,
                "the journal ends before the store's checkpoint: segments were taken away"
            );
            journal.continue_after(settled_up_to);
        }
        let owed = journal.last_ordinal() - settled_up_to;
        if owed > 0 {
            tracing::info!(
                captures = owed,
                "the journal owes the store captures; they are delivered first"
            );
        }

        let deduplicator = restore(config, &reader)?;
        let normalizer = Arc::new(Normalizer::new(config.normalize_options()));
        let workers = match config.normalize.workers {
            0 => std::thread::available_parallelism()?,
            workers => std::num::NonZeroUsize::new(workers).context("normalize.workers")?,
        };

        let ledger = Ledger::default();
        let (intake, captures) = mpsc::channel(CHANNEL);
        let (journaled, to_normalize) = mpsc::channel(CHANNEL);
        let (normalized, to_decide) = mpsc::channel(CHANNEL);
        let (decided, to_commit) = mpsc::channel(CHANNEL);
        let (reports, polls) = mpsc::channel(CHANNEL);
        let (progress, watched) = watch::channel(Progress::default());

        let committed = reader.clone();
        let is_committed = move |id: &_| {
            committed.is_committed(id).unwrap_or_else(|error| {
                tracing::error!(%error, "the store cannot be asked; the capture is delivered again");
                false
            })
        };
        let recall = StoredTexts(reader.clone());
        let stages = Stages {
            journal: tokio::spawn(depeche_journal::run(
                journal,
                settled_up_to,
                is_committed,
                captures,
                journaled,
                ledger.clone(),
            )),
            normalizer: tokio::spawn(depeche_normalizer::run(
                to_normalize,
                normalized,
                normalizer,
                workers,
            )),
            deduplicator: tokio::spawn(depeche_deduplicator::run(
                to_decide,
                decided,
                deduplicator,
                Box::new(recall),
            )),
            store: tokio::spawn(depeche_store::run(
                store,
                config.stage_options(),
                to_commit,
                polls,
                progress,
            )),
        };
        Ok(Self {
            intake,
            reports,
            ledger,
            reader,
            progress: watched,
            stages,
        })
    }

    /// Cancels `stop` as soon as a delivery is lost: the checkpoint would stand still from then on, and the next start
    /// delivers again.
    pub(crate) fn stop_when_one_is_lost(&self, stop: &CancellationToken) {
        let (ledger, stop) = (self.ledger.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = ledger.lost_one() => {
                    tracing::error!("a capture was not settled: ending, so that the next start delivers it again");
                    stop.cancel();
                }
                () = stop.cancelled() => {}
            }
        });
    }

    /// Lets everything on its way be committed and ends the stages. All other senders of captures and reports must
    /// be gone.
    pub(crate) async fn finish(self) -> anyhow::Result<Progress> {
        let Self {
            intake,
            reports,
            ledger,
            progress,
            stages,
            ..
        } = self;
        drop((intake, reports));
        // The store first: where it failed, the others only say that nobody listened.
        let store = stages.store.await.context("the store stage ended abnormally")?;
        let journal = stages
            .journal
            .await
            .context("the journal stage ended abnormally")?;
        stages
            .normalizer
            .await
            .context("the normalizer stage ended abnormally")?;
        stages
            .deduplicator
            .await
            .context("the deduplicator stage ended abnormally")?;
        store?;
        journal?;
        if let [first, ..] = ledger.lost().as_slice() {
            anyhow::bail!(
                "{} captures were not settled, the first is number {first}; the journal delivers them again at the \
                 next start",
                ledger.lost().len()
            );
        }
        let progress = progress.borrow().clone();
        Ok(progress)
    }

    /// Whether the stages still take captures.
    pub(crate) fn is_alive(&self) -> bool {
        !self.intake.is_closed() && !self.stages.store.is_finished()
    }
}

/// A store that will not open is set aside, never erased, and made again from the journal.
fn open_store(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Store> {
    let dir = config.store_dir();
    match Store::open(&dir, config.store_options()) {
        Err(StoreError::Damaged { why, .. }) => {
            let aside = set_aside_path(&dir, clock);
            tracing::error!(
                store = %dir.display(), why, kept_in = %aside.display(),
                "the store is damaged: set aside, and rebuilt from the journal"
            );
            std::fs::rename(&dir, &aside)
                .with_context(|| format!("cannot set {} aside as {}", dir.display(), aside.display()))?;
            Ok(Store::open(&dir, config.store_options())?)
        }
        opened => Ok(opened?),
    }
}

fn set_aside_path(dir: &std::path::Path, clock: &Arc<dyn Clock>) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(format!(".broken-{}", clock.now().strftime("%Y%m%dT%H%M%S%.3fZ")));
    PathBuf::from(name)
}

/// The deduplicator as it was when the last group was committed.
fn restore(config: &Config, reader: &Reader) -> anyhow::Result<Deduplicator> {
    let mut deduplicator = Deduplicator::new(config.dedup_options(config.aliases()?));
    for change in reader.changes(Seq(0)) {
        let change = change?;
        let missing = || format!("change {} of the store has no row", change.seq);
        match change.change {
            Change::Article => {
                deduplicator.remember(&reader.memory(change.seq)?.with_context(missing)?);
            }
            Change::Sighting => {
                deduplicator.remember_sighting(&reader.sighting(change.seq)?.with_context(missing)?);
            }
            Change::Rejection => {
                let dead = reader.dead_letter(change.seq)?.with_context(missing)?;
                deduplicator.remember_rejection(change.seq, &dead.rejection);
            }
        }
    }
    Ok(deduplicator)
}

/// Reads texts back for the deduplicator.
struct StoredTexts(Reader);

impl Recall for StoredTexts {
    fn text(&self, seq: Seq) -> Option<String> {
        self.0.text(seq).unwrap_or_else(|error| {
            tracing::error!(%seq, %error, "a stored text cannot be read back");
            None
        })
    }
}

/// Hands owed pages to the fetcher as they come up, each once while it is owed. Ends when `orders` closes or the
/// store stage ends.
pub(crate) async fn order_pages(
    reader: Reader,
    mut progress: watch::Receiver<Progress>,
    orders: mpsc::Sender<PageOrder>,
) -> anyhow::Result<()> {
    let mut ordered = HashSet::new();
    loop {
        let owed = {
            let reader = reader.clone();
            tokio::task::spawn_blocking(move || reader.owed().collect::<Result<Vec<_>, _>>()).await??
        };
        let mut still = HashSet::with_capacity(owed.len());
        for order in owed {
            let key = order.key().digest();
            still.insert(key);
            if !ordered.contains(&key) && orders.send(order).await.is_err() {
                return Ok(());
            }
        }
        ordered = still;
        tokio::select! {
            changed = progress.changed() => if changed.is_err() { return Ok(()) },
            () = orders.closed() => return Ok(()),
        }
    }
}
