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
use depeche_journal::{Intake, Journal, JournalError, Ledger, Owed};
use depeche_model::{ArticleId, Clock, PageOrder, PollReport, Seq};
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
    /// owes the store is delivered first, until `stop`.
    pub(crate) fn start(
        config: &Config,
        clock: &Arc<dyn Clock>,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("cannot create the data folder {}", config.data_dir.display()))?;
        // The store first: it is locked, so that one process at a time also has the journal.
        let (store, deduplicator) = open_store(config, clock)?;
        let reader = Reader::from(store.clone());
        let settled_up_to = reader.settled_up_to()?;
        let (journal, owed) = open_journal(config, clock, &reader, settled_up_to)?;

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

        let recall = StoredTexts(reader.clone());
        let settled = owed.settled.clone();
        let token = stop.clone();
        let is_stopped = move || token.is_cancelled();
        let stages = Stages {
            journal: tokio::spawn(depeche_journal::run(
                journal,
                owed,
                is_stopped,
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
                settled,
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

    /// Cancels `stop` as soon as going on makes no sense: a delivery is lost, so that the checkpoint stands still until
    /// the next start delivers again, or the store takes nothing any more.
    pub(crate) fn stop_when_it_fails(&self, stop: &CancellationToken) {
        let (ledger, mut progress, stop) = (self.ledger.clone(), self.progress.clone(), stop.clone());
        let store_ended = async move { while progress.changed().await.is_ok() {} };
        tokio::spawn(async move {
            tokio::select! {
                () = ledger.lost_one() => {
                    tracing::error!("a capture was not settled: ending, so that the next start delivers it again");
                }
                () = store_ended => {}
                () = stop.cancelled() => {}
            }
            stop.cancel();
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
}

/// The store and the deduplicator restored from it. A store whose data is damaged is set aside, never erased, and made
/// again from the journal.
fn open_store(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<(Store, Deduplicator)> {
    let dir = config.store_dir();
    match open_and_restore(config) {
        Err(error) if is_damage(&error) => {
            let aside = set_aside_path(&dir, clock);
            tracing::error!(
                store = %dir.display(), why = %error, kept_in = %aside.display(),
                "the store is damaged: set aside, and rebuilt from the journal"
            );
            std::fs::rename(&dir, &aside)
                .with_context(|| format!("cannot set {} aside as {}", dir.display(), aside.display()))?;
            open_and_restore(config)
        }
        opened => opened,
    }
}

fn open_and_restore(config: &Config) -> anyhow::Result<(Store, Deduplicator)> {
    let store = Store::open(&config.store_dir(), config.store_options())?;
    let deduplicator = restore(config, &Reader::from(store.clone()))?;
    Ok((store, deduplicator))
}

fn is_damage(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(StoreError::Damaged { .. } | StoreError::Row { .. })
    )
}

/// The journal, and what it owes the store.
fn open_journal(
    config: &Config,
    clock: &Arc<dyn Clock>,
    reader: &Reader,
    settled_up_to: u64,
) -> anyhow::Result<(Journal, Owed)> {
    let dir = config.journal_dir();
    let highest_settled = reader.highest_settled()?;
    let (mut journal, recovery) =
        Journal::open(&dir, config.journal_options(), highest_settled, Arc::clone(clock))?;
    if let Some(recovery) = recovery {
        tracing::warn!(
            segment = %recovery.segment.display(), bytes = recovery.torn_bytes, why = recovery.why,
            kept_in = %recovery.set_aside.display(), "the journal's torn end was set aside"
        );
    }
    if journal.last_ordinal() < highest_settled {
        tracing::warn!(
            journal = journal.last_ordinal(),
            store = highest_settled,
            "the journal ends before the store's checkpoint: segments were taken away"
        );
        journal.continue_after(highest_settled);
    }
    let is_committed = |id: &_| {
        reader.is_committed(id).unwrap_or_else(|error| {
            tracing::error!(%error, "the store cannot be asked; the capture is delivered again");
            false
        })
    };
    let owed = Owed::count(&journal, settled_up_to, is_committed)?;
    if !owed.ordinals.is_empty() {
        tracing::info!(
            captures = owed.ordinals.len(),
            "the journal owes the store captures; they are delivered first"
        );
    }
    Ok((journal, owed))
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
        let missing = || StoreError::Row {
            why: format!("change {} of the store has no row", change.seq),
        };
        match change.change {
            Change::Article => {
                deduplicator.remember(&reader.memory(change.seq)?.ok_or_else(missing)?);
            }
            Change::Sighting => {
                deduplicator.remember_sighting(&reader.sighting(change.seq)?.ok_or_else(missing)?);
            }
            Change::Rejection => {
                let dead = reader.dead_letter(change.seq)?.ok_or_else(missing)?;
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

    fn knows(&self, article: ArticleId) -> bool {
        self.0.knows(article).unwrap_or_else(|error| {
            tracing::error!(%article, %error, "the store cannot be asked for an article");
            false
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
            tokio::task::spawn_blocking(move || reader.owed_digests().collect::<Result<HashSet<_>, _>>())
                .await??
        };
        ordered.retain(|digest| owed.contains(digest));
        for digest in owed {
            // Gone when its page was committed since; an order that is owed is sent once.
            if !ordered.contains(&digest)
                && let Some(order) = reader.order(digest)?
            {
                if orders.send(order).await.is_err() {
                    return Ok(());
                }
                ordered.insert(digest);
            }
        }
        tokio::select! {
            changed = progress.changed() => if changed.is_err() { return Ok(()) },
            () = orders.closed() => return Ok(()),
        }
    }
}
