//! Upkeep of the journal beside the stages: full segments are sealed, and removed where retention is asked for.

use std::sync::Arc;
use std::time::Duration;

use depeche_disk::Room;
use depeche_journal::{Ledger, Retained, Retention, list_segments, retain, seal};
use depeche_model::Clock;
use depeche_store::{Progress, backed_up_up_to};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// How often it is looked whether a new segment was begun: one look into a folder.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Looks from one retention to the next while no segment is begun, since segments age. Reads the first record of each.
const RETAIN_EVERY: u32 = 600;

/// What the upkeep works on.
#[derive(Clone)]
pub(super) struct Upkeep {
    pub(super) config: Config,
    pub(super) retention: Retention,
    pub(super) ledger: Ledger,
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) room: Room,
    pub(super) clock: Arc<dyn Clock>,
}

impl Upkeep {
    /// Seals and removes until `stop`.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut newest = None;
        let (mut seal_due, mut retain_due) = (false, false);
        let mut told = None;
        let mut looks = 0_u32;
        loop {
            match list_segments(&self.config.journal_dir()) {
                Ok(segments) => {
                    let now = segments.last().map(|segment| segment.number);
                    if now != newest {
                        (newest, seal_due, retain_due) = (now, true, true);
                    }
                }
                Err(error) => say_once(&mut told, error.to_string()),
            }
            retain_due |= looks.is_multiple_of(RETAIN_EVERY);
            looks = looks.wrapping_add(1);
            if seal_due && !stop.is_cancelled() && self.has_room(&mut told) {
                let (upkeep, stop) = (self.clone(), stop.clone());
                off_the_async_threads(move || upkeep.seal_segments(&stop)).await;
                seal_due = false;
            }
            // Before, the store does not know yet what the journal owes it.
            if retain_due && self.ledger.is_caught_up() {
                let upkeep = self.clone();
                if let Some(Some(kept)) = off_the_async_threads(move || upkeep.remove_segments()).await {
                    say_once(&mut told, kept);
                }
                retain_due = false;
            }
            if stop.is_cancelled() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// The compressed segment stands beside the plain one until it has been read back.
    fn has_room(&self, told: &mut Option<String>) -> bool {
        match self.room.look() {
            Ok(Err(none)) => {
                say_once(
                    told,
                    format!("{none}; until then full segments stay uncompressed"),
                );
                false
            }
            _ => true,
        }
    }

    fn seal_segments(&self, stop: &CancellationToken) {
        match seal(&self.config.journal_dir(), &|| stop.is_cancelled()) {
            Ok(sealed) => {
                for segment in sealed.segments {
                    tracing::info!(
                        segment = %segment.path.display(), plain_bytes = segment.plain_bytes,
                        sealed_bytes = segment.sealed_bytes, "a full segment was compressed"
                    );
                }
                for segment in sealed.left {
                    tracing::error!(
                        segment = %segment.path.display(), why = segment.why,
                        "a damaged segment stays as it is; restore it from a backup"
                    );
                }
            }
            Err(error) => {
                tracing::error!(%error, "full segments could not be compressed; tried again with the next one");
            }
        }
    }

    /// Gives back what kept a segment that should have gone.
    fn remove_segments(&self) -> Option<String> {
        if self.retention == Retention::default() {
            return None;
        }
        let removed = retain(
            &self.config.journal_dir(),
            &self.retention,
            self.progress.borrow().settled_up_to,
            backed_up_up_to(&self.config.data_dir),
            self.clock.now(),
        );
        match removed {
            Ok(Retained { removed, kept, .. }) => {
                for segment in removed {
                    tracing::info!(
                        segment = %segment.path.display(), bytes = segment.bytes, up_to = segment.last_ordinal,
                        "a segment was removed: it is settled, backed up, and past its time"
                    );
                }
                kept.map(|kept| format!("journal retention: {} stays: {}", kept.path.display(), kept.why))
            }
            Err(error) => Some(format!("segments could not be removed: {error}")),
        }
    }
}

/// A lasting state is said when it begins, not at every look.
fn say_once(told: &mut Option<String>, what: String) {
    if told.as_ref() != Some(&what) {
        tracing::warn!("{what}");
        *told = Some(what);
    }
}

async fn off_the_async_threads<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let done = tokio::task::spawn_blocking(work).await;
    if let Err(error) = &done {
        tracing::error!(%error, "the upkeep of the journal ended abnormally");
    }
    done.ok()
}
