//! A store's rows as bytes, and a store made of them.
//!
//! A row is the length of its key and of its value (32 bits each, big-endian), then both. Rows are given as sled has
//! them: envelopes, parts, the canary and all.

use std::path::{Path, PathBuf};

use super::BackupError;
use crate::StoreError;
use crate::compact::wait_until_closed;
use crate::database::{
    Scan, Store, StoreOptions, commit_error, guard, look_for_room, make_durable, open_sled,
};
use crate::folder::io_error;

/// A chunk holds at most this many bytes of rows: what is held in memory at once, twice.
const CHUNK_BYTES: usize = 8 << 20;

/// Rows are written in batches of this size. sled frees nothing until a batch ends: of 100,000 articles, batches of 8 MiB
/// took 3.9 GB at their peak, these 0.7 GB, and not longer.
const BATCH_BYTES: usize = 32 << 10;

/// Every row of a store at one moment. Nothing may be committed until it ends.
pub(crate) struct Dump {
    rows: Scan,
    ahead: Option<Vec<u8>>,
}

/// Some of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The rows, one after the other: at most 8 MiB, or one row.
    pub(crate) bytes: Vec<u8>,
    /// How many.
    pub(crate) rows: u64,
}

impl Store {
    /// Every row, in the order of keys.
    #[must_use]
    pub(crate) fn dump(&self) -> Dump {
        Dump {
            rows: self.scan([]),
            ahead: None,
        }
    }
}

impl Iterator for Dump {
    type Item = Result<Chunk, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut chunk = Chunk::default();
        loop {
            let row = match self.ahead.take() {
                Some(row) => row,
                None => match self.rows.next() {
                    Some(Ok((key, value))) => framed(&key, &value),
                    Some(Err(error)) => return Some(Err(error)),
                    None => break,
                },
            };
            if chunk.rows > 0 && chunk.bytes.len() + row.len() > CHUNK_BYTES {
                self.ahead = Some(row);
                break;
            }
            chunk.bytes.extend_from_slice(&row);
            chunk.rows += 1;
        }
        (chunk.rows > 0).then_some(Ok(chunk))
    }
}

fn framed(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(8 + key.len() + value.len());
    for part in [key, value] {
        row.extend_from_slice(&(part.len() as u32).to_be_bytes());
    }
    row.extend_from_slice(key);
    row.extend_from_slice(value);
    row
}

/// Key and value of the first row of some, and the others.
fn unframed(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (key_length, rest) = bytes.split_first_chunk()?;
    let (value_length, rest) = rest.split_first_chunk()?;
    let (key, rest) = rest.split_at_checked(u32::from_be_bytes(*key_length) as usize)?;
    let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*value_length) as usize)?;
    (!key.is_empty()).then_some((key, value, rest))
}

/// Makes a store of dumped rows, in a folder that holds none.
pub(crate) struct Loader {
    db: sled::Db,
    dir: PathBuf,
    options: StoreOptions,
    rows: u64,
}

impl Loader {
    /// Begins a store in `dir`, which is made.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when there is no room, or the system refuses.
    pub(crate) fn new(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        std::fs::create_dir(dir).map_err(|source| io_error("create", dir, source))?;
        look_for_room(dir, options)?;
        Ok(Self {
            db: open_sled(dir, options.cache_bytes)?,
            dir: dir.to_owned(),
            options,
            rows: 0,
        })
    }

    /// Takes in the rows of a chunk; `member` names it where they make no sense.
    ///
    /// # Errors
    ///
    /// [`BackupError::Damaged`] when these are no rows, [`BackupError::Store`] when they cannot be written.
    pub(crate) fn load(&mut self, mut bytes: &[u8], member: &str) -> Result<(), BackupError> {
        look_for_room(&self.dir, self.options)?;
        let mut batch = sled::Batch::default();
        let mut batch_bytes = 0;
        while !bytes.is_empty() {
            let Some((key, value, rest)) = unframed(bytes) else {
                return Err(BackupError::damaged(member, "what it holds are no rows"));
            };
            batch.insert(key, value);
            batch_bytes += key.len() + value.len();
            self.rows += 1;
            bytes = rest;
            if batch_bytes >= BATCH_BYTES {
                self.write(std::mem::take(&mut batch))?;
                batch_bytes = 0;
            }
        }
        Ok(self.write(batch)?)
    }

    fn write(&self, batch: sled::Batch) -> Result<(), StoreError> {
        guard(&self.dir, || {
            self.db
                .apply_batch(batch)
                .map_err(|error| commit_error(&self.dir, &error))
        })
    }

    /// Makes the store durable, opens it as any store is opened, which checks it, and closes it. Gives back how many
    /// rows were taken in.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be made durable, or does not open: a later schema too.
    pub(crate) fn finish(self) -> Result<u64, StoreError> {
        let Self {
            db,
            dir,
            options,
            rows,
        } = self;
        guard(&dir, || make_durable(&dir, &db))?;
        drop(db);
        wait_until_closed(&dir)?;
        drop(Store::open_existing(&dir, options)?);
        wait_until_closed(&dir)?;
        Ok(rows)
    }
}
