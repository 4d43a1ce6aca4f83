//! The wiring: stages joined by bounded channels, started, fed, drained.
//!
//! ```text
//! intake ─► journal ─► normalizer ─► deduplicator ─► store
//!              ▲       └──────────── line ───────────┘│
//!              └── lost: delivered again              ├─ settled: checkpoint
//!                                                     └─ pages owed ─► fetcher ─► intake
//! ```

mod deciding;
mod line;
mod opening;
mod pages;
mod upkeep;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use depeche_deduplicator::Aliases;
use depeche_disk::{OnFull, Room};
use depeche_journal::{Intake, Ledger, Retention, Source};
use depeche_model::{Clock, PollReport};
use depeche_normalizer::Normalizer;
use depeche_store::{Progress, Reader, StillWork, Writer, look_for_unfinished_restore};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::Config;
use line::Yard;
use opening::{count_owed, open_journal, open_store};
use upkeep::Upkeep;

pub(crate) use deciding::{CLASSES, Deciding};
pub(crate) use opening::{aside, take_over_polling};
pub(crate) use pages::order_pages;

/// Items a channel between two stages holds. Deep enough that no stage waits for another's rhythm, shallow enough
/// that captures of the largest size fit into memory: 3 channels of 64 bodies of 15 MiB are under 3 GiB at worst.
const CHANNEL: usize = 64;

/// From this many owed captures on it is told how far they are: fewer are delivered before anybody asks.
const MANY_OWED: u64 = 5_000;

/// How often it is told.
const TELL_PROGRESS: Duration = Duration::from_secs(5);

/// A running pipeline.
pub(crate) struct Pipeline {
    /// Captures go in here. Dropping the last sender drains the pipeline.
    pub(crate) intake: mpsc::Sender<Intake>,
    /// What polls said goes in here.
    pub(crate) reports: mpsc::Sender<PollReport>,
    /// Work for which the store must stand still goes in here.
    pub(crate) still: mpsc::Sender<StillWork>,
    /// Captures that the journal owed when it was started.
    pub(crate) owed: u64,
    /// Which deliveries are on their way.
    pub(crate) ledger: Ledger,
    /// The room under journal and store.
    pub(crate) room: Room,
    /// Reads the store while it is written.
    pub(crate) reader: Reader,
    /// Changes after every commit.
    pub(crate) progress: watch::Receiver<Progress>,
    /// What deciding takes and holds.
    pub(crate) deciding: watch::Receiver<Deciding>,
    /// New spellings of names go in here.
    pub(crate) aliases: watch::Sender<Aliases>,
    delivering: JoinHandle<anyhow::Result<()>>,
    upkeep: JoinHandle<()>,
    /// Ends the upkeep, however the pipeline ends.
    end_upkeep: DropGuard,
}

impl Pipeline {
    /// Opens the journal and the store in `store_dir`, restores the deduplicator from the store, and starts the stages. What the journal
    /// owes the store is delivered first, until `stop`; when the stages cannot go on, `stop` is cancelled. `on_full` says
    /// whether a full disk is waited out.
    pub(crate) fn start(
        config: &Config,
        store_dir: &Path,
        clock: &Arc<dyn Clock>,
        on_full: OnFull,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("cannot create the data folder {}", config.data_dir.display()))?;
        look_for_unfinished_restore(&config.data_dir)?;
        let room = Room::new(&config.data_dir, config.store.min_free.0, on_full);
        // The store first: it is locked, so that one process at a time also has the journal.
        let (store, deduplicator) = open_store(config, store_dir, clock)?;
        let reader = Reader::from(store.clone());
        let journal = open_journal(config, clock, &reader)?;
        let owed = count_owed(&journal, &reader)?;
        let workers = match config.normalize.workers {
            0 => std::thread::available_parallelism()?,
            workers => std::num::NonZeroUsize::new(workers).context("normalize.workers")?,
        };
        let ledger = Ledger::default();
        let owed_captures = owed.ordinals.len() as u64;
        let (intake, inlet) = mpsc::channel(CHANNEL);
        let (reports, polls) = mpsc::channel(CHANNEL);
        // One at a time: whoever asks waits until it is done.
        let (still, works) = mpsc::channel(1);
        let (progress, watched) = watch::channel(Progress::default());
        let (measured, deciding) = watch::channel(Deciding::default());
        let (aliases, spellings) = watch::channel(config.aliases()?);
        let yard = Yard {
            config: config.clone(),
            source: Source {
                journal,
                inlet,
                room: room.clone(),
            },
            normalizer: Arc::new(Normalizer::new(config.normalize_options())),
            workers,
            writer: Writer::new(
                store,
                config.stage_options(),
                room.clone(),
                polls,
                works,
                progress,
                stop.clone(),
            )?,
            reader: reader.clone(),
            ledger: ledger.clone(),
            stop: stop.clone(),
            aliases: spellings,
            deciding: measured,
        };
        let end_upkeep = CancellationToken::new();
        let upkeep = Upkeep {
            config: config.clone(),
            // What a store that is being made has settled says nothing about the one that is there.
            retention: if store_dir == config.store_dir() {
                config.retention()
            } else {
                Retention::default()
            },
            ledger: ledger.clone(),
            progress: watched.clone(),
            room: room.clone(),
            clock: Arc::clone(clock),
        };
        let upkeep = tokio::spawn(upkeep.run(end_upkeep.clone()));
        let stop = stop.clone();
        if owed_captures >= MANY_OWED {
            tokio::spawn(tell_progress(ledger.clone(), owed_captures));
        }
        let delivering = tokio::spawn(async move {
            // Whoever feeds the pipeline or waits for it must not wait for stages that have ended, a panic among them.
            let ended = stop.drop_guard();
            let delivered = yard.keep_delivering(deduplicator, owed).await;
            if delivered.is_ok() {
                ended.disarm();
            }
            delivered
        });
        Ok(Self {
            intake,
            reports,
            still,
            owed: owed_captures,
            ledger,
            room,
            reader,
            progress: watched,
            deciding,
            aliases,
            delivering,
            upkeep,
            end_upkeep: end_upkeep.drop_guard(),
        })
    }

    /// Lets everything on its way be committed and ends the stages. All other senders of captures and reports must
    /// be gone.
    pub(crate) async fn finish(self) -> anyhow::Result<Progress> {
        let Self {
            intake,
            reports,
            progress,
            delivering,
            upkeep,
            end_upkeep,
            ..
        } = self;
        drop((intake, reports));
        let delivered = delivering.await.context("delivering ended abnormally")?;
        drop(end_upkeep);
        upkeep
            .await
            .context("the upkeep of the journal ended abnormally")?;
        delivered?;
        let progress = progress.borrow().clone();
        Ok(progress)
    }
}

/// How far the store has caught up with the journal, until it has.
async fn tell_progress(ledger: Ledger, owed: u64) {
    loop {
        tokio::select! {
            () = ledger.drained() => return,
            () = tokio::time::sleep(TELL_PROGRESS) => {
                tracing::warn!(done = ledger.settled(), of = owed, "catching up with the journal");
            }
        }
    }
}
