//! The line: normalizer, deduplicator and store, from the first delivery to the first that is lost.
//!
//! Captures are worked on in order, and what is decided about one depends on those before it. So when a delivery is lost
//! (a stage panicked on it) the stage that lost it ends, and the line with it: what was before is committed,
//! what was behind is lost too. Then the deduplicator is restored from the store, as after a restart, and a new line
//! begins with the capture that was lost; after [`TRIES`](depeche_journal::TRIES) deliveries it is given up and becomes a
//! dead letter in its place. So the store comes out the same as if nothing had happened, and one capture that breaks a stage
//! holds nothing up for longer than a few seconds.

use std::num::NonZeroUsize;
use std::sync::Arc;

use anyhow::Context as _;
use depeche_deduplicator::{Aliases, Deduplicator, Recall};
use depeche_disk::fault;
use depeche_journal::{Ledger, Owed, Setback, Source};
use depeche_model::{ArticleId, Regrouped, Seq};
use depeche_normalizer::Normalizer;
use depeche_store::{Reader, StoreError, Writer};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::CHANNEL;
use super::deciding::{Deciding, Stopwatch};
use super::opening::{count_owed, restore};
use crate::config::Config;

/// What outlives a line.
pub(super) struct Yard {
    pub(super) config: Config,
    pub(super) source: Source,
    pub(super) normalizer: Arc<Normalizer>,
    pub(super) workers: NonZeroUsize,
    pub(super) writer: Writer,
    pub(super) reader: Reader,
    pub(super) ledger: Ledger,
    pub(super) stop: CancellationToken,
    pub(super) aliases: watch::Receiver<Aliases>,
    pub(super) deciding: watch::Sender<Deciding>,
}

impl Yard {
    /// Runs one line after another until the inlet closes, and commits what polls still report.
    pub(super) async fn keep_delivering(
        mut self,
        mut deduplicator: Deduplicator,
        mut owed: Owed,
    ) -> anyhow::Result<()> {
        loop {
            self = self.run_line(deduplicator, owed).await?;
            let Some(setback) = self.ledger.take_setback() else {
                return Ok(self.writer.finish().await?);
            };
            tell(&setback);
            // At the end nothing is waited for: what is owed is delivered at the next start.
            tokio::select! {
                () = tokio::time::sleep(setback.pause()) => {}
                () = self.stop.cancelled() => {}
            }
            (self, deduplicator, owed) = tokio::task::spawn_blocking(move || {
                let deduplicator = restore(&self.config, &self.reader)?;
                let owed = count_owed(&self.source.journal, &self.reader)?;
                anyhow::Ok((self, deduplicator, owed))
            })
            .await??;
        }
    }

    async fn run_line(self, deduplicator: Deduplicator, owed: Owed) -> anyhow::Result<Self> {
        let Self {
            config,
            source,
            normalizer,
            workers,
            writer,
            reader,
            ledger,
            stop,
            mut aliases,
            deciding: measured,
        } = self;
        // Those of the start are not those of a line that begins later.
        aliases.mark_changed();
        let (journaled, to_normalize) = mpsc::channel(CHANNEL);
        let (normalized, to_decide) = mpsc::channel(CHANNEL);
        let (decided, to_commit) = mpsc::channel(CHANNEL);
        let settled = owed.settled.clone();
        let (unreadable, mut told) = mpsc::channel(1);
        let journal = tokio::spawn(depeche_journal::run(
            source,
            owed,
            journaled,
            ledger.clone(),
            stop.clone(),
        ));
        let normalize = Arc::clone(&normalizer);
        let normalizing = tokio::spawn(depeche_normalizer::run(
            to_normalize,
            normalized,
            workers,
            move |journaled| {
                if journaled.given_up.is_empty() {
                    fail_on_purpose("normalizer.work");
                }
                normalize.normalize(journaled)
            },
        ));
        let stopwatch = Stopwatch::new(measured.clone(), &deduplicator);
        let deciding = tokio::spawn(depeche_deduplicator::run(
            to_decide,
            decided,
            deduplicator,
            Box::new(StoredTexts {
                reader: reader.clone(),
                unreadable,
            }),
            aliases.clone(),
            stopwatch,
        ));
        let committing = tokio::spawn(async move { writer.run(&settled, to_commit).await });
        // The store first: where it failed, the others only say that nobody listened.
        let writer = ended("store", committing.await)??;
        let source = ended("journal", journal.await)??;
        ended("normalizer", normalizing.await)?.context("cannot start a thread to normalize on")?;
        ended("deduplicator", deciding.await)?;
        if let Ok(error) = told.try_recv() {
            return Err(error.into());
        }
        Ok(Self {
            config,
            source,
            normalizer,
            workers,
            writer,
            reader,
            ledger,
            stop,
            aliases,
            deciding: measured,
        })
    }
}

fn ended<T>(stage: &str, joined: Result<T, JoinError>) -> anyhow::Result<T> {
    joined.with_context(|| format!("the {stage} stage ended abnormally"))
}

fn tell(setback: &Setback) {
    let Setback {
        ordinal,
        why,
        tries,
        others,
    } = setback;
    if setback.is_final() {
        tracing::error!(
            ordinal,
            why,
            tries,
            "a capture is given up: it becomes a dead letter, `undeliverable`"
        );
    } else {
        tracing::warn!(
            ordinal, why, tries, others, pause = ?setback.pause(),
            "a delivery was lost: the journal delivers it again, and those behind it"
        );
    }
}

/// Panics where a test switched the point on.
fn fail_on_purpose(point: &'static str) {
    if let Err(error) = fault::point(point) {
        panic!("{error}");
    }
}

/// Reads texts back for the deduplicator. A store that cannot be read would lead to a wrong decision, so the line ends with
/// its error, and the next start makes the store again.
struct StoredTexts {
    reader: Reader,
    unreadable: mpsc::Sender<StoreError>,
}

impl StoredTexts {
    fn readable<T>(&self, read: Result<T, StoreError>) -> T {
        read.unwrap_or_else(|error| {
            let why = error.to_string();
            // The first error is the one that counts.
            drop(self.unreadable.try_send(error));
            panic!("{why}")
        })
    }
}

impl Recall for StoredTexts {
    fn text(&self, seq: Seq) -> Option<String> {
        self.readable(self.reader.text(seq))
    }

    fn knows(&self, article: ArticleId) -> bool {
        // Asked for every text that is not known yet.
        fail_on_purpose("deduplicator.decide");
        self.readable(self.reader.knows(article))
    }

    fn copies(&self, leader: ArticleId) -> Vec<ArticleId> {
        let log = self.readable(self.reader.regroupings(leader));
        log.into_iter()
            .filter(|(_, line)| line.what == Regrouped::Joined)
            .map(|(_, line)| line.copy)
            .collect()
    }
}
