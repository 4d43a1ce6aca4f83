//! Upkeep of the journal beside the stages: full segments are sealed, and removed where retention is asked for.

use std::sync::Arc;
use std::time::Duration;

use depeche_disk::Room;
use depeche_journal::{JournalError, Retained, Retention, list_segments, retain, seal};
use depeche_model::Clock;
use depeche_store::{Reader, backed_up_up_to};
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// How often it is looked whether a new segment was begun: one look into a folder.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Segments age while none is begun; looking at their ages reads the first record of each.
const RETAIN_AGAIN: u32 = 600;

/// Seals and removes until `stop`.
pub(super) async fn keep_journal(
    config: Config,
    reader: Reader,
    room: Room,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let retention = config.retention();
    let mut sealed_before = None;
    let mut told = None;
    let mut looks = 0_u32;
    loop {
        let newest = list_segments(&config.journal_dir())
            .ok()
            .and_then(|segments| segments.last().map(|segment| segment.number));
        if newest != sealed_before || looks.is_multiple_of(RETAIN_AGAIN) {
            let seal_too = newest != sealed_before;
            sealed_before = newest;
            let (config, reader, room) = (config.clone(), reader.clone(), room.clone());
            let (clock, token) = (Arc::clone(&clock), stop.clone());
            let work = tokio::task::spawn_blocking(move || {
                if seal_too {
                    seal_segments(&config, &room, &token);
                }
                remove_segments(&config, retention, &reader, clock.as_ref())
            });
            match work.await {
                Ok(kept) => {
                    // Said once for each reason, not every ten minutes.
                    if kept.is_some() && kept != told {
                        tracing::warn!("journal retention: {}", kept.as_deref().unwrap_or_default());
                    }
                    told = kept;
                }
                Err(error) => tracing::error!(%error, "the upkeep of the journal ended abnormally"),
            }
        }
        looks = looks.wrapping_add(1);
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn seal_segments(config: &Config, room: &Room, stop: &CancellationToken) {
    // The compressed segment stands beside the plain one until it has been read back.
    if let Ok(Err(none)) = room.look() {
        tracing::warn!("{none}; until then full segments stay uncompressed");
        return;
    }
    match seal(&config.journal_dir(), &|| stop.is_cancelled()) {
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
        Err(error) => tell(&error, "compressed"),
    }
}

/// Gives back what kept a segment that should have gone.
fn remove_segments(
    config: &Config,
    retention: Retention,
    reader: &Reader,
    clock: &dyn Clock,
) -> Option<String> {
    if retention == Retention::default() {
        return None;
    }
    let settled_up_to = reader.settled_up_to().unwrap_or_else(|error| {
        tracing::error!(%error, "the store cannot be asked; no segment is removed");
        0
    });
    let backed_up = backed_up_up_to(&config.data_dir);
    match retain(
        &config.journal_dir(),
        &retention,
        settled_up_to,
        backed_up,
        clock.now(),
    ) {
        Ok(Retained { removed, kept, .. }) => {
            for segment in removed {
                tracing::info!(
                    segment = %segment.path.display(), bytes = segment.bytes, up_to = segment.last_ordinal,
                    "a segment was removed: it is settled, backed up, and past its time"
                );
            }
            kept.map(|kept| format!("{} stays: {}", kept.path.display(), kept.why))
        }
        Err(error) => {
            tell(&error, "removed");
            None
        }
    }
}

fn tell(error: &JournalError, what: &str) {
    tracing::error!(%error, "segments could not be {what}; tried again with the next one");
}
