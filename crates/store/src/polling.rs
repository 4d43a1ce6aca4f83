//! Taking over from one store into another what no capture says: how feeds are polled.
//!
//! A store that is made again from the journal knows every article, but not what the fetcher remembered: `Retry-After`, 410,
//! back-off, learnt redirects, how often something comes, the fetch log. Without it every feed would be asked at once, also
//! where its server asked for a month of quiet. So it is taken over from the store before, where that can still be read.
//!
//! The fetcher's memory holds digests of the last journaled answers, and an equal answer is not journaled again. That loses
//! nothing: an answer is remembered only after its capture was durable in the journal, and the new store has everything that
//! the journal has. (`rebuild` gives up where fewer captures come back than the old store has.) Validators are not
//! taken over: those of the new store come with the entries that it holds.

use std::path::Path;

use depeche_model::FetchRecord;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::commit::{Packing, put_row};
use crate::compact::wait_until_closed;
use crate::database::{Store, StoreOptions, commit_error, guard};
use crate::folder::{self, io_error};
use crate::rows::FeedRow;
use crate::{StoreError, keys};

/// Rows go over in batches of about this size, so that no number of feeds fills the memory.
const BATCH_BYTES: usize = 1 << 20;

/// What was taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Feeds whose state was.
    pub feeds: u64,
    /// Rows that could not be read: what they said is forgotten.
    pub unreadable: u64,
}

/// Takes over into the store in `into`, made when it is not there, how the store in `from` had polled its feeds. Both are
/// closed before and after; the lock is that of `into`. Durable when it returns; a crash before leaves a part of it, and
/// feeds without theirs are asked anew.
///
/// # Errors
///
/// [`StoreError`]: as for opening and committing.
pub fn take_over_polling(from: &Path, into: &Path, options: StoreOptions) -> Result<TakenOver, StoreError> {
    let lock = folder::lock(into)?;
    let again = lock
        .try_clone()
        .map_err(|source| io_error("lock", into, source))?;
    let old = Store::open_locked(from, options, again)?;
    std::fs::create_dir_all(into).map_err(|source| io_error("create", into, source))?;
    let new = Store::open_locked(into, options, lock)?;
    let taken = new.take_over_from(&old);
    drop((old, new));
    wait_until_closed(from)?;
    wait_until_closed(into)?;
    taken
}

impl Store {
    fn take_over_from(&self, old: &Self) -> Result<TakenOver, StoreError> {
        let mut taken = TakenOver::default();
        self.copy_kind(old, keys::FETCHER_MEMORY, &mut taken, |_, memory: Vec<u8>| {
            Ok(memory)
        })?;
        self.copy_kind(old, keys::FETCH_LOG, &mut taken, |_, line: FetchRecord| Ok(line))?;
        let mut feeds = 0;
        self.copy_kind(old, keys::FEED, &mut taken, |key, row| {
            feeds += 1;
            Ok(as_polled(self.get(key)?.unwrap_or_default(), row))
        })?;
        taken.feeds = feeds;
        self.make_durable()?;
        Ok(taken)
    }

    /// Writes the rows of a kind of the other store, each as `made` makes it.
    fn copy_kind<T: DeserializeOwned + Serialize>(
        &self,
        old: &Self,
        kind: u8,
        taken: &mut TakenOver,
        mut made: impl FnMut(&[u8], T) -> Result<T, StoreError>,
    ) -> Result<(), StoreError> {
        let (mut batch, mut bytes) = (sled::Batch::default(), 0);
        for item in old.scan([kind]) {
            let (key, value) = item?;
            match old.row::<T>(&key, &value) {
                Ok(row) => {
                    bytes += put_row(&mut batch, key.to_vec(), &made(&key, row)?, Packing::Small)?.bytes;
                }
                Err(StoreError::Row { why }) => {
                    tracing::warn!(why, "a row of the store before cannot be read");
                    taken.unreadable += 1;
                }
                Err(error) => return Err(error),
            }
            if bytes >= BATCH_BYTES {
                self.write_rows(std::mem::take(&mut batch))?;
                bytes = 0;
            }
        }
        self.write_rows(batch)
    }

    /// Flushes too: what waits to be written fills sled's memory.
    fn write_rows(&self, batch: sled::Batch) -> Result<(), StoreError> {
        guard(self.dir(), || {
            self.db
                .apply_batch(batch)
                .and_then(|()| self.db.flush())
                .map(drop)
                .map_err(|error| commit_error(self.dir(), &error))
        })
    }
}

/// A feed's row from its captures, with what the old row knows of the polls since.
fn as_polled(new: FeedRow, old: FeedRow) -> FeedRow {
    let polled_at = old.polled_at.max(new.polled_at);
    let answered_at = old.answered_at.max(new.answered_at);
    let next_due = old.next_due.max(new.next_due);
    let latest = if old.polled_at >= new.polled_at {
        FeedRow {
            status: old.status,
            error: old.error,
            refused: old.refused,
            failures: old.failures,
            ..new
        }
    } else {
        new
    };
    FeedRow {
        polled_at,
        answered_at,
        next_due,
        ..latest
    }
}
