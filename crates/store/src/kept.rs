//! What is kept for a restart: rows by day of the stream, dropped when their day has left its window.
//!
//! In: what each decision says is to be kept. Out: the rows of the days that still matter, in order. Promised: they are
//! written, and those they take the place of removed, by the commit that stores the decision; and rows that matter are never
//! removed. So whatever a crash leaves, the rows are those of the last commit.
//!
//! Rows that matter no more may stand for a while: a commit removes a few more than it writes, so that a stream that stood
//! still for months costs no long commit when it goes on. Readers begin at the horizon and do not see them.
//!
//! A store of schema 2 has none of these rows. It is brought to this schema by remembering all its records once more
//! ([`Keeper`]); until that is whole, it stays of schema 2.

use std::collections::{HashMap, HashSet};

use depeche_model::{
    Horizon, Keep, Keeping, KnownArticle, PostedText, RefusedEntry, Seq, StoryPart, StreamDay,
};
use jiff::Timestamp;
use jiff::fmt::serde::timestamp::nanosecond::required as nanos;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::commit::{Packing, put_row};
use crate::database::{Store, commit_error, guard};
use crate::rows::{SCHEMA, SCHEMA_OF_WHOLE_MEMORIES, encode, encode_for_all, parts};
use crate::{Reader, StoreError, keys};

/// Rows of days that are over that a commit removes of each kind beyond twice those it writes. A row takes some
/// microseconds to remove, so this adds a few milliseconds at most.
const DROPPED_AT_ONCE: usize = 256;

/// Rows of an older store's records that are written at once.
const BATCH_ROWS: usize = 2048;

/// How many rows of each kind there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) known: u64,
    pub(crate) refused: u64,
    pub(crate) posted: u64,
    pub(crate) parts: u64,
}

impl Counts {
    pub(crate) fn of(&mut self, kind: u8) -> &mut u64 {
        match kind {
            keys::KNOWN => &mut self.known,
            keys::REFUSED => &mut self.refused,
            keys::POSTED => &mut self.posted,
            _ => &mut self.parts,
        }
    }
}

/// What is kept, in short: a row of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The stream's time after the last capture.
    #[serde(with = "nanos")]
    pub(crate) stream: Timestamp,
    /// Rows from here on matter.
    pub(crate) horizon: Horizon,
    pub(crate) counts: Counts,
}

impl Default for Kept {
    fn default() -> Self {
        let Keeping { stream, horizon, .. } = Keeping::default();
        Self {
            stream,
            horizon,
            counts: Counts::default(),
        }
    }
}

/// The rows that one batch writes and removes.
#[derive(Default)]
pub(crate) struct Changes {
    /// Rows written, and in how many parts where they are large.
    written: HashMap<Vec<u8>, u32>,
    removed: HashSet<Vec<u8>>,
}

impl Kept {
    /// The kinds of rows, with the first day of each that matters.
    pub(crate) fn kinds(&self) -> [(u8, StreamDay); 4] {
        [
            (keys::KNOWN, self.horizon.known),
            (keys::REFUSED, self.horizon.known),
            (keys::POSTED, self.horizon.posted),
            (keys::STORY_PART, self.horizon.parts),
        ]
    }

    /// Adds to a batch what is to be kept of one capture.
    pub(crate) fn keep(
        &mut self,
        store: &Store,
        batch: &mut sled::Batch,
        changes: &mut Changes,
        keeping: &Keeping,
    ) -> Result<(), StoreError> {
        for row in &keeping.rows {
            match row {
                Keep::Known { known, before } => {
                    if let Some(before) = before {
                        self.remove(store, batch, changes, keys::known(*before, known.article))?;
                    }
                    let key = keys::known(known.met.into(), known.article);
                    self.put(batch, changes, key, known)?;
                }
                Keep::Refused(row) => {
                    let key = keys::on_day(keys::REFUSED, row.met.into(), row.seq);
                    self.put(batch, changes, key, row)?;
                }
                Keep::Posted(row) => {
                    let key = keys::on_day(keys::POSTED, row.since.into(), row.seq);
                    self.put(batch, changes, key, row)?;
                }
                Keep::Part(row) => {
                    let key = keys::on_day(keys::STORY_PART, row.added_at.into(), row.seq);
                    self.put(batch, changes, key, row)?;
                }
            }
        }
        self.stream = self.stream.max(keeping.stream);
        // A window that was enlarged brings nothing back of what was dropped.
        self.horizon = Horizon {
            known: self.horizon.known.max(keeping.horizon.known),
            posted: self.horizon.posted.max(keeping.horizon.posted),
            parts: self.horizon.parts.max(keeping.horizon.parts),
        };
        Ok(())
    }

    fn put<T: Serialize>(
        &mut self,
        batch: &mut sled::Batch,
        changes: &mut Changes,
        key: Vec<u8>,
        row: &T,
    ) -> Result<(), StoreError> {
        let put = put_row(batch, key.clone(), row, Packing::Plain)?;
        *self.counts.of(key[0]) += 1;
        changes.removed.remove(&key);
        changes.written.insert(key, put.parts);
        Ok(())
    }

    fn remove(
        &mut self,
        store: &Store,
        batch: &mut sled::Batch,
        changes: &mut Changes,
        key: Vec<u8>,
    ) -> Result<(), StoreError> {
        let in_parts = match changes.written.remove(&key) {
            Some(parts) => Some(parts),
            None if changes.removed.contains(&key) => None,
            None => store.raw(&key)?.map(|bytes| parts(&bytes).unwrap_or(0)),
        };
        if let Some(in_parts) = in_parts {
            self.take_out(batch, &key, in_parts);
        }
        changes.removed.insert(key);
        Ok(())
    }

    fn take_out(&mut self, batch: &mut sled::Batch, key: &[u8], in_parts: u32) {
        for n in 0..in_parts {
            batch.remove(keys::part(key, n));
        }
        batch.remove(key);
        let count = self.counts.of(key[0]);
        *count = count.saturating_sub(1);
    }

    /// Adds to a batch the removal of some rows that matter no more; says whether there may be others.
    pub(crate) fn drop_past(
        &mut self,
        store: &Store,
        batch: &mut sled::Batch,
        changes: &Changes,
    ) -> Result<bool, StoreError> {
        let most = DROPPED_AT_ONCE + 2 * changes.written.len();
        let mut others = false;
        for (kind, from) in self.kinds() {
            let past = store.range(vec![kind]..keys::day(kind, from));
            let mut seen = 0;
            for item in past.take(most) {
                let (key, bytes) = item?;
                seen += 1;
                if !changes.removed.contains(&*key) && !changes.written.contains_key(&*key) {
                    self.take_out(batch, &key, parts(&bytes).unwrap_or(0));
                }
            }
            others |= seen == most;
        }
        Ok(others)
    }
}

impl Store {
    /// What is kept; `None` in a store of a schema that keeps everything in the records' memory rows.
    pub(crate) fn kept(&self) -> Result<Option<Kept>, StoreError> {
        if self.get::<u32>(keys::SCHEMA_KEY)? <= Some(SCHEMA_OF_WHOLE_MEMORIES) {
            return Ok(None);
        }
        match self.get(keys::KEPT_KEY)? {
            Some(kept) => Ok(Some(kept)),
            None if self.checkpoint()?.last_seq == 0 => Ok(Some(Kept::default())),
            None => Err(StoreError::Row {
                why: "it does not say what is kept for a restart".to_owned(),
            }),
        }
    }

    /// Whether what a restart needs has to be made from the records first: the store is of an older schema.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when that cannot be read.
    pub fn lacks_kept_rows(&self) -> Result<bool, StoreError> {
        Ok(self.kept()?.is_none())
    }

    /// Begins to write what a restart needs, into a store of an older schema. Nothing may be committed meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when what an attempt before left cannot be removed.
    pub fn keeper(&self) -> Result<Keeper, StoreError> {
        let mut keeper = Keeper {
            store: self.clone(),
            kept: Kept::default(),
            changes: Changes::default(),
            batch: sled::Batch::default(),
        };
        for (kind, _) in keeper.kept.kinds() {
            for key in self.scan([kind]).keys() {
                keeper.batch.remove(key?);
            }
            for key in self.scan([keys::PART, kind]).keys() {
                keeper.batch.remove(key?);
            }
        }
        keeper.apply()?;
        Ok(keeper)
    }
}

/// Writes what a restart needs, record by record, and then takes the store to this program's schema.
pub struct Keeper {
    store: Store,
    kept: Kept,
    changes: Changes,
    batch: sled::Batch,
}

impl Keeper {
    /// Keeps what remembering one record, sighting or rejection gave, in the order of the change log.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot be written.
    pub fn keep(&mut self, keeping: &Keeping) -> Result<(), StoreError> {
        self.kept
            .keep(&self.store, &mut self.batch, &mut self.changes, keeping)?;
        if self.changes.written.len() >= BATCH_ROWS {
            self.kept.drop_past(&self.store, &mut self.batch, &self.changes)?;
            self.apply()?;
        }
        Ok(())
    }

    /// Every record was kept: what matters no more is removed, and the store is of this schema from now on.
    ///
    /// # Errors
    ///
    /// As [`Keeper::keep`].
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.apply()?;
        while self.kept.drop_past(&self.store, &mut self.batch, &self.changes)? {
            self.apply()?;
        }
        self.batch.insert(keys::KEPT_KEY, encode(&self.kept)?);
        self.batch.insert(keys::SCHEMA_KEY, encode_for_all(&SCHEMA)?);
        self.apply()?;
        self.store.make_durable()
    }

    fn apply(&mut self) -> Result<(), StoreError> {
        self.changes = Changes::default();
        let batch = std::mem::take(&mut self.batch);
        let dir = self.store.dir();
        guard(dir, || {
            self.store
                .db
                .apply_batch(batch)
                .map_err(|error| commit_error(dir, &error))
        })
    }
}

/// Reads what was kept, from the first days that matter on.
#[derive(Clone)]
pub struct KeptReader {
    store: Store,
    kept: Kept,
    next: Seq,
}

impl Reader {
    /// What was kept for a restart; `None` in a store of an older schema, until a [`Keeper`] has made it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when that cannot be read.
    pub fn kept(&self) -> Result<Option<KeptReader>, StoreError> {
        let store = self.store();
        let next = Seq(store.checkpoint()?.last_seq).next();
        Ok(store.kept()?.map(|kept| KeptReader {
            store: store.clone(),
            kept,
            next,
        }))
    }
}

impl KeptReader {
    /// The stream's time after the last capture.
    #[must_use]
    pub fn stream(&self) -> Timestamp {
        self.kept.stream
    }

    /// The number of the next decision.
    #[must_use]
    pub fn next(&self) -> Seq {
        self.next
    }

    /// What is known of articles, by day.
    pub fn known(&self) -> impl Iterator<Item = Result<KnownArticle, StoreError>> + use<> {
        self.rows(keys::KNOWN, self.kept.horizon.known)
    }

    /// What was refused, by day and number.
    pub fn refused(&self) -> impl Iterator<Item = Result<RefusedEntry, StoreError>> + use<> {
        self.rows(keys::REFUSED, self.kept.horizon.known)
    }

    /// Texts that others are compared with, by day and number.
    pub fn posted(&self) -> impl Iterator<Item = Result<PostedText, StoreError>> + use<> {
        self.rows(keys::POSTED, self.kept.horizon.posted)
    }

    /// What stories were added, by day and number.
    pub fn parts(&self) -> impl Iterator<Item = Result<StoryPart, StoreError>> + use<> {
        self.rows(keys::STORY_PART, self.kept.horizon.parts)
    }

    fn rows<T: DeserializeOwned>(
        &self,
        kind: u8,
        from: StreamDay,
    ) -> impl Iterator<Item = Result<T, StoreError>> + use<T> {
        let store = self.store.clone();
        self.store
            .range(keys::day(kind, from)..vec![kind + 1])
            .map(move |item| {
                let (key, bytes) = item?;
                store.row(&key, &bytes)
            })
    }
}

#[cfg(test)]
mod tests;
